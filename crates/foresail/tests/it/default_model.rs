//! The model that is built into the program.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{argument, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The recordings with the role `training`; `None` where none is shipped.
fn training() -> Option<Vec<String>> {
    let roles = fs::read_to_string(root().join("data/roles.json")).ok()?;
    let roles: Value = serde_json::from_str(&roles).unwrap();
    let names = roles["training"].as_array().unwrap();
    Some(names.iter().map(|name| name.as_str().unwrap().to_owned()).collect())
}

#[test]
fn the_built_in_model_says_where_it_comes_from_and_what_it_costs() {
    let Some(training) = training() else { return };
    let shown = run(&["models", "--format", "json"]);
    let model: Value = serde_json::from_str(shown.succeeds()).unwrap();
    assert_eq!((&model["file"], &model["kind"]), (&"built in".into(), &"hazard".into()));
    let recordings = model["card"]["recordings"].as_array().unwrap();
    let names: Vec<&str> = recordings.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, training);
    let points = model["operating_points"].as_array().unwrap();
    let budgets: Vec<f64> = points.iter().map(|one| one["budget"].as_f64().unwrap()).collect();
    assert_eq!(budgets, [0.1, 0.5, 1.0]);
    for point in points {
        let number = |name: &str| point[name].as_f64().unwrap();
        assert!(number("false_alarms") < number("false_alarms_upper"), "{point}");
        assert!(number("false_alarms_upper") <= number("budget"), "{point}");
    }
}

/// Every number of training enters; a difference means that features, training or recordings changed.
#[test]
fn the_built_in_model_is_what_training_gives_now() {
    let Some(training) = training() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("default.model");
    let data: Vec<PathBuf> = training.iter().map(|name| root().join("data").join(name)).collect();
    let mut words = vec!["train", "--model", "hazard", "--out", argument(&out), "--recording"];
    words.extend(data.iter().map(|folder| argument(folder)));
    run(&words).succeeds();
    let committed = fs::read(root().join("crates/foresail/model/default.model")).unwrap();
    assert!(fs::read(out).unwrap() == committed, "the built-in model is old: run `make model`");
}
