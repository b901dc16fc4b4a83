//! `foresail bench`: every contender under every split, as `evaluation.md` asks, in one call.
//!
//! ```text
//!  paths ──> load (replay once, with every opponent and every row of features) ──> Course
//!        ──> split (outer folds; inner folds choose and calibrate)
//!        ──> fold × contender ──> FoldPart, kept on disk ──> table (rows with intervals) ──> BenchResult
//! ```
//!
//! Nothing that chooses or calibrates has seen what is judged: thresholds and calibrators of an outer
//! fold come from scores that its training recordings got from models of each other.

mod committed;
mod cost;
mod fold;
mod honesty;
mod judge;
mod leakage;
mod learner;
mod load;
mod methods;
mod page;
mod parts;
mod ranking;
mod result;
mod split;
mod table;
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;

use foresail_engine::features::Feature;
use serde::Serialize;

use crate::backtest::{EvaluateError, OnProgress, Progress};
use crate::checks;
use crate::learned::FitSettings;
use crate::probability::time_row;
use crate::result::{Provenance, Role, Runtime, Scope, Seeds, Split};
use fold::{Foundry, Ground};
use honesty::{Honesty, Stage};
use load::Course;
use methods::Contender;
use parts::{FoldPart, Parts};
use split::Fold;
use table::{Board, Ran};

pub use committed::{Committed, CommittedRow};
pub use methods::{ALWAYS_OOM, FORESAIL};
pub use page::{BenchFiles, html, markdown, write};
pub use parts::hash_of;
pub use result::{
    AblationRow, ApplicationRow, BENCH_FORMAT, BenchResult, Cost, Extent, FeatureRow,
    ProbabilityReading, ProbabilityRow, SplitCurve, SplitKind, TickCost, TimesRow,
};

/// Wall seconds from some start: the caller's clock, for what the benchmark itself takes.
pub type Clock<'a> = &'a (dyn Fn() -> f64 + Sync);

/// Budgets in false alarms per pod-day.
const BUDGETS: [f64; 3] = [0.1, 0.5, 1.0];
/// Draws of a reduced run.
const FEW_DRAWS: u32 = 200;
/// Single features that Foresail is judged without.
const SINGLE_FEATURES: usize = 8;
/// Least probability of forecasts whose times are read apart.
const LOUD: f32 = 0.2;

/// What is judged, with what.
#[derive(Clone, Debug)]
pub struct BenchInput {
    /// Recordings to fit, choose and judge on, each by the others.
    pub training: Vec<PathBuf>,
    /// Recordings that are only judged, once, by everything that training gives.
    pub demo: Vec<PathBuf>,
    /// Folder for the results of folds, which a later run takes up again.
    pub parts: PathBuf,
    /// How much is done.
    pub extent: Extent,
    /// What tells this program from any other, such as its hash.
    pub program: String,
    /// Version of the program.
    pub program_version: String,
    /// Revision of the source, where known.
    pub git_revision: Option<String>,
    /// The command line, for the record.
    pub command: String,
    /// Seeds and repetitions.
    pub seeds: Seeds,
}

/// Why there is no benchmark.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A recording cannot be used.
    #[error(transparent)]
    Recording(#[from] EvaluateError),
    /// Nothing fails in what is learned from.
    #[error(
        "no failure with a pod in sight before it in {recordings}: nothing can be learned or judged"
    )]
    OneClass {
        /// The training recordings.
        recordings: String,
    },
    /// Nothing can be held out.
    #[error(
        "nothing can be held out of {recordings}: two recordings or three namespaces are needed"
    )]
    NothingHeldOut {
        /// The training recordings.
        recordings: String,
    },
    /// A model could not be fitted or used.
    #[error("failed to fit `{learner}`: {reason}")]
    Fit {
        /// What was fitted.
        learner: &'static str,
        /// Why not.
        reason: String,
    },
    /// A part cannot be kept.
    #[error("failed to write `{file}`", file = file.display())]
    Parts {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A result cannot be written as JSON.
    #[error("failed to write a result as JSON")]
    Json(#[source] serde_json::Error),
}

/// What parts depend on besides method and fold.
#[derive(Serialize)]
struct Base<'a> {
    program: &'a str,
    extent: Extent,
    seeds: Seeds,
    recordings: Vec<(&'a str, Role, &'a BTreeMap<String, String>)>,
}

