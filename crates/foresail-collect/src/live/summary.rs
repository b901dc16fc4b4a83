//! The kubelet's `/stats/summary`: how much local storage each pod takes.

use std::ops::ControlFlow;

use foresail_core::{Entity, Quantity, Timestamp};
use serde::Deserialize;

use crate::prometheus::split::{Piece, Splitter};

/// Longest description of one pod: a hundred containers and volumes.
const POD_BYTES: usize = 1 << 19;

/// The pods of a summary under way.
#[derive(Debug)]
pub(super) struct Summary {
    splitter: Splitter,
    pub(super) pods: Vec<PodStorage>,
    pub(super) left_out: u64,
}

/// What a pod takes.
#[derive(Debug, PartialEq)]
pub(super) struct PodStorage {
    pub(super) namespace: String,
    pub(super) pod: String,
    ephemeral: Option<Usage>,
    volumes: Vec<(String, Usage)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Usage {
    at: Option<Timestamp>,
    bytes: f64,
}

#[derive(Deserialize)]
struct PodStats {
    #[serde(rename = "podRef")]
    pod: PodReference,
    #[serde(rename = "ephemeral-storage")]
    ephemeral: Option<FileSystem>,
    #[serde(rename = "volume", default)]
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
struct PodReference {
    name: String,
    namespace: String,
}

#[derive(Deserialize)]
struct FileSystem {
    time: Option<Timestamp>,
    #[serde(rename = "usedBytes")]
    used: Option<f64>,
}

#[derive(Deserialize)]
struct Volume {
    name: String,
    #[serde(rename = "pvcRef")]
    claim: Option<serde_json::Value>,
    #[serde(flatten)]
    files: FileSystem,
}

// === impl Summary ===

impl Summary {
    pub(super) fn new() -> Self {
        let splitter = Splitter::new(&["pods"], POD_BYTES);
        Self { splitter, pods: Vec::new(), left_out: 0 }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Self { splitter, pods, left_out } = self;
        let taken = splitter.push(bytes, &mut |piece| {
            let stats = match piece {
                Piece::Element(bytes) => serde_json::from_slice::<PodStats>(bytes).ok(),
                Piece::TooLong(_) => None,
            };
            match stats {
                Some(stats) => pods.push(stats.into()),
                None => *left_out += 1,
            }
            ControlFlow::Continue(())
        });
        match taken {
            Ok(_) => Ok(()),
            Err(_) => Err("what stands around its pods is too long".to_owned()),
        }
    }

    /// Whether the document is whole.
    pub(super) fn finish(&self) -> Result<(), String> {
        let whole = serde_json::from_slice::<serde::de::IgnoredAny>(self.splitter.envelope());
        whole.map(|_| ()).map_err(|error| format!("it is no summary: {error}"))
    }
}

// === impl PodStorage ===

impl PodStorage {
    /// The quantities that it gives. `empty_dirs` are the names of the pod's emptyDir volumes.
    pub(super) fn quantities(
        &self,
        empty_dirs: &[String],
        scraped_at: Timestamp,
    ) -> impl Iterator<Item = (Entity, Quantity, Timestamp, f64)> {
        let at = |usage: Usage| usage.at.unwrap_or(scraped_at);
        let ephemeral =
            self.ephemeral.map(|usage| (Quantity::EphemeralStorage, at(usage), usage.bytes));
        let own = self.volumes.iter().filter(|(name, _)| empty_dirs.contains(name));
        let own: Vec<Usage> = own.map(|(_, usage)| *usage).collect();
        let latest = own.iter().map(|usage| at(*usage)).max();
        let bytes: f64 = own.iter().map(|usage| usage.bytes).sum();
        let empty = latest.map(|at| (Quantity::EmptyDirUsed, at, bytes));
        let entity = Entity::Pod { namespace: self.namespace.clone(), pod: self.pod.clone() };
        let given = ephemeral.into_iter().chain(empty);
        given.map(move |(quantity, at, value)| (entity.clone(), quantity, at, value))
    }
}

impl From<PodStats> for PodStorage {
    fn from(stats: PodStats) -> Self {
        let usage = |files: &FileSystem| Some(Usage { at: files.time, bytes: files.used? });
        let volumes = stats.volumes.into_iter().flatten().filter(|volume| volume.claim.is_none());
        let volumes =
            volumes.filter_map(|volume| Some((volume.name.clone(), usage(&volume.files)?)));
        Self {
            namespace: stats.pod.namespace,
            pod: stats.pod.name,
            ephemeral: stats.ephemeral.as_ref().and_then(usage),
            volumes: volumes.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = r#"{"node":{"nodeName":"n"},"pods":[
        {"podRef":{"name":"cart-0","namespace":"shop","uid":"u"},"containers":[{"name":"app"}],
         "volume":[{"time":"2026-11-24T10:00:00Z","usedBytes":100,"name":"cache"},
                   {"time":"2026-11-24T10:00:10Z","usedBytes":20,"name":"scratch"},
                   {"usedBytes":7,"name":"token"},{"usedBytes":9,"name":"cache","pvcRef":{"name":"x"}}],
         "ephemeral-storage":{"time":"2026-11-24T10:00:05Z","availableBytes":5,"usedBytes":300}},
        {"podRef":{"name":"new","namespace":"shop"}}, {"podRef":17}]}"#;

    #[test]
    fn local_storage_of_pods_is_read_wherever_the_pieces_end() {
        for size in [1, 13, 4_096] {
            let mut summary = Summary::new();
            SUMMARY.as_bytes().chunks(size).for_each(|chunk| summary.push(chunk).unwrap());
            summary.finish().unwrap();
            assert_eq!((summary.pods.len(), summary.left_out), (2, 1));
            let own = ["cache".to_owned(), "scratch".to_owned()];
            let found: Vec<_> = summary.pods[0]
                .quantities(&own, Timestamp::default())
                .map(|(_, quantity, at, value)| (quantity, at.to_string(), value))
                .collect();
            assert_eq!(
                found,
                [
                    (Quantity::EphemeralStorage, "2026-11-24T10:00:05.000Z".to_owned(), 300.0),
                    (Quantity::EmptyDirUsed, "2026-11-24T10:00:10.000Z".to_owned(), 120.0),
                ]
            );
            assert_eq!(summary.pods[1].quantities(&own, Timestamp::default()).count(), 0);
        }
    }

    #[test]
    fn half_a_summary_is_none() {
        let mut summary = Summary::new();
        summary.push(&SUMMARY.as_bytes()[..SUMMARY.len() - 2]).unwrap();
        assert!(summary.finish().is_err());
    }
}
