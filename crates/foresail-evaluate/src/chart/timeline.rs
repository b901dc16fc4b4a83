//! One incident over time: a quantity against its limit, the probability below it on the same time
//! axis, the alarms as a band behind both, and what happened as upright lines.

use super::axes::{Key, Plot, Scale, legend, minute_ticks, round_ticks, share_ticks};
use super::scene::{Anchor, Fill, Paint, Point, Scene, Size, Stroke, TextStyle, text_width};

mod episodes;

pub use episodes::Episode;

/// A value at a time; `None` cuts the line (a restart, a gap in scraping).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Minutes on the picture's time axis.
    pub minute: f64,
    /// The value.
    pub value: Option<f64>,
}

/// How long an alarm was open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlarmSpan {
    /// When it was raised.
    pub from: f64,
    /// When it ended.
    pub to: f64,
}

/// What an upright line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentKind {
    /// Something that was seen to change, such as a rollout.
    Change,
    /// An alarm was raised.
    Alarm,
    /// The latest time at which an alarm would have been useful.
    Deadline,
    /// The failure happened.
    Failure,
}

/// Something that happened at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub minute: f64,
    /// What sort of thing.
    pub kind: MomentKind,
    /// In words.
    pub label: String,
}

/// A quantity and its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What it is.
    pub name: String,
    /// Unit of the values.
    pub unit: String,
    /// The values of the container that leads.
    pub values: Vec<Reading>,
    /// The values of its sisters.
    pub others: Vec<Vec<Reading>>,
    /// The limit, which may change.
    pub limit: Vec<Reading>,
}

/// One incident over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What runs toward its limit; `None` if the incident has no such quantity.
    pub level: Option<Level>,
    /// Probability of a failure within the horizon.
    pub probability: Vec<Reading>,
    /// What is compared with the threshold, in `0.0..=1.0`; empty if it is the probability itself.
    pub score: Vec<Reading>,
    /// The score that raises an alarm.
    pub threshold: Option<f64>,
    /// Alarms on the unit.
    pub alarms: Vec<AlarmSpan>,
    /// What ground truth knows was under way, by time.
    pub episodes: Vec<Episode>,
    /// What happened.
    pub moments: Vec<Moment>,
    /// First and last minute drawn.
    pub span: (f64, f64),
    /// Name of the time axis.
    pub time_name: String,
}

const ROW: f64 = 17.0;
const LEFT: f64 = 52.0;
const LEVEL: Stroke = Stroke::solid(Paint::Ink, 2.0);
const LIMIT: Stroke = Stroke::dashed(Paint::Failure, 1.5);
const PROBABILITY: Stroke = Stroke::solid(Paint::Subject, 2.0);
const SCORE: Stroke = Stroke::solid(Paint::Other, 1.25);
const THRESHOLD: Stroke = Stroke::dotted(Paint::Alarm, 2.0);

// === impl MomentKind ===

impl MomentKind {
    const fn paint(self) -> Paint {
        match self {
            Self::Alarm => Paint::Alarm,
            Self::Change | Self::Deadline => Paint::Muted,
            Self::Failure => Paint::Failure,
        }
    }

    const fn stroke(self) -> Stroke {
        match self {
            Self::Alarm => Stroke::solid(Paint::Alarm, 1.5),
            Self::Change => Stroke::dashed(Paint::Muted, 1.0),
            Self::Deadline => Stroke::dotted(Paint::Muted, 1.5),
            Self::Failure => Stroke::solid(Paint::Failure, 2.0),
        }
    }
}

// === impl Level ===

impl Level {
    fn highest(&self) -> f64 {
        let all = self.others.iter().flatten().chain(&self.values).chain(&self.limit);
        let finite = all.filter_map(|reading| reading.value).filter(|value| value.is_finite());
        let highest = finite.fold(0.0, f64::max);
        if highest > 0.0 { highest * 1.12 } else { 1.0 }
    }

