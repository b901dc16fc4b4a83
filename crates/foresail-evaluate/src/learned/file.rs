//! The file of a learned model, opened for use: everything in it fits together and this version.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foresail_engine::learned::{LearnedError, LearnedModel, Pipeline};
use foresail_learn::model_file::{self, Expected, Header, ModelFileError, Named};

use super::{HAZARD, ModelKind, Trained};

/// A model from a file, ready to be used.
#[derive(Clone, Debug)]
pub struct StoredModel {
    /// The file, or what stands for it.
    pub file: PathBuf,
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
        Self::check(path, of_any_kind(|expected| model_file::read(path, expected))?)
    }

    /// Opens the bytes of a file; errors call it `name`.
    ///
    /// # Errors
    /// [`StoredModelError`].
    pub fn from_bytes(name: &Path, bytes: &[u8]) -> Result<Self, StoredModelError> {
        let named = Named { name, bytes };
        Self::check(name, of_any_kind(|expected| model_file::from_bytes(named, expected))?)
    }

    fn check(file: &Path, stored: model_file::Model<Pipeline>) -> Result<Self, StoredModelError> {
        let model_file::Model { header, payload } = stored;
        let unusable = |source| StoredModelError::Unusable { file: file.to_owned(), source };
        let kind = ModelKind::of(&payload.estimator).as_str();
        if header.schema != *payload.estimator.schema() || header.kind != kind {
            return Err(unusable(LearnedError::Columns));
        }
        let model = LearnedModel::new(payload).map_err(unusable)?;
        Ok(Self { file: file.to_owned(), header, model: Arc::new(model) })
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

/// Reads a model of the kind that the file says, where that is one of ours.
fn of_any_kind<T>(
    read: impl Fn(&Expected<'_>) -> Result<T, ModelFileError>,
) -> Result<T, ModelFileError> {
    let first = read(&Expected { kind: HAZARD, schema: None });
    let Err(ModelFileError::Kind { found, .. }) = &first else { return first };
    match ModelKind::ALL.iter().find(|kind| kind.as_str() == found) {
        Some(kind) => read(&Expected { kind: kind.as_str(), schema: None }),
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use foresail_core::FailureKind;
    use foresail_engine::features::Feature;
    use foresail_engine::learned::{Estimator, Preprocessing};
    use foresail_learn::calibration::Calibrator;
    use foresail_learn::frame::{Column, Frame};
    use foresail_learn::hazard::{self, HazardParams, HazardRows, HazardShape, HazardTarget};
    use foresail_learn::model_file::Card;

    use super::*;

    /// A file of a model that takes one column of this name, and says so of `header`.
    fn file(column: &str, header: &str) -> Vec<u8> {
        let preprocessing = Preprocessing { features: vec![column.to_owned()] };
        let values = (0..40_u8).map(f32::from).collect();
        let frame =
            Frame::new(preprocessing.schema().unwrap(), vec![Column::Number(values)]).unwrap();
        let target = |row: u16| HazardTarget {
            until_bin: row % 2,
            event: (row > 20).then_some(0),
            weight: 1.0,
        };
        let targets: Vec<HazardTarget> = (0..40).map(target).collect();
        let shape = HazardShape { edges: vec![0.0, 10.0, 100.0], n_kinds: 1 };
        let params = HazardParams { n_trees: 2, ..HazardParams::default() };
        let rows = HazardRows { frame: &frame, targets: &targets };
        let estimator = hazard::fit(&params.check(shape).unwrap(), rows, None).unwrap();
        let pipeline = Pipeline {
            preprocessing,
            estimator: Estimator::Hazard(estimator),
            calibrator: vec![Calibrator::Identity],
            kinds: vec![FailureKind::OomKilled],
            floor: 0.0,
            base_rates: Vec::new(),
        };
        let header = Header {
            kind: HAZARD.to_owned(),
            schema: Preprocessing { features: vec![header.to_owned()] }.schema().unwrap(),
            card: Card::default(),
            base_rates: BTreeMap::new(),
            operating_points: Vec::new(),
        };
        model_file::to_bytes(Path::new("a.model"), &header, &pipeline).unwrap()
    }

    fn open(bytes: &[u8]) -> Result<StoredModel, StoredModelError> {
        StoredModel::from_bytes(Path::new("a.model"), bytes)
    }

    #[test]
    fn a_model_of_known_features_is_opened() {
        let stored = open(&file(Feature::TowardOom.as_str(), Feature::TowardOom.as_str())).unwrap();
        assert_eq!(stored.model.pipeline().kinds, [FailureKind::OomKilled]);
    }

    #[test]
    fn a_model_of_another_schema_is_refused_with_file_and_feature() {
        let error = open(&file("phase_of_the_moon", "phase_of_the_moon")).unwrap_err();
        assert_eq!(error.to_string(), "model file `a.model` cannot be used");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("`phase_of_the_moon`"), "{source}");
    }

    #[test]
    fn a_header_that_names_other_columns_than_the_model_is_refused() {
        let error =
            open(&file(Feature::TowardOom.as_str(), Feature::TowardEviction.as_str())).unwrap_err();
        assert!(matches!(error, StoredModelError::Unusable { source: LearnedError::Columns, .. }));
    }
}
