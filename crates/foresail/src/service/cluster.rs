//! The watched cluster: its name, and the loop over what is read of it.

use foresail_collect::kubernetes;
use foresail_core::store::ClusterName;

use super::config::Config;
use super::connect;
use super::start::Room;
use crate::failure::{Failure, Result};

/// Where nothing says how the cluster is called.
const UNNAMED: &str = "default";

/// What the cluster is called in every identity: as it is set, else by the context of the kubeconfig,
/// else by the uid of the cluster.
pub(crate) async fn name(config: &Config) -> Result<ClusterName> {
    let name = match &config.cluster {
        Some(name) => name.clone(),
        None => match kubernetes::open(&connect::kubernetes(config)).await {
            Ok(cluster) => cluster.name().to_owned(),
            Err(_) => UNNAMED.to_owned(),
        },
    };
    ClusterName::try_from(name.as_str()).map_err(|error| Failure::Input(error.into()))
}

/// Watches the cluster until the service is asked to end.
pub(super) async fn watch(room: &Room) -> Result<()> {
    super::start::until(room.ends.clone()).await;
    Ok(())
}
