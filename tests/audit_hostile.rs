//! The audit against those who wish it ill: floods of addresses and identifiers, clocks that jump, impossible levels.
//! Nothing panics, memory and time stay bounded.
#![expect(clippy::disallowed_methods, reason = "it measures how long judging takes")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use vicino::lab::address::{Address, AddressKind};
use vicino::lab::advert::{Advertisement, Payload, PduType, StationId};
use vicino::lab::audit::rule::RULES;
use vicino::lab::audit::{Case, Evidence, Settings, resolve, rotations, rules};
use vicino::lab::event::CaptureEvent;
use vicino::lab::time::UnixMicros;
use vicino::lab::units::Dbm;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Without optimisation everything takes many times as long; the bounds hold in both.
const DEBUG: bool = cfg!(debug_assertions);
const PAIRS: u64 = if DEBUG { 60_000 } else { 250_000 };
/// Of one rule.
const LONGEST: Duration = if DEBUG {
    Duration::from_secs(20)
} else {
    Duration::from_secs(2)
};

/// A number that looks random.
fn mixed(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

fn address(n: u64, kind: AddressKind) -> Address {
    let mut bytes = [0; 6];
    bytes.copy_from_slice(&mixed(n).to_le_bytes()[..6]);
    bytes[0] &= 0x3f;
    if kind == AddressKind::RandomResolvable {
        bytes[0] |= 0x40;
    }
    Address { bytes, kind }
}

fn gaen(n: u64) -> Vec<u8> {
    let (front, back) = (mixed(n).to_le_bytes(), mixed(n ^ 0xdead_beef).to_le_bytes());
    [
        &[3, 3, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd][..],
        &front,
        &back,
        &[1, 2, 3, 4],
    ]
    .concat()
}

fn handoff(n: u64) -> Vec<u8> {
    let body = mixed(n).to_le_bytes();
    [&[0x11, 0xff, 0x4c, 0, 0x0c, 0x0c, 0, body[0], body[1]][..], &body, &[0]].concat()
}

fn advert(station: u16, at: i64, address: Address, data: &[u8], level: i8) -> CaptureEvent {
    CaptureEvent::Advert(Advertisement {
        at: UnixMicros(at),
        station: StationId(station),
        address,
        pdu: PduType::AdvNonconnInd,
        rssi: Some(Dbm(level)),
        data: Payload::new(data),
        ..Advertisement::default()
    })
}

/// All rules, each within its time; gives what took longest.
fn judge(name: &str, evidence: &Evidence) {
    let began = Instant::now();
    let case = Case::new(evidence);
    let mut slow = vec![(began.elapsed(), "case")];
    for rule in RULES {
        let began = Instant::now();
        let judgement = rules::judge(rule.id, &case, &Settings::default());
        assert!(judgement.findings.len() <= 200, "{name}");
        slow.push((began.elapsed(), rule.code));
    }
    let began = Instant::now();
    let _ = resolve::identities(&case);
    slow.push((began.elapsed(), "identities"));
    let began = Instant::now();
    let _ = rotations::by_model(&case);
    slow.push((began.elapsed(), "rotations"));
    slow.sort_unstable();
    slow.reverse();
    println!("{name}: {} pairs, slowest {:?}", evidence.pairs.len(), &slow[..4]);
    assert!(slow[0].0 < LONGEST, "{name}: {slow:?}");
}

fn filled(events: impl Iterator<Item = CaptureEvent>) -> Evidence {
    let mut evidence = Evidence::new(9);
    evidence.begin_capture("flood");
    for (number, event) in (1..).zip(events) {
        evidence.take(&event, number);
    }
    evidence
}

const SECOND: i64 = 1_000_000;

fn at(n: u64, step: i64) -> i64 {
    1_600_000_000 * SECOND + i64::try_from(n).unwrap() * step
}

#[test]
fn floods_are_judged_in_bounded_time() {
    let (resolvable, random) = (AddressKind::RandomResolvable, AddressKind::RandomNonresolvable);
    let level = |n: u64| i8::try_from(n % 60).unwrap() - 90;
    judge(
        "all under one address",
        &filled((0..PAIRS).map(|n| advert(0, at(n, 10_000), address(0, random), &gaen(n), level(n)))),
    );
    judge(
        "one under all addresses",
        &filled((0..PAIRS).map(|n| advert(0, at(n, 10_000), address(n, random), &gaen(0), level(n)))),
    );
    judge(
        "one under all addresses, with silences",
        &filled((0..PAIRS).map(|n| advert(0, at(n, 3600 * SECOND), address(n, random), &gaen(0), level(n)))),
    );
    judge(
        "all distinct, at once",
        &filled(
            (0..PAIRS)
                .flat_map(|n| (0..3).map(move |k| advert(0, at(0, 0) + k, address(n, random), &gaen(n), level(n)))),
        ),
    );
    judge(
        "all distinct, slowly, at two stations",
        &filled((0..PAIRS).flat_map(|n| {
            let n = n / 2;
            (0..4).map(move |k: i64| {
                let station = u16::try_from(k % 2).unwrap();
                advert(
                    station,
                    at(n, 100) + k / 2 * 70 * SECOND,
                    address(n, resolvable),
                    &gaen(n),
                    level(n),
                )
            })
        })),
    );
    judge(
        "Handoff under all addresses, beside as many identifiers, at once",
        &filled((0..PAIRS).flat_map(|n| {
            let own = address(n, resolvable);
            let other = address(n ^ 1 << 40, random);
            (0..3).flat_map(move |k| {
                [
                    advert(0, at(0, 0) + k, own, &handoff(n), level(n)),
                    advert(0, at(0, 0) + k, other, &gaen(n), level(n)),
                ]
            })
        })),
    );
    judge(
        "identities without number, that share identifiers",
        &filled((0..PAIRS).map(|n| {
            let kind = if n % 2 == 0 {
                AddressKind::PublicIdentity
            } else {
                resolvable
            };
            advert(0, at(n, 1000), address(n, kind), &gaen(n % 300), level(n))
        })),
    );
    judge(
        "a clock that goes back with every packet",
        &filled((0..PAIRS).map(|n| {
            advert(
                0,
                at(PAIRS - n, 9 * SECOND),
                address(n % 500, random),
                &gaen(n % 1000),
                level(n),
            )
        })),
    );
}

#[test]
fn a_million_of_each_stays_in_bounded_memory() {
    let n = if DEBUG { 300_000 } else { 1_000_000 };
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let random = AddressKind::RandomNonresolvable;
    let evidence = filled((0..n).map(|n| advert(0, at(n, 1000), address(n, random), &gaen(n), -60)));
    let kept = MEMORY.current_usage() - before;
    assert_eq!(evidence.adverts, n);
    assert!(evidence.pairs.len() <= 250_000 && evidence.left_out > 0);
    judge("a million", &evidence);
    let peak = MEMORY.peak_usage() - before;
    println!("evidence {} MiB, with judging {} MiB", kept >> 20, peak >> 20);
    assert!(kept < 400 << 20, "{} MiB", kept >> 20);
    assert!(peak < 1200 << 20, "{} MiB", peak >> 20);
}

fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(i64::MIN),
        Just(i64::MAX),
        Just(0),
        any::<i64>(),
        1_600_000_000_000_000..1_600_000_100_000_000_i64,
    ]
}

