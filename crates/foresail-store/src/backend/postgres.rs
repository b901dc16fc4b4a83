//! PostgreSQL: one connection that writes and holds the lock of the writer, a few that read.
//!
//! The lock belongs to the session, so it goes when the connection goes, for whatever reason, and an
//! open transaction goes with it. A new connection must take it again before it writes.

use std::fmt::Write;
use std::time::Duration;

use foresail_core::store::{StoreError, StoreFuture, StoreSize};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, Row, TypeInfo, ValueRef};
use tokio::sync::Mutex;

use crate::backend::sqlite::table_sizes;
use crate::backend::{Backend, LONGEST_CALL, LONGEST_CONNECT, within};
use crate::cell::Cell;
use crate::fault::fault;
use crate::schema::{self, KNOWN, POSTGRES, Standing, VERSION_SQL};
use crate::statement::{Insert, Places, Present, Statement, Target};
use crate::store::Access;
use crate::text::hex;

/// The most values that one statement takes: their number is 16 bits on the wire.
const MOST_VALUES: usize = 65_535;

/// From how many rows on COPY is faster than an INSERT.
const COPY_FROM: usize = 20;

/// Bytes of COPY sent at once.
const COPY_CHUNK: usize = 1 << 20;

/// First half of the number of the writer's lock: `fore`. The second is of the schema.
const LOCK: &str = "1718579813, hashtext(current_schema())";

/// How often the writer's lock is asked for: the server needs a moment to notice that the session of
/// a killed predecessor, or the one before an error, is gone.
const LOCK_TRIES: u32 = 20;

/// How long to wait before it is asked for again.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Connections that read: API, command line and reports.
const READERS: u32 = 4;

/// A store in a database.
pub(crate) struct PostgresStore {
    place: String,
    options: PgConnectOptions,
    access: Access,
    /// Held across a transaction: the writer's calls come one after the other.
    writer: Mutex<Option<PgConnection>>,
    readers: PgPool,
}

// === impl PostgresStore ===

impl PostgresStore {
    /// Opens the store at `url`, and makes its tables where there are none.
    pub(crate) async fn open(url: &str, access: Access) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            StoreError::Address { url: without_password(url), reason: error.to_string() }
        })?;
        let options = options.application_name("foresail").options([
            // The server gives up first, so that no transaction stays open there.
            ("statement_timeout", format!("{}s", LONGEST_CALL.as_secs())),
            ("idle_in_transaction_session_timeout", format!("{}s", LONGEST_CALL.as_secs())),
        ]);
        let pool = PgPoolOptions::new().max_connections(READERS).acquire_timeout(LONGEST_CONNECT);
        let reading = options.clone().options([("default_transaction_read_only", "on")]);
        let store = Self {
            place: without_password(url),
            options,
            access,
            writer: Mutex::new(None),
            readers: pool.connect_lazy_with(reading),
        };
        store.bring_up_to_date().await?;
        Ok(store)
    }

    async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        let mut connection = self.connect().await?;
        let found = self.version(&mut connection).await?;
        if schema::standing(&self.place, found)? != Standing::Current {
            let passing = match self.access {
                Access::Service => false,
                Access::Beside => true,
            };
            if passing && !self.try_lock(&mut connection).await? {
                let place = self.place.clone();
                return Err(StoreError::Older { place, found, known: KNOWN });
            }
            let migrated = schema::migrator(POSTGRES).run(&mut connection).await;
            migrated.map_err(|error| schema::failed(&self.place, error))?;
            if passing {
                let unlock = format!("SELECT pg_advisory_unlock({LOCK})");
                let unlocked = sqlx::query(AssertSqlSafe(unlock)).execute(&mut connection).await;
                unlocked.map_err(|error| fault(&self.place, error))?;
            }
        }
        *writer = Some(connection);
        Ok(())
    }

    async fn version(&self, connection: &mut PgConnection) -> Result<i64, StoreError> {
        let exists = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
        let exists: bool = sqlx::query_scalar(exists)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| fault(&self.place, error))?;
        if !exists {
            return Ok(0);
        }
        let version = sqlx::query_scalar(VERSION_SQL).fetch_one(connection).await;
        version.map_err(|error| fault(&self.place, error))
    }

    /// A connection that may write.
    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let connected = within(&self.place, LONGEST_CONNECT, async {
            self.options.connect().await.map_err(|error| fault(&self.place, error))
        });
        let mut connection = connected.await?;
        match self.access {
            Access::Beside => return Ok(connection),
            Access::Service => {}
        }
        for _ in 0..LOCK_TRIES {
            if self.try_lock(&mut connection).await? {
                return Ok(connection);
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        Err(StoreError::Locked { place: self.place.clone(), holder: String::new() })
    }

    async fn try_lock(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let lock = format!("SELECT pg_try_advisory_lock({LOCK})");
        let taken = sqlx::query_scalar(AssertSqlSafe(lock)).fetch_one(connection).await;
        taken.map_err(|error| fault(&self.place, error))
    }

    async fn transact(
        connection: &mut PgConnection,
        statements: Vec<Statement>,
    ) -> Result<u64, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        let mut rows = 0;
        for statement in statements {
            rows += match statement {
                Statement::Insert(insert) => insert_rows(&mut transaction, insert).await?,
                Statement::Execute(sql, values) => {
                    let query = values.into_iter().fold(sqlx::query(sql), bind);
                    query.execute(&mut *transaction).await?.rows_affected()
                }
            };
        }
        transaction.commit().await?;
        Ok(rows)
    }
}

