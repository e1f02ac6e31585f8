use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hex_literal::hex;

use super::*;
use crate::format::native::HEADER;

const NOW: UnixMicros = UnixMicros(1_700_000_000_000_000);
const PCAP: [u8; 24] = hex!("d4c3b2a1 0200 0400 00000000 00000000 00000400 fb000000");

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>, age: u64) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    set_age(&path, age);
    path
}

/// Puts the time of the last writing so many seconds before [`NOW`].
fn set_age(path: &Path, age: u64) {
    let now = UNIX_EPOCH + Duration::from_micros(NOW.0.unsigned_abs());
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(now - Duration::from_secs(age)).unwrap();
}

fn rows() -> String {
    format!("{HEADER}\n")
}

fn listed(folder: &Path) -> Vec<(String, State)> {
    let listing = scan(folder, NOW).unwrap();
    listing
        .entries
        .into_iter()
        .map(|entry| (entry.name, entry.state))
        .collect()
}

fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn captures_are_listed_once_with_their_companions_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "b.csv", rows(), 100);
    write(at, "b.events.csv", format!("{EVENTS}\n"), 1);
    write(at, "b.toml", "title = \"bench\"\n", 1);
    write(at, "lonely.events.csv", format!("{EVENTS}\n"), 1);
    write(at, "a.csv", rows(), 100);
    write(at, "c.pcap", PCAP, 50);
    write(at, "no-ending", PCAP, 60);
    write(at, "killed.csv", "", 70);
    write(at, "half.csv", "time_us,sta", 71);
    write(at, "broken.btsnoop", "no capture", 80);
    for (name, content) in [
        ("letter.csv", "Dear all,"),
        ("b.truth.csv", "time_us,who,x\n"),
        (".hidden.csv", HEADER),
        ("README", "x"),
    ] {
        write(at, name, content, 1);
    }
    fs::create_dir(at.join("sub")).unwrap();
    fs::create_dir(at.join(".git")).unwrap();
    let foreign = State::Foreign;
    let bare = State::NoMetadata;
    let expected = [
        ("c.pcap", foreign),
        ("no-ending", foreign),
        ("killed.csv", bare),
        ("half.csv", bare),
        ("broken.btsnoop", foreign),
        ("a.csv", bare),
        ("b.csv", State::Complete),
    ];
    assert_eq!(listed(at), expected.map(|(name, state)| (name.to_owned(), state)));
    let listing = scan(at, NOW).unwrap();
    assert_eq!((listing.folders, listing.left_out), (vec![OsString::from("sub")], 0));
    let by_name = |name: &str| listing.entries.iter().find(|entry| entry.name == name).unwrap();
    assert_eq!(by_name("broken.btsnoop").kind, None);
    assert_eq!(by_name("c.pcap").kind, Some(Kind::Pcap));
    let b = by_name("b.csv");
    assert_eq!(b.meta.as_ref().unwrap().title, "bench");
    assert_eq!(
        b.bytes,
        [
            HEADER,
            EVENTS,
            "..title = \"bench\"
"
        ]
        .concat()
        .len() as u64
    );
    assert_eq!(b.modified, Some(UnixMicros(NOW.0 - 100_000_000)));
}

const EVENTS: &str = crate::format::native::EVENTS_HEADER;

#[test]
fn a_recording_is_told_from_one_that_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (name, age) in [("new", 2), ("old", 60)] {
        write(at, &format!("{name}.csv"), rows(), age);
        write(at, &format!("{name}.toml"), "complete = false\n", 0);
    }
    write(at, "by-hand.csv", rows(), 3);
    write(at, "by-hand.toml", "title = \"x\"\n", 3);
    write(at, "odd.csv", rows(), 4);
    write(at, "odd.toml", "complete = [", 4);
    let expected = [
        ("new.csv", State::Recording),
        ("by-hand.csv", State::Complete),
        ("odd.csv", State::NoMetadata),
        ("old.csv", State::Interrupted),
    ];
    assert_eq!(listed(at), expected.map(|(name, state)| (name.to_owned(), state)));
}

#[test]
fn metadata_without_end_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let rows = write(folder.path(), "a.csv", rows(), 1);
    write(
        folder.path(),
        "a.toml",
        format!("title = \"{}\"\n", "x".repeat(70_000)),
        1,
    );
    assert_eq!(scan(folder.path(), NOW).unwrap().entries[0].meta, None);
    write(folder.path(), "a.toml", "title = \"x\"\n", 1);
    let mut room = 20;
    let kept = [(); 2].map(|()| about(&rows, None, NOW, &mut room).0.is_some());
    assert_eq!(kept, [true, false], "there is room for one");
}

