//! The description: it is OpenAPI 3.1, names every route, and every answer fits it.

use serde_json::{Value, json};

use crate::fixture::{Made, MadeStore, Server, settings};
use crate::schema::differences;

fn description() -> Value {
    serde_json::from_str(&foresail_api::openapi()).unwrap()
}

/// Every path and method, with a request for it.
const ROUTES: [(&str, &str); 11] = [
    ("get", "/api/v1/predictions"),
    ("get", "/api/v1/incidents"),
    ("get", "/api/v1/objects/{kind}/{namespace}/{name}"),
    ("post", "/api/v1/predict"),
    ("get", "/api/v1/changes"),
    ("get", "/api/v1/status"),
    ("get", "/api/v1/models"),
    ("get", "/api/v1/openapi.json"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
];

#[test]
fn every_route_is_described() {
    let description = description();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described: Vec<(String, String)> = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.push((method.clone(), path.clone()));
        }
    }
    let mut routes: Vec<_> =
        ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    routes.sort_by(|a, b| a.1.cmp(&b.1));
    described.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(described, routes);
}

#[test]
fn every_reference_leads_somewhere_and_every_field_is_explained() {
    fn walk(value: &Value, description: &Value) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(
                description.pointer(reference.trim_start_matches('#')).is_some(),
                "{reference}"
            );
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, description)),
            Value::Object(fields) => fields.values().for_each(|field| walk(field, description)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let description = description();
    walk(&description, &description);
    for (name, schema) in description["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name} has no description");
    }
}

#[test]
fn the_committed_description_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == foresail_api::openapi(), "run `cargo xtask gen`");
}

/// The schema of the answer of `path` with `status`.
fn schema(description: &Value, (method, path): (&str, &str), status: u16) -> Value {
    let responses = &description["paths"][path][method]["responses"];
    let exact = &responses[status.to_string()];
    let response = if exact.is_null() { &responses[format!("{}XX", status / 100)] } else { exact };
    assert!(response.is_object(), "{method} {path} does not describe {status}");
    response["content"]["application/json"]["schema"].clone()
}

#[tokio::test]
async fn every_answer_fits_its_description() {
    let description = description();
    let servers = [Server::start().await, Server::with(without_everything(), settings()).await];
    let rows = json!({ "rows": [{ "num_a": 1, "cat_b": "x" }] }).to_string();
    let series = json!({ "series": [{ "metric": { "__name__": "up" }, "values": [[1, "1"]] }] });
    let requests = [
        ("/api/v1/predictions", "/api/v1/predictions"),
        ("/api/v1/predictions?kind=x", "/api/v1/predictions"),
        ("/api/v1/incidents", "/api/v1/incidents"),
        ("/api/v1/incidents?since=x", "/api/v1/incidents"),
        ("/api/v1/objects/pod/shop/cart-0", "/api/v1/objects/{kind}/{namespace}/{name}"),
        ("/api/v1/objects/node/-/node-1", "/api/v1/objects/{kind}/{namespace}/{name}"),
        ("/api/v1/objects/pod/shop/none", "/api/v1/objects/{kind}/{namespace}/{name}"),
        ("/api/v1/status", "/api/v1/status"),
        ("/api/v1/models", "/api/v1/models"),
        ("/api/v1/openapi.json", "/api/v1/openapi.json"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
    ];
    for server in &servers {
        for (request, path) in requests {
            let answer = server.get(request).await;
            let schema = schema(&description, ("get", path), answer.status.as_u16());
            assert_eq!(differences(&answer.json(), &schema, &description), [""; 0], "{request}");
        }
        for body in [rows.clone(), series.to_string(), "{}".to_owned(), "{".to_owned()] {
            let answer = server.post(body.clone()).await;
            let wanted = ("post", "/api/v1/predict");
            let schema = schema(&description, wanted, answer.status.as_u16());
            assert_eq!(differences(&answer.json(), &schema, &description), [""; 0], "{body}");
        }
    }
}

/// A service that has just started, with a store that fails.
fn without_everything() -> Made {
    let made = Made { store: Some(MadeStore::Fails), ..Made::new() };
    *made.snapshot.lock().unwrap() = None;
    {
        let mut status = made.status.lock().unwrap();
        status.ready = false;
        status.not_ready_because = vec!["no tick yet".to_owned()];
        status.last_tick = None;
        status.model = None;
        status.scorecard = None;
    }
    made
}