impl Backend for PostgresStore {
    fn place(&self) -> &str {
        &self.place
    }

    fn apply(&self, statements: Vec<Statement>) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut writer = self.writer.lock().await;
            // Taken out: one that fails or is given up midway is closed, which rolls back.
            let mut connection = match writer.take() {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            let call = async {
                let rows = Self::transact(&mut connection, statements).await;
                rows.map_err(|error| fault(&self.place, error))
            };
            let result = within(&self.place, LONGEST_CALL, call).await;
            match &result {
                Ok(_) => *writer = Some(connection),
                // Waited for, so that the server has let go of the lock before the next asks for it.
                Err(_) => drop(
                    within(&self.place, LONGEST_CONNECT, async {
                        connection.close().await.map_err(|error| fault(&self.place, error))
                    })
                    .await,
                ),
            }
            result
        })
    }

    fn query(&self, sql: &'static str, values: Vec<Cell>) -> StoreFuture<'_, Vec<Vec<Cell>>> {
        let call = async move {
            let query = values.into_iter().fold(sqlx::query(sql), bind);
            let rows = query.fetch_all(&self.readers).await;
            rows.and_then(|rows| rows.iter().map(cells).collect())
                .map_err(|error| fault(&self.place, error))
        };
        Box::pin(within(&self.place, LONGEST_CALL, call))
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        Box::pin(async move {
            let by_table = "SELECT c.relname::text, pg_total_relation_size(c.oid)::bigint \
                FROM pg_class c WHERE c.relkind = 'r' AND c.relname NOT LIKE '\\_%' \
                AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
                ORDER BY c.relname::text COLLATE \"C\"";
            let tables = table_sizes(self.query(by_table, Vec::new()).await?);
            Ok(StoreSize { bytes: tables.iter().map(|table| table.bytes).sum(), tables })
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            if let Some(mut connection) = self.writer.lock().await.take() {
                // The end of a session is noticed later; a successor need not wait for that.
                let unlocked = sqlx::query("SELECT pg_advisory_unlock_all()");
                let unlocked = unlocked.execute(&mut connection).await;
                unlocked.map_err(|error| fault(&self.place, error))?;
                connection.close().await.map_err(|error| fault(&self.place, error))?;
            }
            Ok(())
        })
    }
}

/// `url` with what stands between user and host, and any password among its parameters, left out.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (rest, parameters) = rest.split_once('?').map_or((rest, ""), |(a, b)| (a, b));
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(a, b)| (a, Some(b)));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    let mut kept = format!("{scheme}://{authority}");
    if let Some(path) = path {
        kept.push('/');
        kept.push_str(path);
    }
    let shown =
        parameters.split('&').filter(|one| one.starts_with("host=") || one.starts_with("port="));
    for (place, parameter) in shown.enumerate() {
        kept.push(if place == 0 { '?' } else { '&' });
        kept.push_str(parameter);
    }
    kept
}

