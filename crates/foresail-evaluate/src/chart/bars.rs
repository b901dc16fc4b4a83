//! Shares of incidents caught, per failure kind.

use super::axes::{Key, Plot, Scale, legend, share_ticks};
use super::scene::{Anchor, Fill, Paint, Point, Scene, Size, Stroke, TextStyle};

/// One failure kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Reachable incidents.
    pub reachable: u32,
    /// Of these, caught in time by an alarm of any kind.
    pub caught: u32,
    /// Of these, caught in time by an alarm that names this kind.
    pub right_kind: u32,
}

/// Shares per failure kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The kinds, in the order drawn.
    pub rows: Vec<Bar>,
}

const ROW: f64 = 50.0;
const THICK: f64 = 13.0;

impl Bars {
    /// Height that its rows need.
    pub(crate) const fn height(&self) -> f64 {
        let rows = if self.rows.len() < 3 { 3 } else { self.rows.len() };
        110.0 + ROW * rows as f64
    }

    pub(crate) fn draw(&self, size: Size) -> Scene {
        let mut scene = Scene::new(size);
        let used = legend(&mut scene, Point { x: 8.0, y: 20.0 }, &keys());
        let top = used + 18.0;
        let bottom = top + ROW * self.rows.len().max(1) as f64;
        let plot = Plot {
            x: Scale { domain: (0.0, 1.0), pixels: (108.0, size.width - 62.0) },
            y: Scale { domain: (0.0, 1.0), pixels: (bottom, top) },
        };
        for tick in share_ticks() {
            let ends = vec![plot.at(tick.value, 0.0), plot.at(tick.value, 1.0)];
            scene.line(ends, Stroke::solid(Paint::Grid, 1.0));
        }
        plot.horizontal(&mut scene, &share_ticks(), "reachable incidents caught");
        for (index, bar) in self.rows.iter().enumerate() {
            let middle = top + ROW * (index as f64 + 0.5);
            let label = Point { x: plot.left() - 10.0, y: middle + 4.0 };
            scene.text(label, bar.label.clone(), TextStyle::new(Paint::Ink, Anchor::End));
            let halves = [(bar.caught, Paint::Subject), (bar.right_kind, Paint::Second)];
            for (row, (caught, paint)) in halves.into_iter().enumerate() {
                let y = middle - THICK - 1.0 + row as f64 * (THICK + 2.0);
                bar.half(&mut scene, &plot, (caught, paint, y));
            }
        }
        if self.rows.is_empty() {
            let at = Point { x: f64::midpoint(plot.left(), plot.right()), y: top + ROW / 2.0 };
            scene.text(at, "no reachable incident", TextStyle::new(Paint::Muted, Anchor::Middle));
        }
        scene
    }
}

impl Bar {
    /// One method's bar with its count behind it.
    fn half(&self, scene: &mut Scene, plot: &Plot, (caught, paint, y): (u32, Paint, f64)) {
        let share = f64::from(caught) / f64::from(self.reachable.max(1));
        // A zero is drawn as a thin line: it is a result, not a gap.
        let end = plot.x.at(share).max(plot.left() + 2.0);
        let fill = Fill { paint, opacity: 1.0 };
        scene.rect(Point { x: plot.left(), y }, Point { x: end, y: y + THICK }, fill);
        let at = Point { x: end + 6.0, y: y + THICK - 2.5 };
        let words = format!("{caught} of {}", self.reachable);
        scene.text(at, words, TextStyle::new(Paint::Ink, Anchor::Start).sized(11.5));
    }
}

fn keys() -> [Key; 2] {
    let key =
        |label: &str, paint| Key { label: label.to_owned(), stroke: Stroke::solid(paint, 8.0) };
    [key("caught in time", Paint::Subject), key("and the kind named rightly", Paint::Second)]
}
