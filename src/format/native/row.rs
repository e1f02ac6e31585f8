//! One row of the advertisement file: written, read fast where it is as this program writes it, read by the csv crate
//! otherwise. Both ways of reading give the same.

use std::collections::BTreeMap;
use std::num::TryFromIntError;
use std::str::FromStr;

use super::number::{decode_address, decode_hex, integer, optional, push_hex, push_integer};
use super::text;
use crate::lab::address::{Address, AddressKind, parse_bytes};
use crate::lab::advert::{Advertisement, Payload, PduType, ReportDetails, ReportForm, RssiQuality, StationId};
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// The header row, without its line end.
pub const HEADER: &str = "time_us,station,address,address_kind,pdu,rssi_dbm,tx_power_dbm,channel,raw,data,form,\
                          event_type,address_type,primary_phy,secondary_phy,set_id,periodic_interval,direct_address,\
                          direct_kind,rssi_quality,bad_crc";

/// How many columns come after `data`.
const TAIL_COLUMNS: usize = 11;
/// Longest station name that is read, in bytes: a hostile file cannot fill the memory with names.
pub(super) const MAX_NAME: usize = 256;
/// Name of the station of rows that name none.
pub(super) const DEFAULT_STATION: &str = "station";
/// How many columns of a foreign file are looked at.
const MAX_COLUMNS: usize = 512;

/// What is wrong with a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadRow(pub String);

fn bad(column: &str, value: &str, expected: &str) -> BadRow {
    let shown: String = value.chars().take(60).collect();
    BadRow(format!("column {column:?}: {shown:?} is not {expected}"))
}

/// Appends the row of an advertisement with its line end; `station` is the station's name.
pub fn write_row(line: &mut Vec<u8>, advert: &Advertisement, station: &str) {
    push_integer(line, advert.at.0);
    line.push(b',');
    push_text(line, station);
    line.push(b',');
    push_address(line, (advert.address != Address::default()).then_some(advert.address));
    line.push(b',');
    if advert.pdu != PduType::Unknown {
        line.extend_from_slice(advert.pdu.word().as_bytes());
    }
    line.push(b',');
    push_optional(line, advert.rssi.map(|level| i64::from(level.0)));
    push_optional(line, advert.tx_power.map(|level| i64::from(level.0)));
    push_optional(line, advert.channel.map(i64::from));
    line.extend_from_slice(if advert.details.form.is_raw() {
        b"true,"
    } else {
        b"false,"
    });
    push_hex(line, &advert.data);
    push_tail(line, &advert.details, advert.rssi_quality);
    line.push(b'\n');
}

fn push_tail(line: &mut Vec<u8>, details: &ReportDetails, quality: RssiQuality) {
    line.push(b',');
    if details.form != ReportForm::default() {
        line.extend_from_slice(details.form.word().as_bytes());
    }
    line.push(b',');
    let non_zero = |value: i64| (value != 0).then_some(value);
    push_optional(line, non_zero(i64::from(details.event_type)));
    push_optional(line, non_zero(i64::from(details.address_type)));
    push_optional(line, non_zero(i64::from(details.primary_phy)));
    push_optional(line, non_zero(i64::from(details.secondary_phy)));
    push_optional(line, details.set_id.map(i64::from));
    push_optional(line, non_zero(i64::from(details.periodic_interval)));
    push_address(line, details.direct);
    line.push(b',');
    if quality != RssiQuality::default() {
        line.extend_from_slice(quality.word().as_bytes());
    }
    line.extend_from_slice(if details.bad_crc { b",true" } else { b"," });
}

/// The address and, after a comma, its kind; the word for an unknown kind is the empty one.
fn push_address(line: &mut Vec<u8>, address: Option<Address>) {
    if let Some(address) = address {
        for (idx, byte) in address.bytes.iter().enumerate() {
            if idx > 0 {
                line.push(b':');
            }
            push_hex(line, &[*byte]);
        }
    }
    line.push(b',');
    let kind = address.unwrap_or_default().kind;
    if kind != AddressKind::Unknown {
        line.extend_from_slice(kind.word().as_bytes());
    }
}

