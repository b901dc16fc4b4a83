//! A level: a short ring of raw values and two hours of fault minutes.
//!
//! ```text
//!  raw      40 points of the scrape step      (time, value)
//!  minutes  120 fault minutes                 (mean, minimum), NaN where nothing was scraped
//! ```
//!
//! The minimum is kept as its share of the mean in 16 bits (one part in 65,535), which is what keeps a
//! pod with the whole catalogue within its 16 KiB.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::clock::{Instant, Moment, SeriesClock};

/// Raw points kept.
const RAW_POINTS: usize = 40;
/// Fault minutes kept: two hours.
pub const MINUTES: usize = 120;

/// The minute that is being filled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    index: u32,
    sum: f64,
    count: u32,
    minimum: f32,
}

/// A level over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelSeries {
    /// The newest raw point; apart from the others, so that most values are taken in without a look
    /// at the ring.
    newest: Option<(Instant, f32)>,
    /// Raw points before it, oldest first.
    earlier: VecDeque<(Instant, f32)>,
    means: VecDeque<f32>,
    /// Share of the mean that the minimum lies below it, in parts of [`u16::MAX`].
    dips: VecDeque<u16>,
    open: Option<Open>,
    range: Range,
}

/// Least and greatest of the closed minutes' means, kept so that nobody walks them at every tick;
/// infinite where there are none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Range {
    low: f32,
    high: f32,
}

/// Whether a sample found its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the series.
    Yes,
    /// It is older than the series still accepts, or there already.
    No,
}

// === impl Open ===

impl Open {
    fn mean(self) -> f32 {
        (self.sum / f64::from(self.count)) as f32
    }
}

// === impl Range ===

impl Range {
    const EMPTY: Self = Self { low: f32::INFINITY, high: f32::NEG_INFINITY };

    /// A missing minute is NaN, which neither `min` nor `max` keeps.
    fn with(self, mean: f32) -> Self {
        Self { low: self.low.min(mean), high: self.high.max(mean) }
    }

    fn of(means: &VecDeque<f32>) -> Self {
        let (front, back) = means.as_slices();
        front.iter().chain(back).fold(Self::EMPTY, |range, mean| range.with(*mean))
    }

    /// Whether the range may shrink when `mean` goes.
    fn rests_on(self, mean: f32) -> bool {
        mean <= self.low || mean >= self.high
    }
}

// === impl LevelSeries ===

