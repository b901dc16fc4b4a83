//! A small map from quantities to series.
//!
//! Keys lie together in one or two cache lines, apart from the much larger series: a sample finds its
//! series with two look-ups in memory, whatever the number of quantities.

use foresail_core::Quantity;
use serde::{Deserialize, Serialize};

/// Values by quantity, in catalogue order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByQuantity<T> {
    keys: Vec<Quantity>,
    /// As many, in the same order.
    values: Vec<T>,
}

impl<T> ByQuantity<T> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { keys: Vec::new(), values: Vec::new() }
    }

    /// The value of `quantity`.
    pub fn get(&self, quantity: Quantity) -> Option<&T> {
        self.keys.binary_search(&quantity).ok().and_then(|place| self.values.get(place))
    }

    /// The value of `quantity`, which is made first where there is none.
    pub fn entry(&mut self, quantity: Quantity, first: impl FnOnce() -> T) -> &mut T {
        let place = self.keys.binary_search(&quantity).unwrap_or_else(|place| {
            self.keys.reserve_exact(1);
            self.keys.insert(place, quantity);
            self.values.reserve_exact(1);
            self.values.insert(place, first());
            place
        });
        &mut self.values[place]
    }

    /// All quantities with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, &T)> {
        self.keys.iter().copied().zip(&self.values)
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    /// All values, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut()
    }

    /// Heap bytes held, less what the values themselves hold.
    pub fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<Quantity>() + self.values.capacity() * size_of::<T>()
    }
}
