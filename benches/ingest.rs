//! btsnoop in memory to tracks: adverts a second, with a few and with many broadcasters.

use std::io::Cursor;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vicino::format::open::{self, OpenOptions};
use vicino::lab::session::Session;
use vicino::runtime::headless;

const PACKETS: u32 = 100_000;
/// Microseconds from the year 0 to 1970 as btsnoop counts them, and on to the 30th of July 2020.
const START: u64 = 0x00dc_ddb3_0f2f_8000 + 1_596_102_841_899_945;

/// A log of exposure-notification adverts alone, the broadcasters in turn, each four times a second.
fn capture(broadcasters: u32) -> Vec<u8> {
    let mut bytes = b"btsnoop\0\0\0\0\x01\0\0\x03\xea".to_vec();
    for n in 0..PACKETS {
        let [a, b, c, _] = (n % broadcasters).to_le_bytes();
        let level = 0xb0 + u8::try_from(n / 7 % 40).unwrap_or_default();
        let mut packet = vec![0x04, 0x3e, 40, 0x02, 1, 0x02, 0x01, a, b, c, 0x2b, 0x86, 0x79, 28];
        packet.extend([0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd]);
        packet.extend([a, b, c, 0x5a].repeat(5));
        packet.push(level);
        let at = START + u64::from(n) * 250_000 / u64::from(broadcasters);
        for length in [packet.len(); 2] {
            bytes.extend(u32::try_from(length).unwrap_or_default().to_be_bytes());
        }
        bytes.extend([0, 0, 0, 3, 0, 0, 0, 0]);
        bytes.extend(at.to_be_bytes());
        bytes.extend(packet);
    }
    bytes
}

fn ingest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("btsnoop to tracks");
    group.throughput(Throughput::Elements(u64::from(PACKETS)));
    for broadcasters in [150, 10_000] {
        let bytes = capture(broadcasters);
        group.bench_function(format!("{broadcasters} broadcasters"), |bencher| {
            bencher.iter(|| {
                let input = Box::new(Cursor::new(bytes.clone()));
                let mut reader = open::open_reader(input, "memory", &OpenOptions::default()).expect("a btsnoop header");
                let mut session = Session::default();
                headless::replay(&mut *reader, &mut session, headless::Options::default(), |_| ())
                    .expect("memory can be read");
                assert_eq!(session.totals().adverts, u64::from(PACKETS));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
