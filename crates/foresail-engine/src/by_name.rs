//! A map by namespace and name: nested, so that a look-up needs no owned names and compares short ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values by namespace and name, in that order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByName<T>(BTreeMap<String, BTreeMap<String, T>>);

impl<T> ByName<T> {
    /// An empty map.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The value of a name.
    pub fn get(&self, (namespace, name): (&str, &str)) -> Option<&T> {
        self.0.get(namespace)?.get(name)
    }

    /// The value of a name, to change it.
    pub fn get_mut(&mut self, (namespace, name): (&str, &str)) -> Option<&mut T> {
        self.0.get_mut(namespace)?.get_mut(name)
    }

    /// The value of a name, which is made first where there is none.
    pub fn entry(&mut self, (namespace, name): (&str, &str), first: impl FnOnce() -> T) -> &mut T {
        if !self.0.contains_key(namespace) {
            self.0.insert(namespace.to_owned(), BTreeMap::new());
        }
        let names = self.0.get_mut(namespace).expect("it was inserted above");
        if !names.contains_key(name) {
            names.insert(name.to_owned(), first());
        }
        names.get_mut(name).expect("it was inserted above")
    }

    /// Takes the value of a name out.
    pub fn remove(&mut self, (namespace, name): (&str, &str)) -> Option<T> {
        let names = self.0.get_mut(namespace)?;
        let value = names.remove(name);
        if names.is_empty() {
            self.0.remove(namespace);
        }
        value
    }

    /// All values, in the order of namespace and name.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values().flat_map(BTreeMap::values)
    }
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self::new()
    }
}
