//! Copies recordings without the series that nothing reads: `trim FROM TO`.
//!
//! The copy is opened again by the strict reader and must resolve to the same samples.

use std::path::Path;
use std::process::ExitCode;

use foresail_collect::{OpenOptions, Recording, RecordingError, ReplayOptions, trim};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: trim FROM TO");
        return ExitCode::from(2);
    };
    match run(Path::new(from), Path::new(to)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("`{to}` replays differently from `{from}`");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(from: &Path, to: &Path) -> Result<bool, RecordingError> {
    let summary = trim(from, to)?;
    println!(
        "{}: {} of {} rows kept, {} bytes",
        to.display(),
        summary.rows_kept,
        summary.rows_found,
        summary.bytes
    );
    let original = Recording::open(from, &OpenOptions::default())?;
    let copy = Recording::open(to, &OpenOptions::default())?;
    Ok(original.replay(ReplayOptions::default()).eq(copy.replay(ReplayOptions::default())))
}
