//! From what was found to what can be predicted.

use std::collections::BTreeSet;

use foresail_core::{FailureKind, Quantity};
use serde::Serialize;

use super::fixes::{Fix, FixKind};
use super::look::{ClusterSeen, Seen, ServerSeen, Source};
use super::needs::{HOURS_NEEDED, NEEDS, Needs, OF_SPEC, Right, Way, Weight};
use crate::kubernetes::Allowed;
use crate::prometheus::{Cover, FamilyHistory, History, covers};
use crate::resolve::{BOUNDS, HISTOGRAMS, Origin, RULES};

/// What can be predicted here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The metrics server.
    pub server: SourceReport,
    /// The cluster.
    pub cluster: SourceReport,
    /// Kubelets, in words; `None` where no cluster was asked.
    pub kubelets: Option<String>,
    /// Every failure kind, in its order.
    pub kinds: Vec<KindCoverage>,
    /// What would mend what is missing, what mends most kinds first.
    pub fixes: Vec<Fix>,
}

/// What came of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Whether it answered.
    pub answered: bool,
    /// What it is, or why it did not answer.
    pub text: String,
}

/// How far a kind can be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictable {
    /// Every way that this version knows is open.
    Here,
    /// Some are.
    Partly,
    /// None is, or nobody would see that it happened.
    Blind,
}

/// One failure kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KindCoverage {
    /// The kind.
    pub kind: FailureKind,
    /// How far it can be predicted.
    pub verdict: Predictable,
    /// What is watched here; empty for one that is blind.
    pub watched: Vec<&'static str>,
    /// What is missing, or not to be had.
    pub reasons: Vec<Reason>,
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What, and because of which metric, permission or retention.
    pub text: String,
    /// Numbers of the fixes in [`Coverage::fixes`], from 1; none where nothing mends it.
    pub fixes: Vec<usize>,
}

/// A reason before fixes are numbered.
struct Gap {
    text: String,
    fixes: Vec<Fix>,
}

/// How a quantity is there.
enum There {
    Yes,
    /// With so many hours of history.
    Short(f64),
    No,
}

// === impl Predictable ===

impl Predictable {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Partly => "partly",
            Self::Blind => "blind",
        }
    }
}

/// What `seen` allows to predict.
#[must_use]
pub fn judge(seen: &Seen) -> Coverage {
    let mut judged: Vec<(KindCoverage, Vec<Gap>)> =
        NEEDS.iter().map(|needs| kind(seen, needs)).collect();
    let fixes = ranked(&judged);
    for (coverage, gaps) in &mut judged {
        coverage.reasons = gaps
            .drain(..)
            .map(|gap| Reason {
                fixes: gap
                    .fixes
                    .iter()
                    .filter_map(|fix| Some(fixes.iter().position(|one| one == fix)? + 1))
                    .collect(),
                text: gap.text,
            })
            .collect();
    }
    Coverage {
        server: report(&seen.server, |server: &ServerSeen| {
            format!(
                "{}, {} of the families that are understood",
                server.address,
                server.families.len()
            )
        }),
        cluster: report(&seen.cluster, |cluster: &ClusterSeen| {
            format!("{}, Kubernetes {}", cluster.address, cluster.version)
        }),
        kubelets: seen.cluster.seen().map(kubelets),
        kinds: judged.into_iter().map(|(coverage, _)| coverage).collect(),
        fixes,
    }
}

fn report<T>(source: &Source<T>, words: impl Fn(&T) -> String) -> SourceReport {
    match source {
        Source::Unasked => SourceReport { answered: false, text: "not asked".to_owned() },
        Source::Failed(reason) => SourceReport { answered: false, text: reason.clone() },
        Source::Seen(seen) => SourceReport { answered: true, text: words(seen) },
    }
}

fn kubelets(cluster: &ClusterSeen) -> String {
    let seen = &cluster.kubelets;
    let problem = seen.problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default();
    format!(
        "{} of {} asked show metrics, {} their summary{problem}",
        seen.metrics, seen.asked, seen.summary
    )
}

/// Every fix once: what mends most kinds first, then by place and text.
fn ranked(judged: &[(KindCoverage, Vec<Gap>)]) -> Vec<Fix> {
    let all = judged.iter().flat_map(|(_, gaps)| gaps).flat_map(|gap| &gap.fixes);
    let mut fixes: Vec<(usize, Fix)> = Vec::new();
    for fix in all {
        match fixes.iter_mut().find(|(_, known)| known == fix) {
            Some((count, _)) => *count += 1,
            None => fixes.push((1, fix.clone())),
        }
    }
    fixes.sort_by(|a, b| {
        let options = |fix: &Fix| fix.kind != FixKind::Option;
        options(&a.1).cmp(&options(&b.1)).then_with(|| b.0.cmp(&a.0)).then_with(|| a.1.cmp(&b.1))
    });
    fixes.into_iter().map(|(_, fix)| fix).collect()
}

