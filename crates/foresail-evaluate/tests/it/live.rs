//! The scorecard of a running service against the back-test of the same ticks.

use std::path::PathBuf;

use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::{AlarmChange, Batch, FailureKind, KindClass, PlatformDuration, Prediction};
use foresail_engine::paging::{AlarmKey, PageFate};
use foresail_engine::{EngineAssessment, Models, Policy, Settings, State, assess};
use foresail_evaluate::incident::Ground;
use foresail_evaluate::live::{AlarmCounts, LiveTick, Scorecard};
use foresail_evaluate::matching::{Judgement, Raised, judge};
use foresail_evaluate::replay::{self, Scorer};
use foresail_evaluate::result::AlarmFate;
use foresail_evaluate::trace::Trace;

const WEEK: PlatformDuration = PlatformDuration::from_seconds(7 * 86_400);
/// Ticks that are compared: the first 45 min (7.5 h of fault time), in which 35 workloads fail.
const TICKS: usize = 900;

/// The running service beside the replay: the same engine and policy, scored tick by tick.
struct Service {
    last: Option<EngineAssessment>,
    card: Scorecard,
    alarms: Vec<foresail_core::Alarm>,
    restarts_at: usize,
    ticks: usize,
}

// === impl Scorer ===

impl Scorer for Service {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn step(
        &mut self,
        state: &State,
        batch: &Batch,
        at: foresail_core::Timestamp,
    ) -> Vec<Vec<Prediction>> {
        let both = (&Models::default(), &Policy::default());
        let said = assess(state, self.last.as_ref(), at, both);
        for change in &said.alarms {
            match change {
                AlarmChange::Raised(alarm) => self.alarms.push((**alarm).clone()),
                AlarmChange::Cleared { id, at } => {
                    let alarm = self.alarms.iter_mut().rev().find(|one| one.id == *id);
                    alarm.unwrap().cleared_at = Some(*at);
                }
                AlarmChange::Renewed { .. } | AlarmChange::Folded { .. } => {}
            }
        }
        self.ticks += 1;
        if self.ticks == self.restarts_at {
            let kept = rmp_serde::to_vec_named(&self.card).unwrap();
            self.card = rmp_serde::from_slice(&kept).unwrap();
        }
        let spoken: [(&str, &[Prediction]); 1] = [("first-passage", &said.predictions)];
        self.card.observe(state, LiveTick { at, batch, alarms: &said.alarms, said: &spoken });
        self.last = Some(said);
        Vec::new()
    }
}

fn counts(judgement: &Judgement) -> AlarmCounts {
    let mut counts = AlarmCounts::default();
    for judged in &judgement.alarms {
        match (judged.raised.kind.class(), judged.fate) {
            (KindClass::Metric | KindClass::Change, _) => counts.unjudged += 1,
            (KindClass::ApiFact, AlarmFate::Hit) => counts.hit += 1,
            (KindClass::ApiFact, AlarmFate::False | AlarmFate::Early) => counts.wrong += 1,
            (KindClass::ApiFact, AlarmFate::Late) => counts.late += 1,
            (KindClass::ApiFact, AlarmFate::Intervened) => counts.intervened += 1,
            (KindClass::ApiFact, AlarmFate::Blackout) => counts.blackout += 1,
            (KindClass::ApiFact, AlarmFate::Nuisance) => counts.nuisance += 1,
        }
    }
    counts
}

fn replayed(name: &str) -> Option<(Trace, Service)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
    if !folder.join("recording.json").exists() {
        return None;
    }
    let recording = Recording::open(&folder, &OpenOptions::default()).unwrap();
    let batches = recording.replay(ReplayOptions::default());
    let settings = Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: recording.time_scale(),
        scrape_interval: batches.scrape_interval(),
    };
    let mut service = Service {
        last: None,
        card: Scorecard::new(&settings, WEEK),
        alarms: Vec::new(),
        restarts_at: TICKS / 2,
        ticks: 0,
    };
    let models = Models::default();
    let trace = replay::run((&settings, &models), batches.take(TICKS), &mut service, &|| ());
    Some((trace, service))
}

#[test]
fn the_scorecard_agrees_with_the_backtest_on_the_same_alarms() {
    let Some((trace, service)) = replayed("lab-1") else { return };
    let ground = Ground::new(&trace, None);
    let raised: Vec<Raised> =
        service.alarms.iter().filter_map(|alarm| Raised::new(&trace, alarm)).collect();
    let judgement = judge(&ground, &raised);
    let expected = counts(&judgement);
    let card = service.card.card().unwrap();
    let found = card.alarms;
    // An alarm whose time is not over is pending here and false there: a recording just ends.
    let known = AlarmCounts { wrong: found.wrong + found.pending, pending: 0, ..found };
    assert_eq!(known, expected, "{card:#?}");
    let incidents = ground.incidents.iter().filter(|one| one.is_headline()).count();
    assert!(incidents >= 8, "{incidents}");
    assert_eq!(card.outcomes as usize, incidents);
    assert_eq!(card.caught as usize, judgement.matched.iter().flatten().count());
    let right = judgement.matched_right_kind.iter().flatten().count();
    assert_eq!(card.caught_right_kind as usize, right);
    assert!(card.caught > 0 && found.wrong > 0, "{card:#?}");
    assert_eq!(service.card.outcomes_scored(), incidents as u64);
    // What fails is known a little after it failed, and counts as observed until then.
    let ratio = card.pod_days / ground.pod_days();
    assert!((1.0..1.02).contains(&ratio), "{ratio}");
    for (alarm, judged) in service
        .alarms
        .iter()
        .filter(|one| is_fact(one.kind))
        .zip(judgement.alarms.iter().filter(|one| is_fact(one.raised.kind)))
    {
        let fate = service.card.fate(AlarmKey::of(alarm));
        assert_eq!(judged.fate != AlarmFate::False, fate == PageFate::NotFalse);
    }
}

fn is_fact(kind: FailureKind) -> bool {
    matches!(kind.class(), KindClass::ApiFact)
}
