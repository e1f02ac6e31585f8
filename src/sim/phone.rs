//! A phone's identity over time, by the specification unless a fault says otherwise.
//!
//! 1. Address, identifier and metadata change together, after a time at random between 10 and 20 min.
//! 2. The identifier is that of the interval in which the change happened.
//! 3. A key serves one day from midnight UTC.

use crate::lab::address::Address;
use crate::lab::crypto::{BroadcastKeys, Confidence, Metadata, Tek, rolling_start};
use crate::lab::event::Irk;
use crate::lab::gaen::{Aem, Rpi};
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::Dbm;

use super::addresses::Addresses;
use super::frame::{Frame, gaen};
use super::random::Stream;
use super::scenario::{Fault, Os, Weakness};

const MINUTE: i64 = 60_000_000;
/// What phones with [`Fault::FixedAtRotation`] send for a moment; no real phone's value.
const FIXED: (Rpi, Aem) = (
    Rpi([
        0x3a, 0xd1, 0x07, 0xe6, 0x5c, 0x92, 0xb8, 0x41, 0xf3, 0x6e, 0x1d, 0xa9, 0x84, 0x27, 0xcb, 0x50,
    ]),
    Aem([0x91, 0x2e, 0x7f, 0xc4]),
);

/// The broadcasting side of a phone. All times are microseconds since the Unix epoch.
pub(super) struct Phone {
    seed: u64,
    name: String,
    os: Os,
    faults: Vec<Fault>,
    metadata: Metadata,
    addresses: Addresses,
    /// Lifetimes and addresses.
    changes: Stream,
    /// What exists only on demand: pauses, changes of the metadata.
    extras: Stream,
    day: Day,
    address: Address,
    rpi: Rpi,
    aem: Aem,
    enin: Enin,
    next_rotation: i64,
    /// When the address alone changes.
    next_address: Option<i64>,
    /// When the metadata alone change.
    next_aem: Option<i64>,
    pause: Option<[i64; 2]>,
    silent_until: i64,
    moment: Option<Moment>,
    /// Sorted clock jumps that are still to come, the next one last.
    jumps: Vec<(i64, i64)>,
    clock_error: i64,
}

/// A moment in which the fixed value is sent.
struct Moment {
    /// When the address changes, and to which.
    address: Option<(i64, Address)>,
    until: i64,
}

/// A key with what is derived from it.
struct Day {
    start: Enin,
    tek: Tek,
    keys: BroadcastKeys,
}

impl Day {
    /// The key of the day is a function of seed, phone and day, so that a clock that jumps back finds its key again.
    fn of(seed: u64, name: &str, start: Enin, faults: &[Fault]) -> Self {
        let tek = if faults.contains(&weak(Weakness::ZeroKey)) {
            Tek::new([0; 16])
        } else {
            Tek::new(Stream::new(seed, "tek", &[name, &start.0.to_string()]).bytes())
        };
        let keys = BroadcastKeys::derive(&tek);
        Self { start, tek, keys }
    }
}

const fn weak(how: Weakness) -> Fault {
    Fault::WeakRpi { how }
}

/// What a phone is when it starts to broadcast.
#[derive(Clone)]
pub(super) struct Birth<'a> {
    pub(super) seed: u64,
    pub(super) name: &'a str,
    pub(super) os: Os,
    pub(super) tx_power: f64,
    pub(super) faults: &'a [Fault],
    /// When it begins to broadcast.
    pub(super) from: i64,
    /// When it rotates for the first time, if that is given.
    pub(super) first_rotation: Option<i64>,
    /// Clock jumps: when, by how much.
    pub(super) jumps: Vec<(i64, i64)>,
    /// Its identity resolving key, if somebody is bonded with it.
    pub(super) irk: Option<Irk>,
    /// How long it is silent after each rotation: shortest, longest.
    pub(super) pause: Option<[i64; 2]>,
}

