//! Reads the recordings named on the command line, replays them, and prints what came out.
//!
//! `/usr/bin/time -v cargo run --release -p foresail-collect --example read -- DIR…` measures it.

use std::path::Path;
use std::process::ExitCode;

use foresail_collect::{OpenOptions, Recording, ReplayOptions};

fn main() -> ExitCode {
    for dir in std::env::args().skip(1) {
        let recording = match Recording::open(Path::new(&dir), &OpenOptions::default()) {
            Ok(recording) => recording,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        };
        let mut totals = [0u64; 6];
        for (_, batch) in recording.replay(ReplayOptions::default()) {
            let counts = [
                1,
                batch.entities.len(),
                batch.samples.len(),
                batch.objects.len(),
                batch.events.len(),
                batch.logs.len(),
            ];
            for (total, count) in totals.iter_mut().zip(counts) {
                *total += count as u64;
            }
        }
        let report = recording.report();
        println!(
            "{}: {} rows, {} read, {} resolved; ticks, entities, samples, objects, events, logs: {totals:?}",
            recording.name(),
            report.samples_found,
            report.samples_read,
            report.samples_resolved
        );
        println!("{:#?}", (&report.repairs, &report.gaps));
        println!("{:?}", (report.other_source, report.other_target, report.no_limit));
    }
    ExitCode::SUCCESS
}
