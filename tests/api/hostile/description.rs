//! The calls of the description, each with an example of what it takes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One call.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    /// All methods of its path.
    pub(super) methods: Vec<String>,
    pub(super) needs_token: bool,
    /// Names of the parameters, each with an example: in the path, in the query, in a header.
    pub(super) parameters: Vec<Parameter>,
    /// An example of the body.
    pub(super) body: Option<Value>,
    /// Statuses that have a description of their own, each with its media types.
    pub(super) answers: BTreeMap<String, Vec<String>>,
}

/// A parameter of a call.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) place: String,
    pub(super) name: String,
    pub(super) example: String,
}

impl Operation {
    pub(super) fn is_for_admins(&self) -> bool {
        self.path.starts_with("/api/v1/admin/")
    }

    /// Its parameters in the path, in the query or in headers.
    pub(super) fn parameters_in<'a>(
        &'a self,
        place: &'a str,
    ) -> impl Iterator<Item = &'a Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.place == place)
    }
}

pub(super) fn operations(description: &Value) -> Vec<Operation> {
    let paths = description["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |call| (path, item, call))
    });
    calls
        .map(|(path, item, (method, call))| Operation {
            method: method.to_uppercase(),
            path: path.clone(),
            methods: item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect(),
            needs_token: call["security"].is_array(),
            parameters: list(&call["parameters"])
                .iter()
                .map(|parameter| read(description, parameter))
                .collect(),
            body: call["requestBody"]["content"]
                .get("application/json")
                .map(|content| example(description, &content["schema"])),
            answers: answers(call),
        })
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn read(description: &Value, parameter: &Value) -> Parameter {
    let text = |name: &str| parameter[name].as_str().unwrap().to_owned();
    let example = example(description, &parameter["schema"]);
    let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    Parameter { place: text("in"), name: text("name"), example }
}

fn answers(call: &Value) -> BTreeMap<String, Vec<String>> {
    let answers =
        call["responses"].as_object().unwrap().iter().filter(|(status, _)| *status != "default");
    let types =
        |answer: &Value| answer["content"].as_object().map(|types| types.keys().cloned().collect());
    answers.map(|(status, answer)| (status.clone(), types(answer).unwrap_or_default())).collect()
}

/// A value that fits a schema by its form, not by its meaning: no card and no offer has that name.
fn example(description: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = description.pointer(reference.trim_start_matches('#'));
        return example(
            description,
            schema.unwrap_or_else(|| panic!("{reference} is not described")),
        );
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(schema) = list(&schema[choice]).iter().find(|schema| schema["type"] != "null") {
            return example(description, schema);
        }
    }
    if let Some(first) = list(&schema["enum"]).first() {
        return first.clone();
    }
    let kind =
        schema["type"].as_str().or_else(|| list(&schema["type"]).iter().find_map(Value::as_str));
    match (kind, schema["format"].as_str()) {
        (Some("object"), _) => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let members =
                properties.map(|(name, schema)| (name.clone(), example(description, schema)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        (Some("array"), _) => json!([example(description, &schema["items"])]),
        (Some("integer" | "number"), _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        // what a flag asks for beyond the usual may end the log-ins that the other calls need
        (Some("boolean"), _) => json!(false),
        (_, Some("uuid")) => json!("01a207ba-e51f-70b2-bff3-aa885f9820cf"),
        (_, Some("date")) => json!("2027-01-15"),
        (_, Some("date-time")) => json!("2027-01-15T08:00:00Z"),
        _ => json!("example"),
    }
}