/// Replays, fits, judges and compares.
///
/// # Errors
/// [`BenchError`] when a recording cannot be used, nothing can be learned or nothing kept.
pub fn run(
    input: &BenchInput,
    clock: Clock<'_>,
    on_progress: OnProgress<'_>,
) -> Result<BenchResult, BenchError> {
    let mut courses = load::load(input, on_progress)?;
    let replayed = clock();
    let seeds = match input.extent {
        Extent::Full => input.seeds,
        Extent::Reduced => {
            Seeds { bootstrap_repetitions: FEW_DRAWS, shift_repetitions: FEW_DRAWS, ..input.seeds }
        }
    };
    check(&courses)?;
    let opponents = methods::opponents(&courses);
    let named: Vec<_> = courses.iter().map(|course| (course.name(), course.replayed())).collect();
    let checks = checks::rows(&named, &load::policy());
    // What opponents said is in their alarms by now; only first passage is still needed.
    for course in &mut courses {
        course.loaded.replayed.trace.scores.truncate(1);
        course.loaded.replayed.trace.engine = Vec::new();
    }
    let opposed = clock();
    let folds = split::folds(&courses, input.extent);
    if folds.is_empty() {
        return Err(BenchError::NothingHeldOut { recordings: names(&courses) });
    }
    let recordings =
        courses.iter().map(|one| (one.name(), one.loaded.role, &one.loaded.sha256)).collect();
    let base = Base { program: &input.program, extent: input.extent, seeds, recordings };
    let ground = Ground { courses: &courses, budgets: &BUDGETS, seeds, clock };
    let parts = Parts::open(&input.parts, &base)?;
    let runner = Runner { ground, folds: &folds, parts, extent: input.extent, on_progress };
    let ran = runner.everything(opponents)?;
    let fitted = clock();
    let mut result = read(input, (ground, &folds), &ran);
    if input.extent == Extent::Full {
        runner.ablate(&ran, &mut result)?;
    }
    result.gates = leakage::of_alarm_trains(&courses, seeds);
    let tried = leakage::of_rows(&courses, (input.extent, seeds));
    let (gates, untried) = tried.map_err(|error| refused(&error))?;
    result.gates.extend(gates);
    result.notes.extend(untried);
    result.provenance.seeds = seeds;
    result.checks = checks;
    if input.extent == Extent::Full {
        result.cost = cost::measure(ground)?;
    }
    let ended = clock();
    result.runtimes = [
        ("replay", replayed),
        ("opponents", opposed - replayed),
        ("folds", fitted - opposed),
        ("tables, ablations and gates", ended - fitted),
    ]
    .map(|(step, seconds)| Runtime { step: step.to_owned(), seconds })
    .to_vec();
    Ok(result)
}

fn names(courses: &[Course]) -> String {
    let training = courses.iter().filter(|one| one.loaded.role == Role::Training);
    training.map(|one| format!("`{}`", one.name())).collect::<Vec<_>>().join(", ")
}

/// Refuses recordings in which nothing fails.
fn check(courses: &[Course]) -> Result<(), BenchError> {
    let training = courses.iter().filter(|one| one.loaded.role == Role::Training);
    let mut targets = training.flat_map(|one| one.lesson.targets.iter().flatten());
    if targets.any(|target| target.failure.is_some()) {
        return Ok(());
    }
    Err(BenchError::OneClass { recordings: names(courses) })
}

/// Runs contenders through folds.
struct Runner<'a> {
    ground: Ground<'a>,
    folds: &'a [Fold],
    parts: Parts,
    extent: Extent,
    on_progress: OnProgress<'a>,
}

// === impl Runner ===

