//! `dbtool db ping`

use std::time::Instant;

use serde::Serialize;

use crate::backend::Backend;
use crate::context::Context;
use crate::db::Purpose;
use crate::exit_code::ExitCode;
use crate::output::{Column, Progress, Report, Rows, Terminal, emit};

/// Connect, and show the server, its version, the encryption, and how long it takes
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Debug, Serialize)]
struct Ping {
    environment: String,
    backend: Backend,
    database: String,
    server: &'static str,
    version: String,
    /// The protocol and cipher; null: not encrypted.
    tls: Option<String>,
    connect_ms: f64,
    /// One question and its answer.
    latency_ms: f64,
}

pub fn run(context: &Context<'_>, _: &Args) -> anyhow::Result<ExitCode> {
    let connector = context.connector()?;
    let dialect = connector.dialect();
    let start = Instant::now();
    let mut session = connector.connect_telling(Purpose::Read, &Progress::new(context.terminal))?;
    let connected = start.elapsed();
    let server = dialect.server(&mut session)?;
    let start = Instant::now();
    session.query("SELECT 1").map_err(|error| error.into_error("the server does not answer"))?;
    let latency = start.elapsed();
    let ms = |duration: std::time::Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
    let report = Ping {
        environment: context.settings.environment.name.clone(),
        backend: dialect.backend(),
        database: connector.target().to_string(),
        server: server.product,
        version: server.version,
        tls: server.tls,
        connect_ms: ms(connected),
        latency_ms: ms(latency),
    };
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

impl Report for Ping {
    fn rows(&self) -> Option<Rows> {
        let line = |key: &str, value: String| vec![key.to_owned(), value];
        let mut rows = vec![
            line("environment", self.environment.clone()),
            line("database", self.database.clone()),
            line("server", format!("{} {}", self.server, self.version)),
        ];
        if self.backend.is_server() {
            rows.push(line("encryption", self.tls.clone().unwrap_or_else(|| "none".to_owned())));
        }
        rows.push(line("connect", format!("{} ms", self.connect_ms)));
        rows.push(line("latency", format!("{} ms", self.latency_ms)));
        Some(Rows { columns: vec![Column::left("what"), Column::left("value")], rows })
    }
}

fn view(terminal: &Terminal, report: &Ping) {
    report.rows().unwrap_or_default().print(terminal);
}
