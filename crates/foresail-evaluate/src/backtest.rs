//! One call from recordings to a result: replay, tune, judge, compare.
//!
//! ```text
//!  paths ──> load (open, replay with every baseline; two at a time) ──> Replayed
//!        ──> methods (every threshold tried)  ──> rows (operating points, curves, paired intervals)
//!        ──> shown (the judged recording once more through engine::assess) ──> incidents, alarms, timelines
//! ```
//!
//! Nothing here reads a clock: the caller measures and adds runtimes.

mod capture;
mod fired;
pub(crate) mod load;
mod methods;
mod missed;
mod rows;
mod shown;
mod thin;
mod timeline;

use std::path::PathBuf;

use foresail_collect::RecordingError;
use foresail_collect::prometheus::FiredAlerts;
use foresail_core::{Alarm, Prediction};
use foresail_engine::{Models, Policy};
use foresail_learn::model_file::Header;

use crate::baseline::ABSENT;
use crate::checks;
use crate::gates;
use crate::learned::trained_on;
use crate::probability;
use crate::result::{
    Absent, BacktestResult, Curves, Provenance, RESULT_FORMAT, RecordingSummary, Role, Seeds,
};
use load::Loaded;
pub(crate) use rows::Plan;

/// What is judged, with what.
#[derive(Clone, Debug)]
pub struct BacktestInput {
    /// Recordings to judge; the first one is shown. At least one.
    pub recordings: Vec<PathBuf>,
    /// Recordings to choose thresholds on; may be empty.
    pub training: Vec<PathBuf>,
    /// Budgets in false alarms per pod-day.
    pub budgets: Vec<f64>,
    /// The budget whose alarms are shown.
    pub shown_budget: f64,
    /// The models.
    pub models: Models,
    /// What the file of the learned model among them says of it: its operating points are used as
    /// they stand.
    pub header: Option<Header>,
    /// The policy; its threshold is used as it stands where there is no training recording.
    pub policy: Policy,
    /// The alerts that really fired on the first recording's cluster, where that is known.
    pub fired: Option<FiredAlerts>,
    /// Version of the program.
    pub program_version: String,
    /// Revision of the source, where known.
    pub git_revision: Option<String>,
    /// The command line, for the record.
    pub command: String,
    /// Seeds and repetitions.
    pub seeds: Seeds,
}

/// How far a back-test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub step: &'a str,
    /// How much of it is done.
    pub done: usize,
    /// Of how much.
    pub total: usize,
}

/// Who is told of progress, from any thread.
pub type OnProgress<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// A result with what does not belong into `result.json`.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// Everything that `result.json` holds.
    pub result: BacktestResult,
    /// Every alarm raised on the shown recording, failed changes included, by time.
    pub alarms: Vec<Alarm>,
    /// What the engine said on the shown recording, per tick.
    pub predictions: Vec<Vec<Prediction>>,
    /// The policy that raised the shown alarms.
    pub policy: Policy,
}

/// Why recordings could not be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// No recording was named.
    #[error("no recording was given")]
    NothingToJudge,
    /// A recording could not be read.
    #[error("cannot evaluate `{path}`", path = path.display())]
    Recording {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: RecordingError,
    },
    /// A recording has nothing that could fail.
    #[error("recording `{path}` holds no pods: nothing can be judged on it", path = path.display())]
    NoPods {
        /// Its folder.
        path: PathBuf,
    },
    /// Two recordings have one name, so their rows could not be told apart.
    #[error("two recordings are called `{name}`; each may be given once")]
    SameName {
        /// The name.
        name: String,
    },
}

impl Default for Seeds {
    fn default() -> Self {
        Self {
            bootstrap: 20_261_124,
            bootstrap_repetitions: 10_000,
            shifts: 20_261_125,
            shift_repetitions: 1_000,
            random_baseline: 20_261_126,
        }
    }
}

/// Replays, tunes and judges.
///
/// # Errors
/// [`EvaluateError`] when a recording cannot be read or has nothing to judge.
pub fn run(input: &BacktestInput, on_progress: OnProgress<'_>) -> Result<Backtest, EvaluateError> {
    if input.recordings.is_empty() {
        return Err(EvaluateError::NothingToJudge);
    }
    let loaded = load::load(input, on_progress)?;
    let replayed: Vec<&crate::tune::Replayed> = loaded.iter().map(|one| &one.replayed).collect();
    let plan = Plan::new(input, &loaded);
    let methods = methods::try_all(input, &replayed, &plan.training, on_progress);
    on_progress(Progress { step: "compare", done: 0, total: 1 });
    let fired = fired::place(input, &plan);
    let table = rows::build(input, &plan, (&methods, fired.as_ref()));
    let fired = fired.map(|fired| fired.judged(input, &plan));
    on_progress(Progress { step: "compare", done: 1, total: 1 });
    let mut policy = input.policy.clone();
    if let Some(threshold) = table.shown_threshold {
        policy.alarm = crate::tune::policy_at(&input.policy.alarm, threshold);
    }
    let shown = shown::show(input, &loaded[0], &policy, on_progress)?;
    let mut gates = gates::alarm_train_gates(&loaded[0].replayed, input.seeds);
    gates.push(shown.live_gate.clone());
    let thinning = thin::rows(input, &loaded[0], (&policy, on_progress))?;
    let curves = Curves {
        event_pr: table.event_pr,
        lead: table.lead,
        reliability: probability::reliability(&plan, &loaded[0].replayed),
    };
    let result = BacktestResult {
        format: RESULT_FORMAT,
        provenance: provenance(input, &loaded),
        recordings: loaded.iter().map(summary).collect(),
        shown: loaded[0].name.clone(),
        shown_budget: input.shown_budget,
        rows: table.rows,
        kinds: table.kinds,
        checks: checks::rows(&loaded_named(&loaded), &policy.alarm),
        not_in_data: absent(&loaded),
        curves,
        probabilities: probability::rows(&plan, &loaded[0].replayed),
        time_to_event: probability::time_rows(&plan, &loaded[0].replayed, input.seeds.bootstrap),
        incidents: shown.incidents,
        alarms: shown.judged,
        timelines: shown.timelines,
        gates,
        thinning,
        cost: Vec::new(),
        runtimes: Vec::new(),
        fired,
        history: None,
    };
    Ok(Backtest {
        result,
        alarms: shown.alarms,
        predictions: loaded[0].replayed.trace.engine.clone(),
        policy,
    })
}

