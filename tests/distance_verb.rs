//! `vicino distance` as a program: estimates of simulated and of real phones, truth, models, wrong input.

use std::path::{Path, PathBuf};
use std::process::Command as Plain;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

fn bundled(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file);
    path.to_str().expect("a name").to_owned()
}

fn distance(arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.arg("distance").args(arguments).assert()
}

fn rows(csv: &[u8]) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(csv);
    reader.records().map(|record| record.expect("a row")).collect()
}

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("VICINO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    folder.join("score/score_distance.py").is_file().then_some(folder)
}

#[test]
fn a_phone_with_a_lab_key_gets_estimates_and_others_when_asked_for() {
    let (capture, keys) = (bundled("two-phones.csv"), bundled("two-phones.keys.csv"));
    let of = |more: &[&str]| {
        let arguments = [&[capture.as_str(), "--csv"], more].concat();
        rows(&distance(&arguments).success().get_output().stdout)
    };
    let known = of(&["--keys", &keys]);
    assert!(!known.is_empty());
    for row in &known {
        let number = |column: usize| row[column].parse::<f64>().expect("a number");
        assert!(["android", "iphone"].contains(&&row[2]), "{row:?}");
        let (low, middle, high) = (number(6), number(5), number(7));
        assert!(0.0 < low && low < middle && middle < high, "{row:?}");
        assert!((0.0..=1.0).contains(&number(8)) && number(8) <= number(9), "{row:?}");
    }
    // Those that lie beside are taken by themselves.
    assert_eq!(of(&[]), known);
    let each = of(&["--keys", &keys, "--each"]);
    assert!(each.len() > known.len() && each.iter().all(|row| !row[13].is_empty()));
    // By itself, the same capture tells nobody's name.
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("alone.csv.zst");
    std::fs::copy(bundled("rotation-faults.csv.zst"), &alone).expect("copied");
    let unknown = distance(&[alone.to_str().expect("a name"), "--unknown", "--csv"]).success();
    let unknown = rows(&unknown.get_output().stdout);
    assert!(unknown.iter().any(|row| row[2].starts_with("rpi:")));
}

#[test]
fn both_modes_are_the_same_every_time_and_windows_lie_where_they_are_asked_for() {
    let (capture, keys) = (bundled("demo.csv.zst"), bundled("demo.keys.csv"));
    for mode in ["live", "replay"] {
        let run = |window: &str| {
            let arguments = [&capture, "--keys", &keys, "--csv", "--mode", mode, "--window", window];
            distance(&arguments).success().get_output().stdout.clone()
        };
        assert_eq!(run("30"), run("30"));
        assert!(rows(&run("300")).len() < rows(&run("30")).len());
    }
    let from = ["--from", "2020-06-01T08:58:00Z", "--window", "60", "--json"];
    let arguments = [&[capture.as_str(), "--keys", &keys], &from[..]].concat();
    let output = distance(&arguments).success().get_output().stdout.clone();
    let value: Value = serde_json::from_slice(&output).expect("JSON");
    let estimates = value["estimates"].as_array().expect("a list");
    assert!(!estimates.is_empty());
    for estimate in estimates {
        let from = estimate["window_from_us"].as_i64().expect("a time");
        assert_eq!((from - 1_591_001_880_000_000).rem_euclid(60_000_000), 0);
    }
}

#[test]
fn a_simulator_s_truth_teaches_a_model_which_estimates_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let (capture, keys, truth) = (
        bundled("demo.csv.zst"),
        bundled("demo.keys.csv"),
        bundled("demo.truth.csv"),
    );
    let (model, points) = (path("own.toml"), path("points.csv"));
    // The truth of the bundled capture has a row per change; distances over time are finer.
    let told = std::fs::read_to_string(&truth).expect("the truth");
    let mut text = "time,receiver,transmitter,distance_m\n".to_owned();
    for row in rows(told.as_bytes()) {
        let at: f64 = row[0].parse::<f64>().expect("a time") / 1e6;
        for second in 0..10 {
            text += [
                format!("{},{},{},{}", at + f64::from(second), &row[1], &row[2], &row[8]),
                "\n".to_owned(),
            ]
            .concat()
            .as_str();
        }
    }
    std::fs::write(&points, text).expect("written");
    distance(&["score", &capture, "--keys", &keys, "--truth", &points])
        .success()
        .stdout(predicate::str::contains("fitted line").and(predicate::str::contains("over constant, 90 %")));
    let train = [
        "train", &capture, "--keys", &keys, "--truth", &points, "--name", "demo", "--out", &model,
    ];
    distance(&train).success();
    distance(&train)
        .code(4)
        .stderr(predicate::str::contains("not overwritten"));
    let output = distance(&[&capture, "--keys", &keys, "--estimator", &model, "--json"])
        .success()
        .get_output()
        .stdout
        .clone();
    let value: Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(value["estimator"], "demo");
    assert!(value["trained_on"].as_str().expect("text").contains("windows of 30 s"));
}

