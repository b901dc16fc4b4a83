//! Local trends of one level: is it growing, since when, and in which shape?
//!
//! Three shapes compete on every window by their AICc weights: a straight line, a line beside the
//! load (growth that only follows the load is no leak), and a saturating curve (a cache that warms up
//! is no leak). Values are shares of the limit; times are fault minutes, zero now, negative before.

use serde::{Deserialize, Serialize};

use super::fit::{Fit, aicc, aicc_weights, diffusion, fit_line, fit_saturating, fit_with_load};
use super::passage::{Drift, Quantiles};

/// Windows that are tried, in fault minutes.
pub const WINDOWS: [usize; 5] = [10, 20, 40, 80, 120];
/// Fewest points that a shape is fitted to.
const FEWEST_POINTS: usize = 6;
/// Most points; longer windows are averaged in blocks.
const MOST_POINTS: usize = 30;
/// Trough of a level in one fault minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trough {
    /// Fault minutes before now, negative.
    pub minute: f64,
    /// Share of the limit.
    pub level: f64,
}

/// One point of a window: the mean of one or more troughs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Fault minutes before now, negative.
    pub minute: f64,
    /// Level as a share of the limit.
    pub level: f64,
    /// Load at that time, in any unit; NaN where unknown.
    pub load: f64,
}

/// How readily growth is believed to arrive. No exponent is negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// Exponent of the share of the way that the growth has come.
    pub persistence: f64,
    /// Exponent of the share of the limit that the level takes.
    pub proximity: f64,
    /// Exponent of the share of the window that steady growth explains.
    pub steadiness: f64,
    /// Exponent of how much of the growth goes on.
    pub recency: f64,
}

/// How the level grew in one window, before any shape is weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Length of the window in fault minutes.
    pub window: usize,
    /// Level now, as a share of the limit.
    pub level: f64,
    /// How far the growth has come on its way to the limit, `0.0..=1.0`.
    pub progress: f64,
    /// How well a steady growth explains the window, `0.0..=1.0`.
    pub steadiness: f64,
    /// How much of the window's growth its last third still shows, `0.0..=1.0`.
    pub recency: f64,
}

/// What one window says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// How the level grew.
    pub growth: Growth,
    /// Probability to pass the limit within the horizon if the trend goes on.
    pub passes: f64,
    /// Probability to pass it so soon that nobody can act, if the trend goes on.
    pub passes_too_soon: f64,
    /// Growth of the whole window per fault minute, the load taken out where it explains growth.
    pub slope: f64,
    /// AICc weight of the saturating shape.
    pub saturating: f64,
    /// AICc weight of the shape with load.
    pub follows_load: f64,
    /// Times to the limit by the line.
    pub quantiles: Option<Quantiles>,
}

/// What all windows of a level say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outlook {
    /// No window has enough points.
    TooShort,
    /// No window is worth a word.
    Quiet,
    /// The strongest window.
    Running(Trend),
}

// === impl Growth ===

impl Growth {
    /// Growth must outlast the way that is left, so one that has come far, steadily, and is close is
    /// more likely to arrive. No forecast of this window can be likelier.
    #[must_use]
    pub fn trust(&self, belief: Belief) -> f64 {
        let close = power(self.level.clamp(0.0, 1.0), belief.proximity);
        let steady = power(self.steadiness, belief.steadiness);
        let recent = power(self.recency, belief.recency);
        // Most growth is not steady or recent at all, which spares a power.
        if steady * recent == 0.0 {
            return 0.0;
        }
        power(self.progress, belief.persistence) * close * steady * recent
    }
}

// === impl Trend ===

impl Trend {
    /// The probability that the limit is passed within the horizon.
    #[must_use]
    pub fn probability(&self, belief: Belief) -> f64 {
        self.passes * self.growth.trust(belief)
    }

