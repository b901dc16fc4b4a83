//! The result as charts.

use foresail_core::Timestamp;

use super::contest::{Contest, same, scope_words, shown_scope};
use super::words::{percent, short, spaced};
use crate::chart::{
    AlarmSpan, Bar, Bars, Chart, Curve, Curves, CurvesAxes, Emphasis, Episode, Figure, Level,
    Moment, MomentKind, Reading, Reliability, ReliabilityBin, Timeline,
};
use crate::result::{
    AlarmFate, Annotation, AnnotationSource, BacktestResult, EventPrCurve, IncidentFate, KindRow,
    LeadCurve, LeadPoint, LevelSeries, MethodKind, Row, Scope, SeriesPoint, Timeline as Story,
    TimelineStory,
};

/// Longest label inside a chart, in characters.
const LABEL: usize = 34;

/// The charts about all incidents.
pub(crate) fn overview(result: &BacktestResult) -> Vec<Chart> {
    vec![precision_recall(result), lead(result), reliability(result), kinds(result)]
}

/// The charts about single incidents, in the order of the result's timelines.
pub(crate) fn stories(result: &BacktestResult) -> Vec<Chart> {
    result.timelines.iter().map(story).collect()
}

fn precision_recall(result: &BacktestResult) -> Chart {
    let scope = shown_scope(result);
    let ranks = Ranks::of(result);
    let curves: Vec<Curve> = result
        .curves
        .event_pr
        .iter()
        .filter(|curve| curve.scope == scope)
        .map(|curve| ranks.precision_recall(curve))
        .collect();
    let axes = CurvesAxes::Shares {
        x: "reachable incidents caught in time".to_owned(),
        y: "alarms that were right".to_owned(),
    };
    Chart {
        name: "precision-recall".to_owned(),
        title: "How many alarms are right, as more incidents are caught".to_owned(),
        reading: format!(
            "Each curve lowers one method\u{2019}s threshold on {}; up and to the right is better. \
             Dots are the thresholds chosen beforehand. Curves describe; they claim nothing.",
            scope_words(&scope)
        ),
        figure: Figure::Curves(Curves { axes, curves }),
    }
}

fn lead(result: &BacktestResult) -> Chart {
    let scope = shown_scope(result);
    let ranks = Ranks::of(result);
    let here = |curve: &&LeadCurve| {
        // The engine as shipped would be a second line of the same name.
        let own = ranks.emphasis(&curve.method) != Emphasis::Subject || curve.budget.is_some();
        own && curve.scope == scope
            && curve.budget.is_none_or(|budget| same(budget, result.shown_budget))
    };
    let curves = result.curves.lead.iter().filter(here).map(|curve| ranks.lead(curve)).collect();
    let axes = CurvesAxes::Minutes {
        x: "lead of at least \u{2026} production minutes".to_owned(),
        y: "reachable incidents caught".to_owned(),
    };
    Chart {
        name: "lead-time".to_owned(),
        title: "How early incidents are caught".to_owned(),
        reading: "Share of reachable incidents announced at least so many production minutes \
                  before; higher is better."
            .to_owned(),
        figure: Figure::Curves(Curves { axes, curves }),
    }
}

fn reliability(result: &BacktestResult) -> Chart {
    let scope = shown_scope(result);
    let here = result.curves.reliability.iter().filter(|curve| curve.scope == scope);
    // The longest horizon has the most failures, so its bins say most.
    let longest =
        here.max_by(|a, b| a.horizon_production_minutes.total_cmp(&b.horizon_production_minutes));
    let bins = longest.map_or(&[][..], |curve| &curve.bins);
    let all = bins.iter().map(|bin| f64::from(bin.n)).sum::<f64>().max(1.0);
    let bins = bins
        .iter()
        .map(|bin| ReliabilityBin {
            announced: bin.said,
            observed: bin.happened,
            share: f64::from(bin.n) / all,
        })
        .collect();
    let horizon = longest.map_or_else(String::new, |curve| {
        format!(" within {:.0} production minutes", curve.horizon_production_minutes)
    });
    Chart {
        name: "reliability".to_owned(),
        title: "Whether a probability means what it says".to_owned(),
        reading: format!(
            "Announced probability of a failure{horizon} against how often it came, where one was \
             given. On the dashed line is perfect, above it too cautious, below it too loud. Larger dots hold more \
             predictions."
        ),
        figure: Figure::Reliability(Reliability { bins }),
    }
}

fn kinds(result: &BacktestResult) -> Chart {
    let scope = shown_scope(result);
    let here = |row: &&KindRow| {
        row.scope == scope && same(row.budget, result.shown_budget) && row.reachable > 0
    };
    let rows = result
        .kinds
        .iter()
        .filter(here)
        .map(|row| Bar {
            label: spaced(&row.kind),
            reachable: row.reachable,
            caught: row.caught,
            right_kind: row.caught_right_kind,
        })
        .collect();
    Chart {
        name: "kinds".to_owned(),
        title: "What Foresail catches, by kind of failure".to_owned(),
        reading: "Reachable incidents by their first failure. Few incidents of a kind say little \
                  about it."
            .to_owned(),
        figure: Figure::Bars(Bars { rows }),
    }
}

