//! Rows: each method on each scope at each budget, with its operating point chosen elsewhere.

use rayon::prelude::*;

use super::BacktestInput;
use super::fired::Placed;
use super::load::Loaded;
use super::methods::{Tried, random, reference, words};
use crate::matching::{Judgement, Raised, judge};
use crate::metrics::{KindPart, RowLabel, ScopeData};
use crate::replay::ENGINE;
use crate::result::{
    AlarmFate, EventPrCurve, KindRow, LeadCurve, Method, MethodKind, Role, Row, RowReading, Scope,
    Split, Variant,
};
use crate::shift::{Chance, chance};
use crate::summary::Summary;
use crate::tune::{Point, Replayed, choose};

/// The strictest budget, which asks for this many pod-days before it can be measured.
const STRICT_BUDGET: (f64, f64) = (0.1, 30.0);

/// Which recordings play which role, and the scopes that rows stand for.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) training: Vec<usize>,
    pub(crate) judged: Vec<usize>,
    pub(crate) replayed: Vec<&'a Replayed>,
    pub(crate) scopes: Vec<ScopeData<'a>>,
}

/// Everything that rows give.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) kinds: Vec<KindRow>,
    pub(super) event_pr: Vec<EventPrCurve>,
    pub(super) lead: Vec<LeadCurve>,
    pub(super) shown_threshold: Option<f64>,
}

/// What was chosen for one recording.
#[derive(Clone, Debug)]
struct Choice {
    words: String,
    threshold: Option<f64>,
    summary: Summary,
    judgement: Judgement,
}

/// A row with what it was made from, for paired differences.
struct Built {
    row: Row,
    choices: Vec<Choice>,
}

// === impl Plan ===

impl<'a> Plan<'a> {
    pub(super) fn new(input: &BacktestInput, loaded: &'a [Loaded]) -> Self {
        let of_role = |role: Role| {
            loaded.iter().enumerate().filter(move |(_, one)| one.role == role).map(|(i, _)| i)
        };
        let judged: Vec<usize> = of_role(Role::Judged).collect();
        let training: Vec<usize> = of_role(Role::Training).collect();
        let replayed: Vec<&Replayed> = loaded.iter().map(|one| &one.replayed).collect();
        let frames: Vec<_> = replayed.iter().map(|one| &one.frame).collect();
        let mut wanted: Vec<(Scope, Vec<usize>)> = Vec::new();
        if judged.len() > 1 {
            wanted.push((Scope::PooledJudged, judged.clone()));
        }
        for one in judged.iter().chain(&training) {
            wanted.push((Scope::Recording(loaded[*one].name.clone()), vec![*one]));
        }
        if training.len() > 1 {
            wanted.push((Scope::PooledTraining, training.clone()));
        }
        let seeds = (input.seeds.bootstrap, input.seeds.bootstrap_repetitions);
        let scopes = wanted
            .into_par_iter()
            .map(|(scope, recordings)| ScopeData::new(scope, recordings, &frames, seeds))
            .collect();
        Self { training, judged, replayed, scopes }
    }

    /// The training recordings that may choose for `recording`.
    fn choosers(&self, recording: usize) -> Vec<usize> {
        self.training.iter().copied().filter(|one| *one != recording).collect()
    }

    /// What `tried` does on `recording` at `budget`; `None` where nothing could choose.
    fn choice(&self, tried: &Tried, recording: usize, budget: Option<f64>) -> Option<Choice> {
        let point = match (budget, &tried.fixed) {
            (None, _) => tried.points.first(),
            (Some(budget), Some(fixed)) => {
                let own = fixed.iter().find(|(known, _)| *known == budget);
                own.and_then(|(_, own)| tried.points.iter().find(|one| one.threshold == *own))
            }
            (Some(budget), None) => {
                let choosers = self.choosers(recording);
                if choosers.is_empty() {
                    return None;
                }
                choose(&tried.points, &self.replayed, &choosers, budget)
            }
        };
        match (&tried.fixed, point) {
            (Some(_), None) => {
                Some(self.silent(recording, "the model has no operating point for it"))
            }
            (Some(_), Some(_)) | (None, _) => Some(self.choice_of(point, recording)),
        }
    }

    fn choice_of(&self, point: Option<&Point>, recording: usize) -> Choice {
        match point {
            Some(point) => Choice {
                words: words(point),
                threshold: Some(point.threshold),
                summary: point.summaries[recording].clone(),
                judgement: point.judgements[recording].clone(),
            },
            None => self.silent(recording, "no setting keeps the budget on training: silent"),
        }
    }

