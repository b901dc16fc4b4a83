//! A progress line on standard error, when that is a terminal and the work takes over a second; and the
//! way to end work early.

use std::io::{self, IsTerminal, Write};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(100);
/// Frames that pass before anything is drawn: one second.
const QUIET_FRAMES: u32 = 10;
/// Cells of the bar.
const CELLS: usize = 30;

/// How far work is, and whether it is still wanted.
pub(crate) struct Progress {
    step: Mutex<Step>,
    is_unwanted: AtomicBool,
}

/// What unwinds through work that is no longer wanted.
struct Unwanted;

#[derive(Debug)]
struct Step {
    name: String,
    done: usize,
    total: usize,
}

// === impl Progress ===

impl Progress {
    pub(crate) fn new(name: &str) -> Self {
        let step = Step { name: name.to_owned(), done: 0, total: 0 };
        Self { step: Mutex::new(step), is_unwanted: AtomicBool::new(false) }
    }

    /// Says what is being done and how far it is; `total` 0 when that is not known. Does not return
    /// when the work is no longer wanted.
    pub(crate) fn report(&self, name: &str, done: usize, total: usize) {
        if self.is_unwanted.load(Ordering::Relaxed) {
            // Unlike a panic this prints nothing.
            resume_unwind(Box::new(Unwanted));
        }
        let mut step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        if step.name != name {
            name.clone_into(&mut step.name);
        }
        (step.done, step.total) = (done, total);
    }

    /// Draws until the other end of the channel is dropped; the first error of `check` makes the work
    /// unwanted and is what is returned.
    pub(crate) fn watch<E>(
        &self,
        ended: &Receiver<()>,
        check: impl Fn() -> Result<(), E>,
    ) -> Option<E> {
        let is_terminal = io::stderr().is_terminal();
        let mut interrupt = None;
        let mut frames = 0;
        while ended.recv_timeout(FRAME) == Err(RecvTimeoutError::Timeout) {
            frames += 1;
            if is_terminal && frames >= QUIET_FRAMES {
                let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
                draw(&step.line(frames / QUIET_FRAMES));
            }
            if interrupt.is_none() {
                interrupt = check().err();
                self.is_unwanted.store(interrupt.is_some(), Ordering::Relaxed);
            }
        }
        if is_terminal && frames >= QUIET_FRAMES {
            draw("");
        }
        interrupt
    }
}

// === impl Step ===

impl Step {
    fn line(&self, seconds: u32) -> String {
        let Self { name, done, total } = self;
        if *total == 0 {
            return format!("{name} … {seconds} s");
        }
        let filled = (CELLS * done / total).min(CELLS);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(CELLS - filled));
        format!("{name} {bar} {done}/{total}  {seconds} s")
    }
}

/// Replaces the line; a terminal that cannot be written to is not worth failing for.
fn draw(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush());
}
