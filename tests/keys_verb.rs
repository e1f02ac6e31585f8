//! `vicino keys` as a program: files it makes, what it shows and hides, exit codes.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

/// Published with specification v1.2.
const TEK: &str = "75c734c6dd1a782de7a965da5eb93125";
const DAY: &str = "2020-04-02T12:00:00Z";

fn vicino(home: &Path, args: &[&str]) -> Assert {
    Command::cargo_bin("vicino")
        .unwrap()
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env_remove("VICINO_CONFIG")
        .current_dir(home)
        .args(args)
        .assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// A folder with a signer, its public key, a table of two keys and an export of them.
fn with_export() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let public = stdout(&vicino(home, &["keys", "new-signer", "signer.pem"]).success());
    fs::write(home.join("public.txt"), public).unwrap();
    let table = format!(
        "tek,rolling_start,rolling_period,report_type\nffc734c6dd1a782de7a965da5eb93125,2642976,100,1\n{TEK},2642976,,\n"
    );
    fs::write(home.join("keys.csv"), table).unwrap();
    export(home, "out.zip", &[]).success();
    folder
}

fn export(home: &Path, out: &str, more: &[&str]) -> Assert {
    let mut args = vec!["keys", "export", out, "--from", "keys.csv", "--region", "222"];
    args.extend(["--signer", "signer.pem", "--end", DAY]);
    args.extend(more);
    vicino(home, &args)
}

#[test]
fn a_made_export_is_inspected_without_its_keys() {
    let folder = with_export();
    let home = folder.path();
    for args in [
        &["keys", "inspect", "out.zip"][..],
        &["keys", "inspect", "out.zip", "--json"],
        &["keys", "inspect", "out.zip", "--csv"],
    ] {
        let shown = stdout(&vicino(home, args).success().stderr(""));
        assert!(!shown.contains("c734c6"), "{shown}");
        assert!(shown.contains("out.zip"), "{shown}");
    }
    let text = stdout(&vicino(home, &["keys", "inspect", "out.zip"]));
    for part in [
        "222-v1, 1.2.840.10045.4.3.2",
        "2, revised 0",
        "2020-04-02T11:00:00Z to 2020-04-02T12:00:00Z",
        "not told: 1, confirmed-test: 1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: Value = serde_json::from_str(&stdout(&vicino(
        home,
        &["keys", "inspect", "out.zip", "--json", "--show-keys"],
    )))
    .unwrap();
    assert_eq!(json["schema"], "vicino/keys-inspect/1");
    assert_eq!(json["files"][0]["key_list"][0]["tek"], TEK);
    assert_eq!(json["files"][0]["keys"], 2);
    // The window ends at noon, the keys later.
    assert_eq!(
        json["files"][0]["odd"],
        serde_json::json!({"in-use": {"count": 2, "first": 1}})
    );
    // What inspect gives, export takes.
    let csv = stdout(&vicino(home, &["keys", "inspect", "out.zip", "--csv", "--show-keys"]));
    fs::write(home.join("keys.csv"), csv).unwrap();
    export(home, "again.zip", &[]).success();
    assert_eq!(
        fs::read(home.join("again.zip")).unwrap(),
        fs::read(home.join("out.zip")).unwrap()
    );
}

#[test]
fn an_export_of_nothing_and_times_that_can_mean_many_things_are_refused() {
    let folder = with_export();
    let home = folder.path();
    fs::write(home.join("keys.csv"), "tek,rolling_start,rolling_period\n").unwrap();
    // Not even with --pad-to, which makes keys like those that are there.
    for more in [&[][..], &["--pad-to", "5"]] {
        let refused = export(home, "none.zip", more).code(3);
        refused.stderr(contains("keys.csv: has no key"));
        assert!(!home.join("none.zip").exists());
    }
    for number in ["2021", "0", "-1", "2642976"] {
        vicino(home, &["keys", "derive", TEK, "--at", number])
            .code(2)
            .stderr(contains("can mean many things"));
    }
    vicino(home, &["keys", "derive", TEK, "--at", "1585785600000000"]).success();
}

