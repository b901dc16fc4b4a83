//! `foresail outcomes`: the failures that really happened, with the facts that made them.

use std::collections::BTreeMap;
use std::path::Path;

use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::{Fact, FailureKind, Outcome, Timestamp, Unit};
use foresail_engine::{Settings, State};
use serde::Serialize;

use crate::arguments::{Format, OutcomesArguments};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// One outcome as `--format json` prints it. Fields may be added, never renamed.
#[derive(Serialize)]
struct OutcomeLine<'a> {
    at: Timestamp,
    kind: FailureKind,
    namespace: Option<&'a str>,
    workload: Option<&'a str>,
    pod: Option<&'a str>,
    node: Option<&'a str>,
    incident: u32,
    primary: bool,
    object_kind: &'static str,
    owner_kind: Option<&'static str>,
    settled_at: Timestamp,
    recovered_at: Option<Timestamp>,
    facts: &'a [Fact],
}

/// Prints the outcomes of a recording.
pub(crate) fn run(arguments: &OutcomesArguments) -> Result<()> {
    let recording = open(&arguments.recording)?;
    let outcomes = outcomes_of(&recording);
    let mut output = Output::new();
    match arguments.format {
        Format::Json => {
            for outcome in &outcomes {
                output.json(&OutcomeLine::from(outcome))?;
            }
        }
        Format::Text => print(&mut output, &recording, &outcomes)?,
    }
    output.flush()
}

/// Opens a recording, verifying its hashes.
pub(crate) fn open(folder: &Path) -> Result<Recording> {
    let progress = Progress::start();
    progress.report(&format!("reading {}", folder.display()), 0, 0);
    Recording::open(folder, &OpenOptions::default()).map_err(|error| {
        Failure::reading(error, format!("failed to read recording `{}`", folder.display()))
    })
}

/// Every outcome of a recording, known by its end.
pub(crate) fn outcomes_of(recording: &Recording) -> Vec<Outcome> {
    let progress = Progress::start();
    let replay = recording.replay(ReplayOptions::default());
    let mut state = State::new(Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: recording.time_scale(),
        scrape_interval: recording.scrape_interval(),
    });
    let ticks = replay.len();
    for (done, (_, batch)) in replay.enumerate() {
        state.observe(&batch);
        progress.report("replaying", done + 1, ticks);
    }
    state.outcomes()
}

/// How often each kind occurred, and how often as the first outcome of its incident.
pub(crate) fn by_kind(outcomes: &[Outcome]) -> BTreeMap<FailureKind, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for outcome in outcomes {
        let (all, primary) = counts.entry(outcome.kind).or_insert((0, 0));
        *all += 1;
        *primary += usize::from(outcome.primary);
    }
    counts
}

fn print(output: &mut Output, recording: &Recording, outcomes: &[Outcome]) -> Result<()> {
    if outcomes.is_empty() {
        return output.line(format_args!("no outcome in recording `{}`", recording.name()));
    }
    let mut table = Table::new(&[
        ("at", Align::Left),
        ("incident", Align::Right),
        ("", Align::Left),
        ("kind", Align::Left),
        ("object", Align::Left),
        ("pod", Align::Left),
        ("fact", Align::Left),
    ]);
    for outcome in outcomes {
        let fact = outcome.facts.first().map(|fact| format!("{}: {}", fact.source, fact.text));
        table.row([
            outcome.occurred_at.to_string(),
            outcome.incident.to_string(),
            if outcome.primary { "primary" } else { "secondary" }.to_owned(),
            outcome.kind.to_string(),
            outcome.unit.to_string(),
            outcome.pod.clone().unwrap_or_default(),
            fact.map(|fact| shorten(&fact)).unwrap_or_default(),
        ]);
    }
    output.text(&table.to_string())?;
    let incidents = outcomes.iter().filter(|outcome| outcome.primary).count();
    output.line(format_args!("\n{} outcomes in {incidents} incidents", outcomes.len()))
}

/// Facts can be long; JSON has them whole.
fn shorten(fact: &str) -> String {
    const WIDTH: usize = 90;
    if fact.chars().count() <= WIDTH {
        return fact.to_owned();
    }
    fact.chars().take(WIDTH - 1).chain(['…']).collect()
}

// === impl OutcomeLine ===

impl<'a> From<&'a Outcome> for OutcomeLine<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let workload = outcome.unit.workload();
        let unit_node = match &outcome.unit {
            Unit::Node(name) => Some(name.as_str()),
            Unit::Workload(_) | Unit::Volume { .. } | Unit::Component(_) => None,
        };
        Self {
            at: outcome.occurred_at,
            kind: outcome.kind,
            namespace: workload.map(|workload| workload.namespace.as_str()),
            workload: workload.map(|workload| workload.name.as_str()),
            pod: outcome.pod.as_deref(),
            node: outcome.node.as_deref().or(unit_node),
            incident: outcome.incident,
            primary: outcome.primary,
            object_kind: outcome.unit.object_kind(),
            owner_kind: workload.map(|workload| workload.kind.as_str()),
            settled_at: outcome.settled_at,
            recovered_at: outcome.recovered_at,
            facts: &outcome.facts,
        }
    }
}