    fn silent(&self, recording: usize, words: &str) -> Choice {
        Choice {
            words: words.to_owned(),
            threshold: None,
            summary: Summary::silent(&self.replayed[recording].frame),
            judgement: Judgement::silent(&self.replayed[recording].ground),
        }
    }

    fn chance(&self, scope: &ScopeData<'_>, choices: &[Choice], input: &BacktestInput) -> Chance {
        scope.recordings.iter().zip(choices).fold(Chance::default(), |sum, (recording, choice)| {
            let ground = &self.replayed[*recording].ground;
            let seeds = (input.seeds.shifts, input.seeds.shift_repetitions);
            sum.plus(chance(ground, &choice.judgement, seeds.0, seeds.1))
        })
    }

    fn split(&self, scope: &ScopeData<'_>, method: &Method) -> Split {
        if method.variant == Variant::AsShipped {
            Split::Untrained
        } else if scope.recordings.iter().all(|one| self.training.contains(one)) {
            Split::LeaveOneRecordingOut
        } else {
            Split::TrainingToJudged
        }
    }
}

/// Builds every row and curve.
pub(super) fn build(
    input: &BacktestInput,
    plan: &Plan<'_>,
    (methods, fired): (&[Tried], Option<&Placed>),
) -> Table {
    let mut built: Vec<Built> =
        methods.par_iter().flat_map_iter(|tried| rows_of(input, plan, tried)).collect();
    built.extend(references(input, plan, methods));
    built.extend(fired.and_then(|fired| row_of_others(input, plan, &fired.together())));
    let mut table = Table::default();
    pair(plan, &mut built);
    curves(input, plan, (methods, &built), &mut table);
    kinds(input, plan, &built, &mut table);
    table.shown_threshold = methods
        .iter()
        .find(|tried| is_main(&tried.method))
        .and_then(|tried| plan.choice(tried, plan.judged[0], Some(input.shown_budget)))
        .and_then(|choice| choice.threshold);
    table.rows = built.into_iter().map(|one| one.row).collect();
    for row in &mut table.rows {
        let curve = table.event_pr.iter().find(|curve| {
            curve.scope == row.scope
                && curve.method == row.method.name
                && row.method.variant == Variant::Tuned
        });
        row.event_pr_auc = curve.and_then(|curve| curve.auc);
    }
    table
}

fn is_main(method: &Method) -> bool {
    method.name == ENGINE && method.variant == Variant::Tuned
}

/// Operating points and, for tuned methods, the best within each budget on the scope itself.
fn rows_of(input: &BacktestInput, plan: &Plan<'_>, tried: &Tried) -> Vec<Built> {
    let mut rows = Vec::new();
    let budgets: Vec<Option<f64>> = match tried.method.variant {
        Variant::AsShipped => vec![None],
        Variant::Tuned => input.budgets.iter().copied().map(Some).collect(),
    };
    for scope in &plan.scopes {
        if judges_itself(plan, (tried, scope)) {
            continue;
        }
        for budget in &budgets {
            rows.extend(operating_point(input, plan, (tried, scope), *budget));
            if let Some(budget) = budget {
                rows.extend(best_on_scope(plan, (tried, scope), *budget));
            }
        }
    }
    rows
}

/// Whether a method would be judged on what its settings come from: what is shipped, and a trained
/// model with its operating points, on training recordings.
fn judges_itself(plan: &Plan<'_>, (tried, scope): (&Tried, &ScopeData<'_>)) -> bool {
    let shipped = tried.method.variant == Variant::AsShipped;
    let own = tried.fixed.is_some() || (tried.method.kind == MethodKind::Engine && shipped);
    own && scope.recordings.iter().all(|one| plan.training.contains(one))
}

