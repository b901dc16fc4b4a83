//! Local trends of one level: is it growing, since when, and in which shape?
//!
//! Three shapes compete on every window by their AICc weights: a straight line, a line beside the
//! load (growth that only follows the load is no leak), and a saturating curve (a cache that warms up
//! is no leak). Values are shares of the limit; times are fault minutes, zero now, negative before.

use serde::{Deserialize, Serialize};

use super::passage::{Drift, Quantiles};

/// Windows that are tried, in fault minutes.
pub const WINDOWS: [usize; 5] = [10, 20, 40, 80, 120];
/// Fewest points that a shape is fitted to.
const FEWEST_POINTS: usize = 6;
/// Most points; longer windows are averaged in blocks.
const MOST_POINTS: usize = 30;
/// Decay rates of the saturating shape, in reciprocal window lengths.
const DECAYS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];

/// One point of a level in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Fault minutes before now, negative.
    pub minute: f64,
    /// Trough level as a share of the limit.
    pub level: f64,
    /// Load at that time, in any unit; NaN where unknown.
    pub load: f64,
}

/// How readily growth is believed to arrive.
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

impl Growth {
    /// Growth must outlast the way that is left, so one that has come far, steadily, and is close is
    /// more likely to arrive. No forecast of this window can be likelier.
    #[must_use]
    pub fn trust(&self, belief: Belief) -> f64 {
        let far = libm::pow(self.progress, belief.persistence);
        let close = libm::pow(self.level.clamp(0.0, 1.0), belief.proximity);
        let steady = libm::pow(self.steadiness, belief.steadiness);
        let recent = libm::pow(self.recency, belief.recency);
        far * close * steady * recent
    }
}

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

/// A fitted shape.
#[derive(Clone, Copy, Debug)]
struct Fit {
    rss: f64,
    parameters: f64,
    slope: f64,
    slope_error: f64,
}

/// A window's points, averaged down to at most [`MOST_POINTS`].
fn window_points(points: &[Point], window: usize) -> Vec<Point> {
    let from = points.partition_point(|point| point.minute < -(window as f64));
    let inside = &points[from..];
    let block = inside.len().div_ceil(MOST_POINTS).max(1);
    inside
        .chunks(block)
        .map(|chunk| {
            let n = chunk.len() as f64;
            Point {
                minute: chunk.iter().map(|point| point.minute).sum::<f64>() / n,
                level: chunk.iter().map(|point| point.level).sum::<f64>() / n,
                load: chunk.iter().map(|point| point.load).sum::<f64>() / n,
            }
        })
        .collect()
}

/// How far a forecast looks, in fault minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Nobody can act on what comes sooner.
    pub nearest: f64,
    /// The horizon.
    pub farthest: f64,
}

/// The strongest window of a level, if any is worth more than `floor`.
///
/// Shapes are weighed only where the growth alone could still beat what was found: most levels are
/// quiet, and this is what keeps ten thousand pods within a tick.
#[must_use]
pub fn outlook(
    points: &[Point],
    level: f64,
    reach: Reach,
    (belief, floor): (Belief, f64),
) -> Outlook {
    let mut windows: Vec<(f64, Growth, Fit)> = WINDOWS
        .iter()
        .filter_map(|window| growth(&window_points(points, *window), *window, level))
        .map(|(growth, line)| (growth.trust(belief), growth, line))
        .collect();
    if windows.is_empty() {
        return Outlook::TooShort;
    }
    windows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut strongest, mut best) = (Outlook::Quiet, floor);
    for (trust, growth, line) in windows {
        if trust < best {
            break;
        }
        let trend = trend(&window_points(points, growth.window), growth, line, reach);
        let useful = trend.useful(belief);
        if useful >= best {
            best = useful;
            strongest = Outlook::Running(trend);
        }
    }
    strongest
}

/// How the level grew in a window, with its line; `None` with too few points or too short a span.
fn growth(inside: &[Point], window: usize, level: f64) -> Option<(Growth, Fit)> {
    let (first, last) = (inside.first()?, inside.last()?);
    if inside.len() < FEWEST_POINTS || last.minute - first.minute < 0.5 * window as f64 {
        return None;
    }
    let line = fit_line(inside);
    let distance = 1.0 - level;
    let base = inside.iter().map(|point| point.level).fold(f64::INFINITY, f64::min);
    let growth = (last.level - base).max(0.0);
    let mean = mean(inside);
    let whole: f64 = inside.iter().map(|point| (point.level - mean).powi(2)).sum();
    let explained = if whole > 0.0 { (1.0 - line.rss / whole).clamp(0.0, 1.0) } else { 0.0 };
    let growth = Growth {
        window,
        level,
        progress: if distance <= 0.0 { 1.0 } else { growth / (growth + distance) },
        steadiness: if line.slope > 0.0 { explained } else { 0.0 },
        recency: recency(inside, &line),
    };
    Some((growth, line))
}