    fn draw(&self, scene: &mut Scene, plot: &Plot) {
        plot.vertical(scene, &round_ticks(plot.y.domain, 4), &self.unit);
        for other in &self.others {
            stretches(scene, plot, (other, Stroke::solid(Paint::Other, 1.25)));
        }
        stretches(scene, plot, (&self.limit, LIMIT));
        if let Some(value) = self.limit.iter().rev().find_map(|reading| reading.value) {
            let words = format!("limit {value:.0} {}", self.unit);
            let at = Point { x: plot.left() + 6.0, y: plot.y.at(value) - 5.0 };
            scene.text(at, words, TextStyle::new(Paint::Failure, Anchor::Start));
        }
        stretches(scene, plot, (&self.values, LEVEL));
    }
}

// === impl Timeline ===

impl Timeline {
    pub(crate) fn draw(&self, size: Size) -> Scene {
        let mut scene = Scene::new(size);
        let keys = legend(&mut scene, Point { x: 8.0, y: 20.0 }, &self.keys());
        let x = Scale { domain: self.span, pixels: (LEFT, size.width - 20.0) };
        let labels = self.rows_of_labels(&x);
        let rows = labels.iter().map(|label| label.row + 1).max().unwrap_or(0) as f64;
        let bars = episodes::rows(&self.episodes, &x);
        let strips = bars.iter().map(|bar| bar.row + 1).max().unwrap_or(0) as f64;
        let strip = keys + 12.0 + ROW * rows;
        let (first, last) = (strip + 20.0 + episodes::ROW * strips, size.height - 50.0);
        let split = first + (last - first) * 0.6;
        let plot = |domain, pixels| Plot { x, y: Scale { domain, pixels } };
        self.bands(&mut scene, &x, (first, last));
        let top = match &self.level {
            Some(level) => {
                level.draw(&mut scene, &plot((0.0, level.highest()), (split - 16.0, first)));
                split + 20.0
            }
            None => first,
        };
        self.lower(&mut scene, &plot((0.0, 1.0), (last, top)));
        uprights(&mut scene, &labels, (keys + 8.0, last));
        episodes::draw(&mut scene, &bars, strip);
        scene
    }

    fn keys(&self) -> Vec<Key> {
        let key = |label: &str, stroke| Key { label: label.to_owned(), stroke };
        let mut keys = Vec::new();
        if let Some(level) = &self.level {
            keys.push(key(&level.name, LEVEL));
            if !level.limit.is_empty() {
                keys.push(key("its limit", LIMIT));
            }
        }
        if !self.probability.is_empty() {
            keys.push(key("probability", PROBABILITY));
        }
        if !self.score.is_empty() {
            keys.push(key("alarm score", SCORE));
        }
        if self.threshold.is_some() {
            keys.push(key("alarm threshold", THRESHOLD));
        }
        if !self.alarms.is_empty() {
            keys.push(key("alarm open", Stroke::solid(Paint::Band, 8.0)));
        }
        if !self.episodes.is_empty() {
            keys.push(key("ground truth", Stroke::solid(Paint::Truth, 8.0)));
        }
        keys
    }

    fn bands(&self, scene: &mut Scene, x: &Scale, (top, bottom): (f64, f64)) {
        for alarm in &self.alarms {
            let (from, to) = (x.at(alarm.from), x.at(alarm.to));
            let fill = Fill { paint: Paint::Band, opacity: 0.22 };
            scene.rect(Point { x: from, y: top }, Point { x: to.max(from + 1.5), y: bottom }, fill);
        }
    }

