use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::frame::{ColumnSchema, Schema};

fn place() -> PathBuf {
    PathBuf::from("m.model")
}

fn header_of_a_model() -> Header {
    let levels = vec!["a".to_owned(), "b\n".to_owned()];
    let schema = Schema::new(vec![ColumnSchema::number("x"), ColumnSchema::category("c", levels)]);
    Header {
        kind: "test".to_owned(),
        schema: schema.unwrap(),
        card: Card {
            trained_at: Some("2026-01-02T03:04:05Z".to_owned()),
            program_version: "0.1.0".to_owned(),
            recordings: vec![TrainedOn { name: "lab".to_owned(), sha256: "00".to_owned() }],
            seed: u64::MAX,
            rows: 12,
            events: BTreeMap::from([("oom_killed".to_owned(), 3)]),
            time_scale: Some(10.0),
            horizons_minutes: vec![15.0, 100.0],
            notes: BTreeMap::from([("brier_skill".to_owned(), 0.1 + 0.2)]),
            table: None,
        },
        base_rates: BTreeMap::from([("oom_killed".to_owned(), 1.0 / 3.0)]),
        operating_points: vec![OperatingPoint {
            budget: 0.5,
            threshold: 0.123_456_789_012_345_67,
            false_alarms: 0.3,
            false_alarms_upper: 0.49,
            caught: None,
        }],
    }
}

fn asked() -> Expected<'static> {
    Expected { kind: "test", schema: None }
}

fn parse(bytes: &[u8]) -> Result<Model<Vec<u32>>, ModelFileError> {
    from_bytes(Named { name: &place(), bytes }, &asked())
}

fn small() -> Vec<u8> {
    to_bytes(&place(), &header_of_a_model(), &vec![1_u32, 2, 3]).unwrap()
}

#[test]
fn a_file_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.model");
    let header = header_of_a_model();
    write(&path, &header, &vec![1_u32, 2, 3]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), small(), "the same bytes every time");
    let schema = Some(header.schema.id());
    let model: Model<Vec<u32>> = read(&path, &Expected { kind: "test", schema }).unwrap();
    assert_eq!(model, Model { header: header.clone(), payload: vec![1, 2, 3] });
    let bytes = fs::read(&path).unwrap();
    assert_eq!(super::header(Named { name: &path, bytes: &bytes }).unwrap(), header);
    // A second write replaces the first and leaves nothing beside it.
    write(&path, &header, &vec![4_u32]).unwrap();
    assert_eq!(read::<Vec<u32>>(&path, &asked()).unwrap().payload, [4]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = small();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[position] ^= 1 << bit;
            assert!(parse(&other).is_err(), "bit {bit} of byte {position}");
        }
    }
}

#[test]
fn every_cut_and_every_addition_is_refused() {
    let bytes = small();
    for length in 0..bytes.len() {
        assert!(parse(&bytes[..length]).is_err(), "{length} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(parse(&longer), Err(ModelFileError::Changed { .. })));
}

#[test]
fn refusals_name_file_and_reason() {
    let bytes = small();
    let text = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
    assert_eq!(
        text(b"PK\x03\x04"),
        "`m.model` is not a model file: it does not begin with `{\"format\":`"
    );
    assert_eq!(
        text(b"{\"format\":2,\"anything\":0}"),
        "model file `m.model` has format `2`, this program reads format `1`"
    );
    let n = bytes.len();
    assert_eq!(
        text(&bytes[..n - 2]),
        format!("model file `m.model` is cut short: `{}` bytes of `{n}`", n - 2)
    );
    assert_eq!(
        text(&bytes[..100]),
        "model file `m.model` is cut short: `100` bytes, its header does not end"
    );
    let mut other = bytes.clone();
    other[n - 1] ^= 1;
    assert!(text(&other).starts_with("model file `m.model` was changed: it says sha256 `"));
    let kind = Expected { kind: "forest", schema: None };
    let refused = from_bytes::<Vec<u32>>(Named { name: &place(), bytes: &bytes }, &kind);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "model file `m.model` holds a model of kind `test`, not `forest`"
    );
    let other_id = Schema::numbers(&["y"]).unwrap().id();
    let schema = Expected { kind: "test", schema: Some(other_id.clone()) };
    let refused = from_bytes::<Vec<u32>>(Named { name: &place(), bytes: &bytes }, &schema);
    let own = header_of_a_model().schema.id();
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("model file `m.model` takes schema `{own}`, not `{other_id}`")
    );
    let refused = from_bytes::<String>(Named { name: &place(), bytes: &bytes }, &asked());
    assert!(refused.unwrap_err().to_string().starts_with("model file `m.model`, body: "));
    let missing = read::<Vec<u32>>(&PathBuf::from("no-such.model"), &asked()).unwrap_err();
    assert_eq!(missing.to_string(), "failed to read model file `no-such.model`");
}

