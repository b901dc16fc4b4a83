//! Tables to CSV.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use ::csv::{ByteRecord, Writer};

use crate::tabular::{Table, Values};

/// Whole numbers below this are written without a point: they are exact.
const WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) fn write(table: &Table, to: impl io::Write) -> io::Result<()> {
    let mut writer = Writer::from_writer(to);
    let mut record = ByteRecord::new();
    for column in table.columns() {
        record.push_field(column.name.as_bytes());
    }
    writer.write_byte_record(&record)?;
    let mut digits = String::new();
    for row in 0..table.n_rows() {
        record.clear();
        for column in table.columns() {
            record.push_field(field(&column.values, row, &mut digits).as_bytes());
        }
        writer.write_byte_record(&record)?;
    }
    writer.flush()
}

fn field<'a>(values: &'a Values, row: usize, digits: &'a mut String) -> Cow<'a, str> {
    match values {
        Values::Text(text) => Cow::Borrowed(text.get(row).unwrap_or_default()),
        Values::Number(numbers) => match numbers.get(row) {
            Some(number) if !number.is_nan() => {
                digits.clear();
                write_number(*number, digits);
                Cow::Borrowed(digits)
            }
            Some(_) | None => Cow::Borrowed(""),
        },
    }
}

/// The shortest digits that read back equal.
pub(super) fn write_number(number: f64, into: &mut String) {
    let written = if number.fract() == 0.0 && number.abs() < WHOLE {
        write!(into, "{number}")
    } else {
        // With an exponent where plain digits would be many.
        write!(into, "{number:?}")
    };
    written.expect("a string takes all that is written to it");
}