fn push_optional(line: &mut Vec<u8>, value: Option<i64>) {
    if let Some(value) = value {
        push_integer(line, value);
    }
    line.push(b',');
}

/// Text as one CSV field of one line.
fn push_text(line: &mut Vec<u8>, plain: &str) {
    let escaped = text::escape(plain);
    if escaped.contains([',', '"']) {
        line.push(b'"');
        line.extend_from_slice(escaped.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(escaped.as_bytes());
    }
}

/// What the columns after `data` say; the same for row after row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tail {
    /// `None` where the column is empty: then `raw` decides.
    form: Option<ReportForm>,
    details: ReportDetails,
    quality: RssiQuality,
}

impl Tail {
    fn details(&self, raw: bool) -> ReportDetails {
        let implied = if raw { ReportForm::Legacy } else { ReportForm::Host };
        ReportDetails {
            form: self.form.unwrap_or(implied),
            ..self.details
        }
    }
}

/// The values of a record by this module's columns, in the order of [`HEADER`].
struct Fields<'a> {
    record: &'a csv::StringRecord,
    places: &'a [Option<u16>],
}

impl<'a> Fields<'a> {
    fn get(&self, column: usize) -> &'a str {
        self.untrimmed(column).trim()
    }

    fn untrimmed(&self, column: usize) -> &'a str {
        let place = self.places.get(column).copied().flatten();
        place
            .and_then(|place| self.record.get(usize::from(place)))
            .unwrap_or_default()
    }

    fn number<T: FromStr>(&self, column: usize, expected: &str) -> Result<Option<T>, BadRow> {
        match self.get(column) {
            "" => Ok(None),
            value => value
                .parse()
                .map(Some)
                .map_err(|_| bad(column_name(column), value, expected)),
        }
    }

    fn byte(&self, column: usize) -> Result<Option<u8>, BadRow> {
        self.number(column, "a whole number from 0 to 255")
    }

    fn level(&self, column: usize) -> Result<Option<Dbm>, BadRow> {
        let level: Option<i8> = self.number(column, "a whole number of dBm from -128 to 127")?;
        Ok(level.and_then(told))
    }

    fn flag(&self, column: usize, default: bool) -> Result<bool, BadRow> {
        match self.get(column) {
            "" => Ok(default),
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            value => Err(bad(column_name(column), value, "true or false")),
        }
    }

    fn known<T: FromStr + Default>(&self, column: usize) -> Result<T, BadRow> {
        match self.get(column) {
            "" => Ok(T::default()),
            value => value
                .parse()
                .map_err(|_| bad(column_name(column), value, "one of the known words")),
        }
    }

    /// Who sent it. Where no address is told, its kind is not known either: it must not pass for one of zeros.
    fn sender(&self) -> Result<Address, BadRow> {
        let kind = self.known(KIND)?;
        Ok(match self.address(ADDRESS)? {
            Some(bytes) => Address { bytes, kind },
            None if matches!(kind, AddressKind::Anonymous | AddressKind::Opaque) => Address { bytes: [0; 6], kind },
            None => Address {
                bytes: [0; 6],
                kind: AddressKind::Unknown,
            },
        })
    }

    fn address(&self, column: usize) -> Result<Option<[u8; 6]>, BadRow> {
        match self.get(column) {
            "" => Ok(None),
            value => parse_bytes(value)
                .map(Some)
                .map_err(|_| bad(column_name(column), value, "an address like 5e:1b:09:c4:77:01")),
        }
    }
}

fn column_name(column: usize) -> &'static str {
    HEADER.split(',').nth(column).unwrap_or_default()
}

const TIME: usize = 0;
const STATION: usize = 1;
const ADDRESS: usize = 2;
const KIND: usize = 3;
const PDU: usize = 4;
const RSSI: usize = 5;
const TX_POWER: usize = 6;
const CHANNEL: usize = 7;
const RAW: usize = 8;
const DATA: usize = 9;
const TAIL: usize = 10;
const ALL: usize = TAIL + TAIL_COLUMNS;

