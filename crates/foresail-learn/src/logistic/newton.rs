//! Newton's method for logistic regression with a ridge, and the Cholesky solver below it.

use rayon::prelude::*;

use crate::numeric::{sigmoid, softplus};

/// Newton steps at most; from zero an unpenalised fit of 1e-8 takes some twenty.
const MOST_STEPS: usize = 100;
/// Halvings of one step at most.
const MOST_HALVINGS: usize = 40;
/// Gain at which the maximum is reached, as a share of the likelihood.
const ENOUGH: f64 = 1e-13;
/// Rows of one partial sum at least; the partition depends on the number of rows alone, so the sums
/// are the same at any number of threads.
const LEAST_ROWS: usize = 1_024;
/// Partial sums at most: each holds a square of coefficients.
const MOST_PARTS: usize = 64;

/// A Gaussian belief about one coefficient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Prior {
    pub(crate) mean: f64,
    /// Reciprocal of the variance; above 0 on every coefficient that the rows may not determine.
    pub(crate) precision: f64,
}

/// Weighted rows of a logistic regression; one column a prior.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem<'a, T> {
    /// Row after row.
    pub(crate) design: &'a [T],
    pub(crate) happened: &'a [bool],
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) prior: &'a [Prior],
}

/// Penalised likelihood with its derivatives; the lower triangle of the negative second.
#[derive(Clone, Debug)]
struct Point {
    objective: f64,
    gradient: Vec<f64>,
    curvature: Vec<f64>,
}

// === impl Problem ===

impl<T: Copy + Into<f64> + Sync> Problem<'_, T> {
    fn at(&self, coefficients: &[f64]) -> Point {
        let n = self.prior.len();
        let n_rows = self.happened.len();
        let part = n_rows.div_ceil(MOST_PARTS).max(LEAST_ROWS);
        let starts: Vec<usize> = (0..n_rows).step_by(part).collect();
        let parts: Vec<Point> = starts
            .into_par_iter()
            .map(|start| self.part(coefficients, start..(start + part).min(n_rows)))
            .collect();
        let mut all = Point::zero(n);
        parts.iter().for_each(|part| all.add(part));
        for (i, (prior, value)) in self.prior.iter().zip(coefficients).enumerate() {
            let miss = value - prior.mean;
            all.objective -= 0.5 * prior.precision * miss * miss;
            all.gradient[i] -= prior.precision * miss;
            all.curvature[i * n + i] += prior.precision;
        }
        all
    }

    fn part(&self, coefficients: &[f64], rows: std::ops::Range<usize>) -> Point {
        let n = coefficients.len();
        let mut sums = Point::zero(n);
        let mut x = vec![0.0; n];
        for row in rows {
            let weight = self.weights.map_or(1.0, |weights| weights[row]);
            if weight == 0.0 {
                continue;
            }
            for (value, raw) in x.iter_mut().zip(&self.design[row * n..(row + 1) * n]) {
                *value = (*raw).into();
            }
            let logit: f64 = x.iter().zip(coefficients).map(|(x, c)| x * c).sum();
            let p = sigmoid(logit);
            let (loss, miss) = if self.happened[row] {
                // `1 − p` from the other side keeps its digits near 1.
                (softplus(-logit), sigmoid(-logit))
            } else {
                (softplus(logit), -p)
            };
            sums.objective -= weight * loss;
            let bend = weight * p * sigmoid(-logit);
            for (i, xi) in x.iter().enumerate() {
                sums.gradient[i] += weight * miss * xi;
                let scaled = bend * xi;
                let line = &mut sums.curvature[i * n..=i * n + i];
                line.iter_mut().zip(&x).for_each(|(sum, xj)| *sum += scaled * xj);
            }
        }
        sums
    }
}

// === impl Point ===

impl Point {
    fn zero(n: usize) -> Self {
        Self { objective: 0.0, gradient: vec![0.0; n], curvature: vec![0.0; n * n] }
    }

    fn add(&mut self, other: &Self) {
        self.objective += other.objective;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += b);
        self.curvature.iter_mut().zip(&other.curvature).for_each(|(a, b)| *a += b);
    }
}

// === free functions ===

/// The coefficients of the greatest penalised likelihood, which is concave: Newton steps, halved
/// while they lose.
pub(crate) fn maximise<T: Copy + Into<f64> + Sync>(problem: &Problem<'_, T>) -> Vec<f64> {
    let mut here: Vec<f64> = problem.prior.iter().map(|prior| prior.mean).collect();
    let mut point = problem.at(&here);
    for _ in 0..MOST_STEPS {
        let Some(step) = solve(point.curvature.clone(), &point.gradient) else { break };
        let gain: f64 = step.iter().zip(&point.gradient).map(|(s, g)| s * g).sum();
        if gain <= ENOUGH * (1.0 + point.objective.abs()) {
            break;
        }
        let ahead = (0..MOST_HALVINGS).find_map(|halvings| {
            let share = libm::exp2(-(halvings as f64));
            let there: Vec<f64> = here.iter().zip(&step).map(|(h, s)| h + share * s).collect();
            let found = problem.at(&there);
            // A quarter of the promised gain is what a concave function gives to short steps.
            (found.objective >= point.objective + 0.25 * share * gain).then_some((there, found))
        });
        let Some((there, found)) = ahead else { break };
        (here, point) = (there, found);
    }
    here
}

/// Solves `matrix · x = right` for a symmetric positive matrix given by its lower triangle. `None`
/// when it is not positive to working precision.
///
/// # Source
/// Cholesky decomposition, Golub and Van Loan, algorithm 4.2.1, by rows.
fn solve(mut matrix: Vec<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    for i in 0..n {
        let (above, rest) = matrix.split_at_mut(i * n);
        let line = &mut rest[..n];
        for j in 0..=i {
            let done: f64 = {
                let other = if j < i { &above[j * n..j * n + j] } else { &line[..j] };
                line[..j].iter().zip(other).map(|(a, b)| a * b).sum()
            };
            let left = line[j] - done;
            if j < i {
                line[j] = left / above[j * n + j];
            } else if left > line[j] * f64::EPSILON {
                line[j] = left.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut x = right.to_vec();
    for i in 0..n {
        let done: f64 = matrix[i * n..i * n + i].iter().zip(&x).map(|(a, b)| a * b).sum();
        x[i] = (x[i] - done) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        let done: f64 = (i + 1..n).map(|k| matrix[k * n + i] * x[k]).sum();
        x[i] = (x[i] - done) / matrix[i * n + i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solver_solves_and_refuses_what_is_not_positive() {
        // [[4, 2], [2, 3]] x = [8, 7] has x = [1.25, 1.5].
        let x = solve(vec![4.0, 0.0, 2.0, 3.0], &[8.0, 7.0]).unwrap();
        assert!((x[0] - 1.25).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12, "{x:?}");
        assert_eq!(solve(vec![1.0, 0.0, 1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(solve(vec![], &[]), Some(vec![]));
    }
}
