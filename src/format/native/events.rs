//! One row of the events file.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::number::{decode_hex, push_hex};
use super::row::{BadRow, MAX_NAME, record};
use super::text;
use crate::lab::address::{Address, AddressKind, parse_bytes};
use crate::lab::advert::{Payload, StationId};
use crate::lab::event::{Event, EventKind, Irk, Mark, ResolvingEntry, StationInfo, device_of};
use crate::lab::time::UnixMicros;
use crate::lab::units::Metres;

/// The header row of an events file, without its line end.
pub const HEADER: &str = "kind,time_us,row,station,id,model,from_us,to_us,device,distance_m,orientation,obstacle,note,n,\
                          state,set,command,address,address_kind,data,active,interval,window,on,filter_duplicates,\
                          peer_irk,local_irk,edition";

/// A record while it is being written, field by field in the order of [`HEADER`].
struct Record(Vec<(&'static str, String)>);

impl Record {
    fn set(&mut self, column: &'static str, value: impl fmt::Display) {
        self.0.push((column, format!("{value}")));
    }

    fn text(&mut self, column: &'static str, value: &str) {
        self.0.push((column, text::escape(value).into_owned()));
    }

    fn some(&mut self, column: &'static str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.set(column, value);
        }
    }

    fn hex(&mut self, column: &'static str, bytes: &[u8]) {
        let mut digits = Vec::new();
        push_hex(&mut digits, bytes);
        self.set(column, String::from_utf8_lossy(&digits));
    }

    fn address(&mut self, address: Address) {
        self.set("address", address);
        self.set("address_kind", address.kind);
    }

    fn finish(self, header: &str, line: &mut Vec<u8>) -> Result<(), String> {
        let mut fields: Vec<Cow<'_, str>> = vec![Cow::Borrowed(""); header.split(',').count()];
        for (column, value) in self.0.into_iter().filter(|(_, value)| !value.is_empty()) {
            match header
                .split(',')
                .position(|name| name.trim_matches([' ', '"']) == column)
            {
                Some(place) => fields[place] = Cow::Owned(value),
                None => {
                    return Err(format!(
                        "no column {column:?} in the header row of the events file; add it"
                    ));
                }
            }
        }
        for (idx, field) in fields.iter().enumerate() {
            if idx > 0 {
                line.push(b',');
            }
            if field.contains([',', '"']) {
                line.push(b'"');
                line.extend_from_slice(field.replace('"', "\"\"").as_bytes());
                line.push(b'"');
            } else {
                line.extend_from_slice(field.as_bytes());
            }
        }
        line.push(b'\n');
        Ok(())
    }
}

/// Appends the row of an event with its line end. `station` is the station's name, `row` the number of advertisement
/// rows before it; without it the event is placed by its time.
pub fn encode(line: &mut Vec<u8>, event: &Event, station: &str, row: Option<u64>) {
    let whole = encode_under(HEADER, line, event, station, row);
    debug_assert!(whole.is_ok(), "this module's header has all of its columns");
}

/// As [`encode`], under the header row of a file that is there already.
pub(super) fn encode_under(
    header: &str,
    line: &mut Vec<u8>,
    event: &Event,
    station: &str,
    row: Option<u64>,
) -> Result<(), String> {
    let mut record = Record(Vec::with_capacity(8));
    record.set("kind", event.kind.word());
    record.set("time_us", event.at.0);
    record.some("row", row);
    record.text("station", station);
    encode_kind(&mut record, event);
    record.finish(header, line)
}

fn encode_kind(record: &mut Record, event: &Event) {
    match &event.kind {
        EventKind::Station(info) => {
            record.set("id", event.station.0);
            record.text("model", &info.model);
            record.text("edition", &info.edition);
        }
        EventKind::Mark(mark) => encode_mark(record, mark),
        EventKind::Gap { from, to, reason } => {
            record.set("from_us", from.0);
            record.set("to_us", to.0);
            record.text("note", reason);
        }
        EventKind::Dropped { n } => record.set("n", n),
        EventKind::Adapter(state) => record.set("state", state),
        EventKind::OwnData { set, command, data } => {
            record.set("set", set);
            record.set("command", command.word());
            record.hex("data", data);
        }
        EventKind::OwnAddress { set, address } => {
            record.some("set", *set);
            record.address(*address);
        }
        EventKind::OwnEnable { set, on } => {
            record.some("set", *set);
            record.set("on", on);
        }
        EventKind::ScanParameters {
            active,
            interval,
            window,
        } => {
            record.set("active", active);
            record.set("interval", interval);
            record.set("window", window);
        }
        EventKind::ScanEnable { on, filter_duplicates } => {
            record.set("on", on);
            record.set("filter_duplicates", filter_duplicates);
        }
        EventKind::ResolvingAdd(entry) => {
            record.address(entry.peer);
            record.hex("peer_irk", &entry.peer_irk.0);
            record.hex("local_irk", &entry.local_irk.0);
        }
        EventKind::ResolvingRemove { peer } => record.address(*peer),
        EventKind::ResolvingClear => {}
    }
}

fn encode_mark(record: &mut Record, mark: &Mark) {
    record.set("from_us", mark.from.0);
    record.some("to_us", mark.to.map(|to| to.0));
    record.text("device", &mark.device);
    record.text("model", &mark.model);
    record.some(
        "distance_m",
        mark.distance
            .filter(|metres| metres.0.is_finite())
            .map(|metres| metres.0),
    );
    record.text("orientation", &mark.orientation);
    record.text("obstacle", &mark.obstacle);
    record.text("note", &mark.note);
}

/// An event as it stands in the file: with its place among the advertisements, its station still a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub at: UnixMicros,
    pub kind: EventKind,
    /// Empty where the row names none.
    pub station: String,
    /// The number that a station row asks for.
    pub wanted: Option<StationId>,
    /// How many rows come before it; `None`: by its time.
    pub row: Option<u64>,
}

