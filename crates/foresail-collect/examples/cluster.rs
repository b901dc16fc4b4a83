//! Watches the cluster of a kubeconfig for a while: `cluster KUBECONFIG [SECONDS]`. Prints how each
//! watch does, how many observations came, and on Linux the memory before and after.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use foresail_collect::kubernetes::{KubernetesError, Observation, ReaderSettings, connect};
use foresail_core::store::BoxFuture;
use foresail_core::{Clock, Timestamp};
use tokio::sync::mpsc;

/// Observations on their way.
const UNDER_WAY: usize = 100;

/// The system's clock.
#[derive(Debug)]
struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "an example is the edge of its program")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::from_millis(since.map_or(0, |since| since.as_millis() as i64))
    }

    fn reach(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let wait = at.since(self.now()).as_millis().max(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())))
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: cluster KUBECONFIG [SECONDS]");
        return ExitCode::from(2);
    };
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(30);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(run(path.into(), Duration::from_secs(seconds)))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("{error}");
            ExitCode::from(if error.is_environment() { 3 } else { 2 })
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

async fn run(kubeconfig: PathBuf, time: Duration) -> Result<(), KubernetesError> {
    let settings = ReaderSettings { kubeconfig: Some(kubeconfig), ..ReaderSettings::default() };
    let cluster = connect(&settings).await?;
    println!("{} {} {}", cluster.name(), cluster.host(), cluster.version().await?);
    let before = memory();
    let (out, mut read) = mpsc::channel(UNDER_WAY);
    let watches = cluster.watch(Arc::new(Wall), Vec::new(), out);
    let counting = async {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        while let Some(observation) = read.recv().await {
            *counts.entry(name(&observation)).or_default() += 1;
        }
        counts
    };
    let waiting = async {
        println!("synced: {}", watches.synced(time).await);
        tokio::time::sleep(Duration::from_secs(2)).await;
        for row in watches.status() {
            let error = row.error.unwrap_or_default();
            println!("{:26} {:13} {:6} {error}", row.resource, row.state.as_str(), row.objects);
        }
        let (before, after) = (before.unwrap_or_default(), memory().unwrap_or_default());
        println!("memory {before} kB before, {after} kB after");
        drop(watches);
    };
    let (counts, ()) = futures_util::join!(counting, waiting);
    println!("{counts:?}");
    Ok(())
}

const fn name(observation: &Observation) -> &'static str {
    match observation {
        Observation::Object(_) => "objects",
        Observation::Event(_) => "events",
        Observation::Log(_) => "log lines",
        Observation::LogsDropped(_) => "log lines dropped",
        Observation::Service(_) => "services",
        Observation::Node(_) => "node addresses",
        Observation::Scrape(_) => "scrape targets",
        Observation::Metadata(_) => "metadata",
    }
}

/// Memory of this process in kB, where the system says it.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
