//! What is held out so that thresholds and calibrators see a model on data it was not fitted on.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{FitSettings, Fold, Lesson, Part, TrainError, fit};

/// Parts that the namespaces of a single recording are dealt into.
const PARTS: usize = 3;
/// Scores below this are not worth a word: no operating point comes near it.
const FLOOR: f64 = 0.01;

/// What is held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldOut {
    /// One recording at a time.
    Recordings,
    /// A part of the namespaces of the only recording at a time.
    Namespaces(Vec<BTreeSet<String>>),
    /// Nothing, and why.
    Nothing(String),
}

// === impl HeldOut ===

impl HeldOut {
    /// What can be held out of `lessons`.
    #[must_use]
    pub fn plan(lessons: &[Lesson]) -> Self {
        let [lesson] = lessons else { return Self::Recordings };
        let names: BTreeSet<&str> =
            lesson.rows.units.iter().map(|unit| unit.namespace.as_str()).collect();
        if names.len() < PARTS {
            return Self::Nothing(format!(
                "recording `{}` is the only one and has {} of the {PARTS} namespaces needed",
                lesson.name,
                names.len()
            ));
        }
        let mut parts = vec![BTreeSet::new(); PARTS];
        for (number, name) in names.into_iter().enumerate() {
            parts[number % PARTS].insert(name.to_owned());
        }
        Self::Namespaces(parts)
    }

    /// The models that score each lesson, none where nothing is held out.
    ///
    /// # Errors
    /// [`TrainError`] when what remains of a part cannot be learned from.
    pub fn folds(
        &self,
        lessons: &[Lesson],
        settings: &FitSettings,
    ) -> Result<Vec<Vec<Fold>>, TrainError> {
        match self {
            Self::Recordings => (0..lessons.len())
                .into_par_iter()
                .map(|left_out| {
                    let others: Vec<&Lesson> = (lessons.iter().enumerate())
                        .filter(|(number, _)| *number != left_out)
                        .map(|(_, lesson)| lesson)
                        .collect();
                    let part = Part { lessons: &others, without: &[] };
                    Ok(vec![fold(part, settings, None)?])
                })
                .collect(),
            Self::Namespaces(parts) => {
                let all: Vec<&Lesson> = lessons.iter().collect();
                let folds = parts
                    .par_iter()
                    .map(|namespaces| {
                        let without: Vec<&str> = namespaces.iter().map(String::as_str).collect();
                        let part = Part { lessons: &all, without: &without };
                        fold(part, settings, Some(namespaces.clone()))
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(vec![folds])
            }
            Self::Nothing(_) => Ok(vec![Vec::new(); lessons.len()]),
        }
    }
}

fn fold(
    part: Part<'_>,
    settings: &FitSettings,
    namespaces: Option<BTreeSet<String>>,
) -> Result<Fold, TrainError> {
    let model = fit(part, settings)?.with(|pipeline| pipeline.floor = FLOOR)?;
    Ok(Fold { model, namespaces })
}

#[cfg(test)]
mod tests {
    use foresail_core::{WorkloadId, WorkloadKind};

    use super::*;
    use crate::learned::Rows;

    fn lesson(namespaces: &[&str]) -> Lesson {
        let unit = |namespace: &&str| WorkloadId {
            namespace: (*namespace).to_owned(),
            kind: WorkloadKind::Deployment,
            name: "app".to_owned(),
        };
        let rows = Rows { units: namespaces.iter().map(unit).collect(), ..Rows::default() };
        Lesson { name: "a".to_owned(), rows, targets: Vec::new() }
    }

    #[test]
    fn of_several_recordings_each_is_held_out_once() {
        assert_eq!(HeldOut::plan(&[lesson(&["shop"]), lesson(&["shop"])]), HeldOut::Recordings);
    }

    #[test]
    fn every_namespace_of_a_single_recording_is_held_out_once() {
        let HeldOut::Namespaces(parts) = HeldOut::plan(&[lesson(&["d", "a", "c", "b", "a"])])
        else {
            panic!("four namespaces are enough")
        };
        let mut names: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
        names.sort();
        assert_eq!((parts.len(), names), (3, vec!["a", "b", "c", "d"]));
    }

    #[test]
    fn two_namespaces_of_a_single_recording_are_too_few() {
        let HeldOut::Nothing(reason) = HeldOut::plan(&[lesson(&["shop", "blog"])]) else {
            panic!("nothing can be held out")
        };
        assert_eq!(reason, "recording `a` is the only one and has 2 of the 3 namespaces needed");
    }
}
