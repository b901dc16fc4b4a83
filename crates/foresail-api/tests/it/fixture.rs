//! A service that is made up, and a server in front of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use foresail_api::{
    Change, Contribution, Drift, Estimate, Mode, ModelScore, ModelStatus, ObjectCounts, OpenAlarm,
    OutcomeCount, PredictAnswer, PredictError, PredictInput, PredictRequest, PredictedRow,
    Scorecard, Secret, ServeSettings, Skipped, Snapshot, Source, SourceState, SourceStatus, Status,
    StoreState, StoreStatus, TickHealth, serve,
};
use foresail_core::store::{
    AlarmFilter, Archive, BoxFuture, ClusterName, Evidence, EvidenceOf, Minute, ModelEntry,
    ModelRole, NODE_COLUMNS, NewModel, NodeRow, POD_COLUMNS, PodRow, Registry, RestartPoint,
    StoreError, StoreFuture, StoreSize, StoredPodRow, TimeSpan, WORKLOAD_COLUMNS, WorkloadRow,
};
use foresail_core::{
    Alarm, AlarmId, Basis, Cause, Fact, FailureKind, KubernetesEvent, ModelId, Outcome,
    PlatformDuration, Prediction, Probability, Quantity, Tier, TimeToEvent, Timestamp, Unit,
    Verdict, WorkloadId, WorkloadKind,
};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::sync::{broadcast, oneshot};

pub const TOKEN: &str = "0123456789abcdef";
/// Noon of some day.
pub const NOW: i64 = 1_795_521_600_000;
/// A name as nobody gives it, unless to break something.
pub const HOSTILE: &str = "\u{1b}[2Jx\"} 1\n\\<script>\u{0}é\u{202e}";

/// What the service that is made up says.
pub struct Made {
    pub cluster: ClusterName,
    pub status: Mutex<Status>,
    pub snapshot: Mutex<Option<Arc<Snapshot>>>,
    pub changes: broadcast::Sender<Arc<Change>>,
    pub store: Option<MadeStore>,
}

/// A store with an alarm and an outcome, or one that fails.
#[derive(Clone, Copy, PartialEq)]
pub enum MadeStore {
    Works,
    Fails,
    Hangs,
}

/// A server that runs until it is dropped.
pub struct Server {
    pub base: String,
    pub made: Arc<Made>,
    pub stop: Option<oneshot::Sender<()>>,
    pub http: Client,
    pub ended: tokio::task::JoinHandle<Result<(), foresail_api::ServeError>>,
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW + seconds * 1_000)
}

pub fn workload(namespace: &str, name: &str) -> Unit {
    Unit::Workload(WorkloadId {
        namespace: namespace.to_owned(),
        kind: WorkloadKind::Deployment,
        name: name.to_owned(),
    })
}

pub fn time_to_event() -> TimeToEvent {
    TimeToEvent {
        p10: PlatformDuration::from_seconds(60),
        p50: PlatformDuration::from_seconds(120),
        p90: PlatformDuration::from_seconds(300),
    }
}

pub fn prediction(unit: Unit, pod: Option<&str>, probability: f64) -> Prediction {
    Prediction {
        at: at(0),
        unit,
        pod: pod.map(str::to_owned),
        node: Some("node-1".to_owned()),
        kind: FailureKind::OomKilled,
        horizon: PlatformDuration::from_seconds(600),
        verdict: Verdict::Likely {
            probability: Probability::try_from(probability).unwrap(),
            time_to_event: Some(time_to_event()),
        },
        score: probability,
        basis: Some(Basis {
            quantity: Quantity::MemoryWorkingSet,
            object: "shop/cart-0 container app".to_owned(),
            level: 1.0e8,
            limit: 1.28e8,
            slope_per_second: f64::NAN,
        }),
        sentence: "cart will be OOM-killed in about 2 min".to_owned(),
        evidence: vec!["grows".to_owned()],
        model: ModelId("hazard".to_owned()),
    }
}

pub fn alarm(id: u64, unit: Unit, raised: i64) -> Alarm {
    Alarm {
        id: AlarmId(id),
        raised_at: at(raised),
        cleared_at: None,
        unit,
        pod: Some("cart-0".to_owned()),
        node: Some("node-1".to_owned()),
        kind: FailureKind::OomKilled,
        tier: Tier::Page,
        score: 0.9,
        probability: Some(Probability::try_from(0.9).unwrap()),
        horizon: PlatformDuration::from_seconds(600),
        time_to_event: Some(time_to_event()),
        basis: None,
        sentence: "cart will be OOM-killed".to_owned(),
        kubectl: "kubectl -n shop top pod cart-0".to_owned(),
        causes: vec![Cause {
            object: "shop/cart-0".to_owned(),
            cause: "memory_growth".to_owned(),
            confidence: 0.8,
            evidence: vec!["grows".to_owned()],
        }],
        affected: vec![workload("shop", "frontend"), Unit::Node("node-1".to_owned())],
        model: ModelId("hazard".to_owned()),
    }
}

