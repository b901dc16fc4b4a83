//! Shapes fitted to the points of a window, and how they are weighed.

use super::trend::Point;

/// Decay rates of the saturating shape, in reciprocal window lengths; each is twice the one before.
const DECAYS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];

/// A fitted shape.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// Squares that it leaves.
    pub rss: f64,
    /// How many parameters it has.
    pub parameters: f64,
    /// Growth per minute.
    pub slope: f64,
    /// Standard error of the growth.
    pub slope_error: f64,
}

/// Least squares of the level on time, and the squares about the mean.
pub fn fit_line(points: &[Point]) -> (Fit, f64) {
    let n = points.len() as f64;
    let (time_sum, level_sum) = points
        .iter()
        .fold((0.0, 0.0), |(times, levels), point| (times + point.minute, levels + point.level));
    let (mean_time, mean_level) = (time_sum / n, level_sum / n);
    let (mut times, mut cross, mut whole) = (0.0, 0.0, 0.0);
    for point in points {
        let (time, level) = (point.minute - mean_time, point.level - mean_level);
        times += time * time;
        cross += time * level;
        whole += level * level;
    }
    let slope = if times > 0.0 { cross / times } else { 0.0 };
    let rss = points
        .iter()
        .map(|point| (point.level - mean_level - slope * (point.minute - mean_time)).powi(2))
        .sum();
    (with_error(Fit { rss, parameters: 2.0, slope, slope_error: 0.0 }, n, times), whole)
}

/// The slope's standard error; neighbouring residuals of a level are alike, so a third of the points
/// counts as independent.
fn with_error(fit: Fit, n: f64, times: f64) -> Fit {
    let independent = (n / 3.0).max(3.0);
    let variance = fit.rss / n * n / (n - 2.0).max(1.0);
    Fit { slope_error: (variance / times.max(1e-9) * n / independent).sqrt(), ..fit }
}

/// Least squares of the level on time and load; `None` where the load is unknown or constant.
pub fn fit_with_load(points: &[Point]) -> Option<Fit> {
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
pub fn fit_saturating(points: &[Point]) -> Option<(Fit, f64)> {
    let start = points.first()?.minute;
    let span = points.last()?.minute - start;
    let mean_level = points.iter().map(|point| point.level).sum::<f64>() / points.len() as f64;
    let mut shape: Vec<f64> =
        points.iter().map(|point| (-DECAYS[0] * (point.minute - start) / span).exp()).collect();
    let mut best: Option<(Fit, f64)> = None;
    for decay in DECAYS {
        if let Some((rss, amplitude)) = fit_shape(points, &shape, mean_level) {
            let rise = amplitude * (-decay).exp();
            let fit = Fit { rss, parameters: 3.0, slope: rise * decay / span, slope_error: 0.0 };
            best = best.filter(|(known, _)| known.rss <= rss).or(Some((fit, rise)));
        }
        // The next decay is twice as fast.
        shape.iter_mut().for_each(|value| *value *= *value);
    }
    best
}

/// Least squares of `c - a·shape`: the squares left and the amplitude; `None` where it falls.
fn fit_shape(points: &[Point], shape: &[f64], mean_level: f64) -> Option<(f64, f64)> {
    let mean_shape = shape.iter().sum::<f64>() / shape.len() as f64;
    let (mut squares, mut cross) = (0.0, 0.0);
    for (point, value) in points.iter().zip(shape) {
        squares += (value - mean_shape).powi(2);
        cross += (value - mean_shape) * (point.level - mean_level);
    }
    let amplitude = -cross / squares.max(1e-12);
    let left = |(point, value): (&Point, &f64)| {
        (point.level - mean_level + amplitude * (value - mean_shape)).powi(2)
    };
    (amplitude > 0.0).then(|| (points.iter().zip(shape).map(left).sum(), amplitude))
}

/// Akaike's criterion with the correction for small samples; a third of the points is independent.
pub fn aicc(fit: &Fit, n: f64) -> f64 {
    let effective = (n / 2.0).max(fit.parameters + 2.5);
    let likelihood = effective * (fit.rss / n).max(1e-9).ln();
    let k = fit.parameters + 1.0;
    likelihood + 2.0 * k + 2.0 * k * (k + 1.0) / (effective - k - 1.0).max(0.5)
}

pub fn aicc_weights(scores: [Option<f64>; 3]) -> [f64; 3] {
    let best = scores.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let raw = scores.map(|score| score.map_or(0.0, |score| (-0.5 * (score - best)).exp()));
    let total: f64 = raw.iter().sum();
    raw.map(|weight| weight / total)
}

/// Diffusion of the residuals per square root of a minute: the lesser of the neighbouring and the
/// wide estimate, since noise that comes back does not carry a level away.
pub fn diffusion(points: &[Point], line: &Fit) -> f64 {
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
