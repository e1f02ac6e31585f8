//! Whether one exposure-notification advertisement is as the specification asks: what a single packet shows.
//!
//! Rules over time (rotation, reuse, intervals) need a session and are not here. Source: Exposure Notification
//! Bluetooth Specification v1.2; where real phones differ from it, the remark says so.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::ad::{self, AdEnd, ty};
use super::address::AddressKind;
use super::advert::PduType;
use super::assigned::ad_type_name;
use super::gaen::{self, SERVICE_UUID};

/// How grave a remark is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As it should be.
    Pass,
    /// The source does not tell.
    NotObservable,
    /// Differs from the specification, as some real phones do, or in a harmless way.
    Warn,
    /// Breaks the specification.
    Fail,
}

impl Severity {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotObservable => "not-observable",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What is checked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The AD structures fill the payload.
    Structures,
    /// Exactly one service data of identifier and metadata.
    ServiceData,
    /// The service list names the service, complete and first.
    ServiceList,
    /// No Flags, or LE general discoverable set.
    Flags,
    /// Nothing else that would tell devices apart.
    OtherStructures,
    /// Not connectable.
    Connectable,
    /// A private random address.
    Address,
    /// An identifier that can be random.
    Identifier,
}

impl Check {
    /// All checks, in order.
    pub const ALL: [Self; 8] = [
        Self::Structures,
        Self::ServiceData,
        Self::ServiceList,
        Self::Flags,
        Self::OtherStructures,
        Self::Connectable,
        Self::Address,
        Self::Identifier,
    ];

    /// The word used in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Structures => "structures",
            Self::ServiceData => "service-data",
            Self::ServiceList => "service-list",
            Self::Flags => "flags",
            Self::OtherStructures => "other-structures",
            Self::Connectable => "connectable",
            Self::Address => "address",
            Self::Identifier => "identifier",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What was checked.
    pub check: Check,
    /// The verdict.
    pub severity: Severity,
    /// What was seen, for a person.
    pub text: Cow<'static, str>,
}

