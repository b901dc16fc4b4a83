//! A small synthetic recording, written with the crate's own writer.

use std::fs;
use std::path::{Path, PathBuf};

use foresail_collect::write::{SampleSeries, write_lines, write_manifest, write_samples};
use foresail_collect::{Manifest, OpenOptions, Recording, RecordingError};
use foresail_core::{TimeScale, Timestamp};

/// 2026-01-01T00:00:00Z, a multiple of five seconds.
pub(crate) const START: i64 = 1_767_225_600_000;

pub(crate) const POD: &str = r#"{"t":1767225600.5,"type":"LIST","ns":"shop","pod":"web-1","uid":"u1","owner":"ReplicaSet/web-abc","phase":"Running","conditions":{"Ready":"False"},"cond_detail":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}],"containers":[{"name":"app","ready":true,"restarts":0,"image":"web:1","state":{"running":{"startedAt":"2025-12-31T23:59:50Z"}},"last":null}],"resources":[{"limits":{"cpu":"250m","memory":"64Mi"}}],"invented":7}"#;

/// A recording in a folder of its own that goes with it.
pub(crate) struct Small {
    folder: tempfile::TempDir,
}

/// A series of the pod `web-1` with a value every five seconds.
pub(crate) fn series(metric: &str, labels: &str, values: &[f64]) -> SampleSeries {
    SampleSeries {
        metric: metric.to_owned(),
        job: "anything".to_owned(),
        namespace: Some("shop".to_owned()),
        pod: Some("web-1".to_owned()),
        container: Some("app".to_owned()),
        labels: labels.to_owned(),
        points: values.iter().zip(0..).map(|(value, at)| (second(at * 5), *value)).collect(),
    }
}

/// The time this many seconds after the start.
pub(crate) fn second(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

// === impl Small ===

impl Small {
    pub(crate) fn new(samples: &[SampleSeries]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let small = Self { folder };
        fs::create_dir(small.path("samples")).unwrap();
        if !samples.is_empty() {
            write_samples(&small.path("samples/a.parquet"), samples).unwrap();
        }
        write_lines(&small.path("pods.jsonl.gz"), [POD]).unwrap();
        small.seal();
        small
    }

    pub(crate) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the manifest anew, so that only the damage itself can be complained about.
    pub(crate) fn seal(&self) {
        self.seal_until(60);
    }

    /// The same for a recording of this many seconds.
    pub(crate) fn seal_until(&self, seconds: i64) {
        let manifest = Manifest {
            format: 1,
            name: "small".to_owned(),
            cluster: "test".to_owned(),
            kubernetes_version: None,
            started_at: second(0),
            ended_at: second(seconds),
            scrape_interval_seconds: 5.0,
            time_scale: TimeScale::ONE,
            sha256: Default::default(),
        };
        write_manifest(self.dir(), &manifest).unwrap();
    }

    pub(crate) fn open(&self) -> Result<Recording, RecordingError> {
        Recording::open(self.dir(), &OpenOptions::default())
    }

    /// The message with which opening is refused.
    pub(crate) fn refusal(&self) -> String {
        self.open().unwrap_err().to_string()
    }
}
