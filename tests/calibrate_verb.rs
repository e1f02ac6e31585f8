//! `vicino calibrate` as a program: tables, and profiles fitted to simulated benches and to a real chamber.

use std::path::{Path, PathBuf};
use std::process::Command as Plain;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

fn bundled(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file);
    path.to_str().expect("a name").to_owned()
}

fn calibrate(arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.arg("calibrate").args(arguments).assert()
}

fn json(arguments: &[&str]) -> Value {
    let output = calibrate(arguments).success().get_output().stdout.clone();
    serde_json::from_slice(&output).expect("JSON")
}

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("VICINO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    folder.join("reference/calibration").is_dir().then_some(folder)
}

#[test]
fn tables_are_shown_compared_and_written() {
    calibrate(&["show"])
        .success()
        .stdout(predicate::str::contains("Pixel 4"));
    let value = json(&["show", "--model", "SM-G973F", "--model", "nobody's", "--json"]);
    let profiles = value["profiles"].as_array().expect("profiles");
    assert_eq!(
        (&profiles[0]["rssi_correction_db"], &profiles[0]["confidence"]),
        (&Value::from(2), &Value::from("high"))
    );
    assert_eq!(profiles[1]["confidence"], "lowest");
    let value = json(&["compare", "2020-06-13", "2020-12-14", "--json"]);
    let models = value["models"].as_array().expect("models");
    let s10 = models
        .iter()
        .find(|model| model["model"] == "SM-G973F")
        .expect("a model");
    assert_eq!(s10["correction_db"]["value"], 5.0);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let (list, table) = (path("en-calibration-2020-12-14.csv"), path("own.toml"));
    calibrate(&["export", "2020-12-14", &list]).success();
    calibrate(&["export", &list, &table]).success();
    calibrate(&["export", &list, &table])
        .code(4)
        .stderr(predicate::str::contains("not overwritten"));
    let value = json(&["compare", &table, "2020-12-14", "--json"]);
    assert_eq!(
        (&value["only_in_one"], &value["only_in_other"]),
        (&Value::from(0), &Value::from(0))
    );
    for model in value["models"].as_array().expect("models") {
        assert_eq!(model["correction_db"]["value"], 0.0, "{model}");
    }
    calibrate(&["export", "2020-12-14", &path("list.txt")]).code(2);
    calibrate(&["show", &path("none.csv")])
        .code(3)
        .stderr(predicate::str::contains("none.csv"));
}

#[test]
fn a_simulated_bench_gives_back_the_phone_s_power_and_the_path_loss_and_the_table_is_one() {
    let (capture, keys) = (bundled("bench-1m.csv.zst"), bundled("bench-1m.keys.csv"));
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("own.toml");
    let table = table.to_str().expect("a name");
    let fit = ["fit", &capture, "--keys", &keys, "--reference", "Pixel 4=8/-30"];
    let value = json(&[&fit[..], &["--a1", "42", "--json", "--beside", "2020-12-14"]].concat());
    let of = |kind: &str| {
        let all = value["parameters"].as_array().expect("parameters");
        let found = all
            .iter()
            .find(|one| one["name"].as_str().is_some_and(|name| name.starts_with(kind)));
        found.expect(kind).clone()
    };
    // The scenario's: -28 dBm, and an exponent of 2.
    for (kind, truth) in [("TX power of SM-A515F", -28.0), ("path-loss exponent", 2.0)] {
        let estimate = &of(kind)["state"]["estimated"];
        let number = |value: &Value| value.as_f64().expect("a number");
        let (low, high) = (
            number(&estimate["interval"]["low"]),
            number(&estimate["interval"]["high"]),
        );
        assert!(
            low <= truth && truth <= high && high - low < 3.0,
            "{kind}: {low} to {high}"
        );
    }
    assert_eq!(of("TX power of SM-A515F")["beside"][0]["value"], -28.0);
    assert!(
        value["cautions"][0]
            .as_str()
            .expect("a caution")
            .contains("orientations")
    );
    calibrate(&[&fit[..], &["--csv"]].concat())
        .success()
        .stdout(predicate::str::starts_with("sender,receiver,session"));
    // A bench with one receiver tells no correction of the phone: the list's stands in, and that is said.
    calibrate(&[&fit[..], &["--a1", "42", "--name", "bench", "--out", table]].concat()).success();
    let value = json(&["show", table, "--json"]);
    assert_eq!(
        (&value["edition"], &value["base"]),
        (&Value::from("bench"), &Value::from("2020-12-14"))
    );
}

