//! `foresail record`: history of a metrics server, or a running cluster, becomes a recording.

mod cluster;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use foresail_collect::prometheus::{
    Auth, Client, ClientIdentity, History, HistoryError, HistoryOptions, Limits, Secret, Settings,
    record_history,
};
use foresail_core::Timestamp;
use serde::Serialize;

use crate::arguments::{Format, PrometheusArguments, RecordArguments};
use crate::clock;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::staging::check_folder;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// What kube-state-metrics never shows.
const NEVER_SHOWN: &str = "kube-state-metrics shows no events, messages, probes, volumes and templates: \
     `liveness_kill` counts as `error_exit`, `network` and failed mounts cannot be judged, `evicted` only \
     where the pod stays; what begins and ends between two scrapes is missing";

/// What `--format json` prints. Fields may be added, never renamed.
#[derive(Serialize)]
struct HistoryObject<'a> {
    out: String,
    server: &'a str,
    from: Timestamp,
    to: Timestamp,
    scrape_interval_seconds: f64,
    object_interval_seconds: f64,
    pods: usize,
    workloads: usize,
    nodes: usize,
    terminations_at_least: u64,
    terminations_unseen: u64,
    families: Vec<FamilyObject<'a>>,
    missing_object_families: &'a [&'static str],
    warnings: &'a [String],
}

/// One metric family.
#[derive(Serialize)]
struct FamilyObject<'a> {
    family: &'a str,
    series: usize,
    samples: u64,
    hours: f64,
    left_out: u64,
    problem: Option<&'a str>,
}

/// Records and says what is there and what is not.
pub(crate) fn run(arguments: &RecordArguments) -> Result<()> {
    check_folder(&arguments.out)?;
    if let Some(length) = arguments.length {
        return cluster::run(arguments, length.0);
    }
    let name = folder_name(&arguments.out);
    let client = client(&arguments.server)?;
    let mut options = options(&arguments.server, &client, name)?;
    if let Some(cluster) = &arguments.cluster {
        options.cluster.clone_from(cluster);
    }
    let history = staged(&arguments.out, |dir| record(&client, &options, dir))?;
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&object(arguments, (&client.base(), &options), &history))?,
        Format::Text => print(&mut output, arguments, (&client.base(), &options, &history))?,
    }
    output.flush()
}

/// A recording is called as its folder.
fn folder_name(out: &Path) -> String {
    out.file_name()
        .map_or_else(|| "recording".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The matchers of every query, without braces.
fn selector(server: &PrometheusArguments) -> String {
    server.selector.trim().trim_start_matches('{').trim_end_matches('}').to_owned()
}

/// Records into `dir`.
pub(crate) fn record(client: &Client, options: &HistoryOptions, dir: &Path) -> Result<History> {
    let runtime = runtime()?;
    let progress = Progress::start();
    let on_family = |family: &str, done, total| progress.report(family, done, total);
    runtime.block_on(record_history(client, options, dir, &on_family)).map_err(refused)
}

/// What runs the network.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::writing(error, "failed to start the network runtime"))
}

/// Writes through `write` into a folder beside `out`, which then takes its place.
pub(crate) fn staged<T>(out: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let failed = |error| Failure::writing(error, format!("failed to write `{}`", out.display()));
    if out.is_dir() && fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(Failure::input(format!(
            "`{}` is not empty: a recording needs a folder of its own",
            out.display()
        )));
    }
    let parent = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed)?;
    let aside = tempfile::Builder::new().prefix(".foresail-").tempdir_in(parent).map_err(failed)?;
    let written = write(aside.path())?;
    fs::set_permissions(aside.path(), Permissions::from_mode(0o755)).map_err(failed)?;
    fs::rename(aside.path(), out).map_err(failed)?;
    // It has its final name: there is nothing left to remove.
    let _ = aside.keep();
    Ok(written)
}

/// A client by the options of the command line.
pub(crate) fn client(server: &PrometheusArguments) -> Result<Client> {
    // The command line asks for one.
    let url = server.prometheus.as_deref().unwrap_or_default();
    if url.contains('@') {
        return Err(Failure::input(
            "`--prometheus` must not hold a user and password, which other users of this machine could \
             read: use `--user` with `--password-file`",
        ));
    }
    let auth = match (&server.user, &server.password_file, &server.token_file) {
        (Some(user), Some(file), _) => {
            Auth::Basic { user: user.clone(), password: Secret::new(read(file)?) }
        }
        (_, _, Some(file)) => Auth::TokenFile(file.clone()),
        _ => Auth::None,
    };
    let identity = match (&server.client_certificate, &server.client_key) {
        (Some(certificate), Some(key)) => {
            Some(ClientIdentity { certificate: certificate.clone(), key: key.clone() })
        }
        _ => None,
    };
    let settings = Settings {
        url: url.to_owned(),
        auth,
        headers: server.header.iter().map(|line| header(line)).collect::<Result<_>>()?,
        ca_file: server.ca_file.clone(),
        identity,
        limits: Limits { timeout: Duration::from_secs(server.timeout), ..Limits::default() },
    };
    Client::new(&settings).map_err(|error| refused(error.into()))
}

