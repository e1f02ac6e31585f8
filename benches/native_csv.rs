//! Reading a native capture, to advertisements and on to tracks, against the csv crate's bare record loop on the same bytes.

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vicino::format::EventReader as _;
use vicino::format::native::{HEADER, Reader, Side, write_row};
use vicino::lab::address::Address;
use vicino::lab::advert::{Advertisement, PduType};
use vicino::lab::session::Session;
use vicino::lab::time::UnixMicros;
use vicino::lab::units::Dbm;
use vicino::runtime::headless;

const ROWS: u32 = 200_000;

/// Rows as a phone's log gives them: 40 broadcasters, two thirds exposure notification, a third scan responses and
/// others.
fn capture() -> Vec<u8> {
    let mut bytes = format!("{HEADER}\n").into_bytes();
    let mut state = 1u32;
    for idx in 0..ROWS {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [who, level, kind, _] = state.to_be_bytes();
        let mut advert = Advertisement {
            at: UnixMicros(1_596_102_841_899_945 + i64::from(idx) * 21_003),
            address: Address::from_hci(1, [who % 40, 7, 0x77, 0xc4, 9, 0x5e]),
            pdu: PduType::AdvScanInd,
            rssi: Some(Dbm(-40 - i8::try_from(level % 60).unwrap_or_default())),
            data: [&[3, 3, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd][..], &[who % 40; 20]]
                .concat()
                .as_slice()
                .into(),
            ..Advertisement::default()
        };
        (advert.details.address_type, advert.details.event_type) = (1, 2);
        if kind % 3 == 0 {
            (advert.pdu, advert.details.event_type) = (PduType::ScanRsp, 4);
            advert.data = (&[9, 9, b'P', b'i', b'x', b'e', b'l', b' ', b'4'][..]).into();
        }
        write_row(&mut bytes, &advert, "SM-G973F");
    }
    bytes
}

fn read(criterion: &mut Criterion) {
    let bytes = capture();
    let mut group = criterion.benchmark_group("native csv");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("csv crate, bare ByteRecord loop", |bencher| {
        bencher.iter(|| {
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let mut record = csv::ByteRecord::new();
            let mut rows = 0u32;
            while reader.read_byte_record(&mut record).is_ok_and(|more| more) {
                black_box(&record);
                rows += 1;
            }
            assert_eq!(rows, ROWS);
        });
    });
    group.bench_function("reader, to advertisements", |bencher| {
        bencher.iter(|| {
            let rows = Box::new(Cursor::new(bytes.clone()));
            let mut reader = Reader::new(rows, Side::default()).expect("the header row is this program's own");
            let mut batch = Vec::new();
            let mut events = 0;
            while reader.read(&mut batch).is_ok_and(|more| more) {
                events += batch.len();
                black_box(&batch);
                batch.clear();
            }
            assert_eq!(events + batch.len(), ROWS as usize + 1);
        });
    });
    group.bench_function("reader and session, to tracks", |bencher| {
        bencher.iter(|| {
            let rows = Box::new(Cursor::new(bytes.clone()));
            let mut reader = Reader::new(rows, Side::default()).expect("the header row is this program's own");
            let mut session = Session::default();
            headless::replay(&mut reader, &mut session, headless::Options::default(), |_| ())
                .expect("memory can be read");
            let totals = session.totals();
            assert_eq!(totals.adverts + totals.scan_responses, u64::from(ROWS));
        });
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
