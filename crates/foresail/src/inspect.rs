//! `foresail recording inspect`: what is in a recording.

use std::collections::BTreeMap;

use foresail_collect::Inspection;
use foresail_core::FailureKind;
use serde::Serialize;

use crate::arguments::{Format, InspectArguments};
use crate::failure::Result;
use crate::outcomes::{by_kind, open, outcomes_of};
use crate::stdout::Output;
use crate::table::{Align, Table};

/// What `--format json` prints.
#[derive(Serialize)]
struct InspectionObject {
    #[serde(flatten)]
    recording: Inspection,
    outcomes: BTreeMap<FailureKind, OutcomeCount>,
}

#[derive(Clone, Copy, Serialize)]
struct OutcomeCount {
    all: usize,
    primary: usize,
}

/// Prints what is in a recording.
pub(crate) fn run(arguments: &InspectArguments) -> Result<()> {
    let recording = open(&arguments.recording)?;
    let outcomes = by_kind(&outcomes_of(&recording));
    let mut output = Output::new();
    match arguments.format {
        Format::Json => {
            let count = |(kind, (all, primary))| (kind, OutcomeCount { all, primary });
            output.json(&InspectionObject {
                recording: recording.inspect(),
                outcomes: outcomes.into_iter().map(count).collect(),
            })?;
        }
        Format::Text => {
            output.line(recording.inspect())?;
            print(&mut output, &outcomes)?;
        }
    }
    output.flush()
}

fn print(output: &mut Output, outcomes: &BTreeMap<FailureKind, (usize, usize)>) -> Result<()> {
    if outcomes.is_empty() {
        return output.line("outcomes: none");
    }
    let mut table =
        Table::new(&[("outcomes", Align::Left), ("all", Align::Right), ("primary", Align::Right)]);
    for (kind, (all, primary)) in outcomes {
        table.row([kind.to_string(), all.to_string(), primary.to_string()]);
    }
    output.text(&table.to_string())
}
