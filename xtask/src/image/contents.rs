//! What stands in the image: the program, the shared objects it links, CA certificates and a user.
//!
//! No shell and no package manager. Names resolve in glibc itself (2.34 and later), so no further
//! object is loaded at run time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// User and group that the program runs as; the number that images without a root user have settled on.
pub(crate) const USER: u32 = 65_532;
/// Where the program stands.
pub(crate) const PROGRAM: &str = "usr/local/bin/foresail";
/// The one folder that the user owns: what the program keeps, usually a volume.
pub(crate) const STATE: &str = "var/lib/foresail";
/// One file a certificate, as Debian's `ca-certificates` installs them. Not the joint file of the
/// machine: that one may hold certificates which somebody added here.
const CERTIFICATES: &str = "/usr/share/ca-certificates/mozilla";

/// One file or folder of a layer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A file of `root`, readable for all.
    File { content: Vec<u8>, mode: u32 },
    /// A folder and who owns it.
    Folder { owner: u32 },
}

/// Files and folders by path, without a leading slash.
#[derive(Debug, Default)]
pub(crate) struct Layer(BTreeMap<String, Node>);

// === impl Layer ===

impl Layer {
    /// Adds a file that all may read, and its folders.
    fn file(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.node(path, Node::File { content: content.into(), mode: 0o644 });
    }

    /// Adds a file that all may run, and its folders.
    fn executable(&mut self, path: &str, content: Vec<u8>) {
        self.node(path, Node::File { content, mode: 0o755 });
    }

    fn node(&mut self, path: &str, node: Node) {
        for (end, _) in path.match_indices('/') {
            self.0.entry(path[..end].to_owned()).or_insert(Node::Folder { owner: 0 });
        }
        self.0.insert(path.to_owned(), node);
    }

    /// What stands where, sorted: a folder before what is in it.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// The bytes of all files.
    pub(crate) fn unpacked_bytes(&self) -> u64 {
        let bytes = |node: &Node| match node {
            Node::File { content, .. } => content.len() as u64,
            Node::Folder { .. } => 0,
        };
        self.0.values().map(bytes).sum()
    }
}

/// The layer that changes with the system packages: shared objects, certificates, the user.
pub(crate) fn system(program: &Path) -> anyhow::Result<Layer> {
    let mut layer = Layer::default();
    for object in linked_objects(program)? {
        let content = read(&object)?;
        layer.executable(object.to_string_lossy().trim_start_matches('/'), content);
    }
    layer.file("etc/ssl/certs/ca-certificates.crt", certificates(Path::new(CERTIFICATES))?);
    let users = format!(
        "root:x:0:0:root:/:/sbin/nologin\nforesail:x:{USER}:{USER}:foresail:/{STATE}:/sbin/nologin\n"
    );
    layer.file("etc/passwd", users);
    layer.file("etc/group", format!("root:x:0:\nforesail:x:{USER}:\n"));
    layer.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    layer.node(STATE, Node::Folder { owner: USER });
    Ok(layer)
}

/// The layer that changes with every build.
pub(crate) fn program(program: &Path) -> anyhow::Result<Layer> {
    let mut layer = Layer::default();
    layer.executable(PROGRAM, read(program)?);
    Ok(layer)
}

/// The loader and the shared objects that `program` is linked with, as the loader of this machine finds them.
fn linked_objects(program: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("failed to start `ldd`")?;
    ensure!(
        output.status.success(),
        "`ldd {}` failed: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    objects_of(&String::from_utf8_lossy(&output.stdout))
}

/// The paths in the answer of `ldd`; the kernel's own object has none.
pub(crate) fn objects_of(answer: &str) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut objects = BTreeSet::new();
    for line in answer.lines().map(str::trim) {
        ensure!(!line.contains("not found"), "a shared object is missing here: `{line}`");
        let place = line.split_once("=> ").map_or(line, |(_, place)| place);
        let path = place.split_once(" (").map_or(place, |(path, _)| path);
        if path.starts_with('/') {
            objects.insert(PathBuf::from(path));
        }
    }
    Ok(objects)
}

/// All certificates below `folder`, in order of their file names.
pub(crate) fn certificates(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let advice = || {
        format!(
            "no CA certificates in `{}` (Debian: apt-get install ca-certificates)",
            folder.display()
        )
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(advice)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "crt"));
    files.sort();
    ensure!(!files.is_empty(), advice());
    let mut bundle = Vec::new();
    for file in files {
        bundle.extend(read(&file)?);
        if !bundle.ends_with(b"\n") {
            bundle.push(b'\n');
        }
    }
    Ok(bundle)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))
}
