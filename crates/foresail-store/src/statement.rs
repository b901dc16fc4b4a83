//! What a transaction consists of.

use std::collections::HashMap;
use std::fmt::Write;

use crate::cell::Cell;

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// Rows for a table.
    Insert(Insert),
    /// Any other SQL, with `$1`, `$2`, … for its values.
    Execute(&'static str, Vec<Cell>),
}

/// Rows for a table. Of rows with one key the last counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Insert {
    table: &'static Target,
    rows: Vec<Vec<Cell>>,
}

/// Where rows go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The table.
    pub(crate) name: &'static str,
    /// Its columns, in the order of a row's values; those of the key stand first.
    pub(crate) columns: &'static [&'static str],
    /// How many columns are the key.
    pub(crate) key: usize,
    /// What happens to a row that is there.
    pub(crate) present: Present,
}

/// What happens to a row whose key is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Present {
    /// None is there: the transaction deleted them before. Such rows may go by the fastest way.
    Never,
    /// It stays.
    Stays,
    /// It becomes the new one.
    Replaced,
}

/// How a database writes the place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// `?`. SQLite searches a numbered one in a list: thousands of them take quadratic time.
    Questions,
    /// `$1`.
    Numbers,
}

// === impl Insert ===

impl Insert {
    /// Rows for `table`.
    pub(crate) fn new(table: &'static Target, rows: Vec<Vec<Cell>>) -> Self {
        debug_assert!(rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.name);
        Self { table, rows: last_of_each_key(rows, table.key) }
    }

    /// Where they go.
    pub(crate) const fn table(&self) -> &'static Target {
        self.table
    }

    /// The rows, one a key.
    pub(crate) fn into_rows(self) -> Vec<Vec<Cell>> {
        self.rows
    }
}

/// The last row of each key, in the order of the keys' first rows.
fn last_of_each_key(rows: Vec<Vec<Cell>>, key: usize) -> Vec<Vec<Cell>> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<Vec<Cell>> = Vec::with_capacity(rows.len());
    for row in rows {
        let place = *places.entry(format!("{:?}", &row[..key])).or_insert(kept.len());
        if place == kept.len() {
            kept.push(row);
        } else {
            kept[place] = row;
        }
    }
    kept
}

// === impl Target ===

impl Target {
    /// The SQL that inserts `rows` rows.
    pub(crate) fn insert_sql(&self, rows: usize, places: Places) -> String {
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.name, self.columns.join(", "));
        let mut place = 0;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns.len() {
                place += 1;
                let comma = if column == 0 { "" } else { ", " };
                match places {
                    Places::Questions => write!(sql, "{comma}?"),
                    Places::Numbers => write!(sql, "{comma}${place}"),
                }
                .expect("a String takes every text");
            }
            sql.push(')');
        }
        let key = self.columns[..self.key].join(", ");
        match self.present {
            Present::Never => {}
            Present::Stays => sql.push_str(&format!(" ON CONFLICT ({key}) DO NOTHING")),
            Present::Replaced => {
                let set: Vec<String> = self.columns[self.key..]
                    .iter()
                    .map(|column| format!("{column} = excluded.{column}"))
                    .collect();
                sql.push_str(&format!(" ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", ")));
            }
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static THINGS: Target =
        Target { name: "things", columns: &["a", "b"], key: 1, present: Present::Replaced };

    #[test]
    fn an_insert_replaces_what_is_not_the_key() {
        assert_eq!(
            THINGS.insert_sql(2, Places::Numbers),
            "INSERT INTO things (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT (a) DO UPDATE SET b = excluded.b"
        );
    }

    #[test]
    fn of_rows_with_one_key_the_last_counts() {
        let row = |a: i64, b: i64| vec![Cell::int(a), Cell::int(b)];
        let insert = Insert::new(&THINGS, vec![row(1, 1), row(2, 2), row(1, 3)]);
        assert_eq!(insert.into_rows(), vec![row(1, 3), row(2, 2)]);
    }
}
