//! The report: `result.json`, one self-contained page drawn from it, and each chart as SVG and PNG.
//!
//! ```text
//! BacktestResult ──> charts ──> Chart ──┬─> charts/*.svg, charts/*.png
//!        │                              └─> inline in ┐
//!        ├──> contest, tables, stories ──> page ──> report.html
//!        └──> result.json
//! ```
//!
//! The page needs no network, no script and no font, and says so to the browser. Names of pods and
//! texts of a cluster are data: maud escapes them, and what is invisible is taken out at the end.

use std::io;
use std::path::{Path, PathBuf};

use crate::chart::{Chart, PngError};
use crate::result::BacktestResult;
use crate::untrusted;

pub(crate) use document::{document, gallery};

mod charts;
mod comparison;
mod contest;
mod document;
mod duel;
mod footer;
mod headline;
pub(crate) mod output;
mod page;
mod server;
mod stories;
mod tables;
pub(crate) mod words;

/// Why a report could not be written. Nothing half-written is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A folder could not be made.
    #[error("failed to make the report folder `{}`", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("failed to write `{}`", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The result holds something that JSON cannot.
    #[error("failed to write the result as JSON")]
    Json(#[source] serde_json::Error),
    /// A chart could not be drawn.
    #[error("failed to draw the chart `{chart}`")]
    Png {
        /// Its name.
        chart: String,
        /// Why.
        source: PngError,
    },
}

/// Where the files of a report lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFiles {
    /// `report.html`.
    pub html: PathBuf,
    /// `result.json`.
    pub json: PathBuf,
    /// The charts, an SVG and a PNG each.
    pub charts: Vec<PathBuf>,
}

/// Writes `result.json`, `report.html` and `charts/*` below a folder, which is made if need be.
///
/// # Errors
/// [`ReportError`] names the file; either all files are new or none is half-written.
pub fn write(result: &BacktestResult, folder: &Path) -> Result<ReportFiles, ReportError> {
    let mut json = serde_json::to_vec_pretty(result).map_err(ReportError::Json)?;
    json.push(b'\n');
    let page = |place: &str, bytes| output::Page { place: PathBuf::from(place), bytes };
    let mut pages = vec![page("result.json", json), page("report.html", html(result).into_bytes())];
    for chart in charts::overview(result).iter().chain(&charts::stories(result)) {
        let raster = raster(chart)?;
        let drawing = chart.svg_document().into_bytes();
        pages.push(page(&format!("charts/{}.svg", chart.name), drawing));
        pages.push(page(&format!("charts/{}.png", chart.name), raster));
    }
    let mut written = output::write_all(folder, &pages)?.into_iter();
    let (json, html) = (written.next().unwrap_or_default(), written.next().unwrap_or_default());
    Ok(ReportFiles { html, json, charts: written.collect() })
}

/// The page as text.
#[must_use]
pub fn html(result: &BacktestResult) -> String {
    untrusted::clean_page(&page::page(result).into_string())
}

fn raster(chart: &Chart) -> Result<Vec<u8>, ReportError> {
    chart.png().map_err(|source| ReportError::Png { chart: chart.name.clone(), source })
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
