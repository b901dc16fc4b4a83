//! What happens to whom and when: issues, and the harmless look-alikes of issues.
//!
//! Issues are dealt one type after the other until each has its share of the rows. Where one begins
//! is chance, weighted by how strained the workload is at the time (load, node, control plane, a
//! fresh rollout), so that rows before an onset differ a little from others.

use std::ops::Range;

use super::fleet::Fleet;
use super::issue::{IssueType, Scope};
use super::time::{Clock, Span, WARM_UP};
use crate::draw::{Draw, Stream};

/// Share of the rows with an issue. Far above real clusters, as a training set needs.
pub(super) const ISSUE_SHARE: f64 = 0.45;

/// Steps without an issue between two issues of a workload: 2 h.
const QUIET_STEPS: usize = 4;

/// Tries to place one issue before its type is given up.
const PLACEMENT_TRIES: usize = 400;

/// Schedules drawn before one is taken in which a type has too few rows.
const ATTEMPTS: usize = 50;

/// Rows that each type must have: a few for training, one for the test.
const FEWEST_ROWS: f64 = 5.0;

/// Share of the issues that come with another, weaker one.
const COMPLICATED_SHARE: f64 = 0.5;

/// How much one deviation of strain raises the odds of an onset, as a logarithm.
const STRAIN_ODDS: f64 = 2.1;

/// Strain at which the odds of an onset rise no further.
const MOST_STRAIN: f64 = 2.2;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Issue(IssueType),
    /// The first signs of an issue; whether it follows or not.
    Rumble(IssueType),
    TrafficPeak,
    BatchJob,
    Rollout,
    CacheFill,
    Backup,
    NoisyNeighbour,
}

/// Something that happens to one workload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Episode {
    pub event: Event,
    /// When it begins and ends, in steps of the cluster.
    pub onset: f64,
    pub end: f64,
    /// The most it reaches, in `(0, 1]`.
    peak: f64,
    /// Exponent of its growth: below 1 sudden, above 1 creeping.
    growth: f64,
    /// An issue that comes with it, weaker.
    pub complication: Option<IssueType>,
    /// Gains of what it does, around 1: no two issues of a type are alike.
    pub style: [f64; 4],
}

/// Everything that happens, by workload.
pub(super) type Schedule = Vec<Vec<Episode>>;

/// Places issues until each type has its share of the rows.
struct Placer<'a> {
    fleet: &'a Fleet,
    n_steps: usize,
    /// Steps of each workload that are taken by an issue or too near to one.
    taken: Vec<Vec<bool>>,
    schedule: Schedule,
    draw: Draw,
}

/// Draws everything that happens.
pub(super) fn draw(seed: u64, fleet: &Fleet, clock: Clock, issues: &[IssueType]) -> Schedule {
    let mut attempt = 0;
    loop {
        let mut placer = Placer::new(seed, fleet, clock, attempt);
        let is_complete = placer.place_all(issues);
        attempt += 1;
        // In a small table one type can take the room of another.
        if is_complete || attempt == ATTEMPTS {
            placer.rumble(issues);
            return placer.schedule;
        }
    }
}

/// What happens to a workload and is no issue.
fn look_alikes(seed: u64, at: usize, clock: Clock) -> Vec<Episode> {
    let draw = &mut Draw::new(Stream { seed, purpose: b'a', index: at });
    let mut episodes = Vec::new();
    // Steps from one to the next in the mean, and how long it takes at least and at most.
    let habits = [
        (Event::TrafficPeak, 26.0, (4.0, 10.0)),
        (Event::BatchJob, 40.0, (3.0, 8.0)),
        (Event::Rollout, 24.0, (1.0, 2.5)),
        (Event::CacheFill, 60.0, (10.0, 24.0)),
        (Event::Backup, 48.0, (2.0, 5.0)),
        (Event::NoisyNeighbour, 30.0, (2.0, 7.0)),
    ];
    for (event, mean_gap, (shortest, longest)) in habits {
        let mut time = -mean_gap * libm::log(1.0 - draw.unit());
        while time < clock.n_steps() as f64 {
            let end = time + draw.between(shortest, longest);
            episodes.push(Episode {
                event,
                onset: time,
                end,
                peak: draw.between(0.35, 1.0),
                growth: 1.0,
                complication: None,
                style: style(draw),
            });
            time = end - mean_gap * libm::log(1.0 - draw.unit());
        }
    }
    episodes
}