#[test]
fn an_endless_first_line_is_refused() {
    let mut bytes = small()[..80].to_vec();
    bytes.resize(MOST_HEADER_BYTES + 1_000, b' ');
    assert!(matches!(parse(&bytes), Err(ModelFileError::NotAModel { .. })), "{}", bytes.len());
}

#[test]
fn a_claim_of_endless_content_takes_no_memory() {
    // A well-sealed body that announces four thousand million numbers and holds none.
    let header = header_of_a_model();
    let mut bytes = to_bytes(&place(), &header, &()).unwrap();
    bytes.pop();
    bytes.extend([0xdd, 0xff, 0xff, 0xff, 0xff]);
    let text = String::from_utf8_lossy(&bytes).replace("\"body_bytes\":1", "\"body_bytes\":5");
    let end = text.find('\n').unwrap() + 1;
    let mut sealed = text.as_bytes()[..end].to_vec();
    sealed.extend_from_slice(&bytes[bytes.len() - 5..]);
    let start = "{\"format\":1,\"sha256\":\"".len();
    let digits = hex(&sealed[start + HASH_DIGITS..]);
    sealed[start..start + HASH_DIGITS].copy_from_slice(digits.as_bytes());
    assert!(matches!(parse(&sealed), Err(ModelFileError::Body { .. })));
}

#[test]
fn what_would_not_come_back_is_not_written() {
    let mut header = header_of_a_model();
    header.base_rates.insert("evicted".to_owned(), f64::NAN);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.model");
    assert!(matches!(write(&path, &header, &0_u8), Err(ModelFileError::Encode { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let onto_a_folder = write(folder.path(), &header_of_a_model(), &0_u8);
    assert!(matches!(onto_a_folder, Err(ModelFileError::Encode { .. })));
    let nowhere = write(&path.join("b.model"), &header_of_a_model(), &0_u8);
    assert!(matches!(nowhere, Err(ModelFileError::Io { verb: "write", .. })));
}

proptest! {
    #[test]
    fn any_content_comes_back_and_any_change_is_refused(
        payload in prop::collection::vec(any::<u32>(), 0..40),
        rate in any::<f64>().prop_filter("JSON has finite numbers only", |rate| rate.is_finite()),
        note in ".{0,20}",
        (position, byte) in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let mut header = header_of_a_model();
        header.base_rates.insert(note.clone(), rate);
        header.card.trained_at = Some(note);
        let bytes = to_bytes(&place(), &header, &payload).unwrap();
        prop_assert_eq!(parse(&bytes).unwrap(), Model { header, payload });
        let mut other = bytes.clone();
        let position = position.index(bytes.len());
        other[position] = byte;
        prop_assert_eq!(parse(&other).is_ok(), bytes[position] == byte);
        prop_assert!(parse(&bytes[..position]).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse(&bytes).is_err());
        let begun = [b"{\"format\":1,\"sha256\":\"".as_slice(), &bytes].concat();
        prop_assert!(parse(&begun).is_err());
    }
}
