//! Limits that the kubelet names in the message of an eviction.

/// A limit found in a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Learned {
    /// Size limit of an emptyDir volume.
    EmptyDir {
        /// Name of the volume.
        volume: String,
        /// The limit.
        bytes: f64,
    },
    /// Ephemeral storage limit of a container, or of all containers of the pod.
    Ephemeral {
        /// The limit.
        bytes: f64,
    },
}

/// Most characters of a volume name that are kept (Kubernetes allows 63).
const VOLUME_NAME_MAX: usize = 63;

/// The limit that `message` names, if it is one of the kubelet's eviction messages.
///
/// # Source
/// Kubernetes 1.34 `pkg/kubelet/eviction/eviction_manager.go`: `emptyDirMessageFmt`,
/// `containerEphemeralStorageMessageFmt`, `podEphemeralStorageMessageFmt`.
pub(super) fn learn(message: &str) -> Option<Learned> {
    if let Some(rest) = message.strip_prefix("Usage of EmptyDir volume \"") {
        let (volume, rest) = rest.split_once('"')?;
        let bytes = parse_bytes(rest.split_once("the limit \"")?.1.split('"').next()?)?;
        let short = volume.len() <= VOLUME_NAME_MAX;
        return short.then(|| Learned::EmptyDir { volume: volume.to_owned(), bytes });
    }
    if message.starts_with("Container ") {
        let rest = message.split_once("local ephemeral storage limit \"")?.1;
        let bytes = parse_bytes(rest.split('"').next()?)?;
        return Some(Learned::Ephemeral { bytes });
    }
    let rest = message
        .strip_prefix("Pod ephemeral local storage usage exceeds the total limit of containers ")?;
    let bytes = parse_bytes(rest.trim_end().trim_end_matches('.'))?;
    Some(Learned::Ephemeral { bytes })
}

/// The bytes of a Kubernetes quantity such as `64Mi`, `1G`, `1e6` or `128974848`; `None` when it is
/// no quantity or not above zero.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 13] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let text = text.trim();
    let suffix = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|number| (number, *factor)));
    let (number, factor) = suffix.unwrap_or((text, 1.0));
    let value = number.parse::<f64>().ok()? * factor;
    (value.is_finite() && value > 0.0).then_some(value)
}
