//! What goes with a capture besides its events: marks, names, metadata; and what is told when these are wrong.

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;
use vicino::format::native::Meta;
use vicino::format::open::{OpenOptions, open};
use vicino::lab::event::{CaptureEvent, EventKind, Mark};

const HEADER: &str = "time_us,station,address,address_kind,pdu,rssi_dbm,data,form,bad_crc\n";
const FRAME: &str = "10,anna,5e:1b:09:c4:77:01,random-resolvable,ADV_SCAN_IND,-60,03036ffd17166ffd480354bf5bbb677d1d4dd4078390f8c827ab9f6c";
const META: &str = "title = \"Walk with Anna\"\nlicence = \"CC0\"\nprovenance = \"Anna's office\"\nprivacy = \"faces blurred\"\n\
    clock_offset_s = -7200.0\n[source]\nkind = \"btsnoop\"\ndescription = \"anna.btsnoop\"\ncannot_see = [\"channel\"]\n";

fn run(folder: &Path, args: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program is built");
    command.current_dir(folder).args(args).write_stdin("").assert()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn stderr(run: &Assert) -> String {
    text(&run.get_output().stderr)
}

/// A folder with the capture `anna.csv` of one frame, and metadata.
fn capture() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).expect("writes");
    write("anna.csv", &format!("{HEADER}{FRAME},legacy,\n"));
    write("anna.toml", META);
    folder
}

fn events(path: &Path) -> Vec<CaptureEvent> {
    let mut reader = open(path, &OpenOptions::default()).expect("opens");
    let mut events = Vec::new();
    while reader.read(&mut events).expect("reads on") {}
    events
}

fn marks(events: &[CaptureEvent]) -> Vec<Mark> {
    let mark = |event: &CaptureEvent| match event {
        CaptureEvent::Other(other) => match &other.kind {
            EventKind::Mark(mark) => Some(mark.clone()),
            _ => None,
        },
        CaptureEvent::Advert(_) => None,
    };
    events.iter().filter_map(mark).collect()
}

#[test]
fn a_pseudonymised_capture_names_nobody() {
    let folder = capture();
    let folder = folder.path();
    for (at, device) in [
        ("1", "480354"),
        ("2", "480354BF5bbb677d1d4dd4078390f8c8"),
        ("3", "5E:1B:09:C4:77:01"),
        ("4", "anna's phone"),
    ] {
        let mark = ["mark", "anna.csv", "--at", at, "--device", device, "--distance", "2"];
        let kept = ["--model", "SM-A515F", "--orientation", "flat", "--obstacle", "a wall"];
        let note = ["--note", "anna, third floor"];
        run(folder, &[&mark[..], &kept, &note].concat()).success();
    }
    let done = run(folder, &["convert", "anna.csv", "private.csv", "--pseudonymise"]).success();
    assert!(
        stderr(&done)
            .contains("left out, since it may name people or places: the title, the provenance, the notes of 4 marks"),
        "{}",
        stderr(&done)
    );
    for file in ["private.csv", "private.events.csv", "private.toml"] {
        let content = std::fs::read_to_string(folder.join(file)).expect(file).to_lowercase();
        for secret in ["anna", "480354", "5e:1b:09", "third floor"] {
            assert!(!content.contains(secret), "{secret} in {file}: {content}");
        }
    }
    let seen = events(&folder.join("private.csv"));
    let advert = seen.iter().find_map(|event| match event {
        CaptureEvent::Advert(advert) => Some(advert),
        CaptureEvent::Other(_) => None,
    });
    let advert = advert.expect("the frame");
    let rpi = vicino::lab::gaen::decode(&advert.data)
        .expect("a frame")
        .rpi
        .to_string();
    let marks = marks(&seen);
    let devices: Vec<&str> = marks.iter().map(|mark| mark.device.as_str()).collect();
    assert_eq!(devices[..3], [&rpi[..6], &rpi, &advert.address.to_string()]);
    assert!(devices[3].starts_with("device-"), "{}", devices[3]);
    assert!(marks.iter().all(|mark| mark.note.is_empty() && mark.distance.is_some()));
    let words = |mark: &Mark| [&mark.model, &mark.orientation, &mark.obstacle].map(String::clone);
    assert!(marks.iter().all(|mark| words(mark) == ["SM-A515F", "flat", "a wall"]));
    let meta = Meta::read(&folder.join("private.toml")).expect("metadata");
    assert_eq!(
        (meta.source.description.as_str(), meta.licence.as_str()),
        ("btsnoop", "CC0")
    );
    assert_eq!(meta.stations[0].name, "station-1");
    assert!(
        meta.privacy.starts_with("faces blurred; ") && meta.privacy.contains("notes of marks left out"),
        "{}",
        meta.privacy
    );
}

