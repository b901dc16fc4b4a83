//! The alerts that really fired there, placed on units and judged as every other method.
//!
//! ```text
//!  FiredAlerts ──labels──> pod, workload, node, claim ──> unit of the recording ──> Raised ──> matching
//!                    └──> no object, an unknown one, firing since before, always firing: counted apart
//! ```
//! Each spell of one alert on one unit is one alarm; spells of several pods of a unit that overlap are
//! one. It ends as every alarm does: when it stops firing, at the longest horizon, or at the first outcome.

use std::collections::{BTreeMap, BTreeSet};

use foresail_collect::prometheus::{FiredAlert, FiredAlerts, Spell};
use foresail_core::{FailureKind, KindClass, PlatformDuration, Unit, WorkloadKind};

use super::BacktestInput;
use super::rows::{Others, Plan, others};
use crate::baseline::RULES;
use crate::matching::Raised;
use crate::result::{Fired, FiredName, Method, MethodKind, Variant};
use crate::trace::{Trace, UnitIndex};

/// Name of the row of all alerts together.
pub(crate) const FIRED: &str = "alerts_fired";

/// A name that fires for this share of the time on no object is a watchdog: it says that alerting works.
const ALWAYS: f64 = 0.95;
/// The severity that rules of kube-prometheus give to what is no alert (Watchdog, InfoInhibitor).
const NO_ALERT: &str = "none";
/// Firing within so many evaluations of the begin means firing since before.
const SINCE_BEFORE: f64 = 2.5;

/// Every alert by name, on the units of the shown recording.
pub(super) struct Placed {
    fired: Fired,
    alarms: BTreeMap<String, Vec<Raised>>,
}

/// Where the labels of an alert point.
enum Place {
    Unit(UnitIndex),
    Unknown,
    Nowhere,
}

/// Places the alerts of `input`; `None` where none were asked for.
pub(super) fn place(input: &BacktestInput, plan: &Plan<'_>) -> Option<Placed> {
    let given = input.fired.as_ref()?;
    let replayed = plan.replayed[*plan.judged.first()?];
    Some(placed(given, &replayed.trace))
}

fn placed(given: &FiredAlerts, trace: &Trace) -> Placed {
    let mut names: BTreeMap<&str, Vec<&FiredAlert>> = BTreeMap::new();
    for alert in &given.alerts {
        names.entry(&alert.name).or_default().push(alert);
    }
    let mut placed = Placed { fired: facts(given, &names), alarms: BTreeMap::new() };
    for (name, alerts) in names {
        let (said, alarms) = Placing { given, trace }.name(name, &alerts);
        placed.fired.alerts.push(said);
        placed.alarms.insert(name.to_owned(), alarms);
    }
    placed
}

/// What is said of all alerts.
fn facts(given: &FiredAlerts, names: &BTreeMap<&str, Vec<&FiredAlert>>) -> Fired {
    let rules: BTreeSet<&str> = given.rules.iter().map(|rule| rule.name.as_str()).collect();
    let mut problem = given.problem.clone();
    if given.left_out > 0 {
        let text = format!("{} alerts more than are kept apart were left out", given.left_out);
        problem.get_or_insert(text);
    }
    Fired {
        evaluation_interval_seconds: given.interval.map(PlatformDuration::as_seconds),
        problem,
        rules_problem: given.rules_problem.clone(),
        rules: rules.len(),
        silent_rules: rules.iter().filter(|name| !names.contains_key(*name)).count(),
        alerts: Vec::new(),
    }
}

/// Places one alert after the other.
struct Placing<'a> {
    given: &'a FiredAlerts,
    trace: &'a Trace,
}

// === impl Placing ===

