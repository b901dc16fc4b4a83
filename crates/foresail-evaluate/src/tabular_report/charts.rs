//! The result as pictures.

use std::cmp::Reverse;

use super::TabularResult;
use crate::chart::{Chart, Confusion, Curve, Curves, CurvesAxes, Emphasis, Figure, Shares};

/// Classes that a confusion matrix shows; of more, the rarest are taken together.
const MOST_CLASSES: usize = 24;
/// Columns whose use is shown.
const MOST_COLUMNS: usize = 20;

/// All pictures of a result.
pub(crate) fn all(result: &TabularResult) -> Vec<Chart> {
    vec![confusion(result), importance(result), reliability(result)]
}

fn confusion(result: &TabularResult) -> Chart {
    let scores = &result.scores;
    let names: Vec<String> = scores.classes.iter().map(|row| row.class.clone()).collect();
    let support: Vec<u64> = scores.classes.iter().map(|row| row.support).collect();
    let confusion =
        pooled(Confusion { classes: names, counts: scores.confusion.clone() }, &support);
    let pooled = if scores.classes.len() > confusion.classes.len() {
        " The rarest classes are taken together."
    } else {
        ""
    };
    Chart {
        name: "confusion-matrix".to_owned(),
        title: "Which classes are taken for which".to_owned(),
        reading: format!(
            "A line is a true class, a column what was said; the number counts rows, the shade is its share \
             of the line. Off the diagonal are errors.{pooled}"
        ),
        figure: Figure::Confusion(confusion),
    }
}

/// The classes with the most rows in their order, all others as one.
fn pooled(whole: Confusion, support: &[u64]) -> Confusion {
    let n = whole.classes.len();
    if n <= MOST_CLASSES {
        return whole;
    }
    let mut by_rows: Vec<usize> = (0..n).collect();
    by_rows.sort_by_key(|class| Reverse(support.get(*class)));
    let mut shown = by_rows;
    shown.truncate(MOST_CLASSES - 1);
    shown.sort_unstable();
    let place = |class: usize| shown.binary_search(&class).unwrap_or(shown.len());
    let mut counts = vec![vec![0; shown.len() + 1]; shown.len() + 1];
    for (row, line) in whole.counts.iter().enumerate() {
        for (column, count) in line.iter().enumerate() {
            counts[place(row)][place(column)] += count;
        }
    }
    let mut classes: Vec<String> =
        shown.iter().filter_map(|class| whole.classes.get(*class).cloned()).collect();
    classes.push(format!("{} others", n - shown.len()));
    Confusion { classes, counts }
}

fn importance(result: &TabularResult) -> Chart {
    let used = result.importances.iter().filter(|column| column.share > 0.0);
    let rows: Vec<(String, f64)> =
        used.take(MOST_COLUMNS).map(|column| (column.column.clone(), column.share)).collect();
    Chart {
        name: "feature-importance".to_owned(),
        title: "Which columns the model uses".to_owned(),
        reading: format!(
            "Share of what all splits of the trees gain on the training rows, the {} most used columns. A column \
             that gains nearly all is worth a question: see what the audit found.",
            rows.len()
        ),
        figure: Figure::Shares(Shares { rows }),
    }
}

fn reliability(result: &TabularResult) -> Chart {
    let points = result.confidence.bins.iter().map(|bin| (bin.said, bin.right)).collect();
    let curve = |label: &str, emphasis, points| Curve {
        label: label.to_owned(),
        emphasis,
        points,
        operating_point: None,
    };
    Chart {
        name: "reliability".to_owned(),
        title: "Whether a probability means what it says".to_owned(),
        reading: "The probability of the class that was said against how often it was right, in groups of as \
                  many rows. Below the dashed line the model is too sure of itself, above it too careful."
            .to_owned(),
        figure: Figure::Curves(Curves {
            axes: CurvesAxes::Shares {
                x: "probability of the class that was said".to_owned(),
                y: "share that was right".to_owned(),
            },
            curves: vec![
                curve("this model", Emphasis::Subject, points),
                curve("perfect", Emphasis::Second, vec![(0.0, 0.0), (1.0, 1.0)]),
            ],
        }),
    }
}
