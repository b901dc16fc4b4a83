//! Scores the streaming detectors on a folder of labelled series and prints VUS-PR per series and as a mean.
//!
//! `cargo run --release -p foresail-learn --example outside -- FOLDER`, where FOLDER is one of
//!
//! * Server Machine Dataset: `test/NAME.txt` and `test_label/NAME.txt`, comma-separated, no header;
//! * Numenta Anomaly Benchmark: `data/GROUP/NAME.csv` and `labels/combined_windows.json`;
//! * plain: `NAME.csv` in the folder or one below, with a header and the label (0 or 1) in the last column.
//!
//! Each series is read once, from its first point, and every point is scored before it is learned from; a point without
//! a score gets 0. Where the folder has `published_tsb_ad_vus_pr.csv`, the published means over the same series stand
//! beside. `-- cost` measures an update and the size of a state instead.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use foresail_learn::detector::{
    Detector, Deviation, IsolationForest, IsolationParams, Memory, RobustPca, Smoother, Watch,
};
use foresail_learn::vus::{VusParams, period, vus_pr};
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

type Outcome<T> = Result<T, Box<dyn Error>>;
type Build = fn(usize) -> Box<dyn Detector>;

/// Resamples of the bootstrap over series.
const RESAMPLES: usize = 10_000;
/// Longest buffer for plain folders, in points: streams there are too short for a period.
const PLAIN_BUFFER: usize = 12;
/// Window of the univariate variants, in points.
const LAGS: usize = 16;

struct Series {
    name: String,
    rows: Vec<Vec<f32>>,
    labels: Vec<bool>,
    max_buffer: usize,
}

/// Many features off together, instead of the largest deviation.
struct Breadth(Deviation);

/// A score smoothed as the others are.
struct Smoothed<D>(D, Smoother);

/// A detector over windows of the last values of one series.
struct Lagged<D> {
    inner: D,
    window: Vec<f32>,
    n_seen: usize,
}

/// Isolation forest over the last rows, grown anew now and then.
struct Refitted {
    rows: Vec<Vec<f32>>,
    forest: Option<IsolationForest>,
    n_seen: usize,
}

const MULTIVARIATE: [(&str, Build); 6] = [
    ("largest deviation (default)", |n| Box::new(Deviation::new(n))),
    ("the same, not smoothed", |n| Box::new(unsmoothed(n))),
    ("mean squared deviation", |n| Box::new(Breadth(Deviation::new(n)))),
    ("robust PCA, 2", |n| Box::new(RobustPca::new(n, 2))),
    ("robust PCA, 5", |n| Box::new(RobustPca::new(n, 5))),
    ("isolation forest, refitted", |_| Box::new(Smoothed(Refitted::new(), Smoother::default()))),
];

const UNIVARIATE: [(&str, Build); 5] = [
    ("largest deviation (default)", |n| Box::new(Deviation::new(n))),
    ("the same, not smoothed", |n| Box::new(unsmoothed(n))),
    ("mean squared, 16 lags", |_| Box::new(Lagged::new(Breadth(Deviation::new(LAGS)), LAGS))),
    ("robust PCA 2, 16 lags", |_| Box::new(Lagged::new(RobustPca::new(LAGS, 2), LAGS))),
    ("isolation forest, 16 lags", |_| {
        Box::new(Smoothed(Lagged::new(Refitted::new(), LAGS), Smoother::default()))
    }),
];

fn unsmoothed(n_features: usize) -> Deviation {
    Deviation::with(n_features, Memory::default(), Smoother::half_life(0.0))
}

// === impl Breadth ===

impl Detector for Breadth {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        self.0.observe(row)?;
        Some(self.0.breadth())
    }
}

// === impl Smoothed ===

impl<D: Detector> Detector for Smoothed<D> {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        let score = self.0.observe(row)?;
        Some(self.1.observe(score))
    }
}

// === impl Lagged ===

