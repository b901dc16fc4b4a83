//! A made-up result of realistic size, with hostile names.

use std::collections::BTreeMap;

use foresail_core::{
    Alarm, AlarmId, FailureKind, Horizon, ModelId, Probability, Tier, Timestamp, Unit, WorkloadId,
    WorkloadKind,
};

use crate::result::*;

/// A name that a pod may not have and a report must survive.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>";

/// Failure of the stories, in milliseconds since the epoch: 2026-03-01T12:00:00Z.
const ZERO: i64 = 1_772_366_400_000;

/// At production minute `minute` of a story, at time scale 10.
fn at(minute: f64) -> Timestamp {
    Timestamp::from_millis(ZERO + (minute * 6_000.0) as i64)
}

fn estimate(value: f64, low: f64, high: f64, n: f64) -> Estimate {
    Estimate { value, low: Some(low), high: Some(high), n }
}

fn shown() -> Scope {
    Scope::Recording("lab-4".to_owned())
}

/// One line of the table in short: name, title, caught of 44, false alarms per pod-day, lead.
struct Line(&'static str, &'static str, u32, f64, Option<f64>);

fn row(line: &Line, kind: MethodKind, variant: Variant) -> Row {
    let Line(name, title, caught, rate, lead) = *line;
    let share = f64::from(caught) / 44.0;
    let around = |v: f64, d: f64| estimate(v, (v - d).max(0.0), (v + d).min(1.0), 44.0);
    let false_alarms = (rate * 19.4).round() as u32;
    let precision = f64::from(caught) / f64::from((caught + false_alarms).max(1));
    Row {
        method: Method { name: name.into(), title: title.into(), kind, variant },
        settings: "window 20 min, gate 60 %".into(),
        reading: RowReading::OperatingPoint,
        split: Split::TrainingToJudged,
        scope: shown(),
        budget: (variant == Variant::Tuned).then_some(0.5),
        not_measurable: None,
        threshold: Some(0.42),
        counts: Counts {
            incidents: 77,
            reachable: 44,
            precursor: 51,
            no_precursor: 18,
            unknown: 8,
            alarms: caught + false_alarms + 9,
            hits: caught,
            hits_right_kind: caught * 3 / 4,
            reachable_matched: caught,
            reachable_matched_right_kind: caught * 3 / 4,
            false_alarms,
            false_on_look_alikes: false_alarms * 2 / 3,
            late: 4,
            early: 2,
            intervened: 1,
            nuisance: 2,
            ..Counts::default()
        },
        pod_days: 19.4,
        recall: Some(around(share, 0.14)),
        recall_right_kind: Some(around(share * 0.75, 0.12)),
        recall_at_lead_multiples: [None; 3],
        precision: (caught + false_alarms > 0).then(|| around(precision, 0.13)),
        false_per_pod_day: Some(Estimate {
            value: rate,
            low: Some(rate * 0.6),
            high: Some(rate * 1.5 + 0.15),
            n: 19.4,
        }),
        false_per_look_alike: Some(0.08),
        false_per_quiet_pod_day: None,
        time_in_warning: Some(rate * 0.06),
        lead_median_production_minutes: lead,
        lead_p10_production_minutes: lead.map(|lead| lead / 2.0),
        event_pr_auc: Some(0.21),
        skill: Some(0.2),
        recall_of_shifted_alarms: Some(0.05),
        skill_refused: None,
        prevalence: Some(Prevalence {
            incidents_per_pod_day: 3.97,
            look_alikes_per_pod_day: Some(5.2),
            precision_at_0_1: Some(0.058),
            precision_at_0_01: Some(0.006),
            quiet_pages_per_day_100_pods: Some(21.4),
            quiet_pages_per_day_1000_pods: Some(214.0),
        }),
        paired: Vec::new(),
    }
}

