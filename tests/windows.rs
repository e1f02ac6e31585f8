//! Exposure windows from phones' logs, against those that Google's implementation reported of the same hours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vicino::format::open::{OpenOptions, open};
use vicino::lab::event::{CaptureEvent, EventKind};
use vicino::lab::gaen::{self, Rpi};
use vicino::lab::sightings::windows::{Window, windows};
use vicino::lab::sightings::{Sighting, Sightings};
use vicino::lab::time::Micros;

/// The phones whose logs are at hand and whose windows were checked.
const PHONES: [u32; 7] = [1, 2, 6, 10, 11, 15, 18];
/// Calibration of June 2020 for these models: RX correction and TX power.
const CORRECTION_DB: i32 = -3;
const TX_POWER_DBM: i32 = -24;
/// 14:35 and 17:20 CEST on 2020-07-30: later windows may have been cut by the check itself.
const FROM: i64 = 1_596_112_500;
const UNTIL: i64 = 1_596_122_400;

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("VICINO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let folder = folder.join("data/dp3t/exp34-epfl-soldiers");
    folder.is_dir().then_some(folder)
}

struct Log {
    sightings: Vec<Sighting>,
    own: Vec<Rpi>,
}

fn read(path: &Path) -> Log {
    let options = OpenOptions {
        clock_offset: Micros::from_secs(-7_200),
        ..OpenOptions::default()
    };
    let mut reader = open(path, &options).expect("a capture");
    let (mut sightings, mut own, mut events, mut more) = (Sightings::default(), Vec::new(), Vec::new(), true);
    while more {
        more = reader.read(&mut events).expect("readable");
        for event in events.drain(..) {
            sightings.take(&event);
            if let CaptureEvent::Other(event) = &event
                && let EventKind::OwnData { data, .. } = &event.kind
            {
                own.extend(gaen::decode(data).map(|frame| frame.rpi));
            }
        }
    }
    Log {
        sightings: sightings.finish().0,
        own,
    }
}

type Scans = Vec<(i64, i64, i64)>;

/// The windows that were reported of a receiver: over all uploads, each as often as in the check that has it most.
fn reported(folder: &Path, receiver: u32) -> BTreeMap<Scans, usize> {
    let mut all: BTreeMap<Scans, usize> = BTreeMap::new();
    for entry in folder.join("backend-checks").read_dir().expect("the checks").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(&format!("-check{receiver:02}.json")) {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("a check");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let mut here: BTreeMap<Scans, usize> = BTreeMap::new();
        for window in value
            .as_object()
            .into_iter()
            .flat_map(|object| object.values())
            .filter_map(|of| of.as_array())
            .flatten()
        {
            let field = |scan: &serde_json::Value, name: &str| scan[name].as_i64().expect("a number");
            let scans = window["scanInstances"].as_array().expect("scans").iter();
            let scans = scans.map(|scan| {
                (
                    field(scan, "minAttenuationDb"),
                    field(scan, "typicalAttenuationDb"),
                    field(scan, "secondsSinceLastScan"),
                )
            });
            *here.entry(scans.collect()).or_default() += 1;
        }
        for (window, n) in here {
            let most = all.entry(window).or_default();
            *most = n.max(*most);
        }
    }
    all
}

fn scans(window: &Window) -> Scans {
    let scans = window.0.iter();
    scans
        .map(|scan| {
            (
                i64::from(scan.min_attenuation_db),
                i64::from(scan.typical_attenuation_db),
                scan.seconds_since_last_scan,
            )
        })
        .collect()
}

#[test]
fn windows_equal_those_that_were_reported() {
    let Some(folder) = shared() else {
        println!("SKIPPED: no shared captures (set VICINO_SHARED)");
        return;
    };
    let logs: BTreeMap<u32, Log> = PHONES
        .into_iter()
        .map(|phone| (phone, read(&folder.join(format!("pcaps/{phone:02}.btsnoop")))))
        .collect();
    let (mut made, mut equal) = (0, 0);
    for (receiver, log) in &logs {
        let mut expected = reported(&folder, *receiver);
        for (sender, other) in logs.iter().filter(|(sender, _)| *sender != receiver) {
            let of_sender = log
                .sightings
                .iter()
                .filter(|sighting| other.own.contains(&sighting.rpi) && sighting.aem.is_some());
            let attenuated: Vec<(Sighting, i32)> = of_sender
                .map(|sighting| {
                    (
                        *sighting,
                        (TX_POWER_DBM - (i32::from(sighting.rssi.0) + CORRECTION_DB)).max(0),
                    )
                })
                .collect();
            for window in windows(&attenuated) {
                let second = window.0[0].at.whole_seconds();
                if !(FROM..UNTIL).contains(&second) {
                    continue;
                }
                made += 1;
                match expected.get_mut(&scans(&window)) {
                    Some(n) if *n > 0 => {
                        *n -= 1;
                        equal += 1;
                    }
                    _ => println!(
                        "receiver {receiver}, sender {sender}, at {second}: {:?}",
                        scans(&window)
                    ),
                }
            }
        }
    }
    println!("{equal} of {made} windows are equal");
    assert!((205..=215).contains(&made), "{made}");
    assert!(equal * 100 >= 95 * made.max(210), "{equal} of {made}");
}