impl<D> Lagged<D> {
    fn new(inner: D, n_lags: usize) -> Self {
        Self { inner, window: vec![f32::NAN; n_lags], n_seen: 0 }
    }
}

impl<D: Detector> Detector for Lagged<D> {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        self.window.rotate_left(1);
        if let Some(newest) = self.window.last_mut() {
            *newest = row[0];
        }
        self.n_seen += 1;
        if self.n_seen < self.window.len() {
            return None;
        }
        self.inner.observe(&self.window)
    }
}

// === impl Refitted ===

impl Refitted {
    /// Rows that a forest is grown on, and rows between two forests.
    const KEPT: usize = 1024;
    const PACE: usize = 64;

    fn new() -> Self {
        Self { rows: Vec::new(), forest: None, n_seen: 0 }
    }
}

impl Detector for Refitted {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        let score = self.forest.as_ref().and_then(|forest| forest.score(row).ok()).map(|s| s[0]);
        if self.rows.len() < Self::KEPT {
            self.rows.push(row.to_vec());
        } else {
            self.rows[self.n_seen % Self::KEPT] = row.to_vec();
        }
        self.n_seen += 1;
        // More often at the start, where every row is news.
        if self.n_seen.is_multiple_of(Self::PACE) || self.n_seen == Self::PACE / 4 {
            let params = IsolationParams::default();
            self.forest = IsolationForest::fit(&self.rows.concat(), row.len(), params).ok();
        }
        score
    }
}

fn main() -> Outcome<()> {
    let argument = std::env::args().nth(1).ok_or("usage: outside FOLDER | outside cost")?;
    if argument == "cost" {
        cost();
        return Ok(());
    }
    let folder = PathBuf::from(argument);
    let series = read(&folder)?;
    let univariate = series.iter().all(|series| series.rows[0].len() == 1);
    let detectors: &[(&str, Build)] = if univariate { &UNIVARIATE } else { &MULTIVARIATE };
    let labelled: Vec<&Series> = series.iter().filter(|one| one.labels.contains(&true)).collect();
    let names: Vec<&str> = labelled.iter().map(|series| series.name.as_str()).collect();
    println!("{} series, {} of them without an anomaly", series.len(), series.len() - names.len());
    let (mut table, mut pooled) = (Vec::new(), Vec::new());
    for (name, build) in detectors {
        let scores: Vec<Vec<f64>> =
            series.par_iter().map(|series| score(&series.rows, *build)).collect();
        let judged = series.par_iter().zip(&scores).filter(|(one, _)| one.labels.contains(&true));
        table.push((*name, judged.map(judge).collect::<Result<Vec<f64>, String>>()?));
        pooled.push((*name, judge((&concat(&series), &scores.concat()))?));
    }
    print_series(&names, &table);
    println!("\nmean over {} series", names.len());
    print_means(&table);
    println!("\none ranking over all {} series", series.len());
    for (name, value) in pooled {
        println!("{name:32} {value:.3}");
    }
    let published = published(&folder)?;
    let known: Vec<usize> = (0..names.len())
        .filter(|i| published.values().any(|method| method.contains_key(names[*i])))
        .collect();
    if !known.is_empty() {
        println!("\nmean over {} series with published figures", known.len());
        let pick = |values: &[f64]| known.iter().map(|i| values[*i]).collect();
        let ours: Vec<(&str, Vec<f64>)> = table.iter().map(|(n, v)| (*n, pick(v))).collect();
        print_means(&ours);
        print_published(&published);
    }
    Ok(())
}

fn score(rows: &[Vec<f32>], build: Build) -> Vec<f64> {
    let mut detector = build(rows[0].len());
    rows.iter().map(|row| detector.observe(row).unwrap_or(0.0)).collect()
}

fn judge((series, scores): (&Series, &Vec<f64>)) -> Result<f64, String> {
    vus_pr(&series.labels, scores, VusParams::published(series.max_buffer))
        .map_err(|error| format!("{}: {error}", series.name))
}

