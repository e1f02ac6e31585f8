//! A payload byte by byte: what each of them is, for the byte view and for `inspect` of a hex payload.
//!
//! Sources: Core Specification Supplement, part A (AD structures); Assigned Numbers; the specifications named at each
//! family in `explain/families.rs` and `explain/apple.rs`.

mod apple;
mod families;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::ad::{self, AdEnd, AdStructure, ty};
use super::advert::Hex;
use super::assigned::{ad_type_name, company_name, service_name, service128_name};
use super::text::printable;
use super::units::Dbm;

/// A run of bytes and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where in the payload.
    pub range: Range<usize>,
    /// 0 for an AD structure (or what stands outside of any), 1 for its parts, 2 for parts of these.
    pub level: u8,
    /// What it is called.
    pub name: Cow<'static, str>,
    /// What it says; safe to print. Empty where the bytes alone say it.
    pub value: String,
    /// What a person should know about it.
    pub note: Option<Cow<'static, str>>,
}

/// The fields of a payload in order, each followed by its parts. The innermost ones ([`leaves`]) cover every byte
/// exactly once.
///
/// ```
/// use vicino::lab::explain::{explain, leaves};
/// let payload = [0x02, 0x01, 0x1a, 0x00, 0x00];
/// let fields = explain(&payload);
/// let names: Vec<_> = leaves(&fields).map(|field| (field.range.clone(), &*field.name)).collect();
/// assert_eq!(names, [(0..1, "length"), (1..2, "type"), (2..3, "flags"), (3..5, "padding")]);
/// ```
#[must_use]
pub fn explain(payload: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut offset = 0;
    for structure in ad::structures(payload) {
        explain_structure(payload, structure, &mut fields);
        offset = structure.offset + 2 + structure.data.len();
    }
    explain_end(payload, offset, &mut fields);
    fields
}

/// The innermost fields.
pub fn leaves(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields
        .iter()
        .enumerate()
        .filter(|(idx, field)| fields.get(idx + 1).is_none_or(|next| next.level <= field.level))
        .map(|(_, field)| field)
}

fn explain_structure(payload: &[u8], structure: AdStructure<'_>, fields: &mut Vec<Field>) {
    let end = structure.offset + 2 + structure.data.len();
    let mut parts = Parts {
        fields,
        payload: &payload[..end],
        at: structure.offset,
        level: 1,
    };
    let type_name = ad_type_name(structure.ty);
    let name = type_name.map_or_else(|| format!("AD type 0x{:02x}", structure.ty).into(), Cow::Borrowed);
    let note = type_name.is_none().then_some("type without an assigned meaning here");
    parts.push_whole(0, name, summary(structure), note);
    parts.take("length", |[length]| format!("{length} bytes follow"));
    parts.take("type", |[ty]| {
        format!("0x{ty:02x} {}", type_name.unwrap_or("unknown"))
            .trim_end()
            .to_owned()
    });
    explain_data(structure.ty, &mut parts);
    parts.rest("data");
}

/// The value of a whole structure: short, for one line.
fn summary(structure: AdStructure<'_>) -> String {
    let data = structure.data;
    match structure.ty {
        ty::FLAGS => data.first().map(|flags| flag_names(*flags)).unwrap_or_default(),
        ty::UUID16_INCOMPLETE | ty::UUID16_COMPLETE => {
            let (uuids, _) = data.as_chunks();
            let uuids: Vec<_> = uuids
                .iter()
                .map(|uuid| format!("0x{:04X}", u16::from_le_bytes(*uuid)))
                .collect();
            uuids.join(", ")
        }
        ty::SERVICE_DATA_16 => data
            .first_chunk()
            .map(|uuid| service16(u16::from_le_bytes(*uuid)))
            .unwrap_or_default(),
        ty::SERVICE_DATA_128 => data
            .first_chunk()
            .map(|uuid| service_long(u128::from_le_bytes(*uuid)))
            .unwrap_or_default(),
        ty::MANUFACTURER => data
            .first_chunk()
            .map(|identifier| company(u16::from_le_bytes(*identifier)))
            .unwrap_or_default(),
        ty::NAME_SHORT | ty::NAME_COMPLETE => text(data),
        _ => format!("{} bytes", data.len()),
    }
}