impl Phone {
    pub(super) fn new(birth: Birth<'_>) -> Self {
        let Birth {
            seed,
            name,
            os,
            tx_power,
            faults,
            from,
            first_rotation,
            mut jumps,
            irk,
            pause,
        } = birth;
        let mut changes = Stream::new(seed, "changes", &[name]);
        let lifetime = lifetime(&mut changes, faults);
        // A phone that is there at the start is somewhere in the life of its identity.
        let remaining = changes.between(1, lifetime);
        let next_rotation = if faults.contains(&Fault::NoRotation) {
            from.saturating_add(lifetime)
        } else {
            first_rotation.unwrap_or_else(|| from.saturating_add(remaining))
        };
        let since = next_rotation.saturating_sub(lifetime).min(from);
        let power = Dbm(i8::try_from(super::math::whole(tx_power)).unwrap_or(0));
        let enin = interval_at(since);
        jumps.sort_by_key(|jump| std::cmp::Reverse(*jump));
        let mut phone = Self {
            seed,
            name: name.to_owned(),
            os,
            faults: faults.to_vec(),
            metadata: metadata(os, power, faults),
            addresses: Addresses::new(seed, name, os, faults, irk.as_ref()),
            day: Day::of(seed, name, rolling_start(enin), faults),
            address: Address::default(),
            rpi: Rpi::default(),
            aem: Aem::default(),
            enin,
            next_rotation,
            next_address: None,
            next_aem: None,
            pause,
            silent_until: i64::MIN,
            moment: None,
            jumps,
            clock_error: 0,
            changes,
            extras: Stream::new(seed, "extras", &[name]),
        };
        phone.address = phone.new_address();
        phone.take_identifier(enin);
        phone.aem = phone.day.keys.seal(phone.rpi, phone.metadata);
        phone.plan_address(since, from);
        phone.plan_metadata(from);
        phone
    }

    pub(super) fn frame(&self) -> Frame {
        let (rpi, aem) = match self.moment {
            Some(_) => FIXED,
            None => (self.rpi, self.aem),
        };
        gaen(self.os, self.address, rpi, aem, &self.faults)
    }

    /// Its identifier; `None` while it sends what all such phones send.
    pub(super) fn rpi(&self) -> Option<Rpi> {
        self.moment.is_none().then_some(self.rpi)
    }

    pub(super) const fn address(&self) -> Address {
        self.address
    }

    /// Whether it is silent after a rotation.
    pub(super) const fn is_silent(&self, now: i64) -> bool {
        now < self.silent_until
    }

    pub(super) const fn enin(&self) -> Enin {
        self.enin
    }

    /// The key in use and its first interval.
    pub(super) const fn key(&self) -> (&Tek, Enin) {
        (&self.day.tek, self.day.start)
    }

    /// When anything of its identity changes next.
    pub(super) fn next_change(&self) -> i64 {
        let of_moment = self.moment.as_ref().map(|moment| match moment.address {
            Some((at, _)) => at.min(moment.until),
            None => moment.until,
        });
        [self.next_address, self.next_aem, of_moment]
            .into_iter()
            .flatten()
            .fold(self.next_rotation, i64::min)
    }

    /// Does what is due at `now`.
    pub(super) fn change(&mut self, now: i64) {
        while self.jumps.last().is_some_and(|(at, _)| *at <= now) {
            self.clock_error = self
                .jumps
                .pop()
                .map_or(0, |(_, by)| self.clock_error.saturating_add(by));
        }
        if self.next_address.is_some_and(|at| at <= now) {
            self.next_address = None;
            self.address = self.new_address();
        }
        if self.next_aem.is_some_and(|at| at <= now) {
            self.next_aem = None;
            // Counter mode without authentication: a flipped bit of the TX power is decrypted as one.
            self.aem.0[1] ^= 0x10;
        }
        self.end_moment(now);
        if self.next_rotation <= now {
            self.rotate(now);
        }
    }

    fn end_moment(&mut self, now: i64) {
        let Some(moment) = &mut self.moment else { return };
        if let Some((_, address)) = moment.address.take_if(|(at, _)| *at <= now) {
            self.address = address;
        }
        if moment.until <= now {
            self.moment = None;
        }
    }

    fn rotate(&mut self, now: i64) {
        self.next_rotation = now.saturating_add(lifetime(&mut self.changes, &self.faults));
        let enin = if self.has(&Fault::EarlyRotation) || self.has(&Fault::HastyRotation) {
            Enin(self.enin.0.saturating_add(1))
        } else {
            interval_at(now.saturating_add(self.clock_error))
        };
        self.take_identifier(enin);
        if !self.has(&Fault::FrozenAem) {
            self.aem = self.day.keys.seal(self.rpi, self.metadata);
        }
        let keeps_address = [Fault::RpiWithoutAddress, Fault::StaticAddress, Fault::PublicAddress];
        if !keeps_address.iter().any(|fault| self.has(fault)) {
            self.change_address(now);
        }
        self.plan_address(now, now);
        self.plan_metadata(now);
        if let Some([shortest, longest]) = self.pause {
            self.silent_until = now.saturating_add(self.extras.between(shortest, longest));
        }
    }

