//! `foresail demo`: all of it on shipped recordings, without a cluster.

use std::path::PathBuf;

use crate::arguments::{BudgetArgument, DemoArguments};
use crate::backtest::{judge, print, write_report};
use crate::clock::Stopwatch;
use crate::failure::Result;
use crate::models;
use crate::serve;
use crate::shipped::Shipped;
use crate::staging::check_folder;
use crate::stdout::Output;
use crate::summary::Summary;

/// The budget that the demo shows: one false alarm a pod-day.
const BUDGET: BudgetArgument = BudgetArgument::One;

/// Runs the command.
pub(crate) fn run(arguments: &DemoArguments) -> Result<()> {
    let watch = Stopwatch::start();
    let shipped = Shipped::find(arguments.data.as_deref())?;
    check_folder(&arguments.out)?;
    let listener = if arguments.once { None } else { Some(serve::bind(arguments.listen)?) };

    let result =
        judge(&shipped.demo, &shipped.training, (BUDGET, Some(models::built_in()?)))?.result;
    let files = write_report(&result, &arguments.out)?;

    let summary = Summary::new(&result);
    let mut output = Output::new();
    output.line(format_args!(
        "The model that is built in, and every setting, come from {} training recordings, for at most {} \
         false alarms per pod-day; judged on a recording that nothing was chosen on:",
        shipped.training.len(),
        BUDGET.get()
    ))?;
    print(&mut output, &summary)?;
    for story in summary.stories() {
        output.line(format_args!("\n{story}"))?;
    }
    output.line(format_args!(
        "\n{:.1} s. Report: {}",
        watch.elapsed().as_secs_f64(),
        files.html.display()
    ))?;
    output.flush()?;

    let Some(listener) = listener else { return Ok(()) };
    // With port 0 the system chose one.
    let address = listener.local_addr().unwrap_or(arguments.listen);
    output.line(format_args!("Serving it on http://{address}/ until Ctrl-C"))?;
    output.flush()?;
    let inside = |file: &PathBuf| file.strip_prefix(&arguments.out).ok().map(PathBuf::from);
    let names: Vec<PathBuf> =
        [&files.html, &files.json].into_iter().chain(&files.charts).filter_map(inside).collect();
    serve::serve(listener, &arguments.out, &names)
}
