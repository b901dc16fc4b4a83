//! Why the rows of a table got their classes, all at once.

use rayon::prelude::*;

use super::encode::{self, EncodeError};
use super::{ColumnContribution, Table, TabularModel};

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
        let explain_row = |(row, &class): (usize, &u32)| {
            let mut dense = Vec::new();
            frame.row_into(row, &mut dense);
            let amounts = self.estimator().contributions(&dense, class)?.columns;
            let mut order: Vec<usize> =
                (0..amounts.len()).filter(|at| amounts[*at] != 0.0).collect();
            order.sort_by(|a, b| amounts[*b].abs().total_cmp(&amounts[*a].abs()));
            order.truncate(most);
            let columns = self.schema().columns();
            let named = order.into_iter().map(|at| ColumnContribution {
                column: columns[at].name.clone(),
                amount: amounts[at],
            });
            Ok(named.collect())
        };
        classes.par_iter().enumerate().map(explain_row).collect()
    }
}