    /// A new address, at once or amid the moment in which the fixed value is sent.
    fn change_address(&mut self, now: i64) {
        let address = self.new_address();
        let lasts = self.faults.iter().find_map(|fault| match fault {
            Fault::FixedAtRotation { lasts } => Some(lasts.micros()),
            _ => None,
        });
        match lasts {
            Some(lasts) => {
                self.moment = Some(Moment {
                    address: Some((now.saturating_add(lasts / 2), address)),
                    until: now.saturating_add(lasts),
                });
            }
            None => self.address = address,
        }
    }

    fn take_identifier(&mut self, enin: Enin) {
        let start = rolling_start(enin);
        if start != self.day.start {
            self.day = Day::of(self.seed, &self.name, start, &self.faults);
        }
        self.enin = enin;
        self.rpi = self.weakened(self.day.keys.rpi(enin));
    }

    /// What a weak generator makes of an identifier.
    fn weakened(&self, Rpi(mut bytes): Rpi) -> Rpi {
        if self.has(&weak(Weakness::Text)) {
            // 0x20 to 0x7e.
            bytes = bytes.map(|byte| 0x20 + byte % 0x5f);
        }
        let (front, back) = bytes.split_at_mut(8);
        if self.has(&weak(Weakness::EqualHalves)) {
            back.copy_from_slice(front);
        }
        if self.has(&weak(Weakness::SharedHalf)) {
            front.copy_from_slice(&Stream::new(self.seed, "half", &[&self.name]).bytes::<8>());
        }
        Rpi(bytes)
    }

    fn plan_metadata(&mut self, since: i64) {
        if self.has(&Fault::ChangingAem) {
            let life = self.next_rotation.saturating_sub(since);
            self.next_aem = Some(since.saturating_add(self.extras.between(life / 5, life / 5 * 4)));
        }
    }

    fn plan_address(&mut self, since: i64, from: i64) {
        if self.has(&Fault::AddressWithoutRpi) {
            let life = self.next_rotation.saturating_sub(since);
            let at = since.saturating_add(self.changes.between(life / 5, life / 5 * 4));
            self.next_address = (at > from).then_some(at);
        }
    }

    fn new_address(&mut self) -> Address {
        self.addresses.draw(&mut self.changes)
    }

    fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }
}

fn metadata(os: Os, power: Dbm, faults: &[Fault]) -> Metadata {
    let mut metadata = match os {
        Os::Android => Metadata::v1_1(power, Confidence::High),
        Os::Ios => Metadata::v1_0(power),
    };
    for fault in faults {
        if let Fault::OddMetadata { major, reserved } = fault {
            metadata.0[0] = (metadata.0[0] & 0x3f) | major << 6;
            metadata.0[2] = *reserved;
        }
    }
    metadata
}

/// How long the next identity lives, in microseconds.
fn lifetime(stream: &mut Stream, faults: &[Fault]) -> i64 {
    // Strictly between 10 and 20 min. One draw whatever the fault, so that all else stays the same.
    let honest = stream.between(10 * MINUTE + 1, 20 * MINUTE - 1);
    let scaled = |low: i64, high: i64| low + (honest - 10 * MINUTE) / 10 * (high - low) / MINUTE;
    if faults.contains(&Fault::NoRotation) {
        // Longer than any scenario lasts.
        62 * 24 * 60 * MINUTE
    } else if faults.contains(&Fault::EarlyRotation) {
        scaled(2 * MINUTE, 8 * MINUTE)
    } else if faults.contains(&Fault::HastyRotation) {
        scaled(MINUTE, 3 * MINUTE)
    } else if faults.contains(&Fault::LateRotation) {
        scaled(25 * MINUTE, 60 * MINUTE)
    } else {
        honest
    }
}

