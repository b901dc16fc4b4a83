//! Pods as the reader of the Kubernetes API tells about them.

use std::collections::BTreeMap;

use foresail_collect::kubernetes::Observation;
use foresail_core::{
    ChangeKind, ContainerState, ContainerStatus, Object, ObjectChange, PodObject, PodPhase,
    Timestamp, VolumeSource, VolumeSpec,
};

/// A running pod of the namespace `shop` with one container and one emptyDir volume.
pub(crate) fn pod(name: &str, created_at: Timestamp) -> PodObject {
    PodObject {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}-{}", created_at.as_millis()),
        owner: None,
        phase: PodPhase::Running,
        reason: None,
        message: None,
        node: Some("node-1".to_owned()),
        created_at: Some(created_at),
        deletion_requested_at: None,
        grace: None,
        conditions: Vec::new(),
        containers: vec![ContainerStatus {
            name: "app".to_owned(),
            init: false,
            ready: true,
            restarts: 0,
            started: None,
            image: String::new(),
            state: Some(ContainerState::Running { started_at: Some(created_at) }),
            last_state: None,
            container_id: None,
        }],
        spec: Vec::new(),
        volumes: vec![VolumeSpec {
            name: "cache".to_owned(),
            source: VolumeSource::EmptyDir { size_limit: None },
        }],
        references: Vec::new(),
        node_selector: BTreeMap::new(),
    }
}

pub(crate) fn change(pod: PodObject, change: ChangeKind, at: Timestamp) -> Observation {
    let object = Object::Pod(Box::new(pod));
    Observation::Object(ObjectChange { observed_at: at, change, object })
}

/// The pod, found when the watch started.
pub(crate) fn listed(name: &str, at: Timestamp) -> Observation {
    change(pod(name, at), ChangeKind::Listed, at)
}
