//! What a Kubernetes message says is missing. Messages are untrusted: cut, and freed of control
//! characters.

/// Longest text taken over from a message, in characters.
const LONGEST: usize = 240;

/// A message for evidence: one line, cut.
pub(super) fn excerpt(message: &str) -> String {
    let line: String =
        message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST + 1).collect();
    let line = line.trim();
    if line.chars().count() > LONGEST {
        let cut: String = line.chars().take(LONGEST).collect();
        format!("{cut}…")
    } else {
        line.to_owned()
    }
}

/// The object that a message says is missing, such as `ConfigMap "cart-settings"`.
pub(super) fn missing_object(message: &str) -> Option<String> {
    const OBJECTS: [(&str, &str); 4] = [
        ("configmap ", "ConfigMap"),
        ("secret ", "Secret"),
        ("persistentvolumeclaim ", "PersistentVolumeClaim"),
        ("serviceaccount ", "ServiceAccount"),
    ];
    for (word, kind) in OBJECTS {
        let Some((_, rest)) = message.split_once(word) else { continue };
        if let Some((name, rest)) = quoted(rest)
            && rest.trim_start().starts_with("not found")
        {
            return Some(format!("{kind} \"{}\"", excerpt(name)));
        }
    }
    if let Some((_, rest)) = message.split_once("couldn't find key ")
        && let Some((key, place)) = rest.split_once(" in ")
    {
        let place: Vec<_> = place.split_whitespace().take(2).collect();
        return Some(excerpt(&format!("key \"{key}\" of {}", place.join(" "))));
    }
    None
}

/// The executable or path that the runtime could not start.
pub(super) fn missing_path(message: &str) -> Option<String> {
    if let Some((_, rest)) = message.split_once("exec: ")
        && let Some((name, _)) = quoted(rest)
    {
        return Some(format!("executable \"{}\"", excerpt(name)));
    }
    let (before, _) = message.split_once(": no such file or directory")?;
    let path = before.rsplit(' ').next()?.trim_matches('"');
    (!path.is_empty()).then(|| format!("path \"{}\"", excerpt(path)))
}

/// Why no node takes a pod, from the scheduler's message: the part before preemption is discussed.
pub(super) fn unschedulable_reason(message: &str) -> String {
    let main = message.split(" preemption:").next().unwrap_or(message);
    let main = main.split(" no new claims to deallocate").next().unwrap_or(main);
    let reason = main.split_once("nodes are available: ").map_or(main, |(_, reason)| reason);
    excerpt(reason.trim_end_matches(['.', ',', ' ']))
}

/// Why the API server refuses to create pods.
pub(super) fn refusal(message: &str) -> String {
    if let Some((_, quota)) = message.split_once("exceeded quota: ") {
        return format!("it exceeds quota {}", excerpt(quota));
    }
    missing_object(message).map_or_else(
        || format!("its pods are refused: {}", excerpt(message)),
        |object| format!("{object} does not exist"),
    )
}

/// The text between the quotes that `text` starts with, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_object_is_named() {
        let cases = [
            (r#"configmap "cart-settings" not found"#, Some(r#"ConfigMap "cart-settings""#)),
            (
                r#"MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found"#,
                Some(r#"Secret "web-tls""#),
            ),
            (
                "couldn't find key url in ConfigMap shop/cart-settings",
                Some(r#"key "url" of ConfigMap shop/cart-settings"#),
            ),
            (r#"configmap "a" is forbidden"#, None),
            ("secret", None),
        ];
        for (message, expected) in cases {
            assert_eq!(missing_object(message).as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn the_missing_executable_is_named() {
        let message = "failed to create containerd task: runc create failed: exec: \"/opt/start.sh\": \
                       stat /opt/start.sh: no such file or directory";
        assert_eq!(missing_path(message).as_deref(), Some("executable \"/opt/start.sh\""));
        let message = "error mounting: stat /srv/data: no such file or directory";
        assert_eq!(missing_path(message).as_deref(), Some("path \"/srv/data\""));
        assert_eq!(missing_path("boom"), None);
    }

    #[test]
    fn the_scheduler_reason_is_its_first_part() {
        let message = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, \
                       preemption: 0/1 nodes are available: 1 Preemption is not helpful.";
        assert_eq!(unschedulable_reason(message), "1 Insufficient cpu");
        assert_eq!(unschedulable_reason("strange"), "strange");
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("a\nb\u{1b}[2J"), "a b [2J");
        assert_eq!(excerpt(&"x".repeat(5_000)).chars().count(), LONGEST + 1);
    }
}
