//! What only a server can meet.

use std::time::Duration;

use foresail_core::store::{Archive, Journal, StoreError};
use foresail_store::{Access, StoreOptions, open};

use crate::place::{Place, Server, hand_over};
use crate::sample::{START, cluster, minute, seconds, tick};
use crate::sqlite::SmallDisk;

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_used_again() {
    let mut server = Server::start();
    let store = open(&StoreOptions::new(&server.url(), Access::Service)).await.unwrap();
    store.commit_tick(&cluster(), &tick(1)).await.unwrap();
    for round in 2..5 {
        server.stop();
        let gone = store.commit_tick(&cluster(), &tick(round)).await.unwrap_err();
        assert!(matches!(gone, StoreError::Unreachable { .. }), "{gone:?}");
        assert!(gone.is_retryable());
        let gone = store.commit_tick(&cluster(), &tick(round)).await.unwrap_err();
        assert!(matches!(gone, StoreError::Unreachable { .. }), "{gone:?}");
        server.resume();
        store.commit_tick(&cluster(), &tick(round)).await.unwrap();
        assert_eq!(store.last_tick(&cluster()).await.unwrap(), Some(tick(round).at));
    }
    // The lock was taken again.
    let second = open(&StoreOptions::new(&server.url(), Access::Service)).await.err().unwrap();
    assert!(matches!(second, StoreError::Locked { .. }), "{second:?}");
}

#[tokio::test]
async fn a_writer_whose_place_was_taken_is_told() {
    let place = Place::server();
    let store = place.open().await;
    store.commit_tick(&cluster(), &tick(1)).await.unwrap();
    // Its session ends, and before it writes again another service starts.
    place.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'").await;
    let other = loop {
        match open(&StoreOptions::new(&place.url(), Access::Service)).await {
            Ok(other) => break other,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let first = store.commit_tick(&cluster(), &tick(2)).await.unwrap_err();
    assert!(matches!(first, StoreError::Unreachable { .. }), "{first:?}");
    let then = store.commit_tick(&cluster(), &tick(2)).await.unwrap_err();
    assert!(matches!(then, StoreError::Locked { .. }), "{then:?}");
    other.close().await.unwrap();
    store.commit_tick(&cluster(), &tick(2)).await.unwrap();
}

#[ignore = "mounts a small disk, for which it must be root; scripts/test runs it there"]
#[tokio::test]
async fn a_full_disk_is_told_and_the_store_goes_on_when_space_is_back() {
    // Declared before the server, so that they end after it.
    let room = tempfile::tempdir().unwrap();
    hand_over(room.path());
    let folder = room.path().join("disk");
    let _disk = SmallDisk::mount(&folder, 12 << 20);
    hand_over(&folder);
    let place = Place::server();
    // Rows go to the small disk; the server's own log stays where space is.
    place.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", folder.display())).await;
    let store = place.open().await;
    place.sql("ALTER TABLE pods SET TABLESPACE small").await;
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0; 4 << 20]).unwrap();

    let mut kept = 0;
    let error = loop {
        match store.commit_minute(&cluster(), &minute(START + seconds(60 * kept), 500)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "the disk is never full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert_eq!(
        store.node_rows(&cluster(), "node-0", crate::sample::EVER).await.unwrap().len(),
        kept as usize
    );
    std::fs::remove_file(&ballast).unwrap();
    store.commit_minute(&cluster(), &minute(START + seconds(60 * kept), 500)).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let url = "postgres://me:secret@127.0.0.1:1/foresail";
    let error = open(&StoreOptions::new(url, Access::Service)).await.err().unwrap();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("postgres://me@127.0.0.1:1/foresail"), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_database_or_user_that_does_not_exist_is_denied() {
    let server = Server::start();
    for wrong in ["postgres:///nothing?", "postgres:///postgres?options=-crole%3Dnobody_else&"] {
        let url = format!("{wrong}host={}&user=foresail", server.folder().display());
        let error = open(&StoreOptions::new(&url, Access::Service)).await.err().unwrap();
        assert!(
            matches!(error, StoreError::Denied { .. } | StoreError::Failed { .. }),
            "{error:?}"
        );
    }
}
