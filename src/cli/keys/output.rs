//! Shapes that several of the sub-commands print.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::keys::{DiagnosisKey, ExportFile, ReportType, hex};
use crate::lab::time::UnixMicros;

/// Seconds since 1970 as RFC 3339; the plain number where the calendar ends.
pub(super) fn time(seconds: u64) -> String {
    let second = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    second.map_or_else(|| format!("{seconds} s"), |time| time.to_string())
}

/// When an interval begins.
pub(super) fn interval_start(enin: u32) -> UnixMicros {
    UnixMicros(i64::from(enin) * 600_000_000)
}

/// When an interval begins, as RFC 3339.
pub(super) fn moment(enin: u32) -> String {
    time(u64::from(enin) * 600)
}

/// Bytes as hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The whole of a file but its keys.
pub(super) fn file(file: &ExportFile) -> Value {
    let export = &file.export;
    let (first, last) = span(file);
    json!({
        "is_zip": file.is_zip,
        "sha256": digits(&file.sha256),
        "export_bin_sha256": digits(&file.bin_sha256),
        "export_bin_bytes": file.bin_bytes,
        "start_s": export.start,
        "end_s": export.end,
        "region": export.region,
        "batch_num": export.batch_num,
        "batch_size": export.batch_size,
        "keys": export.keys.len(),
        "revised_keys": export.revised_keys.len(),
        "first_interval": first,
        "last_interval": last,
        "signature_infos": export.signature_infos,
        "signatures": file.signatures.iter().map(|signature| json!({
            "info": signature.info,
            "batch_num": signature.batch_num,
            "batch_size": signature.batch_size,
            "signature": digits(&signature.der),
        })).collect::<Vec<_>>(),
        "odd": file.oddities,
    })
}

/// First and last interval in which any of the keys was used.
pub(super) fn span(file: &ExportFile) -> (Option<u32>, Option<u32>) {
    let keys = || file.export.keys.iter().chain(&file.export.revised_keys);
    let first = keys().map(|key| key.rolling_start.0).min();
    let last = keys().map(|key| key.end().0 - 1).max();
    (first, last)
}

/// A key with its bytes: a secret until it is published.
pub(super) fn key(key: &DiagnosisKey) -> Value {
    json!({
        "tek": *hex(&key.tek),
        "transmission_risk_level": key.transmission_risk_level,
        "rolling_start": key.rolling_start,
        "rolling_period": key.rolling_period,
        "report_type": key.report_type.map(ReportType::word),
        "days_since_onset": key.days_since_onset,
        "variant": key.variant,
    })
}
