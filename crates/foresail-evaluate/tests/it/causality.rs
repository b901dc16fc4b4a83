//! Gate 1: what is said at a time depends on what was visible by then, and on nothing else.

use std::path::Path;
use std::sync::LazyLock;

use foresail_core::{Batch, PlatformDuration, Timestamp};
use foresail_engine::{EngineAssessment, Models, Policy, Settings, State, assess};
use foresail_evaluate::learned::StoredModel;

use crate::synthetic::{LABORATORY, batches, settings};

pub type Batches = Vec<(Timestamp, Batch)>;

/// The model that is built into the program: the whole of what the service says has to be causal.
static MODELS: LazyLock<Models> = LazyLock::new(|| {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../foresail/model/default.model");
    let stored = StoredModel::read(Path::new(file)).unwrap();
    Models { learned: Some(stored.model), ..Models::default() }
});

pub fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.alarm.threshold = 0.2;
    policy
}

/// The bytes of every assessment, and of the state at the end.
pub fn run(settings: &Settings, batches: &Batches, policy: &Policy) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut state = State::new(settings.clone());
    let mut parent = None;
    let mut said = Vec::new();
    for (at, batch) in batches {
        state.observe(batch);
        let assessment = assess(&state, parent.as_ref(), *at, (&*MODELS, policy));
        said.push(rmp_serde::to_vec_named(&assessment).unwrap());
        parent = Some(assessment);
    }
    (said, rmp_serde::to_vec_named(&state).unwrap())
}

/// Whether a way to judge says the same up to tick `known` when everything after it is changed.
pub fn ignores_the_future(
    judge: impl Fn(&Batches) -> Vec<Vec<u8>>,
    batches: &Batches,
    known: usize,
) -> bool {
    let mut changed = batches.clone();
    for (_, batch) in changed.iter_mut().skip(known + 1) {
        for sample in &mut batch.samples {
            sample.value = sample.value * 2.0 + 1.0;
        }
        batch.objects.clear();
        batch.events.clear();
    }
    judge(batches)[..=known] == judge(&changed)[..=known]
}

/// The batch cut in two at `cut`: what is visible by then, and the rest.
fn split(batch: &Batch, lag: PlatformDuration, cut: Timestamp) -> [Batch; 2] {
    let mut early = Batch { until: cut, entities: batch.entities.clone(), ..Batch::default() };
    let mut late = Batch { until: batch.until, ..Batch::default() };
    let part = |visible: Timestamp| visible <= cut;
    for sample in &batch.samples {
        if part(sample.at + lag) { early.samples.push(*sample) } else { late.samples.push(*sample) }
    }
    for call in &batch.calls {
        let list = if part(call.at + lag) { &mut early } else { &mut late };
        list.calls.push(call.clone());
    }
    for change in &batch.objects {
        let list = if part(change.observed_at) { &mut early } else { &mut late };
        list.objects.push(change.clone());
    }
    for event in &batch.events {
        let list = if part(event.observed_at) { &mut early } else { &mut late };
        list.events.push(event.clone());
    }
    for line in &batch.logs {
        let list = if part(line.at + Settings::LOG_LAG) { &mut early } else { &mut late };
        list.logs.push(line.clone());
    }
    late.logs_dropped = batch.logs_dropped;
    [early, late]
}

pub fn any_split_gives_the_same_bytes(settings: &Settings, batches: &Batches, cuts: &[i64]) {
    let (said, bytes) = run(settings, batches, &policy());
    let mut state = State::new(settings.clone());
    let mut parent: Option<EngineAssessment> = None;
    for (number, (at, batch)) in batches.iter().enumerate() {
        let back = PlatformDuration::from_millis(cuts[number % cuts.len()]);
        for part in split(batch, settings.sample_lag(), *at - back) {
            state.observe(&part);
        }
        let assessment = assess(&state, parent.as_ref(), *at, (&*MODELS, &policy()));
        assert!(rmp_serde::to_vec_named(&assessment).unwrap() == said[number], "tick {number}");
        parent = Some(assessment);
    }
    assert!(rmp_serde::to_vec_named(&state).unwrap() == bytes, "state bytes differ");
}

pub fn a_restart_changes_nothing(settings: &Settings, batches: &Batches, restart: usize) {
    let (said, bytes) = run(settings, batches, &policy());
    let mut state = State::new(settings.clone());
    let mut parent: Option<EngineAssessment> = None;
    for (number, (at, batch)) in batches.iter().enumerate() {
        state.observe(batch);
        let assessment = assess(&state, parent.as_ref(), *at, (&*MODELS, &policy()));
        assert!(rmp_serde::to_vec_named(&assessment).unwrap() == said[number], "tick {number}");
        parent = Some(assessment);
        if number == restart {
            let saved = rmp_serde::to_vec_named(&(&state, &parent)).unwrap();
            (state, parent) = rmp_serde::from_slice(&saved).unwrap();
        }
    }
    assert!(rmp_serde::to_vec_named(&state).unwrap() == bytes, "state bytes differ");
}

#[test]
fn any_split_of_the_synthetic_recording_gives_the_same_bytes() {
    for cuts in [[0, 0, 0], [1, 999, 2_500], [4_000, 10, 3_000]] {
        any_split_gives_the_same_bytes(&settings(LABORATORY), &batches(LABORATORY), &cuts);
    }
}

#[test]
fn the_synthetic_recording_survives_a_restart_at_any_tick() {
    for restart in [0, 1, 77, 240, 300, 478] {
        a_restart_changes_nothing(&settings(LABORATORY), &batches(LABORATORY), restart);
    }
}

#[test]
fn nothing_said_depends_on_what_comes_later() {
    let settings = settings(LABORATORY);
    let judge = |batches: &Batches| run(&settings, batches, &policy()).0;
    for known in [10, 150, 260, 400] {
        assert!(ignores_the_future(judge, &batches(LABORATORY), known), "tick {known}");
    }
}

#[test]
fn the_gate_fails_on_a_planted_look_into_the_future() {
    // A judge that scales by the highest value of the whole recording: a common leak.
    let peek = |batches: &Batches| -> Vec<Vec<u8>> {
        let highest = batches
            .iter()
            .flat_map(|(_, batch)| &batch.samples)
            .map(|sample| sample.value)
            .fold(0.0, f64::max);
        batches
            .iter()
            .map(|(_, batch)| {
                let last = batch.samples.last().map_or(0.0, |sample| sample.value);
                (last / highest).to_le_bytes().to_vec()
            })
            .collect()
    };
    assert!(!ignores_the_future(peek, &batches(LABORATORY), 150));
}

#[test]
fn the_synthetic_leaks_are_announced_and_the_calm_is_not() {
    let settings = settings(LABORATORY);
    let alarms = foresail_evaluate::replay::alarms(
        (&settings, &*MODELS, &policy()),
        batches(LABORATORY).into_iter(),
        |_, _, _| {},
    );
    let leaking: std::collections::BTreeSet<_> =
        alarms.iter().map(|alarm| alarm.unit.to_string()).collect();
    assert!(leaking.contains("shop/cart"), "{leaking:?}");
    assert!(leaking.contains("shop/search"), "{leaking:?}");
}
