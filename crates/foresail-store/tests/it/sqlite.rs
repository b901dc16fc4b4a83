//! What only a file can meet.

use std::path::{Path, PathBuf};
use std::process::Command;

use foresail_core::store::{Archive, Journal, Retention, StoreError};
use foresail_store::{Access, StoreOptions, open};

use crate::place::Place;
use crate::sample::{START, cluster, minute, seconds, tick};

/// A small file system of its own, unmounted at the end.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts `size` bytes at `folder`.
    pub(crate) fn mount(folder: &Path, size: u64) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "tmpfs"])
            .arg(folder)
            .output()
            .unwrap();
        assert!(
            mounted.status.success(),
            "a full disk needs root, who may mount one: run as root or leave these tests out \
             (`--skip full_disk`): {}",
            String::from_utf8_lossy(&mounted.stderr).trim()
        );
        Self(folder.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[ignore = "mounts a small disk, for which it must be root; scripts/test runs it there"]
#[tokio::test]
async fn a_full_disk_is_told_and_the_store_goes_on_when_space_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&folder.path().join("disk"), 4 << 20);
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let url = disk.0.join("foresail.db").display().to_string();
    let store = open(&StoreOptions::new(&url, Access::Service)).await.unwrap();

    let mut kept = 0;
    let error = loop {
        match store.commit_minute(&cluster(), &minute(START + seconds(60 * kept), 200)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "the disk is never full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.is_retryable());
    assert!(error.to_string().contains("no space is left"), "{error}");
    // What was kept can still be read, and what is sent meanwhile is refused, not half kept.
    let last = START + seconds(60 * (kept - 1));
    assert_eq!(
        store.node_rows(&cluster(), "node-0", crate::sample::EVER).await.unwrap().len(),
        kept as usize
    );
    assert!(store.commit_minute(&cluster(), &minute(last + seconds(60), 200)).await.is_err());

    std::fs::remove_file(&ballast).unwrap();
    store.commit_minute(&cluster(), &minute(last + seconds(120), 200)).await.unwrap();
    store.commit_tick(&cluster(), &tick(1)).await.unwrap();
    assert_eq!(store.last_tick(&cluster()).await.unwrap(), Some(tick(1).at));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_store_at_its_size_limit_says_so_and_goes_on_after_old_rows_went() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("foresail.db").display().to_string();
    let mut options = StoreOptions::new(&url, Access::Service);
    options.size_limit = Some(2 << 20);
    let store = open(&options).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match store.commit_minute(&cluster(), &minute(START + seconds(60 * kept), 200)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "there is no limit");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    let later = START + seconds(86_400 * 8);
    assert!(store.prune(&cluster(), later, &Retention::default()).await.unwrap().rows > 0);
    store.commit_minute(&cluster(), &minute(later, 200)).await.unwrap();
    assert!(store.size().await.unwrap().bytes <= 2 << 20);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "these are my notes\n".repeat(1_000);
    std::fs::write(&path, &text).unwrap();
    let options = StoreOptions::new(&path.display().to_string(), Access::Service);
    let error = open(&options).await.err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("notes.txt"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let options = StoreOptions::new("/nowhere/at/all/foresail.db", Access::Service);
    let error = open(&options).await.err().unwrap();
    assert!(error.to_string().contains("no folder `/nowhere/at/all`"), "{error}");
}

#[tokio::test]
async fn a_command_beside_an_older_service_does_not_change_its_tables() {
    let place = Place::file();
    place.open().await.close().await.unwrap();
    place.sql("DELETE FROM _sqlx_migrations").await;
    let lock = std::fs::File::open(format!("{}.lock", place.url())).unwrap();
    lock.lock().unwrap();
    let error = open(&StoreOptions::new(&place.url(), Access::Beside)).await.err().unwrap();
    assert!(matches!(error, StoreError::Older { found: 0, .. }), "{error:?}");
}
