//! What the account may do: each right of the table is asked for by a review, which changes nothing.

use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;

use super::api::Question;
use super::cluster::Cluster;
use super::error::KubernetesError;
use super::permissions::{PERMISSIONS, Permission};
use super::resources::RESOURCES;
use super::settings::Namespaces;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Reviews under way at once.
const AT_ONCE: usize = 8;

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allowed {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The cluster does not serve this kind.
    NotInstalled,
    /// Nobody could say.
    Unknown,
}

/// One right and whether the account has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The right.
    pub permission: &'static Permission,
    /// The namespace asked about; `None` for all, or for objects of the cluster.
    pub namespace: Option<String>,
    /// Whether all its verbs are allowed.
    pub allowed: Allowed,
    /// Verbs that are not.
    pub missing: Vec<&'static str>,
    /// Why nobody could say.
    pub reason: Option<String>,
}

/// Every right of the table, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessReport {
    /// Name of the cluster.
    pub cluster: String,
    /// The rights.
    pub rights: Vec<Access>,
}

#[derive(Debug, Deserialize)]
struct Review {
    status: ReviewStatus,
}

#[derive(Debug, Deserialize)]
struct ReviewStatus {
    allowed: bool,
}

// === impl AccessReport ===

impl AccessReport {
    /// Rights that the account lacks.
    pub fn missing(&self) -> impl Iterator<Item = &Access> {
        self.rights.iter().filter(|access| access.allowed == Allowed::No)
    }
}

// === impl Cluster ===

impl Cluster {
    /// Asks for each right of [`PERMISSIONS`]; where reviews themselves are not answered, by trying.
    pub async fn access(&self) -> AccessReport {
        let scopes: Vec<Option<String>> = match &self.settings().namespaces {
            Namespaces::All => vec![None],
            Namespaces::Only(names) => names.iter().cloned().map(Some).collect(),
        };
        let of_right = |permission: &'static Permission| {
            let scopes = if permission.is_namespaced { scopes.clone() } else { vec![None] };
            scopes.into_iter().map(move |namespace| (permission, namespace))
        };
        let asked = PERMISSIONS.iter().flat_map(of_right);
        let asked = asked.map(|(permission, namespace)| self.ask(permission, namespace));
        let rights = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
        AccessReport { cluster: self.name().to_owned(), rights }
    }

    async fn ask(&self, permission: &'static Permission, namespace: Option<String>) -> Access {
        let mut access = Access {
            permission,
            namespace,
            allowed: Allowed::Yes,
            missing: Vec::new(),
            reason: None,
        };
        for verb in permission.verbs {
            match self.review((permission, verb), access.namespace.as_deref()).await {
                Ok(true) => {}
                Ok(false) => access.missing.push(*verb),
                Err(error) => {
                    (access.allowed, access.reason) =
                        self.attempt(permission, (access.namespace.as_deref(), error)).await;
                    break;
                }
            }
        }
        if !access.missing.is_empty() {
            access.allowed = Allowed::No;
        } else if access.allowed == Allowed::Yes && is_installed_on_demand(permission) {
            // A role may name a kind that nobody installed.
            let tried = self.attempt(permission, (access.namespace.as_deref(), unasked())).await;
            if tried.0 == Allowed::NotInstalled {
                (access.allowed, access.reason) = tried;
            }
        }
        access
    }

    async fn review(
        &self,
        (permission, verb): (&Permission, &str),
        namespace: Option<&str>,
    ) -> Result<bool, KubernetesError> {
        let mut parts = permission.resource.splitn(2, '/');
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "group": permission.group,
                "resource": parts.next(),
                "subresource": parts.next(),
                "verb": verb,
                "namespace": namespace,
            } },
        });
        let review: Review = self.post(REVIEWS, &body).await?;
        Ok(review.status.allowed)
    }

    /// Tries to list one object, where a review gave no answer.
    async fn attempt(
        &self,
        permission: &Permission,
        (namespace, error): (Option<&str>, KubernetesError),
    ) -> (Allowed, Option<String>) {
        let place = RESOURCES.iter().filter(|known| known.name == permission.resource);
        let place = place.flat_map(|known| {
            let bases = known.bases.iter().enumerate();
            bases.map(move |(base, path)| (known, base, path))
        });
        let is_of_group = |path: &str| match permission.group {
            "" => path.starts_with("/api/"),
            group => path.strip_prefix("/apis/").is_some_and(|rest| {
                rest.strip_prefix(group).is_some_and(|rest| rest.starts_with('/'))
            }),
        };
        let Some((resource, base, _)) = place.into_iter().find(|(_, _, path)| is_of_group(path))
        else {
            return (Allowed::Unknown, Some(error.to_string()));
        };
        let target = format!("{}?limit=1", resource.path(base, namespace));
        let within = self.settings().timeouts.answer;
        let accept = resource.detail.list();
        match self.answer(Question { target: &target, accept, within }).await {
            Ok(_) => (Allowed::Yes, None),
            Err(KubernetesError::Forbidden { .. }) => (Allowed::No, None),
            Err(error @ KubernetesError::NotFound { .. }) => {
                (Allowed::NotInstalled, Some(error.to_string()))
            }
            Err(error) => (Allowed::Unknown, Some(error.to_string())),
        }
    }
}

/// Whether the kind is one that clusters have only where somebody installed it.
fn is_installed_on_demand(permission: &Permission) -> bool {
    matches!(permission.group, "autoscaling.k8s.io" | "keda.sh")
}

/// Stands for an error where a right was granted and only the kind is looked for.
fn unasked() -> KubernetesError {
    KubernetesError::NotFound { url: REVIEWS.to_owned(), reason: String::new() }
}

// === impl Allowed ===

impl Allowed {
    /// The stable snake_case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotInstalled => "not_installed",
            Self::Unknown => "unknown",
        }
    }
}
