//! Entities and pods of the assembler: which of them have ids, which exist, which runs they had.

use std::sync::Arc;

use foresail_core::{Entity, EntityId, PodObject, Timestamp};
use rustc_hash::FxHashMap;

/// Runs of a container that are told apart; samples of a still earlier one are dropped.
const RUNS: usize = 8;

/// Namespace and name of a pod.
pub(super) type PodName = (String, String);

/// Something that samples are of.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) entity: Arc<Entity>,
    /// Its id, once used.
    pub(super) id: Option<EntityId>,
    /// Whether the pod that it belongs to is known to exist; nodes and claims need none.
    pub(super) known: bool,
    /// Streams of it.
    pub(super) streams: u32,
    runs: Vec<Run>,
    next_run: u32,
}

/// One run of a container, by cAdvisor's `id`.
#[derive(Debug)]
struct Run {
    id: Box<str>,
    number: u32,
    /// First sample in milliseconds.
    first: i64,
}

/// What is known of a pod name.
#[derive(Debug, Default)]
pub(super) struct PodState {
    uid: Option<String>,
    deleted_at: Option<i64>,
    entities: Vec<u32>,
    /// Series that name only the pod.
    pub(super) dependents: Vec<u32>,
}

/// All entities.
#[derive(Debug, Default)]
pub(super) struct Entities {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_entity: FxHashMap<Arc<Entity>, u32>,
    pub(super) pods: FxHashMap<PodName, PodState>,
    next_id: u32,
    pods_seen: bool,
}

// === impl Slot ===

impl Slot {
    /// The number of a run.
    pub(super) fn run(&mut self, id: &str) -> u32 {
        if let Some(run) = self.runs.iter().find(|run| *run.id == *id) {
            return run.number;
        }
        if self.runs.len() == RUNS {
            self.runs.remove(0);
        }
        let number = self.next_run;
        self.next_run += 1;
        self.runs.push(Run { id: id.into(), number, first: i64::MAX });
        number
    }

    /// Notes a sample of a run.
    pub(super) fn saw_run(&mut self, number: u32, at: i64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.number == number) {
            run.first = run.first.min(at);
        }
    }

    /// When samples of a run cease to count: at the first one of the next run.
    pub(super) fn run_until(&self, number: u32) -> i64 {
        if let [only] = &*self.runs {
            return if only.number == number { i64::MAX } else { i64::MIN };
        }
        let Some(own) = self.runs.iter().find(|run| run.number == number) else { return i64::MIN };
        let later = self.runs.iter().filter(|run| (run.first, &run.id) > (own.first, &own.id));
        later.map(|run| run.first).min().unwrap_or(i64::MAX)
    }
}

// === impl Entities ===

impl Entities {
    pub(super) fn get(&self, index: u32) -> Option<&Slot> {
        self.slots.get(index as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Slot> {
        self.slots.get_mut(index as usize)?.as_mut()
    }

    /// The place of an entity, made at first sight.
    pub(super) fn place(&mut self, entity: Entity) -> u32 {
        if let Some(index) = self.by_entity.get(&entity) {
            return *index;
        }
        let index = self.free.pop().unwrap_or(self.slots.len() as u32);
        let known = match pod_name(&entity) {
            Some(name) => {
                let pod = self.pods.entry(name).or_default();
                pod.entities.push(index);
                pod.uid.is_some()
            }
            None => true,
        };
        let entity = Arc::new(entity);
        self.by_entity.insert(Arc::clone(&entity), index);
        let slot = Slot { entity, id: None, known, streams: 0, runs: Vec::new(), next_run: 0 };
        if index as usize == self.slots.len() {
            self.slots.push(Some(slot));
        } else {
            self.slots[index as usize] = Some(slot);
        }
        index
    }

    /// Gives the next id.
    pub(super) fn give_id(&mut self, index: u32) -> Option<(EntityId, Entity)> {
        let id = EntityId::new(self.next_id);
        let slot = self.get_mut(index).filter(|slot| slot.id.is_none())?;
        slot.id = Some(id);
        let entity = (*slot.entity).clone();
        self.next_id += 1;
        Some((id, entity))
    }

    /// Takes over what somebody else knows already; `next` is the first id that is free.
    pub(super) fn resume(
        &mut self,
        known: impl IntoIterator<Item = (EntityId, Entity)>,
        next: EntityId,
    ) {
        for (id, entity) in known {
            let index = self.place(entity);
            if let Some(slot) = self.get_mut(index) {
                slot.id = Some(id);
            }
        }
        self.next_id = self.next_id.max(next.index() as u32);
    }

    pub(super) fn pod_exists(&mut self, pod: &PodObject) {
        self.pods_seen = true;
        let state = self.pods.entry((pod.namespace.clone(), pod.name.clone())).or_default();
        state.uid = Some(pod.uid.clone());
        state.deleted_at = None;
        for index in &state.entities {
            if let Some(Some(slot)) = self.slots.get_mut(*index as usize) {
                slot.known = true;
            }
        }
    }

    pub(super) fn pod_deleted(&mut self, pod: &PodObject, at: Timestamp) {
        let Some(state) = self.pods.get_mut(&(pod.namespace.clone(), pod.name.clone())) else {
            return;
        };
        if state.uid.as_ref().is_none_or(|uid| *uid == pod.uid) {
            state.deleted_at = Some(at.as_millis());
        }
    }

    /// Forgets pods that were deleted before `before`, and pods of which nothing is known and nothing
    /// comes; gives the names. `exists` tells whether a series does. Streams of a forgotten entity are to be forgotten too.
    pub(super) fn forget(&mut self, before: i64, exists: impl Fn(u32) -> bool) -> Vec<PodName> {
        let mut names = Vec::new();
        let pods_seen = self.pods_seen;
        let slots = &mut self.slots;
        let mut dead: Vec<u32> = Vec::new();
        self.pods.retain(|name, pod| {
            let gone = pod.deleted_at.is_some_and(|at| at < before);
            pod.dependents.retain(|index| exists(*index));
            if !gone && pod.uid.is_some() {
                return true;
            }
            pod.entities.retain(|index| {
                let slot = slots.get(*index as usize).and_then(Option::as_ref);
                let idle = pods_seen && slot.is_none_or(|slot| slot.streams == 0);
                if gone || idle {
                    dead.push(*index);
                }
                !(gone || idle)
            });
            let stays = !pod.entities.is_empty() || (!gone && !pod.dependents.is_empty());
            if !stays {
                names.push(name.clone());
            }
            stays
        });
        dead.sort_unstable();
        for index in dead {
            if let Some(slot) = self.slots.get_mut(index as usize).and_then(Option::take) {
                self.by_entity.remove(&slot.entity);
                self.free.push(index);
            }
        }
        names
    }

    /// How many entities are held.
    pub(super) fn len(&self) -> usize {
        self.by_entity.len()
    }
}

/// The pod that an entity belongs to.
fn pod_name(entity: &Entity) -> Option<PodName> {
    match entity {
        Entity::Container { namespace, pod, .. } | Entity::Pod { namespace, pod } => {
            Some((namespace.clone(), pod.clone()))
        }
        Entity::Node { .. } | Entity::Claim { .. } => None,
    }
}