impl Runner<'_> {
    /// Foresail first, then every opponent, then, unless the run is reduced, every plain classifier.
    fn everything(&self, opponents: Vec<Contender>) -> Result<Vec<Ran>, BenchError> {
        let mut groups = methods::learned();
        let plain = groups.split_off(1);
        groups.push(opponents);
        if self.extent == Extent::Full {
            groups.extend(plain);
        }
        let total = self.folds.len() * groups.iter().map(Vec::len).sum::<usize>();
        let mut done = 0;
        let mut ran = Vec::new();
        for group in &groups {
            ran.extend(self.group(group, &|_| true, &mut |_| {
                done += 1;
                (self.on_progress)(Progress { step: "judge", done, total });
            })?);
        }
        Ok(ran)
    }

    /// Contenders that share models, in the folds that `wanted` accepts.
    fn group(
        &self,
        group: &[Contender],
        wanted: &dyn Fn(&Fold) -> bool,
        on_fold: &mut dyn FnMut(&Fold),
    ) -> Result<Vec<Ran>, BenchError> {
        let foundry = Foundry::new(self.ground);
        let mut ran: Vec<Ran> =
            group.iter().map(|one| Ran { method: one.method.clone(), parts: Vec::new() }).collect();
        for (number, fold) in self.folds.iter().enumerate().filter(|(_, fold)| wanted(fold)) {
            for (contender, ran) in group.iter().zip(&mut ran) {
                let key = [format!("{:?}", fold.split), fold.name.clone(), settings(contender)];
                let key = key.each_ref().map(String::as_str);
                let part = self.parts.get_or(&key, || foundry.run(contender, fold))?;
                ran.parts.push((number, part));
                on_fold(fold);
            }
        }
        Ok(ran)
    }

    /// Foresail without parts of it, under leave one recording out.
    fn ablate(&self, ran: &[Ran], result: &mut BenchResult) -> Result<(), BenchError> {
        let Some(board) = Board::new(self.ground, Split::LeaveOneRecordingOut, self.folds) else {
            return Ok(());
        };
        let Some(foresail) = ran.iter().find(|one| one.method.name == FORESAIL) else {
            return Ok(());
        };
        let parts = methods::ablations();
        let singles: Vec<Contender> =
            strongest(self.ground.courses).into_iter().map(without_one).collect();
        let total = parts.len() + singles.len();
        let mut done = 0;
        let mut run = |contender: Contender| -> Result<Ran, BenchError> {
            done += 1;
            (self.on_progress)(Progress { step: "leave out", done, total });
            let wanted = |fold: &Fold| fold.split == Split::LeaveOneRecordingOut;
            let mut ran = self.group(&[contender], &wanted, &mut |_| {})?;
            Ok(ran.remove(0))
        };
        for contender in parts {
            result.ablations.extend(board.ablation(foresail, &run(contender)?));
        }
        for contender in singles {
            result.single_features.extend(board.ablation(foresail, &run(contender)?));
        }
        Ok(())
    }
}

// === free functions ===

/// Everything about a contender that its result depends on.
fn settings(contender: &Contender) -> String {
    match &contender.how {
        methods::How::Tried(settings) => {
            let each = settings.iter().map(|one| (&one.scorer, one.threshold));
            format!("{:?} {:?}", contender.method, each.collect::<Vec<_>>())
        }
        methods::How::Learned(learner, form) => {
            format!("{:?} {learner:?} {form:?}", contender.method)
        }
    }
}

fn without_one(feature: Feature) -> Contender {
    let title = format!("`{}`", feature.as_str());
    methods::without(&format!("without_{}", feature.as_str()), &title, &|one| one == feature)
}

/// The features that the model on all training recordings gains most by, and the ones that its odds
/// start from, which no split gains anything by.
fn strongest(courses: &[Course]) -> Vec<Feature> {
    let Ok(model) = cost::fit_all(courses) else { return Vec::new() };
    let estimator = &model.pipeline().estimator;
    let mut gains: Vec<(f64, &String)> =
        estimator.importances().into_iter().zip(&model.pipeline().preprocessing.features).collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names = gains.into_iter().take(SINGLE_FEATURES);
    let mut features: Vec<Feature> =
        names.filter_map(|(_, name)| Feature::from_name(name)).collect();
    let starts = Feature::ALL.iter().filter(|feature| feature.as_str().starts_with("toward_"));
    for start in starts {
        if !features.contains(start) {
            features.push(*start);
        }
    }
    features
}

