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
    assert_eq!(value["edition"], "2020-12-14", "the one that the capture names");
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

/// An export of the keys of the bundled demo, with a further column of the same value for all.
fn export(folder: &Path, column: &str, value: &str) -> PathBuf {
    let table = std::fs::read_to_string(bundled("demo.keys.csv")).expect("a file of the test");
    let mut lines = table.lines();
    let head = format!("{},{column}", lines.next().expect("a header"));
    let rows = lines.map(|line| format!("{line},{value}"));
    let rows: Vec<String> = std::iter::once(head).chain(rows).collect();
    let (from, signer) = (folder.join("keys.csv"), folder.join("signer.pem"));
    let out = folder.join(format!("{column}{value}.zip"));
    std::fs::write(&from, rows.join("\n") + "\n").expect("a file of the test");
    let vicino = || Command::cargo_bin("vicino").expect("the program");
    if !signer.exists() {
        vicino().args(["keys", "new-signer"]).arg(&signer).assert().success();
    }
    let mut command = vicino();
    command.args(["keys", "export"]).arg(&out).arg("--from").arg(&from);
    command.args(["--region", "222", "--signer"]).arg(&signer);
    command.assert().success();
    out
}

fn with_keys(keys: &Path, arguments: &[&str]) -> serde_json::Value {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command
        .arg("exposure")
        .arg(bundled("demo.csv.zst"))
        .arg("--keys")
        .arg(keys);
    let output = command.args(arguments).arg("--json").assert().success();
    serde_json::from_slice(&output.get_output().stdout).expect("JSON")
}

#[test]
fn keys_give_windows_and_each_application_decides() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "report_type", "1");
    let value = with_keys(&keys, &[]);
    let receiver = &value["receivers"][0];
    let windows = receiver["windows"].as_array().unwrap();
    let numbers: Vec<u64> = windows
        .iter()
        .map(|window| window["key"]["number"].as_u64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        [1, 2, 3, 4],
        "every phone of the demo was near, for less than half an hour"
    );
    for window in windows {
        assert_eq!(
            window["dateMillisSinceEpoch"], 1_590_969_600_000_i64,
            "its day, and no time of it"
        );
        assert_eq!(
            (&window["reportType"], &window["infectiousness"]),
            (&1.into(), &1.into())
        );
        let scan = &window["scanInstances"][0];
        assert!(scan["minAttenuationDb"].as_i64() <= scan["typicalAttenuationDb"].as_i64());
    }
    let decisions = receiver["decisions"].as_array().unwrap();
    assert!(decisions.len() >= 10);
    // What was made is what `assess` takes.
    let text = serde_json::json!({ "upload": windows }).to_string();
    let output = assess(&text, &["--json"]).success().get_output().stdout.clone();
    let assessed: serde_json::Value = serde_json::from_slice(&output).unwrap();
    // Rules of the first interface see exposures with their times, which windows do not tell.
    let of_windows = |decisions: &[serde_json::Value]| -> Vec<serde_json::Value> {
        let is_of_windows = |decision: &&serde_json::Value| {
            let name = decision["config"].as_str().unwrap_or_default();
            ["swisscovid", "koronavilkku", "nearform", "cwa-2", "enx", "nhs"]
                .iter()
                .any(|begin| name.starts_with(begin))
        };
        decisions.iter().filter(is_of_windows).cloned().collect()
    };
    let assessed = of_windows(assessed["decisions"].as_array().unwrap());
    assert_eq!((assessed.len(), &assessed), (7, &of_windows(decisions)));
    let score = |name: &str| {
        let found = decisions.iter().find(|decision| decision["config"] == name).unwrap();
        found["reason"].as_str().unwrap().to_owned()
    };
    assert!(
        score("immuni-production-2020-06-22").contains("score 0 does not reach 20: 5 minutes"),
        "{decisions:?}"
    );
}

