//! Puts the layers together, so that an error names the place that is to be mended.

use std::path::Path;

use serde_json::{Map, Value};

use super::Config;
use super::page::{SETTINGS, variable};
use crate::failure::{Failure, Result};

/// The largest file that is read.
const LARGEST_BYTES: u64 = 1 << 20;

/// A setting from a flag or a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    /// Where it came from, for messages: `--store` or `FORESAIL_STORE_URL`.
    pub(crate) origin: String,
    /// The setting, such as `store.url`.
    pub(crate) key: &'static str,
    /// Its value: as it is, a YAML value, or a list joined by commas.
    pub(crate) text: String,
}

// === impl Override ===

impl Override {
    /// `key=value` of `--set`.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        let (key, value) =
            text.split_once('=').ok_or_else(|| format!("`--set {text}` has no `=`"))?;
        let known = SETTINGS.iter().find(|setting| setting.key == key.trim());
        let setting =
            known.ok_or_else(|| format!("`--set {text}`: there is no setting `{key}`"))?;
        Ok(Self {
            origin: format!("--set {}", setting.key),
            key: setting.key,
            text: value.to_owned(),
        })
    }
}

/// A variable of this process's environment.
#[expect(clippy::disallowed_methods, reason = "the configuration of the program")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the file, then takes what the environment and the flags say.
pub(crate) fn load(
    file: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<String>,
    flags: Vec<Override>,
) -> Result<Config> {
    let mut config = file.map_or_else(|| Ok(Config::default()), read)?;
    let variables = SETTINGS.iter().filter_map(|setting| {
        let origin = variable(setting.key);
        let text = environment(&origin)?;
        Some(Override { origin, key: setting.key, text })
    });
    for one in variables.chain(flags) {
        config = overridden(&config, &one)?;
    }
    config.check().map_err(Failure::input)?;
    Ok(config)
}

/// The file alone; errors say line and column.
fn read(path: &Path) -> Result<Config> {
    let place = path.display();
    let failed = |error| Failure::reading(error, format!("failed to read `{place}`"));
    if std::fs::metadata(path).map_err(failed)?.len() > LARGEST_BYTES {
        return Err(Failure::input(format!(
            "`{place}` is larger than {LARGEST_BYTES} bytes: that is no configuration"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    // A file of comments alone says nothing.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Config::default());
    }
    serde_saphyr::from_str(&text).map_err(|error| Failure::input(format!("`{place}`: {error}")))
}

/// `config` with one setting changed.
fn overridden(config: &Config, one: &Override) -> Result<Config> {
    let mut tree = serde_json::to_value(config)
        .map_err(|error| Failure::input(format!("the configuration cannot be written: {error}")))?;
    let mut reason = String::new();
    for value in readings(&one.text) {
        set(&mut tree, one.key, value);
        match serde_json::from_value(tree.clone()) {
            Ok(config) => return Ok(config),
            Err(error) if reason.is_empty() => reason = error.to_string(),
            Err(_) => {}
        }
    }
    Err(Failure::input(format!("`{}` is `{}`: {reason}", one.origin, one.text)))
}

/// What a text can stand for, the plainest first.
fn readings(text: &str) -> impl Iterator<Item = Value> {
    let plain = Value::String(text.to_owned());
    let yaml = serde_saphyr::from_str::<Value>(text).ok();
    let parts = text.split(',').map(|part| Value::String(part.trim().to_owned())).collect();
    [Some(plain), yaml, Some(Value::Array(parts))].into_iter().flatten()
}

fn set(tree: &mut Value, key: &str, value: Value) {
    let mut place = tree;
    for part in key.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Length, PagingMode, Role};
    use super::*;

    fn flag(key: &'static str, text: &str) -> Override {
        Override { origin: "--flag".to_owned(), key, text: text.to_owned() }
    }

    fn with_file(text: &str, flags: Vec<Override>) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("foresail.yaml");
        fs::write(&path, text).unwrap();
        load(Some(&path), &|_| None, flags)
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file() {
        let file =
            "cluster: file\nprometheus:\n  url: http://file\n  timeout: 5s\npaging: {mode: on}\n";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("foresail.yaml");
        fs::write(&path, file).unwrap();
        let environment = |name: &str| match name {
            "FORESAIL_PROMETHEUS_URL" => Some("http://environment".to_owned()),
            "FORESAIL_CLUSTER" => Some("17".to_owned()),
            "FORESAIL_TIME_SCALE" => Some("4".to_owned()),
            _ => None,
        };
        let config = load(Some(&path), &environment, vec![flag("cluster", "flag")]).unwrap();
        assert_eq!(config.cluster.as_deref(), Some("flag"));
        assert_eq!(config.prometheus.url.as_deref(), Some("http://environment"));
        assert_eq!(config.prometheus.timeout, Length::seconds(5));
        assert_eq!(config.time_scale.get(), 4.0);
        assert_eq!(config.paging.mode, PagingMode::On);
        let config = load(Some(&path), &environment, Vec::new()).unwrap();
        assert_eq!(config.cluster.as_deref(), Some("17"));
    }

    #[test]
    fn lists_may_be_joined_by_commas() {
        let config = load(None, &|_| None, vec![flag("roles", "collect, assess")]).unwrap();
        assert_eq!(config.roles, [Role::Collect, Role::Assess].into());
        let config = load(None, &|_| None, vec![flag("roles", "serve")]).unwrap();
        assert_eq!(config.roles, [Role::Serve].into());
    }

    #[test]
    fn errors_name_file_line_and_setting_or_variable() {
        let text = |failure: Failure| failure.to_string();
        let error = text(with_file("cluster: a\nprometeus: {}\n", Vec::new()).unwrap_err());
        assert!(error.contains("foresail.yaml") && error.contains("prometeus"), "{error}");
        assert!(error.contains("line 2"), "{error}");
        let error = text(with_file("a: [", Vec::new()).unwrap_err());
        assert!(error.contains("foresail.yaml"), "{error}");
        let wrong = vec![flag("prometheus.timeout", "soon")];
        let error = text(load(None, &|_| None, wrong).unwrap_err());
        assert!(error.contains("--flag") && error.contains("soon"), "{error}");
        let wrong = |name: &str| (name == "FORESAIL_TIME_SCALE").then(|| "-1".to_owned());
        let error = text(load(None, &wrong, Vec::new()).unwrap_err());
        assert!(error.contains("FORESAIL_TIME_SCALE"), "{error}");
        let error = text(load(None, &|_| None, vec![flag("roles", "assess")]).unwrap_err());
        assert!(error.contains("`collect`"), "{error}");
    }

    #[test]
    fn variables_that_kubernetes_makes_for_a_service_are_not_settings() {
        let links = |name: &str| name.ends_with("_PORT").then(|| "tcp://10.0.0.1:7780".to_owned());
        assert_eq!(load(None, &links, Vec::new()).unwrap(), Config::default());
    }
}
