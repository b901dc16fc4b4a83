//! From the parts of every fold to rows with intervals.

use std::collections::BTreeMap;

use foresail_core::FailureKind;
use rayon::prelude::*;

use super::fold::{Ground, sum};
use super::judge::{Count, Outcome, merge, random};
use super::load::Course;
use super::methods::FORESAIL;
use super::parts::FoldPart;
use super::result::{AblationRow, ApplicationRow, SplitCurve, SplitKind};
use super::split::Fold;
use crate::metrics::{KindPart, RowLabel, ScopeData, event_pr_auc};
use crate::result::{
    EventPrCurve, KindRow, Method, MethodKind, PrPoint, Row, RowReading, Scope, Split, Variant,
};
use crate::shift::{Chance, MOST_TIME_IN_WARNING};
use crate::summary::Summary;

/// The strictest budget, which asks for this many pod-days before it can be measured.
const STRICT_BUDGET: (f64, f64) = (0.1, 30.0);
/// False alarms per pod-day beyond which a point of the curve does not count.
const MOST_FALSE: f64 = 1.0;

/// A method with its parts, in the order of the folds.
pub(super) struct Ran {
    pub(super) method: Method,
    pub(super) parts: Vec<(usize, FoldPart)>,
}

/// One split, ready to be read.
pub(super) struct Board<'a> {
    ground: Ground<'a>,
    split: Split,
    folds: &'a [Fold],
    /// Positions of the judged recordings.
    judged: Vec<usize>,
    scopes: Vec<ScopeData<'a>>,
}

/// A method at a budget, with what came of it on each judged recording.
struct Built {
    method: Method,
    budget: Option<f64>,
    words: String,
    outcomes: Vec<Outcome>,
}

// === impl Board ===

impl<'a> Board<'a> {
    /// `None` where no fold is of this split.
    pub(super) fn new(ground: Ground<'a>, split: Split, folds: &'a [Fold]) -> Option<Self> {
        let mut judged: Vec<usize> = (folds.iter().filter(|fold| fold.split == split))
            .flat_map(|fold| fold.judged.iter().map(|part| part.course))
            .collect();
        judged.sort_unstable();
        judged.dedup();
        let frames: Vec<_> = ground.courses.iter().map(|one| &one.replayed().frame).collect();
        let mut wanted: Vec<(Scope, Vec<usize>)> = Vec::new();
        if judged.len() > 1 {
            let pooled = if split == Split::TrainingToJudged {
                Scope::PooledJudged
            } else {
                Scope::PooledTraining
            };
            wanted.push((pooled, judged.clone()));
        }
        for one in &judged {
            wanted.push((Scope::Recording(ground.courses[*one].name().to_owned()), vec![*one]));
        }
        let seeds = (ground.seeds.bootstrap, ground.seeds.bootstrap_repetitions);
        let scopes = wanted
            .into_par_iter()
            .map(|(scope, recordings)| ScopeData::new(scope, recordings, &frames, seeds))
            .collect();
        (!judged.is_empty()).then_some(Self { ground, split, folds, judged, scopes })
    }

    pub(super) const fn split(&self) -> Split {
        self.split
    }

