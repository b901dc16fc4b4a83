//! Named shares of a whole, as bars.

use super::scene::{Anchor, Fill, Paint, Point, Scene, Size, TextStyle, text_width};

/// Named shares, the greatest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Name and share.
    pub rows: Vec<(String, f64)>,
}

const ROW: f64 = 24.0;
const TOP: f64 = 8.0;

impl Shares {
    /// Height that its rows need.
    pub(crate) const fn height(&self) -> f64 {
        let rows = if self.rows.len() < 3 { 3 } else { self.rows.len() };
        TOP + ROW * rows as f64 + 8.0
    }

    pub(crate) fn draw(&self, size: Size) -> Scene {
        let mut scene = Scene::new(size);
        let ink = TextStyle::new(Paint::Ink, Anchor::End);
        let most = ((size.width * 0.45) / (ink.em * 0.6)) as usize;
        let names: Vec<String> = self.rows.iter().map(|(name, _)| shortened(name, most)).collect();
        let widest = names.iter().map(|name| text_width(name, ink.em)).fold(0.0, f64::max);
        let left = widest + 16.0;
        let greatest = self.rows.iter().map(|(_, share)| *share).fold(0.0, f64::max);
        let scale = if greatest > 0.0 { (size.width - left - 62.0) / greatest } else { 0.0 };
        for (place, (name, (_, share))) in names.into_iter().zip(&self.rows).enumerate() {
            let y = TOP + ROW * place as f64;
            scene.text(Point { x: left - 8.0, y: y + 15.0 }, name, ink);
            // A zero is drawn as a thin line: it is a result, not a gap.
            let end = left + (share * scale).max(1.5);
            let fill = Fill { paint: Paint::Subject, opacity: 1.0 };
            scene.rect(Point { x: left, y: y + 4.0 }, Point { x: end, y: y + ROW - 5.0 }, fill);
            let at = Point { x: end + 6.0, y: y + 15.0 };
            let words = format!("{:.1} %", 100.0 * share);
            scene.text(at, words, TextStyle::new(Paint::Ink, Anchor::Start).sized(11.5));
        }
        if self.rows.is_empty() {
            let at = Point { x: size.width / 2.0, y: TOP + ROW * 1.5 };
            scene.text(at, "nothing", TextStyle::new(Paint::Muted, Anchor::Middle));
        }
        scene
    }
}

fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most.max(2) {
        return name.to_owned();
    }
    name.chars().take(most.max(2) - 1).chain(['\u{2026}']).collect()
}
