//! What a database's error means to the caller.

use foresail_core::store::StoreError;
use sqlx::error::DatabaseError;

/// The kinds of trouble, before a place is put to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Full,
    Unreachable,
    Denied,
    Corrupt,
    Locked,
    Other,
}

/// `error` of the store at `place`, by what the caller can do.
pub(crate) fn fault(place: &str, error: sqlx::Error) -> StoreError {
    let place = place.to_owned();
    match trouble(&error) {
        Trouble::Full => StoreError::Full { place, source: error.into() },
        Trouble::Unreachable => StoreError::Unreachable { place, source: error.into() },
        Trouble::Denied => StoreError::Denied { place, source: error.into() },
        Trouble::Locked => StoreError::Locked { place, holder: String::new() },
        Trouble::Corrupt => StoreError::Corrupt {
            place,
            what: "the database file".to_owned(),
            reason: error.to_string(),
        },
        Trouble::Other => StoreError::Failed { place, source: error.into() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "sqlx's enum is open: any other is one kind")]
fn trouble(error: &sqlx::Error) -> Trouble {
    match error {
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Trouble::Full,
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => Trouble::Unreachable,
        sqlx::Error::Database(error) => {
            if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                sqlite(error.as_ref())
            } else {
                postgres(error.as_ref())
            }
        }
        _ => Trouble::Other,
    }
}

/// By SQLite's result code (<https://www.sqlite.org/rescode.html>); its primary code is the low byte.
fn sqlite(error: &dyn DatabaseError) -> Trouble {
    let code = error.code().and_then(|code| code.parse::<i64>().ok()).unwrap_or_default();
    match (code & 0xff, code) {
        // 778, 1034: a write or fsync failed, which a full file system does too.
        (13, _) | (_, 778 | 1034) => Trouble::Full,
        (5 | 6, _) => Trouble::Locked,
        (3 | 8 | 23, _) => Trouble::Denied,
        (11 | 26, _) => Trouble::Corrupt,
        // The file cannot be opened, or read just now.
        (10 | 14, _) => Trouble::Unreachable,
        _ => Trouble::Other,
    }
}

/// By SQLSTATE (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
fn postgres(error: &dyn DatabaseError) -> Trouble {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        "53100" => Trouble::Full,
        "42501" => Trouble::Denied,
        "55P03" => Trouble::Locked,
        // Connections, resources, an operator's stop, a system error.
        code if code.starts_with("08")
            || code.starts_with("53")
            || code.starts_with("57")
            || code.starts_with("58") =>
        {
            Trouble::Unreachable
        }
        code if code.starts_with("28") || code.starts_with("3D") => Trouble::Denied,
        code if code.starts_with("XX") => Trouble::Corrupt,
        _ => Trouble::Other,
    }
}
