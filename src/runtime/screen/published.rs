//! Published keys that are looked for in all that is heard, beside the loop.

use crate::app::Heard;
use crate::lab::gaen::Rpi;
use crate::lab::ledger::Ledger;
use crate::lab::matching::{Candidate, Index, Path, Seen};
use crate::lab::time::Enin;
use std::collections::BTreeMap;

/// Records of the ledger that are looked through at a time.
const AT_A_TIME: usize = 200_000;

/// Keys of exports.
#[derive(Debug, Default)]
pub struct PublishedKeys {
    /// What is looked for.
    pub candidates: Vec<Candidate>,
    /// What is told of each.
    pub told: Vec<Told>,
    /// Why files could not be used.
    pub unusable: Vec<String>,
}

/// What an export tells of a key.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its file and its number there, for people.
    pub label: String,
    /// See [`Heard::report_type`].
    pub report_type: u8,
    /// Days from the onset of symptoms to its day.
    pub days_since_onset: Option<i32>,
}

impl PublishedKeys {
    /// The keys of these identifiers.
    pub(super) fn search(&self, seen: Vec<Seen>) -> Vec<Heard> {
        let mut hits = Vec::new();
        Index::new(seen, true).find(&self.candidates, 0, Path::best(), &mut hits);
        let mut of_key: BTreeMap<usize, Vec<Enin>> = BTreeMap::new();
        for hit in hits {
            of_key.entry(hit.key).or_default().push(hit.enin);
        }
        let heard = |(number, intervals): (usize, Vec<Enin>)| {
            let told = self.told.get(number)?;
            Some(Heard {
                label: told.label.clone(),
                report_type: told.report_type,
                days_since_onset: told.days_since_onset,
                key: self.candidates.get(number)?.clone(),
                intervals,
            })
        };
        of_key.into_iter().filter_map(heard).collect()
    }
}

/// The identifiers of the records from a number on, with when they were heard; and the number of the next record.
pub(super) fn seen_since(ledger: &Ledger, from: usize) -> (Vec<Seen>, usize) {
    let mut spans: BTreeMap<Rpi, (Enin, Enin)> = BTreeMap::new();
    let mut next = from.min(ledger.len());
    for record in ledger.from(from).take(AT_A_TIME) {
        next += 1;
        let (Some(rpi), Some(first), Some(last)) = (record.rpi(), record.first.enin(), record.last.enin()) else {
            continue;
        };
        let span = spans.entry(rpi).or_insert((first, last));
        *span = (span.0.min(first), span.1.max(last));
    }
    let seen = spans.into_iter().map(|(rpi, (first, last))| Seen { rpi, first, last });
    (seen.collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::address::{Address, AddressKind};
    use crate::lab::advert::Advertisement;
    use crate::lab::crypto::{BroadcastKeys, Tek};
    use crate::lab::event::CaptureEvent;
    use crate::lab::session::Session;
    use crate::lab::time::Micros;
    use crate::lab::units::Dbm;

    #[test]
    fn what_is_heard_later_is_found_too() {
        let (tek, start) = (Tek::new([7; 16]), Enin(2_660_112));
        let keys = PublishedKeys {
            candidates: vec![Candidate {
                tek: tek.clone(),
                start,
                period: 144,
            }],
            told: vec![Told {
                label: "a.zip #1".to_owned(),
                report_type: 1,
                days_since_onset: None,
            }],
            unusable: Vec::new(),
        };
        let derived = BroadcastKeys::derive(&tek);
        let heard = |rpi: Rpi, minutes: i64| {
            let data = [&[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd], &rpi.0[..], &[0; 4]].concat();
            CaptureEvent::Advert(Advertisement {
                at: start.start().plus(Micros::from_secs(60 * minutes)),
                address: Address {
                    bytes: [rpi.0[0]; 6],
                    kind: AddressKind::RandomNonresolvable,
                },
                rssi: Some(Dbm(-60)),
                data: data.as_slice().into(),
                ..Advertisement::default()
            })
        };
        let mut session = Session::default();
        session.ingest_all(&[heard(Rpi([1; 16]), 0), heard(derived.rpi(start), 1)]);
        let (seen, next) = seen_since(session.ledger(), 0);
        assert_eq!((seen.len(), next), (2, 2));
        let found = keys.search(seen);
        assert_eq!((found.len(), &found[0].intervals[..]), (1, &[start][..]));
        session.ingest(&heard(derived.rpi(Enin(start.0 + 2)), 21));
        let (seen, next) = seen_since(session.ledger(), next);
        assert_eq!((seen.len(), next), (1, 3));
        assert_eq!(keys.search(seen)[0].intervals, [Enin(start.0 + 2)]);
        assert_eq!(seen_since(session.ledger(), 99).1, 3);
    }
}
