//! Every setting in words: the page of the documentation and the sample file.

use std::fmt::Write as _;

use serde_json::Value;

use super::Config;

/// One setting.
pub(super) struct Setting {
    pub(super) key: &'static str,
    /// One line for people.
    meaning: &'static str,
}

const fn setting(key: &'static str, meaning: &'static str) -> Setting {
    Setting { key, meaning }
}

/// All of them, in the order of the file.
pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "cluster",
        "name of the cluster, part of every identity; without one the name that the kubeconfig gives, inside a cluster the uid of `kube-system`",
    ),
    setting(
        "time_scale",
        "how much faster than in production faults develop there; 1 outside laboratories",
    ),
    setting(
        "scrape_interval",
        "between two ticks; without one what the metrics server scrapes by, else `30s`",
    ),
    setting("roles", "what this process does: `collect`, `assess`, `serve`"),
    setting(
        "kubernetes.kubeconfig",
        "file to reach the API server by; without one `$KUBECONFIG`, `~/.kube/config`, or the pod's own account",
    ),
    setting("kubernetes.context", "context of that file; without one the current one"),
    setting("kubernetes.namespaces", "namespaces to watch; without any all of them"),
    setting(
        "kubernetes.logs",
        "whether to follow container logs; only counts and templates of lines stay",
    ),
    setting(
        "prometheus.url",
        "base address of a Prometheus-compatible API; without one it is looked for among the Services of the cluster, and what none has is scraped",
    ),
    setting("prometheus.selector", "matchers that every query holds, such as `cluster=\"a\"`"),
    setting("prometheus.user", "user for basic authentication"),
    setting("prometheus.password_file", "file with that user's password"),
    setting("prometheus.token_file", "file with a bearer token, read again for every query"),
    setting(
        "prometheus.headers",
        "further headers by name, such as `X-Scope-OrgID`; `@FILE` as a value reads it from a file",
    ),
    setting(
        "prometheus.ca_file",
        "PEM file of the only certificate authorities to trust; without one the system's",
    ),
    setting("prometheus.client_certificate", "PEM file of a client certificate"),
    setting("prometheus.client_key", "PEM file of its key"),
    setting("prometheus.timeout", "until an answer must begin"),
    setting(
        "prometheus.back_fill",
        "whether the past that predictions rest on is read at the start",
    ),
    setting(
        "scrape.kubelets",
        "whether each kubelet is read at its own port: `auto` (what no metrics server has), `always`, `never`",
    ),
    setting(
        "scrape.kube_state_metrics",
        "whether kube-state-metrics is read: `auto`, `always`, `never`",
    ),
    setting(
        "scrape.annotated_pods",
        "whether pods with `prometheus.io/scrape` are read: `auto`, `always`, `never`",
    ),
    setting(
        "scrape.kubelet_ca_file",
        "PEM file of the authority of the kubelets' certificates; without one they are not checked, since most sign their own",
    ),
    setting("scrape.timeout", "until a target must have answered"),
    setting("store.url", "a path (SQLite) or `postgres://user@host/database`"),
    setting("store.url_file", "file that holds the address instead, for one with a password"),
    setting("store.size_limit", "most bytes of a SQLite file"),
    setting("store.keep_minutes", "how long rows of `nodes`, `pods` and `workloads` are kept"),
    setting("store.keep_predictions", "how long predictions are kept"),
    setting("store.keep_events", "how long events are kept"),
    setting("store.keep_incidents", "how long outcomes, closed alarms and evidence are kept"),
    setting(
        "models.in_service",
        "name of the model that speaks: `built-in`, `first-passage` (no learned model), or a name of the registry; without one what the registry has in service, else `built-in`",
    ),
    setting(
        "models.files",
        "model files to add to the registry at the start, each under its file name without ending; those of recordings are shadows until one is put in service, those of tables answer `POST /api/v1/predict`",
    ),
    setting(
        "models.budget",
        "false alarms per pod-day of fault time that the threshold is for: 0.1, 0.5 or 1",
    ),
    setting("models.watch_floor", "probability from which a prediction is kept in the store"),
    setting(
        "paging.mode",
        "`auto` (observe first), `observe` (never page), `on` (page from the start)",
    ),
    setting("paging.observe_for", "in `auto`: nothing pages for this long …"),
    setting("paging.observe_outcomes", "… or until so many outcomes were scored"),
    setting(
        "paging.early_first_passage",
        "in `auto`: whether alarms of first passage may page while the rest observes",
    ),
    setting("paging.false_pages", "false pages that a cluster may have …"),
    setting(
        "paging.false_pages_within",
        "… within this time; then nothing pages until some are older",
    ),
    setting("api.listen", "address of the HTTP API; one that others can reach needs a token"),
    setting("api.token_file", "file with the token that callers must show; read at the start"),
    setting("api.protect_metrics", "whether `/metrics` needs the token too"),
    setting("log.level", "`error`, `warn`, `info` or `debug`"),
    setting("log.format", "`text` or `json`"),
];

