//! `vicino captures` as a program: what it lists, what it does not wait for, hostile names, exit codes.

#![cfg(all(unix, feature = "zstd"))]
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

const ROWS: &str = "time_us,station,address,address_kind,pdu,rssi_dbm,tx_power_dbm,channel,raw,data\n";

fn vicino(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("vicino").unwrap();
    // Whatever it waits for ends the test.
    command.args(args).timeout(Duration::from_mins(1));
    command
}

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

fn listed(folder: &Path, more: &[&str]) -> Value {
    let mut command = vicino(&["captures", folder.to_str().unwrap(), "--json"]);
    let output = command.args(more).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn capture<'a>(listing: &'a Value, file: &str) -> &'a Value {
    let captures = listing["captures"].as_array().unwrap();
    captures.iter().find(|capture| capture["file"] == file).unwrap()
}

#[test]
fn the_bundled_captures_are_listed_each_once() {
    let listing = listed(&bundled(), &[]);
    assert_eq!(listing["schema"], "vicino/captures/1");
    assert_eq!((&listing["folders"], &listing["left_out"]), (&json!([]), &json!(0)));
    let mut files: Vec<_> = listing["captures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|capture| capture["file"].as_str().unwrap())
        .collect();
    files.sort_unstable();
    let names = [
        "bench-1m.csv.zst",
        "demo.csv.zst",
        "hostile.csv.zst",
        "rotation-faults.csv.zst",
        "two-phones.csv",
    ];
    assert_eq!(files, names);
    let two = capture(&listing, "two-phones.csv");
    let parts = ["csv", "events.csv", "toml"].map(|ending| bundled().join(format!("two-phones.{ending}")));
    let bytes: u64 = parts.iter().map(|part| part.metadata().unwrap().len()).sum();
    let modified = two["modified_us"].as_i64();
    assert!(modified.is_some());
    assert_eq!(
        *two,
        json!({
            "file": "two-phones.csv", "kind": "native", "bytes": bytes, "modified_us": modified, "state": "complete",
            "title": "Two phones at a metre, one rotation each", "adverts": 688,
            "first_us": 1_591_012_800_000_000_i64, "last_us": 1_591_012_859_814_968_i64,
        })
    );
}

#[test]
fn people_get_a_table_and_scripts_rows() {
    let folder = bundled();
    let folder = folder.to_str().unwrap();
    let demo = contains("demo.csv.zst").and(contains("6275  complete  Demo: phones walking past"));
    let two = contains("two-phones.csv ").and(contains("2020-06-01 12:00       59.8 s"));
    vicino(&["captures", folder]).assert().success().stdout(demo.and(two));
    let output = vicino(&["captures", folder, "--csv", "--details"]).output().unwrap();
    let mut reader = csv::Reader::from_reader(&*output.stdout);
    assert_eq!(reader.headers().unwrap().len(), 18);
    assert_eq!(reader.records().map(Result::unwrap).count(), 5);
}

#[test]
fn details_are_those_of_a_replay() {
    let listing = listed(&bundled(), &["--details"]);
    for file in listing["captures"].as_array().unwrap() {
        let (details, file) = (&file["details"], file["file"].as_str().unwrap());
        let path = bundled().join(file);
        let output = vicino(&["replay", "--headless", "--json", path.to_str().unwrap()])
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let len = |value: &Value| json!(value.as_array().unwrap().len());
        let mut addresses: Vec<_> = report["devices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|device| format!("{} {}", device["address"], device["address_kind"]))
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        for (key, expected) in [
            ("first_us", report["first_us"].clone()),
            ("last_us", report["last_us"].clone()),
            ("adverts", report["totals"]["adverts"].clone()),
            ("scan_responses", report["totals"]["scan_responses"].clone()),
            ("identifiers", report["rotation"]["rpis"].clone()),
            ("addresses", json!(addresses.len())),
            ("marks", len(&report["marks"])),
            ("gaps", len(&report["gaps"])),
            ("failure", Value::Null),
        ] {
            assert_eq!(details[key], expected, "{file}: {key}");
        }
        let is_any = |value: &Value| value.as_u64().unwrap() > 0;
        assert_eq!(
            is_any(&details["out_of_step"]),
            is_any(&report["rotation"]["addresses_with_several_rpis"]),
            "{file}"
        );
    }
}

#[test]
fn names_and_titles_cannot_steer_the_terminal() {
    const STEERING: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\u{200f}\r\n";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("x{STEERING}.csv")), ROWS).unwrap();
    let title = "title = \"\\u001b[2Jt\\u202e\"\ncomplete = true\n";
    fs::write(folder.path().join(format!("x{STEERING}.toml")), title).unwrap();
    fs::write(folder.path().join(format!("y{STEERING}.btsnoop")), "nothing known").unwrap();
    fs::create_dir(folder.path().join(format!("z{STEERING}"))).unwrap();
    for form in [&[][..], &["--json"], &["--csv"], &["--details"]] {
        let output = vicino(&["captures", folder.path().to_str().unwrap()])
            .args(form)
            .output()
            .unwrap();
        for bytes in [output.stdout, output.stderr] {
            let text = String::from_utf8(bytes).unwrap();
            let steers = |letter: char| letter != '\n' && (letter.is_control() || "\u{202e}\u{200f}".contains(letter));
            assert!(!text.contains(steers), "{form:?}: {text:?}");
        }
    }
    let listing = listed(folder.path(), &[]);
    let native = capture(&listing, &format!("x{STEERING}.csv"));
    assert_eq!(native["title"], "\u{1b}[2Jt\u{202e}", "as it is, escaped");
    assert_eq!(listing["folders"], json!([format!("z{STEERING}")]));
    assert_eq!(capture(&listing, &format!("y{STEERING}.btsnoop"))["kind"], Value::Null);
}

#[test]
fn a_fifo_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), ROWS).unwrap();
    for name in ["a.toml", "a.events.csv", "b.csv"] {
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join(name))
            .status()
            .unwrap();
        assert!(made.success());
    }
    let listing = listed(folder.path(), &[]);
    assert_eq!(listing["captures"].as_array().unwrap().len(), 1);
    let mut details = vicino(&["captures", "--details", folder.path().to_str().unwrap()]);
    details
        .assert()
        .code(3)
        .stderr(contains("a.events.csv: not a regular file"))
        .stdout(contains("a.csv"));
}

