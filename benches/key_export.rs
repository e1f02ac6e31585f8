//! A key export of a million keys: time to read and to write, and memory: `cargo bench --bench key_export`.

use std::time::Instant;

use peak_alloc::PeakAlloc;
use vicino::clock;
use vicino::keys::{DiagnosisKey, Export, ExportFile, Limits, ReportType, decode, encode, pack};
use vicino::lab::crypto::Tek;
use vicino::lab::time::Enin;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const KEYS: u32 = 1_000_000;

fn key(number: u32) -> DiagnosisKey {
    let mut bytes = [0; 16];
    for (idx, word) in bytes.chunks_exact_mut(4).enumerate() {
        let mixed = (number + 1)
            .wrapping_mul(0x9e37_79b9)
            .rotate_left(7 * u32::try_from(idx).unwrap_or(0))
            ^ number;
        word.copy_from_slice(&mixed.to_le_bytes());
    }
    DiagnosisKey {
        transmission_risk_level: Some(3),
        rolling_period: Some(144),
        report_type: Some(ReportType::ConfirmedTest),
        days_since_onset: Some(-2),
        ..DiagnosisKey::new(Tek::new(bytes), Enin(2_642_976 + number % 14 * 144))
    }
}

fn measure<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    let start: Instant = clock::steady();
    let result = run();
    let took = start.elapsed();
    let peak = ALLOCATED.peak_usage().saturating_sub(before) >> 20;
    println!("{what:<28} {:>7} ms   {peak:>5} MiB at most", took.as_millis());
    result
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let export = Export {
        region: "222".into(),
        keys: (0..KEYS).map(key).collect(),
        ..Export::default()
    };
    let bin = measure("write export.bin", || encode(&export));
    let (read, _) = measure("read export.bin", || decode(&bin)).expect("it was written here");
    assert_eq!(read.keys.len(), export.keys.len());
    let zip = measure("pack", || pack(&bin, b"")).expect("it is short enough");
    println!("{} bytes of export.bin, {} of the zip", bin.len(), zip.len());
    let file = measure("read the zip", || ExportFile::read(&zip, Limits::default())).expect("it was written here");
    assert_eq!(file.export, read);

    // Bytes that look like many ends of an archive.
    let mut hostile = b"PK\x03\x04".to_vec();
    hostile.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0".repeat(5_000_000));
    hostile.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0\x2e\0\0\0\0\0\0\0\0\0");
    let refused = measure("refuse a false archive", || {
        ExportFile::read(&hostile, Limits::default())
    });
    println!("refused: {}", refused.expect_err("it is no archive"));
    // Fields of no use: as many as fit.
    let mut empty = vicino::keys::HEADER.to_vec();
    empty.extend(b"\x3a\0".repeat(32_000_000));
    let read = measure("32 million empty keys", || decode(&empty)).expect("they are skipped");
    assert!(read.0.keys.is_empty());
}