#[test]
fn one_distance_is_enough_where_the_attenuation_is_known_and_a_phone_that_was_not_moved_is_doubted() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth = |name: &str, rows: &[(i64, i64, f64)]| {
        let path = folder.path().join(name);
        let row = |(from, to, metres): &(i64, i64, f64)| {
            format!("{},{},reference,dut,{metres}", 1_591_088_400 + from, 1_591_088_400 + to)
        };
        let rows: Vec<String> = rows.iter().map(row).collect();
        std::fs::write(
            &path,
            format!("from,to,receiver,transmitter,distance_m\n{}\n", rows.join("\n")),
        )
        .expect("written");
        path.to_str().expect("a name").to_owned()
    };
    // By itself, without the marks: it is named by its lab key.
    let (rows, meta) = (folder.path().join("b.csv.zst"), folder.path().join("b.toml"));
    std::fs::copy(bundled("bench-1m.csv.zst"), &rows).expect("copied");
    std::fs::copy(bundled("bench-1m.toml"), meta).expect("copied");
    let (capture, keys) = (rows.to_str().expect("a name").to_owned(), bundled("bench-1m.keys.csv"));
    let fit = |truth: &str, more: &[&str]| {
        let all = [
            "fit",
            &capture,
            "--keys",
            &keys,
            "--truth",
            truth,
            "--reference",
            "Pixel 4=8/-30",
            "--a1",
            "42",
            "--json",
        ];
        json(&[&all[..], more].concat())
    };
    let value = fit(&truth("one.csv", &[(0, 60, 1.0)]), &[]);
    let power = value["parameters"]
        .as_array()
        .expect("parameters")
        .iter()
        .find(|one| one["unit"] == "dBm")
        .expect("a power")
        .clone();
    let estimate = &power["state"]["estimated"];
    assert!(
        (estimate["value"].as_f64().expect("a number") + 28.0).abs() < 1.0,
        "{power}"
    );
    assert!(estimate["interval"].is_object(), "of the assumed spread");
    // The first minute was at 1 m, whatever is said.
    let value = fit(&truth("still.csv", &[(0, 20, 0.5), (20, 40, 1.0), (40, 60, 4.0)]), &[]);
    assert!(
        value["cautions"][0]
            .as_str()
            .expect("a caution")
            .contains("were the distances right"),
        "{}",
        value["cautions"]
    );
}

/// The bench in the repository with these arguments more.
fn bench(more: &[&str]) -> assert_cmd::assert::Assert {
    let (capture, keys) = (bundled("bench-1m.csv.zst"), bundled("bench-1m.keys.csv"));
    let fit = [
        "fit",
        &capture,
        "--keys",
        &keys,
        "--a1",
        "42",
        "--reference",
        "Pixel 4=8/-30",
    ];
    calibrate(&[&fit[..], more].concat()).success()
}

fn json_of(done: &assert_cmd::assert::Assert) -> Value {
    serde_json::from_slice(&done.get_output().stdout).expect("JSON and nothing else")
}