fn style(draw: &mut Draw) -> [f64; 4] {
    std::array::from_fn(|_| draw.around(1.0, 0.18))
}

// === impl Placer ===

impl<'a> Placer<'a> {
    fn new(seed: u64, fleet: &'a Fleet, clock: Clock, attempt: usize) -> Self {
        let n_workloads = fleet.workloads.len();
        Self {
            fleet,
            n_steps: clock.n_steps(),
            taken: vec![vec![false; clock.n_steps()]; n_workloads],
            schedule: (0..n_workloads).map(|at| look_alikes(seed, at, clock)).collect(),
            draw: Draw::new(Stream { seed, purpose: b'i', index: attempt }),
        }
    }

    /// Places issues in turn; whether each type has some rows.
    fn place_all(&mut self, issues: &[IssueType]) -> bool {
        let n_rows: usize = self.fleet.workloads.iter().map(|workload| workload.life.len()).sum();
        let budget = ISSUE_SHARE * n_rows as f64 / issues.len().max(1) as f64;
        let mut open: Vec<(IssueType, f64)> = issues.iter().map(|&issue| (issue, budget)).collect();
        self.draw.shuffle(&mut open);
        // What needs the most room comes first, then all take turns.
        open.sort_by_key(|(issue, _)| issue.scope());
        let mut is_complete = true;
        while !open.is_empty() {
            open.retain_mut(|(issue, left)| {
                let Some(n_rows) = self.place(*issue, *left) else {
                    is_complete &= *left <= budget - FEWEST_ROWS;
                    return false;
                };
                *left -= n_rows as f64;
                *left > 0.0
            });
            self.draw.shuffle(&mut open);
        }
        is_complete
    }

    /// Places one issue that takes about as many rows as are left; the rows that it took.
    fn place(&mut self, issue: IssueType, rows_left: f64) -> Option<usize> {
        for n_try in 0..PLACEMENT_TRIES {
            let first = self.draw.below(self.fleet.workloads.len());
            let life = self.fleet.workloads[first].life;
            let sufferers = self.sufferers(first, issue.scope());
            let longest = (rows_left / sufferers.len() as f64).clamp(6.0, 22.0);
            let length = self.draw.between(10.0_f64.min(longest), longest);
            // An issue may be under way in the first row.
            let earliest = life.first as f64 - 0.6 * length;
            let onset = self.draw.between(earliest.max(0.0), life.end as f64 - 2.0);
            let span = Span { first: onset as usize, end: (onset + length).ceil() as usize };
            if span.end > self.n_steps || sufferers.clone().any(|at| self.is_taken(at, span)) {
                continue;
            }
            let odds =
                STRAIN_ODDS * (self.strain(first, span.first).min(MOST_STRAIN) - MOST_STRAIN);
            if n_try < PLACEMENT_TRIES / 2 && !self.draw.chance(libm::exp(odds)) {
                continue;
            }
            return Some(self.put(issue, (onset, length), sufferers));
        }
        None
    }

    fn put(
        &mut self,
        issue: IssueType,
        (onset, length): (f64, f64),
        sufferers: Range<usize>,
    ) -> usize {
        let span = Span { first: onset as usize, end: (onset + length).ceil() as usize };
        // One in five or six is noticed before it grows up.
        let peak = if self.draw.chance(0.18) {
            self.draw.between(0.35, 0.7)
        } else {
            self.draw.between(0.88, 1.0)
        };
        let growth = self.draw.between(0.8, 1.8);
        let related = issue.complications();
        let complication = (self.draw.chance(COMPLICATED_SHARE) && !related.is_empty())
            .then(|| related[self.draw.below(related.len())]);
        let mut n_rows = 0;
        for at in sufferers {
            let style = style(&mut self.draw);
            let event = Event::Issue(issue);
            let end = onset + length;
            self.schedule[at].push(Episode {
                event,
                onset,
                end,
                peak,
                growth,
                complication,
                style,
            });
            let quiet = span.first.saturating_sub(QUIET_STEPS);
            let end = (span.end + QUIET_STEPS).min(self.n_steps);
            self.taken[at][quiet..end].fill(true);
            let life = self.fleet.workloads[at].life;
            n_rows += span.end.min(life.end).saturating_sub(span.first.max(life.first));
        }
        n_rows
    }

