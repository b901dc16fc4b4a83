//! One call from recordings to a model with its card: what `foresail train` does.
//!
//! ```text
//!  recordings ──replay──> lessons ──┬─ fit without a part ──> scores of that part ──┬─> calibrators
//!                                   │        (replayed once more, in the union)     └─> operating points
//!                                   └─ fit on everything ──────────────────────────────> model, header
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use foresail_collect::{Recording, ReplayOptions};
use foresail_core::FailureKind;
use foresail_engine::Models;
use foresail_engine::alarm::AlarmPolicy;
use foresail_engine::features::Feature;
use foresail_engine::first_passage::FirstPassageSettings;
use foresail_engine::learned::LearnedModel;
use foresail_learn::calibration::Calibrator;
use foresail_learn::model_file::{Card, Header, TrainedOn};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{
    FitSettings, Fold, FoldScorer, HORIZON_MINUTES, HeldOut, Lesson, Measured, ModelKind, Part,
    RowCollector, Scored, TrainError, calibrators, edges, fit, operating_points,
};
use crate::backtest::load::{open, settings};
use crate::backtest::{EvaluateError, OnProgress, Progress};
use crate::incident::Ground;
use crate::replay::{self, Scorer};
use crate::summary::Frame;
use crate::tune::Replayed;

/// Share of the lowest operating threshold below which nothing is said: under the share at which
/// alarms close.
const FLOOR: f64 = 0.2;
/// The floor where there is no operating point.
const PLAIN_FLOOR: f64 = 0.01;
/// A feature is there when this share of rows has it …
const THERE: f64 = 0.2;
/// … and gone when less than this share of that is left.
const GONE: f64 = 0.25;
/// Share of features that must be gone for a recording to be called broken.
const BROKEN: f64 = 0.25;

/// How a model is trained.
#[derive(Clone, Debug)]
pub struct TrainSettings {
    /// How it is fitted.
    pub fit: FitSettings,
    /// First passage, which features and the union take in.
    pub first_passage: FirstPassageSettings,
    /// The alarm policy that thresholds are chosen for.
    pub alarm: AlarmPolicy,
    /// Budgets in false alarms per pod-day.
    pub budgets: Vec<f64>,
    /// Version of the program.
    pub program_version: String,
}

/// A trained model with what its file says of it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model.
    pub model: LearnedModel,
    /// Card, base rates and operating points.
    pub header: Header,
    /// What a reader should know before trusting it, in sentences.
    pub warnings: Vec<String>,
}

/// One recording, read and replayed.
struct Read {
    recording: Recording,
    replayed: Replayed,
}

// === impl TrainSettings ===

impl TrainSettings {
    /// The default model, by this version of the program.
    #[must_use]
    pub fn new(program_version: &str) -> Self {
        Self {
            fit: FitSettings::default(),
            first_passage: FirstPassageSettings::default(),
            alarm: AlarmPolicy::default(),
            budgets: vec![0.1, 0.5, 1.0],
            program_version: program_version.to_owned(),
        }
    }
}

/// Trains on recordings.
///
/// # Errors
/// [`TrainError`] when a recording cannot be read, holds no pods, or nothing can be learned.
pub fn train(
    recordings: &[PathBuf],
    settings: &TrainSettings,
    on_progress: OnProgress<'_>,
) -> Result<Trained, TrainError> {
    let (read, lessons) = load(recordings, settings, on_progress)?;
    let step = |step: &'static str, done: usize| on_progress(Progress { step, done, total: 1 });
    step("fit", 0);
    let everything: Vec<&Lesson> = lessons.iter().collect();
    let everything = Part { lessons: &everything, without: &[] };
    let model = fit(everything, &settings.fit)?;
    let (held_out, folds) = held_out(&lessons, settings)?;
    let kinds = &model.pipeline().kinds;
    let calibrators = calibrate(kinds, &lessons, &folds);
    step("fit", 1);
    let measured = measure(&read, &folds, (settings, on_progress));
    let lowest = measured.iter().map(|one| one.point.threshold).fold(f64::INFINITY, f64::min);
    let floor = if lowest.is_finite() { FLOOR * lowest } else { PLAIN_FLOOR };
    let base_rates = base_rates(&read);
    let model = model.with(|pipeline| {
        pipeline.calibrator = calibrators;
        pipeline.floor = floor;
        let rate = |kind: &FailureKind| base_rates.get(kind.as_str()).copied().unwrap_or(0.0);
        pipeline.base_rates = pipeline.kinds.iter().map(rate).collect();
    })?;
    let warnings = warnings(&read, &lessons, (&held_out, &measured, settings));
    let header = Header {
        kind: settings.fit.model.as_str().to_owned(),
        schema: model.pipeline().estimator.schema().clone(),
        card: card(&read, (&lessons, everything), (settings, &measured)),
        base_rates,
        operating_points: measured.iter().map(|one| one.point).collect(),
    };
    Ok(Trained { model, header, warnings })
}

