//! `vicino audit`: its outputs, baselines, comparisons, and text from outside that must stay harmless in all of them.
#![cfg(feature = "zstd")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn bundled(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file);
    path.to_str().expect("a name").to_owned()
}

/// Exit code, standard output, standard error.
fn vicino(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("vicino")
        .expect("the program")
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("it ends");
    (code, text(output.stdout), text(output.stderr))
}

fn json(arguments: &[&str]) -> Value {
    let (_, out, err) = vicino(arguments);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"))
}

fn array<'a>(value: &'a Value, pointer: &str) -> &'a Vec<Value> {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no array at {pointer}"))
}

#[test]
fn sarif_has_what_its_schema_requires_and_a_result_for_each_rule() {
    let capture = bundled("rotation-faults.csv.zst");
    let log = json(&["audit", &capture, "--sarif"]);
    let report = json(&["audit", &capture, "--json"]);
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .is_some_and(|schema| schema.ends_with("sarif-2.1.0.json"))
    );
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!(driver["name"], "Vicino");
    let rules = array(driver, "/rules");
    assert_eq!(rules.len(), 20);
    for rule in rules {
        assert!(rule["id"].is_string() && rule["help"]["text"].is_string());
        let level = rule["defaultConfiguration"]["level"].as_str().expect("a level");
        assert!(["error", "warning", "note", "none"].contains(&level));
        let name = rule["name"].as_str().expect("a name");
        assert!(name.chars().all(char::is_alphanumeric), "{name}");
    }
    let results = array(&log, "/runs/0/results");
    let mut met = BTreeSet::new();
    let mut fingerprints = BTreeSet::new();
    for result in results {
        let id = result["ruleId"].as_str().expect("a rule");
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a place")).expect("small");
        assert_eq!(rules[index]["id"], id);
        met.insert(id.to_owned());
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let (kind, level) = (result["kind"].as_str().unwrap_or("fail"), result["level"].as_str());
        // Section 3.27.9: a level besides none only with a failure.
        assert!(
            (kind == "fail") == (level == Some("error") || level == Some("warning")),
            "{kind} {level:?}"
        );
        assert!(["fail", "pass", "notApplicable"].contains(&kind));
        for location in array(result, "/locations") {
            let uri = location["physicalLocation"]["artifactLocation"]["uri"]
                .as_str()
                .expect("a reference");
            assert!(
                uri.ends_with("captures/rotation-faults.csv.zst") && !uri.contains(' '),
                "{uri}"
            );
            if kind == "fail" {
                let line = location["physicalLocation"]["region"]["startLine"].as_u64();
                assert_eq!(line, location["properties"]["packet"].as_u64().map(|row| row + 1));
            }
        }
        if kind == "fail" {
            let sum = result["partialFingerprints"]["subject/v1"].as_str().expect("a sum");
            assert!(sum.len() == 32 && fingerprints.insert((id.to_owned(), sum.to_owned())));
            assert_eq!(result["suppressions"], Value::Array(Vec::new()));
        }
    }
    assert_eq!(met.len(), 20);
    let findings = array(&report, "/rules")
        .iter()
        .map(|rule| array(rule, "/findings").len())
        .sum::<usize>();
    assert_eq!(
        results.iter().filter(|result| result["kind"] == "fail").count(),
        findings
    );
}

#[test]
fn csv_has_a_row_for_each_finding_and_packet() {
    let capture = bundled("rotation-faults.csv.zst");
    let (code, out, _) = vicino(&["audit", &capture, "--csv"]);
    let report = json(&["audit", &capture, "--json"]);
    assert_eq!(code, 1);
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let packets: usize = array(&report, "/rules")
        .iter()
        .flat_map(|rule| array(rule, "/findings"))
        .map(|finding| array(finding, "/packets").len().max(1))
        .sum();
    assert_eq!(rows.len(), packets);
    assert!(rows.iter().all(|row| row.len() == 16 && row[12].parse::<u64>().is_ok()));
    let (_, both, err) = vicino(&["audit", &capture, "--csv", "--json"]);
    assert!(both.is_empty() && err.contains("cannot be used with"), "{err}");
}

