//! A single payload, HCI packet or link-layer PDU given as hexadecimal digits, taken apart.

use std::fmt::Write as _;

use serde::Serialize;

use crate::format::hci;
use crate::format::hci::command::CommandDecoder;
use crate::format::ll::AdvertisingPdu;
use crate::format::packet::LinkFrame;
use crate::inspect::address_kind_word;
use crate::lab::ad::{self, AdEnd, ty};
use crate::lab::advert::{Advertisement, Hex, StationId};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Frame};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;

/// Bytes taken apart.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// What the bytes were taken for.
    pub what: &'static str,
    /// The advertisements or payloads within.
    pub payloads: Vec<ExplainedPayload>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// One payload with what was around it.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedPayload {
    /// Fields of the report or PDU: name and value.
    pub fields: Vec<(&'static str, String)>,
    /// Its AD structures.
    pub structures: Vec<ExplainedStructure>,
    /// The exposure-notification frame: name and value of its fields.
    pub exposure_notification: Option<Vec<(&'static str, String)>>,
    /// How the payload ends, when not cleanly.
    pub end: Option<String>,
}

/// One AD structure.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedStructure {
    /// Where its length byte stands in the payload.
    pub offset: usize,
    /// AD type.
    #[serde(rename = "type")]
    pub ty: u8,
    /// What the type is called.
    pub name: &'static str,
    /// Its data in hexadecimal.
    pub data: String,
    /// What the data say, where that is simple.
    pub meaning: Option<String>,
}

/// The bytes of a text of hexadecimal digits, with spaces, colons, dashes and a leading `0x` allowed; `None` when it is
/// anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, ':' | '-'))
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    (!digits.is_empty() && pairs.remainder().is_empty()).then(|| {
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect()
    })
}

/// Takes `bytes` for what they most probably are, in this order: an H4 packet (command or event), an LE Meta event, a
/// link-layer frame with the advertising access address, an AD payload.
#[must_use]
pub fn explain(bytes: &[u8]) -> Explained {
    match bytes {
        [0x04, event @ ..] if is_event(event) => explain_event("HCI event with H4 type", event),
        event if event.first() == Some(&hci::LE_META) && is_event(event) => explain_event("HCI event", event),
        [0x01, command @ ..] if command.get(2).is_some_and(|len| usize::from(*len) + 3 == command.len()) => {
            explain_command(command)
        }
        frame => match AdvertisingPdu::parse(frame, LinkFrame::default()) {
            Some(pdu) => explain_pdu(&pdu),
            None => Explained {
                what: "AD payload",
                payloads: vec![payload(bytes, Vec::new())],
                notes: Vec::new(),
            },
        },
    }
}

/// Whether the length byte of an event fits.
fn is_event(event: &[u8]) -> bool {
    event.get(1).is_some_and(|len| usize::from(*len) + 2 == event.len())
}

fn explain_event(what: &'static str, event: &[u8]) -> Explained {
    let mut batch = Vec::new();
    let outcome = hci::reports(event, UnixMicros(0), StationId(0), &mut batch);
    let payloads = batch.iter().filter_map(|event| match event {
        CaptureEvent::Advert(advert) => Some(payload(&advert.data, advert_fields(advert))),
        CaptureEvent::Other(_) => None,
    });
    let payloads: Vec<_> = payloads.collect();
    let note = match outcome {
        Err(hci::CutShort) => Some("the event ends within an advertising report".to_owned()),
        Ok(()) if payloads.is_empty() => {
            let code = event.first().copied().unwrap_or_default();
            Some(format!("event 0x{code:02x} holds no advertising report"))
        }
        Ok(()) => None,
    };
    Explained {
        what,
        payloads,
        notes: note.into_iter().collect(),
    }
}

