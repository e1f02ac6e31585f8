use super::*;
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::Advertisement;
use crate::lab::calibration::fit::{Parameter, State};
use crate::lab::event::{EventKind, StationInfo};

const START: UnixMicros = UnixMicros(1_591_088_400_000_000);

/// A bench: a station whose model is known, and reports of phones.
struct Lab {
    session: Session,
    measure: Measure,
    /// All that a capture would hold.
    kept: Vec<CaptureEvent>,
    now: UnixMicros,
}

fn advert(at: UnixMicros, phone: u8, rssi: i8) -> CaptureEvent {
    let data = [&[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd][..], &[phone; 20]].concat();
    CaptureEvent::Advert(Advertisement {
        at,
        address: Address {
            bytes: [phone; 6],
            kind: AddressKind::RandomNonresolvable,
        },
        rssi: Some(Dbm(rssi)),
        data: data.as_slice().into(),
        ..Advertisement::default()
    })
}

fn key(phone: u8) -> TrackKey {
    TrackKey {
        station: StationId(0),
        address: Address {
            bytes: [phone; 6],
            kind: AddressKind::RandomNonresolvable,
        },
    }
}

impl Lab {
    fn new(plan: Plan) -> Self {
        let mut session = Session::default();
        let station = StationInfo {
            name: "bench".to_owned(),
            model: "Pixel 4".to_owned(),
            edition: "2020-12-14".to_owned(),
        };
        session.ingest(&CaptureEvent::other(START, StationId(0), EventKind::Station(station)));
        Self {
            session,
            measure: Measure::with_plan(plan),
            kept: Vec::new(),
            now: START,
        }
    }

    /// Lets seconds pass in which the phone is heard four times a second at these levels in turn.
    fn hear(&mut self, seconds: i64, phone: u8, levels: &[i8]) {
        for n in 0..seconds * 4 {
            self.now = self.now.plus(Micros::from_millis(250));
            let level = levels[usize::try_from(n).unwrap() % levels.len()];
            let events = [advert(self.now, phone, level)];
            self.session.ingest_all(&events);
            self.measure.take(&events, &self.session);
            self.measure.pass(self.now);
            self.kept.extend(events);
        }
    }
}

fn plan(distances_m: &[f64]) -> Plan {
    Plan {
        dwell: Micros::from_secs(30),
        wanted: 100,
        ..Plan::new(distances_m, &[String::new()])
    }
}

#[test]
fn a_phone_is_led_through_its_steps_to_a_profile() {
    let mut lab = Lab::new(plan(&[0.5, 1.0, 2.0, 4.0]));
    lab.hear(2, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), Some("SM-A515F"));
    for (step, level) in [-72, -78, -84, -90].into_iter().enumerate() {
        assert_eq!((lab.measure.stage, lab.measure.at), (Stage::Placing, step));
        lab.hear(5, 7, &[-40]);
        lab.measure.start(lab.now);
        lab.hear(40, 7, &[level - 1, level, level, level + 1]);
        let Stage::Judging(from, to) = lab.measure.stage else {
            panic!("{:?}", lab.measure.stage)
        };
        assert_eq!(to.since(from), Micros::from_secs(30), "not longer than it must");
        let quality = lab.measure.quality(lab.now).unwrap();
        assert_eq!((quality.n, quality.faults(100)), (120, vec![]));
        let (marks, station) = lab.measure.accept().unwrap();
        let [mark] = &marks[..] else { panic!("{marks:?}") };
        assert_eq!((station, mark.model.as_str()), (StationId(0), "SM-A515F"));
        assert_eq!(
            (mark.from, mark.to),
            (from.plus(Micros(1)), Some(to.plus(Micros(1)))),
            "without the report before, with the last one"
        );
    }
    assert_eq!((lab.measure.stage, lab.measure.n_accepted()), (Stage::Done, 4));
    let finding = lab.measure.finding(&lab.session).unwrap();
    let State::Estimated(power) = finding.fit.get(Parameter::Tx(0)) else {
        panic!()
    };
    // -78 dBm at 1 m on a receiver that corrects by 8 dB: 42 dB below -28 dBm.
    assert!((power.value + 28.0).abs() < 0.3, "{power:?}");
    let table = finding.table("own");
    let entry = table.entries().iter().find(|entry| entry.model == "SM-A515F").unwrap();
    assert_eq!(entry.profile.tx_power_dbm, -28);
    assert!(entry.source.starts_with("TX power measured"));
}

