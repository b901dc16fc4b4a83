//! What a sample belongs to, and the compact id that stands for it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The thing that a sample measures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Entity {
    /// A container of a pod, followed across its restarts.
    Container {
        /// Namespace of the pod.
        namespace: String,
        /// Name of the pod.
        pod: String,
        /// Name of the container.
        container: String,
    },
    /// A pod as a whole (network, ephemeral storage).
    Pod {
        /// Namespace of the pod.
        namespace: String,
        /// Name of the pod.
        pod: String,
    },
    /// A node.
    Node {
        /// Name of the node.
        node: String,
    },
    /// A persistent volume claim.
    Claim {
        /// Namespace of the claim.
        namespace: String,
        /// Name of the claim.
        claim: String,
    },
}

/// A small number that stands for an [`Entity`] within one source.
///
/// Ids are given in the order of first use, so they carry nothing from the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(u32);

/// Gives ids to entities in the order in which they are first seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityTable {
    ids: BTreeMap<Entity, EntityId>,
    entities: Vec<Entity>,
}

// === impl Entity ===

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { namespace, pod, container } => {
                write!(f, "{namespace}/{pod} {container}")
            }
            Self::Pod { namespace, pod } => write!(f, "{namespace}/{pod}"),
            Self::Node { node } => write!(f, "node {node}"),
            Self::Claim { namespace, claim } => write!(f, "volume {namespace}/{claim}"),
        }
    }
}

// === impl EntityId ===

impl EntityId {
    /// The id with this number.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number, usable as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

// === impl EntityTable ===

impl EntityTable {
    /// The id of `entity`, giving it the next free one at first sight.
    pub fn intern(&mut self, entity: &Entity) -> EntityId {
        if let Some(id) = self.ids.get(entity) {
            return *id;
        }
        let id = EntityId(self.entities.len() as u32);
        self.ids.insert(entity.clone(), id);
        self.entities.push(entity.clone());
        id
    }

    /// The id of `entity`, if it was seen.
    #[must_use]
    pub fn id(&self, entity: &Entity) -> Option<EntityId> {
        self.ids.get(entity).copied()
    }

    /// The entity behind `id`.
    #[must_use]
    pub fn get(&self, id: EntityId) -> Option<&Entity> {
        self.entities.get(id.index())
    }

    /// All entities, in the order of their ids.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }
}
