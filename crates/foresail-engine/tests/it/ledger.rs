//! Outcomes of hand-made histories.

use foresail_core::{
    ChangeKind, Condition, ConditionStatus, ContainerState, FailureKind, PodPhase, Unit,
    WorkloadId, WorkloadKind,
};

use crate::history::{
    History, at, condition, ended, node, owner, pod, replica_set, restarted, seconds, unready,
    waiting, workload,
};

const KILLED: (&str, &str) = ("Killing", "Container app failed liveness probe, will be restarted");

fn cart() -> Unit {
    Unit::Workload(WorkloadId {
        namespace: "shop".to_owned(),
        kind: WorkloadKind::Deployment,
        name: "cart".to_owned(),
    })
}

#[test]
fn an_oom_kill_occurs_at_its_finish_and_is_known_when_observed() {
    let mut history = History::of_a_ready_pod();
    history.pod(101.5, ChangeKind::Modified, restarted(1, ended(137, "OOMKilled", 100.0)));
    assert_eq!(history.told(102.0), [("oom_killed", "shop/cart".to_owned(), 100.0, 101.5)]);
    let outcome = &history.outcomes(102.0)[0];
    assert_eq!(outcome.pod.as_deref(), Some("cart-1-a"));
    assert_eq!(outcome.recovered_at.map(seconds), Some(101.5));
    assert_eq!(outcome.facts[0].text, "exit code 137, OOMKilled");
}

#[test]
fn a_termination_seen_as_state_and_as_last_state_counts_once() {
    let mut history = History::of_a_ready_pod();
    let mut dead = unready(100.0);
    dead.containers[0].state = Some(ended(1, "Error", 100.0));
    history.pod(100.5, ChangeKind::Modified, dead);
    history.pod(102.0, ChangeKind::Modified, restarted(1, ended(1, "Error", 100.0)));
    history.pod(110.0, ChangeKind::Modified, restarted(1, ended(1, "Error", 100.0)));
    assert_eq!(history.told(500.0), [("error_exit", "shop/cart".to_owned(), 100.0, 110.5)]);
    assert_eq!(history.outcomes(500.0)[0].facts.len(), 1);
}

#[test]
fn two_terminations_within_one_second_count_twice_and_no_more() {
    let mut history = History::of_a_ready_pod();
    let mut dead = unready(100.0);
    dead.containers[0].state = Some(ended(127, "Error", 100.0));
    history.pod(100.5, ChangeKind::Modified, dead.clone());
    dead.containers[0].restarts = 1;
    dead.containers[0].last_state = dead.containers[0].state.clone();
    if let Some(ContainerState::Terminated { container_id, .. }) = &mut dead.containers[0].state {
        *container_id = Some("containerd://second".to_owned());
    }
    for t in [101.5, 101.6, 102.0] {
        history.pod(t, ChangeKind::Modified, dead.clone());
    }
    assert_eq!(history.outcomes(500.0)[0].facts.len(), 2);
}

#[test]
fn a_probe_kill_explains_the_exit_whichever_is_observed_first() {
    for (event, status) in [(96.0, 101.0), (104.0, 101.0)] {
        let mut history = History::of_a_ready_pod();
        history.event(event, 95.0, KILLED);
        history.pod(status, ChangeKind::Modified, restarted(1, ended(143, "Error", 100.0)));
        let known = f64::max(event, status);
        let expected = [("liveness_kill", "shop/cart".to_owned(), 100.0, known)];
        assert_eq!(history.told(500.0), expected);
        assert_eq!(history.outcomes(500.0)[0].facts.len(), 2);
    }
}

#[test]
fn a_probe_kill_with_a_clean_exit_is_a_liveness_kill() {
    let mut history = History::of_a_ready_pod();
    history.event(96.0, 95.0, KILLED);
    history.pod(101.0, ChangeKind::Modified, restarted(1, ended(0, "Completed", 100.0)));
    assert_eq!(history.told(500.0), [("liveness_kill", "shop/cart".to_owned(), 100.0, 101.0)]);
}