#[test]
fn a_bootstrap_that_drew_nothing_and_references_that_contradict_each_other_are_told_everywhere() {
    let more = ["--bootstrap", "--reference", "SM-A515F=3/-20"];
    for said in [
        "(from the model: there was too little to draw from",
        "! --bootstrap drew nothing",
        "! known figures contradict each other by up to 8",
        "TX power of SM-A515F is given as -20.0 dBm, by the others it is -28.1",
    ] {
        bench(&more).stdout(predicate::str::contains(said));
    }
    let value = json_of(&bench(&[&more[..], &["--json"]].concat()));
    assert_eq!(value["intervals"]["asked"], "bootstrap");
    assert_eq!(value["intervals"]["from"], "model");
    let cautions = value["cautions"].to_string();
    assert!(
        cautions.contains("drew nothing") && cautions.contains("contradict"),
        "{cautions}"
    );
    let kinds: Vec<&Value> = value["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .map(|of| &of["kind"]["warning"])
        .collect();
    assert!(kinds.contains(&&Value::from("references-disagree")), "{kinds:?}");
    bench(&["--bootstrap", "--json"]).stdout(predicate::str::contains("contradict").not());
    #[cfg(feature = "plots")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("page.html");
        bench(&[&more[..], &["--report", page.to_str().expect("a name")]].concat());
        let page = std::fs::read_to_string(page).expect("a page");
        for said in [
            "--bootstrap drew nothing",
            "too little to draw from",
            "contradict each other",
        ] {
            assert!(page.contains(said), "{said}");
        }
        assert!(!page.contains("bootstrap of 1000 draws"));
    }
}

#[test]
fn residuals_stand_beside_the_level_that_they_are_of() {
    let text = bench(&[]);
    let text = String::from_utf8_lossy(&text.get_output().stdout).into_owned();
    assert!(text.contains("RESIDUAL = LEVEL − EXPECTED"), "{text}");
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" m ") && line.contains('│'))
        .collect();
    assert_eq!(rows.len(), 4, "{text}");
    for row in rows {
        let (_, fitted) = row.split_once('│').expect("two parts");
        let figures: Vec<f64> = fitted.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert!((figures[0] - figures[1] - figures[2]).abs() < 0.16, "{row}");
    }
}

#[test]
fn standard_output_is_data_alone_where_data_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let value = json_of(&bench(&["--json", "--out", &table("a.toml")]).stderr(predicate::str::contains("2 profiles")));
    assert_eq!(value["schema"], "vicino/calibration-fit/1");
    bench(&["--csv", "--out", &table("b.toml")]).stdout(predicate::str::starts_with("sender,"));
    bench(&["--out", &table("c.toml")]).stdout(predicate::str::contains("2 profiles"));
}

#[test]
fn single_phones_are_compared_by_their_model_and_others_are_named() {
    let value = json_of(&bench(&["--each-phone", "--beside", "2020-12-14", "--json"]));
    let power = value["parameters"]
        .as_array()
        .expect("parameters")
        .iter()
        .find(|one| one["name"] == "TX power of dut")
        .expect("the phone by its own name");
    assert_eq!(power["beside"][0]["value"], -28.0);
    assert_eq!(value["uncompared"][0]["phones"], Value::Array(Vec::new()));
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.toml");
    let profile = "edition = 'other'\n[[profile]]\nmodel = 'X'\nrssi_correction_db = 1\ntx_power_dbm = -20\n";
    std::fs::write(&other, profile).expect("written");
    let other = ["--each-phone", "--beside", other.to_str().expect("a name")];
    let said = predicate::str::contains("! not compared with other").and(predicate::str::contains(": dut ("));
    bench(&other).stdout(said);
    let value = json_of(&bench(&[&other[..], &["--json"]].concat()));
    assert_eq!(value["uncompared"][0]["phones"], serde_json::json!(["dut"]));
}

#[test]
fn makers_and_devices_go_from_fits_and_tables_into_google_s_list_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    bench(&["--out", &path("own.toml")]);
    calibrate(&["export", &path("own.toml"), &path("own.csv")]).success();
    let list = std::fs::read_to_string(path("own.csv")).expect("written");
    assert!(
        list.contains("\nsamsung,a51,SM-A515F,") && list.contains("\ngoogle,flame,Pixel 4,8,-30,"),
        "{list}"
    );
    // One of one's own, with all that the list can hold.
    let own = "edition = 'x'\n[[profile]]\noem = 'acme'\ndevice = 'roadrunner'\nmodel = 'Beep'\nrssi_correction_db = 1\ntx_power_dbm = -20\n";
    std::fs::write(path("x.toml"), own).expect("written");
    calibrate(&["export", &path("x.toml"), &path("x.csv")]).success();
    let list = std::fs::read_to_string(path("x.csv")).expect("written");
    assert!(list.ends_with("\nacme,roadrunner,Beep,1,-20,3\n"), "{list}");
    calibrate(&["export", &path("x.csv"), &path("back.toml")]).success();
    calibrate(&["show", &path("back.toml")])
        .success()
        .stdout(predicate::str::contains("acme/roadrunner/Beep"));
    let value = json(&["show", &path("back.toml"), "--model", "acme/coyote/Boom", "--json"]);
    assert_eq!(
        (
            &value["profiles"][0]["tx_power_dbm"],
            &value["profiles"][0]["confidence"]
        ),
        (&Value::from(-20), &Value::from("low"))
    );
}

