//! The bundled captures are what the simulator makes of their scenarios today.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use vicino::format::EventReader;
use vicino::format::native::{Meta, Reader};
use vicino::lab::event::CaptureEvent;
use vicino::sim::scenario::Scenario;
use vicino::sim::{Simulation, builtin};

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn same(ours: &[u8], bundled: &[u8], file: &str) {
    let line = |text: &[u8], n: usize| {
        text.split(|byte| *byte == b'\n')
            .nth(n)
            .map(|line| String::from_utf8_lossy(line).into_owned())
    };
    if ours != bundled {
        let first = (0..ours.len())
            .find(|n| line(ours, *n) != line(bundled, *n))
            .unwrap_or_default();
        panic!(
            "{file} differs from line {}:\n  now     {:?}\n  bundled {:?}\nsee captures/README.md for making it again",
            first + 1,
            line(ours, first),
            line(bundled, first)
        );
    }
}

/// Makes the capture again and compares all files; gives the names of the two files of rows, which the caller compares.
fn regenerate(name: &str, extension: &str) -> [Vec<u8>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join(format!("{name}{extension}"));
    Command::new(env!("CARGO_BIN_EXE_vicino"))
        .args(["simulate", name])
        .arg(&rows)
        .assert()
        .success();
    for part in ["events", "truth", "keys"] {
        let file = format!("{name}.{part}.csv");
        same(&read(&folder.path().join(&file)), &read(&bundled(&file)), &file);
    }
    let file = format!("{name}.toml");
    let meta = |path: &Path| Meta::read(path).unwrap();
    let (ours, theirs) = (meta(&folder.path().join(&file)), meta(&bundled(&file)));
    // The program's version and the compressed file's sum and length may change without a change of the data.
    assert_eq!(
        Meta {
            program: theirs.program.clone(),
            sha256: theirs.sha256.clone(),
            bytes: theirs.bytes,
            ..ours
        },
        theirs
    );
    assert!(theirs.complete);
    [read(&rows), read(&bundled(&format!("{name}{extension}")))]
}

#[test]
fn two_phones_is_what_the_simulator_makes() {
    let [ours, theirs] = regenerate("two-phones", ".csv");
    same(&ours, &theirs, "two-phones.csv");
}

#[cfg(feature = "zstd")]
#[test]
fn compressed_captures_are_what_the_simulator_makes() {
    for name in ["demo", "bench-1m", "rotation-faults", "hostile"] {
        let [ours, theirs] = regenerate(name, ".csv.zst").map(|file| zstd::decode_all(&file[..]).unwrap());
        same(&ours, &theirs, name);
    }
}

fn all(mut reader: impl EventReader) -> Vec<CaptureEvent> {
    let mut events = Vec::new();
    while reader.read(&mut events).unwrap() {}
    assert_eq!(reader.damage().count, 0, "{:?}", reader.damage());
    events
}

fn read_back(name: &str, extension: &str) {
    let scenario = Scenario::parse(builtin(name).unwrap()).unwrap();
    let simulated = all(Simulation::new(&scenario));
    let stored = all(Reader::open(&bundled(&format!("{name}{extension}"))).unwrap());
    for (idx, (simulated, stored)) in simulated.iter().zip(&stored).enumerate() {
        assert_eq!(simulated, stored, "{name}, event {idx}");
    }
    assert_eq!(simulated.len(), stored.len(), "{name}");
}

#[test]
fn what_is_read_back_equals_the_simulation_event_for_event() {
    read_back("two-phones", ".csv");
    if cfg!(feature = "zstd") {
        for name in ["demo", "bench-1m", "rotation-faults", "hostile"] {
            read_back(name, ".csv.zst");
        }
    }
}

#[test]
fn all_bundled_captures_together_are_small() {
    let total: u64 = std::fs::read_dir(bundled("."))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(total < 1_000_000, "{total} bytes");
}
