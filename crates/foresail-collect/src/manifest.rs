//! `recording.json`: what a recording says about itself.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path};

use foresail_core::{PlatformDuration, TimeScale, Timestamp};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::RecordingError;

/// Name of the manifest.
pub(crate) const MANIFEST: &str = "recording.json";

/// Some editors put this in front of a text; it says nothing.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Longest recording that is read: offsets of samples are milliseconds in 32 bits (49 days).
const LONGEST: PlatformDuration = PlatformDuration::from_seconds(45 * 86_400);

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
        let value: Value = serde_json::from_str(text.trim_start_matches(BYTE_ORDER_MARK))
            .map_err(|error| refused(error.to_string()))?;
        match value.get("format") {
            Some(format) if format.as_u64() == Some(1) => {}
            Some(format) => {
                return Err(RecordingError::Format { path, found: format.to_string() });
            }
            None => return Err(refused("field `format` is missing".to_owned())),
        }
        let manifest = Self::of(&value).map_err(refused)?;
        manifest.check().map_err(refused)?;
        Ok(manifest)
    }

    /// Between two scrapes.
    #[must_use]
    pub fn scrape_interval(&self) -> PlatformDuration {
        PlatformDuration::from_seconds_f64(self.scrape_interval_seconds)
    }

    /// Field by field, so that what is wrong is said with the name of its field.
    fn of(value: &Value) -> Result<Self, String> {
        Ok(Self {
            format: required(value, "format")?,
            name: required(value, "name")?,
            cluster: required(value, "cluster")?,
            kubernetes_version: optional(value, "kubernetes_version")?,
            started_at: required(value, "started_at")?,
            ended_at: required(value, "ended_at")?,
            scrape_interval_seconds: required(value, "scrape_interval_seconds")?,
            time_scale: required(value, "time_scale")?,
            sha256: optional(value, "sha256")?.unwrap_or_default(),
        })
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
        let span = self.ended_at.since(self.started_at);
        if span > LONGEST {
            return Err(format!(
                "fields `started_at` `{}` and `ended_at` `{}` are {:.1} days apart, and a recording spans at most {:.0} days",
                self.started_at,
                self.ended_at,
                span.as_seconds() / 86_400.0,
                LONGEST.as_seconds() / 86_400.0
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

fn required<T: DeserializeOwned>(value: &Value, name: &str) -> Result<T, String> {
    let field = value.get(name).ok_or_else(|| format!("field `{name}` is missing"))?;
    T::deserialize(field).map_err(|error| format!("field `{name}` is `{field}`: {error}"))
}

fn optional<T: DeserializeOwned>(value: &Value, name: &str) -> Result<Option<T>, String> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => required(value, name).map(Some),
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
