use super::*;

use std::sync::Arc;

use proptest::prelude::*;

use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, PduType};
use crate::lab::crypto::{BroadcastKeys, Tek};
use crate::lab::event::OwnDataCommand;
use crate::lab::keyring::Keyring;
use crate::lab::matching::Candidate;
use crate::lab::sightings::AllSightings;
use crate::lab::sightings::windows::windows;
use crate::lab::time::Micros;
use crate::lab::units::Dbm;

const DAY: Enin = Enin(2_660_112);

fn keys() -> BroadcastKeys {
    BroadcastKeys::derive(&tek())
}

fn tek() -> Tek {
    Tek::new([7; 16])
}

fn candidate() -> Candidate {
    Candidate {
        tek: tek(),
        start: DAY,
        period: 144,
    }
}

fn at(millis: i64) -> UnixMicros {
    DAY.start().plus(Micros::from_millis(millis))
}

fn payload(rpi: Rpi, aem: Aem) -> Vec<u8> {
    [&[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd], &rpi.0[..], &aem.0].concat()
}

fn heard(station: u16, millis: i64, rpi: Rpi, aem: Aem, level: i8) -> CaptureEvent {
    CaptureEvent::Advert(Advertisement {
        at: at(millis),
        station: StationId(station),
        address: Address {
            bytes: [0x3e, 0, 0, 0, 0, rpi.0[0]],
            kind: AddressKind::RandomNonresolvable,
        },
        pdu: PduType::AdvNonconnInd,
        rssi: Some(Dbm(level)),
        data: payload(rpi, aem).as_slice().into(),
        ..Advertisement::default()
    })
}

/// Of the key: an identifier in its ten minutes, telling -20 dBm.
fn of_key(millis: i64, number: u32, level: i8) -> CaptureEvent {
    let keys = keys();
    let rpi = keys.rpi(Enin(DAY.0 + number));
    heard(0, millis, rpi, keys.seal(rpi, Metadata::v1_0(Dbm(-20))), level)
}

/// In batches of so many events.
fn taken(
    events: &[CaptureEvent],
    at_a_time: usize,
    mut session: Session,
    published: &Published,
) -> (Session, Encounters) {
    let mut encounters = Encounters::default();
    for batch in events.chunks(at_a_time.max(1)) {
        session.ingest_all(batch);
        encounters.take(batch, &session, published);
    }
    (session, encounters)
}

fn found(encounters: &Encounters) -> BTreeMap<(StationId, Who), Vec<Window>> {
    let windows = |of: Encounter<'_>| ((of.receiver, of.who.clone()), of.windows);
    encounters.iter().map(windows).collect()
}

/// An hour of a phone: three scans of five reports in each of four identifiers.
fn hour() -> Vec<CaptureEvent> {
    let mut events = Vec::new();
    for number in 0..4 {
        for scan in 0..3 {
            for report in 0..5 {
                let millis = i64::from(number) * 600_000 + scan * 180_000 + report * 270;
                events.push(of_key(millis, number, -60 - i8::try_from(report).unwrap()));
            }
        }
    }
    // One later, so that all before is certain.
    events.push(heard(0, 3_000_000, Rpi([9; 16]), Aem([0; 4]), -90));
    events
}

#[test]
fn a_lab_key_joins_identifiers_and_tells_the_power() {
    let text = format!(
        "device,model,tek,rolling_start,rolling_period\nbench,,{},{},144\n",
        "07".repeat(16),
        DAY.0
    );
    let session = Session::default().with_keys(Arc::new(Keyring::parse(&text).unwrap()));
    let (_, encounters) = taken(&hour(), 7, session, &Published::default());
    let found = found(&encounters);
    let windows = &found[&(StationId(0), Who::Lab("bench".into()))];
    let scans: Vec<usize> = windows.iter().map(|window| window.0.len()).collect();
    assert_eq!(scans, [9, 3]);
    // -20 dBm less levels of -60 to -64, corrected for an average Android phone.
    let correction = i32::from(
        crate::lab::calibration::editions::in_force(at(0))
            .receiver("")
            .rssi_correction_db,
    );
    let first = windows[0].0[0];
    assert_eq!(
        (first.min_attenuation_db, first.typical_attenuation_db),
        (40 - correction, 42 - correction)
    );
}

#[test]
fn keys_that_are_published_later_give_the_same_as_those_known_before() {
    let intervals: Vec<Enin> = (0..4).map(|number| Enin(DAY.0 + number)).collect();
    let mut published = Published::default();
    published.add("a.zip #3", 1, None, &candidate(), &intervals);
    let (_, before) = taken(&hour(), 5, Session::default(), &published);
    let (session, mut later) = taken(&hour(), 5, Session::default(), &Published::default());
    assert_eq!(found(&later).len(), 4, "one for each identifier");
    later.attribute(&session, &published);
    assert_eq!(found(&later), found(&before));
    assert_eq!(found(&before).keys().next().unwrap().1, Who::Published(0));
    // In the middle, and going on.
    let events = hour();
    let (first, second) = events.split_at(22);
    let (mut session, mut middle) = taken(first, 5, Session::default(), &Published::default());
    middle.attribute(&session, &published);
    session.ingest_all(second);
    middle.take(second, &session, &published);
    assert_eq!(found(&middle), found(&before));
}