#[test]
fn one_probe_kill_explains_one_termination() {
    let mut history = History::of_a_ready_pod();
    history.event(96.0, 95.0, KILLED);
    // The same event, observed again: no second kill.
    history.event(97.0, 95.0, KILLED);
    history.pod(101.0, ChangeKind::Modified, restarted(1, ended(143, "Error", 100.0)));
    history.pod(121.0, ChangeKind::Modified, restarted(2, ended(1, "Error", 120.0)));
    let kinds: Vec<_> = history.told(500.0).into_iter().map(|told| (told.0, told.2)).collect();
    assert_eq!(kinds, [("liveness_kill", 100.0), ("error_exit", 120.0)]);
}

#[test]
fn an_exit_outside_the_window_of_a_probe_kill_stands_for_itself() {
    for finished in [92.0, 136.0] {
        let mut history = History::of_a_ready_pod();
        history.event(95.5, 95.0, KILLED);
        let status = restarted(1, ended(143, "Error", finished));
        history.pod(137.0, ChangeKind::Modified, status);
        assert_eq!(history.told(500.0)[0].0, "error_exit");
    }
}

#[test]
fn exits_by_deletion_are_no_failures() {
    let mut history = History::of_a_ready_pod();
    let mut dying = pod("cart-1-a", "u1");
    dying.deletion_requested_at = Some(at(130.0));
    history.pod(100.2, ChangeKind::Modified, dying.clone());
    dying.phase = PodPhase::Failed;
    dying.containers[0].state = Some(ended(143, "Error", 101.0));
    history.pod(102.0, ChangeKind::Modified, dying.clone());
    history.pod(103.0, ChangeKind::Deleted, dying);
    assert_eq!(history.told(500.0), []);
}

#[test]
fn a_deletion_observed_just_after_the_exit_still_explains_it() {
    let mut history = History::of_a_ready_pod();
    let mut dying = unready(100.0);
    dying.containers[0].state = Some(ended(143, "Error", 100.0));
    history.pod(100.8, ChangeKind::Modified, dying.clone());
    dying.deletion_requested_at = Some(at(130.0));
    history.pod(100.9, ChangeKind::Modified, dying.clone());
    history.pod(101.5, ChangeKind::Deleted, dying);
    assert_eq!(history.told(500.0), []);
}

#[test]
fn a_crash_before_the_deletion_stays_a_failure() {
    let mut history = History::of_a_ready_pod();
    let mut dead = unready(100.0);
    dead.containers[0].state = Some(ended(2, "Error", 100.0));
    history.pod(100.5, ChangeKind::Modified, dead.clone());
    dead.deletion_requested_at = Some(at(135.0));
    history.pod(105.0, ChangeKind::Modified, dead.clone());
    history.pod(106.0, ChangeKind::Deleted, dead);
    assert_eq!(history.told(500.0), [("error_exit", "shop/cart".to_owned(), 100.0, 110.5)]);
}

#[test]
fn an_eviction_counts_once_and_explains_how_its_containers_end() {
    let mut history = History::of_a_ready_pod();
    let message = "Usage of EmptyDir volume \"data\" exceeds the limit \"64Mi\". ";
    history.event(100.6, 100.0, ("Evicted", message));
    let mut evicted = pod("cart-1-a", "u1");
    evicted.phase = PodPhase::Failed;
    evicted.reason = Some("Evicted".to_owned());
    evicted.containers[0].state = Some(ended(137, "ContainerStatusUnknown", 102.0));
    history.pod(103.0, ChangeKind::Modified, evicted.clone());
    evicted.containers[0].state = Some(ended(137, "Error", 102.5));
    history.pod(104.0, ChangeKind::Modified, evicted);
    assert_eq!(history.told(500.0), [("evicted", "shop/cart".to_owned(), 100.0, 100.6)]);
    assert_eq!(history.outcomes(500.0)[0].recovered_at.map(seconds), Some(103.0));
    let state = history.state(&[], 500.0);
    let unit = cart();
    let learned = state.graph().learned_empty_dir_limit(unit.workload().unwrap());
    assert_eq!(learned, Some(67_108_864.0));
}

#[test]
fn not_ready_settles_when_the_hold_ends_and_occurs_when_it_began() {
    let mut history = History::of_a_ready_pod();
    history.pod(100.4, ChangeKind::Modified, unready(100.0));
    assert_eq!(history.told(129.9), []);
    assert_eq!(history.told(130.0), [("not_ready", "shop/cart".to_owned(), 100.0, 130.0)]);
}

