//! What a broadcast shows that an honest phone would not: signs that are worth a look, no verdict.
//!
//! Limits are those of the Exposure Notification Bluetooth and Cryptography specifications v1.2, with room for clocks
//! that differ and for reports that come late.

use super::address::AddressKind;
use super::crypto::Metadata;
use super::gaen::Rpi;
use super::ledger::{Ledger, Record, TrackKey};
use super::session::Session;
use super::step;
use super::time::{Enin, Micros, UnixMicros};
use super::track::Track;

/// More records of an identifier or an address are not looked at: the chain of a hostile one may be long.
const MOST_LOOKED_AT: usize = 1_000;
/// Address and identifier should change at a random time between 10 and 20 min after the last change. Honest phones of
/// 2020 were seen to keep them for up to 22 min, one for 25; a minute is left over.
const OLDEST: Micros = Micros::from_secs(26 * 60);
/// What the clocks of phone and station may differ by.
const CLOCKS: Micros = Micros::from_secs(10 * 60);

/// One sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The identifier was also heard under another address at the same station, or the address with another
    /// identifier: both should change together. Never of an address that the controller resolved.
    OutOfStep,
    /// The identifier was heard for longer than 25 min.
    Overdue,
    /// It broadcasts under an address that does not change: a public or a random static one.
    FixedAddress,
    /// Its lab key uses the identifier at another time, by the clock of the data.
    OtherTime,
    /// Its lab key opens the metadata to what no phone sends: they belong to another identifier, or are made up.
    Metadata,
}

impl Doubt {
    /// Every sign, the gravest first.
    pub const ALL: [Self; 5] = [
        Self::OutOfStep,
        Self::FixedAddress,
        Self::Overdue,
        Self::OtherTime,
        Self::Metadata,
    ];

    /// What it says of a phone, for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::OutOfStep => "address and identifier do not change together",
            Self::FixedAddress => "its address is of a kind that does not change",
            Self::Overdue => "its identifier is older than 25 min",
            Self::OtherTime => "its identifier is that of another time",
            Self::Metadata => "its metadata do not fit the identifier",
        }
    }

    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OutOfStep => "out-of-step",
            Self::FixedAddress => "fixed-address",
            Self::Overdue => "overdue",
            Self::OtherTime => "other-time",
            Self::Metadata => "metadata",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The signs of one broadcaster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts(u8);

impl Doubts {
    /// What is to be seen of a broadcaster of Exposure Notifications; of anything else, nothing.
    #[must_use]
    pub fn of(session: &Session, track: &Track) -> Self {
        let mut doubts = Self::default();
        let Some(rpi) = track.rpi else { return doubts };
        let ledger = session.ledger();
        let mut life: Option<(UnixMicros, UnixMicros)> = None;
        for (_, record) in ledger.of_rpi(rpi).take(MOST_LOOKED_AT) {
            if record.key().station == track.key.station {
                let (first, last) = life.unwrap_or((record.first, record.last));
                life = Some((first.min(record.first), last.max(record.last)));
            }
        }
        doubts.set(Doubt::OutOfStep, is_out_of_step(session, track, rpi));
        doubts.set(
            Doubt::Overdue,
            life.is_some_and(|(first, last)| last.since(first) > OLDEST),
        );
        doubts.set(
            Doubt::FixedAddress,
            matches!(track.key.address.kind, AddressKind::Public | AddressKind::RandomStatic),
        );
        if let Some(known) = session.known(Some(rpi), track.aem) {
            // Used from the beginning of its interval on, until what replaces it in the next one at the latest.
            let from = known.enin.start();
            let early = from.since(track.last) > CLOCKS;
            let late = track.last.since(from) > Micros(Enin::SPAN.0 + OLDEST.0 + CLOCKS.0);
            doubts.set(Doubt::OtherTime, early || late);
            doubts.set(Doubt::Metadata, known.metadata.is_some_and(|told| !told.is_plausible()));
        }
        doubts
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is this one.
    #[must_use]
    pub const fn has(self, doubt: Doubt) -> bool {
        self.0 & doubt.bit() != 0
    }

    /// The signs, the gravest first.
    pub fn iter(self) -> impl Iterator<Item = Doubt> {
        Doubt::ALL.into_iter().filter(move |doubt| self.has(*doubt))
    }

    const fn set(&mut self, doubt: Doubt, holds: bool) {
        if holds {
            self.0 |= doubt.bit();
        }
    }
}

/// Whether the identifier was heard under another address at this station, or the address with another identifier.
fn is_out_of_step(session: &Session, track: &Track, rpi: Rpi) -> bool {
    let ledger = session.ledger();
    let of_track = |(_, record): &(_, &Record)| record.key() == track.key;
    let present = ledger.of_rpi(rpi).take(MOST_LOOKED_AT).find(of_track);
    present.is_some_and(|(_, record)| {
        step::elsewhere(ledger, record, MOST_LOOKED_AT).next().is_some()
            || step::before(ledger, record, MOST_LOOKED_AT).next().is_some()
    })
}

/// How many identifiers were heard under an address; of a thousand and more, so many.
#[must_use]
pub fn identifiers(ledger: &Ledger, key: TrackKey) -> usize {
    let records = ledger.of_address(key).take(MOST_LOOKED_AT);
    records.filter(|(_, record)| Record::rpi(record).is_some()).count()
}

impl Metadata {
    /// Whether a phone could have sent these: of major version 1, with zeros where the specification reserves bits.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        self.major() == 1 && self.reserved_is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::lab::address::Address;
    use crate::lab::advert::Advertisement;
    use crate::lab::crypto::{BroadcastKeys, Tek};
    use crate::lab::event::CaptureEvent;
    use crate::lab::gaen::Aem;
    use crate::lab::keyring::Keyring;
    use crate::lab::time::Enin;
    use crate::lab::units::Dbm;

