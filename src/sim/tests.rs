//! The whole simulation against the specification, the model and itself.

mod beside;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::lab::crypto::BroadcastKeys;
use crate::lab::gaen::{self, Rpi};

const HEAD: &str = "title = 't'\nseed = 5\nstart = '2020-06-01T23:40:00Z'\nduration = '2h'\n";
const QUIET: &str = "[radio]\nshadowing_db = 0\nfading_db = 0\n";
const STATION: &str = "[[station]]\nname = 's'\nsensitivity_dbm = -127\n";
const PHONE: &str = "[[phone]]\nname = 'p'\nos = 'android'\nmodel = 'Pixel 4'\nposition = [1, 0]\n";

fn scenario(parts: &[&str]) -> Scenario {
    Scenario::parse(&parts.concat()).unwrap_or_else(|error| panic!("{error}"))
}

fn run(scenario: &Scenario) -> (Vec<CaptureEvent>, Vec<Truth>) {
    let mut simulation = Simulation::new(scenario).with_truth();
    let (mut events, mut truth) = (Vec::new(), Vec::new());
    while simulation.read(&mut events).unwrap() {
        truth.extend(simulation.take_truth());
    }
    truth.extend(simulation.take_truth());
    (events, truth)
}

fn adverts(events: &[CaptureEvent]) -> Vec<&Advertisement> {
    events
        .iter()
        .filter_map(|event| match event {
            CaptureEvent::Advert(advert) => Some(advert),
            CaptureEvent::Other(_) => None,
        })
        .collect()
}

fn kinds(events: &[CaptureEvent]) -> Vec<&EventKind> {
    events
        .iter()
        .filter_map(|event| match event {
            CaptureEvent::Other(event) => Some(&event.kind),
            CaptureEvent::Advert(_) => None,
        })
        .collect()
}

fn with_seed(scenario: &Scenario, seed: u64) -> Scenario {
    Scenario {
        seed,
        ..scenario.clone()
    }
}

#[test]
fn the_same_seed_gives_the_same_capture_and_another_seed_another() {
    let scenario = scenario(&[HEAD, STATION, PHONE]);
    let (events, truth) = run(&scenario);
    let (again, truth_again) = run(&scenario);
    assert_eq!(events, again);
    assert_eq!(format!("{truth:?}"), format!("{truth_again:?}"));
    assert_ne!(events, run(&with_seed(&scenario, 6)).0);
}

#[test]
fn all_built_in_scenarios_run_in_order_and_rebuild_the_same() {
    for (name, text) in BUILTIN {
        let mut scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        scenario.duration = scenario.duration.min("6m".parse().unwrap());
        let (events, truth) = run(&scenario);
        assert!(adverts(&events).len() > 50, "{name}: {}", adverts(&events).len());
        assert!(!truth.is_empty(), "{name}");
        let goes_back = events.windows(2).filter(|pair| pair[1].at() < pair[0].at()).count();
        assert_eq!(goes_back, usize::from(name == "hostile"), "{name}");
    }
}

