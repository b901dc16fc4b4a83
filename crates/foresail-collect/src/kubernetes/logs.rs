//! Follows container logs, where that is asked for: bounded in connections, lines and bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foresail_core::{
    ChangeKind, Clock, ContainerState, LogLine, Object, ObjectChange, PodObject, Timestamp,
};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::api::Question;
use super::cluster::Cluster;
use super::error::KubernetesError;
use super::lines::{Line, Lines};
use super::observation::Observation;
use super::settings::LogSettings;

/// Longest line that is kept; longer ones are cut.
const LINE_BYTES: usize = 512;

/// Longest line that is looked at, time included.
const READ_BYTES: usize = 1 << 14;

/// Between two connections to the same container.
const PAUSE: Duration = Duration::from_secs(5);

/// The logs that are followed. Dropping it stops them.
pub(super) struct Tails {
    cluster: Cluster,
    clock: Arc<dyn Clock>,
    settings: LogSettings,
    out: mpsc::Sender<Observation>,
    slots: Arc<Semaphore>,
    running: BTreeMap<(String, String), Followed>,
    tasks: JoinSet<()>,
}

/// The containers of one pod.
struct Followed {
    share: Arc<Mutex<Share>>,
    containers: BTreeMap<String, AbortHandle>,
}

/// What a pod may still write in this tick.
#[derive(Debug, Default)]
struct Share {
    tick: i64,
    lines: u32,
    dropped: u64,
}

/// One log under way.
struct Tail {
    cluster: Cluster,
    settings: LogSettings,
    out: mpsc::Sender<Observation>,
    slots: Arc<Semaphore>,
    share: Arc<Mutex<Share>>,
    namespace: String,
    pod: String,
    container: String,
    /// When the last line was written, with its nanoseconds within the millisecond.
    last: (Timestamp, u32),
}

// === impl Tails ===

impl Tails {
    pub(super) fn new(
        cluster: Cluster,
        (clock, settings): (Arc<dyn Clock>, LogSettings),
        out: mpsc::Sender<Observation>,
    ) -> Self {
        Self {
            cluster,
            clock,
            settings,
            out,
            slots: Arc::new(Semaphore::new(settings.connections.max(1))),
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Follows the containers of a pod that run, and no others.
    pub(super) fn observe(&mut self, observation: &Observation) {
        let Observation::Object(ObjectChange { change, object: Object::Pod(pod), .. }) =
            observation
        else {
            return;
        };
        // Reaps the tasks that ended.
        while self.tasks.try_join_next().is_some() {}
        let wanted = if *change == ChangeKind::Deleted { BTreeSet::new() } else { running(pod) };
        let key = (pod.namespace.clone(), pod.name.clone());
        if wanted.is_empty() {
            if let Some(followed) = self.running.remove(&key) {
                followed.containers.into_values().for_each(|task| task.abort());
            }
            return;
        }
        let followed = self
            .running
            .entry(key)
            .or_insert_with(|| Followed { share: Arc::default(), containers: BTreeMap::new() });
        followed.containers.retain(|name, task| {
            let stays = wanted.contains(name) && !task.is_finished();
            if !stays {
                task.abort();
            }
            stays
        });
        for container in wanted {
            if followed.containers.contains_key(&container) {
                continue;
            }
            let tail = Tail {
                cluster: self.cluster.clone(),
                settings: self.settings,
                out: self.out.clone(),
                slots: Arc::clone(&self.slots),
                share: Arc::clone(&followed.share),
                namespace: pod.namespace.clone(),
                pod: pod.name.clone(),
                container: container.clone(),
                last: (self.clock.now(), 0),
            };
            followed.containers.insert(container, self.tasks.spawn(tail.run()));
        }
    }
}

fn running(pod: &PodObject) -> BTreeSet<String> {
    let runs =
        |state: &Option<ContainerState>| matches!(state, Some(ContainerState::Running { .. }));
    let containers = pod.containers.iter().filter(|status| runs(&status.state));
    containers.map(|status| status.name.clone()).collect()
}

// === impl Tail ===

impl Tail {
    async fn run(mut self) {
        let slots = Arc::clone(&self.slots);
        // It fails only when nobody follows logs any more.
        let Ok(_slot) = slots.acquire().await else { return };
        loop {
            let wait = match self.follow().await {
                // Nobody listens any more.
                Ok(Flow::Closed) => return,
                Err(KubernetesError::Forbidden { .. }) => self.cluster.settings().timeouts.rare,
                Err(error) => {
                    tracing::debug!(pod = %self.pod, %error, "a log cannot be followed");
                    PAUSE
                }
                Ok(Flow::Ended) => PAUSE,
            };
            sleep(wait).await;
        }
    }

    async fn follow(&mut self) -> Result<Flow, KubernetesError> {
        let timeouts = self.cluster.settings().timeouts;
        let Self { namespace, pod, container, .. } = &*self;
        let since = self.last.0.to_string().replace(':', "%3A");
        let target = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&follow=true&timestamps=true&sinceTime={since}"
        );
        let question = Question { target: &target, accept: "*/*", within: timeouts.answer };
        let mut answer = self.cluster.answer(question).await?;
        let mut lines = Lines::new(READ_BYTES);
        loop {
            let part = match answer.chunk(timeouts.watch).await {
                Ok(Some(part)) => part,
                // A container may write nothing for long.
                Ok(None) | Err(KubernetesError::TimedOut { .. }) => return Ok(Flow::Ended),
                Err(error) => return Err(error),
            };
            for line in lines.push(&part) {
                let (Line::Whole(bytes) | Line::TooLong(bytes)) = line;
                for observation in self.line(&bytes) {
                    if self.out.send(observation).await.is_err() {
                        return Ok(Flow::Closed);
                    }
                }
            }
        }
    }

    /// What a line tells: itself, or that others were left out.
    fn line(&mut self, bytes: &[u8]) -> Vec<Observation> {
        let text = String::from_utf8_lossy(bytes);
        let Some((written, text)) = text.trim_end_matches('\r').split_once(' ') else {
            return Vec::new();
        };
        let Some(at) = written.parse().ok().map(|at: Timestamp| (at, below_millisecond(written)))
        else {
            return Vec::new();
        };
        // The server takes whole seconds: what came before the break comes again.
        if at <= self.last {
            return Vec::new();
        }
        self.last = at;
        let mut out = Vec::new();
        let tick = at.0.as_millis() / (self.settings.tick.as_millis().max(1) as i64);
        let kept = {
            let mut share = self.share.lock().unwrap_or_else(|broken| broken.into_inner());
            if share.tick != tick {
                let before = std::mem::replace(&mut *share, Share { tick, lines: 0, dropped: 0 });
                out.extend(
                    (before.dropped > 0).then_some(Observation::LogsDropped(before.dropped)),
                );
            }
            let kept = share.lines < self.settings.lines_per_tick;
            share.lines += u32::from(kept);
            share.dropped += u64::from(!kept);
            kept
        };
        if kept {
            out.push(Observation::Log(LogLine {
                at: at.0,
                namespace: self.namespace.clone(),
                pod: self.pod.clone(),
                container: self.container.clone(),
                text: cut(text),
            }));
        }
        out
    }
}

/// How following a log ended.
enum Flow {
    Ended,
    Closed,
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(LINE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Nanoseconds within the millisecond of a time in RFC 3339.
fn below_millisecond(written: &str) -> u32 {
    let fraction = written.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).collect();
    let below = format!("{digits:0<9}");
    below.get(3..9).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
