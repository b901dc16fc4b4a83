//! Memory on a cluster where pods come and go.

use foresail_core::{
    Batch, ChangeKind, KubernetesEvent, Object, ObjectChange, PlatformDuration, PodObject,
    PodPhase, TimeScale, WorkloadKind,
};
use foresail_engine::{Models, Policy, Settings, State, assess};

use crate::history::{at, ended, owner, pod, waiting, workload};

fn change(t: f64, kind: ChangeKind, object: Object) -> ObjectChange {
    ObjectChange { observed_at: at(t), change: kind, object }
}

/// Pod `n`: of a Job of its own, of one StatefulSet that uses its name again, or of a ReplicaSet.
fn churned(n: u32) -> PodObject {
    let mut one = pod(&format!("pod-{n}"), &format!("uid-{n}"));
    one.owner = Some(match n % 3 {
        0 => owner(WorkloadKind::Job, &format!("job-{n}")),
        1 => owner(WorkloadKind::StatefulSet, "db"),
        _ => owner(WorkloadKind::ReplicaSet, "cart-1"),
    });
    if n % 3 == 1 {
        one.name = "db-0".to_owned();
    }
    one
}

/// What a minute of pod `n` shows. The StatefulSet's deletions go unseen.
fn life(n: u32, t: f64) -> Batch {
    let object = |pod: &PodObject| Object::Pod(Box::new(pod.clone()));
    let whole = churned(n);
    let mut created = whole.clone();
    created.phase = PodPhase::Pending;
    created.conditions.clear();
    created.containers[0].state = Some(waiting("ImagePullBackOff"));
    let mut over = whole.clone();
    over.phase = PodPhase::Succeeded;
    let reason = if n.is_multiple_of(10) { "OOMKilled" } else { "Completed" };
    let code = if n.is_multiple_of(10) { 137 } else { 0 };
    over.containers[0].state = Some(ended(code, reason, t + 40.0));
    let mut objects = vec![
        change(t, ChangeKind::Added, object(&created)),
        change(t + 20.0, ChangeKind::Modified, object(&whole)),
        change(t + 41.0, ChangeKind::Modified, object(&over)),
    ];
    if n % 3 != 1 {
        objects.push(change(t + 50.0, ChangeKind::Deleted, object(&over)));
    }
    if n.is_multiple_of(3) {
        let job = Object::Workload(Box::new(workload(WorkloadKind::Job, &format!("job-{n}"))));
        objects.insert(0, change(t, ChangeKind::Added, job.clone()));
        objects.push(change(t + 55.0, ChangeKind::Deleted, job));
    }
    let event = KubernetesEvent {
        observed_at: at(t + 10.0),
        change: ChangeKind::Added,
        event_type: "Warning".to_owned(),
        reason: "FailedMount".to_owned(),
        message: "MountVolume.SetUp failed".to_owned(),
        object_kind: "Pod".to_owned(),
        namespace: whole.namespace.clone(),
        name: whole.name.clone(),
        uid: Some(whole.uid.clone()),
        field: None,
        count: None,
        first: None,
        last: None,
        event_time: None,
        source: None,
    };
    Batch { objects, events: vec![event], until: at(t + 60.0), ..Batch::default() }
}

#[test]
fn two_thousand_short_lived_pods_leave_the_state_as_small_as_two_hundred_do() {
    let settings = Settings {
        cluster: "test".to_owned(),
        time_scale: TimeScale::ONE,
        scrape_interval: PlatformDuration::from_seconds(5),
    };
    let mut state = State::new(settings);
    let (models, policy) = (Models::default(), Policy::default());
    let mut parent = None;
    let mut sizes = Vec::new();
    for n in 0..2_000_u32 {
        let batch = life(n, f64::from(n) * 60.0);
        let until = batch.until;
        state.observe(&batch);
        parent = Some(assess(&state, parent.as_ref(), until, (&models, &policy)));
        if n == 199 || n == 1_999 {
            let outcomes = rmp_serde::to_vec(&state.outcomes()).unwrap().len();
            let carry = rmp_serde::to_vec(&parent.as_ref().unwrap().carry).unwrap().len();
            let all = rmp_serde::to_vec(&state).unwrap().len();
            sizes.push((all.saturating_sub(outcomes), carry));
        }
    }
    let ((early, early_carry), (late, late_carry)) = (sizes[0], sizes[1]);
    assert!(late <= early + early / 5, "{early} bytes, then {late}");
    assert!(late_carry <= early_carry + 1_024, "{early_carry} bytes, then {late_carry}");
    assert!(state.graph().pods().count() <= 2 && state.graph().workloads().count() <= 3);
}