    /// Parts of a method that belong to this split.
    pub(super) fn own<'r>(&self, ran: &'r Ran) -> Vec<&'r FoldPart> {
        self.parts(ran).into_iter().map(|(_, part)| part).collect()
    }

    /// The widest scope.
    fn widest(&self) -> &ScopeData<'a> {
        &self.scopes[0]
    }

    fn course(&self, position: usize) -> &'a Course {
        &self.ground.courses[self.judged[position]]
    }

    /// Parts of a method that belong to this split.
    fn parts<'r>(&self, ran: &'r Ran) -> Vec<(&Fold, &'r FoldPart)> {
        let own = ran.parts.iter().map(|(fold, part)| (&self.folds[*fold], part));
        own.filter(|(fold, _)| fold.split == self.split).collect()
    }

    fn built(&self, ran: &Ran) -> Vec<Built> {
        let parts = self.parts(ran);
        let Some((_, first)) = parts.first() else { return Vec::new() };
        let built = first.chosen.iter().enumerate().map(|(number, chosen)| {
            let mut words: Vec<&str> =
                parts.iter().map(|(_, part)| part.chosen[number].words.as_str()).collect();
            words.dedup();
            let outcomes = self.judged.iter().filter_map(|course| {
                let name = self.ground.courses[*course].name();
                let own: Vec<&Outcome> = (parts.iter())
                    .flat_map(|(_, part)| &part.chosen[number].outcomes)
                    .filter(|outcome| outcome.recording == name)
                    .collect();
                merge(&own)
            });
            Built {
                method: ran.method.clone(),
                budget: chosen.budget,
                words: words.join("; "),
                outcomes: outcomes.collect(),
            }
        });
        built.filter(|built| built.outcomes.len() == self.judged.len()).collect()
    }

    /// Random alarms, as many and as long as those of each of these.
    fn random(&self, like: &[Built]) -> Vec<Built> {
        let method = Method {
            name: "random".to_owned(),
            title: "Random, as often as Foresail".to_owned(),
            kind: MethodKind::Reference,
            variant: Variant::Tuned,
        };
        let built = like.iter().map(|like| Built {
            method: method.clone(),
            budget: like.budget,
            words: "random".to_owned(),
            outcomes: (like.outcomes.iter().enumerate())
                .map(|(position, one)| random(self.course(position), one, self.ground.seeds))
                .collect(),
        });
        built.collect()
    }

    /// Rows of every method, with the paired differences on those of Foresail.
    pub(super) fn rows(&self, ran: &[Ran]) -> Vec<Row> {
        let mut built: Vec<Built> = ran.iter().flat_map(|one| self.built(one)).collect();
        let own = |one: &&Built| one.method.name == FORESAIL;
        let like: Vec<Built> = self.random(
            &ran.iter()
                .filter(|one| one.method.name == FORESAIL)
                .flat_map(|one| self.built(one))
                .collect::<Vec<_>>(),
        );
        built.extend(like);
        let aucs: BTreeMap<&str, Option<f64>> = ran
            .iter()
            .map(|one| (one.method.name.as_str(), self.curve(one).and_then(|c| c.auc)))
            .collect();
        let jobs: Vec<(&ScopeData<'_>, &Built)> = (self.scopes.iter())
            .flat_map(|scope| built.iter().map(move |one| (scope, one)))
            .collect();
        jobs.par_iter()
            .map(|(scope, one)| {
                let mut row = self.row(scope, one);
                if own(one) && row.not_measurable.is_none() {
                    row.paired = self.paired(scope, one, &built);
                }
                if scope.scope == self.widest().scope {
                    row.event_pr_auc = aucs.get(one.method.name.as_str()).copied().flatten();
                }
                row
            })
            .collect()
    }

    fn row(&self, scope: &ScopeData<'_>, built: &Built) -> Row {
        let label = RowLabel {
            method: built.method.clone(),
            settings: built.words.clone(),
            reading: RowReading::OperatingPoint,
            split: self.split,
            budget: built.budget,
            threshold: None,
        };
        if let Some(reason) = not_measurable(scope, built.budget) {
            return scope.empty_row(label, reason);
        }
        let summaries = self.summaries(scope, built);
        let chances = self.of_scope(scope, built).map(|one| one.chance);
        scope.row(label, &summaries, Some(chances.fold(Chance::default(), Chance::plus)))
    }

    fn of_scope<'b>(
        &'b self,
        scope: &'b ScopeData<'_>,
        built: &'b Built,
    ) -> impl Iterator<Item = &'b Outcome> {
        let places = scope
            .recordings
            .iter()
            .filter_map(|course| self.judged.iter().position(|one| one == course));
        places.map(|place| &built.outcomes[place])
    }

    fn summaries<'b>(&'b self, scope: &'b ScopeData<'_>, built: &'b Built) -> Vec<&'b Summary> {
        self.of_scope(scope, built).map(|one| &one.summary).collect()
    }

    fn paired(
        &self,
        scope: &ScopeData<'_>,
        own: &Built,
        all: &[Built],
    ) -> Vec<crate::result::Paired> {
        let mine = self.summaries(scope, own);
        let others = all.iter().filter(|other| {
            other.method.name != own.method.name
                && (other.budget == own.budget || other.budget.is_none())
        });
        others
            .filter_map(|other| scope.paired(&mine, (&other.method, &self.summaries(scope, other))))
            .collect()
    }

    /// The curve of a tuned method on everything that is judged.
    fn curve(&self, ran: &Ran) -> Option<EventPrCurve> {
        let parts = self.parts(ran);
        let (_, first) = parts.first()?;
        if first.curve.is_empty()
            || parts.iter().any(|(_, part)| part.curve.len() != first.curve.len())
        {
            return None;
        }
        let points: Vec<PrPoint> = (0..first.curve.len())
            .filter_map(|number| {
                let counts: Vec<Count> =
                    parts.iter().map(|(_, part)| part.curve[number].1).collect();
                self.point(first.curve[number].0, sum(&counts))
            })
            .collect();
        Some(EventPrCurve {
            method: ran.method.name.clone(),
            scope: self.widest().scope.clone(),
            auc: event_pr_auc(&points),
            points,
        })
    }

    fn point(&self, threshold: f64, count: Count) -> Option<PrPoint> {
        let frames = &self.widest().frames;
        let reachable: u32 =
            frames.iter().map(|frame| frame.count(|incident| incident.reachable)).sum();
        let days: f64 = frames.iter().map(|frame| frame.pod_days()).sum();
        let ticks: u64 = frames.iter().map(|frame| frame.unit_ticks).sum();
        if reachable == 0 || days <= 0.0 || ticks == 0 {
            return None;
        }
        let judged = count.hits + count.false_alarms;
        let false_per_pod_day = f64::from(count.false_alarms) / days;
        let time_in_warning = count.warned_ticks as f64 / ticks as f64;
        Some(PrPoint {
            threshold,
            recall: f64::from(count.matched) / f64::from(reachable),
            precision: (judged > 0).then(|| f64::from(count.hits) / f64::from(judged)),
            false_per_pod_day,
            time_in_warning,
            within_limits: false_per_pod_day <= MOST_FALSE
                && time_in_warning <= MOST_TIME_IN_WARNING,
        })
    }

    pub(super) fn curves(&self, ran: &[Ran]) -> Vec<SplitCurve> {
        let curves = ran.iter().filter_map(|one| self.curve(one));
        curves.map(|curve| SplitCurve { split: self.split, curve }).collect()
    }

    /// Foresail by kind of the primary outcome.
    pub(super) fn kinds(&self, ran: &[Ran]) -> Vec<SplitKind> {
        let Some(foresail) = ran.iter().find(|one| one.method.name == FORESAIL) else {
            return Vec::new();
        };
        let scope = self.widest();
        let mut rows = Vec::new();
        for built in self.built(foresail) {
            for kind in FailureKind::ALL {
                let row = self.kind(scope, &built, *kind);
                if row.incidents > 0 || row.alarms > 0 {
                    rows.push(SplitKind { split: self.split, row });
                }
            }
        }
        rows
    }

    fn kind(&self, scope: &ScopeData<'_>, built: &Built, kind: FailureKind) -> KindRow {
        let parts: Vec<KindPart<'_>> = self
            .of_scope(scope, built)
            .map(|outcome| {
                let counts = outcome.alarms_by_kind.get(&kind);
                let (alarms, false_alarms) = counts.copied().unwrap_or_default();
                KindPart { summary: &outcome.summary, alarms, false_alarms }
            })
            .collect();
        scope.kind_row((kind, built.budget.unwrap_or_default()), &parts)
    }

    /// Foresail by application; only under leave one application out.
    pub(super) fn applications(&self, ran: &[Ran]) -> Vec<ApplicationRow> {
        let foresail = ran.iter().find(|one| one.method.name == FORESAIL);
        let parts = foresail.map(|one| self.parts(one)).unwrap_or_default();
        let mut rows = Vec::new();
        for (fold, part) in parts {
            let reachable: u32 = (fold.judged.iter())
                .map(|cut| {
                    let ground = &self.ground.courses[cut.course].replayed().ground;
                    let own = ground.incidents.iter().filter(|one| one.is_reachable());
                    own.filter(|one| cut.wanted[one.unit.0 as usize]).count() as u32
                })
                .sum();
            for chosen in &part.chosen {
                let counts = || chosen.outcomes.iter().map(|one| &one.summary.counts);
                rows.push(ApplicationRow {
                    application: fold.name.clone(),
                    budget: chosen.budget.unwrap_or_default(),
                    reachable,
                    caught: counts().map(|one| one.reachable_matched).sum(),
                    caught_right_kind: counts().map(|one| one.reachable_matched_right_kind).sum(),
                    false_alarms: counts().map(|one| one.false_alarms).sum(),
                    pod_days: fold.judged.iter().map(super::judge::Cut::pod_days).sum(),
                });
            }
        }
        rows
    }

    /// A variant of Foresail beside Foresail itself.
    pub(super) fn ablation(&self, foresail: &Ran, variant: &Ran) -> Vec<AblationRow> {
        let scope = self.widest();
        let whole = self.built(foresail);
        let row = |built: &Built| {
            let own = whole.iter().find(|one| one.budget == built.budget)?;
            let (mine, theirs) = (self.summaries(scope, own), self.summaries(scope, built));
            let row = self.row(scope, built);
            row.not_measurable.is_none().then(|| AblationRow {
                name: built.method.name.clone(),
                title: built.method.title.clone(),
                budget: built.budget.unwrap_or_default(),
                reachable: row.counts.reachable,
                caught: row.counts.reachable_matched,
                caught_right_kind: row.counts.reachable_matched_right_kind,
                false_per_pod_day: row.false_per_pod_day.map(|rate| rate.value),
                time_in_warning: row.time_in_warning,
                lost: scope.paired(&mine, (&built.method, &theirs)).map(|one| one.difference),
            })
        };
        self.built(variant).iter().filter_map(row).collect()
    }
}

fn not_measurable(scope: &ScopeData<'_>, budget: Option<f64>) -> Option<String> {
    let days = scope.pod_days();
    (budget? <= STRICT_BUDGET.0 && days < STRICT_BUDGET.1).then(|| {
        format!(
            "{days:.1} pod-days are observed; {:.0} are needed for this budget",
            STRICT_BUDGET.1
        )
    })
}