/// What a window says about passing the limit within `reach`.
fn trend(inside: &[Point], growth: Growth, line: Fit, reach: Reach) -> Trend {
    let load = fit_with_load(inside);
    let curve = fit_saturating(inside);
    let n = inside.len() as f64;
    let scores =
        [Some(line), load, curve.map(|(fit, _)| fit)].map(|fit| fit.map(|fit| aicc(&fit, n)));
    let weights = aicc_weights(scores);
    let distance = 1.0 - growth.level;
    let diffusion = diffusion(inside, &line);
    let drift =
        |fit: &Fit| Drift { distance, slope: fit.slope, slope_error: fit.slope_error, diffusion };
    let passes = |minutes: f64| {
        let by_line = drift(&line).passes_within(minutes);
        let by_load = load.map_or(0.0, |fit| drift(&fit).passes_within(minutes));
        let by_curve = curve.map_or(0.0, |(_, rise)| if rise >= distance { by_line } else { 0.0 });
        (weights[0] * by_line + weights[1] * by_load + weights[2] * by_curve).clamp(0.0, 1.0)
    };
    let slope =
        load.map_or(line.slope, |fit| (1.0 - weights[1]) * line.slope + weights[1] * fit.slope);
    Trend {
        growth,
        passes: passes(reach.farthest),
        passes_too_soon: passes(reach.nearest),
        slope,
        saturating: weights[2],
        follows_load: weights[1],
        quantiles: Drift { slope, ..drift(&line) }.quantiles(),
    }
}

/// Slope of the last third over the slope of the whole.
fn recency(points: &[Point], line: &Fit) -> f64 {
    let last_third = &points[points.len() - (points.len() / 3).max(3)..];
    if line.slope > 0.0 { (fit_line(last_third).slope / line.slope).clamp(0.0, 1.0) } else { 0.0 }
}

fn mean(points: &[Point]) -> f64 {
    points.iter().map(|point| point.level).sum::<f64>() / points.len() as f64
}

/// Least squares of the level on time.
fn fit_line(points: &[Point]) -> Fit {
    let n = points.len() as f64;
    let mean_time = points.iter().map(|point| point.minute).sum::<f64>() / n;
    let mean_level = mean(points);
    let (mut times, mut cross) = (0.0, 0.0);
    for point in points {
        let time = point.minute - mean_time;
        times += time * time;
        cross += time * (point.level - mean_level);
    }
    let slope = if times > 0.0 { cross / times } else { 0.0 };
    let rss = points
        .iter()
        .map(|point| (point.level - mean_level - slope * (point.minute - mean_time)).powi(2))
        .sum();
    with_error(Fit { rss, parameters: 2.0, slope, slope_error: 0.0 }, n, times)
}

/// The slope's standard error; neighbouring residuals of a level are alike, so a third of the points
/// counts as independent.
fn with_error(fit: Fit, n: f64, times: f64) -> Fit {
    let independent = (n / 3.0).max(3.0);
    let variance = fit.rss / n * n / (n - 2.0).max(1.0);
    Fit { slope_error: (variance / times.max(1e-9) * n / independent).sqrt(), ..fit }
}

/// Least squares of the level on time and load; `None` where the load is unknown or constant.
fn fit_with_load(points: &[Point]) -> Option<Fit> {
    let n = points.len() as f64;
    if points.iter().any(|point| !point.load.is_finite()) {
        return None;
    }
    let mean_of = |value: fn(&Point) -> f64| points.iter().map(value).sum::<f64>() / n;
    let (time_mean, load_mean, level_mean) =
        (mean_of(|p| p.minute), mean_of(|p| p.load), mean_of(|p| p.level));
    let (mut tt, mut ll, mut tl, mut ty, mut ly) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for point in points {
        let (t, l, y) =
            (point.minute - time_mean, point.load - load_mean, point.level - level_mean);
        tt += t * t;
        ll += l * l;
        tl += t * l;
        ty += t * y;
        ly += l * y;
    }
    let determinant = tt * ll - tl * tl;
    if ll <= 0.0 || determinant <= 1e-9 * tt * ll {
        return None;
    }
    let slope = (ty * ll - ly * tl) / determinant;
    let per_load = (ly * tt - ty * tl) / determinant;
    // A level that falls when load grows is no effect of the load.
    if per_load <= 0.0 {
        return None;
    }
    let rss = points
        .iter()
        .map(|point| {
            let fitted = slope * (point.minute - time_mean) + per_load * (point.load - load_mean);
            (point.level - level_mean - fitted).powi(2)
        })
        .sum();
    Some(with_error(Fit { rss, parameters: 3.0, slope, slope_error: 0.0 }, n, determinant / ll))
}