    /// The probability that the limit is passed within the horizon but late enough to act: what
    /// ranks alarms.
    #[must_use]
    pub fn useful(&self, belief: Belief) -> f64 {
        (self.passes - self.passes_too_soon).max(0.0) * self.growth.trust(belief)
    }
}

/// How far a forecast looks, in fault minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Nobody can act on what comes sooner.
    pub nearest: f64,
    /// The horizon.
    pub farthest: f64,
}

/// What a level is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// Level now, as a share of the limit.
    pub level: f64,
    /// How far to look.
    pub reach: Reach,
    /// How readily growth is believed to arrive.
    pub belief: Belief,
    /// Probability below which nothing is said.
    pub floor: f64,
}

/// The troughs of one window, which are averaged down to at most [`MOST_POINTS`].
#[derive(Clone, Copy, Debug)]
struct Window<'a> {
    minutes: usize,
    troughs: &'a [Trough],
    /// Troughs per point.
    block: usize,
}

// === impl Question ===

impl Question {
    /// Least progress that can still pass the floor, whatever else speaks for it.
    fn least_progress(&self) -> f64 {
        least_progress(
            self.floor / power(self.level.clamp(0.0, 1.0), self.belief.proximity),
            self.belief,
        )
    }

    /// How far a growth has come on its way to the limit.
    fn progress(&self, growth: f64) -> f64 {
        let distance = 1.0 - self.level;
        if distance <= 0.0 { 1.0 } else { growth / (growth + distance) }
    }
}

// === impl Window ===

impl<'a> Window<'a> {
    fn new(troughs: &'a [Trough], minutes: usize) -> Self {
        let from = troughs.partition_point(|trough| trough.minute < -(minutes as f64));
        let troughs = &troughs[from..];
        Self { minutes, troughs, block: troughs.len().div_ceil(MOST_POINTS).max(1) }
    }

    /// Its points, with the load of each.
    fn points(self, load: impl Fn(f64) -> f64) -> impl Iterator<Item = Point> {
        self.troughs.chunks(self.block).map(move |chunk| {
            let (mut minute, mut level, mut loads) = (0.0, 0.0, 0.0);
            for trough in chunk {
                minute += trough.minute;
                level += trough.level;
                loads += load(trough.minute);
            }
            let n = chunk.len() as f64;
            Point { minute: minute / n, level: level / n, load: loads / n }
        })
    }

    /// Whether there are points enough over a span long enough.
    fn is_filled(self) -> bool {
        let mut chunks = self.troughs.chunks(self.block);
        let minute = |chunk: &[Trough]| {
            chunk.iter().map(|trough| trough.minute).sum::<f64>() / chunk.len() as f64
        };
        chunks.len() >= FEWEST_POINTS
            && chunks.next().zip(chunks.next_back()).is_some_and(|(first, last)| {
                minute(last) - minute(first) >= 0.5 * self.minutes as f64
            })
    }

    /// No less than the growth of its points: from its lowest trough to the highest of the last block.
    fn most_growth(self, lowest: f64) -> f64 {
        let last = self.troughs.chunks(self.block).next_back().unwrap_or_default();
        last.iter().map(|trough| trough.level).fold(f64::NEG_INFINITY, f64::max) - lowest
    }
}

