//! Versions of the tables: forward only, one file a version and database.

use std::borrow::Cow;

use foresail_core::store::StoreError;
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

/// A version: its name, and the SQL that leads to it.
type Version = (&'static str, &'static str);

/// Of SQLite, from 1 on.
pub(crate) const SQLITE: &[Version] =
    &[("first", include_str!("../migrations/sqlite/0001_first.sql"))];

/// Of PostgreSQL, from 1 on. Both know the same versions.
pub(crate) const POSTGRES: &[Version] =
    &[("first", include_str!("../migrations/postgres/0001_first.sql"))];

/// The version that this program writes.
pub(crate) const KNOWN: i64 = SQLITE.len() as i64;

/// What a store's version asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Current,
    /// Migrations; it may be empty.
    Behind(i64),
}

/// What is to be done with a store of version `found` (0 for an empty one).
pub(crate) fn standing(place: &str, found: i64) -> Result<Standing, StoreError> {
    match found {
        KNOWN => Ok(Standing::Current),
        found if found > KNOWN => {
            Err(StoreError::Newer { place: place.to_owned(), found, known: KNOWN })
        }
        found => Ok(Standing::Behind(found)),
    }
}

/// What applies what is missing of `versions`, each in a transaction of its own.
pub(crate) fn migrator(versions: &'static [Version]) -> Migrator {
    let migrations = versions.iter().zip(1_i64..).map(|((name, sql), version)| {
        let sql = sql.into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// The error of a migration that failed.
pub(crate) fn failed(place: &str, error: MigrateError) -> StoreError {
    StoreError::Migration { place: place.to_owned(), known: KNOWN, source: error.into() }
}

/// The version of a store: the last row that a migration left, 0 where there is none.
pub(crate) const VERSION_SQL: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_know_the_same_versions() {
        assert_eq!(SQLITE.len(), POSTGRES.len());
    }

    #[test]
    fn a_store_of_a_later_program_is_refused() {
        let error = standing("there", KNOWN + 1).unwrap_err();
        assert_eq!(error.code(), "store_newer");
        assert_eq!(standing("there", 0).unwrap(), Standing::Behind(0));
        assert_eq!(standing("there", KNOWN).unwrap(), Standing::Current);
    }
}
