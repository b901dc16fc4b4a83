//! A scene as SVG: inside a page, where CSS colours it, or as a file with its own style sheet.

use std::fmt::Write as _;

use maud::Escaper;

use super::scene::{Anchor, Fill, Mark, Paint, Point, Scene, Stroke, Weight};

/// Markup to stand inside a page that defines the paints as CSS variables.
pub(crate) fn inline(scene: &Scene, title: &str, reading: &str) -> String {
    let mut out = String::new();
    open(&mut out, scene, title, reading);
    marks(&mut out, scene);
    out.push_str("</svg>");
    out
}

/// A whole SVG file.
pub(crate) fn document(scene: &Scene, title: &str, reading: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    open(&mut out, scene, title, reading);
    let _ = write!(out, "<style>{}svg{{font-family:system-ui,sans-serif}}</style>", variables());
    out.push_str("<rect width=\"100%\" height=\"100%\" fill=\"var(--surface)\"/>\n");
    marks(&mut out, scene);
    out.push_str("</svg>\n");
    out
}

/// The paints as CSS variables, light and dark.
pub(crate) fn variables() -> String {
    let declared = |colour: fn(Paint) -> [u8; 3]| {
        Paint::ALL.iter().fold(String::new(), |mut out, &paint| {
            let [r, g, b] = colour(paint);
            let _ = write!(out, "--{}:#{r:02x}{g:02x}{b:02x};", paint.name());
            out
        })
    };
    format!(
        ":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}",
        declared(Paint::light),
        declared(Paint::dark)
    )
}

fn open(out: &mut String, scene: &Scene, title: &str, reading: &str) {
    let (width, height) = (number(scene.size.width), number(scene.size.height));
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\""
    );
    escape(out, &crate::untrusted::clean(&format!("{title}. {reading}")));
    out.push_str("\">\n");
}

fn marks(out: &mut String, scene: &Scene) {
    for mark in &scene.marks {
        // Writing to a string cannot fail.
        let _ = match mark {
            Mark::Line { points, stroke } => line(out, points, *stroke),
            Mark::Area { points, fill } => area(out, points, *fill),
            Mark::Dot { center, radius, fill } => writeln!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>",
                number(center.x),
                number(center.y),
                number(*radius),
                filled(*fill)
            ),
            Mark::Text { at, text, style } => {
                let anchor = match style.anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let weight = match style.weight {
                    Weight::Regular => "400",
                    Weight::Bold => "600",
                };
                let _ = write!(
                    out,
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"{}\" font-weight=\"{weight}\" fill=\"var(--{})\">",
                    number(at.x),
                    number(at.y),
                    number(style.em),
                    style.paint.name()
                );
                escape(out, text);
                writeln!(out, "</text>")
            }
        };
    }
}

fn line(out: &mut String, points: &[Point], stroke: Stroke) -> std::fmt::Result {
    let dash = stroke.dash.pattern().map_or_else(String::new, |(on, off)| {
        format!(" stroke-dasharray=\"{} {}\"", number(on), number(off))
    });
    writeln!(
        out,
        "<path d=\"{}\" fill=\"none\" stroke=\"var(--{})\" stroke-width=\"{}\"{dash} stroke-linejoin=\"round\"/>",
        path(points),
        stroke.paint.name(),
        number(stroke.width)
    )
}

fn area(out: &mut String, points: &[Point], fill: Fill) -> std::fmt::Result {
    writeln!(out, "<path d=\"{}Z\" {}/>", path(points), filled(fill))
}

fn filled(fill: Fill) -> String {
    let name = fill.paint.name();
    if fill.opacity < 1.0 {
        format!("fill=\"var(--{name})\" fill-opacity=\"{}\"", number(fill.opacity))
    } else {
        format!("fill=\"var(--{name})\"")
    }
}

fn path(points: &[Point]) -> String {
    points.iter().enumerate().fold(String::new(), |mut out, (index, point)| {
        let command = if index == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{command}{} {}", number(point.x), number(point.y));
        out
    })
}

/// Two decimals at most, without trailing zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn escape(out: &mut String, text: &str) {
    let _ = Escaper::new(out).write_str(text);
}