#[test]
fn an_identifier_stands_for_its_sender_in_truth_and_in_marks() {
    // Without its keys nobody in it is known.
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let capture = path("walk.csv");
    std::fs::copy(bundled("two-phones.csv"), &capture).expect("copied");
    let run = |more: &[&str]| distance(&[&[capture.as_str()][..], more].concat()).success();
    let found = rows(&run(&["--unknown", "--csv"]).get_output().stdout);
    let unknown = found
        .iter()
        .find(|row| row[2].starts_with("rpi:"))
        .expect("an identifier");
    // Eight digits are enough, in letters of either case.
    let short = unknown[2][..12].to_owned();
    let capital = format!("rpi:{}", short[4..].to_uppercase());
    let truth = path("truth.csv");
    let header = "receiver,transmitter,window_start_utc,window_s,true_distance_m";
    let windows: Vec<String> = found
        .iter()
        .filter(|row| row[2] == unknown[2])
        .map(|row| format!("{},{capital},{},30,1.5", &row[1], &row[0]))
        .collect();
    std::fs::write(&truth, format!("{header}\n{}\n", windows.join("\n"))).expect("written");
    run(&["--truth", &truth, "--csv"]).stdout(predicate::str::contains(&short));
    distance(&["score", &capture, "--truth", &truth])
        .success()
        .stdout(predicate::str::contains(format!("all: {} windows", windows.len())));
    // A mark of the same.
    let mark = [
        "mark",
        &capture,
        "--device",
        &capital,
        "--distance",
        "2",
        "--model",
        "SM-A515F",
    ];
    Command::cargo_bin("vicino")
        .expect("built")
        .args(mark)
        .args(["--from", "2020-01-01T00:00:00Z"])
        .assert()
        .success();
    let events = std::fs::read_to_string(path("walk.events.csv")).expect("written");
    assert!(events.contains(&capital[4..]) && !events.contains("rpi:"), "{events}");
    run(&["--csv"]).stdout(predicate::str::contains(&capital[4..]));
}

#[test]
fn the_grid_begins_at_a_date_or_at_seconds_since_1970() {
    let (capture, keys) = (bundled("demo.csv.zst"), bundled("demo.keys.csv"));
    let run = |from: &str| {
        let done = distance(&[&capture, "--keys", &keys, "--csv", "--from", from]).success();
        done.get_output().stdout.clone()
    };
    let first = rows(&run("2020-06-02T08:59:01.25Z"));
    let grid = |row: &csv::StringRecord| row[0].parse::<f64>().expect("seconds").rem_euclid(30.0);
    assert!((grid(&first[0]) - 1.25).abs() < 1e-3, "{:?}", first[0]);
    assert_eq!(run("2020-06-02T08:59:01.25Z"), run("1591088341.25"));
    assert_eq!(run("2020-06-02T08:59:01.25Z"), run("1591088341250000"));
    distance(&[&capture, "--from", "yesterday"])
        .code(2)
        .stderr(predicate::str::contains("nor seconds since 1970"));
    distance(&["--help"])
        .success()
        .stdout(predicate::str::contains("seconds since 1970"));
}

#[test]
fn truth_of_windows_of_another_length_is_told_as_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth = folder.path().join("truth.csv");
    let header = "receiver,transmitter,window_start_utc,window_s,true_distance_m";
    std::fs::write(&truth, format!("{header}\na,b,1591088340,30,1\na,b,1591088370,60,1\n")).expect("written");
    let truth = truth.to_str().expect("a name");
    distance(&["score", &bundled("demo.csv.zst"), "--truth", truth, "--window", "300"])
        .code(3)
        .stderr(
            predicate::str::contains("no window of 300 s in the truth: its windows are of 30 s and of 60 s")
                .and(predicate::str::contains("--window 30 "))
                .and(predicate::str::contains("clock").not()),
        );
}

#[test]
fn what_cannot_be_used_is_told() {
    let capture = bundled("rotation-faults.csv.zst");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a name").to_owned()
    };
    let none = path("none.csv", "a,b\n1,2\n");
    distance(&["score", &capture, "--truth", &none])
        .code(3)
        .stderr(predicate::str::contains("no truth"));
    let other = path("other.csv", "time,receiver,transmitter,distance_m\n5,x,y,1\n6,x,y,1\n");
    distance(&["score", &capture, "--truth", &other])
        .code(3)
        .stderr(predicate::str::contains("no window of 30 s"));
    distance(&["train", &capture, "--truth", &other])
        .code(3)
        .stderr(predicate::str::contains("too little"));
    let model = path("model.toml", "name = 1\n");
    distance(&[&capture, "--estimator", &model])
        .code(3)
        .stderr(predicate::str::contains("model.toml"));
    distance(&[&capture, "--window", "0"]).code(2);
    distance(&[&capture, "--model", "99=SM-G973F"])
        .code(2)
        .stderr(predicate::str::contains("no such receiver"));
    distance(&[&capture, "--clock-offset", "x=1"])
        .code(2)
        .stderr(predicate::str::contains("no such capture"));
    distance(&["train", &capture, "--name", "../evil"]).code(2);
    distance(&[]).code(2);
    distance(&["no-such-file"]).code(3);
}

