//! Says a forecast in one sentence with numbers.

use foresail_core::{FailureKind, Quantity, TimeToEvent, Unit};

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

/// The forecast in one sentence.
#[must_use]
pub fn sentence(said: &Said<'_>) -> String {
    let when = said.time.map_or_else(
        || "; no honest time".to_owned(),
        |time| {
            let [p10, p50, p90] = [time.p10, time.p50, time.p90].map(|t| t.as_seconds() / 60.0);
            format!(" in about {} min (80 %: {}–{})", minutes(p50), minutes(p10), minutes(p90))
        },
    );
    format!(
        "{} {}{when}, probability {:.2}: {} is {} of {} and moves {} per minute toward it",
        said.unit,
        said.kind.phrase(),
        said.probability,
        name(said.quantity),
        amount(said.quantity, said.level),
        amount(said.quantity, said.limit),
        amount(said.quantity, said.per_minute),
    )
}

/// The quantity in words.
#[must_use]
pub fn name(quantity: Quantity) -> String {
    quantity.as_str().replace('_', " ")
}

/// A value with its unit, short enough to read at a glance.
#[must_use]
pub fn amount(quantity: Quantity, value: f64) -> String {
    if quantity.unit() == "bytes" {
        let (unit, size) = [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)]
            .into_iter()
            .find(|(_, size)| value.abs() >= *size)
            .unwrap_or(("B", 1.0));
        return format!("{} {unit}", short(value / size));
    }
    short(value)
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract().abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn minutes(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foresail_core::{PlatformDuration, WorkloadId, WorkloadKind};

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
