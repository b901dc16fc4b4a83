//! Tells the program from which revision it was built, where git knows.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/HEAD");
    println!("cargo:rerun-if-changed=../../.git/refs/heads");
    let described = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let revision = described.ok().filter(|output| output.status.success());
    if let Some(revision) = revision.and_then(|output| String::from_utf8(output.stdout).ok()) {
        println!("cargo:rustc-env=FORESAIL_REVISION={}", revision.trim());
    }
}
