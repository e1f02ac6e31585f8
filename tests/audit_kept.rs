//! `vicino audit keys` and `vicino audit custody`: what is audited besides broadcasts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn vicino(args: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("vicino"))
        .args(args)
        .output()
        .expect("the program runs")
}

fn json(args: &[&str]) -> Value {
    let output = vicino(args);
    serde_json::from_slice(&output.stdout).expect("JSON on standard output")
}

/// Verdicts of a file by the code of the check.
fn verdict(sheet: &Value, file: usize, code: &str) -> String {
    let checks = sheet["files"][file]["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["code"] == code).expect("the check");
    found["verdict"].as_str().expect("a verdict").to_owned()
}

fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("VICINO_SHARED").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

#[test]
fn real_exports_are_told_apart_by_what_they_give_away() {
    let Some(shared) = shared() else {
        eprintln!("SKIPPED: the shared exports are not here (VICINO_SHARED)");
        return;
    };
    let path = |name: &str| shared.join("reference/exports").join(name).display().to_string();
    let files = [
        path("google-sample-140keys.zip"),
        path("immuni-2020-08-23-3keys.export.bin"),
        path("synthetic-v15-all-fields.zip"),
    ];
    let args: Vec<&str> = ["audit", "keys", "--json"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .collect();
    let sheet = json(&args);
    let of = |file| ["K1", "K2", "K3", "K4", "K5"].map(|code| verdict(&sheet, file, code));
    assert_eq!(of(0), ["pass", "warn", "pass", "warn", "not-observable"]);
    // Three days of one person, alone in a file.
    assert_eq!(of(1), ["pass", "fail", "fail", "warn", "not-observable"]);
    assert_eq!(of(2), ["pass", "fail", "fail", "fail", "not-observable"]);
    // By the illness two combinations of many keys each; what else tells keys apart is counted beside it.
    let odd = json(&["audit", "keys", "--json", &path("google-sample-110keys.zip")]);
    assert_eq!(
        (verdict(&odd, 0, "K6"), verdict(&odd, 0, "K8")),
        ("pass".into(), "warn".into())
    );
    let figures = odd["files"][0]["checks"][5]["figures"].as_array().expect("figures");
    let values: Vec<f64> = figures.iter().filter_map(|figure| figure["value"].as_f64()).collect();
    assert_eq!(values, [2.0, 0.0, 110.0, 110.0]);
    assert_eq!(vicino(&args).status.code(), Some(1));
    let lenient: Vec<&str> = args.iter().copied().chain(["--fail-on", "never"]).collect();
    assert_eq!(vicino(&lenient).status.code(), Some(0));
}

#[test]
fn a_capture_is_audited_by_who_can_read_it_and_by_what_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    for ending in ["csv", "events.csv", "keys.csv", "toml"] {
        let name = format!("two-phones.{ending}");
        fs::copy(captures.join(&name), folder.path().join(&name)).expect("a bundled capture");
    }
    let own = |mode| {
        for file in fs::read_dir(folder.path()).expect("the folder").flatten() {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("own files");
        }
    };
    let capture = folder.path().join("two-phones.csv").display().to_string();
    own(0o644);
    let open = json(&["audit", "custody", &capture, "--json"]);
    // Nobody is in a simulated capture: it only warns.
    assert_eq!(
        (verdict(&open, 0, "C1"), verdict(&open, 0, "C2")),
        ("warn".into(), "pass".into())
    );
    own(0o600);
    let closed = json(&["audit", "custody", &capture, "--json"]);
    assert_eq!(closed["verdict"], "pass");
    let rows = vicino(&["audit", "custody", &capture, "--csv"]).stdout;
    let rows = String::from_utf8(rows).expect("text");
    let lines: Vec<&str> = rows.lines().collect();
    assert_eq!(lines[0], "file,check,title,verdict,seen,figures,finding,what");
    assert_eq!(lines.len(), 5, "{rows}");
    assert!(
        lines[1].contains(",C1,only the owner can read the files,pass,"),
        "{}",
        lines[1]
    );
    // The same rows without the word that they are simulated.
    fs::remove_file(folder.path().join("two-phones.toml")).expect("the metadata");
    let unknown = json(&["audit", "custody", &capture, "--json"]);
    assert_eq!(verdict(&unknown, 0, "C2"), "warn");
    own(0o604);
    let leaking = json(&["audit", "custody", &capture, "--json"]);
    assert_eq!(verdict(&leaking, 0, "C1"), "fail");
    assert_eq!(vicino(&["audit", "custody", &capture]).status.code(), Some(1));
}

#[test]
fn a_protected_capture_gives_the_same_verdicts_except_where_it_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/rotation-faults.csv.zst");
    let protected = folder.path().join("protected.csv").display().to_string();
    let converted = vicino(&["convert", &capture.display().to_string(), &protected, "--pseudonymise"]);
    assert!(converted.status.success());
    let open = json(&["audit", &capture.display().to_string(), "--json"]);
    let closed = json(&["audit", &protected, "--json"]);
    assert_eq!(closed["scope"]["pseudonymised"], true);
    let rules = |sheet: &Value| sheet["rules"].as_array().expect("rules").clone();
    for (open, closed) in rules(&open).iter().zip(&rules(&closed)) {
        let code = open["code"].as_str().expect("a code");
        let expected = match code {
            // Pseudonyms are random whatever they stand for; metadata and counters are replaced; keys find nothing.
            "B13" | "B16" | "B17" | "B19" | "B20" => "not-observable",
            _ => open["verdict"].as_str().expect("a verdict"),
        };
        assert_eq!(closed["verdict"], expected, "{code}");
        assert_eq!(
            open["n_findings"].as_u64() > Some(0) && expected != "not-observable",
            closed["n_findings"].as_u64() > Some(0),
            "{code}"
        );
    }
    let custody = json(&["audit", "custody", &protected, "--json"]);
    assert_eq!(verdict(&custody, 0, "C2"), "pass");
}

