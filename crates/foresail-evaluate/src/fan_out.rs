//! Fan-out: the batches of one recording as a cluster many times as large, to measure cost.
//!
//! Copy 0 is the recording itself; every further copy lives in namespaces and on nodes of its own.
//! Only cost may be measured on it: the copies fail together.

use foresail_core::{
    Batch, CallEdge, Entity, EntityId, KubernetesEvent, LogLine, Object, ObjectChange, OwnerRef,
    PodObject, Sample, ServiceName, WorkloadObject,
};

/// Copies batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanOut {
    copies: u32,
}

/// Names within one copy.
#[derive(Clone, Copy)]
struct Copy(u32);

// === impl FanOut ===

impl FanOut {
    /// A cluster `copies` times as large.
    #[must_use]
    pub const fn new(copies: u32) -> Self {
        Self { copies }
    }

    /// Everything in `batch`, once per copy; ids stay consecutive over all batches.
    #[must_use]
    pub fn batch(&self, batch: &Batch) -> Batch {
        let id = |id: EntityId, copy: Copy| EntityId::new(id.index() as u32 * self.copies + copy.0);
        let mut samples = self.each(&batch.samples, |sample, copy| Sample {
            entity: id(sample.entity, copy),
            ..*sample
        });
        // As a replay orders them: what one scrape says of an entity comes together.
        samples.sort_by_key(|sample| (sample.at, sample.entity, sample.quantity));
        Batch {
            entities: self
                .each(&batch.entities, |(old, entity), copy| (id(*old, copy), copy.entity(entity))),
            samples,
            objects: self.each(&batch.objects, |change, copy| ObjectChange {
                object: copy.object(&change.object),
                ..change.clone()
            }),
            events: self.each(&batch.events, |event, copy| copy.event(event)),
            calls: self.each(&batch.calls, |call, copy| CallEdge {
                namespace: copy.namespace(&call.namespace),
                to: ServiceName {
                    namespace: call.to.namespace.as_deref().map(|name| copy.namespace(name)),
                    ..call.to.clone()
                },
                ..call.clone()
            }),
            logs: self.each(&batch.logs, |line, copy| LogLine {
                namespace: copy.namespace(&line.namespace),
                ..line.clone()
            }),
            logs_dropped: batch.logs_dropped * u64::from(self.copies),
            until: batch.until,
        }
    }

    /// Every item once per copy, so that the order in time stays.
    fn each<T, U>(&self, items: &[T], make: impl Fn(&T, Copy) -> U) -> Vec<U> {
        items
            .iter()
            .flat_map(|item| (0..self.copies).map(move |n| (item, Copy(n))))
            .map(|(item, copy)| make(item, copy))
            .collect()
    }
}

// === impl Copy ===

impl Copy {
    fn name(self, name: &str) -> String {
        if self.0 == 0 { name.to_owned() } else { format!("{name}-{}", self.0) }
    }

    /// Cluster objects have no namespace, in every copy.
    fn namespace(self, namespace: &str) -> String {
        if namespace.is_empty() { String::new() } else { self.name(namespace) }
    }

    fn entity(self, entity: &Entity) -> Entity {
        let mut entity = entity.clone();
        match &mut entity {
            Entity::Container { namespace, .. }
            | Entity::Pod { namespace, .. }
            | Entity::Claim { namespace, .. } => *namespace = self.namespace(namespace),
            Entity::Node { node } => *node = self.name(node),
        }
        entity
    }

    fn object(self, object: &Object) -> Object {
        let mut object = object.clone();
        match &mut object {
            Object::Pod(pod) => self.pod(pod),
            Object::Workload(workload) => self.workload(workload),
            Object::Node(node) => node.name = self.name(&node.name),
            Object::Service(item) => item.namespace = self.namespace(&item.namespace),
            Object::ConfigMap(item) => item.namespace = self.namespace(&item.namespace),
            Object::Claim(item) => item.namespace = self.namespace(&item.namespace),
            Object::Quota(item) => item.namespace = self.namespace(&item.namespace),
            Object::DisruptionBudget(item) => item.namespace = self.namespace(&item.namespace),
        }
        object
    }

    fn pod(self, pod: &mut PodObject) {
        pod.namespace = self.namespace(&pod.namespace);
        pod.uid = self.name(&pod.uid);
        self.owner(&mut pod.owner);
        if let Some(node) = &mut pod.node {
            *node = self.name(node);
        }
    }

    fn workload(self, workload: &mut WorkloadObject) {
        workload.namespace = self.namespace(&workload.namespace);
        if let Some(uid) = &mut workload.uid {
            *uid = self.name(uid);
        }
        self.owner(&mut workload.owner);
    }

    fn owner(self, owner: &mut Option<OwnerRef>) {
        if let Some(uid) = owner.as_mut().and_then(|owner| owner.uid.as_mut()) {
            *uid = self.name(uid);
        }
    }

    fn event(self, event: &KubernetesEvent) -> KubernetesEvent {
        let mut event = event.clone();
        event.namespace = self.namespace(&event.namespace);
        if event.object_kind == "Node" {
            event.name = self.name(&event.name);
        }
        event.uid = event.uid.map(|uid| self.name(&uid));
        event
    }
}

#[cfg(test)]
mod tests {
    use foresail_core::{EntityTable, Quantity, Timestamp};

    use super::*;

    fn batch(table: &mut EntityTable, pod: &str) -> Batch {
        let entity = Entity::Pod { namespace: "shop".to_owned(), pod: pod.to_owned() };
        let id = table.intern(&entity);
        let sample = Sample {
            at: Timestamp::from_millis(1),
            entity: id,
            quantity: Quantity::MemoryWorkingSet,
            value: 1.0,
        };
        Batch { entities: vec![(id, entity)], samples: vec![sample], ..Batch::default() }
    }

    #[test]
    fn ids_stay_consecutive_and_copies_live_in_their_own_namespaces() {
        let (mut table, fan_out) = (EntityTable::default(), FanOut::new(3));
        let batches = [batch(&mut table, "a"), batch(&mut table, "b")].map(|b| fan_out.batch(&b));
        let ids: Vec<usize> =
            batches.iter().flat_map(|b| &b.entities).map(|(id, _)| id.index()).collect();
        assert_eq!(ids, [0, 1, 2, 3, 4, 5]);
        let Entity::Pod { namespace, pod } = &batches[1].entities[2].1 else { panic!() };
        assert_eq!((namespace.as_str(), pod.as_str()), ("shop-2", "b"));
        assert_eq!(batches[1].samples[2].entity.index(), 5);
    }

    #[test]
    fn one_copy_is_the_batch_itself() {
        let batch = batch(&mut EntityTable::default(), "a");
        assert_eq!(FanOut::new(1).batch(&batch), batch);
    }
}
