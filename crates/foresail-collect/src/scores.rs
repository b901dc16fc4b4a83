//! The `--scores` file: what was said at every tick, as Parquet.
//!
//! One row per prediction that has a probability: `at`, the unit (`object_kind`, `namespace`,
//! `workload`, `pod`, `node`, `volume`, `component`, null where they do not apply), `kind`,
//! `horizon_seconds` of wall time, `probability`.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, TimestampMillisecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use foresail_core::{Prediction, Unit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

/// Rows per record batch; bounds the memory that writing takes.
const BATCH_ROWS: usize = 65_536;

/// Columns under construction.
struct Columns {
    schema: SchemaRef,
    at: TimestampMillisecondBuilder,
    texts: [StringBuilder; TEXTS.len()],
    horizon: Float64Builder,
    probability: Float64Builder,
    rows: usize,
}

/// The text columns, in order; the first and the last are never null.
const TEXTS: [&str; 8] =
    ["object_kind", "namespace", "workload", "pod", "node", "volume", "component", "kind"];

/// Writes every prediction that has a probability, in the given order.
///
/// # Errors
/// What the Parquet writer says; the cause is the place written to.
pub fn write_scores<'a>(
    out: impl Write + Send,
    predictions: impl Iterator<Item = &'a Prediction>,
) -> Result<(), ParquetError> {
    let mut columns = Columns::new();
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder().set_compression(zstd).build();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&columns.schema), Some(properties))?;
    for prediction in predictions {
        columns.push(prediction);
        if columns.rows == BATCH_ROWS {
            writer.write(&columns.finish()?)?;
        }
    }
    writer.write(&columns.finish()?)?;
    writer.close().map(drop)
}

// === impl Columns ===

impl Columns {
    fn new() -> Self {
        let utc = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        let mut fields = vec![Field::new("at", utc, false)];
        fields.extend(TEXTS.iter().map(|name| {
            Field::new(*name, DataType::Utf8, !matches!(*name, "object_kind" | "kind"))
        }));
        fields.push(Field::new("horizon_seconds", DataType::Float64, false));
        fields.push(Field::new("probability", DataType::Float64, false));
        Self {
            schema: Arc::new(Schema::new(fields)),
            at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            horizon: Float64Builder::new(),
            probability: Float64Builder::new(),
            rows: 0,
        }
    }

    fn push(&mut self, prediction: &Prediction) {
        let Some(probability) = prediction.probability() else { return };
        let texts = texts(prediction);
        self.at.append_value(prediction.at.as_millis());
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        self.horizon.append_value(prediction.horizon.as_seconds());
        self.probability.append_value(probability.get());
        self.rows += 1;
    }

    /// Everything pushed since the last call.
    fn finish(&mut self) -> Result<RecordBatch, ParquetError> {
        self.rows = 0;
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.at.finish())];
        arrays.extend(self.texts.iter_mut().map(|text| Arc::new(text.finish()) as ArrayRef));
        arrays.push(Arc::new(self.horizon.finish()));
        arrays.push(Arc::new(self.probability.finish()));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

/// The text columns of one prediction, in the order of [`TEXTS`].
fn texts(prediction: &Prediction) -> [Option<&str>; TEXTS.len()] {
    let unit = &prediction.unit;
    let (mut namespace, mut workload, mut volume, mut component) = (None, None, None, None);
    let mut node = prediction.node.as_deref();
    match unit {
        Unit::Workload(id) => {
            (namespace, workload) = (Some(id.namespace.as_str()), Some(id.name.as_str()));
        }
        Unit::Node(name) => node = Some(name.as_str()),
        Unit::Volume { namespace: of, claim } => {
            (namespace, volume) = (Some(of.as_str()), Some(claim.as_str()));
        }
        Unit::Component(name) => component = Some(name.as_str()),
    }
    let pod = prediction.pod.as_deref();
    let kind = prediction.kind.as_str();
    [Some(unit.object_kind()), namespace, workload, pod, node, volume, component, Some(kind)]
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, TimestampMillisecondType};
    use foresail_core::{FailureKind, ModelId, PlatformDuration, Probability, Timestamp, Verdict};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn prediction(verdict: Verdict) -> Prediction {
        Prediction {
            at: Timestamp::from_millis(1_500),
            unit: Unit::Node("n1".to_owned()),
            pod: None,
            node: None,
            kind: FailureKind::NodePressure,
            horizon: PlatformDuration::from_seconds(600),
            verdict,
            score: 0.5,
            basis: None,
            sentence: String::new(),
            evidence: Vec::new(),
            model: ModelId("test".to_owned()),
        }
    }

    #[test]
    fn a_written_probability_can_be_read_and_a_missing_one_has_no_row() {
        let probability = Probability::try_from(0.25).unwrap();
        let said = prediction(Verdict::Likely { probability, time_to_event: None });
        let unsaid = prediction(Verdict::NotEnoughData { missing: "limit".to_owned() });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.parquet");
        let file = std::fs::File::create(&path).unwrap();
        write_scores(file, [&unsaid, &said].into_iter()).unwrap();

        let file = std::fs::File::open(&path).unwrap();
        let mut reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let rows = reader.next().unwrap().unwrap();
        assert_eq!(rows.num_rows(), 1);
        let text = |name: &str| rows[name].as_string::<i32>().value(0).to_owned();
        assert_eq!((text("object_kind"), text("node")), ("Node".to_owned(), "n1".to_owned()));
        assert_eq!(text("kind"), "node_pressure");
        assert_eq!(rows["at"].as_primitive::<TimestampMillisecondType>().value(0), 1_500);
        assert_eq!(rows["horizon_seconds"].as_primitive::<Float64Type>().value(0), 600.0);
        assert_eq!(rows["probability"].as_primitive::<Float64Type>().value(0), 0.25);
        assert!(rows.column_by_name("namespace").unwrap().is_null(0));
    }

    #[test]
    fn nothing_said_is_an_empty_table() {
        let mut bytes = Vec::new();
        write_scores(&mut bytes, std::iter::empty()).unwrap();
        assert!(bytes.starts_with(b"PAR1"));
    }
}
