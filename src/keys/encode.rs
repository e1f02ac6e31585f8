//! Writes `export.bin` and `export.sig`: fields in the order of their numbers, keys in the order of their bytes.

use super::wire::{put_bytes, put_fixed64, put_number, zigzag};
use super::{DiagnosisKey, Export, HEADER, Signature, SignatureInfo};

/// Bytes that a key takes at most, with the beginning of its field.
const KEY_BYTES: usize = 40;

/// An `export.bin` with its header. Keys are sorted by their bytes, so that the order of upload does not show; what is
/// not told is not written. The same export gives the same bytes.
#[must_use]
pub fn encode(export: &Export) -> Vec<u8> {
    let count = export.keys.len() + export.revised_keys.len();
    let mut out = Vec::with_capacity(256 + count.saturating_mul(KEY_BYTES));
    out.extend_from_slice(HEADER);
    put_fixed64(&mut out, 1, export.start);
    put_fixed64(&mut out, 2, export.end);
    put_bytes(&mut out, 3, export.region.as_bytes());
    put_number(&mut out, 4, export.batch_num.into());
    put_number(&mut out, 5, export.batch_size.into());
    let mut scratch = Vec::new();
    for info in &export.signature_infos {
        scratch.clear();
        put_info(&mut scratch, info);
        put_bytes(&mut out, 6, &scratch);
    }
    for (number, keys) in [(7, &export.keys), (8, &export.revised_keys)] {
        let mut sorted: Vec<&DiagnosisKey> = keys.iter().collect();
        sorted.sort_by_key(|key| (key.tek.expose(), key.rolling_start));
        for key in sorted {
            scratch.clear();
            put_key(&mut scratch, key);
            put_bytes(&mut out, number, &scratch);
        }
    }
    out
}

/// An `export.sig`.
#[must_use]
pub fn encode_signatures(signatures: &[Signature]) -> Vec<u8> {
    let mut out = Vec::new();
    for signature in signatures {
        let (mut message, mut info) = (Vec::new(), Vec::new());
        put_info(&mut info, &signature.info);
        put_bytes(&mut message, 1, &info);
        for (number, value) in [(2, signature.batch_num), (3, signature.batch_size)] {
            if let Some(value) = value {
                // Negative numbers take 64 bits on the wire.
                put_number(&mut message, number, i64::from(value).cast_unsigned());
            }
        }
        put_bytes(&mut message, 4, &signature.der);
        put_bytes(&mut out, 1, &message);
    }
    out
}

fn put_info(out: &mut Vec<u8>, info: &SignatureInfo) {
    let texts = [
        (1, &info.app_bundle_id),
        (2, &info.android_package),
        (3, &info.key_version),
        (4, &info.key_id),
        (5, &info.algorithm),
    ];
    for (number, text) in texts {
        if let Some(text) = text {
            put_bytes(out, number, text.as_bytes());
        }
    }
}

fn put_key(out: &mut Vec<u8>, key: &DiagnosisKey) {
    put_bytes(out, 1, key.tek.expose());
    if let Some(level) = key.transmission_risk_level {
        put_number(out, 2, level.into());
    }
    put_number(out, 3, key.rolling_start.0.into());
    if let Some(period) = key.rolling_period {
        put_number(out, 4, period.into());
    }
    if let Some(report) = key.report_type {
        put_number(out, 5, report as u64);
    }
    if let Some(days) = key.days_since_onset {
        put_number(out, 6, zigzag(days));
    }
    if let Some(variant) = key.variant {
        put_number(out, 8, variant.into());
    }
}
