//! Output files: written aside, then renamed, so a failed run leaves nothing behind.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Result};

/// A file that takes its place only when it is complete.
pub(crate) struct StagedFile {
    target: PathBuf,
    aside: BufWriter<NamedTempFile>,
}

// === impl StagedFile ===

impl StagedFile {
    /// Opens a file beside `target`.
    pub(crate) fn create(target: &Path) -> Result<Self> {
        // Renaming over a folder fails, over a device it would replace the device.
        if target.exists() && !target.is_file() {
            return Err(Failure::input(format!(
                "output `{}` is no regular file",
                target.display()
            )));
        }
        let aside = builder()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(parent(target)?)
            .map_err(|error| {
                Failure::writing(error, format!("failed to write `{}`", target.display()))
            })?;
        Ok(Self { target: target.to_owned(), aside: BufWriter::new(aside) })
    }

    /// Writes through `write`, then puts the file in its place.
    pub(crate) fn commit_with<E>(
        mut self,
        write: impl FnOnce(&mut (dyn Write + Send)) -> std::result::Result<(), E>,
    ) -> Result<()>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let what = format!("failed to write `{}`", self.target.display());
        write(&mut self.aside).map_err(|error| Failure::writing(error, &what))?;
        let file =
            self.aside.into_inner().map_err(|error| Failure::writing(error.into_error(), &what))?;
        file.persist(&self.target).map_err(|error| Failure::writing(error.error, &what))?;
        Ok(())
    }
}

/// Refuses a folder that cannot take a report, before any work is done; makes and leaves nothing.
pub(crate) fn check_folder(folder: &Path) -> Result<()> {
    // The nearest part of the path that exists is where the missing folders will be made.
    let here = Path::new(".");
    let existing = folder.ancestors().find(|place| place.exists()).unwrap_or(here);
    if !existing.is_dir() {
        return Err(Failure::input(format!(
            "output `{}` is a file, not a folder",
            existing.display()
        )));
    }
    builder().tempfile_in(existing).map(drop).map_err(|error| {
        Failure::writing(error, format!("failed to write into `{}`", existing.display()))
    })
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".foresail-");
    builder
}

/// The folder that holds `target`, created where missing.
fn parent(target: &Path) -> Result<&Path> {
    if target.file_name().is_none_or(|name| name == OsStr::new("")) && !target.is_dir() {
        return Err(Failure::input(format!("output `{}` has no name", target.display())));
    }
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|error| {
        Failure::writing(error, format!("failed to create folder `{}`", parent.display()))
    })?;
    Ok(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn checking_a_folder_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        check_folder(&root.path().join("out/demo")).unwrap();
        check_folder(root.path()).unwrap();
        assert_eq!(names(root.path()), Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_is_a_file_is_refused_as_wrong_input() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(check_folder(&file).unwrap_err().code(), 2);
        assert_eq!(check_folder(&file.join("below")).unwrap_err().code(), 2);
    }

    #[test]
    fn a_device_is_never_replaced() {
        assert_eq!(StagedFile::create(Path::new("/dev/null")).err().unwrap().code(), 2);
    }

    #[test]
    fn a_failed_writer_leaves_the_old_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("alarms.jsonl");
        fs::write(&path, "old").unwrap();
        let staged = StagedFile::create(&path).unwrap();
        let failed = staged.commit_with(|out| {
            out.write_all(b"half")?;
            Err(std::io::Error::other("full"))
        });
        assert_eq!(failed.unwrap_err().code(), 3);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(root.path()), ["alarms.jsonl"]);
    }
}
