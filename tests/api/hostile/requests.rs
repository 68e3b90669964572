//! What no honest client sends: each part of a usual request replaced in turn.

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::description::Operation;
use crate::support::Client;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) label: String,
    pub(super) method: String,
    pub(super) expected: Option<u16>,
    path: String,
    query: Vec<String>,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Attempt {
    /// As an honest client sends it, about things that do not exist.
    pub(super) fn usual(operation: &Operation) -> Self {
        let path = operation.parameters_in("path").fold(operation.path.clone(), |path, part| {
            path.replace(&format!("{{{}}}", part.name), &part.example)
        });
        let header = |part: &super::description::Parameter| {
            (part.name.clone(), part.example.clone().into_bytes())
        };
        let mut headers: Vec<_> = operation.parameters_in("header").map(header).collect();
        if operation.body.is_some() {
            headers.push((CONTENT_TYPE.to_string(), b"application/json".to_vec()));
        }
        Self {
            label: "what is usual".into(),
            method: operation.method.clone(),
            expected: None,
            path,
            query: operation
                .parameters_in("query")
                .map(|part| format!("{}={}", part.name, part.example))
                .collect(),
            headers,
            body: operation.body.as_ref().map(|body| body.to_string().into_bytes()),
        }
    }

    pub(super) fn named(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self.label.truncate(self.label.floor_char_boundary(120));
        self
    }

    pub(super) async fn send(self, client: &Client) -> reqwest::Result<Response> {
        let query = if self.query.is_empty() {
            String::new()
        } else {
            format!("?{}", self.query.join("&"))
        };
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let mut request = client.request(method, &format!("{}{query}", self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        match self.body {
            Some(body) => request.body(body).send().await,
            None => request.send().await,
        }
    }

    fn with_header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

/// All that is tried at one call.
pub(super) fn attempts(operation: &Operation) -> Vec<Attempt> {
    let usual = Attempt::usual(operation);
    let mut attempts = vec![usual.clone()];
    let methods = ["GET", "PUT", "POST", "DELETE", "PATCH", "BREW"];
    attempts.extend(
        methods
            .iter()
            .filter(|method| !operation.methods.iter().any(|known| known == *method))
            .map(|method| {
                let mut wrong = usual.clone().named(format!("the method {method}"));
                wrong.method = (*method).to_owned();
                wrong
            }),
    );
    attempts.extend(odd_paths(operation, &usual));
    attempts.extend(odd_queries(operation, &usual));
    attempts.extend(odd_headers(operation, &usual));
    if let Some(body) = &operation.body {
        attempts.extend(odd_bodies(&usual));
        attempts.extend(
            odd_values(body).map(|(label, body)| usual.clone().with_body(body).named(label)),
        );
    }
    attempts
}

fn odd_paths(operation: &Operation, usual: &Attempt) -> Vec<Attempt> {
    let long = "a".repeat(3000);
    let odd = [
        "%00",
        "%ff%fe",
        "..%2F..%2Fetc%2Fpasswd",
        "%F0%9F%8E%BF",
        "%20",
        "-1",
        "null",
        "%27%3B--",
        long.as_str(),
    ];
    let parts: Vec<_> = operation.parameters_in("path").collect();
    let all = parts.iter().flat_map(|part| odd.map(|odd| (part, odd)));
    all.map(|(part, odd)| {
        let others = parts.iter().filter(|other| other.name != part.name);
        let path = operation.path.replace(&format!("{{{}}}", part.name), odd);
        let path = others
            .fold(path, |path, other| path.replace(&format!("{{{}}}", other.name), &other.example));
        let mut attempt = usual.clone().named(format!("{} = {odd}", part.name));
        attempt.path = path;
        attempt
    })
    .collect()
}

fn odd_queries(operation: &Operation, usual: &Attempt) -> Vec<Attempt> {
    let long = "a".repeat(3000);
    let odd = [
        "",
        "x",
        "-1",
        "0",
        "99999999999999999999",
        "1e9",
        "%00",
        "%ff",
        "%",
        "2026-02-30",
        "0000-00-00",
        long.as_str(),
    ];
    let with = |label: String, query: Vec<String>| {
        let mut attempt = usual.clone().named(label);
        attempt.query = query;
        attempt
    };
    let mut attempts = vec![with(
        "an unknown parameter".into(),
        [usual.query.clone(), vec!["colour=red".into()]].concat(),
    )];
    for (at, part) in operation.parameters_in("query").enumerate() {
        for odd in odd {
            let mut query = usual.query.clone();
            query[at] = format!("{}={odd}", part.name);
            attempts.push(with(query[at].clone(), query));
        }
        attempts.push(with(
            format!("{} twice", part.name),
            [usual.query.clone(), vec![usual.query[at].clone()]].concat(),
        ));
        let mut without = usual.query.clone();
        without.remove(at);
        attempts.push(with(format!("no {}", part.name), without));
    }
    attempts
}

fn odd_headers(operation: &Operation, usual: &Attempt) -> Vec<Attempt> {
    let names = operation.parameters_in("header").map(|part| part.name.clone());
    let odd: [&[u8]; 5] = [b"", b" ", b"\xff\xfe", &[b'a'; 4000], b"a,b"];
    let mut attempts: Vec<_> = names
        .chain([
            "accept-language".to_owned(),
            "x-request-id".to_owned(),
            "if-none-match".to_owned(),
            "last-event-id".to_owned(),
        ])
        .flat_map(|name| {
            odd.map(|value| {
                usual.clone().with_header(&name, value).named(format!("{name}: {value:?}"))
            })
        })
        .collect();
    if operation.needs_token {
        let tokens =
            ["Bearer", "Bearer ", "Bearer a.b.c", "Basic YTpi", "bearer eyJhbGciOiJub25lIn0.e30."];
        attempts.extend(tokens.map(|token| {
            let mut attempt =
                usual.clone().with_header(AUTHORIZATION.as_str(), token.as_bytes()).named(token);
            // beside the right one: whoever says two things says nothing
            attempt.expected = Some(401);
            attempt
        }));
    }
    attempts
}

fn odd_bodies(usual: &Attempt) -> Vec<Attempt> {
    let text = String::from_utf8(usual.body.clone().unwrap_or_default()).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let doubled = text.replacen('{', &format!("{{{},", text.trim_matches(['{', '}'])), 1);
    let bodies: [(&str, Vec<u8>); 13] = [
        ("no body", Vec::new()),
        ("blanks", b"  \n".to_vec()),
        ("half a body", text.as_bytes()[..text.len() / 2].to_vec()),
        ("two bodies", [text.as_bytes(), text.as_bytes()].concat()),
        ("a byte order mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16", utf16),
        ("ISO-8859-1", [b"{\"name\":\"J\xfcrgen\"}".as_slice()].concat()),
        ("doubled keys", doubled.into_bytes()),
        ("deep lists", "[".repeat(20_000).into_bytes()),
        ("deep objects", r#"{"lines":"#.repeat(5_000).into_bytes()),
        ("a list", b"[]".to_vec()),
        ("a number", b"1e400".to_vec()),
        ("a form", b"lines=1&lines=2".to_vec()),
    ];
    let mut attempts: Vec<_> = bodies
        .into_iter()
        .map(|(label, body)| usual.clone().with_body(body).named(label))
        .collect();
    let mut huge = usual.clone().with_body(vec![b' '; 100_000]).named("100 kB");
    huge.expected = Some(413);
    attempts.push(huge);
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "\u{1}",
    ] {
        attempts.push(
            usual
                .clone()
                .with_header(CONTENT_TYPE.as_str(), kind.as_bytes())
                .named(format!("the type {kind:?}")),
        );
    }
    attempts.push(
        usual
            .clone()
            .with_header(CONTENT_ENCODING.as_str(), b"gzip")
            .named("what is said to be gzip"),
    );
    attempts.retain(|attempt| attempt.headers.iter().all(|(_, value)| value != b"\x01"));
    attempts
}

/// Each member of the body in turn: of another kind, out of range, missing; and one more member in
/// each object.
fn odd_values(body: &Value) -> impl Iterator<Item = (String, String)> {
    let mut pointers = Vec::new();
    collect(body, String::new(), &mut pointers);
    let odd = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\u{202e}\u{feff}🎿"),
        json!("a".repeat(5000)),
        json!("9999-12-31"),
        json!("0001-01-01"),
        json!("2026-02-30"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!([]),
        json!({}),
        Value::Array(vec![json!({}); 500]),
    ];
    let body = body.clone();
    pointers.into_iter().flat_map(move |pointer| {
        let mut variants: Vec<_> = odd
            .iter()
            .map(|odd| {
                let mut changed = body.clone();
                *changed.pointer_mut(&pointer).unwrap() = odd.clone();
                (format!("{pointer} = {odd}"), changed.to_string())
            })
            .collect();
        if let Some((parent, name)) = pointer.rsplit_once('/') {
            let mut less = body.clone();
            if let Some(object) = less.pointer_mut(parent).and_then(Value::as_object_mut) {
                object.remove(name);
                variants.push((format!("no {pointer}"), less.to_string()));
                let mut more = body.clone();
                more.pointer_mut(parent).unwrap()["surplus"] = json!(1);
                variants.push((format!("{parent} with a surplus"), more.to_string()));
            }
        }
        variants
    })
}

fn collect(value: &Value, pointer: String, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, format!("{pointer}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{at}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    into.push(pointer);
}