#[test]
fn readiness_lost_for_less_than_the_hold_is_no_failure() {
    let mut history = History::of_a_ready_pod();
    history.pod(100.4, ChangeKind::Modified, unready(100.0));
    history.pod(129.9, ChangeKind::Modified, pod("cart-1-a", "u1"));
    assert_eq!(history.told(500.0), []);
}

#[test]
fn a_pod_that_was_never_ready_does_not_lose_readiness() {
    let mut history = History::default();
    history.pod(0.0, ChangeKind::Listed, unready(0.0));
    assert_eq!(history.told(500.0), []);
}

#[test]
fn a_crash_loop_is_the_back_off_or_the_third_abnormal_end_in_fifteen_minutes() {
    let mut history = History::of_a_ready_pod();
    for (n, finished) in [(1, 100.0), (2, 400.0), (3, 800.0)] {
        let status = restarted(n, ended(137, "OOMKilled", finished));
        history.pod(finished + 1.0, ChangeKind::Modified, status);
    }
    let loops = |history: &History| {
        let told = history.told(2_000.0).into_iter().filter(|told| told.0 == "crash_loop");
        told.map(|told| told.2).collect::<Vec<_>>()
    };
    assert_eq!(loops(&history), [800.0]);
    let mut backing_off = unready(1_000.0);
    backing_off.containers[0].state = Some(waiting("CrashLoopBackOff"));
    history.pod(1_000.0, ChangeKind::Modified, backing_off);
    assert_eq!(loops(&history), [800.0, 1_000.0]);
}

#[test]
fn a_job_that_completes_is_no_failure_and_one_that_gives_up_is() {
    let mut history = History::default();
    history.workload(0.0, ChangeKind::Listed, workload(WorkloadKind::Job, "report-1"));
    let mut worker = pod("report-1-a", "u9");
    worker.owner = Some(owner(WorkloadKind::Job, "report-1"));
    history.pod(50.0, ChangeKind::Added, worker.clone());
    worker.phase = PodPhase::Succeeded;
    worker.conditions = vec![condition("Ready", ConditionStatus::False, Some(90.0))];
    worker.containers[0].state = Some(ended(0, "Completed", 90.0));
    history.pod(90.5, ChangeKind::Modified, worker);
    assert_eq!(history.told(200.0), []);
    let mut job = workload(WorkloadKind::Job, "report-1");
    job.conditions = vec![condition("Failed", ConditionStatus::True, Some(210.0))];
    history.workload(210.4, ChangeKind::Modified, job);
    assert_eq!(history.told(300.0), [("job_failed", "shop/report-1".to_owned(), 210.0, 210.4)]);
}

#[test]
fn a_stuck_rollout_recovers_when_its_condition_clears() {
    let mut history = History::of_a_ready_pod();
    let mut deployment = workload(WorkloadKind::Deployment, "cart");
    deployment.conditions = vec![Condition {
        reason: Some("ProgressDeadlineExceeded".to_owned()),
        ..condition("Progressing", ConditionStatus::False, Some(100.0))
    }];
    history.workload(100.3, ChangeKind::Modified, deployment.clone());
    deployment.conditions = vec![condition("Progressing", ConditionStatus::True, Some(150.0))];
    history.workload(150.3, ChangeKind::Modified, deployment);
    assert_eq!(history.told(500.0), [("rollout_stuck", "shop/cart".to_owned(), 100.0, 100.3)]);
    assert_eq!(history.outcomes(500.0)[0].recovered_at.map(seconds), Some(150.3));
}

#[test]
fn nodes_fail_by_their_conditions() {
    let mut history = History::of_a_ready_pod();
    history.node(100.2, node(condition("Ready", ConditionStatus::Unknown, Some(100.0))));
    history.node(200.2, node(condition("MemoryPressure", ConditionStatus::True, Some(200.0))));
    history.node(300.2, node(condition("NetworkUnavailable", ConditionStatus::True, Some(300.0))));
    let told = history.told(500.0);
    assert_eq!(told[0], ("node_not_ready", "node node-1".to_owned(), 100.0, 140.0));
    assert_eq!(told[1], ("node_pressure", "node node-1".to_owned(), 200.0, 200.2));
    assert_eq!(told[2], ("network", "node node-1".to_owned(), 300.0, 300.2));
}

