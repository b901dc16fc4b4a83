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

/// Alarms of quantities with a limit, with the number of the tick at which each was raised.
fn raised(recording: &Recording, options: ReplayOptions) -> Vec<(String, i64)> {
    let replay = recording.replay(options);
    let (started, step) = (replay.started_at(), replay.scrape_interval());
    let scale = recording.time_scale().get() / options.stretch.unwrap_or(1.0);
    let settings = Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: scale.try_into().unwrap(),
        scrape_interval: step,
    };
    let alarms = foresail_evaluate::replay::alarms(
        (&settings, &foresail_engine::Models::default(), &policy()),
        replay,
        |_, _, _| {},
    );
    alarms
        .iter()
        .filter(|alarm| alarm.basis.is_some())
        .map(|alarm| {
            let tick = alarm.raised_at.since(started).as_millis() / step.as_millis();
            (format!("{} {}", alarm.unit, alarm.kind), tick)
        })
        .collect()
}

/// Holds, back-off and the first minutes are platform time, so a stretched recording can differ in
/// outcomes and in what is raised while everything starts; nine in ten alarms have to agree.
#[test]
fn a_stretched_shipped_recording_raises_nearly_the_same_alarms() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-1");
    if !folder.join("recording.json").exists() {
        return;
    }
    let recording = Recording::open(&folder, &OpenOptions::default()).unwrap();
    let plain = raised(&recording, ReplayOptions::default());
    let options = ReplayOptions { stretch: Some(10.0), ..ReplayOptions::default() };
    let stretched = raised(&recording, options);
    let found = plain
        .iter()
        .filter(|(name, tick)| {
            stretched.iter().any(|(other, then)| name == other && (tick - then).abs() <= 2)
        })
        .count();
    assert!(!plain.is_empty());
    assert!(found * 10 >= plain.len() * 9, "{found} of {} alarms agree", plain.len());
}
