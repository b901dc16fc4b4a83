//! Why a command did not end well: the exit code, and one line for standard error.
//!
//! ```text
//!  0 done   1 a required result was not met   2 wrong use or input   3 the environment refused
//! ```

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// What a command returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `--require` asked for more than came out. Exit code 1.
    NotMet(String),
    /// Wrong use or input: the user can mend it. Exit code 2.
    Input(anyhow::Error),
    /// Disk, permission or port: the machine must be mended. Exit code 3.
    Environment(anyhow::Error),
    /// The reader of standard output went away, as `head` does. Not a failure: exit code 0.
    OutputClosed,
}

// === impl Failure ===

impl Failure {
    /// Wrong use or input that rests on no other error.
    pub(crate) fn input(text: impl fmt::Display) -> Self {
        Self::Input(anyhow::anyhow!("{text}"))
    }

    /// A failed read of `what`: the environment if the system refused it, else the input.
    pub(crate) fn reading(
        error: impl Error + Send + Sync + 'static,
        what: impl fmt::Display,
    ) -> Self {
        let refused = system_error(&error).is_some_and(is_refusal);
        let error = anyhow::Error::new(error).context(what.to_string());
        if refused { Self::Environment(error) } else { Self::Input(error) }
    }

    /// A failed write of `what`: always the environment.
    pub(crate) fn writing(
        error: impl Error + Send + Sync + 'static,
        what: impl fmt::Display,
    ) -> Self {
        Self::Environment(anyhow::Error::new(error).context(what.to_string()))
    }

    /// An error of a reader that says itself whether the environment is at fault.
    pub(crate) fn of<E: Error + Send + Sync + 'static>(
        error: E,
        is_environment: fn(&E) -> bool,
    ) -> Self {
        let environment = is_environment(&error);
        let error = anyhow::Error::new(error);
        if environment { Self::Environment(error) } else { Self::Input(error) }
    }

    /// The exit code.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::NotMet(_) => 1,
            Self::Input(_) => 2,
            Self::Environment(_) => 3,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMet(text) => f.write_str(&one_line(text)),
            Self::Input(error) | Self::Environment(error) => f.write_str(&chain(error.as_ref())),
            Self::OutputClosed => f.write_str("standard output was closed"),
        }
    }
}

/// The causes of `error` in one line, each text once: a cause that the text before already ends
/// with (some libraries repeat their own) is left out.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = one_line(&error.to_string());
        if line.is_empty() {
            line = text;
        } else if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

/// Input is untrusted: its line breaks and control characters must not reach the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The kind of the first I/O error among the causes of `error`.
fn system_error(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

/// Whether the machine, not the input, is at fault.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::OutOfMemory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read `x`")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn each_cause_stands_once_in_one_line() {
        let inner = io::Error::other("broken\nline 2");
        let error = anyhow::Error::new(Outer(inner)).context("failed: cannot read `x`");
        let failure = Failure::Input(error);
        assert_eq!(failure.to_string(), "failed: cannot read `x`: broken line 2");
        assert_eq!(failure.code(), 2);
    }

    #[test]
    fn a_refused_read_is_the_environment_and_a_missing_file_the_input() {
        let refused = Outer(ErrorKind::PermissionDenied.into());
        assert_eq!(Failure::reading(refused, "reading").code(), 3);
        let missing = Outer(ErrorKind::NotFound.into());
        assert_eq!(Failure::reading(missing, "reading").code(), 2);
    }
}
