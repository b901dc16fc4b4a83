//! Images of a small program: these tests themselves, which link what Foresail links.

use std::path::PathBuf;

use super::archive::{Image, Tag};
use super::check::{self, Room};
use super::contents::{self, Node, PROGRAM, STATE, USER};

fn image(program: &std::path::Path) -> Image {
    let layers = vec![contents::system(program).unwrap(), contents::program(program).unwrap()];
    let tag = Tag { repository: "foresail", version: "1.2.3" };
    Image { tag, revision: Some("0123abc".to_owned()), layers }
}

fn these_tests() -> PathBuf {
    std::env::current_exe().unwrap()
}

#[test]
fn an_image_is_unpacked_and_its_program_runs_under_its_own_loader() {
    let archive = image(&these_tests()).archive().unwrap();
    let root = tempfile::tempdir().unwrap();
    check::unpack(&archive, root.path()).unwrap();
    for path in ["etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt", PROGRAM] {
        assert!(root.path().join(path).is_file(), "{path}");
    }
    let listed = Room::Open.run(root.path(), &["--list"]).unwrap();
    assert!(listed.contains("an_image_is_unpacked"), "{listed}");
}

/// Needs `root`; elsewhere the run above is what can be had.
#[test]
fn root_runs_the_program_as_the_image_does_and_it_can_write_nothing() {
    let archive = image(&these_tests()).archive().unwrap();
    let root = tempfile::tempdir().unwrap();
    check::unpack(&archive, root.path()).unwrap();
    match Room::of(root.path(), "--list") {
        Room::Open => eprintln!("not root: nothing is closed in here"),
        Room::Closed => {
            let run = Room::Closed.run(root.path(), &["--ignored", "--exact", WRITER]).unwrap();
            assert!(run.contains("1 passed"), "{run}");
        }
    }
}

const WRITER: &str = "image::tests::inside_the_image_nothing_can_be_written";

/// Started by the test above, inside the image.
#[test]
#[ignore = "runs inside an image"]
fn inside_the_image_nothing_can_be_written() {
    let status = std::fs::read_to_string("/etc/passwd").unwrap();
    assert!(status.contains(&format!("foresail:x:{USER}")), "not inside: {status}");
    let own = std::fs::write(format!("/{STATE}/file"), "x").unwrap_err();
    assert_eq!(own.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    assert!(std::fs::write("/file", "x").is_err());
    let mut entries = std::fs::read_dir("/").unwrap();
    assert!(entries.all(|entry| {
        ["etc", "lib", "lib64", "usr", "var"]
            .contains(&entry.unwrap().file_name().to_str().unwrap())
    }));
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let program = these_tests();
    assert_eq!(image(&program).archive().unwrap(), image(&program).archive().unwrap());
}

#[test]
fn a_changed_blob_is_found() {
    let mut archive = image(&these_tests()).archive().unwrap();
    let place = archive.windows(8).position(|window| window == b"rootfs\":").unwrap();
    archive[place] = b'R';
    let root = tempfile::tempdir().unwrap();
    let error = check::unpack(&archive, root.path()).unwrap_err();
    assert!(error.to_string().contains("other content"), "{error:#}");
}

#[test]
fn the_state_folder_belongs_to_the_user_and_all_else_to_root() {
    let layer = contents::system(&these_tests()).unwrap();
    for (path, node) in layer.nodes() {
        if let Node::Folder { owner } = node {
            assert_eq!(*owner, if path == STATE { USER } else { 0 }, "{path}");
        }
    }
}

#[test]
fn the_objects_of_a_program_are_read_from_the_answer_of_ldd() {
    let answer = "\tlinux-vdso.so.1 (0x7ff)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x7f)\n\
                  \t/lib64/ld-linux-x86-64.so.2 (0x7f)\n";
    let objects = contents::objects_of(answer).unwrap();
    let wanted = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"];
    assert!(objects.iter().eq(wanted.map(PathBuf::from).iter()), "{objects:?}");
    assert!(contents::objects_of("\tstatically linked\n").unwrap().is_empty());
    assert!(contents::objects_of("\tlibx.so.1 => not found\n").is_err());
}

#[test]
fn certificates_stand_in_order_of_their_names_and_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = contents::certificates(folder.path()).unwrap_err();
    assert!(error.to_string().contains("ca-certificates"), "{error:#}");
    std::fs::write(folder.path().join("b.crt"), "B").unwrap();
    std::fs::write(folder.path().join("a.crt"), "A\n").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no").unwrap();
    assert_eq!(contents::certificates(folder.path()).unwrap(), b"A\nB\n");
}
