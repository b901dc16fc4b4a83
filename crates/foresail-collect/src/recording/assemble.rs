//! From raw series to resolved samples: repairs, runs of a container, precedence of sources, sums.
//!
//! Every decision about a sample uses only samples of the same time or earlier, so what is resolved
//! at a time does not depend on what comes later.

use std::collections::BTreeMap;

use foresail_core::{Entity, PlatformDuration, Quantity, Timestamp};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::calls::{Call, calls};
use super::samples::{RawSeries, RowGroup};
use crate::inventory::{self, InventoryChange, Observation};
use crate::report::{Gap, ReadReport, Repair, RepairKind};
use crate::resolve::{Role, Source};
use crate::stream::{Chooser, Point, SILENT_SCRAPES, Stream, Verdict};

/// Times further than this outside the recording are clock faults, in milliseconds.
const MARGIN_MS: i64 = 3_600_000;

/// One resolved sample: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Resolved {
    /// Milliseconds since [`Span::base`].
    pub(crate) at: u32,
    /// Index into the streams.
    pub(crate) stream: u32,
    pub(crate) value: f64,
}

/// The time that a recording covers, and its scrape interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) interval: PlatformDuration,
}

/// All resolved samples of a recording, by time and stream.
#[derive(Debug, Default)]
pub(crate) struct Assembled {
    pub(crate) streams: Vec<Stream>,
    pub(crate) samples: Vec<Resolved>,
    pub(crate) inventory: Vec<InventoryChange>,
    pub(crate) calls: Vec<Call>,
    /// For each quantity and family: on how many entities it was used.
    pub(crate) sources: BTreeMap<(Quantity, String), u64>,
}

/// A series of a file other than `samples/`, already resolved.
#[derive(Debug)]
pub(crate) struct SideSeries {
    pub(crate) stream: Stream,
    pub(crate) origin: &'static str,
    pub(crate) points: Vec<(u32, f64)>,
}

// === impl Span ===

impl Span {
    /// Where offsets count from.
    pub(crate) fn base(&self) -> i64 {
        self.started_at.as_millis() - MARGIN_MS
    }

    /// The offset of a time, or `None` outside the span and its margin.
    pub(crate) fn offset(&self, millis: i64) -> Option<u32> {
        let within = (self.base()..=self.ended_at.as_millis() + MARGIN_MS).contains(&millis);
        within.then(|| u32::try_from(millis - self.base()).ok()).flatten()
    }

    /// The time at an offset.
    pub(crate) fn time(&self, offset: u32) -> Timestamp {
        Timestamp::from_millis(self.base() + i64::from(offset))
    }
}

/// Turns raw series into resolved samples, in order of time and stream.
pub(crate) fn assemble(
    groups: Vec<RowGroup>,
    side: Vec<SideSeries>,
    span: &Span,
    report: &mut ReadReport,
) -> Assembled {
    let mut series = merge(groups, report);
    repair(&mut series, span, report);
    drop_earlier_runs(&mut series, span, report);
    let inventory = inventory_changes(&series, span);
    let calls = calls(&series, span);
    let (mut streams, points, metrics) = scatter(series, span);
    let mut assembled = Assembled { inventory, calls, ..Assembled::default() };
    let grace = span.interval.as_millis() * SILENT_SCRAPES;
    let mut folded: Vec<(Stream, Folded)> = std::mem::take(&mut streams)
        .into_par_iter()
        .zip(points)
        .map(|(stream, points)| {
            let folded = fold(stream.quantity, points, grace);
            (stream, folded)
        })
        .collect();
    for (stream, folded) in &folded {
        report.other_source += folded.other_source;
        report.other_target += folded.other_target;
        report.no_limit += folded.no_limit;
        for metric in &folded.metrics {
            let key = (stream.quantity, metrics[*metric as usize].to_owned());
            *assembled.sources.entry(key).or_default() += 1;
        }
    }
    add_side(side, &mut folded, &mut assembled, report);
    folded.retain(|(_, folded)| !folded.samples.is_empty());
    folded.sort_by(|a, b| a.0.cmp(&b.0));
    collect(folded, &mut assembled);
    report.samples_resolved = assembled.samples.len() as u64;
    report.gaps = gaps(&assembled.samples, span);
    assembled
}

/// Joins the parts of each series that lie in different row groups.
fn merge(groups: Vec<RowGroup>, report: &mut ReadReport) -> Vec<RawSeries> {
    let mut by_identity: FxHashMap<String, usize> = FxHashMap::default();
    let mut all: Vec<RawSeries> = Vec::new();
    for group in groups {
        report.samples_found += group.rows;
        for (family, rows) in group.families {
            *report.families.entry(family).or_default() += rows;
        }
        for mut series in group.series {
            report.samples_read += series.times.len() as u64;
            if let Some(index) = by_identity.get(&series.identity) {
                all[*index].times.append(&mut series.times);
                all[*index].values.append(&mut series.values);
            } else {
                by_identity.insert(series.identity.clone(), all.len());
                all.push(series);
            }
        }
    }
    all
}