#[test]
fn a_baseline_accepts_what_is_known_and_tells_what_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let (capture, known) = (bundled("rotation-faults.csv.zst"), path("known.toml"));
    let (code, _, err) = vicino(&["audit", &capture, "--write-baseline", &known]);
    assert!(code == 1 && err.contains("accepts"), "{err}");
    let (code, text, err) = vicino(&["audit", &capture, "--baseline", &known, "--fail-on", "warn", "--all"]);
    assert!(code == 0 && !err.contains("no longer"), "{err}");
    assert!(text.contains("(accepted; without it: fail)") && text.contains("findings accepted"));
    let log = json(&["audit", &capture, "--baseline", &known, "--sarif"]);
    let fails = array(&log, "/runs/0/results")
        .iter()
        .filter(|result| result["kind"] == "fail");
    assert!(fails.clone().count() > 10);
    for result in fails {
        assert_eq!(result["suppressions"][0]["kind"], "external");
    }
    let (code, _, err) = vicino(&["audit", &capture, "--write-baseline", &known]);
    assert!(code == 4 && err.contains("is there already"), "{err}");
    // Another capture has other findings.
    let other = bundled("two-phones.csv");
    let (_, _, err) = vicino(&["audit", &other, "--baseline", &known]);
    assert!(err.contains("accepted but no longer found: B"), "{err}");
    fs::write(path("bad.toml"), "[[accept]]\nrule = \"B0\"\nsubject = \"x\"\n").expect("written");
    let (code, _, err) = vicino(&["audit", &other, "--baseline", &path("bad.toml")]);
    assert!(code == 2 && err.contains("entry 1") && err.contains("hint"), "{err}");
    fs::write(
        path("one.json"),
        r#"{"accept": [{"rule": "B4", "subject": "*", "note": "a bench"}]}"#,
    )
    .expect("written");
    let report = json(&["audit", &other, "--baseline", &path("one.json"), "--json"]);
    let rule = &report["rules"][3];
    assert_eq!((&rule["code"], &rule["is_accepted"]), (&"B4".into(), &true.into()));
    assert_eq!(rule["findings"][0]["accepted_because"], "a bench");
}

#[test]
fn two_captures_two_models_and_all_models_stand_side_by_side() {
    let (faults, two) = (bundled("rotation-faults.csv.zst"), bundled("two-phones.csv"));
    let compared = json(&["audit", "compare", &two, &faults, "--json"]);
    assert_eq!(compared["schema"], "vicino/audit-compare/1");
    let first = &compared["rules"][0];
    assert_eq!((&first["code"], &first["change"]), (&"B1".into(), &"worse".into()));
    let groups = json(&["audit", "compare", "--a", &two, "--b", &faults, "--json"]);
    assert_eq!(groups["rules"], compared["rules"]);
    let (code, text, _) = vicino(&["audit", "compare", &two, &faults]);
    assert!(
        code == 0 && text.contains("↓ worse") && text.contains("B beside A: "),
        "{text}"
    );
    let matrix = json(&["audit", "matrix", &faults, "--json"]);
    let models = array(&matrix, "/models");
    assert!(models.len() > 4 && array(&models[0], "/cells").len() == 20);
    let names: Vec<&str> = models.iter().filter_map(|of| of["model"].as_str()).collect();
    let (code, text, _) = vicino(&["audit", "matrix", &faults]);
    assert!(code == 0 && names.iter().all(|name| text.contains(name)), "{text}");
    let sides = ["--model-a", names[0], "--model-b", names[1], "--json"];
    let of_models = json(&[&["audit", "compare", &faults][..], &sides].concat());
    assert_eq!(of_models["sides"][1]["name"], names[1]);
    let (code, _, err) = vicino(&["audit", "compare", &faults, "--model-a", "none", "--model-b", names[0]]);
    assert!(code == 2 && err.contains(names[0]), "{err}");
    let (code, _, err) = vicino(&["audit", "compare", &faults]);
    assert!(code == 2 && err.contains("hint"), "{err}");
    let rules = json(&["audit", "rules", "--json"]);
    assert_eq!(
        (array(&rules, "/rules").len(), &rules["schema"]),
        (20, &"vicino/audit-rules/1".into())
    );
    let (code, text, _) = vicino(&["audit", "rules", "--only", "B15"]);
    assert!(code == 0 && text.starts_with("B15 ") && !text.contains("B14"), "{text}");
}

