//! A phone's other beacons, and devices that send its frames on.
//!
//! Each runs a phone of its own that is the same as the one it belongs to, because a phone is a function of the scenario:
//! so it knows when that one changes, without a word between the two.

use crate::lab::ad::{push, ty};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Payload, PduType};

use super::frame::{Frame, random_address};
use super::phone::Phone;
use super::random::Stream;
use super::scenario::{self, CompanionAddress, CompanionKind};

const MINUTE: i64 = 60_000_000;
const APPLE: [u8; 2] = 0x004c_u16.to_le_bytes();
/// How often a Handoff counter counts.
const COUNTS: i64 = MINUTE / 2;

/// Another beacon of a phone.
pub(super) struct Companion {
    spec: scenario::Companion,
    phone: Phone,
    stream: Stream,
    address: Address,
    id: [u8; 16],
    tag: [u8; 3],
    counter: u16,
    next_count: i64,
    /// When its address changes at a time of its own.
    next_address: i64,
    /// When the tag changes that outlived an address.
    next_tag: i64,
}

impl Companion {
    /// The `name` chooses its random values.
    pub(super) fn new(seed: u64, name: &str, spec: &scenario::Companion, phone: Phone, from: i64) -> Self {
        let mut stream = Stream::new(seed, "companion", &[name]);
        let mut companion = Self {
            id: stream.bytes(),
            tag: stream.bytes(),
            counter: u16::from_le_bytes(stream.bytes()),
            address: random_address(&mut stream, AddressKind::RandomResolvable),
            next_count: i64::MAX,
            next_address: i64::MAX,
            next_tag: i64::MAX,
            spec: spec.clone(),
            phone,
            stream,
        };
        if spec.sends == CompanionKind::Handoff {
            companion.next_count = from.saturating_add(companion.stream.between(1, COUNTS));
        }
        if spec.address == CompanionAddress::OwnTimes {
            companion.next_address = from.saturating_add(companion.stream.between(1, 20 * MINUTE));
        }
        companion
    }

    pub(super) fn next_change(&self) -> i64 {
        let of_phone = match self.spec.address {
            CompanionAddress::OwnTimes => i64::MAX,
            CompanionAddress::Same | CompanionAddress::WithRpi => self.phone.next_change(),
        };
        of_phone.min(self.next_count).min(self.next_address).min(self.next_tag)
    }

    pub(super) fn change(&mut self, now: i64) {
        let before = self.phone.address();
        let identifier = self.phone.enin();
        if self.phone.next_change() <= now {
            self.phone.change(now);
        }
        let changes = match self.spec.address {
            CompanionAddress::Same => before != self.phone.address(),
            CompanionAddress::WithRpi => identifier != self.phone.enin(),
            CompanionAddress::OwnTimes => self.next_address <= now,
        };
        if changes {
            self.take_address(now);
        }
        if self.next_tag <= now {
            self.next_tag = i64::MAX;
            self.tag = self.stream.bytes();
        }
        if self.next_count <= now {
            self.next_count = now.saturating_add(COUNTS);
            self.counter = self.counter.wrapping_add(1);
        }
    }

    fn take_address(&mut self, now: i64) {
        if self.spec.address == CompanionAddress::OwnTimes {
            self.next_address = now.saturating_add(self.stream.between(10 * MINUTE, 20 * MINUTE));
        }
        self.address = random_address(&mut self.stream, AddressKind::RandomResolvable);
        let (tag, counter) = (self.stream.bytes(), u16::from_le_bytes(self.stream.bytes()));
        if self.spec.carries_over {
            self.counter = self.counter.wrapping_add(1);
            self.next_tag = now.saturating_add(self.stream.between(2 * MINUTE, 5 * MINUTE));
        } else {
            (self.tag, self.counter) = (tag, counter);
        }
    }

    pub(super) fn frame(&self) -> Frame {
        let mut data = Vec::with_capacity(31);
        push(&mut data, ty::FLAGS, &[0x1a]);
        let mut pdu = PduType::AdvInd;
        match self.spec.sends {
            CompanionKind::Name => {
                let name = self.spec.advertised_name.as_bytes();
                push(&mut data, ty::NAME_COMPLETE, &name[..name.len().min(26)]);
            }
            CompanionKind::Ibeacon => {
                pdu = PduType::AdvNonconnInd;
                let body = [&APPLE[..], &[0x02, 0x15], &self.id, &[0, 1, 0, 7, 0xc5]].concat();
                push(&mut data, ty::MANUFACTURER, &body);
            }
            CompanionKind::Handoff => {
                // Clipboard flag, counter, tag and ciphertext, which follow from counter and device.
                let mut hidden = Stream::new(
                    u64::from(self.counter),
                    "handoff",
                    &[&self.address.to_string(), &format!("{:?}", self.id)],
                );
                let body: [u8; 11] = hidden.bytes();
                let head = [0x0c, 0x0e, 0x00];
                let body = [&APPLE[..], &head, &self.counter.to_le_bytes(), &body].concat();
                push(&mut data, ty::MANUFACTURER, &body);
            }
            CompanionKind::NearbyInfo => {
                let body = [&APPLE[..], &[0x10, 0x05, 0x01, 0x18], &self.tag].concat();
                push(&mut data, ty::MANUFACTURER, &body);
            }
        }
        Frame {
            address: match self.spec.address {
                CompanionAddress::Same => self.phone.address(),
                CompanionAddress::WithRpi | CompanionAddress::OwnTimes => self.address,
            },
            pdu,
            data: Payload::new(&data),
            response: None,
        }
    }
}

/// A device that sends a phone's frames on, at once or later.
pub(super) struct Relay {
    phone: Phone,
    after: i64,
    same_address: bool,
    stream: Stream,
    address: Address,
}

impl Relay {
    pub(super) fn new(seed: u64, spec: &scenario::Relay, phone: Phone) -> Self {
        let mut stream = Stream::new(seed, "relay", &[spec.name.as_ref()]);
        Self {
            address: random_address(&mut stream, AddressKind::RandomNonresolvable),
            phone,
            after: spec.after.micros(),
            same_address: spec.same_address,
            stream,
        }
    }

    pub(super) fn next_change(&self) -> i64 {
        self.phone.next_change().saturating_add(self.after)
    }

    pub(super) fn change(&mut self, now: i64) {
        let identifier = self.phone.enin();
        self.phone.change(now.saturating_sub(self.after));
        if identifier != self.phone.enin() {
            self.address = random_address(&mut self.stream, AddressKind::RandomNonresolvable);
        }
    }

    /// Whether the phone was silent at the time that it sends on.
    pub(super) fn is_silent(&self, now: i64) -> bool {
        self.phone.is_silent(now.saturating_sub(self.after))
    }

    pub(super) fn frame(&self) -> Frame {
        let mut frame = self.phone.frame();
        if !self.same_address {
            frame.address = self.address;
            frame.pdu = PduType::AdvNonconnInd;
            frame.response = None;
        }
        frame
    }
}