#[test]
fn what_is_no_file_is_passed_over_and_links_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let outside = tempfile::tempdir().unwrap();
    let target = write(outside.path(), "target.csv", rows(), 5);
    fifo(&at.join("fifo.csv"));
    std::os::unix::fs::symlink(&target, at.join("link.csv")).unwrap();
    std::os::unix::fs::symlink(at.join("nowhere"), at.join("dangling.csv")).unwrap();
    write(at, "rows.csv", rows(), 1);
    fifo(&at.join("rows.toml"));
    fifo(&at.join("rows.events.csv"));
    let names: Vec<_> = listed(at).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["rows.csv", "link.csv"]);
    let failure = open(&at.join("rows.csv")).err().unwrap().to_string();
    assert!(failure.ends_with("rows.events.csv: not a regular file"), "{failure}");
    assert!(open(&at.join("fifo.csv")).is_err());
    delete(&at.join("link.csv")).unwrap();
    assert!(target.exists(), "a link alone goes");
}

#[test]
fn too_many_names_are_counted_and_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..MOST_LOOKED_AT + 3 {
        fs::File::create(folder.path().join(n.to_string())).unwrap();
    }
    let listing = scan(folder.path(), NOW).unwrap();
    assert_eq!((listing.entries.len(), listing.left_out), (0, 3));
}

#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let said = scan(&missing, NOW).unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "{}: the folder cannot be read: no such file or directory",
            missing.display()
        )
    );
}

#[test]
fn a_capture_is_deleted_with_its_companions_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let capture = write(at, "a.csv", rows(), 1);
    write(at, "a.events.csv", format!("{EVENTS}\n"), 1);
    write(at, "a.toml", "title = \"x\"\n", 1);
    write(at, "a.keys.csv", "kept", 1);
    assert_eq!(
        files(&capture),
        ["a.csv", "a.events.csv", "a.toml"].map(|name| at.join(name))
    );
    let held = scan(at, NOW).unwrap().entries[0].bytes;
    assert_eq!(delete(&capture).unwrap(), held);
    let left: Vec<_> = at.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.keys.csv"]);
    assert!(files(&capture).is_empty());
}

#[test]
fn companions_stay_while_another_capture_of_the_name_uses_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let plain = write(at, "a.csv", rows(), 1);
    let other = write(at, "a.csv.zst", "whatever", 1);
    let meta = write(at, "a.toml", "title = \"x\"\n", 1);
    delete(&plain).unwrap();
    assert!(meta.exists() && other.exists() && !plain.exists());
}

#[test]
fn what_is_no_capture_is_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let sub = at.join("sub.csv");
    fs::create_dir(&sub).unwrap();
    let letter = write(at, "letter.csv", "Dear all,", 1);
    let events = write(at, "a.events.csv", format!("{EVENTS}\n"), 1);
    let pipe = at.join("pipe.csv");
    fifo(&pipe);
    for (path, why) in [
        (&sub, "a folder"),
        (&letter, "not a capture"),
        (&events, "not a capture"),
        (&pipe, "not a regular file"),
    ] {
        let refusal = delete(path).unwrap_err();
        assert!(refusal.to_string().contains(why), "{refusal}");
        assert!(path.exists());
    }
    assert!(matches!(delete(&at.join("gone")), Err(LibraryError::Io { .. })));
}

/// By the order alone: nothing can be made undeletable for a test that runs as root.
#[test]
fn rows_stay_where_a_companion_cannot_be_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let capture = write(folder.path(), "a.csv", rows(), 1);
    write(folder.path(), "a.toml", "title = \"x\"\n", 1);
    let order = files::in_order_of_deletion(&capture, known::kind(&capture).unwrap());
    assert_eq!(order.last(), Some(&capture));
    assert_eq!(order.len(), 2);
}

#[test]
fn a_folder_is_made_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("one/two");
    make_folder(&made).unwrap();
    make_folder(&made).unwrap();
    assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    write(folder.path(), "file", "", 1);
    let refusal = make_folder(&folder.path().join("file/x")).unwrap_err().to_string();
    assert!(refusal.contains("file/x: the folder cannot be made: "), "{refusal}");
}

#[cfg(feature = "zstd")]
#[test]
fn compressed_text_that_is_no_capture_is_not_listed_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let packed = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    write(folder.path(), "a.csv.zst", packed(&rows()), 1);
    write(folder.path(), "letter.zst", packed("Dear all,"), 2);
    write(folder.path(), "letter.csv.zst", packed("Dear all,"), 3);
    let torn = &packed(&format!("{}{}", rows(), "x,".repeat(500)))[..30];
    write(folder.path(), "torn.csv.zst", torn, 4);
    let listing = scan(folder.path(), NOW).unwrap();
    let found: Vec<_> = listing
        .entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind))
        .collect();
    let native = Some(Kind::NativeCsv { zstd: true });
    assert_eq!(
        found,
        [("a.csv.zst", native), ("letter.csv.zst", None), ("torn.csv.zst", None)]
    );
}
