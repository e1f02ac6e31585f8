//! The devices that marks name, and what they are called once identifiers are replaced.

use std::collections::{BTreeMap, BTreeSet};

use super::Pseudonymiser;
use crate::lab::address::{self, Address, AddressKind};
use crate::lab::advert::Hex;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Rpi};

/// Distinct prefixes that are looked for; devices of further ones get a word.
const MOST_PREFIXES: usize = 10_000;
/// Digits of a whole identifier, and of the shortest prefix that names one (as for a session's marks).
const WHOLE: usize = 32;
const SHORTEST: usize = 4;

/// The identifiers that marks name by their first digits. All marks must have been seen before the first advertisement:
/// a mark may stand anywhere in a capture.
#[derive(Debug, Default)]
pub struct Marked {
    prefixes: BTreeMap<String, Meant>,
    lengths: BTreeSet<usize>,
}

/// Which identifier a prefix stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meant {
    /// None that was heard.
    None,
    /// This one.
    One(Rpi),
    /// More than one.
    Several,
}

impl Marked {
    /// Takes in a mark's device.
    pub fn mark(&mut self, event: &CaptureEvent) {
        let CaptureEvent::Other(other) = event else { return };
        let EventKind::Mark(mark) = &other.kind else { return };
        if let Some(prefix) = prefix(&mark.device)
            && self.prefixes.len() < MOST_PREFIXES
        {
            self.lengths.insert(prefix.len());
            self.prefixes.entry(prefix).or_insert(Meant::None);
        }
    }

    /// Whether no mark names an identifier by a prefix, so that there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// Takes in the identifier of an advertisement or of the station's own broadcast.
    pub fn heard(&mut self, event: &CaptureEvent) {
        let payload = match event {
            CaptureEvent::Advert(advert) => &advert.data,
            CaptureEvent::Other(other) => match &other.kind {
                EventKind::OwnData { data, .. } => data,
                _ => return,
            },
        };
        let Some(frame) = gaen::decode(payload) else { return };
        let digits = frame.rpi.to_string();
        for &length in &self.lengths {
            if let Some(meant) = digits.get(..length).and_then(|start| self.prefixes.get_mut(start)) {
                *meant = match *meant {
                    Meant::None => Meant::One(frame.rpi),
                    Meant::One(known) if known == frame.rpi => Meant::One(known),
                    Meant::One(_) | Meant::Several => Meant::Several,
                };
            }
        }
    }

    /// The device under its pseudonym: addresses and identifiers as in the data, a prefix as the prefix of what it
    /// stands for; any other text (and a prefix of no or several identifiers) as a word that is the same for the same.
    pub(super) fn device(&self, pseudonymiser: &Pseudonymiser, device: &str) -> String {
        if device.is_empty() {
            return String::new();
        }
        if let Ok(bytes) = address::parse_bytes(device) {
            let kind = AddressKind::Unknown;
            return pseudonymiser.address(Address { bytes, kind }).to_string();
        }
        let lower = device.to_ascii_lowercase();
        if let Some(rpi) = whole(&lower) {
            return pseudonymiser.rpi(rpi).to_string();
        }
        if let Some(Meant::One(rpi)) = self.prefixes.get(&lower) {
            let mut pseudonym = pseudonymiser.rpi(*rpi).to_string();
            pseudonym.truncate(lower.len());
            return pseudonym;
        }
        let mut word = lower.into_bytes();
        // The word has six digits, however short the text.
        word.resize(word.len().max(3), 0);
        pseudonymiser.replace(b"device", &mut word);
        format!("device-{}", Hex(&word[..3]))
    }
}

fn prefix(device: &str) -> Option<String> {
    let is_prefix = (SHORTEST..WHOLE).contains(&device.len()) && device.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_prefix.then(|| device.to_ascii_lowercase())
}

fn whole(device: &str) -> Option<Rpi> {
    let is_whole = device.len() == WHOLE && device.bytes().all(|digit| digit.is_ascii_hexdigit());
    let value = u128::from_str_radix(device, 16).ok().filter(|_| is_whole)?;
    Some(Rpi(value.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::advert::{Advertisement, StationId};
    use crate::lab::event::Mark;
    use crate::lab::time::UnixMicros;
    use hex_literal::hex;

    const FRAME: [u8; 31] = hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874");
    const TWIN: [u8; 31] = hex!("02011a03036ffd17166ffd8be6000000000000000000000000000072033874");

    fn mark(device: &str) -> CaptureEvent {
        let mark = Mark {
            device: device.to_owned(),
            note: "Anna's phone".to_owned(),
            ..Mark::default()
        };
        CaptureEvent::other(UnixMicros(0), StationId(0), EventKind::Mark(mark))
    }

    fn advert(data: &[u8]) -> CaptureEvent {
        CaptureEvent::Advert(Advertisement {
            data: data.into(),
            ..Advertisement::default()
        })
    }

    /// The device of a mark after the way through, where these frames are heard.
    fn redacted(device: &str, frames: &[&[u8]]) -> String {
        let mut marked = Marked::default();
        marked.mark(&mark(device));
        frames.iter().for_each(|frame| marked.heard(&advert(frame)));
        let mut event = mark(device);
        Pseudonymiser::new([7; 32]).with_marked(marked).event(&mut event);
        let CaptureEvent::Other(event) = event else { panic!() };
        let EventKind::Mark(mark) = event.kind else { panic!() };
        assert_eq!(mark.note, "");
        mark.device
    }

    #[test]
    fn devices_of_marks_follow_their_data() {
        let heard = gaen::decode(&Pseudonymiser::new([7; 32]).payload(&FRAME)).unwrap();
        let pseudonym = heard.rpi.to_string();
        assert_eq!(redacted("8be6cd371c5c891604bfbe49df845096", &[]), pseudonym);
        assert_eq!(redacted("8BE6cd37", &[&FRAME]), pseudonym[..8]);
        assert_eq!(redacted("8be6cd37", &[&FRAME, &TWIN, &FRAME]), pseudonym[..8]);
        let address = Address {
            bytes: [0x5e, 0x1b, 9, 0xc4, 0x77, 1],
            kind: AddressKind::RandomResolvable,
        };
        assert_eq!(
            redacted("5E:1b:09:c4:77:01", &[]),
            Pseudonymiser::new([7; 32]).address(address).to_string()
        );
        assert_eq!(redacted("", &[&FRAME]), "");
    }

    #[test]
    fn any_other_device_becomes_a_word() {
        for (device, frames) in [
            ("bench-A", &[&FRAME[..]][..]),
            ("8be6", &[&FRAME[..], &TWIN[..]]),
            ("8be6cd37", &[]),
            ("8be", &[&FRAME[..]]),
            ("5e:1b:09", &[]),
            ("é", &[]),
        ] {
            let word = redacted(device, frames);
            let digits = word.strip_prefix("device-").unwrap();
            assert!(digits.len() == 6 && !word.contains(device), "{word}");
            assert_eq!(word, redacted(device, frames));
        }
        assert_ne!(redacted("bench-A", &[]), redacted("bench-B", &[]));
    }
}
