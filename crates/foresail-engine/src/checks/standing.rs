//! Facts that break nothing by themselves until somebody calls, drains or upgrades: Services whose
//! selector finds no pod, disruption budgets that allow no eviction.

use foresail_core::{DisruptionBudgetObject, FailureKind, PlatformDuration, Timestamp, WorkloadId};

use super::{Finding, current_pods, message};
use crate::graph::{Graph, ServiceRecord};

/// How long a Service has to be empty beside Ready pods: endpoints follow readiness in seconds.
const EMPTY_FOR: PlatformDuration = PlatformDuration::from_seconds(30);

/// Probability that an empty Service costs its callers their error budget: it does if anybody calls.
const EMPTY_COSTS: f64 = 0.6;

/// Probability that a budget without room stops a rollout of nodes within the horizon. It is shown,
/// far below any threshold: the budget harms only when somebody drains.
const DEADLOCK: f64 = 0.02;

/// Findings for Services and disruption budgets, each under the workload of the same name.
pub(super) fn findings(graph: &Graph, at: Timestamp) -> Vec<Finding<'_>> {
    let inventory = graph.inventory();
    let services = inventory.services().filter_map(|service| empty(graph, service, at));
    let budgets = inventory.disruption_budgets().filter_map(|budget| deadlock(graph, budget));
    services.chain(budgets).collect()
}

/// A Service that had endpoints and has none, while pods of its workload are Ready.
fn empty<'a>(graph: &'a Graph, service: &ServiceRecord, at: Timestamp) -> Option<Finding<'a>> {
    let object = &service.object;
    let empty_since = service.empty_since?;
    service.last_ready?;
    if object.not_ready > 0 || at.since(empty_since) < EMPTY_FOR {
        return None;
    }
    let unit = named(graph, &object.namespace, &object.name)?;
    let ready = current_pods(graph, unit)
        .filter(|pod| pod.ready_since.is_some_and(|since| at.since(since) >= EMPTY_FOR))
        .count();
    if ready == 0 {
        return None;
    }
    let name = message::excerpt(&object.name);
    let namespace = &unit.namespace;
    Some(Finding {
        probability: EMPTY_COSTS,
        evidence: vec![format!(
            "Service {namespace}/{name} has had no endpoint for {:.0} s; its selector matches no pod",
            at.since(empty_since).as_seconds()
        )],
        ..Finding::fact(
            unit,
            FailureKind::SloBurn,
            format!(
                "{unit} will burn its error budget: Service \"{name}\" has no endpoints although {ready} pods are Ready"
            ),
        )
    })
}

/// A budget that allows no eviction although every pod is healthy: a drain waits for ever.
fn deadlock<'a>(graph: &'a Graph, budget: &DisruptionBudgetObject) -> Option<Finding<'a>> {
    let (healthy, desired, expected) = (budget.healthy?, budget.desired?, budget.expected?);
    if budget.allowed != Some(0) || expected == 0 || healthy < expected || desired < expected {
        return None;
    }
    let unit = named(graph, &budget.namespace, &budget.name)?;
    let name = message::excerpt(&budget.name);
    Some(Finding {
        probability: DEADLOCK,
        evidence: vec![format!(
            "PodDisruptionBudget {}/{name}: {healthy} of {expected} pods healthy, {desired} wanted, 0 disruptions allowed",
            unit.namespace
        )],
        ..Finding::fact(
            unit,
            FailureKind::RolloutStuck,
            format!(
                "a drain of the nodes of {unit} will hang: PodDisruptionBudget \"{name}\" never allows an eviction"
            ),
        )
    })
}

/// The workload that an object of this name most likely belongs to: the one of the same name, else
/// the one whose name it extends (`cart-pdb`, `cart-headless`), the longest such.
fn named<'a>(graph: &'a Graph, namespace: &str, name: &str) -> Option<&'a WorkloadId> {
    let belongs = |unit: &WorkloadId| {
        unit.namespace == namespace
            && name
                .strip_prefix(unit.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    graph
        .workloads()
        .map(|(unit, _)| unit)
        .filter(|unit| belongs(unit))
        .max_by_key(|unit| unit.name.len())
}
