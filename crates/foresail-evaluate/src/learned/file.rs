//! The file of a learned model, opened for use: everything in it fits together and this version.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foresail_engine::learned::{LearnedError, LearnedModel, Pipeline};
use foresail_learn::model_file::{self, Expected, Header, ModelFileError, Named};

use super::{HAZARD, Trained};

/// A model from a file, ready to be used.
#[derive(Clone, Debug)]
pub struct StoredModel {
    /// What the file says of it.
    pub header: Header,
    /// The model.
    pub model: Arc<LearnedModel>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredModelError {
    /// It cannot be read as a model file, or is of another kind.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// It is intact, but this version cannot use the model.
    #[error("model file `{file}` cannot be used", file = file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: LearnedError,
    },
}

// === impl StoredModel ===

impl StoredModel {
    /// Opens a file.
    ///
    /// # Errors
    /// [`StoredModelError`], which names the file, the place and the reason.
    pub fn read(path: &Path) -> Result<Self, StoredModelError> {
        Self::check(path, model_file::read(path, &expected())?)
    }

    /// Opens the bytes of a file; errors call it `name`.
    ///
    /// # Errors
    /// [`StoredModelError`].
    pub fn from_bytes(name: &Path, bytes: &[u8]) -> Result<Self, StoredModelError> {
        Self::check(name, model_file::from_bytes(Named { name, bytes }, &expected())?)
    }

    fn check(file: &Path, stored: model_file::Model<Pipeline>) -> Result<Self, StoredModelError> {
        let model_file::Model { header, payload } = stored;
        let unusable = |source| StoredModelError::Unusable { file: file.to_owned(), source };
        if header.schema != *payload.estimator.schema() {
            return Err(unusable(LearnedError::Columns));
        }
        let model = LearnedModel::new(payload).map_err(unusable)?;
        Ok(Self { header, model: Arc::new(model) })
    }
}

// === impl Trained ===

impl Trained {
    /// The bytes of its file: the same for the same recordings and settings.
    ///
    /// # Errors
    /// [`ModelFileError::Encode`].
    pub fn to_bytes(&self, name: &Path) -> Result<Vec<u8>, ModelFileError> {
        model_file::to_bytes(name, &self.header, self.model.pipeline())
    }

    /// Writes its file, whole or not at all.
    ///
    /// # Errors
    /// [`ModelFileError`] when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ModelFileError> {
        model_file::write(path, &self.header, self.model.pipeline())
    }
}

const fn expected() -> Expected<'static> {
    Expected { kind: HAZARD, schema: None }
}
