//! The best split by number order with one output and no limits: the case of boosting, where most
//! of its time went. Sums first and scores after, in loops without branches, so that the compiler
//! can use vector registers.

use super::split::{Candidate, FeatureView, Rule};

/// Most bins of a column without that of missing values.
const N_BINS: usize = 255;

/// Weight, gradient and hessian.
#[derive(Clone, Copy, Default)]
struct Sum {
    weight: f64,
    gradient: f64,
    hessian: f64,
}

/// Sums over the bins up to each.
struct Prefix {
    weight: [f64; N_BINS],
    gradient: [f64; N_BINS],
    hessian: [f64; N_BINS],
}

/// What both sides of a split must have.
struct Rules {
    total: Sum,
    least_weight: f64,
    least_hessian: f64,
    lambda: f64,
}

// === impl Sum ===

impl Sum {
    fn of(cell: &[f32; 4]) -> Self {
        let [weight, gradient, hessian, _] = cell.map(f64::from);
        Self { weight, gradient, hessian }
    }
}

// === impl Prefix ===

impl Prefix {
    fn of(cells: &[[f32; 4]]) -> Self {
        let mut prefix =
            Self { weight: [0.0; N_BINS], gradient: [0.0; N_BINS], hessian: [0.0; N_BINS] };
        let mut sum = Sum::default();
        let rows = prefix.weight.iter_mut().zip(&mut prefix.gradient).zip(&mut prefix.hessian);
        for (((weight, gradient), hessian), cell) in rows.zip(cells) {
            let cell = Sum::of(cell);
            sum.weight += cell.weight;
            sum.gradient += cell.gradient;
            sum.hessian += cell.hessian;
            (*weight, *gradient, *hessian) = (sum.weight, sum.gradient, sum.hessian);
        }
        prefix
    }

    /// The bin after which a split scores best, and its score, with `more` on the left side.
    fn best(&self, n_bins: usize, more: Sum, rules: &Rules) -> Option<(usize, f64)> {
        let mut scores = [0.0_f64; N_BINS];
        let sums = self.weight.iter().zip(&self.gradient).zip(&self.hessian);
        for (score, ((weight, gradient), hessian)) in scores.iter_mut().zip(sums).take(n_bins) {
            let left = (weight + more.weight, gradient + more.gradient, hessian + more.hessian);
            let total = &rules.total;
            let right = (total.weight - left.0, total.gradient - left.1, total.hessian - left.2);
            let (left_h, right_h) =
                (left.2.max(0.0) + rules.lambda, right.2.max(0.0) + rules.lambda);
            // One division for both sides.
            let both =
                (left.1 * left.1 * right_h + right.1 * right.1 * left_h) / (left_h * right_h);
            let enough = (left.0.min(right.0) >= rules.least_weight)
                & (left.2.min(right.2) >= rules.least_hessian);
            *score = if enough { both } else { f64::NEG_INFINITY };
        }
        let mut best = (0, f64::NEG_INFINITY);
        for (bin, &score) in scores.iter().enumerate().take(n_bins) {
            if score > best.1 {
                best = (bin, score);
            }
        }
        best.1.is_finite().then_some(best)
    }
}

/// The best split, if one is good enough.
pub(super) fn best_number(view: FeatureView<'_>, least_weight: f32) -> Option<Candidate> {
    let (cells, _) = view.cells.as_chunks::<4>();
    let n_bins = view.n_bins.min(N_BINS);
    let (total, missing) = (Sum::of(view.node.total.first_chunk()?), Sum::of(cells.get(n_bins)?));
    let rules = Rules {
        total,
        least_weight: f64::from(least_weight),
        least_hessian: f64::from(view.params.min_hessian),
        lambda: f64::from(view.params.lambda) + 1e-12,
    };
    let prefix = Prefix::of(cells.get(..n_bins)?);
    let mut best = prefix.best(n_bins, Sum::default(), &rules).map(|(bin, score)| {
        let left = prefix.weight.get(bin).copied().unwrap_or(0.0);
        // Values that were never missing here go, when they are, with most of the others.
        (bin, score, missing.weight <= 0.0 && left * 2.0 >= total.weight)
    });
    if missing.weight > 0.0
        && let Some((bin, score)) = prefix.best(n_bins, missing, &rules)
        && best.is_none_or(|best| score > best.1)
    {
        best = Some((bin, score, true));
    }
    let (bin, score, missing_left) = best?;
    let gain = score as f32 - view.node.score;
    let rule = Rule::Number { bin: bin as u8, missing_left };
    let candidate = Candidate { gain, feature: view.feature, rule, lambda: view.params.lambda };
    (gain > view.least_gain()).then_some(candidate)
}
