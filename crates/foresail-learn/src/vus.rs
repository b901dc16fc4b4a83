//! VUS-PR: how well a score ranks anomalous stretches of a series, without a threshold and without point adjustment.
//!
//! In: one label and one score per point. Out: the volume under the surface of range-based precision and recall, the
//! mean of the range-AUC-PR over all buffer lengths. A buffer gives a detection a little before or after an anomaly
//! part of the credit, so that labels need not be exact to the point.
//!
//! ```text
//! labels ──> segments ──> soft labels per buffer length ─┐
//! scores ──> ranks ──> thresholds ──> hits per threshold ┴──> range-AUC-PR ──> mean over buffers
//! ```
//!
//! # Source
//! Paparrizos et al., *Volume Under the Surface*, PVLDB 15(11), 2022; variant and window choice as in TSB-AD
//! (Liu & Paparrizos, NeurIPS 2024): 250 thresholds evenly spaced in rank, longest buffer = period of the series.
//! Written anew: instead of one pass per threshold and buffer, each point is put into the bucket of the first threshold
//! that reports it, so that a buffer length costs one pass over the points in buffers.

#[cfg(test)]
mod tests;

/// Thresholds that TSB-AD takes, evenly spaced in rank.
const PUBLISHED_THRESHOLDS: usize = 250;
/// Longest lag of the autocorrelation that TSB-AD looks at, in points.
const LONGEST_LAG: usize = 400;
/// Points of the series that the autocorrelation is computed on.
const LONGEST_SERIES: usize = 20_000;
/// Period that TSB-AD assumes where the autocorrelation shows none.
const DEFAULT_PERIOD: usize = 125;

/// What the surface is computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VusParams {
    /// Longest buffer, in points: half of it lies before, half behind an anomaly.
    pub max_buffer: usize,
    /// Thresholds, evenly spaced in the ranks of the scores; at least 2.
    pub thresholds: usize,
}

/// Why a VUS-PR is undefined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VusError {
    /// Labels and scores do not belong together.
    #[error("`{labels}` labels but `{scores}` scores")]
    Length {
        /// Number of labels.
        labels: usize,
        /// Number of scores.
        scores: usize,
    },
    /// Nothing can be found where nothing is labelled.
    #[error("no point is labelled an anomaly")]
    NoAnomaly,
    /// Scores must be comparable.
    #[error("the score at `{index}` is not a number")]
    Score {
        /// Place in the series, from 0.
        index: usize,
    },
    /// One threshold makes no curve.
    #[error("`{found}` thresholds, at least 2 are needed")]
    Thresholds {
        /// Number asked for.
        found: usize,
    },
}

/// One labelled stretch, `first..=last`, with the least bucket in it and its buffers.
struct Segment {
    first: usize,
    last: usize,
    least_bucket: usize,
}

// === impl VusParams ===

impl VusParams {
    /// As published by TSB-AD, for a series of the given period (see [`period`]).
    #[must_use]
    pub fn published(period: usize) -> Self {
        Self { max_buffer: period, thresholds: PUBLISHED_THRESHOLDS }
    }
}

/// Computes VUS-PR; 1 is perfect, and a constant score gets about the share of anomalous points.
///
/// # Errors
/// [`VusError`] where labels and scores differ in length, a score is NaN, or there is no anomaly.
pub fn vus_pr(labels: &[bool], scores: &[f64], params: VusParams) -> Result<f64, VusError> {
    check(labels, scores, params)?;
    let n_buckets = params.thresholds;
    let (buckets, n_predicted) = bucket(scores, n_buckets);
    let mut segments = segments(labels, &buckets);
    let n_anomalous = labels.iter().filter(|label| **label).count() as f64;
    let mut core_hits = vec![0.0; n_buckets];
    for (label, bucket) in labels.iter().zip(&buckets) {
        if *label && let Some(hits) = core_hits.get_mut(*bucket) {
            *hits += 1.0;
        }
    }
    let mut soft = vec![0.0_f64; labels.len()];
    let mut sum = 0.0;
    for buffer in 0..=params.max_buffer {
        let half = buffer / 2;
        widen(&mut segments, &buckets, half);
        let mut buffer_hits = vec![0.0; n_buckets];
        for (i, weight) in soften(&mut soft, &segments, labels, buffer) {
            if let Some(hits) = buffer_hits.get_mut(buckets[i]) {
                *hits += weight;
            }
        }
        let (reached, n_groups) = group(&segments, half, n_buckets);
        let (mut core, mut soft_hits, mut existing, mut before) = (0.0, 0.0, 0.0, 0.0);
        for k in 0..n_buckets {
            core += core_hits[k];
            soft_hits += buffer_hits[k];
            existing += reached[k];
            let hits = core + soft_hits;
            let recall = (hits / (n_anomalous + soft_hits / 2.0)).min(1.0) * existing / n_groups;
            sum += (recall - before) * hits / n_predicted[k];
            before = recall;
        }
    }
    Ok(sum / (params.max_buffer + 1) as f64)
}