/// Least squares of `c - a·exp(-k·t)` over a few decay rates; the fit and how far it still rises.
fn fit_saturating(points: &[Point]) -> Option<(Fit, f64)> {
    let n = points.len() as f64;
    let start = points.first()?.minute;
    let span = points.last()?.minute - start;
    let mean_level = mean(points);
    let mut shape = Vec::with_capacity(points.len());
    let fit = |decay: f64| {
        shape.clear();
        shape.extend(points.iter().map(|point| (-decay * (point.minute - start) / span).exp()));
        let mean_shape = shape.iter().sum::<f64>() / n;
        let (mut squares, mut cross) = (0.0, 0.0);
        for (point, value) in points.iter().zip(&shape) {
            squares += (value - mean_shape).powi(2);
            cross += (value - mean_shape) * (point.level - mean_level);
        }
        let amplitude = -cross / squares.max(1e-12);
        if amplitude <= 0.0 {
            return None;
        }
        let rss = points
            .iter()
            .zip(&shape)
            .map(|(point, value)| {
                (point.level - mean_level + amplitude * (value - mean_shape)).powi(2)
            })
            .sum();
        let rise = amplitude * (-decay).exp();
        Some((Fit { rss, parameters: 3.0, slope: rise * decay / span, slope_error: 0.0 }, rise))
    };
    DECAYS.into_iter().filter_map(fit).min_by(|a, b| a.0.rss.total_cmp(&b.0.rss))
}

/// Akaike's criterion with the correction for small samples; a third of the points is independent.
fn aicc(fit: &Fit, n: f64) -> f64 {
    let effective = (n / 2.0).max(fit.parameters + 2.5);
    let likelihood = effective * (fit.rss / n).max(1e-9).ln();
    let k = fit.parameters + 1.0;
    likelihood + 2.0 * k + 2.0 * k * (k + 1.0) / (effective - k - 1.0).max(0.5)
}

fn aicc_weights(scores: [Option<f64>; 3]) -> [f64; 3] {
    let best = scores.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let raw = scores.map(|score| score.map_or(0.0, |score| (-0.5 * (score - best)).exp()));
    let total: f64 = raw.iter().sum();
    raw.map(|weight| weight / total)
}

/// Diffusion of the residuals per square root of a minute: the lesser of the neighbouring and the
/// wide estimate, since noise that comes back does not carry a level away.
fn diffusion(points: &[Point], line: &Fit) -> f64 {
    let residual = |point: &Point| point.level - line.slope * point.minute;
    let estimate = |lag: usize| {
        let pairs = points.len().saturating_sub(lag);
        let sum: f64 = (0..pairs)
            .map(|i| {
                let gap = (points[i + lag].minute - points[i].minute).max(1e-6);
                (residual(&points[i + lag]) - residual(&points[i])).powi(2) / gap
            })
            .sum();
        sum / pairs.max(1) as f64
    };
    estimate(1).min(estimate(points.len() / 2)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BELIEF: Belief =
        Belief { persistence: 1.0, proximity: 1.0, steadiness: 1.0, recency: 0.5 };
    const REACH: Reach = Reach { nearest: 10.0, farthest: 100.0 };

    fn trend_of(points: &[Point], window: usize, level: f64) -> Option<Trend> {
        let inside = window_points(points, window);
        growth(&inside, window, level).map(|(growth, line)| trend(&inside, growth, line, REACH))
    }

    fn series(value: impl Fn(f64) -> f64) -> Vec<Point> {
        (0..=120)
            .map(|i| f64::from(i) - 120.0)
            .map(|minute| Point { minute, level: value(minute), load: f64::NAN })
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
        for (i, point) in points.iter_mut().enumerate() {
            point.load = 100.0 + i as f64 + 20.0 * (i as f64 / 5.0).sin();
            point.level = 0.2 + 0.003 * point.load;
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
