//! Pseudonyms for addresses and identifiers: the same for the same within a capture, and within captures that share a key;
//! unlike without it.
//!
//! What is kept: times, RSSI, PDU types, address kinds (also the two top bits of random addresses), lengths and types of
//! all AD structures, flags, TX powers, service UUIDs, company identifiers, message types; so rotation, linkability and
//! families can still be studied. What is replaced by keyed hashes (HMAC-SHA-256, cut to length):
//!
//! - every address, also of directed advertisements, of the station itself and of the resolving list; the same address
//!   has the same pseudonym whatever its kind;
//! - the RPI, by the same rule in advertisements and in the station's own broadcasts;
//! - the AEM, together with its RPI (without the key of the phone it is as good as random anyway; what it decrypts to is
//!   lost);
//! - local names, each as a whole, by digits of its hash of the same length;
//! - all other service data and manufacturer data, after the bytes that tell the family (UUID or company; for Apple type
//!   and length of each message; the frame type of Eddystone; the power at 1 m of an iBeacon stays);
//! - the data of any other AD structure, and of a structure that is cut short.
//!
//! Identity resolving keys become "no key". Of marks, the device goes the way of the data (see [`Marked`]), the note is
//! left out, and times, model, distance, orientation and obstacle stay; so do the reasons of gaps. Stations lose their
//! names and keep their models.

mod marked;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::ad::{self, ty};
use super::address::Address;
use super::advert::{Advertisement, Payload};
use super::event::{CaptureEvent, EventKind, Irk};
use super::gaen::{self, Rpi};
pub use marked::Marked;

/// Replaces identifiers in events. Whoever has the key can find known identifiers again: store it only as long as captures
/// are to be made with it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Pseudonymiser {
    key: [u8; 32],
    #[zeroize(skip)]
    marked: Marked,
    #[zeroize(skip)]
    station: Option<String>,
}

/// Apple's company identifier as it stands in manufacturer data.
const APPLE: [u8; 2] = [0x4c, 0x00];
/// Eddystone's service UUID as it stands in service data.
const EDDYSTONE: [u8; 2] = [0xaa, 0xfe];
const IBEACON: u8 = 0x02;

