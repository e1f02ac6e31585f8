//! Reads `export.bin` and `export.sig`.

use super::oddity::{Oddities, Oddity};
use super::wire::{Fault, Field, Fields, Value, unzigzag};
use super::{
    DiagnosisKey, Export, ExportError, HEADER, MOST_OF_BATCH, MOST_SIGNATURES, MOST_TEXT, ReportType, Signature,
    SignatureInfo,
};
use crate::lab::crypto::Tek;
use crate::lab::time::Enin;

/// Names of the two files in messages.
const BIN: &str = "export.bin";
const SIG: &str = "export.sig";

/// Reads an `export.bin` with its header. What is odd, and which keys were left out, is counted.
///
/// # Errors
/// [`ExportError`] when the header is another, the message breaks off, or its batch cannot be.
pub fn decode(bytes: &[u8]) -> Result<(Export, Oddities), ExportError> {
    let message = bytes.strip_prefix(HEADER).ok_or(ExportError::Header)?;
    let mut reader = Decoder::default();
    reader.export(message).map_err(|fault| fault.in_file(BIN))?;
    let mut export = reader.export;
    let (num, size) = (reader.batch_num, reader.batch_size);
    // Both may be left out: then the file stands alone.
    let (num, size) = (num.unwrap_or(1), size.unwrap_or(1));
    if !(1..=i64::from(MOST_OF_BATCH)).contains(&size) || !(1..=size).contains(&num) {
        return Err(ExportError::Value(format!(
            "export.bin: file {num} of a batch of {size}: a batch has 1 to {MOST_OF_BATCH} files, numbered from 1"
        )));
    }
    export.batch_num = u32::try_from(num).unwrap_or(1);
    export.batch_size = u32::try_from(size).unwrap_or(1);
    let mut oddities = reader.oddities;
    oddities.add_many(Oddity::NoRegion, 0, u64::from(export.region.is_empty()));
    oddities.add_many(Oddity::WindowReversed, 0, u64::from(export.end < export.start));
    // Where no end is told, nothing can be after it.
    for (number, key) in (1..).zip(export.keys.iter().chain(&export.revised_keys)) {
        let what = export.use_after_end(key).filter(|_| export.end > 0);
        what.into_iter().for_each(|what| oddities.add(what, number));
    }
    Ok((export, oddities))
}

/// Reads an `export.sig`.
///
/// # Errors
/// [`ExportError`] when the message breaks off or has more than [`MOST_SIGNATURES`].
pub fn decode_signatures(bytes: &[u8]) -> Result<(Vec<Signature>, Oddities), ExportError> {
    let mut reader = Decoder::default();
    let signatures = reader.signatures(bytes).map_err(|fault| fault.in_file(SIG))?;
    Ok((signatures, reader.oddities))
}

/// What ends the reading of a message.
enum Stop {
    Fault(Fault),
    Value(String),
}