type Verdict = (Severity, Cow<'static, str>);

/// One remark for each of [`Check::ALL`], in order; none at all when the payload neither carries nor lists 0xFD6F.
#[must_use]
pub fn validate(payload: &[u8], pdu: PduType, address: AddressKind) -> Vec<Remark> {
    if gaen::service_data(payload).is_none() && !lists(payload).any(|list| list.names_service) {
        return Vec::new();
    }
    Check::ALL
        .into_iter()
        .map(|check| {
            let (severity, text) = match check {
                Check::Structures => structures(payload),
                Check::ServiceData => service_data(payload),
                Check::ServiceList => service_list(payload),
                Check::Flags => flags(payload),
                Check::OtherStructures => other_structures(payload),
                Check::Connectable => connectable(pdu),
                Check::Address => address_kind(address),
                Check::Identifier => identifier(payload),
            };
            Remark { check, severity, text }
        })
        .collect()
}

fn structures(payload: &[u8]) -> Verdict {
    match ad::end(payload) {
        AdEnd::Clean => (Severity::Pass, "the structures fill the payload".into()),
        AdEnd::Padding { offset } => (
            Severity::Pass,
            format!("zero padding from byte {offset} to the end").into(),
        ),
        AdEnd::DataAfterEnd { offset } => (
            Severity::Fail,
            format!("data after the zero length at byte {offset}").into(),
        ),
        AdEnd::Overrun { offset } => (
            Severity::Fail,
            format!("the length at byte {offset} runs past the end").into(),
        ),
    }
}

/// The bytes after 0xFD6F of each service data of it.
fn frames(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    ad::structures(payload)
        .filter(|structure| structure.ty == ty::SERVICE_DATA_16)
        .filter_map(|structure| structure.data.strip_prefix(&SERVICE_UUID.to_le_bytes()))
}

fn service_data(payload: &[u8]) -> Verdict {
    let mut all = frames(payload);
    match (all.next(), all.count()) {
        (None, _) => (Severity::Fail, "0xFD6F is listed but has no service data".into()),
        (Some(data), 0) if data.len() == 20 => (Severity::Pass, "16 bytes RPI, 4 bytes AEM".into()),
        (Some(data), 0) if data.len() < 16 => (
            Severity::Fail,
            format!("{} bytes hold no identifier: receivers drop the frame", data.len()).into(),
        ),
        (Some(data), 0) => (
            Severity::Fail,
            format!("{} bytes after the RPI instead of 4: never matched", data.len() - 16).into(),
        ),
        (Some(_), more) => (
            Severity::Fail,
            format!("{} service data of 0xFD6F instead of one", more + 1).into(),
        ),
    }
}

/// A 16-bit service list.
struct List {
    offset: usize,
    complete: bool,
    names_service: bool,
    /// Services in it other than 0xFD6F.
    others: usize,
}

fn lists(payload: &[u8]) -> impl Iterator<Item = List> {
    ad::structures(payload)
        .filter(|structure| matches!(structure.ty, ty::UUID16_COMPLETE | ty::UUID16_INCOMPLETE))
        .map(|structure| {
            let (uuids, _) = structure.data.as_chunks::<2>();
            let others = uuids
                .iter()
                .filter(|uuid| u16::from_le_bytes(**uuid) != SERVICE_UUID)
                .count();
            List {
                offset: structure.offset,
                complete: structure.ty == ty::UUID16_COMPLETE,
                names_service: others < uuids.len(),
                others,
            }
        })
}

fn service_list(payload: &[u8]) -> Verdict {
    let data_at = ad::structures(payload)
        .find(|structure| {
            structure.ty == ty::SERVICE_DATA_16 && structure.data.starts_with(&SERVICE_UUID.to_le_bytes())
        })
        .map(|structure| structure.offset);
    let others: usize = lists(payload).map(|list| list.others).sum();
    match lists(payload).find(|list| list.names_service) {
        None => (Severity::Warn, "no service list names 0xFD6F".into()),
        Some(list) if data_at.is_some_and(|data_at| data_at < list.offset) => {
            (Severity::Warn, "the service list comes after the service data".into())
        }
        Some(list) if !list.complete => (Severity::Warn, "the service list is marked incomplete".into()),
        Some(_) if others > 0 => (
            Severity::Warn,
            format!("{others} further services are listed: tells the device apart").into(),
        ),
        Some(_) => (Severity::Pass, "0xFD6F is listed before the service data".into()),
    }
}

fn flags(payload: &[u8]) -> Verdict {
    const GENERAL_DISCOVERABLE: u8 = 0x02;
    match gaen::flags(payload) {
        None => (Severity::Pass, "none, as Android sends it".into()),
        Some([0x1a]) => (Severity::Pass, "0x1a, as iOS sends it".into()),
        Some([flags, ..]) if flags & GENERAL_DISCOVERABLE != 0 => (
            Severity::Pass,
            format!("0x{flags:02x}: LE general discoverable, but no phone known here sends this value").into(),
        ),
        Some([flags, ..]) => (
            Severity::Fail,
            format!("0x{flags:02x}: LE general discoverable is not set").into(),
        ),
        Some([]) => (Severity::Fail, "Flags without a value".into()),
    }
}

fn other_structures(payload: &[u8]) -> Verdict {
    let foreign: Vec<_> = ad::structures(payload)
        .filter(|structure| match structure.ty {
            ty::FLAGS | ty::UUID16_COMPLETE | ty::UUID16_INCOMPLETE => false,
            ty::SERVICE_DATA_16 => !structure.data.starts_with(&SERVICE_UUID.to_le_bytes()),
            _ => true,
        })
        .map(|structure| {
            let name = ad_type_name(structure.ty).unwrap_or("unknown type");
            format!("{name} (0x{:02x})", structure.ty)
        })
        .collect();
    match foreign.as_slice() {
        [] => (Severity::Pass, "no others".into()),
        foreign => (
            Severity::Fail,
            format!("tells the device apart: {}", foreign.join(", ")).into(),
        ),
    }
}

fn connectable(pdu: PduType) -> Verdict {
    match pdu {
        PduType::AdvNonconnInd => (Severity::Pass, "ADV_NONCONN_IND".into()),
        PduType::AdvScanInd => (
            Severity::Warn,
            "ADV_SCAN_IND: scannable, as many Android phones send it".into(),
        ),
        PduType::AdvInd | PduType::AdvDirectInd => (Severity::Fail, format!("{pdu}: anyone can connect").into()),
        PduType::ScanRsp | PduType::AuxScanRsp => (
            Severity::Fail,
            format!("{pdu}: the frame answers a scan request").into(),
        ),
        PduType::AdvExtInd => (
            Severity::NotObservable,
            "ADV_EXT_IND: the PDU type alone does not tell".into(),
        ),
        PduType::Unknown => (Severity::NotObservable, "the source does not tell the PDU type".into()),
    }
}

fn address_kind(kind: AddressKind) -> Verdict {
    match kind {
        AddressKind::RandomNonresolvable => (Severity::Pass, "random non-resolvable".into()),
        AddressKind::RandomResolvable => (
            Severity::Pass,
            "random resolvable, as Android sends it; the specification asks for non-resolvable".into(),
        ),
        AddressKind::Public | AddressKind::RandomStatic => {
            (Severity::Fail, format!("{kind}: the address does not change").into())
        }
        AddressKind::RandomReserved => (Severity::Fail, "random with reserved top bits".into()),
        AddressKind::Anonymous => (
            Severity::Warn,
            "an extended advertisement without an address; the specification asks for a legacy one".into(),
        ),
        AddressKind::PublicIdentity | AddressKind::RandomIdentity => (
            Severity::NotObservable,
            "resolved by the receiving controller: not what was on the air".into(),
        ),
        AddressKind::Opaque | AddressKind::Unknown => {
            (Severity::NotObservable, "the source does not tell the address".into())
        }
    }
}

fn identifier(payload: &[u8]) -> Verdict {
    match gaen::decode(payload).map(|frame| frame.rpi.0) {
        None => (Severity::NotObservable, "no identifier to look at".into()),
        Some([first, rest @ ..]) if matches!(first, 0x00 | 0xff) && rest.iter().all(|byte| *byte == first) => {
            (Severity::Fail, format!("all bytes 0x{first:02x}: not random").into())
        }
        Some(_) => (Severity::Pass, "neither all zeros nor all ones".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    const GOOD: [u8; 31] = hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874");

    /// The remarks that do not pass.
    fn complaints(payload: &[u8]) -> Vec<(Check, Severity)> {
        complaints_of(payload, PduType::AdvNonconnInd, AddressKind::RandomNonresolvable)
    }

    fn complaints_of(payload: &[u8], pdu: PduType, address: AddressKind) -> Vec<(Check, Severity)> {
        let remarks = validate(payload, pdu, address);
        assert_eq!(
            remarks.iter().map(|remark| remark.check).collect::<Vec<_>>(),
            Check::ALL
        );
        remarks
            .into_iter()
            .filter(|remark| remark.severity != Severity::Pass)
            .map(|remark| (remark.check, remark.severity))
            .collect()
    }

    #[test]
    fn layouts_of_phones_pass() {
        assert_eq!(complaints(&GOOD), []);
        assert_eq!(complaints(&GOOD[3..]), []);
        assert_eq!(complaints(&[&GOOD[3..], &[0, 0, 0]].concat()), []);
        let flags_06 = hex!("02010603036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874");
        assert_eq!(complaints(&flags_06), []);
    }

    #[test]
    fn each_rule_finds_its_defect() {
        use Check::*;
        use Severity::{Fail, NotObservable, Warn};
        let of = |payload: &[u8], expected: &[(Check, Severity)]| assert_eq!(complaints(payload), expected);
        let frame = &GOOD[7..];
        let list = &GOOD[3..7];
        of(&[list, frame, &[0, 1]].concat(), &[(Structures, Fail)]);
        of(
            &hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096"),
            &[(Structures, Fail), (ServiceData, Fail), (Identifier, NotObservable)],
        );
        of(
            &hex!("03036ffd12166ffd8be6cd371c5c891604bfbe49df8450"),
            &[(ServiceData, Fail), (Identifier, NotObservable)],
        );
        of(
            &hex!("03036ffd13166ffd8be6cd371c5c891604bfbe49df845096"),
            &[(ServiceData, Fail)],
        );
        of(
            &hex!("03036ffd18166ffd8be6cd371c5c891604bfbe49df8450967203387400"),
            &[(ServiceData, Fail)],
        );
        of(&[list, frame, frame].concat(), &[(ServiceData, Fail)]);
        of(&[frame, list].concat(), &[(ServiceList, Warn)]);
        of(frame, &[(ServiceList, Warn)]);
        of(&[&hex!("03026ffd"), frame].concat(), &[(ServiceList, Warn)]);
        of(&[&hex!("05036ffd0f18"), frame].concat(), &[(ServiceList, Warn)]);
        of(&[&hex!("020118"), list, frame].concat(), &[(Flags, Fail)]);
        of(&[&hex!("0101"), list, frame].concat(), &[(Flags, Fail)]);
        for extra in [
            &hex!("020961")[..],
            &hex!("020af1"),
            &hex!("03190000"),
            &hex!("03ff4c00"),
            &hex!("0416aafe00"),
        ] {
            of(&[list, frame, extra].concat(), &[(OtherStructures, Fail)]);
        }
        for byte in [0x00, 0xff] {
            of(
                &[list, &hex!("17166ffd"), &[byte; 16], &[1, 2, 3, 4]].concat(),
                &[(Identifier, Fail)],
            );
        }
        of(&[list, &hex!("17166ffd"), &[0; 15], &[1, 2, 3, 4, 5]].concat(), &[]);
    }

    #[test]
    fn pdu_and_address_are_judged_and_what_is_hidden_is_not() {
        use Severity::{Fail, NotObservable, Pass, Warn};
        let connectable = [
            (PduType::AdvInd, Fail),
            (PduType::AdvDirectInd, Fail),
            (PduType::AdvNonconnInd, Pass),
            (PduType::AdvScanInd, Warn),
            (PduType::ScanRsp, Fail),
            (PduType::AdvExtInd, NotObservable),
            (PduType::AuxScanRsp, Fail),
            (PduType::Unknown, NotObservable),
        ];
        assert_eq!(connectable.map(|(pdu, _)| pdu), PduType::ALL);
        for (pdu, severity) in connectable {
            let expected = Some((Check::Connectable, severity)).filter(|_| severity != Pass);
            let found = complaints_of(&GOOD, pdu, AddressKind::RandomNonresolvable);
            assert_eq!(found, Vec::from_iter(expected), "{pdu}");
        }
        let address = [
            (AddressKind::Public, Fail),
            (AddressKind::RandomStatic, Fail),
            (AddressKind::RandomResolvable, Pass),
            (AddressKind::RandomNonresolvable, Pass),
            (AddressKind::RandomReserved, Fail),
            (AddressKind::PublicIdentity, NotObservable),
            (AddressKind::RandomIdentity, NotObservable),
            (AddressKind::Anonymous, Warn),
            (AddressKind::Opaque, NotObservable),
            (AddressKind::Unknown, NotObservable),
        ];
        assert_eq!(address.map(|(kind, _)| kind), AddressKind::ALL);
        for (kind, severity) in address {
            let expected = Some((Check::Address, severity)).filter(|_| severity != Pass);
            let found = complaints_of(&GOOD, PduType::AdvNonconnInd, kind);
            assert_eq!(found, Vec::from_iter(expected), "{kind}");
        }
    }

    #[test]
    fn other_broadcasters_are_not_judged() {
        let ibeacon = hex!("02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096e000010002c5");
        for payload in [
            &ibeacon[..],
            &[],
            &hex!("030368fd131668fdce0a533565e9179847ef88fe20f7b5ca"),
        ] {
            assert_eq!(validate(payload, PduType::AdvInd, AddressKind::Public), []);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_no_remark_or_one_for_each_check(payload in prop::collection::vec(any::<u8>(), 0..64), listed in any::<bool>()) {
            let payload = if listed { [&GOOD[3..7], &payload].concat() } else { payload };
            let remarks = validate(&payload, PduType::Unknown, AddressKind::Unknown);
            prop_assert_eq!(remarks.len(), if remarks.is_empty() { 0 } else { Check::ALL.len() });
            prop_assert!(!listed || !remarks.is_empty());
        }
    }
}
