//! What must hold for any payload, and for anything that an operating system may tell.

use std::collections::BTreeMap;

use vicino::format::native::write_row;
use vicino::lab::address::{Address, AddressKind};
use vicino::lab::advert::{Advertisement, PduType, StationId};
use vicino::lab::event::CaptureEvent;
use vicino::lab::redact::{Pseudonymiser, is_exposure_notification};
use vicino::lab::session::Session;
use vicino::lab::text::printable;
use vicino::lab::time::{Micros, UnixMicros};
use vicino::lab::validate::{Check, validate};
use vicino::lab::{ad, beacon, explain};
use vicino::source::assemble::{Assembler, DeviceId, HostEvent, Properties, Rules};

/// The longest payload that an assembled advertisement may have.
const MAX_PAYLOAD: usize = 1_650;

/// A payload explained, classified, judged and pseudonymised; the first two bytes choose PDU type and address kind.
pub fn payload(bytes: &[u8]) {
    let [pdu, kind, payload @ ..] = bytes else { return };
    let fields = explain::explain(payload);
    let covered = explain::leaves(&fields).fold(0, |at, field| {
        assert_eq!(field.range.start, at, "{fields:?}");
        field.range.end
    });
    assert_eq!(covered, payload.len());
    for field in &fields {
        let texts = [&*field.name, &field.value, field.note.as_deref().unwrap_or_default()];
        assert!(texts.iter().all(|text| printable(text) == **text), "{field:?}");
    }
    assert!(!beacon::classify(payload).describe().is_empty());
    let pdu = PduType::ALL[usize::from(*pdu) % PduType::ALL.len()];
    let kind = AddressKind::ALL[usize::from(*kind) % AddressKind::ALL.len()];
    let remarks = validate(payload, pdu, kind);
    assert!(remarks.is_empty() || remarks.len() == Check::ALL.len());
    assert!(remarks.iter().all(|remark| printable(&remark.text) == remark.text));
    pseudonyms(payload);
}

/// The same payload gives the same pseudonyms, in the same structures, and still counts as what it was.
fn pseudonyms(payload: &[u8]) {
    let pseudonymiser = Pseudonymiser::new([7; 32]);
    let redacted = pseudonymiser.payload(payload);
    assert_eq!(redacted, pseudonymiser.payload(payload));
    let shape = |bytes: &[u8]| -> Vec<_> {
        ad::structures(bytes)
            .map(|structure| (structure.offset, structure.ty, structure.data.len()))
            .collect()
    };
    assert_eq!(shape(payload), shape(&redacted));
    let event = |data: &[u8]| {
        CaptureEvent::Advert(Advertisement {
            data: vicino::lab::advert::Payload::new(data),
            ..Advertisement::default()
        })
    };
    let mut redacted_event = event(payload);
    pseudonymiser.event(&mut redacted_event);
    assert_eq!(redacted_event, event(&redacted));
    let is = is_exposure_notification(&event(payload));
    assert_eq!(is, is_exposure_notification(&redacted_event));
}

/// Takes host events out of bytes.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    /// Some bytes; a length byte of 255 gives much more than fits a payload.
    fn data(&mut self) -> Option<Vec<u8>> {
        let length = self.byte()?;
        if length == u8::MAX {
            return Some(vec![length; 2_000]);
        }
        let (data, rest) = self.0.split_at(usize::from(length).min(self.0.len()));
        self.0 = rest;
        Some(data.to_vec())
    }

    /// A UUID: short ones in the Bluetooth base UUID, and others.
    fn uuid(&mut self) -> Option<u128> {
        const BASE: u128 = 0x0000_0000_0000_1000_8000_0080_5f9b_34fb;
        let short = u128::from(self.word()?);
        Some(match short & 0x8000 {
            0 => short << 112 | 0xdead_beef,
            _ => short << 96 | BASE,
        })
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.byte()? % 8).map(|_| one(self)).collect()
    }

    fn service_data(&mut self) -> Option<BTreeMap<u128, Vec<u8>>> {
        let all = self.many(|bytes| Some((bytes.uuid()?, bytes.data()?)))?;
        Some(all.into_iter().collect())
    }

    fn manufacturer_data(&mut self) -> Option<BTreeMap<u16, Vec<u8>>> {
        let all = self.many(|bytes| Some((bytes.word()?, bytes.data()?)))?;
        Some(all.into_iter().collect())
    }

    fn properties(&mut self) -> Option<Properties> {
        let mask = self.byte()?;
        let level = |bytes: &mut Self| bytes.word().map(u16::cast_signed);
        let kind = AddressKind::ALL[usize::from(mask) % AddressKind::ALL.len()];
        Some(Properties {
            address: (mask & 1 != 0).then_some(Address { bytes: [mask; 6], kind }),
            rssi: if mask & 2 != 0 { level(self) } else { None },
            tx_power: if mask & 4 != 0 { level(self) } else { None },
            name: if mask & 8 != 0 {
                self.data().map(|name| String::from_utf8_lossy(&name).into_owned())
            } else {
                None
            },
            services: self.many(Self::uuid)?,
            service_data: self.service_data()?,
            manufacturer_data: self.manufacturer_data()?,
        })
    }

    /// How long after the one before, in microseconds, also backwards; and what.
    fn event(&mut self) -> Option<(i64, HostEvent)> {
        let wait = i64::from(self.word()?.cast_signed()) * 1_000;
        let id = DeviceId(u128::from(self.byte()?));
        let event = match self.byte()? % 7 {
            0 => HostEvent::Remembered(id, self.properties()?),
            1 => HostEvent::Discovered(id, self.properties()?),
            2 => HostEvent::Described(id, self.properties()?),
            3 => HostEvent::Rssi(id, self.word()?.cast_signed()),
            4 => HostEvent::ServiceData(id, self.service_data()?),
            5 => HostEvent::ManufacturerData(id, self.manufacturer_data()?),
            _ => HostEvent::Services(id, self.many(Self::uuid)?),
        };
        Some((wait, event))
    }
}

/// Host events put together again to advertisements, which a session takes; the first byte chooses the system.
pub fn assembler(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let rules = if first & 1 == 0 {
        Rules::Bluez
    } else {
        Rules::CoreBluetooth
    };
    let mut assembler = Assembler::new(rules, StationId(0));
    let mut out = Vec::new();
    let mut bytes = Bytes(rest);
    let mut at = UnixMicros(1_600_000_000_000_000);
    let mut fed = 0;
    while let Some((wait, event)) = bytes.event() {
        at = at.plus(Micros(wait));
        assembler.feed(at, event, &mut out);
        fed += 1;
        assert!(assembler.n_devices() <= fed);
        let _ = (assembler.deadline(), assembler.is_quantised());
    }
    assembler.finish(&mut out);
    assert!(assembler.deadline().is_none());
    assert!(out.len() <= fed, "{} advertisements from {fed} events", out.len());
    let mut session = Session::default();
    for advert in out {
        assert!(advert.data.len() <= MAX_PAYLOAD && !advert.details.form.is_raw());
        let mut row = Vec::new();
        write_row(&mut row, &advert, "");
        assert_eq!(row.iter().filter(|byte| **byte == b'\n').count(), 1);
        session.ingest(&CaptureEvent::Advert(advert));
    }
    let _ = session.report();
}
