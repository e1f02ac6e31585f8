//! The counts of `inspect` against those that two independent programs made of public captures.
//!
//! The captures are not part of the project: `VICINO_SHARED` or `../shared` names the folder that holds
//! `data/oracle.json` and what it describes. Without it the tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use vicino::format::FormatError;
use vicino::format::open::{Capture, OpenOptions, open, open_capture};
use vicino::inspect::Inspection;
use vicino::lab::event::CaptureEvent;
use vicino::lab::time::Micros;

/// The keys that tell how the oracle was made.
const NOT_COUNTS: [&str; 2] = ["checked_with_tshark", "tshark_packets"];

fn data() -> Option<PathBuf> {
    let shared = std::env::var_os("VICINO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let data = shared.join("data");
    let there = data.join("oracle.json").is_file();
    if !there {
        println!("SKIPPED: no {} (set VICINO_SHARED)", data.join("oracle.json").display());
    }
    there.then_some(data)
}

fn inspect(file: &Path) -> Inspection {
    let Ok(Capture::Packets(mut packets)) = open_capture(file, &OpenOptions::default()) else {
        panic!("{} holds no packets", file.display());
    };
    Inspection::of_packets(packets.as_mut(), Micros(0), |_| Ok::<(), FormatError>(())).expect("readable to its end")
}

/// Numbers by value: `-41` and `-41.0` are the same.
fn equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| equal(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(key, ours)| theirs.get(key).is_some_and(|theirs| equal(ours, theirs)))
        }
        (ours, theirs) => ours == theirs,
    }
}

/// The oracle leaves out one frame with a wrong check sum in two captures, where its dissector stumbled over a structure
/// before the name.
fn names_equal(ours: &Value, theirs: &Value) -> bool {
    let names = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (ours, theirs) = (names(ours), names(theirs));
    let number = |names: &Map<String, Value>, name: &str, key: &str| names[name][key].as_f64().expect("a number");
    let mut frames = 0.0;
    let close = ours.keys().eq(theirs.keys())
        && ours.keys().all(|name| {
            frames += (number(&ours, name, "n") - number(&theirs, name, "n")).abs();
            (number(&ours, name, "rssi_median") - number(&theirs, name, "rssi_median")).abs() <= 0.5
        });
    close && frames <= 1.0
}

#[test]
fn counts_equal_the_oracle_key_by_key() {
    let Some(data) = data() else { return };
    let oracle: Value = serde_json::from_slice(&fs::read(data.join("oracle.json")).unwrap()).unwrap();
    let files = oracle["files"].as_object().unwrap();
    assert!(files.len() >= 36, "{} files", files.len());
    let mut differences = Vec::new();
    for (name, expected) in files {
        let inspection = inspect(&data.join(name));
        assert_eq!(inspection.damage.count, 0, "{name}: {:?}", inspection.damage.first);
        let counts = inspection.counts();
        let counts = counts.as_object().unwrap();
        let expected = expected.as_object().unwrap();
        for (key, theirs) in expected.iter().filter(|(key, _)| !NOT_COUNTS.contains(&key.as_str())) {
            let ours = counts.get(key).unwrap_or(&Value::Null);
            let same = match key.as_str() {
                "named_devices" => names_equal(ours, theirs),
                _ => counts.contains_key(key) && equal(ours, theirs),
            };
            if !same {
                differences.push(format!("{name}: {key} is {ours}, the oracle has {theirs}"));
            }
        }
        let unknown = counts.keys().filter(|key| !expected.contains_key(*key));
        differences.extend(unknown.map(|key| format!("{name}: {key} is not in the oracle")));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_events_of_a_capture_hold_the_reports_that_were_counted() {
    let Some(data) = data() else { return };
    for name in [
        "dp3t/exp29-calibration-pixel4-anechoic/03.btsnoop",
        "dp3t/exp29-calibration-pixel4-anechoic/01.pklg",
        "mitll-static/1-May Anechoic Chamber/nRF52/nrf52_capture_0.pcapng",
    ] {
        let path = data.join(name);
        let mut events = open(&path, &OpenOptions::default()).unwrap();
        let mut batch = Vec::new();
        let mut n = 0;
        let mut more = true;
        while more {
            more = events.read(&mut batch).unwrap();
            n += batch
                .drain(..)
                .filter(|event| matches!(event, CaptureEvent::Advert(_)))
                .count() as u64;
        }
        assert_eq!(n, inspect(&path).reports.n, "{name}");
        assert_eq!(events.bytes_read(), fs::metadata(&path).unwrap().len(), "{name}");
    }
}
