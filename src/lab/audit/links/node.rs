//! Identifiers as the linking sees them: when, where, how often and how loud they were heard. Never whose they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::lab::address::AddressKind;
use crate::lab::advert::PduType;
use crate::lab::audit::case::listening::Listening;
use crate::lab::audit::case::{Case, Identifier};
use crate::lab::audit::evidence::Pair;
use crate::lab::audit::verdict::Sight;
use crate::lab::gaen::{Layout, Rpi};
use crate::lab::time::{Micros, UnixMicros};

/// Listened seconds by which the rate of a few reports is drawn to that of the station.
const SHRINK_S: f64 = 2.0;
/// Expected reports after which a station that heard an identifier has lost it.
const LOST: f64 = 3.0;
/// Standard deviation of the random delay between two advertisements (0 to 10 ms, evenly), in milliseconds.
const DELAY_SD_MS: f64 = 2.9;
/// Intervals and share heard from which an interval is taken.
const LEAST_INTERVALS: i64 = 50;
/// See [`LEAST_INTERVALS`].
const MOST_LOSS: f64 = 0.5;

/// An identifier at a station.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// Number of the station.
    pub(super) station: u16,
    /// First report.
    pub(super) first: UnixMicros,
    /// Last report.
    pub(super) last: UnixMicros,
    /// How many.
    pub(super) n: u32,
    /// Reports per listened second.
    pub(super) rate: f64,
    /// Mean level of the first and of the last reports, in dBm.
    pub(super) head_dbm: Option<f64>,
    /// See `head_dbm`.
    pub(super) tail_dbm: Option<f64>,
    /// The rate that counts at the identifier's beginning and at its end over all stations: nothing where this station
    /// heard it much later, or had lost it before.
    pub(super) rate_at_begin: f64,
    /// See `rate_at_begin`.
    pub(super) rate_at_end: f64,
}

/// What a packet shows whoever sent it; what a source does not tell differs from nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    layout: Option<Layout>,
    payload: Option<(usize, Option<Vec<u8>>, Vec<u8>)>,
    pdu: Option<PduType>,
    address: Option<AddressKind>,
}

impl Class {
    fn of(case: &Case<'_>, identifier: &Identifier) -> Self {
        let looks = || {
            let pairs = identifier.pairs.iter().map(|number| case.pair(*number));
            pairs.flat_map(|pair| case.evidence.looks_of(pair))
        };
        // Several values under one identifier are no trait of it.
        let pdus: BTreeSet<PduType> = looks()
            .map(|facts| facts.look.pdu)
            .filter(|pdu| *pdu != PduType::Unknown)
            .collect();
        let kinds: BTreeSet<AddressKind> = identifier.addresses.iter().map(|address| address.kind).collect();
        let raw = looks().find(|facts| facts.look.is_raw);
        Self {
            layout: identifier.layout,
            payload: raw.map(|facts| (facts.look.len, facts.look.flags.clone(), facts.look.types.clone())),
            pdu: pdus.first().copied().filter(|_| pdus.len() == 1),
            address: kinds.first().copied().filter(|_| kinds.len() == 1),
        }
    }

    /// Whether one sender can show both.
    pub(super) fn fits(&self, other: &Self) -> bool {
        agree(self.layout.as_ref(), other.layout.as_ref())
            && agree(self.payload.as_ref(), other.payload.as_ref())
            && agree(self.pdu.as_ref(), other.pdu.as_ref())
            && agree(self.address.as_ref(), other.address.as_ref())
    }
}

fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// An identifier over all stations.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Which.
    pub(super) rpi: Rpi,
    /// First and last report over all stations.
    pub(super) first: Sight,
    /// See `first`.
    pub(super) last: Sight,
    /// Where it was heard, by the number of the station.
    pub(super) heard: Vec<Heard>,
    /// Number of its class.
    pub(super) class: usize,
    /// Advertising interval and its standard error, in milliseconds.
    pub(super) interval_ms: Option<(f64, f64)>,
}

impl Node {
    pub(super) fn at(&self, station: u16) -> Option<&Heard> {
        let found = self.heard.binary_search_by_key(&station, |heard| heard.station);
        found.ok().map(|idx| &self.heard[idx])
    }

    /// Reports that were to be expected in a span by the rates at its beginning or at its end.
    pub(super) fn expected(
        &self,
        listening: &[Listening],
        from: UnixMicros,
        to: UnixMicros,
        rate: fn(&Heard) -> f64,
    ) -> f64 {
        let of = |heard: &Heard| rate(heard) * listening[usize::from(heard.station)].between(from, to).as_secs_f64();
        self.heard.iter().map(of).sum()
    }
}

/// All identifiers that are somebody's, in order of beginning.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub(super) all: Vec<Node>,
    /// Kinds of packets.
    pub(super) classes: Vec<Class>,
    /// Reports per listened second of an identifier at a station, by its number.
    pub(super) rates: Vec<f64>,
}

