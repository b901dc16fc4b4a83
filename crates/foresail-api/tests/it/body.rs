//! What is answered.

use foresail_api::client::{Client, ClientError, ClientSettings, PredictionsAsked};
use foresail_api::{Secret, Snapshot};
use serde_json::{Value, json};
use std::time::Duration;

use crate::fixture::{
    HOSTILE, Made, Server, TOKEN, alarm, answer_of, prediction, settings, snapshot, workload,
};

async fn names(server: &Server, query: &str) -> Vec<String> {
    let body = server.get(&format!("/api/v1/predictions{query}")).await.json();
    let name = |one: &Value| {
        ["workload", "volume", "component", "node"]
            .iter()
            .find_map(|field| one[field].as_str())
            .unwrap()
            .to_owned()
    };
    body["predictions"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn predictions_are_filtered_and_cut() {
    let server = Server::start().await;
    assert_eq!(names(&server, "").await.len(), 4);
    assert_eq!(names(&server, "?kind=node_pressure").await, ["node-1"]);
    assert_eq!(names(&server, "?namespace=shop").await, ["cart", "data"]);
    assert_eq!(names(&server, "?object=cart-0").await, ["cart"]);
    assert_eq!(names(&server, "?object=etcd").await.len(), 1);
    assert_eq!(names(&server, "?min_probability=0.4").await, ["cart", "data"]);
    assert_eq!(names(&server, "?min_probability=0").await.len(), 3);
    assert_eq!(names(&server, "?limit=1").await, ["cart"]);
    let body = server.get("/api/v1/predictions?limit=1").await.json();
    assert_eq!(body["matching"], 4);
}

#[tokio::test]
async fn a_prediction_has_the_fields_of_an_alarm_line() {
    let server = Server::start().await;
    let body = server.get("/api/v1/predictions?limit=1").await.json();
    assert_eq!(body["cluster"], "lab");
    let expected = json!({
        "at": "2026-11-24T12:00:00.000Z", "cluster": "lab", "object_kind": "Workload",
        "namespace": "shop", "workload": "cart", "workload_kind": "Deployment", "pod": "cart-0",
        "node": "node-1", "volume": null, "component": null, "kind": "oom_killed",
        "probability": 0.9, "not_enough_data": null, "score": 0.9, "horizon_seconds": 600.0,
        "tte_p10_seconds": 60.0, "tte_p50_seconds": 120.0, "tte_p90_seconds": 300.0,
        "quantity": "memory_working_set", "level": 1.0e8, "limit": 1.28e8, "slope_per_second": null,
        "sentence": "cart will be OOM-killed in about 2 min", "evidence": ["grows"],
        "model": "hazard", "alarm_id": 7, "pages": false
    });
    assert_eq!(body["predictions"][0], expected);
}

#[tokio::test]
async fn what_is_not_known_is_said_and_has_no_probability() {
    let server = Server::start().await;
    let body = server.get("/api/v1/predictions?kind=node_pressure").await.json();
    let one = &body["predictions"][0];
    assert_eq!(
        (&one["probability"], &one["not_enough_data"]),
        (&Value::Null, &json!("10 min of samples"))
    );
}

#[tokio::test]
async fn incidents_are_open_past_and_real() {
    let server = Server::start().await;
    let body = server.get("/api/v1/incidents").await.json();
    assert_eq!(body["open"][0]["id"], 7);
    assert_eq!(body["open"][0]["pages"], false);
    assert_eq!(body["open"][0]["muted_because"], "the cluster is only observed");
    assert_eq!(body["open"][0]["affected"][1]["name"], "node-1");
    assert_eq!(body["past"].as_array().unwrap().len(), 1, "an open alarm is not past as well");
    assert_eq!((&body["past"][0]["id"], &body["past"][0]["pages"]), (&json!(5), &Value::Null));
    assert_eq!(body["outcomes"][0]["facts"][0]["text"], "OOMKilled");
    assert_eq!((&body["kept"], &body["left_out"]), (&json!(true), &json!(0)));
    assert_eq!(body["since"], "2026-11-23T12:00:00.000Z");
    let none = server.get("/api/v1/incidents?namespace=other").await.json();
    assert_eq!(none["open"].as_array().unwrap().len() + none["past"].as_array().unwrap().len(), 0);
    let zone = "/api/v1/incidents?since=2026-11-24T12:00:00+02:00&until=2026-11-24T11:00:00Z";
    assert_eq!(server.get(zone).await.json()["since"], "2026-11-24T10:00:00.000Z");
}

#[tokio::test]
async fn without_a_store_incidents_are_only_those_that_are_open() {
    let server = Server::with(Made { store: None, ..Made::new() }, settings()).await;
    let body = server.get("/api/v1/incidents").await.json();
    assert_eq!(body["kept"], false);
    assert_eq!(body["open"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/v1/models").await.json()["registered"], Value::Null);
}

#[tokio::test]
async fn an_object_is_its_values_predictions_alarms_and_failures() {
    let server = Server::start().await;
    let pod = server.get("/api/v1/objects/pod/shop/cart-0").await.json();
    assert_eq!(pod["values"]["cpu_usage_cores"], 0.5);
    assert_eq!(pod["values"]["memory_rss_bytes"], Value::Null);
    assert_eq!((&pod["workload"], &pod["node"]), (&json!("cart"), &json!("node-1")));
    assert_eq!(pod["predictions"].as_array().unwrap().len(), 1);
    assert_eq!(pod["alarms"].as_array().unwrap().len(), 2);
    assert_eq!(pod["outcomes"].as_array().unwrap().len(), 1);
    for path in ["workload/shop/cart", "Deployment/shop/cart"] {
        let object = server.get(&format!("/api/v1/objects/{path}")).await.json();
        assert_eq!(object["object_kind"], "Deployment");
        assert_eq!(object["values"]["deployment_replicas"], 2.0);
        assert_eq!(object["alarms"].as_array().unwrap().len(), 2);
    }
    let node = server.get("/api/v1/objects/node/-/node-1").await.json();
    assert_eq!((&node["namespace"], &node["values"]["node_load"]), (&Value::Null, &json!(1.0)));
    let volume = server.get("/api/v1/objects/volume/shop/data").await.json();
    assert_eq!((&volume["values_at"], &volume["values"]), (&Value::Null, &json!({})));
    assert_eq!(server.get("/api/v1/objects/component/-/etcd").await.status, 200);
    assert_eq!(server.get("/api/v1/objects/statefulset/shop/cart").await.status, 404);
}

#[tokio::test]
async fn names_of_the_cluster_are_only_data() {
    let server = Server::start().await;
    let mut hostile = prediction(workload(HOSTILE, HOSTILE), Some(HOSTILE), 0.5);
    hostile.sentence = HOSTILE.to_owned();
    server.made.show(Snapshot { predictions: vec![hostile], ..snapshot() });
    let answer = server.get("/api/v1/predictions").await;
    assert_eq!(answer.json()["predictions"][0]["sentence"], HOSTILE);
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut url = reqwest::Url::parse(&server.url("/api/v1/predictions")).unwrap();
    url.query_pairs_mut().append_pair("object", HOSTILE);
    let found = answer_of(server.http.get(url)).await.json();
    assert_eq!(found["matching"], 1);
}

#[tokio::test]
async fn ten_thousand_predictions_are_answered_whole() {
    let server = Server::start().await;
    let predictions = (0..10_000)
        .map(|number| prediction(workload("shop", &format!("app-{number}")), Some("p"), 0.5))
        .collect();
    let alarms = vec![foresail_api::OpenAlarm {
        alarm: alarm(1, workload("shop", "app-9999"), -5),
        pages: true,
        muted_because: None,
    }];
    server.made.show(Snapshot { predictions, alarms, ..snapshot() });
    let body = server.get("/api/v1/predictions?limit=10000").await.json();
    assert_eq!(body["predictions"].as_array().unwrap().len(), 10_000);
    assert_eq!(body["predictions"][9_999]["pages"], true);
}

#[tokio::test]
async fn status_models_and_probes_say_what_the_service_is() {
    let server = Server::start().await;
    let status = server.get("/api/v1/status").await.json();
    assert_eq!(
        (&status["mode"], &status["sources"][0]["state"]),
        (&json!("observe"), &json!("degraded"))
    );
    let score = &status["scorecard"]["models"][0];
    assert_eq!(
        score["recall"],
        json!({ "state": "measured", "value": 0.5, "low": 0.3, "high": 0.7, "count": 20 })
    );
    assert_eq!(score["precision"], json!({ "state": "too_few", "have": 3, "need": 20 }));
    let models = server.get("/api/v1/models").await.json();
    assert_eq!(models["registered"][0]["role"], "shadow");
    assert_eq!(models["in_service"]["name"], "built in");
    assert_eq!(server.get("/healthz").await.text, "{\"ok\":true}");
    assert_eq!(server.get("/readyz").await.status, 200);
    assert_eq!(server.http.head(server.url("/healthz")).send().await.unwrap().status(), 200);
}

fn client(server: &str, token: Option<&str>) -> Result<Client, ClientError> {
    Client::new(&ClientSettings {
        server: server.to_owned(),
        token: token.map(Secret::new),
        timeout: Duration::from_secs(5),
    })
}

#[tokio::test]
async fn the_client_reads_what_the_server_says() {
    let server = Server::with_token().await;
    let with_token = client(&server.base, Some(TOKEN)).unwrap();
    assert_eq!(with_token.status().await.unwrap(), crate::fixture::status());
    let asked = PredictionsAsked {
        kind: Some("oom_killed".to_owned()),
        namespace: Some("shop".to_owned()),
        min_probability: Some(0.5),
        limit: Some(3),
    };
    assert_eq!(with_token.predictions(&asked).await.unwrap().matching, 1);
    assert_eq!(with_token.incidents().await.unwrap().open.len(), 1);
    let refused = client(&server.base, None).unwrap().status().await.unwrap_err();
    assert!(refused.to_string().contains("token_missing"), "{refused}");
    let elsewhere = client(&format!("{}/elsewhere/", server.base), Some(TOKEN)).unwrap();
    let refused = elsewhere.status().await.unwrap_err();
    assert!(refused.to_string().contains("route_not_found"), "{refused}");
}

#[tokio::test]
async fn the_client_says_what_is_wrong() {
    for address in ["", "localhost:7780", "ftp://x", "http://user:x@host", "http://"] {
        assert!(matches!(client(address, None), Err(ClientError::Settings { .. })), "{address}");
    }
    let nobody = client("http://127.0.0.1:1", None).unwrap().status().await.unwrap_err();
    assert!(matches!(nobody, ClientError::Unreachable { .. }), "{nobody}");
}
