use super::*;

use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::PduType;
use crate::lab::distance::{Estimator, Hearing};
use crate::lab::event::{Mark, OwnDataCommand, StationInfo};
use crate::lab::keyring::Keyring;
use crate::lab::session::Options;
use crate::lab::units::Dbm;

fn at(millis: i64) -> UnixMicros {
    UnixMicros(1_596_099_600_000_000).plus(Micros::from_millis(millis))
}

fn payload(number: u32) -> Vec<u8> {
    let mut rpi = [0x5a; 16];
    rpi[..4].copy_from_slice(&number.to_be_bytes());
    [
        &[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd],
        &rpi[..],
        &[0xa1, 0x0c, 0x77, 0x01],
    ]
    .concat()
}

fn rpi(number: u32) -> Rpi {
    gaen::decode(&payload(number)).unwrap().rpi
}

fn heard(station: u16, millis: i64, number: u32, level: i8) -> CaptureEvent {
    let [_, _, high, low] = number.to_be_bytes();
    CaptureEvent::Advert(Advertisement {
        at: at(millis),
        station: StationId(station),
        address: Address {
            bytes: [0x3e, 0, 0, 0, high, low],
            kind: AddressKind::RandomNonresolvable,
        },
        pdu: PduType::AdvNonconnInd,
        rssi: Some(Dbm(level)),
        data: payload(number).as_slice().into(),
        ..Advertisement::default()
    })
}

fn station(number: u16) -> CaptureEvent {
    let info = StationInfo {
        name: format!("phone {number}"),
        model: ["SM-G973F", "Pixel 4"][usize::from(number % 2)].to_owned(),
        ..StationInfo::default()
    };
    CaptureEvent::other(at(0), StationId(number), EventKind::Station(info))
}

/// Six minutes at two phones that hear each other, a phone that a mark names, and two of nobody.
fn events() -> Vec<CaptureEvent> {
    let mark = Mark {
        device: rpi(7).to_string()[..10].to_owned(),
        model: "Pixel 3".to_owned(),
        ..Mark::default()
    };
    let mut events = vec![
        station(0),
        station(1),
        CaptureEvent::other(at(0), StationId(0), EventKind::Mark(mark)),
    ];
    for (number, own) in [(0, 100), (1, 101)] {
        let command = OwnDataCommand::Legacy;
        let data = payload(own).as_slice().into();
        events.push(CaptureEvent::other(
            at(1),
            StationId(number),
            EventKind::OwnData { set: 0, command, data },
        ));
    }
    for n in 0..1_400_i64 {
        let wave = i8::try_from(n * 7 % 23).unwrap();
        let millis = 10 + n * 250;
        events.push(heard(0, millis, 101, -60 - wave));
        events.push(heard(1, millis + 3, 100, -63 - wave));
        events.push(heard(0, millis + 5, 7, -70 - wave / 2));
        if n % 3 == 0 {
            events.push(heard(0, millis + 7, 8, -85 - wave / 3));
            events.push(heard(1, millis + 9, 8, -55 - wave));
        }
    }
    events.push(heard(0, 350_000, 9, -50));
    events.sort_by_key(CaptureEvent::at);
    events
}

fn taken(events: &[CaptureEvent], at_a_time: usize) -> (Session, LiveDistances) {
    let (mut session, mut live) = (Session::new(Options::default()), LiveDistances::default());
    for batch in events.chunks(at_a_time) {
        session.ingest_all(batch);
        live.take(batch);
        live.settle(&session);
    }
    let at_once = Due {
        has_new: true,
        at: None,
    };
    live.due.values_mut().for_each(|due| *due = at_once);
    live.settle(&session);
    (session, live)
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
}