#[test]
fn a_file_that_is_no_table_is_input_and_a_name_that_is_none_is_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a name").to_owned()
    };
    for path in [
        file("a.csv", "a,b\n1,2\n"),
        file("b.toml", "x"),
        file("c.toml", ""),
        file("d", "no table"),
    ] {
        calibrate(&["show", &path])
            .code(3)
            .stderr(predicate::str::contains("hint"));
        calibrate(&["compare", "2020-12-14", &path]).code(3);
        calibrate(&["export", &path, "out.csv"]).code(3);
    }
    let missing = folder.path().join("missing.toml");
    calibrate(&["show", missing.to_str().expect("a name")]).code(3);
    calibrate(&["show", "nope"])
        .code(2)
        .stderr(predicate::str::contains("no such edition"));
}

#[test]
fn what_tells_nothing_is_refused_with_what_to_do() {
    let capture = bundled("rotation-faults.csv.zst");
    calibrate(&["fit", &capture])
        .code(3)
        .stderr(predicate::str::contains("no reports"));
    let (capture, keys) = (bundled("bench-1m.csv.zst"), bundled("bench-1m.keys.csv"));
    let fit = ["fit", &capture, "--keys", &keys];
    calibrate(&[&fit[..], &["--reference", "Nokia 3310=1/1"]].concat())
        .code(2)
        .stderr(predicate::str::contains("Pixel 4"));
    calibrate(&[&fit[..], &["--reference", "Pixel 4"]].concat()).code(2);
}

#[test]
fn published_lists_are_read_whole() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no published lists ($VICINO_SHARED)");
        return;
    };
    for (date, entries) in [("2020-06-13", 9896), ("2020-12-14", 551)] {
        let file = shared.join(format!("reference/calibration/en-calibration-{date}.csv"));
        let value = json(&["show", file.to_str().expect("a name"), "--json"]);
        assert_eq!(value["profiles"].as_array().expect("profiles").len(), entries, "{date}");
        assert_eq!(value["edition"], date);
    }
}

/// Anechoic chamber, 1 m, back to back: the medians of each directed pair are those of the authors' own join.
#[test]
fn medians_of_a_real_chamber_are_those_of_its_authors() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no captures of a chamber ($VICINO_SHARED)");
        return;
    };
    let folder = shared.join("data/dp3t/exp29-calibration-pixel4-anechoic");
    let made = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exp34_truth.py");
    let mut arguments: Vec<String> = vec!["fit".into()];
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let ends = |path: &PathBuf, with: &[&str]| path.extension().is_some_and(|end| with.iter().any(|with| end == *with));
    for log in files.iter().filter(|path| ends(path, &["btsnoop", "pklg"])) {
        arguments.push(log.to_str().expect("a name").into());
    }
    for table in files.iter().filter(|path| ends(path, &["sqlite"])) {
        let truth = made
            .path()
            .join(table.file_name().expect("a name"))
            .with_extension("csv");
        let run = Plain::new("python3")
            .arg(&script)
            .arg("bench")
            .arg(table)
            .arg(&truth)
            .status();
        if !run.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no python3 with sqlite");
            return;
        }
        arguments.extend(["--truth".into(), truth.to_str().expect("a name").into()]);
    }
    for model in [
        "23=Pixel 4",
        "24=Pixel 4",
        "03=SM-G970F",
        "01=iPhone 7",
        "02=iPhone 11 Pro",
        "06=iPhone XR",
        "08=iPhone XS",
        "10=iPhone 11",
    ] {
        arguments.extend(["--model".into(), model.into()]);
    }
    let more = [
        "--clock-offset",
        "23=7200",
        "--clock-offset",
        "24=7200",
        "--reference",
        "Pixel 4=8/-30",
        "--a1",
        "42",
        "--each-phone",
        "--json",
    ];
    arguments.extend(more.map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let value = json(&arguments);
    // Medians of the rows below -20 dBm of the authors' tables, by number of sender and receiver.
    let expected = [
        ("23", "24", -81.0),
        ("24", "23", -80.0),
        ("3", "23", -82.0),
        ("23", "3", -75.0),
        ("1", "23", -60.0),
        ("23", "1", -84.5),
        ("2", "23", -58.0),
        ("23", "2", -81.5),
        ("6", "23", -53.0),
        ("23", "6", -73.5),
        ("8", "23", -58.0),
        ("23", "8", -81.0),
        ("10", "23", -53.0),
        ("23", "10", -73.5),
    ];
    let phones: Vec<String> = value["phones"]
        .as_array()
        .expect("phones")
        .iter()
        .map(|name| name.as_str().expect("a name").trim_start_matches('0').to_owned())
        .collect();
    for (sender, receiver, median) in expected {
        let groups = value["groups"].as_array().expect("groups");
        let name = |group: &Value, which: &str| {
            phones[usize::try_from(group[which].as_u64().expect("a number")).expect("small")].clone()
        };
        let group = groups
            .iter()
            .find(|group| name(group, "sender") == sender && name(group, "receiver") == receiver)
            .expect("a group");
        let found = group["levels"]["median_dbm"].as_f64().expect("a level");
        assert!(
            (found - median).abs() <= 0.5,
            "{sender} to {receiver}: {found} instead of {median}"
        );
    }
}

