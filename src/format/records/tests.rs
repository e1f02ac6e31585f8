//! Resynchronisation passes over runs of zeros at once, and finds what looking at every byte finds.

use proptest::prelude::*;

use super::*;
use crate::format::btsnoop::{self, Btsnoop};
use crate::format::input::tests::Drip;
use crate::format::packetlogger::{Order, PacketLogger};
use crate::format::pcap::{self, Pcap};
use crate::format::pcapng::PcapNg;

/// 2020-07-30 10:00:00 UTC, in seconds.
const START: u32 = 1_596_103_200;
/// Some events, the shortest and with zeros in them.
const EVENTS: [&[u8]; 3] = [&[4, 0x0e, 1, 0], &[4, 0x3e, 3, 0, 0, 0], &[4, 0xff, 0]];

/// Number of bytes as a field.
fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

fn big(words: &[u32], packet: &[u8]) -> Vec<u8> {
    [
        &words.iter().copied().flat_map(u32::to_be_bytes).collect::<Vec<_>>(),
        packet,
    ]
    .concat()
}

fn little(words: &[u32], packet: &[u8]) -> Vec<u8> {
    [
        &words.iter().copied().flat_map(u32::to_le_bytes).collect::<Vec<_>>(),
        packet,
    ]
    .concat()
}

fn btsnoop_record(packet: &[u8]) -> Vec<u8> {
    let time = i64::from(START) * 1_000_000 + 0x00dc_ddb3_0f2f_8000;
    let (high, low) = (
        u32::try_from(time >> 32).unwrap(),
        u32::try_from(time & 0xffff_ffff).unwrap(),
    );
    big(&[len(packet), len(packet), 3, 0, high, low], packet)
}

fn pcapng_block(ty: u32, body: &[u8]) -> Vec<u8> {
    let body = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
    let total = len(&body) + 12;
    [little(&[ty, total], &body), little(&[total], &[])].concat()
}

fn pcapng_record(packet: &[u8]) -> Vec<u8> {
    pcapng_block(6, &little(&[0, 0, START, len(packet), len(packet)], packet))
}

fn pklg_record(order: Order, packet: &[u8]) -> Vec<u8> {
    let words = [len(packet) + 8, START, 7];
    // The type stands for the H4 byte.
    let packet = [&[1][..], &packet[1..]].concat();
    match order {
        Order::Big => big(&words, &packet),
        Order::Little => little(&words, &packet),
    }
}

/// A part of a file: a record, zeros, or anything.
#[derive(Clone, Debug)]
enum Part {
    Event(usize),
    Zeros(usize),
    Bytes(Vec<u8>),
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let zeros = prop_oneof![8 => 1..60usize, 3 => 60..200usize, 1 => 4_090..4_200usize];
    let part = prop_oneof![
        4 => (0..EVENTS.len()).prop_map(Part::Event),
        3 => zeros.prop_map(Part::Zeros),
        2 => prop::collection::vec(prop_oneof![2 => Just(0u8), 1 => any::<u8>()], 1..40).prop_map(Part::Bytes),
    ];
    prop::collection::vec(part, 1..14)
}

fn file(parts: &[Part], record: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let bytes = parts.iter().map(|part| match part {
        Part::Event(idx) => record(EVENTS[*idx]),
        Part::Zeros(n) => vec![0; *n],
        Part::Bytes(bytes) => bytes.clone(),
    });
    bytes.collect::<Vec<_>>().concat()
}

/// As [`search`], asking at every byte.
fn search_everywhere(framing: &impl Framing, bytes: &[u8], at_end: bool) -> (usize, Candidate) {
    let places = (0..bytes.len()).map(|at| (at, framing.candidate(&bytes[at..], at_end)));
    places
        .into_iter()
        .find(|(_, candidate)| *candidate != Candidate::No)
        .unwrap_or((bytes.len(), Candidate::No))
}

/// Looks for all records of a file, from each on, and at its first part alone.
fn same(framing: &impl Framing, bytes: &[u8], cut: prop::sample::Index) -> Result<(), TestCaseError> {
    let part = &bytes[..cut.index(bytes.len() + 1)];
    prop_assert_eq!(search(framing, part, false), search_everywhere(framing, part, false));
    let mut from = 0;
    while from < bytes.len() {
        let found = search(framing, &bytes[from..], true);
        prop_assert_eq!(&found, &search_everywhere(framing, &bytes[from..], true));
        from += found.0 + 1;
    }
    Ok(())
}

fn btsnoop(datalink: u32) -> Btsnoop {
    let header = [&btsnoop::MAGIC[..], &big(&[1, datalink], &[])].concat();
    Btsnoop::new(&header).unwrap()
}

fn pcap(order: Order) -> Pcap {
    let words = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 0xffff, 187];
    let header = match order {
        Order::Big => big(&words, &[]),
        Order::Little => little(&words, &[]),
    };
    assert_eq!(header.len(), pcap::HEADER_LEN);
    Pcap::new(&header).unwrap()
}

proptest! {
    #[test]
    fn zeros_are_passed_over_to_the_same_place(parts in parts(), cut in any::<prop::sample::Index>()) {
        for datalink in [1001, 1002, 2001] {
            same(&btsnoop(datalink), &file(&parts, btsnoop_record), cut)?;
        }
        for order in [Order::Big, Order::Little] {
            same(&PacketLogger::new(order), &file(&parts, |packet| pklg_record(order, packet)), cut)?;
            let record = |packet: &[u8]| {
                let words = [START, 0, len(packet), len(packet)];
                if order == Order::Big { big(&words, packet) } else { little(&words, packet) }
            };
            same(&pcap(order), &file(&parts, record), cut)?;
        }
        same(&PcapNg::new(), &file(&parts, pcapng_record), cut)?;
    }
}

#[test]
fn no_container_takes_zeros_for_a_record() {
    fn at_zeros(framing: &impl Framing) -> Candidate {
        framing.candidate(&[0; 64], false)
    }
    for datalink in [1001, 1002, 2001] {
        assert_eq!(at_zeros(&btsnoop(datalink)), Candidate::No, "{datalink}");
    }
    for order in [Order::Big, Order::Little] {
        assert_eq!(at_zeros(&pcap(order)), Candidate::No);
        assert_eq!(at_zeros(&PacketLogger::new(order)), Candidate::No);
    }
    assert_eq!(at_zeros(&PcapNg::new()), Candidate::No);
}

#[test]
fn zeros_are_no_records_and_those_after_them_are_found() {
    let before_zeros = |n| [Part::Event(0), Part::Event(1), Part::Zeros(n)];
    let bytes = file(
        &[before_zeros(10_000), before_zeros(24), before_zeros(0)].concat(),
        btsnoop_record,
    );
    for step in [1, 1_000, usize::MAX] {
        let bytes = bytes.clone();
        let input = Input::new(Box::new(Drip { bytes, at: 0, step }));
        let (mut records, mut packets) = (Records::new(input, btsnoop(1002)), 0);
        while records.next().unwrap().is_some() {
            packets += 1;
        }
        let damage = records.damage();
        assert_eq!(
            (packets, damage.count, records.trailing_bytes()),
            (6, 2, 0),
            "{damage:?}"
        );
        let what = "zeros in place of a record; 10000 bytes passed over";
        assert_eq!(damage.first[0].what, what);
    }
}

#[test]
fn zeros_are_counted_across_blocks() {
    assert_eq!(zeros(&[1, 0]), 0);
    assert_eq!(zeros(&[0; 9_000]), 9_000);
    assert_eq!(zeros(&[&[0; 5_000][..], &[1, 0]].concat()), 5_000);
}