impl Pseudonymiser {
    /// With a key, which must be random.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            marked: Marked::default(),
            station: None,
        }
    }

    /// With the identifiers that marks name by a prefix.
    #[must_use]
    pub fn with_marked(mut self, marked: Marked) -> Self {
        self.marked = marked;
        self
    }

    /// With the one name of a station that is to stay.
    #[must_use]
    pub fn with_station(mut self, name: Option<String>) -> Self {
        self.station = name;
        self
    }

    /// Tells the key from others without telling it: 16 hexadecimal digits of a hash under it, of a text that no identifier is
    /// hashed as.
    #[must_use]
    pub fn key_id(&self) -> String {
        let hash = self.hash(&[b"vicino pseudonym key id"]);
        let first = hash.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        format!("{first:016x}")
    }

    /// Replaces what identifies anybody in an event.
    pub fn event(&self, event: &mut CaptureEvent) {
        match event {
            CaptureEvent::Advert(advert) => self.advert(advert),
            CaptureEvent::Other(other) => match &mut other.kind {
                EventKind::Station(info) => {
                    if self.station.as_ref() != Some(&info.name) {
                        info.name = format!("station-{}", u32::from(other.station.0) + 1);
                    }
                }
                EventKind::Mark(mark) => {
                    mark.device = self.marked.device(self, &mark.device);
                    // What is taken back must not count again.
                    if !mark.is_withdrawal() {
                        mark.note.clear();
                    }
                }
                EventKind::OwnData { data, .. } => *data = Payload::new(&self.payload(data)),
                EventKind::OwnAddress { address, .. } | EventKind::ResolvingRemove { peer: address } => {
                    *address = self.address(*address);
                }
                EventKind::ResolvingAdd(entry) => {
                    entry.peer = self.address(entry.peer);
                    entry.peer_irk = Irk([0; 16]);
                    entry.local_irk = Irk([0; 16]);
                }
                EventKind::Gap { .. }
                | EventKind::Dropped { .. }
                | EventKind::Adapter(_)
                | EventKind::OwnEnable { .. }
                | EventKind::ScanParameters { .. }
                | EventKind::ScanEnable { .. }
                | EventKind::ResolvingClear => {}
            },
        }
    }

    /// The pseudonym of an address; the zeros of an absent one stay.
    #[must_use]
    pub fn address(&self, address: Address) -> Address {
        if address.bytes == [0; 6] {
            return address;
        }
        let mut bytes = address.bytes;
        self.replace(b"address", &mut bytes);
        // The two top bits tell the kind of a random address.
        bytes[0] = address.bytes[0] & 0xc0 | bytes[0] & 0x3f;
        Address {
            bytes,
            kind: address.kind,
        }
    }

    /// The pseudonym of an identifier, as [`Pseudonymiser::payload`] puts it into frames.
    fn rpi(&self, rpi: Rpi) -> Rpi {
        let mut bytes = rpi.0;
        self.replace(b"rpi", &mut bytes);
        Rpi(bytes)
    }

    fn advert(&self, advert: &mut Advertisement) {
        advert.address = self.address(advert.address);
        advert.details.direct = advert.details.direct.map(|direct| self.address(direct));
        advert.data = Payload::new(&self.payload(&advert.data));
    }

    /// The payload with its structure kept and its identifiers replaced.
    #[must_use]
    pub fn payload(&self, payload: &[u8]) -> Vec<u8> {
        let mut redacted = payload.to_vec();
        let mut covered = 0;
        for structure in ad::structures(payload) {
            let start = structure.offset + 2;
            covered = start + structure.data.len();
            if let Some(data) = redacted.get_mut(start..covered) {
                self.structure(structure.ty, data);
            }
        }
        // What follows the last structure: padding stays, a structure that is cut short keeps its length and type.
        let rest = redacted.get_mut(covered..).unwrap_or_default();
        match rest {
            [0, data @ ..] if data.iter().any(|byte| *byte != 0) => {
                self.replace(b"rest", data);
                // Data after the end must not become padding by chance.
                if let Some(last) = data.last_mut() {
                    *last |= 1;
                }
            }
            [length, _, data @ ..] if *length != 0 => self.replace(b"rest", data),
            _ => {}
        }
        redacted
    }

    fn structure(&self, ad_type: u8, data: &mut [u8]) {
        match ad_type {
            ty::FLAGS
            | ty::UUID16_INCOMPLETE
            | ty::UUID16_COMPLETE
            | ty::UUID32_INCOMPLETE
            | ty::UUID32_COMPLETE
            | ty::UUID128_INCOMPLETE
            | ty::UUID128_COMPLETE
            | ty::TX_POWER
            | ty::APPEARANCE => {}
            ty::NAME_SHORT | ty::NAME_COMPLETE => self.name(data),
            ty::SERVICE_DATA_16 => self.service_data(data),
            ty::SERVICE_DATA_32 => self.replace_after(4, data),
            ty::SERVICE_DATA_128 => self.replace_after(16, data),
            ty::MANUFACTURER => self.manufacturer(data),
            _ => self.replace(b"data", data),
        }
    }

    fn service_data(&self, data: &mut [u8]) {
        if data.starts_with(&gaen::SERVICE_UUID.to_le_bytes())
            && let Some((rpi, rest)) = data.get_mut(2..).and_then(|body| body.split_first_chunk_mut::<16>())
        {
            let plain = *rpi;
            *rpi = self.rpi(Rpi(plain)).0;
            self.replace_with(&[b"aem", &plain], rest);
        } else if data.starts_with(&EDDYSTONE) {
            self.replace_after(3, data);
        } else {
            self.replace_after(2, data);
        }
    }

    fn manufacturer(&self, data: &mut [u8]) {
        if !data.starts_with(&APPLE) {
            return self.replace_after(2, data);
        }
        // Messages of type, length, value.
        let mut rest = data.get_mut(2..).unwrap_or_default();
        while let [message, length, body @ ..] = rest {
            let length = usize::from(*length).min(body.len());
            let (value, after) = body.split_at_mut(length);
            match (*message, value) {
                (IBEACON, [identifier @ .., _power]) if identifier.len() == 20 => self.replace(b"data", identifier),
                (_, value) => self.replace(b"data", value),
            }
            rest = after;
        }
        self.replace(b"rest", rest);
    }

    /// A name stays text: digits of its hash.
    fn name(&self, name: &mut [u8]) {
        let length = name.len();
        self.replace(b"name", name);
        for (byte, idx) in name.iter_mut().zip(0..length) {
            *byte = b"0123456789abcdef"[usize::from(*byte >> (4 * (idx % 2)) & 15)];
        }
    }

    fn replace_after(&self, kept: usize, data: &mut [u8]) {
        if let Some((head, body)) = data.split_at_mut_checked(kept) {
            self.replace_with(&[b"data", head], body);
        } else {
            self.replace(b"data", data);
        }
    }

    fn replace(&self, what: &[u8], bytes: &mut [u8]) {
        self.replace_with(&[what], bytes);
    }

    /// Overwrites the bytes with as many of their hash under the key; equal context and bytes give equal results.
    fn replace_with(&self, context: &[&[u8]], bytes: &mut [u8]) {
        let plain = bytes.to_vec();
        let lengths: Vec<[u8; 8]> = context.iter().map(|part| (part.len() as u64).to_le_bytes()).collect();
        for (block, counter) in bytes.chunks_mut(32).zip(0u8..) {
            let counter = [counter];
            let mut parts: Vec<&[u8]> = Vec::with_capacity(2 * context.len() + 2);
            for (length, part) in lengths.iter().zip(context) {
                parts.extend([length.as_slice(), part]);
            }
            parts.extend([counter.as_slice(), &plain]);
            let hash = self.hash(&parts);
            block.copy_from_slice(&hash[..block.len()]);
        }
    }

    /// HMAC-SHA-256 under the key.
    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC fills a short key up with zeros to the hash's block.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.key);
        let mut hash = Hmac::<Sha256>::new(&key.into());
        key.zeroize();
        for part in parts {
            hash.update(part);
        }
        hash.finalize().into_bytes().into()
    }
}

