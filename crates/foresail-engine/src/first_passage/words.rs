//! Says a forecast in one sentence with numbers.

use std::fmt;

use foresail_core::{FailureKind, PlatformDuration, Quantity, TimeToEvent, Unit};

/// What a sentence is made from.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// What may fail.
    pub unit: &'a Unit,
    /// The named failure.
    pub kind: FailureKind,
    /// What runs out.
    pub quantity: Quantity,
    /// Level now.
    pub level: f64,
    /// The limit.
    pub limit: f64,
    /// Growth toward the limit per wall minute.
    pub per_minute: f64,
    /// When, if a time can be given.
    pub time: Option<TimeToEvent>,
    /// Probability within the horizon.
    pub probability: f64,
}

/// The quantity in words.
#[derive(Clone, Copy, Debug)]
pub struct Name(pub Quantity);

/// A value with its unit, short enough to read at a glance.
#[derive(Clone, Copy, Debug)]
struct Amount(Quantity, f64);

/// When, or that nobody can say.
#[derive(Clone, Copy, Debug)]
struct When(Option<TimeToEvent>);

/// The forecast in one sentence.
#[must_use]
pub fn sentence(said: &Said<'_>) -> String {
    let amount = |value| Amount(said.quantity, value);
    format!(
        "{} {}{}, probability {:.2}: {} is {} of {} and moves {} per minute toward it",
        said.unit,
        said.kind.phrase(),
        When(said.time),
        said.probability,
        Name(said.quantity),
        amount(said.level),
        amount(said.limit),
        amount(said.per_minute),
    )
}

// === impl Name ===

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, word) in self.0.as_str().split('_').enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

// === impl Amount ===

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(quantity, value) = *self;
        if quantity.unit() != "bytes" {
            return short(f, value);
        }
        let (unit, size) = [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)]
            .into_iter()
            .find(|(_, size)| value.abs() >= *size)
            .unwrap_or(("B", 1.0));
        short(f, value / size)?;
        write!(f, " {unit}")
    }
}

// === impl When ===

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time) = self.0 else { return f.write_str("; no honest time") };
        f.write_str(" in about ")?;
        minutes(f, time.p50)?;
        f.write_str(" min (80 %: ")?;
        minutes(f, time.p10)?;
        f.write_str("–")?;
        minutes(f, time.p90)?;
        f.write_str(")")
    }
}

fn short(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    if value.abs() >= 100.0 || value.fract().abs() < 0.05 {
        write!(f, "{value:.0}")
    } else {
        write!(f, "{value:.1}")
    }
}

fn minutes(f: &mut fmt::Formatter<'_>, time: PlatformDuration) -> fmt::Result {
    let minutes = time.as_seconds() / 60.0;
    if minutes < 10.0 { write!(f, "{minutes:.1}") } else { write!(f, "{minutes:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foresail_core::{WorkloadId, WorkloadKind};

    #[test]
    fn a_forecast_reads_like_a_person_wrote_it() {
        let unit = Unit::Workload(WorkloadId {
            namespace: "checkout".into(),
            kind: WorkloadKind::Deployment,
            name: "cart".into(),
        });
        let minutes = PlatformDuration::from_seconds_f64;
        let said = Said {
            unit: &unit,
            kind: FailureKind::OomKilled,
            quantity: Quantity::MemoryWorkingSet,
            level: 205.0 * 1_048_576.0,
            limit: 268_435_456.0,
            per_minute: 4.4 * 1_048_576.0,
            time: Some(foresail_core::TimeToEvent {
                p10: minutes(540.0),
                p50: minutes(840.0),
                p90: minutes(1320.0),
            }),
            probability: 0.83,
        };
        assert_eq!(
            sentence(&said),
            "checkout/cart will be OOM-killed in about 14 min (80 %: 9.0–22), probability 0.83: \
             memory working set is 205 MiB of 256 MiB and moves 4.4 MiB per minute toward it"
        );
    }
}
