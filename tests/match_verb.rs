//! `vicino match` against the truth of a simulated capture, whatever the threads and the order of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

fn vicino() -> Command {
    Command::cargo_bin("vicino").expect("the program")
}

/// An export of the keys of a table, signed by a key of its own.
fn export(folder: &Path, name: &str, table: &Path) -> PathBuf {
    let (signer, out) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.zip")));
    vicino().args(["keys", "new-signer"]).arg(&signer).assert().success();
    vicino()
        .args(["keys", "export"])
        .arg(&out)
        .arg("--from")
        .arg(table)
        .args(["--region", "222", "--signer"])
        .arg(&signer)
        .assert()
        .success();
    out
}

fn matches(capture: &Path, arguments: &[&str], keys: &[&Path]) -> String {
    let mut command = vicino();
    command
        .arg("match")
        .arg(capture)
        .args(arguments)
        .arg("--csv")
        .arg("--keys")
        .args(keys);
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).expect("text")
}

/// Identifier and interval of each row, from the columns of these names.
fn pairs(text: &str, rpi: &str, interval: &str) -> BTreeSet<(String, String)> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().expect("a header").clone();
    let place = |name: &str| headers.iter().position(|header| header == name).expect("the column");
    let (rpi, interval) = (place(rpi), place(interval));
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.filter(|row| !row[rpi].is_empty())
        .map(|row| (row[rpi].to_owned(), row[interval].to_owned()))
        .collect()
}

#[test]
fn exactly_the_phones_of_the_simulation_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["demo", "rotation-faults"] {
        let keys = export(folder.path(), name, &bundled(&format!("{name}.keys.csv")));
        let found = matches(&bundled(&format!("{name}.csv.zst")), &[], &[&keys]);
        let truth = std::fs::read_to_string(bundled(&format!("{name}.truth.csv"))).unwrap();
        let heard: BTreeSet<_> = pairs(&found, "rpi", "interval");
        let sent = pairs(&truth, "rpi", "enin");
        assert!(!heard.is_empty() && heard.is_subset(&sent), "{name}: {heard:?}");
        // And every identifier that was heard and is in the truth is found.
        let listed = vicino()
            .args(["inspect", "--csv"])
            .arg(bundled(&format!("{name}.csv.zst")))
            .assert()
            .success();
        let listed = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
        let of_phones = sent.iter().filter(|(rpi, _)| listed.contains(rpi.as_str()));
        let missed = of_phones.filter(|pair| !heard.contains(pair));
        let devices: BTreeSet<&str> = missed.filter_map(|(rpi, _)| device_of(&truth, rpi)).collect();
        // A clock that is three hours wrong, and metadata that do not belong to the identifier, must not count.
        let expected: &[&str] = if name == "demo" {
            &[]
        } else {
            &["clock", "frozen metadata"]
        };
        assert!(devices.iter().eq(expected), "{name}: {devices:?}");
    }
}

/// Whose an identifier is, by the truth.
fn device_of<'a>(truth: &'a str, rpi: &str) -> Option<&'a str> {
    truth.lines().find(|line| line.contains(rpi))?.split(',').nth(2)
}

#[test]
fn threads_and_the_order_of_files_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        export(folder.path(), "a", &bundled("demo.keys.csv")),
        export(folder.path(), "b", &bundled("two-phones.keys.csv")),
    );
    let capture = bundled("demo.csv.zst");
    let one = matches(&capture, &["--threads", "1"], &[&a, &b]);
    assert!(one.lines().count() > 4, "{one}");
    assert_eq!(matches(&capture, &["--threads", "7"], &[&b, &a]), one);
    assert_eq!(matches(&capture, &[], &[folder.path()]), one);
}

#[test]
fn other_keys_and_other_days_match_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let table = std::fs::read_to_string(bundled("demo.keys.csv")).unwrap();
    let moved = folder.path().join("moved.csv");
    std::fs::write(&moved, table.replace("2651616", "2651760")).unwrap();
    let keys = export(folder.path(), "moved", &moved);
    let found = matches(&bundled("demo.csv.zst"), &[], &[&keys]);
    assert_eq!(found.lines().count(), 1, "{found}");
    let junk = folder.path().join("junk.zip");
    std::fs::write(&junk, b"PK\x03\x04 no archive").unwrap();
    vicino()
        .arg("match")
        .arg(bundled("demo.csv.zst"))
        .arg("--keys")
        .arg(&junk)
        .assert()
        .code(3)
        .stderr(predicate::str::contains("junk.zip"));
    vicino().arg("match").arg(bundled("demo.csv.zst")).assert().code(2);
}