/// The strongest window of a level, if any is worth more than the floor.
///
/// Most levels are quiet, and a tick has ten thousand pods: a window is fitted only where its growth
/// could pass the floor, and shapes are weighed only where they could still beat what was found. No
/// answer depends on it.
#[must_use]
pub fn outlook(troughs: &[Trough], question: Question, load: impl Fn(f64) -> f64) -> Outlook {
    let least_progress = question.least_progress();
    let mut outlook = Outlook::TooShort;
    let mut windows: Vec<(f64, Growth, Fit)> = Vec::new();
    let mut inside = Vec::new();
    let (mut lowest, mut n_seen) = (f64::INFINITY, 0);
    for minutes in WINDOWS {
        let window = Window::new(troughs, minutes);
        // Each window holds the one before.
        let further = &window.troughs[..window.troughs.len() - n_seen];
        lowest = further.iter().map(|trough| trough.level).fold(lowest, f64::min);
        n_seen = window.troughs.len();
        if !window.is_filled() {
            continue;
        }
        outlook = Outlook::Quiet;
        if question.progress(window.most_growth(lowest).max(0.0)) < least_progress {
            continue;
        }
        inside.clear();
        inside.reserve(MOST_POINTS);
        inside.extend(window.points(|_| f64::NAN));
        windows.extend(growth(&inside, minutes, (question, least_progress)));
    }
    windows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = question.floor;
    for (trust, growth, line) in windows {
        if trust < best {
            break;
        }
        inside.clear();
        inside.extend(Window::new(troughs, growth.window).points(&load));
        // A hair less, since sums are rounded.
        let least = best / trust * (1.0 - 1e-12);
        if let Some(trend) = trend(&inside, (growth, line), question.reach, least) {
            let useful = trend.useful(question.belief);
            if useful >= best {
                best = useful;
                outlook = Outlook::Running(trend);
            }
        }
    }
    outlook
}

/// Least progress with which `trust` can be had.
pub fn least_progress(trust: f64, belief: Belief) -> f64 {
    // A hair less, since powers are rounded.
    libm::pow(trust, 1.0 / belief.persistence) * (1.0 - 1e-12)
}

/// `base` to the power of `exponent`, which is mostly one.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent == 1.0 { base } else { libm::pow(base, exponent) }
}

/// How the level grew in a window and how far that is trusted, with its line; `None` below the floor.
fn growth(
    inside: &[Point],
    window: usize,
    (question, least_progress): (Question, f64),
) -> Option<(f64, Growth, Fit)> {
    let lowest = inside.iter().map(|point| point.level).fold(f64::INFINITY, f64::min);
    let progress = question.progress((inside.last()?.level - lowest).max(0.0));
    if progress < least_progress {
        return None;
    }
    let (line, whole) = fit_line(inside);
    let explained = if whole > 0.0 { (1.0 - line.rss / whole).clamp(0.0, 1.0) } else { 0.0 };
    let growth = Growth {
        window,
        level: question.level,
        progress,
        steadiness: if line.slope > 0.0 { explained } else { 0.0 },
        recency: recency(inside, &line),
    };
    let trust = growth.trust(question.belief);
    (trust >= question.floor).then_some((trust, growth, line))
}

/// What a window says about passing the limit within `reach`; `None` where the share of its trust that
/// is useful cannot be as much as `least`.
fn trend(
    inside: &[Point],
    (growth, line): (Growth, Fit),
    reach: Reach,
    least: f64,
) -> Option<Trend> {
    let load = fit_with_load(inside);
    let distance = 1.0 - growth.level;
    let diffusion = diffusion(inside, &line);
    let drift =
        |fit: &Fit| Drift { distance, slope: fit.slope, slope_error: fit.slope_error, diffusion };
    let passes_within = |minutes: f64| {
        let by_load = load.map_or(0.0, |fit| drift(&fit).passes_within(minutes));
        (drift(&line).passes_within(minutes), by_load)
    };
    let within = passes_within(reach.farthest);
    // The saturating shape promises no more than the line.
    if within.0.max(within.1) < least {
        return None;
    }
    let too_soon = passes_within(reach.nearest);
    if (within.0 - too_soon.0).max(within.1 - too_soon.1) < least {
        return None;
    }
    let curve = fit_saturating(inside);
    let n = inside.len() as f64;
    let scores =
        [Some(line), load, curve.map(|(fit, _)| fit)].map(|fit| fit.map(|fit| aicc(&fit, n)));
    let weights = aicc_weights(scores);
    let arrives = curve.is_some_and(|(_, rise)| rise >= distance);
    let passes = |(by_line, by_load): (f64, f64)| {
        let by_curve = if arrives { by_line } else { 0.0 };
        (weights[0] * by_line + weights[1] * by_load + weights[2] * by_curve).clamp(0.0, 1.0)
    };
    let slope =
        load.map_or(line.slope, |fit| (1.0 - weights[1]) * line.slope + weights[1] * fit.slope);
    Some(Trend {
        growth,
        passes: passes(within),
        passes_too_soon: passes(too_soon),
        slope,
        saturating: weights[2],
        follows_load: weights[1],
        quantiles: Drift { slope, ..drift(&line) }.quantiles(),
    })
}