/// Drops what cannot be used and puts each series in order of time.
fn repair(series: &mut [RawSeries], span: &Span, report: &mut ReadReport) {
    let found: Vec<Vec<(RepairKind, Repair)>> =
        series.par_iter_mut().map(|series| repair_one(series, span)).collect();
    for (kind, example) in found.into_iter().flatten() {
        report.repair(kind, example);
    }
}

fn repair_one(series: &mut RawSeries, span: &Span) -> Vec<(RepairKind, Repair)> {
    let sorted = series.times.is_sorted_by(|a, b| a < b);
    let finite = series.values.iter().all(|value| value.is_finite());
    let inside = series.times.iter().all(|time| span.offset(*time).is_some());
    if sorted && finite && inside {
        return Vec::new();
    }
    let mut found: BTreeMap<RepairKind, Repair> = BTreeMap::new();
    let (file, identity) = (series.file.to_string(), series.identity.replace('\u{1f}', " "));
    let mut count = |kind, at: i64| {
        found
            .entry(kind)
            .or_insert_with(|| Repair {
                count: 0,
                file: file.clone(),
                series: identity.clone(),
                at: Some(Timestamp::from_millis(at)),
            })
            .count += 1;
    };
    let mut rows: Vec<(i64, f64)> =
        series.times.iter().copied().zip(series.values.iter().copied()).collect();
    for pair in rows.windows(2) {
        if pair[1].0 < pair[0].0 {
            count(RepairKind::Backwards, pair[1].0);
        }
    }
    rows.retain(|(at, value)| {
        let (inside, finite) = (span.offset(*at).is_some(), value.is_finite());
        if !inside {
            count(RepairKind::OutsideSpan, *at);
        } else if !finite {
            count(RepairKind::NotFinite, *at);
        }
        inside && finite
    });
    rows.sort_by_key(|(at, _)| *at);
    rows.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            count(RepairKind::Duplicate, later.0);
        }
        same
    });
    (series.times, series.values) = rows.into_iter().unzip();
    found.into_iter().collect()
}

/// After a restart cAdvisor can go on for a moment with the old `id`. Once a newer one has samples,
/// later samples of the older one are dropped.
fn drop_earlier_runs(series: &mut [RawSeries], span: &Span, report: &mut ReadReport) {
    let mut runs: BTreeMap<Entity, BTreeMap<String, i64>> = BTreeMap::new();
    for one in series.iter() {
        if let Some((entity, id, first)) = run_of(one) {
            let known = runs.entry(entity.clone()).or_default();
            let at = known.entry(id.to_owned()).or_insert(first);
            *at = first.min(*at);
        }
    }
    for one in series.iter_mut() {
        let Some((entity, id, _)) = run_of(one) else { continue };
        let Some(known) = runs.get(entity).filter(|known| known.len() > 1) else { continue };
        let own = (known[id], id);
        let next = known.iter().map(|(id, first)| (*first, id.as_str())).filter(|run| *run > own);
        let Some(until) = next.map(|(first, _)| first).min() else { continue };
        let keep = one.times.partition_point(|at| *at < until);
        let dropped = one.times.len() - keep;
        if dropped > 0 {
            let example = Repair {
                count: dropped as u64,
                file: one.file.to_string(),
                series: one.identity.replace('\u{1f}', " "),
                at: span.offset(one.times[keep]).map(|offset| span.time(offset)),
            };
            report.repair(RepairKind::EarlierRun, example);
            one.times.truncate(keep);
            one.values.truncate(keep);
        }
    }
}

/// The container or pod, run and first time of a cAdvisor series.
fn run_of(series: &RawSeries) -> Option<(&Entity, &str, i64)> {
    let Role::Samples(destinations) = &series.role else { return None };
    let entity = &destinations.first()?.entity;
    match entity {
        Entity::Container { .. } | Entity::Pod { .. } => {}
        Entity::Node { .. } | Entity::Claim { .. } => return None,
    }
    Some((entity, series.labels.get("id")?, *series.times.first()?))
}

fn inventory_changes(series: &[RawSeries], span: &Span) -> Vec<InventoryChange> {
    let mut parts = Vec::new();
    let mut observations = Vec::new();
    for one in series {
        let Role::Inventory(part) = &one.role else { continue };
        let index = parts.len() as u32;
        parts.push(part.clone());
        observations.extend(one.times.iter().zip(&one.values).filter_map(|(at, value)| {
            span.offset(*at).map(|at| Observation { at, part: index, value: *value })
        }));
    }
    observations.sort_by_key(|observation| (observation.at, observation.part));
    inventory::changes(&parts, &observations)
}

