//! The verbs `convert` and `mark`, as a person runs them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use vicino::format::open::{Capture, OpenOptions, open, open_capture};
use vicino::lab::event::{CaptureEvent, EventKind};

fn vicino() -> Command {
    Command::cargo_bin("vicino").expect("the program is built")
}

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VICINO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {}", path.display());
    None
}

/// Every advertising report with its time, byte for byte.
fn reports(path: &Path) -> Vec<(i64, Vec<u8>)> {
    let Capture::Packets(mut packets) = open_capture(path, &OpenOptions::default()).expect("opens") else {
        panic!("no packets in {}", path.display());
    };
    let mut found = Vec::new();
    while let Some(packet) = packets.next_packet().expect("reads on") {
        if let [0x3e, _, 0x02 | 0x0d, ..] = packet.data {
            found.push((packet.at.0, packet.data.to_vec()));
        }
    }
    found
}

fn events(path: &Path) -> Vec<CaptureEvent> {
    let mut reader = open(path, &OpenOptions::default()).expect("opens");
    let mut events = Vec::new();
    while reader.read(&mut events).expect("reads on") {}
    assert_eq!(reader.damage().count, 0, "{:?}", reader.damage());
    events
}

#[test]
fn real_captures_come_back_report_for_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (idx, source) in [
        "exp34-epfl-soldiers/pcaps/01.btsnoop",
        "exp34-epfl-soldiers/pcaps/18.btsnoop",
    ]
    .iter()
    .enumerate()
    {
        let Some(source) = shared(&format!("data/dp3t/{source}")) else {
            return;
        };
        let (native, back, pcapng) = (
            path(&format!("{idx}.csv")),
            path(&format!("{idx}.btsnoop")),
            path(&format!("{idx}.pcapng")),
        );
        vicino()
            .arg("convert")
            .arg(&source)
            .arg(&native)
            .args(["--clock-offset", "-7200"])
            .assert()
            .success();
        vicino()
            .arg("convert")
            .arg(&native)
            .arg(&back)
            .args(["--clock-offset", "7200"])
            .assert()
            .success();
        vicino()
            .arg("convert")
            .arg(&native)
            .arg(&pcapng)
            .args(["--clock-offset", "7200"])
            .assert()
            .success();
        let original = reports(&source);
        assert!(original.len() > 10_000);
        assert!(original == reports(&back), "btsnoop");
        assert!(original == reports(&pcapng), "pcapng");
        let toml = std::fs::read_to_string(native.with_extension("toml")).unwrap();
        assert!(
            toml.contains("clock_offset_s = -7200.0") && toml.contains("complete = true"),
            "{toml}"
        );
    }
}

const ROWS: &str = "time_us,station,address,address_kind,pdu,rssi_dbm,data\n\
    10,a,5e:1b:09:c4:77:01,random-resolvable,ADV_SCAN_IND,-60,03036ffd17166ffd480354bf5bbb677d1d4dd4078390f8c827ab9f6c\n\
    20,a,c4:10:55:12:e8:3a,random-static,ADV_IND,-70,0509416e6e61\n";

#[test]
fn privacy_options_leave_nothing_of_the_identifiers() {
    let folder = tempfile::tempdir().unwrap();
    let (source, private, stripped) = ("a.csv", "private.csv", "stripped.jsonl");
    std::fs::write(folder.path().join(source), ROWS).unwrap();
    vicino()
        .current_dir(&folder)
        .args(["convert", source, private, "--pseudonymise"])
        .assert()
        .success();
    let text = std::fs::read_to_string(folder.path().join(private)).unwrap();
    assert_eq!(text.lines().count(), 3);
    for secret in ["5e:1b:09", "480354bf", "c4:10:55", "416e6e61"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let meta = std::fs::read_to_string(folder.path().join("private.toml")).unwrap();
    assert!(meta.contains("keyed hashes, key not kept"), "{meta}");
    vicino()
        .current_dir(&folder)
        .args(["convert", source, stripped, "--strip-others"])
        .assert()
        .success();
    let text = std::fs::read_to_string(folder.path().join(stripped)).unwrap();
    assert_eq!(
        text.lines().filter(|line| line.contains("\"kind\":\"advert\"")).count(),
        1
    );
}

#[test]
fn outputs_are_not_overwritten_and_unknown_endings_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), ROWS).unwrap();
    let run = |args: &[&str]| vicino().current_dir(&folder).arg("convert").args(args).assert();
    for out in ["b.csv", "b.btsnoop", "b.pcapng", "b.jsonl"] {
        run(&["a.csv", out]).success();
        let refused = run(&["a.csv", out]).code(2);
        assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("hint: choose another name"));
    }
    run(&["a.csv", "b.xyz"]).code(2);
    run(&["missing.btsnoop", "c.csv"]).code(3);
    assert!(!folder.path().join("c.csv").exists());
    let piped = run(&["a.csv", "-", "--to", "csv"]).success();
    assert_eq!(String::from_utf8_lossy(&piped.get_output().stdout).lines().count(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn the_message_names_the_file_that_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/two-phones.csv");
    let convert = |out: &str| {
        let output = vicino()
            .current_dir(folder.path())
            .arg("convert")
            .arg(&demo)
            .args([out, "--to", "csv"])
            .output()
            .expect("runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout) + &text(output.stderr))
    };
    for (out, written) in [
        ("out.dat", "out.dat.csv"),
        ("big.CSV", "big.CSV"),
        ("plain", "plain.csv"),
    ] {
        let (code, said) = convert(out);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("-> {written}:")), "{said}");
        assert!(folder.path().join(written).is_file(), "{written}");
    }
    std::fs::create_dir(folder.path().join("sub.csv")).expect("a folder");
    for out in ["/dev/full", "sub.csv"] {
        let (code, said) = convert(out);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("is there and no file"), "{said}");
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("a.csv");
    std::fs::write(&capture, ROWS).unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("vicino"));
    let output = command
        .arg("convert")
        .arg(&capture)
        .arg("-")
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(4),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn marks_stand_in_the_capture_at_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("a.csv");
    std::fs::write(&capture, ROWS).unwrap();
    let run = |args: &[&str]| vicino().arg("mark").arg(&capture).args(args).assert();
    run(&[
        "--distance",
        "1.5",
        "--device",
        "bench-A",
        "--from",
        "15",
        "--to",
        "1970-01-01T00:00:01Z",
    ])
    .success();
    run(&["--note", "door, \"opened\"", "--at", "5"]).success();
    run(&[]).code(2);
    run(&["--distance", "-1"]).code(2);
    run(&["--note", "x", "--from", "9", "--to", "8"]).code(2);
    let seen = events(&capture);
    let [
        CaptureEvent::Other(_),
        CaptureEvent::Other(early),
        CaptureEvent::Advert(_),
        CaptureEvent::Other(later),
        CaptureEvent::Advert(_),
    ] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert!(matches!(&early.kind, EventKind::Mark(mark) if mark.note == "door, \"opened\"" && mark.to.is_none()));
    let EventKind::Mark(mark) = &later.kind else { panic!() };
    assert_eq!(
        (
            mark.device.as_str(),
            mark.distance.map(|metres| metres.0),
            mark.to.map(|to| to.0)
        ),
        ("bench-A", Some(1.5), Some(1_000_000))
    );
    let other = folder.path().join("b.btsnoop");
    std::fs::write(&other, b"btsnoop\0").unwrap();
    vicino().arg("mark").arg(&other).args(["--note", "x"]).assert().code(3);
}