fn rows() -> Vec<Row> {
    use MethodKind::{Baseline, Reference};
    use Variant::{AsShipped, Tuned};
    let lines = [
        (
            Line("predict_linear", "predict_linear, every limit", 16, 0.67, Some(31.0)),
            Baseline,
            Tuned,
        ),
        (Line("memory_ttl_sticky", "memory 1/TTL, sticky", 8, 0.55, Some(25.4)), Baseline, Tuned),
        (Line("signature", "largest one-sided feature", 5, 0.49, Some(19.0)), Baseline, Tuned),
        (Line("mad", "median absolute deviation", 3, 0.52, Some(14.0)), Baseline, Tuned),
        (Line("static_90", "CPU or memory above 90 %", 4, 0.93, Some(11.5)), Baseline, AsShipped),
        (Line("stock_rules", "stock alert rules", 0, 0.16, None), Baseline, AsShipped),
        (
            Line("random", "random, equal time in warning", 1, 0.61, Some(22.0)),
            Reference,
            AsShipped,
        ),
        (Line("never", "never", 0, 0.0, None), Reference, AsShipped),
    ];
    let subject = Line("first_passage", "Foresail, first passage", 13, 0.58, Some(28.2));
    let mut first = row(&subject, MethodKind::Engine, Tuned);
    first.paired = lines
        .iter()
        .map(|(line, _, variant)| {
            let value = (13.0 - f64::from(line.2)) / 44.0;
            let difference = estimate(value, value - 0.15, value + 0.14, 44.0);
            Paired { other: line.0.to_owned(), other_variant: *variant, difference }
        })
        .collect();
    let mut out = vec![first];
    out.extend(lines.iter().map(|(line, kind, variant)| row(line, *kind, *variant)));
    let pooled = out.iter().take(3).map(|row| Row {
        scope: Scope::PooledTraining,
        split: Split::LeaveOneRecordingOut,
        ..row.clone()
    });
    let pooled: Vec<_> = pooled.collect();
    let mut tight = out[0].clone();
    tight.budget = Some(0.1);
    tight.not_measurable = Some("only 19.4 pod-days, a budget of 0.1 needs 30".to_owned());
    out.extend(pooled);
    out.push(tight);
    out
}

fn curves() -> Curves {
    let methods = ["first_passage", "predict_linear", "memory_ttl_sticky", "signature", "mad"];
    let reach = [0.52, 0.58, 0.41, 0.3, 0.2];
    let event_pr = methods.iter().zip(reach).map(|(method, reach)| EventPrCurve {
        method: (*method).to_owned(),
        scope: shown(),
        auc: Some(0.2),
        points: (1..=30)
            .map(|step| {
                let share = f64::from(step) / 30.0;
                PrPoint {
                    threshold: 1.0 - share,
                    recall: share * reach,
                    precision: Some(0.95 - 0.5 * share * share - 0.08 * (share * 19.0).sin().abs()),
                    false_per_pod_day: share,
                    time_in_warning: 0.04,
                    within_limits: true,
                }
            })
            .collect(),
    });
    let lead = methods.iter().zip(reach).map(|(method, reach)| LeadCurve {
        method: (*method).to_owned(),
        variant: "tuned".to_owned(),
        scope: shown(),
        budget: Some(0.5),
        points: (0..=50)
            .map(|step| {
                let lead = f64::from(step) * 2.0;
                let late = ((lead - 8.0) / 30.0).max(0.0);
                LeadPoint { lead_production_minutes: lead, recall: reach * 0.6 * (-late).exp() }
            })
            .collect(),
    });
    let bins = (0..15)
        .map(|bin| {
            let said = (f64::from(bin) / 14.0).powi(3) * 0.93;
            ReliabilityBin { said, happened: said * 0.78 + 0.002, n: 3_000 }
        })
        .collect();
    let reliability =
        vec![ReliabilityCurve { scope: shown(), horizon_production_minutes: 100.0, bins }];
    Curves { event_pr: event_pr.collect(), lead: lead.collect(), reliability }
}

fn workload(name: &str) -> Unit {
    let namespace = "shop".to_owned();
    Unit::Workload(WorkloadId { namespace, kind: WorkloadKind::Deployment, name: name.to_owned() })
}

fn series(value: impl Fn(f64) -> Option<f64>) -> Vec<SeriesPoint> {
    (-600..=120)
        .map(|step| f64::from(step) / 6.0)
        .map(|minute| SeriesPoint { at: at(minute), value: value(minute) })
        .collect()
}

/// Small repeatable unrest.
fn noise(minute: f64) -> f64 {
    (minute * 3.1).sin() + (minute * 7.7).cos() * 0.7
}

