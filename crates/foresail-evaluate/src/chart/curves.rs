//! Curves of several methods over one pair of axes, and the reliability plot.

use super::axes::{Key, Plot, Scale, Tick, fitting_shares, legend, minute_ticks, share_ticks};
use super::scene::{Anchor, Dash, Fill, Paint, Point, Scene, Size, Stroke, TextStyle};

/// How much a curve asks for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    /// The method that is judged.
    Subject,
    /// The strongest baseline.
    Rival,
    /// The next baseline.
    Second,
    /// Every other baseline.
    Other,
}

/// One method.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its name.
    pub label: String,
    /// How it is drawn.
    pub emphasis: Emphasis,
    /// Pairs of values in the order in which they are joined; values that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// Where the method really works, if that is one point.
    pub operating_point: Option<(f64, f64)>,
}

/// What the axes measure; the vertical one is always a share.
#[derive(Clone, Debug, PartialEq)]
pub enum CurvesAxes {
    /// Both are shares.
    Shares {
        /// Name of the horizontal axis.
        x: String,
        /// Name of the vertical axis.
        y: String,
    },
    /// A share over minutes.
    Minutes {
        /// Name of the horizontal axis.
        x: String,
        /// Name of the vertical axis.
        y: String,
    },
}

/// Curves of several methods.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// What the axes measure.
    pub axes: CurvesAxes,
    /// The methods; at most one `Subject`, `Rival` and `Second`.
    pub curves: Vec<Curve>,
}

/// Predictions of about the same probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Mean announced probability.
    pub announced: f64,
    /// Observed frequency.
    pub observed: f64,
    /// Share of all predictions.
    pub share: f64,
}

/// Announced against observed frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// The bins, by rising probability.
    pub bins: Vec<ReliabilityBin>,
}

// === impl Emphasis ===

impl Emphasis {
    const fn stroke(self) -> Stroke {
        match self {
            Self::Subject => Stroke::solid(Paint::Subject, 2.75),
            Self::Rival => Stroke::solid(Paint::Rival, 2.0),
            Self::Second => Stroke { paint: Paint::Second, width: 2.0, dash: Dash::Dashed },
            Self::Other => Stroke::solid(Paint::Other, 1.25),
        }
    }

    /// Less important curves lie below.
    const fn layer(self) -> u8 {
        match self {
            Self::Other => 0,
            Self::Second => 1,
            Self::Rival => 2,
            Self::Subject => 3,
        }
    }
}

// === impl Curves ===

impl Curves {
    pub(crate) fn draw(&self, size: Size) -> Scene {
        let mut scene = Scene::new(size);
        let used = legend(&mut scene, Point { x: 8.0, y: 20.0 }, &self.keys());
        let (x_name, y_name, last, highest) = match &self.axes {
            CurvesAxes::Shares { x, y } => (x, y, 1.0, 1.0),
            CurvesAxes::Minutes { x, y } => (x, y, self.longest(), self.highest()),
        };
        let (highest, y_ticks) = fitting_shares(highest);
        let plot = Plot {
            x: Scale { domain: (0.0, last), pixels: (52.0, size.width - 20.0) },
            y: Scale { domain: (0.0, highest), pixels: (size.height - 50.0, used + 40.0) },
        };
        plot.vertical(&mut scene, &y_ticks, y_name);
        plot.horizontal(&mut scene, &self.x_ticks(last, size), x_name);
        if self.curves.iter().all(|curve| finite(curve).next().is_none()) {
            nothing(&mut scene, &plot);
        }
        let mut ordered: Vec<&Curve> = self.curves.iter().collect();
        ordered.sort_by_key(|curve| curve.emphasis.layer());
        for curve in ordered {
            curve.draw(&mut scene, &plot);
        }
        scene
    }

    fn longest(&self) -> f64 {
        let points = self.curves.iter().flat_map(finite);
        points.map(|(x, _)| x).fold(0.0, f64::max).max(10.0)
    }

    fn highest(&self) -> f64 {
        self.curves.iter().flat_map(finite).map(|(_, y)| y).fold(0.0, f64::max)
    }

