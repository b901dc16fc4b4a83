//! The alerts that really fired there, and the rules that made them.
//!
//! ```text
//!  ALERTS{alertstate="firing"}[window] ──> times by name and object ──> spells without a hole ──┐
//!  /api/v1/rules ──> alerting rules: expression, `for`, severity ───────────────────────────────┴─> FiredAlerts
//! ```
//! Neither is needed for anything else: what cannot be had is said, and the rest goes on.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use foresail_core::{PlatformDuration, Timestamp};

use super::answer::{Receive, RuleGroup, Series};
use super::client::Client;
use super::error::PrometheusError;

/// Longest window of one query: below 11,000 points for rules evaluated each second.
const LONGEST_WINDOW: PlatformDuration = PlatformDuration::from_seconds(3 * 3_600);

/// History that is too much even in this time is left out.
const SHORTEST_WINDOW: PlatformDuration = PlatformDuration::from_seconds(60);

/// Names and objects kept apart; more are counted only.
const MOST_ALERTS: usize = 20_000;

/// Longest value of a label that is kept; names of objects have at most 253 characters.
const LONGEST_VALUE: usize = 300;

/// Rules that are kept.
const MOST_RULES: usize = 20_000;

/// A hole longer than so many evaluations ends a spell: one evaluation may be missed.
const HOLE: f64 = 2.5;

/// Labels that say what fired and about which object; all others are dropped, so that two replicas'
/// copies and the parts of an object (containers, conditions) fall together.
const KEPT: [&str; 19] = [
    "severity",
    "namespace",
    "exported_namespace",
    "pod",
    "exported_pod",
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "cronjob",
    "job_name",
    "workload",
    "workload_type",
    "persistentvolumeclaim",
    "node",
    "exported_node",
    "nodename",
    "instance",
    "exported_instance",
];

/// Every alert that fired in a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FiredAlerts {
    /// First and last instant.
    pub span: (Timestamp, Timestamp),
    /// By name and object, in this order.
    pub alerts: Vec<FiredAlert>,
    /// The usual time between two evaluations; `None` where nothing fired twice.
    pub interval: Option<PlatformDuration>,
    /// Names and objects beyond what is kept apart.
    pub left_out: u64,
    /// Why there is no history of alerts.
    pub problem: Option<String>,
    /// The alerting rules that are in force there now, in order of name.
    pub rules: Vec<AlertRule>,
    /// Why they are not known.
    pub rules_problem: Option<String>,
}

/// One alert on one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiredAlert {
    /// Name of the alert.
    pub name: String,
    /// Its labels that say about which object it is, and its severity.
    pub labels: BTreeMap<String, String>,
    /// When it fired, oldest first.
    pub spells: Vec<Spell>,
}

/// From when to when an alert fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spell {
    /// First evaluation that found it firing.
    pub from: Timestamp,
    /// Last evaluation that did.
    pub until: Timestamp,
}

/// An alerting rule.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRule {
    /// Name of the alert.
    pub name: String,
    /// The expression.
    pub expression: String,
    /// How long it must hold.
    pub hold: PlatformDuration,
    /// The severity that it sets.
    pub severity: Option<String>,
}

/// Reads which alerts fired in `span`, and the rules that are in force; `selector` holds matchers that
/// every query of history has.
pub async fn fired_alerts(
    client: &Client,
    selector: &str,
    span: (Timestamp, Timestamp),
) -> FiredAlerts {
    let mut fired = FiredAlerts { span, ..FiredAlerts::default() };
    match history(client, selector, span).await {
        Ok(spells) => spells.finish(&mut fired),
        // Half a history would make the rules look better or worse than they are.
        Err(error) => fired.problem = Some(error.to_string()),
    }
    let mut groups = Groups::default();
    match client.rules(&mut groups).await {
        Ok(_) => fired.rules = groups.0,
        Err(error) => fired.rules_problem = Some(error.to_string()),
    }
    fired.rules.sort_by(|a, b| (&a.name, &a.expression).cmp(&(&b.name, &b.expression)));
    fired
}

