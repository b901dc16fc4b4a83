use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use super::contest::{Contest, Verdict};
use super::fixture::{HOSTILE, result};
use super::*;
use crate::result::{Estimate, Paired, Row, Scope, Variant};

static PAGE: LazyLock<String> = LazyLock::new(|| html(&result()));

/// The words of the page, without tags and pictures, single spaces between them.
fn words(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = match after.strip_prefix("svg") {
            Some(picture) => picture.split_once("</svg>").map_or("", |(_, rest)| rest),
            None => after.split_once('>').map_or("", |(_, rest)| rest),
        };
        out.push(' ');
    }
    let spaced = out.replace(['\u{a0}', '\u{202f}'], " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_section_is_on_the_page() {
    for id in ["comparison", "pictures", "stories", "measured", "absent"] {
        assert!(PAGE.contains(&format!("id=\"{id}\"")), "section `{id}`");
    }
    for story in ["caught", "late", "missed", "false"] {
        assert!(PAGE.contains(&format!("id=\"story-{story}\"")), "story `{story}`");
    }
    for chart in ["precision-recall", "lead-time", "reliability", "kinds"] {
        assert!(PAGE.contains(&format!("id=\"chart-{chart}\"")), "chart `{chart}`");
    }
}

#[test]
fn untrusted_names_are_escaped_everywhere() {
    assert!(!PAGE.contains("<script"));
    assert!(PAGE.contains(&HOSTILE.replace('<', "&lt;").replace('>', "&gt;")));
    let mut hostile = result();
    hostile.shown = HOSTILE.to_owned();
    for recording in &mut hostile.recordings {
        recording.name = HOSTILE.to_owned();
        recording.cluster = "\"><script>\u{202e}\u{0}".to_owned();
    }
    let page = html(&hostile);
    assert!(!page.contains("<script") && !page.contains(['\u{202e}', '\u{0}']));
}

#[test]
fn the_page_reaches_for_nothing_outside_itself() {
    for outside in ["src=", "@import", "url(", "<link", "<script", "href=\"http"] {
        assert!(!PAGE.contains(outside), "`{outside}`");
    }
    assert!(PAGE.contains("default-src 'none'"));
}

#[test]
fn the_headline_shows_the_numbers_of_the_result() {
    let words = words(&PAGE);
    for text in [
        "caught 13 of 44 reachable incidents in time (30 %, 95 % interval 16–44 %)",
        "0.58 false alarms per pod-day",
        "median lead of 28 production minutes",
        "On lab-4: the difference is undecided; the strongest baseline, predict_linear, every limit, \
         caught 16 of 44 at 0.67 false alarms per pod-day",
        "−7 percentage points, 95 % interval −22 to +7",
        "3 h 3 min of wall time",
        "63 pods, 19.40 pod-days; 77 incidents",
        "2 min 49 s of wall time here",
    ] {
        assert!(words.contains(text), "`{text}` in `{}`", &words[..1800]);
    }
}

#[test]
fn every_method_of_the_result_has_its_row() {
    let result = result();
    let contest = Contest::shown(&result).unwrap();
    assert_eq!(contest.others.len(), 8);
    for row in &contest.others {
        assert!(PAGE.contains(&row.method.title), "`{}`", row.method.title);
    }
    assert!(words(&PAGE).contains("not measurable: only 19.4 pod-days, a budget of 0.1 needs 30"));
    assert!(words(&PAGE).contains("not in this data: KubeQuotaFull, NodeRAIDDegraded"));
}

#[test]
fn the_strongest_baseline_catches_most_but_not_by_shouting() {
    let mut result = result();
    let loud = result.rows.iter_mut().find(|row| row.method.name == "static_90").unwrap();
    loud.counts.reachable_matched = 44;
    assert_eq!(Contest::shown(&result).unwrap().rival.unwrap().method.name, "predict_linear");
    let quiet = result.rows.iter_mut().find(|row| row.method.name == "static_90").unwrap();
    quiet.false_per_pod_day = Some(Estimate { value: 0.5, low: None, high: None, n: 19.4 });
    assert_eq!(Contest::shown(&result).unwrap().rival.unwrap().method.name, "static_90");
}

#[test]
fn a_verdict_needs_an_interval_that_excludes_zero() {
    let verdict = |low, high| {
        let difference = Estimate { value: 0.0, low, high, n: 44.0 };
        let other_variant = Variant::Tuned;
        Verdict::of(&Paired { other: String::new(), other_variant, difference })
    };
    assert_eq!(verdict(Some(0.01), Some(0.2)), Verdict::Better);
    assert_eq!(verdict(Some(-0.2), Some(-0.01)), Verdict::Worse);
    assert_eq!(verdict(Some(0.0), Some(0.2)), Verdict::Undecided);
    assert_eq!(verdict(None, None), Verdict::Undecided);
}

#[test]
fn a_result_without_truth_claims_no_share() {
    let mut result = result();
    result.recordings[0].truth = false;
    for row in &mut result.rows {
        row.recall = None;
        row.recall_right_kind = None;
    }
    let words = words(&html(&result));
    assert!(words.contains("announced 13 of 77 incidents in time"));
    assert!(words.contains("carries no ground truth"));
}