#[test]
fn files_that_are_too_long_or_no_exports_have_their_own_hints() {
    let folder = with_export();
    let home = folder.path();
    fs::write(home.join("long.zip"), vec![0; 1_048_577]).unwrap();
    vicino(home, &["keys", "inspect", "long.zip", "--most-mib", "1"])
        .code(3)
        .stderr(contains("longer than 1048576 bytes").and(contains("hint: --most-mib N")))
        .stderr(contains("check the path").not());
    vicino(home, &["keys", "inspect", "keys.csv"])
        .code(3)
        .stderr(contains("is a table of keys").and(contains("vicino keys export OUT.zip --from keys.csv")));
    // What a terminal would obey is told neither by the program nor by the parser of its command line.
    for args in [
        &["keys", "inspect", "\x1b[31m.zip"][..],
        &["keys", "derive", TEK, "--at", "\x1b[31mnoon"],
        &["keys", "\x1b[31m"],
        &[
            "keys",
            "export",
            "o.zip",
            "--from",
            "keys.csv",
            "--region",
            "\x1b[31m",
            "--signer",
            "signer.pem",
        ],
    ] {
        let mut command = Command::cargo_bin("vicino").unwrap();
        // As on a terminal.
        command.current_dir(home).env("CLICOLOR_FORCE", "1").args(args);
        let refused = command.assert().failure();
        refused.stderr(contains("error: ").and(contains('\x1b').not()));
    }
}

#[test]
fn an_export_is_read_from_standard_input() {
    let folder = with_export();
    let mut command = Command::cargo_bin("vicino").unwrap();
    command.args(["keys", "inspect", "-"]);
    let bytes = fs::read(folder.path().join("out.zip")).unwrap();
    command
        .write_stdin(bytes)
        .assert()
        .success()
        .stdout(contains("2, revised 0"));
}

