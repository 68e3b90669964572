//! The description of the API, generated from the routes; `openapi.json` at the root of the
//! repository must equal it.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::{App, HttpRequest, HttpResponse, get, web};
use serde_json::{Map, Value};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, Response};
use utoipa_actix_web::AppExt;

use crate::http::middleware::head::CALLBACKS;
use crate::http::middleware::problem::{Document, MEDIA_TYPE};
use crate::http::middleware::session::Admin;
use crate::http::middleware::shared;

/// Where the calls of those who run the shop are.
const ADMINS: &str = "/api/v1/admin/";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "starjack",
        description = "Sells lift tickets of many ski areas and loads each one onto the skier's own keycard."
    ),
    components(schemas(Document))
)]
struct Base;

struct Description {
    json: web::Bytes,
    allow: HashMap<String, String>,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let api = App::new().into_utoipa_app().openapi(Base::openapi());
    let mut api =
        api.configure(super::routes::for_tests).configure(super::routes::all).split_for_parts().1;
    let allow = api
        .paths
        .paths
        .iter_mut()
        .map(|(path, item)| (path.clone(), describe_failures(path, item)))
        .collect();
    add_bearer(&mut api);
    let mut json = api.to_pretty_json().unwrap_or_default();
    json.push('\n');
    Description { json: json.into(), allow }
});

/// The description as indented JSON; the same text in every call.
#[must_use]
pub fn render() -> web::Bytes {
    DESCRIPTION.json.clone()
}

/// The methods of a path pattern such as `/api/v1/orders/{id}`, as an `Allow` header lists them.
#[must_use]
pub fn allowed_methods(pattern: &str) -> Option<&'static str> {
    DESCRIPTION.allow.get(pattern).map(String::as_str)
}

/// This description, without the calls of those who run the shop: `/api/v1/admin/openapi.json` has
/// all.
#[utoipa::path(tag = "operations", operation_id = "show_description", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object),
    (status = 304, description = "As `If-None-Match` says that the client has it")))]
#[get("/api/openapi.json")]
pub(super) async fn show(request: HttpRequest) -> HttpResponse {
    static TEXT: LazyLock<shared::Text> =
        LazyLock::new(|| shared::Text::of(for_everybody(&render())));
    shared::answer(&request, &TEXT)
}

/// The description of every call.
#[utoipa::path(tag = "admin", operation_id = "show_whole_description", security(("bearer" = [])),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
#[get("/api/v1/admin/openapi.json")]
pub(super) async fn show_whole(_admin: Admin) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(render())
}

/// The description without the calls under `/api/v1/admin/`, and without the schemas that only
/// those name.
fn for_everybody(whole: &[u8]) -> web::Bytes {
    let mut description: Value = serde_json::from_slice(whole).unwrap_or_default();
    if let Some(paths) = description["paths"].as_object_mut() {
        paths.retain(|path, _| !path.starts_with(ADMINS));
    }
    let schemas = description["components"]["schemas"].take();
    let mut named = Vec::new();
    let mut kept = Map::new();
    references(&description, &mut named);
    while let Some(name) = named.pop() {
        if let (false, Some(schema)) = (kept.contains_key(&name), schemas.get(&name)) {
            references(schema, &mut named);
            kept.insert(name, schema.clone());
        }
    }
    description["components"]["schemas"] = Value::Object(kept);
    serde_json::to_vec_pretty(&description).unwrap_or_default().into()
}

/// Adds the name of every schema that is referred to.
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            names.extend(
                reference
                    .and_then(|to| to.strip_prefix("#/components/schemas/"))
                    .map(str::to_owned),
            );
            members.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Says at each call that every other answer is a problem, makes its summary one line, and names
/// the methods that the path has.
fn describe_failures(path: &str, item: &mut PathItem) -> String {
    let operations: [(&str, &mut Option<Operation>); 5] = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ];
    let mut methods = Vec::new();
    for (method, operation) in operations {
        if let Some(operation) = operation {
            methods.push(method);
            // a comment is as wide as code; the line that calls are listed by has no end before its
            // own
            operation.summary = operation.summary.take().map(|line| line.replace('\n', " "));
            methods.extend((method == "GET" && !path.starts_with(CALLBACKS)).then_some("HEAD"));
            let problem =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let failure =
                Response::builder().description("Any failure").content(MEDIA_TYPE, problem).build();
            operation.responses.responses.insert("default".to_owned(), failure.into());
        }
    }
    methods.join(", ")
}

fn add_bearer(api: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of `POST /api/v1/sessions`"))
        .build();
    let components = api.components.get_or_insert_default();
    components.security_schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer).into());
}