#[test]
fn what_is_wrong_with_a_step_is_said_and_it_can_be_measured_again() {
    let mut lab = Lab::new(plan(&[1.0, 2.0]));
    lab.hear(1, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), None);
    let faults = |lab: &mut Lab, levels: &[i8], seconds: i64| {
        lab.measure.repeat();
        lab.measure.start(lab.now);
        lab.hear(seconds, 7, levels);
        lab.measure.stop(lab.now);
        lab.measure.quality(lab.now).unwrap().faults(100)
    };
    assert_eq!(faults(&mut lab, &[-70], 1), [Fault::TooFew]);
    assert_eq!(faults(&mut lab, &[-70], 10), [Fault::Few]);
    assert_eq!(faults(&mut lab, &[-60, -75, -70, -82], 30), [Fault::Wide]);
    let rising: Vec<i8> = (0..120).map(|n| -80 + n / 20).collect();
    assert_eq!(faults(&mut lab, &rising, 30), [Fault::Drift]);
    assert_eq!(faults(&mut lab, &[-70, -71, -19], 40), [Fault::Saturated]);
    assert_eq!(lab.measure.at, 0);
    lab.measure.skip();
    assert_eq!((lab.measure.stage, lab.measure.at), (Stage::Placing, 1));
    lab.measure.back();
    assert_eq!(lab.measure.at, 0);
    lab.measure.skip();
    lab.measure.skip();
    assert_eq!(lab.measure.stage, Stage::Done);
    assert!(lab.measure.finding(&lab.session).is_err());
}

#[test]
fn others_are_counted_and_the_phone_is_followed_over_a_change_of_address() {
    let mut lab = Lab::new(plan(&[1.0]));
    lab.hear(1, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), None);
    lab.measure.start(lab.now);
    for n in 0..120 {
        lab.now = lab.now.plus(Micros::from_millis(250));
        let mut own = advert(lab.now, 7, -70);
        if let CaptureEvent::Advert(advert) = &mut own
            && n >= 60
        {
            advert.address.bytes = [8; 6];
        }
        let events = [own, advert(lab.now, 9, -50)];
        lab.session.ingest_all(&events);
        lab.measure.take(&events, &lab.session);
    }
    lab.measure.stop(lab.now);
    let quality = lab.measure.quality(lab.now).unwrap();
    assert_eq!((quality.n, quality.median_dbm.round()), (120, -70.0));
    assert!((quality.others_per_s - 4.0).abs() < 0.1, "{quality:?}");
    assert_eq!(
        lab.measure.silence(lab.now.plus(Micros::from_secs(9))),
        Some(Micros::from_secs(9))
    );
}

/// A bench whose receiver is in no list.
fn unlisted(distances_m: &[f64]) -> Lab {
    let mut lab = Lab::new(plan(distances_m));
    let station = StationInfo {
        name: "hci0".to_owned(),
        ..StationInfo::default()
    };
    lab.session
        .ingest(&CaptureEvent::other(START, StationId(0), EventKind::Station(station)));
    lab.hear(2, 7, &[-60]);
    lab
}

fn walk(lab: &mut Lab, levels: &[i8]) {
    for level in levels {
        lab.measure.start(lab.now);
        lab.hear(31, 7, &[level - 1, *level, *level, level + 1]);
        assert!(lab.measure.accept().is_some());
    }
}