#[test]
fn padding_fills_up_with_keys_that_nobody_had() {
    let folder = with_export();
    let home = folder.path();
    let padded = |out: &str| {
        export(home, out, &["--pad-to", "40"])
            .success()
            .stdout(contains("40 keys"));
        let seen = stdout(&vicino(home, &["keys", "inspect", out, "--csv", "--show-keys"]).success());
        seen.lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (one, other) = (padded("one.zip"), padded("other.zip"));
    assert!(one.is_sorted() && one.len() == 40, "{one:?}");
    // The real ones are in both, the others are new each time.
    assert_eq!(one.iter().filter(|tek| other.contains(tek)).count(), 2);
}

#[test]
fn signatures_are_checked_with_the_key_and_with_another() {
    let folder = with_export();
    let home = folder.path();
    let public = fs::read_to_string(home.join("public.txt")).unwrap();
    for key in ["222-v1=public.txt".to_owned(), format!("222-v1={}", public.trim())] {
        let checked = vicino(home, &["keys", "verify", "out.zip", "--public-key", &key]);
        checked
            .success()
            .stdout(contains("out.zip: passes").and(contains("222-v1: verified")));
    }
    let other = stdout(&vicino(home, &["keys", "new-signer", "other.pem"]).success());
    let wrong = format!("222-v1={}", other.trim());
    let checked = vicino(home, &["keys", "verify", "out.zip", "--public-key", &wrong]);
    checked
        .code(1)
        .stdout(contains("out.zip: FAILS").and(contains("222-v1: wrong")));
    let unknown = format!("222-v7={}", other.trim());
    let checked = vicino(home, &["keys", "verify", "out.zip", "--public-key", &unknown, "--json"]).code(1);
    let json: Value = serde_json::from_str(&stdout(&checked)).unwrap();
    assert_eq!(json["files"][0]["signatures"][0]["verdict"], "no-key");
    let both = format!("org.app:222-v1,{}&222-v2,{}", public.trim(), other.trim());
    vicino(home, &["keys", "verify", "out.zip", "--configuration", &both]).code(1);
    export(
        home,
        "two.zip",
        &["--signer", "other.pem", "--key-version", "v1", "--key-version", "v2"],
    )
    .success();
    vicino(home, &["keys", "verify", "two.zip", "--configuration", &both]).success();
    for wrong in ["public.txt", "222-v1=nonsense"] {
        vicino(home, &["keys", "verify", "out.zip", "--public-key", wrong])
            .code(2)
            .stderr(contains("hint:"));
    }
    vicino(home, &["keys", "verify", "out.zip"]).code(2);
}

#[test]
fn folders_batches_and_files_that_are_none() {
    let folder = with_export();
    let home = folder.path();
    fs::create_dir(home.join("batch")).unwrap();
    export(home, "batch/b.zip", &["--batch-num", "1", "--batch-size", "3"]).success();
    export(home, "batch/a.zip", &["--batch-num", "3", "--batch-size", "3"]).success();
    fs::copy(home.join("batch/b.zip"), home.join("batch/c.zip")).unwrap();
    fs::write(home.join("batch/readme.txt"), "no export").unwrap();
    let seen = vicino(home, &["keys", "inspect", "batch/c.zip", "batch", "--csv"]).success();
    seen.stderr(contains("batch/c.zip: same content as batch/b.zip").and(contains(
        "batch of 3 files of region 222 from 2020-04-02T11:00:00Z: 1 missing (number 2)",
    )));
    let key = "222-v1=public.txt";
    vicino(home, &["keys", "verify", "batch", "--public-key", key]).code(1);
    export(home, "batch/d.zip", &["--batch-num", "2", "--batch-size", "3"]).success();
    vicino(home, &["keys", "verify", "batch", "--public-key", key]).success();
    fs::write(home.join("batch/e.zip"), "PK\u{3}\u{4}\u{1b}[2J").unwrap();
    let seen = vicino(home, &["keys", "inspect", "batch", "--json"]).code(3);
    let seen = seen.stderr(
        contains("batch/e.zip: ")
            .and(contains("hint:"))
            .and(contains("\u{1b}").not()),
    );
    let json: Value = serde_json::from_str(&stdout(&seen)).unwrap();
    assert_eq!(json["files"].as_array().unwrap().len(), 5);
    vicino(home, &["keys", "inspect", "nothing.zip"])
        .code(3)
        .stderr(contains("nothing.zip"));
    fs::create_dir(home.join("empty")).unwrap();
    vicino(home, &["keys", "inspect", "empty"])
        .code(3)
        .stderr(contains("hint:"));
}

#[test]
fn texts_of_a_file_cannot_steer_the_terminal() {
    let folder = with_export();
    let home = folder.path();
    let evil = [
        "keys",
        "export",
        "evil.zip",
        "--from",
        "keys.csv",
        "--region",
        "\u{1b}[2J\u{202e}",
        "--key-id",
        "222",
    ];
    vicino(
        home,
        &[
            &evil[..],
            &["--signer", "signer.pem", "--app-bundle", "\u{9b}0m\nerror: x"],
        ]
        .concat(),
    )
    .success();
    for more in [&[][..], &["--json"], &["--csv"]] {
        let seen = vicino(home, &[&["keys", "inspect", "evil.zip"], more].concat()).success();
        let shown = stdout(&seen);
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{shown:?}");
        assert!(!shown.contains("\nerror"), "{shown:?}");
    }
}

#[test]
fn files_are_private_and_never_overwritten() {
    let folder = with_export();
    let home = folder.path();
    let before = fs::read(home.join("signer.pem")).unwrap();
    vicino(home, &["keys", "new-signer", "signer.pem"])
        .code(2)
        .stderr(contains("hint:"));
    assert_eq!(
        (
            fs::read(home.join("signer.pem")).unwrap(),
            mode(&home.join("signer.pem"))
        ),
        (before, 0o600)
    );
    export(home, "out.zip", &[]).code(2).stderr(contains("hint:"));
    export(home, "no/folder.zip", &[]).code(4);
    export(home, "bad.zip", &["--batch-num", "2"])
        .code(2)
        .stderr(contains("file 2 of a batch of 1"));
    export(home, "bad.zip", &["--key-id", "2 2"]).code(2);
    assert!(!home.join("bad.zip").exists());
    fs::write(
        home.join("keys.csv"),
        format!("tek,rolling_start,rolling_period\n{TEK},1,x\n"),
    )
    .unwrap();
    export(home, "bad.zip", &[])
        .code(3)
        .stderr(contains("line 2: rolling_period").and(contains("75c7").not()));
}

#[test]
fn lab_keys_are_made_kept_privately_listed_and_published() {
    let folder = with_export();
    let home = folder.path();
    vicino(home, &["keys", "list"]).success().stdout("");
    vicino(
        home,
        &["keys", "new", "bench", "--model", "Pixel 4", "--at", DAY, "--days", "2"],
    )
    .success();
    let store = home.join("data/vicino/keys.csv");
    assert_eq!(mode(&store), 0o600);
    fs::set_permissions(&store, fs::Permissions::from_mode(0o644)).unwrap();
    vicino(home, &["keys", "new", "other", "--at", DAY]).success();
    assert_eq!(mode(&store), 0o600);
    vicino(home, &["keys", "new", "bench", "--at", "2020-04-03T23:59:59Z"])
        .code(2)
        .stderr(contains("already"));
    let text = fs::read_to_string(&store).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert_eq!(vicino::lab::keyring::Keyring::parse(&text).unwrap().len(), 3);
    let teks: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap())
        .collect();
    for more in [&[][..], &["--json"], &["--csv"]] {
        let shown = stdout(&vicino(home, &[&["keys", "list"], more].concat()).success());
        assert!(shown.contains("bench") && shown.contains("Pixel 4"), "{shown}");
        assert!(teks.iter().all(|tek| !shown.contains(tek)), "{shown}");
    }
    fs::copy(&store, home.join("keys.csv")).unwrap();
    export(home, "lab.zip", &[]).success().stdout(contains("3 keys"));
    fs::write(home.join("foreign.csv"), "a,b\n1,2\n").unwrap();
    let refused = vicino(home, &["keys", "new", "x", "--file", "foreign.csv"]);
    refused.code(3).stderr(contains("device,model,tek"));
    assert_eq!(fs::read_to_string(home.join("foreign.csv")).unwrap(), "a,b\n1,2\n");
}

