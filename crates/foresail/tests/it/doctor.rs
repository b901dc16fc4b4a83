//! `foresail doctor` as a script sees it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::program::{Run, foresail};

/// A metrics server whose families of these beginnings are there at all times.
fn server(families: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream, families));
        }
    });
    url
}

fn answer(mut stream: TcpStream, families: &[&str]) {
    let Some(request) = read(&mut stream) else { return };
    // The names are the only quoted text of a question.
    let request = request.replace("%7C", "|").replace("%22", "\"");
    let names = request.split('"').nth(1).unwrap_or_default().split('|');
    let found = names.filter(|name| families.iter().any(|start| name.starts_with(start)));
    let series: Vec<String> = found
        .map(|name| format!(r#"{{"metric":{{"__name__":"{name}"}},"value":[0,"1"]}}"#))
        .collect();
    let data = format!(r#"{{"resultType":"vector","result":[{}]}}"#, series.join(","));
    let body = format!(r#"{{"status":"success","data":{data}}}"#);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes());
}

/// A whole request, its body included.
fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8_192];
    loop {
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lines = head.lines().map(str::to_ascii_lowercase);
        let mut length =
            lines.filter_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.next_back().unwrap_or(0_usize) {
            return Some(text.into_owned());
        }
    }
}

/// The program where no cluster is configured.
fn doctor(arguments: &[&str]) -> Run {
    let home = tempfile::tempdir().unwrap();
    let mut command = foresail();
    command.env("HOME", home.path()).env_remove("KUBECONFIG").env_remove("KUBERNETES_SERVICE_HOST");
    Run::from(command.arg("doctor").args(arguments).output().unwrap())
}

const ALL: &[&str] = &["container_", "kube_", "node_", "kubelet_", "machine_"];

#[test]
fn a_metrics_server_alone_gives_a_finding_for_every_kind() {
    let url = server(ALL);
    let run = doctor(&["--prometheus", &url]);
    let text = run.succeeds();
    assert!(text.contains("cluster         not asked"), "{text}");
    assert!(text.contains("oom_killed is partly predicted:"), "{text}");
    assert!(text.contains("    prometheus.io/scrape: \"true\""), "{text}");
    let run = doctor(&["--prometheus", &url, "--format", "json"]);
    let report: Value = serde_json::from_str(run.succeeds()).unwrap();
    assert_eq!(report["kinds"].as_array().unwrap().len(), 17);
    assert_eq!(report["kinds"][0]["verdict"], "partly");
    assert_eq!(report["cluster"]["answered"], false);
}

#[test]
fn a_required_kind_that_is_blind_fails_after_the_report() {
    let url = server(ALL);
    let run = doctor(&["--prometheus", &url, "--require", "oom_killed,network"]);
    assert!(run.stdout.contains("oom_killed"), "{}", run.stdout);
    run.fails(1, &["cannot be predicted here: `network`"]);
    doctor(&["--prometheus", &url, "--require", "oom_killed"]).succeeds();
    assert_eq!(doctor(&["--prometheus", &url, "--require", "oom"]).code, Some(2));
}

#[test]
fn a_source_that_does_not_answer_is_a_finding_unless_none_does() {
    let url = server(ALL);
    let run = doctor(&["--prometheus", &url, "--kubeconfig", "/nowhere/config"]);
    assert!(run.succeeds().contains("no answer: kubeconfig `/nowhere/config`"), "{}", run.stdout);
    doctor(&["--prometheus", "http://127.0.0.1:1"]).fails(3, &["nothing could be looked at"]);
    doctor(&[]).fails(2, &["no cluster is configured"]);
}
