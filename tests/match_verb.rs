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

/// An export of the keys of the demo as a forger makes it: with a window before that of the true one.
fn forged(folder: &Path, change: impl Fn(&str) -> String) -> PathBuf {
    let table = folder.join("forged.csv");
    let text = std::fs::read_to_string(bundled("demo.keys.csv")).expect("a file of the test");
    std::fs::write(&table, change(&text)).expect("a file of the test");
    let (signer, out) = (folder.join("forger.pem"), folder.join("forged.zip"));
    vicino().args(["keys", "new-signer"]).arg(&signer).assert().success();
    let mut command = vicino();
    command.args(["keys", "export"]).arg(&out).arg("--from").arg(&table);
    command.args(["--region", "222", "--end", "2020-06-01T00:00:00Z", "--signer"]);
    command.arg(&signer).assert().success();
    out
}

#[test]
fn a_forged_file_takes_no_match_away() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "true", &bundled("demo.keys.csv"));
    let capture = bundled("demo.csv.zst");
    let rows = matches(&capture, &[], &[&keys]);
    for change in [("2651616", "2651760"), (",144", ",1")] {
        let forged = forged(folder.path(), |text| text.replace(change.0, change.1));
        assert_eq!(matches(&capture, &[], &[&keys, &forged]), rows, "{change:?}");
        let mut command = vicino();
        command.arg("match").arg(&capture).arg("--json").arg("--keys");
        let output = command
            .args([&keys, &forged])
            .assert()
            .success()
            .stderr(predicate::str::contains(
                "8 keys come with another time in another file; each is looked for",
            ));
        let value: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        assert_eq!(
            (&value["keys"]["with_another_time"], &value["keys"]["keys"]),
            (&8.into(), &8.into())
        );
        for file in ["forged.csv", "forger.pem", "forged.zip"] {
            std::fs::remove_file(folder.path().join(file)).unwrap();
        }
    }
}

#[test]
fn files_that_are_not_trusted_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "true", &bundled("demo.keys.csv"));
    let forged = forged(folder.path(), |text| text.replace("2651616", "2651760"));
    let signer = folder.path().join("public.txt");
    // The public key is told where the signer is made, so a further export is made by a new one.
    let made = vicino()
        .args(["keys", "new-signer"])
        .arg(folder.path().join("known.pem"))
        .assert();
    std::fs::write(&signer, &made.success().get_output().stdout).unwrap();
    let trusted = folder.path().join("trusted.zip");
    let mut command = vicino();
    command
        .args(["keys", "export"])
        .arg(&trusted)
        .arg("--from")
        .arg(bundled("demo.keys.csv"));
    command
        .args(["--region", "222", "--signer"])
        .arg(folder.path().join("known.pem"));
    command.assert().success();
    let known = format!("222-v1={}", signer.display());
    let run = |keys: &[&Path]| {
        let mut command = vicino();
        command
            .arg("match")
            .arg(bundled("demo.csv.zst"))
            .args(["--json", "--public-key", &known, "--keys"]);
        command.args(keys).assert()
    };
    let checked = run(&[&trusted])
        .code(0)
        .stderr(predicate::str::contains("signatures").not());
    let value: serde_json::Value = serde_json::from_slice(&checked.get_output().stdout).unwrap();
    assert_eq!(value["signatures"], "checked");
    let found = value["matches"].as_array().unwrap().len();
    assert!(found > 0);
    let both = run(&[&trusted, &keys, &forged]).code(1).stderr(
        predicate::str::contains("true.zip: is not trusted")
            .and(predicate::str::contains("2 of 3 files of keys could not be used")),
    );
    let value: serde_json::Value = serde_json::from_slice(&both.get_output().stdout).unwrap();
    assert_eq!(value["matches"].as_array().unwrap().len(), found);
    run(&[&forged])
        .code(1)
        .stderr(predicate::str::contains("is not trusted"));
    // That a file cannot be read is graver.
    run(&[&forged, Path::new("/nowhere.zip")]).code(3);
    run(&[&trusted, &keys, Path::new("/nowhere.zip")]).code(3);
    let mut command = vicino();
    command
        .arg("match")
        .arg(bundled("demo.csv.zst"))
        .args(["--json", "--keys"])
        .arg(&keys);
    let open = command
        .assert()
        .success()
        .stderr(predicate::str::contains("signatures were not checked (--public-key checks them)").count(1));
    let value: serde_json::Value = serde_json::from_slice(&open.get_output().stdout).unwrap();
    assert_eq!(value["signatures"], "not checked");
}