/// The environment variable of a setting.
pub(super) fn variable(key: &str) -> String {
    format!("FORESAIL_{}", key.replace('.', "_").to_uppercase())
}

/// The reference of all settings as a Markdown page.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# Configuration of `foresail run`\n\n<!-- Written by `cargo xtask gen` from the program; do not edit. -->\n\n\
         A setting is taken from its flag (`foresail run --help`), else from its environment variable, else from \
         the file that `--config` names (YAML), else from its default. `--set KEY=VALUE` is a flag for every \
         setting. Lists in flags and variables are joined by commas. A setting that does not exist is an error \
         that names its line.\n\n\
         | setting | variable | default | meaning |\n|---|---|---|---|\n",
    );
    let defaults = defaults();
    for Setting { key, meaning } in SETTINGS {
        let default = in_yaml(&defaults, key);
        let shown = if default == "null" { String::new() } else { format!("`{default}`") };
        let _ = writeln!(
            page,
            "| `{key}` | `{}` | {shown} | {} |",
            variable(key),
            meaning.replace('|', "\\|")
        );
    }
    let _ = write!(
        page,
        "\n## Sample\n\nAll defaults; a line that begins with `#` has none.\n\n```yaml\n{}```\n",
        sample()
    );
    page
}

/// A file with every setting at its default.
fn sample() -> String {
    rendered(&Config::default())
}

/// A file with every setting of `config`.
pub(crate) fn rendered(config: &Config) -> String {
    let values = serde_json::to_value(config).unwrap_or_default();
    let mut text = String::new();
    let mut section = "";
    for Setting { key, .. } in SETTINGS {
        let (group, name) = key.split_once('.').unwrap_or(("", key));
        if group != section {
            let _ = writeln!(text, "{group}:");
            section = group;
        }
        let indent = if group.is_empty() { "" } else { "  " };
        let _ = match in_yaml(&values, key).as_str() {
            "null" => writeln!(text, "{indent}# {name}:"),
            value => writeln!(text, "{indent}{name}: {value}"),
        };
    }
    text
}

fn defaults() -> Value {
    serde_json::to_value(Config::default()).unwrap_or_default()
}

/// A value as YAML takes it; JSON is YAML too.
fn in_yaml(values: &Value, key: &str) -> String {
    let value = key.split('.').fold(values, |value, part| &value[part]);
    let plain = |text: &str| {
        text.starts_with(char::is_alphanumeric)
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
    };
    match value {
        Value::String(text) if plain(text) => text.clone(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(value: &Value, at: &str, found: &mut BTreeSet<String>) {
        for (name, value) in value.as_object().unwrap() {
            let key = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match value.as_object() {
                Some(section) if !section.is_empty() => keys(value, &key, found),
                Some(_) | None => {
                    found.insert(key);
                }
            }
        }
    }

    #[test]
    fn every_setting_is_described_once() {
        let mut found = BTreeSet::new();
        keys(&defaults(), "", &mut found);
        let described: BTreeSet<String> = SETTINGS.iter().map(|one| one.key.to_owned()).collect();
        assert_eq!(found, described);
        assert_eq!(described.len(), SETTINGS.len());
    }

    #[test]
    fn the_sample_is_the_default() {
        assert_eq!(serde_saphyr::from_str::<Config>(&sample()).unwrap(), Config::default());
    }
}
