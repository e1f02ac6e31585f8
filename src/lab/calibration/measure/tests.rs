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
        let (mark, station) = lab.measure.accept().unwrap();
        assert_eq!((station, mark.model.as_str()), (StationId(0), "SM-A515F"));
        assert_eq!((mark.from, mark.to), (from, Some(to)));
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