    const DAY: Enin = Enin(2_642_976);

    fn heard(last: u8, kind: AddressKind, minutes: i64, rpi: Rpi, aem: Aem) -> CaptureEvent {
        let data = [&[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd], &rpi.0[..], &aem.0].concat();
        CaptureEvent::Advert(Advertisement {
            at: DAY.start().plus(Micros::from_secs(60 * minutes)),
            address: Address {
                bytes: [0x3e, 0, 0, 0, 0, last],
                kind,
            },
            rssi: Some(Dbm(-60)),
            data: data.as_slice().into(),
            ..Advertisement::default()
        })
    }

    fn doubts(session: &Session) -> Vec<(u8, Vec<Doubt>)> {
        let of = |track: &Track| (track.key.address.bytes[5], Doubts::of(session, track).iter().collect());
        let mut all: Vec<_> = session.tracks().iter().map(of).collect();
        all.sort();
        all
    }

    #[test]
    fn what_an_address_and_an_identifier_do_together_is_told() {
        use AddressKind::{Public, RandomNonresolvable as Private, RandomStatic};
        let mut session = Session::default();
        let say = |last, kind, minutes, rpi: u8| heard(last, kind, minutes, Rpi([rpi; 16]), Aem([1; 4]));
        session.ingest_all(&[
            // Identifiers for 26 and for 27 min.
            say(1, Private, 0, 1),
            say(2, Private, 0, 2),
            // One identifier under two addresses, one address with two identifiers.
            say(3, Private, 0, 3),
            say(4, Private, 1, 3),
            say(5, Private, 1, 4),
            say(5, Private, 2, 5),
            say(6, Public, 16, 6),
            say(7, RandomStatic, 16, 7),
            say(3, Private, 17, 3),
            say(4, Private, 17, 3),
            say(5, Private, 17, 5),
            say(1, Private, 18, 1),
            say(2, Private, 18, 2),
            say(3, Private, 22, 3),
            say(4, Private, 22, 3),
            say(5, Private, 22, 5),
            say(6, Public, 22, 6),
            say(7, RandomStatic, 22, 7),
            say(1, Private, 26, 1),
            say(2, Private, 27, 2),
        ]);
        let found = doubts(&session);
        assert_eq!(
            found,
            [
                (1, vec![]),
                (2, vec![Doubt::Overdue]),
                (3, vec![Doubt::OutOfStep]),
                (4, vec![Doubt::OutOfStep]),
                (5, vec![Doubt::OutOfStep]),
                (6, vec![Doubt::FixedAddress]),
                (7, vec![Doubt::FixedAddress]),
            ]
        );
    }

    #[test]
    fn of_an_address_that_was_resolved_nothing_is_concluded() {
        use AddressKind::{PublicIdentity, RandomIdentity, RandomNonresolvable as Private};
        let mut session = Session::default();
        let say = |last, kind, minutes, rpi: u8| heard(last, kind, minutes, Rpi([rpi; 16]), Aem([1; 4]));
        session.ingest_all(&[
            say(1, PublicIdentity, 0, 1),
            say(1, PublicIdentity, 1, 2),
            say(2, RandomIdentity, 1, 3),
            say(2, RandomIdentity, 2, 4),
            // What it was on the air stands beside the identity of one of them.
            say(3, Private, 2, 4),
        ]);
        assert_eq!(doubts(&session), [(1, vec![]), (2, vec![]), (3, vec![])]);
    }

    #[test]
    fn a_lab_key_tells_wrong_times_and_metadata() {
        let tek = "75c734c6dd1a782de7a965da5eb93125";
        let text = format!(
            "device,model,tek,rolling_start,rolling_period\nbench,,{tek},{},144\n",
            DAY.0
        );
        let keys = BroadcastKeys::derive(&Tek::new(hex_literal::hex!("75c734c6dd1a782de7a965da5eb93125")));
        let rpi = |n: u32| keys.rpi(Enin(DAY.0 + n));
        let aem = |n: u32| keys.seal(rpi(n), Metadata::v1_0(Dbm(-20)));
        let of = |minutes, n: u32, aem| {
            let mut session = Session::default().with_keys(Arc::new(Keyring::parse(&text).unwrap()));
            session.ingest(&heard(1, AddressKind::RandomNonresolvable, minutes, rpi(n), aem));
            let (_, found) = doubts(&session).swap_remove(0);
            found
        };
        // The identifier of 01:00 to 01:10, from ten minutes before to 36 min after its interval.
        for (minutes, expected) in [
            (49, vec![Doubt::OtherTime]),
            (50, vec![]),
            (60, vec![]),
            (106, vec![]),
            (107, vec![Doubt::OtherTime]),
        ] {
            assert_eq!(of(minutes, 6, aem(6)), expected, "{minutes}");
        }
        assert_eq!(of(60, 6, aem(5)), [Doubt::Metadata]);
    }
}