#[test]
fn captures_that_were_protected_with_one_key_are_audited_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let captures = ["two-phones.csv", "rotation-faults.csv.zst"].map(|name| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures")
            .join(name)
            .display()
            .to_string()
    });
    let key = path("event.key");
    let protect = |capture: &str, name: &str, key: &[&str]| {
        let out = path(name);
        let args: Vec<&str> = ["convert", capture, &out, "--pseudonymise"]
            .into_iter()
            .chain(key.iter().copied())
            .collect();
        let output = vicino(&args);
        assert!(output.status.success(), "{output:?}");
        let text = [
            output.stdout,
            output.stderr,
            fs::read(path(&format!("{name}.toml"))).unwrap_or_default(),
        ]
        .concat();
        let digits = fs::read_to_string(path("event.key")).unwrap_or_default();
        assert!(
            digits.is_empty() || !String::from_utf8_lossy(&text).contains(digits.trim()),
            "the key was told"
        );
    };
    let with_key = ["--pseudonym-key", key.as_str()];
    protect(&captures[0], "a.csv", &with_key);
    protect(&captures[1], "b.csv", &with_key);
    protect(&captures[1], "c.csv", &[]);
    protect(&path("b.csv"), "d.csv", &with_key);
    assert_eq!(fs::metadata(&key).expect("the key").permissions().mode() & 0o777, 0o600);
    let original = json(&["audit", &captures[0], &captures[1], "--json"]);
    // As a shell gives `*.csv`: with what lies beside.
    let (a, b) = (path("a.csv"), path("b.csv"));
    let together = json(&["audit", &a, &path("a.events.csv"), &b, &path("b.events.csv"), "--json"]);
    for figure in [
        "adverts",
        "exposure_notifications",
        "rpis",
        "addresses",
        "resolved_identities",
    ] {
        assert_eq!(original["scope"][figure], together["scope"][figure], "{figure}");
    }
    assert_eq!(original["links"]["n_links"], together["links"]["n_links"]);
    assert_eq!(together["scope"]["pseudonymised"], true);
    // Keys of their own, pseudonyms of pseudonyms, and originals do not go together with them.
    for other in [path("c.csv"), path("d.csv"), captures[1].clone()] {
        let refused = vicino(&["audit", &a, &other]);
        assert_eq!(refused.status.code(), Some(2), "{other}");
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(told.contains("--pseudonym-key"), "{told}");
    }
}

/// With one key the same is called the same in all captures, so that they can be audited together; else they are refused.
#[test]
fn captures_protected_with_one_key_are_audited_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let (one, other) = (
        captures.join("rotation-faults.csv.zst"),
        captures.join("two-phones.csv"),
    );
    let protect = |from: &Path, to: &str, key: &[&str]| {
        let from = from.display().to_string();
        let done = vicino(&[&["convert", &from, &path(to), "--pseudonymise"][..], key].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = path("key");
    protect(&one, "a.csv", &["--pseudonym-key", &key]);
    protect(&other, "b.csv", &["--pseudonym-key", &key]);
    protect(&one, "again.csv", &["--pseudonym-key", &key]);
    protect(&one, "alone.csv", &[]);
    let mode = fs::metadata(&key).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let rows = |name: &str| fs::read(path(name)).expect("rows");
    assert!(rows("a.csv") == rows("again.csv") && rows("a.csv") != rows("alone.csv"));
    let open = json(&[
        "audit",
        &one.display().to_string(),
        &other.display().to_string(),
        "--json",
    ]);
    let closed = json(&["audit", &path("a.csv"), &path("b.csv"), "--json"]);
    for what in ["rpis", "addresses", "exposure_notifications"] {
        assert_eq!(open["scope"][what], closed["scope"][what], "{what}");
    }
    assert_eq!(
        open["links"]["summary"]["by_address"],
        closed["links"]["summary"]["by_address"]
    );
    // As a shell gives it for *.csv.
    let all = [path("a.csv"), path("a.events.csv"), path("b.csv"), path("b.events.csv")];
    let with_others = json(&[&["audit", "--json"][..], &all.each_ref().map(String::as_str)].concat());
    assert_eq!(with_others["scope"]["rpis"], closed["scope"]["rpis"]);
    let refused = vicino(&["audit", &path("a.csv"), &path("alone.csv")]);
    assert_eq!(refused.status.code(), Some(2));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("for all");
    let refused = vicino(&[
        "convert",
        &one.display().to_string(),
        &path("c.csv"),
        "--pseudonymise",
        "--pseudonym-key",
        &key,
    ]);
    assert_eq!(refused.status.code(), Some(3));
}
