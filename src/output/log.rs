//! Log lines on stderr: text or JSON, as much as was asked for.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use super::terminal::Verbosity;
use crate::config::{LogFormat, LogSettings, SqlLog};

/// Starts logging on this thread, until the guard is dropped. Without `-v` and without a log format being asked for,
/// nothing is logged but the statements that `log.sql` wants: the error printer tells the rest.
#[must_use]
pub fn start(settings: &LogSettings, verbosity: Verbosity) -> tracing::subscriber::DefaultGuard {
    let level = match verbosity {
        Verbosity::Debug => LevelFilter::DEBUG,
        Verbosity::Verbose => LevelFilter::INFO,
        Verbosity::Normal | Verbosity::Quiet if settings.wanted => LevelFilter::WARN,
        Verbosity::Normal | Verbosity::Quiet => LevelFilter::OFF,
    };
    let statements = if settings.sql == SqlLog::Off { level } else { level.max(LevelFilter::INFO) };
    // The span that carries the run id must exist wherever a line may need it.
    let spans = if level.max(statements) == LevelFilter::OFF { LevelFilter::OFF } else { LevelFilter::ERROR };
    let targets = Targets::new()
        .with_target("dbtool", level)
        .with_target("dbtool::sql", statements)
        .with_target("dbtool::run", level.max(spans));
    let layer = match settings.format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_target(false).with_writer(std::io::stderr).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_target(false)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    tracing::subscriber::set_default(tracing_subscriber::registry().with(layer.with_filter(targets)))
}
