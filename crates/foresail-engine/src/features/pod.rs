//! The features of one pod.

use foresail_core::{ContainerState, FailureKind, PodObject, Quantity, Timestamp};

use super::view::{LONG, MIDDLE, PodView, SHORT, ln_ratio, over};
use super::{Feature, PodFeatures};
use crate::first_passage::{Reading, SurveyedPod};
use crate::logs::LogLook;
use crate::series::HALF_LIVES_MINUTES;
use crate::state::State;

/// Age beyond which it says nothing, in seconds of wall time: it would be a clock.
const MOST_AGE: f64 = 120.0;
/// Timeout of a probe where the spec is not known, in seconds: the API's default.
const DEFAULT_TIMEOUT: f64 = 1.0;
/// Highest score of a growth without a known limit.
const MOST_RUNAWAY: f64 = 0.6;
/// Mean ages of rates decayed with half-lives of 2, 10 and 60 min lie so many minutes apart.
const AGE_STEP: f64 =
    (HALF_LIVES_MINUTES[MIDDLE] - HALF_LIVES_MINUTES[SHORT]) / std::f64::consts::LN_2;
/// How far first passage looks ahead, in minutes.
const AHEAD: f64 = 100.0;

/// Shares, scores and urgencies of one kind of limit.
struct Limited {
    quantities: &'static [Quantity],
    share: Feature,
    score: Feature,
    urgency: Option<Feature>,
}

const LIMITED: [Limited; 5] = [
    Limited {
        quantities: &[Quantity::MemoryWorkingSet, Quantity::MemoryRss],
        share: Feature::MemoryShare,
        score: Feature::MemoryScore,
        urgency: Some(Feature::MemoryUrgency),
    },
    Limited {
        quantities: &[Quantity::FileDescriptors],
        share: Feature::DescriptorShare,
        score: Feature::DescriptorScore,
        urgency: Some(Feature::DescriptorUrgency),
    },
    Limited {
        quantities: &[Quantity::Threads],
        share: Feature::ThreadShare,
        score: Feature::ThreadScore,
        urgency: None,
    },
    Limited {
        quantities: &[Quantity::PoolInUse],
        share: Feature::PoolShare,
        score: Feature::PoolScore,
        urgency: Some(Feature::PoolUrgency),
    },
    Limited {
        quantities: &[Quantity::EphemeralStorage, Quantity::EmptyDirUsed],
        share: Feature::StorageShare,
        score: Feature::StorageScore,
        urgency: Some(Feature::StorageUrgency),
    },
];

/// Highest first-passage score by the failure that the limit ends in.
const TOWARD: [(FailureKind, Feature); 5] = [
    (FailureKind::OomKilled, Feature::TowardOom),
    (FailureKind::Evicted, Feature::TowardEviction),
    (FailureKind::LivenessKill, Feature::TowardLivenessKill),
    (FailureKind::ErrorExit, Feature::TowardErrorExit),
    (FailureKind::NotReady, Feature::TowardNotReady),
];

/// Levels against their own past, and where that goes.
const GROWTHS: [(Quantity, Feature, Option<Feature>); 7] = [
    (Quantity::MemoryWorkingSet, Feature::MemoryGrowth, Some(Feature::MemoryRecentGrowth)),
    (Quantity::HeapInUse, Feature::HeapGrowth, None),
    (Quantity::FileDescriptors, Feature::DescriptorGrowth, Some(Feature::DescriptorRecentGrowth)),
    (Quantity::Threads, Feature::ThreadGrowth, Some(Feature::ThreadRecentGrowth)),
    (Quantity::RuntimeTasks, Feature::TaskGrowth, Some(Feature::TaskRecentGrowth)),
    (Quantity::RequestsInFlight, Feature::InFlightGrowth, None),
    (Quantity::PoolInUse, Feature::PoolGrowth, None),
];

