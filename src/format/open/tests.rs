//! The containers, opened as files are: made here byte by byte, damaged, dripped.

use std::fmt::Write as _;
use std::io::Cursor;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::format::input::tests::Drip;
use crate::format::packet::{CrcState, Direction, HciPacket, PacketKind};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// 2020-07-30 10:00:00 UTC.
const START: i64 = 1_596_103_200_000_000;

/// An LE Advertising Report event (without H4 type) whose data is one byte.
fn report(idx: u8) -> Vec<u8> {
    [&hex!("3e 0d 02 01 03 01 060504030245 01")[..], &[idx, 0xc4]].concat()
}

fn at(idx: u8) -> i64 {
    START + i64::from(idx) * 250_000
}

fn btsnoop_of(datalink: u32, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"btsnoop\0\0\0\0\x01".to_vec();
    file.extend(datalink.to_be_bytes());
    for (idx, (flags, packet)) in records.iter().enumerate() {
        let len = u32::try_from(packet.len()).unwrap();
        for word in [len, len, *flags, 0] {
            file.extend(word.to_be_bytes());
        }
        file.extend((at(u8::try_from(idx).unwrap()) + 0x00dc_ddb3_0f2f_8000).to_be_bytes());
        file.extend(packet);
    }
    file
}

fn btsnoop(n: u8) -> Vec<u8> {
    let records: Vec<_> = (0..n).map(|idx| (3, [&[4][..], &report(idx)].concat())).collect();
    btsnoop_of(1002, &records)
}

fn pklg(n: u8, big_endian: bool) -> Vec<u8> {
    let mut file = Vec::new();
    for idx in 0..n {
        let packet = report(idx);
        let len = i64::try_from(packet.len() + 9).unwrap();
        for word in [len, at(idx) / 1_000_000, at(idx) % 1_000_000] {
            let word = u32::try_from(word).unwrap();
            file.extend(if big_endian {
                word.to_be_bytes()
            } else {
                word.to_le_bytes()
            });
        }
        file.push(1);
        file.extend(packet);
    }
    file
}

fn pcap(n: u8, nanos: bool, network: u32, packet: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let magic: u32 = if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut file = magic.to_le_bytes().to_vec();
    file.extend(hex!("0200 0400 00000000 00000000 ffff0000"));
    file.extend(network.to_le_bytes());
    for idx in 0..n {
        let packet = packet(idx);
        let len = i64::try_from(packet.len()).unwrap();
        let fraction = at(idx) % 1_000_000 * if nanos { 1000 } else { 1 };
        for word in [at(idx) / 1_000_000, fraction, len, len] {
            file.extend(u32::try_from(word).unwrap().to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn block(ty: u32, body: &[u8]) -> Vec<u8> {
    let body = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
    let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&ty.to_le_bytes()[..], &len, &body, &len].concat()
}

fn interface(link_type: u16, options: &[u8]) -> Vec<u8> {
    block(
        1,
        &[&link_type.to_le_bytes()[..], &hex!("0000 00000000"), options].concat(),
    )
}

fn enhanced(interface: u32, time: u64, packet: &[u8]) -> Vec<u8> {
    let len = u32::try_from(packet.len()).unwrap().to_le_bytes();
    let (high, low) = (
        u32::try_from(time >> 32).unwrap(),
        u32::try_from(time & 0xffff_ffff).unwrap(),
    );
    let head = [interface.to_le_bytes(), high.to_le_bytes(), low.to_le_bytes(), len, len].concat();
    block(6, &[&head, packet].concat())
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &hex!("4d3c2b1a 0100 0000 ffffffffffffffff"))
}

fn pcapng(n: u8) -> Vec<u8> {
    let mut file = [section(), interface(187, &[])].concat();
    for idx in 0..n {
        file.extend(enhanced(0, at(idx).cast_unsigned(), &[&[4][..], &report(idx)].concat()));
    }
    file
}

fn files(n: u8) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("btsnoop", btsnoop(n)),
        ("pklg big", pklg(n, true)),
        ("pklg little", pklg(n, false)),
        ("pcap", pcap(n, false, 187, |idx| [&[4][..], &report(idx)].concat())),
        ("pcapng", pcapng(n)),
    ]
}