pub fn outcome(seconds: i64) -> Outcome {
    Outcome {
        occurred_at: at(seconds),
        settled_at: at(seconds + 1),
        recovered_at: None,
        kind: FailureKind::OomKilled,
        unit: workload("shop", "cart"),
        pod: Some("cart-0".to_owned()),
        node: Some("node-1".to_owned()),
        incident: 3,
        primary: true,
        facts: vec![Fact {
            at: at(seconds),
            source: "pod shop/cart-0".to_owned(),
            text: "OOMKilled".to_owned(),
        }],
    }
}

fn minute() -> Minute {
    let Unit::Workload(cart) = workload("shop", "cart") else { panic!("a workload") };
    let mut values = [f32::NAN; POD_COLUMNS.len()];
    values[0] = 0.5;
    Minute {
        at: at(-30),
        nodes: vec![NodeRow { node: "node-1".to_owned(), values: [1.0; NODE_COLUMNS.len()] }],
        pods: vec![PodRow {
            pod: "cart-0".to_owned(),
            node: Some("node-1".to_owned()),
            workload: cart.clone(),
            values,
        }],
        workloads: vec![WorkloadRow { workload: cart, values: [2.0; WORKLOAD_COLUMNS.len()] }],
    }
}

pub fn snapshot() -> Snapshot {
    let volume = Unit::Volume { namespace: "shop".to_owned(), claim: "data".to_owned() };
    let mut unknown = prediction(Unit::Node("node-1".to_owned()), None, 0.0);
    unknown.verdict = Verdict::NotEnoughData { missing: "10 min of samples".to_owned() };
    unknown.kind = FailureKind::NodePressure;
    Snapshot {
        at: at(0),
        predictions: vec![
            prediction(workload("shop", "cart"), Some("cart-0"), 0.9),
            prediction(volume, None, 0.4),
            prediction(Unit::Component("etcd".to_owned()), None, 0.05),
            unknown,
        ],
        alarms: vec![OpenAlarm {
            alarm: alarm(7, workload("shop", "cart"), -60),
            pages: false,
            muted_because: Some("the cluster is only observed".to_owned()),
        }],
        minute: Some(Arc::new(minute())),
        drift: vec![Drift { measure: "memory_limit_share".to_owned(), value: 0.12 }],
    }
}

pub fn status() -> Status {
    let estimate = Estimate::Measured { value: 0.5, low: 0.3, high: 0.7, count: 20 };
    let few = Estimate::TooFew { have: 3, need: 20 };
    Status {
        version: "0.1.0".to_owned(),
        cluster: "lab".to_owned(),
        mode: Mode::Observe,
        mode_reason: "3 of 20 outcomes were scored".to_owned(),
        now: at(0),
        started_at: at(-3_600),
        last_tick: Some(at(0)),
        ticks: TickHealth { interval_seconds: 15.0, count: 240, ..TickHealth::default() },
        ready: true,
        not_ready_because: Vec::new(),
        sources: vec![SourceStatus {
            name: "prometheus".to_owned(),
            state: SourceState::Degraded,
            reason: Some("half an answer".to_owned()),
            lag_seconds: Some(17.0),
            failures: 2,
        }],
        model: Some(ModelStatus {
            name: "built in".to_owned(),
            kind: "hazard".to_owned(),
            trained_at: Some(at(-86_400)),
            age_seconds: Some(86_400.0),
        }),
        shadows: Vec::new(),
        store: StoreStatus {
            state: StoreState::Ok,
            reason: None,
            bytes: Some(4_096),
            last_kept: Some(at(0)),
            waiting: 0,
            lost: 0,
        },
        objects: ObjectCounts { pods: 4, workloads: 2, nodes: 1, volumes: 1 },
        skipped: vec![Skipped { reason: "too_old".to_owned(), count: 5 }],
        outcomes: vec![OutcomeCount { kind: "oom_killed".to_owned(), count: 1 }],
        scorecard: Some(Scorecard {
            since: at(-3_600),
            until: at(0),
            models: vec![ModelScore {
                model: "built in".to_owned(),
                in_service: true,
                incidents: 3,
                caught: 2,
                alarms: 4,
                false_alarms: 1,
                recall: estimate,
                precision: few,
                lead_seconds: few,
                calibration_error: few,
                calibration: Vec::new(),
            }],
        }),
    }
}

