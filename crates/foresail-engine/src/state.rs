//! Everything that was observed, in bounded memory.

use foresail_core::{Batch, Outcome, Timestamp};
use serde::{Deserialize, Serialize};

use crate::checks::Notices;
use crate::graph::{CallView, Graph, call_memory};
use crate::ledger::Ledger;
use crate::logs::LogStore;
use crate::series::SeriesStore;
use crate::settings::Settings;

/// What the engine knows: the object graph, the outcome ledger and bounded series.
///
/// It depends on the observed batches only; any split of the same items gives the same state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    settings: Settings,
    started_at: Option<Timestamp>,
    until: Timestamp,
    graph: Graph,
    ledger: Ledger,
    series: SeriesStore,
    notices: Notices,
    logs: LogStore,
}

impl State {
    /// An empty state.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            started_at: None,
            until: Timestamp::default(),
            graph: Graph::new(),
            ledger: Ledger::new(settings.time_scale),
            series: SeriesStore::new(&settings),
            notices: Notices::default(),
            logs: LogStore::new(settings.time_scale),
            settings,
        }
    }

    /// Takes in everything that became visible since the last call.
    pub fn observe(&mut self, batch: &Batch) {
        self.series.declare(&batch.entities);
        let lag = self.settings.sample_lag();
        let (mut sample, mut object, mut event, mut line) = (0, 0, 0, 0);
        let (mut call, memory) = (0, call_memory(self.settings.time_scale));
        loop {
            let next_object = batch.objects.get(object).map(|item| item.observed_at);
            let next_event = batch.events.get(event).map(|item| item.observed_at);
            let next_sample = batch.samples.get(sample).map(|item| item.at + lag);
            let next_line = batch.logs.get(line).map(|item| item.at + Settings::LOG_LAG);
            let next_call = batch.calls.get(call).map(|item| item.at + lag);
            let times = [next_object, next_event, next_line, next_sample, next_call];
            let Some(first) = times.into_iter().flatten().min() else { break };
            self.started_at.get_or_insert(first);
            if next_object == Some(first) {
                let change = &batch.objects[object];
                self.graph.observe(change);
                self.ledger.observe_object(change, &self.graph);
                self.series.observe_object(change);
                self.logs.observe_object(change);
                object += 1;
            } else if next_event == Some(first) {
                self.graph.observe_event(&batch.events[event]);
                self.ledger.observe_event(&batch.events[event], &self.graph);
                self.notices.observe_event(&batch.events[event]);
                let about = &batch.events[event];
                if self.graph.pod(&about.namespace, &about.name).is_some() {
                    self.logs.observe_event(about);
                }
                event += 1;
            } else if next_line == Some(first) {
                let item = &batch.logs[line];
                let exists = || self.graph.pod(&item.namespace, &item.pod).is_some();
                self.logs.observe(item, exists);
                line += 1;
            } else if next_sample == Some(first) {
                // Samples come in thousands of one time; nothing else lies between those.
                let at = batch.samples[sample].at;
                let same = batch.samples[sample..].iter().take_while(|item| item.at == at).count();
                self.series.observe_samples(&batch.samples[sample..sample + same]);
                sample += same;
            } else {
                self.graph.observe_call(&batch.calls[call], memory);
                call += 1;
            }
        }
        self.ledger.advance(batch.until);
        self.until = self.until.max(batch.until);
    }

    /// Facts about the source.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When the first item became visible; `None` before that.
    #[must_use]
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// Everything visible by this time was observed.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// The object graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Who calls whom as of `at`.
    #[must_use]
    pub fn calls(&self, at: Timestamp) -> CallView<'_> {
        self.graph.calls(at, call_memory(self.settings.time_scale))
    }

    /// The outcome ledger.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The series.
    #[must_use]
    pub const fn series(&self) -> &SeriesStore {
        &self.series
    }

    /// Events of failed creations and mounts.
    #[must_use]
    pub const fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Log rates.
    #[must_use]
    pub const fn logs(&self) -> &LogStore {
        &self.logs
    }

    /// Outcomes known so far, oldest first, with their incidents.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.ledger.outcomes()
    }
}