/// Reads the rows of an events file under one header.
pub(super) struct EventParser {
    header: Vec<String>,
}

impl EventParser {
    /// For the header row in `line`; an error says what it lacks.
    pub(super) fn new(line: &[u8]) -> Result<Self, String> {
        let header = record(line).map_err(|BadRow(what)| what)?;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        for required in ["kind", "time_us"] {
            if !header.iter().any(|name| name == required) {
                return Err(format!("no column {required:?} in the header row of the events file"));
            }
        }
        Ok(Self { header })
    }

    /// The event of a row.
    pub(super) fn parse(&self, line: &[u8]) -> Result<Placed, BadRow> {
        let record = record(line)?;
        if record.len() != self.header.len() {
            return Err(BadRow(format!(
                "{} fields where the header row has {}",
                record.len(),
                self.header.len()
            )));
        }
        let values = Values {
            header: &self.header,
            record: &record,
        };
        let at = UnixMicros(values.need("time_us", "a whole number of microseconds since 1970")?);
        let station = match values.text("station") {
            name if name.len() > MAX_NAME => return Err(values.bad("station", "a name of at most 256 bytes")),
            name => name,
        };
        Ok(Placed {
            at,
            kind: values.kind(at, &station)?,
            wanted: values.number("id", "a whole number from 0 to 65535")?.map(StationId),
            row: values.number("row", "a whole number")?,
            station,
        })
    }
}

struct Values<'a> {
    header: &'a [String],
    record: &'a csv::StringRecord,
}