/// The interval of an instant by the phone's clock; clamped where the clock is beyond all intervals.
fn interval_at(at: i64) -> Enin {
    UnixMicros(at)
        .enin()
        .unwrap_or(Enin(if at < 0 { 0 } else { u32::MAX / 2 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::address::AddressKind;
    use proptest::prelude::*;

    const START: i64 = 1_600_000_000_000_000;

    fn phone(seed: u64, os: Os, faults: &[Fault]) -> Phone {
        Phone::new(Birth {
            seed,
            name: "a",
            os,
            tx_power: -24.0,
            faults,
            from: START,
            first_rotation: None,
            jumps: faults
                .iter()
                .filter_map(|fault| match fault {
                    Fault::ClockJump { at, by } => Some((START + at.micros(), by.micros())),
                    _ => None,
                })
                .collect(),
            irk: None,
            pause: None,
        })
    }

    /// (when, address, rpi, aem, enin) at the start and after each change.
    fn history(phone: &mut Phone, changes: usize) -> Vec<(i64, Address, Rpi, Aem, Enin)> {
        let state = |at, phone: &Phone| (at, phone.address, phone.rpi, phone.aem, phone.enin);
        let mut all = vec![state(START, phone)];
        for _ in 0..changes {
            let at = phone.next_change();
            phone.change(at);
            all.push(state(at, phone));
        }
        all
    }

    proptest! {
        #[test]
        fn honest_phones_keep_the_rules_for_days(seed: u64, ios: bool) {
            let os = if ios { Os::Ios } else { Os::Android };
            let mut phone = phone(seed, os, &[]);
            prop_assert!(phone.next_change() > START && phone.next_change() <= START + 20 * MINUTE);
            let all = history(&mut phone, 300);
            for (idx, pair) in all.windows(2).enumerate() {
                let ((t0, address0, rpi0, aem0, _), (t1, address, rpi, aem, enin)) = (pair[0], pair[1]);
                prop_assert!(address0 != address && rpi0 != rpi && aem0 != aem);
                prop_assert!(t1 - t0 < 20 * MINUTE && (idx == 0 || t1 - t0 > 10 * MINUTE));
                prop_assert_eq!(UnixMicros(t1).enin(), Some(enin));
                // Once more from the key, without the phone.
                let day = Day::of(seed, "a", rolling_start(enin), &[]);
                prop_assert_eq!(day.keys.rpi(enin), rpi);
                let metadata = day.keys.open(rpi, aem);
                prop_assert!(metadata.tx_power() == Dbm(-24) && metadata.reserved_is_zero());
                prop_assert_eq!(address.kind, if ios { AddressKind::RandomNonresolvable } else { AddressKind::RandomResolvable });
            }
        }

        #[test]
        fn faults_do_what_they_say(seed: u64) {
            let run = |fault: Fault| history(&mut phone(seed, Os::Android, &[fault]), 12);
            for fault in [Fault::RpiWithoutAddress, Fault::StaticAddress, Fault::PublicAddress] {
                for pair in run(fault).windows(2) {
                    prop_assert!(pair[0].1 == pair[1].1 && pair[0].2 != pair[1].2);
                }
            }
            prop_assert_eq!(run(Fault::StaticAddress)[0].1.kind, AddressKind::RandomStatic);
            prop_assert_eq!(run(Fault::PublicAddress)[0].1.kind, AddressKind::Public);
            let alone = run(Fault::AddressWithoutRpi).windows(2).filter(|pair| pair[0].1 != pair[1].1 && pair[0].2 == pair[1].2).count();
            prop_assert!(alone >= 5);
            for pair in run(Fault::EarlyRotation)[1..].windows(2) {
                prop_assert!((2 * MINUTE..=8 * MINUTE).contains(&(pair[1].0 - pair[0].0)) && pair[0].2 != pair[1].2);
            }
            for pair in run(Fault::LateRotation)[1..].windows(2) {
                prop_assert!((25 * MINUTE..=60 * MINUTE).contains(&(pair[1].0 - pair[0].0)));
            }
            let frozen = run(Fault::FrozenAem);
            prop_assert!(frozen.iter().all(|state| state.3 == frozen[0].3) && frozen[0].2 != frozen[5].2);
            prop_assert!(phone(seed, Os::Ios, &[Fault::NoRotation]).next_change() > START + 24 * 60 * MINUTE);
        }
    }

    #[test]
    fn a_jumped_clock_gives_identifiers_of_the_wrong_interval() {
        let jump = Fault::ClockJump {
            at: "30m".parse().unwrap(),
            by: "-1d".parse().unwrap(),
        };
        let all = history(&mut phone(7, Os::Android, &[jump]), 8);
        for (at, .., enin) in &all[1..] {
            let expected = if *at >= START + 30 * MINUTE { 144 } else { 0 };
            assert_eq!(UnixMicros(*at).enin().unwrap().0 - enin.0, expected);
        }
    }
}
