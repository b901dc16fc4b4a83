//! Why a model file could not be read or written.

use std::io;
use std::path::PathBuf;

use super::FORMAT;
use crate::frame::SchemaId;

/// Why a model file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The file could not be read or written; retrying may help.
    #[error("failed to {verb} model file `{file}`", file = file.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{file}` is not a model file: {reason}", file = file.display())]
    NotAModel {
        /// The file.
        file: PathBuf,
        /// How it shows.
        reason: &'static str,
    },
    /// It was written by a newer program.
    #[error("model file `{file}` has format `{found}`, this program reads format `{known}`", file = file.display(), known = FORMAT)]
    Format {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u64,
    },
    /// Bytes are missing at its end.
    #[error("model file `{file}` is cut short: `{have}` bytes{}", needed(*need), file = file.display())]
    CutShort {
        /// The file.
        file: PathBuf,
        /// Bytes that are there.
        have: u64,
        /// Bytes that its header speaks of; absent where the header itself is cut.
        need: Option<u64>,
    },
    /// It is not what was written.
    #[error("model file `{file}` was changed: it says sha256 `{expected}` but has `{found}`", file = file.display())]
    Changed {
        /// The file.
        file: PathBuf,
        /// What it says.
        expected: String,
        /// What it has.
        found: String,
    },
    /// Its header is intact but cannot be understood.
    #[error("model file `{file}`, header: {reason}", file = file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// Field and reason.
        reason: String,
    },
    /// It holds another kind of model.
    #[error("model file `{file}` holds a model of kind `{found}`, not `{expected}`", file = file.display())]
    Kind {
        /// The file.
        file: PathBuf,
        /// The kind asked for.
        expected: String,
        /// Its kind.
        found: String,
    },
    /// Its model takes other columns.
    #[error("model file `{file}` takes schema `{found}`, not `{expected}`", file = file.display())]
    Schema {
        /// The file.
        file: PathBuf,
        /// The schema asked for.
        expected: SchemaId,
        /// Its schema.
        found: SchemaId,
    },
    /// Its body is intact but no such model.
    #[error("model file `{file}`, body: {reason}", file = file.display())]
    Body {
        /// The file.
        file: PathBuf,
        /// Field and reason.
        reason: String,
    },
    /// What should be written cannot be.
    #[error("nothing written to model file `{file}`: {reason}", file = file.display())]
    Encode {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
}

fn needed(need: Option<u64>) -> String {
    need.map_or_else(|| ", its header does not end".to_owned(), |need| format!(" of `{need}`"))
}