/// Reads and replays every recording.
fn load(
    paths: &[PathBuf],
    settings: &TrainSettings,
    on_progress: OnProgress<'_>,
) -> Result<(Vec<Read>, Vec<Lesson>), TrainError> {
    if paths.is_empty() {
        return Err(EvaluateError::NothingToJudge.into());
    }
    let recordings =
        paths.par_iter().map(|path| open(path)).collect::<Result<Vec<_>, EvaluateError>>()?;
    let mut names = BTreeSet::new();
    if let Some(twice) = recordings.iter().find(|one| !names.insert(one.name().to_owned())) {
        return Err(EvaluateError::SameName { name: twice.name().to_owned() }.into());
    }
    let (done, total) = counter("replay", &recordings, on_progress);
    let on_tick = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        on_progress(Progress { step: "replay", done, total });
    };
    let loaded: Vec<(Replayed, Lesson)> = recordings
        .par_iter()
        .map(|recording| {
            let mut rows = RowCollector::new(settings.first_passage.clone());
            let replayed = replay_with(recording, settings, (&mut rows, &on_tick));
            let lesson = Lesson::new(recording.name(), &replayed, rows.finish());
            (replayed, lesson)
        })
        .collect();
    for (path, (replayed, _)) in paths.iter().zip(&loaded) {
        if replayed.trace.pods == 0 {
            return Err(EvaluateError::NoPods { path: path.clone() }.into());
        }
    }
    let (replayed, lessons): (Vec<_>, Vec<_>) = loaded.into_iter().unzip();
    let read = recordings.into_iter().zip(replayed);
    Ok((read.map(|(recording, replayed)| Read { recording, replayed }).collect(), lessons))
}

fn counter(
    step: &str,
    recordings: &[Recording],
    on_progress: OnProgress<'_>,
) -> (AtomicUsize, usize) {
    let ticks = |one: &Recording| one.replay(ReplayOptions::default()).len();
    let total = recordings.iter().map(ticks).sum();
    on_progress(Progress { step, done: 0, total });
    (AtomicUsize::new(0), total)
}

fn replay_with(
    recording: &Recording,
    train: &TrainSettings,
    (scorer, on_tick): (&mut dyn Scorer, &dyn Fn()),
) -> Replayed {
    let settings = settings(recording, ReplayOptions::default());
    let models = Models { first_passage: train.first_passage.clone(), learned: None };
    let batches = recording.replay(ReplayOptions::default());
    let trace = replay::run((&settings, &models), batches, scorer, on_tick);
    let ground = Ground::new(&trace, recording.episodes());
    let frame = Frame::new(&ground);
    Replayed { trace, ground, frame }
}

/// What can be held out, with the models that were fitted without it.
fn held_out(
    lessons: &[Lesson],
    settings: &TrainSettings,
) -> Result<(HeldOut, Vec<Vec<Fold>>), TrainError> {
    let held_out = HeldOut::plan(lessons);
    match held_out.folds(lessons, &settings.fit) {
        Ok(folds) => Ok((held_out, folds)),
        Err(TrainError::OneClass) => {
            let reason = "all failures are in the part that would be held out".to_owned();
            Ok((HeldOut::Nothing(reason), vec![Vec::new(); lessons.len()]))
        }
        Err(error) => Err(error),
    }
}