/// Who is drawn how.
struct Ranks<'a> {
    contest: Option<Contest<'a>>,
    second: Option<&'a Row>,
}

impl<'a> Ranks<'a> {
    fn of(result: &'a BacktestResult) -> Self {
        let contest = Contest::shown(result);
        let second = contest.as_ref().and_then(|contest| {
            let rival = contest.rival.map(|row| &row.method.name);
            contest
                .others
                .iter()
                .copied()
                .filter(|row| row.method.kind == MethodKind::Baseline)
                .filter(|row| Some(&row.method.name) != rival)
                .filter(|row| row.method.name != contest.subject.method.name)
                .reduce(|best, row| {
                    let more = row.counts.reachable_matched > best.counts.reachable_matched;
                    if more { row } else { best }
                })
        });
        Self { contest, second }
    }

    fn emphasis(&self, method: &str) -> Emphasis {
        let is = |row: Option<&Row>| row.is_some_and(|row| row.method.name == method);
        if is(self.contest.as_ref().map(|contest| contest.subject)) {
            Emphasis::Subject
        } else if is(self.contest.as_ref().and_then(|contest| contest.rival)) {
            Emphasis::Rival
        } else if is(self.second) {
            Emphasis::Second
        } else {
            Emphasis::Other
        }
    }

    /// The row of a method, which gives its name for people and its operating point.
    fn row(&self, method: &str) -> Option<&'a Row> {
        let contest = self.contest.as_ref()?;
        let mut all = std::iter::once(contest.subject)
            .chain(contest.rival)
            .chain(contest.others.iter().copied());
        all.find(|row| row.method.name == method)
    }

    fn label(&self, method: &str) -> String {
        self.row(method).map_or_else(|| spaced(method), |row| short(&row.method.title, LABEL))
    }

    fn precision_recall(&self, curve: &EventPrCurve) -> Curve {
        let points = curve.points.iter().filter_map(|p| Some((p.recall, p.precision?)));
        let chosen = self.row(&curve.method);
        Curve {
            label: self.label(&curve.method),
            emphasis: self.emphasis(&curve.method),
            points: points.collect(),
            operating_point: chosen.and_then(|row| Some((row.recall?.value, row.precision?.value))),
        }
    }

    fn lead(&self, curve: &LeadCurve) -> Curve {
        let pair = |p: &LeadPoint| (p.lead_production_minutes, p.recall);
        Curve {
            label: self.label(&curve.method),
            emphasis: self.emphasis(&curve.method),
            points: curve.points.iter().map(pair).collect(),
            operating_point: None,
        }
    }
}

/// The time axis of one story: production minutes from its event.
struct Axis<'a> {
    story: &'a Story,
    zero: Timestamp,
}

impl Axis<'_> {
    fn minute(&self, at: Timestamp) -> f64 {
        at.since(self.zero).as_seconds() * self.story.time_scale / 60.0
    }

    fn readings(&self, series: &[SeriesPoint], divisor: f64) -> Vec<Reading> {
        let reading = |point: &SeriesPoint| Reading {
            minute: self.minute(point.at),
            value: point.value.map(|value| value / divisor),
        };
        let inside =
            |point: &&SeriesPoint| point.at >= self.story.from && point.at <= self.story.to;
        series.iter().filter(inside).map(reading).collect()
    }

    fn level(&self) -> Option<Level> {
        let first = self.story.levels.first()?;
        let (unit, divisor) = unit(first);
        let sisters = self.story.levels.iter().skip(1).filter(|l| l.quantity == first.quantity);
        Some(Level {
            name: spaced(&first.quantity),
            unit,
            values: self.readings(&first.level, divisor),
            others: sisters.map(|l| self.readings(&l.level, divisor)).collect(),
            limit: self.readings(&first.limit, divisor),
        })
    }

    /// What was seen within the picture; a text that comes again soon is drawn once.
    fn notes(&self) -> Vec<Moment> {
        let story = self.story;
        let apart = (self.minute(story.to) - self.minute(story.from)) / 12.0;
        let mut out: Vec<Moment> = Vec::new();
        let inside = |note: &&Annotation| note.at >= story.from && note.at <= story.to;
        for note in story.annotations.iter().filter(inside) {
            match note.source {
                // Drawn as a bar.
                AnnotationSource::Truth => {}
                AnnotationSource::Observed => {
                    let label = short(&note.text, LABEL);
                    let minute = self.minute(note.at);
                    let near = |m: &Moment| m.label == label && (minute - m.minute).abs() < apart;
                    if !out.iter().any(near) {
                        out.push(Moment { minute, kind: MomentKind::Change, label });
                    }
                }
            }
        }
        out
    }

    /// What truth knows was under way.
    fn episodes(&self) -> Vec<Episode> {
        let of_truth = |note: &&Annotation| note.source == AnnotationSource::Truth;
        self.story
            .annotations
            .iter()
            .filter(of_truth)
            .map(|note| Episode {
                from: self.minute(note.at),
                to: self.minute(note.until.unwrap_or(note.at)),
                label: short(&spaced(&note.text), LABEL),
            })
            .collect()
    }

    fn moments(&self) -> Vec<Moment> {
        let story = self.story;
        let mut out: Vec<Moment> = self.notes();
        if let Some(alarm) = &story.alarm {
            let label = format!("alarm: {}", spaced(alarm.alarm.kind.as_str()));
            let minute = self.minute(alarm.alarm.raised_at);
            out.push(Moment { minute, kind: MomentKind::Alarm, label });
        }
        if let Some(deadline) = story.deadline.filter(|at| *at >= story.from) {
            let minute = self.minute(deadline);
            let label = "latest useful alarm".to_owned();
            out.push(Moment { minute, kind: MomentKind::Deadline, label });
        }
        if let Some(incident) = &story.incident {
            let label = spaced(incident.kind.as_str());
            let minute = self.minute(incident.occurred_at);
            out.push(Moment { minute, kind: MomentKind::Failure, label });
        }
        out
    }
}

