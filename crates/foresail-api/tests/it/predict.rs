//! `POST /api/v1/predict`.

use serde_json::{Value, json};

use crate::fixture::Server;

async fn post(server: &Server, body: &Value) -> (u16, Value) {
    let answer = server.post(body.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

fn series(values: Value) -> Value {
    json!({ "series": [{ "metric": { "__name__": "up", "pod": "a" }, "values": values }] })
}

#[tokio::test]
async fn rows_have_a_class_each() {
    let server = Server::start().await;
    let question =
        json!({ "rows": [{ "num_a": 1.5, "cat_b": "x" }, { "num_a": null, "c": true }] });
    let (status, body) = post(&server, &question).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["rows"][1]["row"], 2);
    assert_eq!(body["rows"][0]["probabilities"], json!({ "leak": 0.25, "normal": 0.75 }));
    assert_eq!(body["rows"][0]["contributions"], json!([{ "column": "num_a", "amount": 0.5 }]));
    assert_eq!(body["notes"], json!(["1 column is ignored"]));
}

#[tokio::test]
async fn series_have_predictions() {
    let server = Server::start().await;
    let question = json!({
        "series": [{
            "metric": { "__name__": "container_memory_working_set_bytes", "pod": "cart-0" },
            "values": [[1_795_521_570, "100"], [1_795_521_585.5, "+Inf"], [1_795_521_600, 3]]
        }],
        "objects": [{ "kind": "Pod", "metadata": { "name": "cart-0", "namespace": "shop" } }],
        "at": "2026-11-24T12:00:00Z",
        "top": 7
    });
    let (status, body) = post(&server, &question).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["predictions"][0]["workload"], "cart");
    assert_eq!(body["rows"], json!([]));
}

#[tokio::test]
async fn other_shapes_are_refused_with_their_place() {
    let server = Server::start().await;
    let rows: Vec<Value> = (0..10_001).map(|_| json!({})).collect();
    let cases = [
        (json!({}), ""),
        (json!([]), ""),
        (json!({ "rows": [], "series": [] }), ""),
        (json!({ "rows": [] }), "rows"),
        (json!({ "rows": rows }), "rows"),
        (json!({ "rows": [{ "a": 1 }, { "a": [1] }] }), "rows[1].a"),
        (json!({ "rows": ["x"] }), ""),
        (json!({ "rows": [{}], "objects": [{}] }), "rows"),
        (json!({ "rows": [{}], "top": 0 }), "top"),
        (json!({ "rows": [{}], "surprise": 1 }), ""),
        (json!({ "series": [] }), "series"),
        (json!({ "series": [{ "metric": {}, "values": [] }] }), "series[0].metric"),
        (series(json!([])), "series"),
        (series(json!([[1, "x"]])), "series[0].values[0]"),
        (series(json!([[1, "1"], [1, "2"]])), "series[0].values[1]"),
        (series(json!([[1e300, "1"]])), "series[0].values[0]"),
        (series(json!([[1]])), ""),
        (series(json!([[1, null]])), ""),
    ];
    for (question, place) in cases {
        let (status, body) = post(&server, &question).await;
        assert_eq!((status, &body["code"]), (422, &json!("invalid_body")), "{body}");
        if !place.is_empty() {
            assert_eq!(body["details"]["place"], place, "{body}");
        }
    }
    let mut late = series(json!([[1, "1"]]));
    late["at"] = json!("noon");
    assert_eq!(post(&server, &late).await.0, 422);
    let mut nameless = series(json!([[1, "1"]]));
    nameless["objects"] = json!([{ "kind": "Pod" }]);
    assert_eq!(post(&server, &nameless).await.1["details"]["place"], "objects[0]");
}

#[tokio::test]
async fn what_the_service_refuses_has_a_code() {
    let server = Server::start().await;
    for (model, status, code) in [
        ("none", 503, "no_model"),
        ("unknown", 404, "model_not_found"),
        ("other", 422, "wrong_input"),
        ("refuses", 422, "input_refused"),
        ("busy", 503, "busy"),
        ("fails", 500, "internal"),
        ("panics", 500, "internal"),
    ] {
        let (found, body) = post(&server, &json!({ "model": model, "rows": [{}] })).await;
        assert_eq!((found, &body["code"]), (status, &json!(code)), "{model}");
        assert!(!body.to_string().contains("secret place"));
    }
    assert_eq!(post(&server, &json!({ "rows": [{}] })).await.0, 200, "a panic ends one request");
}