#[test]
fn estimates_are_those_of_the_estimator_in_a_window_that_ends_now() {
    let events = events();
    let (session, live) = taken(&events, 100_000);
    let mut hearing = Hearing::new();
    events.iter().for_each(|event| hearing.take(event));
    let calibration = crate::lab::calibration::Calibration::fixed(std::sync::Arc::new(
        session.profiles_or(&live.model().edition).clone(),
    ));
    let told = hearing.finish(&Keyring::default(), &calibration);
    let model = Model::built_in();
    let estimator = Estimator::new(&told.levels, &told.stations, Mode::Live, model);
    for (station, number) in [(0, 101), (1, 100), (0, 7), (0, 8), (1, 8), (0, 9)] {
        let reckoned = live.get(StationId(station), rpi(number)).unwrap();
        let name = match number {
            100 => "phone 0".to_owned(),
            101 => "phone 1".to_owned(),
            7 => rpi(7).to_string()[..10].to_owned(),
            _ => format!("rpi:{}", rpi(number)),
        };
        let unknown = |rpi: Rpi| told.unknown.iter().position(|other| *other == rpi);
        let sender = told
            .phone(&name)
            .unwrap_or_else(|| Phone::Unknown(u32::try_from(unknown(rpi(number)).unwrap()).unwrap()));
        let receiver = told.phone(&format!("phone {station}")).unwrap();
        // Windows of the estimator leave their end out.
        let end_s = told.seconds(reckoned.at.plus(Micros(1)));
        let from_s = end_s - WINDOW_S;
        let query = Query {
            receiver,
            sender,
            from_s,
            length_s: WINDOW_S,
            levels: told.within(receiver, sender, from_s, end_s),
        };
        let score = estimator.scores(std::slice::from_ref(&query))[0];
        let expected = model.estimate(Mode::Live, &query, score);
        near(reckoned.estimate.distance_m, expected.distance_m);
        near(reckoned.estimate.low_m, expected.low_m);
        near(reckoned.estimate.high_m, expected.high_m);
        near(reckoned.estimate.p_near[0], expected.p_near[0]);
        near(reckoned.estimate.p_near[1], expected.p_near[1]);
        let levels = &told.levels[query.levels.clone()];
        assert_eq!(reckoned.n_levels, levels.len());
        near(
            reckoned.attenuation_db,
            -median(levels.iter().map(|level| level.db).collect()),
        );
        assert_eq!(reckoned.is_known, !sender.is_unknown(), "{number}");
    }
    assert!(live.get(StationId(0), rpi(8)).unwrap().raw_m > live.get(StationId(1), rpi(8)).unwrap().raw_m);
}

#[test]
fn however_events_are_split_the_last_estimates_are_the_same() {
    let events = events();
    let (_, whole) = taken(&events, 100_000);
    let (_, split) = taken(&events, 7);
    let all = |live: &LiveDistances| -> Vec<_> {
        let all = live.identifiers.iter();
        all.map(|(key, of)| (*key, of.reckoned.map(|found| (found.estimate, found.n_levels))))
            .collect()
    };
    assert_eq!(all(&whole), all(&split));
}

#[test]
fn it_is_estimated_every_two_seconds_of_the_data_and_where_something_was_heard() {
    let (mut session, mut live) = (Session::new(Options::default()), LiveDistances::default());
    let mut n = 0;
    for step in 0..40 {
        let event = [heard(0, step * 250, 1, -60)];
        session.ingest_all(&event);
        live.take(&event);
        n += usize::from(live.settle(&session));
    }
    assert_eq!(n, 5);
    session.advance(at(60_000));
    assert!(live.settle(&session));
    session.advance(at(90_000));
    assert!(!live.settle(&session), "nothing was heard since");
    assert!(live.get(StationId(0), rpi(1)).is_some(), "what was known is kept");
}

#[test]
fn of_who_is_silent_it_is_estimated_what_was_when_it_was_heard_last() {
    let events = events();
    let (_, mut live) = taken(&events, 100_000);
    let found = |live: &LiveDistances| *live.get(StationId(0), rpi(101)).unwrap();
    let in_time = found(&live);
    // The same, but nothing was asked for before two minutes had passed.
    let (mut session, mut late) = (Session::new(Options::default()), LiveDistances::default());
    session.ingest_all(&events);
    late.take(&events);
    session.advance(session.now().plus(Micros::from_secs(120)));
    late.settle(&session);
    near(found(&late).estimate.distance_m, in_time.estimate.distance_m);
    assert_eq!(found(&late).n_levels, in_time.n_levels);
    // Another one is heard, and nothing changes of those that are silent.
    for live in [&mut live, &mut late] {
        let before = found(live);
        let event = [heard(0, 480_000, 9, -50)];
        session.ingest_all(&event);
        live.take(&event);
        live.settle(&session);
        assert_eq!(found(live), before);
    }
}