struct Outcome {
    /// First data byte and time of every advertisement.
    adverts: Vec<(u8, i64)>,
    others: Vec<EventKind>,
    damage: u64,
    failure: Option<String>,
}

fn read_from(reader: Box<dyn Read + Send>) -> Outcome {
    let mut outcome = Outcome {
        adverts: Vec::new(),
        others: Vec::new(),
        damage: 0,
        failure: None,
    };
    let mut batch = Vec::new();
    let mut events = match open_reader(reader, "station", &OpenOptions::default()) {
        Ok(events) => events,
        Err(error) => {
            outcome.failure = Some(error.to_string());
            return outcome;
        }
    };
    while events.read(&mut batch).unwrap() {}
    for event in batch {
        match event {
            CaptureEvent::Advert(advert) => outcome
                .adverts
                .push((advert.data.first().copied().unwrap_or(0xff), advert.at.0)),
            CaptureEvent::Other(event) => outcome.others.push(event.kind),
        }
    }
    outcome.damage = events.damage().count;
    outcome
}

fn read(bytes: &[u8]) -> Outcome {
    read_from(Box::new(Cursor::new(bytes.to_vec())))
}

fn expected(n: u8) -> Vec<(u8, i64)> {
    (0..n).map(|idx| (idx, at(idx))).collect()
}

