//! The page as a whole.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts;
use super::comparison::comparison;
use super::duel::duel;
use super::footer::{absent, footer};
use super::headline::headline;
use super::stories::{drawing, stories};
use super::tables::measured;
use crate::chart::{Chart, style_variables};
use crate::result::BacktestResult;

pub(crate) const STYLE: &str = include_str!("style.css");

/// Nothing but inline styles: the browser refuses scripts and anything from elsewhere.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The whole page.
pub(crate) fn page(result: &BacktestResult) -> Markup {
    let overview = charts::overview(result);
    let single = charts::stories(result);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { "Foresail back-test of " (result.shown) }
                style { (PreEscaped(style_variables())) (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (headline(result))
                    (minutes_explained(result))
                    (duel(result))
                    (comparison(result))
                    (pictures(&overview))
                    (stories(&result.timelines, &single))
                    (measured(result))
                    (absent(result))
                    (footer(result))
                }
            }
        }
    }
}

/// The one place that explains the two clocks.
fn minutes_explained(result: &BacktestResult) -> Markup {
    let shown = result.recordings.iter().find(|recording| recording.name == result.shown);
    let scale = shown.map_or(1.0, |recording| recording.time_scale);
    html! {
        p.clock {
            strong { "Minutes on this page are production minutes. " }
            @if scale > 1.0 {
                "In this laboratory faults develop " (scale) " times as fast as in production, so "
                (scale) " production minutes took 1 minute of wall time; pod-days are counted the "
                "same way. "
            } @else {
                "In this recording they are minutes of wall time. "
            }
            "An incident is " em { "reachable" } " if a fault gave warning early enough for an alarm "
            "to help; only those count in the headline. A false alarm is one after which nothing of "
            "the sort happened."
        }
    }
}

fn pictures(overview: &[Chart]) -> Markup {
    html! {
        section #pictures {
            h2 { "How good, how early, how honest" }
            div.charts {
                @for chart in overview {
                    figure id={ "chart-" (chart.name) } {
                        figcaption { h3 { (chart.title) } p { (chart.reading) } }
                        (drawing(chart))
                    }
                }
            }
        }
    }
}