    fn lower(&self, scene: &mut Scene, plot: &Plot) {
        let halves: Vec<_> = share_ticks().into_iter().step_by(2).collect();
        plot.vertical(scene, &halves, "probability");
        let count = ((plot.right() - plot.left()) / 60.0) as u32;
        plot.horizontal(scene, &minute_ticks(plot.x.domain, count), &self.time_name);
        if let Some(threshold) = self.threshold {
            let y = plot.y.at(threshold);
            scene.line(vec![Point { x: plot.left(), y }, Point { x: plot.right(), y }], THRESHOLD);
        }
        for run in runs(&self.probability) {
            let mut below: Vec<_> = run.iter().map(|&(x, y)| plot.at(x, y)).collect();
            if let Some((from, to)) = below.first().zip(below.last()).map(|(a, b)| (a.x, b.x)) {
                below.push(Point { x: to, y: plot.bottom() });
                below.push(Point { x: from, y: plot.bottom() });
            }
            scene.area(below, Fill { paint: Paint::Subject, opacity: 0.14 });
        }
        stretches(scene, plot, (&self.score, SCORE));
        stretches(scene, plot, (&self.probability, PROBABILITY));
    }

    /// Gives each label the first row in which it touches no other.
    fn rows_of_labels(&self, x: &Scale) -> Vec<Placed<'_>> {
        let mut placed: Vec<Placed<'_>> = Vec::with_capacity(self.moments.len());
        let mut moments: Vec<&Moment> = self.moments.iter().collect();
        moments.sort_by(|a, b| a.minute.total_cmp(&b.minute));
        for moment in moments {
            let at = x.at(moment.minute);
            let width = text_width(&moment.label, 12.0) + 10.0;
            let right = at + width <= x.pixels.1 + 12.0 || at - width < 0.0;
            let anchor = if right { Anchor::Start } else { Anchor::End };
            let span = if right { (at, at + width) } else { (at - width, at) };
            let mut row = 0;
            while placed.iter().any(|other| other.hides(span, row)) {
                row += 1;
            }
            placed.push(Placed { moment, x: at, anchor, span, row });
        }
        placed
    }
}

/// A label with its place.
struct Placed<'a> {
    moment: &'a Moment,
    x: f64,
    anchor: Anchor,
    span: (f64, f64),
    row: usize,
}

impl Placed<'_> {
    /// Whether a label of this span in this row would touch this one.
    fn hides(&self, (from, to): (f64, f64), row: usize) -> bool {
        self.row == row && from < self.span.1 && self.span.0 < to
    }
}

/// Draws upright lines with their labels from `top`, where the rows of labels begin. Each label has
/// a ground of its own, for the lines of others may run behind it.
fn uprights(scene: &mut Scene, labels: &[Placed<'_>], (top, bottom): (f64, f64)) {
    for label in labels {
        let top = top + ROW * label.row as f64;
        let line = vec![Point { x: label.x, y: top }, Point { x: label.x, y: bottom }];
        scene.line(line, label.moment.kind.stroke());
    }
    for label in labels {
        let top = top + ROW * label.row as f64;
        let (from, to) = label.span;
        let ground = Fill { paint: Paint::Surface, opacity: 1.0 };
        let side = if label.anchor == Anchor::Start { 2.0 } else { -2.0 };
        let corners =
            (Point { x: from + side, y: top - 1.0 }, Point { x: to + side, y: top + 14.0 });
        scene.rect(corners.0, corners.1, ground);
        let style = TextStyle::new(label.moment.kind.paint(), label.anchor).bold();
        let at = Point { x: label.x + 3.0 * side, y: top + 10.0 };
        scene.text(at, label.moment.label.clone(), style);
    }
}

/// Draws a series, broken where it was cut.
fn stretches(scene: &mut Scene, plot: &Plot, (readings, stroke): (&[Reading], Stroke)) {
    for run in runs(readings) {
        scene.line(run.into_iter().map(|(x, y)| plot.at(x, y)).collect(), stroke);
    }
}

/// The stretches without a cut.
fn runs(readings: &[Reading]) -> Vec<Vec<(f64, f64)>> {
    let mut out: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for reading in readings {
        match (reading.value.filter(|value| value.is_finite()), out.last_mut()) {
            (Some(value), Some(run)) => run.push((reading.minute, value)),
            (Some(_) | None, _) => out.push(Vec::new()),
        }
    }
    out.retain(|run| !run.is_empty());
    out
}
