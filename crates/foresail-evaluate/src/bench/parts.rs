//! Results of folds on disk, so that a run that was cut short goes on where it stopped.
//!
//! A part is named by the hash of everything that it depends on: the recordings, the program, the
//! method with its settings and the fold. Nothing else is read from the folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BenchError;
use super::honesty::Honesty;
use super::judge::{Count, Outcome};

/// Version of the layout of parts.
const LAYOUT: u32 = 1;

/// What one method did in one fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldPart {
    /// The method's stable name.
    pub method: String,
    /// What was held out.
    pub fold: String,
    /// Per budget what was chosen and what came of it.
    pub chosen: Vec<Chosen>,
    /// Thresholds from high to low, with counts over the judged parts.
    pub curve: Vec<(f64, Count)>,
    /// Wall seconds of the fit of the judged model.
    pub fit_seconds: Option<f64>,
    /// Rows that it was fitted on.
    pub fit_rows: Option<u64>,
    /// What its probabilities were worth.
    pub honesty: Option<Honesty>,
}

/// What was chosen for a budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// False alarms per pod-day; `None` as shipped.
    pub budget: Option<f64>,
    /// The setting in words.
    pub words: String,
    /// The threshold; `None` where no setting keeps the budget.
    pub threshold: Option<f64>,
    /// What came of it, by recording.
    pub outcomes: Vec<Outcome>,
}

/// The folder of parts.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    folder: PathBuf,
    /// Hash of recordings and program.
    base: String,
}

// === impl Parts ===

impl Parts {
    /// Parts in `folder` that depend on `base`.
    pub(super) fn open(folder: &Path, base: &impl Serialize) -> Result<Self, BenchError> {
        fs::create_dir_all(folder)
            .map_err(|source| BenchError::Parts { file: folder.to_owned(), source })?;
        let text = serde_json::to_string(base).map_err(BenchError::Json)?;
        Ok(Self { folder: folder.to_owned(), base: hash(&[&LAYOUT.to_string(), &text]) })
    }

    /// The part of `key`, or what `make` makes, which is kept.
    pub(super) fn get_or(
        &self,
        key: &[&str],
        make: impl FnOnce() -> Result<FoldPart, BenchError>,
    ) -> Result<FoldPart, BenchError> {
        let mut words = vec![self.base.as_str()];
        words.extend_from_slice(key);
        let file = self.folder.join(format!("{}.json", &hash(&words)[..32]));
        // A part that cannot be read is made anew: it was cut short or is of another layout.
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(part) = known {
            return Ok(part);
        }
        let part = make()?;
        let bytes = serde_json::to_vec(&part).map_err(BenchError::Json)?;
        write(&file, &bytes).map_err(|source| BenchError::Parts { file, source })?;
        Ok(part)
    }
}

/// Writes aside and renames, so that no half-written part is ever read; what cannot be finished is
/// taken away.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = file.with_extension("partial");
    let written = fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, file));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// The SHA-256 of a file in hex digits; of the program itself it tells versions apart.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_of(file: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(fs::read(file)?);
    Ok(hex(hasher))
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 over texts, each with its length.
fn hash(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hex(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> FoldPart {
        FoldPart {
            method: "never".to_owned(),
            fold: "a".to_owned(),
            chosen: Vec::new(),
            curve: vec![(0.5, Count::default())],
            fit_seconds: None,
            fit_rows: None,
            honesty: None,
        }
    }

    fn must_not() -> Result<FoldPart, BenchError> {
        panic!("the part was there")
    }

    #[test]
    fn a_part_is_made_once_and_again_for_another_program() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::open(folder.path(), &"program 1").unwrap();
        parts.get_or(&["a"], || Ok(part())).unwrap();
        assert_eq!(parts.get_or(&["a"], must_not).unwrap(), part());
        let other = Parts::open(folder.path(), &"program 2").unwrap();
        let mut made = false;
        let again = || {
            made = true;
            Ok(part())
        };
        other.get_or(&["a"], again).unwrap();
        assert!(made);
    }

    #[test]
    fn a_part_that_was_cut_short_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::open(folder.path(), &1).unwrap();
        parts.get_or(&["a"], || Ok(part())).unwrap();
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        fs::write(&file, "{\"method\":").unwrap();
        assert_eq!(parts.get_or(&["a"], || Ok(part())).unwrap(), part());
        assert_eq!(parts.get_or(&["a"], must_not).unwrap(), part());
    }

    #[test]
    fn texts_of_a_key_are_told_apart() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