impl LevelSeries {
    /// A series without points.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            newest: None,
            earlier: VecDeque::new(),
            means: VecDeque::new(),
            dips: VecDeque::new(),
            open: None,
            range: Range::EMPTY,
        }
    }

    /// Takes in a value; one that comes late but within the clock's lag finds its place.
    pub fn push(&mut self, value: f64, moment: &Moment<'_>) -> Taken {
        let (at, value) = (moment.at, value as f32);
        if let Some((last, _)) = self.newest
            && at <= last
        {
            return self.insert_late(value, last, moment);
        }
        if let Some(point) = self.newest.replace((at, value)) {
            push_bounded(&mut self.earlier, point, RAW_POINTS - 1);
        }
        self.fill(moment.minute, value);
        Taken::Yes
    }

    fn insert_late(&mut self, value: f32, newest: Instant, moment: &Moment<'_>) -> Taken {
        let at = moment.at;
        let place = self.earlier.partition_point(|(time, _)| *time < at);
        let known = at == newest || self.earlier.get(place).is_some_and(|(time, _)| *time == at);
        if known || newest.since(at) > moment.clock.lag() {
            return Taken::No;
        }
        if self.earlier.len() < RAW_POINTS - 1 {
            self.earlier.insert(place, (at, value));
        } else if place > 0 {
            self.earlier.pop_front();
            self.earlier.insert(place - 1, (at, value));
        }
        if self.open.is_some_and(|open| open.index == moment.minute) {
            self.fill(moment.minute, value);
        }
        Taken::Yes
    }

    fn fill(&mut self, index: u32, value: f32) {
        match &mut self.open {
            Some(open) if open.index == index => {
                open.sum += f64::from(value);
                open.count += 1;
                open.minimum = open.minimum.min(value);
            }
            _ => {
                let gap = self.open.map_or(0, |open| index.saturating_sub(open.index + 1));
                self.close();
                for _ in 0..gap.min(MINUTES as u32) {
                    self.append(f32::NAN, f32::NAN);
                }
                self.open = Some(Open { index, sum: f64::from(value), count: 1, minimum: value });
            }
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.append(open.mean(), open.minimum);
        }
    }

    fn append(&mut self, mean: f32, minimum: f32) {
        let below = f64::from(mean - minimum) / f64::from(mean).max(f64::MIN_POSITIVE);
        let gone = push_bounded(&mut self.means, mean, MINUTES);
        self.range = match gone {
            Some(gone) if self.range.rests_on(gone) => Range::of(&self.means),
            Some(_) | None => self.range.with(mean),
        };
        push_bounded(&mut self.dips, (below * f64::from(u16::MAX)) as u16, MINUTES);
    }

    /// Forgets everything before `at`: the process that made it is gone.
    pub fn cut(&mut self, at: Instant, clock: &SeriesClock) {
        let is_before = |(time, _): &(Instant, f32)| *time < at;
        let n_before = self.earlier.partition_point(is_before);
        self.earlier.drain(..n_before);
        let newest_before = self.newest.take_if(|point| is_before(point));
        if n_before == 0 && newest_before.is_none() {
            return;
        }
        let keep_from = clock.minute(at) + 1;
        match self.open {
            Some(open) if open.index >= keep_from => {
                let keep = (open.index - keep_from) as usize;
                let drop = self.means.len().saturating_sub(keep);
                self.means.drain(..drop);
                self.dips.drain(..drop);
                self.range = Range::of(&self.means);
            }
            _ => {
                self.means.clear();
                self.dips.clear();
                self.range = Range::EMPTY;
                self.open = None;
                let points: Vec<_> = self.earlier.iter().copied().chain(self.newest).collect();
                for (time, value) in points {
                    self.fill(clock.minute(time), value);
                }
            }
        }
    }

    /// The newest raw point.
    #[must_use]
    pub fn last(&self) -> Option<(Instant, f64)> {
        self.newest.map(|(at, value)| (at, f64::from(value)))
    }

    /// Raw points, oldest first.
    pub fn raw(&self) -> impl DoubleEndedIterator<Item = (Instant, f64)> + '_ {
        self.earlier.iter().chain(&self.newest).map(|(at, value)| (*at, f64::from(*value)))
    }

    /// Mean of the newest raw values, back to the first whose time is not `recent`.
    #[must_use]
    pub fn mean_while(&self, recent: impl Fn(Instant) -> bool) -> Option<f64> {
        let (_, newest) = self.newest?;
        let (mut sum, mut count) = (f64::from(newest), 1_u32);
        for (_, value) in self.earlier.iter().rev().take_while(|(at, _)| recent(*at)) {
            sum += f64::from(*value);
            count += 1;
        }
        Some(sum / f64::from(count))
    }

    /// The number of the open fault minute.
    #[must_use]
    pub fn newest_minute(&self) -> Option<u32> {
        self.open.map(|open| open.index)
    }

    /// Replaces `out` by the means of the fault minutes, oldest first, the open one last; NaN where
    /// nothing was scraped.
    pub fn fill_means(&self, out: &mut Vec<f32>) {
        self.fill_closed(out);
        out.extend(self.open.map(Open::mean));
    }

    /// Replaces `out` by the minima of the fault minutes, as [`Self::fill_means`] does by the means.
    pub fn fill_minima(&self, out: &mut Vec<f32>) {
        self.fill_closed(out);
        let (front, back) = self.dips.as_slices();
        let (early, late) = out.split_at_mut(front.len());
        for (minutes, dips) in [(early, front), (late, back)] {
            for (value, dip) in minutes.iter_mut().zip(dips) {
                let below = f64::from(*dip) / f64::from(u16::MAX);
                *value = (f64::from(*value) * (1.0 - below)) as f32;
            }
        }
        out.extend(self.open.map(|open| open.minimum));
    }

    fn fill_closed(&self, out: &mut Vec<f32>) {
        let (front, back) = self.means.as_slices();
        out.clear();
        out.extend_from_slice(front);
        out.extend_from_slice(back);
    }

    /// Fault minutes held, the open one included.
    #[must_use]
    pub fn n_minutes(&self) -> usize {
        self.open.map_or(0, |_| self.means.len() + 1)
    }

    /// Least, greatest and newest of the minutes' means.
    #[must_use]
    pub fn extremes(&self) -> Option<(f32, f32, f32)> {
        let newest = self.open?.mean();
        let range = self.range.with(newest);
        Some((range.low, range.high, newest))
    }

    /// Mean of the closed fault minute that lies `minutes` before the open one; `None` where the
    /// series does not reach back so far or nothing was scraped then.
    #[must_use]
    pub fn mean_before(&self, minutes: usize) -> Option<f32> {
        let place = self.means.len().checked_sub(minutes)?;
        self.means.get(place).copied().filter(|mean| mean.is_finite())
    }

    /// Heap bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.earlier.capacity() * size_of::<(Instant, f32)>()
            + self.means.capacity() * size_of::<f32>()
            + self.dips.capacity() * size_of::<u16>()
    }
}

impl Default for LevelSeries {
    fn default() -> Self {
        Self::new()
    }
}

/// Appends to a ring of at most `most` items, which takes its whole room at once; what had to go for it.
fn push_bounded<T>(ring: &mut VecDeque<T>, item: T, most: usize) -> Option<T> {
    if ring.capacity() < most {
        ring.reserve_exact(most - ring.len());
    }
    let gone = if ring.len() == most { ring.pop_front() } else { None };
    ring.push_back(item);
    gone
}
