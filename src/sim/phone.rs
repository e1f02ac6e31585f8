//! A phone's identity over time, by the specification unless a fault says otherwise.
//!
//! 1. Address, identifier and metadata change together, after a time at random between 10 and 20 min.
//! 2. The identifier is that of the interval in which the change happened.
//! 3. A key serves one day from midnight UTC.

use crate::lab::address::{Address, AddressKind};
use crate::lab::crypto::{BroadcastKeys, Confidence, Metadata, Tek, rolling_start};
use crate::lab::gaen::{Aem, Rpi};
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::Dbm;

use super::frame::{Frame, gaen, random_address};
use super::random::Stream;
use super::scenario::{Fault, Os};

const MINUTE: i64 = 60_000_000;

/// The broadcasting side of a phone. All times are microseconds since the Unix epoch.
pub(super) struct Phone {
    seed: u64,
    name: String,
    os: Os,
    faults: Vec<Fault>,
    metadata: Metadata,
    /// Lifetimes and addresses.
    changes: Stream,
    day: Day,
    address: Address,
    rpi: Rpi,
    aem: Aem,
    enin: Enin,
    next_rotation: i64,
    /// When the address alone changes.
    next_address: Option<i64>,
    /// Sorted clock jumps that are still to come, the next one last.
    jumps: Vec<(i64, i64)>,
    clock_error: i64,
}

/// A key with what is derived from it.
struct Day {
    start: Enin,
    tek: Tek,
    keys: BroadcastKeys,
}

impl Day {
    /// The key of the day is a function of seed, phone and day, so that a clock that jumps back finds its key again.
    fn of(seed: u64, name: &str, start: Enin) -> Self {
        let tek = Tek::new(Stream::new(seed, "tek", &[name, &start.0.to_string()]).bytes());
        let keys = BroadcastKeys::derive(&tek);
        Self { start, tek, keys }
    }
}

/// What a phone is when it starts to broadcast.
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
            metadata: match os {
                Os::Android => Metadata::v1_1(power, Confidence::High),
                Os::Ios => Metadata::v1_0(power),
            },
            day: Day::of(seed, name, rolling_start(enin)),
            address: Address::default(),
            rpi: Rpi::default(),
            aem: Aem::default(),
            enin,
            next_rotation,
            next_address: None,
            jumps,
            clock_error: 0,
            changes,
        };
        phone.address = phone.new_address();
        phone.take_identifier(enin);
        phone.aem = phone.day.keys.seal(phone.rpi, phone.metadata);
        phone.plan_address(since, from);
        phone
    }

    pub(super) fn frame(&self) -> Frame {
        gaen(self.os, self.address, self.rpi, self.aem, &self.faults)
    }

    pub(super) const fn rpi(&self) -> Rpi {
        self.rpi
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
        self.next_address.unwrap_or(i64::MAX).min(self.next_rotation)
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
        if self.next_rotation <= now {
            self.rotate(now);
        }
    }

    fn rotate(&mut self, now: i64) {
        self.next_rotation = now.saturating_add(lifetime(&mut self.changes, &self.faults));
        let enin = if self.has(&Fault::EarlyRotation) {
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
            self.address = self.new_address();
        }
        self.plan_address(now, now);
    }

    fn take_identifier(&mut self, enin: Enin) {
        let start = rolling_start(enin);
        if start != self.day.start {
            self.day = Day::of(self.seed, &self.name, start);
        }
        self.enin = enin;
        self.rpi = self.day.keys.rpi(enin);
    }

    fn plan_address(&mut self, since: i64, from: i64) {
        if self.has(&Fault::AddressWithoutRpi) {
            let life = self.next_rotation.saturating_sub(since);
            let at = since.saturating_add(self.changes.between(life / 5, life / 5 * 4));
            self.next_address = (at > from).then_some(at);
        }
    }

    fn new_address(&mut self) -> Address {
        let kind = if self.has(&Fault::PublicAddress) {
            AddressKind::Public
        } else if self.has(&Fault::StaticAddress) {
            AddressKind::RandomStatic
        } else {
            match self.os {
                Os::Android => AddressKind::RandomResolvable,
                Os::Ios => AddressKind::RandomNonresolvable,
            }
        };
        random_address(&mut self.changes, kind)
    }

    fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }
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
                let day = Day::of(seed, "a", rolling_start(enin));
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