/// A copy of the bundled bench that marks can be added to, with its name.
fn copied(folder: &tempfile::TempDir) -> String {
    for end in ["csv.zst", "events.csv", "keys.csv", "toml"] {
        let name = format!("bench-1m.{end}");
        std::fs::copy(bundled(&name), folder.path().join(name)).expect("copied");
    }
    let path = folder.path().join("bench-1m.csv.zst");
    path.to_str().expect("a name").to_owned()
}

fn mark(capture: &str, more: &[&str]) {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.args(["mark", capture]).args(more).assert().success();
}

/// Used reports by distance.
fn reports(done: &assert_cmd::assert::Assert) -> Vec<(f64, u64)> {
    let value = json_of(done);
    let groups = value["groups"].as_array().expect("groups").clone();
    let mut reports: Vec<(f64, u64)> = Vec::new();
    for group in groups {
        let distance = group["distance_m"].as_f64().expect("metres");
        let n = group["counts"]["used"].as_u64().expect("a count");
        reports.push((distance, n));
    }
    reports
}

#[test]
fn a_mark_within_another_takes_its_own_stretch_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = copied(&folder);
    let fit = ["fit", &capture, "--a1", "42", "--json"];
    let before = reports(&calibrate(&fit).success());
    let at = |distance: f64, all: &[(f64, u64)]| -> u64 {
        let of = all.iter().filter(|(of, _)| (of - distance).abs() < 1e-9);
        of.map(|(_, n)| n).sum()
    };
    // A second in the middle of the minute at 1 m.
    mark(
        &capture,
        &[
            "--device",
            "d79a455e",
            "--distance",
            "3",
            "--from",
            "2020-06-02T09:00:10Z",
            "--to",
            "2020-06-02T09:00:11Z",
        ],
    );
    let done = calibrate(&fit).success().stderr(
        predicate::str::contains("marks overlap: 1 m from 2020-06-02T09:00:00")
            .and(predicate::str::contains("within it 3 m"))
            .and(predicate::str::contains("then the first goes on")),
    );
    let after = reports(&done);
    let taken = at(3.0, &after);
    assert!((1..10).contains(&taken), "{after:?}");
    assert_eq!(
        at(1.0, &before),
        at(1.0, &after) + taken,
        "the rest of the minute stays"
    );
}

