//! Where the shipped recordings are, and what each may be used for.
//!
//! `data/roles.json` names them: `{ "training": ["lab-1"], "demo": ["lab-4"] }`. Settings are
//! chosen on *training* recordings only; a *demo* recording is never chosen on.

use std::env;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Failure, Result};

/// The file that gives each recording its role.
pub(crate) const ROLES: &str = "roles.json";

/// The shipped recordings by role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shipped {
    /// Settings are chosen on these.
    pub(crate) training: Vec<PathBuf>,
    /// The one that is back-tested.
    pub(crate) demo: PathBuf,
}

#[derive(Deserialize)]
struct Roles {
    training: Vec<String>,
    demo: Vec<String>,
}

// === impl Shipped ===

impl Shipped {
    /// Finds the recordings in `data`, or where they are shipped: beside the working directory,
    /// in the source tree this program was built from, or beside the program.
    pub(crate) fn find(data: Option<&Path>) -> Result<Self> {
        if let Some(folder) = data {
            return Self::read(folder);
        }
        let places = places();
        match places.iter().find(|folder| folder.join(ROLES).is_file()) {
            Some(folder) => Self::read(folder),
            None => {
                let places: Vec<String> =
                    places.iter().map(|folder| format!("`{}`", folder.display())).collect();
                Err(Failure::input(format!(
                    "no shipped recordings found in {}: run inside a clone of the repository, or \
                     name its `data` folder by --data DIR",
                    places.join(", ")
                )))
            }
        }
    }

    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(ROLES);
        let place = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::reading(error, format!("failed to read `{place}`")))?;
        let roles: Roles = serde_json::from_str(&text)
            .map_err(|error| Failure::reading(error, format!("failed to read `{place}`")))?;
        let [demo] = roles.demo.as_slice() else {
            return Err(Failure::input(format!(
                "`{place}` must name one recording as `demo`, found {}",
                roles.demo.len()
            )));
        };
        if roles.training.is_empty() {
            return Err(Failure::input(format!("`{place}` names no `training` recording")));
        }
        if roles.training.contains(demo) {
            return Err(Failure::input(format!(
                "`{place}` names `{demo}` as both `training` and `demo`"
            )));
        }
        let training = roles.training.iter().map(|name| folder.join(name)).collect();
        Ok(Self { training, demo: folder.join(demo) })
    }
}

/// Folders that may hold shipped recordings, most specific first.
fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("data")];
    places.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data"));
    if let Some(folder) = env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(folder.join("data"));
    }
    places
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(roles: &str) -> Result<Shipped> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(ROLES), roles).unwrap();
        Shipped::find(Some(folder.path()))
    }

    #[test]
    fn roles_name_the_recordings() {
        let shipped = read(r#"{ "training": ["a", "b"], "demo": ["c"] }"#).unwrap();
        assert_eq!(shipped.training.len(), 2);
        assert!(shipped.demo.ends_with("c"));
    }

    #[test]
    fn a_recording_is_never_both_training_and_demo() {
        let failure = read(r#"{ "training": ["a"], "demo": ["a"] }"#).unwrap_err();
        assert!(failure.to_string().contains("both `training` and `demo`"), "{failure}");
        assert_eq!(failure.code(), 2);
    }

    #[test]
    fn a_folder_without_roles_is_wrong_input() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Shipped::find(Some(folder.path())).unwrap_err();
        assert!(failure.to_string().contains("roles.json"), "{failure}");
        assert_eq!(failure.code(), 2);
    }
}
