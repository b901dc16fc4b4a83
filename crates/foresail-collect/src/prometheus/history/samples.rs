//! Samples alone: for a recording whose objects come from the Kubernetes API.

use std::path::Path;

use super::{FamilyReader, History, HistoryError, HistoryOptions, ObjectStore, OnFamily};
use super::{families, intervals, one_cluster};
use crate::prometheus::catalogue::sample_families;
use crate::prometheus::client::Client;

/// Writes the samples that the server holds of the span below `dir/samples`, a folder that exists.
///
/// # Errors
/// Why there are none. A family that cannot be had is no error but stands in the answer.
pub async fn record_samples(
    client: &Client,
    options: &HistoryOptions,
    dir: &Path,
    on_family: OnFamily<'_>,
) -> Result<History, HistoryError> {
    let mut known = families(client, options).await?;
    one_cluster(client, options).await?;
    let mut history = intervals(client, options, &known).await?;
    let wanted = sample_families();
    known.retain(|family| wanted.contains(family));
    // Nothing is put together from it here.
    let mut store = ObjectStore::new(history.object_interval);
    for (done, family) in known.iter().enumerate() {
        on_family(family, done, known.len());
        let mut reader = FamilyReader { client, options, history: &mut history, family };
        let found = reader.read(dir, &mut store).await?;
        history.families.push(found);
    }
    Ok(history)
}