const HOSTILE: &str = "</style><script>alert(1)</script><img src=x>\u{1b}[2J\u{9b}31m\u{202e}&\"'";

/// What a terminal, a page or a reader could obey.
fn is_harmless(text: &str) {
    let steers =
        |letter: char| letter.is_control() && letter != '\n' && letter != '\r' || "\u{202e}\u{2066}".contains(letter);
    if let Some(place) = text.find(steers) {
        panic!("{:?}", &text[place.saturating_sub(40)..(place + 8).min(text.len())]);
    }
}

/// A capture of a phone with a name of markup in its frame, at a station with such a name and a huge one.
fn hostile(folder: &Path) -> (String, String) {
    let scenario = folder.join("scenario.toml");
    fs::write(
        &scenario,
        "title = \"x\"\nseed = 1\nstart = \"2020-06-03T10:00:00Z\"\nduration = \"20m\"\n[[station]]\nname = \"hci0\"\n\
         [[phone]]\nname = \"PHONEX\"\nos = \"android\"\nmodel = \"SM-A515F\"\nposition = [1, 0]\n\
         fault = [{ kind = \"extra-name\", name = \"<b>&\" }, { kind = \"rpi-without-address\" }]\n",
    )
    .expect("written");
    let plain = folder.join("plain.csv");
    let (scenario, plain) = (scenario.to_str().expect("a name"), plain.to_str().expect("a name"));
    let (code, _, err) = vicino(&["simulate", scenario, plain]);
    assert_eq!(code, 0, "{err}");
    let station = format!("\"{}{}\"", HOSTILE.replace('"', "\"\""), "x<i>".repeat(35));
    let rows = fs::read_to_string(plain)
        .expect("a capture")
        .replace(",hci0,", &format!(",{station},"));
    let file = folder.join(format!("{}.csv", HOSTILE.replace('/', "|")));
    fs::write(&file, rows).expect("written");
    // Who names phones and models in a file of truth may write what he likes.
    let named = fs::read_to_string(folder.join("plain.truth.csv")).expect("truth");
    assert!(named.contains("PHONEX") && named.contains("SM-A515F"));
    let truth = folder.join("truth.csv");
    let huge = format!("\"{}\"", "y<b>\u{1b}[2J".repeat(2_000));
    let quoted = format!("\"{}\"", HOSTILE.replace('"', "\"\""));
    fs::write(&truth, named.replace("PHONEX", &huge).replace("SM-A515F", &quoted)).expect("written");
    (
        file.to_str().expect("a name").to_owned(),
        truth.to_str().expect("a name").to_owned(),
    )
}