/// Calibrators from what models said of lessons that they were not fitted on.
fn calibrate(kinds: &[FailureKind], lessons: &[Lesson], folds: &[Vec<Fold>]) -> Vec<Calibrator> {
    let score = |lesson: &Lesson, fold: &Fold| {
        let own = fold.namespaces.as_ref();
        Scored::new(&fold.model, &lesson.rows, &|name| own.is_none_or(|own| own.contains(name)))
    };
    let scored: Vec<(&Lesson, Scored)> = lessons
        .iter()
        .zip(folds)
        .filter_map(|(lesson, folds)| {
            let parts = folds.iter().map(|fold| score(lesson, fold));
            let all = parts.reduce(|mut all, part| {
                all.merge(&part);
                all
            })?;
            Some((lesson, all))
        })
        .collect();
    let said: Vec<(&Lesson, &Scored)> = scored.iter().map(|(lesson, all)| (*lesson, all)).collect();
    calibrators(kinds, &said)
}

/// Operating points on out-of-fold scores.
fn measure(
    read: &[Read],
    folds: &[Vec<Fold>],
    (settings, on_progress): (&TrainSettings, OnProgress<'_>),
) -> Vec<Measured> {
    if folds.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let total: usize = read.iter().map(|one| one.replayed.trace.ticks.len()).sum();
    let done = AtomicUsize::new(0);
    let on_tick = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        on_progress(Progress { step: "judge", done, total });
    };
    let judged: Vec<Replayed> = read
        .par_iter()
        .zip(folds)
        .map(|(one, folds)| {
            let mut scorer = FoldScorer::new(&settings.first_passage, folds);
            replay_with(&one.recording, settings, (&mut scorer, &on_tick))
        })
        .collect();
    on_progress(Progress { step: "choose thresholds", done: 0, total: 1 });
    let judged: Vec<&Replayed> = judged.iter().collect();
    operating_points(&judged, 1, (&settings.budgets, &settings.alarm))
}