fn loaded_named(loaded: &[Loaded]) -> Vec<(&str, &crate::tune::Replayed)> {
    loaded.iter().map(|one| (one.name.as_str(), &one.replayed)).collect()
}

fn provenance(input: &BacktestInput, loaded: &[Loaded]) -> Provenance {
    let policy = &input.policy.alarm;
    Provenance {
        program_version: input.program_version.clone(),
        git_revision: input.git_revision.clone(),
        command: input.command.clone(),
        model: model_in_words(input, loaded),
        settings: format!(
            "horizon {:.0} min, raised after {:.0} of {:.0} min above the threshold, closed after {:.0} min below {:.0} % of it (fault time)",
            input.models.first_passage.horizon_minutes,
            policy.raise_for.as_minutes(),
            policy.raise_window.as_minutes(),
            policy.close_after.as_minutes(),
            policy.close_ratio * 100.0
        ),
        budgets: input.budgets.clone(),
        seeds: input.seeds,
    }
}

/// What judged, and on what of it nobody can be surprised.
fn model_in_words(input: &BacktestInput, loaded: &[Loaded]) -> String {
    let Some(header) = &input.header else {
        return "first passage to known limits and change-time checks, no training".to_owned();
    };
    let names: Vec<&str> = header.card.recordings.iter().map(|one| one.name.as_str()).collect();
    let known: Vec<&str> =
        known_to(header, loaded).into_iter().map(|one| one.name.as_str()).collect();
    let warning = if known.is_empty() {
        String::new()
    } else {
        format!("; it was trained on {}, which it therefore knows", known.join(", "))
    };
    format!(
        "{} (trained on {}), first passage and change-time checks{warning}",
        header.kind,
        names.join(", ")
    )
}

/// Judged recordings that the model was trained on.
fn known_to<'a>(header: &Header, loaded: &'a [Loaded]) -> Vec<&'a Loaded> {
    let judged = loaded.iter().filter(|one| one.role == Role::Judged);
    judged
        .filter(|one| header.card.recordings.contains(&trained_on(&one.name, &one.sha256)))
        .collect()
}

pub(crate) fn summary(loaded: &Loaded) -> RecordingSummary {
    use crate::result::Precursor;
    let ground = &loaded.replayed.ground;
    let frame = &loaded.replayed.frame;
    let with = |precursor: Precursor| {
        ground
            .incidents
            .iter()
            .filter(|one| one.is_headline() && one.precursor == precursor)
            .count()
    };
    RecordingSummary {
        name: loaded.name.clone(),
        role: loaded.role,
        cluster: loaded.replayed.trace.settings.cluster.clone(),
        started_at: loaded.started_at,
        ended_at: loaded.ended_at,
        time_scale: ground.scale.get(),
        scrape_interval_seconds: loaded.replayed.trace.step().as_seconds(),
        ticks: ground.ticks.len(),
        units: ground.units.len(),
        pods: loaded.replayed.trace.pods,
        pod_days: frame.pod_days(),
        quiet_pod_days: frame.quiet_pod_days(),
        look_alikes: ground.look_alikes,
        truth: ground.look_alikes.is_some(),
        incidents: ground.incidents.len(),
        change_incidents: ground.incidents.iter().filter(|one| !one.is_headline()).count(),
        precursor: with(Precursor::Bearing),
        reachable: ground.incidents.iter().filter(|one| one.is_reachable()).count(),
        no_precursor: with(Precursor::None),
        unknown: with(Precursor::Unknown),
        outcomes: loaded.outcome_counts(),
        sha256: loaded.sha256.clone(),
    }
}

/// Rules that nothing feeds, and kinds without an outcome on any judged recording.
fn absent(loaded: &[Loaded]) -> Vec<Absent> {
    let mut absent: Vec<Absent> = ABSENT
        .iter()
        .map(|(id, title, reason)| Absent {
            name: (*id).to_owned(),
            title: (*title).to_owned(),
            reason: (*reason).to_owned(),
        })
        .collect();
    let judged = loaded.iter().filter(|one| one.role == Role::Judged);
    let outcomes: Vec<_> = judged.flat_map(|one| &one.replayed.trace.outcomes).collect();
    for kind in foresail_core::FailureKind::ALL {
        if !outcomes.iter().any(|outcome| outcome.kind == *kind) {
            absent.push(Absent {
                name: kind.as_str().to_owned(),
                title: "failure kind".to_owned(),
                reason:
                    "no outcome of this kind in the judged recordings: it cannot be judged on them"
                        .to_owned(),
            });
        }
    }
    absent
}
