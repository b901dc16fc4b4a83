//! `foresail bench`: every contender under every split, into tables, a page and files to keep.

use std::path::{Path, PathBuf};

use foresail_evaluate::backtest::Progress as Step;
use foresail_evaluate::bench::{
    self, BenchError, BenchInput, BenchResult, Committed, Extent, FORESAIL,
};
use foresail_evaluate::result::{Row, Scope, Seeds, Split};

use crate::arguments::BenchArguments;
use crate::backtest::command_line;
use crate::clock::Stopwatch;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::shipped::{ROLES, Shipped};
use crate::staging::check_folder;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// Folder below the output for the results of folds.
const PARTS: &str = "parts";

/// Recordings by role.
#[derive(Debug, Default, PartialEq, Eq)]
struct Recordings {
    training: Vec<PathBuf>,
    demo: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &BenchArguments) -> Result<()> {
    let recordings = Recordings::of(&arguments.recording)?;
    let committed = arguments.check.as_deref().map(read_committed).transpose()?;
    check_folder(&arguments.out)?;
    let watch = Stopwatch::start();
    let progress = Progress::start();
    let input = BenchInput {
        training: recordings.training,
        demo: recordings.demo,
        parts: arguments.out.join(PARTS),
        extent: if arguments.reduced { Extent::Reduced } else { Extent::Full },
        program: program()?,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: option_env!("FORESAIL_REVISION").map(str::to_owned),
        command: command_line(),
        seeds: Seeds::default(),
    };
    let clock = || watch.elapsed().as_secs_f64();
    let report = |step: Step<'_>| progress.report(step.step, step.done, step.total);
    let result = bench::run(&input, &clock, &report).map_err(failure)?;
    drop(progress);
    let files = bench::write(&result, &arguments.out).map_err(|error| {
        Failure::writing(error, format!("no results in `{}`", arguments.out.display()))
    })?;
    let mut output = Output::new();
    print(&mut output, &result)?;
    let seconds = watch.elapsed().as_secs_f64();
    output.line(format_args!("\n{seconds:.1} s. Page: {}", files.html.display()))?;
    output.flush()?;
    let mut worse = committed.map_or_else(Vec::new, |kept: Committed| kept.regressions(&result));
    let broken = result.gates.iter().filter(|gate| !gate.passed);
    worse.extend(broken.map(|gate| format!("broken gate: {} ({})", gate.name, gate.detail)));
    if worse.is_empty() { Ok(()) } else { Err(Failure::NotMet(worse.join("; "))) }
}

// === impl Recordings ===

impl Recordings {
    /// A folder with `roles.json` stands for what it names, and its recordings keep their roles; all
    /// others are training recordings.
    fn of(paths: &[PathBuf]) -> Result<Self> {
        let mut recordings = Self::default();
        for path in paths {
            if path.join(ROLES).is_file() {
                let shipped = Shipped::find(Some(path))?;
                recordings.training.extend(shipped.training);
                recordings.demo.push(shipped.demo);
            } else if is_demo(path)? {
                recordings.demo.push(path.clone());
            } else {
                recordings.training.push(path.clone());
            }
        }
        Ok(recordings)
    }
}

fn failure(error: BenchError) -> Failure {
    let what = "the benchmark failed";
    if matches!(error, BenchError::Parts { .. }) {
        Failure::writing(error, what)
    } else {
        Failure::reading(error, what)
    }
}

/// Whether the folder around a recording names it as the demo.
fn is_demo(path: &Path) -> Result<bool> {
    let Some(parent) = path.parent().filter(|parent| parent.join(ROLES).is_file()) else {
        return Ok(false);
    };
    Ok(Shipped::find(Some(parent))?.demo.file_name() == path.file_name())
}

/// What tells this program from any other, so that no other's results are taken up.
fn program() -> Result<String> {
    let hashed = std::env::current_exe().and_then(|file| bench::hash_of(&file));
    hashed.map_err(|error| Failure::reading(error, "failed to read the program itself"))
}

fn read_committed(file: &Path) -> Result<Committed> {
    let what = || format!("failed to read `{}`", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| Failure::reading(error, what()))?;
    serde_json::from_str(&text).map_err(|error| Failure::reading(error, what()))
}

/// Foresail and its opponents over everything that each split judges.
fn print(output: &mut Output, result: &BenchResult) -> Result<()> {
    for (split, words) in [
        (Split::LeaveOneRecordingOut, "Leave one recording out"),
        (Split::LeaveOneApplicationOut, "Leave one application out"),
        (Split::TrainingToJudged, "Demo recording"),
    ] {
        let pooled = |row: &&Row| row.split == split && !matches!(row.scope, Scope::Recording(_));
        let mut rows: Vec<&Row> = result.rows.iter().filter(pooled).collect();
        if rows.is_empty() {
            rows = result.rows.iter().filter(|row| row.split == split).collect();
        }
        rows.retain(|row| row.not_measurable.is_none());
        if rows.is_empty() {
            continue;
        }
        output.line(format_args!("{words}:"))?;
        output.text(&table(&rows).to_string())?;
        output.line("")?;
    }
    Ok(())
}

fn table(rows: &[&Row]) -> Table {
    let mut table = Table::new(&[
        ("method", Align::Left),
        ("budget", Align::Right),
        ("caught", Align::Right),
        ("share", Align::Right),
        ("right kind", Align::Right),
        ("false/pod-day", Align::Right),
        ("precision", Align::Right),
        ("in warning", Align::Right),
        ("median lead", Align::Right),
        ("Foresail less it", Align::Right),
    ]);
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.2}"));
    for row in rows {
        let mut own =
            rows.iter().filter(|own| own.method.name == FORESAIL && own.scope == row.scope);
        let own = own.rfind(|own| row.budget.is_none() || own.budget == row.budget);
        let paired = own.and_then(|own| own.paired.iter().find(|one| one.other == row.method.name));
        table.row([
            row.method.title.clone(),
            row.budget.map_or_else(|| "as shipped".to_owned(), |budget| budget.to_string()),
            format!("{}/{}", row.counts.reachable_matched, row.counts.reachable),
            number(row.recall.map(|one| one.value)),
            row.counts.reachable_matched_right_kind.to_string(),
            number(row.false_per_pod_day.map(|one| one.value)),
            number(row.precision.map(|one| one.value)),
            number(row.time_in_warning),
            row.lead_median_production_minutes
                .map_or_else(|| "-".to_owned(), |v| format!("{v:.0}")),
            paired.map_or_else(String::new, |one| {
                let bounds = one.difference.low.zip(one.difference.high);
                let bounds =
                    bounds.map_or_else(String::new, |(l, h)| format!(" [{l:+.2}, {h:+.2}]"));
                format!("{:+.2}{bounds}", one.difference.value)
            }),
        ]);
    }
    table
}
