//! What a metrics server has of the families that anything reads, and how to ask for it in few queries.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{PlatformDuration, TimeScale, Timestamp};

use crate::prometheus::catalogue::sample_families;
use crate::prometheus::history::{SCRAPED_CONTAINERS, families, interval, one_cluster};
use crate::prometheus::{Client, HistoryError, HistoryOptions, PrometheusError, Series};
use crate::resolve::RULES;

/// Names in one query: the pattern stays short enough for every proxy.
const NAMES_A_QUERY: usize = 40;

/// Series in one query, unless one family has more.
const SERIES_A_QUERY: u64 = 40_000;

/// How far back a name counts as being there.
const RECENT: PlatformDuration = PlatformDuration::from_seconds(3_600);

/// Families that are asked for together, so that sums over them are whole or not there.
pub(super) type Group = Vec<&'static str>;

/// What a server has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Series of each family.
    pub(super) series: BTreeMap<&'static str, u64>,
    /// Between two scrapes of containers.
    pub(super) scrape_interval: Option<PlatformDuration>,
    pub(super) groups: Vec<Group>,
}

/// Asks what the server has.
pub(super) async fn discover(
    client: &Client,
    selector: &str,
    now: Timestamp,
) -> Result<Found, HistoryError> {
    let options = HistoryOptions {
        selector: selector.to_owned(),
        span: (now - RECENT, now),
        time_scale: TimeScale::ONE,
        name: String::new(),
        cluster: String::new(),
    };
    let wanted = sample_families();
    let known: Vec<&'static str> = families(client, &options)
        .await?
        .into_iter()
        .filter(|name| wanted.contains(name))
        .collect();
    if known.contains(&"kube_pod_info") || selector.is_empty() {
        one_cluster(client, &options).await?;
    }
    let mut series: BTreeMap<&'static str, u64> = known.iter().map(|name| (*name, 0)).collect();
    for names in known.chunks(NAMES_A_QUERY) {
        // A server that cannot count says more when it is asked for the samples.
        if let Ok(counts) = count(client, &among(names, selector), now).await {
            for (name, count) in counts {
                if let Some(known) = series.get_mut(name.as_str()) {
                    *known = count;
                }
            }
        }
    }
    let mut scrape_interval = None;
    for family in SCRAPED_CONTAINERS {
        if scrape_interval.is_none() && series.contains_key(family) {
            scrape_interval = interval(client, &options, family).await?;
        }
    }
    let groups = groups(&series);
    Ok(Found { series, scrape_interval, groups })
}

async fn count(
    client: &Client,
    matching: &str,
    now: Timestamp,
) -> Result<Vec<(String, u64)>, PrometheusError> {
    let mut found: Vec<Series> = Vec::new();
    let query = format!("count by (__name__) ({matching})");
    client.instant(&query, now, &mut found).await?;
    let counted = found.into_iter().filter_map(|mut series| {
        let name = series.labels.remove("__name__")?;
        Some((name, series.points.first()?.1.max(0.0) as u64))
    });
    Ok(counted.collect())
}

/// The selector of some families.
pub(super) fn among(names: &[&'static str], selector: &str) -> String {
    let names = names.join("|");
    let comma = if selector.is_empty() { "" } else { "," };
    format!("{{__name__=~\"{names}\"{comma}{selector}}}")
}

/// Puts families into as few queries as is reasonable; those whose values are added together stay
/// together.
fn groups(series: &BTreeMap<&'static str, u64>) -> Vec<Group> {
    let mut left: BTreeSet<&'static str> = series.keys().copied().collect();
    let mut groups: Vec<(Group, u64)> = Vec::new();
    while let Some(first) = left.first().copied() {
        let atom = together(first, &mut left);
        let size: u64 = atom.iter().filter_map(|name| series.get(name)).sum();
        let fits = |(names, held): &&mut (Group, u64)| {
            names.len() + atom.len() <= NAMES_A_QUERY && *held + size <= SERIES_A_QUERY
        };
        match groups.last_mut().filter(|last| fits(last)) {
            Some((names, held)) => {
                names.extend(atom);
                *held += size;
            }
            None => groups.push((atom, size)),
        }
    }
    groups.into_iter().map(|(names, _)| names).collect()
}

/// Takes out a family and all whose values are added to its own.
fn together(first: &'static str, left: &mut BTreeSet<&'static str>) -> Group {
    let mut atom = vec![first];
    left.remove(first);
    let mut next = 0;
    while let Some(name) = atom.get(next).copied() {
        next += 1;
        for rule in RULES.iter().filter(|rule| rule.metrics.contains(&name)) {
            atom.extend(rule.metrics.iter().copied().filter(|other| left.remove(other)));
        }
    }
    atom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_that_are_added_are_asked_for_together_and_big_ones_alone() {
        let series: BTreeMap<&'static str, u64> = [
            ("container_memory_rss", 50_000),
            ("container_network_receive_errors_total", 30),
            ("container_network_transmit_errors_total", 30),
            ("node_load1", 3),
        ]
        .into();
        let groups = groups(&series);
        assert_eq!(groups[0], ["container_memory_rss"]);
        let with = |name: &str| groups.iter().position(|group| group.contains(&name));
        assert_eq!(
            with("container_network_receive_errors_total"),
            with("container_network_transmit_errors_total")
        );
        assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), 4);
    }

    #[test]
    fn a_selector_goes_into_every_query() {
        assert_eq!(among(&["a", "b"], ""), r#"{__name__=~"a|b"}"#);
        assert_eq!(among(&["a"], r#"cluster="x""#), r#"{__name__=~"a",cluster="x"}"#);
    }
}
