//! A progress line on standard error, when that is a terminal and a command takes over a second.
//!
//! A thread of its own draws it, so a step that reports nothing for a while still shows its time.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::Stopwatch;

/// Commands that end within this time show nothing.
const QUIET: Duration = Duration::from_secs(1);
/// Between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// Shows what a command is doing until it is dropped.
pub(crate) struct Progress {
    state: Arc<Mutex<Step>>,
    drawer: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What is being done, and how far it is.
#[derive(Clone, Debug, Default)]
struct Step {
    name: String,
    done: u64,
    total: u64,
}

// === impl Progress ===

impl Progress {
    /// Starts showing progress, where there is somebody to see it.
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(Step::default()));
        let drawer = io::stderr().is_terminal().then(|| {
            let (stop, stopped) = mpsc::channel::<()>();
            let state = Arc::clone(&state);
            let thread = thread::spawn(move || {
                let watch = Stopwatch::start();
                let bar = bar();
                while stopped.recv_timeout(FRAME) == Err(RecvTimeoutError::Timeout) {
                    if watch.elapsed() >= QUIET {
                        draw(&bar, &state.lock().unwrap_or_else(PoisonError::into_inner));
                    }
                }
                bar.finish_and_clear();
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
        (step.done, step.total) = (done as u64, total as u64);
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

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(style(""));
    bar
}

fn style(counter: &str) -> ProgressStyle {
    ProgressStyle::with_template(&format!("{{spinner}} {{elapsed}} {{msg}} {counter}"))
        .expect("the template is fixed and well formed")
}

fn draw(bar: &ProgressBar, step: &Step) {
    if step.total > 0 {
        bar.set_style(style("{bar:30} {percent} %"));
        bar.set_length(step.total);
        bar.set_position(step.done);
    } else {
        bar.set_style(style(""));
    }
    bar.set_message(step.name.clone());
    bar.tick();
}
