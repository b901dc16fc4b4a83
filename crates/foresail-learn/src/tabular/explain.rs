//! Why the rows of a table got their classes, all at once.

use rayon::prelude::*;

use super::encode::{self, EncodeError};
use super::{ColumnContribution, Table, TabularModel};
use crate::tree::Contributions;

/// Amounts that are kept at a time, of which most are thrown away.
const CELLS: usize = 1 << 22;

impl TabularModel {
    /// What each column adds to the class of each row, the greatest amount first, at most `most` a
    /// row; columns that add nothing are left out.
    ///
    /// # Errors
    /// [`EncodeError`] when the table is not what the model takes or a class does not exist.
    pub fn explain(
        &self,
        table: &Table,
        classes: &[u32],
        most: usize,
    ) -> Result<Vec<Vec<ColumnContribution>>, EncodeError> {
        let frame = encode::encode(table, self.schema())?.frame;
        let columns = self.schema().columns();
        let strongest = |found: &Contributions| -> Vec<ColumnContribution> {
            let amounts = &found.columns;
            let mut order: Vec<usize> =
                (0..amounts.len()).filter(|at| amounts[*at] != 0.0).collect();
            order.sort_by(|a, b| amounts[*b].abs().total_cmp(&amounts[*a].abs()));
            order.truncate(most);
            let named = order.into_iter().map(|at| ColumnContribution {
                column: columns[at].name.clone(),
                amount: amounts[at],
            });
            named.collect()
        };
        let rows: Vec<usize> = (0..frame.n_rows()).collect();
        let n_rows = (CELLS / columns.len().max(1)).max(1);
        let mut explained = Vec::with_capacity(rows.len());
        for (rows, classes) in rows.chunks(n_rows).zip(classes.chunks(n_rows)) {
            let part = frame.select_rows(rows)?;
            let found = self.estimator().contributions_of(&part, classes)?;
            explained.par_extend(found.par_iter().map(strongest));
        }
        Ok(explained)
    }
}
