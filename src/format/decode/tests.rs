use std::io::Cursor;

use proptest::prelude::*;

use crate::format::open::{OpenOptions, open_reader};
use crate::lab::session::Session;
use crate::lab::time::Micros;
use crate::runtime::headless::{self, Options};

/// Microseconds from the year 0 to the 30th of July 2020.
const START: i64 = 0x00dc_ddb3_0f2f_8000 + 1_596_102_841_899_945;

/// One report: where from, what, event type and level.
type Report = (u8, u8, u8, u8);

fn payload(what: u8) -> Vec<u8> {
    match what {
        0 => Vec::new(),
        1 => vec![5, 9, b'n', b'a', b'm', b'e'],
        2 => [vec![2, 1, 6, 23, 0xff, 0x4c, 0], vec![9; 21]].concat(),
        _ => [vec![3, 3, 0x6f, 0xfd, 23, 0x16, 0x6f, 0xfd], vec![what; 20]].concat(),
    }
}

/// An H4 event of these reports, `tail` bytes of which are left out (or, negative, added).
fn event(reports: &[Report], tail: i8) -> Vec<u8> {
    let count = u8::try_from(reports.len()).unwrap();
    let mut parameters = vec![0x02, count];
    for (from, what, event_type, rssi) in reports {
        let data = payload(*what);
        parameters.extend([
            *event_type,
            from % 2,
            *from,
            7,
            0x77,
            0xc4,
            9,
            0x5e,
            u8::try_from(data.len()).unwrap(),
        ]);
        parameters.extend(data);
        parameters.push(*rssi);
    }
    let mut packet = vec![0x04, 0x3e, u8::try_from(parameters.len()).unwrap()];
    packet.extend(parameters);
    packet.resize(packet.len().saturating_add_signed(isize::from(-tail)), 0);
    packet
}

fn any_report() -> impl Strategy<Value = Report> {
    let what = prop_oneof![1 => 0u8..3, 9 => 3u8..5];
    let event_type = prop_oneof![9 => Just(3u8), 1 => prop::sample::select(vec![0u8, 2, 4, 0x13])];
    (
        0u8..3,
        what,
        event_type,
        prop_oneof![20 => 150u8..230, 1 => Just(127u8)],
    )
}

prop_compose! {
    fn any_packet()(
        reports in prop_oneof![12 => prop::collection::vec(any_report(), 1), 1 => prop::collection::vec(any_report(), 0..4)],
        step in prop_oneof![12 => 0i64..600_000, 1 => -20_000_000i64..400_000_000],
        tail in prop_oneof![20 => Just(0i8), 1 => -2i8..3], drops in 0u32..40,
    ) -> (i64, u32, Vec<u8>) {
        (step, u32::from(drops == 0), event(&reports, tail))
    }
}

proptest! {
    /// The short way through a capture gives the session that the long way gives.
    #[test]
    fn feeding_a_session_is_reading_events_into_it(
        packets in prop::collection::vec(any_packet(), 0..300), offset_s in prop::sample::select(vec![0i64, -7200, i64::MAX / 2_000_000]),
    ) {
        let mut bytes = b"btsnoop\0\0\0\0\x01\0\0\x03\xea".to_vec();
        let (mut at, mut drops) = (START, 0);
        for (step, dropped, packet) in packets {
            (at, drops) = (at + step, drops + dropped);
            for length in [packet.len(); 2] {
                bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
            }
            bytes.extend(3u32.to_be_bytes());
            bytes.extend(drops.to_be_bytes());
            bytes.extend(at.to_be_bytes());
            bytes.extend(packet);
        }
        let report = |batch| {
            let options = OpenOptions { clock_offset: Micros::from_secs(offset_s), ..OpenOptions::default() };
            let mut reader = open_reader(Box::new(Cursor::new(bytes.clone())), "test", &options).unwrap();
            let mut session = Session::default();
            headless::replay(&mut *reader, &mut session, Options { batch, ..Options::default() }, |_| ()).unwrap();
            (serde_json::to_string(&session.report()).unwrap(), reader.damage().clone())
        };
        prop_assert_eq!(report(None), report(Some(1)));
    }
}