#[test]
fn a_pseudonymised_foreign_capture_loses_its_file_s_name() {
    let folder = capture();
    let folder = folder.path();
    run(folder, &["convert", "anna.csv", "anna.btsnoop"]).success();
    for (out, more, station) in [("a", &[][..], "station-1"), ("b", &["--station", "bench"][..], "bench")] {
        let csv = format!("{out}.csv");
        let args = ["convert", "anna.btsnoop", &csv, "--pseudonymise"];
        run(folder, &[&args[..], more].concat()).success();
        let meta = Meta::read(&folder.join(format!("{out}.toml"))).expect("metadata");
        assert_eq!(
            (meta.stations[0].name.as_str(), meta.source.description.as_str()),
            (station, "btsnoop")
        );
        let rows = std::fs::read_to_string(folder.join(&csv)).expect("rows");
        assert!(
            rows.contains(&format!(",{station},")) && !rows.contains("anna"),
            "{rows}"
        );
        let others = std::fs::read_to_string(folder.join(format!("{out}.events.csv"))).expect("events");
        assert!(others.contains(station) && !others.contains("anna"), "{others}");
    }
}

#[test]
fn a_recording_of_a_capture_keeps_what_is_known_about_it() {
    let folder = capture();
    let folder = folder.path();
    run(folder, &["record", "again", "--from", "anna.csv", "--speed", "max"]).success();
    let meta = Meta::read(&folder.join("again.toml")).expect("metadata");
    assert_eq!(
        (meta.privacy.as_str(), meta.licence.as_str(), meta.provenance.as_str()),
        ("faces blurred", "CC0", "Anna's office")
    );
    assert_eq!(
        (meta.title.as_str(), meta.clock_offset_s.to_string().as_str()),
        ("Walk with Anna", "-7200")
    );
    assert_eq!(
        (
            meta.source.kind.as_str(),
            meta.source.description.as_str(),
            &meta.source.cannot_see[..]
        ),
        ("playback", "anna.csv", &["channel".to_owned()][..])
    );
    assert_eq!((meta.stations[0].name.as_str(), meta.counts.adverts), ("anna", 1));
    run(
        folder,
        &[
            "record", "b", "--from", "anna.csv", "--speed", "max", "--title", "other",
        ],
    )
    .success();
    assert_eq!(Meta::read(&folder.join("b.toml")).expect("metadata").title, "other");
}

#[test]
fn frames_with_a_wrong_check_sum_stay_marked_or_stay_out() {
    let folder = capture();
    let folder = folder.path();
    let rows = format!("{HEADER}{FRAME},air,true\n{FRAME},air,\n{FRAME},air,true\n");
    std::fs::write(folder.join("air.csv"), rows).expect("writes");
    let done = run(folder, &["convert", "air.csv", "air.btsnoop"]).success();
    let report = text(&done.get_output().stdout);
    assert!(report.contains(": 1 advertisements"), "{report}");
    assert!(
        report.contains("2 frames with a wrong check sum left out: btsnoop cannot mark them"),
        "{report}"
    );
    for (file, expected) in [
        ("air.btsnoop", &[false][..]),
        ("air.pcapng", &[true, false, true]),
        ("b.csv", &[true, false, true]),
    ] {
        if file != "air.btsnoop" {
            run(folder, &["convert", "air.csv", file]).success();
        }
        let broken = |event: &CaptureEvent| match event {
            CaptureEvent::Advert(advert) => Some(advert.details.bad_crc),
            CaptureEvent::Other(_) => None,
        };
        let seen: Vec<bool> = events(&folder.join(file)).iter().filter_map(broken).collect();
        assert_eq!(seen, expected, "{file}");
    }
}

