//! Finds the cluster: kubeconfig, `$KUBECONFIG`, `~/.kube/config`, or the account of the pod.

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
    let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
    Ok((config.map_err(|error| bad(path, &error))?, name))
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
