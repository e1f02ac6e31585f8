//! `vicino exposure`: windows of simulated phones, and what is said when there are none.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

fn windows(arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.args(["exposure", "windows"]).args(arguments).assert()
}

#[test]
fn identifiers_of_nobody_are_senders_only_when_asked_for() {
    let capture = bundled("two-phones.csv");
    let capture = capture.to_str().unwrap();
    windows(&[capture, "--csv"])
        .success()
        .stdout(
            predicate::str::starts_with("receiver,transmitter,window,scan,ts,min_att,typ_att,seconds\n")
                .and(predicate::str::contains("rpi:").not()),
        )
        .stderr(predicate::str::contains("--unknown takes each identifier"));
    let output = windows(&[capture, "--unknown", "--json"])
        .success()
        .get_output()
        .stdout
        .clone();
    let value: serde_json::Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(value["edition"], "2020-12-14");
    assert!(!value["rules"].as_array().unwrap().is_empty());
    let made = value["windows"].as_array().unwrap();
    assert!(!made.is_empty());
    for window in made {
        assert!(window["transmitter"].as_str().unwrap().starts_with("rpi:"));
        for scan in window["scanInstances"].as_array().unwrap() {
            let db = |field: &str| scan[field].as_i64().unwrap();
            assert!(db("minAttenuationDb") <= db("typicalAttenuationDb"));
            assert!((0..=300).contains(&db("secondsSinceLastScan")));
        }
    }
}

#[test]
fn edition_and_model_change_the_attenuation() {
    let capture = bundled("two-phones.csv");
    let capture = capture.to_str().unwrap();
    let least = |arguments: &[&str]| {
        let output = windows(&[&[capture, "--unknown", "--json"], arguments].concat())
            .success()
            .get_output()
            .stdout
            .clone();
        let value: serde_json::Value = serde_json::from_slice(&output).unwrap();
        value["windows"][0]["scanInstances"][0]["minAttenuationDb"]
            .as_i64()
            .unwrap()
    };
    // -3 instead of 2: five decibels more are taken for lost on the way.
    let editions = ["2020-06-13", "2020-09-18"].map(|edition| least(&["--edition", edition, "--model", "SM-G973F"]));
    assert_eq!(editions[0] - editions[1], 5);
}

#[test]
fn what_cannot_be_read_or_does_not_exist_is_told() {
    windows(&["/nowhere.btsnoop"]).code(3);
    windows(&["x", "--edition", "2020-01-01"])
        .code(2)
        .stderr(predicate::str::contains("there are 2020-06-13"));
    windows(&[]).code(2);
}

fn assess(windows: &str, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command
        .args(["exposure", "assess", "-"])
        .args(arguments)
        .write_stdin(windows)
        .assert()
}

const HOUR: &str = r#"{"upload": [
    {"dateMillisSinceEpoch": 1596067200000, "reportType": 1, "scanInstances": [
        {"minAttenuationDb": 40, "typicalAttenuationDb": 50, "secondsSinceLastScan": 300},
        {"minAttenuationDb": 40, "typicalAttenuationDb": 50, "secondsSinceLastScan": 300},
        {"minAttenuationDb": 40, "typicalAttenuationDb": 50, "secondsSinceLastScan": 300},
        {"minAttenuationDb": 40, "typicalAttenuationDb": 50, "secondsSinceLastScan": 300}
    ]}]}"#;

#[test]
fn every_rule_decides_and_says_why() {
    assess(HOUR, &["--config", "swisscovid"])
        .success()
        .stdout(predicate::str::contains("swisscovid"))
        .stdout(predicate::str::contains("notifies"))
        .stdout(predicate::str::contains("20.0 weighted minutes on 2020-07-30 reach 15"));
    let output = assess(HOUR, &["--json"]).success().get_output().stdout.clone();
    let value: serde_json::Value = serde_json::from_slice(&output).unwrap();
    let decisions = value["decisions"].as_array().unwrap();
    assert!(decisions.len() >= 10);
    assert!(
        decisions
            .iter()
            .all(|decision| decision["reason"].as_str().is_some_and(|reason| reason.len() > 20))
    );
    assess("[]", &["--config", "cwa-2"])
        .success()
        .stdout(predicate::str::contains("there is no exposure window"));
}

#[test]
fn rules_can_be_printed_changed_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("vicino").expect("the program");
    let printed = command
        .args(["exposure", "configs", "swisscovid"])
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let own = String::from_utf8(printed)
        .unwrap()
        .replace("minutes = 15.0", "minutes = 21.0");
    let file = folder.path().join("own.toml");
    std::fs::write(&file, own).unwrap();
    assess(HOUR, &["--config", file.to_str().unwrap()])
        .success()
        .stdout(predicate::str::contains(
            "20.0 weighted minutes on 2020-07-30 do not reach 21",
        ));
    std::fs::write(&file, "[[config]]\nname = 7\n").unwrap();
    assess(HOUR, &["--config", file.to_str().unwrap()])
        .code(3)
        .stderr(predicate::str::contains("line 2"));
}

#[test]
fn windows_or_rules_that_are_none_are_told() {
    for windows in ["", "7", "[7]", "{\"x\": 1}", "[{\"scanInstances\": []}]"] {
        assess(windows, &[])
            .code(3)
            .stderr(predicate::str::contains("a list of windows"));
    }
    assess("[]", &["--config", "nobody"])
        .code(2)
        .stderr(predicate::str::contains("configs"));
}
