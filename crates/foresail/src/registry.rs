//! `foresail models` on the registry of a service.

use foresail_core::store::{ClusterName, ModelEntry, ModelRole, Registry};
use foresail_store::{Access, Store};

use crate::arguments::{Format, ModelsArguments};
use crate::clock::now;
use crate::failure::{Failure, Result};
use crate::service::config::{self, Override};
use crate::service::{cluster_name, connect, models, refused};
use crate::stdout::Output;
use crate::table::{Align, Table};

/// Changes the registry as asked, then prints it.
pub(crate) fn run(arguments: &ModelsArguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::writing(error, "failed to reach the store"))?;
    let entries = runtime.block_on(async {
        let (store, cluster) = open(arguments).await?;
        change(arguments, (&store, &cluster)).await?;
        let entries = store.models(&cluster).await.map_err(refused)?;
        store.close().await.map_err(refused)?;
        Ok::<_, Failure>(entries)
    })?;
    let mut output = Output::new();
    match arguments.format {
        Format::Json => entries.iter().try_for_each(|entry| output.json(entry))?,
        Format::Text => output.text(&table(&entries).to_string())?,
    }
    output.flush()
}

async fn open(arguments: &ModelsArguments) -> Result<(Store, ClusterName)> {
    let flag = |origin: &str, key, value: &Option<String>| {
        value.clone().map(|text| Override { origin: origin.to_owned(), key, text })
    };
    let flags = [
        flag("--store", "store.url", &arguments.store),
        flag("--cluster", "cluster", &arguments.cluster),
    ];
    let flags = flags.into_iter().flatten().collect();
    let config = config::load(arguments.config.as_deref(), &config::environment, flags)?;
    let cluster = cluster_name(&config).await?;
    let options = connect::store(&config.store, Access::Beside)?;
    Ok((foresail_store::open(&options).await.map_err(refused)?, cluster))
}

async fn change(
    arguments: &ModelsArguments,
    (store, cluster): (&Store, &ClusterName),
) -> Result<()> {
    for file in &arguments.add {
        let (new, _) = models::from_file(file, now())?;
        store.add_model(cluster, &new).await.map_err(refused)?;
    }
    let role = |role: ModelRole| move |name| (name, role);
    let shadows = arguments.shadow.iter().map(role(ModelRole::Shadow));
    let idle = arguments.idle.iter().map(role(ModelRole::Idle));
    let service = arguments.in_service.iter().map(role(ModelRole::InService));
    for (name, role) in shadows.chain(idle).chain(service) {
        store.set_role(cluster, name, role).await.map_err(refused)?;
    }
    for name in &arguments.remove {
        store.remove_model(cluster, name).await.map_err(refused)?;
    }
    Ok(())
}

fn table(entries: &[ModelEntry]) -> Table {
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("kind", Align::Left),
        ("role", Align::Left),
        ("added", Align::Left),
        ("bytes", Align::Right),
        ("sha256", Align::Left),
    ]);
    for entry in entries {
        table.row([
            // Names are untrusted: their control characters must not reach the terminal.
            entry.name.replace(char::is_control, " "),
            entry.kind.clone(),
            entry.role.as_str().to_owned(),
            entry.added_at.to_string(),
            entry.bytes.to_string(),
            entry.sha256.chars().take(12).collect(),
        ]);
    }
    table
}