/// Fills what a pod itself shows but for its logs; ln of its mean request time.
pub(super) fn fill(
    row: &mut PodFeatures<'_>,
    pod: &SurveyedPod<'_, '_>,
    (view, state, at): (&PodView<'_>, &State, Timestamp),
) -> f32 {
    let object = &pod.record.object;
    add_limits(row, pod.readings);
    add_growth(row, view);
    add_cpu(row, view, object);
    add_restarts(row, pod, (state, at));
    add_probes(row, view, object);
    let latency = add_requests(row, view, object);
    add_io(row, view);
    row.set(Feature::IsReady, f64::from(u8::from(pod.record.is_ready())));
    add_quality(row, view, (state, at));
    latency as f32
}

fn add_limits(row: &mut PodFeatures<'_>, readings: &[Reading<'_>]) {
    for (kind, feature) in TOWARD {
        let toward = readings.iter().filter(|one| one.target.kind == kind).map(score_of);
        row.set(feature, toward.fold(f64::NAN, f64::max));
    }
    let mut best: Option<&Reading<'_>> = None;
    for limited in &LIMITED {
        let of_kind =
            readings.iter().filter(|one| limited.quantities.contains(&one.target.quantity));
        let (mut share, mut score, mut urgency) = (f64::NAN, f64::NAN, f64::NAN);
        for reading in of_kind {
            share = share.max(reading.level);
            score = score.max(score_of(reading));
            urgency = urgency.max(urgency_of(reading));
            if score_of(reading) > best.map_or(0.0, score_of) {
                best = Some(reading);
            }
        }
        row.set(limited.share, share);
        row.set(limited.score, score);
        if let Some(feature) = limited.urgency {
            row.set(feature, urgency);
        }
    }
    let Some(forecast) = best.and_then(|best| best.forecast.as_ref()) else { return };
    row.set(Feature::BestProgress, forecast.trend.growth.progress);
    row.set(Feature::BestSteadiness, forecast.trend.growth.steadiness);
    row.set(Feature::BestRecency, forecast.trend.growth.recency);
    row.set(Feature::BestSaturating, forecast.trend.saturating);
    row.set(Feature::BestFollowsLoad, forecast.trend.follows_load);
}

fn score_of(reading: &Reading<'_>) -> f64 {
    reading.forecast.as_ref().map_or(0.0, |forecast| forecast.score)
}

fn urgency_of(reading: &Reading<'_>) -> f64 {
    let median = reading.forecast.as_ref().and_then(|forecast| forecast.trend.quantiles);
    median.map_or(0.0, |times| 10.0 / (10.0 + times.p50.max(0.0)))
}

fn add_growth(row: &mut PodFeatures<'_>, view: &PodView<'_>) {
    for (quantity, growth, recent) in GROWTHS {
        let (whole, last) = view.level_growth(quantity);
        row.set(growth, whole);
        if let Some(recent) = recent {
            row.set(recent, last);
        }
    }
    let storage = [Quantity::EphemeralStorage, Quantity::EmptyDirUsed]
        .map(|quantity| view.level_growth(quantity));
    row.set(Feature::StorageGrowth, storage[0].0.max(storage[1].0));
    row.set(Feature::TaskRunaway, runaway(row.get(Feature::TaskGrowth), (1.0, 2.5)));
    row.set(Feature::ThreadRunaway, runaway(row.get(Feature::ThreadGrowth), (1.0, 2.5)));
    row.set(Feature::StorageRunaway, runaway(row.get(Feature::StorageGrowth), (2.0, 3.0)));
    row.set(Feature::StorageRecentGrowth, storage[0].1.max(storage[1].1));
}

/// How much a growth without a known limit looks like one that does not end: from `start` over
/// `span`, never certain.
pub(super) fn runaway(growth: f32, (start, span): (f64, f64)) -> f64 {
    ((f64::from(growth) - start) / span).clamp(0.0, MOST_RUNAWAY)
}

fn add_cpu(row: &mut PodFeatures<'_>, view: &PodView<'_>, object: &PodObject) {
    let used = |half_life| view.rate(Quantity::CpuUsage, half_life) / view.seconds_per_minute();
    let specified = |of: fn(&foresail_core::Resources) -> Option<f64>| {
        object.spec.iter().try_fold(0.0, |sum, spec| Some(sum + of(&spec.resources)?))
    };
    let some = |spec: Option<f64>, quantity| {
        spec.filter(|sum| *sum > 0.0).unwrap_or_else(|| view.setting(quantity))
    };
    let limit = some(specified(|resources| resources.cpu_limit), Quantity::CpuLimit);
    let request = some(specified(|resources| resources.cpu_request), Quantity::CpuRequest);
    row.set(Feature::CpuOfLimit, over(used(SHORT), limit));
    row.set(Feature::CpuOfRequest, over(used(MIDDLE), request));
    let throttled =
        |half_life| view.share(Quantity::CpuThrottledPeriods, Quantity::CpuPeriods, half_life);
    row.set(Feature::Throttled, throttled(SHORT));
    row.set(Feature::ThrottledLong, throttled(MIDDLE));
    row.set(Feature::CpuGrowth, view.flow_growth(Quantity::CpuUsage, 0.05));
    row.set(Feature::MemoryFailures, view.rate(Quantity::MemoryFailures, MIDDLE).ln_1p());
}

