//! A writer that is killed at any moment: the store stays whole, and at most the last tick is lost.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use foresail_core::store::{Archive, Journal};

use crate::place::Place;
use crate::sample::{START, cluster, minute, restart_point, seconds, tick};

/// Tells the child which store to write to.
const STORE: &str = "FORESAIL_TEST_STORE";

const ROUNDS: u64 = 20;

/// The process that is killed. It never ends by itself.
#[tokio::test]
#[ignore = "runs as a child of the tests that kill it"]
async fn writer() {
    let url = std::env::var_os(STORE).expect("only runs as a child").into_string().unwrap();
    let options = foresail_store::StoreOptions::new(&url, foresail_store::Access::Service);
    let store = foresail_store::open(&options).await.unwrap();
    let last = store.last_tick(&cluster()).await.unwrap();
    let mut number = last.map_or(0, |last| last.since(START).as_millis() / 15_000);
    loop {
        number += 1;
        store.commit_tick(&cluster(), &tick(number)).await.unwrap();
        println!("\ntick {number}");
        let at = START + seconds(15 * number);
        store.commit_minute(&cluster(), &minute(at, 200)).await.unwrap();
        let point = restart_point(at, (number % 200) as u8, 300_000);
        store.keep_restart_point(&cluster(), &point).await.unwrap();
    }
}

/// Lets a child write for `life` after its first tick, kills it, and says the last tick it told of.
fn one_life(place: &Place, life: Duration) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::writer", "--ignored", "--nocapture"])
        .env(STORE, place.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = |line: String| line.strip_prefix("tick ").and_then(|n| n.parse::<i64>().ok());
    let first = lines.by_ref().map_while(Result::ok).find_map(told);
    let Some(first) = first else {
        let output = child.wait_with_output().unwrap();
        panic!("the writer wrote nothing: {}", String::from_utf8_lossy(&output.stderr));
    };
    std::thread::sleep(life);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    lines.map_while(Result::ok).filter_map(told).last().unwrap_or(first)
}

async fn is_whole(place: &Place, told: i64) {
    let store = place.open().await;
    let last = store.last_tick(&cluster()).await.unwrap().unwrap();
    let last = last.since(START).as_millis() / 15_000;
    // The tick after the one told of may have been committed without a chance to tell.
    assert!(last == told || last == told + 1, "told of {told}, found {last}");
    let expected = [("predictions", 30), ("outcomes", 1), ("events", 1), ("alarm_changes", 2)];
    for (table, rows) in expected {
        let found = place.number(&format!("SELECT COUNT(*) FROM {table}")).await;
        assert_eq!(found, rows * last, "{table}");
    }
    let cut = "SELECT COUNT(*) FROM (SELECT at_ms FROM pods GROUP BY at_ms HAVING COUNT(*) <> 200) AS cut";
    assert_eq!(place.number(cut).await, 0);
    if let Some(point) = store.restart_point(&cluster()).await.unwrap() {
        let number = point.at.since(START).as_millis() / 15_000;
        assert!(point == restart_point(point.at, (number % 200) as u8, 300_000));
    }
    if let Place::File(_) = place {
        assert_eq!(place.text("PRAGMA integrity_check").await, "ok");
    }
    store.close().await.unwrap();
}

async fn survives(place: &Place) {
    let mut seed = 7_u64;
    for _ in 0..ROUNDS {
        // Knuth's generator (MMIX): moments that differ, the same in every run.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let told = one_life(place, Duration::from_millis(seed >> 57));
        is_whole(place, told).await;
    }
}

#[tokio::test]
async fn a_killed_writer_leaves_sqlite_whole() {
    survives(&Place::file()).await;
}

#[tokio::test]
async fn a_killed_writer_leaves_postgres_whole() {
    survives(&Place::server()).await;
}