// === impl Made ===

impl Made {
    pub fn new() -> Self {
        Self {
            cluster: ClusterName::try_from("lab").unwrap(),
            status: Mutex::new(status()),
            snapshot: Mutex::new(Some(Arc::new(snapshot()))),
            changes: broadcast::channel(16).0,
            store: Some(MadeStore::Works),
        }
    }

    /// With 10,000 predictions and a hostile name.
    pub fn crowded() -> Self {
        let made = Self::new();
        let mut snapshot = snapshot();
        snapshot.predictions.insert(1, prediction(workload("shop", HOSTILE), Some(HOSTILE), 0.8));
        snapshot.predictions.extend((0..10_000).map(|number| {
            let probability = f64::from(10_000 - number) / 15_000.0;
            prediction(workload("shop", &format!("app-{number}")), None, probability)
        }));
        made.show(snapshot);
        made
    }

    pub fn show(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap() = Some(Arc::new(snapshot));
    }
}

impl Source for Made {
    fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    fn now(&self) -> Timestamp {
        at(0)
    }

    fn status(&self) -> Status {
        self.status.lock().unwrap().clone()
    }

    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.lock().unwrap().clone()
    }

    fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    fn archive(&self) -> Option<&dyn Archive> {
        self.store.as_ref().map(|store| store as &dyn Archive)
    }

    fn registry(&self) -> Option<&dyn Registry> {
        self.store.as_ref().map(|store| store as &dyn Registry)
    }

    fn predict(
        &self,
        request: PredictRequest,
    ) -> BoxFuture<'_, Result<PredictAnswer, PredictError>> {
        Box::pin(async move {
            match request.model.as_deref() {
                Some("none") => Err(PredictError::NoModel),
                Some("unknown") => Err(PredictError::UnknownModel { name: "unknown".to_owned() }),
                Some("other") => {
                    Err(PredictError::WrongInput { model: "other".to_owned(), takes: "series" })
                }
                Some("refuses") => {
                    Err(PredictError::Refused { reason: "column `a` is missing".to_owned() })
                }
                Some("busy") => Err(PredictError::Busy),
                Some("fails") => Err(PredictError::Failed { reason: "secret place".to_owned() }),
                Some("panics") => panic!("made up"),
                Some(_) | None => Ok(answer(&request)),
            }
        })
    }
}

fn answer(request: &PredictRequest) -> PredictAnswer {
    match &request.input {
        PredictInput::Rows(rows) => PredictAnswer::Rows {
            model: "table".to_owned(),
            rows: (1..=rows.len())
                .map(|row| PredictedRow {
                    row,
                    class: "normal".to_owned(),
                    probabilities: [("normal".to_owned(), 0.75), ("leak".to_owned(), 0.25)].into(),
                    contributions: vec![
                        Contribution { column: "num_a".to_owned(), amount: 0.5 },
                        Contribution { column: "num_b".to_owned(), amount: f64::NAN },
                    ],
                })
                .collect(),
            notes: vec!["1 column is ignored".to_owned()],
        },
        PredictInput::Series(_) => PredictAnswer::Series {
            model: "hazard".to_owned(),
            predictions: vec![prediction(workload("shop", "cart"), Some("cart-0"), 0.9)],
            notes: Vec::new(),
        },
    }
}

// === impl MadeStore ===

impl MadeStore {
    fn give<T: Send + 'static>(self, value: T) -> StoreFuture<'static, T> {
        Box::pin(async move {
            match self {
                Self::Works => Ok(value),
                Self::Fails => Err(StoreError::Unreachable {
                    place: "postgres://secret-host".to_owned(),
                    source: "refused".into(),
                }),
                Self::Hangs => std::future::pending().await,
            }
        })
    }
}

impl Archive for MadeStore {
    fn last_tick<'a>(&'a self, _: &'a ClusterName) -> StoreFuture<'a, Option<Timestamp>> {
        self.give(Some(at(0)))
    }