#[test]
fn a_receiver_of_no_list_is_told_by_its_correction_or_is_what_is_measured() {
    let mut lab = unlisted(&[1.0, 2.0]);
    lab.measure.choose(&lab.session, key(7), Some("DUT"));
    walk(&mut lab, &[-78, -84]);
    let bare = lab.measure.finding(&lab.session).unwrap();
    assert!(!bare.has_scale() && bare.table("own").entries().is_empty());
    assert!(
        matches!(bare.fit.get(Parameter::Exponent), State::Estimated(_)),
        "told without any reference"
    );
    assert!(!bare.together().is_empty(), "and sums");
    lab.measure.told.receiver = Some(Receiver::parse("hci0:8").unwrap());
    let known = lab.measure.finding(&lab.session).unwrap();
    let power = known.fit.get(Parameter::Tx(0)).value().unwrap();
    assert!((power + 28.0).abs() < 0.3, "{power}");
    assert!(
        known
            .options()
            .starts_with("--reference \"hci0=8/\" --a1 42 --edition "),
        "{}",
        known.options()
    );
    lab.measure.told = Told {
        tx_dbm: Some(-28.0),
        ..Told::default()
    };
    let other = lab.measure.finding(&lab.session).unwrap();
    let correction = other.fit.get(Parameter::Correction(1)).value().unwrap();
    assert!((correction - 8.0).abs() < 0.3, "{correction}");
    assert!(other.is_usual_attenuation);
    lab.measure.told.receiver = Some(Receiver::parse("hci0:8").unwrap());
    let both = lab.measure.finding(&lab.session).unwrap();
    let attenuation = both.fit.get(Parameter::Attenuation).value().unwrap();
    assert!((attenuation - 42.0).abs() < 0.3, "{attenuation}");
}

#[test]
fn a_told_attenuation_and_cautions_are_in_what_is_found_and_in_the_profile() {
    let mut lab = Lab::new(plan(&[1.0, 2.0]));
    lab.hear(2, 7, &[-60]);
    lab.measure.told.attenuation_db = Some(40.2);
    lab.measure.choose(&lab.session, key(7), Some("SM-A515F"));
    walk(&mut lab, &[-78, -84]);
    let finding = lab.measure.finding(&lab.session).unwrap();
    assert_eq!(
        (finding.attenuation_db(), finding.is_usual_attenuation),
        (Some(40.2), false)
    );
    assert!(
        finding.options().contains("--a1 40.2 --edition "),
        "{}",
        finding.options()
    );
    let is_pose = |text: &String| text.contains("fewer than three orientations");
    assert!(finding.cautions().iter().any(is_pose));
    let table = finding.table("own");
    let entry = table.entries().iter().find(|entry| entry.model == "SM-A515F").unwrap();
    assert!(entry.notes.iter().any(is_pose), "{:?}", entry.notes);
    assert_eq!(entry.date, "2020-06-02");
}

#[test]
fn who_goes_back_keeps_accepted_steps_and_meets_the_phone_under_its_old_address() {
    let mut lab = Lab::new(plan(&[1.0, 2.0]));
    lab.hear(1, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), None);
    walk(&mut lab, &[-70]);
    // It changes address, then both, and is followed.
    for (phone, address) in [(7, 8), (8, 8)] {
        lab.now = lab.now.plus(Micros::from_millis(250));
        let mut own = advert(lab.now, phone, -70);
        if let CaptureEvent::Advert(advert) = &mut own {
            advert.address.bytes = [address; 6];
        }
        lab.measure.take(&[own], &lab.session);
    }
    lab.measure.start(lab.now);
    assert!(lab.measure.interrupt() && !lab.measure.interrupt());
    assert_eq!(
        (lab.measure.stage, lab.measure.at, lab.measure.n_accepted()),
        (Stage::Placing, 1, 1)
    );
    lab.now = START;
    lab.measure.start(lab.now);
    lab.hear(10, 7, &[-75]);
    assert_eq!(lab.measure.quality(lab.now).unwrap().n, 40);
}

#[test]
fn a_step_that_contradicts_a_mark_or_the_steps_before_is_doubted() {
    let mut lab = Lab::new(plan(&[0.5, 1.0, 2.0]));
    lab.hear(1, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), None);
    walk(&mut lab, &[-72, -78]);
    lab.measure.start(lab.now);
    lab.hear(31, 7, &[-84]);
    assert_eq!(
        lab.measure.doubts(&lab.session),
        Vec::<String>::new(),
        "as the steps before predict"
    );
    let mark = Mark {
        from: lab.now.plus(Micros::from_secs(-60)),
        to: None,
        device: "07070707".to_owned(),
        distance: Some(Metres(4.0)),
        ..Mark::default()
    };
    let mark = CaptureEvent::other(mark.from, StationId(0), EventKind::Mark(mark));
    lab.session.ingest(&mark);
    let doubts = lab.measure.doubts(&lab.session);
    assert!(
        doubts.len() == 1 && doubts[0].contains("says 4.00 m here, this step 2.00 m"),
        "{doubts:?}"
    );
    let mut lab = Lab::new(plan(&[0.5, 1.0, 2.0]));
    lab.hear(1, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), None);
    walk(&mut lab, &[-72, -78]);
    lab.measure.start(lab.now);
    lab.hear(31, 7, &[-70]);
    let doubts = lab.measure.doubts(&lab.session);
    assert!(doubts.len() == 1 && doubts[0].contains("14 dB stronger"), "{doubts:?}");
}