/// Station names as they stand in the file, and their numbers.
#[derive(Debug, Default)]
pub(super) struct Stations {
    by_name: BTreeMap<Box<[u8]>, StationId>,
    taken: std::collections::BTreeSet<StationId>,
    /// All numbers below are taken.
    free_from: u16,
    /// Names that rows used and nobody has introduced yet.
    pub(super) fresh: Vec<(StationId, String)>,
}

impl Stations {
    /// The number of a station that an events file introduces; `wanted` where it is free.
    pub(super) fn introduce(&mut self, name: &str, wanted: Option<StationId>) -> Option<StationId> {
        if let Some(station) = self.by_name.get(name.as_bytes()) {
            return Some(*station);
        }
        let free = || {
            (self.free_from..=u16::MAX)
                .map(StationId)
                .find(|station| !self.taken.contains(station))
        };
        let station = if let Some(wanted) = wanted.filter(|wanted| !self.taken.contains(wanted)) {
            wanted
        } else {
            let free = free()?;
            self.free_from = free.0;
            free
        };
        self.taken.insert(station);
        self.by_name.insert(name.as_bytes().into(), station);
        Some(station)
    }

    /// The station of an event that names none: the first there is.
    pub(super) fn first(&mut self) -> Result<StationId, BadRow> {
        match self.taken.first() {
            Some(station) => Ok(*station),
            None => self.of(DEFAULT_STATION),
        }
    }

    /// The number of a station that a row names; an unknown one is introduced by it.
    pub(super) fn of(&mut self, name: &str) -> Result<StationId, BadRow> {
        if name.len() > MAX_NAME {
            return Err(bad("station", name, "a name of at most 256 bytes"));
        }
        if let Some(station) = self.by_name.get(name.as_bytes()) {
            return Ok(*station);
        }
        let station = self
            .introduce(name, None)
            .ok_or_else(|| BadRow("more than 65,536 stations".to_owned()))?;
        self.fresh.push((station, name.to_owned()));
        Ok(station)
    }
}

/// Reads rows under one header.
pub(super) struct RowParser {
    places: [Option<u16>; ALL],
    columns: usize,
    canonical: bool,
    pub(super) stations: Stations,
    last_station: (Vec<u8>, StationId),
    last_kind: AddressKind,
    last_pdu: PduType,
    tails: [(Vec<u8>, Tail); 4],
    next_tail: usize,
}

impl RowParser {
    /// For the header row in `line`; an error says what it lacks.
    pub(super) fn new(line: &[u8]) -> Result<Self, String> {
        let header = record(line).map_err(|BadRow(what)| what)?;
        if header.len() > MAX_COLUMNS {
            return Err(format!("the header row has more than {MAX_COLUMNS} columns"));
        }
        let place = |name: &str| header.iter().position(|column| column.trim() == name);
        if place("kind").is_some() && place("row").is_some() {
            return Err(
                "this is the events file of a capture (NAME.events.csv): give NAME.csv, beside which it is read"
                    .to_owned(),
            );
        }
        let mut places = [None; ALL];
        for (slot, name) in places.iter_mut().zip(HEADER.split(',')) {
            *slot = place(name).and_then(|place| u16::try_from(place).ok());
        }
        for required in [TIME, DATA] {
            if places[required].is_none() {
                return Err(format!(
                    "no column {:?} in the header row; a native capture begins with {:?}",
                    column_name(required),
                    "time_us,station,address,…,data,…"
                ));
            }
        }
        Ok(Self {
            places,
            columns: header.len(),
            canonical: line == HEADER.as_bytes(),
            stations: Stations::default(),
            last_station: (Vec::new(), StationId(0)),
            last_kind: AddressKind::default(),
            last_pdu: PduType::default(),
            tails: Default::default(),
            next_tail: 0,
        })
    }

    /// The advertisement of a row.
    #[inline]
    pub(super) fn parse(&mut self, line: &[u8]) -> Result<Advertisement, BadRow> {
        if self.canonical
            && let Some(advert) = self.fast(line)
        {
            return Ok(advert);
        }
        self.general(line)
    }