#[test]
fn names_payloads_and_files_of_markup_and_escapes_are_harmless_in_all_outputs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, truth) = hostile(folder.path());
    let bundled = bundled("hostile.csv.zst");
    let known = folder.path().join("known.toml");
    let known = known.to_str().expect("a name");
    for capture in [&[file.as_str(), "--truth", &truth][..], &[&bundled]] {
        for form in [&[][..], &["--all"], &["--json"], &["--sarif"], &["--csv"]] {
            let (code, out, err) = vicino(&[&["audit"], capture, form].concat());
            assert!(code <= 1 && !out.is_empty(), "{err}");
            is_harmless(&out);
            is_harmless(&err);
            assert!(out.len() < 3_000_000, "{form:?}: {}", out.len());
        }
        let (_, _, err) = vicino(&[&["audit"], capture, &["--write-baseline", known]].concat());
        is_harmless(&err);
        is_harmless(&fs::read_to_string(known).expect("a baseline"));
        let (code, _, err) = vicino(&[&["audit"], capture, &["--baseline", known, "--fail-on", "warn"]].concat());
        assert!(code == 0 && !err.contains("no longer"), "{err}");
        fs::remove_file(known).expect("removed");
        let report = json(&[&["audit"], capture, &["--json"]].concat());
        assert!(report["scope"]["rpis"].as_u64() > Some(0));
    }
    for form in [
        &["compare", &file, &bundled][..],
        &["compare", &file, &bundled, "--json"],
        &["matrix", &file, "--truth", &truth],
        &["matrix", &file, "--truth", &truth, "--json"],
        &[
            "compare",
            &file,
            "--truth",
            &truth,
            "--model-a",
            HOSTILE,
            "--model-b",
            HOSTILE,
        ],
    ] {
        let (code, out, err) = vicino(&[&["audit"], form].concat());
        assert!(code <= 2, "{err}");
        is_harmless(&out);
        is_harmless(&err);
    }
}

#[cfg(feature = "plots")]
#[test]
fn a_page_of_hostile_names_is_well_formed_and_asks_for_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, truth) = hostile(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    for (number, capture) in [&[file.as_str(), "--truth", &truth][..], &[&bundled("hostile.csv.zst")]]
        .into_iter()
        .enumerate()
    {
        let (report, plots) = (path(&format!("{number}.html")), path(&format!("plots{number}")));
        let (_, _, err) = vicino(&[&["audit"], capture, &["--report", &report, "--plots", &plots]].concat());
        let page = fs::read_to_string(&report).unwrap_or_else(|_| panic!("{err}"));
        is_harmless(&page);
        assert!(page.len() < 2_000_000, "{}", page.len());
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..roxmltree::ParsingOptions::default()
        };
        let document = roxmltree::Document::parse_with_options(&page, options).expect("well formed");
        let nodes = || document.descendants().filter(roxmltree::Node::is_element);
        let names: BTreeSet<&str> = nodes().map(|node| node.tag_name().name()).collect();
        for never in ["script", "img", "b", "i", "iframe", "link", "object"] {
            assert!(!names.contains(never), "{never}");
        }
        for reference in ["http://", "https://", "url(", "@import", "src=\"", "javascript:"] {
            assert!(!page.contains(reference), "{reference}");
        }
        assert_eq!(nodes().filter(|node| node.tag_name().name() == "style").count(), 1);
        let mut level = 0;
        for node in nodes() {
            let name = node.tag_name().name();
            if let Some(next) = name.strip_prefix('h').and_then(|digit| digit.parse::<u32>().ok()) {
                assert!(next <= level + 1, "{name} after h{level}");
                level = next;
            }
        }
        // Folders of the one who audited are nobody's business.
        assert!(!page.contains(folder.path().to_str().expect("a name")));
        let svg = fs::read_to_string(Path::new(&plots).join("chains.svg")).expect("a plot");
        is_harmless(&svg);
        roxmltree::Document::parse(&svg).expect("well formed");
    }
}

#[cfg(feature = "plots")]
#[test]
fn the_page_tells_the_result_first_and_is_the_same_every_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let capture = bundled("rotation-faults.csv.zst");
    let page = |name: &str| {
        let (code, _, err) = vicino(&["audit", &capture, "--report", &path(name)]);
        assert!(code == 1 && err.contains("a page for any browser"), "{err}");
        fs::read_to_string(path(name)).expect("a page")
    };
    let one = page("one.html");
    assert_eq!(one, page("two.html"));
    let places: Vec<usize> = [
        "Not as it should be",
        "What it means for a person",
        "<svg",
        "What this cannot see",
        "SHA-256",
    ]
    .into_iter()
    .map(|part| one.find(part).unwrap_or_else(|| panic!("{part} is missing")))
    .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(one.contains("vicino audit rotation-faults.csv.zst") && one.contains("Models against rules"));
    let (code, _, err) = vicino(&["audit", &capture, "--report", &path("one.html")]);
    assert!(code == 4 && err.contains("not overwritten"), "{err}");
}

