//! The same gates on a slice of a shipped recording, where there is one.

use std::path::PathBuf;

use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_engine::Settings;

use crate::causality::{
    Batches, a_restart_changes_nothing, any_split_gives_the_same_bytes, ignores_the_future, policy,
    run,
};

/// Ticks of the slice: the first 12 min, in which the first faults begin.
const SLICE: usize = 150;

fn slice() -> Option<(Settings, Batches)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-1");
    if !folder.join("recording.json").exists() {
        return None;
    }
    let recording = Recording::open(&folder, &OpenOptions::default()).unwrap();
    let replay = recording.replay(ReplayOptions::default());
    let settings = Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: recording.time_scale(),
        scrape_interval: replay.scrape_interval(),
    };
    Some((settings, replay.take(SLICE).collect()))
}

#[test]
fn gate_one_holds_on_a_slice_of_a_shipped_recording() {
    let Some((settings, batches)) = slice() else { return };
    any_split_gives_the_same_bytes(&settings, &batches, &[1, 2_500, 4_000]);
    a_restart_changes_nothing(&settings, &batches, 90);
    let judge = |batches: &Batches| run(&settings, batches, &policy()).0;
    assert!(ignores_the_future(judge, &batches, 100));
}