/// `Name: value` or `Name: @FILE`.
fn header(line: &str) -> Result<(String, Secret)> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(Failure::input("`--header` needs a name, a colon and a value"));
    };
    let value = value.trim();
    let value = match value.strip_prefix('@') {
        Some(file) => read(Path::new(file))?,
        None => value.to_owned(),
    };
    Ok((name.trim().to_owned(), Secret::new(value)))
}

fn read(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::reading(error, format!("failed to read `{}`", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// What to record by the options of the command line.
pub(crate) fn options(
    server: &PrometheusArguments,
    client: &Client,
    name: String,
) -> Result<HistoryOptions> {
    let now = clock::now();
    let end = server.until.unwrap_or(now);
    if end > now {
        return Err(Failure::input(format!("`--until` is `{end}`, which is yet to come")));
    }
    let selector = selector(server);
    let named = selector.split(',').find_map(|matcher| {
        let (label, value) = matcher.split_once('=')?;
        label.trim().contains("cluster").then(|| value.trim_matches(['"', '~', ' ']).to_owned())
    });
    let base = client.base();
    let host = base.split("://").nth(1).unwrap_or(&base).split(['/', ':']).next();
    let cluster = named.unwrap_or_else(|| host.unwrap_or_default().to_owned());
    let span = (end - server.since.0, end);
    Ok(HistoryOptions { selector, span, time_scale: server.time_scale, name, cluster })
}

fn refused(error: HistoryError) -> Failure {
    Failure::of(error, HistoryError::is_environment)
}

fn object<'a>(
    arguments: &RecordArguments,
    (server, options): (&'a str, &HistoryOptions),
    history: &'a History,
) -> HistoryObject<'a> {
    let families = history.families.iter().map(|family| FamilyObject {
        family: &family.family,
        series: family.series,
        samples: family.samples,
        hours: family.hours(),
        left_out: family.left_out,
        problem: family.problem.as_deref(),
    });
    HistoryObject {
        out: arguments.out.display().to_string(),
        server,
        from: options.span.0,
        to: options.span.1,
        scrape_interval_seconds: history.scrape_interval.as_seconds(),
        object_interval_seconds: history.object_interval.as_seconds(),
        pods: history.objects.pods,
        workloads: history.objects.workloads,
        nodes: history.objects.nodes,
        terminations_at_least: history.objects.terminations,
        terminations_unseen: history.objects.unseen_terminations,
        families: families.collect(),
        missing_object_families: &history.missing_object_families,
        warnings: &history.warnings,
    }
}

fn print(
    output: &mut Output,
    arguments: &RecordArguments,
    (server, options, history): (&str, &HistoryOptions, &History),
) -> Result<()> {
    let (from, to) = options.span;
    let hours = to.since(from).as_seconds() / 3_600.0;
    output.line(format_args!(
        "{server}, {from} to {to} ({hours:.1} h) -> {}",
        arguments.out.display()
    ))?;
    let objects = &history.objects;
    output.line(format_args!(
        "{} pods, {} workloads, {} nodes; scraped every {} s, kube-state-metrics every {} s",
        objects.pods,
        objects.workloads,
        objects.nodes,
        history.scrape_interval.as_seconds(),
        history.object_interval.as_seconds()
    ))?;
    output.line(format_args!(
        "ended containers: at least {}; restarts whose end was not seen: {}\n",
        objects.terminations, objects.unseen_terminations
    ))?;
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
            format!("{:.1}", family.hours()),
            family.problem.clone().unwrap_or_default(),
        ]);
    }
    output.text(&table.to_string())?;
    if !history.missing_object_families.is_empty() {
        let missing = history.missing_object_families.join(", ");
        output.line(format_args!("\nnot exported by kube-state-metrics there: {missing}"))?;
    }
    for warning in &history.warnings {
        output.line(format_args!("\nthe server warns: {warning}"))?;
    }
    output.line(format_args!("\n{NEVER_SHOWN}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_may_keep_its_value_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "secret\n").unwrap();
        let read = header(&format!("X-Key: @{}", file.path().display())).unwrap();
        assert_eq!(read, ("X-Key".to_owned(), Secret::new("secret")));
        assert_eq!(header("X-Scope-OrgID: a:b").unwrap().1, Secret::new("a:b"));
        assert_eq!(header("nothing").unwrap_err().code(), 2);
    }

    #[test]
    fn a_failed_recording_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("a/recording");
        let failed = staged(&out, |dir| {
            fs::write(dir.join("half"), "").unwrap();
            Err::<(), _>(Failure::input("no"))
        });
        assert!(failed.is_err() && !out.exists());
        assert_eq!(fs::read_dir(root.path().join("a")).unwrap().count(), 0);
        staged(&out, |dir| {
            fs::write(dir.join("whole"), "").unwrap();
            Ok(())
        })
        .unwrap();
        assert!(out.join("whole").exists());
        assert_eq!(staged(&out, |_| Ok(())).unwrap_err().code(), 2);
    }
}
