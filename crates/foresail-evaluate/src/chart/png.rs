//! A scene as PNG: drawn by plotters at four pixels to a unit, averaged down to two.

use std::sync::OnceLock;

use ::png::{BitDepth, ColorType, Encoder, EncodingError};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle as Lettering, register_font,
};

use super::scene::{Anchor, Fill, Mark, Paint, Point, Scene, Stroke, TextStyle, Weight};

/// Pixels to a unit while drawing; plotters has no smooth wide lines, so we draw large and average.
const DRAWN: f64 = 4.0;
/// Drawn pixels that make one pixel of the file, each way.
const AVERAGED: usize = 2;
/// The name under which the shipped font is known to plotters.
const FONT: &str = "DejaVu Sans";
/// Height of DejaVu Sans (ascent + descent = 2384) over its em (2048): ab_glyph scales by height.
const HEIGHT_PER_EM: f64 = 2384.0 / 2048.0;

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// The raster could not be drawn.
    #[error("failed to draw the raster: `{0}`")]
    Draw(String),
    /// The raster could not be encoded.
    #[error("failed to encode the raster as PNG")]
    Encode(#[source] EncodingError),
}

/// The picture as the bytes of a PNG file.
pub(crate) fn encode(scene: &Scene) -> Result<Vec<u8>, PngError> {
    let (width, height) = (pixels(scene.size.width), pixels(scene.size.height));
    let [r, g, b] = Paint::Surface.light();
    let mut raster: Vec<u8> = [r, g, b].repeat((width * height) as usize);
    draw(&mut raster, (width, height), scene)?;
    let small = average(&raster, width as usize);
    let (width, height) = (width / AVERAGED as u32, height / AVERAGED as u32);
    compress(&small, (width, height)).map_err(PngError::Encode)
}

fn pixels(units: f64) -> u32 {
    units.ceil() as u32 * DRAWN as u32
}

fn compress(raster: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, EncodingError> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(raster)?;
    writer.finish()?;
    Ok(out)
}

/// Averages squares of drawn pixels.
fn average(raster: &[u8], width: usize) -> Vec<u8> {
    let row = width * 3;
    let count = (AVERAGED * AVERAGED) as u32;
    let mut out = Vec::with_capacity(raster.len() / count as usize);
    for band in raster.chunks_exact(row * AVERAGED) {
        for x in (0..width).step_by(AVERAGED) {
            for channel in 0..3 {
                let sum: u32 = (0..AVERAGED)
                    .flat_map(|dy| (0..AVERAGED).map(move |dx| dy * row + (x + dx) * 3 + channel))
                    .map(|at| u32::from(band[at]))
                    .sum();
                out.push((sum / count) as u8);
            }
        }
    }
    out
}

fn draw(raster: &mut [u8], size: (u32, u32), scene: &Scene) -> Result<(), PngError> {
    register_fonts()?;
    let mut canvas = Canvas { backend: BitMapBackend::with_buffer(raster, size) };
    scene.marks.iter().try_for_each(|mark| canvas.mark(mark))
}

fn draw_error(error: impl std::fmt::Display) -> PngError {
    PngError::Draw(error.to_string())
}

fn register_fonts() -> Result<(), PngError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FONT, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    if registered { Ok(()) } else { Err(PngError::Draw("the shipped font is unreadable".into())) }
}

/// A plotters backend that takes marks.
struct Canvas<B> {
    backend: B,
}

impl<B: DrawingBackend> Canvas<B> {
    fn mark(&mut self, mark: &Mark) -> Result<(), PngError> {
        match mark {
            Mark::Line { points, stroke } => self.line(points, *stroke),
            Mark::Area { points, fill } => self.fill(points, &colour(*fill)),
            Mark::Dot { center, radius, fill } => {
                self.disc(*center, (radius * DRAWN).round() as u32, &colour(*fill))
            }
            Mark::Text { at, text, style } => self.text(*at, text, *style),
        }
    }