impl Placing<'_> {
    /// What is said of the alerts of one name, and the alarms to judge.
    fn name(&self, name: &str, alerts: &[&FiredAlert]) -> (FiredName, Vec<Raised>) {
        let rule = self.given.rules.iter().find(|rule| rule.name == name);
        let severity = alerts.iter().find_map(|alert| alert.labels.get("severity"));
        let mut said = FiredName {
            name: name.to_owned(),
            severity: severity.cloned().or_else(|| rule.and_then(|rule| rule.severity.clone())),
            expression: rule.map(|rule| rule.expression.clone()),
            hold_seconds: rule.map(|rule| rule.hold.as_seconds()),
            always: false,
            spells: alerts.iter().map(|alert| alert.spells.len()).sum(),
            already_firing: 0,
            without_object: 0,
            unknown_object: 0,
            row: None,
        };
        let mut units: BTreeMap<UnitIndex, Vec<Spell>> = BTreeMap::new();
        for alert in alerts {
            match self.place(&alert.labels) {
                Place::Unit(unit) => units.entry(unit).or_default().extend(&alert.spells),
                Place::Unknown => said.unknown_object += alert.spells.len(),
                Place::Nowhere => said.without_object += alert.spells.len(),
            }
        }
        let on_nothing = said.without_object == said.spells;
        said.always = said.severity.as_deref() == Some(NO_ALERT)
            || (on_nothing && alerts.iter().any(|alert| self.share(&alert.spells) >= ALWAYS));
        let mut alarms = Vec::new();
        if !said.always {
            for (unit, spells) in units {
                for spell in merged(spells) {
                    if self.since_before(spell) {
                        said.already_firing += 1;
                    } else {
                        alarms.push(self.alarm(name, unit, spell));
                    }
                }
            }
        }
        alarms.sort_by_key(|alarm| (alarm.at, alarm.unit));
        (said, alarms)
    }

    fn alarm(&self, name: &str, unit: UnitIndex, spell: Spell) -> Raised {
        let kind = kind(name, &self.trace.units[unit.0 as usize].unit);
        let step = self.given.interval.unwrap_or_default();
        let over = spell.until + step;
        Raised {
            unit,
            kind,
            at: spell.from,
            cleared_at: (over < self.given.span.1).then_some(over),
            horizon: self.trace.settings.time_scale.to_platform(kind.longest_horizon()),
        }
    }

    /// Whether an alert fired when the judged time began: when it was raised nobody knows.
    fn since_before(&self, spell: Spell) -> bool {
        let step = self.given.interval.unwrap_or_default().as_seconds();
        let begin = self.trace.started_at.max(self.given.span.0);
        spell.from <= begin + PlatformDuration::from_seconds_f64(SINCE_BEFORE * step)
    }

    /// The share of the time for which something fired.
    fn share(&self, spells: &[Spell]) -> f64 {
        let (start, end) = self.given.span;
        let step = self.given.interval.unwrap_or_default().as_seconds();
        let firing: f64 =
            spells.iter().map(|spell| spell.until.since(spell.from).as_seconds() + step).sum();
        firing / end.since(start).as_seconds().max(1.0)
    }

    fn place(&self, labels: &BTreeMap<String, String>) -> Place {
        // Where a scraper keeps labels of its own, those of the object are called `exported_…`.
        let label = |name: &str| {
            labels.get(&format!("exported_{name}")).or_else(|| labels.get(name)).map(String::as_str)
        };
        let workload = KINDS.iter().find_map(|(name, kind)| Some((*kind, label(name)?)));
        let typed = label("workload").map(|name| (typed(label("workload_type")), name));
        let instance = self.instance(label("instance"));
        if let Some(namespace) = label("namespace") {
            if let Some(pod) = label("pod") {
                let key = (namespace.to_owned(), pod.to_owned());
                if let Some(unit) = self.trace.pod_units.get(&key) {
                    return match instance {
                        // An exporter of the node that it runs on: the alert is about the node.
                        Place::Unit(node) if self.is_daemon(*unit) => Place::Unit(node),
                        Place::Unit(_) | Place::Unknown | Place::Nowhere => Place::Unit(*unit),
                    };
                }
            }
            if let Some((kind, name)) = workload.or(typed) {
                return found(self.workload(namespace, kind, name));
            }
            if let Some(claim) = label("persistentvolumeclaim") {
                let (namespace, claim) = (namespace.to_owned(), claim.to_owned());
                return found(self.trace.find(&Unit::Volume { namespace, claim }));
            }
            if label("pod").is_some() {
                return Place::Unknown;
            }
        }
        match label("node").or_else(|| label("nodename")) {
            Some(node) => found(self.trace.find(&Unit::Node(node.to_owned()))),
            None => instance,
        }
    }

    /// The workload of this name; without a kind, or for a ReplicaSet, the one it belongs to.
    fn workload(
        &self,
        namespace: &str,
        kind: Option<WorkloadKind>,
        name: &str,
    ) -> Option<UnitIndex> {
        let of_namespace = (0..).zip(&self.trace.units).filter_map(|(number, unit)| {
            let id = unit.unit.workload().filter(|id| id.namespace == namespace)?;
            Some((UnitIndex(number), id))
        });
        let exact = of_namespace
            .clone()
            .find(|(_, id)| id.name == name && kind.as_ref().is_none_or(|kind| id.kind == *kind));
        let owns = |owner: &str| name.strip_prefix(owner).is_some_and(|rest| rest.starts_with('-'));
        let owner = || {
            let set = kind == Some(WorkloadKind::ReplicaSet);
            let owners = of_namespace.filter(|(_, id)| set && owns(&id.name));
            owners.max_by_key(|(_, id)| id.name.len())
        };
        exact.or_else(owner).map(|(unit, _)| unit)
    }

    fn is_daemon(&self, unit: UnitIndex) -> bool {
        let id = self.trace.units[unit.0 as usize].unit.workload();
        id.is_some_and(|id| id.kind == WorkloadKind::DaemonSet)
    }

    /// A node by the address at which it is scraped; other targets are no objects.
    fn instance(&self, instance: Option<&str>) -> Place {
        let host = instance.map(|text| text.rsplit_once(':').map_or(text, |(host, _)| host));
        let node = host.and_then(|host| self.trace.find(&Unit::Node(host.to_owned())));
        node.map_or(Place::Nowhere, Place::Unit)
    }
}

