//! `recording.json`: what a recording says about itself.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path};

use foresail_core::{PlatformDuration, TimeScale, Timestamp};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::RecordingError;

/// Name of the manifest.
pub(crate) const MANIFEST: &str = "recording.json";

/// What a recording says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format; always 1.
    pub format: u64,
    /// Name of the recording.
    pub name: String,
    /// Cluster that was recorded.
    pub cluster: String,
    /// Version of its Kubernetes.
    #[serde(default)]
    pub kubernetes_version: Option<String>,
    /// When recording began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Between two scrapes, in seconds.
    pub scrape_interval_seconds: f64,
    /// How much faster than in production faults develop.
    pub time_scale: TimeScale,
    /// Path in the recording → SHA-256 in hexadecimal.
    #[serde(default)]
    pub sha256: BTreeMap<String, String>,
}

// === impl Manifest ===

impl Manifest {
    /// Reads and checks the manifest of the recording in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<Self, RecordingError> {
        if !dir.is_dir() {
            return Err(RecordingError::NotAFolder { dir: dir.to_owned() });
        }
        let path = dir.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                RecordingError::NoManifest { dir: dir.to_owned() }
            } else {
                RecordingError::read(&path, source)
            }
        })?;
        let refused = |reason: String| RecordingError::Manifest { path: path.clone(), reason };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        match value.get("format") {
            Some(format) if format.as_u64() == Some(1) => {}
            Some(format) => {
                return Err(RecordingError::Format { path, found: format.to_string() });
            }
            None => return Err(refused("field `format` is missing".to_owned())),
        }
        let manifest: Self =
            serde_json::from_value(value).map_err(|error| refused(error.to_string()))?;
        manifest.check().map_err(refused)?;
        Ok(manifest)
    }

    /// Between two scrapes.
    #[must_use]
    pub fn scrape_interval(&self) -> PlatformDuration {
        PlatformDuration::from_seconds_f64(self.scrape_interval_seconds)
    }

    fn check(&self) -> Result<(), String> {
        let seconds = self.scrape_interval_seconds;
        if !(0.001..=86_400.0).contains(&seconds) {
            return Err(format!(
                "field `scrape_interval_seconds` is `{seconds}`, not within 0.001 to 86400"
            ));
        }
        if self.ended_at < self.started_at {
            return Err(format!(
                "field `ended_at` is `{}`, before `started_at` `{}`",
                self.ended_at, self.started_at
            ));
        }
        for path in self.sha256.keys() {
            let outside = Path::new(path)
                .components()
                .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
            if outside {
                return Err(format!(
                    "field `sha256` names `{path}`, which lies outside the recording"
                ));
            }
        }
        Ok(())
    }

    /// Checks every listed file against its hash.
    pub(crate) fn verify(&self, dir: &Path) -> Result<(), RecordingError> {
        self.sha256.par_iter().try_for_each(|(name, expected)| {
            let path = dir.join(name);
            if !path.is_file() {
                return Err(RecordingError::MissingFile { path, reason: "the manifest lists it" });
            }
            let found = sha256_of(&path)?;
            if found.eq_ignore_ascii_case(expected) {
                Ok(())
            } else {
                Err(RecordingError::Hash { path, expected: expected.clone(), found })
            }
        })
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256_of(path: &Path) -> Result<String, RecordingError> {
    let mut file = fs::File::open(path).map_err(|source| RecordingError::read(path, source))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(|source| RecordingError::read(path, source))?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