impl Values<'_> {
    fn untrimmed(&self, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    fn get(&self, column: &str) -> &str {
        self.untrimmed(column).trim()
    }

    fn text(&self, column: &str) -> String {
        text::unescape(self.untrimmed(column)).into_owned()
    }

    fn bad(&self, column: &str, expected: &str) -> BadRow {
        let shown: String = self.get(column).chars().take(60).collect();
        BadRow(format!("column {column:?}: {shown:?} is not {expected}"))
    }

    fn number<T: FromStr>(&self, column: &str, expected: &str) -> Result<Option<T>, BadRow> {
        match self.get(column) {
            "" => Ok(None),
            value => value.parse().map(Some).map_err(|_| self.bad(column, expected)),
        }
    }

    fn need<T: FromStr>(&self, column: &str, expected: &str) -> Result<T, BadRow> {
        self.number(column, expected)?.ok_or_else(|| self.bad(column, expected))
    }

    fn flag(&self, column: &str) -> Result<bool, BadRow> {
        match self.get(column) {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.bad(column, "true or false")),
        }
    }

    fn bytes(&self, column: &str) -> Result<Vec<u8>, BadRow> {
        let hex = self.get(column).as_bytes();
        let mut bytes = vec![0; hex.len() / 2];
        if decode_hex(hex, &mut bytes) {
            Ok(bytes)
        } else {
            Err(self.bad(column, "pairs of hexadecimal digits"))
        }
    }

    /// Keys are not shown in messages.
    fn irk(&self, column: &str) -> Result<Irk, BadRow> {
        if self.get(column).is_empty() {
            return Ok(Irk([0; 16]));
        }
        let mut key = Irk([0; 16]);
        if decode_hex(self.get(column).as_bytes(), &mut key.0) {
            Ok(key)
        } else {
            Err(BadRow(format!(
                "column {column:?} is not a key of 32 hexadecimal digits"
            )))
        }
    }

    fn address(&self) -> Result<Address, BadRow> {
        let bytes =
            parse_bytes(self.get("address")).map_err(|_| self.bad("address", "an address like 5e:1b:09:c4:77:01"))?;
        let kind = match self.get("address_kind") {
            "" => AddressKind::Unknown,
            word => word
                .parse()
                .map_err(|_| self.bad("address_kind", "one of the known words"))?,
        };
        Ok(Address { bytes, kind })
    }

    fn kind(&self, at: UnixMicros, station: &str) -> Result<EventKind, BadRow> {
        let micros = "a whole number of microseconds since 1970";
        let small = "a whole number from 0 to 255";
        Ok(match self.get("kind") {
            "station" => EventKind::Station(StationInfo {
                name: station.to_owned(),
                model: self.text("model"),
                edition: self.text("edition"),
            }),
            "mark" => EventKind::Mark(self.mark(at)?),
            "gap" => EventKind::Gap {
                from: UnixMicros(self.need("from_us", micros)?),
                to: UnixMicros(self.need("to_us", micros)?),
                reason: self.text("note"),
            },
            "dropped" => EventKind::Dropped {
                n: self.need("n", "a whole number")?,
            },
            "adapter" => EventKind::Adapter(self.need("state", "an adapter state (scanning, off, …)")?),
            "own-data" => EventKind::OwnData {
                set: self.need("set", small)?,
                command: self.need("command", "one of legacy, extended, android-multi, apple")?,
                data: Payload::new(&self.bytes("data")?),
            },
            "own-address" => EventKind::OwnAddress {
                set: self.number("set", small)?,
                address: self.address()?,
            },
            "own-enable" => EventKind::OwnEnable {
                set: self.number("set", small)?,
                on: self.flag("on")?,
            },
            "scan-parameters" => EventKind::ScanParameters {
                active: self.flag("active")?,
                interval: self.need("interval", "a whole number from 0 to 65535")?,
                window: self.need("window", "a whole number from 0 to 65535")?,
            },
            "scan-enable" => EventKind::ScanEnable {
                on: self.flag("on")?,
                filter_duplicates: self.flag("filter_duplicates")?,
            },
            "resolving-add" => EventKind::ResolvingAdd(Box::new(ResolvingEntry {
                peer: self.address()?,
                peer_irk: self.irk("peer_irk")?,
                local_irk: self.irk("local_irk")?,
            })),
            "resolving-remove" => EventKind::ResolvingRemove { peer: self.address()? },
            "resolving-clear" => EventKind::ResolvingClear,
            _ => return Err(self.bad("kind", "a known kind of event")),
        })
    }

    fn mark(&self, at: UnixMicros) -> Result<Mark, BadRow> {
        let micros = "a whole number of microseconds since 1970";
        let metres = "a distance of zero or more metres";
        let distance = self.number::<f64>("distance_m", metres)?;
        if distance.is_some_and(|distance| !distance.is_finite()) {
            return Err(self.bad("distance_m", metres));
        }
        Ok(Mark {
            from: UnixMicros(self.number("from_us", micros)?.unwrap_or(at.0)),
            to: self.number("to_us", micros)?.map(UnixMicros),
            device: device_of(&self.text("device")).to_owned(),
            model: self.text("model"),
            distance: distance.map(Metres),
            orientation: self.text("orientation"),
            obstacle: self.text("obstacle"),
            note: self.text("note"),
        })
    }
}