#[test]
fn a_recording_killed_at_any_byte_of_its_beginning_opens() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("a.csv");
    let whole = format!(
        "{}\n{}",
        vicino::format::native::HEADER,
        "10,a,5e:1b:09:c4:77:01,,,,,,true,0201,,,,,,,,,,,\n11,a"
    );
    let header = vicino::format::native::HEADER.len();
    // Nothing at all is a recording only where its metadata say so.
    std::fs::write(&capture, "").unwrap();
    assert!(open(&capture, &OpenOptions::default()).is_err());
    std::fs::write(capture.with_extension("toml"), "complete = false\n").unwrap();
    for length in 0..=whole.len() {
        std::fs::write(&capture, &whole[..length]).unwrap();
        let mut reader = open(&capture, &OpenOptions::default()).unwrap();
        let mut events = Vec::new();
        while reader.read(&mut events).unwrap() {}
        let rows = events
            .iter()
            .filter(|event| matches!(event, CaptureEvent::Advert(_)))
            .count();
        assert_eq!(
            rows,
            whole[..length].matches('\n').count().saturating_sub(1),
            "cut at {length}"
        );
        assert_eq!(
            reader.damage().count == 0,
            whole[..length].ends_with('\n'),
            "cut at {length}"
        );
        assert!(length > header || rows == 0);
    }
}

/// Runs `mark` and gives exit code and standard error.
fn mark(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = vicino()
        .current_dir(folder)
        .arg("mark")
        .args(args)
        .output()
        .expect("it runs");
    let stderr = String::from_utf8(output.stderr).expect("text");
    (output.status.code().expect("no signal"), stderr)
}

#[test]
fn a_mark_without_a_time_needs_a_capture_that_is_being_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| mark(folder.path(), args);
    let events_file = folder.path().join("a.events.csv");
    std::fs::write(folder.path().join("a.csv"), ROWS).unwrap();
    let (code, said) = run(&["a.csv", "--note", "x"]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("say from when: --from TIME (the capture runs from 1970-01-01T00:00:00"),
        "{said}"
    );
    assert!(!events_file.exists());

    let now = vicino::clock::wall().0;
    let rows = ROWS.replace("\n10,", &format!("\n{now},"));
    assert_ne!(rows, ROWS);
    std::fs::write(folder.path().join("a.csv"), rows).unwrap();
    let (code, said) = run(&["a.csv", "--note", "x"]);
    assert_eq!((code, said.as_str()), (0, ""));
    std::fs::write(folder.path().join("a.toml"), "complete = true\n").unwrap();
    assert_eq!(run(&["a.csv", "--note", "x"]).0, 2);
}

#[test]
fn a_mark_for_another_time_station_or_kind_of_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| mark(folder.path(), args);
    std::fs::write(folder.path().join("a.csv"), ROWS).unwrap();
    let (code, said) = run(&["a.csv", "--note", "x", "--from", "2020-07-30T09:54:01Z"]);
    assert_eq!(code, 0);
    assert!(
        said.contains("warning: ") && said.contains("more than an hour outside the capture"),
        "{said}"
    );
    let (code, said) = run(&["a.csv", "--note", "x", "--from", "10", "--station", "nobody"]);
    assert_eq!(code, 2);
    assert!(
        said.contains("no station \"nobody\"") && said.contains("hint: it has "),
        "{said}"
    );

    std::fs::write(folder.path().join("b.btsnoop"), b"btsnoop\0").unwrap();
    let (code, said) = run(&["b.btsnoop", "--note", "x"]);
    assert_eq!(code, 3);
    assert!(
        said.contains("b.btsnoop: marks need a native capture; convert it first"),
        "{said}"
    );
    assert!(
        said.contains("hint: vicino convert b.btsnoop b.csv") && !said.contains("btsnoop.csv"),
        "{said}"
    );
    assert_eq!(run(&["missing.btsnoop", "--note", "x"]).0, 3);
}
