//! Tables: inspect, train, evaluate, predict, and every bad file a user may bring.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Run, argument, foresail, run};

/// A folder with files of a test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Rows of two overlapping classes; the zone matters a little, noise does not.
fn metrics(n: u32) -> String {
    let mut text = "num_latency,num_noise,cat_zone,issue_type\n".to_owned();
    for row in 0..n {
        let noise = row.wrapping_mul(2_654_435_761) >> 8;
        let (one, other) = (f64::from(noise % 1_000), f64::from(noise / 1_000 % 1_000));
        let zone = ["a", "b", "c"][(noise % 3) as usize];
        let issue = if one + 0.7 * other > 900.0 { "network_latency" } else { "normal" };
        let _ = writeln!(text, "{one},{},{zone},{issue}", f64::from(noise % 77) / 7.0);
    }
    text
}

fn train(data: &Path, out: &Path, more: &[&str]) -> Run {
    let words = ["train", "--data", argument(data), "--target", "issue_type", "--out"];
    run(&[&words[..], &[argument(out)], more].concat())
}

/// A model of the metrics, and their file.
fn trained(folder: &Folder) -> (PathBuf, PathBuf) {
    let data = folder.file("metrics.csv", metrics(400));
    let model = folder.path("a.model");
    train(&data, &model, &[]).succeeds();
    (data, model)
}

fn fixture(set: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/learn");
    root.join(format!("classifiers-{set}.csv"))
}

#[test]
fn a_table_becomes_a_model_with_card_log_and_scores_beside_baselines() {
    let folder = Folder::new();
    let data = folder.file("metrics.csv", metrics(400));
    let (model, log) = (folder.path("new/a.model"), folder.path("log.jsonl"));
    let said = train(&data, &model, &["--log", argument(&log)]);
    let text = said.succeeds();
    for part in ["macro F1", "most frequent class", "320 training rows, 80 test rows", "log-loss"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let log = fs::read_to_string(log).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "data");
    assert!(events.iter().all(|event| event["seconds"].is_number()), "{log}");
    assert!(events.iter().any(|event| event["event"] == "scores"), "{log}");
    let shown = run(&["models", argument(&model), "--format", "json"]);
    let card: Value = serde_json::from_str(shown.succeeds().lines().last().unwrap()).unwrap();
    assert_eq!(card["kind"], "tabular-random-forest");
    assert_eq!(card["card"]["recordings"][0]["name"], "metrics.csv");
    assert_eq!(card["card"]["table"]["target"], "issue_type");
    let scores = &card["card"]["table"]["scores"];
    let always = scores["baselines"]["majority"]["accuracy"].as_f64().unwrap();
    assert!(scores["accuracy"].as_f64().unwrap() > always, "{scores}");
    assert!(run(&["models", argument(&model)]).succeeds().contains("on its test part"));
}

#[test]
fn the_same_table_and_seed_give_the_same_bytes_and_another_seed_others() {
    let folder = Folder::new();
    let data = folder.file("metrics.csv", metrics(300));
    let model = |name: &str, more: &[&str]| {
        let path = folder.path(name);
        train(&data, &path, more).succeeds();
        fs::read(path).unwrap()
    };
    for kind in ["random-forest", "gradient-boosting"] {
        let words = ["--model", kind];
        let first = model("1", &words);
        assert_eq!(first, model("2", &words));
        assert_ne!(first, model("3", &["--model", kind, "--seed", "7"]));
    }
}

#[test]
fn public_sets_are_trained_on_and_scored_as_they_should_be() {
    let folder = Folder::new();
    for (set, least) in [("iris", 0.85), ("wine", 0.9), ("breast_cancer", 0.9)] {
        let model = folder.path(set);
        let data = fixture(set);
        let words = ["train", "--data", argument(&data), "--target", "class", "--ignore", "part"];
        let said = run(&[&words[..], &["--format", "json", "--out", argument(&model)]].concat());
        let card: Value = serde_json::from_str(said.succeeds()).unwrap();
        let f1 = card["card"]["table"]["scores"]["macro_f1"].as_f64().unwrap();
        assert!(f1 >= least, "{set} {f1}");
    }
}