#[test]
fn a_result_without_rows_still_makes_a_page() {
    let mut result = result();
    result.rows.clear();
    result.timelines.clear();
    result.recordings.clear();
    let words = words(&html(&result));
    assert!(words.contains("Nothing was judged on lab-4"));
    assert!(words.contains("There was no incident and no alarm to draw"));
}

#[test]
fn the_same_result_gives_the_same_page() {
    assert!(*PAGE == html(&result()));
}

#[test]
fn all_files_are_written_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/b");
    let mut result = result();
    result.timelines.truncate(1);
    let files = write(&result, &out).unwrap();
    assert_eq!(files.charts.len(), 10);
    let json: BacktestResult = serde_json::from_slice(&fs::read(&files.json).unwrap()).unwrap();
    // Not all of it is equal: reading JSON may move the last bit of a number.
    assert_eq!((json.shown, json.rows.len()), (result.shown, result.rows.len()));
    assert_eq!(json.rows[0].counts, result.rows[0].counts);
    assert!(fs::read_to_string(&files.html).unwrap().starts_with("<!DOCTYPE html>"));
    let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((names(&out), names(&out.join("charts"))), (3, 10));
    for chart in files.charts {
        let bytes = fs::read(&chart).unwrap();
        let head: &[u8] = if chart.extension().unwrap() == "png" { b"\x89PNG" } else { b"<?xml" };
        assert!(bytes.starts_with(head), "{}", chart.display());
    }
}

fn page(place: &str) -> output::Page {
    output::Page { place: place.into(), bytes: b"new".to_vec() }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report");
    fs::write(&out, "mine").unwrap();
    let error = output::write_all(&out, &[page("result.json")]).unwrap_err();
    assert!(error.to_string().contains(&out.display().to_string()), "{error}");
    let below = output::write_all(&out.join("deep"), &[page("result.json")]).unwrap_err();
    assert!(matches!(below, ReportError::Folder { .. }));
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    fs::write(out.join("result.json"), "old").unwrap();
    // A folder stands where the second file must go.
    fs::create_dir(out.join("report.html")).unwrap();
    let pages = [page("charts/a.svg"), page("result.json"), page("report.html")];
    let error = output::write_all(out, &pages).unwrap_err();
    assert!(error.to_string().contains("report.html"), "{error}");
    assert_eq!(fs::read_to_string(out.join("result.json")).unwrap(), "old");
    let mut left: Vec<_> =
        fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["report.html", "result.json"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    // Writing aside goes through this link to a device that is always full.
    std::os::unix::fs::symlink("/dev/full", out.join(".result.json.partial")).unwrap();
    let error = output::write_all(out, &[page("result.json")]).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(error.to_string().contains("result.json"));
    assert!(source.to_string().to_lowercase().contains("space"), "{source}");
    assert_eq!(fs::read_dir(out).unwrap().count(), 0);
}

#[test]
fn numbers_are_put_into_words() {
    use super::words::*;
    assert_eq!(percent(0.3), "30\u{a0}%");
    assert_eq!(percent(0.004), "0.4\u{a0}%");
    assert_eq!(points(-0.068), "\u{2212}7");
    assert_eq!(points(0.001), "0");
    assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    assert_eq!(counted(1, "pod"), "1 pod");
    assert_eq!(span(168.0), "2 min 48 s");
    assert_eq!(span(11_040.0), "3 h 4 min");
    assert_eq!(short("abcdef", 4), "abc\u{2026}");
    assert_eq!(crate::untrusted::clean("a\u{202e}b\n"), "a\u{fffd}b\u{fffd}");
}

#[test]
fn a_method_that_overspends_or_warns_too_long_is_marked() {
    let mut result = result();
    let loud = result.rows.iter_mut().find(|row| row.method.name == "predict_linear").unwrap();
    loud.false_per_pod_day = Some(Estimate { value: 9.5, low: None, high: None, n: 19.4 });
    loud.time_in_warning = Some(0.31);
    loud.skill = None;
    loud.skill_refused = Some("alarms are open for 31.0 % of the time".to_owned());
    let contest = Contest::shown(&result).unwrap();
    let row = contest.others.iter().find(|row| row.method.name == "predict_linear").unwrap();
    assert!(contest.overspends(row));
    let words = words(&html(&result));
    for text in ["9.50 over the budget", "31 % over 10 % skill refused", "31 % of time in warning"]
    {
        assert!(words.contains(text), "`{text}`");
    }
}

#[test]
fn the_pooled_training_result_stands_beside_the_shown_recording() {
    let mut result = result();
    let shown = Contest::shown(&result).unwrap().subject.clone();
    result.rows.retain(|row| row.scope != Scope::PooledTraining);
    assert!(!words(&html(&result)).contains("this is the number to go by"));
    result.rows.push(Row { scope: Scope::PooledTraining, ..shown });
    assert!(
        words(&html(&result))
            .contains("each judged with what the others chose, it caught 13 of 44")
    );
}

#[test]
fn a_time_on_the_page_is_in_production_minutes() {
    let mut result = result();
    let story = &mut result.timelines[0];
    let wall = |seconds| foresail_core::PlatformDuration::from_seconds(seconds);
    story.alarm.as_mut().unwrap().alarm.time_to_event =
        Some(foresail_core::TimeToEvent { p10: wall(60), p50: wall(180), p90: wall(540) });
    assert!(words(&html(&result)).contains("in 30 production minutes (80 % interval 10–90)"));
}
