//! Why a recording could not be opened or written.

use std::io;
use std::path::PathBuf;

use foresail_core::Timestamp;
use parquet::errors::ParquetError;

/// Why a recording was refused. Each message names the file, the place in it and the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// There is no such folder.
    #[error("`{dir}` is not a folder; a recording is a folder with a `recording.json`", dir = dir.display())]
    NotAFolder {
        /// What was asked for.
        dir: PathBuf,
    },
    /// The folder has no manifest.
    #[error("`{dir}` holds no `recording.json`, so it is not a recording", dir = dir.display())]
    NoManifest {
        /// The folder.
        dir: PathBuf,
    },
    /// A file could not be read or written; retrying may help.
    #[error("failed to {verb} `{path}`", path = path.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is not the JSON that it should be.
    #[error("`{path}` is not a valid manifest: {reason}", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Field and reason.
        reason: String,
    },
    /// The recording has a format that this reader does not know.
    #[error("`{path}` has format `{found}` but this reader knows format `1` only", path = path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// The format it states.
        found: String,
    },
    /// A file that must be there, or that the manifest lists, is missing.
    #[error("`{path}` is missing but {reason}", path = path.display())]
    MissingFile {
        /// The file.
        path: PathBuf,
        /// Why it must be there.
        reason: &'static str,
    },
    /// A file is not the one that the manifest describes.
    #[error("`{path}` has sha256 `{found}` but the manifest says `{expected}`: the file was changed or cut", path = path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// From the manifest.
        expected: String,
        /// Of the file.
        found: String,
    },
    /// A Parquet file is damaged.
    #[error("`{path}` is not a complete Parquet file ({place})", path = path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Footer or row group.
        place: String,
        /// What the Parquet library said.
        source: ParquetError,
    },
    /// A Parquet file lacks a column.
    #[error("`{path}` has no column `{column}`", path = path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A column has another type than the format says.
    #[error("`{path}` has column `{column}` of type `{found}` but the format says `{expected}`", path = path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// Type by the format.
        expected: &'static str,
        /// Type found.
        found: String,
    },
    /// A row or line cannot be understood.
    #[error("`{path}` {unit} {number}: {reason}", path = path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// `line` or `row`.
        unit: &'static str,
        /// Counted from 1.
        number: u64,
        /// What is wrong.
        reason: String,
    },
    /// Its pods were observed at another time than the recording spans: a wrong clock or unit.
    #[error("`{path}` holds no pod observed within an hour of the recording, `{started_at}` to `{ended_at}`: the first line is of `{first}`", path = path.display())]
    OtherTime {
        /// The file of pods.
        path: PathBuf,
        /// When the first pod was observed.
        first: Timestamp,
        /// When the recording began.
        started_at: Timestamp,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// There is no pod in it, so there is nothing to judge.
    #[error("`{path}` holds no pod, so there is nothing to judge", path = path.display())]
    NoPods {
        /// The file of pods.
        path: PathBuf,
    },
}

// === impl RecordingError ===

impl RecordingError {
    /// Whether the cause lies in the environment (permission, full disk) and not in the recording.
    #[must_use]
    pub fn is_environment(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() != io::ErrorKind::NotFound
            && source.kind() != io::ErrorKind::UnexpectedEof
            && source.kind() != io::ErrorKind::InvalidData)
    }

    pub(crate) fn read(path: &std::path::Path, source: io::Error) -> Self {
        Self::Io { verb: "read", path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &std::path::Path, source: io::Error) -> Self {
        Self::Io { verb: "write", path: path.to_owned(), source }
    }
}
