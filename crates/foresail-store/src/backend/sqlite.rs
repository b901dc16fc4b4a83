//! SQLite: one file with a write-ahead log, one connection that writes, a few that read.
//!
//! Readers never wait for the writer. A lock beside the file, held for the life of the process, keeps
//! a second service out; short writes of other programs wait their turn in SQLite itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use foresail_core::store::{StoreError, StoreFuture, StoreSize, TableSize};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqlSafeStr, Sqlite, TypeInfo, ValueRef,
};
use tokio::sync::Mutex;

use crate::backend::{Backend, LONGEST_CALL, LONGEST_CONNECT, within};
use crate::cell::Cell;
use crate::fault::fault;
use crate::schema::{self, KNOWN, SQLITE, Standing, VERSION_SQL};
use crate::statement::{Insert, Places, Statement};
use crate::store::Access;

/// The most values that one statement takes (`SQLITE_MAX_VARIABLE_NUMBER` since 3.32).
const MOST_VALUES: usize = 32_766;

/// Rows of `pods` are about half a kilobyte: pages of 8 KiB keep them in one piece.
const PAGE_BYTES: u32 = 8_192;

/// How long a write waits for that of another program.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Connections that read: API, command line and reports.
const READERS: u32 = 4;

/// A store in a file.
pub(crate) struct SqliteStore {
    place: String,
    options: SqliteConnectOptions,
    size_limit: Option<u64>,
    /// Held across a transaction: SQLite has one writer, and its calls come one after the other.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    /// The lock of the process that writes; let go with the store.
    lock: Mutex<Option<WriterLock>>,
}

/// A held lock.
struct WriterLock(File);

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started shares the open file until it
        // runs. When this fails the system lets go with the last of them.
        let _ = self.0.unlock();
    }
}

// === impl SqliteStore ===

impl SqliteStore {
    /// Opens or creates the store at `path`, which may not grow above `size_limit` bytes.
    pub(crate) async fn open(
        path: &Path,
        access: Access,
        size_limit: Option<u64>,
    ) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let address = |reason: String| StoreError::Address { url: place.clone(), reason };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(address(format!("there is no folder `{}`", folder.display())));
        }
        if path.is_dir() {
            return Err(address("it is a folder".to_owned()));
        }
        let lock = match access {
            Access::Service => Some(lock(path, &place)?),
            Access::Beside => None,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            // One commit a tick: an fsync for each is cheap, and a power cut loses none either.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(LONGEST_WAIT);
        let reading = options.clone().pragma("query_only", "ON");
        let pool =
            SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(LONGEST_CONNECT);
        let store = Self {
            place,
            options,
            size_limit,
            writer: Mutex::new(None),
            readers: pool.connect_lazy_with(reading),
            lock: Mutex::new(lock),
        };
        store.bring_up_to_date(path).await?;
        Ok(store)
    }

    async fn bring_up_to_date(&self, path: &Path) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        let mut connection = self.connect().await?;
        let found = self.version(&mut connection).await?;
        if schema::standing(&self.place, found)? != Standing::Current {
            let passing = match &*self.lock.lock().await {
                Some(_) => None,
                None => match lock(path, &self.place) {
                    Ok(lock) => Some(lock),
                    Err(_) => {
                        let place = self.place.clone();
                        return Err(StoreError::Older { place, found, known: KNOWN });
                    }
                },
            };
            let migrated = schema::migrator(SQLITE).run(&mut connection).await;
            drop(passing);
            migrated.map_err(|error| schema::failed(&self.place, error))?;
        }
        *writer = Some(connection);
        Ok(())
    }

    async fn version(&self, connection: &mut SqliteConnection) -> Result<i64, StoreError> {
        let exists = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        let tables: i64 = sqlx::query_scalar(exists)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| fault(&self.place, error))?;
        if tables == 0 {
            return Ok(0);
        }
        let version = sqlx::query_scalar(VERSION_SQL).fetch_one(connection).await;
        version.map_err(|error| fault(&self.place, error))
    }

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        let refused = |error| fault(&self.place, error);
        let mut connection = self.options.connect().await.map_err(refused)?;
        if let Some(bytes) = self.size_limit {
            let pages: i64 = sqlx::query_scalar("PRAGMA page_size")
                .fetch_one(&mut connection)
                .await
                .map_err(refused)?;
            let most = bytes / pages.max(1).unsigned_abs();
            let pragma = format!("PRAGMA max_page_count = {}", most.max(1));
            sqlx::query(AssertSqlSafe(pragma)).execute(&mut connection).await.map_err(refused)?;
        }
        Ok(connection)
    }

    async fn transact(
        connection: &mut SqliteConnection,
        statements: Vec<Statement>,
    ) -> Result<u64, sqlx::Error> {
        // At once a writer: one that only becomes one later can meet another's and must start anew.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
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

    async fn answer(
        &self,
        sql: &'static str,
        values: Vec<Cell>,
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        let query = values.into_iter().fold(sqlx::query(sql), bind);
        let rows = query.fetch_all(&self.readers).await;
        rows.and_then(|rows| rows.iter().map(cells).collect())
            .map_err(|error| fault(&self.place, error))
    }
}

