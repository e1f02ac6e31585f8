//! Pictures of the screen, made without a terminal.
#![cfg(feature = "tui")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

fn picture(args: &[&str]) -> (Option<i32>, String, String) {
    let mut program = Command::cargo_bin("vicino").expect("the program is built");
    let output = program
        .arg("replay")
        .arg(bundled("demo.csv.zst"))
        .args(args)
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_frame_is_the_same_every_time_and_shows_that_time_and_tab() {
    let live = picture(&["--at", "60s", "--snapshot", "-"]);
    assert_eq!(live.0, Some(0), "{}", live.2);
    assert!(live.1.starts_with("<svg ") && live.1.ends_with("</svg>\n"));
    assert!(live.1.contains("08:58:30 UTC"), "{}", live.1);
    assert_eq!(live, picture(&["--at", "60s", "--snapshot", "-"]));
    let device = picture(&[
        "--at",
        "60s",
        "--screen",
        "device",
        "--press",
        "jjjjjj",
        "--snapshot",
        "-",
        "--size",
        "120x40",
    ]);
    assert!(
        device.1.contains("rolling proximity identifier") && !live.1.contains("samples and means"),
        "{}",
        device.1
    );
    let log = picture(&["--screen", "log", "--snapshot", "-"]);
    assert!(log.1.contains("kept over a change of identifier"), "{}", log.1);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let wrong = |args: &[&str]| {
        let (code, _, said) = picture(args);
        (code, said)
    };
    let (code, said) = wrong(&["--snapshot", "-", "--screen", "lives"]);
    assert!(
        code == Some(2) && said.contains("live, device, calibrate, exposure, audit, captures, log"),
        "{said}"
    );
    assert_eq!(wrong(&["--snapshot", "-", "--size", "0x10"]).0, Some(2));
    assert_eq!(wrong(&["--snapshot", "-", "--headless"]).0, Some(2));
    assert_eq!(wrong(&["--screen", "log"]).0, Some(2));
    let (code, said) = wrong(&["--snapshot", "/nonexistent/out.svg"]);
    assert!(code == Some(4) && said.contains("/nonexistent/out.svg"), "{said}");
}

#[test]
fn packets_of_findings_have_the_numbers_that_the_verb_tells() {
    let folder = tempfile::tempdir().expect("a folder");
    let phone = folder.path().join("phone.btsnoop").display().to_string();
    let run = |args: &[&str]| {
        let output = Command::cargo_bin("vicino")
            .expect("the program is built")
            .args(args)
            .output();
        String::from_utf8(output.expect("the program runs").stdout).expect("text")
    };
    run(&[
        "convert",
        &bundled("rotation-faults.csv.zst").display().to_string(),
        &phone,
    ]);
    let sheet: serde_json::Value = serde_json::from_str(&run(&["audit", &phone, "--json"])).expect("JSON");
    let packets = sheet["rules"][0]["findings"][0]["packets"].as_array().expect("packets");
    let number = packets[0]["number"].as_u64().expect("a number");
    let screen = run(&[
        "replay",
        &phone,
        "--snapshot",
        "-",
        "--screen",
        "audit",
        "--size",
        "200x50",
    ]);
    let time = packets[0]["time"]
        .as_str()
        .and_then(|time| time.get(11..23))
        .expect("a time");
    assert!(screen.contains(&format!("#{number} ")), "#{number} is not in {screen}");
    assert!(screen.contains(time), "{time} is not in {screen}");
}