/// All series one behind the other, for the question whether scores compare between them.
fn concat(series: &[Series]) -> Series {
    let labels = series.iter().flat_map(|one| one.labels.iter().copied()).collect();
    Series { name: "all".to_owned(), rows: Vec::new(), labels, max_buffer: PLAIN_BUFFER }
}

fn print_series(names: &[&str], table: &[(&str, Vec<f64>)]) {
    println!("series\t{}", table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("\t"));
    for (i, name) in names.iter().enumerate() {
        let values: Vec<String> = table.iter().map(|(_, v)| format!("{:.3}", v[i])).collect();
        println!("{name}\t{}", values.join("\t"));
    }
}

/// Means with percentile intervals; the difference to the first is paired by series.
fn print_means(table: &[(&str, Vec<f64>)]) {
    for (name, values) in table {
        let paired: Vec<f64> = table[0].1.iter().zip(values).map(|(a, b)| a - b).collect();
        let ((mean, low, high), (gain, gain_low, gain_high)) =
            (interval(values), interval(&paired));
        println!(
            "{name:32} {mean:.3} [{low:.3}, {high:.3}]   first minus this {gain:+.3} [{gain_low:+.3}, {gain_high:+.3}]"
        );
    }
}

fn interval(values: &[f64]) -> (f64, f64, f64) {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mean = |values: &mut dyn Iterator<Item = f64>, n: usize| values.sum::<f64>() / n as f64;
    let n = values.len();
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| mean(&mut (0..n).map(|_| values[random.random_range(0..n)]), n))
        .collect();
    means.sort_by(f64::total_cmp);
    let place = |share: f64| means[((RESAMPLES - 1) as f64 * share) as usize];
    (mean(&mut values.iter().copied(), n), place(0.025), place(0.975))
}

fn print_published(published: &BTreeMap<String, BTreeMap<String, f64>>) {
    let mut means: Vec<(f64, &str)> = published
        .iter()
        .map(|(method, by_series)| {
            (by_series.values().sum::<f64>() / by_series.len() as f64, method.as_str())
        })
        .collect();
    means.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown: Vec<String> = means.iter().map(|(m, name)| format!("{name} {m:.3}")).collect();
    println!("published: {}", shown.join(", "));
}

/// Published figures by method and series: columns behind `tsb_train_rows` or `label_match`.
fn published(folder: &Path) -> Outcome<BTreeMap<String, BTreeMap<String, f64>>> {
    let path = folder.join("published_tsb_ad_vus_pr.csv");
    let mut found: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    if !path.exists() {
        return Ok(found);
    }
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let place = |names: [&str; 2]| header.iter().position(|name| names.contains(name));
    let key = place(["entity", "nab_file"]).ok_or("published figures without a series")?;
    let first =
        place(["tsb_train_rows", "label_match"]).ok_or("published figures of another form")?;
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        // Where labels were revised or the series is ambiguous, figures do not compare.
        if header[first] == "label_match" && cells[first] != "same windows" {
            continue;
        }
        for (method, value) in header.iter().zip(&cells).skip(first + 1) {
            let by_series = found.entry((*method).to_owned()).or_default();
            by_series.insert(cells[key].to_owned(), value.parse()?);
        }
    }
    Ok(found)
}

fn read(folder: &Path) -> Outcome<Vec<Series>> {
    if folder.join("test_label").is_dir() {
        read_smd(folder)
    } else if folder.join("labels/combined_windows.json").is_file() {
        read_nab(folder)
    } else {
        read_plain(folder)
    }
}

fn read_smd(folder: &Path) -> Outcome<Vec<Series>> {
    let mut series = Vec::new();
    for path in files(&folder.join("test"), "txt")? {
        let name = stem(&path);
        let labels = fs::read_to_string(folder.join("test_label").join(format!("{name}.txt")))?;
        let labels = labels.lines().map(|line| line.trim() == "1").collect();
        let rows: Vec<Vec<f32>> = fs::read_to_string(&path)?.lines().map(numbers).collect();
        let first: Vec<f64> = rows.iter().map(|row| f64::from(row[0])).collect();
        series.push(Series { name, rows, labels, max_buffer: period(&first) });
    }
    Ok(series)
}

