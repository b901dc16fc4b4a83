use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    Alarm, AlarmChange, AlarmId, Batch, FailureKind, ModelId, PlatformDuration, Prediction,
    Probability, Tier, TimeScale, Timestamp, Unit, Verdict, WorkloadId, WorkloadKind,
};
use foresail_engine::ledger::OutcomeBrief;
use foresail_engine::{Settings, State};

use super::calibration::{BINS, Models};
use super::scorecard::{LiveTick, Scorecard};
use super::{Drift, Reading};

const DAY: i64 = 86_400;
const WEEK: PlatformDuration = PlatformDuration::from_seconds(7 * DAY);
const CLOCK: (TimeScale, PlatformDuration) = (TimeScale::ONE, WEEK);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + PlatformDuration::from_seconds(seconds)
}

fn unit(number: usize) -> Unit {
    Unit::Workload(WorkloadId {
        namespace: "shop".to_owned(),
        kind: WorkloadKind::Deployment,
        name: format!("cart-{number}"),
    })
}

fn says(number: usize, probability: f64, seconds: i64) -> Prediction {
    Prediction {
        at: at(seconds),
        unit: unit(number),
        pod: None,
        node: None,
        kind: FailureKind::OomKilled,
        horizon: PlatformDuration::from_seconds(6_000),
        verdict: Verdict::Likely {
            probability: Probability::saturating(probability).unwrap(),
            time_to_event: None,
        },
        score: probability,
        basis: None,
        sentence: String::new(),
        evidence: Vec::new(),
        model: ModelId("hazard".to_owned()),
    }
}

fn fails(unit: &Unit, seconds: i64, incident: u32) -> OutcomeBrief<'_> {
    OutcomeBrief {
        unit,
        kind: FailureKind::OomKilled,
        occurred_at: at(seconds),
        settled_at: at(seconds + 1),
        recovered_at: Some(at(seconds + 10)),
        incident,
        primary: true,
    }
}