    fn sufferers(&self, first: usize, scope: Scope) -> Range<usize> {
        match scope {
            Scope::Workload => first..first + 1,
            Scope::Node => self.fleet.on_node_of(first),
            Scope::Cluster => self.fleet.in_cluster_of(first),
        }
    }

    fn is_taken(&self, at: usize, span: Span) -> bool {
        self.taken[at][span.first..span.end.min(self.n_steps)].iter().any(|taken| *taken)
    }

    /// How strained a workload is: about standard normal.
    fn strain(&self, at: usize, step: usize) -> f64 {
        let fleet = self.fleet;
        let workload = &fleet.workloads[at];
        let node = &fleet.nodes[workload.node];
        let fresh = self.schedule[at].iter().any(|episode| {
            episode.event == Event::Rollout && (0.0..4.0).contains(&(step as f64 - episode.onset))
        });
        0.65 * fleet.strain[at].at(step)
            + 0.35 * node.cpu.at(step)
            + 0.35 * fleet.clusters[workload.cluster].load.at(step)
            + 0.8 * fleet.log_load(at, step)
            + if fresh { 1.0 } else { 0.0 }
    }

    /// Adds first signs: before some issues, and as often before none.
    fn rumble(&mut self, issues: &[IssueType]) {
        for at in 0..self.schedule.len() {
            let onsets: Vec<(IssueType, f64)> = self.schedule[at]
                .iter()
                .filter_map(|episode| match episode.event {
                    Event::Issue(issue) => Some((issue, episode.onset)),
                    Event::Rumble(_)
                    | Event::TrafficPeak
                    | Event::BatchJob
                    | Event::Rollout
                    | Event::CacheFill
                    | Event::Backup
                    | Event::NoisyNeighbour => None,
                })
                .collect();
            for (issue, onset) in onsets {
                if self.draw.chance(0.4) {
                    let start = onset - self.draw.between(1.5, 4.0);
                    self.put_rumble(at, issue, start);
                }
                if self.draw.chance(0.4) {
                    let start = self.draw.between(WARM_UP as f64, self.n_steps as f64);
                    let issue = issues[self.draw.below(issues.len())];
                    self.put_rumble(at, issue, start);
                }
            }
        }
    }

    fn put_rumble(&mut self, at: usize, issue: IssueType, onset: f64) {
        let episode = Episode {
            event: Event::Rumble(issue),
            onset,
            end: onset + self.draw.between(0.7, 1.6),
            peak: self.draw.between(0.12, 0.28),
            growth: 1.0,
            complication: None,
            style: style(&mut self.draw),
        };
        self.schedule[at].push(episode);
    }
}

// === impl Episode ===

impl Episode {
    /// How strong it is at a time, in `[0, 1]`; 0 before and after.
    pub(super) fn strength(&self, time: f64) -> f64 {
        if time <= self.onset || time >= self.end {
            return 0.0;
        }
        let way = (time - self.onset) / (self.end - self.onset);
        self.peak
            * match self.event {
                Event::Issue(_) => trapeze(way, (0.55, 0.9), self.growth),
                Event::TrafficPeak | Event::NoisyNeighbour => trapeze(way, (0.35, 0.65), 1.0),
                Event::CacheFill => (1.0 - libm::exp(-4.0 * way)) / (1.0 - libm::exp(-4.0)),
                Event::Rumble(_) | Event::BatchJob | Event::Rollout | Event::Backup => 1.0,
            }
    }
}

/// Grows until the first turn, stays, and falls from the second.
fn trapeze(way: f64, (full, fading): (f64, f64), growth: f64) -> f64 {
    if way < full {
        libm::pow(way / full, growth)
    } else if way < fading {
        1.0
    } else {
        (1.0 - way) / (1.0 - fading)
    }
}

// === impl Event ===

impl Event {
    /// Its name in the truth.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Issue(issue) | Self::Rumble(issue) => issue.as_str(),
            Self::TrafficPeak => "traffic_peak",
            Self::BatchJob => "batch_job",
            Self::Rollout => "rollout",
            Self::CacheFill => "cache_fill",
            Self::Backup => "backup",
            Self::NoisyNeighbour => "noisy_neighbour",
        }
    }
}

// === impl Span ===

impl Span {
    pub(super) const fn len(self) -> usize {
        self.end - self.first
    }
}
