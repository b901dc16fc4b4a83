//! Bounded series of every entity.
//!
//! Samples come in resolved; object changes cut series where the process behind them was replaced.
//! A quantity that was never sampled is absent, which is not zero.

mod by_quantity;
mod clock;
mod flow;
mod level;

use std::collections::{BTreeMap, VecDeque};

use foresail_core::{
    ChangeKind, ContainerState, Entity, EntityId, Object, ObjectChange, PlatformDuration,
    PodObject, Quantity, QuantityClass, Sample, Timestamp, WorkloadKind,
};
use serde::{Deserialize, Serialize};

pub use clock::{Instant, Moment, SeriesClock};
pub use flow::{FlowSeries, HALF_LIVES_MINUTES};
pub use level::{LevelSeries, MINUTES, Taken};

use crate::settings::Settings;
use by_quantity::ByQuantity;

/// How long a deleted pod is remembered, so that its late samples find nobody.
const MOURNING: PlatformDuration = PlatformDuration::from_seconds(600);

/// A setting or status and since when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateValue {
    /// The value.
    pub value: f64,
    /// Since when it holds.
    pub since: Instant,
    /// When it was last read.
    pub at: Instant,
}

/// All series of one entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntitySeries {
    /// What the series belong to.
    pub entity: Entity,
    gone: bool,
    levels: ByQuantity<LevelSeries>,
    flows: ByQuantity<FlowSeries>,
    states: ByQuantity<StateValue>,
}

/// All series of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesStore {
    clock: SeriesClock,
    /// By id; `None` once the entity is gone for good, so that churn costs a pointer a name.
    entities: Vec<Option<Box<EntitySeries>>>,
    by_pod: BTreeMap<(String, String), PodSeries>,
    /// Nodes and claims.
    cluster: Vec<EntityId>,
    /// Deleted pods whose names never come back, oldest first, until they are forgotten.
    graves: VecDeque<((String, String), Timestamp)>,
    dropped_late: u64,
}

/// The entities of one pod name, and what cuts them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct PodSeries {
    uid: Option<String>,
    gone: bool,
    entities: Vec<EntityId>,
    containers: BTreeMap<String, ContainerCut>,
}

/// What cuts the series of a container when it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct ContainerCut {
    started_at: Option<Timestamp>,
    memory_limit: Option<f64>,
    cpu_limit: Option<f64>,
}

// === impl EntitySeries ===

impl EntitySeries {
    const fn new(entity: Entity) -> Self {
        Self {
            entity,
            gone: false,
            levels: ByQuantity::new(),
            flows: ByQuantity::new(),
            states: ByQuantity::new(),
        }
    }

    /// A level of this entity, if it was ever sampled.
    #[must_use]
    pub fn level(&self, quantity: Quantity) -> Option<&LevelSeries> {
        self.levels.get(quantity)
    }

    /// A flow of this entity, if it was ever sampled.
    #[must_use]
    pub fn flow(&self, quantity: Quantity) -> Option<&FlowSeries> {
        self.flows.get(quantity)
    }

    /// Every level of this entity that was ever sampled.
    pub fn levels(&self) -> impl Iterator<Item = (Quantity, &LevelSeries)> {
        self.levels.iter()
    }

    /// Every flow of this entity that was ever sampled.
    pub fn flows(&self) -> impl Iterator<Item = (Quantity, &FlowSeries)> {
        self.flows.iter()
    }

    /// A setting or status of this entity, if it was ever sampled.
    #[must_use]
    pub fn state(&self, quantity: Quantity) -> Option<StateValue> {
        self.states.get(quantity).copied()
    }

    /// Whether its pod was deleted.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.gone
    }

    fn push(&mut self, sample: &Sample, moment: &mut Moment<'_>) -> Taken {
        let at = moment.at;
        match sample.quantity.class() {
            QuantityClass::Level => {
                self.levels.entry(sample.quantity, LevelSeries::new).push(sample.value, moment)
            }
            QuantityClass::Flow => {
                let first = || FlowSeries::new(sample.quantity, at, sample.value);
                self.flows.entry(sample.quantity, first).push(sample.value, moment);
                Taken::Yes
            }
            QuantityClass::State => {
                let first = || StateValue { value: sample.value, since: at, at };
                let state = self.states.entry(sample.quantity, first);
                if state.value != sample.value && at > state.at {
                    *state = StateValue { value: sample.value, since: at, at };
                    if matches!(sample.quantity, Quantity::ContainerStart | Quantity::NodeBoot) {
                        self.cut(at, moment.clock);
                    }
                } else {
                    state.at = state.at.max(at);
                }
                Taken::Yes
            }
        }
    }

    fn cut(&mut self, at: Instant, clock: &SeriesClock) {
        for level in self.levels.values_mut() {
            level.cut(at, clock);
        }
        for flow in self.flows.values_mut() {
            flow.cut(at);
        }
    }

    fn forget(&mut self) {
        self.levels = ByQuantity::new();
        self.flows = ByQuantity::new();
        self.states = ByQuantity::new();
    }

    fn bytes(&self) -> usize {
        self.levels.bytes()
            + self.flows.bytes()
            + self.states.bytes()
            + self.levels.values().map(LevelSeries::bytes).sum::<usize>()
            + self.flows.values().map(FlowSeries::bytes).sum::<usize>()
    }
}

