//! A progress line on standard error, when that is a terminal and the work takes over a second.
//!
//! A thread of its own draws it, so that work which reports nothing still shows its time.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(100);
/// Frames that pass before anything is drawn: one second.
const QUIET_FRAMES: u32 = 10;
/// Cells of the bar.
const CELLS: usize = 30;

/// Shows how far work is until it is dropped.
pub(crate) struct Progress {
    state: Arc<Mutex<Step>>,
    drawer: Option<(Sender<()>, JoinHandle<()>)>,
}

#[derive(Debug)]
struct Step {
    name: String,
    done: usize,
    total: usize,
}

// === impl Progress ===

impl Progress {
    pub(crate) fn start(name: &str) -> Self {
        let step = Step { name: name.to_owned(), done: 0, total: 0 };
        let state = Arc::new(Mutex::new(step));
        let drawer = io::stderr().is_terminal().then(|| {
            let (stop, stopped) = mpsc::channel::<()>();
            let state = Arc::clone(&state);
            let thread = thread::spawn(move || {
                let mut frames = 0;
                while stopped.recv_timeout(FRAME) == Err(RecvTimeoutError::Timeout) {
                    frames += 1;
                    if frames >= QUIET_FRAMES {
                        let step = state.lock().unwrap_or_else(PoisonError::into_inner);
                        draw(&step.line(frames / QUIET_FRAMES));
                    }
                }
                if frames >= QUIET_FRAMES {
                    draw("");
                }
            });
            (stop, thread)
        });
        Self { state, drawer }
    }

    /// Says what is being done and how far it is; `total` 0 when that is not known.
    pub(crate) fn report(&self, name: &str, done: usize, total: usize) {
        let mut step = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if step.name != name {
            name.clone_into(&mut step.name);
        }
        (step.done, step.total) = (done, total);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.drawer.take() {
            drop(stop);
            // A drawing thread that died has nothing left to clear.
            let _ = thread.join();
        }
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