/// Labels by which rules name workloads.
const KINDS: [(&str, Option<WorkloadKind>); 6] = [
    ("deployment", Some(WorkloadKind::Deployment)),
    ("statefulset", Some(WorkloadKind::StatefulSet)),
    ("daemonset", Some(WorkloadKind::DaemonSet)),
    ("job_name", Some(WorkloadKind::Job)),
    ("cronjob", Some(WorkloadKind::CronJob)),
    ("replicaset", Some(WorkloadKind::ReplicaSet)),
];

/// The kind that a `workload_type` label names.
fn typed(kind: Option<&str>) -> Option<WorkloadKind> {
    let kind = kind?.to_ascii_lowercase();
    KINDS.iter().find(|(name, _)| *name == kind).and_then(|(_, kind)| *kind)
}

fn found(unit: Option<UnitIndex>) -> Place {
    unit.map_or(Place::Unknown, Place::Unit)
}

/// The failure that an alert comes nearest to: known of stock rules only. It decides about the least
/// useful lead and the horizon of none, and about the right kind of those.
fn kind(name: &str, unit: &Unit) -> FailureKind {
    let stock = RULES.iter().find(|rule| rule.title == name).map(|rule| rule.kind);
    let stock = stock.filter(|kind| !matches!(kind.class(), KindClass::Change));
    stock.unwrap_or(match unit {
        Unit::Workload(_) | Unit::Component(_) => FailureKind::NotReady,
        Unit::Node(_) => FailureKind::NodeNotReady,
        Unit::Volume { .. } => FailureKind::VolumeFull,
    })
}

/// Spells in order; those that overlap are one.
fn merged(mut spells: Vec<Spell>) -> Vec<Spell> {
    spells.sort_by_key(|spell| (spell.from, spell.until));
    let mut merged: Vec<Spell> = Vec::with_capacity(spells.len());
    for spell in spells {
        match merged.last_mut() {
            Some(last) if spell.from <= last.until => last.until = last.until.max(spell.until),
            Some(_) | None => merged.push(spell),
        }
    }
    merged
}

// === impl Placed ===

impl Placed {
    /// All alerts as one method, watchdogs left out.
    pub(super) fn together(&self) -> Others {
        let mut alarms: Vec<Raised> = self.alarms.values().flatten().copied().collect();
        alarms.sort_by_key(|alarm| (alarm.at, alarm.unit));
        let always: Vec<&str> = self
            .fired
            .alerts
            .iter()
            .filter(|one| one.always)
            .map(|one| one.name.as_str())
            .collect();
        let mut settings = "`ALERTS` as the server kept it".to_owned();
        if !always.is_empty() {
            settings.push_str(&format!(", without {}", always.join(", ")));
        }
        Others { method: method(FIRED, "Alerts that fired there"), settings, alarms }
    }

    /// With the row of every name.
    pub(super) fn judged(self, input: &BacktestInput, plan: &Plan<'_>) -> Fired {
        let Self { mut fired, mut alarms } = self;
        for one in &mut fired.alerts {
            let alarms = alarms.remove(&one.name).unwrap_or_default();
            if !alarms.is_empty() {
                let name = format!("{FIRED}/{}", one.name);
                let (method, settings) = (method(&name, &one.name), String::new());
                one.row = others(input, plan, &Others { method, settings, alarms });
            }
        }
        fired
    }
}

