//! Time and memory of one tick of the engine, on one core, for more and more pods.
//!
//! ```text
//! cargo run --release -p foresail --example tick_cost -- [RECORDING] [PODS…]
//! ```
//!
//! With the built-in model. A recording's batches are fanned out to the wanted number of pods and replayed; the last ticks
//! are timed. Memory per pod is given twice: of the series alone, as the state counts it, and of all
//! that the process holds more of than before.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
// The program's allocator.
use foresail as _;
use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_engine::{EngineAssessment, Models, Policy, Settings, State, assess};
use foresail_evaluate::fan_out::FanOut;
use foresail_evaluate::learned::StoredModel;

/// The model that is built into the program.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/model/default.model");
/// Replayed before timing, so that rings and windows are full.
const WARM_TICKS: usize = 150;
/// Timed.
const TIMED_TICKS: usize = 20;

struct Cost {
    pods: usize,
    samples: usize,
    observe: Duration,
    assess: Duration,
    series_bytes: f64,
    resident_bytes: f64,
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/lab-4")),
        PathBuf::from,
    );
    let mut wanted = arguments
        .map(|pods| pods.parse::<usize>().with_context(|| format!("`{pods}` is no number of pods")))
        .collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() {
        wanted = vec![1, 1_000, 10_000, 100_000];
    }
    let recording = Recording::open(&folder, &OpenOptions::default())?;
    let stored = StoredModel::read(&PathBuf::from(MODEL))?;
    let models = Models { learned: Some(stored.model), ..Models::default() };
    let own = measure(&recording, (FanOut::new(1), &models)).pods.max(1);
    println!(
        "recording {}, {own} pods of its own; median of {TIMED_TICKS} ticks, one core",
        recording.name()
    );
    println!(
        "{:>9} {:>13} {:>12} {:>11} {:>11} {:>13} {:>14}",
        "pods",
        "samples/tick",
        "observe ms",
        "assess ms",
        "sum ms",
        "series B/pod",
        "resident B/pod"
    );
    for pods in wanted {
        let copies = pods.div_ceil(own).max(1);
        print(&measure(&recording, (FanOut::new(u32::try_from(copies)?), &models)));
    }
    Ok(())
}

fn print(cost: &Cost) {
    let (observe, assess) = (cost.observe.as_secs_f64() * 1e3, cost.assess.as_secs_f64() * 1e3);
    println!(
        "{:>9} {:>13} {observe:>12.2} {assess:>11.2} {:>11.2} {:>13.0} {:>14.0}",
        cost.pods,
        cost.samples,
        observe + assess,
        cost.series_bytes,
        cost.resident_bytes
    );
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn measure(recording: &Recording, (fan_out, models): (FanOut, &Models)) -> Cost {
    let before = resident_bytes();
    let mut state = State::new(Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: recording.time_scale(),
        scrape_interval: recording.scrape_interval(),
    });
    let policy = Policy::default();
    let mut parent: Option<EngineAssessment> = None;
    let (mut observed, mut assessed, mut samples) = (Vec::new(), Vec::new(), 0);
    let ticks = recording.replay(ReplayOptions::default()).take(WARM_TICKS + TIMED_TICKS);
    for (tick, (at, batch)) in ticks.enumerate() {
        let batch = fan_out.batch(&batch);
        let start = Instant::now();
        state.observe(&batch);
        let middle = Instant::now();
        parent = Some(assess(&state, parent.as_ref(), at, (models, &policy)));
        let end = Instant::now();
        if tick >= WARM_TICKS {
            observed.push(middle - start);
            assessed.push(end - middle);
            samples = samples.max(batch.samples.len());
        }
    }
    let pods = state.graph().pods().filter(|pod| !pod.object.is_finished()).count();
    let (series_bytes, series_pods) = state.series().pod_bytes();
    let held = resident_bytes().saturating_sub(before);
    drop(parent);
    Cost {
        pods,
        samples,
        observe: median(observed),
        assess: median(assessed),
        series_bytes: series_bytes as f64 / series_pods.max(1) as f64,
        resident_bytes: held as f64 / pods.max(1) as f64,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Bytes of memory that this process holds, as the kernel counts them.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}
