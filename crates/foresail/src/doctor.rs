//! `foresail doctor`: what can be predicted here, what is missing, and the exact change that mends it.

use foresail_collect::coverage::{self, Coverage, KindCoverage, Predictable, Seen, Source, judge};
use foresail_collect::kubernetes::{self, KubernetesError, ReaderSettings};

use crate::arguments::{DoctorArguments, Format};
use crate::clock;
use crate::failure::{Failure, Result};
use crate::record;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// Why a source could not be asked, and whether another place or time may help.
#[derive(Debug)]
enum Trouble {
    /// What was said is wrong.
    Input(String),
    /// Network, permission, time.
    Environment(String),
}

/// Looks, judges and prints.
pub(crate) fn run(arguments: &DoctorArguments) -> Result<()> {
    let (seen, troubles) = record::runtime()?.block_on(look(arguments))?;
    if seen.server.seen().is_none() && seen.cluster.seen().is_none() {
        return Err(nothing_seen(troubles));
    }
    let coverage = judge(&seen);
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&coverage)?,
        Format::Text => print(&mut output, &coverage)?,
    }
    output.flush()?;
    required(arguments, &coverage)
}

/// Asks both sources at once.
async fn look(arguments: &DoctorArguments) -> Result<(Seen, Vec<Trouble>)> {
    let (server, cluster) = tokio::join!(server(arguments), cluster(arguments));
    let mut troubles = Vec::new();
    let seen = Seen { server: told(server?, &mut troubles), cluster: told(cluster, &mut troubles) };
    Ok((seen, troubles))
}

/// What came of a source; trouble is kept in case nothing else answers.
fn told<T>(
    answer: std::result::Result<Option<T>, Trouble>,
    troubles: &mut Vec<Trouble>,
) -> Source<T> {
    match answer {
        Ok(Some(seen)) => Source::Seen(seen),
        Ok(None) => Source::Unasked,
        Err(trouble) => {
            let text = match &trouble {
                Trouble::Input(text) | Trouble::Environment(text) => text.clone(),
            };
            troubles.push(trouble);
            Source::Failed(text)
        }
    }
}

/// # Errors
/// Options that cannot be used at all.
async fn server(
    arguments: &DoctorArguments,
) -> Result<std::result::Result<Option<coverage::ServerSeen>, Trouble>> {
    if arguments.server.prometheus.is_none() {
        return Ok(Ok(None));
    }
    let client = record::client(&arguments.server)?;
    let now = arguments.server.until.unwrap_or_else(clock::now);
    let selector = arguments.server.selector.trim().trim_start_matches('{').trim_end_matches('}');
    Ok(match coverage::server(&client, selector, now).await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) => Err(Trouble::Environment(Failure::Environment(error.into()).to_string())),
    })
}

async fn cluster(
    arguments: &DoctorArguments,
) -> std::result::Result<Option<coverage::ClusterSeen>, Trouble> {
    let settings = ReaderSettings {
        kubeconfig: arguments.kubeconfig.clone(),
        context: arguments.context.clone(),
        ..ReaderSettings::default()
    };
    let is_named = arguments.kubeconfig.is_some() || arguments.context.is_some();
    let asked = async {
        let cluster = kubernetes::open(&settings).await?;
        coverage::cluster(&cluster).await
    };
    match asked.await {
        Ok(seen) => Ok(Some(seen)),
        // Nobody named one: a metrics server alone is enough.
        Err(KubernetesError::NoCluster { .. })
            if !is_named && arguments.server.prometheus.is_some() =>
        {
            Ok(None)
        }
        Err(error) => {
            let environment = error.is_environment();
            let text = Failure::Environment(error.into()).to_string();
            Err(if environment { Trouble::Environment(text) } else { Trouble::Input(text) })
        }
    }
}

/// Nothing could be looked at: the environment, unless only the options are wrong.
fn nothing_seen(troubles: Vec<Trouble>) -> Failure {
    let is_input = troubles.iter().all(|trouble| matches!(trouble, Trouble::Input(_)));
    let texts: Vec<String> = troubles
        .into_iter()
        .map(|trouble| match trouble {
            Trouble::Input(text) | Trouble::Environment(text) => text,
        })
        .collect();
    let text = format!("nothing could be looked at: {}", texts.join("; "));
    if is_input { Failure::input(text) } else { Failure::Environment(anyhow::anyhow!("{text}")) }
}

fn required(arguments: &DoctorArguments, coverage: &Coverage) -> Result<()> {
    let blind: Vec<String> = coverage
        .kinds
        .iter()
        .filter(|one| arguments.require.contains(&one.kind))
        .filter(|one| one.verdict == Predictable::Blind)
        .map(|one| format!("`{}`", one.kind))
        .collect();
    if blind.is_empty() {
        return Ok(());
    }
    Err(Failure::NotMet(format!("cannot be predicted here: {}", blind.join(", "))))
}

fn print(output: &mut Output, coverage: &Coverage) -> Result<()> {
    let sources = [("metrics server", &coverage.server), ("cluster", &coverage.cluster)];
    for (name, source) in sources {
        let mark = if source.answered || source.text == "not asked" { "" } else { "no answer: " };
        output.line(format_args!("{name:<15} {mark}{}", clean(&source.text)))?;
    }
    if let Some(kubelets) = &coverage.kubelets {
        output.line(format_args!("{:<15} {}", "kubelets", clean(kubelets)))?;
    }
    output.line("")?;
    let mut table =
        Table::new(&[("failure", Align::Left), ("predicted", Align::Left), ("by", Align::Left)]);
    for kind in &coverage.kinds {
        table.row([
            kind.kind.as_str().to_owned(),
            kind.verdict.as_str().to_owned(),
            kind.watched.join(", "),
        ]);
    }
    output.text(&table.to_string())?;
    for kind in coverage.kinds.iter().filter(|kind| !kind.reasons.is_empty()) {
        print_reasons(output, kind)?;
    }
    print_fixes(output, coverage)
}

fn print_fixes(output: &mut Output, coverage: &Coverage) -> Result<()> {
    for (number, fix) in coverage.fixes.iter().enumerate() {
        output.line(format_args!("\n[{}] {}", number + 1, clean(&fix.text)))?;
        let Some(snippet) = &fix.snippet else { continue };
        let same = |one: &coverage::Fix| one.snippet.as_ref() == Some(snippet);
        match coverage.fixes.iter().position(same) {
            Some(first) if first < number => {
                output.line(format_args!("    as under [{}]", first + 1))?;
            }
            Some(_) | None => {
                for line in snippet.lines() {
                    output.line(format_args!("    {line}"))?;
                }
            }
        }
    }
    Ok(())
}

fn print_reasons(output: &mut Output, kind: &KindCoverage) -> Result<()> {
    output.line(format_args!(
        "\n{} is {}:",
        kind.kind,
        match kind.verdict {
            Predictable::Here => "predicted here, better with more",
            Predictable::Partly => "partly predicted",
            Predictable::Blind => "not predicted",
        }
    ))?;
    for reason in &kind.reasons {
        let fixes: String = reason.fixes.iter().map(|number| format!(" [{number}]")).collect();
        output.line(format_args!("  - {}{fixes}", clean(&reason.text)))?;
    }
    Ok(())
}

/// What servers say goes to a terminal.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}