#[test]
fn a_station_whose_clock_was_set_back_fails_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("clocks.toml");
    let station = |name: &str, fault: &str| format!("[[station]]\nname = \"{name}\"\n{fault}");
    let back = "[[station.fault]]\nkind = \"time-back\"\nat = \"20m\"\nby = \"30m\"\n";
    let text = format!(
        "title = \"clocks\"\nseed = 3\nstart = \"2020-08-01T08:00:00Z\"\nduration = \"50m\"\n{}{}[[phone]]\nname = \"p\"\nos = \
         \"android\"\nmodel = \"SM-G973F\"\nposition = [2, 0]\n",
        station("a", ""),
        station("b", back)
    );
    std::fs::write(&scenario, text).expect("a scenario");
    let capture = folder.path().join("clocks-run.csv").display().to_string();
    let (code, _, err) = vicino(&["simulate", &scenario.display().to_string(), &capture]);
    assert_eq!(code, 0, "{err}");
    let (code, out, _) = vicino(&["audit", &capture, "--only", "B1,B2,B3,B11,B19", "--json"]);
    assert_eq!(code, 0, "{out}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let rules = report["rules"].as_array().expect("rules");
    let warned: Vec<&serde_json::Value> = rules.iter().filter(|rule| rule["verdict"] != "pass").collect();
    assert!(warned.is_empty(), "{warned:#?}");
    assert!(out.contains("the clock of a station was set back"));
}

/// A scenario of one phone; stations and what else is told.
fn simulated(folder: &std::path::Path, name: &str, text: &str) -> String {
    let scenario = folder.join(format!("{name}.toml"));
    std::fs::write(&scenario, text).expect("a scenario");
    let capture = folder.join(format!("{name}-run.csv")).display().to_string();
    let (code, _, err) = vicino(&["simulate", &scenario.display().to_string(), &capture]);
    assert_eq!(code, 0, "{err}");
    capture
}

const PHONE: &str = "[[phone]]\nname = \"p\"\nos = \"android\"\nmodel = \"SM-G973F\"\nposition = [2, 0]\n";

/// Alone, a clock that was set back makes no silence and no long life either.
#[test]
fn one_station_whose_clock_was_set_back_fails_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, by) in ["25s", "9m", "30m", "3h"].into_iter().enumerate() {
        let text = format!(
            "title = \"t\"\nseed = {number}\nstart = \"2020-08-01T08:00:00Z\"\nduration = \"50m\"\n[[station]]\nname = \
             \"a\"\n[[station.fault]]\nkind = \"time-back\"\nat = \"20m\"\nby = \"{by}\"\n{PHONE}"
        );
        let capture = simulated(folder.path(), &format!("back{number}"), &text);
        let (code, out, _) = vicino(&["audit", &capture, "--only", "B1,B2,B3,B11,B19", "--json"]);
        assert_eq!(code, 0, "{by}: {out}");
        let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        for rule in report["rules"].as_array().expect("rules") {
            assert_eq!(rule["verdict"], "pass", "{by}: {rule:#?}");
        }
        let stations = report["scope"]["stations"].as_array().expect("stations");
        assert_eq!(
            (stations.len(), &stations[0]["set_back"]),
            (1, &serde_json::json!(1)),
            "{by}"
        );
    }
}

