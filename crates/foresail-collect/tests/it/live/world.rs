//! A metrics server of a small cluster, whose samples are a function of time.

use crate::live::{INTERVAL, tick};
use crate::server::{Reply, Request};

/// What it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) pods: usize,
    /// How far its clock is ahead.
    pub(crate) skew_seconds: i64,
}

/// A series with its points in seconds.
pub(crate) type OneSeries = (String, Vec<i64>);

// === impl World ===

impl Default for World {
    fn default() -> Self {
        Self { pods: 3, skew_seconds: 0 }
    }
}

impl World {
    pub(crate) fn asks_for_samples(&self, request: &Request) -> bool {
        query(request).contains("__name__=~") && !query(request).contains("count by")
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let query = query(request);
        if request.target.contains("/label/__name__/values") {
            return Reply::json(
                r#"{"status":"success","data":["container_memory_working_set_bytes","up"]}"#,
            );
        }
        if query.starts_with("count by (__name__)") {
            let count = self.pods;
            return Reply::json(format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[
                    {{"metric":{{"__name__":"container_memory_working_set_bytes"}},"value":[1,"{count}"]}}]}}}}"#
            ));
        }
        if query.contains('[') {
            return Reply::json(matrix(&self.series(request)));
        }
        Reply::json(r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#)
    }

    /// The series that a range selector asks for.
    pub(crate) fn series(&self, request: &Request) -> Vec<OneSeries> {
        let query = query(request);
        let window: f64 = between(&query, "[", "ms]").parse().unwrap();
        let at: f64 = parameter(request, "time").parse().unwrap();
        let base = tick(0).as_millis() / 1_000;
        let (from, to) = (at - window / 1e3, at);
        let first = ((from - base as f64) / INTERVAL as f64).floor() as i64 + 1;
        let last = ((to - base as f64) / INTERVAL as f64).floor() as i64;
        let points: Vec<i64> =
            (first..=last).map(|n| base + n * INTERVAL + self.skew_seconds).collect();
        let labels = |n: usize| {
            format!(
                r#""__name__":"container_memory_working_set_bytes","id":"/a","namespace":"shop","pod":"web-{n}","container":"app""#
            )
        };
        (0..self.pods).map(|n| (labels(n), points.clone())).filter(|(_, p)| !p.is_empty()).collect()
    }
}

/// The answer with these series.
pub(crate) fn matrix(series: &[OneSeries]) -> String {
    let one = |(labels, points): &OneSeries| {
        let values: Vec<String> = points.iter().map(|at| format!("[{at},\"7\"]")).collect();
        format!("{{\"metric\":{{{labels}}},\"values\":[{}]}}", values.join(","))
    };
    let all: Vec<String> = series.iter().map(one).collect();
    format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#,
        all.join(",")
    )
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn query(request: &Request) -> String {
    parameter(request, "query")
}

/// A parameter of the address or the form, decoded.
fn parameter(request: &Request, name: &str) -> String {
    let form = if request.body.is_empty() {
        request.target.split_once('?').map_or("", |(_, query)| query).to_owned()
    } else {
        request.body.clone()
    };
    let start = format!("{name}=");
    let raw = form.split('&').find_map(|pair| pair.strip_prefix(&start)).unwrap_or_default();
    let mut decoded = Vec::new();
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                let hex = std::str::from_utf8(&hex).unwrap().to_owned();
                decoded.push(u8::from_str_radix(&hex, 16).unwrap());
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8(decoded).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.rsplit_once(before).unwrap().1.split_once(after).unwrap().0
}
