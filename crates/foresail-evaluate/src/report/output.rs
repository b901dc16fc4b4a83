//! The files of a report: each written aside, all renamed only when every one is complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::ReportError;

/// A file to be: its place below the folder and its bytes.
pub(crate) struct Page {
    pub(crate) place: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// What was put on disk so far; taken back when it is dropped before the end.
struct Staged {
    /// Folders made, outermost first.
    folders: Vec<PathBuf>,
    /// Files written aside and their places.
    files: Vec<(PathBuf, PathBuf)>,
    done: Progress,
}

#[derive(PartialEq, Eq)]
enum Progress {
    Underway,
    Complete,
}

/// Writes all files below `folder`, or none; returns their paths in the given order.
pub(crate) fn write_all(folder: &Path, pages: &[Page]) -> Result<Vec<PathBuf>, ReportError> {
    let mut staged = Staged { folders: Vec::new(), files: Vec::new(), done: Progress::Underway };
    for page in pages {
        let target = folder.join(&page.place);
        let parent = target.parent().unwrap_or(folder).to_owned();
        staged.make_folder(&parent)?;
        staged.write_aside(&parent, target, &page.bytes)?;
    }
    staged.commit()
}

impl Staged {
    fn make_folder(&mut self, folder: &Path) -> Result<(), ReportError> {
        if folder.is_dir() || folder.as_os_str().is_empty() {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.make_folder(parent)?;
        }
        fs::create_dir(folder)
            .map_err(|source| ReportError::Folder { folder: folder.to_owned(), source })?;
        self.folders.push(folder.to_owned());
        Ok(())
    }

    fn write_aside(
        &mut self,
        parent: &Path,
        target: PathBuf,
        bytes: &[u8],
    ) -> Result<(), ReportError> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let aside = parent.join(format!(".{name}.partial"));
        if target.is_dir() {
            let source = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(ReportError::Write { file: target, source });
        }
        let written = write_whole(&aside, bytes);
        self.files.push((aside, target.clone()));
        written.map_err(|source| ReportError::Write { file: target, source })
    }

    fn commit(mut self) -> Result<Vec<PathBuf>, ReportError> {
        let mut targets = Vec::with_capacity(self.files.len());
        for (aside, target) in &self.files {
            fs::rename(aside, target)
                .map_err(|source| ReportError::Write { file: target.clone(), source })?;
            targets.push(target.clone());
        }
        self.done = Progress::Complete;
        Ok(targets)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.done == Progress::Complete {
            return;
        }
        // Best effort: the error that led here is the one to report.
        for (aside, _) in &self.files {
            let _ = fs::remove_file(aside);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Writes and waits for the disk, so that a full one is noticed before anything is renamed.
fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut out = fs::File::create(file)?;
    out.write_all(bytes)?;
    out.sync_all()
}