/// A log in another time zone is told as that, and put right capture by capture.
#[test]
fn clocks_that_differ_by_hours_fail_nobody_and_can_be_put_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |hour: u32, name: &str| {
        format!(
            "title = \"t\"\nseed = 5\nstart = \"2020-08-01T{hour:02}:00:00Z\"\nduration = \"50m\"\n[[station]]\nname = \
             \"{name}\"\n{PHONE}"
        )
    };
    let one = simulated(folder.path(), "one", &at(8, "one"));
    // The same hall by a log whose clock is two hours late: every time in it is changed, nothing else.
    let text = std::fs::read_to_string(&one).expect("rows");
    let other = folder.path().join("other.csv").display().to_string();
    std::fs::write(&other, &text).expect("rows");
    for end in ["events.csv", "toml"] {
        let from = folder.path().join(format!("one-run.{end}"));
        let text = std::fs::read_to_string(from).expect("beside it");
        let text = text
            .lines()
            .filter(|line| !line.starts_with("sha256"))
            .fold(String::new(), |all, line| all + line + "\n");
        std::fs::write(folder.path().join(format!("other.{end}")), text).expect("beside it");
    }
    let rules = ["--only", "B1,B2,B3,B11,B19", "--json"];
    let audit = |offsets: &[&str]| {
        let (code, out, err) = vicino(&[&["audit", &one, &other][..], offsets, &rules[..]].concat());
        let report: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
        (code, report)
    };
    let (code, apart) = audit(&["--clock-offset", "other=7200"]);
    assert_eq!(code, 0, "{:#?}", apart["rules"]);
    assert_eq!(apart["scope"]["clocks_apart"][0]["later_s"], 7200.0);
    let (code, right) = audit(&["--clock-offset", "one-run=0"]);
    assert_eq!(
        (code, right["scope"]["clocks_apart"].as_array().map(Vec::len)),
        (0, Some(0))
    );
    let (code, _, err) = vicino(&["audit", &one, "--clock-offset", "two=1"]);
    assert!(code == 2 && err.contains("there is no such capture"), "{err}");
}

/// Metadata that stay join identifiers without any key.
#[test]
fn metadata_that_stay_over_rotations_are_found_and_linked() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "title = \"t\"\nseed = 5\nstart = \"2020-08-01T08:00:00Z\"\nduration = \"70m\"\n[[station]]\nname = \"a\"\n{PHONE}[[phone.fault]]\nkind \
         = \"frozen-aem\"\n{}",
        PHONE.replace("\"p\"", "\"q\"")
    );
    let capture = simulated(folder.path(), "frozen", &text);
    let (code, out, _) = vicino(&["audit", &capture, "--profile", "field", "--json"]);
    assert_eq!(code, 1);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let failed: Vec<&str> = report["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter(|rule| rule["verdict"] == "fail")
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(failed, ["B1"], "{:#?}", report["rules"][0]);
    let finding = &report["rules"][0]["findings"][0];
    let n = finding["figure"]["value"].as_f64().expect("a figure");
    assert!(
        n >= 4.0 && finding["packets"].as_array().map(Vec::len) >= Some(4),
        "{finding:#?}"
    );
    let by_metadata = report["links"]["summary"]["by_metadata"].as_f64().expect("a count");
    assert!((by_metadata - (n - 1.0)).abs() < 0.1, "{by_metadata} of {n}");
}

/// A capture in which nothing was heard shows nothing.
#[test]
fn nothing_heard_is_nothing_judged_and_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "title = \"t\"\nseed = 5\nstart = \"2020-08-01T08:00:00Z\"\nduration = \"5m\"\n[[station]]\nname = \
                \"a\"\n[[bystander]]\nname = \"tag\"\nkind = \"ibeacon\"\nposition = [1, 0]\n";
    let capture = simulated(folder.path(), "quiet", text);
    let (code, out, err) = vicino(&["audit", &capture, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (code, &report["verdict"]),
        (1, &serde_json::json!("not-observable")),
        "{err}"
    );
    assert!(err.contains("no exposure notification was heard"), "{err}");
    let (code, _, _) = vicino(&["audit", &capture, "--json", "--fail-on", "never"]);
    assert_eq!(code, 0);
}