fn add_restarts(
    row: &mut PodFeatures<'_>,
    pod: &SurveyedPod<'_, '_>,
    (state, at): (&State, Timestamp),
) {
    let scale = state.settings().time_scale;
    let minutes = |since: Timestamp| scale.to_fault(at.since(since)).as_minutes();
    let within = |limit: f64| {
        pod.record.restarts.iter().filter(|restart| minutes(**restart) <= limit).count() as f64
    };
    row.set(Feature::RestartsShort, within(10.0));
    row.set(Feature::RestartsLong, within(60.0));
    let containers = &pod.record.object.containers;
    let ended = |wanted: fn(i32, Option<&str>) -> bool| {
        let any =
            containers.iter().filter_map(|one| one.last_state.as_ref()).any(|last| match last {
                ContainerState::Terminated { exit_code, reason, .. } => {
                    wanted(*exit_code, reason.as_deref())
                }
                ContainerState::Waiting { .. } | ContainerState::Running { .. } => false,
            });
        f64::from(u8::from(any))
    };
    row.set(Feature::EndedByMemory, ended(|_, reason| reason == Some("OOMKilled")));
    row.set(
        Feature::EndedByError,
        ended(|code, reason| code != 0 && code < 128 && reason != Some("OOMKilled")),
    );
    let started = containers.iter().filter_map(|one| match &one.state {
        Some(ContainerState::Running { started_at }) => *started_at,
        Some(ContainerState::Waiting { .. } | ContainerState::Terminated { .. }) | None => None,
    });
    let age = started.max().map_or(f64::NAN, |start| at.since(start).as_seconds());
    row.set(Feature::Age, age.clamp(0.0, MOST_AGE));
}

fn add_probes(row: &mut PodFeatures<'_>, view: &PodView<'_>, object: &PodObject) {
    row.set(Feature::LivenessFailures, view.rate(Quantity::LivenessFailures, SHORT));
    row.set(Feature::LivenessFailuresLong, view.rate(Quantity::LivenessFailures, MIDDLE));
    row.set(Feature::ReadinessFailures, view.rate(Quantity::ReadinessFailures, SHORT));
    row.set(Feature::ReadinessFailuresLong, view.rate(Quantity::ReadinessFailures, MIDDLE));
    let mean = |half_life| view.share(Quantity::ProbeSeconds, Quantity::Probes, half_life);
    row.set(Feature::ProbeLatency, over(mean(SHORT), timeout(object)));
    let shares = [SHORT, MIDDLE, LONG].map(|half_life| over(mean(half_life), timeout(object)));
    row.set(Feature::LatencyPassage, latency_passage(shares));
    row.set(Feature::ProbeLatencyGrowth, ln_ratio(mean(SHORT), mean(LONG), 0.001));
    row.set(Feature::ProbeLatencyTrend, ln_ratio(mean(MIDDLE), mean(LONG), 0.001));
}

/// How likely a latency that rises will reach its timeout, from its shares of it over 2, 10 and 60
/// minutes; believed by the same rules as first passage (`docs/first-passage.md`).
pub(super) fn latency_passage([now, middle, long]: [f64; 3]) -> f64 {
    let slope = (now - middle) / AGE_STEP;
    if now.is_nan() || long.is_nan() || slope <= 0.0 {
        return if now.is_nan() { f64::NAN } else { 0.0 };
    }
    let left = (1.0 - now).max(0.0) / slope;
    let progress = ((now - long) / (1.0 - long).max(1e-6)).clamp(0.0, 1.0);
    // A steady rise has shown about a third of itself in the mean of ten minutes.
    let steadiness = (3.0 * (middle - long) / (now - long).max(1e-9)).clamp(0.0, 1.0);
    libm::pow(progress, 0.75) * now.clamp(0.0, 1.0).sqrt() * steadiness * libm::exp(-left / AHEAD)
}

/// The shortest timeout among the pod's probes, in seconds.
fn timeout(object: &PodObject) -> f64 {
    let probes = object.spec.iter().flat_map(|spec| [spec.liveness, spec.readiness]);
    let shortest = probes.flatten().map(|probe| probe.timeout.as_seconds()).reduce(f64::min);
    shortest.filter(|timeout| *timeout > 0.0).unwrap_or(DEFAULT_TIMEOUT)
}

