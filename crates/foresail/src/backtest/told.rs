//! What was found on a metrics server, in words: its own alerts, its history, what cannot be judged.

use foresail_evaluate::result::{
    BacktestResult, Fired, FiredName, FitSource, HistorySource, Row, Seen,
};

use crate::failure::Result;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// Alerts that are listed; the rest stands in the report.
const LISTED: usize = 25;

/// Prints what is known of the server beside the table of methods.
pub(super) fn print(output: &mut Output, result: &BacktestResult) -> Result<()> {
    if let Some(fired) = &result.fired {
        print_fired(output, fired)?;
    }
    if let Some(history) = &result.history {
        print_history(output, history)?;
    }
    Ok(())
}

fn print_fired(output: &mut Output, fired: &Fired) -> Result<()> {
    if let Some(problem) = &fired.problem {
        output.line(clean(&format!("\nalerts that fired there are not known: {problem}")))?;
    } else if fired.alerts.is_empty() {
        output.line("\nno `ALERTS` series in this time: nothing fired there, or the server does not keep them")?;
    } else {
        let every = fired.evaluation_interval_seconds;
        let every = every.map_or(String::new(), |every| format!(", evaluated every {every} s"));
        output.line(format_args!("\nAlerts that fired there{every}:\n"))?;
        output.text(&fired_table(&fired.alerts).to_string())?;
        print_apart(output, fired)?;
    }
    match &fired.rules_problem {
        Some(problem) => output.line(clean(&format!("\nrules there are not known: {problem}"))),
        None if fired.rules > 0 => output.line(format_args!(
            "\nalerting rules there: {}; {} of them did not fire in this time",
            fired.rules, fired.silent_rules
        )),
        None => Ok(()),
    }
}

fn fired_table(alerts: &[FiredName]) -> Table {
    let mut table = Table::new(&[
        ("alert", Align::Left),
        ("severity", Align::Left),
        ("for", Align::Right),
        ("fired", Align::Right),
        ("judged", Align::Right),
        ("caught in time", Align::Right),
        ("median lead", Align::Right),
        ("false", Align::Right),
        ("false/pod-day", Align::Right),
        ("late", Align::Right),
        ("already failing", Align::Right),
    ]);
    for one in alerts.iter().filter(|one| !one.always).take(LISTED) {
        let hold = one.hold_seconds.map_or("–".to_owned(), |hold| format!("{hold} s"));
        let number = |value: fn(&Row) -> u32| {
            one.row.as_ref().map_or("–".to_owned(), |row| value(row).to_string())
        };
        let lead = one.row.as_ref().and_then(|row| row.lead_median_production_minutes);
        let rate = one.row.as_ref().and_then(|row| row.false_per_pod_day);
        table.row([
            one.name.clone(),
            one.severity.clone().unwrap_or_default(),
            hold,
            one.spells.to_string(),
            number(|row| row.counts.alarms),
            number(|row| row.counts.reachable_matched),
            lead.map_or("–".to_owned(), |lead| format!("{lead:.0} min")),
            number(|row| row.counts.false_alarms),
            rate.map_or("–".to_owned(), |rate| format!("{:.2}", rate.value)),
            number(|row| row.counts.late),
            number(|row| row.counts.blackout),
        ]);
    }
    table
}

/// What is neither right nor false.
fn print_apart(output: &mut Output, fired: &Fired) -> Result<()> {
    let kept: Vec<&FiredName> = fired.alerts.iter().filter(|one| !one.always).collect();
    if kept.len() > LISTED {
        output.line(format_args!("and {} more, see the report", kept.len() - LISTED))?;
    }
    let sum = |value: fn(&FiredName) -> usize| kept.iter().map(|one| value(one)).sum::<usize>();
    output.line(format_args!(
        "\ncounted apart: {} on no object, {} on an object that was not recorded, {} firing since before",
        sum(|one| one.without_object),
        sum(|one| one.unknown_object),
        sum(|one| one.already_firing)
    ))?;
    let always: Vec<&str> =
        fired.alerts.iter().filter(|one| one.always).map(|one| one.name.as_str()).collect();
    if !always.is_empty() {
        let names = always.join(", ");
        output.line(clean(&format!("left out, as they say that alerting works: {names}")))?;
    }
    Ok(())
}

fn print_history(output: &mut Output, history: &HistorySource) -> Result<()> {
    let hours = history.to.since(history.from).as_seconds() / 3_600.0;
    output.line(clean(&format!(
        "\n{}, {} to {} ({hours:.1} h); scraped every {} s, kube-state-metrics every {} s",
        history.server,
        history.from,
        history.to,
        history.scrape_interval_seconds,
        history.object_interval_seconds
    )))?;
    output.line(format_args!(
        "ended containers: at least {}; restarts whose end was not seen: {}\n",
        history.terminations_at_least, history.terminations_unseen
    ))?;
    if let Some(fit) = &history.fit {
        print_fit(output, fit)?;
    }
    output.text(&kinds_table(history).to_string())?;
    output.line("")?;
    output.text(&families_table(history).to_string())?;
    for warning in &history.warnings {
        output.line(clean(&format!("\nthe server warns: {warning}")))?;
    }
    Ok(())
}

fn print_fit(output: &mut Output, fit: &FitSource) -> Result<()> {
    output.line(format_args!(
        "trained on the first {:.0} % of the time, {} to {}, with {} incidents ({} of them not over at its \
         end); judged from {} on, after an embargo of {:.0} production minutes\n",
        fit.share * 100.0,
        fit.from,
        fit.to,
        fit.incidents,
        fit.unfinished,
        fit.judged_from,
        fit.embargo_production_minutes
    ))?;
    for warning in &fit.warnings {
        output.line(clean(&format!("note: {warning}\n")))?;
    }
    Ok(())
}

fn kinds_table(history: &HistorySource) -> Table {
    let mut table =
        Table::new(&[("failure", Align::Left), ("counted", Align::Left), ("why", Align::Left)]);
    for one in &history.kinds {
        let seen = match one.seen {
            Seen::AtLeast => "at least",
            Seen::Partly => "partly",
            Seen::Not => "not judged",
        };
        table.row([one.kind.clone(), seen.to_owned(), one.reason.clone()]);
    }
    table
}

fn families_table(history: &HistorySource) -> Table {
    let mut table = Table::new(&[
        ("family", Align::Left),
        ("series", Align::Right),
        ("samples", Align::Right),
        ("hours", Align::Right),
        ("problem", Align::Left),
    ]);
    for family in &history.families {
        table.row([
            family.family.clone(),
            family.series.to_string(),
            family.samples.to_string(),
            format!("{:.1}", family.hours),
            family.problem.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// What a server says is untrusted: its control characters must not reach the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}