fn story(story: &Story) -> Chart {
    let (zero, event) = match (&story.incident, &story.alarm) {
        (Some(incident), _) => (incident.occurred_at, "failure"),
        (None, Some(alarm)) => (alarm.alarm.raised_at, "alarm"),
        (None, None) => (story.to, "end"),
    };
    let axis = Axis { story, zero };
    let probability = axis.readings(&story.probability, 1.0);
    let score = axis.readings(&story.score, 1.0);
    let spans = story.alarm.iter().map(|alarm| AlarmSpan {
        from: axis.minute(alarm.alarm.raised_at),
        to: axis.minute(alarm.ended_at.min(story.to)),
    });
    let figure = Timeline {
        level: axis.level(),
        threshold: (story.threshold <= 1.0).then_some(story.threshold),
        score: if score == probability { Vec::new() } else { score },
        probability,
        alarms: spans.collect(),
        episodes: axis.episodes(),
        moments: axis.moments(),
        span: (axis.minute(story.from), axis.minute(story.to)),
        time_name: format!("production minutes from the {event}"),
    };
    Chart {
        name: format!("timeline-{}", story_name(story.story)),
        title: story.title.clone(),
        reading: story.reason.clone(),
        figure: Figure::Timeline(Box::new(figure)),
    }
}

/// The stable name of a story.
pub(crate) const fn story_name(story: TimelineStory) -> &'static str {
    match story {
        TimelineStory::Caught => "caught",
        TimelineStory::Late => "late",
        TimelineStory::Missed => "missed",
        TimelineStory::False => "false",
    }
}

/// The unit to draw a series in, and what to divide its values by: bytes in the unit that suits the
/// largest value.
fn unit(series: &LevelSeries) -> (String, f64) {
    const UNITS: [(&str, f64); 3] =
        [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)];
    if series.unit != "bytes" {
        return (series.unit.clone(), 1.0);
    }
    let values = series.level.iter().chain(&series.limit).filter_map(|point| point.value);
    let highest = values.fold(0.0, f64::max);
    let fits = UNITS.into_iter().find(|(_, size)| highest >= 2.0 * size);
    fits.map_or_else(|| ("bytes".to_owned(), 1.0), |(name, size)| (name.to_owned(), size))
}

/// What became of an incident or alarm, in a few words.
pub(crate) fn fate_words(story: &Story) -> String {
    if let Some(incident) = &story.incident {
        let late = story.alarm.as_ref().and_then(|alarm| alarm.lead_production_minutes);
        let lead = incident.lead_production_minutes.or(late);
        return match (incident.fate, lead) {
            (IncidentFate::Caught, Some(lead)) => format!("{lead:.0} production minutes ahead"),
            (IncidentFate::Caught, None) => "caught in time".to_owned(),
            (IncidentFate::Late, Some(lead)) => {
                format!("only {lead:.1} production minutes ahead")
            }
            (IncidentFate::Late, None) => "too late".to_owned(),
            (IncidentFate::Missed, _) => "no alarm".to_owned(),
        };
    }
    story.alarm.as_ref().map_or_else(String::new, |alarm| {
        let said = alarm.alarm.probability;
        let said = said.map_or_else(String::new, |p| format!(" at {}", percent(p.get())));
        match alarm.fate {
            AlarmFate::False => format!("alarm{said}, nothing came"),
            AlarmFate::Hit => format!("alarm{said}, it came"),
            AlarmFate::Late
            | AlarmFate::Early
            | AlarmFate::Intervened
            | AlarmFate::Blackout
            | AlarmFate::Nuisance => format!("alarm{said}, counted apart"),
        }
    })
}

/// Whether a scope is the one that is shown.
pub(crate) fn is_shown(result: &BacktestResult, scope: &Scope) -> bool {
    *scope == shown_scope(result)
}
