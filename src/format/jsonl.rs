//! JSON Lines: one object per event, for scripts. `vicino scan --json` and `vicino convert NAME.jsonl` give the same.
//!
//! Every object has `kind` (`advert`, or the word of the event), `time_us` (microseconds since 1970) and `station` (its
//! name). An advertisement has `address`, `address_kind`, `family`, `pdu`, `rssi_dbm`, `rssi_quality`, `tx_power_dbm`,
//! `channel`, `raw`, `rpi`, `aem`, `data` (hexadecimal) and `form`, and `event_type`, `address_type`, `primary_phy`,
//! `secondary_phy`, `set_id`, `periodic_interval`, `direct_address`, `direct_kind`, `bad_crc`. Other events have the
//! columns of the native events file that belong to their kind, a gap's text as `reason`. What is not known or says
//! nothing is left out, and so are identity resolving keys, which are secrets. A station's object names the [`SCHEMA`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::export::{EventWriter, NotCarried};
use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, Hex, StationId};
use crate::lab::beacon;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen;
use crate::lab::text::json_printable;

/// The version of the shape.
pub const SCHEMA: &str = "vicino/events/1";

/// Writes JSON Lines to any output.
pub struct JsonlWriter<W> {
    output: W,
    stations: StationNames,
    lost: NotCarried,
}

impl<W: Write> JsonlWriter<W> {
    /// Writes nothing yet.
    #[must_use]
    pub fn new(output: W) -> Self {
        Self {
            output,
            stations: StationNames::default(),
            lost: NotCarried::default(),
        }
    }
}

impl<W: Write> EventWriter for JsonlWriter<W> {
    fn write(&mut self, event: &CaptureEvent) -> io::Result<()> {
        self.stations.note(event);
        if let CaptureEvent::Other(other) = event
            && matches!(other.kind, EventKind::ResolvingAdd(_))
        {
            self.lost.add("identity resolving keys (secrets)");
        }
        write_line(&mut self.output, &object(event, &self.stations.of(event.station())))
    }

    fn finish(&mut self) -> io::Result<NotCarried> {
        self.output.flush()?;
        Ok(std::mem::take(&mut self.lost))
    }
}

/// What the stations call themselves.
#[derive(Default)]
pub(crate) struct StationNames(BTreeMap<StationId, String>);

impl StationNames {
    /// Takes the name of a station that introduces itself.
    pub(crate) fn note(&mut self, event: &CaptureEvent) {
        if let CaptureEvent::Other(other) = event
            && let EventKind::Station(info) = &other.kind
        {
            self.0.insert(other.station, info.name.clone());
        }
    }

    /// The name of a station; `station-N` where it gave none.
    pub(crate) fn of(&self, station: StationId) -> Cow<'_, str> {
        match self.0.get(&station) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("station-{}", station.0)),
        }
    }
}

/// Writes an object as a line that is safe to show.
pub(crate) fn write_line(output: &mut impl Write, object: &Value) -> io::Result<()> {
    output.write_all(json_printable(&object.to_string()).as_bytes())?;
    output.write_all(b"\n")
}