impl Stop {
    fn in_file(self, file: &'static str) -> ExportError {
        match self {
            Self::Fault(Fault { what, offset }) => ExportError::Malformed { file, what, offset },
            Self::Value(what) => ExportError::Value(format!("{file}: {what}")),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

#[derive(Default)]
struct Decoder {
    export: Export,
    batch_num: Option<i64>,
    batch_size: Option<i64>,
    oddities: Oddities,
    /// Number of the key that is read, from 1.
    place: u64,
    /// The bytes of the key before, of either list.
    before: [Option<[u8; 16]>; 2],
}

impl Decoder {
    fn export(&mut self, message: &[u8]) -> Result<(), Stop> {
        let mut fields = Fields::new(message, HEADER.len());
        let mut seen = 0_u8;
        while let Some(field) = fields.next_field()? {
            match (field.number, field.value) {
                (1, Value::Fixed64(start)) => self.export.start = start,
                (2, Value::Fixed64(end)) => self.export.end = end,
                (3, Value::Bytes(text)) => self.export.region = self.text(text)?,
                (4, Value::Varint(num)) => self.batch_num = Some(num.cast_signed()),
                (5, Value::Varint(size)) => self.batch_size = Some(size.cast_signed()),
                (6, Value::Bytes(info)) => {
                    few(self.export.signature_infos.len())?;
                    let info = self.info(info, field.offset)?;
                    self.export.signature_infos.push(info);
                }
                (7, Value::Bytes(key)) => {
                    if let Some(key) = self.key(key, field.offset, 0)? {
                        self.export.keys.push(key);
                    }
                }
                (8, Value::Bytes(key)) => {
                    if let Some(key) = self.key(key, field.offset, 1)? {
                        self.export.revised_keys.push(key);
                    }
                }
                _ => self.oddities.add(Oddity::UnknownField, 0),
            }
            self.once(&mut seen, &field, 1..=5, 0);
        }
        self.oddities.add_many(Oddity::OverlongNumber, 0, fields.overlong);
        Ok(())
    }

    /// Counts a singular field that was there before.
    fn once(&mut self, seen: &mut u8, field: &Field<'_>, singular: std::ops::RangeInclusive<u32>, place: u64) {
        if singular.contains(&field.number) {
            let bit = 1 << (field.number - 1);
            let again = *seen & bit != 0;
            *seen |= bit;
            self.oddities.add_many(Oddity::RepeatedField, place, u64::from(again));
        }
    }

    fn text(&self, bytes: &[u8]) -> Result<String, Stop> {
        if bytes.len() > MOST_TEXT {
            let place = if self.place > 0 { " after the keys" } else { "" };
            return Err(Stop::Value(format!("a text of more than {MOST_TEXT} bytes{place}")));
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn info(&mut self, message: &[u8], base: usize) -> Result<SignatureInfo, Stop> {
        let mut info = SignatureInfo::default();
        let mut fields = Fields::new(message, base);
        let mut seen = 0;
        while let Some(field) = fields.next_field()? {
            let Value::Bytes(text) = field.value else {
                self.oddities.add(Oddity::UnknownField, 0);
                continue;
            };
            let slot = match field.number {
                1 => &mut info.app_bundle_id,
                2 => &mut info.android_package,
                3 => &mut info.key_version,
                4 => &mut info.key_id,
                5 => &mut info.algorithm,
                _ => {
                    self.oddities.add(Oddity::UnknownField, 0);
                    continue;
                }
            };
            *slot = Some(self.text(text)?);
            self.once(&mut seen, &field, 1..=5, 0);
        }
        self.oddities.add_many(Oddity::OverlongNumber, 0, fields.overlong);
        Ok(info)
    }

    /// A key; `None` where it cannot be one.
    fn key(&mut self, message: &[u8], base: usize, list: usize) -> Result<Option<DiagnosisKey>, Stop> {
        self.place += 1;
        let place = self.place;
        let mut told = Told::default();
        let mut fields = Fields::new(message, base);
        let mut seen = 0;
        while let Some(field) = fields.next_field()? {
            match (field.number, field.value) {
                (1, Value::Bytes(data)) => told.data = data,
                (2, Value::Varint(level)) => told.level = Some(level),
                (3, Value::Varint(start)) => told.start = Some(start.cast_signed()),
                (4, Value::Varint(period)) => told.period = Some(period.cast_signed()),
                (5, Value::Varint(report)) => told.report = Some(report),
                (6, Value::Varint(days)) => told.days = Some(unzigzag(days)),
                (8, Value::Varint(variant)) => told.variant = Some(variant),
                _ => self.oddities.add(Oddity::UnknownField, place),
            }
            self.once(&mut seen, &field, 1..=8, place);
        }
        self.oddities.add_many(Oddity::OverlongNumber, place, fields.overlong);
        let Some(key) = self.valid(&told) else { return Ok(None) };
        let before = self.before[list].replace(*key.tek.expose());
        match before.map(|before| before.cmp(key.tek.expose())) {
            Some(std::cmp::Ordering::Greater) => self.oddities.add(Oddity::Unsorted, place),
            Some(std::cmp::Ordering::Equal) => self.oddities.add(Oddity::RepeatedKey, place),
            _ => {}
        }
        Ok(Some(key))
    }

    fn valid(&mut self, told: &Told<'_>) -> Option<DiagnosisKey> {
        let place = self.place;
        let (key, faults) = told.validated();
        for what in faults.into_iter().flatten() {
            self.oddities.add(what, place);
        }
        key
    }

    fn signatures(&mut self, message: &[u8]) -> Result<Vec<Signature>, Stop> {
        let mut signatures = Vec::new();
        let mut fields = Fields::new(message, 0);
        while let Some(field) = fields.next_field()? {
            match (field.number, field.value) {
                (1, Value::Bytes(signature)) => {
                    few(signatures.len())?;
                    signatures.push(self.signature(signature, field.offset)?);
                }
                _ => self.oddities.add(Oddity::UnknownField, 0),
            }
        }
        self.oddities.add_many(Oddity::OverlongNumber, 0, fields.overlong);
        Ok(signatures)
    }

    fn signature(&mut self, message: &[u8], base: usize) -> Result<Signature, Stop> {
        let mut signature = Signature::default();
        let mut fields = Fields::new(message, base);
        let mut seen = 0;
        while let Some(field) = fields.next_field()? {
            match (field.number, field.value) {
                (1, Value::Bytes(info)) => signature.info = self.info(info, field.offset)?,
                (2, Value::Varint(num)) => signature.batch_num = Some(nearest(num)),
                (3, Value::Varint(size)) => signature.batch_size = Some(nearest(size)),
                (4, Value::Bytes(der)) if der.len() <= MOST_TEXT => signature.der = der.to_vec(),
                (4, Value::Bytes(_)) => {
                    return Err(Stop::Value(format!("a signature of more than {MOST_TEXT} bytes")));
                }
                _ => self.oddities.add(Oddity::UnknownField, 0),
            }
            self.once(&mut seen, &field, 1..=4, 0);
        }
        self.oddities.add_many(Oddity::OverlongNumber, 0, fields.overlong);
        Ok(signature)
    }
}

/// A key as the file tells it.
#[derive(Default)]
struct Told<'a> {
    data: &'a [u8],
    level: Option<u64>,
    start: Option<i64>,
    period: Option<i64>,
    report: Option<u64>,
    days: Option<i64>,
    variant: Option<u64>,
}

impl Told<'_> {
    /// The key, where it can be one, and what is wrong with it: at most one thing that makes it unusable, and one for
    /// each value that is left out.
    fn validated(&self) -> (Option<DiagnosisKey>, [Option<Oddity>; 5]) {
        let unusable = |what| (None, [Some(what), None, None, None, None]);
        let Ok(data) = <[u8; 16]>::try_from(self.data) else {
            return unusable(Oddity::KeyLength);
        };
        let Some(start) = self.start.filter(|start| *start >= 0) else {
            return unusable(Oddity::RollingStart);
        };
        // Never cut to 32 bits, as others do: what is left would be the number of another interval.
        let Ok(start) = u32::try_from(start) else {
            return unusable(Oddity::IntervalOverflow);
        };
        let period = match self.period {
            None => None,
            Some(period @ 1..=144) => u8::try_from(period).ok(),
            Some(_) => return unusable(Oddity::RollingPeriod),
        };
        let mut key = DiagnosisKey::new(Tek::new(data), Enin(start));
        key.rolling_period = period;
        // The numbers of intervals are signed on the wire, and in the readers of others.
        if i32::try_from(key.end().0).is_err() {
            return unusable(Oddity::IntervalOverflow);
        }
        let small = |value: u64, most: u8| u8::try_from(value).ok().filter(|value| *value <= most);
        key.transmission_risk_level = self.level.and_then(|level| small(level, 8));
        key.report_type = self.report.and_then(ReportType::of);
        key.days_since_onset = self
            .days
            .filter(|days| (-14..=14).contains(days))
            .and_then(|days| days.try_into().ok());
        key.variant = self.variant.and_then(|variant| small(variant, 4));
        let lost = |was: bool, is: bool, what| (was && !is).then_some(what);
        let faults = [
            None,
            lost(
                self.level.is_some(),
                key.transmission_risk_level.is_some(),
                Oddity::RiskLevel,
            ),
            lost(self.report.is_some(), key.report_type.is_some(), Oddity::ReportType),
            lost(
                self.days.is_some(),
                key.days_since_onset.is_some(),
                Oddity::DaysSinceOnset,
            ),
            lost(self.variant.is_some(), key.variant.is_some(), Oddity::Variant),
        ];
        (Some(key), faults)
    }
}

/// A field of 32 bits; one that does not fit is the nearest that does, which is no number of a file.
fn nearest(value: u64) -> i32 {
    let value = value.cast_signed();
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

fn few(count: usize) -> Result<(), Stop> {
    if count < MOST_SIGNATURES {
        return Ok(());
    }
    Err(Stop::Value(format!("more than {MOST_SIGNATURES} signatures")))
}
