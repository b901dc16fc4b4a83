//! Collects rows, column by column.

use foresail_learn::tabular::{Table, TableColumn, Text, Values};

use super::columns::{CATEGORIES, NUMBERS};
use super::issue::IssueType;
use super::schedule::{Episode, Event};
use super::scrape::Measured;
use super::time::STEP_MINUTES;

/// 2026-03-02T00:00:00Z, a Monday, in days since 1970-01-01: when simulated time begins.
const FIRST_DAY: i64 = 20_514;

/// Rows as they come.
pub(super) struct Rows {
    timestamps: Vec<String>,
    objects: Vec<String>,
    numbers: Vec<Vec<f64>>,
    categories: Vec<Vec<Option<&'static str>>>,
    issues: Vec<IssueType>,
    severity: Vec<f64>,
    since_onset: Vec<f64>,
    to_next_onset: Vec<f64>,
    look_alikes: Vec<&'static str>,
}

// === impl Rows ===

impl Rows {
    pub(super) fn with_capacity(n_rows: usize) -> Self {
        Self {
            timestamps: Vec::with_capacity(n_rows),
            objects: Vec::with_capacity(n_rows),
            numbers: NUMBERS.iter().map(|_| Vec::with_capacity(n_rows)).collect(),
            categories: CATEGORIES.iter().map(|_| Vec::with_capacity(n_rows)).collect(),
            issues: Vec::with_capacity(n_rows),
            severity: Vec::with_capacity(n_rows),
            since_onset: Vec::with_capacity(n_rows),
            to_next_onset: Vec::with_capacity(n_rows),
            look_alikes: Vec::with_capacity(n_rows),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.issues.len()
    }

    /// Adds what was measured `steps` after the start of simulated time.
    pub(super) fn push(&mut self, object: &str, steps: f64, measured: &Measured) {
        self.timestamps.push(timestamp(steps));
        self.objects.push(object.to_owned());
        for (column, value) in self.numbers.iter_mut().zip(measured.numbers.iter()) {
            column.push(rounded(value));
        }
        for (column, &word) in self.categories.iter_mut().zip(&measured.categories) {
            column.push(word);
        }
    }

    /// Adds what was true then.
    pub(super) fn push_truth(&mut self, episodes: &[Episode], time: f64) {
        let minutes = f64::from(STEP_MINUTES);
        let (mut issue, mut severity, mut since, mut next) =
            (IssueType::Normal, 0.0, f64::NAN, f64::NAN);
        let (mut look_alike, mut most) = ("none", 0.0);
        for episode in episodes {
            let strength = episode.strength(time);
            match episode.event {
                Event::Issue(of) if strength > 0.0 => {
                    (issue, severity) = (of, strength);
                    since = (time - episode.onset) * minutes;
                }
                Event::Issue(_) if episode.onset >= time => {
                    next = next.min((episode.onset - time) * minutes);
                }
                Event::Issue(_) | Event::Rumble(_) => {}
                Event::TrafficPeak
                | Event::BatchJob
                | Event::Rollout
                | Event::CacheFill
                | Event::Backup
                | Event::NoisyNeighbour => {
                    if strength > most {
                        (look_alike, most) = (episode.event.as_str(), strength);
                    }
                }
            }
        }
        self.issues.push(issue);
        self.severity.push(rounded(severity));
        self.since_onset.push(rounded(since));
        self.to_next_onset.push(rounded(next));
        self.look_alikes.push(look_alike);
    }

    /// Leaves out healthy rows, and those past as many as are wanted.
    pub(super) fn keep_issues(&mut self, wanted: usize) {
        let mut kept: Vec<bool> =
            self.issues.iter().map(|issue| *issue != IssueType::Normal).collect();
        let mut left = wanted;
        for keep in &mut kept {
            *keep = *keep && left > 0;
            left -= usize::from(*keep);
        }
        retain(&mut self.timestamps, &kept);
        retain(&mut self.objects, &kept);
        self.numbers.iter_mut().for_each(|column| retain(column, &kept));
        self.categories.iter_mut().for_each(|column| retain(column, &kept));
        retain(&mut self.issues, &kept);
        retain(&mut self.severity, &kept);
        retain(&mut self.since_onset, &kept);
        retain(&mut self.to_next_onset, &kept);
        retain(&mut self.look_alikes, &kept);
    }

    pub(super) fn finish(self) -> super::Simulated {
        let names = |texts: &[String]| Text::of(texts.iter().map(|text| Some(text.as_str())));
        let timestamp = Values::Text(names(&self.timestamps));
        let object = Values::Text(names(&self.objects));
        let issue = Values::Text(Text::of(self.issues.iter().map(|issue| Some(issue.as_str()))));
        let look_alike = Values::Text(Text::of(self.look_alikes.iter().map(|name| Some(*name))));
        let mut columns =
            vec![named("timestamp", timestamp.clone()), named("object", object.clone())];
        for (column, values) in NUMBERS.iter().zip(self.numbers) {
            columns.push(named(column.name, Values::Number(values)));
        }
        for (column, words) in CATEGORIES.iter().zip(self.categories) {
            columns.push(named(column.name, Values::Text(Text::of(words))));
        }
        columns.push(named("issue_type", issue.clone()));
        let truth = vec![
            named("timestamp", timestamp),
            named("object", object),
            named("issue_type", issue),
            named("severity", Values::Number(self.severity)),
            named("minutes_since_onset", Values::Number(self.since_onset)),
            named("minutes_to_next_onset", Values::Number(self.to_next_onset)),
            named("look_alike", look_alike),
        ];
        let table = |columns| {
            Table::new(columns).expect("every row adds one value to each column of its own name")
        };
        super::Simulated { table: table(columns), truth: table(truth) }
    }
}

// === free functions ===

fn named(name: &str, values: Values) -> TableColumn {
    TableColumn { name: name.to_owned(), values }
}

fn retain<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next().is_some_and(|keep| *keep));
}

/// Five digits: more would be made up.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 4 - libm::floor(libm::log10(value.abs())) as i32;
    if digits < 0 {
        return libm::round(value);
    }
    let scale = libm::pow(10.0, f64::from(digits));
    libm::round(value * scale) / scale
}

/// RFC 3339 with milliseconds.
fn timestamp(steps: f64) -> String {
    let milliseconds = libm::round(steps * f64::from(STEP_MINUTES) * 60_000.0) as i64;
    let (days, rest) =
        (milliseconds.div_euclid(86_400_000) + FIRST_DAY, milliseconds.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (seconds, milliseconds) = (rest / 1_000, rest % 1_000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{milliseconds:03}Z",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
    )
}

/// The date of a day since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + if month <= 2 { 1 } else { 0 }, month, day)
}