/// The scorer of the field data, in another language, finds the same in the CSV as `distance score`.
#[test]
fn measures_agree_with_those_of_an_independent_scorer() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no captures with camera truth ($VICINO_SHARED)");
        return;
    };
    let logs = shared.join("data/dp3t/exp34-epfl-soldiers/pcaps");
    let captures: Vec<String> = [1, 2, 4, 6, 10, 11, 15, 18]
        .iter()
        .map(|phone| {
            logs.join(format!("{phone:02}.btsnoop"))
                .to_str()
                .expect("a name")
                .to_owned()
        })
        .collect();
    let captures: Vec<&str> = captures.iter().map(String::as_str).collect();
    let truth = shared.join("score/truth/exp34_windows_30s.csv");
    let truth = truth.to_str().expect("a name");
    let models = ["--clock-offset", "-7200", "--model", "SM-G973F"];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("estimates.csv");
    let arguments = [
        "--truth",
        truth,
        "--json",
        "--estimates",
        file.to_str().expect("a name"),
    ];
    let output = distance(&[&["score"], &captures[..], &models, &arguments].concat());
    let value: Value = serde_json::from_slice(&output.success().get_output().stdout).expect("JSON");
    let parts = value["parts"].as_array().expect("parts");
    let all = parts
        .iter()
        .find(|part| part["scenario"] == "all")
        .expect("all windows");
    let ours = &all["measures"]["vicino"];
    assert_eq!(all["windows"], 595);
    let scored = Plain::new("python3")
        .arg(shared.join("score/score_distance.py"))
        .args([&file, Path::new(truth)])
        .args(["--split", "dev", "--json"])
        .output();
    let Ok(scored) = scored else {
        eprintln!("skipped: no python3");
        return;
    };
    let theirs: Value = serde_json::from_slice(&scored.stdout).expect("JSON of the scorer");
    assert_eq!(theirs["missing"], 0);
    let same = |ours: &Value, theirs: &Value, names: &[&str]| {
        for name in names {
            let (a, b) = (ours[name].as_f64().expect(name), theirs[name].as_f64().expect(name));
            assert!((a - b).abs() < 1e-6, "{name}: {a} {b}");
        }
    };
    same(
        ours,
        &theirs,
        &["median_abs_err_m", "p90_abs_err_m", "mae_m", "rmse_log10"],
    );
    let names = [
        "prevalence",
        "auc",
        "f1",
        "precision",
        "recall",
        "balanced_accuracy",
        "ndcf",
        "min_ndcf",
    ];
    same(&ours["near"][0], &theirs["closer_than_1.5_m"], &names);
    same(&ours["near"][1], &theirs["closer_than_2.0_m"], &names);
    assert!(ours["near"][0]["auc"].as_f64().expect("a number") > 0.78);
}

#[test]
fn a_model_of_one_s_own_is_found_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("vicino/calibration");
    std::fs::create_dir_all(&own).expect("made");
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/distance.toml");
    std::fs::copy(built_in, own.join("distance-hall.toml")).expect("copied");
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("vicino").expect("the program");
        command.env("XDG_DATA_HOME", folder.path()).args(arguments).assert()
    };
    let (capture, keys) = (bundled("demo.csv.zst"), bundled("demo.keys.csv"));
    run(&["distance", &capture, "--keys", &keys, "--estimator", "hall", "--csv"]).success();
    run(&["distance", &capture, "--keys", &keys, "--estimator", "hal", "--csv"])
        .code(2)
        .stderr(predicate::str::contains("no such model of distance"));
    run(&["calibrate", "show", "distance-hall"])
        .stderr(predicate::str::contains("is a model of distance").and(predicate::str::contains("--estimator hall")))
        .failure();
}

#[test]
fn distances_too_far_apart_are_told_as_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth = folder.path().join("sparse.csv");
    // Of a phone that is heard often: a few seconds of it alone are told.
    let mut text = "time,receiver,transmitter,distance_m\n".to_owned();
    for second in 0..5 {
        text += &[(1_591_088_400 + second).to_string(), ",nobody,somebody,1\n".to_owned()].concat();
    }
    std::fs::write(&truth, text).expect("written");
    let truth = truth.to_str().expect("a name");
    let (capture, keys) = (bundled("demo.csv.zst"), bundled("demo.keys.csv"));
    for verb in ["train", "score"] {
        distance(&[verb, &capture, "--keys", &keys, "--truth", truth])
            .code(3)
            .stderr(predicate::str::contains("fill no window of 30 s").and(predicate::str::contains("10 s")));
    }
}