#[test]
fn a_leak_is_called_too_good_to_be_true() {
    let folder = Folder::new();
    let mut leaky = String::new();
    for (row, line) in metrics(300).lines().enumerate() {
        let severity = match (row, line.ends_with("normal")) {
            (0, _) => "severity".to_owned(),
            (row, true) => format!("0.0{row}"),
            (row, false) => format!("0.5{row}"),
        };
        let _ = writeln!(leaky, "{severity},{line}");
    }
    let data = folder.file("leaky.csv", leaky);
    let said = train(&data, &folder.path("m"), &[]);
    let text = said.succeeds();
    assert!(text.contains("too good to be true: column `severity` alone tells"), "{text}");
    let inspected =
        run(&["data", "inspect", argument(&data), "--target", "issue_type", "--format", "json"]);
    let found: Value = serde_json::from_str(inspected.succeeds()).unwrap();
    assert_eq!(found["findings"][0]["columns"], json!(["severity"]));
    assert_eq!(found["findings"][0]["severity"], "invalid");
    assert_eq!(found["columns"][0]["kind"], "number");
}

#[test]
fn a_table_without_a_target_is_described_and_not_audited() {
    let folder = Folder::new();
    let data = folder.file("metrics.csv", "num_a,cat_b\n1,x\n,y\n3,x\n");
    let said = run(&["data", "inspect", argument(&data)]);
    let text = said.succeeds();
    for part in ["metrics.csv: 3 rows, 2 columns", "1 (33.3 %)", "x (2), y (1)", "no audit"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn groups_and_time_are_split_by_and_never_features() {
    let folder = Folder::new();
    let mut text = String::new();
    for (row, line) in metrics(300).lines().enumerate() {
        let front = if row == 0 { "pod,at".to_owned() } else { format!("pod-{},{row}", row / 10) };
        let _ = writeln!(text, "{front},{line}");
    }
    let data = folder.file("m.csv", text);
    let model = folder.path("m");
    let both = ["--groups", "pod", "--time", "at", "--format", "json", "--split"];
    for split in ["grouped", "time"] {
        let said = train(&data, &model, &[&both[..], &[split]].concat());
        let card: Value = serde_json::from_str(said.succeeds()).unwrap();
        let columns = card["schema"].as_array().unwrap();
        assert_eq!(columns.len(), 3, "{columns:?}");
    }
    train(&data, &model, &["--split", "grouped"]).fails(2, &["--groups"]);
    train(&data, &model, &["--split", "time"]).fails(2, &["--time"]);
}

#[test]
fn balance_changes_training_and_leaves_the_test_part_alone() {
    let folder = Folder::new();
    let data = folder.file("metrics.csv", metrics(400));
    let rows = |more: &[&str]| {
        let log = folder.path("log");
        let model = folder.path("m");
        train(&data, &model, &[&["--log", argument(&log)], more].concat()).succeeds();
        let log = fs::read_to_string(log).unwrap();
        let event = log.lines().find(|line| line.contains("\"event\":\"rows\"")).unwrap();
        let event: Value = serde_json::from_str(event).unwrap();
        (event["training"].as_u64().unwrap(), event["test"].as_u64().unwrap())
    };
    assert_eq!(rows(&[]), (320, 80));
    assert_eq!(rows(&["--balance", "weights"]), (320, 80));
    let (training, test) = rows(&["--balance", "undersample"]);
    assert!(training < 320 && test == 80, "{training} {test}");
}

#[test]
fn a_model_is_judged_on_its_test_part_of_its_own_file_and_on_all_of_another() {
    let folder = Folder::new();
    let (data, model) = trained(&folder);
    let out = folder.path("out");
    let evaluate = |data: &Path| {
        let words = ["evaluate", "--model", argument(&model), "--data", argument(data), "--out"];
        let said = run(&[&words[..], &[argument(&out), "--format", "json"]].concat());
        serde_json::from_str::<Value>(said.succeeds()).unwrap()
    };
    let own = evaluate(&data);
    assert_eq!((&own["rows"]["part"], &own["scores"]["rows"]), (&json!("test_part"), &json!(80)));
    let other = evaluate(&folder.file("other.csv", metrics(90)));
    assert_eq!((&other["rows"]["part"], &other["scores"]["rows"]), (&json!("all"), &json!(90)));
    // These are the first rows of the training file.
    assert_eq!(other["findings"][0]["kind"], "rows_repeated");
    for name in ["confusion-matrix", "feature-importance", "reliability"] {
        let png = fs::read(out.join(format!("charts/{name}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"));
        let svg = fs::read_to_string(out.join(format!("charts/{name}.svg"))).unwrap();
        assert!(svg.contains("</svg>"));
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("network_latency") && !page.contains("<script"));
    let result: Value =
        serde_json::from_str(&fs::read_to_string(out.join("result.json")).unwrap()).unwrap();
    assert_eq!(result, other);
}

#[test]
fn every_row_gets_a_class_a_probability_per_class_and_reasons() {
    let folder = Folder::new();
    let (_, model) = trained(&folder);
    let new =
        folder.file("new.csv", "extra,cat_zone,num_noise,num_latency\n1,a,2,950\n2,mars,,3\n");
    let words = ["predict", "--model", argument(&model), "--data", argument(&new)];
    let said = foresail().args([&words[..], &["--format", "json"]].concat()).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    let rows: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["row"], &rows[0]["class"]), (&json!(1), &json!("network_latency")));
    let probabilities = rows[0]["probabilities"].as_object().unwrap();
    let sum: f64 = probabilities.values().map(|value| value.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    assert_eq!(rows[0]["contributions"][0]["column"], "num_latency");
    assert!(
        stderr.contains("1 column that the model does not use is ignored: `extra`"),
        "{stderr}"
    );
    assert!(stderr.contains("`cat_zone`") && stderr.contains("`mars`"), "{stderr}");
    let out = folder.path("said.csv");
    let said = foresail().args([&words[..], &["--out", argument(&out)]].concat()).output().unwrap();
    assert!(said.status.success());
    let written = fs::read_to_string(&out).unwrap();
    let head = "row,class,probability_network_latency,probability_normal,contribution_1";
    assert!(written.starts_with(head), "{written}");
    assert_eq!(written.lines().count(), 3);
    let parquet = folder.path("said.parquet");
    run(&[
        "predict",
        "--model",
        argument(&model),
        "--data",
        argument(&new),
        "--out",
        argument(&parquet),
    ]);
    let again = run(&["data", "inspect", argument(&parquet)]);
    assert!(again.succeeds().contains("probability_normal"), "{}", again.stdout);
}

#[test]
fn a_column_that_is_missing_at_prediction_is_named() {
    let folder = Folder::new();
    let (_, model) = trained(&folder);
    let new = folder.file("new.csv", "num_noise,cat_zone\n1,a\n");
    let out = folder.path("said.csv");
    let words = ["predict", "--model", argument(&model), "--data", argument(&new), "--out"];
    run(&[&words[..], &[argument(&out)]].concat()).fails(2, &["new.csv", "`num_latency`"]);
    assert!(!out.exists());
}

#[test]
fn bad_tables_are_refused_with_file_place_and_reason_and_leave_nothing() {
    let wide: Vec<u8> = metrics(3).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, &[&str]); 9] = [
        ("empty.csv", Vec::new(), &["empty"]),
        ("names.csv", b"a,issue_type\n".to_vec(), &["no row"]),
        ("no-target.csv", b"a,b\n1,2\n3,4\n".to_vec(), &["`issue_type`"]),
        ("one-class.csv", b"a,issue_type\n1,x\n2,x\n3,x\n".to_vec(), &["`x`"]),
        ("ragged.csv", b"a,issue_type\n1,x\n2,y,9\n".to_vec(), &["line 3"]),
        ("latin.csv", b"a,issue_type\n1,caf\xe9\n2,y\n".to_vec(), &["line 2", "UTF-8"]),
        ("utf16.csv", [b"\xff\xfe".to_vec(), wide].concat(), &["UTF-16", "UTF-8"]),
        ("infinite.csv", b"num_a,issue_type\n1,x\ninf,y\n".to_vec(), &["`num_a`", "line 3"]),
        ("thousands.csv", b"num_a,issue_type\n\"1,234\",x\n2,y\n".to_vec(), &["`num_a`", "line 2"]),
    ];
    for (name, bytes, texts) in cases {
        let folder = Folder::new();
        let data = folder.file(name, bytes);
        let (model, log) = (folder.path("m.model"), folder.path("log.jsonl"));
        let said = train(&data, &model, &["--log", argument(&log)]);
        said.fails(2, &[&[name], texts].concat());
        assert_eq!(folder.names(), [name]);
    }
}