    fn predictions<'a>(
        &'a self,
        _: &'a ClusterName,
        _: TimeSpan,
    ) -> StoreFuture<'a, Vec<Prediction>> {
        self.give(Vec::new())
    }

    fn alarms<'a>(&'a self, _: &'a ClusterName, _: AlarmFilter) -> StoreFuture<'a, Vec<Alarm>> {
        let mut past = alarm(5, workload("shop", "cart"), -3_000);
        past.cleared_at = Some(at(-2_000));
        self.give(vec![past, alarm(7, workload("shop", "cart"), -60)])
    }

    fn outcomes<'a>(&'a self, _: &'a ClusterName, _: TimeSpan) -> StoreFuture<'a, Vec<Outcome>> {
        self.give(vec![outcome(-2_500)])
    }

    fn events<'a>(
        &'a self,
        _: &'a ClusterName,
        _: TimeSpan,
    ) -> StoreFuture<'a, Vec<KubernetesEvent>> {
        self.give(Vec::new())
    }

    fn pod_rows<'a>(
        &'a self,
        _: &'a ClusterName,
        _: (&'a str, &'a str),
        _: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, StoredPodRow)>> {
        self.give(Vec::new())
    }

    fn node_rows<'a>(
        &'a self,
        _: &'a ClusterName,
        _: &'a str,
        _: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, NodeRow)>> {
        self.give(Vec::new())
    }

    fn workload_rows<'a>(
        &'a self,
        _: &'a ClusterName,
        _: &'a WorkloadId,
        _: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, WorkloadRow)>> {
        self.give(Vec::new())
    }

    fn evidence<'a>(
        &'a self,
        _: &'a ClusterName,
        _: EvidenceOf,
    ) -> StoreFuture<'a, Option<Evidence>> {
        self.give(None)
    }

    fn restart_point<'a>(&'a self, _: &'a ClusterName) -> StoreFuture<'a, Option<RestartPoint>> {
        self.give(None)
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        self.give(StoreSize { bytes: 0, tables: Vec::new() })
    }
}

impl Registry for MadeStore {
    fn add_model<'a>(&'a self, _: &'a ClusterName, _: &'a NewModel) -> StoreFuture<'a, ()> {
        self.give(())
    }

    fn models<'a>(&'a self, _: &'a ClusterName) -> StoreFuture<'a, Vec<ModelEntry>> {
        self.give(vec![ModelEntry {
            name: "mine".to_owned(),
            kind: "hazard".to_owned(),
            schema: "pods-1".to_owned(),
            sha256: "00".repeat(32),
            bytes: 10,
            added_at: at(-100),
            role: ModelRole::Shadow,
        }])
    }

    fn model_file<'a>(&'a self, _: &'a ClusterName, _: &'a str) -> StoreFuture<'a, Vec<u8>> {
        self.give(Vec::new())
    }

    fn set_role<'a>(&'a self, _: &'a ClusterName, _: &'a str, _: ModelRole) -> StoreFuture<'a, ()> {
        self.give(())
    }

    fn remove_model<'a>(&'a self, _: &'a ClusterName, _: &'a str) -> StoreFuture<'a, ()> {
        self.give(())
    }
}

// === impl Server ===

impl Server {
    pub async fn start() -> Self {
        Self::with(Made::new(), settings()).await
    }

    pub async fn with_token() -> Self {
        Self::with(Made::new(), ServeSettings { token: Some(Secret::new(TOKEN)), ..settings() })
            .await
    }

    pub async fn with(made: Made, settings: ServeSettings) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let made = Arc::new(made);
        let (stop, stopped) = oneshot::channel();
        let source: Arc<dyn Source> = made.clone();
        let ended = tokio::spawn(serve(listener, source, settings, async {
            stopped.await.ok();
        }));
        Self { base, made, stop: Some(stop), http: http(), ended }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer_of(self.http.get(self.url(path))).await
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(self.url("/api/v1/predict"));
        answer_of(request.header("content-type", "application/json").body(body)).await
    }
}

pub fn settings() -> ServeSettings {
    ServeSettings {
        timeout: Duration::from_secs(5),
        heartbeat: Duration::from_millis(100),
        ..ServeSettings::default()
    }
}

/// A client that asks the server itself, whatever the machine's proxies are.
pub fn http() -> Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder().no_proxy().build().unwrap()
}

pub async fn answer_of(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

// === impl Answer ===

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status and code of a refusal; its form is checked.
    pub fn problem(&self) -> (u16, String) {
        let json = self.json();
        let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["code", "details", "message"], "{json}");
        assert_eq!(self.headers["content-type"], "application/json");
        assert!(json["message"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
        (self.status.as_u16(), json["code"].as_str().unwrap().to_owned())
    }
}