impl Backend for SqliteStore {
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
                // Closed before the next is opened: its locks go with it.
                Err(_) => drop(connection.close().await),
            }
            result
        })
    }

    fn query(&self, sql: &'static str, values: Vec<Cell>) -> StoreFuture<'_, Vec<Vec<Cell>>> {
        Box::pin(within(&self.place, LONGEST_CALL, self.answer(sql, values)))
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        Box::pin(async move {
            let all = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
            let bytes = match self.query(all, Vec::new()).await?.first().map(Vec::as_slice) {
                Some([Cell::Int(Some(bytes))]) => bytes.unsigned_abs(),
                _ => 0,
            };
            let by_table = "SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s \
                JOIN sqlite_master m ON m.name = s.name \
                WHERE s.aggregate = TRUE AND m.tbl_name NOT LIKE '\\_%' ESCAPE '\\' \
                GROUP BY m.tbl_name ORDER BY m.tbl_name";
            let rows = self.query(by_table, Vec::new()).await?;
            Ok(StoreSize { bytes, tables: table_sizes(rows) })
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            if let Some(connection) = self.writer.lock().await.take() {
                connection.close().await.map_err(|error| fault(&self.place, error))?;
            }
            *self.lock.lock().await = None;
            Ok(())
        })
    }
}

/// Names and sizes from rows of both.
pub(crate) fn table_sizes(rows: Vec<Vec<Cell>>) -> Vec<TableSize> {
    rows.into_iter()
        .filter_map(|row| match <[Cell; 2]>::try_from(row) {
            Ok([Cell::Text(Some(table)), Cell::Int(Some(bytes))]) => {
                Some(TableSize { table, bytes: bytes.unsigned_abs() })
            }
            Ok(_) | Err(_) => None,
        })
        .collect()
}

/// The lock beside the file at `path`. The system lets go of it when the process ends, however it ends.
fn lock(path: &Path, place: &str) -> Result<WriterLock, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let refused = |source: std::io::Error| {
        let place = place.to_owned();
        if source.kind() == std::io::ErrorKind::StorageFull {
            StoreError::Full { place, source: source.into() }
        } else {
            StoreError::Denied { place, source: source.into() }
        }
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {
            // Only for people; a full disk may leave it empty.
            let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
            Ok(WriterLock(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.rewind().and_then(|()| file.read_to_string(&mut holder));
            let holder = match holder.trim().parse::<u32>() {
                Ok(process) => format!(" (process {process})"),
                Err(_) => String::new(),
            };
            Err(StoreError::Locked { place: place.to_owned(), holder })
        }
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}

async fn insert_rows(
    connection: &mut SqliteConnection,
    insert: Insert,
) -> Result<u64, sqlx::Error> {
    let table = insert.table();
    let at_once = (MOST_VALUES / table.columns.len()).max(1);
    let (mut rows, mut all) = (insert.into_rows().into_iter(), 0);
    let full = AssertSqlSafe(table.insert_sql(at_once, Places::Questions)).into_sql_str();
    loop {
        let chunk: Vec<Vec<Cell>> = rows.by_ref().take(at_once).collect();
        let query = match chunk.len() {
            0 => return Ok(all),
            n if n == at_once => sqlx::query(full.clone()),
            // Statements of every other length would push each other out of the cache.
            n => {
                sqlx::query(AssertSqlSafe(table.insert_sql(n, Places::Questions))).persistent(false)
            }
        };
        let query = chunk.into_iter().flatten().fold(query, bind);
        all += query.execute(&mut *connection).await?.rows_affected();
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;

fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Int(value) => query.bind(value),
        Cell::Real(value) => query.bind(value),
        Cell::Text(value) => query.bind(value),
        Cell::Bytes(value) => query.bind(value),
    }
}

fn cells(row: &SqliteRow) -> Result<Vec<Cell>, sqlx::Error> {
    (0..row.len())
        .map(|place| {
            let value = row.try_get_raw(place)?;
            if value.is_null() {
                return Ok(Cell::Text(None));
            }
            match value.type_info().name() {
                "INTEGER" | "BOOLEAN" => row.try_get(place).map(Cell::Int),
                "REAL" => row.try_get(place).map(Cell::Real),
                "BLOB" => row.try_get(place).map(Cell::Bytes),
                _ => row.try_get(place).map(Cell::Text),
            }
        })
        .collect()
}