/// An export of the demo's keys for another time or of another report type, as a forger makes it.
fn forged(folder: &Path, period: &str) -> PathBuf {
    let table = std::fs::read_to_string(bundled("demo.keys.csv")).expect("a file of the test");
    let rows = table.lines().map(|line| match line.strip_suffix(",144") {
        Some(start) => format!("{start},{period},5"),
        None => format!("{line},report_type"),
    });
    let from = folder.join("forged.csv");
    std::fs::write(&from, rows.collect::<Vec<_>>().join("\n") + "\n").expect("a file of the test");
    let out = folder.join("forged.zip");
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.args(["keys", "export"]).arg(&out).arg("--from").arg(&from);
    command.args(["--region", "222", "--end", "2020-06-01T00:00:00Z", "--signer"]);
    command.arg(folder.join("signer.pem")).assert().success();
    out
}

#[test]
fn a_forged_file_neither_hides_windows_nor_has_them_twice() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "report_type", "1");
    let forged = forged(folder.path(), "143");
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command
        .arg("exposure")
        .arg(bundled("demo.csv.zst"))
        .arg("--json")
        .arg("--keys");
    let both = command.args([&keys, &forged]).assert().success();
    both.stderr(predicate::str::contains(
        "8 keys come with another time in another file; each is looked for",
    ))
    .stdout(predicate::function(|text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        value["receivers"] == with_keys(&keys, &[])["receivers"] && value["signatures"] == "not checked"
    }));
}

#[test]
fn tables_name_the_files_of_keys_and_the_rules_that_were_applied() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "report_type", "1");
    let more = export(folder.path(), "report_type", "2");
    let run = |arguments: &[&str], keys: &[&Path]| {
        let mut command = Command::cargo_bin("vicino").expect("the program");
        command
            .arg("exposure")
            .arg(bundled("demo.csv.zst"))
            .args(arguments)
            .arg("--keys")
            .args(keys);
        let output = command.assert().success().get_output().stdout.clone();
        String::from_utf8(output).expect("text")
    };
    let one = run(&[], &[&keys]);
    assert!(!one.contains(".zip"), "{one}");
    for rule in [
        "seconds since the last scan are whole minutes",
        "the TX power is the one that the metadata decrypt to",
    ] {
        assert!(one.contains(rule), "{one}");
    }
    let several = run(&[], &[&keys, &more]);
    assert!(
        several.contains("report_type1.zip #1") || several.contains("report_type2.zip #1"),
        "{several}"
    );
    let rows = run(&["--csv"], &[&keys]);
    let path = keys.display().to_string();
    assert!(rows.lines().skip(1).all(|line| line.contains(&path)), "{rows}");
}

#[test]
fn what_applications_do_not_get_is_shown_and_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let revoked = export(folder.path(), "report_type", "5");
    let infectious = export(folder.path(), "days_since_onset", "0");
    // Two bits a day: nobody is infectious on any, and then only on the day of the onset.
    let none = ["--infectiousness", "0"];
    let onset = ["--infectiousness", "0x20000000"];
    let cases = [
        (&revoked, &[][..], Some("revoked")),
        (&infectious, &none[..], Some("not infectious")),
        (&infectious, &onset[..], None),
    ];
    for (keys, arguments, hidden) in cases {
        let value = with_keys(keys, arguments);
        let receiver = &value["receivers"][0];
        let windows = receiver["windows"].as_array().unwrap();
        assert_eq!(windows.len(), 4);
        assert!(
            windows.iter().all(|window| window["hidden"].as_str() == hidden),
            "{windows:?}"
        );
        for decision in receiver["decisions"].as_array().unwrap() {
            let (name, reason) = (
                decision["config"].as_str().unwrap(),
                decision["reason"].as_str().unwrap(),
            );
            let is_nothing = reason.contains("revoked key") || reason.contains("day without infectiousness");
            // The first interface knew of no infectiousness.
            let is_first = ["google", "immuni", "cwa-1", "japan"]
                .iter()
                .any(|begin| name.starts_with(begin));
            let expected = hidden == Some("revoked") || hidden.is_some() && !is_first;
            assert_eq!(is_nothing, expected, "{decision}");
        }
    }
}

