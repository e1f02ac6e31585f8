//! The lines of `vicino scan`.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};

use serde_json::json;

use crate::cli::tell;
use crate::format::jsonl::{self, StationNames};
use crate::format::native;
use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, Hex};
use crate::lab::beacon;
use crate::lab::event::{CaptureEvent, Event, EventKind};
use crate::lab::gaen::{self, Rpi};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;

/// More different addresses or identifiers are not told apart in the summary.
const MAX_DISTINCT: usize = 1_000_000;

/// What the lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Human,
    /// JSON Lines.
    Json,
    /// The last of the JSON Lines.
    JsonSummary,
    /// The rows of a native capture.
    Csv,
    /// Only the summary, for people.
    Summary,
}

/// Writes events as lines, and counts them.
pub(super) struct Writer<W> {
    sink: W,
    form: Form,
    summary: Summary,
    stations: StationNames,
    row: Vec<u8>,
}

#[derive(Default)]
struct Summary {
    first: Option<UnixMicros>,
    last: UnixMicros,
    adverts: u64,
    gaen: u64,
    gaps: u64,
    gap_micros: i64,
    addresses: BTreeSet<Address>,
    rpis: BTreeSet<Rpi>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut sink: W, form: Form) -> io::Result<Self> {
        if form == Form::Csv {
            writeln!(sink, "{}", native::HEADER)?;
        }
        Ok(Self {
            sink,
            form,
            summary: Summary::default(),
            stations: StationNames::default(),
            row: Vec::new(),
        })
    }

    pub(super) fn accept(&mut self, batch: &[CaptureEvent]) -> io::Result<()> {
        for event in batch {
            self.stations.note(event);
            match event {
                CaptureEvent::Advert(advert) => self.advert(advert)?,
                CaptureEvent::Other(event) => self.other(event),
            }
            if self.form == Form::Json {
                let object = jsonl::object(event, &self.stations.of(event.station()));
                jsonl::write_line(&mut self.sink, &object)?;
            }
        }
        self.sink.flush()
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        let summary = &self.summary;
        let seconds = summary
            .first
            .map_or(0.0, |first| summary.last.since(first).as_secs_f64());
        match self.form {
            Form::Human | Form::Summary => {
                let summary_line = format!(
                    "{} advertisements in {seconds:.1} s from {} addresses; {} of exposure notification with {} identifiers; {} gaps",
                    summary.adverts,
                    AtLeast(summary.addresses.len()),
                    summary.gaen,
                    AtLeast(summary.rpis.len()),
                    summary.gaps
                );
                if self.form == Form::Summary {
                    writeln!(self.sink, "{summary_line}")?;
                } else {
                    tell(format_args!("{summary_line}"));
                }
            }
            Form::Json | Form::JsonSummary => {
                let line = json!({
                    "kind": "summary",
                    "schema": jsonl::SCHEMA,
                    "seconds": seconds,
                    "adverts": summary.adverts,
                    "addresses": summary.addresses.len(),
                    "gaen_adverts": summary.gaen,
                    "rpis": summary.rpis.len(),
                    "gaps": summary.gaps,
                    "gap_us": summary.gap_micros,
                });
                writeln!(self.sink, "{line}")?;
            }
            Form::Csv => {}
        }
        self.sink.flush()
    }

    fn advert(&mut self, advert: &Advertisement) -> io::Result<()> {
        let frame = gaen::decode(&advert.data);
        self.summary.count(advert, frame.map(|frame| frame.rpi));
        let rssi = advert.rssi.map(|level| level.0);
        match self.form {
            Form::Human => writeln!(
                self.sink,
                "{}  {:<12} {} {}  {:<8}  {:>4} dBm{}",
                Clock(advert.at),
                beacon::family(advert).word(),
                advert.address,
                advert.address.kind.letter(),
                frame.map_or_else(String::new, |frame| Hex(&frame.rpi.0[..4]).to_string()),
                rssi.map_or_else(|| "–".to_owned(), |rssi| rssi.to_string()),
                if advert.rssi_quality == crate::lab::advert::RssiQuality::Paired {
                    ""
                } else {
                    " ~"
                },
            ),
            Form::Csv => {
                self.row.clear();
                native::write_row(&mut self.row, advert, &self.stations.of(advert.station));
                self.sink.write_all(&self.row)
            }
            Form::Json | Form::Summary | Form::JsonSummary => Ok(()),
        }
    }

    fn other(&mut self, event: &Event) {
        self.summary.span(event.at);
        if let EventKind::Gap { from, to, reason } = &event.kind {
            self.summary.gaps += 1;
            self.summary.gap_micros = self.summary.gap_micros.saturating_add(to.since(*from).0);
            if self.form != Form::Json {
                tell(format_args!(
                    "gap of {:.1} s: {}",
                    to.since(*from).as_secs_f64(),
                    printable(reason)
                ));
            }
        }
    }
}

