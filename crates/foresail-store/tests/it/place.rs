//! Where a test's store stands: a file in a temporary folder, or a PostgreSQL of its own.
//!
//! The server listens on a socket in its folder only, so no port can be taken. It ends with the test,
//! by its process id, and with the test's thread however that ends.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use foresail_store::{Access, Store, StoreOptions, open};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

pub(crate) enum Place {
    File(TempDir),
    Server(Server),
}

pub(crate) struct Server {
    folder: TempDir,
    process: Option<Child>,
}

// === impl Place ===

impl Place {
    pub(crate) fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    pub(crate) fn server() -> Self {
        Self::Server(Server::start())
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::File(folder) => folder.path().join("foresail.db").display().to_string(),
            Self::Server(server) => server.url(),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        open(&StoreOptions::new(&self.url(), Access::Service)).await.unwrap()
    }

    /// Runs SQL beside the store.
    pub(crate) async fn sql(&self, sql: &str) {
        match self {
            Self::File(_) => {
                let mut raw = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut raw).await.unwrap();
                raw.close().await.unwrap();
            }
            Self::Server(_) => {
                let mut raw = sqlx::PgConnection::connect(&self.url()).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut raw).await.unwrap();
                raw.close().await.unwrap();
            }
        }
    }

    /// Asks for one text beside the store.
    pub(crate) async fn text(&self, sql: &str) -> String {
        match self {
            Self::File(_) => {
                let mut raw = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut raw).await.unwrap()
            }
            Self::Server(_) => {
                let mut raw = sqlx::PgConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut raw).await.unwrap()
            }
        }
    }

    /// Asks for one number beside the store.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.text(&format!("SELECT CAST(({sql}) AS TEXT)")).await.parse().unwrap()
    }
}

// === impl Server ===

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("fs-pg-").tempdir().unwrap();
        hand_over(folder.path());
        let data = folder.path().join("data");
        let made = as_server_user(&program("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=foresail",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self { folder, process: None };
        server.resume();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=foresail", self.folder.path().display())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it answers.
    pub(crate) fn resume(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let process = as_server_user(&program("postgres"))
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .arg("-k")
            .arg(self.folder.path())
            // `fsync=off` loses data only when the machine stops, which no test does.
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=30"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let ready = program("pg_isready");
        for _ in 0..600 {
            let answer = Command::new(&ready).arg("-q").arg("-h").arg(self.folder.path()).status();
            if answer.unwrap().success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("postgres does not answer:\n{log}");
    }

    /// Stops it, breaking its connections, and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let id = process.id().to_string();
            let _ = Command::new("kill").args(["-INT", &id]).status();
            let _ = process.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The user that the server runs as: PostgreSQL refuses root.
fn server_user() -> Option<&'static str> {
    if number(&["-u"]) != 0 {
        return None;
    }
    let known = |user: &&str| {
        Command::new("id").arg(user).output().is_ok_and(|found| found.status.success())
    };
    let user = ["postgres", "nobody"].into_iter().find(known);
    Some(user.expect("root needs a user `postgres` or `nobody` to run PostgreSQL as"))
}

/// Makes the server's user the owner of a folder.
pub(crate) fn hand_over(folder: &Path) {
    if let Some(user) = server_user() {
        let (user, group) = (number(&["-u", user]), number(&["-g", user]));
        chown(folder, Some(user), Some(group)).unwrap();
    }
}

fn number(arguments: &[&str]) -> u32 {
    let output = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn as_server_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]).current_dir("/");
    if let Some(user) = server_user() {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// A program of PostgreSQL: Debian keeps those of the server off the path.
fn program(name: &str) -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("PostgreSQL's `{name}` is missing: run scripts/postgres (Debian: apt-get install postgresql)")
    })
}
