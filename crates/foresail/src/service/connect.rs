//! From settings to what is read and written.

use std::fs;
use std::path::Path;

use foresail_api::{MetricsAccess, Secret as Token, ServeSettings};
use foresail_collect::kubernetes::{LogSettings, Namespaces, ReaderSettings};
use foresail_collect::prometheus::{Auth, ClientIdentity, Limits, Secret, Settings};
use foresail_core::store::Retention;
use foresail_store::{Access, StoreOptions};

use super::config::{self, Config};
use crate::failure::{Failure, Result};

/// How the API server is reached.
pub(crate) fn kubernetes(config: &Config) -> ReaderSettings {
    let wanted = &config.kubernetes;
    let namespaces = match &wanted.namespaces[..] {
        [] => Namespaces::All,
        some => Namespaces::Only(some.to_vec()),
    };
    ReaderSettings {
        kubeconfig: wanted.kubeconfig.clone(),
        context: wanted.context.clone(),
        namespaces,
        logs: wanted.logs.then(LogSettings::default),
        ..ReaderSettings::default()
    }
}

/// How the metrics server at `url` is reached.
pub(crate) fn prometheus(wanted: &config::Prometheus, url: &str) -> Result<Settings> {
    let auth = match (&wanted.user, &wanted.password_file, &wanted.token_file) {
        (Some(user), Some(file), _) => {
            Auth::Basic { user: user.clone(), password: Secret::new(line(file)?) }
        }
        (_, _, Some(file)) => Auth::TokenFile(file.clone()),
        _ => Auth::None,
    };
    let identity = wanted.client_certificate.as_ref().zip(wanted.client_key.as_ref());
    let headers = wanted.headers.iter().map(|(name, value)| {
        let value = match value.strip_prefix('@') {
            Some(file) => line(Path::new(file))?,
            None => value.clone(),
        };
        Ok((name.clone(), Secret::new(value)))
    });
    Ok(Settings {
        url: url.to_owned(),
        auth,
        headers: headers.collect::<Result<_>>()?,
        ca_file: wanted.ca_file.clone(),
        identity: identity.map(|(certificate, key)| ClientIdentity {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        limits: Limits { timeout: wanted.timeout.wait(), ..Limits::default() },
    })
}

/// Which store is opened.
pub(crate) fn store(wanted: &config::Store, access: Access) -> Result<StoreOptions> {
    let url = match &wanted.url_file {
        Some(file) => line(file)?,
        None => wanted.url.clone(),
    };
    let database = url.starts_with("postgres://") || url.starts_with("postgresql://");
    // A limit is for a file; one configuration may serve both.
    let size_limit = wanted.size_limit.filter(|_| !database && access == Access::Service);
    Ok(StoreOptions { size_limit, ..StoreOptions::new(&url, access) })
}

/// How long things are kept.
pub(crate) const fn retention(wanted: &config::Store) -> Retention {
    Retention {
        minutes: wanted.keep_minutes.platform(),
        predictions: wanted.keep_predictions.platform(),
        events: wanted.keep_events.platform(),
        incidents: wanted.keep_incidents.platform(),
    }
}

/// How the API is served.
pub(crate) fn api(wanted: &config::Api) -> Result<ServeSettings> {
    let token = wanted.token_file.as_deref().map(line).transpose()?;
    let metrics = if wanted.protect_metrics { MetricsAccess::Token } else { MetricsAccess::Open };
    let token = token.as_deref().map(Token::new);
    let settings = ServeSettings { token, metrics, ..Default::default() };
    settings.check(wanted.listen).map_err(|error| Failure::Input(error.into()))?;
    Ok(settings)
}

/// What a file holds, without the line break at its end.
fn line(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::reading(error, format!("failed to read `{}`", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