    /// Reads a row that is exactly as [`write_row`] writes it; `None` for all else, which [`Self::general`] judges.
    #[inline]
    fn fast(&mut self, line: &[u8]) -> Option<Advertisement> {
        let (at, rest) = integer(line)?;
        let (station, rest) = self.fast_station(rest)?;
        let (text, rest) = rest.split_first_chunk::<17>()?;
        let (bytes, rest) = (decode_address(text)?, rest.strip_prefix(b",")?);
        let (kind, rest) = word(rest, &mut self.last_kind, &AddressKind::ALL, AddressKind::word)?;
        let (pdu, rest) = word(rest, &mut self.last_pdu, &PduType::ALL, PduType::word)?;
        let (rssi, rest) = optional(rest)?;
        let (tx_power, rest) = optional(rest)?;
        let (channel, rest) = optional(rest)?;
        let (raw, rest) = match rest {
            [b't', b'r', b'u', b'e', b',', rest @ ..] => (true, rest),
            [b'f', b'a', b'l', b's', b'e', b',', rest @ ..] => (false, rest),
            _ => return None,
        };
        let (hex, tail) = rest.split_at_checked(memchr::memchr(b',', rest)?)?;
        let tail = self.fast_tail(tail)?;
        Some(Advertisement {
            at: UnixMicros(at),
            station,
            address: Address { bytes, kind },
            pdu,
            rssi: level(rssi).ok()?,
            rssi_quality: tail.quality,
            tx_power: level(tx_power).ok()?,
            channel: channel.map(u8::try_from).transpose().ok()?,
            details: tail.details(raw),
            data: payload(hex)?,
        })
    }

    #[inline]
    fn fast_station<'a>(&mut self, line: &'a [u8]) -> Option<(StationId, &'a [u8])> {
        let (last, station) = &self.last_station;
        if let Some([b',', rest @ ..]) = line.strip_prefix(last.as_slice())
            && !last.is_empty()
        {
            return Some((*station, rest));
        }
        let (name, rest) = line.split_at_checked(memchr::memchr(b',', line)?)?;
        // Only plain names that are known already: the general way introduces them and undoes quotes and escapes.
        if name.is_empty() || name.iter().any(|byte| matches!(byte, b'"' | b'\\' | b' ')) || !name.is_ascii() {
            return None;
        }
        let station = *self.stations.by_name.get(name)?;
        self.last_station = (name.to_vec(), station);
        Some((station, &rest[1..]))
    }

    #[inline]
    fn fast_tail(&mut self, text: &[u8]) -> Option<Tail> {
        if let Some((_, tail)) = self.tails.iter().find(|(known, _)| known.as_slice() == text) {
            return Some(*tail);
        }
        let record = record(text).ok().filter(|record| record.len() == TAIL_COLUMNS + 1)?;
        let mut places = [None; ALL];
        for (place, slot) in (1..).zip(&mut places[TAIL..]) {
            *slot = Some(place);
        }
        let tail = tail(&Fields {
            record: &record,
            places: &places,
        })
        .ok()?;
        self.tails[self.next_tail] = (text.to_vec(), tail);
        self.next_tail = (self.next_tail + 1) % self.tails.len();
        Some(tail)
    }

    /// Reads any row, and tells what is wrong with it.
    fn general(&mut self, line: &[u8]) -> Result<Advertisement, BadRow> {
        let record = record(line)?;
        if record.len() != self.columns {
            return Err(BadRow(format!(
                "{} fields where the header row has {}",
                record.len(),
                self.columns
            )));
        }
        let fields = Fields {
            record: &record,
            places: &self.places,
        };
        let tail = tail(&fields)?;
        let at = fields
            .number(TIME, "a whole number of microseconds since 1970")?
            .ok_or_else(|| bad("time_us", "", "a whole number of microseconds since 1970"))?;
        let hex = fields.get(DATA);
        let mut advert = Advertisement {
            at: UnixMicros(at),
            station: StationId(0),
            address: fields.sender()?,
            pdu: fields.known(PDU)?,
            rssi: fields.level(RSSI)?,
            rssi_quality: tail.quality,
            tx_power: fields.level(TX_POWER)?,
            channel: fields.byte(CHANNEL)?,
            details: tail.details(fields.flag(RAW, true)?),
            data: payload(hex.as_bytes()).ok_or_else(|| bad("data", hex, "pairs of hexadecimal digits"))?,
        };
        let name = text::unescape(fields.untrimmed(STATION));
        advert.station = self
            .stations
            .of(if name.is_empty() { DEFAULT_STATION } else { &name })?;
        Ok(advert)
    }
}

