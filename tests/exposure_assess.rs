//! `vicino exposure assess` and `configs`: windows of files, rules of one's own, what each decides.

use assert_cmd::Command;
use predicates::prelude::*;

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

const WINDOW: &str = r#"{"dateMillisSinceEpoch": 1596067200000, "reportType": 1, "scanInstances": [
    {"minAttenuationDb": 40, "typicalAttenuationDb": 50, "secondsSinceLastScan": 960}]}"#;

fn assessed(windows: &str, arguments: &[&str]) -> serde_json::Value {
    let output = assess(windows, &[arguments, &["--json"]].concat()).success();
    serde_json::from_slice(&output.get_output().stdout).expect("JSON")
}

#[test]
fn several_lists_are_persons_of_their_own() {
    let covid = ["--config", "swisscovid"];
    let both = format!("{{\"anna\": [{WINDOW}], \"bert\": [{}]}}", WINDOW.replace("960", "600"));
    let value = assessed(&both, &covid);
    let persons = value["persons"].as_array().unwrap();
    let told: Vec<_> = persons
        .iter()
        .map(|of| (of["person"].as_str(), of["decisions"][0]["notifies"].as_bool()))
        .collect();
    // Together they would have 26 minutes, and bert would be told too.
    assert_eq!(told, [(Some("anna"), Some(true)), (Some("bert"), Some(false))]);
    let csv = assess(&both, &["--csv", "--config", "swisscovid"]).success();
    csv.stdout(
        predicate::str::starts_with("person,config,notifies,")
            .and(predicate::str::contains("\nanna,swisscovid,true,"))
            .and(predicate::str::contains("\nbert,swisscovid,false,")),
    );
    assess(&both, &covid).stdout(predicate::str::starts_with("anna\nswisscovid "));
    // One alone needs no name.
    let one = assessed(&format!("{{\"anna\": [{WINDOW}]}}"), &covid);
    assert_eq!((&one["windows"], one["persons"].is_null()), (&1.into(), true));
    // Receivers of `exposure windows` are persons too.
    let of = |receiver: &str| WINDOW.replacen('{', &format!("{{\"receiver\": \"{receiver}\", "), 1);
    let windows = format!(
        "{{\"schema\": \"vicino/windows/1\", \"windows\": [{}, {}]}}",
        of("01"),
        of("02")
    );
    assert_eq!(assessed(&windows, &covid)["persons"][1]["person"], "02");
}

#[test]
fn what_the_interface_and_editors_give_is_taken() {
    let negative = WINDOW.replace(
        "[\n",
        "[{\"minAttenuationDb\": 9, \"typicalAttenuationDb\": 9, \"secondsSinceLastScan\": -5},",
    );
    let reason = |windows: &str| {
        let value = assessed(windows, &["--config", "swisscovid"]);
        value["decisions"][0]["reason"].as_str().unwrap().to_owned()
    };
    let plain = reason(&format!("[{WINDOW}]"));
    assert!(plain.starts_with("16.0 weighted minutes"), "{plain}");
    assert_eq!(reason(&format!("[{negative}]")), plain);
    assert_eq!(reason(&format!("\u{feff}[{WINDOW}]")), plain);
}

#[test]
fn when_to_notify_is_unknown_where_it_is_not_published() {
    let windows = format!("[{WINDOW}]");
    let lfph = ["--config", "lfph-wider-net-1"];
    let decision = &assessed(&windows, &lfph)["decisions"][0];
    assert_eq!(
        (decision["notifies"].is_null(), &decision["level"]),
        (true, &"unknown".into())
    );
    assess(&windows, &[&lfph[..], &["--csv"]].concat())
        .stdout(predicate::str::contains("\nlfph-wider-net-1,,unknown,"));
    assess(&windows, &lfph).stdout(predicate::str::is_match("lfph-wider-net-1 +unknown +unknown ").unwrap());
}

#[test]
fn windows_after_the_day_of_the_decision_do_not_count() {
    let decision = &assessed(
        &format!("[{WINDOW}]"),
        &["--config", "koronavilkku", "--on", "2020-05-01"],
    )["decisions"][0];
    assert_eq!(decision["notifies"], false);
    assert_eq!(
        decision["reason"],
        "every exposure is later than 2020-05-01, the day of the decision"
    );
}

#[test]
fn a_rule_of_a_file_wins_over_a_built_in_one_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.toml");
    let rule = "[[config]]\nname = \"swisscovid\"\nrule = { kind = \"minutes-per-day\", thresholds_db = [55, 63], \
                weights = [1.0, 0.5, 0.0], minutes = 99.0 }\n";
    std::fs::write(&file, rule).unwrap();
    let file = file.to_str().unwrap();
    for order in [["swisscovid", file], [file, "swisscovid"]] {
        let value = assessed(&format!("[{WINDOW}]"), &["--config", order[0], "--config", order[1]]);
        let decisions = value["decisions"].as_array().unwrap();
        assert_eq!((decisions.len(), &decisions[0]["source"]), (1, &"own".into()));
        assert_eq!(decisions[0]["notifies"], false);
    }
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
    // What is wrong with one is told with its number.
    for (from, to, expected) in [
        ("40,", "\"40\",", "window 2: invalid type: string \"40\""),
        ("40,", "51,", "window 2: minAttenuationDb is above typicalAttenuationDb"),
    ] {
        let wrong = WINDOW.replace(from, to);
        assess(&format!("[{WINDOW}, {wrong}]"), &[])
            .code(3)
            .stderr(predicate::str::contains(expected));
    }
    assess("[]", &["--config", "nobody"])
        .code(2)
        .stderr(predicate::str::contains("configs"));
}
