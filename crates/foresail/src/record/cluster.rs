//! `foresail record --for`: a running cluster becomes a recording.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foresail_collect::capture::{CaptureError, CaptureOptions, Captured, capture};
use foresail_collect::kubernetes::{
    Cluster, KubeletTrust, KubernetesError, LogSettings, ReaderSettings, connect,
};
use foresail_collect::live::{PageClient, ScrapeSettings, Scraping, WebClient, WebSettings};
use foresail_core::{PlatformDuration, Timestamp};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{client, folder_name, runtime, staged};
use crate::arguments::{Format, RecordArguments};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::service::SystemClock;
use crate::stdout::Output;

/// Until the page of a target begins.
const PAGE_WAIT: Duration = Duration::from_secs(10);

/// Problems that are told one by one.
const TOLD: usize = 20;

/// What `--format json` prints. Fields may be added, never renamed.
#[derive(Serialize)]
struct CapturedObject<'a> {
    out: String,
    from: Timestamp,
    to: Timestamp,
    pods: usize,
    workloads: usize,
    nodes: usize,
    events: u64,
    log_lines: u64,
    log_lines_dropped: u64,
    scrapes: u64,
    samples_scraped: u64,
    samples_read: u64,
    problems: &'a std::collections::BTreeMap<String, String>,
}

/// Records for `length`, or until Ctrl-C, and says what is there.
pub(super) fn run(arguments: &RecordArguments, length: PlatformDuration) -> Result<()> {
    let captured =
        staged(&arguments.out, |dir| runtime()?.block_on(record(arguments, length, dir)))?;
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&object(arguments, &captured))?,
        Format::Text => print(&mut output, arguments, &captured)?,
    }
    output.flush()
}

async fn record(
    arguments: &RecordArguments,
    length: PlatformDuration,
    dir: &Path,
) -> Result<Captured> {
    let settings = ReaderSettings {
        kubeconfig: arguments.kubeconfig.clone(),
        context: arguments.context.clone(),
        logs: arguments.logs.then(LogSettings::default),
        ..ReaderSettings::default()
    };
    // Ctrl-C must end whatever is under way, not only what is listened for later.
    let stop = stopped()?;
    let cluster = connect(&settings).await.map_err(not_reached)?;
    let server = match &arguments.server.prometheus {
        Some(_) => Some((client(&arguments.server)?, super::selector(&arguments.server))),
        None => None,
    };
    let options = CaptureOptions {
        name: folder_name(&arguments.out),
        cluster: arguments.cluster.clone().unwrap_or_else(|| cluster.name().to_owned()),
        length,
        interval: arguments.interval.0,
        time_scale: arguments.server.time_scale,
        server,
        scraping: scraping(&cluster)?,
    };
    let progress = Progress::start();
    let on_progress = |step: &str, done, total| progress.report(step, done, total);
    let clock = Arc::new(SystemClock);
    capture((&cluster, clock), &options, dir, (stop, &on_progress)).await.map_err(not_recorded)
}

/// Ready at Ctrl-C or SIGTERM.
fn stopped() -> Result<impl Future<Output = ()>> {
    let failed = |error| Failure::writing(error, "failed to listen for signals");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// What is scraped: whatever the metrics server lacks, everything where there is none.
fn scraping(cluster: &Cluster) -> Result<ScrapeSettings> {
    // Many clusters leave kubelets with certificates that they signed themselves.
    let kubelets = cluster.node_http(&KubeletTrust::Anyone, PAGE_WAIT).map_err(not_reached)?;
    Ok(ScrapeSettings {
        scraping: Scraping::default(),
        kubelets: Some(PageClient::Cluster(kubelets)),
        kubelet_scheme: "https".to_owned(),
        others: WebClient::new(&WebSettings::default()).map_err(Failure::input)?,
    })
}

fn not_reached(error: KubernetesError) -> Failure {
    Failure::of(error, KubernetesError::is_environment)
}

fn not_recorded(error: CaptureError) -> Failure {
    Failure::of(error, CaptureError::is_environment)
}

/// Samples that the metrics server gave.
fn read(captured: &Captured) -> u64 {
    captured.history.iter().flat_map(|history| &history.families).map(|one| one.samples).sum()
}

fn object<'a>(arguments: &RecordArguments, captured: &'a Captured) -> CapturedObject<'a> {
    let [pods, workloads, nodes] = captured.objects;
    CapturedObject {
        out: arguments.out.display().to_string(),
        from: captured.span.0,
        to: captured.span.1,
        pods,
        workloads,
        nodes,
        events: captured.events,
        log_lines: captured.log_lines.0,
        log_lines_dropped: captured.log_lines.1,
        scrapes: captured.rounds.0,
        samples_scraped: captured.samples,
        samples_read: read(captured),
        problems: &captured.problems,
    }
}

fn print(output: &mut Output, arguments: &RecordArguments, captured: &Captured) -> Result<()> {
    let (from, to) = captured.span;
    let minutes = to.since(from).as_seconds() / 60.0;
    let [pods, workloads, nodes] = captured.objects;
    output
        .line(format_args!("{from} to {to} ({minutes:.1} min) -> {}", arguments.out.display()))?;
    output.line(format_args!(
        "{pods} pods, {workloads} workload objects, {nodes} nodes, {} changes, {} events",
        captured.changes, captured.events
    ))?;
    output.line(format_args!(
        "{} samples from {} scrapes of {} targets; {} from the metrics server",
        captured.samples,
        captured.rounds.0,
        captured.rounds.1,
        read(captured)
    ))?;
    if arguments.logs {
        let (kept, dropped) = captured.log_lines;
        output.line(format_args!("{kept} log lines, {dropped} left out"))?;
    }
    for (source, problem) in captured.problems.iter().take(TOLD) {
        // What a cluster says is untrusted: its control characters must not reach the terminal.
        let line = format!("{source}: {problem}").replace(char::is_control, " ");
        output.line(format_args!("\n{line}"))?;
    }
    let more = captured.problems.len().saturating_sub(TOLD);
    if more > 0 {
        output.line(format_args!("\nand {more} more have problems"))?;
    }
    Ok(())
}
