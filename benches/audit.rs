//! The audit: evidence out of events, and all rules over it: `cargo bench --bench audit`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use vicino::lab::address::Address;
use vicino::lab::advert::{Advertisement, Payload, PduType};
use vicino::lab::audit::{Evidence, Report, Settings};
use vicino::lab::event::CaptureEvent;
use vicino::lab::time::UnixMicros;
use vicino::lab::units::Dbm;

const ADVERTS: u64 = 200_000;
const PHONES: u64 = 200;
/// Each identifier lives for a quarter of an hour.
const LIFE_US: u64 = 900_000_000;
const SPAN_US: u64 = 4 * 3_600_000_000;

/// A number that looks random, always the same for the same input (splitmix64).
fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Four hours of a hall: two hundred phones in turn.
fn events() -> Vec<CaptureEvent> {
    (0..ADVERTS)
        .map(|n| {
            let (phone, at_us) = (n % PHONES, n * SPAN_US / ADVERTS);
            let life = (at_us + scramble(phone) % LIFE_US) / LIFE_US;
            let (low, high) = (scramble(phone << 32 | life), scramble(life << 40 | phone));
            let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
            data.extend(low.to_le_bytes());
            data.extend(high.to_le_bytes());
            data.extend([1, 2, 3, 4]);
            let mut address = [0; 6];
            address.copy_from_slice(&scramble(high).to_le_bytes()[..6]);
            address[5] = address[5] & 0x3f | 0x40;
            CaptureEvent::Advert(Advertisement {
                at: UnixMicros(at_us.cast_signed()),
                address: Address::from_hci(1, address),
                pdu: PduType::AdvScanInd,
                rssi: Some(Dbm(-60 - i8::try_from(phone % 30).unwrap_or_default())),
                data: Payload::new(&data),
                ..Advertisement::default()
            })
        })
        .collect()
}

fn gathered(events: &[CaptureEvent]) -> Evidence {
    let mut evidence = Evidence::new(7);
    for (number, event) in (1..).zip(events) {
        evidence.take(event, number);
    }
    evidence
}

fn audit(criterion: &mut Criterion) {
    let events = events();
    let mut group = criterion.benchmark_group("audit");
    group.throughput(Throughput::Elements(ADVERTS));
    group.bench_function("evidence", |bencher| {
        bencher.iter(|| assert_eq!(gathered(&events).gaen, ADVERTS));
    });
    let evidence = gathered(&events);
    group.sample_size(20);
    group.bench_function("all rules", |bencher| {
        bencher.iter_batched(
            Settings::default,
            |settings| assert!(Report::new(&evidence, &settings).scope.rpis > 3000),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, audit);
criterion_main!(benches);
