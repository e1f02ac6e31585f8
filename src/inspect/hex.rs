//! A single payload, HCI packet or link-layer PDU given as hexadecimal digits, taken apart.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::format::hci;
use crate::format::hci::command::CommandDecoder;
use crate::format::ll::AdvertisingPdu;
use crate::format::packet::LinkFrame;
use crate::inspect::address_kind_word;
use crate::lab::address::AddressKind;
use crate::lab::advert::{Advertisement, Hex, PduType, StationId};
use crate::lab::beacon::{self, Family};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::explain::explain as explain_payload;
use crate::lab::time::UnixMicros;
use crate::lab::validate::{Remark, validate};

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
    /// Fields of the report or PDU around it: name and value.
    #[serde(serialize_with = "as_object")]
    pub report: Vec<(&'static str, String)>,
    /// What kind of device sends it.
    pub family: Family,
    /// The same in words.
    pub description: &'static str,
    /// Its bytes, each structure followed by its parts.
    pub fields: Vec<ExplainedField>,
    /// What the specification of exposure notification says to it; nothing where it is none.
    pub remarks: Vec<Remark>,
}

/// A run of bytes of a payload and what it is.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedField {
    /// Where it begins in the payload.
    pub from: usize,
    /// Where it ends, the byte after its last.
    pub to: usize,
    /// 0 for an AD structure or what stands outside of any, 1 for its parts, 2 for parts of these.
    pub level: u8,
    /// What it is called.
    pub name: Cow<'static, str>,
    /// Its bytes in hexadecimal.
    pub bytes: String,
    /// What it says; empty where the bytes alone say it.
    pub value: String,
    /// What a person should know about it.
    pub note: Option<Cow<'static, str>>,
}

fn as_object<S: Serializer>(pairs: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
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
                payloads: vec![payload(bytes, Vec::new(), PduType::Unknown, AddressKind::Unknown)],
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
        CaptureEvent::Advert(advert) => Some(advert_payload(advert)),
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
            payloads.push(payload(&data, fields, PduType::Unknown, AddressKind::Unknown));
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
    let payload = match pdu.advertisement(UnixMicros(0), StationId(0), LinkFrame::default()) {
        Some(advert) => advert_payload(&advert),
        None => payload(
            pdu.data(),
            vec![("pdu", format!("type {}", pdu.ty()))],
            PduType::Unknown,
            AddressKind::Unknown,
        ),
    };
    let notes = pdu
        .cut_short
        .then(|| "the frame is shorter than its header says".to_owned());
    Explained {
        what: "link-layer frame on an advertising channel",
        payloads: vec![payload],
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

fn payload(bytes: &[u8], report: Vec<(&'static str, String)>, pdu: PduType, address: AddressKind) -> ExplainedPayload {
    let fields = explain_payload(bytes).into_iter().map(|field| ExplainedField {
        from: field.range.start,
        to: field.range.end,
        level: field.level,
        name: field.name,
        bytes: Hex(bytes.get(field.range).unwrap_or_default()).to_string(),
        value: field.value,
        note: field.note,
    });
    let family = beacon::classify(bytes);
    ExplainedPayload {
        report,
        family,
        description: family.describe(),
        fields: fields.collect(),
        remarks: validate(bytes, pdu, address),
    }
}

fn advert_payload(advert: &Advertisement) -> ExplainedPayload {
    payload(&advert.data, advert_fields(advert), advert.pdu, advert.address.kind)
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
        for (name, value) in &self.report {
            writeln!(text, "  {name:<20} {value}")?;
        }
        writeln!(text, "  {:<20} {}: {}", "family", self.family.word(), self.description)?;
        self.fields.iter().try_for_each(|field| field.write(text))?;
        if !self.remarks.is_empty() {
            writeln!(text, "  by the specification of exposure notification:")?;
        }
        self.remarks.iter().try_for_each(|remark| {
            let (severity, check) = (remark.severity.word(), remark.check.word());
            writeln!(text, "    {severity:<15} {check:<17} {}", remark.text)
        })
    }
}

impl ExplainedField {
    /// A structure, or a part with its bytes.
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Self { from, name, value, .. } = self;
        let indent = usize::from(self.level) * 2;
        let name = format!("{:indent$}{name}", "");
        write!(text, "  {from:>4}  {name:<26}")?;
        let is_told = self.level == 0 || self.bytes == *value;
        let bytes = if is_told { "" } else { &*self.bytes };
        for part in [bytes, value].iter().filter(|part| !part.is_empty()) {
            write!(text, "  {part}")?;
        }
        self.note.iter().try_for_each(|note| write!(text, "  ({note})"))?;
        writeln!(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::validate::{Check, Severity};
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
            "0xFD6F",
            "gaen-android",
            "service-data",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let payload = explain(&hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096"));
        assert_eq!(payload.what, "AD payload");
        let [payload] = payload.payloads.as_slice() else {
            panic!("one payload")
        };
        assert_eq!(payload.family, Family::GaenBroken);
        let last = payload.fields.last().expect("fields");
        assert_eq!((last.from, last.to, &*last.name), (7, 27, "overrun"));
        let failed = |remark: &Remark| remark.severity == Severity::Fail && remark.check == Check::Structures;
        assert!(payload.remarks.iter().any(failed), "{:?}", payload.remarks);
        let frame = explain(&hex!("d6be898e 4209 0102030405c6 020106 aabbcc"));
        assert_eq!(frame.what, "link-layer frame on an advertising channel");
        assert_eq!(
            frame.payloads[0].fields.iter().filter(|field| field.level == 0).count(),
            1
        );
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