fn kind(seen: &Seen, needs: &Needs) -> (KindCoverage, Vec<Gap>) {
    let mut gaps = Vec::new();
    let is_seen = sight(seen, needs, &mut gaps);
    let (mut watched, mut open, mut closed) = (Vec::new(), 0, 0);
    for way in needs.ways {
        let before = gaps.len();
        let there = is_open(seen, way, &mut gaps);
        match way.weight {
            Weight::Main => {
                watched.extend(there.then_some(way.what));
                open += usize::from(there);
                // One that is open with short history is not whole.
                closed += usize::from(gaps.len() > before);
            }
            Weight::Helps => {}
        }
    }
    if let Some(ceiling) = needs.ceiling {
        gaps.push(Gap { text: ceiling.to_owned(), fixes: Vec::new() });
    }
    let verdict = if !is_seen.0 || open == 0 {
        Predictable::Blind
    } else if closed > 0 || needs.ceiling.is_some() || !is_seen.1 {
        Predictable::Partly
    } else {
        Predictable::Here
    };
    if verdict == Predictable::Blind {
        watched.clear();
    }
    let mut said = BTreeSet::new();
    gaps.retain(|gap| said.insert(gap.text.clone()));
    (KindCoverage { kind: needs.kind, verdict, watched, reasons: Vec::new() }, gaps)
}

/// Whether a failure would be seen at all, and whether all of it.
fn sight(seen: &Seen, needs: &Needs, gaps: &mut Vec<Gap>) -> (bool, bool) {
    if needs.sight.is_empty() {
        return (true, true);
    }
    let before = gaps.len();
    for right in needs.sight {
        may_read(seen, *right, gaps);
    }
    if gaps.len() == before {
        return (true, true);
    }
    // Without the API, what kube-state-metrics says between two scrapes is left.
    let families = seen.server.seen().map(|server| &server.families);
    let history = History {
        families: families
            .into_iter()
            .flat_map(|families| families.keys())
            .map(|name| FamilyHistory {
                family: (*name).to_owned(),
                samples: 1,
                ..FamilyHistory::default()
            })
            .collect(),
        ..History::default()
    };
    let shown = covers(&history).into_iter().find(|one| one.kind == needs.kind);
    let (cover, reason) =
        shown.map_or((Cover::Not, String::new()), |shown| (shown.cover, shown.reason));
    match cover {
        Cover::AtLeast | Cover::Partly => {
            let text = format!("only kube-state-metrics would show that it happened: {reason}");
            gaps.push(Gap { text, fixes: Vec::new() });
            (true, false)
        }
        Cover::Not => {
            // The API without all that belongs to it still shows some.
            let some = needs.sight.first().is_some_and(|right| is_allowed(seen, *right));
            if !some {
                let text = format!("nobody would see that it happened: {reason}");
                gaps.push(Gap { text, fixes: Vec::new() });
            }
            (some, false)
        }
    }
}

/// Whether a way is open; what is missing of it is added to `gaps`.
fn is_open(seen: &Seen, way: &Way, gaps: &mut Vec<Gap>) -> bool {
    let before = gaps.len();
    for right in way.rights {
        may_read(seen, *right, gaps);
    }
    if gaps.len() > before {
        name_way(way, &mut gaps[before..]);
        return false;
    }
    let (mut missing, mut short) = (Vec::new(), None::<f64>);
    for quantity in way.quantities {
        match there(seen, *quantity) {
            There::Yes => {}
            There::Short(hours) => short = Some(short.map_or(hours, |least| least.min(hours))),
            There::No => missing.push(*quantity),
        }
    }
    if let Some(hours) = short {
        let text = format!("{hours:.0} h of history, {HOURS_NEEDED:.0} h make whole answers");
        gaps.push(Gap { text, fixes: vec![Fix::history(HOURS_NEEDED)] });
    }
    if !missing.is_empty() {
        gaps.push(without(seen, &missing));
    }
    name_way(way, &mut gaps[before..]);
    missing.is_empty()
}

fn name_way(way: &Way, gaps: &mut [Gap]) {
    let better = match way.weight {
        Weight::Main => "",
        Weight::Helps => " (judged better with it)",
    };
    for gap in gaps {
        gap.text = format!("{}{better}: {}", way.what, gap.text);
    }
}

fn is_allowed(seen: &Seen, (group, resource): Right) -> bool {
    seen.cluster.seen().is_some_and(|cluster| {
        let mut rights = cluster.access.rights.iter().filter(|access| {
            (access.permission.group, access.permission.resource) == (group, resource)
        });
        rights.any(|access| matches!(access.allowed, Allowed::Yes))
    })
}