fn step(
    models: &mut Models,
    (predictions, seconds): (&[Prediction], i64),
    outcomes: &[OutcomeBrief<'_>],
    acted: &BTreeMap<Unit, Vec<Timestamp>>,
) {
    let said = [("the-model", predictions)];
    models.observe((&said, at(seconds)), (outcomes, acted, &BTreeSet::new()), CLOCK);
}

fn settings() -> Settings {
    Settings {
        cluster: "test".to_owned(),
        time_scale: TimeScale::ONE,
        scrape_interval: PlatformDuration::from_seconds(30),
    }
}

#[test]
fn what_was_said_meets_what_happened_an_horizon_later() {
    let mut models = Models::default();
    // Twenty workloads that are said to fail with 0.8; sixteen do.
    let said: Vec<_> = (0..20).map(|number| says(number, 0.8, 0)).collect();
    step(&mut models, (&said, 0), &[], &BTreeMap::new());
    let units: Vec<Unit> = (0..16).map(unit).collect();
    let outcomes: Vec<_> =
        units.iter().enumerate().map(|(n, unit)| fails(unit, 3_000, n as u32)).collect();
    step(&mut models, (&[], 3_001), &outcomes, &BTreeMap::new());
    let early = models.cards(at(3_001));
    assert_eq!(early[0].horizons[0].happened, 16.0);
    step(&mut models, (&[], 7_000), &outcomes, &BTreeMap::new());
    let card = &models.cards(at(7_000))[0];
    let horizon = &card.horizons[0];
    assert_eq!((horizon.minutes, horizon.said, horizon.outcomes), (100, 20.0, 16));
    let bin = horizon.bins.iter().find(|bin| bin.n > 0.0).unwrap();
    assert_eq!((bin.from, bin.to, bin.happened), (0.7, 0.9, Some(0.8)));
    assert!((bin.said.unwrap() - 0.8).abs() < 1e-9);
    assert!((horizon.brier.value().unwrap() - 0.16).abs() < 1e-9);
    assert!(horizon.brier_skill.unwrap().abs() < 1e-9);
}

#[test]
fn a_pair_on_which_somebody_acted_is_left_out() {
    let mut models = Models::default();
    step(&mut models, (&[says(0, 0.8, 0), says(1, 0.8, 0)], 0), &[], &BTreeMap::new());
    let acted = BTreeMap::from([(unit(0), vec![at(60)])]);
    step(&mut models, (&[], 60), &[], &acted);
    step(&mut models, (&[], 7_000), &[], &BTreeMap::new());
    let card = &models.cards(at(7_000))[0];
    assert_eq!((card.horizons[0].said, card.horizons[0].happened), (1.0, 0.0));
}

#[test]
fn few_outcomes_are_too_few_to_tell() {
    let mut models = Models::default();
    step(&mut models, (&[says(0, 0.8, 0)], 0), &[], &BTreeMap::new());
    step(&mut models, (&[], 7_000), &[], &BTreeMap::new());
    let horizon = &models.cards(at(7_000))[0].horizons[0];
    assert_eq!(horizon.brier, Reading::TooFew { have: 0.0, need: 10.0 });
    assert_eq!(horizon.brier_skill, None);
}

#[test]
fn a_model_that_says_other_things_than_at_first_has_drifted() {
    for (later, expected) in [(0.02, "stable"), (0.95, "changed")] {
        let mut models = Models::default();
        for hour in 0..72 {
            let value = if hour < 30 { 0.02 } else { later };
            let said: Vec<_> = (0..20).map(|number| says(number, value, hour * 3_600)).collect();
            step(&mut models, (&said, hour * 3_600), &[], &BTreeMap::new());
            let drift = models.cards(at(hour * 3_600))[0].drift;
            assert_eq!(drift == Drift::NotYet, hour < 48, "at hour {hour}");
        }
        let drift = models.cards(at(71 * 3_600))[0].drift;
        match expected {
            "stable" => assert!(matches!(drift, Drift::Stable(index) if index == 0.0)),
            _ => assert!(matches!(drift, Drift::Changed(index) if index > 1.0), "{drift:?}"),
        }
    }
}

#[test]
fn memory_is_bounded_whatever_a_week_brings() {
    let mut models = Models::default();
    // 30,000 workloads, each with a probability, for a day of samples.
    let said: Vec<_> = (0..30_000).map(|number| says(number, 0.5, 0)).collect();
    let mut largest = 0;
    for sample in 0..40 {
        step(&mut models, (&said, sample * 600), &[], &BTreeMap::new());
        largest = largest.max(rmp_serde::to_vec(&models).unwrap().len());
    }
    // 2,000 of a sample wait for 100 min: 22,000 pairs of about 50 bytes, and their units.
    assert!(largest < 4_000_000, "{largest} bytes");
    let many: Vec<String> = (0..100).map(|number| format!("model-{number}")).collect();
    let all: Vec<(&str, &[Prediction])> =
        many.iter().map(|name| (name.as_str(), &said[..1])).collect();
    let facts = (&[][..], &BTreeMap::new(), &BTreeSet::new());
    models.observe((&all, at(50_000)), facts, CLOCK);
    assert_eq!(models.cards(at(50_000)).len(), 16);
    assert_eq!(models.cards(at(50_000))[0].horizons[0].bins.len(), BINS);
}

#[test]
fn alarms_and_parts_of_the_window_are_bounded() {
    let settings = settings();
    let mut card = Scorecard::new(&settings, WEEK);
    let state = State::new(settings);
    let batch = Batch::default();
    let mut raised = 0;
    let mut largest = 0;
    for hour in 0..24 * 30 {
        // Forty hours of storm, then a month of nothing.
        let changes: Vec<AlarmChange> = (0..if hour < 40 { 1_000 } else { 0 })
            .map(|_| {
                raised += 1;
                AlarmChange::Raised(Box::new(alarm(raised, hour * 3_600)))
            })
            .collect();
        let tick = LiveTick { at: at(hour * 3_600), batch: &batch, alarms: &changes, said: &[] };
        card.observe(&state, tick);
        if hour % 36 == 0 {
            largest = largest.max(rmp_serde::to_vec(&card).unwrap().len());
        }
        let shown = card.card().unwrap();
        let counted = shown.alarms.wrong + shown.alarms.pending;
        match hour {
            39..=168 => assert_eq!(counted, 20_000),
            215.. => assert_eq!(counted, 0),
            _ => {}
        }
    }
    assert!(largest < 3_000_000, "{largest} bytes");
}

#[test]
fn an_alarm_is_pending_until_what_it_says_cannot_come_any_more() {
    use foresail_engine::paging::{AlarmKey, PageFate};
    let settings = settings();
    let mut card = Scorecard::new(&settings, WEEK);
    let state = State::new(settings);
    let batch = Batch::default();
    let mut tick = |seconds: i64, alarms: &[AlarmChange]| {
        card.observe(&state, LiveTick { at: at(seconds), batch: &batch, alarms, said: &[] });
        card.fate(AlarmKey::of(&alarm(7, 0)))
    };
    assert_eq!(tick(0, &[AlarmChange::Raised(Box::new(alarm(7, 0)))]), PageFate::Pending);
    let cleared = [AlarmChange::Cleared { id: AlarmId(7), at: at(600) }];
    assert_eq!(tick(600, &cleared), PageFate::Pending);
    // 15 min after it was cleared an outcome would still have been announced in time.
    assert_eq!(tick(600 + 900, &[]), PageFate::Pending);
    assert_eq!(tick(600 + 900 + 90, &[]), PageFate::False);
}

fn alarm(id: u64, seconds: i64) -> Alarm {
    Alarm {
        id: AlarmId(id),
        raised_at: at(seconds),
        cleared_at: None,
        unit: unit(id as usize % 500),
        pod: None,
        node: None,
        kind: FailureKind::OomKilled,
        tier: Tier::Page,
        score: 0.9,
        probability: None,
        horizon: PlatformDuration::from_seconds(6_000),
        time_to_event: None,
        basis: None,
        sentence: String::new(),
        kubectl: String::new(),
        causes: Vec::new(),
        affected: Vec::new(),
        model: ModelId("hazard".to_owned()),
    }
}