#[test]
fn metadata_that_do_not_fit_are_told() {
    let folder = capture();
    let folder = folder.path();
    run(folder, &["mark", "anna.csv", "--at", "1", "--note", "x"]).success();
    run(folder, &["convert", "anna.csv", "a.csv"]).success();
    let warnings = || {
        let quick = stderr(&run(folder, &["replay", "a.csv", "--headless"]).success());
        let done = run(folder, &["inspect", "a.csv", "--json"]).success();
        let value: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).expect("JSON");
        let text = text(&run(folder, &["inspect", "a.csv"]).success().get_output().stdout);
        let thorough = value["warnings"].as_array().expect("an array").clone();
        assert_eq!(text.matches("  warning ").count(), thorough.len(), "{text}");
        (quick, value["warnings"].to_string())
    };
    assert_eq!(warnings(), (String::new(), "[]".to_owned()));
    // Hand-written metadata say nothing about an end.
    assert_eq!(
        stderr(&run(folder, &["replay", "anna.csv", "--headless"]).success()),
        ""
    );

    let rows = std::fs::read_to_string(folder.join("a.csv")).expect("rows");
    std::fs::write(folder.join("a.csv"), rows.replace(",-60,", ",-61,")).expect("writes");
    let (quick, thorough) = warnings();
    assert!(quick.is_empty() && thorough.contains("check sum"), "{quick} {thorough}");

    std::fs::write(folder.join("a.csv"), format!("{rows}\n")).expect("writes");
    std::fs::remove_file(folder.join("a.events.csv")).expect("removes");
    let (quick, thorough) = warnings();
    for told in [&quick, &thorough] {
        assert!(
            told.contains("cut short after the recording") && told.contains("a.events.csv is missing"),
            "{told}"
        );
    }
    for verb in [
        &["convert", "a.csv", "b.csv"][..],
        &["record", "c", "--from", "a.csv", "--speed", "max"],
    ] {
        let told = stderr(&run(folder, verb).success());
        assert!(told.contains("warning: a.csv: the file has "), "{told}");
    }

    let meta = std::fs::read_to_string(folder.join("a.toml")).expect("metadata");
    let killed = meta
        .replace("complete = true", "complete = false")
        .replace("events = 2", "events = 0");
    assert_ne!(meta, killed);
    std::fs::write(folder.join("a.toml"), killed).expect("writes");
    let (quick, thorough) = warnings();
    for told in [&quick, &thorough] {
        assert!(
            told.contains("the recording was not ended: the last second may be missing"),
            "{told}"
        );
    }
}

#[test]
fn what_is_shown_of_a_killed_recording_is_counted_from_its_rows() {
    let folder = capture();
    let folder = folder.path();
    run(folder, &["convert", "anna.csv", "a.csv"]).success();
    let shown = || {
        let out = |args: &[&str]| text(&run(folder, args).success().get_output().stdout);
        let inspected: serde_json::Value = serde_json::from_str(&out(&["inspect", "a.csv", "--json"])).expect("JSON");
        (
            inspected["counts"].clone(),
            inspected["native"]["marks"].clone(),
            out(&["replay", "a.csv", "--headless", "--json"]),
            out(&["inspect", "a.csv", "--csv"]),
        )
    };
    let before = shown();
    let mut meta = Meta::read(&folder.join("a.toml")).expect("metadata");
    meta.complete = false;
    (meta.counts.adverts, meta.counts.marks, meta.counts.events) = (77, 7, 7);
    (meta.span.first_us, meta.span.last_us) = (Some(-77), Some(77_000_000));
    (meta.losses.dropped, meta.losses.damaged) = (7, 7);
    std::fs::write(folder.join("a.toml"), meta.to_text()).expect("writes");
    assert_eq!(shown(), before);
    let inspected = text(&run(folder, &["inspect", "a.csv"]).success().get_output().stdout);
    assert!(
        inspected.contains("the recorder did not come to its end") && !inspected.contains("77"),
        "{inspected}"
    );
    // A mark does not make such metadata look as if they were of today.
    run(folder, &["mark", "a.csv", "--from", "10", "--note", "x"]).success();
    assert_eq!(Meta::read(&folder.join("a.toml")).expect("metadata"), meta);
}

#[test]
fn a_mark_added_afterwards_is_counted_and_leaves_the_span() {
    let folder = capture();
    let folder = folder.path();
    run(folder, &["convert", "anna.csv", "a.csv"]).success();
    let before = Meta::read(&folder.join("a.toml")).expect("metadata");
    run(folder, &["mark", "a.csv", "--from", "99", "--note", "x"]).success();
    let after = Meta::read(&folder.join("a.toml")).expect("metadata");
    assert_eq!((after.counts.marks, after.counts.events), (1, before.counts.events + 1));
    assert_eq!((&after.span, &after.sha256), (&before.span, &before.sha256));
}

#[test]
fn standard_input_has_a_source_note_like_a_file() {
    let folder = capture();
    let folder = folder.path();
    run(folder, &["convert", "anna.csv", "a.btsnoop"]).success();
    run(folder, &["convert", "a.btsnoop", "file.csv"]).success();
    let mut command = Command::cargo_bin("vicino").expect("the program is built");
    let piped = std::fs::read(folder.join("a.btsnoop")).expect("the capture");
    command
        .current_dir(folder)
        .args(["convert", "-", "piped.csv"])
        .write_stdin(piped)
        .assert()
        .success();
    let source = |name: &str| Meta::read(&folder.join(name)).expect("metadata").source;
    let (file, piped) = (source("file.toml"), source("piped.toml"));
    assert_eq!(
        (piped.kind.as_str(), piped.description.as_str()),
        ("btsnoop", "standard input")
    );
    assert!(!piped.cannot_see.is_empty() && piped.cannot_see == file.cannot_see);
}