fn explain_end(payload: &[u8], offset: usize, fields: &mut Vec<Field>) {
    let mut parts = Parts {
        fields,
        payload,
        at: offset,
        level: 0,
    };
    let (name, note) = match ad::end(payload) {
        AdEnd::Clean => return,
        AdEnd::Padding { .. } => ("padding", "zero length: the data ends before this"),
        AdEnd::DataAfterEnd { .. } => ("garbage", "not read: a zero length ended the data before this"),
        AdEnd::Overrun { .. } => ("overrun", "not read: the length runs past the end of the payload"),
    };
    let value = match parts.left() {
        [length, rest @ ..] if *length != 0 => format!("length {length}, but {} bytes left", rest.len()),
        left => format!("{} bytes", left.len()),
    };
    let end = payload.len();
    parts.push(end, name, value, Some(note));
}

fn explain_data(ty: u8, parts: &mut Parts<'_, '_>) {
    match ty {
        ty::FLAGS => {
            parts.take("flags", |[flags]| format!("0x{flags:02x}: {}", flag_names(flags)));
        }
        ty::UUID16_INCOMPLETE | ty::UUID16_COMPLETE | 0x14 => {
            while parts
                .take("service UUID", |uuid| service16(u16::from_le_bytes(uuid)))
                .is_some()
            {}
        }
        ty::UUID32_INCOMPLETE | ty::UUID32_COMPLETE | 0x1f => {
            while parts
                .take("service UUID", |uuid| service32(u32::from_le_bytes(uuid)))
                .is_some()
            {}
        }
        ty::UUID128_INCOMPLETE | ty::UUID128_COMPLETE | 0x15 => {
            while parts
                .take("service UUID", |uuid| service_long(u128::from_le_bytes(uuid)))
                .is_some()
            {}
        }
        ty::SERVICE_DATA_16 => {
            if let Some(uuid) = parts.take("service UUID", |uuid| service16(u16::from_le_bytes(uuid))) {
                families::service_data(u16::from_le_bytes(uuid), parts);
            }
        }
        ty::SERVICE_DATA_32 => {
            parts.take("service UUID", |uuid| service32(u32::from_le_bytes(uuid)));
        }
        ty::SERVICE_DATA_128 => {
            parts.take("service UUID", |uuid| service_long(u128::from_le_bytes(uuid)));
        }
        ty::MANUFACTURER => {
            if let Some(identifier) = parts.take("company", |identifier| company(u16::from_le_bytes(identifier))) {
                families::manufacturer_data(u16::from_le_bytes(identifier), parts);
            }
        }
        ty::NAME_SHORT | ty::NAME_COMPLETE => parts.rest_as("name", text, Some("often names the owner")),
        ty::TX_POWER => {
            parts.take("TX power", |[level]| dbm(level));
        }
        ty::APPEARANCE => {
            parts.take("appearance", |value| appearance(u16::from_le_bytes(value)));
        }
        0x12 => {
            parts.take("shortest interval", connection_interval);
            parts.take("longest interval", connection_interval);
        }
        0x1a => {
            parts.take("advertising interval", |units| {
                milliseconds(u64::from(u16::from_le_bytes(units)) * 625)
            });
        }
        _ => {}
    }
}

/// Takes the bytes of a structure from front to back, a field at a time; what no field has taken, [`Parts::rest`]
/// does, so that the fields always tile it.
struct Parts<'a, 'f> {
    fields: &'f mut Vec<Field>,
    /// The whole payload up to the end of what is being explained.
    payload: &'a [u8],
    at: usize,
    level: u8,
}

