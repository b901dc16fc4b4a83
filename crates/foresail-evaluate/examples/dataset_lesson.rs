//! What the split does to the score of a data set: the numbers and the picture of `docs/dataset.md`.
//!
//! ```sh
//! cargo run --release -p foresail-evaluate --example dataset_lesson -- docs/images data/lab-1 data/lab-2 data/lab-3
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use foresail_evaluate::chart::{Chart, Figure, Shares};
use foresail_evaluate::dataset::{HeldOut, Part, dataset, lesson};
use foresail_learn::tabular::ClassWeights;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("give a folder for the picture, then recordings")?;
    let recordings: Vec<PathBuf> = arguments.collect();
    let made = dataset(&recordings, ClassWeights::None, &|_| ())?;
    println!("| held out | fits | macro-F1 (95 %) | F1 by class | accuracy | AUROC of `alert` |");
    println!("|---|---|---|---|---|---|");
    let random = lesson(&made.table, HeldOut::RandomRows, 7)?;
    print(&random);
    let applications = lesson(&made.table, HeldOut::Applications, 7)?;
    print(&applications);
    let majority = &random.scores.baselines.majority;
    println!(
        "| *always `good`* | – | {:.3} | – | {:.3} | .5 |",
        majority.macro_f1, majority.accuracy
    );
    draw(&folder, [&random, &applications], majority.macro_f1)
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

fn draw(folder: &Path, parts: [&Part; 2], majority: f64) -> Result<(), Box<dyn Error>> {
    let mut rows: Vec<(String, f64)> = parts
        .iter()
        .map(|part| (part.held_out.as_str().to_owned(), part.scores.macro_f1))
        .collect();
    rows.push(("always good".to_owned(), majority));
    let chart = Chart {
        name: "dataset-lesson".to_owned(),
        title: "One forest, the same rows: macro-F1 by what was held out".to_owned(),
        reading: "Drawn at random, a test row has its neighbours of the same pod in the training part, and \
                  the forest finds them again. Of an application that it never saw it knows what the second \
                  bar says; the third needs no forest."
            .to_owned(),
        figure: Figure::Shares(Shares { rows }),
    };
    let place = |kind: &str| folder.join(format!("{}.{kind}", chart.name));
    fs::write(place("svg"), chart.svg_document())?;
    fs::write(place("png"), chart.png()?)?;
    Ok(())
}