/// Streams, the points of each, and the families that points name by number.
type Scattered = (Vec<Stream>, Vec<Vec<Point<u32>>>, Vec<&'static str>);

/// Sorts the points of all series into the streams that they belong to.
fn scatter(series: Vec<RawSeries>, span: &Span) -> Scattered {
    let mut index: FxHashMap<Stream, usize> = FxHashMap::default();
    let mut targets: FxHashMap<String, u32> = FxHashMap::default();
    let mut metric_index: FxHashMap<&'static str, u32> = FxHashMap::default();
    let mut metrics = Vec::new();
    let (mut streams, mut points) = (Vec::new(), Vec::<Vec<Point<u32>>>::new());
    for one in series {
        let Role::Samples(destinations) = &one.role else { continue };
        let (job, instance) = one.labels.target();
        let next = targets.len() as u32;
        let target = *targets.entry(format!("{job}\u{1f}{instance}")).or_insert(next);
        for destination in destinations {
            let Source { quantity, rank, order, factor, metric } = destination.source;
            let stream = Stream { entity: destination.entity.clone(), quantity };
            let at = *index.entry(stream).or_insert_with_key(|stream| {
                streams.push(stream.clone());
                points.push(Vec::new());
                streams.len() - 1
            });
            let metric = *metric_index.entry(metric).or_insert_with(|| {
                metrics.push(metric);
                metrics.len() as u32 - 1
            });
            let known = one.times.iter().zip(&one.values);
            let known = known.filter(|(at, _)| destination.valid.contains(at));
            points[at].extend(known.filter_map(|(at, value)| {
                let value = value * factor;
                span.offset(*at).map(|at| Point { at, rank, order, target, metric, value })
            }));
        }
    }
    (streams, points, metrics)
}

#[derive(Debug, Default)]
struct Folded {
    samples: Vec<(u32, f64)>,
    metrics: Vec<u32>,
    other_source: u64,
    other_target: u64,
    no_limit: u64,
}

/// Chooses one source and one target at each time, and adds up its series.
fn fold(quantity: Quantity, mut points: Vec<Point<u32>>, grace: i64) -> Folded {
    points.sort_by_key(Point::key);
    let mut out = Folded::default();
    let mut chooser = Chooser::default();
    for group in points.chunk_by(|a, b| a.key() == b.key()) {
        let Point { at, metric, .. } = group[0];
        let value = match chooser.judge(quantity, group, grace) {
            Verdict::Sample(value) => value,
            Verdict::OtherSource => {
                out.other_source += 1;
                continue;
            }
            Verdict::OtherTarget => {
                out.other_target += 1;
                continue;
            }
            Verdict::NoLimit => {
                out.no_limit += 1;
                continue;
            }
        };
        if !out.metrics.contains(&metric) {
            out.metrics.push(metric);
        }
        match out.samples.last_mut() {
            Some(last) if last.0 == at => *last = (at, value),
            Some(_) | None => out.samples.push((at, value)),
        }
    }
    out
}

/// Adds series of other files; from their first point on they come before any metric of the same
/// stream.
fn add_side(
    side: Vec<SideSeries>,
    folded: &mut Vec<(Stream, Folded)>,
    assembled: &mut Assembled,
    report: &mut ReadReport,
) {
    for one in side {
        let key = (one.stream.quantity, one.origin.to_owned());
        *assembled.sources.entry(key).or_default() += 1;
        let Some(first) = one.points.first().map(|point| point.0) else { continue };
        let mut samples = Vec::new();
        folded.retain_mut(|(stream, folded)| {
            let same = *stream == one.stream;
            if same {
                samples = std::mem::take(&mut folded.samples);
            }
            !same
        });
        let found = samples.len();
        samples.retain(|sample| sample.0 < first);
        report.other_source += (found - samples.len()) as u64;
        samples.extend(one.points);
        folded.push((one.stream, Folded { samples, ..Folded::default() }));
    }
}

fn collect(folded: Vec<(Stream, Folded)>, assembled: &mut Assembled) {
    let total = folded.iter().map(|(_, folded)| folded.samples.len()).sum();
    let mut samples = Vec::with_capacity(total);
    for (stream, folded) in folded {
        let index = assembled.streams.len() as u32;
        assembled.streams.push(stream);
        samples.extend(folded.samples.into_iter().map(|(at, value)| Resolved {
            at,
            stream: index,
            value,
        }));
    }
    samples.par_sort_unstable_by_key(|sample| (sample.at, sample.stream));
    assembled.samples = samples;
}

fn gaps(samples: &[Resolved], span: &Span) -> Vec<Gap> {
    let limit = (span.interval.as_millis() * SILENT_SCRAPES) as u32;
    samples
        .windows(2)
        .filter(|pair| pair[1].at - pair[0].at > limit)
        .map(|pair| Gap { from: span.time(pair[0].at), to: span.time(pair[1].at) })
        .collect()
}