/// Whether an event stays when only exposure notification is to stay: its advertisements, the station's own broadcasts of
/// it, and all that says when and how was listened. Scan responses, other devices and the resolving list go.
#[must_use]
pub fn is_exposure_notification(event: &CaptureEvent) -> bool {
    match event {
        CaptureEvent::Advert(advert) => gaen::service_data(&advert.data).is_some(),
        CaptureEvent::Other(other) => match &other.kind {
            EventKind::OwnData { data, .. } => gaen::service_data(data).is_some(),
            EventKind::ResolvingAdd(_) | EventKind::ResolvingRemove { .. } | EventKind::ResolvingClear => false,
            _ => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::address::AddressKind;
    use crate::lab::advert::StationId;
    use crate::lab::beacon::classify;
    use crate::lab::event::{OwnDataCommand, ResolvingEntry, StationInfo};
    use crate::lab::time::UnixMicros;
    use hex_literal::hex;
    use proptest::prelude::*;

    const FRAME: [u8; 31] = hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874");

    fn pseudonymiser() -> Pseudonymiser {
        Pseudonymiser::new([7; 32])
    }

    #[test]
    fn a_frame_keeps_its_layout_and_the_station_its_own_identifier() {
        let redacted = pseudonymiser().payload(&FRAME);
        assert_eq!(redacted[..11], FRAME[..11]);
        assert_eq!(classify(&redacted), classify(&FRAME));
        let heard = gaen::decode(&redacted).unwrap();
        assert_ne!(heard.rpi, gaen::decode(&FRAME).unwrap().rpi);
        assert_ne!(heard.aem, gaen::decode(&FRAME).unwrap().aem);
        let mut own = CaptureEvent::other(
            UnixMicros(0),
            StationId(0),
            EventKind::OwnData {
                set: 0,
                command: OwnDataCommand::Extended,
                data: Payload::new(&FRAME[3..]),
            },
        );
        pseudonymiser().event(&mut own);
        let CaptureEvent::Other(own) = own else { panic!() };
        let EventKind::OwnData { data, .. } = &own.kind else {
            panic!()
        };
        assert_eq!(gaen::decode(data).unwrap().rpi, heard.rpi);
        assert_ne!(
            Pseudonymiser::new([8; 32]).payload(&FRAME),
            redacted,
            "another key, another pseudonym"
        );
    }

    #[test]
    fn a_key_is_told_from_others_by_what_does_not_tell_it() {
        let id = pseudonymiser().key_id();
        assert_eq!((id.len(), &id), (16, &pseudonymiser().key_id()));
        assert_ne!(id, Pseudonymiser::new([8; 32]).key_id());
        assert!(!id.contains("0707"));
    }

    #[test]
    fn an_ibeacon_stays_one_without_its_identifier() {
        let beacon = hex!("02011a1aff4c000215fda50693a4e24fb1afcfc6eb07647825271b1234c5");
        let redacted = pseudonymiser().payload(&beacon);
        assert_eq!(redacted[..9], beacon[..9]);
        assert_eq!(redacted[29], 0xc5);
        assert!((9..29).filter(|idx| redacted[*idx] == beacon[*idx]).count() < 5);
    }

    #[test]
    fn names_become_other_names_of_the_same_length() {
        let redacted = pseudonymiser().payload(&hex!("0509416e6e61 02011a"));
        assert_eq!(
            (&redacted[..2], &redacted[6..]),
            (&hex!("0509")[..], &hex!("02011a")[..])
        );
        let name = ad::local_name(&redacted).unwrap();
        assert!(
            name != "Anna" && name.chars().all(|digit| digit.is_ascii_hexdigit()),
            "{name}"
        );
    }

    #[test]
    fn resolving_keys_are_dropped() {
        let peer = Address {
            bytes: [1, 2, 3, 4, 5, 6],
            kind: AddressKind::Public,
        };
        let entry = ResolvingEntry {
            peer,
            peer_irk: Irk([1; 16]),
            local_irk: Irk([2; 16]),
        };
        let mut event = CaptureEvent::other(UnixMicros(0), StationId(0), EventKind::ResolvingAdd(Box::new(entry)));
        pseudonymiser().event(&mut event);
        let CaptureEvent::Other(event) = event else { panic!() };
        let EventKind::ResolvingAdd(entry) = event.kind else {
            panic!()
        };
        assert!(entry.peer_irk.is_none() && entry.local_irk.is_none());
        assert_eq!(
            entry.peer,
            pseudonymiser().address(peer),
            "the same address has the same pseudonym everywhere"
        );
        assert_ne!(entry.peer, peer);
    }

    #[test]
    fn stations_lose_their_names_but_for_the_one_that_is_given() {
        let name = |id, name: &str| {
            let info = StationInfo {
                name: name.to_owned(),
                model: "Pixel 4".to_owned(),
                ..StationInfo::default()
            };
            let mut event = CaptureEvent::other(UnixMicros(0), StationId(id), EventKind::Station(info));
            let pseudonymiser = pseudonymiser().with_station(Some("bench".to_owned()));
            pseudonymiser.event(&mut event);
            let CaptureEvent::Other(event) = event else { panic!() };
            let EventKind::Station(info) = event.kind else { panic!() };
            assert_eq!(info.model, "Pixel 4");
            info.name
        };
        assert_eq!(name(0, "soldier-01"), "station-1");
        assert_eq!(name(1, "soldier-02"), "station-2");
        assert_eq!(name(0, "bench"), "bench");
    }

    #[test]
    fn stripping_leaves_frames_and_what_tells_about_listening() {
        let advert = |data: &[u8]| {
            CaptureEvent::Advert(Advertisement {
                data: data.into(),
                ..Advertisement::default()
            })
        };
        assert!(is_exposure_notification(&advert(&FRAME)));
        assert!(!is_exposure_notification(&advert(&hex!("0509416e6e61"))));
        let other = |kind| CaptureEvent::other(UnixMicros(0), StationId(0), kind);
        assert!(is_exposure_notification(&other(EventKind::Dropped { n: 1 })));
        assert!(!is_exposure_notification(&other(EventKind::ResolvingClear)));
    }

    proptest! {
        #[test]
        fn structure_and_kind_stay_for_any_payload_and_address(
            data in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..20)), 0..4).prop_map(|all| {
                    let mut data = Vec::new();
                    for (ty, body) in &all {
                        ad::push(&mut data, *ty, body);
                    }
                    data
                }),
            ],
            bytes in any::<[u8; 6]>(),
        ) {
            let redacted = pseudonymiser().payload(&data);
            let shape = |payload: &[u8]| {
                ad::structures(payload).map(|one| (one.offset, one.ty, one.data.len())).collect::<Vec<_>>()
            };
            prop_assert_eq!(shape(&redacted), shape(&data));
            prop_assert_eq!(redacted.len(), data.len());
            prop_assert_eq!(ad::end(&redacted), ad::end(&data));
            let address = Address { bytes, kind: Address::random_kind(bytes) };
            let replaced = pseudonymiser().address(address);
            prop_assert_eq!(Address::random_kind(replaced.bytes), replaced.kind);
        }
    }
}
