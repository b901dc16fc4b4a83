//! Rows of one recording, and the table of several.

use std::collections::{BTreeSet, HashMap};

use foresail_core::store::RowLabel;
use foresail_core::{Batch, Timestamp, WorkloadId};
use foresail_engine::State;
use foresail_engine::graph::PodRecord;
use foresail_learn::tabular::{
    ClassWeights, DATASET_BALANCE, DATASET_TARGET, Table, TableColumn, Text, Values,
};

use super::columns::{DEPLOYMENT_KIND, IDENTITY, NODE, NODE_COUNTED, TRUTH, number_names};
use super::gauge::Gauge;
use super::label::{Facts, Row, Verdict};
use super::minutes::{Minutes, visible};
use super::{RecordingRows, Source};

/// Rows of one recording, by minute, by namespace and pod.
#[derive(Debug)]
pub(super) struct Rows {
    name: String,
    pods: Vec<Pod>,
    nodes: Vec<String>,
    at: Vec<Timestamp>,
    /// Position in `pods` by row.
    pod: Vec<u32>,
    /// Position in `nodes` by row; `None` for a pod without a node.
    node: Vec<Option<u32>>,
    /// By column, then by row.
    numbers: Vec<Vec<f64>>,
    verdicts: Vec<Verdict>,
}

/// A pod, by its uid.
#[derive(Debug)]
struct Pod {
    namespace: String,
    name: String,
    unit: WorkloadId,
    last_row: Timestamp,
}

/// Rows under construction.
struct Collector {
    state: State,
    gauge: Gauge,
    by_uid: HashMap<String, u32>,
    by_node: HashMap<String, u32>,
    rows: Rows,
}

/// Replays batches and takes a row of every pod at every production minute.
pub(super) fn collect(
    source: &Source,
    batches: impl Iterator<Item = (Timestamp, Batch)>,
    on_tick: &(dyn Fn() + Sync),
) -> Rows {
    let settings = &source.settings;
    let mut minutes = Minutes::new(source.started_at, settings);
    let mut collector = Collector::new(source);
    let mut until = source.started_at;
    for (tick, mut batch) in batches {
        while let Some(minute) = minutes.next_until(tick) {
            collector.observe(&visible(&mut batch, minute, settings));
            collector.take_rows(minute);
        }
        collector.observe(&batch);
        until = tick;
        on_tick();
    }
    let outcomes = collector.state.outcomes();
    let facts = Facts::new(&outcomes, &source.gaps, (until, minutes.step(), settings.time_scale));
    collector.rows.judged(&facts)
}

// === impl Collector ===

impl Collector {
    fn new(source: &Source) -> Self {
        Self {
            state: State::new(source.settings.clone()),
            gauge: Gauge::default(),
            by_uid: HashMap::new(),
            by_node: HashMap::new(),
            rows: Rows {
                name: source.name.clone(),
                pods: Vec::new(),
                nodes: Vec::new(),
                at: Vec::new(),
                pod: Vec::new(),
                node: Vec::new(),
                numbers: vec![Vec::new(); number_names().len()],
                verdicts: Vec::new(),
            },
        }
    }

    fn observe(&mut self, batch: &Batch) {
        self.gauge.note(batch);
        self.state.observe(batch);
    }

    /// A row of every pod that is not finished.
    fn take_rows(&mut self, at: Timestamp) {
        let taken = self.gauge.read(&self.state, at);
        let unknown = vec![f64::NAN; NODE.len() + NODE_COUNTED.len()];
        for (record, own) in &taken.pods {
            let node = record.object.node.as_deref();
            let of_node = node.and_then(|node| taken.nodes.get(node)).unwrap_or(&unknown);
            let values = own.iter().chain(of_node).chain(&taken.workloads[&record.unit]);
            for (column, value) in self.rows.numbers.iter_mut().zip(values) {
                column.push(*value);
            }
            let pod = pod_number(&mut self.by_uid, &mut self.rows.pods, (record, at));
            let node = node.map(|node| node_number(&mut self.by_node, &mut self.rows.nodes, node));
            self.rows.at.push(at);
            self.rows.pod.push(pod);
            self.rows.node.push(node);
        }
        self.gauge.clear();
    }
}

/// The number of a pod, whose unit may only now be known for sure.
fn pod_number(
    by_uid: &mut HashMap<String, u32>,
    pods: &mut Vec<Pod>,
    (record, at): (&PodRecord, Timestamp),
) -> u32 {
    let object = &record.object;
    let number = *by_uid.entry(object.uid.clone()).or_insert_with(|| {
        pods.push(Pod {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            unit: record.unit.clone(),
            last_row: at,
        });
        pods.len() as u32 - 1
    });
    let pod = &mut pods[number as usize];
    pod.last_row = at;
    if pod.unit != record.unit {
        pod.unit = record.unit.clone();
    }
    number
}

