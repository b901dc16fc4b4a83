//! Rows by true and predicted class.

use super::scene::{Anchor, Fill, Paint, Point, Scene, Size, TextStyle, text_width};

/// Rows by true and predicted class.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Rows by true class, then by predicted class.
    pub counts: Vec<Vec<u64>>,
}

/// Above the cells: the names of the columns and what they are.
const TOP: f64 = 56.0;
/// Longest name that is drawn, in characters.
const NAME: usize = 20;
/// A cell in which every row of the class lies.
const FULL: f64 = 0.9;

impl Confusion {
    /// Width that its columns need in a file and on a wide page.
    pub(crate) const fn width(&self) -> f64 {
        let n = self.classes.len() as f64;
        if n > 8.0 { 220.0 + 42.0 * n } else { 560.0 }
    }

    /// Height that its rows need.
    pub(crate) const fn height(&self) -> f64 {
        TOP + 34.0 * self.classes.len() as f64 + 16.0
    }

    pub(crate) fn draw(&self, size: Size) -> Scene {
        let mut scene = Scene::new(size);
        let n = self.classes.len().max(1) as f64;
        let names: Vec<String> = self.classes.iter().map(|class| shortened(class)).collect();
        let em = if size.width / n < 30.0 { 9.0 } else { 12.0 };
        let widest = names.iter().map(|name| text_width(name, em)).fold(0.0, f64::max);
        let left = (widest + 34.0).min(size.width * 0.42);
        let cell = ((size.width - left - 8.0) / n, (size.height - TOP - 16.0) / n);
        // Columns bear numbers where their names would run into each other.
        let is_narrow = widest > cell.0 - 8.0;
        for (place, name) in names.iter().enumerate() {
            let middle = (place as f64 + 0.5, TOP + cell.1 * (place as f64 + 0.5));
            let number = format!("{}", place + 1);
            let row = if is_narrow { format!("{name}  {number}") } else { name.clone() };
            let at = Point { x: left - 8.0, y: middle.1 + 4.0 };
            scene.text(at, row, TextStyle::new(Paint::Ink, Anchor::End).sized(em));
            let at = Point { x: left + cell.0 * middle.0, y: TOP - 8.0 };
            let column = if is_narrow { number } else { name.clone() };
            scene.text(at, column, TextStyle::new(Paint::Ink, Anchor::Middle).sized(em));
        }
        let words = TextStyle::new(Paint::Muted, Anchor::Start);
        scene.text(Point { x: left, y: 18.0 }, "predicted \u{2192}", words);
        scene.text(Point { x: 8.0, y: TOP - 8.0 }, "true \u{2193}", words);
        for (row, counts) in self.counts.iter().enumerate() {
            let all = counts.iter().sum::<u64>().max(1) as f64;
            for (column, &count) in counts.iter().enumerate() {
                let corner =
                    Point { x: left + cell.0 * column as f64, y: TOP + cell.1 * row as f64 };
                let what = Cell { corner, size: cell, count, share: count as f64 / all, em };
                what.draw(&mut scene, if row == column { Paint::Subject } else { Paint::Failure });
            }
        }
        scene
    }
}

/// One cell.
struct Cell {
    corner: Point,
    size: (f64, f64),
    count: u64,
    /// Share of the rows of its class.
    share: f64,
    em: f64,
}

impl Cell {
    fn draw(&self, scene: &mut Scene, paint: Paint) {
        let Point { x, y } = self.corner;
        let end = Point { x: x + self.size.0 - 2.0, y: y + self.size.1 - 2.0 };
        scene.rect(self.corner, end, Fill { paint: Paint::Grid, opacity: 0.45 });
        if self.count > 0 {
            // A single stray row must be seen beside hundreds.
            let opacity = 0.12 + (FULL - 0.12) * self.share;
            scene.rect(self.corner, end, Fill { paint, opacity });
        }
        let words = self.count.to_string();
        if text_width(&words, self.em) < self.size.0 {
            let at = Point { x: f64::midpoint(x, end.x), y: f64::midpoint(y, end.y) + 4.0 };
            let ink = match (self.count, self.share > 0.55) {
                (0, _) => Paint::Muted,
                (_, true) => Paint::Surface,
                (_, false) => Paint::Ink,
            };
            scene.text(at, words, TextStyle::new(ink, Anchor::Middle).sized(self.em));
        }
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['\u{2026}']).collect()
}