async fn history(
    client: &Client,
    selector: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<Spells, PrometheusError> {
    let comma = if selector.is_empty() { "" } else { "," };
    let mut spells = Spells::default();
    let mut from = start - PlatformDuration::from_millis(1);
    let mut length = LONGEST_WINDOW;
    while from < end {
        let to = (from + length).min(end);
        let window = to.since(from).as_millis().max(1);
        let query = format!(r#"ALERTS{{alertstate="firing"{comma}{selector}}}[{window}ms]"#);
        let mut times = Times { from, ..Times::default() };
        match client.instant(&query, to, &mut times).await {
            Ok(_) => {
                spells.add(times);
                from = to;
            }
            Err(error) if error.asks_for_less() && length > SHORTEST_WINDOW => {
                let half = PlatformDuration::from_millis(length.as_millis() / 2);
                length = half.max(SHORTEST_WINDOW);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(spells)
}

/// Name and kept labels.
type Key = (String, BTreeMap<String, String>);

/// The evaluations of one window that found something firing.
#[derive(Default)]
struct Times {
    from: Timestamp,
    by_key: BTreeMap<Key, Vec<Timestamp>>,
    left_out: u64,
}

impl Receive<Series> for Times {
    fn restart(&mut self) {
        self.by_key.clear();
        self.left_out = 0;
    }

    fn take(&mut self, mut series: Series) -> ControlFlow<()> {
        let short = |value: &String| value.chars().count() <= LONGEST_VALUE;
        let Some(name) = series.labels.remove("alertname").filter(short) else {
            self.left_out += 1;
            return ControlFlow::Continue(());
        };
        let mut labels = series.labels;
        labels.retain(|label, value| {
            KEPT.contains(&label.as_str()) && !value.is_empty() && short(value)
        });
        let key = (name, labels);
        if self.by_key.len() >= MOST_ALERTS && !self.by_key.contains_key(&key) {
            self.left_out += 1;
            return ControlFlow::Continue(());
        }
        let fired = series.points.iter().filter(|(at, value)| *at > self.from && *value > 0.0);
        self.by_key.entry(key).or_default().extend(fired.map(|(at, _)| *at));
        ControlFlow::Continue(())
    }
}

/// What is known of all windows so far.
#[derive(Default)]
struct Spells {
    by_key: BTreeMap<Key, (Vec<Spell>, PlatformDuration)>,
    steps: Vec<i64>,
    left_out: u64,
}

// === impl Spells ===

impl Spells {
    /// Adds a later window.
    fn add(&mut self, mut window: Times) {
        self.left_out += window.left_out;
        for times in window.by_key.values_mut() {
            times.sort_unstable();
            times.dedup();
        }
        let usual = usual_step(window.by_key.values().flat_map(|times| steps(times)));
        self.steps.extend(usual.map(PlatformDuration::as_millis));
        let usual = usual.or_else(|| self.usual()).unwrap_or(SHORTEST_WINDOW);
        for (key, times) in window.by_key {
            if self.by_key.len() >= MOST_ALERTS && !self.by_key.contains_key(&key) {
                self.left_out += 1;
                continue;
            }
            // Groups of rules have intervals of their own; two replicas evaluate at other moments.
            let step = usual_step(steps(&times).into_iter()).map_or(usual, |own| own.max(usual));
            let (spells, longest) = self.by_key.entry(key).or_default();
            *longest = step.max(*longest);
            let hole = PlatformDuration::from_seconds_f64(HOLE * longest.as_seconds());
            for at in times {
                match spells.last_mut() {
                    Some(last) if at.since(last.until) <= hole => last.until = at,
                    Some(_) | None => spells.push(Spell { from: at, until: at }),
                }
            }
        }
    }

    fn usual(&self) -> Option<PlatformDuration> {
        let mut steps = self.steps.clone();
        steps.sort_unstable();
        steps.get(steps.len() / 2).copied().map(PlatformDuration::from_millis)
    }

    fn finish(self, fired: &mut FiredAlerts) {
        fired.interval = self.usual();
        fired.left_out = self.left_out;
        let alerts = self.by_key.into_iter().filter(|(_, (spells, _))| !spells.is_empty());
        fired.alerts = alerts
            .map(|((name, labels), (spells, _))| FiredAlert { name, labels, spells })
            .collect();
    }
}

/// Times between neighbours, in milliseconds.
fn steps(times: &[Timestamp]) -> Vec<i64> {
    times.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect()
}

/// The upper quartile: where two replicas' evaluations are mixed, the median may lie between them.
fn usual_step(steps: impl Iterator<Item = i64>) -> Option<PlatformDuration> {
    let mut steps: Vec<i64> = steps.collect();
    steps.sort_unstable();
    steps.get(steps.len() * 3 / 4).copied().map(PlatformDuration::from_millis)
}

/// Keeps the alerting rules of groups.
#[derive(Default)]
struct Groups(Vec<AlertRule>);

impl Receive<RuleGroup> for Groups {
    fn restart(&mut self) {
        self.0.clear();
    }

    fn take(&mut self, group: RuleGroup) -> ControlFlow<()> {
        let alerting = group.rules.into_iter().filter(|rule| rule.kind == "alerting");
        self.0.extend(alerting.map(|mut rule| AlertRule {
            name: rule.name,
            expression: rule.query,
            hold: PlatformDuration::from_seconds_f64(rule.hold_seconds.clamp(0.0, 1e9)),
            severity: rule.labels.remove("severity"),
        }));
        if self.0.len() < MOST_RULES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// Labels, and seconds at which it fired.
    type Given<'a> = (&'a [(&'a str, &'a str)], Vec<i64>);

    fn window(from: i64, series: &[Given<'_>]) -> Times {
        let mut times = Times { from: at(from), ..Times::default() };
        for (labels, points) in series {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let points = points.iter().map(|second| (at(*second), 1.0)).collect();
            assert!(times.take(Series { labels, points }).is_continue());
        }
        times
    }

    fn fired(windows: Vec<Times>) -> FiredAlerts {
        let mut spells = Spells::default();
        windows.into_iter().for_each(|window| spells.add(window));
        let mut fired = FiredAlerts::default();
        spells.finish(&mut fired);
        fired
    }

    #[test]
    fn a_missed_evaluation_is_no_end_and_a_hole_is() {
        let one = [("alertname", "A"), ("pod", "p")];
        let fired = fired(vec![window(0, &[(&one, vec![15, 30, 60, 75, 90, 300, 315])])]);
        assert_eq!(fired.interval.map(PlatformDuration::as_millis), Some(30_000));
        let spells = &fired.alerts[0].spells;
        assert_eq!(spells.len(), 2, "{spells:?}");
        assert_eq!((spells[0].from, spells[0].until), (at(15), at(90)));
    }

    #[test]
    fn a_spell_goes_on_over_the_border_of_two_queries() {
        let one = [("alertname", "A")];
        let first = window(0, &[(&one, vec![30, 60, 90])]);
        // The border itself comes with both answers and counts once.
        let second = window(90, &[(&one, vec![90, 120, 150])]);
        let fired = fired(vec![first, second]);
        assert_eq!(fired.alerts[0].spells, [Spell { from: at(30), until: at(150) }]);
    }

    #[test]
    fn copies_of_replicas_and_parts_of_an_object_fall_together() {
        let copy = |replica: &'static str, container: &'static str| {
            [
                ("alertname", "A"),
                ("pod", "p"),
                ("prometheus_replica", replica),
                ("container", container),
            ]
        };
        let series: [Given<'_>; 3] = [
            (&copy("a", "x"), vec![0, 30, 60, 90]),
            (&copy("b", "x"), vec![1, 31, 61, 91]),
            (&copy("b", "y"), vec![61, 91]),
        ];
        let fired = fired(vec![window(-1, &series)]);
        assert_eq!(fired.alerts.len(), 1);
        assert_eq!(fired.alerts[0].spells, [Spell { from: at(0), until: at(91) }]);
    }
}
