//! Models by name.

use foresail_core::store::{ClusterName, ModelEntry, ModelRole, NewModel, StoreError};

use crate::backend::Backend;
use crate::blob;
use crate::cell::{About, Cell, Fields};
use crate::statement::Statement;

const ADD: &str = "INSERT INTO models (cluster, name, kind, schema_id, sha256, bytes, added_at_ms, role) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (cluster, name) DO UPDATE SET \
    kind = excluded.kind, schema_id = excluded.schema_id, sha256 = excluded.sha256, \
    bytes = excluded.bytes, added_at_ms = excluded.added_at_ms";

const STAND_DOWN: &str =
    "UPDATE models SET role = $3 WHERE cluster = $1 AND name <> $2 AND role = $4";

/// Adds or replaces a model.
pub(crate) async fn add(
    backend: &dyn Backend,
    cluster: &ClusterName,
    model: &NewModel,
) -> Result<(), StoreError> {
    let (sha256, mut statements) = blob::put(&model.file);
    let values = vec![
        Cell::text(cluster.as_str()),
        Cell::key(&model.name),
        Cell::text(&model.kind),
        Cell::text(&model.schema),
        Cell::text(&sha256),
        Cell::len(model.file.len()),
        Cell::time(model.added_at),
        Cell::text(ModelRole::Idle.as_str()),
    ];
    statements.push(Statement::Execute(ADD, values));
    statements.push(Statement::Execute(blob::SWEEP, Vec::new()));
    backend.apply(statements).await.map(|_| ())
}

/// All models, by name.
pub(crate) async fn models(
    backend: &dyn Backend,
    cluster: &ClusterName,
) -> Result<Vec<ModelEntry>, StoreError> {
    let sql = "SELECT name, kind, schema_id, sha256, bytes, added_at_ms, role FROM models WHERE cluster = $1";
    let rows = backend.query(sql, vec![Cell::text(cluster.as_str())]).await?;
    let read = |row| {
        let mut fields = Fields::new(row, About(backend.place(), "models"));
        Ok(ModelEntry {
            name: fields.text()?,
            kind: fields.text()?,
            schema: fields.text()?,
            sha256: fields.text()?,
            bytes: fields.int()?.unsigned_abs(),
            added_at: fields.time()?,
            role: fields.one_of(&ModelRole::ALL, ModelRole::as_str)?,
        })
    };
    let mut models: Vec<ModelEntry> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// The SHA-256 of a model's file.
async fn sha256(
    backend: &dyn Backend,
    cluster: &ClusterName,
    name: &str,
) -> Result<String, StoreError> {
    let sql = "SELECT sha256 FROM models WHERE cluster = $1 AND name = $2";
    let values = vec![Cell::text(cluster.as_str()), Cell::key(name)];
    match backend.query(sql, values).await?.into_iter().next() {
        Some(row) => Fields::new(row, About(backend.place(), "models")).text(),
        None => Err(StoreError::UnknownModel {
            place: backend.place().to_owned(),
            name: name.chars().take(253).collect(),
        }),
    }
}

/// The file of a model.
pub(crate) async fn file(
    backend: &dyn Backend,
    cluster: &ClusterName,
    name: &str,
) -> Result<Vec<u8>, StoreError> {
    let sha256 = sha256(backend, cluster, name).await?;
    blob::get(backend, &sha256, "model").await
}

/// Gives a model a role; of two in service the older one becomes a shadow.
pub(crate) async fn set_role(
    backend: &dyn Backend,
    cluster: &ClusterName,
    (name, role): (&str, ModelRole),
) -> Result<(), StoreError> {
    sha256(backend, cluster, name).await?;
    let this = [Cell::text(cluster.as_str()), Cell::key(name)];
    let mut statements = Vec::new();
    match role {
        ModelRole::InService => {
            let roles =
                [ModelRole::Shadow, ModelRole::InService].map(|role| Cell::text(role.as_str()));
            statements.push(Statement::Execute(STAND_DOWN, [this.as_slice(), &roles].concat()));
        }
        ModelRole::Shadow | ModelRole::Idle => {}
    }
    let values = [this.as_slice(), &[Cell::text(role.as_str())]].concat();
    let sql = "UPDATE models SET role = $3 WHERE cluster = $1 AND name = $2";
    statements.push(Statement::Execute(sql, values));
    backend.apply(statements).await.map(|_| ())
}

/// Removes a model.
pub(crate) async fn remove(
    backend: &dyn Backend,
    cluster: &ClusterName,
    name: &str,
) -> Result<(), StoreError> {
    sha256(backend, cluster, name).await?;
    let this = vec![Cell::text(cluster.as_str()), Cell::key(name)];
    let statements = vec![
        Statement::Execute("DELETE FROM models WHERE cluster = $1 AND name = $2", this),
        Statement::Execute(blob::SWEEP, Vec::new()),
    ];
    backend.apply(statements).await.map(|_| ())
}
