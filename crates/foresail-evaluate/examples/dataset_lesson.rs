//! What the split does to the score of a data set: the numbers of `docs/dataset.md`.
//!
//! ```sh
//! cargo run --release -p foresail-evaluate --example dataset_lesson -- data/lab-1 data/lab-2 data/lab-3
//! ```

use std::path::PathBuf;

use foresail_evaluate::dataset::{HeldOut, Part, dataset, lesson};
use foresail_learn::tabular::ClassWeights;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recordings: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let made = dataset(&recordings, ClassWeights::None, &|_| ())?;
    println!("| held out | fits | macro-F1 (95 %) | F1 by class | accuracy | AUROC of `alert` |");
    println!("|---|---|---|---|---|---|");
    let random = lesson(&made.table, HeldOut::RandomRows, 7)?;
    print(&random);
    print(&lesson(&made.table, HeldOut::Applications, 7)?);
    let majority = &random.scores.baselines.majority;
    println!(
        "| *always `good`* | – | {:.3} | – | {:.3} | .5 |",
        majority.macro_f1, majority.accuracy
    );
    Ok(())
}

fn print(part: &Part) {
    let scores = &part.scores;
    let of_class = |row: &foresail_learn::tabular::ClassRow| {
        format!("{} {:.3}", row.class, row.f1.unwrap_or(0.0))
    };
    let by_class: Vec<String> = scores.classes.iter().map(of_class).collect();
    let alert = scores.classes.iter().find(|row| row.class == "alert");
    println!(
        "| {} | {} | {:.3} ({:.3}–{:.3}) | {} | {:.3} | {:.3} |",
        part.held_out.as_str(),
        part.folds,
        scores.macro_f1,
        scores.intervals.macro_f1.low,
        scores.intervals.macro_f1.high,
        by_class.join(", "),
        scores.accuracy,
        alert.and_then(|row| row.roc_auc).unwrap_or(f64::NAN),
    );
}