fn incident(name: &str, fate: IncidentFate, lead: Option<f64>) -> JudgedIncident {
    JudgedIncident {
        number: 12,
        unit: workload(name),
        kind: FailureKind::OomKilled,
        occurred_at: at(0.0),
        recovered_at: Some(at(4.0)),
        precursor: Precursor::Bearing,
        reachable: true,
        not_reachable_because: None,
        episode: Some("mem_leak".to_owned()),
        fault_began_at: Some(at(-72.0)),
        fate,
        right_kind: lead.is_some(),
        lead_production_minutes: lead,
        alarm: None,
        highest_score_before: Some(0.3),
        reason: String::new(),
        outcomes: Vec::new(),
    }
}

fn alarm(name: &str, raised: f64, ended: f64, fate: AlarmFate) -> JudgedAlarm {
    let alarm = Alarm {
        id: AlarmId(3),
        raised_at: at(raised),
        cleared_at: Some(at(ended)),
        unit: workload(name),
        pod: Some(format!("{name}-7d9f8b6c5-x2x9q")),
        node: Some("worker-2".to_owned()),
        kind: FailureKind::OomKilled,
        tier: Tier::Page,
        score: 0.71,
        probability: Probability::saturating(0.71),
        horizon: Horizon::from_seconds(600),
        time_to_event: None,
        basis: None,
        sentence: format!(
            "{name} will be OOM-killed in about 31 min: memory 178 MiB of 256 MiB, growing 2.5 MiB a minute"
        ),
        kubectl: format!("kubectl -n shop top pod -l app={name} --containers"),
        causes: Vec::new(),
        affected: Vec::new(),
        model: ModelId("first_passage".to_owned()),
    };
    JudgedAlarm {
        alarm,
        ended_at: at(ended),
        fate,
        incident: Some(12),
        right_kind: true,
        lead_production_minutes: Some(-raised),
        episode: None,
    }
}

/// The memory of a story in MiB, and the probability, by production minute.
struct Shape {
    memory: fn(f64) -> Option<f64>,
    probability: fn(f64) -> Option<f64>,
}

fn timeline(story: TimelineStory, name: &str, shape: &Shape) -> Timeline {
    let mebibytes = |value: f64| value * 1_048_576.0;
    Timeline {
        story,
        title: format!("shop/{name} was OOM-killed"),
        reason: String::new(),
        unit: workload(name),
        time_scale: 10.0,
        from: at(-100.0),
        to: at(20.0),
        levels: vec![LevelSeries {
            quantity: "memory_working_set".to_owned(),
            unit: "bytes".to_owned(),
            object: format!("{name}-7d9f8b6c5-x2x9q / app"),
            level: series(|minute| (shape.memory)(minute).map(mebibytes)),
            limit: series(|_| Some(mebibytes(256.0))),
        }],
        score: series(shape.probability),
        probability: series(shape.probability),
        threshold: 0.42,
        alarm: None,
        incident: None,
        deadline: Some(at(-10.0)),
        annotations: vec![episode(-72.0, "mem_leak")],
    }
}

fn episode(began: f64, kind: &str) -> Annotation {
    let (source, text) = (AnnotationSource::Truth, kind.to_owned());
    Annotation { at: at(began), until: Some(at(0.0)), source, text }
}

fn leak(minute: f64) -> Option<f64> {
    let level = match minute {
        m if m < -72.0 => 78.0 + noise(m) * 2.0,
        m if m < 0.0 => 78.0 + (m + 72.0) * 2.45 + noise(m) * 3.0,
        m if m < 2.0 => return None,
        m => 70.0 + noise(m) * 2.0,
    };
    Some(level)
}

fn rising(minute: f64) -> Option<f64> {
    let level = match minute {
        m if m < -60.0 => 0.01,
        m if m < 0.0 => (0.95 / (1.0 + (-(m + 45.0) / 7.0).exp())).min(0.95),
        _ => 0.02,
    };
    Some(level)
}

fn jump(minute: f64) -> Option<f64> {
    let level = match minute {
        m if m < -6.0 => 90.0 + noise(m) * 2.0,
        m if m < 0.0 => 90.0 + (m + 6.0) * 27.0,
        m if m < 2.0 => return None,
        m => 70.0 + noise(m) * 2.0,
    };
    Some(level)
}

