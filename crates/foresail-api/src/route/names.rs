//! Closed lists of names, as the description shows them.

use foresail_core::FailureKind;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::objects::Kind;

/// The name of a failure kind.
pub(super) struct FailureKindName;

/// The name of a kind of object.
pub(super) struct ObjectKindName;

impl ToSchema for FailureKindName {}

impl PartialSchema for FailureKindName {
    fn schema() -> RefOr<Schema> {
        one_of(FailureKind::ALL.iter().map(|kind| kind.as_str()))
    }
}

impl ToSchema for ObjectKindName {}

impl PartialSchema for ObjectKindName {
    fn schema() -> RefOr<Schema> {
        one_of(Kind::NAMES.iter().map(|(name, _)| *name))
    }
}

fn one_of(names: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let names: Vec<&str> = names.collect();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
}
