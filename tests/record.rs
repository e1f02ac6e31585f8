//! `vicino record` of what a capture plays, and where there is no Bluetooth.

use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use predicates::prelude::*;
use predicates::str::contains;

/// Times of the rows of a capture.
fn times(capture: &Path) -> Vec<i64> {
    let text = std::fs::read_to_string(capture).expect("rows");
    let fields = text.lines().skip(1).filter_map(|row| row.split(',').next());
    fields.map(|time| time.parse().expect("a time")).collect()
}

#[test]
fn a_played_capture_is_recorded_for_a_time_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/two-phones.csv");
    // The first event of all is one of the receiver itself.
    let end = 1_591_012_800_000_000 + 20_000_000;
    cargo_bin_cmd!("vicino")
        .current_dir(&folder)
        .args(["record", "part", "--for", "20s", "--speed", "max", "--from"])
        .arg(&demo)
        .assert()
        .success();
    let mut within = times(&demo);
    within.retain(|time| *time < end);
    assert!(within.len() > 100, "{}", within.len());
    assert_eq!(times(&folder.path().join("part.csv")), within);
}

#[cfg(all(feature = "ble", target_os = "linux"))]
#[test]
fn without_a_bus_it_says_what_to_record_instead_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("bus");
    cargo_bin_cmd!("vicino")
        .current_dir(&folder)
        .args(["record", "monday"])
        .env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", nowhere.display()))
        .assert()
        .code(4)
        .stdout("")
        .stderr(contains("hint: start dbus").and(contains("--from CAPTURE").and(contains("vicino simulate demo"))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
