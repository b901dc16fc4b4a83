//! Runs the built program.

use std::path::Path;
use std::process::{Command, Output};

/// What one run of the program left.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, ready to be given arguments.
pub(crate) fn foresail() -> Command {
    Command::new(env!("CARGO_BIN_EXE_foresail"))
}

/// Runs the program with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Run {
    Run::from(foresail().args(arguments).output().expect("the program was built"))
}

/// The program where no file may grow beyond so many blocks, as on a full disk.
pub(crate) fn foresail_on_a_full_disk(blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_foresail")]);
    shell
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("the program writes UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("the program writes UTF-8"),
        }
    }
}

impl Run {
    /// Asserts an exit code and one `error:` line that holds each of these texts.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "stderr: {}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "stderr: {}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "stderr: {}", self.stderr);
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is not in: {}", self.stderr);
        }
    }

    /// Asserts exit code 0 and nothing on standard error.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &str {
        assert_eq!(self.code, Some(0), "stderr: {}", self.stderr);
        assert_eq!(self.stderr, "");
        &self.stdout
    }
}
