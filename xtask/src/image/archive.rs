//! Layers as an archive in two forms at once: an OCI image layout (`ctr image import`, `skopeo`,
//! `podman`) and the `manifest.json` that `docker load` asks for.
//!
//! Source: OCI image format 1.1 (layout, manifest, configuration), and the archive of `docker save` since version 25.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::contents::{Layer, Node, PROGRAM, STATE, USER};

/// The date of everything, so that the same content gives the same bytes.
const CREATED: &str = "1970-01-01T00:00:00Z";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What an image is asked for by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    pub(crate) repository: &'static str,
    pub(crate) version: &'static str,
}

/// An image before it is packed.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) tag: Tag,
    /// The commit, where there is exactly one.
    pub(crate) revision: Option<String>,
    /// Lowest first.
    pub(crate) layers: Vec<Layer>,
}

/// Content by its digest.
#[derive(Debug)]
struct Blob {
    media_type: &'static str,
    digest: String,
    content: Vec<u8>,
}

// === impl Blob ===

impl Blob {
    fn new(media_type: &'static str, content: Vec<u8>) -> Self {
        Self { media_type, digest: sha256(&content), content }
    }

    fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": format!("sha256:{}", self.digest),
            "size": self.content.len(),
        })
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", self.digest)
    }
}

// === impl Image ===

impl Image {
    /// The archive, uncompressed outside: its layers are compressed already.
    pub(crate) fn archive(&self) -> anyhow::Result<Vec<u8>> {
        let mut layers = Vec::new();
        let mut diff_ids = Vec::new();
        for layer in &self.layers {
            let tar = layer_tar(layer)?;
            diff_ids.push(format!("sha256:{}", sha256(&tar)));
            layers.push(Blob::new(LAYER, gzip(&tar)?));
        }
        let configuration = Blob::new(CONFIGURATION, bytes(&self.configuration(&diff_ids))?);
        let manifest = Blob::new(
            MANIFEST,
            bytes(&json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": configuration.descriptor(),
                "layers": layers.iter().map(Blob::descriptor).collect::<Vec<_>>(),
            }))?,
        );
        let docker = json!([{
            "Config": configuration.path(),
            "RepoTags": [self.name()],
            "Layers": layers.iter().map(Blob::path).collect::<Vec<_>>(),
        }]);
        let mut files = BTreeMap::from([
            ("oci-layout".to_owned(), bytes(&json!({ "imageLayoutVersion": "1.0.0" }))?),
            ("index.json".to_owned(), bytes(&self.index(&manifest))?),
            ("manifest.json".to_owned(), bytes(&docker)?),
        ]);
        let blobs = layers.into_iter().chain([configuration, manifest]);
        files.extend(blobs.map(|blob| (blob.path(), blob.content)));
        outer_tar(&files)
    }

    fn name(&self) -> String {
        format!("{}:{}", self.tag.repository, self.tag.version)
    }

    /// How the program is started, and what it is.
    fn configuration(&self, diff_ids: &[String]) -> Value {
        let mut labels = json!({
            "org.opencontainers.image.title": "foresail",
            "org.opencontainers.image.description": "Sees Kubernetes failures before they happen",
            "org.opencontainers.image.version": self.tag.version,
            "org.opencontainers.image.licenses": "MIT",
        });
        if let Some(revision) = &self.revision {
            labels["org.opencontainers.image.revision"] = json!(revision);
        }
        json!({
            "created": CREATED,
            "architecture": architecture(),
            "os": "linux",
            "config": {
                "User": format!("{USER}:{USER}"),
                "Entrypoint": [format!("/{PROGRAM}")],
                "Env": [
                    "PATH=/usr/local/bin",
                    format!("HOME=/{STATE}"),
                ],
                "WorkingDir": format!("/{STATE}"),
                "Labels": labels,
            },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": [
                { "created": CREATED, "created_by": "cargo xtask image", "comment": "shared objects, certificates, user" },
                { "created": CREATED, "created_by": "cargo xtask image", "comment": "foresail" },
            ],
        })
    }

    /// The one entry of the layout, with the names by which `podman` and `ctr` keep it.
    fn index(&self, manifest: &Blob) -> Value {
        let mut descriptor = manifest.descriptor();
        descriptor["platform"] = json!({ "architecture": architecture(), "os": "linux" });
        descriptor["annotations"] = json!({
            "io.containerd.image.name": format!("docker.io/library/{}", self.name()),
            "org.opencontainers.image.ref.name": self.tag.version,
        });
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
        })
    }
}

/// The processor that this build is for, in the words of Go.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn layer_tar(layer: &Layer) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, node) in layer.nodes() {
        match node {
            Node::File { content, mode } => {
                append(&mut tar, header(EntryType::Regular, *mode), path, content)?;
            }
            Node::Folder { owner } => {
                let mut header = header(EntryType::Directory, 0o755);
                header.set_uid(u64::from(*owner));
                header.set_gid(u64::from(*owner));
                append(&mut tar, header, &format!("{path}/"), &[])?;
            }
        }
    }
    Ok(tar.into_inner()?)
}

fn outer_tar(files: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for folder in ["blobs/", "blobs/sha256/"] {
        append(&mut tar, header(EntryType::Directory, 0o755), folder, &[])?;
    }
    for (path, content) in files {
        append(&mut tar, header(EntryType::Regular, 0o644), path, content)?;
    }
    Ok(tar.into_inner()?)
}

fn append(
    tar: &mut tar::Builder<Vec<u8>>,
    mut header: Header,
    path: &str,
    content: &[u8],
) -> std::io::Result<()> {
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content)
}

/// An entry of `root`, dated 1970.
fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// No name and no date in the header.
fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    encoder.write_all(content)?;
    encoder.finish()
}

fn bytes(value: &Value) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(value)
}

/// The hash as lowercase hexadecimal digits.
pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