    fn fill(&mut self, points: &[Point], style: &ShapeStyle) -> Result<(), PngError> {
        self.backend.fill_polygon(points.iter().map(scaled), style).map_err(draw_error)
    }

    fn disc(&mut self, center: Point, radius: u32, style: &ShapeStyle) -> Result<(), PngError> {
        self.backend.draw_circle(scaled(&center), radius, style, true).map_err(draw_error)
    }

    /// Each piece is a rectangle of its own with round joints: a polygon around the whole line
    /// grows spikes at its sharp turns.
    fn line(&mut self, points: &[Point], stroke: Stroke) -> Result<(), PngError> {
        let fill = colour(Fill { paint: stroke.paint, opacity: 1.0 });
        let half = stroke.width / 2.0;
        for piece in pieces(points, stroke) {
            for pair in piece.windows(2) {
                self.fill(&bar(pair[0], pair[1], half), &fill)?;
            }
            let joints = piece.get(1..piece.len().saturating_sub(1)).unwrap_or_default();
            for joint in joints.iter().filter(|_| half >= 0.75) {
                self.disc(*joint, (half * DRAWN).floor() as u32, &fill)?;
            }
        }
        Ok(())
    }

    fn text(&mut self, at: Point, text: &str, style: TextStyle) -> Result<(), PngError> {
        let [r, g, b] = style.paint.light();
        let colour = RGBColor(r, g, b);
        let weight = match style.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        };
        let horizontal = match style.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let height = style.em * DRAWN * HEIGHT_PER_EM;
        let lettering = Lettering::from((FONT, height, weight).into_font())
            .color(&colour)
            .pos(Pos::new(horizontal, VPos::Top));
        // plotters puts the base line half the height below the point that it is given.
        let base = Point { x: at.x, y: at.y - height / 2.0 / DRAWN };
        self.backend.draw_text(text, &lettering, scaled(&base)).map_err(draw_error)
    }
}

fn scaled(point: &Point) -> (i32, i32) {
    ((point.x * DRAWN).round() as i32, (point.y * DRAWN).round() as i32)
}

fn colour(fill: Fill) -> ShapeStyle {
    let [r, g, b] = fill.paint.light();
    RGBColor(r, g, b).mix(fill.opacity).filled()
}

/// The rectangle around a stretch of line.
fn bar(from: Point, to: Point, half: f64) -> [Point; 4] {
    let length = distance(from, to);
    let (nx, ny) = ((from.y - to.y) / length * half, (to.x - from.x) / length * half);
    let beside = |p: Point, side: f64| Point { x: p.x + side * nx, y: p.y + side * ny };
    [beside(from, 1.0), beside(to, 1.0), beside(to, -1.0), beside(from, -1.0)]
}

fn distance(from: Point, to: Point) -> f64 {
    (to.x - from.x).hypot(to.y - from.y)
}

/// The line without empty stretches, cut into its dashes.
fn pieces(points: &[Point], stroke: Stroke) -> Vec<Vec<Point>> {
    let mut whole: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if whole.last().is_none_or(|last| distance(*last, *point) > 1e-6) {
            whole.push(*point);
        }
    }
    let Some((on, off)) = stroke.dash.pattern() else { return vec![whole] };
    let mut out = Vec::new();
    let mut piece: Vec<Point> = whole.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, on);
    for pair in whole.windows(2) {
        let length = distance(pair[0], pair[1]);
        let along = |run: f64| Point {
            x: pair[0].x + (pair[1].x - pair[0].x) * run / length,
            y: pair[0].y + (pair[1].y - pair[0].y) * run / length,
        };
        let mut run = 0.0;
        while length - run > left {
            run += left;
            if drawing {
                piece.push(along(run));
                out.push(std::mem::take(&mut piece));
            } else {
                piece = vec![along(run)];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length - run;
        if drawing {
            piece.push(pair[1]);
        }
    }
    if drawing {
        out.push(piece);
    }
    out
}
