//! The page as a whole.

use maud::{Markup, html};

use super::charts;
use super::comparison::comparison;
use super::document::{document, gallery};
use super::duel::duel;
use super::footer::{absent, footer};
use super::headline::headline;
use super::server::server;
use super::stories::stories;
use super::tables::measured;
use crate::chart::Chart;
use crate::result::BacktestResult;

/// The whole page.
pub(crate) fn page(result: &BacktestResult) -> Markup {
    let overview = charts::overview(result);
    let single = charts::stories(result);
    let main = html! {
        (headline(result))
        (minutes_explained(result))
        (duel(result))
        (comparison(result))
        (server(result))
        (pictures(&overview))
        (stories(&result.timelines, &single))
        (measured(result))
        (absent(result))
        (footer(result))
    };
    document((&format!("Foresail back-test of {}", result.shown), ""), &main)
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
            (gallery(overview))
        }
    }
}
