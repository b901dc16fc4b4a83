//! Scales, ticks and the frame that every plot shares.

use super::scene::{Anchor, Paint, Point, Scene, Stroke, TextStyle, text_width};

/// Maps values to pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// First and last value.
    pub(crate) domain: (f64, f64),
    /// Where they stand.
    pub(crate) pixels: (f64, f64),
}

impl Scale {
    /// Where a value stands; values outside are drawn at the edge.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let (first, last) = self.domain;
        let share =
            if last > first { ((value - first) / (last - first)).clamp(0.0, 1.0) } else { 0.5 };
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }
}

/// A value of an axis and the word beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Two scales and the rectangle between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
}

impl Plot {
    /// Where a pair of values stands.
    pub(crate) fn at(&self, x: f64, y: f64) -> Point {
        Point { x: self.x.at(x), y: self.y.at(y) }
    }

    pub(crate) const fn left(&self) -> f64 {
        self.x.pixels.0
    }

    pub(crate) const fn right(&self) -> f64 {
        self.x.pixels.1
    }

    pub(crate) const fn bottom(&self) -> f64 {
        self.y.pixels.0
    }

    pub(crate) const fn top(&self) -> f64 {
        self.y.pixels.1
    }

    /// Draws a grid line and a label for each tick of the vertical axis, and its name above it.
    pub(crate) fn vertical(&self, scene: &mut Scene, ticks: &[Tick], name: &str) {
        for tick in ticks {
            let y = self.y.at(tick.value);
            let ends = vec![Point { x: self.left(), y }, Point { x: self.right(), y }];
            scene.line(ends, Stroke::solid(Paint::Grid, 1.0));
            let style = TextStyle::new(Paint::Muted, Anchor::End);
            scene.text(Point { x: self.left() - 8.0, y: y + 4.0 }, tick.label.clone(), style);
        }
        let style = TextStyle::new(Paint::Muted, Anchor::Start);
        scene.text(Point { x: 8.0, y: self.top() - 12.0 }, name, style);
    }

    /// Draws the horizontal axis with its ticks and its name.
    pub(crate) fn horizontal(&self, scene: &mut Scene, ticks: &[Tick], name: &str) {
        let y = self.bottom();
        let ends = vec![Point { x: self.left(), y }, Point { x: self.right(), y }];
        scene.line(ends, Stroke::solid(Paint::Muted, 1.0));
        let style = TextStyle::new(Paint::Muted, Anchor::Middle);
        for tick in ticks {
            let x = self.x.at(tick.value);
            let ends = vec![Point { x, y }, Point { x, y: y + 4.0 }];
            scene.line(ends, Stroke::solid(Paint::Muted, 1.0));
            scene.text(Point { x, y: y + 18.0 }, tick.label.clone(), style);
        }
        let middle = f64::midpoint(self.left(), self.right());
        scene.text(Point { x: middle, y: y + 37.0 }, name, style);
    }
}

/// Ticks of a share: 0, 25, 50, 75 and 100 %.
pub(crate) fn share_ticks() -> Vec<Tick> {
    fitting_shares(1.0).1
}

/// The last value of an axis of shares that is to show `highest` well, and its ticks.
pub(crate) fn fitting_shares(highest: f64) -> (f64, Vec<Tick>) {
    let (last, step) = match highest {
        h if h <= 0.2 => (20, 5),
        h if h <= 0.5 => (50, 10),
        _ => (100, 25),
    };
    let tick =
        |percent: u32| Tick { value: f64::from(percent) / 100.0, label: format!("{percent} %") };
    (f64::from(last) / 100.0, (0..=last).step_by(step).map(tick).collect())
}

/// Ticks at round values within a domain, at most `count` + 1 of them.
pub(crate) fn round_ticks((first, last): (f64, f64), count: u32) -> Vec<Tick> {
    let step = round_step((last - first) / f64::from(count.max(1)));
    let decimals = if step < 1.0 { (-step.log10()).ceil().clamp(0.0, 6.0) as usize } else { 0 };
    steps((first, last), step)
        .map(|value| Tick { value, label: format!("{value:.decimals$}") })
        .collect()
}

/// Ticks at round numbers of minutes within a domain, at most `count` + 1 of them.
pub(crate) fn minute_ticks((first, last): (f64, f64), count: u32) -> Vec<Tick> {
    const STEPS: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 240.0, 480.0];
    let least = (last - first) / f64::from(count.max(1));
    let step = STEPS.into_iter().find(|step| *step >= least).unwrap_or_else(|| round_step(least));
    steps((first, last), step).map(|value| Tick { value, label: minutes(value) }).collect()
}

/// A number of minutes with a true minus sign.
fn minutes(value: f64) -> String {
    if value < 0.0 { format!("\u{2212}{:.0}", -value) } else { format!("{value:.0}") }
}

fn steps((first, last): (f64, f64), step: f64) -> impl Iterator<Item = f64> {
    let from = (first / step - 1e-9).ceil() as i64;
    let to = (last / step + 1e-9).floor() as i64;
    // An axis never holds more; guards against a domain that is no number.
    (from..=to.min(from.saturating_add(100))).map(move |index| index as f64 * step)
}

/// The least of 1, 2, 5 times a power of ten that is at least `least`.
fn round_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= least * 0.999_999)
        .unwrap_or(power * 10.0)
}

/// One entry of a legend.
pub(crate) struct Key {
    pub(crate) label: String,
    pub(crate) stroke: Stroke,
}

/// Draws a legend from `at` on, in rows that end before the picture does; returns the rows' height.
pub(crate) fn legend(scene: &mut Scene, at: Point, keys: &[Key]) -> f64 {
    const ROW: f64 = 19.0;
    let (mut x, mut row) = (at.x, 0.0);
    for key in keys {
        let width = 26.0 + text_width(&key.label, 12.0) + 14.0;
        if x > at.x && x + width - 14.0 > scene.size.width - 8.0 {
            (x, row) = (at.x, row + 1.0);
        }
        let y = at.y + row * ROW;
        scene.line(vec![Point { x, y: y - 4.0 }, Point { x: x + 20.0, y: y - 4.0 }], key.stroke);
        let style = TextStyle::new(Paint::Ink, Anchor::Start);
        scene.text(Point { x: x + 26.0, y }, key.label.clone(), style);
        x += width;
    }
    if keys.is_empty() { 0.0 } else { (row + 1.0) * ROW }
}
