//! `vicino simulate` from outside.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn vicino(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vicino"));
    command.arg("simulate").args(args);
    command
}

#[test]
fn lists_and_prints_what_is_built_in() {
    vicino(&["--list"])
        .assert()
        .success()
        .stdout(contains("demo             Demo: phones walking past").and(contains("hostile ")));
    let printed = vicino(&["--print", "two-phones"]).output().unwrap().stdout;
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.toml");
    std::fs::write(&own, printed).unwrap();
    let rows = |scenario: &str| vicino(&[scenario, "-"]).output().unwrap().stdout;
    let (builtin, own) = (rows("two-phones"), rows(own.to_str().unwrap()));
    assert_eq!(builtin, own);
    assert!(builtin.starts_with(b"time_us,station,address,"));
    assert!(builtin.split(|byte| *byte == b'\n').count() > 400);
}

#[test]
fn writes_a_capture_with_truth_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let run = |extra: &[&str]| {
        let mut command = vicino(&["two-phones", "a.csv"]);
        command.args(extra).current_dir(folder.path());
        command
    };
    run(&["--for", "5s", "--seed", "9"])
        .assert()
        .success()
        .stderr(contains("wrote a.csv: "));
    for file in ["a.csv", "a.events.csv", "a.toml", "a.truth.csv", "a.keys.csv"] {
        let metadata = folder.path().join(file).metadata().unwrap();
        assert!(metadata.len() > 0, "{file}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let before = std::fs::read(folder.path().join("a.csv")).unwrap();
    let refused = run(&[]).assert().code(2);
    refused.stderr(contains("hint: choose another name"));
    assert_eq!(std::fs::read(folder.path().join("a.csv")).unwrap(), before);

    // A name that only the capture has taken: the truth that was begun goes again.
    for file in ["a.truth.csv", "a.keys.csv"] {
        std::fs::remove_file(folder.path().join(file)).unwrap();
    }
    run(&[]).assert().code(2);
    assert!(!folder.path().join("a.truth.csv").exists());
}

#[test]
fn a_scenario_of_ones_own_gives_files_beside_it_and_other_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| vicino(args).current_dir(folder.path()).assert();
    let printed = vicino(&["--print", "two-phones"]).output().unwrap().stdout;
    std::fs::write(folder.path().join("mine.toml"), &printed).unwrap();
    run(&["mine.toml", "--for", "5s"])
        .success()
        .stderr(contains("wrote mine-run.csv: "));
    run(&["two-phones", "--for", "5s"])
        .success()
        .stderr(contains("wrote two-phones.csv: "));
    assert_eq!(std::fs::read(folder.path().join("mine.toml")).unwrap(), printed);
    for out in ["x.pcapng", "x.zst", "x.csv.gz"] {
        run(&["demo", out])
            .code(2)
            .stderr(contains("native captures only; convert it afterwards").and(contains("vicino convert x")));
    }
    run(&["two-phones", "bare", "--for", "5s"]).success();
    assert!(folder.path().join("bare.csv").exists() && !folder.path().join("x.toml").exists());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    vicino(&["no-such-scenario"])
        .assert()
        .code(2)
        .stderr(contains("there are demo, "));
    vicino(&["no/such.toml"])
        .assert()
        .code(3)
        .stderr(contains("cannot read the scenario no/such.toml"));
    vicino(&[folder.path().to_str().unwrap()]).assert().code(3);
    vicino(&[&file("text.toml", b"title = \x1b[2J"), "-"])
        .assert()
        .code(3)
        .stderr(contains("line 1, column ").and(contains("\u{1b}").not()));
    vicino(&[&file("bytes.toml", b"\xff\xfe"), "-"]).assert().code(3);
    vicino(&[&file("empty.toml", b""), "-"]).assert().code(3);
    vicino(&["demo", "--for", "forever"])
        .assert()
        .code(2)
        .stderr(contains("write it like"));
    vicino(&["demo", "--for", "99d"])
        .assert()
        .code(2)
        .stderr(contains("it must be"));
    vicino(&[]).assert().code(2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_the_environments_fault() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_vicino"))
        .args(["simulate", "two-phones", "-"])
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
}