#[test]
fn an_unschedulable_pod_counts_after_a_minute() {
    let mut history = History::of_a_ready_pod();
    let mut refused = pod("cart-1-b", "u2");
    refused.phase = PodPhase::Pending;
    refused.containers.clear();
    refused.conditions = vec![Condition {
        reason: Some("Unschedulable".to_owned()),
        ..condition("PodScheduled", ConditionStatus::False, Some(100.0))
    }];
    history.pod(100.1, ChangeKind::Added, refused);
    assert_eq!(history.told(159.9), []);
    assert_eq!(history.told(160.0), [("unschedulable", "shop/cart".to_owned(), 100.0, 160.0)]);
}

#[test]
fn a_mount_that_works_in_time_is_no_start_failure() {
    let mut history = History::of_a_ready_pod();
    history.event(100.1, 100.0, ("FailedMount", "configmap \"x\" not found"));
    assert_eq!(history.told(500.0), [("start_failure", "shop/cart".to_owned(), 100.0, 130.0)]);
    history.event(129.0, 129.0, ("Pulled", "image present"));
    assert_eq!(history.told(500.0), []);
}

#[test]
fn a_sandbox_that_cannot_be_made_for_half_a_minute_is_a_network_failure() {
    const FAILED: (&str, &str) = ("FailedCreatePodSandBox", "plugin failed: no address left");
    let created = |t: f64, history: &mut History| {
        let mut waits = unready(t);
        waits.phase = PodPhase::Pending;
        waits.containers[0].state = Some(waiting("ContainerCreating"));
        history.pod(t, ChangeKind::Added, waits);
    };
    let mut history = History::default();
    history.workload(0.0, ChangeKind::Listed, replica_set("cart-1", "cart"));
    created(100.0, &mut history);
    history.event(102.0, 101.5, FAILED);
    history.event(117.0, 116.5, FAILED);
    assert_eq!(history.told(131.0), []);
    assert_eq!(history.told(132.0), [("network", "shop/cart".to_owned(), 101.5, 131.5)]);
    assert_eq!(history.outcomes(140.0)[0].recovered_at, None);
    history.pod(150.0, ChangeKind::Modified, pod("cart-1-a", "u1"));
    assert_eq!(history.outcomes(151.0)[0].recovered_at.map(seconds), Some(150.0));
    let mut history = History::default();
    created(100.0, &mut history);
    history.event(102.0, 101.5, FAILED);
    history.event(120.0, 119.0, ("Pulled", "image is there"));
    assert_eq!(history.told(500.0), []);
}

#[test]
fn a_pod_whose_name_was_taken_over_is_gone_though_nobody_saw_it_go() {
    let stateful = |uid: &str, ready: bool| {
        let mut one = if ready { pod("db-0", uid) } else { unready(100.0) };
        one.name = "db-0".to_owned();
        one.uid = uid.to_owned();
        one.owner = Some(owner(WorkloadKind::StatefulSet, "db"));
        one
    };
    let mut history = History::default();
    history.pod(0.0, ChangeKind::Listed, stateful("u1", true));
    history.pod(100.0, ChangeKind::Modified, stateful("u1", false));
    history.pod(200.0, ChangeKind::Listed, stateful("u2", true));
    // A late word of the former pod does not bring it back.
    history.pod(201.0, ChangeKind::Deleted, stateful("u1", false));
    let outcomes = history.outcomes(300.0);
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].recovered_at.map(seconds), Some(200.0));
    let ready = |state: &foresail_engine::State| {
        state.graph().pod("shop", "db-0").is_some_and(|record| record.object.uid == "u2")
    };
    assert!(ready(&history.state(&[], 300.0)));
}

#[test]
fn a_container_without_its_image_is_a_start_failure_at_once() {
    let mut history = History::of_a_ready_pod();
    let mut stuck = unready(100.0);
    stuck.containers[0].state = Some(waiting("ErrImagePull"));
    history.pod(100.2, ChangeKind::Modified, stuck.clone());
    stuck.containers[0].state = Some(waiting("ImagePullBackOff"));
    history.pod(112.0, ChangeKind::Modified, stuck);
    let told: Vec<_> = history.told(120.0).into_iter().map(|told| (told.0, told.2)).collect();
    assert_eq!(told, [("start_failure", 100.2)]);
}