fn node_number(by_node: &mut HashMap<String, u32>, nodes: &mut Vec<String>, node: &str) -> u32 {
    *by_node.entry(node.to_owned()).or_insert_with(|| {
        nodes.push(node.to_owned());
        nodes.len() as u32 - 1
    })
}

// === impl Rows ===

impl Rows {
    /// Pods that have a row.
    pub(super) const fn pods(&self) -> usize {
        self.pods.len()
    }

    /// How many rows carry which label.
    pub(super) fn counts(&self) -> RecordingRows {
        let mut counts = RecordingRows { name: self.name.clone(), ..RecordingRows::default() };
        for verdict in &self.verdicts {
            match verdict.label {
                Some(RowLabel::Good) => counts.good += 1,
                Some(RowLabel::Alert) => counts.alert += 1,
                Some(RowLabel::Bad) => counts.bad += 1,
                None => counts.unlabelled += 1,
            }
        }
        let incidents = self.verdicts.iter().filter_map(|verdict| verdict.incident);
        counts.incidents = incidents.collect::<BTreeSet<u32>>().len();
        counts
    }

    fn judged(mut self, facts: &Facts<'_>) -> Self {
        let rows = self.at.iter().zip(&self.pod);
        self.verdicts = rows
            .map(|(at, pod)| {
                let pod = &self.pods[*pod as usize];
                facts.judge(Row {
                    at: *at,
                    unit: &pod.unit,
                    pod: &pod.name,
                    last_row: pod.last_row,
                })
            })
            .collect();
        self
    }

    fn pod_of(&self, row: usize) -> &Pod {
        &self.pods[self.pod[row] as usize]
    }

    /// The text of a column that says which row it is, or what happened next.
    fn text(&self, column: &str, row: usize) -> Option<String> {
        let verdict = &self.verdicts[row];
        match column {
            "time" => Some(self.at[row].to_string()),
            "recording" => Some(self.name.clone()),
            "namespace" => Some(self.pod_of(row).namespace.clone()),
            "workload" => Some(self.pod_of(row).unit.to_string()),
            "pod" => Some(self.pod_of(row).name.clone()),
            "node" => self.node[row].map(|node| self.nodes[node as usize].clone()),
            "label" => verdict.label.map(|label| label.as_str().to_owned()),
            "failure_kind" => verdict.kind.map(|kind| kind.as_str().to_owned()),
            "incident" => verdict.incident.map(|number| format!("{}#{number}", self.name)),
            "deployment_kind" => Some(self.pod_of(row).unit.kind.as_str().to_owned()),
            _ => None,
        }
    }
}

/// All rows, recording by recording.
pub(super) fn table(parts: &[Rows], balance: ClassWeights) -> Table {
    let mut columns: Vec<TableColumn> = IDENTITY
        .into_iter()
        .chain([DEPLOYMENT_KIND])
        .map(|name| text_column(parts, name))
        .collect();
    for (place, name) in number_names().into_iter().enumerate() {
        let numbers = parts.iter().flat_map(|rows| &rows.numbers[place]).copied().collect();
        columns.push(TableColumn { name: name.to_owned(), values: Values::Number(numbers) });
    }
    columns.push(text_column(parts, DATASET_TARGET));
    for name in TRUTH {
        columns.push(if name == "minutes_to_failure" {
            let verdicts = parts.iter().flat_map(|rows| &rows.verdicts);
            let minutes = verdicts.map(|verdict| verdict.minutes.unwrap_or(f64::NAN)).collect();
            TableColumn { name: name.to_owned(), values: Values::Number(minutes) }
        } else {
            text_column(parts, name)
        });
    }
    let wish = match balance {
        ClassWeights::None => None,
        ClassWeights::Balanced => Some("weights"),
        ClassWeights::Undersample => Some("undersample"),
    };
    if wish.is_some() {
        let rows = parts.iter().map(|rows| rows.at.len()).sum();
        let wishes = Values::Text(Text::of(std::iter::repeat_n(wish, rows)));
        columns.push(TableColumn { name: DATASET_BALANCE.to_owned(), values: wishes });
    }
    Table::new(columns).expect("the names are distinct and each row has a value in every column")
}

fn text_column(parts: &[Rows], name: &str) -> TableColumn {
    let texts: Vec<Option<String>> =
        parts.iter().flat_map(|rows| (0..rows.at.len()).map(|row| rows.text(name, row))).collect();
    let values = Values::Text(Text::of(texts.iter().map(Option::as_deref)));
    TableColumn { name: name.to_owned(), values }
}
