//! The plainest pod, for tests of the crate inside and outside: they say what differs.

use std::collections::BTreeMap;

use foresail_core::{ContainerState, ContainerStatus, PodObject, PodPhase};

/// A running pod of namespace `shop` with this name, also as its uid, and nothing else.
pub(crate) fn bare_pod(name: &str) -> PodObject {
    PodObject {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: name.to_owned(),
        owner: None,
        phase: PodPhase::Running,
        reason: None,
        message: None,
        node: None,
        created_at: None,
        deletion_requested_at: None,
        grace: None,
        conditions: Vec::new(),
        containers: Vec::new(),
        spec: Vec::new(),
        volumes: Vec::new(),
        references: Vec::new(),
        node_selector: BTreeMap::new(),
    }
}

/// Its container `app`, running and ready.
pub(crate) fn running() -> ContainerStatus {
    ContainerStatus {
        name: "app".to_owned(),
        init: false,
        ready: true,
        restarts: 0,
        started: Some(true),
        image: "cart:1".to_owned(),
        state: Some(ContainerState::Running { started_at: None }),
        last_state: None,
        container_id: None,
    }
}
