//! A real Prometheus gives back the samples of a shipped recording, each at its own time.

mod live;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_cast::cast;
use arrow_schema::DataType;
use foresail_collect::prometheus::{Client, Limits, Series, Settings};
use foresail_core::Timestamp;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Points by series, the series as labels.
type Store = BTreeMap<BTreeMap<String, String>, Vec<(i64, f64)>>;

/// Ends its process when it goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-1/samples")
}

/// The samples of one file of a recording.
fn samples(file: &str, store: &mut Store) {
    let file = fs::File::open(data().join(file)).unwrap();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let text = |name: &str| cast(column(name), &DataType::Utf8).unwrap();
        let names = ["metric", "job", "namespace", "pod", "container", "labels"];
        let columns = names.map(text);
        let times = column("ts").as_primitive::<TimestampMillisecondType>();
        let values = column("value").as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let cell = |at: usize| {
                let column = columns[at].as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            let mut labels: BTreeMap<String, String> =
                serde_json::from_str(&cell(5).unwrap()).unwrap();
            for (at, name) in
                ["__name__", "job", "namespace", "pod", "container"].iter().enumerate()
            {
                labels.extend(
                    cell(at)
                        .filter(|value| !value.is_empty())
                        .map(|value| ((*name).to_owned(), value)),
                );
            }
            store.entry(labels).or_default().push((times.value(row), values.value(row)));
        }
    }
}

/// The samples as OpenMetrics.
fn open_metrics(store: &Store, path: &Path) {
    let mut out = std::io::BufWriter::new(fs::File::create(path).unwrap());
    for (labels, points) in store {
        let mut head = format!("{}{{", labels["__name__"]);
        for (name, value) in labels.iter().filter(|(name, _)| *name != "__name__") {
            write!(head, "{name}={value:?},").unwrap();
        }
        for (at, value) in points {
            writeln!(out, "{}}} {value:?} {:.3}", head.trim_end_matches(','), *at as f64 / 1e3)
                .unwrap();
        }
    }
    out.write_all(b"# EOF\n").unwrap();
}

/// A Prometheus that holds the samples.
fn serve(store: &Store, dir: &Path) -> (Running, String) {
    let (text, blocks) = (dir.join("samples.om"), dir.join("blocks"));
    open_metrics(store, &text);
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&text, &blocks])
        .stdout(Stdio::null())
        .status()
        .expect("`promtool` is not installed: apt-get install prometheus");
    assert!(made.success());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = dir.join("prometheus.yml");
    fs::write(&config, "").unwrap();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", blocks.display()))
        .arg("--storage.tsdb.retention.time=100y")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stderr(Stdio::null())
        .spawn()
        .expect("`prometheus` is not installed: apt-get install prometheus");
    (Running(child), format!("http://127.0.0.1:{port}"))
}

#[test]
#[ignore = "needs Debian's prometheus: scripts/test-prometheus"]
fn a_real_prometheus_gives_back_the_samples_of_a_recording() {
    let mut store = Store::new();
    for file in ["node.parquet", "kubelet.parquet", "resource.parquet"] {
        samples(file, &mut store);
    }
    let dir = tempfile::tempdir().unwrap();
    let (_running, url) = serve(&store, dir.path());
    let limits = Limits { retries: 0, ..Limits::default() };
    let client = Client::new(&Settings { url, limits, ..Settings::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let up = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        runtime.block_on(client.build_info()).is_ok_and(|info| !info.version.is_empty())
    });
    assert!(up, "prometheus did not start");
    let end = store.values().flatten().map(|(at, _)| *at).max().unwrap();
    let mut found: Vec<Series> = Vec::new();
    let query = r#"{__name__=~".+"}[1h]"#;
    let at = Timestamp::from_millis(end);
    runtime.block_on(client.instant(query, at, &mut found)).unwrap();
    let found: Store = found
        .into_iter()
        .map(|series| {
            let points = series.points.iter().map(|(at, value)| (at.as_millis(), *value));
            (series.labels, points.collect())
        })
        .collect();
    assert_eq!(found.len(), store.len());
    assert!(found == store, "samples differ");
}