async fn insert_rows(connection: &mut PgConnection, insert: Insert) -> Result<u64, sqlx::Error> {
    let table = insert.table();
    let rows = insert.into_rows();
    match table.present {
        Present::Never if rows.len() >= COPY_FROM => {
            return copy_rows(connection, table, rows).await;
        }
        Present::Never | Present::Stays | Present::Replaced => {}
    }
    let at_once = (MOST_VALUES / table.columns.len()).clamp(1, 1_000);
    let (mut rows, mut all) = (rows.into_iter(), 0);
    loop {
        let chunk: Vec<Vec<Cell>> = rows.by_ref().take(at_once).collect();
        if chunk.is_empty() {
            return Ok(all);
        }
        let sql = table.insert_sql(chunk.len(), Places::Numbers);
        // Planning one anew costs less than keeping one of every length in the server's memory.
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == 1);
        let query = chunk.into_iter().flatten().fold(query, bind);
        all += query.execute(&mut *connection).await?.rows_affected();
    }
}

/// Sends rows by COPY, in its text form
/// (<https://www.postgresql.org/docs/15/sql-copy.html>, "File Formats").
async fn copy_rows(
    connection: &mut PgConnection,
    table: &Target,
    rows: Vec<Vec<Cell>>,
) -> Result<u64, sqlx::Error> {
    let statement = format!("COPY {} ({}) FROM STDIN", table.name, table.columns.join(", "));
    let mut copy = connection.copy_in_raw(&statement).await?;
    let mut lines = String::with_capacity(COPY_CHUNK + COPY_CHUNK / 4);
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                lines.push('\t');
            }
            copy_cell(&mut lines, cell);
        }
        lines.push('\n');
        if lines.len() >= COPY_CHUNK {
            copy.send(lines.as_bytes()).await?;
            lines.clear();
        }
    }
    copy.send(lines.as_bytes()).await?;
    copy.finish().await
}

fn copy_cell(lines: &mut String, cell: &Cell) {
    match cell {
        Cell::Int(None) | Cell::Real(None) | Cell::Text(None) => lines.push_str("\\N"),
        Cell::Int(Some(value)) => write!(lines, "{value}").expect("a String takes every text"),
        Cell::Real(Some(value)) => write!(lines, "{value:e}").expect("a String takes every text"),
        Cell::Text(Some(value)) => {
            for character in value.chars() {
                match character {
                    '\\' => lines.push_str("\\\\"),
                    '\n' => lines.push_str("\\n"),
                    '\r' => lines.push_str("\\r"),
                    '\t' => lines.push_str("\\t"),
                    other => lines.push(other),
                }
            }
        }
        Cell::Bytes(value) => {
            lines.push_str("\\\\x");
            lines.push_str(&hex(value));
        }
    }
}

type Query<'q> = sqlx::query::Query<'q, Postgres, <Postgres as sqlx::Database>::Arguments>;

fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Int(value) => query.bind(value),
        Cell::Real(value) => query.bind(value),
        Cell::Text(value) => query.bind(value),
        Cell::Bytes(value) => query.bind(value),
    }
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
    (0..row.len())
        .map(|place| {
            let value = row.try_get_raw(place)?;
            if value.is_null() {
                return Ok(Cell::Text(None));
            }
            match value.type_info().name() {
                "INT8" => row.try_get(place).map(Cell::Int),
                "FLOAT4" => row.try_get(place).map(|value: f32| Cell::Real(Some(value.into()))),
                "FLOAT8" => row.try_get(place).map(Cell::Real),
                "BYTEA" => row.try_get(place).map(Cell::Bytes),
                _ => row.try_get(place).map(Cell::Text),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_message() {
        let shown = |url| without_password(url);
        assert_eq!(
            shown("postgres://me:secret@db:5432/foresail"),
            "postgres://me@db:5432/foresail"
        );
        assert_eq!(
            shown("postgres://me:p@ss@db/x?password=y&host=/run"),
            "postgres://me@db/x?host=/run"
        );
    }

    #[test]
    fn a_copied_text_cannot_end_its_field() {
        let mut lines = String::new();
        copy_cell(&mut lines, &Cell::text("a\tb\\\nc\\."));
        assert_eq!(lines, "a\\tb\\\\\\nc\\\\.");
    }
}