#[test]
fn the_model_of_a_mark_goes_before_that_of_a_lab_key_and_both_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = copied(&folder);
    let keys = std::fs::read_to_string(folder.path().join("bench-1m.keys.csv")).expect("keys");
    let device = keys
        .lines()
        .nth(1)
        .and_then(|row| row.split(',').next())
        .expect("a device")
        .to_owned();
    mark(
        &capture,
        &[
            "--device",
            &device,
            "--model",
            "Phone-B",
            "--from",
            "2020-06-02T09:00:00Z",
        ],
    );
    let done = calibrate(&["fit", &capture, "--a1", "42", "--json"])
        .success()
        .stderr(predicate::str::contains(
            "a mark that it is a Phone-B: the mark's model counts",
        ));
    let phones = json_of(&done)["phones"].clone();
    assert!(
        phones.as_array().expect("phones").contains(&Value::from("Phone-B")),
        "{phones}"
    );
}

#[test]
fn the_fit_names_the_option_that_gives_what_the_screen_gives() {
    let capture = bundled("bench-1m.csv.zst");
    calibrate(&["fit", &capture]).success().stdout(predicate::str::contains(
        "told only together: --a1 42 takes that as `calibrate measure` does",
    ));
    calibrate(&["fit", &capture, "--a1", "42"])
        .success()
        .stdout(predicate::str::contains("told only together").not());
    // A receiver's correction alone is a reference too.
    calibrate(&["fit", &capture, "--a1", "42", "--reference", "Pixel 4=8/"])
        .success()
        .stdout(predicate::str::contains("scale fixed by Pixel 4 (correction +8 dB)"));
    calibrate(&["fit", &capture, "--reference", "Pixel 4=/"]).code(2);
}

#[test]
fn models_of_no_list_are_told_with_what_was_meant() {
    let capture = bundled("bench-1m.csv.zst");
    calibrate(&[
        "fit",
        &capture,
        "--a1",
        "42",
        "--model",
        "reference=Pixl 4",
        "--reference",
        "Pixl 4=8/-30",
    ])
    .success()
    .stderr(
        predicate::str::contains("no model \"Pixl 4\" in edition 2020-12-14")
            .and(predicate::str::contains("did you mean Pixel 4?")),
    );
    calibrate(&["measure", "1", "--receiver", "Pixl 4"]).stderr(
        predicate::str::contains("receiver: no model \"Pixl 4\"")
            .and(predicate::str::contains("did you mean Pixel 4?")),
    );
    calibrate(&["measure", "reciever=hci0:5"])
        .code(2)
        .stderr(predicate::str::contains("did you mean receiver=?"));
}

#[test]
fn truth_that_fits_nothing_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth = folder.path().join("other.csv");
    std::fs::write(
        &truth,
        "from,to,receiver,transmitter,distance_m\n1591088400,1591088460,nobody,dut,1\n",
    )
    .expect("written");
    let truth = truth.to_str().expect("a name");
    let capture = bundled("bench-1m.csv.zst");
    calibrate(&["fit", &capture, "--a1", "42", "--truth", truth])
        .success()
        .stderr(predicate::str::contains(
            "the truth of other fits no report: it tells of dut → nobody",
        ));
    // And nothing else tells a distance.
    let capture = bundled("rotation-faults.csv.zst");
    calibrate(&["fit", &capture, "--truth", truth]).code(3).stderr(
        predicate::str::contains("the truth of other fits no report")
            .and(predicate::str::contains("record phones").not()),
    );
}

#[test]
fn the_day_of_a_profile_is_a_day_whatever_the_session_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let (truth, table) = (folder.path().join("told.csv"), folder.path().join("own.toml"));
    let (truth, table) = (truth.to_str().expect("a name"), table.to_str().expect("a name"));
    let device = {
        let keys = std::fs::read_to_string(bundled("bench-1m.keys.csv")).expect("keys");
        keys.lines()
            .nth(1)
            .and_then(|row| row.split(',').next())
            .expect("a device")
            .to_owned()
    };
    // A capture without marks, so that the truth counts.
    for end in ["csv.zst", "keys.csv"] {
        let name = format!("bench-1m.{end}");
        std::fs::copy(bundled(&name), folder.path().join(name)).expect("copied");
    }
    let capture = folder.path().join("bench-1m.csv.zst");
    let capture = capture.to_str().expect("a name");
    let text = format!(
        "from,to,receiver,transmitter,distance_m,session\n2020-06-02T09:00:00Z,2020-06-02T09:01:00Z,,{device},1,Tuesday\n\
         2020-06-02T09:01:10Z,2020-06-02T09:02:10Z,,{device},0.5,Tuesday\n"
    );
    std::fs::write(truth, text).expect("written");
    let station = json(&[
        "fit", capture, "--truth", truth, "--model", "Pixel 4", "--a1", "42", "--json",
    ]);
    assert_eq!(station["sessions"][0], "Tuesday");
    calibrate(&[
        "fit", capture, "--truth", truth, "--model", "Pixel 4", "--a1", "42", "--out", table,
    ])
    .success();
    let table = std::fs::read_to_string(table).expect("the table");
    assert!(
        table.contains("date = \"2020-06-02\"") && table.contains("sessions: Tuesday"),
        "{table}"
    );
}

