//! `vicino doctor` where there is no Bluetooth: buses that are missing, dead or mute.
#![cfg(all(feature = "ble", target_os = "linux"))]

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

fn doctor(bus: &Path) -> Command {
    let mut command = cargo_bin_cmd!("vicino");
    command
        .arg("doctor")
        .env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", bus.display()))
        .timeout(Duration::from_secs(20));
    command
}

fn checks(bus: &Path) -> Value {
    let output = doctor(bus)
        .arg("--json")
        .assert()
        .code(4)
        .stderr("")
        .get_output()
        .clone();
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn failed_bus(report: &Value) -> String {
    let checks = report["checks"].as_array().expect("checks");
    let bus = checks.iter().find(|check| check["check"] == "bus").expect("bus");
    assert_eq!(bus["verdict"], "fail", "{bus:#}");
    format!(
        "{} | {}",
        bus["reason"].as_str().expect("reason"),
        bus["remedy"].as_str().expect("remedy")
    )
}

#[test]
fn the_report_has_its_schema_and_every_check_its_keys() {
    let home = tempfile::tempdir().unwrap();
    let report = checks(&home.path().join("bus"));
    assert_eq!(report["schema"], "vicino/doctor/1");
    assert_eq!(report["system"], "linux");
    assert_eq!(report["verdict"], "fail");
    for check in report["checks"].as_array().unwrap() {
        let keys: Vec<_> = check.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["check", "found", "group", "reason", "remedy", "verdict"]);
        let is_wrong = check["verdict"] == "warn" || check["verdict"] == "fail";
        assert_eq!(
            check["reason"].is_string() && check["remedy"].is_string(),
            is_wrong,
            "{check:#}"
        );
    }
}

#[test]
fn buses_that_are_missing_dead_and_mute_are_told_apart_and_none_is_waited_for_long() {
    let home = tempfile::tempdir().unwrap();
    let missing = failed_bus(&checks(&home.path().join("missing")));
    assert!(
        missing.contains("is not there") && missing.contains("start dbus"),
        "{missing}"
    );

    let dead = home.path().join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    let dead = failed_bus(&checks(&dead));
    assert!(
        dead.contains("does not answer") && dead.contains("restart dbus"),
        "{dead}"
    );

    // It listens, and never says a word.
    let mute = home.path().join("mute");
    let _listener = UnixListener::bind(&mute).unwrap();
    let mute = failed_bus(&checks(&mute));
    assert!(mute.contains("no answer within 3 s"), "{mute}");
}

#[test]
fn people_get_marks_with_words_and_colours_only_when_they_ask() {
    let home = tempfile::tempdir().unwrap();
    let bus = home.path().join("bus");
    let text = |args: &[&str]| {
        let output = doctor(&bus).args(args).assert().code(4).stderr("").get_output().clone();
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = text(&[]);
    assert!(
        plain.contains("  ✗ fail  bus         no answer from unix:path="),
        "{plain}"
    );
    assert!(plain.contains("\n                      → start dbus"), "{plain}");
    assert!(!plain.contains('\x1b'));
    assert!(text(&["--color", "always"]).contains("\x1b[31m✗ fail\x1b[0m"));
}
