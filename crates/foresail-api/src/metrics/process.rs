//! What the process takes of the machine, under the names that every Prometheus client uses; only
//! where the system says it in `/proc`.

use std::fs;

use super::text::{Kind, Page};

/// Clock ticks a second in `/proc`: `USER_HZ`, which is 100 on every architecture that Rust's
/// standard library runs on under Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// Lines of `/proc/self/status` are in KiB.
const KIB: f64 = 1_024.0;

/// Writes memory and CPU time of this process.
pub(super) fn write(page: &mut Page) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    page.metric("process_resident_memory_bytes", Kind::Gauge, "Resident memory.");
    page.optional(resident(&status));
    page.metric("process_cpu_seconds_total", Kind::Counter, "CPU time, user and system.");
    page.optional(cpu(&stat));
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * KIB)
}

/// Fields 14 and 15; the name before them stands in brackets and may hold anything (proc(5)).
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_cpu_are_read_from_proc() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t   2048 kB\n"), Some(2_097_152.0));
        let stat = "7 (a) b) S 1 1 1 0 -1 4194560 10 0 0 0 150 50 0 0 20 0 9 0 5";
        assert_eq!(cpu(stat), Some(2.0));
        assert_eq!((resident(""), cpu("7 (a")), (None, None));
    }
}