    fn x_ticks(&self, last: f64, size: Size) -> Vec<Tick> {
        match self.axes {
            CurvesAxes::Shares { .. } => share_ticks(),
            CurvesAxes::Minutes { .. } => minute_ticks((0.0, last), (size.width / 55.0) as u32),
        }
    }

    fn keys(&self) -> Vec<Key> {
        let mut named: Vec<&Curve> = self
            .curves
            .iter()
            .filter(|curve| curve.emphasis != Emphasis::Other && finite(curve).next().is_some())
            .collect();
        named.sort_by_key(|curve| std::cmp::Reverse(curve.emphasis.layer()));
        let mut keys: Vec<Key> = named
            .into_iter()
            .map(|curve| Key { label: curve.label.clone(), stroke: curve.emphasis.stroke() })
            .collect();
        if self.curves.iter().any(|curve| curve.emphasis == Emphasis::Other) {
            let stroke = Emphasis::Other.stroke();
            keys.push(Key { label: "other baselines".to_owned(), stroke });
        }
        keys
    }
}

// === impl Curve ===

impl Curve {
    fn draw(&self, scene: &mut Scene, plot: &Plot) {
        let stroke = self.emphasis.stroke();
        let points: Vec<Point> = self.joined().map(|(x, y)| plot.at(x, y)).collect();
        if let [only] = points[..] {
            scene.dot(only, 3.0, stroke.paint);
        }
        scene.line(points, stroke);
        if let Some((x, y)) = self.operating_point.filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let center = plot.at(x, y);
            scene.dot(center, 6.5, Paint::Surface);
            scene.dot(center, 5.0, stroke.paint);
        }
    }

    fn joined(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
    }
}

// === impl Reliability ===

impl Reliability {
    pub(crate) fn draw(&self, size: Size) -> Scene {
        let mut scene = Scene::new(size);
        let keys = [
            Key { label: "Foresail".to_owned(), stroke: Stroke::solid(Paint::Subject, 2.5) },
            Key { label: "perfect".to_owned(), stroke: Stroke::dashed(Paint::Muted, 1.5) },
        ];
        let used = legend(&mut scene, Point { x: 8.0, y: 20.0 }, &keys);
        let plot = Plot {
            x: Scale { domain: (0.0, 1.0), pixels: (52.0, size.width - 20.0) },
            y: Scale { domain: (0.0, 1.0), pixels: (size.height - 50.0, used + 40.0) },
        };
        plot.vertical(&mut scene, &share_ticks(), "failures that came");
        plot.horizontal(&mut scene, &share_ticks(), "announced probability");
        let diagonal = vec![plot.at(0.0, 0.0), plot.at(1.0, 1.0)];
        scene.line(diagonal, Stroke::dashed(Paint::Muted, 1.5));
        if self.bins.is_empty() {
            nothing(&mut scene, &plot);
        }
        let joined = self.bins.iter().map(|bin| plot.at(bin.announced, bin.observed)).collect();
        scene.line(joined, Stroke::solid(Paint::Subject, 2.0));
        for bin in &self.bins {
            let radius = 3.0 + 6.0 * bin.share.clamp(0.0, 1.0).sqrt();
            scene.dot(plot.at(bin.announced, bin.observed), radius, Paint::Subject);
        }
        scene
    }
}

fn finite(curve: &Curve) -> impl Iterator<Item = (f64, f64)> {
    curve.joined().chain(curve.operating_point)
}

/// Says in the middle of a plot that it is empty, so that no one takes it for a zero.
fn nothing(scene: &mut Scene, plot: &Plot) {
    let at = Point {
        x: f64::midpoint(plot.left(), plot.right()),
        y: f64::midpoint(plot.top(), plot.bottom()),
    };
    let half = Point { x: 90.0, y: 16.0 };
    scene.rect(
        Point { x: at.x - half.x, y: at.y - half.y },
        Point { x: at.x + half.x, y: at.y + half.y },
        Fill { paint: Paint::Surface, opacity: 1.0 },
    );
    let style = TextStyle::new(Paint::Muted, Anchor::Middle);
    scene.text(Point { x: at.x, y: at.y + 4.0 }, "not in this data", style);
}