#[test]
fn every_container_is_recognised_and_read_in_pieces_of_any_size() {
    for (name, bytes) in files(20) {
        for step in [1, 7, usize::MAX] {
            let outcome = read_from(Box::new(Drip {
                bytes: bytes.clone(),
                at: 0,
                step,
            }));
            assert_eq!((outcome.adverts, outcome.damage), (expected(20), 0), "{name} by {step}");
            assert!(
                matches!(&outcome.others[..], [EventKind::Station(info)] if info.name == "station"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_file_cut_anywhere_gives_all_whole_records_and_says_so() {
    for (name, bytes) in files(4) {
        for cut in 1..bytes.len() {
            let outcome = read(&bytes[..cut]);
            if let Some(failure) = outcome.failure {
                assert!(cut < 24 || name.starts_with("pklg"), "{name} cut at {cut}: {failure}");
                continue;
            }
            let n = u8::try_from(outcome.adverts.len()).unwrap();
            assert_eq!(outcome.adverts, expected(n), "{name} cut at {cut}");
            let whole = read(&bytes[..cut - 1]).adverts.len();
            assert!(usize::from(n) >= whole, "{name} cut at {cut}");
            let at_boundary = files(n)
                .iter()
                .any(|(other, short)| *other == name && short.len() == cut);
            let header_only = n == 0 && outcome.damage == 0;
            assert!(at_boundary || header_only || outcome.damage == 1, "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_length_of_four_gigabytes_costs_its_record() {
    for (name, bytes) in files(6) {
        let start = files(3).into_iter().find(|(other, _)| *other == name).unwrap().1.len();
        // Where the container's length fields stand in a record.
        let fields: &[usize] = match name {
            "btsnoop" => &[0, 4],
            "pcap" => &[8, 12],
            "pcapng" => &[4, 20],
            _ => &[0],
        };
        for field in fields {
            let mut damaged = bytes.clone();
            damaged[start + field..start + field + 4].fill(0xff);
            let outcome = read(&damaged);
            let mut rest = expected(6);
            rest.remove(3);
            assert_eq!((outcome.adverts, outcome.damage), (rest, 1), "{name}, field at {field}");
            assert!(
                outcome
                    .others
                    .iter()
                    .any(|kind| matches!(kind, EventKind::Gap { from, to, .. } if from.0 == at(2) && to.0 == at(4))),
                "{name}: {:?}",
                outcome.others
            );
        }
    }
}

#[test]
fn one_flipped_bit_costs_at_most_one_record() {
    for (name, bytes) in files(6) {
        let start = files(2).into_iter().find(|(other, _)| *other == name).unwrap().1.len();
        let end = files(3).into_iter().find(|(other, _)| *other == name).unwrap().1.len();
        for bit in start * 8..end * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let outcome = read(&damaged);
            for sound in expected(6).iter().filter(|(idx, _)| *idx != 2) {
                assert!(
                    outcome.adverts.contains(sound),
                    "{name}, bit {bit}: {sound:?} is lost, {:?}",
                    outcome.adverts
                );
            }
        }
    }
}

#[test]
fn what_is_no_capture_is_named() {
    for (bytes, words) in [
        (&b""[..], "empty"),
        (&hex!("1f8b0800"), "gzip"),
        (b"PK\x03\x04aaaaaaaaaaaaaaaaaa", "zip"),
        (b"SQLite format 3\0", "SQLite"),
        (b"hello, this is a letter and no capture", "text"),
        (b"{\"a\": 1}", "JSON"),
        (&[0; 100], "zeros"),
        (&hex!("deadbeefdeadbeefdeadbeefdeadbeef"), "deadbeefdeadbeef"),
        (&hex!("6274736e6f6f7000 00000002 000003ea"), "version 2"),
        (&hex!("6274736e6f6f7000 00000001 000003eb"), "datalink 1003"),
        (&hex!("6274736e6f6f7000 0000"), "cut short"),
        (
            &hex!("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000"),
            "link type 1 ",
        ),
    ] {
        let failure = read(bytes).failure.unwrap();
        assert!(failure.contains(words), "{failure}");
    }
    let directory = open(Path::new("."), &OpenOptions::default()).err().unwrap().to_string();
    assert!(directory.contains("directory"), "{directory}");
    let missing = open(Path::new("no such file"), &OpenOptions::default())
        .err()
        .unwrap()
        .to_string();
    assert!(missing.starts_with("no such file: cannot be opened"), "{missing}");
}

#[test]
fn native_captures_are_recognised() {
    assert_eq!(
        sniff(b"time_us,station,address", true),
        Some(Kind::NativeCsv { zstd: false })
    );
    assert_eq!(
        sniff(b"\xef\xbb\xbftime_us,station", true),
        Some(Kind::NativeCsv { zstd: false })
    );
    assert_eq!(sniff(&hex!("28b52ffd00"), true), Some(Kind::NativeCsv { zstd: true }));
}

#[test]
fn bare_hci_takes_its_type_from_the_flags_and_monitor_captures_from_the_opcode() {
    let bare = btsnoop_of(
        1001,
        &[(3, report(9)), (2, hex!("0c20020100").to_vec()), (0, vec![1, 2, 3])],
    );
    let outcome = read(&bare);
    assert_eq!(outcome.adverts, [(9, at(0))]);
    assert!(matches!(outcome.others[1..], [EventKind::ScanEnable { on: true, .. }]));
    let monitor = btsnoop_of(
        2001,
        &[
            (0, vec![0; 16]),
            (1 << 16 | 3, report(8)),
            (2, hex!("0c20020000").to_vec()),
            (12, b"note".to_vec()),
        ],
    );
    let outcome = read(&monitor);
    assert_eq!(outcome.adverts, [(8, at(1))]);
    assert!(matches!(outcome.others[1..], [EventKind::ScanEnable { on: false, .. }]));
}

#[test]
fn rising_drops_become_events() {
    let mut bytes = btsnoop(3);
    let len = 24 + 1 + report(0).len();
    bytes[16 + len + 15] = 5;
    bytes[16 + 2 * len + 15] = 5;
    assert_eq!(read(&bytes).others[1..], [EventKind::Dropped { n: 5 }]);
}

fn packets_of(bytes: &[u8]) -> Box<dyn PacketReader> {
    match capture_of_reader(Box::new(Cursor::new(bytes.to_vec())), &OpenOptions::default()) {
        Ok(Capture::Packets(packets)) => packets,
        Ok(Capture::Events(_)) => panic!("no packets"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_log_that_keeps_only_the_beginning_of_packets_loses_only_the_reports_that_were_cut() {
    let whole = btsnoop(2);
    let kept = 10;
    let mut filtered = whole[..16 + 24 + kept].to_vec();
    filtered[16 + 7] = u8::try_from(kept).unwrap();
    filtered.extend(&whole[16 + 24 + 1 + report(0).len()..]);
    let outcome = read(&filtered);
    assert_eq!((outcome.adverts, outcome.damage), (vec![(1, at(1))], 1));
    let mut packets = packets_of(&filtered);
    let first = packets.next_packet().unwrap().unwrap();
    assert_eq!((first.included_len, first.original_len), (10, 16));
}

/// What the packets of a capture are, as text.
fn packets(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut packets = packets_of(bytes);
    while let Some(packet) = packets.next_packet().unwrap() {
        let (number, offset, nanos) = (packet.number, packet.offset, packet.sub_nanos);
        let (kind, data) = (packet.kind, Hex(packet.data));
        writeln!(text, "{number} {offset} {} {nanos} {kind:?} {data}", packet.at.0).unwrap();
    }
    text
}

fn first_kind(file: &[u8]) -> (PacketKind, Vec<u8>) {
    let mut packets = packets_of(file);
    let packet = packets.next_packet().unwrap().unwrap();
    (packet.kind, packet.data.to_vec())
}

#[test]
fn headers_of_the_link_types_are_taken_off() {
    let one = |network: u32, packet: &[u8]| first_kind(&pcap(1, false, network, |_| packet.to_vec()));
    assert_eq!(
        one(201, &hex!("00000001 02 aabb")),
        (
            PacketKind::Hci(HciPacket::Acl, Direction::Received),
            hex!("aabb").to_vec()
        )
    );
    assert_eq!(
        one(254, &hex!("0000 0002 0c20020100")),
        (
            PacketKind::Hci(HciPacket::Command, Direction::Sent),
            hex!("0c20020100").to_vec()
        )
    );
    let frame = hex!("d6be898e 4209 0102030405c6 020106 aabbcc");
    let radio = |flags: [u8; 2]| match one(256, &[&hex!("0c c4 80 00 d6be898e")[..], &flags, &frame].concat()) {
        (PacketKind::Link(link), data) if data == frame => (link.channel, link.rssi, link.crc),
        other => panic!("{other:?}"),
    };
    assert_eq!(radio([0x37, 0x00]), (Some(38), Some(Dbm(-60)), CrcState::Unknown));
    assert_eq!(radio([0x35, 0x0c]), (Some(38), None, CrcState::Good));
    assert_eq!(radio([0x37, 0x04]), (Some(38), Some(Dbm(-60)), CrcState::Bad));
    for (version, id, flags, crc) in [
        (1, 6, 1, CrcState::Good),
        (2, 6, 0, CrcState::Bad),
        (3, 2, 1, CrcState::Good),
    ] {
        let head = [0xfe, 0x1f, 0, version, 0, 0, id, 10, flags, 39, 55, 0, 0, 0, 0, 0, 0];
        match one(272, &[&head[..], &frame].concat()) {
            (PacketKind::Link(link), data) if data == frame => {
                assert_eq!((link.channel, link.rssi, link.crc), (Some(39), Some(Dbm(-55)), crc));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        one(272, &[0xfe, 1, 0, 3, 0, 0, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).0,
        PacketKind::Unknown(0x0e)
    ));
    for (network, short) in [(201, 3), (254, 3), (256, 9), (272, 16)] {
        let (kind, data) = one(network, &vec![2; short]);
        assert!(matches!(kind, PacketKind::Unknown(_)) && data.is_empty(), "{network}");
    }
}

#[test]
fn nanoseconds_big_endian_and_swapped_headers_of_pcap() {
    let nanos = pcap(2, true, 187, |idx| [&[4][..], &report(idx)].concat());
    assert_eq!(read(&nanos).adverts, expected(2));
    let mut big = nanos[..24].to_vec();
    big[..4].reverse();
    big[20..24].reverse();
    let mut record = nanos[24..].to_vec();
    record.truncate(16 + 1 + report(0).len());
    record.chunks_exact_mut(4).take(4).for_each(<[u8]>::reverse);
    record[7] = 42;
    let file = [big, record].concat();
    assert!(
        packets(&file).starts_with(&format!("1 24 {START} 42 Hci(Event, Received)")),
        "{}",
        packets(&file)
    );
}

#[test]
fn pcapng_with_several_interfaces_sections_and_block_types() {
    let event = [&[4][..], &report(1)].concat();
    // if_tsresol 9 (nanoseconds) and if_tsoffset 3600 s; then 2^-10 s; unknown options before them.
    let nano = interface(
        187,
        &hex!("0200 0300 61620000 0900 0100 09000000 0e00 0800 100e000000000000 0000 0000"),
    );
    let binary = interface(187, &hex!("0900 0100 8a000000 0000 0000"));
    let unknown = block(0x4000_0001, b"whatever");
    let simple = block(
        3,
        &[&u32::try_from(event.len()).unwrap().to_le_bytes()[..], &event].concat(),
    );
    let seconds = START.cast_unsigned() / 1_000_000;
    let file = [
        section(),
        nano,
        binary,
        unknown,
        enhanced(0, (seconds - 3600) * 1_000_000_000 + 1_234, &event),
        enhanced(1, (seconds << 10) + 512, &event),
        simple,
        section(),
        interface(187, &[]),
        enhanced(0, START.cast_unsigned() + 7, &event),
        // An interface that this section does not have.
        enhanced(1, START.cast_unsigned(), &event),
    ]
    .concat();
    let outcome = read(&file);
    let times: Vec<_> = outcome.adverts.iter().map(|(_, at)| at - START).collect();
    assert_eq!(times, [1, 500_000, 500_000, 7]);
    assert_eq!(outcome.damage, 1);
    assert!(
        packets(&file).contains(&format!(" {} 234 ", START + 1)),
        "{}",
        packets(&file)
    );
}

#[test]
fn insane_interface_times_saturate() {
    for options in [
        &hex!("0900 0100 7f000000")[..],
        &hex!("0900 0100 ff000000"),
        &hex!("0e00 0800 ffffffffffffff7f"),
        &hex!("0900 0100 00000000"),
    ] {
        let file = [section(), interface(187, options), enhanced(0, u64::MAX, &[4])].concat();
        assert!(packets(&file).starts_with("1 "), "{}", Hex(options));
    }
}

#[test]
fn the_clock_offset_moves_every_time() {
    assert_eq!(parse_clock_offset("-7200"), Ok(Micros(-7_200_000_000)));
    assert_eq!(parse_clock_offset("0.000001"), Ok(Micros(1)));
    for wrong in ["", "two", "nan", "inf", "1e300"] {
        assert!(parse_clock_offset(wrong).is_err(), "{wrong}");
    }
    let options = OpenOptions {
        clock_offset: Micros(-5),
        name: Some("phone".to_owned()),
        ..OpenOptions::default()
    };
    let mut events = open_reader(Box::new(Cursor::new(btsnoop(1))), "file", &options).unwrap();
    let mut batch = Vec::new();
    while events.read(&mut batch).unwrap() {}
    assert!(batch.iter().all(|event| event.at() == UnixMicros(START - 5)));
    assert!(
        matches!(&batch[0], CaptureEvent::Other(event) if matches!(&event.kind, EventKind::Station(info) if info.name == "phone"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_of_any_sort_is_survived_and_pieces_do_not_matter(
        which in 0usize..5,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        step in 1usize..50,
    ) {
        let mut bytes = files(12).swap_remove(which).1;
        for (place, value) in edits {
            *place.get_mut(&mut bytes) = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let whole = read(&bytes);
        let dripped = read_from(Box::new(Drip { bytes: bytes.clone(), at: 0, step }));
        prop_assert_eq!(whole.adverts.len() <= bytes.len() / 16 + 1, true);
        prop_assert_eq!((whole.adverts, whole.others, whole.damage), (dripped.adverts, dripped.others, dripped.damage));
    }

    #[test]
    fn any_bytes_after_a_header_are_survived(which in 0usize..5, body in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = files(1).swap_remove(which).1;
        bytes.truncate(60);
        bytes.extend(body);
        let _ = read(&bytes);
    }
}
