use proptest::prelude::*;

use super::*;
use crate::lab::advert::{Payload, PduType, ReportForm};
use crate::lab::beacon::Family;
use crate::lab::units::Dbm;

const SECOND: i64 = 1_000_000;

fn address(n: u32) -> Address {
    let mut bytes = [0, 0, 0, 0, 0, 0x40];
    bytes[..4].copy_from_slice(&n.to_le_bytes());
    Address::from_hci(1, bytes)
}

fn gaen(rpi: u8) -> Payload {
    let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
    data.extend([rpi; 20]);
    Payload::new(&data)
}

fn advert(at: i64, from: u32, data: Payload, rssi: i8) -> CaptureEvent {
    CaptureEvent::Advert(Advertisement {
        at: UnixMicros(at),
        address: address(from),
        pdu: PduType::AdvScanInd,
        rssi: Some(Dbm(rssi)),
        data,
        ..Advertisement::default()
    })
}

fn session_of(events: &[CaptureEvent]) -> Session {
    let mut session = Session::default();
    events.iter().for_each(|event| session.ingest(event));
    session
}

fn report(session: &Session) -> serde_json::Value {
    serde_json::to_value(session.report()).unwrap()
}

#[test]
fn a_rotation_of_both_makes_two_devices_of_one_identifier_each() {
    let mut events: Vec<_> = (0..20).map(|n| advert(n * 270_000, 1, gaen(1), -60)).collect();
    events.extend((20..40).map(|n| advert(n * 270_000, 2, gaen(2), -62)));
    let session = session_of(&events);
    let found = session.unsynchronised();
    assert_eq!(
        (
            found.rpis,
            found.rpis_with_several_addresses,
            found.addresses_with_several_rpis
        ),
        (2, 0, 0)
    );
    let report = report(&session);
    assert_eq!(report["devices"].as_array().unwrap().len(), 2);
    assert_eq!(report["devices"][0]["interval_ms"], 270);
    assert_eq!(report["devices"][1]["rssi"]["median_dbm"], -62);
}