/// The object of an event.
#[must_use]
pub fn object(event: &CaptureEvent, station: &str) -> Value {
    let mut object = Map::new();
    let kind = match event {
        CaptureEvent::Advert(_) => "advert",
        CaptureEvent::Other(other) => other.kind.word(),
    };
    object.insert("kind".to_owned(), kind.into());
    object.insert("time_us".to_owned(), event.at().0.into());
    object.insert("station".to_owned(), station.into());
    let fields = match event {
        CaptureEvent::Advert(advert) => advert_fields(advert),
        CaptureEvent::Other(other) => event_fields(&other.kind),
    };
    if let Value::Object(fields) = fields {
        object.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Value::Object(object)
}

fn advert_fields(advert: &Advertisement) -> Value {
    let details = &advert.details;
    let frame = gaen::decode(&advert.data);
    let non_zero = |value: u16| (value != 0).then_some(value);
    let small = |value: u8| (value != 0).then_some(value);
    json!({
        "address": advert.address,
        "address_kind": advert.address.kind,
        "family": beacon::family(advert),
        "pdu": advert.pdu,
        "rssi_dbm": advert.rssi,
        "rssi_quality": advert.rssi_quality,
        "tx_power_dbm": advert.tx_power,
        "channel": advert.channel,
        "raw": details.form.is_raw(),
        "rpi": frame.map(|frame| frame.rpi),
        "aem": frame.and_then(|frame| frame.aem),
        "data": Hex(&advert.data),
        "form": details.form.word(),
        "event_type": non_zero(details.event_type),
        "address_type": small(details.address_type),
        "primary_phy": small(details.primary_phy),
        "secondary_phy": small(details.secondary_phy),
        "set_id": details.set_id,
        "periodic_interval": non_zero(details.periodic_interval),
        "direct_address": details.direct,
        "direct_kind": details.direct.map(|direct| direct.kind),
        "bad_crc": details.bad_crc.then_some(true),
    })
}

fn event_fields(kind: &EventKind) -> Value {
    let address = |address: &Address| json!({ "address": address, "address_kind": address.kind });
    match kind {
        EventKind::Station(info) => json!({ "schema": SCHEMA, "model": info.model }),
        EventKind::Mark(mark) => json!({
            "from_us": mark.from,
            "to_us": mark.to,
            "device": mark.device,
            "model": mark.model,
            "distance_m": mark.distance,
            "orientation": mark.orientation,
            "obstacle": mark.obstacle,
            "note": mark.note,
        }),
        EventKind::Gap { from, to, reason } => json!({ "from_us": from, "to_us": to, "reason": reason }),
        EventKind::Dropped { n } => json!({ "n": n }),
        EventKind::Adapter(state) => json!({ "state": state.word() }),
        EventKind::OwnData { set, command, data } => {
            json!({ "set": set, "command": command.word(), "data": Hex(data) })
        }
        EventKind::OwnAddress { set, address } => {
            json!({ "set": set, "address": address, "address_kind": address.kind })
        }
        EventKind::OwnEnable { set, on } => json!({ "set": set, "on": on }),
        EventKind::ScanParameters {
            active,
            interval,
            window,
        } => {
            json!({ "active": active, "interval": interval, "window": window })
        }
        EventKind::ScanEnable { on, filter_duplicates } => json!({ "on": on, "filter_duplicates": filter_duplicates }),
        EventKind::ResolvingAdd(entry) => address(&entry.peer),
        EventKind::ResolvingRemove { peer } => address(peer),
        EventKind::ResolvingClear => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::event::{Irk, ResolvingEntry};
    use crate::lab::time::UnixMicros;
    use proptest::prelude::*;

    fn text(events: &[CaptureEvent]) -> String {
        let mut bytes = Vec::new();
        let mut writer = JsonlWriter::new(&mut bytes);
        for event in events {
            writer.write(event).unwrap();
        }
        writer.finish().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn keys_are_left_out() {
        let entry = ResolvingEntry {
            peer: Address::default(),
            peer_irk: Irk([0xab; 16]),
            local_irk: Irk([0xcd; 16]),
        };
        let event = CaptureEvent::other(UnixMicros(1), StationId(0), EventKind::ResolvingAdd(Box::new(entry)));
        let text = text(&[event]);
        assert!(
            !text.contains("abab") && !text.contains("cdcd") && text.contains("resolving-add"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn every_event_is_one_line_of_json_with_its_time(events in crate::format::native::tests::stream()) {
            let text = text(&events);
            prop_assert_eq!(text.lines().count(), events.len());
            for (line, event) in text.lines().zip(&events) {
                let value: Value = serde_json::from_str(line).unwrap();
                prop_assert_eq!(&value["time_us"], &json!(event.at().0));
                if let CaptureEvent::Advert(advert) = event {
                    prop_assert_eq!(&value["data"], &json!(Hex(&advert.data).to_string()));
                }
            }
        }
    }
}
