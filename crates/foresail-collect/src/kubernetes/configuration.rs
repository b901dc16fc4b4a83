//! Finds the cluster: kubeconfig, `$KUBECONFIG`, `~/.kube/config`, or the account of the pod.

use std::net::IpAddr;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::api::innermost;
use super::error::KubernetesError;
use super::settings::ReaderSettings;

/// Where kube looks when nothing is named.
const DEFAULT_KUBECONFIG: &str = "~/.kube/config";

/// The name of a cluster that is reached by the account of a pod.
pub const IN_CLUSTER: &str = "in-cluster";

/// How the cluster is reached, and what it is called.
pub(super) struct Configuration {
    pub(super) config: kube::Config,
    /// The context; [`IN_CLUSTER`] for the account of a pod.
    pub(super) name: String,
    /// Address of the API server, without a path's end.
    pub(super) host: String,
}

// === impl Configuration ===

impl Configuration {
    /// Reads the configuration anew, with everything in it that may have been replaced since.
    pub(super) async fn load(settings: &ReaderSettings) -> Result<Self, KubernetesError> {
        let (config, name) = match kubeconfig(settings)? {
            Some((kubeconfig, path)) => of_context(kubeconfig, &path, settings).await?,
            None => (in_cluster()?, IN_CLUSTER.to_owned()),
        };
        let mut config = config;
        config.connect_timeout = Some(settings.timeouts.connect);
        // The reader keeps its own time: a watch may be silent for longer than any answer.
        config.read_timeout = None;
        // It also tries again itself, since only it can say so.
        config.default_retry = false;
        trim_token(&mut config);
        let host = config.cluster_url.to_string();
        Ok(Self { config, name, host: host.trim_end_matches('/').to_owned() })
    }
}

/// The kubeconfig and where it came from; `None` where there is none and none was named.
fn kubeconfig(settings: &ReaderSettings) -> Result<Option<(Kubeconfig, String)>, KubernetesError> {
    if let Some(path) = &settings.kubeconfig {
        let shown = path.display().to_string();
        let read = Kubeconfig::read_from(path);
        return read.map(|read| Some((read, shown.clone()))).map_err(|error| bad(&shown, &error));
    }
    let shown = "$KUBECONFIG".to_owned();
    if let Some(read) = Kubeconfig::from_env().map_err(|error| bad(&shown, &error))? {
        return Ok(Some((read, shown)));
    }
    match Kubeconfig::read() {
        Ok(read) => Ok(Some((read, DEFAULT_KUBECONFIG.to_owned()))),
        Err(KubeconfigError::FindPath) if settings.context.is_none() => Ok(None),
        Err(KubeconfigError::ReadConfig(error, _))
            if error.kind() == std::io::ErrorKind::NotFound && settings.context.is_none() =>
        {
            Ok(None)
        }
        Err(error) => Err(bad(DEFAULT_KUBECONFIG, &error)),
    }
}

async fn of_context(
    kubeconfig: Kubeconfig,
    path: &str,
    settings: &ReaderSettings,
) -> Result<(kube::Config, String), KubernetesError> {
    let wanted = settings.context.clone().or_else(|| kubeconfig.current_context.clone());
    let names: Vec<String> =
        kubeconfig.contexts.iter().map(|context| format!("`{}`", context.name)).collect();
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let Some(name) = wanted.filter(|name| !name.is_empty()) else {
        let reason = format!("it names no current context, and none was chosen; it has {known}");
        return Err(KubernetesError::Kubeconfig { path: path.to_owned(), reason });
    };
    if !kubeconfig.contexts.iter().any(|context| context.name == name) {
        return Err(KubernetesError::Context { path: path.to_owned(), context: name, known });
    }
    let names_proxy = kubeconfig
        .clusters
        .iter()
        .any(|cluster| cluster.cluster.as_ref().is_some_and(|cluster| cluster.proxy_url.is_some()));
    let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(|error| bad(path, &error))?;
    if !names_proxy && is_direct(config.cluster_url.host().unwrap_or_default(), &no_proxy()) {
        config.proxy_url = None;
    }
    Ok((config, name))
}

/// Hosts that are reached without the proxy of `$HTTPS_PROXY`, which kube takes for every cluster: it
/// compares `$NO_PROXY` with the proxy itself.
#[expect(
    clippy::disallowed_methods,
    reason = "kube reads `$HTTPS_PROXY`, and this is its other half"
)]
fn no_proxy() -> String {
    let named = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    named.unwrap_or_default()
}

/// Whether a host is on this machine or named among those without a proxy: itself, or a domain of it.
fn is_direct(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let named = no_proxy.split(',').map(|name| name.trim().to_ascii_lowercase()).any(|name| {
        let domain = name.trim_start_matches("*.").trim_start_matches('.');
        let within = host
            .strip_suffix(domain)
            .is_some_and(|rest| !domain.is_empty() && (rest.is_empty() || rest.ends_with('.')));
        name == "*" || within
    });
    named || host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// kube sends a token file as it is, and refuses one that ends with a line break, as editors leave it.
fn trim_token(config: &mut kube::Config) {
    let login = &mut config.auth_info;
    let file = login.token_file.as_ref().filter(|_| login.token.is_none());
    let Some(text) = file.and_then(|file| std::fs::read_to_string(file).ok()) else { return };
    if text.trim_end() != text {
        // From here on it is read again only when it is refused.
        login.token = Some(text.trim().to_owned().into());
    }
}

fn in_cluster() -> Result<kube::Config, KubernetesError> {
    kube::Config::incluster().map_err(|error| KubernetesError::NoCluster {
        reason: format!(
            "there is no `{DEFAULT_KUBECONFIG}`, `$KUBECONFIG` is not set, and this is no pod with a service account ({})",
            innermost(&error)
        ),
    })
}

fn bad(path: &str, error: &KubeconfigError) -> KubernetesError {
    let (path, reason) = if let KubeconfigError::ReadConfig(error, file) = error {
        (file.display().to_string(), error.to_string())
    } else if let KubeconfigError::Parse(error) = error {
        // The parser quotes what it read, which may be a token.
        (path.to_owned(), format!("it is no kubeconfig{}", place(&error.to_string())))
    } else {
        (path.to_owned(), first_line(&error.to_string()))
    };
    KubernetesError::Kubeconfig { path, reason }
}

/// Where a parser stopped, if it says so: ` (line 3)`.
fn place(text: &str) -> String {
    let rest = text.split_once("line ").map_or("", |(_, rest)| rest);
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    if number.is_empty() { String::new() } else { format!(" (line {number})") }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_left_out_for_this_machine_and_for_hosts_named_so() {
        let named = "example.org, .corp.local,*.lab,10.0.0.7";
        for host in ["127.0.0.1", "[::1]", "localhost", "example.org", "api.example.org"] {
            assert!(is_direct(host, named), "{host}");
        }
        assert!(is_direct("a.corp.local", named) && is_direct("a.lab", named));
        assert!(is_direct("10.0.0.7", named) && is_direct("anything", "*"));
        for host in ["notexample.org", "10.0.0.8", "api.other.org"] {
            assert!(!is_direct(host, named) && !is_direct(host, ""), "{host}");
        }
    }
}