impl<'a> Parts<'a, '_> {
    fn left(&self) -> &'a [u8] {
        self.payload.get(self.at..).unwrap_or_default()
    }

    fn push(
        &mut self,
        end: usize,
        name: impl Into<Cow<'static, str>>,
        value: String,
        note: Option<impl Into<Cow<'static, str>>>,
    ) {
        self.fields.push(Field {
            range: self.at..end,
            level: self.level,
            name: name.into(),
            value,
            note: note.map(Into::into),
        });
        self.at = end;
    }

    /// A field over all that is left, with parts to follow.
    fn push_whole(&mut self, level: u8, name: Cow<'static, str>, value: String, note: Option<&'static str>) {
        let range = self.at..self.payload.len();
        self.fields.push(Field {
            range,
            level,
            name,
            value,
            note: note.map(Cow::Borrowed),
        });
    }

    /// A field of `N` bytes, or nothing when fewer are left.
    fn take<const N: usize>(&mut self, name: &'static str, show: impl FnOnce([u8; N]) -> String) -> Option<[u8; N]> {
        self.take_noted(name, None, show)
    }

    fn take_noted<const N: usize>(
        &mut self,
        name: &'static str,
        note: Option<&'static str>,
        show: impl FnOnce([u8; N]) -> String,
    ) -> Option<[u8; N]> {
        let bytes = *self.left().first_chunk()?;
        self.push(self.at + N, name, show(bytes), note);
        Some(bytes)
    }

    /// A field of `N` bytes shown as hexadecimal.
    fn take_hex<const N: usize>(&mut self, name: &'static str, note: Option<&'static str>) {
        self.take_noted::<N>(name, note, |bytes| Hex(&bytes).to_string());
    }

    /// One field for all that is left; none when nothing is.
    fn rest(&mut self, name: &'static str) {
        self.rest_as(name, |bytes| Hex(bytes).to_string(), None);
    }

    fn rest_as(&mut self, name: &'static str, show: impl FnOnce(&[u8]) -> String, note: Option<&'static str>) {
        let left = self.left();
        if !left.is_empty() {
            self.push(self.payload.len(), name, show(left), note);
        }
    }

    /// A field of the next `len` bytes (as far as there are) whose parts `explain` takes one level further in.
    fn nested(
        &mut self,
        len: usize,
        name: &'static str,
        note: Option<&'static str>,
        explain: impl FnOnce(&mut Parts<'a, '_>),
    ) {
        let end = self.payload.len().min(self.at + len);
        let mut inner = Parts {
            fields: &mut *self.fields,
            payload: &self.payload[..end],
            at: self.at,
            level: self.level + 1,
        };
        inner.push_whole(self.level, name.into(), format!("{} bytes", end - self.at), note);
        explain(&mut inner);
        inner.rest("unread");
        self.at = end;
    }
}

fn flag_names(flags: u8) -> String {
    const NAMES: [&str; 8] = [
        "LE limited discoverable",
        "LE general discoverable",
        "BR/EDR not supported",
        "LE and BR/EDR controller",
        "LE and BR/EDR host",
        "reserved bit 5",
        "reserved bit 6",
        "reserved bit 7",
    ];
    let set: Vec<_> = NAMES
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| flags >> bit & 1 == 1)
        .map(|(_, name)| name)
        .collect();
    match set.as_slice() {
        [] => "none".to_owned(),
        set => set.join(", "),
    }
}

fn named(number: String, name: Option<&str>) -> String {
    match name {
        Some(name) => number + " " + name,
        None => number,
    }
}

fn service16(uuid: u16) -> String {
    named(format!("0x{uuid:04X}"), service_name(uuid))
}

fn service32(uuid: u32) -> String {
    format!("0x{uuid:08X}")
}

fn service_long(uuid: u128) -> String {
    named(hyphenated(uuid), service128_name(uuid))
}

fn company(identifier: u16) -> String {
    named(format!("0x{identifier:04X}"), company_name(identifier))
}

/// A UUID as written.
fn hyphenated(uuid: u128) -> String {
    let mut text = format!("{uuid:032x}");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// Text from the air in quotes; invalid UTF-8 becomes U+FFFD.
fn text(bytes: &[u8]) -> String {
    format!("\"{}\"", printable(&String::from_utf8_lossy(bytes)))
}

fn dbm(byte: u8) -> String {
    Dbm(byte.cast_signed()).to_string()
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1000, micros % 1000)
}

fn connection_interval(units: [u8; 2]) -> String {
    match u16::from_le_bytes(units) {
        0xffff => "not given".to_owned(),
        units => milliseconds(u64::from(units) * 1250),
    }
}

/// The category of an appearance is its upper ten bits.
fn appearance(value: u16) -> String {
    const CATEGORIES: [&str; 19] = [
        "unknown",
        "phone",
        "computer",
        "watch",
        "clock",
        "display",
        "remote control",
        "eye-glasses",
        "tag",
        "keyring",
        "media player",
        "barcode scanner",
        "thermometer",
        "heart rate sensor",
        "blood pressure",
        "human interface device",
        "glucose meter",
        "running and walking sensor",
        "cycling",
    ];
    let category = CATEGORIES.get(usize::from(value >> 6)).copied();
    let mut text = named(format!("0x{value:04x}"), category);
    if category.is_some() && value & 0x3f != 0 {
        let _ = write!(text, ", sub-category {}", value & 0x3f);
    }
    text
}

#[cfg(test)]
mod tests;
