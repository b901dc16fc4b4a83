//! Options of `models`.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// Options of `models`.
#[derive(Args, Debug)]
#[command(after_help = "\
Without --store or --config it shows the files and the model that is built in; with one of them the
registry of that service, which may be running: it takes over what is changed within a minute.

Example:
  foresail models my.model
  foresail models --store foresail.db --cluster prod --add my.model --in-service my")]
pub(crate) struct ModelsArguments {
    /// Model files to show beside the one that is built in
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Configuration of the service, for its store and cluster
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Store of the service: a path or postgres://user@host/database
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Name of the cluster [default: as `run` names it]
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// Add a model file under its file name without ending; it is idle at first
    #[arg(long, value_name = "FILE")]
    pub(crate) add: Vec<PathBuf>,
    /// Let this model speak; the one that did becomes a shadow
    #[arg(long, value_name = "NAME")]
    pub(crate) in_service: Option<String>,
    /// Let this model predict and be scored without speaking
    #[arg(long, value_name = "NAME")]
    pub(crate) shadow: Vec<String>,
    /// Only keep this model
    #[arg(long, value_name = "NAME")]
    pub(crate) idle: Vec<String>,
    /// Remove this model
    #[arg(long, value_name = "NAME")]
    pub(crate) remove: Vec<String>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

// === impl ModelsArguments ===

impl ModelsArguments {
    /// Whether the registry of a service is meant.
    pub(crate) fn is_of_registry(&self) -> bool {
        self.store.is_some() || self.config.is_some() || self.changes()
    }

    fn changes(&self) -> bool {
        let lists = [&self.shadow, &self.idle, &self.remove];
        !self.add.is_empty()
            || self.in_service.is_some()
            || lists.iter().any(|names| !names.is_empty())
    }
}
