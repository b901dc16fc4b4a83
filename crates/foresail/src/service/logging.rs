//! The log of the service, on standard error.

use tracing::Level;
use tracing_subscriber::fmt;

use super::config::{Log, LogFormat, LogLevel};

/// Starts logging; a second call changes nothing.
pub(crate) fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let builder = fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    // It fails where a log was started already, which is just as well.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