#[test]
fn keys_of_other_days_give_no_windows_and_captures_need_keys() {
    let folder = tempfile::tempdir().unwrap();
    let keys = export(folder.path(), "report_type", "1");
    let value = with_keys(&keys, &["--clock-offset", "86400"]);
    assert_eq!(value["receivers"][0]["windows"].as_array().map(Vec::len), Some(0));
    let exposure = || {
        let mut command = Command::cargo_bin("vicino").expect("the program");
        command.arg("exposure");
        command
    };
    exposure()
        .arg("walk.csv")
        .assert()
        .code(2)
        .stderr(predicate::str::contains("--keys"));
    let mut command = exposure();
    command
        .arg(bundled("demo.csv.zst"))
        .arg("--keys")
        .arg(folder.path().join("signer.pem"));
    command.assert().code(3);
    let mut command = exposure();
    command.arg(bundled("demo.csv.zst")).arg("--keys").arg(&keys);
    command.args(["--infectiousness", "wrong"]).assert().code(2);
}

/// Rows of the native format: a frame of an identifier every 250 ms for 4 s, every four minutes.
fn rows(minutes: std::ops::Range<i64>, data: &str) -> String {
    let header = "time_us,station,address,address_kind,pdu,rssi_dbm,tx_power_dbm,channel,raw,data";
    let mut lines = vec![header.to_owned()];
    for minute in minutes.step_by(4) {
        for report in 0..16 {
            let at = 1_596_103_200_000_000 + minute * 60_000_000 + report * 250_000;
            let who = "phone,5e:1b:09:c4:77:01,random-resolvable,ADV_NONCONN_IND,-60";
            lines.push(format!("{at},{who},,,true,{data}"));
        }
    }
    lines.join("\n") + "\n"
}

const ANDROID: &str = "03036ffd17166ffd000102030405060708090a0b0c0d0e0f10111213";
const IOS: &str = "02011a03036ffd17166ffd000102030405060708090a0b0c0d0e0f10111213";

fn json_of(args: &[&Path]) -> serde_json::Value {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.args(["exposure", "windows", "--unknown", "--json"]).args(args);
    let output = command.assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).expect("JSON")
}

#[test]
fn a_log_in_two_pieces_is_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let whole = write("whole.csv", rows(0..24, ANDROID));
    let (first, second) = (
        write("a.csv", rows(0..12, ANDROID)),
        write("b.csv", rows(12..24, ANDROID)),
    );
    let scans = |value: &serde_json::Value| -> Vec<usize> {
        let windows = value["windows"].as_array().unwrap().iter();
        windows
            .map(|window| window["scanInstances"].as_array().unwrap().len())
            .collect()
    };
    let expected = json_of(&[&whole]);
    assert_eq!(scans(&expected), [6]);
    for pieces in [[&*first, &*second], [&*second, &*first]] {
        let found = json_of(&pieces);
        assert_eq!(scans(&found), [6]);
        let of = |value: &serde_json::Value, key: &str| value["windows"][0]["scanInstances"][3][key].clone();
        assert_eq!(of(&found, "minAttenuationDb"), of(&expected, "minAttenuationDb"));
        assert_eq!(
            of(&found, "secondsSinceLastScan"),
            of(&expected, "secondsSinceLastScan")
        );
    }
    // The same log twice is one log too.
    assert_eq!(json_of(&[&whole, &whole])["windows"], expected["windows"]);
    // What is printed can be assessed.
    let mut assess = Command::cargo_bin("vicino").expect("the program");
    assess.args(["exposure", "assess", "-", "--config", "swisscovid"]);
    let assess = assess.write_stdin(expected.to_string()).assert().success();
    assess.stdout(predicate::str::contains("swisscovid"));
}

#[test]
fn iphones_are_taken_for_iphones() {
    let folder = tempfile::tempdir().unwrap();
    let least = |name: &str, data: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, rows(0..4, data)).unwrap();
        let value = json_of(&[&path]);
        value["windows"][0]["scanInstances"][0]["minAttenuationDb"]
            .as_i64()
            .unwrap()
    };
    // The average iPhone is stronger by so much in the edition of that time.
    assert_eq!(least("ios.csv", IOS) - least("android.csv", ANDROID), 25);
}