fn tail(fields: &Fields<'_>) -> Result<Tail, BadRow> {
    let form = fields.get(TAIL);
    let direct = fields.address(TAIL + 7)?;
    let direct_kind = fields.known(TAIL + 8)?;
    Ok(Tail {
        form: if form.is_empty() {
            None
        } else {
            Some(fields.known(TAIL)?)
        },
        details: ReportDetails {
            form: ReportForm::default(),
            event_type: fields.number(TAIL + 1, "a whole number from 0 to 65535")?.unwrap_or(0),
            address_type: fields.byte(TAIL + 2)?.unwrap_or(0),
            primary_phy: fields.byte(TAIL + 3)?.unwrap_or(0),
            secondary_phy: fields.byte(TAIL + 4)?.unwrap_or(0),
            set_id: fields.byte(TAIL + 5)?,
            periodic_interval: fields.number(TAIL + 6, "a whole number from 0 to 65535")?.unwrap_or(0),
            direct: direct.map(|bytes| Address {
                bytes,
                kind: direct_kind,
            }),
            bad_crc: fields.flag(TAIL + 10, false)?,
        },
        quality: fields.known(TAIL + 9)?,
    })
}

fn level(value: Option<i64>) -> Result<Option<Dbm>, TryFromIntError> {
    Ok(value.map(i8::try_from).transpose()?.and_then(told))
}

/// A level; 127 is what controllers say where they do not know, and programs that make such files pass it on.
fn told(dbm: i8) -> Option<Dbm> {
    (dbm != i8::MAX).then_some(Dbm(dbm))
}

/// The payload written as hexadecimal; `None` where it is none.
#[inline]
fn payload(hex: &[u8]) -> Option<Payload> {
    let length = hex.len() / 2;
    let mut short = [0; 31];
    if let Some(bytes) = short.get_mut(..length) {
        return decode_hex(hex, bytes).then(|| Payload::new(bytes));
    }
    let mut bytes = vec![0; length];
    decode_hex(hex, &mut bytes).then(|| Payload::new(&bytes))
}

/// The word before the next comma; most often it is the last row's.
#[inline]
fn word<'a, T: Copy + Default>(
    text: &'a [u8],
    last: &mut T,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Option<(T, &'a [u8])> {
    let after = |value| match text.strip_prefix(word(value).as_bytes()) {
        Some([b',', rest @ ..]) => Some((value, rest)),
        _ => None,
    };
    if let [b',', rest @ ..] = text {
        return Some((T::default(), rest));
    }
    let found = after(*last).or_else(|| all.iter().copied().find_map(after))?;
    *last = found.0;
    Some(found)
}

/// One line as a record. Where nothing is quoted its fields are what stands between the commas; building a parser of the
/// csv crate would cost more than the rest of the row.
pub(super) fn record(line: &[u8]) -> Result<csv::StringRecord, BadRow> {
    let is_plain = !line.is_empty() && memchr::memchr2(b'"', b'\r', line).is_none();
    if !is_plain {
        return quoted_record(line);
    }
    match std::str::from_utf8(line) {
        Ok(line) => Ok(line.split(',').collect()),
        Err(_) => Err(not_text()),
    }
}

fn quoted_record(line: &[u8]) -> Result<csv::StringRecord, BadRow> {
    let mut record = csv::StringRecord::new();
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len().clamp(1, super::MAX_LINE))
        .from_reader(line)
        .read_record(&mut record)
        .map_err(|_| not_text())?;
    Ok(record)
}

fn not_text() -> BadRow {
    BadRow("not UTF-8 text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_line_has_the_fields_that_the_csv_crate_finds(
            line in prop::collection::vec(prop::sample::select(b"ab,,\"\r \xc3\xa4".to_vec()), 0..20),
        ) {
            let fields = |record: Result<csv::StringRecord, BadRow>| record.map_err(|BadRow(what)| what);
            prop_assert_eq!(fields(record(&line)), fields(quoted_record(&line)));
        }
    }
}
