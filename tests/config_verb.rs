//! The configuration as a person meets it: file, environment, command line, and what is said when it is wrong.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

fn vicino(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command
        .env_clear()
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .env("HOME", folder);
    command
}

fn with_file(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("vicino")).expect("a folder");
    std::fs::write(folder.path().join("vicino/config.toml"), text).expect("a file");
    folder
}

/// Value and origin of a setting, as `config --json` tells it.
fn setting(command: &mut Command, name: &str) -> (String, String) {
    let output = command
        .args(["config", "--json"])
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let value: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let setting = &value["settings"][name];
    let text = |field: &str| setting[field].as_str().unwrap_or_default().to_owned();
    (text("value"), text("origin"))
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let folder = with_file("theme = \"light\"\n");
    let expect = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(setting(&mut vicino(folder.path()), "theme"), expect("light", "file"));
    let mut command = vicino(folder.path());
    command.env("VICINO_THEME", "contrast");
    assert_eq!(setting(&mut command, "theme"), expect("contrast", "$VICINO_THEME"));
    let mut command = vicino(folder.path());
    command.env("VICINO_THEME", "contrast").args(["--theme", "dark"]);
    assert_eq!(setting(&mut command, "theme"), expect("dark", "command line"));
    let mut command = vicino(folder.path());
    command.env("NO_COLOR", "1");
    assert_eq!(setting(&mut command, "theme"), expect("none", "$NO_COLOR"));
    assert_eq!(
        setting(&mut vicino(folder.path()), "privacy"),
        expect("open", "default")
    );
}

#[test]
fn the_template_is_a_file_that_can_be_used_and_changes_nothing() {
    let empty = tempfile::tempdir().unwrap();
    let template = vicino(empty.path())
        .args(["config", "template"])
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let folder = with_file(&String::from_utf8(template).unwrap());
    vicino(folder.path())
        .args(["config", "check"])
        .assert()
        .success()
        .stdout(predicate::str::contains("config.toml: well"));
    vicino(folder.path())
        .args(["config", "path"])
        .assert()
        .success()
        .stdout(predicate::str::ends_with("config.toml\n"));
    vicino(empty.path())
        .args(["config", "path"])
        .assert()
        .success()
        .stdout(predicate::str::contains("not there"));
    vicino(empty.path()).args(["config", "check"]).assert().success();
}

#[test]
fn own_keys_are_listed_as_such() {
    let folder = with_file("[keys.live]\n\"F\" = \"follow\"\n\"x\" = \"none\"\n");
    vicino(folder.path())
        .args(["config", "keys"])
        .assert()
        .success()
        .stdout(predicate::str::is_match("\"F\" +?= \"follow\" .*\\(yours\\)").unwrap())
        .stdout(predicate::str::is_match("\"x\" +?= \"none\" .*\\(yours\\)").unwrap())
        .stdout(predicate::str::is_match("\"o\" +?= \"follow\" .*address changes\n").unwrap());
    let output = vicino(folder.path())
        .args(["config", "keys", "--json"])
        .assert()
        .success();
    let value: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let own = value["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["is_own"] == true);
    assert_eq!(own.count(), 2);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_does_not_stop_what_needs_none() {
    let folder = with_file("\n[keys.live]\n\"F\" = \"folow\"\n");
    for arguments in [&["config"][..], &["config", "check"], &["captures"]] {
        vicino(folder.path())
            .args(arguments)
            .assert()
            .code(2)
            .stderr(predicate::str::contains("config.toml:3:7: no action \"folow\""))
            .stderr(predicate::str::contains("hint: did you mean follow?"));
    }
    vicino(folder.path()).args(["inspect", "02011a"]).assert().success();
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/two-phones.csv");
    vicino(folder.path())
        .args(["replay", "--headless", capture])
        .assert()
        .success();
    vicino(folder.path())
        .args(["replay", "--snapshot", "-", capture])
        .assert()
        .code(2);
}

#[test]
fn a_file_that_is_named_must_be_there_and_may_hold_escapes_without_harm() {
    let folder = with_file("");
    vicino(folder.path())
        .args(["--config-file", "/nowhere.toml", "config"])
        .assert()
        .code(2);
    let nasty = folder.path().join("nasty.toml");
    std::fs::write(&nasty, "theme = \"\\u001b[2J\"\n").unwrap();
    vicino(folder.path())
        .arg("--config-file")
        .arg(&nasty)
        .args(["config", "check"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains('\u{1b}').not());
    std::fs::write(&nasty, [0xff, 0xfe]).unwrap();
    vicino(folder.path())
        .arg("--config-file")
        .arg(&nasty)
        .arg("config")
        .assert()
        .code(2);
}

#[test]
fn the_library_s_folder_is_the_chosen_one() {
    let folder = with_file(&format!("folder = \"{}/captures\"\n", env!("CARGO_MANIFEST_DIR")));
    vicino(folder.path())
        .arg("captures")
        .assert()
        .success()
        .stdout(predicate::str::contains("two-phones.csv"));
}
