//! A map by namespace and name: nested, so that a look-up needs no owned names and compares short ones.

use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;

use serde::{Deserialize, Serialize};

/// Values by namespace and name, in that order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByName<T>(BTreeMap<String, BTreeMap<String, T>>);

/// Looks names up in ascending order: each look-up goes on where the last one ended, so that most cost
/// one comparison. A name that comes out of order is not found.
#[derive(Debug)]
pub struct Ascending<'a, T> {
    namespaces: Peekable<btree_map::Iter<'a, String, BTreeMap<String, T>>>,
    names: Option<Peekable<btree_map::Iter<'a, String, T>>>,
}

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

    /// For look-ups in the order of namespace and name.
    pub fn ascending(&self) -> Ascending<'_, T> {
        Ascending { namespaces: self.0.iter().peekable(), names: None }
    }

    /// All values, in the order of namespace and name.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values().flat_map(BTreeMap::values)
    }
}

// === impl Ascending ===

impl<'a, T> Ascending<'a, T> {
    /// The value of a name that is not before those asked for until now.
    pub fn get(&mut self, (namespace, name): (&str, &str)) -> Option<&'a T> {
        let names = loop {
            let (next, names) = self.namespaces.peek()?;
            match next.as_str().cmp(namespace) {
                Ordering::Less => {
                    self.namespaces.next();
                    self.names = None;
                }
                Ordering::Equal => {
                    break self.names.get_or_insert_with(|| names.iter().peekable());
                }
                Ordering::Greater => return None,
            }
        };
        loop {
            let (next, value) = names.peek()?;
            match next.as_str().cmp(name) {
                Ordering::Less => drop(names.next()),
                Ordering::Equal => return Some(value),
                Ordering::Greater => return None,
            }
        }
    }
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascending_look_ups_find_what_single_ones_do() {
        let mut map = ByName::new();
        for (i, key) in [("b", "x"), ("b", "z"), ("d", "y"), ("d", "ya")].into_iter().enumerate() {
            map.entry(key, || i);
        }
        let mut ascending = map.ascending();
        for namespace in ["a", "b", "c", "d", "e"] {
            for name in ["w", "x", "y", "y", "ya", "z", "zz"] {
                assert_eq!(ascending.get((namespace, name)), map.get((namespace, name)));
            }
        }
    }
}
