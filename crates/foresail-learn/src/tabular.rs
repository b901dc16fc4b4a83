//! Tables as people bring them: named columns of numbers and texts, before any model has seen them.
//!
//! ```text
//! CSV, Parquet, Arrow, simulator ──> Table ──roles──> split ──> preprocessing (fit on the training
//!                                      │                        part alone) ──> Frame ──> model file
//!                                      └──> audit: which columns, rows and groups give labels away
//! ```

pub use self::error::TableError;
pub use self::labels::{LabelError, Labels, MISSING_CLASS, MOST_CLASSES, MissingTarget};
pub use self::roles::{LeaveReason, LeftOut, RoleError, RoleOptions, Roles};
pub use self::split::{Split, SplitBy, SplitError, SplitOptions};
pub use self::table::{Table, TableColumn, Text, Values};

pub mod csv;
mod error;
mod labels;
mod roles;
mod split;
mod table;
