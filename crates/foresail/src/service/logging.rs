//! The log of the service, on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

use super::config::{Log, LogFormat, LogLevel};

/// Libraries that log every request that fails: the state of the source says it once.
const QUIET: [&str; 2] = ["kube_client", "sqlx"];

/// Starts logging; a second call changes nothing.
pub(crate) fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let quiet = QUIET.map(|target| (target, LevelFilter::OFF));
    let filter = Targets::new().with_default(level).with_targets(quiet);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let layer = match log.format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // It fails where a log was started already, which is just as well.
    let _ = registry().with(layer.with_filter(filter)).try_init();
}