#[test]
fn what_a_station_broadcast_by_its_own_log_is_its_own() {
    let rpi = Rpi([1; 16]);
    let own = CaptureEvent::other(
        at(0),
        StationId(1),
        EventKind::OwnData {
            set: 0,
            command: OwnDataCommand::Legacy,
            data: payload(rpi, Aem([0; 4])).as_slice().into(),
        },
    );
    let events = [
        own,
        heard(0, 10, rpi, Aem([0; 4]), -60),
        heard(0, 400, rpi, Aem([0; 4]), -60),
    ];
    let (_, encounters) = taken(&events, 1, Session::default(), &Published::default());
    // Its model is not told: nothing is known of its power.
    assert!(found(&encounters).is_empty());
    let station = CaptureEvent::other(
        at(0),
        StationId(1),
        EventKind::Station(crate::lab::event::StationInfo {
            name: "b".to_owned(),
            model: "SM-G973F".to_owned(),
            ..crate::lab::event::StationInfo::default()
        }),
    );
    let events: Vec<_> = std::iter::once(station).chain(events).collect();
    let (_, encounters) = taken(&events, 1, Session::default(), &Published::default());
    assert_eq!(found(&encounters).len(), 1);
    assert!(found(&encounters).contains_key(&(StationId(0), Who::Station(StationId(1)))));
}

#[test]
fn a_crowd_of_identifiers_is_bounded() {
    let rpi = |n: u32| {
        let mut bytes = [1; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Rpi(bytes)
    };
    let events: Vec<_> = (0..25_000)
        .map(|n| heard(0, i64::from(n) * 20, rpi(n), Aem([0; 4]), -60))
        .collect();
    // One who is known, with two identifiers, stays whatever comes.
    let known = [of_key(0, 0, -60), of_key(10, 1, -60)];
    let events: Vec<_> = known
        .into_iter()
        .chain(events)
        .chain([of_key(600_000, 0, -70), of_key(600_300, 1, -70)])
        .collect();
    let mut published = Published::default();
    published.add("a.zip #1", 1, None, &candidate(), &[DAY, Enin(DAY.0 + 1)]);
    let (_, encounters) = taken(&events, 100, Session::default(), &published);
    let n = found(&encounters).len();
    let scans = found(&encounters)[&(StationId(0), Who::Published(0))][0].0.len();
    assert_eq!(scans, 2);
    assert!((10_000..=MOST_IDENTIFIERS).contains(&n), "{n}");
    assert!(encounters.left_out() >= 5_000 - 20, "{}", encounters.left_out());
    assert!(encounters.raw <= n);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_events_give_the_same_windows_however_they_are_split(
        steps in prop::collection::vec((0i64..40_000, 0u8..4, -90i8..-30, 0u8..12), 1..120),
        at_a_time in 1usize..50,
    ) {
        let mut millis = 0;
        let mut events = Vec::new();
        for (step, phone, level, what) in steps {
            millis += step;
            events.push(match what {
                0 => CaptureEvent::other(at(millis), StationId(0), EventKind::ScanEnable { on: false, filter_duplicates: false }),
                _ => heard(0, millis, Rpi([phone; 16]), Aem([0; 4]), level),
            });
        }
        // So late that all before is certain.
        events.push(CaptureEvent::other(at(millis + 60_000), StationId(0), EventKind::Adapter(crate::lab::event::AdapterState::Scanning)));
        let mut all = AllSightings::default();
        events.iter().for_each(|event| all.take(event));
        let mut expected = BTreeMap::new();
        let table = crate::lab::calibration::editions::in_force(at(0));
        for (station, (sightings, _)) in all.finish() {
            let mut of: BTreeMap<Rpi, Vec<(Sighting, i32)>> = BTreeMap::new();
            for sighting in sightings {
                let level = i32::from(sighting.rssi.0) + i32::from(table.receiver("").rssi_correction_db);
                let power = i32::from(table.sender("", Family::GaenAndroid).tx_power_dbm);
                of.entry(sighting.rpi).or_default().push((sighting, (power - level).max(0)));
            }
            expected.extend(of.into_iter().map(|(rpi, all)| ((station, Who::Unknown(rpi)), windows(&all))));
        }
        let (_, encounters) = taken(&events, at_a_time, Session::default(), &Published::default());
        let mut ours = found(&encounters);
        // A switch at the very end takes back what was not certain: there is nothing after it that tells.
        ours.retain(|_, windows| !windows.is_empty());
        prop_assert_eq!(ours, expected);
    }
}
