//! A file of 0 bytes is no capture, whatever its name and whoever reads it; a capture without rows is one.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The verbs that read captures; `FILE` is the capture, `OUT` what they may write, `EXPORT` keys that are.
const VERBS: [&[&str]; 11] = [
    &["distance", "FILE"],
    &["distance", "score", "FILE"],
    &["distance", "train", "FILE", "--out", "OUT.toml"],
    &["calibrate", "fit", "FILE"],
    &["replay", "FILE", "--headless"],
    &["replay", "FILE", "--headless", "--json"],
    &["inspect", "FILE"],
    &["convert", "FILE", "OUT.btsnoop"],
    &["exposure", "windows", "FILE"],
    &["mark", "FILE", "--distance", "1", "--from", "2020-07-30T09:54:00Z"],
    &["record", "OUT", "--from", "FILE", "--for", "1s"],
];

struct Bench(tempfile::TempDir);

impl Bench {
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Exit code, and what is said on standard error.
    fn run(&self, verb: &[&str], file: &Path) -> (i32, String) {
        let words = verb.iter().map(|word| match *word {
            "FILE" => file.to_str().unwrap().to_owned(),
            word if word.starts_with("OUT") => self.0.path().join(word).to_str().unwrap().to_owned(),
            word => word.to_owned(),
        });
        let output = Command::cargo_bin("vicino").unwrap().args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().unwrap(), said)
    }
}

#[test]
fn nothing_at_all_is_input_that_cannot_be_read() {
    let bench = Bench(tempfile::tempdir().unwrap());
    for name in ["a.csv", "b.csv.zst", "c.btsnoop", "d.pklg", "e"] {
        let file = bench.write(name, "");
        for verb in VERBS {
            let (code, said) = bench.run(verb, &file);
            assert_eq!(code, 3, "{verb:?} {name}: {said}");
            assert!(said.contains(name), "{verb:?} {name}: {said}");
            let marks_need_rows = verb[0] == "mark" && !name.contains("csv");
            assert!(
                said.contains("the file is empty") || marks_need_rows,
                "{verb:?} {name}: {said}"
            );
        }
    }
}

#[test]
fn a_capture_without_rows_is_read_and_that_there_is_nothing_is_said() {
    let bench = Bench(tempfile::tempdir().unwrap());
    let header = "time_us,station,address,address_kind,pdu,rssi_dbm,tx_power_dbm,channel,raw,data\n";
    let file = bench.write("none.csv", header);
    for verb in [
        &["distance", "FILE"][..],
        &["replay", "FILE", "--headless"],
        &["inspect", "FILE"],
        &["exposure", "windows", "FILE"],
    ] {
        let (code, said) = bench.run(verb, &file);
        assert_eq!(code, 0, "{verb:?}: {said}");
    }
    let (_, said) = bench.run(&["distance", "FILE"], &file);
    assert!(
        said.contains("no estimates: no exposure notification was heard"),
        "{said}"
    );
    let (_, said) = bench.run(&["replay", "FILE", "--headless"], &file);
    assert!(said.contains("nothing was heard"), "{said}");
}
