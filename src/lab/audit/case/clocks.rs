//! Whether the clocks of stations go together, by the identifiers that several of them heard.
//!
//! An identifier is on the air for some 20 minutes. Where two stations heard the same ones, and every one of them long
//! apart, or all of them by the same difference, it is more likely that their clocks differ (a log in local time, a wrong time zone) than that somebody replays
//! all that one of them heard.

use std::collections::{BTreeMap, BTreeSet};

use crate::lab::advert::StationId;
use crate::lab::audit::evidence::Evidence;
use crate::lab::time::Micros;

use super::Identifier;

/// Two stations that hear an identifier closer to each other than this have clocks that go together.
const NEAR: Micros = Micros::from_secs(30 * 60);
/// Clocks that differ by less are not told apart from phones that come and go.
const LEAST: Micros = Micros::from_secs(240);
/// Identifiers that two stations must both have heard for a difference that does not change to be their clocks'.
const LEAST_SHARED: usize = 5;
/// Share of the difference by which the middle one of these identifiers may be off.
const SPREAD: i64 = 5;
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
        let mut all: BTreeMap<[StationId; 2], Vec<Micros>> = BTreeMap::new();
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
                    }
                    all.entry([*one, *other]).or_default().push(other_from.since(*from));
                }
            }
        }
        let apart = all.into_iter().filter_map(|(stations, all)| {
            let n = all.len();
            let later = middle(all.iter().copied());
            let spread = middle(
                all.iter()
                    .map(|each| Micros(each.0.saturating_sub(later.0).saturating_abs())),
            );
            let is_constant = n >= LEAST_SHARED
                && later.0.saturating_abs() > LEAST.0
                && spread.0.saturating_mul(SPREAD) < later.0.saturating_abs();
            (is_constant || !near.contains(&stations)).then_some((stations, later))
        });
        Self { apart: apart.collect() }
    }

    /// Whether any two stations' clocks do not go together.
    pub(super) fn any_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// How much later the second of two tells the time, where their clocks do not go together.
    pub(in crate::lab::audit) fn apart(&self, one: StationId, other: StationId) -> Option<Micros> {
        if one <= other {
            return self.apart.get(&[one, other]).copied();
        }
        let later = self.apart.get(&[other, one]);
        later.map(|later| Micros(later.0.saturating_neg()))
    }

    /// All of them: two stations, and how much later the second tells the time.
    pub(in crate::lab::audit) fn all(&self) -> impl Iterator<Item = (StationId, StationId, Micros)> + '_ {
        self.apart.iter().map(|([one, other], later)| (*one, *other, *later))
    }
}

fn middle(all: impl Iterator<Item = Micros>) -> Micros {
    let mut all: Vec<Micros> = all.collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(Micros(0))
}