/// Measures a step at these levels and accepts it.
fn step(lab: &mut Lab, levels: &[i8]) -> Vec<Mark> {
    lab.measure.start(lab.now);
    lab.hear(31, 7, levels);
    lab.measure.accept().unwrap().0
}

#[test]
fn all_figures_of_a_list_are_of_one_edition_and_the_reference_is_written_as_it_was_taken() {
    let mut lab = Lab::new(plan(&[1.0, 2.0]));
    let station = StationInfo {
        name: "bench".to_owned(),
        model: "Pixel 4".to_owned(),
        edition: String::new(),
    };
    // The list of the time of the data: June 2020.
    let station = CaptureEvent::other(START, StationId(0), EventKind::Station(station));
    lab.session.ingest(&station);
    lab.hear(2, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), Some("SM-A515F"));
    step(&mut lab, &[-78]);
    step(&mut lab, &[-84]);
    let finding = lab.measure.finding(&lab.session).unwrap();
    assert_eq!(finding.edition_of(Parameter::Correction(1)), Some("2020-06-13"));
    assert_eq!(finding.references, [("Pixel 4".to_owned(), Some(5.0), Some(-28.0))]);
    let table = finding.table("own");
    assert_eq!(table.base.as_deref(), Some("2020-06-13"));
    let june = crate::lab::calibration::editions::of_edition("2020-06-13").unwrap();
    assert_eq!(table.own("Pixel 4"), june.own("Pixel 4"));
    let correction = table.own("SM-A515F").unwrap().0.rssi_correction_db;
    let of_june = june
        .of_one_scale("SM-A515F")
        .map_or(june.averages().android, |found| found.profile);
    assert_eq!(correction, of_june.rssi_correction_db);
    assert!(
        finding.options().contains("--edition 2020-06-13"),
        "{}",
        finding.options()
    );
}

#[test]
fn what_nobody_told_or_measured_is_trusted_as_little_as_an_average() {
    let mut lab = Lab::new(plan(&[1.0]));
    lab.hear(2, 7, &[-60]);
    lab.measure.told.receiver = Some(Receiver::parse("bench:8").unwrap());
    let nameless = StationInfo {
        name: "bench".to_owned(),
        ..StationInfo::default()
    };
    lab.session
        .ingest(&CaptureEvent::other(START, StationId(0), EventKind::Station(nameless)));
    lab.measure.choose(&lab.session, key(7), Some("DUT"));
    step(&mut lab, &[-78]);
    let table = lab.measure.finding(&lab.session).unwrap().table("own");
    let of = |model: &str| table.entries().iter().find(|entry| entry.model == model).unwrap();
    let lowest = crate::lab::attenuation::Confidence::Lowest;
    assert_eq!(of("bench").confidence, lowest);
    assert_eq!(of("bench").source, "correction as told, TX power of an average phone");
    assert_eq!(
        (of("DUT").confidence, &*of("DUT").source),
        (lowest, "TX power measured, correction of an average phone")
    );
}