/// Adds a gap unless the account may read the objects.
fn may_read(seen: &Seen, right: Right, gaps: &mut Vec<Gap>) {
    if is_allowed(seen, right) {
        return;
    }
    let (text, fix) = match &seen.cluster {
        Source::Unasked => ("the Kubernetes API was not asked".to_owned(), Fix::cluster()),
        Source::Failed(_) => ("the Kubernetes API did not answer".to_owned(), Fix::cluster()),
        Source::Seen(cluster) => {
            let mut rights = cluster.access.rights.iter();
            let access = rights
                .find(|access| (access.permission.group, access.permission.resource) == right);
            let reason = access.and_then(|access| access.reason.as_deref());
            let is_unknown = access.is_some_and(|access| access.allowed == Allowed::Unknown);
            let text = match reason.filter(|_| is_unknown) {
                Some(reason) => {
                    format!("nobody could say whether `{}` may be read: {reason}", right.1)
                }
                None => format!("the account may not read `{}`", right.1),
            };
            (text, Fix::role(right))
        }
    };
    gaps.push(Gap { text, fixes: vec![fix] });
}

/// Whether a quantity can be had, from whichever source.
fn there(seen: &Seen, quantity: Quantity) -> There {
    if OF_SPEC.contains(&quantity) && is_allowed(seen, ("", "pods")) {
        return There::Yes;
    }
    if of_kubelets(seen, quantity) {
        return There::Yes;
    }
    let Some(server) = seen.server.seen() else { return There::No };
    let by_rule =
        RULES.iter().filter(|rule| rule.quantity == quantity).flat_map(|rule| rule.metrics);
    let by_bucket = HISTOGRAMS
        .iter()
        .filter(|_| BOUNDS.iter().any(|(_, bound)| *bound == quantity))
        .map(|histogram| &histogram.metric);
    let hours = by_rule.chain(by_bucket).filter_map(|name| server.families.get(name)).copied();
    match hours.reduce(f64::max) {
        None => There::No,
        Some(hours) if hours < HOURS_NEEDED => There::Short(hours),
        Some(_) => There::Yes,
    }
}

/// Whether kubelets give it when they are scraped.
fn of_kubelets(seen: &Seen, quantity: Quantity) -> bool {
    let Some(kubelets) = seen.cluster.seen().map(|cluster| &cluster.kubelets) else { return false };
    if is_storage(quantity) {
        kubelets.summary > 0
    } else {
        kubelets.metrics > 0 && is_of_kubelets(quantity)
    }
}

/// A way without these quantities.
fn without(seen: &Seen, quantities: &[Quantity]) -> Gap {
    let mut fixes: Vec<Fix> = quantities.iter().map(|one| mend(seen, *one)).collect();
    fixes.dedup();
    let names: Vec<String> = quantities.iter().map(|one| named(*one)).collect();
    let why = match &seen.server {
        Source::Unasked => "; no metrics server was asked",
        Source::Failed(_) => "; the metrics server did not answer",
        Source::Seen(_) => "",
    };
    Gap { text: format!("no {}{why}", names.join(" and ")), fixes }
}

/// A quantity with the families that would give it, the best first.
fn named(quantity: Quantity) -> String {
    let rules = RULES.iter().filter(|rule| rule.quantity == quantity);
    let mut families: Vec<String> =
        rules.flat_map(|rule| rule.metrics).map(|name| format!("`{name}`")).collect();
    families.dedup();
    families.truncate(2);
    let name = quantity.as_str();
    if families.is_empty() {
        format!("`{name}`")
    } else {
        format!("`{name}` ({})", families.join(", "))
    }
}

/// What brings a quantity: the kubelets where there is no server, the server's own way else.
fn mend(seen: &Seen, quantity: Quantity) -> Fix {
    let is_storage = is_storage(quantity);
    let right = ("", if is_storage { "nodes/stats" } else { "nodes/metrics" });
    let by_kubelets = is_storage || is_of_kubelets(quantity);
    match (&seen.server, seen.cluster.seen()) {
        (Source::Seen(_), None) => Fix::quantity(quantity),
        (Source::Seen(_), Some(_)) if !is_storage => Fix::quantity(quantity),
        (_, Some(_)) if by_kubelets && !is_allowed(seen, right) => Fix::role(right),
        (_, Some(cluster)) if by_kubelets => {
            Fix::kubelets(cluster.kubelets.problem.as_deref().unwrap_or("none answered"))
        }
        (Source::Unasked | Source::Failed(_) | Source::Seen(_), _) => Fix::server(),
    }
}

/// Storage of pods, which only the kubelets' summary tells.
const fn is_storage(quantity: Quantity) -> bool {
    matches!(quantity, Quantity::EmptyDirUsed | Quantity::EphemeralStorage)
}

/// Whether metrics of kubelets give it.
fn is_of_kubelets(quantity: Quantity) -> bool {
    let is_theirs = |origin| match origin {
        Origin::Cadvisor | Origin::KubeletResource | Origin::Kubelet | Origin::Prober => true,
        Origin::KubeStateMetrics
        | Origin::Application
        | Origin::NodeExporter
        | Origin::EphemeralStorage => false,
    };
    RULES.iter().any(|rule| rule.quantity == quantity && is_theirs(rule.origin))
}