fn refused(error: &dyn std::error::Error) -> BenchError {
    BenchError::Fit { learner: "hazard", reason: error.to_string() }
}

/// Tables of every split.
fn read(input: &BenchInput, (ground, folds): (Ground<'_>, &[Fold]), ran: &[Ran]) -> BenchResult {
    let splits =
        [Split::LeaveOneRecordingOut, Split::LeaveOneApplicationOut, Split::TrainingToJudged];
    let boards: Vec<Board<'_>> =
        splits.iter().filter_map(|split| Board::new(ground, *split, folds)).collect();
    let mut result = BenchResult {
        format: BENCH_FORMAT,
        provenance: provenance(input),
        extent: input.extent,
        recordings: ground
            .courses
            .iter()
            .map(|one| crate::backtest::summary(&one.loaded))
            .collect(),
        notes: notes(ground.courses),
        rows: Vec::new(),
        applications: Vec::new(),
        kinds: Vec::new(),
        checks: Vec::new(),
        curves: Vec::new(),
        probabilities: Vec::new(),
        times: Vec::new(),
        ablations: Vec::new(),
        single_features: Vec::new(),
        feature_ranking: ranking::rank(ground.courses),
        gates: Vec::new(),
        cost: Cost::default(),
        runtimes: Vec::new(),
    };
    for board in &boards {
        result.rows.extend(board.rows(ran));
        result.kinds.extend(board.kinds(ran));
        result.curves.extend(board.curves(ran));
        if board.split() == Split::LeaveOneApplicationOut {
            result.applications = board.applications(ran);
        }
        honesty(board, ran, (ground.seeds, &mut result));
    }
    result
}

/// What out-of-fold probabilities and times of Foresail are worth under a split.
fn honesty(board: &Board<'_>, ran: &[Ran], (seeds, result): (Seeds, &mut BenchResult)) {
    let Some(foresail) = ran.iter().find(|one| one.method.name == FORESAIL) else { return };
    let parts = board.own(foresail).into_iter();
    let all = Honesty::join(parts.filter_map(|part: &FoldPart| part.honesty.clone()));
    if all.units.is_empty() {
        return;
    }
    let split = board.split();
    for (calibrated, stage) in [(true, Stage::Calibrated), (false, Stage::Raw)] {
        let reading = all.reading(stage, seeds.bootstrap);
        result.probabilities.push(ProbabilityRow { split, calibrated, reading });
    }
    for least in [0.0, LOUD] {
        let row = time_row(Scope::PooledTraining, &all.announced(least), seeds.bootstrap);
        result.times.push(TimesRow { split, least_probability: f64::from(least), row });
    }
}

fn provenance(input: &BenchInput) -> Provenance {
    Provenance {
        program_version: input.program_version.clone(),
        git_revision: input.git_revision.clone(),
        command: input.command.clone(),
        model: FORESAIL.to_owned(),
        settings: format!("{:?}", FitSettings::default().params),
        budgets: BUDGETS.to_vec(),
        seeds: input.seeds,
    }
}

/// What has to be known of these data: who shares applications, and which splits are not in them.
fn notes(courses: &[Course]) -> Vec<String> {
    let mut sharing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, first) in courses.iter().enumerate() {
        for second in &courses[number + 1..] {
            let (one, other) = (first.namespaces(), second.namespaces());
            let both: Vec<&str> = one.intersection(&other).copied().collect();
            if !both.is_empty() {
                let pair = format!("{} and {}", first.name(), second.name());
                sharing.entry(both.join(", ")).or_default().push(pair);
            }
        }
    }
    let mut notes: Vec<String> = sharing
        .into_iter()
        .map(|(namespaces, pairs)| {
            let pairs = pairs.join("; ");
            format!("The namespaces {namespaces} are in several recordings ({pairs}): these are no strangers to each other.")
        })
        .collect();
    let clusters: std::collections::BTreeSet<&str> =
        courses.iter().map(|one| one.replayed().trace.settings.cluster.as_str()).collect();
    if clusters.len() < 2 {
        notes.push("Leave one cluster out is not in these data: all come from one.".to_owned());
    }
    notes.push(
        "Nodes belong to no application and are left out where one application is.".to_owned(),
    );
    notes
}