fn method(name: &str, title: &str) -> Method {
    Method {
        name: name.to_owned(),
        title: title.to_owned(),
        kind: MethodKind::Baseline,
        variant: Variant::AsShipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Ground;
    use crate::result::AlarmFate;
    use crate::sample::{at, judged, outcome, trace};

    /// `cart` is killed at 1,500 s.
    fn shop() -> Trace {
        let mut trace = trace(3_000);
        trace.outcomes = vec![outcome("cart", FailureKind::OomKilled, 1_500, 0)];
        let cart = trace.find(&crate::sample::unit("cart")).unwrap();
        trace.pod_units.insert(("shop".to_owned(), "cart-1".to_owned()), cart);
        trace.unit(&Unit::Node("n1".to_owned()));
        trace
    }

    fn alert(name: &str, labels: &[(&str, &str)], spells: &[(i64, i64)]) -> FiredAlert {
        FiredAlert {
            name: name.to_owned(),
            labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            spells: spells
                .iter()
                .map(|(from, until)| Spell { from: at(*from), until: at(*until) })
                .collect(),
        }
    }

    fn given(alerts: Vec<FiredAlert>) -> FiredAlerts {
        FiredAlerts {
            span: (at(0), at(3_000)),
            alerts,
            interval: Some(PlatformDuration::from_seconds(15)),
            ..FiredAlerts::default()
        }
    }

    const CART: &[(&str, &str)] = &[("namespace", "shop"), ("pod", "cart-1")];

    #[test]
    fn an_alert_before_the_failure_is_caught_and_one_without_is_false() {
        let trace = shop();
        let alerts = vec![
            alert("High", CART, &[(1_200, 1_500)]),
            alert("High", &[("namespace", "shop"), ("deployment", "search")], &[(600, 700)]),
        ];
        let placed = placed(&given(alerts), &trace);
        let (judgement, ..) = judged(&Ground::new(&trace, None), &placed.together().alarms);
        let fates: Vec<AlarmFate> = judgement.alarms.iter().map(|one| one.fate).collect();
        assert_eq!(fates, [AlarmFate::False, AlarmFate::Hit]);
        assert_eq!(judgement.matched[0].unwrap().lead, PlatformDuration::from_seconds(300));
    }

    #[test]
    fn a_watchdog_is_left_out_and_named() {
        let alerts = vec![
            alert("Watchdog", &[], &[(0, 2_995)]),
            alert("Inhibitor", &[("severity", "none"), ("namespace", "shop")], &[(500, 600)]),
            alert("High", CART, &[(1_200, 1_500)]),
        ];
        let placed = placed(&given(alerts), &shop());
        let together = placed.together();
        assert_eq!(together.alarms.len(), 1);
        assert!(
            together.settings.ends_with("without Inhibitor, Watchdog"),
            "{}",
            together.settings
        );
    }

    #[test]
    fn what_names_no_object_or_an_unknown_one_is_counted_apart() {
        let alerts = vec![
            alert("A", &[("namespace", "shop")], &[(100, 200), (300, 400)]),
            alert("A", &[("namespace", "shop"), ("pod", "gone-1")], &[(100, 200)]),
            alert("A", &[("instance", "10.0.0.1:9100")], &[(100, 200)]),
            alert("A", &[("instance", "n1:9100")], &[(100, 200)]),
            alert(
                "A",
                &[("namespace", "x"), ("exported_namespace", "shop"), ("pod", "cart-1")],
                &[(0, 200)],
            ),
        ];
        let placed = placed(&given(alerts), &shop());
        let said = &placed.fired.alerts[0];
        assert_eq!((said.spells, said.without_object, said.unknown_object), (6, 3, 1));
        assert_eq!(said.already_firing, 1);
        assert_eq!(placed.together().alarms.len(), 1);
    }

    #[test]
    fn a_replica_set_stands_for_its_deployment() {
        let labels = &[("namespace", "shop"), ("replicaset", "cart-7d9f")];
        let placed = placed(&given(vec![alert("A", labels, &[(100, 200)])]), &shop());
        assert_eq!(placed.together().alarms.len(), 1);
    }

    #[test]
    fn pods_of_one_workload_that_fire_together_are_one_alarm() {
        let mut trace = shop();
        let cart = trace.pod_units[&("shop".to_owned(), "cart-1".to_owned())];
        trace.pod_units.insert(("shop".to_owned(), "cart-2".to_owned()), cart);
        let second = &[("namespace", "shop"), ("pod", "cart-2")];
        let alerts =
            vec![alert("A", CART, &[(100, 200), (400, 500)]), alert("A", second, &[(150, 250)])];
        assert_eq!(placed(&given(alerts), &trace).together().alarms.len(), 2);
    }
}