fn any_event() -> impl Strategy<Value = CaptureEvent> {
    let kinds = prop::sample::select(vec![
        AddressKind::Public,
        AddressKind::RandomStatic,
        AddressKind::RandomResolvable,
        AddressKind::RandomNonresolvable,
        AddressKind::PublicIdentity,
        AddressKind::Unknown,
    ]);
    let data = prop_oneof![
        (0..4_u64).prop_map(gaen),
        (0..4_u64).prop_map(handoff),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    (0..3_u16, any_time(), 0..4_u64, kinds, data, any::<i8>(), any::<bool>()).prop_map(
        |(station, at, n, kind, data, level, is_response)| {
            let mut event = advert(station, at, address(n, kind), &data, level);
            if let (CaptureEvent::Advert(advert), true) = (&mut event, is_response) {
                advert.pdu = PduType::ScanRsp;
            }
            event
        },
    )
}

proptest! {
    #[test]
    fn nothing_that_comes_in_makes_it_panic(events in prop::collection::vec(any_event(), 0..60), placed: bool) {
        let mut evidence = filled(events.into_iter());
        if placed {
            for station in 0..3 {
                evidence.places.insert(StationId(station), format!("place {station}"));
            }
        }
        let case = Case::new(&evidence);
        let _ = rules::judge_all(&case, &Settings::default());
        let _ = (resolve::identities(&case), rotations::by_model(&case));
    }
}