impl Summary {
    fn span(&mut self, at: UnixMicros) {
        self.first.get_or_insert(at);
        self.last = at;
    }

    fn count(&mut self, advert: &Advertisement, rpi: Option<Rpi>) {
        self.span(advert.at);
        self.adverts += 1;
        if self.addresses.len() < MAX_DISTINCT {
            self.addresses.insert(advert.address);
        }
        let Some(rpi) = rpi else { return };
        self.gaen += 1;
        if self.rpis.len() < MAX_DISTINCT {
            self.rpis.insert(rpi);
        }
    }
}

/// Time of day in UTC, with milliseconds.
struct Clock(UnixMicros);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.0.div_euclid(1_000).rem_euclid(86_400_000);
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}

struct AtLeast(usize);

impl fmt::Display for AtLeast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < MAX_DISTINCT { "" } else { "at least " };
        write!(f, "{sign}{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::EventReader as _;
    use crate::format::export::EventWriter as _;
    use crate::lab::advert::{Payload, ReportDetails, ReportForm, StationId};
    use crate::lab::event::{AdapterState, StationInfo};
    use crate::lab::units::Dbm;
    use hex_literal::hex;

    fn events() -> Vec<CaptureEvent> {
        let other = |at, kind| CaptureEvent::other(UnixMicros(at), StationId(0), kind);
        vec![
            other(
                1_000_000,
                EventKind::Station(StationInfo {
                    name: "hci0".into(),
                    model: "virtual".into(),
                    ..StationInfo::default()
                }),
            ),
            other(1_000_000, EventKind::Adapter(AdapterState::Scanning)),
            CaptureEvent::Advert(Advertisement {
                at: UnixMicros(2_500_000),
                address: Address::from_hci(1, [1, 0, 0x5e, 0, 0, 0x60]),
                rssi: Some(Dbm(-61)),
                details: ReportDetails {
                    form: ReportForm::Host,
                    ..ReportDetails::default()
                },
                data: Payload::new(&hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874")),
                ..Advertisement::default()
            }),
            other(
                4_000_000,
                EventKind::Gap {
                    from: UnixMicros(2_500_000),
                    to: UnixMicros(4_000_000),
                    reason: "the scan stopped".into(),
                },
            ),
        ]
    }

    fn lines(form: Form) -> Vec<String> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, form).unwrap();
        writer.accept(&events()).unwrap();
        writer.finish().unwrap();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn people_read_time_kind_address_identifier_and_level() {
        assert_eq!(
            lines(Form::Human),
            ["00:00:02.500  gaen-other   60:00:00:5e:00:01 R  8be6cd37   -61 dBm"]
        );
    }

    #[test]
    fn json_lines_end_with_the_summary() {
        let lines: Vec<serde_json::Value> = lines(Form::Json)
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["station", "adapter", "advert", "gap", "summary"]);
        assert_eq!(lines[2]["rpi"], "8be6cd371c5c891604bfbe49df845096");
        assert_eq!(lines[2]["station"], "hci0");
        assert_eq!(lines[2]["family"], "gaen-other", "fields do not tell Android from iOS");
        assert_eq!(lines[3]["reason"], "the scan stopped");
        assert!([0, 4].iter().all(|&idx| lines[idx]["schema"] == jsonl::SCHEMA));
        assert_eq!(lines[4]["gap_us"], 1_500_000);
        assert_eq!(lines[4]["rpis"], 1);
    }

    #[test]
    fn json_lines_are_those_of_a_converted_capture() {
        let mut converted = Vec::new();
        let mut writer = jsonl::JsonlWriter::new(&mut converted);
        events().iter().for_each(|event| writer.write(event).unwrap());
        let mut printed = lines(Form::Json);
        printed.pop();
        assert_eq!(printed.join("\n") + "\n", String::from_utf8(converted).unwrap());
    }

    #[test]
    fn rows_open_as_a_capture() {
        let text = lines(Form::Csv).join("\n") + "\n";
        let mut reader = native::Reader::from_bytes(text.as_bytes(), None, None).unwrap();
        let mut read = Vec::new();
        while reader.read(&mut read).unwrap() {}
        assert_eq!(reader.damage().count, 0);
        let adverts = |events: &[CaptureEvent]| -> Vec<CaptureEvent> {
            let adverts = events.iter().filter(|event| matches!(event, CaptureEvent::Advert(_)));
            adverts.cloned().collect()
        };
        assert_eq!(adverts(&read), adverts(&events()));
        let station = read.iter().find_map(|event| match event {
            CaptureEvent::Other(other) => match &other.kind {
                EventKind::Station(info) => Some(info.name.as_str()),
                _ => None,
            },
            CaptureEvent::Advert(_) => None,
        });
        assert_eq!(station, Some("hci0"));
    }

    #[test]
    fn summary_alone_is_one_line() {
        let lines = lines(Form::Summary);
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].contains("1 of exposure notification with 1 identifiers; 1 gaps"),
            "{}",
            lines[0]
        );
    }
}
