//! What ground truth knows was under way, as a strip of bars above the curves.

use super::super::axes::Scale;
use super::super::scene::{Anchor, Fill, Paint, Point, Scene, TextStyle, text_width};

/// An episode of ground truth, which the program never saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// When it began.
    pub from: f64,
    /// When it ended.
    pub to: f64,
    /// In words.
    pub label: String,
}

/// Height of one row of bars.
pub(super) const ROW: f64 = 19.0;

/// A bar with its place.
pub(super) struct Bar<'a> {
    episode: &'a Episode,
    bar: (f64, f64),
    words: (f64, Anchor),
    span: (f64, f64),
    pub(super) row: usize,
}

/// Gives each episode the first row in which neither its bar nor its label touches another.
pub(super) fn rows<'a>(episodes: &'a [Episode], x: &Scale) -> Vec<Bar<'a>> {
    let mut placed: Vec<Bar<'_>> = Vec::with_capacity(episodes.len());
    for episode in episodes {
        let inside = |minute: f64| x.at(minute).clamp(x.pixels.0, x.pixels.1);
        let (from, to) = (inside(episode.from), inside(episode.to));
        let bar = (from, to.max(from + 3.0));
        let width = text_width(&episode.label, 12.0) + 12.0;
        let fits = from + width <= x.pixels.1 + 12.0;
        let words = if fits { (from, Anchor::Start) } else { (x.pixels.1, Anchor::End) };
        let text = if fits { (from, from + width) } else { (x.pixels.1 - width, x.pixels.1) };
        let span = (bar.0.min(text.0), bar.1.max(text.1) + 4.0);
        let mut row = 0;
        let touches = |other: &Bar<'_>, row| {
            other.row == row && span.0 < other.span.1 && other.span.0 < span.1
        };
        while placed.iter().any(|other| touches(other, row)) {
            row += 1;
        }
        placed.push(Bar { episode, bar, words, span, row });
    }
    placed
}

/// Draws the bars from `top` on.
pub(super) fn draw(scene: &mut Scene, bars: &[Bar<'_>], top: f64) {
    for one in bars {
        let y = top + ROW * one.row as f64;
        let fill = Fill { paint: Paint::Truth, opacity: 0.2 };
        scene.rect(Point { x: one.bar.0, y }, Point { x: one.bar.1, y: y + 15.0 }, fill);
        let (x, anchor) = one.words;
        let side = if anchor == Anchor::Start { 5.0 } else { -5.0 };
        let style = TextStyle::new(Paint::Truth, anchor).bold();
        scene.text(Point { x: x + side, y: y + 11.5 }, one.episode.label.clone(), style);
    }
}