#[test]
fn a_device_more_changes_nothing_about_the_others_and_order_does_not_matter() {
    let other = "[[phone]]\nname = 'a'\nos = 'ios'\nmodel = 'iPhone 11'\nposition = [2, 0]\n";
    let alone = run(&scenario(&[HEAD, STATION, PHONE])).0;
    let both = run(&scenario(&[HEAD, STATION, PHONE, other])).0;
    let swapped = run(&scenario(&[HEAD, STATION, other, PHONE])).0;
    assert_eq!(both, swapped);
    let of_android: Vec<_> = both
        .iter()
        .filter(|event| match event {
            CaptureEvent::Advert(advert) => advert.data.len() == 28,
            CaptureEvent::Other(_) => true,
        })
        .cloned()
        .collect();
    assert_eq!(alone, of_android);
    assert!(adverts(&both).len() > adverts(&alone).len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_is_heard_of_honest_phones_keeps_the_specification(seed: u64, ios: bool) {
        let phone = if ios { PHONE.replace("android", "ios").replace("Pixel 4", "iPhone 11") } else { PHONE.to_owned() };
        let (events, truth) = run(&with_seed(&scenario(&[HEAD, STATION, &phone]), seed));
        let adverts = adverts(&events);
        let interval = if ios { 270_000 } else { 250_000 };
        let mut identities: Vec<(Rpi, Address, gaen::Aem, i64)> = Vec::new();
        for pair in adverts.windows(2) {
            let delta = pair[1].at.since(pair[0].at).0;
            prop_assert!((interval..=interval + 10_000).contains(&delta), "{}", delta);
        }
        for advert in &adverts {
            let frame = gaen::decode(&advert.data).unwrap();
            let identity = (frame.rpi, advert.address, frame.aem.unwrap());
            if identities.last().is_none_or(|last| (last.0, last.1, last.2) != identity) {
                identities.push((identity.0, identity.1, identity.2, advert.at.0));
            }
        }
        // Together: as many identifiers and addresses as there are pairs of them.
        prop_assert!(identities.len() >= 6);
        prop_assert_eq!(identities.iter().map(|one| one.0).collect::<BTreeSet<_>>().len(), identities.len());
        prop_assert_eq!(identities.iter().map(|one| one.1).collect::<BTreeSet<_>>().len(), identities.len());
        for pair in identities[1..].windows(2) {
            // Up to one interval passes until a change is heard.
            let life = pair[1].3 - pair[0].3;
            prop_assert!((599_700_000..1_200_300_000).contains(&life), "{}", life);
        }
        // Every identifier follows from a key of the truth, for the interval that the truth names.
        let mut stated = BTreeMap::new();
        let mut keys = Vec::new();
        for truth in &truth {
            match truth {
                Truth::Key(key) => keys.push((key.rolling_start, BroadcastKeys::derive(&key.tek))),
                Truth::Sighting(row) => { stated.insert(row.rpi.unwrap().0, row.rpi.unwrap().1); }
            }
        }
        prop_assert_eq!(keys.len(), 2, "the scenario goes over midnight");
        for (rpi, _, aem, _) in identities {
            let enin = stated[&rpi];
            let (_, key) = keys.iter().find(|(start, _)| (start.0..start.0 + 144).contains(&enin.0)).unwrap();
            prop_assert_eq!(key.rpi(enin), rpi);
            prop_assert_eq!(key.open(rpi, aem).tx_power(), Dbm(if ios { 1 } else { -30 }));
        }
    }
}

#[test]
fn levels_follow_the_path_loss_model() {
    let radio = "[radio]\nintercept_db = 42\nexponent = 2\nshadowing_db = 3\nshadowing_time = '1s'\nfading_db = 2\n";
    let station = "[[station]]\nname = 's'\nsensitivity_dbm = -127\nrssi_correction_db = 8\n";
    for (distance, expected) in [(1.0, -30.0 - 42.0 - 8.0), (4.0, -30.0 - 54.04 - 8.0)] {
        let phone = PHONE.replace("[1, 0]", &format!("[{distance}, 0]"));
        let (events, _) = run(&scenario(&[HEAD, radio, station, &phone]));
        let levels: Vec<_> = adverts(&events)
            .iter()
            .map(|advert| f64::from(advert.rssi.unwrap().0))
            .collect();
        let n = f64::from(u32::try_from(levels.len()).unwrap());
        let mean = levels.iter().sum::<f64>() / n;
        let variance = levels.iter().map(|level| (level - mean) * (level - mean)).sum::<f64>() / n;
        assert!(levels.len() > 25_000);
        assert!(
            (mean - expected).abs() < 0.15,
            "{distance} m: mean {mean}, expected {expected}"
        );
        // Shadowing, fading and rounding to whole dB: 9 + 4 + 1/12.
        assert!((variance - 13.083).abs() < 0.8, "{distance} m: variance {variance}");
    }
}

#[test]
fn shadowing_is_remembered_for_its_time() {
    let radio = "[radio]\nshadowing_db = 6\nshadowing_time = '10s'\nfading_db = 0\n";
    let (events, _) = run(&scenario(&[HEAD, radio, STATION, PHONE]));
    let levels: Vec<_> = adverts(&events)
        .iter()
        .map(|advert| f64::from(advert.rssi.unwrap().0))
        .collect();
    let n = f64::from(u32::try_from(levels.len()).unwrap());
    let mean = levels.iter().sum::<f64>() / n;
    let covariance = |lag: usize| -> f64 {
        let products = levels.iter().zip(&levels[lag..]).map(|(a, b)| (a - mean) * (b - mean));
        products.sum::<f64>() / n
    };
    // 39 packets of 255 ms on average are 10 s.
    let remembered = covariance(39) / covariance(0);
    assert!((remembered - 0.368).abs() < 0.08, "{remembered}");
}

#[test]
fn body_and_pocket_take_their_share() {
    let level = |extra: &str| {
        let (events, _) = run(&scenario(&[HEAD, QUIET, STATION, PHONE, extra]));
        adverts(&events)[0].rssi.unwrap().0
    };
    let open = level("");
    assert_eq!(level("body_db = 10\nfacing = [-1, 0]\n"), open);
    assert_eq!(level("body_db = 10\nfacing = [0, 1]\n"), open - 5);
    assert_eq!(level("body_db = 10\nfacing = [1, 0]\n"), open - 10);
    assert_eq!(level("pocket_db = 4\n"), open - 4);
}

#[test]
fn too_weak_packets_and_lost_ones_are_not_heard() {
    let count = |station: &str, phone: &str| adverts(&run(&scenario(&[HEAD, QUIET, station, phone])).0).len();
    let all = count(STATION, PHONE);
    assert_eq!(count("[[station]]\nname = 's'\nsensitivity_dbm = -71\n", PHONE), 0);
    let half = count(STATION, &format!("{PHONE}loss = 0.5\n"));
    assert!((half * 100 / all).abs_diff(50) <= 2, "{half} of {all}");
}

#[test]
fn windows_limit_what_is_heard_and_are_told() {
    let station = format!("{STATION}scan = {{ kind = 'windows', window = '4s', every = ['180s', '300s'] }}\n");
    let (events, _) = run(&scenario(&[HEAD, &station, PHONE]));
    let mut on = None;
    let mut lengths = Vec::new();
    for event in &events {
        match event {
            CaptureEvent::Advert(_) => assert!(on.is_some()),
            CaptureEvent::Other(event) => match event.kind {
                EventKind::ScanEnable { on: true, .. } => on = Some(event.at),
                EventKind::ScanEnable { on: false, .. } => lengths.push(event.at.since(on.take().unwrap()).0),
                _ => {}
            },
        }
    }
    assert!((23..=40).contains(&lengths.len()), "{}", lengths.len());
    assert!(lengths.iter().all(|length| *length == 4_000_000));
    // About 15 packets a window, as without passing over what nobody hears.
    let per_window = adverts(&events).len() / lengths.len();
    assert!((14..=16).contains(&per_window), "{per_window}");
}

#[test]
fn stations_tell_gaps_losses_and_a_clock_set_back() {
    let station = format!(
        "{STATION}[[station.fault]]\nkind = 'gap'\nat = '10m'\nlasts = '1m'\nreason = 'r'\n\
         [[station.fault]]\nkind = 'dropped'\nat = '20m'\nn = 9\n[[station.fault]]\nkind = 'time-back'\nat = '30m'\nby = '3h'\n"
    );
    let (events, _) = run(&scenario(&[HEAD, &station, PHONE]));
    let (mut gap, mut dropped) = (None, None);
    for kind in kinds(&events) {
        match kind {
            EventKind::Gap { from, to, reason } => gap = Some((*from, *to, reason.as_str())),
            EventKind::Dropped { n } => dropped = Some(*n),
            _ => {}
        }
    }
    let (from, to, reason) = gap.unwrap();
    assert_eq!((to.since(from).0, reason, dropped), (60_000_000, "r", Some(9)));
    assert!(
        adverts(&events)
            .iter()
            .all(|advert| advert.at < from || advert.at >= to)
    );
    let steps: Vec<_> = adverts(&events)
        .windows(2)
        .map(|pair| pair[1].at.since(pair[0].at).0)
        .filter(|step| *step < 0)
        .collect();
    assert_eq!(steps.len(), 1);
    assert!((-10_800_000_000..-10_799_000_000).contains(&steps[0]));
}

#[test]
fn faults_of_single_packets() {
    let heard = |fault: &str| {
        let fault = format!("[[phone.fault]]\n{fault}\n");
        let head = HEAD.replace("2h", "5m");
        let (events, _) = run(&scenario(&[
            &head,
            QUIET,
            STATION,
            PHONE,
            "first_rotation = '11m'\n",
            &fault,
        ]));
        adverts(&events).into_iter().cloned().collect::<Vec<_>>()
    };
    let absurd = heard("kind = 'absurd-rssi'\nrssi_dbm = 75\nshare = 0.25");
    let n = absurd.iter().filter(|advert| advert.rssi == Some(Dbm(75))).count();
    assert!((n * 100 / absurd.len()).abs_diff(25) <= 5, "{n}");
    let twice = heard("kind = 'duplicate-frames'");
    assert!(twice.chunks(2).all(|pair| pair[0] == pair[1]));
    let burst = heard("kind = 'address-burst'\nat = '1m'\nover = '1m'\ncount = 100000");
    let addresses: BTreeSet<_> = burst.iter().map(|advert| advert.address).collect();
    assert_eq!(addresses.len(), 100_001);
    let connectable = heard("kind = 'connectable'");
    assert!(
        connectable
            .iter()
            .all(|advert| advert.pdu == PduType::AdvInd && advert.details.event_type == 0)
    );
}

#[test]
fn active_stations_get_the_empty_scan_response() {
    let station = format!("{STATION}active = true\n");
    let (events, _) = run(&scenario(&[HEAD, QUIET, &station, PHONE]));
    for pair in adverts(&events).chunks(2) {
        assert_eq!((pair[0].pdu, pair[1].pdu), (PduType::AdvScanInd, PduType::ScanRsp));
        assert!(pair[1].data.is_empty() && pair[0].address == pair[1].address);
    }
}

#[test]
fn a_second_station_hears_with_its_own_correction_and_changes_nothing_for_the_first() {
    let second = "[[station]]\nname = 'far'\nposition = [0, 9]\nsensitivity_dbm = -127\nrssi_correction_db = -3\n";
    let one = run(&scenario(&[HEAD, STATION, PHONE])).0;
    let two = run(&scenario(&[HEAD, STATION, second, PHONE])).0;
    let first: Vec<_> = two.iter().filter(|event| event.station().0 == 0).cloned().collect();
    assert_eq!(one, first);
    assert_eq!(two.len(), 2 * one.len());
}

#[test]
fn devices_are_there_from_and_until_and_their_clocks_stretch_the_interval() {
    let times = |extra: &str| -> Vec<i64> {
        let (events, _) = run(&scenario(&[HEAD, STATION, PHONE, extra]));
        adverts(&events).iter().map(|advert| advert.at.0).collect()
    };
    let start = scenario(&[HEAD, STATION]).start.as_microsecond();
    let some = times("from = '10m'\nuntil = '20m'\n");
    assert!(
        some.iter()
            .all(|at| (600_000_000..1_200_000_000).contains(&(at - start)))
    );
    // One packet every 255 ms.
    assert!((2_340..2_370).contains(&some.len()), "{}", some.len());
    let (honest, fast) = (times(""), times("clock_ppm = 10000\n"));
    let longer = |idx: usize| (honest[idx] - honest[0]) - (fast[idx] - fast[0]);
    assert_eq!(longer(1000), 1000 * 2_500);
}

#[test]
fn marks_tell_the_distance_while_the_device_stands() {
    let scenario = Scenario::parse(builtin("bench-1m").unwrap()).unwrap();
    let (events, truth) = run(&scenario);
    let marks: Vec<_> = kinds(&events)
        .into_iter()
        .filter_map(|kind| match kind {
            EventKind::Mark(mark) => Some(mark),
            _ => None,
        })
        .collect();
    let distances: Vec<_> = marks.iter().map(|mark| mark.distance.unwrap().0).collect();
    assert_eq!(distances, [1.0, 0.5, 2.0, 4.0]);
    for mark in marks {
        let to = mark.to.unwrap();
        assert!(to.since(mark.from).0 >= 60_000_000);
        for row in &truth {
            if let Truth::Sighting(row) = row
                && (mark.from..to).contains(&row.at)
            {
                assert!((row.distance.0 - mark.distance.unwrap().0).abs() < 1e-9);
                assert!(row.rpi.unwrap().0.to_string().starts_with(&mark.device));
            }
        }
    }
}

#[test]
fn demo_shows_what_it_promises() {
    let (events, truth) = run(&Scenario::parse(builtin("demo").unwrap()).unwrap());
    let mut seen: BTreeMap<String, Vec<(Rpi, Address)>> = BTreeMap::new();
    for row in &truth {
        if let Truth::Sighting(row) = row
            && let Some((rpi, _)) = row.rpi
        {
            let of_device = seen.entry(row.device.clone()).or_default();
            if of_device.last() != Some(&(rpi, row.address)) {
                of_device.push((rpi, row.address));
            }
        }
    }
    for in_step in ["resting", "visitor"] {
        let [(rpi0, address0), (rpi1, address1)] = seen[in_step][..] else {
            panic!("{in_step}: {:?}", seen[in_step])
        };
        assert!(rpi0 != rpi1 && address0 != address1);
    }
    let [(rpi0, address0), (rpi1, address1)] = seen["careless"][..] else {
        panic!("{:?}", seen["careless"])
    };
    assert!(rpi0 != rpi1 && address0 == address1);
    assert_eq!(seen["passer-by"].len(), 1);
    let heard: BTreeSet<_> = adverts(&events).iter().map(|advert| advert.address).collect();
    assert_eq!(heard.len(), 2 + 2 + 1 + 1 + 4, "phones' addresses and four neighbours");
}

#[test]
fn a_crowd_comes_and_goes_within_bounds() {
    let crowd = "[[crowd]]\nname = 'c'\ncount = 200\npresent = 20\narrivals_per_minute = 4\nstay = ['2m', '6m']\n\
                 area = [0, 0, 10, 10]\ninterval_ms = 5000\n";
    let mut simulation = Simulation::new(&scenario(&[HEAD, STATION, crowd])).with_truth();
    let (mut batch, mut most, mut devices) = (Vec::new(), 0, BTreeSet::new());
    while simulation.read(&mut batch).unwrap() {
        batch.clear();
        most = most.max(simulation.devices.len());
        for truth in simulation.take_truth() {
            if let Truth::Sighting(row) = truth {
                devices.insert(row.device);
            }
        }
    }
    assert_eq!(devices.len(), 200);
    assert!((20..60).contains(&most), "{most}");
    assert!(simulation.devices.is_empty() && simulation.queue.is_empty());
}