fn warm_up(minute: f64) -> Option<f64> {
    let risen = ((minute + 50.0) / 18.0).max(0.0);
    Some(110.0 + 115.0 * (1.0 - (-risen).exp()) + noise(minute) * 2.0)
}

fn timelines() -> Vec<Timeline> {
    let mut caught =
        timeline(TimelineStory::Caught, "cart", &Shape { memory: leak, probability: rising });
    caught.reason = "Memory grew 2.5 MiB a minute for 27 production minutes; the alarm said 71 % \
                     within the horizon, 44 production minutes before the kill."
        .to_owned();
    caught.alarm = Some(alarm("cart", -44.0, 0.0, AlarmFate::Hit));
    caught.incident = Some(incident("cart", IncidentFate::Caught, Some(44.0)));

    let quick = |minute: f64| Some(if (-4.0..0.0).contains(&minute) { 0.8 } else { 0.02 });
    let mut late =
        timeline(TimelineStory::Late, HOSTILE, &Shape { memory: jump, probability: quick });
    late.reason =
        "Memory rose from 90 to 252 MiB in 6 production minutes; the alarm came 4 minutes \
                   before the kill and 10 are needed."
            .to_owned();
    late.alarm = Some(alarm(HOSTILE, -4.0, 0.0, AlarmFate::Late));
    late.incident = Some(incident(HOSTILE, IncidentFate::Late, Some(4.0)));
    late.annotations = vec![episode(-12.0, "cpu_ramp")];

    let calm = |minute: f64| Some(0.12 + 0.04 * noise(minute / 5.0).abs());
    let mut missed =
        timeline(TimelineStory::Missed, "checkout", &Shape { memory: warm_up, probability: calm });
    missed.title = "shop/checkout lost readiness".to_owned();
    missed.reason = "Its connection pool ran dry, which no collected quantity shows; the score \
                     never passed 0.18 against a threshold of 0.42."
        .to_owned();
    missed.incident = Some(incident("checkout", IncidentFate::Missed, None));

    let scare = |minute: f64| Some(if (-46.0..-20.0).contains(&minute) { 0.55 } else { 0.05 });
    let mut wrong =
        timeline(TimelineStory::False, "search", &Shape { memory: warm_up, probability: scare });
    wrong.title = "shop/search filled its cache and stopped".to_owned();
    wrong.reason = "A cache warm-up looked like a leak for 26 production minutes, then levelled \
                    off at 88 % of the limit."
        .to_owned();
    wrong.alarm = Some(alarm("search", -46.0, -20.0, AlarmFate::False));
    wrong.deadline = None;
    wrong.annotations = vec![episode(-50.0, "cache_warmup")];
    vec![caught, late, missed, wrong]
}

fn recording(name: &str, role: Role) -> RecordingSummary {
    RecordingSummary {
        name: name.to_owned(),
        role,
        cluster: "lab-kubernetes-1.34".to_owned(),
        started_at: at(-1_000.0),
        ended_at: at(830.0),
        time_scale: 10.0,
        scrape_interval_seconds: 5.0,
        ticks: 2_196,
        units: 21,
        pods: 63,
        pod_days: 19.4,
        quiet_pod_days: Some(11.2),
        look_alikes: Some(101),
        truth: true,
        incidents: 77,
        change_incidents: 12,
        precursor: 51,
        reachable: 44,
        no_precursor: 18,
        unknown: 8,
        outcomes: vec![
            OutcomeCount { kind: "oom_killed".to_owned(), outcomes: 41, primary: 33 },
            OutcomeCount { kind: "not_ready".to_owned(), outcomes: 60, primary: 17 },
        ],
        sha256: BTreeMap::from([
            ("events.jsonl.gz".to_owned(), "9f86d081884c7d659a2feaa0c55ad015".repeat(2)),
            ("samples/0.parquet".to_owned(), "60303ae22b998861bce3b28f33eec1be".repeat(2)),
        ]),
    }
}

fn kinds() -> Vec<KindRow> {
    let kinds = [
        ("oom_killed", 21, 9, 9),
        ("evicted", 5, 3, 1),
        ("error_exit", 7, 1, 0),
        ("not_ready", 11, 0, 0),
    ];
    kinds
        .map(|(kind, reachable, caught, right)| KindRow {
            scope: shown(),
            budget: 0.5,
            kind: kind.to_owned(),
            incidents: reachable + 8,
            reachable,
            caught,
            caught_right_kind: right,
            alarms: caught + 6,
            false_alarms: 4,
            recall: None,
        })
        .to_vec()
}