#[test]
fn standard_input_is_a_capture_or_an_export_but_not_both() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "keys", &bundled("demo.keys.csv"));
    let capture = bundled("demo.csv.zst");
    let without_names = |text: &str| -> Vec<String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows = reader.records().map(|row| row.expect("a row"));
        // Neither the capture, nor the receiver, whose name is the metadata's, nor the file of keys.
        rows.map(|row| row.iter().skip(3).collect::<Vec<_>>().join(","))
            .collect()
    };
    let expected = without_names(&matches(&capture, &[], &[&keys]));
    let read = |path: &Path| std::fs::read(path).expect("a file of the test");
    let run = |captures: &[&Path], keys: &Path, stdin: Vec<u8>| {
        let mut command = vicino();
        command.arg("match").args(captures).arg("--csv").arg("--keys").arg(keys);
        command.write_stdin(stdin).assert()
    };
    let stdin = Path::new("-");
    let both = run(&[stdin, &bundled("two-phones.csv")], &keys, read(&capture)).success();
    let text = String::from_utf8(both.get_output().stdout.clone()).unwrap();
    assert!(text.lines().count() > 4 && text.contains("\n-,"), "{text}");
    assert_eq!(without_names(&text).len(), expected.len());
    let of_keys = run(&[&capture], stdin, read(&keys)).success();
    let text = String::from_utf8(of_keys.get_output().stdout.clone()).unwrap();
    assert_eq!(without_names(&text), expected);
    for (captures, keys) in [(&[stdin][..], stdin), (&[stdin, stdin], &*keys)] {
        run(captures, keys, Vec::new())
            .code(2)
            .stderr(predicate::str::contains("standard input (-) is named more than once"));
    }
}

#[test]
fn rows_are_in_one_order_whatever_that_of_the_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        export(folder.path(), "a", &bundled("demo.keys.csv")),
        export(folder.path(), "b", &bundled("rotation-faults.keys.csv")),
    );
    let captures = [bundled("demo.csv.zst"), bundled("rotation-faults.csv.zst")];
    let run = |captures: [&Path; 2], format: Option<&str>, keys: [&Path; 2]| {
        let mut command = vicino();
        command
            .arg("match")
            .args(captures)
            .args(format)
            .arg("--keys")
            .args(keys);
        command.assert().success().get_output().stdout.clone()
    };
    for format in ["--csv", "--json"].map(Some) {
        let one = run([&captures[0], &captures[1]], format, [&a, &b]);
        assert_eq!(run([&captures[1], &captures[0]], format, [&b, &a]), one);
    }
    let text = run([&captures[0], &captures[1]], None, [&a, &b]);
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("a.zip #1") && text.contains("b.zip #"), "{text}");
}

#[test]
fn damage_and_levels_that_are_none_are_told_and_files_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "keys", &bundled("two-phones.keys.csv"));
    // The rows of a bundled capture, all without a level, and one that is none.
    let capture = folder.path().join("walk.csv");
    let text = std::fs::read_to_string(bundled("two-phones.csv")).unwrap();
    let row = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[0] != "time_us" && cells.len() > 5 {
            cells[5] = "127";
        }
        cells.join(",")
    };
    let rows: Vec<String> = text.lines().map(row).chain(["7,loud".to_owned()]).collect();
    std::fs::write(&capture, rows.join("\n") + "\n").unwrap();
    let told = "walk.csv: 1 damaged record left out";
    let mut command = vicino();
    command.arg("match").arg(&capture).args(["--csv", "--keys"]).arg(&keys);
    let output = command.assert().success().stderr(predicate::str::contains(told));
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    assert!(
        !rows.is_empty() && rows.iter().all(|row| row[11].is_empty() && !row[10].is_empty()),
        "{text}"
    );
    let mut command = vicino();
    command.arg("exposure").arg(&capture).arg("--keys").arg(&keys);
    command.assert().success().stderr(predicate::str::contains(told));
    for verb in [&["exposure", "windows"][..], &["distance"]] {
        let assert = vicino().args(verb).arg(&capture).assert();
        assert.stderr(predicate::str::contains(told));
    }
    std::fs::write(folder.path().join("gg.csv"), "no capture").unwrap();
    for name in ["gg.csv", "none.csv"] {
        for verb in ["match", "exposure"] {
            let mut command = vicino();
            command
                .current_dir(folder.path())
                .args([verb, name, "--keys"])
                .arg(&keys);
            let assert = command.assert().code(3);
            assert.stderr(
                predicate::str::contains(format!("error: {name}: "))
                    .and(predicate::str::contains(format!("{name}: {name}")).not()),
            );
        }
    }
    let mut command = vicino();
    command
        .arg("match")
        .arg(&capture)
        .arg("--keys")
        .arg(bundled("demo.keys.csv"));
    command
        .assert()
        .code(3)
        .stderr(predicate::str::contains("vicino keys export"));
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