fn card(
    read: &[Read],
    (lessons, everything): (&[Lesson], Part<'_>),
    (settings, measured): (&TrainSettings, &[Measured]),
) -> Card {
    let mut incidents = BTreeSet::new();
    for (lesson, _, target) in everything.rows() {
        if let (Some((kind, _)), Some(incident)) = (target.failure, target.incident) {
            incidents.insert((lesson.name.as_str(), incident, kind));
        }
    }
    let mut events = BTreeMap::new();
    for (_, _, kind) in incidents {
        *events.entry(kind.as_str().to_owned()).or_insert(0) += 1;
    }
    let scale = |one: &Read| one.replayed.ground.scale.get();
    let first = read.first().map(scale);
    Card {
        trained_at: None,
        program_version: settings.program_version.clone(),
        recordings: read
            .iter()
            .map(|one| trained_on(one.recording.name(), one.recording.hashes()))
            .collect(),
        seed: settings.fit.params.seed,
        rows: lessons.iter().flat_map(|lesson| &lesson.targets).flatten().count() as u64,
        events,
        time_scale: first.filter(|first| read.iter().all(|one| scale(one) == *first)),
        horizons_minutes: match settings.fit.model {
            ModelKind::Hazard => edges().split_off(1),
            ModelKind::RandomForest | ModelKind::GradientBoosting => vec![HORIZON_MINUTES],
        },
        notes: notes(read, everything, measured),
        table: None,
    }
}

fn notes(read: &[Read], everything: Part<'_>, measured: &[Measured]) -> BTreeMap<String, f64> {
    let pod_days = read.iter().map(|one| one.replayed.frame.pod_days()).sum();
    let reachable: u32 =
        read.iter().map(|one| one.replayed.frame.count(|incident| incident.reachable)).sum();
    let unknown = everything
        .rows()
        .filter(|(_, _, target)| target.failure.is_none() && target.seen_minutes < HORIZON_MINUTES);
    let mut notes = BTreeMap::from([
        ("observed pod-days".to_owned(), pod_days),
        ("reachable incidents".to_owned(), f64::from(reachable)),
        ("rows lost from sight within the horizon".to_owned(), unknown.count() as f64),
    ]);
    for one in measured {
        let name = format!("out-of-fold time in warning at budget {}", one.point.budget);
        notes.insert(name, one.time_in_warning);
    }
    notes
}

/// A recording by its name and the hash of its files' hashes.
pub(crate) fn trained_on(name: &str, hashes: &BTreeMap<String, String>) -> TrainedOn {
    let mut hash = Sha256::new();
    for (file, sha256) in hashes {
        hash.update(format!("{file}\0{sha256}\n"));
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    TrainedOn { name: name.to_owned(), sha256 }
}

/// Incidents per observed pod-day, by the kind of their primary outcome.
fn base_rates(read: &[Read]) -> BTreeMap<String, f64> {
    let days: f64 = read.iter().map(|one| one.replayed.frame.pod_days()).sum();
    let mut counts: BTreeMap<FailureKind, u32> = BTreeMap::new();
    for incident in read.iter().flat_map(|one| &one.replayed.frame.incidents) {
        *counts.entry(incident.kind).or_default() += 1;
    }
    let rate = |(kind, count)| (FailureKind::as_str(kind).to_owned(), f64::from(count) / days);
    counts.into_iter().filter(|_| days > 0.0).map(rate).collect()
}

fn warnings(
    read: &[Read],
    lessons: &[Lesson],
    (held_out, measured, settings): (&HeldOut, &[Measured], &TrainSettings),
) -> Vec<String> {
    let mut warnings: Vec<String> = read.iter().filter_map(too_short).collect();
    warnings.extend(lessons.iter().filter_map(vanished));
    match held_out {
        HeldOut::Nothing(reason) => warnings.push(format!(
            "nothing could be held out, so there is no operating point and probabilities are not \
             calibrated: {reason}"
        )),
        HeldOut::Recordings | HeldOut::Namespaces(_) => {
            let has = |budget: f64| measured.iter().any(|one| one.point.budget == budget);
            warnings.extend(settings.budgets.iter().filter(|budget| !has(**budget)).map(
                |budget| {
                    format!("no threshold keeps a budget of {budget} false alarms per pod-day")
                },
            ));
        }
    }
    warnings
}

/// A recording in which no pod can be seen to outlive the horizon.
fn too_short(read: &Read) -> Option<String> {
    let recording = &read.recording;
    let wall = recording.ended_at().since(recording.started_at());
    let minutes = read.replayed.ground.scale.to_fault(wall).as_minutes();
    (minutes < HORIZON_MINUTES).then(|| {
        format!(
            "recording `{}` spans {minutes:.0} production minutes: what comes within \
             {HORIZON_MINUTES:.0} is settled only after its end, so no row shows a pod that lasts",
            recording.name()
        )
    })
}

/// A recording whose metrics stop midway.
fn vanished(lesson: &Lesson) -> Option<String> {
    let rows = &lesson.rows.values;
    let (first, second) = rows.split_at(rows.len() / 2);
    let share = |half: &[[f32; Feature::COUNT]], feature: Feature| {
        let there = half.iter().filter(|row| row[feature as usize].is_finite()).count();
        there as f64 / half.len().max(1) as f64
    };
    let there: Vec<Feature> =
        Feature::ALL.iter().copied().filter(|one| share(first, *one) >= THERE).collect();
    let gone: Vec<Feature> = there
        .iter()
        .copied()
        .filter(|one| share(second, *one) < GONE * share(first, *one))
        .collect();
    let broken = !gone.is_empty() && gone.len() as f64 >= BROKEN * there.len() as f64;
    broken.then(|| {
        format!(
            "recording `{}` loses {} of {} features in its second half, `{}` first: metrics stop \
             midway, and what happened without them is learned as if they were never there",
            lesson.name,
            gone.len(),
            there.len(),
            gone[0].as_str()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::Rows;

    /// Rows of which these features are there in the first and in the second half.
    fn lesson(first: &[Feature], second: &[Feature]) -> Lesson {
        let row = |there: &[Feature]| {
            let mut values = [f32::NAN; Feature::COUNT];
            there.iter().for_each(|feature| values[*feature as usize] = 1.0);
            values
        };
        let values = [vec![row(first); 50], vec![row(second); 50]].concat();
        let rows = Rows { values, ..Rows::default() };
        Lesson { name: "half".to_owned(), rows, targets: Vec::new() }
    }

    #[test]
    fn metrics_that_stop_midway_are_said() {
        let all = &Feature::ALL[..8];
        let said = vanished(&lesson(all, &all[..5])).unwrap();
        let expected = format!(
            "recording `half` loses 3 of 8 features in its second half, `{}`",
            all[5].as_str()
        );
        assert!(said.starts_with(&expected), "{said}");
    }

    #[test]
    fn one_feature_that_stops_is_no_broken_recording() {
        let all = &Feature::ALL[..8];
        assert_eq!(vanished(&lesson(all, &all[..7])), None);
        assert_eq!(vanished(&lesson(&all[..4], all)), None);
    }
}
