//! A cluster that can be asked: its client, renewed when the credentials changed.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use http::Request;
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::api::{Answer, Question, innermost};
use super::configuration::Configuration;
use super::error::KubernetesError;
use super::settings::ReaderSettings;

/// Longest answer that is held whole.
const WHOLE_BYTES: usize = 4 << 20;

const JSON: &str = "application/json";

/// A cluster that can be asked. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Cluster {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: ReaderSettings,
    name: String,
    host: String,
    link: RwLock<Link>,
}

/// The client in use.
#[derive(Clone, Debug)]
struct Link {
    /// How often it was renewed.
    generation: u64,
    client: ShownClient,
    config: Arc<kube::Config>,
}

/// kube's client cannot be printed.
#[derive(Clone)]
struct ShownClient(kube::Client);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

#[derive(Debug, Deserialize)]
struct Named {
    metadata: NamedMeta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamedMeta {
    uid: Option<String>,
}

/// Finds the cluster and asks it for its version, so that a wrong address, certificate or account
/// shows at once.
///
/// # Errors
/// Why it could not be asked; [`KubernetesError::is_environment`] tells wrong settings from a
/// cluster out of reach.
pub async fn connect(settings: &ReaderSettings) -> Result<Cluster, KubernetesError> {
    let cluster = open(settings).await?;
    cluster.version().await?;
    Ok(cluster)
}

/// Finds the cluster without asking it: it may still be starting.
///
/// # Errors
/// What of the configuration cannot be used.
pub async fn open(settings: &ReaderSettings) -> Result<Cluster, KubernetesError> {
    crate::tls::install();
    let found = Configuration::load(settings).await?;
    let client = client(&found.config, &found.host)?;
    let link = Link { generation: 0, client, config: Arc::new(found.config) };
    let inner = Inner {
        settings: settings.clone(),
        name: found.name,
        host: found.host,
        link: RwLock::new(link),
    };
    Ok(Cluster { inner: Arc::new(inner) })
}

fn client(config: &kube::Config, host: &str) -> Result<ShownClient, KubernetesError> {
    let client = kube::Client::try_from(config.clone());
    client.map(ShownClient).map_err(|error| KubernetesError::Credentials {
        host: host.to_owned(),
        reason: innermost(&error),
    })
}

// === impl ShownClient ===

impl std::fmt::Debug for ShownClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

// === impl Cluster ===

impl Cluster {
    /// What the cluster is called: its context, or `in-cluster` in a pod.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Address of the API server.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.inner.host
    }

    /// How it is read.
    #[must_use]
    pub fn settings(&self) -> &ReaderSettings {
        &self.inner.settings
    }

    /// Version of the API server, such as `v1.34.1`.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn version(&self) -> Result<String, KubernetesError> {
        let version: Version = self.get("/version").await?;
        Ok(version.git_version)
    }

    /// Uid of the namespace `kube-system`, which stays the same for the cluster's life.
    ///
    /// # Errors
    /// Why there was no answer; the account may not be allowed to read namespaces.
    pub async fn uid(&self) -> Result<Option<String>, KubernetesError> {
        let namespace: Named = self.get("/api/v1/namespaces/kube-system").await?;
        Ok(namespace.metadata.uid)
    }

    /// Asks for one short document.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, KubernetesError> {
        let within = self.inner.settings.timeouts.answer;
        let question = Question { target: path, accept: JSON, within };
        let answer = self.answer(question).await?.json(within).await?;
        decode(answer, within).await
    }

    /// Sends one short document and reads another.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, KubernetesError> {
        let within = self.inner.settings.timeouts.answer;
        let request = Request::post(path)
            .header(http::header::CONTENT_TYPE, JSON)
            .header(http::header::ACCEPT, JSON)
            .body(Body::from(body.to_string().into_bytes()))
            .expect("a fixed path and fixed headers make a request");
        let link = self.link();
        let answer = Answer::of(request, (&link.client.0, self.host()), within).await?;
        decode(answer.json(within).await?, within).await
    }

    /// Asks, and leaves reading to the caller.
    pub(super) async fn answer(&self, question: Question<'_>) -> Result<Answer, KubernetesError> {
        let link = self.link();
        Answer::to(question, &link.client.0, self.host()).await
    }

    /// Number of the client in use, for [`Cluster::renew`].
    pub(super) fn generation(&self) -> u64 {
        self.link().generation
    }

    /// Reads the configuration again after client number `seen` was refused: kube keeps a token file
    /// for a minute and a kubeconfig for good.
    pub(super) async fn renew(&self, seen: u64) -> Result<(), KubernetesError> {
        if self.generation() != seen {
            return Ok(());
        }
        let found = Configuration::load(&self.inner.settings).await?;
        let client = client(&found.config, &found.host)?;
        let mut link = self.inner.link.write().unwrap_or_else(|broken| broken.into_inner());
        if link.generation == seen {
            *link = Link { generation: seen + 1, client, config: Arc::new(found.config) };
        }
        Ok(())
    }

    /// The configuration in use.
    pub(super) fn config(&self) -> Arc<kube::Config> {
        self.link().config
    }

    fn link(&self) -> Link {
        self.inner.link.read().unwrap_or_else(|broken| broken.into_inner()).clone()
    }
}

async fn decode<T: DeserializeOwned>(
    answer: Answer,
    within: Duration,
) -> Result<T, KubernetesError> {
    let place = answer.place.clone();
    let body = answer.whole(WHOLE_BYTES, within).await?;
    serde_json::from_slice(&body).map_err(|error| match body.first() {
        _ if error.is_eof() => place.cut(),
        Some(b'<') => place.not_json(&body),
        Some(_) | None => place.shape(error),
    })
}