fn label(
    plan: &Plan<'_>,
    (tried, scope): (&Method, &ScopeData<'_>),
    budget: Option<f64>,
) -> RowLabel {
    RowLabel {
        method: tried.clone(),
        settings: String::new(),
        reading: RowReading::OperatingPoint,
        split: plan.split(scope, tried),
        budget,
        threshold: None,
    }
}

fn operating_point(
    input: &BacktestInput,
    plan: &Plan<'_>,
    (tried, scope): (&Tried, &ScopeData<'_>),
    budget: Option<f64>,
) -> Option<Built> {
    let mut label = label(plan, (&tried.method, scope), budget);
    if let Some(reason) = not_measurable(scope, budget) {
        return Some(Built { row: scope.empty_row(label, reason), choices: Vec::new() });
    }
    let choices: Vec<Choice> = scope
        .recordings
        .iter()
        .map(|recording| plan.choice(tried, *recording, budget))
        .collect::<Option<_>>()?;
    describe(&mut label, &choices);
    Some(finish(
        scope,
        label,
        (choices, |choices: &[Choice]| Some(plan.chance(scope, choices, input))),
    ))
}

fn finish(
    scope: &ScopeData<'_>,
    label: RowLabel,
    (choices, chance): (Vec<Choice>, impl Fn(&[Choice]) -> Option<Chance>),
) -> Built {
    let summaries: Vec<&Summary> = choices.iter().map(|choice| &choice.summary).collect();
    let row = scope.row(label, &summaries, chance(&choices));
    Built { row, choices }
}

fn describe(label: &mut RowLabel, choices: &[Choice]) {
    let mut words: Vec<&str> = choices.iter().map(|choice| choice.words.as_str()).collect();
    words.dedup();
    label.settings = words.join("; ");
    let first = choices.first().and_then(|choice| choice.threshold);
    label.threshold = first.filter(|_| choices.iter().all(|choice| choice.threshold == first));
}

fn best_on_scope(
    plan: &Plan<'_>,
    (tried, scope): (&Tried, &ScopeData<'_>),
    budget: f64,
) -> Option<Built> {
    if not_measurable(scope, Some(budget)).is_some() {
        return None;
    }
    let point = choose(&tried.points, &plan.replayed, &scope.recordings, budget)?;
    let choices: Vec<Choice> =
        scope.recordings.iter().map(|one| plan.choice_of(Some(point), *one)).collect();
    let mut label = label(plan, (&tried.method, scope), Some(budget));
    label.reading = RowReading::Curve;
    describe(&mut label, &choices);
    Some(finish(scope, label, (choices, |_: &[Choice]| None)))
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

/// Never, and random alarms as many and as long as the engine's.
fn references(input: &BacktestInput, plan: &Plan<'_>, methods: &[Tried]) -> Vec<Built> {
    let never = reference("never", "Never");
    let chance_method = reference("random", "Random, as often as Foresail");
    let engine = methods.iter().find(|tried| is_main(&tried.method));
    let mut rows = Vec::new();
    for scope in &plan.scopes {
        let silent: Vec<Choice> =
            scope.recordings.iter().map(|one| plan.silent(*one, "says nothing")).collect();
        let label_of = |method: &Method, budget| label(plan, (method, scope), budget);
        rows.push(finish(scope, label_of(&never, None), (silent, |_: &[Choice]| None)));
        for budget in &input.budgets {
            let own = engine.is_some_and(|engine| judges_itself(plan, (engine, scope)));
            if own || not_measurable(scope, Some(*budget)).is_some() {
                continue;
            }
            let choices: Option<Vec<Choice>> = scope
                .recordings
                .iter()
                .map(|one| {
                    let like = plan.choice(engine?, *one, Some(*budget))?;
                    let seed = input.seeds.random_baseline.wrapping_add(*one as u64);
                    let (summary, judgement) = random(plan.replayed[*one], &like.judgement, seed);
                    Some(Choice { words: "random".to_owned(), threshold: None, summary, judgement })
                })
                .collect();
            if let Some(choices) = choices {
                let mut label = label_of(&chance_method, Some(*budget));
                describe(&mut label, &choices);
                rows.push(finish(scope, label, (choices, |_: &[Choice]| None)));
            }
        }
    }
    rows
}

/// Alarms that others raised on the shown recording.
pub(super) struct Others {
    pub(super) method: Method,
    pub(super) settings: String,
    /// In the order of being raised.
    pub(super) alarms: Vec<Raised>,
}

/// The row of what others raised on the shown recording; `None` where that is no scope.
fn row_of_others(input: &BacktestInput, plan: &Plan<'_>, others: &Others) -> Option<Built> {
    let shown = *plan.judged.first()?;
    let scope = plan.scopes.iter().find(|scope| scope.recordings == [shown])?;
    let replayed = plan.replayed[shown];
    let judgement = judge(&replayed.ground, &others.alarms);
    let summary = Summary::new(&replayed.ground, &replayed.frame, &judgement);
    let words = others.settings.clone();
    let choices = vec![Choice { words, threshold: None, summary, judgement }];
    let mut label = label(plan, (&others.method, scope), None);
    describe(&mut label, &choices);
    let chance = |choices: &[Choice]| Some(plan.chance(scope, choices, input));
    Some(finish(scope, label, (choices, chance)))
}

/// The same, alone.
pub(super) fn others(input: &BacktestInput, plan: &Plan<'_>, others: &Others) -> Option<Row> {
    row_of_others(input, plan, others).map(|built| built.row)
}

/// Puts the difference to every other method on the engine's rows.
fn pair(plan: &Plan<'_>, built: &mut [Built]) {
    let differences: Vec<Vec<_>> = built
        .par_iter()
        .map(|own| {
            let row = &own.row;
            if row.method.kind != MethodKind::Engine
                || row.reading != RowReading::OperatingPoint
                || own.choices.is_empty()
            {
                return Vec::new();
            }
            let Some(scope) = plan.scopes.iter().find(|scope| scope.scope == row.scope) else {
                return Vec::new();
            };
            let mine: Vec<&Summary> = own.choices.iter().map(|choice| &choice.summary).collect();
            built
                .iter()
                .filter(|other| {
                    other.row.method.name != row.method.name
                        && other.row.scope == row.scope
                        && other.row.reading == RowReading::OperatingPoint
                        && (other.row.budget == row.budget || other.row.budget.is_none())
                        && !other.choices.is_empty()
                })
                .filter_map(|other| {
                    let theirs: Vec<&Summary> =
                        other.choices.iter().map(|choice| &choice.summary).collect();
                    scope.paired(&mine, (&other.row.method, &theirs))
                })
                .collect()
        })
        .collect();
    for (own, paired) in built.iter_mut().zip(differences) {
        own.row.paired = paired;
    }
}

/// Curves on the shown recording and on all training recordings together.
fn curves(
    input: &BacktestInput,
    plan: &Plan<'_>,
    (methods, built): (&[Tried], &[Built]),
    table: &mut Table,
) {
    let wide =
        |scope: &&ScopeData<'_>| scope.recordings.len() > 1 || scope.recordings == [plan.judged[0]];
    for scope in plan.scopes.iter().filter(wide) {
        let tuned = methods.iter().filter(|tried| tried.method.variant == Variant::Tuned);
        for tried in tuned.filter(|tried| !judges_itself(plan, (tried, scope))) {
            // A grid has one curve per pair; the pair that training chose stands for it.
            let chosen = choose(&tried.points, &plan.replayed, &plan.training, input.shown_budget)
                .filter(|_| !plan.training.is_empty())
                .or(tried.points.first());
            let Some(scorer) = chosen.map(|point| point.scorer.clone()) else { continue };
            let points: Vec<(f64, Vec<&Summary>)> = tried
                .points
                .iter()
                .filter(|point| point.scorer == scorer)
                .map(|point| {
                    (
                        point.threshold,
                        scope.recordings.iter().map(|one| &point.summaries[*one]).collect(),
                    )
                })
                .collect();
            let mut curve = scope.event_pr(&tried.method.name, &points);
            curve.points.sort_by(|a, b| b.threshold.total_cmp(&a.threshold));
            table.event_pr.push(curve);
        }
        for one in built {
            let row = &one.row;
            let shown = row.budget.is_none_or(|budget| budget == input.shown_budget);
            let grid = row.method.name.starts_with("predict_linear_");
            if row.scope == scope.scope
                && row.reading == RowReading::OperatingPoint
                && shown
                && !grid
                && !one.choices.is_empty()
            {
                let summaries: Vec<&Summary> =
                    one.choices.iter().map(|choice| &choice.summary).collect();
                table.lead.push(scope.lead_curve(row, &summaries));
            }
        }
    }
}

/// The engine's rows by kind of the primary outcome.
fn kinds(input: &BacktestInput, plan: &Plan<'_>, built: &[Built], table: &mut Table) {
    let engine = |one: &&Built| {
        one.row.method.kind == MethodKind::Engine
            && one.row.reading == RowReading::OperatingPoint
            && !one.choices.is_empty()
            && (one.row.method.variant == Variant::Tuned || plan.training.is_empty())
    };
    for one in built.iter().filter(engine) {
        let Some(scope) = plan.scopes.iter().find(|scope| scope.scope == one.row.scope) else {
            continue;
        };
        let budget = one.row.budget.unwrap_or(input.shown_budget);
        for kind in foresail_core::FailureKind::ALL {
            let parts: Vec<_> = one.choices.iter().map(|choice| kind_part(choice, *kind)).collect();
            let row = scope.kind_row((*kind, budget), &parts);
            if row.incidents > 0 || row.alarms > 0 {
                table.kinds.push(row);
            }
        }
    }
}

/// What one recording adds to the row of `kind`.
fn kind_part(choice: &Choice, kind: foresail_core::FailureKind) -> KindPart<'_> {
    let of_kind = choice.judgement.alarms.iter().filter(|judged| judged.raised.kind == kind);
    let (alarms, false_alarms) = of_kind.fold((0, 0), |(all, wrong), judged| {
        (all + 1, wrong + u32::from(judged.fate == AlarmFate::False))
    });
    KindPart { summary: &choice.summary, alarms, false_alarms }
}
