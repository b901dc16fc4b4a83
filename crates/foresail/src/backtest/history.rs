//! The history of a metrics server, recorded and judged: what `backtest --prometheus` does.
//!
//! ```text
//!  server ──record──> recording (temporary, or kept) ──> back-test ──┐
//!     │      └─ --fit: the earlier part ──> model ───────^           ├──> result with the server's own alerts
//!     └── ALERTS, rules ─────────────────────────────────────────────┘
//! ```

use std::path::{Path, PathBuf};

use foresail_collect::prometheus::{
    Client, Cover, FiredAlerts, History, HistoryOptions, covers, fired_alerts,
};
use foresail_core::Timestamp;
use foresail_evaluate::backtest::{Backtest, Progress as Step};
use foresail_evaluate::earlier::{EMBARGO, Incidents, Parts, SHARE, TooLittle};
use foresail_evaluate::learned::{StoredModel, TrainSettings, train};
use foresail_evaluate::result::{FamilySource, FitSource, HistorySource, KindSource, Seen};

use super::{Judging, judge_with};
use crate::arguments::BacktestArguments;
use crate::failure::{Failure, Result};
use crate::models;
use crate::outcomes;
use crate::progress::Progress;
use crate::record::{self, client, options, staged};
use crate::staging::check_folder;

/// Names of the parts below `--keep`.
const EARLIER: &str = "earlier";
const JUDGED: &str = "judged";

/// What was recorded.
struct Recorded {
    /// What is judged.
    judged: PathBuf,
    history: History,
    options: HistoryOptions,
    /// What is learned from.
    earlier: Option<PathBuf>,
}

/// Records the history, judges it, and adds what the server holds.
pub(super) fn judge(arguments: &BacktestArguments) -> Result<Backtest> {
    let client = client(&arguments.server)?;
    let mut options = options(&arguments.server, &client, String::new())?;
    options.name.clone_from(&options.cluster);
    let parts = arguments.fit.then(|| Parts::of(options.span, options.time_scale)).transpose();
    let parts = parts.map_err(too_little)?;
    // What can be refused is refused before the server is asked.
    let model = match &arguments.model {
        Some(file) => Some(models::open(file)?),
        None if arguments.first_passage || arguments.fit => None,
        None => Some(models::built_in()?),
    };
    let temporary = match &arguments.keep {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("foresail-")
                .tempdir()
                .map_err(|error| Failure::writing(error, "failed to make a temporary folder"))?,
        ),
    };
    let recorded = match (&arguments.keep, &temporary) {
        (Some(keep), _) => {
            check_folder(keep)?;
            let made = staged(keep, |dir| record_parts(&client, &options, (dir, parts)))?;
            made.below(keep)
        }
        (None, Some(temporary)) => record_parts(&client, &options, (temporary.path(), parts))?,
        (None, None) => return Err(Failure::input("there is no folder to record into")),
    };
    let fired = ask_for_alerts(&client, &recorded.options)?;
    let (model, fit) = match (&recorded.earlier, parts) {
        (Some(earlier), Some(parts)) => {
            let (model, fit) = learn(earlier, parts, arguments)?;
            (Some(model), Some(fit))
        }
        (Some(_) | None, _) => (model, None),
    };
    let judging = Judging {
        recording: &recorded.judged,
        training: &arguments.train,
        budget: arguments.budget,
        model,
        fired: Some(fired),
    };
    let mut judged = judge_with(judging)?;
    judged.result.history = Some(source(&client, &recorded, fit));
    Ok(judged)
}

/// Records one part or both below `dir`.
fn record_parts(
    client: &Client,
    options: &HistoryOptions,
    (dir, parts): (&Path, Option<Parts>),
) -> Result<Recorded> {
    let Some(parts) = parts else {
        let history = record::record(client, options, dir)?;
        let (judged, options) = (dir.to_owned(), options.clone());
        return Ok(Recorded { judged, history, options, earlier: None });
    };
    let part = |name: &str, span: (Timestamp, Timestamp)| {
        let place = dir.join(name);
        let name = format!("{}, {name} part", options.name);
        let options = HistoryOptions { name, span, ..options.clone() };
        let history = record::record(client, &options, &place)?;
        Ok((place, history, options))
    };
    let (earlier, ..) = part(EARLIER, parts.earlier)?;
    let (judged, history, options) = part(JUDGED, parts.judged)?;
    Ok(Recorded { judged, history, options, earlier: Some(earlier) })
}

