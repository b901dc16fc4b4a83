//! Rows of metrics with the issue that each belongs to: the table that issue classifiers are
//! trained on.
//!
//! ```text
//!  Settings ──check──> ValidSettings ──simulate──> Simulated { table, truth }
//!
//!  fleet: clusters, nodes, workloads, weather      schedule: issues and their look-alikes, by workload
//!            └───────────────┬───────────────────────────────────┘
//!                            v  one step of one workload
//!        causes ──mechanics──> truth of every column ──scrape──> row (noise, counts, gaps)
//! ```
//!
//! A row says `issue_type` = the issue that is under way, from its onset (severity 0) to the end of
//! its recovery. No label is flipped: what makes rows hard is that issues begin small, that some
//! share causes, and that harmless events share them too.

use foresail_learn::tabular::Table;

use self::cause::Causes;
use self::fleet::Fleet;
pub use self::issue::IssueType;
pub use self::page::columns_page;
use self::rows::Rows;
use self::schedule::{ISSUE_SHARE, Schedule};
use self::scrape::Scraper;
pub use self::settings::{
    MAX_HOURS, MAX_SAMPLES, MIN_SAMPLES_PER_TYPE, Settings, SettingsError, ValidSettings,
};
pub use self::time::STEP_MINUTES;
use self::time::{Clock, Span, WARM_UP};
use crate::draw::{Draw, Stream};

mod cause;
mod columns;
mod fleet;
mod issue;
mod mechanics;
mod page;
mod rows;
mod schedule;
mod scrape;
mod settings;
mod time;

/// The table and, apart from it, what nobody can measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// `timestamp`, `object`, the `num_` and `cat_` columns, and `issue_type`; rows by object, then
    /// by time.
    pub table: Table,
    /// The same rows: `timestamp`, `object`, `issue_type`, `severity`, `minutes_since_onset`,
    /// `minutes_to_next_onset` and the harmless `look_alike` under way. Never an input of a model.
    pub truth: Table,
}

/// What is watched, and by which chance it is measured.
struct World {
    seed: u64,
    fleet: Fleet,
    schedule: Schedule,
}

// === impl World ===

impl World {
    /// Adds the rows of one workload.
    fn watch(&self, at: usize, rows: &mut Rows) {
        let workload = &self.fleet.workloads[at];
        let episodes = &self.schedule[at];
        let stream = Stream { seed: self.seed, purpose: b'm', index: at };
        let mut scraper = Scraper::new(workload, Draw::new(stream));
        let start = self.fleet.clusters[workload.cluster].start as f64 - WARM_UP as f64;
        for step in workload.life.first..workload.life.end {
            let time = step as f64 + scraper.moment();
            let causes = Causes::at(episodes, time);
            let truth = mechanics::truth(&self.fleet, at, step, causes);
            rows.push(&workload.name, start + time, &scraper.measure(&truth));
            rows.push_truth(episodes, time);
        }
    }
}

// === free functions ===

/// Simulates a table; the same settings give the same bytes.
#[must_use]
pub fn simulate(settings: &ValidSettings) -> Simulated {
    let wanted = settings.settings().samples;
    if settings.has_normal() {
        return rows(settings, wanted).finish();
    }
    // Without the healthy rows about `ISSUE_SHARE` of them are left.
    let mut n_rows = (wanted as f64 / ISSUE_SHARE) as usize;
    loop {
        n_rows += n_rows / 8;
        let mut rows = rows(settings, n_rows);
        rows.keep_issues(wanted);
        if rows.len() == wanted {
            return rows.finish();
        }
    }
}

/// As many rows, healthy ones among them.
fn rows(settings: &ValidSettings, n_rows: usize) -> Rows {
    let seed = settings.settings().seed;
    let clock = Clock::of(settings.settings());
    let lives = lives(seed, clock, n_rows);
    let fleet = Fleet::draw(seed, &lives, clock);
    let schedule = schedule::draw(seed, &fleet, clock, &settings.issues());
    let mut rows = Rows::with_capacity(n_rows);
    let world = World { seed, fleet, schedule };
    for at in 0..world.fleet.workloads.len() {
        world.watch(at, &mut rows);
    }
    rows
}

/// When each workload is watched: together as many steps as rows are wanted.
fn lives(seed: u64, clock: Clock, n_rows: usize) -> Vec<Span> {
    let n_workloads = n_rows.div_ceil(clock.window);
    let mut draw = Draw::new(Stream { seed, purpose: b't', index: 0 });
    (0..n_workloads)
        .map(|at| {
            let length = n_rows / n_workloads + usize::from(at < n_rows % n_workloads);
            let first = WARM_UP + draw.below(clock.window - length + 1);
            Span { first, end: first + length }
        })
        .collect()
}