impl Nodes {
    pub(super) fn of(case: &Case<'_>, listening: &[Listening]) -> Self {
        let rates = rates(case, listening);
        let mut numbers: BTreeMap<Class, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for identifier in case.own_identifiers() {
            let class = Class::of(case, identifier);
            let next = numbers.len();
            let mut heard = heard(case, identifier, listening, &rates);
            weigh(&mut heard, identifier, listening);
            all.push(Node {
                rpi: identifier.rpi,
                first: identifier.first,
                last: identifier.last,
                heard,
                class: *numbers.entry(class).or_insert(next),
                interval_ms: interval(case, identifier),
            });
        }
        let mut classes = vec![Class::default(); numbers.len()];
        for (class, number) in numbers {
            classes[number] = class;
        }
        Self { all, classes, rates }
    }
}

fn span_secs(pair: &Pair, listening: &[Listening]) -> f64 {
    listening[usize::from(pair.station().0)]
        .between(pair.first.at, pair.last.at)
        .as_secs_f64()
}

fn rates(case: &Case<'_>, listening: &[Listening]) -> Vec<f64> {
    let mut sums = vec![(0.0, SHRINK_S); listening.len()];
    for pair in case.pairs() {
        let (reports, secs) = &mut sums[usize::from(pair.station().0)];
        *reports += f64::from(pair.heard.saturating_sub(1));
        *secs += span_secs(pair, listening);
    }
    sums.into_iter().map(|(reports, secs)| reports / secs).collect()
}

fn heard(case: &Case<'_>, identifier: &Identifier, listening: &[Listening], rates: &[f64]) -> Vec<Heard> {
    let mut pairs: Vec<&Pair> = identifier.pairs.iter().map(|number| case.pair(*number)).collect();
    pairs.sort_by_key(|pair| (pair.station(), pair.first));
    let mut all: Vec<Heard> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let station = pair.station().0;
        match all.last_mut() {
            Some(before) if before.station == station => {
                if pair.last.at > before.last {
                    (before.last, before.tail_dbm) = (pair.last.at, pair.tail_dbm());
                }
                before.n = before.n.saturating_add(pair.heard);
            }
            _ => all.push(Heard {
                station,
                first: pair.first.at,
                last: pair.last.at,
                n: pair.heard,
                rate: 0.0,
                head_dbm: pair.head_dbm(),
                tail_dbm: pair.tail_dbm(),
                rate_at_begin: 0.0,
                rate_at_end: 0.0,
            }),
        }
    }
    for heard in &mut all {
        let station = usize::from(heard.station);
        let secs = listening[station].between(heard.first, heard.last).as_secs_f64();
        // Between n reports lie n - 1 spacings; what one report says of its rate is what its station says.
        heard.rate = (f64::from(heard.n.saturating_sub(1)) + SHRINK_S * rates[station]) / (secs + SHRINK_S);
    }
    all
}

fn weigh(heard: &mut [Heard], identifier: &Identifier, listening: &[Listening]) {
    for heard in heard {
        let listening = &listening[usize::from(heard.station)];
        let late = heard.rate * listening.between(identifier.first.at, heard.first).as_secs_f64();
        let lost = heard.rate * listening.between(heard.last, identifier.last.at).as_secs_f64();
        heard.rate_at_begin = heard.rate * (-late / LOST).exp();
        heard.rate_at_end = heard.rate * (-lost / LOST).exp();
    }
}

fn interval(case: &Case<'_>, identifier: &Identifier) -> Option<(f64, f64)> {
    let pairs = identifier.pairs.iter().map(|number| case.pair(*number));
    let usable = pairs.filter(|pair| {
        !case.evidence.station(pair.station()).filters_duplicates
            && pair.interval.intervals() >= LEAST_INTERVALS
            && pair.interval.loss().is_some_and(|loss| loss <= MOST_LOSS)
    });
    let best = usable.max_by_key(|pair| pair.interval.intervals())?;
    let n = u32::try_from(best.interval.intervals()).unwrap_or(u32::MAX);
    let interval = best.interval.interval()?.as_secs_f64() * 1000.0;
    Some((interval, DELAY_SD_MS / f64::from(n).sqrt()))
}

/// How long before a beginning the sender can have been there without a report of it: the time over which
/// `e^-(expected reports)` is summed, in seconds, up to `horizon`.
///
/// While a station listens that is the mean time between two reports; after a pause it is about the pause. Integrated by
/// trapezoids over lags that double.
pub(super) fn unseen_secs(node: &Node, listening: &[Listening], horizon: Micros) -> f64 {
    let begin = node.first.at;
    let (mut sum, mut before, mut lag) = (0.0, (0.0, 1.0), 62_500_i64);
    while before.0 < horizon.as_secs_f64() && before.1 > 1e-6 {
        let back = Micros(lag.min(horizon.0));
        let expected = node.expected(listening, begin.plus(Micros(-back.0)), begin, |heard| {
            heard.rate_at_begin
        });
        let now = (back.as_secs_f64(), (-expected).exp());
        sum += (now.0 - before.0) * f64::midpoint(now.1, before.1);
        (before, lag) = (now, lag * 2);
    }
    sum.max(1e-3)
}