/// Adds what the application says of its requests; returns ln of their mean time.
fn add_requests(row: &mut PodFeatures<'_>, view: &PodView<'_>, object: &PodObject) -> f64 {
    let failed = |half_life| view.share(Quantity::RequestErrors, Quantity::Requests, half_life);
    row.set(Feature::RequestGrowth, view.flow_growth(Quantity::Requests, 1.0));
    row.set(Feature::ErrorShare, failed(SHORT));
    row.set(Feature::ErrorShareLong, failed(MIDDLE));
    row.set(Feature::ErrorGrowth, failed(MIDDLE) - failed(LONG));
    let mean = |half_life| view.share(Quantity::RequestSeconds, Quantity::RequestsTimed, half_life);
    row.set(Feature::LatencyGrowth, ln_ratio(mean(SHORT), mean(LONG), 0.001));
    row.set(Feature::LatencyTrend, ln_ratio(mean(MIDDLE), mean(LONG), 0.001));
    row.set(Feature::LatencyOfTimeout, over(mean(SHORT), timeout(object)));
    let slower = |bound, half_life| {
        (1.0 - view.share(bound, Quantity::RequestsTimed, half_life)).clamp(0.0, 1.0)
    };
    row.set(Feature::SlowShare, slower(Quantity::RequestsWithin250Ms, SHORT));
    row.set(Feature::VerySlowShare, slower(Quantity::RequestsWithin1S, SHORT));
    let slow = |half_life| slower(Quantity::RequestsWithin250Ms, half_life);
    row.set(Feature::SlowGrowth, slow(MIDDLE) - slow(LONG));
    let called =
        |half_life| view.share(Quantity::UpstreamErrors, Quantity::UpstreamRequests, half_life);
    row.set(Feature::UpstreamErrorShare, called(SHORT));
    row.set(Feature::UpstreamErrorGrowth, called(MIDDLE) - called(LONG));
    let retried = view.share(Quantity::UpstreamRetries, Quantity::UpstreamRequests, SHORT);
    row.set(Feature::RetryShare, retried);
    libm::log(mean(SHORT).max(0.001))
}

fn add_io(row: &mut PodFeatures<'_>, view: &PodView<'_>) {
    row.set(Feature::ReceivedGrowth, view.flow_growth(Quantity::NetworkReceived, 1_000.0));
    row.set(Feature::SentGrowth, view.flow_growth(Quantity::NetworkSent, 1_000.0));
    let faults = [Quantity::NetworkDrops, Quantity::NetworkErrors]
        .map(|quantity| view.rate(quantity, MIDDLE))
        .into_iter()
        .fold(f64::NAN, |sum, rate| if sum.is_nan() { rate } else { sum + rate.max(0.0) });
    row.set(Feature::NetworkFaults, faults.ln_1p());
    row.set(Feature::WrittenGrowth, view.flow_growth(Quantity::DiskWritten, 10_000.0));
}

/// Fills what the logs and events of a pod show.
pub(super) fn fill_logs(row: &mut PodFeatures<'_>, (view, logs): (&PodView<'_>, &mut LogLook<'_>)) {
    row.set(Feature::LogErrorGrowth, view.flow_growth(Quantity::LogErrors, 1.0));
    row.set(Feature::LogErrors, view.rate(Quantity::LogErrors, MIDDLE).ln_1p());
    let pod = (row.namespace, row.pod);
    row.set(Feature::WarningEvents, logs.warning_events(pod)[MIDDLE].ln_1p());
    let Some(rates) = logs.rates(pod) else { return };
    row.set(Feature::ErrorLines, rates.errors[MIDDLE].ln_1p());
    row.set(Feature::WarningLines, rates.warnings[MIDDLE].ln_1p());
    let growth = |rates: [f64; 3]| ln_ratio(rates[MIDDLE], rates[LONG], 0.2);
    row.set(Feature::ErrorLineGrowth, growth(rates.errors));
    row.set(Feature::WarningLineGrowth, growth(rates.warnings));
    row.set(Feature::NewTemplates, rates.new_templates.map_or(f64::NAN, |count| count as f64));
}

fn add_quality(row: &mut PodFeatures<'_>, view: &PodView<'_>, (state, at): (&State, Timestamp)) {
    let clock = state.series().clock();
    if let (Some(newest), Some(now)) = (view.newest(), clock.instant(at)) {
        let interval = state.settings().scrape_interval.as_seconds();
        row.set(Feature::Staleness, (now.seconds_since(newest) / interval).clamp(0.0, 20.0));
    }
}