#[test]
fn a_byte_order_mark_and_a_quoted_newline_are_no_trouble() {
    let folder = Folder::new();
    let mut text = String::from("\u{feff}\"note\r\nof two lines\",num_a,issue_type\r\n");
    for row in 0..60 {
        let issue = if row % 2 == 0 { "leak" } else { "normal" };
        let _ = write!(text, "\"a \"\"b\"\"\nc{}\",{},{issue}\r\n", row % 5, row % 7);
    }
    let data = folder.file("m.csv", text);
    train(&data, &folder.path("m"), &[]).succeeds();
}

#[test]
fn ten_thousand_columns_are_taken() {
    let folder = Folder::new();
    let mut text: String = (0..10_000).map(|column| format!("c{column},")).collect();
    text.push_str("issue_type\n");
    for row in 0..60_u32 {
        for column in 0..10_000_u32 {
            let _ = write!(text, "{},", (row * 31 + column * 17 + row * column) % 101);
        }
        text.push_str(if row % 3 == 0 { "leak\n" } else { "normal\n" });
    }
    let data = folder.file("wide.csv", text);
    train(&data, &folder.path("m"), &[]).succeeds();
    let words = ["data", "inspect", argument(&data), "--target", "issue_type"];
    assert!(run(&words).succeeds().contains("and 9801 more columns"));
}