#[test]
fn a_history_is_the_same_whenever_it_is_asked_for() {
    let events = events();
    let (session, mut live) = taken(&events, 100_000);
    live.follow(&session, StationId(0), rpi(101));
    let at_once = live.history(StationId(0), rpi(101)).to_vec();
    assert_eq!(at_once.len(), 35, "{at_once:?}");
    assert!(at_once.iter().all(|point| point.raw_m.is_some()));
    assert!(at_once.windows(2).all(|two| two[0].at < two[1].at));
    let (mut session, mut live) = (Session::new(Options::default()), LiveDistances::default());
    for batch in events.chunks(50) {
        session.ingest_all(batch);
        live.take(batch);
        live.follow(&session, StationId(0), rpi(101));
    }
    let bit_by_bit = live.history(StationId(0), rpi(101));
    assert_eq!(bit_by_bit.len(), at_once.len());
    for (one, other) in bit_by_bit.iter().zip(&at_once) {
        assert_eq!(one.at, other.at);
        // A slice that went on when the point was made ends later.
        let differs = one.estimate.distance_m / other.estimate.distance_m;
        assert!((0.9..1.1).contains(&differs), "{one:?} {other:?}");
    }
    assert!(live.history(StationId(0), rpi(8)).is_empty());
    live.follow(&session, StationId(0), rpi(8));
    assert!(live.history(StationId(0), rpi(101)).is_empty());
}

#[test]
fn hostile_identifiers_push_out_nobody_who_is_there_and_take_no_room() {
    let (mut session, mut live) = (Session::new(Options::default()), LiveDistances::default());
    for n in 0..100_000 {
        let millis = i64::from(n);
        let mut events = vec![heard(u16::try_from(n % 50).unwrap(), millis, 1_000 + n, -70)];
        if n % 250 == 0 {
            events.push(heard(0, millis, 1, -60));
        }
        session.ingest_all(&events);
        live.take(&events);
        assert!(live.identifiers.len() <= MOST_IDENTIFIERS);
        if n % 5_000 == 0 {
            live.settle(&session);
        }
    }
    live.settle(&session);
    assert!(live.get(StationId(0), rpi(1)).is_some_and(|found| found.n_levels > 100));
    assert!(live.due.len() <= 50 && live.own.is_empty());
    let closed = |place: usize| live.identifiers.values().map(|of| of.lengths[place].n_closed()).sum();
    let counted: Vec<usize> = (0..live.kept.len()).map(closed).collect();
    assert_eq!(live.kept, counted);
}

#[test]
fn slices_are_bounded_and_the_coarse_ones_reach_farther() {
    let mut live = LiveDistances::default();
    let mut session = Session::new(Options::default());
    for n in 0..90_i64 {
        for number in 0..1_000 {
            let event = [heard(0, n * 6_000, number, -60)];
            live.take(&event);
            if number == 0 {
                session.ingest_all(&event);
            }
        }
        assert!(live.kept.iter().all(|kept| *kept <= MOST_KEPT), "{:?}", live.kept);
    }
    assert!(live.cut_s[0] > 100.0 && live.cut_s[1] == f64::NEG_INFINITY);
    live.settle(&session);
    assert!(live.get(StationId(0), rpi(999)).is_some());
}

#[test]
fn times_that_go_back_or_leap_are_no_trouble() {
    let (mut session, mut live) = (Session::new(Options::default()), LiveDistances::default());
    for millis in [0, 500, -9_000_000_000, i64::MAX / 1_000, i64::MIN / 1_000, 800, 1_200] {
        let events = [
            heard(0, millis, 1, -60),
            heard(1, millis, 2, 20),
            heard(0, millis, 3, -128),
        ];
        session.ingest_all(&events);
        live.take(&events);
        live.settle(&session);
        live.follow(&session, StationId(0), rpi(1));
    }
    let all = live.identifiers.values().filter_map(|of| of.reckoned);
    assert!(all.into_iter().all(|found| found.estimate.distance_m.is_finite()));
}