#[test]
fn an_address_that_keeps_over_a_rotation_shows_both_identifiers_in_order() {
    let events: Vec<_> = (0..40)
        .map(|n| advert(n * 270_000, 1, gaen(u8::from(n >= 20)), -60))
        .collect();
    let session = session_of(&events);
    assert_eq!(session.unsynchronised().addresses_with_several_rpis, 1);
    let track = &session.tracks()[0];
    assert_eq!(track.rpi_since, UnixMicros(20 * 270_000));
    let report = report(&session);
    let identifiers = report["devices"][0]["identifiers"].as_array().unwrap();
    assert_eq!(
        identifiers
            .iter()
            .map(|id| id["heard"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [20, 20]
    );
    assert!(identifiers[0]["rpi"].as_str().unwrap().starts_with("0000"));
}

#[test]
fn a_resolved_identity_is_told_apart_among_identifiers_with_several_addresses() {
    let mut events = vec![
        advert(0, 1, gaen(1), -60),
        advert(SECOND, 2, gaen(2), -60),
        advert(2 * SECOND, 3, gaen(2), -60),
    ];
    let mut resolved = Advertisement {
        address: Address::from_hci(2, [1; 6]),
        data: gaen(1),
        ..Advertisement::default()
    };
    resolved.at = UnixMicros(3 * SECOND);
    events.push(CaptureEvent::Advert(resolved));
    let found = session_of(&events).unsynchronised();
    assert_eq!(
        (
            found.rpis_with_several_addresses,
            found.of_these_with_a_resolved_identity
        ),
        (2, 1)
    );
}

#[test]
fn scan_responses_neither_count_as_adverts_nor_disturb_the_identifier() {
    let mut events = Vec::new();
    for n in 0..10 {
        events.push(advert(n * 270_000, 1, gaen(1), -60));
        let CaptureEvent::Advert(mut response) = advert(n * 270_000 + 400, 1, Payload::default(), -61) else {
            unreachable!()
        };
        response.pdu = PduType::ScanRsp;
        events.push(CaptureEvent::Advert(response));
    }
    let session = session_of(&events);
    assert_eq!((session.totals().adverts, session.totals().scan_responses), (10, 10));
    assert_eq!(session.ledger().len(), 1);
    assert_eq!(session.tracks()[0].interval(), Some(Micros(270_000)));
}

#[test]
fn idle_tracks_retire_and_their_summary_stays() {
    let mut events: Vec<_> = (0..100).map(|n| advert(n * 270_000, 1, gaen(1), -60)).collect();
    events.push(advert(3600 * SECOND, 2, gaen(2), -70));
    let session = session_of(&events);
    assert_eq!(session.tracks().len(), 1);
    let device = &report(&session)["devices"][0];
    assert_eq!(
        (
            device["heard"].as_u64(),
            device["interval_ms"].as_i64(),
            device["loss"].as_f64()
        ),
        (Some(100), Some(270), Some(0.0))
    );
    assert_eq!(device["rssi"]["median_dbm"], -60);
}

#[test]
fn a_frame_with_a_bad_check_sum_is_counted_and_nothing_else_is_taken_from_it() {
    let CaptureEvent::Advert(mut broken) = advert(0, 1, gaen(1), -60) else {
        unreachable!()
    };
    broken.details.bad_crc = true;
    let session = session_of(&[CaptureEvent::Advert(broken)]);
    assert_eq!(
        (session.totals().bad_crc, session.tracks().len(), session.ledger().len()),
        (1, 0, 0)
    );
}

#[test]
fn the_layout_of_a_payload_put_together_again_says_nothing_about_its_sender() {
    let CaptureEvent::Advert(mut heard) = advert(0, 1, gaen(1), -60) else {
        unreachable!()
    };
    heard.details.form = ReportForm::Host;
    let session = session_of(&[CaptureEvent::Advert(heard)]);
    assert_eq!(session.tracks()[0].family, Family::GaenOther);
}

#[test]
fn fragments_are_joined_before_they_are_read() {
    let whole = gaen(7);
    let fragment = |status: u16, data: &[u8]| {
        let CaptureEvent::Advert(mut part) = advert(0, 1, Payload::new(data), -60) else {
            unreachable!()
        };
        part.details.form = ReportForm::Extended;
        part.details.event_type = status << 5;
        CaptureEvent::Advert(part)
    };
    let session = session_of(&[fragment(1, &whole[..9]), fragment(0, &whole[9..])]);
    assert_eq!((session.totals().adverts, session.totals().fragments), (1, 1));
    assert!(session.tracks()[0].rpi.is_some());
}

#[test]
fn a_clock_that_was_set_back_by_hours_goes_on_from_there() {
    let mut events: Vec<_> = (0..50)
        .map(|n| advert(7200 * SECOND + n * 270_000, 1, gaen(1), -60))
        .collect();
    events.extend((0..50).map(|n| advert(n * 270_000, 1, gaen(1), -60)));
    let session = session_of(&events);
    assert_eq!(
        (session.totals().clock_steps, session.totals().times_going_back),
        (1, 1)
    );
    assert_eq!(session.now(), UnixMicros(49 * 270_000));
    assert_eq!(report(&session)["devices"][0]["loss"], 0.0);
}

#[test]
fn a_hundred_thousand_addresses_in_a_minute_stay_within_bounds_and_are_all_counted() {
    let mut session = Session::default();
    for n in 0..100_000u32 {
        session.ingest(&advert(i64::from(n) * 600, n, gaen(1), -60));
    }
    assert!(session.tracks().len() <= Options::default().most_tracks);
    assert_eq!(session.ledger().len(), 100_000);
    assert!(session.totals().evicted > 0);
    assert_eq!(
        session
            .track(TrackKey {
                station: StationId(0),
                address: address(99_999)
            })
            .unwrap()
            .heard,
        1
    );
}

#[test]
fn a_gap_is_not_taken_for_loss() {
    let mut events: Vec<_> = (0..20).map(|n| advert(n * 270_000, 1, gaen(1), -60)).collect();
    let gap = EventKind::Gap {
        from: UnixMicros(0),
        to: UnixMicros(0),
        reason: "restart".into(),
    };
    events.push(CaptureEvent::other(UnixMicros(5 * SECOND + 400_000), StationId(0), gap));
    events.extend((40..60).map(|n| advert(n * 270_000, 1, gaen(1), -60)));
    assert_eq!(report(&session_of(&events))["devices"][0]["loss"], 0.0);
}

#[test]
fn a_mark_names_the_model_by_address_or_identifier_and_the_latest_holds() {
    let mark = |device: &str, model: &str| {
        let mark = Mark {
            device: device.into(),
            model: model.into(),
            ..Mark::default()
        };
        CaptureEvent::other(UnixMicros(0), StationId(0), EventKind::Mark(mark))
    };
    let station = StationInfo {
        name: "bench".into(),
        model: "Pixel 4".into(),
        edition: "2020-12-14".to_owned(),
    };
    let session = session_of(&[
        CaptureEvent::other(UnixMicros(0), StationId(0), EventKind::Station(station)),
        mark("", "SM-A515F"),
        mark("01010101", "Pixel 4"),
        advert(0, 1, gaen(1), -80),
        advert(0, 2, gaen(2), -80),
    ]);
    let report = report(&session);
    assert_eq!(
        (
            report["devices"][0]["model"].as_str(),
            report["devices"][1]["model"].as_str()
        ),
        (Some("Pixel 4"), Some("SM-A515F"))
    );
    assert_eq!(
        (
            report["devices"][0]["attenuation"]["db"].as_f64(),
            report["devices"][0]["attenuation"]["confidence"].as_str()
        ),
        (Some(42.0), Some("high"))
    );
}

/// Any event a source could give, times included that jump.
fn any_event() -> impl Strategy<Value = CaptureEvent> {
    let at = prop_oneof![9 => 0i64..900, 1 => -10_000i64..10_000].prop_map(|seconds| seconds * SECOND);
    let advert = (
        at.clone(),
        0u32..40,
        0u8..6,
        prop::option::of(any::<i8>()),
        any::<bool>(),
        0u16..4,
    )
        .prop_map(|(at, from, rpi, rssi, response, status)| {
            let data = if rpi == 0 {
                Payload::new(b"\x05\x09name")
            } else {
                gaen(rpi)
            };
            let pdu = if response {
                PduType::ScanRsp
            } else {
                PduType::AdvScanInd
            };
            let mut advert = Advertisement {
                at: UnixMicros(at),
                address: address(from),
                pdu,
                rssi: rssi.map(Dbm),
                data,
                ..Advertisement::default()
            };
            if status > 0 {
                advert.details.form = ReportForm::Extended;
                advert.details.event_type = status << 5;
            }
            CaptureEvent::Advert(advert)
        });
    let other = (at, 0u8..4).prop_map(|(at, what)| {
        let at = UnixMicros(at);
        let kind = match what {
            0 => EventKind::Gap {
                from: at,
                to: at,
                reason: "x".into(),
            },
            1 => EventKind::Dropped { n: 3 },
            2 => EventKind::Adapter(AdapterState::Off),
            _ => EventKind::ScanEnable {
                on: false,
                filter_duplicates: false,
            },
        };
        CaptureEvent::other(at, StationId(0), kind)
    });
    prop_oneof![20 => advert, 1 => other]
}

/// Events of which most repeat the one before of the same broadcaster in all but time and level.
fn repeats() -> impl Strategy<Value = Vec<CaptureEvent>> {
    let step = prop_oneof![12 => 0i64..700_000, 1 => -9 * SECOND..500 * SECOND];
    let report = (
        step,
        0u32..3,
        prop_oneof![9 => Just(1u8), 1 => 0u8..4],
        -110i8..-20,
        0u8..40,
    );
    prop::collection::vec((report, prop::option::weighted(0.03, any_event())), 0..500).prop_map(|steps| {
        let mut at = 1_600_000_000 * SECOND;
        let mut events = Vec::new();
        for ((step, from, rpi, rssi, odd), other) in steps {
            at += step;
            events.extend(other);
            let CaptureEvent::Advert(mut heard) = advert(at, from, gaen(rpi), rssi) else {
                unreachable!()
            };
            match odd {
                0 => heard.rssi = None,
                1 => heard.pdu = PduType::AdvNonconnInd,
                2 => heard.details.bad_crc = true,
                3 => heard.pdu = PduType::ScanRsp,
                4 => (heard.details.form, heard.details.event_type) = (ReportForm::Extended, 1 << 5),
                5 => heard.at = UnixMicros(i64::MAX),
                _ => {}
            }
            events.push(CaptureEvent::Advert(heard));
        }
        events
    })
}

proptest! {
    /// The law of the intake: events taken together give what each of them gives, down to every track.
    #[test]
    fn events_together_count_as_each_of_them(events in repeats(), cuts in prop::collection::vec(1usize..200, 0..8)) {
        let (mut each, mut together) = (Session::default(), Session::default());
        events.iter().for_each(|event| each.ingest(event));
        let mut rest = events.as_slice();
        for cut in cuts {
            let (part, after) = rest.split_at(cut.min(rest.len()));
            together.ingest_all(part);
            rest = after;
        }
        together.ingest_all(rest);
        prop_assert_eq!(report(&each), report(&together));
        let tracks = |session: &Session| {
            let track = |track: &Track| {
                let buckets = (track.history.seconds().copied().collect::<Vec<_>>(), track.history.minutes().collect::<Vec<_>>());
                format!("{:?}", (track.key, track.first, track.last, track.heard, track.rssi, track.pdu, &track.histogram,
                    track.interval, buckets, track.history.samples().collect::<Vec<_>>()))
            };
            session.tracks().iter().map(track).collect::<Vec<_>>()
        };
        prop_assert_eq!(tracks(&each), tracks(&together));
        prop_assert_eq!(&each.totals, &together.totals);
        prop_assert_eq!((each.now(), each.data_now(), each.span()), (together.now(), together.data_now(), together.span()));
    }

    /// The law of the core: ticks, the secret of the hash and whatever is looked at in between change no result.
    #[test]
    fn ticks_seeds_and_looking_change_no_result(
        events in prop::collection::vec(any_event(), 0..400),
        ticks in prop::collection::vec((0usize..400, -1000i64..20_000), 0..20),
        hash_seed in any::<u64>(),
    ) {
        let most_tracks = 16;
        let mut plain = Session::new(Options { most_tracks, hash_seed: 0 });
        let mut ticked = Session::new(Options { most_tracks, hash_seed });
        for (idx, event) in events.iter().enumerate() {
            plain.ingest(event);
            for (_, seconds) in ticks.iter().filter(|(at, _)| *at == idx) {
                ticked.advance(UnixMicros(seconds * SECOND));
                let _ = serde_json::to_string(&ticked.report());
            }
            ticked.ingest(event);
        }
        prop_assert_eq!(serde_json::to_string(&plain.report()).unwrap(), serde_json::to_string(&ticked.report()).unwrap());
    }

    /// Whatever comes, every track is found by its key, no more tracks are kept than allowed, and no advert is lost
    /// from the counts.
    #[test]
    fn any_events_keep_the_session_sound(events in prop::collection::vec(any_event(), 0..600)) {
        let mut session = Session::new(Options { most_tracks: 8, hash_seed: 3 });
        for event in &events {
            session.ingest(event);
            prop_assert!(session.tracks().len() <= 8);
        }
        for track in session.tracks() {
            prop_assert_eq!(session.track(track.key).map(|found| found.key), Some(track.key));
        }
        let totals = session.totals();
        let heard: u64 = session.ledger().iter().map(|record| u64::from(record.heard)).sum();
        prop_assert_eq!(heard, totals.adverts);
        let adverts = events.iter().filter(|event| matches!(event, CaptureEvent::Advert(_))).count() as u64;
        prop_assert_eq!(totals.adverts + totals.scan_responses + totals.fragments, adverts);
    }
}

#[test]
fn a_mark_is_kept_and_moves_no_time() {
    let mark = |at: i64| {
        let mark = Mark {
            from: UnixMicros(at),
            note: "desk".to_owned(),
            ..Mark::default()
        };
        CaptureEvent::other(UnixMicros(at), StationId(0), EventKind::Mark(mark))
    };
    let alone = session_of(&[mark(5 * SECOND)]);
    assert_eq!(
        (alone.span(), alone.data_now(), alone.now()),
        (None, None, UnixMicros(0))
    );
    assert_eq!(alone.marks().count(), 1);

    let plain: Vec<_> = (0..40).map(|n| advert(n * 270_000, 1, gaen(1), -60)).collect();
    let mut marked = plain.clone();
    for (idx, at) in [(30, 90_000 * SECOND), (20, -90_000 * SECOND), (10, 9_000 * SECOND)] {
        marked.insert(idx, mark(at));
    }
    let (plain, marked) = (session_of(&plain), session_of(&marked));
    assert_eq!(
        (marked.span(), marked.now(), marked.tracks().len()),
        (plain.span(), plain.now(), plain.tracks().len())
    );
    assert_eq!((marked.totals().times_going_back, marked.totals().clock_steps), (0, 0));
    assert_eq!(report(&marked)["devices"], report(&plain)["devices"]);
}
