//! Asks kubelets at their own ports, with the credentials that the cluster gave.
//!
//! Metrics of kubelets are read there and not through the API server's proxy: that would need the
//! right `nodes/proxy`, with which one can run commands in any pod.

use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tower::{BoxError, ServiceBuilder};

use super::api::{Answer, Question, innermost};
use super::cluster::Cluster;
use super::error::KubernetesError;
use super::settings::KubeletTrust;

/// Asks whole addresses such as `https://10.0.0.7:10250/metrics/cadvisor`, with the token or
/// certificate of the cluster. A token file is read again each minute.
#[derive(Clone)]
pub struct NodeHttp {
    client: kube::Client,
    within: Duration,
}

/// An answer under way.
#[derive(Debug)]
pub struct NodeAnswer {
    answer: Answer,
    within: Duration,
}

// === impl NodeHttp ===

impl std::fmt::Debug for NodeHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeHttp").field("within", &self.within).finish_non_exhaustive()
    }
}

impl NodeHttp {
    /// Asks; `accept` is the media type wished for. The answer may be of another one.
    ///
    /// # Errors
    /// Why there was no successful answer.
    pub async fn get(
        &self,
        url: &str,
        accept: &'static str,
    ) -> Result<NodeAnswer, KubernetesError> {
        let question = Question { target: url, accept, within: self.within };
        let answer = Answer::to(question, &self.client, "").await?;
        Ok(NodeAnswer { answer, within: self.within })
    }
}

// === impl NodeAnswer ===

impl NodeAnswer {
    /// What the answer says that it is.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.answer.place.content_type
    }

    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// The connection broke, or nothing came in time.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, KubernetesError> {
        self.answer.chunk(self.within).await
    }
}

// === impl Cluster ===

impl Cluster {
    /// A client for the kubelets of this cluster; `within` is for the beginning of an answer and
    /// between two of its parts. Make another one after an error of status 401: what the kubeconfig
    /// held may have been replaced.
    ///
    /// # Errors
    /// A certificate that cannot be used.
    pub fn node_http(
        &self,
        trust: &KubeletTrust,
        within: Duration,
    ) -> Result<NodeHttp, KubernetesError> {
        let refused =
            |reason| KubernetesError::Credentials { host: "the kubelets".to_owned(), reason };
        let mut config = self.config().as_ref().clone();
        // It holds for the API server only.
        config.tls_server_name = None;
        match trust {
            KubeletTrust::ClusterAuthority => {}
            KubeletTrust::Anyone => config.accept_invalid_certs = true,
            KubeletTrust::File(path) => {
                let shown = path.display();
                let wrong = |error| refused(format!("`{shown}` holds no certificate: {error}"));
                let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
                    .and_then(Iterator::collect)
                    .map_err(|error| wrong(error.to_string()));
                let found: Vec<CertificateDer<'static>> = found?;
                if found.is_empty() {
                    return Err(wrong("it is empty of them".to_owned()));
                }
                let bytes = found.into_iter().map(|certificate| certificate.as_ref().to_vec());
                config.root_cert = Some(bytes.collect());
                config.root_cert_file = None;
            }
        }
        let unusable = |error: kube::Error| refused(innermost(&error));
        let connector = config.rustls_https_connector().map_err(unusable)?;
        let login = config.auth_layer().map_err(unusable)?;
        let http: legacy::Client<_, Body> =
            legacy::Client::builder(TokioExecutor::new()).build(connector);
        let stack = ServiceBuilder::new().option_layer(login).map_err(BoxError::from);
        let service = stack.service(http);
        Ok(NodeHttp { client: kube::Client::new(service, "default"), within })
    }
}
