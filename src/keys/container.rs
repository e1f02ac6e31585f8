//! The zip archive around `export.bin` and `export.sig`, read with distrust.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::ExportError;
use super::oddity::{Oddities, Oddity};

/// The entries of an export.
const NAMES: [&str; 2] = ["export.bin", "export.sig"];
/// Longest `export.sig`, in bytes.
const MOST_SIG: u64 = 256 * 1024;

/// `export.bin` and `export.sig` of a zip archive. It must have exactly these two entries, stored or deflated, and may
/// not be encrypted.
///
/// # Errors
/// [`ExportError`]: no archive, another set of entries, or more than `limit` bytes of `export.bin`.
pub fn unpack(bytes: &[u8], limit: u64) -> Result<(Vec<u8>, Vec<u8>, Oddities), ExportError> {
    let broken = |error: zip::result::ZipError| ExportError::Zip(error.to_string());
    // The directory is read first; what it announces is held against what an export has before any of it is unpacked.
    let announced = entry_count(bytes).ok_or_else(|| ExportError::Zip("its end is missing".into()))?;
    if announced != 2 {
        return Err(ExportError::Entries(format!(
            "{announced} entries, not export.bin and export.sig alone"
        )));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.has_duplicate_names() || archive.len() != 2 {
        return Err(ExportError::Entries("the same name twice".into()));
    }
    if archive.has_overlapping_entries().map_err(broken)? {
        return Err(ExportError::Entries("entries that share their bytes".into()));
    }
    let bin = entry(&mut archive, NAMES[0], limit)?;
    let sig = entry(&mut archive, NAMES[1], limit.min(MOST_SIG))?;
    let mut oddities = Oddities::default();
    let has_extra = archive.offset() > 0 || !archive.comment().is_empty();
    oddities.add_many(Oddity::ZipExtra, 0, u64::from(has_extra));
    Ok((bin, sig, oddities))
}

/// How many entries the end of the directory announces. The end is the last thing of an archive, before its comment:
/// anything after it is refused.
fn entry_count(bytes: &[u8]) -> Option<u16> {
    const SIGNATURE: &[u8] = b"PK\x05\x06";
    let number = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let last = bytes.len().checked_sub(22)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let at = (first..=last).rev().find(|&at| {
        bytes[at..].starts_with(SIGNATURE)
            && number(at + 20).is_some_and(|comment| at + 22 + usize::from(comment) == bytes.len())
    })?;
    number(at + 10)
}

fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str, limit: u64) -> Result<Vec<u8>, ExportError> {
    let other = |what: String| ExportError::Entries(what);
    let idx = archive
        .index_for_name(name)
        .ok_or_else(|| other(format!("there is no entry {name}")))?;
    let raw = archive
        .by_index_raw(idx)
        .map_err(|error| ExportError::Zip(error.to_string()))?;
    if raw.encrypted() {
        return Err(other(format!("{name} is encrypted")));
    }
    if !matches!(
        raw.compression(),
        CompressionMethod::Stored | CompressionMethod::Deflated
    ) {
        return Err(other(format!("{name} is neither stored nor deflated")));
    }
    if raw.name_raw() != name.as_bytes() || !raw.is_file() {
        return Err(other(format!("{name} is not a plain file of that name")));
    }
    if raw.size() > limit {
        return Err(ExportError::TooLong { limit });
    }
    drop(raw);
    let file = archive
        .by_index(idx)
        .map_err(|error| ExportError::Zip(error.to_string()))?;
    let mut bytes = Vec::new();
    // The announced size may be wrong, so what comes out is counted too.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| ExportError::Zip(format!("{name}: {error}")))?;
    if bytes.len() as u64 > limit {
        return Err(ExportError::TooLong { limit });
    }
    Ok(bytes)
}

/// The zip archive of an `export.bin` and its `export.sig`; the same input gives the same bytes.
///
/// # Errors
/// [`ExportError::Zip`] when an entry is too long for a zip archive.
pub fn pack(bin: &[u8], sig: &[u8]) -> Result<Vec<u8>, ExportError> {
    let broken = |error: &dyn std::fmt::Display| ExportError::Zip(error.to_string());
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // The time of writing is nobody's business.
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in NAMES.into_iter().zip([bin, sig]) {
        writer.start_file(name, options).map_err(|error| broken(&error))?;
        writer.write_all(bytes).map_err(|error| broken(&error))?;
    }
    Ok(writer.finish().map_err(|error| broken(&error))?.into_inner())
}