// === impl Recorded ===

impl Recorded {
    /// The same after its folder was given the name `keep`.
    fn below(self, keep: &Path) -> Self {
        match self.earlier {
            None => Self { judged: keep.to_owned(), ..self },
            Some(_) => {
                Self { judged: keep.join(JUDGED), earlier: Some(keep.join(EARLIER)), ..self }
            }
        }
    }
}

fn ask_for_alerts(client: &Client, options: &HistoryOptions) -> Result<FiredAlerts> {
    let progress = Progress::start();
    progress.report("alerts that fired", 0, 0);
    Ok(record::runtime()?.block_on(fired_alerts(client, &options.selector, options.span)))
}

/// Trains on the earlier part alone.
fn learn(
    earlier: &Path,
    parts: Parts,
    arguments: &BacktestArguments,
) -> Result<(StoredModel, FitSource)> {
    let outcomes = outcomes::outcomes_of(&outcomes::open(earlier)?);
    let incidents = Incidents::of(&outcomes, parts.earlier.1).map_err(too_little)?;
    let progress = Progress::start();
    let report = |step: Step<'_>| progress.report(step.step, step.done, step.total);
    let settings = TrainSettings::new(env!("CARGO_PKG_VERSION"));
    let trained = train(&[earlier.to_owned()], &settings, &report)
        .map_err(|error| Failure::reading(error, "no model was trained on the earlier part"))?;
    let budget = arguments.budget.get();
    if !trained.header.operating_points.iter().any(|point| point.budget == budget) {
        return Err(Failure::input(format!(
            "the earlier part gives no threshold for a budget of {budget}: {}",
            trained.warnings.join("; ")
        )));
    }
    let fit = FitSource {
        share: SHARE,
        from: parts.earlier.0,
        to: parts.earlier.1,
        embargo_production_minutes: EMBARGO.as_minutes(),
        judged_from: parts.judged.0,
        incidents: incidents.all,
        unfinished: incidents.unfinished,
        warnings: trained.warnings,
    };
    let model = StoredModel {
        file: PathBuf::from("trained on the earlier part"),
        header: trained.header,
        model: trained.model.into(),
    };
    Ok((model, fit))
}

fn too_little(error: TooLittle) -> Failure {
    Failure::input(format!("{error}; ask for more by `--since`, or leave `--fit` out"))
}

/// What the server holds, for the report.
fn source(client: &Client, recorded: &Recorded, fit: Option<FitSource>) -> HistorySource {
    let (history, options) = (&recorded.history, &recorded.options);
    let families = history.families.iter().map(|family| FamilySource {
        family: family.family.clone(),
        series: family.series,
        samples: family.samples,
        hours: family.hours(),
        left_out: family.left_out,
        problem: family.problem.clone(),
    });
    let kinds = covers(history).into_iter().map(|one| KindSource {
        kind: one.kind.as_str().to_owned(),
        seen: match one.cover {
            Cover::AtLeast => Seen::AtLeast,
            Cover::Partly => Seen::Partly,
            Cover::Not => Seen::Not,
        },
        reason: one.reason,
    });
    HistorySource {
        server: client.base(),
        from: options.span.0,
        to: options.span.1,
        scrape_interval_seconds: history.scrape_interval.as_seconds(),
        object_interval_seconds: history.object_interval.as_seconds(),
        terminations_at_least: history.objects.terminations,
        terminations_unseen: history.objects.unseen_terminations,
        families: families.collect(),
        missing_object_families: history
            .missing_object_families
            .iter()
            .map(|family| (*family).to_owned())
            .collect(),
        kinds: kinds.collect(),
        warnings: history.warnings.clone(),
        fit,
    }
}