/// Slope of the last third over the slope of the whole.
fn recency(points: &[Point], line: &Fit) -> f64 {
    let last_third = &points[points.len() - (points.len() / 3).max(3)..];
    if line.slope > 0.0 { (fit_line(last_third).0.slope / line.slope).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BELIEF: Belief =
        Belief { persistence: 1.0, proximity: 1.0, steadiness: 1.0, recency: 0.5 };
    const REACH: Reach = Reach { nearest: 10.0, farthest: 100.0 };

    fn trend_of(series: &[(Trough, f64)], minutes: usize, level: f64) -> Option<Trend> {
        let question = Question { level, reach: REACH, belief: BELIEF, floor: 0.0 };
        let load = |minute: f64| series[(minute - series[0].0.minute) as usize].1;
        let troughs: Vec<Trough> = series.iter().map(|(trough, _)| *trough).collect();
        let window = Window::new(&troughs, minutes);
        let inside: Vec<Point> = window.points(load).collect();
        let (_, growth, line) =
            window.is_filled().then(|| growth(&inside, minutes, (question, 0.0)))??;
        trend(&inside, (growth, line), REACH, 0.0)
    }

    fn series(value: impl Fn(f64) -> f64) -> Vec<(Trough, f64)> {
        (0..=120)
            .map(|i| f64::from(i) - 120.0)
            .map(|minute| (Trough { minute, level: value(minute) }, f64::NAN))
            .collect()
    }

    #[test]
    fn a_steady_leak_is_seen_with_its_time() {
        let points = series(|minute| 0.8 + 0.005 * minute);
        let trend = trend_of(&points, 80, 0.8).unwrap();
        assert!((trend.slope - 0.005).abs() < 1e-6);
        assert!((trend.quantiles.unwrap().p50 - 40.0).abs() < 0.5);
        assert!(trend.probability(BELIEF) > 0.5, "{trend:?}");
    }

    #[test]
    fn a_cache_that_warms_up_is_told_from_a_leak() {
        let points = series(|minute| 0.8 - 0.5 * (-(minute + 120.0) / 40.0).exp());
        let trend = trend_of(&points, 120, 0.79).unwrap();
        assert!(trend.saturating > 0.9, "{trend:?}");
        assert!(trend.probability(BELIEF) < 0.05, "{trend:?}");
    }

    #[test]
    fn growth_that_follows_the_load_is_no_leak() {
        let mut points = series(|_| 0.0);
        for (i, (trough, load)) in points.iter_mut().enumerate() {
            *load = 100.0 + i as f64 + 20.0 * (i as f64 / 5.0).sin();
            trough.level = 0.2 + 0.003 * *load;
        }
        let trend = trend_of(&points, 80, 0.85).unwrap();
        assert!(trend.follows_load > 0.9 && trend.probability(BELIEF) < 0.05, "{trend:?}");
    }

    #[test]
    fn a_flat_noisy_level_stays_quiet() {
        let points = series(|minute| 0.7 + 0.05 * (minute * 1.7).sin());
        for window in WINDOWS {
            let quiet = trend_of(&points, window, 0.7).unwrap();
            assert!(quiet.probability(BELIEF) < 0.1, "{quiet:?}");
        }
    }

    #[test]
    fn too_few_points_give_no_answer() {
        let points = &series(|_| 0.5)[117..];
        assert_eq!(trend_of(points, 10, 0.5), None);
    }
}