/// Finds the period of a series as TSB-AD does: the lag of the highest local maximum of the autocorrelation between
/// 3 and 400 points; 125 where there is none, or where it is under 6 or over 303 points.
#[must_use]
pub fn period(series: &[f64]) -> usize {
    let series = &series[..series.len().min(LONGEST_SERIES)];
    let mean = series.iter().sum::<f64>() / series.len().max(1) as f64;
    let centred: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let correlation: Vec<f64> = (3..=LONGEST_LAG.min(series.len().saturating_sub(1)))
        .map(|lag| centred.iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum())
        .collect();
    let mut best: Option<(usize, f64)> = None;
    for (i, three) in correlation.windows(3).enumerate() {
        let peak = three[1] > three[0] && three[1] > three[2];
        if peak && best.is_none_or(|(_, height)| three[1] >= height) {
            best = Some((i + 1, three[1]));
        }
    }
    match best {
        Some((i, _)) if (3..=300).contains(&i) => i + 3,
        Some(_) | None => DEFAULT_PERIOD,
    }
}

fn check(labels: &[bool], scores: &[f64], params: VusParams) -> Result<(), VusError> {
    if labels.len() != scores.len() {
        return Err(VusError::Length { labels: labels.len(), scores: scores.len() });
    }
    if params.thresholds < 2 {
        return Err(VusError::Thresholds { found: params.thresholds });
    }
    if let Some(index) = scores.iter().position(|score| score.is_nan()) {
        return Err(VusError::Score { index });
    }
    if !labels.contains(&true) {
        return Err(VusError::NoAnomaly);
    }
    Ok(())
}

/// Puts each point into the bucket of the first threshold that reports it, and counts the points each one reports.
fn bucket(scores: &[f64], n_buckets: usize) -> (Vec<usize>, Vec<f64>) {
    let mut falling = scores.to_vec();
    falling.sort_unstable_by(|a, b| b.total_cmp(a));
    let thresholds: Vec<f64> =
        (0..n_buckets).map(|k| falling[(falling.len() - 1) * k / (n_buckets - 1)]).collect();
    let buckets: Vec<usize> = scores
        .iter()
        .map(|score| thresholds.partition_point(|threshold| threshold > score))
        .collect();
    let n_predicted = thresholds
        .iter()
        .map(|threshold| falling.partition_point(|score| score >= threshold) as f64)
        .collect();
    (buckets, n_predicted)
}

fn segments(labels: &[bool], buckets: &[usize]) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    for (i, _) in labels.iter().enumerate().filter(|(_, label)| **label) {
        match found.last_mut() {
            Some(open) if open.last + 1 == i => {
                open.last = i;
                open.least_bucket = open.least_bucket.min(buckets[i]);
            }
            Some(_) | None => {
                found.push(Segment { first: i, last: i, least_bucket: buckets[i] });
            }
        }
    }
    found
}

/// Takes the two points at distance `half` into each segment's least bucket; called with `half` rising by at most 1.
fn widen(segments: &mut [Segment], buckets: &[usize], half: usize) {
    for segment in segments {
        let before = segment.first.checked_sub(half).and_then(|i| buckets.get(i));
        let behind = buckets.get(segment.last + half);
        for bucket in before.into_iter().chain(behind) {
            segment.least_bucket = segment.least_bucket.min(*bucket);
        }
    }
}

/// Lists the points in buffers with their soft label; `soft` is all zero before and after.
fn soften(
    soft: &mut [f64],
    segments: &[Segment],
    labels: &[bool],
    buffer: usize,
) -> Vec<(usize, f64)> {
    let mut touched = Vec::new();
    for segment in segments {
        for distance in 1..=buffer / 2 {
            let weight = (1.0 - distance as f64 / buffer as f64).sqrt();
            let before = segment.first.checked_sub(distance);
            let behind = Some(segment.last + distance);
            for i in before.into_iter().chain(behind) {
                // A point inside another anomaly is counted there.
                if i < labels.len() && !labels[i] {
                    if soft[i] == 0.0 {
                        touched.push(i);
                    }
                    soft[i] += weight;
                }
            }
        }
    }
    touched.into_iter().map(|i| (i, std::mem::take(&mut soft[i]).min(1.0))).collect()
}

/// Joins segments whose buffers meet; counts the groups by their least bucket, and all of them.
fn group(segments: &[Segment], half: usize, n_buckets: usize) -> (Vec<f64>, f64) {
    let mut least: Vec<usize> = Vec::new();
    let mut reach = None;
    for segment in segments {
        match (reach, least.last_mut()) {
            (Some(reach), Some(open)) if reach >= segment.first.saturating_sub(half) => {
                *open = (*open).min(segment.least_bucket);
            }
            (Some(_) | None, Some(_) | None) => least.push(segment.least_bucket),
        }
        reach = Some(segment.last + half);
    }
    let mut reached = vec![0.0; n_buckets];
    for bucket in &least {
        if let Some(count) = reached.get_mut(*bucket) {
            *count += 1.0;
        }
    }
    (reached, least.len() as f64)
}