#[test]
fn what_ended_before_or_just_after_the_start_is_no_outcome() {
    let mut history = History::default();
    history.workload(0.0, ChangeKind::Listed, crate::history::replica_set("cart-1", "cart"));
    history.pod(0.0, ChangeKind::Listed, restarted(3, ended(137, "OOMKilled", -200.0)));
    history.pod(26.0, ChangeKind::Modified, restarted(4, ended(137, "OOMKilled", 25.0)));
    history.pod(200.0, ChangeKind::Modified, restarted(4, ended(137, "OOMKilled", 25.0)));
    assert_eq!(history.told(500.0), []);
}

#[test]
fn outcomes_merge_until_ten_fault_minutes_after_recovery() {
    let mut history = History::of_a_ready_pod();
    // Time scale 10: ten minutes of fault time are 60 s after the recovery at 101.
    history.pod(101.0, ChangeKind::Modified, restarted(1, ended(137, "OOMKilled", 100.0)));
    history.pod(161.0, ChangeKind::Modified, restarted(2, ended(137, "OOMKilled", 160.9)));
    history.pod(222.0, ChangeKind::Modified, restarted(3, ended(137, "OOMKilled", 221.0)));
    let mut outcomes = history.outcomes(500.0);
    outcomes.retain(|outcome| outcome.kind == FailureKind::OomKilled);
    let times: Vec<_> = outcomes.iter().map(|outcome| seconds(outcome.occurred_at)).collect();
    assert_eq!(times, [100.0, 221.0]);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.primary).count(), 2);
    assert_ne!(outcomes[0].incident, outcomes[1].incident);
}

#[test]
fn the_first_outcome_of_an_incident_is_primary_however_late_it_settles() {
    let mut history = History::of_a_ready_pod();
    history.pod(101.0, ChangeKind::Modified, restarted(1, ended(1, "Error", 100.0)));
    history.pod(105.0, ChangeKind::Modified, restarted(2, ended(137, "OOMKilled", 104.0)));
    let early = history.outcomes(106.0);
    assert_eq!((early[0].kind, early[0].primary), (FailureKind::OomKilled, true));
    let late = history.outcomes(200.0);
    let told: Vec<_> = late.iter().map(|o| (o.kind, o.primary, o.incident)).collect();
    let expected = [(FailureKind::ErrorExit, true, 1), (FailureKind::OomKilled, false, 1)];
    assert_eq!(told, expected);
}

#[test]
fn a_unit_is_in_blackout_while_open_and_ten_fault_minutes_after() {
    let mut history = History::of_a_ready_pod();
    let mut dead = unready(100.0);
    dead.containers[0].state = Some(ended(137, "OOMKilled", 100.0));
    history.pod(100.5, ChangeKind::Modified, dead);
    let open = history.state(&[], 110.0);
    let blackout =
        |state: &foresail_engine::State, t: f64| state.ledger().in_blackout(&cart(), at(t));
    assert!(!blackout(&open, 100.2), "not known yet");
    assert!(blackout(&open, 100.5) && blackout(&open, 10_000.0));
    history.pod(120.0, ChangeKind::Modified, restarted(1, ended(137, "OOMKilled", 100.0)));
    let closed = history.state(&[], 130.0);
    assert!(blackout(&closed, 179.9) && !blackout(&closed, 180.0));
    assert_eq!(closed.ledger().last_outcome(&cart()), Some((at(100.0), at(100.5))));
}

#[test]
fn a_pod_seen_before_its_replica_set_fails_on_the_deployment() {
    let mut history = History::default();
    history.pod(0.0, ChangeKind::Listed, pod("cart-1-a", "u1"));
    history.workload(1.0, ChangeKind::Added, crate::history::replica_set("cart-1", "cart"));
    history.pod(100.0, ChangeKind::Modified, unready(100.0));
    assert_eq!(history.told(500.0)[0].1, "shop/cart");
}

#[test]
fn a_pod_that_is_gone_is_forgotten() {
    let mut history = History::of_a_ready_pod();
    let empty = {
        let set = History { objects: history.objects[..1].to_vec(), events: Vec::new() };
        rmp_serde::to_vec(set.state(&[], 3_000.0).ledger()).unwrap().len()
    };
    let mut running = pod("cart-1-a", "u1");
    running.containers[0].state = Some(ContainerState::Running { started_at: None });
    history.pod(100.0, ChangeKind::Deleted, running);
    let after = rmp_serde::to_vec(history.state(&[], 3_000.0).ledger()).unwrap().len();
    assert_eq!(after, empty);
}
