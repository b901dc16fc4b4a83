//! The choice among the sources of one stream: one at a time for each entity and quantity.
//!
//! In: the raw points of every series that could give the quantity, in order of time. Out: for each
//! group of points (one scrape of one target, one family) its sum, or why it does not count. A
//! decision uses points of the same time or earlier only, so that a whole recording and a running
//! service decide alike.

use foresail_core::{Entity, Quantity};

/// A source of lower precedence, or a second target, counts once the better one has been silent for
/// this many scrape intervals.
pub(crate) const SILENT_SCRAPES: i64 = 3;

/// Values at or above this are "no limit": cgroups write 2^63 rounded to pages.
const NO_LIMIT: f64 = 4.6e18;

/// What the samples with one stream number measure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stream {
    pub(crate) entity: Entity,
    pub(crate) quantity: Quantity,
}

/// A time in milliseconds, counted from wherever the user of the choice counts.
pub(crate) trait Moment: Copy + Ord {
    /// Milliseconds from `earlier` to `self`.
    fn since(self, earlier: Self) -> i64;
}

/// One value on its way into a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point<T> {
    pub(crate) at: T,
    pub(crate) rank: u16,
    pub(crate) order: u16,
    pub(crate) target: u32,
    pub(crate) metric: u32,
    pub(crate) value: f64,
}

/// What was chosen so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chooser<T> {
    first: Option<T>,
    best: Option<(u16, u16)>,
    current: Option<(u32, T)>,
}

/// What becomes of a group of points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is the sample of its time.
    Sample(f64),
    /// A better source is there, or may still come.
    OtherSource,
    /// Another target gives the quantity already.
    OtherTarget,
    /// It is a limit that means "no limit".
    NoLimit,
}

// === impl Moment ===

impl Moment for u32 {
    fn since(self, earlier: Self) -> i64 {
        i64::from(self) - i64::from(earlier)
    }
}

impl Moment for i64 {
    fn since(self, earlier: Self) -> i64 {
        self.saturating_sub(earlier)
    }
}

// === impl Point ===

impl<T: Copy> Point<T> {
    /// Points with equal keys are of one scrape of one source; the order is the one of the choice.
    pub(crate) const fn key(&self) -> (T, u16, u16, u32) {
        (self.at, self.rank, self.order, self.target)
    }
}

// === impl Chooser ===

impl<T> Default for Chooser<T> {
    fn default() -> Self {
        Self { first: None, best: None, current: None }
    }
}

impl<T: Moment> Chooser<T> {
    /// Judges a group of points with equal keys; groups come in the order of their keys. `grace` is
    /// [`SILENT_SCRAPES`] in milliseconds.
    pub(crate) fn judge(&mut self, quantity: Quantity, group: &[Point<T>], grace: i64) -> Verdict {
        let Some(&Point { at, rank, order, target, .. }) = group.first() else {
            return Verdict::OtherSource;
        };
        let first = *self.first.get_or_insert(at);
        let variant = (rank, order);
        let waits = rank > 0 && self.best.is_none() && at.since(first) < grace;
        if waits || self.best.is_some_and(|best| variant > best) {
            return Verdict::OtherSource;
        }
        let better = self.best.is_none_or(|best| variant < best);
        let silent = |last: T| at.since(last) > grace;
        let other = self.current.is_some_and(|(known, last)| known != target && !silent(last));
        if !better && other {
            return Verdict::OtherTarget;
        }
        (self.best, self.current) = (Some(variant), Some((target, at)));
        let value = combine(quantity, group);
        if is_limit(quantity) && !(value > 0.0 && value < NO_LIMIT) {
            return Verdict::NoLimit;
        }
        Verdict::Sample(value)
    }
}

fn combine<T>(quantity: Quantity, group: &[Point<T>]) -> f64 {
    let values = group.iter().map(|point| point.value);
    if quantity == Quantity::ContainerStart {
        // Sources write it with and without the fraction: whole seconds keep a change of source
        // from looking like a restart.
        values.fold(f64::MIN, f64::max).floor()
    } else if is_setting(quantity) {
        values.fold(f64::MIN, f64::max)
    } else {
        values.sum()
    }
}

/// Whether several series of one source state the same thing, so that adding them would be wrong.
/// Everything else is the sum over routes, codes, interfaces, cores, pools.
fn is_setting(quantity: Quantity) -> bool {
    matches!(
        quantity,
        Quantity::NodeBoot
            | Quantity::MemoryLimit
            | Quantity::MemoryRequest
            | Quantity::CpuLimit
            | Quantity::CpuRequest
            | Quantity::FileDescriptorLimit
            | Quantity::ThreadLimit
            | Quantity::NodePodLimit
    )
}

/// Whether the quantity is a limit, for which zero means "none".
fn is_limit(quantity: Quantity) -> bool {
    matches!(
        quantity,
        Quantity::MemoryLimit
            | Quantity::CpuLimit
            | Quantity::FileDescriptorLimit
            | Quantity::ThreadLimit
            | Quantity::PoolLimit
            | Quantity::EphemeralStorageLimit
            | Quantity::NodePidLimit
            | Quantity::NodeConntrackLimit
            | Quantity::NodeFileDescriptorLimit
            | Quantity::NodePodLimit
            | Quantity::ClaimCapacity
            | Quantity::ClaimInodes
            | Quantity::NodeInodes
            | Quantity::ContainerStart
    )
}