#[test]
fn a_step_that_is_measured_again_takes_back_its_mark() {
    let mut lab = Lab::new(plan(&[1.0, 2.0]));
    lab.hear(2, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), Some("SM-A515F"));
    let first = step(&mut lab, &[-70]);
    lab.measure.back();
    let again = step(&mut lab, &[-78]);
    assert_eq!(again.len(), 2);
    assert!(again[0].withdraws(&first[0]) && !again[0].withdraws(&again[1]));
    // All that was marked, as a capture keeps it.
    let marks = || first.iter().chain(&again).cloned();
    for mark in marks() {
        let event = CaptureEvent::other(mark.from, StationId(0), EventKind::Mark(mark));
        lab.session.ingest(&event);
    }
    assert_eq!(lab.session.marks().collect::<Vec<_>>(), [&again[1]]);
    let session = lab.measure.session();
    assert!(!session.is_empty() && again[1].is_step_of(&session) && first[0].is_step_of(&session));
    assert!(
        !Mark {
            note: "calibration x, 9 reports".to_owned(),
            ..Mark::default()
        }
        .is_step_of(&session)
    );
    // A plan that has no place for a step takes back its mark too.
    step(&mut lab, &[-84]);
    let mut other = plan(&[2.0, 4.0]);
    other.dwell = Micros::from_secs(10);
    assert_eq!(lab.measure.n_without_place(&other), 1);
    let withdrawn = lab.measure.replan(other);
    assert!(
        matches!(&withdrawn[..], [mark] if mark.withdraws(&again[1])),
        "{withdrawn:?}"
    );
    assert_eq!(
        (lab.measure.n_accepted(), lab.measure.at, lab.measure.stage),
        (1, 1, Stage::Placing)
    );
}

#[test]
fn many_outliers_and_another_level_at_the_end_are_faults() {
    let mut lab = Lab::new(plan(&[1.0]));
    lab.hear(1, 7, &[-60]);
    lab.measure.choose(&lab.session, key(7), None);
    let faults = |lab: &mut Lab, parts: &[(i64, &[i8])]| {
        lab.measure.repeat();
        lab.measure.plan.dwell = Micros::from_secs(100);
        lab.measure.start(lab.now);
        parts.iter().for_each(|(seconds, levels)| lab.hear(*seconds, 7, levels));
        lab.measure.stop(lab.now);
        lab.measure.quality(lab.now).unwrap().faults(100)
    };
    assert_eq!(faults(&mut lab, &[(30, &[-70])]), []);
    assert_eq!(
        faults(&mut lab, &[(26, &[-70]), (4, &[-74])]),
        [Fault::End, Fault::Outliers]
    );
    let now_and_then = [-70, -70, -71, -70, -70, -90, -70, -71, -70, -70];
    assert_eq!(faults(&mut lab, &[(30, &now_and_then)]), [Fault::Outliers]);
}

#[test]
fn the_session_of_a_capture_with_other_marks_gives_what_the_screen_gave() {
    use crate::lab::calibration::bench::{Bench, By};
    use crate::lab::distance::Hearing;
    let mut lab = Lab::new(plan(&[1.0, 2.0]));
    lab.hear(2, 7, &[-60]);
    let mut marks = Vec::new();
    // An earlier measurement of the same phone, which was given up.
    lab.measure.choose(&lab.session, key(7), Some("SM-A405FN"));
    marks.extend(step(&mut lab, &[-60]));
    lab.measure = Measure::with_plan(plan(&[1.0, 2.0]));
    lab.measure.choose(&lab.session, key(7), Some("SM-A515F"));
    marks.extend(step(&mut lab, &[-77, -78]));
    marks.extend(step(&mut lab, &[-80]));
    lab.measure.back();
    marks.extend(step(&mut lab, &[-84, -85]));
    let finding = lab.measure.finding(&lab.session).unwrap();
    let mut hearing = Hearing::for_measurements().of_session(Some(lab.measure.session()));
    let station = lab.session.station(StationId(0));
    hearing.take(&CaptureEvent::other(START, StationId(0), EventKind::Station(station)));
    lab.kept.iter().for_each(|event| hearing.take(event));
    for mark in marks {
        hearing.take(&CaptureEvent::other(mark.from, StationId(0), EventKind::Mark(mark)));
    }
    let heard = hearing.finish(
        &crate::lab::keyring::Keyring::default(),
        &crate::lab::calibration::Calibration::default(),
    );
    let bench = Bench::new(&heard, &[], By::Model).unwrap();
    assert_eq!(bench.phones, finding.bench.phones);
    assert_eq!(format!("{:?}", bench.samples), format!("{:?}", finding.bench.samples));
}