fn read_nab(folder: &Path) -> Outcome<Vec<Series>> {
    let windows = fs::read_to_string(folder.join("labels/combined_windows.json"))?;
    let windows: BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&windows)?;
    let mut series = Vec::new();
    for (name, windows) in windows {
        let text = fs::read_to_string(folder.join("data").join(&name))?;
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for line in text.lines().skip(1) {
            let (time, value) = line.split_once(',').ok_or("a line without a comma")?;
            rows.push(numbers(value));
            // Both are written year first, so text order is time order.
            labels.push(windows.iter().any(|[from, to]| &from[..19] <= time && time <= &to[..19]));
        }
        let values: Vec<f64> = rows.iter().map(|row| f64::from(row[0])).collect();
        series.push(Series { name, rows, labels, max_buffer: period(&values) });
    }
    Ok(series)
}

fn read_plain(folder: &Path) -> Outcome<Vec<Series>> {
    let mut paths = files(folder, "csv")?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            paths.extend(files(&path, "csv")?);
        }
    }
    paths.sort();
    let mut series = Vec::new();
    for path in paths {
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for line in fs::read_to_string(&path)?.lines().skip(1) {
            let mut row = numbers(line);
            labels.push(row.pop() == Some(1.0));
            rows.push(row);
        }
        let name = format!("{}/{}", stem(path.parent().unwrap_or(folder)), stem(&path));
        series.push(Series { name, rows, labels, max_buffer: PLAIN_BUFFER });
    }
    Ok(series)
}

fn files(folder: &Path, extension: &str) -> Outcome<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Comma-separated numbers; what is none is missing.
fn numbers(line: &str) -> Vec<f32> {
    line.split(',').map(|cell| cell.trim().parse().unwrap_or(f32::NAN)).collect()
}

/// Prints nanoseconds an update, bytes of a stored state, and the time of an isolation forest.
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn cost() {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let tick = std::time::Duration::from_secs(60);
    for n_features in [12, 38] {
        let rows: Vec<Vec<f32>> =
            (0..4096).map(|_| (0..n_features).map(|_| random.random::<f32>()).collect()).collect();
        let mut watch = Watch::new(n_features, tick);
        let mut deviation = Deviation::new(n_features);
        let time = |observe: &mut dyn FnMut(&[f32]) -> f64| {
            let mut sum = 0.0;
            let start = std::time::Instant::now();
            for _ in 0..50 {
                sum += rows.iter().map(|row| observe(row)).sum::<f64>();
            }
            std::hint::black_box(sum);
            start.elapsed().as_secs_f64() * 1e9 / (50 * rows.len()) as f64
        };
        let watch_ns = time(&mut |row| watch.observe(row).map_or(0.0, |found| found.p_value));
        let deviation_ns = time(&mut |row| deviation.observe(row).unwrap_or(0.0));
        let watch_bytes = rmp_serde::to_vec(&watch).map_or(0, |bytes| bytes.len());
        let deviation_bytes = rmp_serde::to_vec(&deviation).map_or(0, |bytes| bytes.len());
        println!(
            "{n_features} features: watch {watch_ns:.0} ns an update, {watch_bytes} bytes stored; \
             deviation alone {deviation_ns:.0} ns, {deviation_bytes} bytes"
        );
    }
    let values: Vec<f32> = (0..100_000 * 20).map(|_| random.random::<f32>()).collect();
    let start = std::time::Instant::now();
    let forest = IsolationForest::fit(&values, 20, IsolationParams::default());
    let fitted = start.elapsed().as_secs_f64();
    let scored = forest.and_then(|forest| forest.score(&values)).map_or(0, |scores| scores.len());
    let both = start.elapsed().as_secs_f64();
    println!(
        "isolation forest, 20 features: fit {fitted:.3} s, {scored} rows scored in {:.3} s",
        both - fitted
    );
}
