//! What all pages share: a document that stands alone, and pictures side by side.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::chart::{self, Chart, style_variables};

const STYLE: &str = include_str!("style.css");

/// Nothing but inline styles: the browser refuses scripts and anything from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A page that needs nothing beside itself; `style` is what it adds to the style of all pages.
pub(crate) fn document((title, style): (&str, &str), main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style_variables())) (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body { main { (main) } }
        }
    }
}

/// Pictures side by side, each with its title and how to read it; one that is wider than a column takes
/// the whole width.
pub(crate) fn gallery(charts: &[Chart]) -> Markup {
    let broad = |chart: &Chart| chart.wide().width > chart::COLUMN;
    html! {
        div.charts {
            @for chart in charts {
                figure id={ "chart-" (chart.name) } style=[broad(chart).then_some("grid-column:1/-1")] {
                    figcaption { h3 { (chart.title) } p { (chart.reading) } }
                    (drawing(chart))
                }
            }
        }
    }
}

/// A picture for wide windows and one for phones; the style shows the one that fits.
pub(crate) fn drawing(chart: &Chart) -> Markup {
    html! {
        div.drawing.wide { (PreEscaped(chart.inline_svg(chart.wide()))) }
        div.drawing.narrow { (PreEscaped(chart.inline_svg(chart.narrow()))) }
    }
}
