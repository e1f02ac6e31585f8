//! Whether the clocks of stations go together, by the identifiers that several of them heard.
//!
//! An identifier is on the air for some 20 minutes. Where two stations heard the same ones, and every one of them hours
//! apart, it is more likely that their clocks differ (a log in local time, a wrong time zone) than that somebody replays
//! all that one of them heard.

use std::collections::{BTreeMap, BTreeSet};

use crate::lab::advert::StationId;
use crate::lab::audit::evidence::Evidence;
use crate::lab::time::Micros;

use super::Identifier;

/// Two stations that hear an identifier closer to each other than this have clocks that go together.
const NEAR: Micros = Micros::from_secs(30 * 60);
/// Stations of an identifier that are compared.
const MOST_STATIONS: usize = 16;

/// Stations whose clocks do not go together.
#[derive(Clone, Debug, Default)]
pub(in crate::lab::audit) struct Clocks {
    /// How much later the second tells the time, by the middle one of what both heard.
    apart: BTreeMap<[StationId; 2], Micros>,
}

impl Clocks {
    pub(super) fn of(evidence: &Evidence, identifiers: &[Identifier]) -> Self {
        let mut near: BTreeSet<[StationId; 2]> = BTreeSet::new();
        let mut far: BTreeMap<[StationId; 2], Vec<Micros>> = BTreeMap::new();
        for identifier in identifiers {
            let mut spans: BTreeMap<StationId, [_; 2]> = BTreeMap::new();
            for pair in identifier.pairs.iter().map(|number| &evidence.pairs[*number as usize]) {
                if spans.len() >= MOST_STATIONS && !spans.contains_key(&pair.station()) {
                    continue;
                }
                let span = spans.entry(pair.station()).or_insert([pair.first.at, pair.last.at]);
                *span = [span[0].min(pair.first.at), span[1].max(pair.last.at)];
            }
            let spans: Vec<_> = spans.into_iter().collect();
            for (idx, (one, [from, to])) in spans.iter().enumerate() {
                for (other, [other_from, other_to]) in &spans[idx + 1..] {
                    let apart = other_from.since(*to).max(from.since(*other_to));
                    if apart <= NEAR {
                        near.insert([*one, *other]);
                    } else {
                        far.entry([*one, *other]).or_default().push(other_from.since(*from));
                    }
                }
            }
        }
        far.retain(|stations, _| !near.contains(stations));
        let middle = |mut all: Vec<Micros>| {
            all.sort_unstable();
            all[all.len() / 2]
        };
        Self {
            apart: far.into_iter().map(|(stations, all)| (stations, middle(all))).collect(),
        }
    }

    /// How much later the second of two tells the time, where their clocks do not go together.
    pub(in crate::lab::audit) fn apart(&self, one: StationId, other: StationId) -> Option<Micros> {
        if one <= other {
            return self.apart.get(&[one, other]).copied();
        }
        let later = self.apart.get(&[other, one]);
        later.map(|later| Micros(-later.0))
    }

    /// All of them: two stations, and how much later the second tells the time.
    pub(in crate::lab::audit) fn all(&self) -> impl Iterator<Item = (StationId, StationId, Micros)> + '_ {
        self.apart.iter().map(|([one, other], later)| (*one, *other, *later))
    }
}
