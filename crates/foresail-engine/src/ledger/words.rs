//! Exact words of the Kubernetes API that facts rest on.

use foresail_core::{Condition, ConditionStatus};

/// Waiting reasons of a container whose image cannot be had.
///
/// # Source
/// Kubernetes 1.34 `pkg/kubelet/images/types.go`.
const IMAGE_FAILURES: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Waiting (or terminated) reasons of a container that cannot be created or started.
///
/// # Source
/// Kubernetes 1.34 `pkg/kubelet/kuberuntime/kuberuntime_container.go` and
/// `pkg/kubelet/container/sync_result.go`.
const CREATE_FAILURES: [&str; 6] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "StartError",
    "PreStartHookError",
    "PreCreateHookError",
];

/// Whether a container with this reason has no image.
pub(crate) fn is_image_failure(reason: &str) -> bool {
    IMAGE_FAILURES.contains(&reason)
}

/// Whether a container with this reason could not be created or started.
pub(crate) fn is_start_failure(reason: &str) -> bool {
    is_image_failure(reason) || CREATE_FAILURES.contains(&reason)
}

/// Whether a container that waits for this reason is still on its ordinary way to its first start,
/// so that mounts or the sandbox may be what holds it up.
pub(super) fn is_being_created(reason: Option<&str>) -> bool {
    matches!(reason, None | Some("ContainerCreating" | "PodInitializing"))
}

/// Whether an event's reason shows that sandbox and mounts of the pod work.
pub(super) fn shows_progress(reason: &str) -> bool {
    matches!(reason, "Pulling" | "Pulled" | "Created" | "Started")
}

/// Whether the kubelet killed a container for a failed liveness or startup probe.
pub(super) fn is_probe_kill(reason: &str, message: &str) -> bool {
    reason == "Killing"
        && (message.contains("failed liveness probe") || message.contains("failed startup probe"))
}

/// The container that an event's field path names, as in `spec.containers{app}`.
pub(super) fn container_of_field(field: &str) -> Option<&str> {
    field.split_once('{')?.1.strip_suffix('}')
}

/// Status, reason and message of a condition, in words.
pub(super) fn describe(condition: &Condition) -> String {
    let status = match condition.status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    };
    let reason = condition.reason.as_deref().unwrap_or("no reason given");
    match condition.message.as_deref() {
        Some(message) if !message.is_empty() => {
            format!("{status}, {reason}: {}", shorten(message))
        }
        Some(_) | None => format!("{status}, {reason}"),
    }
}

/// At most 200 characters of a text that others wrote.
pub(super) fn shorten(text: &str) -> String {
    const MAX: usize = 200;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.trim_end().to_owned(),
    }
}