// === impl SeriesStore ===

impl SeriesStore {
    /// An empty store.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            clock: SeriesClock::new(settings.time_scale, settings.sample_lag()),
            entities: Vec::new(),
            by_pod: BTreeMap::new(),
            cluster: Vec::new(),
            graves: VecDeque::new(),
            dropped_late: 0,
        }
    }

    /// Takes in entities with their ids.
    pub fn declare(&mut self, entities: &[(EntityId, Entity)]) {
        for (id, entity) in entities {
            debug_assert_eq!(id.index(), self.entities.len(), "entity ids are consecutive");
            let mut series = EntitySeries::new(entity.clone());
            if let Entity::Container { namespace, pod, .. } | Entity::Pod { namespace, pod } =
                entity
            {
                let record = self.by_pod.entry((namespace.clone(), pod.clone())).or_default();
                // A source that forgot a pod gives new ids when the name returns.
                let all = &mut self.entities;
                record.entities.retain(|old| {
                    let same = |series: &mut Box<EntitySeries>| series.entity == *entity;
                    all.get_mut(old.index()).and_then(|known| known.take_if(same)).is_none()
                });
                record.entities.push(*id);
                series.gone = record.gone;
            } else {
                self.cluster.push(*id);
            }
            self.entities.push(Some(Box::new(series)));
        }
    }

    /// Takes in the cuts that an object change brings.
    pub fn observe_object(&mut self, change: &ObjectChange) {
        if let Object::Pod(pod) = &change.object {
            if change.change == ChangeKind::Deleted {
                self.forget_pod(pod, change.observed_at);
            } else {
                self.follow_pod(pod, change.observed_at);
            }
        }
    }

    fn forget_pod(&mut self, pod: &PodObject, at: Timestamp) {
        self.bury(at);
        let key = (pod.namespace.clone(), pod.name.clone());
        let Some(record) = self.by_pod.get_mut(&key) else { return };
        if record.uid.as_ref().is_some_and(|uid| *uid != pod.uid) {
            return;
        }
        record.gone = true;
        record.containers.clear();
        for id in &record.entities {
            if let Some(series) = &mut self.entities[id.index()] {
                series.gone = true;
                series.forget();
            }
        }
        let returns =
            pod.owner.as_ref().is_some_and(|owner| owner.kind == WorkloadKind::StatefulSet);
        if !returns {
            self.graves.push_back((key, at));
        }
    }

    /// Frees what belongs to pods that were deleted long enough ago that no late sample comes.
    fn bury(&mut self, now: Timestamp) {
        while let Some((key, _)) =
            self.graves.pop_front_if(|(_, deleted)| now.since(*deleted) > MOURNING)
        {
            if self.by_pod.get(&key).is_some_and(|record| record.gone) {
                let record = self.by_pod.remove(&key);
                for id in record.into_iter().flat_map(|record| record.entities) {
                    self.entities[id.index()] = None;
                }
            }
        }
    }

    fn follow_pod(&mut self, pod: &PodObject, observed_at: Timestamp) {
        let key = (pod.namespace.clone(), pod.name.clone());
        let record = self.by_pod.entry(key).or_default();
        let replaced = record.uid.as_ref().is_some_and(|uid| *uid != pod.uid);
        let mut cuts: Vec<(Option<&str>, Timestamp)> = Vec::new();
        if replaced || record.gone {
            record.containers.clear();
            cuts.push((None, pod.created_at.unwrap_or(observed_at)));
        }
        record.uid = Some(pod.uid.clone());
        record.gone = false;
        for (index, status) in pod.containers.iter().enumerate() {
            let now = container_cut(pod, index);
            let before = record.containers.insert(status.name.clone(), now);
            if let Some(at) = cut_time(before, now, observed_at) {
                cuts.push((Some(&status.name), at));
            }
        }
        let ids = record.entities.clone();
        for id in ids {
            if let Some(series) = &mut self.entities[id.index()] {
                series.gone = false;
            }
            for (container, at) in &cuts {
                self.cut_entity(id, *container, *at);
            }
        }
    }

    fn cut_entity(&mut self, id: EntityId, container: Option<&str>, at: Timestamp) {
        let Some(instant) = self.clock.instant(at) else { return };
        let Some(series) = &mut self.entities[id.index()] else { return };
        let concerned = match (&series.entity, container) {
            (Entity::Container { container: name, .. }, Some(cut)) => name == cut,
            (_, None) => true,
            (Entity::Pod { .. } | Entity::Node { .. } | Entity::Claim { .. }, Some(_)) => false,
        };
        if concerned {
            series.cut(instant, &self.clock);
        }
    }

    /// Takes in samples of one time.
    pub fn observe_samples(&mut self, samples: &[Sample]) {
        let Some(first) = samples.first() else { return };
        let at = self.clock.start(first.at);
        let mut moment = Moment::new(&self.clock, at);
        // What one scrape says of an entity comes together.
        for samples in samples.chunk_by(|a, b| a.entity == b.entity) {
            let entity = samples[0].entity.index();
            let Some(Some(series)) = self.entities.get_mut(entity) else { continue };
            if series.gone {
                continue;
            }
            for sample in samples {
                if series.push(sample, &mut moment) == Taken::No {
                    self.dropped_late += 1;
                }
            }
        }
    }

    /// Series of every entity that is not gone for good, in the order of their ids.
    pub fn entities(&self) -> impl Iterator<Item = &EntitySeries> {
        self.entities.iter().flatten().map(|series| &**series)
    }

    /// Entities that are not gone for good with their ids, for a source that goes on after a restart.
    pub fn known(&self) -> impl Iterator<Item = (EntityId, &Entity)> {
        let id = |index: usize| EntityId::new(index as u32);
        let known = self.entities.iter().enumerate();
        known.filter_map(move |(index, series)| Some((id(index), &series.as_ref()?.entity)))
    }

    /// The id of the next new entity.
    #[must_use]
    pub fn next_id(&self) -> EntityId {
        EntityId::new(self.entities.len() as u32)
    }

    /// Series of nodes and claims, in the order of their ids.
    pub fn cluster_objects(&self) -> impl Iterator<Item = &EntitySeries> {
        self.cluster.iter().filter_map(|id| self.get(*id))
    }

    /// Nodes and claims, in the order of their ids.
    #[must_use]
    pub fn cluster_ids(&self) -> &[EntityId] {
        &self.cluster
    }

    /// How many pod names there are.
    #[must_use]
    pub fn n_pods(&self) -> usize {
        self.by_pod.len()
    }

    /// Series of every pod name and its containers, in the order of namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = (&(String, String), &[EntityId])> {
        self.by_pod.iter().map(|(name, record)| (name, record.entities.as_slice()))
    }

    /// The entities of one pod name: the pod and its containers.
    #[must_use]
    pub fn entities_of(&self, (namespace, pod): (&str, &str)) -> &[EntityId] {
        let record = self.by_pod.get(&(namespace.to_owned(), pod.to_owned()));
        record.map_or(&[], |record| &record.entities)
    }

    /// Series of one entity.
    #[must_use]
    pub fn get(&self, entity: EntityId) -> Option<&EntitySeries> {
        self.entities.get(entity.index())?.as_deref()
    }

    /// The clock of the series.
    #[must_use]
    pub const fn clock(&self) -> &SeriesClock {
        &self.clock
    }

    /// Samples that came too late, or twice, and were left out.
    #[must_use]
    pub const fn dropped_late(&self) -> u64 {
        self.dropped_late
    }

    /// Heap bytes of all series of pods that exist, and how many pods those are.
    #[must_use]
    pub fn pod_bytes(&self) -> (usize, usize) {
        let live =
            || self.by_pod.values().filter(|record| !record.gone && !record.entities.is_empty());
        let bytes = live()
            .flat_map(|record| &record.entities)
            .filter_map(|id| self.get(*id))
            .map(|series| size_of::<EntitySeries>() + series.bytes())
            .sum();
        (bytes, live().count())
    }
}

fn container_cut(pod: &PodObject, index: usize) -> ContainerCut {
    let status = &pod.containers[index];
    let spec = pod.spec.iter().find(|spec| spec.name == status.name);
    let started_at = match &status.state {
        Some(ContainerState::Running { started_at }) => *started_at,
        Some(ContainerState::Waiting { .. } | ContainerState::Terminated { .. }) | None => None,
    };
    ContainerCut {
        started_at,
        memory_limit: spec.and_then(|spec| spec.resources.memory_limit),
        cpu_limit: spec.and_then(|spec| spec.resources.cpu_limit),
    }
}

/// When a container's series are cut: at its start, or when it was resized.
fn cut_time(
    before: Option<ContainerCut>,
    now: ContainerCut,
    observed_at: Timestamp,
) -> Option<Timestamp> {
    let before = before.unwrap_or_default();
    if now.started_at.is_some() && now.started_at != before.started_at {
        return now.started_at;
    }
    let changed = |was: Option<f64>, is: Option<f64>| was.is_some() && is.is_some() && was != is;
    let resized =
        changed(before.memory_limit, now.memory_limit) || changed(before.cpu_limit, now.cpu_limit);
    resized.then_some(observed_at)
}

#[cfg(test)]
mod tests;
