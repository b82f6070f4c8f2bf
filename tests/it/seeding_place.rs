//! Seeding from within a program, as an application's tests do it.

use std::time::Duration;

use dbtool::catalog::{self, Catalog};
use dbtool::db::{AnyConnection, Connector, Home};
use dbtool::entities::Registry;
use dbtool::observer::Silent;
use dbtool::seed::{Act, Context, Files, OnDrift, OnError, Report, Request, Runner, Seeds};

use crate::support::{Project, connector};

/// The database of a test, and what seeds need to know of it.
pub struct Place<'p> {
    project: &'p Project,
    pub connector: Connector,
    home: Home,
    catalog: Catalog,
}

impl<'p> Place<'p> {
    pub fn new(project: &'p Project) -> Self {
        let connector = connector(&project.url);
        let mut session = project.session();
        let home = session.home(connector.dialect()).unwrap();
        let catalog = catalog::read(&mut session, connector.dialect(), &home).unwrap();
        Self { project, connector, home, catalog }
    }

    pub fn with<T>(&self, connection: &mut AnyConnection, work: impl FnOnce(&mut Runner<'_>) -> T) -> T {
        work(&mut Runner {
            connection,
            dialect: self.connector.dialect(),
            home: &self.home,
            context: Context {
                catalog: &self.catalog,
                registry: &Registry::reference(),
                sensitive: &[],
                variable: &|_| None,
                environment: "test",
                protected: false,
                trail: None,
                observer: &Silent,
            },
            patience: Duration::from_secs(10),
        })
    }

    /// What the project's seeds come to.
    pub fn seed(&self, connection: &mut AnyConnection, request: &Request) -> Result<Report, String> {
        let directory = self.project.path("seeds");
        let files = Files { directory, shown: "seeds".into(), layers: vec!["base".into()], named: true };
        let seeded = self.with(connection, |runner| runner.run(Seeds::read(&files).unwrap(), request));
        seeded.map_err(|error| format!("{error} {:?} {:?}", error.place(), error.notes()))
    }
}

/// Everything, as far as nothing is in the way.
pub fn request(in_memory: usize) -> Request {
    let (act, on_drift, on_error) = (Act::Run, OnDrift::Keep, OnError::Stop);
    Request { names: Vec::new(), act, on_drift, on_error, audit_rows: false, clear: None, in_memory }
}