#[test]
fn the_identifiers_of_a_day_are_those_of_the_published_set() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let table = stdout(&vicino(home, &["keys", "derive", TEK, "--at", DAY]).success());
    assert_eq!(table.lines().count(), 144);
    assert_eq!(
        table.lines().next().unwrap(),
        "2642976  2020-04-02T00:00:00Z  8be6cd371c5c891604bfbe49df845096"
    );
    let csv = stdout(&vicino(home, &["keys", "derive", TEK, "--at", DAY, "--csv"]).success());
    assert!(
        csv.starts_with("interval,from_us,rpi\n2642976,1585785600000000,8be6cd37"),
        "{csv}"
    );
    let json = stdout(&vicino(home, &["keys", "derive", TEK, "--at", DAY, "--json"]).success());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["identifiers"][0]["rpi"], "8be6cd371c5c891604bfbe49df845096");
    assert!(!json.to_string().contains(TEK));
    fs::create_dir_all(home.join("data/vicino")).unwrap();
    let row = format!("device,model,tek,rolling_start,rolling_period\nbench,,{TEK},2642976,3");
    fs::write(home.join("data/vicino/keys.csv"), row).unwrap();
    let at = |time| vicino(home, &["keys", "derive", "bench", "--at", time]);
    let named = stdout(&at("2020-04-02T00:29:59Z").success());
    assert_eq!(
        named,
        table
            .lines()
            .take(3)
            .map(|line| format!("{line}\n"))
            .collect::<Vec<_>>()
            .concat()
    );
    at("2020-04-02T00:30:00Z").code(3).stderr(contains("no key of bench"));
    vicino(home, &["keys", "derive", TEK, "--at", "-1"]).code(2);
    let refused = vicino(home, &["keys", "derive", &TEK[..31], "--at", DAY]).code(2);
    refused.stderr(contains("32 hexadecimal digits").and(contains("75c7").not()));
}