/// A whole result.
pub(crate) fn result() -> BacktestResult {
    let absent = |name: &str, title: &str, reason: &str| Absent {
        name: name.to_owned(),
        title: title.to_owned(),
        reason: reason.to_owned(),
    };
    BacktestResult {
        format: RESULT_FORMAT,
        provenance: Provenance {
            program_version: "0.1.0".to_owned(),
            git_revision: Some("74ecf2c".to_owned()),
            command: "foresail backtest --recording lab-4 --budget 1".to_owned(),
            model: "first passage to a known limit, no training".to_owned(),
            settings: "horizon 100 min, hold 15 s, sticky closing 180 s, threshold 0.42".to_owned(),
            budgets: vec![0.1, 0.5, 1.0],
            seeds: Seeds {
                bootstrap: 1,
                bootstrap_repetitions: 10_000,
                shifts: 2,
                shift_repetitions: 1_000,
                random_baseline: 3,
            },
        },
        recordings: vec![
            recording("lab-4", Role::Judged),
            recording("lab-1", Role::Training),
            recording("lab-2", Role::Training),
        ],
        shown: "lab-4".to_owned(),
        shown_budget: 0.5,
        rows: rows(),
        kinds: kinds(),
        checks: vec![CheckRow {
            scope: shown(),
            kind: "start_failure".to_owned(),
            outcomes: 9,
            named: 8,
            share_named: Some(estimate(0.889, 0.56, 0.99, 9.0)),
            false_checks: 1,
            changes: 214,
            false_per_100_changes: Some(0.47),
        }],
        not_in_data: vec![
            absent("volume_full", "volume full", "no persistent volume claim was recorded"),
            absent("expiry", "expiry", "no certificate or quota metric was recorded"),
            absent(
                "KubeQuotaFull",
                "KubeQuotaFull",
                "needs kube_resourcequota, which was not recorded",
            ),
            absent(
                "NodeRAIDDegraded",
                "NodeRAIDDegraded",
                "needs node_md_disks, which was not recorded",
            ),
        ],
        curves: curves(),
        probabilities: vec![ProbabilityRow {
            scope: shown(),
            horizon_production_minutes: 100.0,
            pairs: PairSet::All,
            n: 45_000,
            happened: 1_900,
            base_rate: Some(0.042),
            brier: Some(0.0361),
            brier_skill: Some(0.104),
            ece: Some(0.019),
            ece_top_percent: Some(0.17),
            ece_withheld: None,
        }],
        time_to_event: vec![TimeToEventRow {
            scope: shown(),
            n: 1_204,
            incidents: 15,
            pinball_production_minutes: [Some(2.1), Some(6.4), Some(3.9)],
            coverage: Some(estimate(0.71, 0.52, 0.86, 15.0)),
            median_log_ratio: Some(0.31),
        }],
        incidents: vec![incident("cart", IncidentFate::Caught, Some(44.0))],
        alarms: vec![alarm("cart", -44.0, 0.0, AlarmFate::Hit)],
        timelines: timelines(),
        gates: vec![
            Gate {
                name: "an alarm that is always on is refused".to_owned(),
                passed: true,
                detail: "time in warning 100 %".to_owned(),
            },
            Gate {
                name: "an oracle scores 1".to_owned(),
                passed: true,
                detail: "44 of 44".to_owned(),
            },
            Gate {
                name: "a purely reactive train scores no hit".to_owned(),
                passed: false,
                detail: "1 of 44".to_owned(),
            },
        ],
        thinning: vec![ThinningRow {
            scrape_interval_seconds: 15.0,
            recall: Some(0.27),
            false_per_pod_day: Some(0.6),
            precision: Some(0.5),
        }],
        cost: vec![CostRow {
            pods: 10_000,
            observe_ms: 61.2,
            assess_ms: 38.0,
            bytes_per_pod: 9_300.0,
        }],
        runtimes: vec![Runtime { step: "replay".to_owned(), seconds: 6.2 }],
        fired: None,
        history: None,
    }
}