fn explain_command(command: &[u8]) -> Explained {
    let mut payloads = Vec::new();
    let mut notes = Vec::new();
    CommandDecoder::default().decode(command, &mut |kind| match kind {
        EventKind::OwnData { set, command, data } => {
            let fields = vec![
                ("sets its own data by", command.word().to_owned()),
                ("set", set.to_string()),
            ];
            payloads.push(payload(&data, fields));
        }
        // Keys stay untold: the entry's own words hide them.
        other => notes.push(format!("{other:?}")),
    });
    if payloads.is_empty() && notes.is_empty() {
        notes.push("the command says nothing about broadcasts, addresses, scans or the resolving list".to_owned());
    }
    Explained {
        what: "HCI command with H4 type",
        payloads,
        notes,
    }
}

fn explain_pdu(pdu: &AdvertisingPdu<'_>) -> Explained {
    let fields = match pdu.advertisement(UnixMicros(0), StationId(0), LinkFrame::default()) {
        Some(advert) => advert_fields(&advert),
        None => vec![("pdu", format!("type {}", pdu.ty()))],
    };
    let notes = pdu
        .cut_short
        .then(|| "the frame is shorter than its header says".to_owned());
    Explained {
        what: "link-layer frame on an advertising channel",
        payloads: vec![payload(pdu.data(), fields)],
        notes: notes.into_iter().collect(),
    }
}

fn advert_fields(advert: &Advertisement) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("pdu", format!("{} (0x{:04x})", advert.pdu, advert.details.event_type)),
        (
            "address",
            format!("{} {}", advert.address, address_kind_word(advert.address)),
        ),
    ];
    fields.extend(advert.rssi.map(|rssi| ("rssi", rssi.to_string())));
    fields.extend(advert.tx_power.map(|power| ("tx power", power.to_string())));
    fields
}

fn payload(bytes: &[u8], fields: Vec<(&'static str, String)>) -> ExplainedPayload {
    let structures = ad::structures(bytes).map(|structure| ExplainedStructure {
        offset: structure.offset,
        ty: structure.ty,
        name: type_name(structure.ty),
        data: Hex(structure.data).to_string(),
        meaning: meaning(structure.ty, structure.data),
    });
    ExplainedPayload {
        fields,
        structures: structures.collect(),
        exposure_notification: gaen::decode(bytes).map(frame_fields),
        end: match ad::end(bytes) {
            AdEnd::Clean => None,
            AdEnd::Padding { offset } => Some(format!("padding from byte {offset}")),
            AdEnd::DataAfterEnd { offset } => Some(format!("ends at byte {offset} with data after the end")),
            AdEnd::Overrun { offset } => Some(format!("the length at byte {offset} runs past the end")),
        },
    }
}

fn frame_fields(frame: Frame) -> Vec<(&'static str, String)> {
    let aem = frame
        .aem
        .map_or("missing or not 4 bytes".to_owned(), |aem| aem.to_string());
    vec![
        ("rpi", frame.rpi.to_string()),
        ("aem", aem),
        ("layout", frame.layout.word().to_owned()),
    ]
}

fn meaning(ad_type: u8, data: &[u8]) -> Option<String> {
    match (ad_type, data) {
        (ty::NAME_SHORT | ty::NAME_COMPLETE, name) => Some(printable(&String::from_utf8_lossy(name)).into_owned()),
        (ty::TX_POWER, [level]) => Some(format!("{} dBm", level.cast_signed())),
        (ty::UUID16_INCOMPLETE | ty::UUID16_COMPLETE, uuids) => {
            let words = uuids
                .chunks_exact(2)
                .map(|uuid| format!("0x{:02x}{:02x}", uuid[1], uuid[0]));
            Some(words.collect::<Vec<_>>().join(" "))
        }
        (ty::SERVICE_DATA_16, [low, high, ..]) => Some(format!("of 0x{high:02x}{low:02x}")),
        (ty::MANUFACTURER, [low, high, ..]) => Some(format!("of company 0x{high:02x}{low:02x}")),
        _ => None,
    }
}

const fn type_name(ad_type: u8) -> &'static str {
    match ad_type {
        ty::FLAGS => "flags",
        ty::UUID16_INCOMPLETE => "some 16-bit services",
        ty::UUID16_COMPLETE => "16-bit services",
        ty::UUID32_INCOMPLETE => "some 32-bit services",
        ty::UUID32_COMPLETE => "32-bit services",
        ty::UUID128_INCOMPLETE => "some 128-bit services",
        ty::UUID128_COMPLETE => "128-bit services",
        ty::NAME_SHORT => "short name",
        ty::NAME_COMPLETE => "name",
        ty::TX_POWER => "tx power",
        ty::SERVICE_DATA_16 => "service data",
        ty::SERVICE_DATA_32 => "service data (32-bit)",
        ty::SERVICE_DATA_128 => "service data (128-bit)",
        ty::APPEARANCE => "appearance",
        ty::MANUFACTURER => "manufacturer data",
        _ => "other",
    }
}

