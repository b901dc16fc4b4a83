//! Pictures: a [`Figure`] is drawn once into a [`Scene`] and leaves as inline SVG, SVG file or PNG.
//!
//! ```text
//! Figure (plain numbers) ── draw(Size) ──> Scene (marks with semantic paints)
//!                                            ├─> svg::inline   coloured by the page's CSS, light and dark
//!                                            ├─> svg::document one file with its own style sheet
//!                                            └─> png::encode   raster of the same marks
//! ```
//!
//! Every output shows the same marks, so a picture in the page, an SVG and a PNG cannot disagree.

mod axes;
mod bars;
mod confusion;
mod curves;
mod png;
mod scene;
mod shares;
mod svg;
mod timeline;

pub use bars::{Bar, Bars};
pub use confusion::Confusion;
pub use curves::{Curve, Curves, CurvesAxes, Emphasis, Reliability, ReliabilityBin};
pub use png::PngError;
pub use scene::{Paint, Scene, Size};
pub use shares::Shares;
pub use timeline::{AlarmSpan, Episode, Level, Moment, MomentKind, Reading, Timeline};

/// Width of the pictures that stand side by side on a wide page.
pub(crate) const COLUMN: f64 = 560.0;

/// A picture of the report, in plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Curves of several methods over one pair of axes.
    Curves(Curves),
    /// Announced against observed frequency.
    Reliability(Reliability),
    /// Shares per failure kind.
    Bars(Bars),
    /// Rows by true and predicted class.
    Confusion(Confusion),
    /// Named shares of a whole.
    Shares(Shares),
    /// One incident over time.
    Timeline(Box<Timeline>),
}

/// A figure with its name and its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// File name without extension.
    pub name: String,
    /// Heading.
    pub title: String,
    /// One sentence that says how to read it. May contain untrusted names.
    pub reading: String,
    /// What is drawn.
    pub figure: Figure,
}

impl Chart {
    /// The picture at a size, without its heading.
    #[must_use]
    pub fn scene(&self, size: Size) -> Scene {
        match &self.figure {
            Figure::Curves(curves) => curves.draw(size),
            Figure::Reliability(reliability) => reliability.draw(size),
            Figure::Bars(bars) => bars.draw(size),
            Figure::Confusion(confusion) => confusion.draw(size),
            Figure::Shares(shares) => shares.draw(size),
            Figure::Timeline(timeline) => timeline.draw(size),
        }
    }

    /// The size of the picture in files and on a wide page.
    #[must_use]
    pub const fn wide(&self) -> Size {
        match self.figure {
            Figure::Curves(_) | Figure::Reliability(_) => Size { width: 560.0, height: 340.0 },
            Figure::Bars(ref bars) => Size { width: 560.0, height: bars.height() },
            Figure::Confusion(ref confusion) => {
                Size { width: confusion.width(), height: confusion.height() }
            }
            Figure::Shares(ref shares) => Size { width: 560.0, height: shares.height() },
            Figure::Timeline(_) => Size { width: 1100.0, height: 420.0 },
        }
    }

    /// The size of the picture on a phone.
    #[must_use]
    pub const fn narrow(&self) -> Size {
        match self.figure {
            Figure::Curves(_) | Figure::Reliability(_) => Size { width: 350.0, height: 320.0 },
            Figure::Bars(ref bars) => Size { width: 350.0, height: bars.height() },
            Figure::Confusion(ref confusion) => Size { width: 350.0, height: confusion.height() },
            Figure::Shares(ref shares) => Size { width: 350.0, height: shares.height() },
            Figure::Timeline(_) => Size { width: 350.0, height: 480.0 },
        }
    }

    /// The picture as markup to stand inside a page.
    #[must_use]
    pub fn inline_svg(&self, size: Size) -> String {
        svg::inline(&self.scene(size), &self.title, &self.reading)
    }

    /// The picture as an SVG file with its heading.
    #[must_use]
    pub fn svg_document(&self) -> String {
        svg::document(&self.headed(), &self.title, &self.reading)
    }

    /// The picture as a PNG file with its heading, two pixels to a unit.
    ///
    /// # Errors
    /// [`PngError`] if the raster cannot be drawn or encoded.
    pub fn png(&self) -> Result<Vec<u8>, PngError> {
        png::encode(&self.headed())
    }

    fn headed(&self) -> Scene {
        self.scene(self.wide()).with_heading(&self.title, &self.reading)
    }
}

/// The colours of every paint for a page, light and dark.
#[must_use]
pub(crate) fn style_variables() -> String {
    svg::variables()
}

#[cfg(test)]
mod tests;