#[test]
fn rows_without_a_class_are_refused_dropped_or_a_class() {
    let folder = Folder::new();
    let with_gaps = metrics(200).replace(",a,normal\n", ",a,\n");
    let data = folder.file("gaps.csv", with_gaps);
    let model = folder.path("m");
    train(&data, &model, &[]).fails(2, &["gaps.csv", "`issue_type`", "missing"]);
    assert!(!model.exists());
    for (how, classes) in [("drop", 2), ("class", 3)] {
        let said = train(&data, &model, &["--missing-target", how, "--format", "json"]);
        let card: Value = serde_json::from_str(said.succeeds()).unwrap();
        assert_eq!(card["card"]["events"].as_object().unwrap().len(), classes);
    }
}

#[test]
fn none_and_na_are_classes_like_others() {
    let folder = Folder::new();
    let data = folder.file("m.csv", metrics(200).replace("normal", "None"));
    let said = train(&data, &folder.path("m"), &["--format", "json"]);
    let card: Value = serde_json::from_str(said.succeeds()).unwrap();
    assert!(card["card"]["events"]["None"].as_u64().unwrap() > 0);
}

#[test]
fn cut_changed_and_foreign_models_are_refused() {
    let folder = Folder::new();
    let (data, model) = trained(&folder);
    let whole = fs::read(&model).unwrap();
    let out = folder.path("out");
    let judge = |texts: &[&str]| {
        for words in [["predict", "--data"], ["evaluate", "--data"]] {
            let place = if words[0] == "predict" { folder.path("p.csv") } else { out.clone() };
            let rest = [argument(&data), "--model", argument(&model), "--out", argument(&place)];
            run(&[&words[..], &rest].concat()).fails(2, &[&[argument(&model)], texts].concat());
            assert!(!place.exists());
        }
    };
    fs::write(&model, &whole[..whole.len() / 2]).unwrap();
    judge(&["cut short"]);
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&model, changed).unwrap();
    judge(&["sha256"]);
    fs::write(&model, "num_a,issue_type\n").unwrap();
    judge(&["not a model file"]);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("model/default.model");
    fs::copy(shipped, &model).unwrap();
    judge(&["`hazard`", "backtest --model"]);
}

#[test]
fn wrong_use_is_explained() {
    let folder = Folder::new();
    let (data, model) = trained(&folder);
    let (data, model) = (argument(&data), argument(&model));
    let out = folder.path("out");
    let out = argument(&out);
    run(&["evaluate", "--model", model, "--recording", "r", "--out", out])
        .fails(2, &["backtest --model"]);
    run(&["train", "--data", data, "--target", "issue_type", "--model", "hazard", "--out", out])
        .fails(2, &["--recording"]);
    for words in [
        vec!["train", "--data", data, "--out", out],
        vec!["train", "--out", out],
        vec!["train", "--data", data, "--recording", "r", "--target", "x", "--out", out],
    ] {
        let said = run(&words);
        assert_eq!(said.code, Some(2), "{}", said.stderr);
    }
    run(&["predict", "--model", model, "--data", data, "--out", "said.txt"])
        .fails(2, &["`said.txt`", ".csv"]);
    run(&["data", "inspect", argument(&folder.path("none.csv"))]).fails(2, &["none.csv"]);
    run(&["data", "inspect", argument(folder.0.path())]).fails(2, &["folder"]);
}