impl Explained {
    /// As text, one line a field.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.what);
        // Writing to a string cannot fail.
        for payload in &self.payloads {
            let _ = payload.write(&mut text);
        }
        for note in &self.notes {
            let _ = writeln!(text, "  {note}");
        }
        text
    }
}

impl ExplainedPayload {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        for (name, value) in &self.fields {
            writeln!(text, "  {name:<20} {value}")?;
        }
        for structure in &self.structures {
            let ExplainedStructure {
                offset,
                ty,
                name,
                data,
                meaning,
            } = structure;
            let meaning = meaning
                .as_ref()
                .map(|meaning| format!("  {meaning}"))
                .unwrap_or_default();
            writeln!(text, "  {offset:>3}  0x{ty:02x}  {name:<22} {data}{meaning}")?;
        }
        for (name, value) in self.exposure_notification.iter().flatten() {
            writeln!(text, "  exposure notification {name:<7} {value}")?;
        }
        self.end.iter().try_for_each(|end| writeln!(text, "  {end}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    #[test]
    fn digits_with_the_usual_separators() {
        assert_eq!(parse("0x02 01:1A-00"), Some(vec![2, 1, 0x1a, 0]));
        for wrong in ["", "021", "0g", "capture.btsnoop", "ä1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_event_a_frame_and_a_payload_are_told_apart() {
        let event = hex!("043e2802010301bb7eb52b86791c03036ffd17166ffd2cfb0de02b33d20c5c27611238e2d10742b56ee5b8");
        let text = explain(&event).to_text();
        for part in [
            "ADV_NONCONN_IND",
            "79:86:2b:b5:7e:bb random-resolvable",
            "-72 dBm",
            "2cfb0de02b33d20c5c27611238e2d107",
            "0xfd6f",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let payload = explain(&hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096"));
        assert_eq!(payload.what, "AD payload");
        assert_eq!(
            payload.payloads[0].end.as_deref(),
            Some("the length at byte 7 runs past the end")
        );
        let frame = explain(&hex!("d6be898e 4209 0102030405c6 020106 aabbcc"));
        assert_eq!(frame.what, "link-layer frame on an advertising channel");
        assert_eq!(frame.payloads[0].structures.len(), 1);
    }

    #[test]
    fn names_cannot_steer_the_terminal_and_keys_stay_untold() {
        let text = explain(&hex!("05091b5b324a")).to_text();
        assert!(!text.contains('\x1b') && text.contains("\u{fffd}[2J"), "{text}");
        let add = hex!("012720 27 01 0102030405c6 abababababababababababababababab cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd");
        let text = explain(&add).to_text();
        assert!(
            !text.contains("abab") && !text.contains("171") && !text.contains("205"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_explained(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = explain(&bytes).to_text();
            prop_assert!(!text.contains('\x1b'));
            prop_assert_eq!(parse(&Hex(&bytes).to_string()).unwrap_or_default(), bytes);
        }
    }
}