#[test]
fn figures_of_lists_are_of_the_edition_that_counts_and_a_reference_is_written_as_told() {
    let capture = bundled("bench-1m.csv.zst");
    let folder = tempfile::tempdir().expect("a folder");
    let fit = ["fit", &capture, "--a1", "42", "--model", "reference=Pixel 4"];
    // What the captures name, or what is asked for.
    let june = [&fit[..], &["--edition", "2020-06-13"]].concat();
    calibrate(&june)
        .success()
        .stdout(predicate::str::contains("scale fixed by Pixel 4 (+5/-28)"));
    let december = [&fit[..], &["--edition", "2020-12-14"]].concat();
    calibrate(&december)
        .success()
        .stdout(predicate::str::contains("scale fixed by Pixel 4 (+8/-30)"));
    let written = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let out = out.to_str().expect("a name");
        calibrate(&[&fit[..], &["--out", out], more].concat()).success();
        std::fs::read_to_string(out)
            .expect("a table")
            .parse::<toml::Table>()
            .expect("TOML")
    };
    let row = |table: &toml::Table, model: &str| {
        let rows = table["profile"].as_array().expect("profiles").clone();
        let found = rows.into_iter().find(|row| row["model"].as_str() == Some(model));
        found.expect("a row")
    };
    let table = written("june.toml", &["--edition", "2020-06-13"]);
    assert_eq!(table["base"].as_str(), Some("2020-06-13"));
    let table = written(
        "told.toml",
        &["--edition", "2020-12-14", "--reference", "Pixel 4=5/-28"],
    );
    let pixel = row(&table, "Pixel 4");
    let figures =
        ["rssi_correction_db", "tx_power_dbm"].map(|key| pixel[key].to_string().parse::<f64>().expect("a number"));
    assert!(
        (figures[0] - 5.0).abs() < 1e-9 && (figures[1] + 28.0).abs() < 1e-9,
        "{pixel}"
    );
}

#[test]
fn a_mark_that_was_taken_back_does_not_count_and_a_session_counts_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = copied(&folder);
    let fit = ["fit", &capture, "--a1", "42", "--json"];
    let before = reports(&calibrate(&fit).success());
    let place = [
        "--device",
        "d79a455e",
        "--from",
        "2020-06-02T09:00:10Z",
        "--to",
        "2020-06-02T09:00:16Z",
    ];
    let step = ["--distance", "3", "--note", "calibration S1, 20 reports"];
    mark(&capture, &[&place[..], &step].concat());
    let with = reports(&calibrate(&fit).success());
    assert!(with.iter().any(|(of, _)| (of - 3.0).abs() < 1e-9), "{with:?}");
    // With its steps alone, whatever else is marked.
    let alone = reports(&calibrate(&[&fit[..], &["--session", "S1", "--exponent", "2"]].concat()).success());
    assert!(
        alone.iter().all(|(of, _)| (of - 3.0).abs() < 1e-9) && !alone.is_empty(),
        "{alone:?}"
    );
    calibrate(&[&fit[..], &["--session", "S2"]].concat())
        .code(3)
        .stderr(predicate::str::contains("no mark is a step of session \"S2\""));
    mark(&capture, &[&place[..], &["--note", "calibration: withdrawn"]].concat());
    assert_eq!(before, reports(&calibrate(&fit).success()));
}