#[test]
fn a_recording_that_was_not_ended_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let row = "1600000000000000,hci0,60:00:00:5e:00:01,random-resolvable,ADV_IND,-61,,,,020106\n";
    fs::write(folder.path().join("a.csv"), format!("{ROWS}{row}{row}16000000")).unwrap();
    let meta =
        "complete = false\n[span]\nfirst_us = 1600000000000000\nlast_us = 1600000000000000\n[counts]\nadverts = 1\n";
    fs::write(folder.path().join("a.toml"), meta).unwrap();
    let listing = listed(folder.path(), &["--details"]);
    let found = capture(&listing, "a.csv");
    assert_eq!((&found["state"], &found["adverts"]), (&json!("recording"), &json!(1)));
    assert_eq!(
        (&found["details"]["adverts"], &found["details"]["damaged"]),
        (&json!(2), &json!(1))
    );
    let rows = fs::File::options()
        .append(true)
        .open(folder.path().join("a.csv"))
        .unwrap();
    rows.set_modified(std::time::UNIX_EPOCH).unwrap();
    let listing = listed(folder.path(), &[]);
    assert_eq!(capture(&listing, "a.csv")["state"], "interrupted");
    vicino(&["captures", folder.path().to_str().unwrap()])
        .assert()
        .success()
        .stdout(contains("1+  interrupted"));
}

#[test]
fn the_own_folder_need_not_be_there_yet() {
    let home = tempfile::tempdir().unwrap();
    let at_home = |form: &[&str]| {
        let mut command = vicino(&["captures"]);
        command.args(form).env("HOME", home.path()).env_remove("XDG_DATA_HOME");
        command.assert().success()
    };
    let calm = contains("no captures yet")
        .and(contains(".local/share/vicino/captures"))
        .and(contains("vicino captures ."));
    at_home(&[]).stdout("").stderr(calm);
    let output = at_home(&["--json"]).get_output().stdout.clone();
    let json: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(json["captures"], json!([]));
    at_home(&["--csv"]).stdout(contains("file,kind,bytes").and(contains("\n").count(1)));
    let own = home.path().join(".local/share/vicino/captures");
    fs::create_dir_all(&own).unwrap();
    at_home(&[]).stderr(contains("no captures in"));
    fs::write(own.join("a.csv"), ROWS).unwrap();
    at_home(&[]).stdout(contains("a.csv"));
    let mut elsewhere = vicino(&["captures"]);
    elsewhere
        .env("XDG_DATA_HOME", home.path())
        .assert()
        .success()
        .stderr(contains("no captures yet"));
}

#[test]
fn what_cannot_be_read_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file, folder.path().join("missing")] {
        let mut command = vicino(&["captures", path.to_str().unwrap()]);
        command.assert().code(3).stderr(contains("the folder cannot be read"));
    }
    vicino(&["captures", "--json", "--csv"]).assert().code(2);
}
