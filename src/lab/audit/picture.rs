//! What the plots of an audit show, in bounded size: when addresses and identifiers were on the air, who changed what
//! together, and how lives, intervals and levels spread.

use std::collections::BTreeMap;

use serde::Serialize;

use super::case::{Case, Identifier};
use super::links::{How, Links};
use crate::lab::address::Address;
use crate::lab::gaen::{Layout, Rpi};
use crate::lab::time::UnixMicros;

/// Rows of a timeline.
const MOST_ROWS: usize = 40;
/// Of these, rows that nothing joins to another identifier.
const MOST_SINGLE: usize = 10;
/// Chains of a link graph, and links of each.
const MOST_CHAINS: usize = 20;
const MOST_LINKS: usize = 60;
/// Bands of a row.
const MOST_BANDS: usize = 200;

/// What a band is the life of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BandKind {
    /// An address on the air.
    Address,
    /// An identity that a controller resolved: not what was on the air.
    Identity,
    /// An identifier.
    Rpi,
}

/// A time in which an address or an identifier was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Band {
    /// Of what.
    pub kind: BandKind,
    /// The first report.
    pub from: UnixMicros,
    /// The last report.
    pub to: UnixMicros,
}

/// A row of a timeline: a phone, or what an outsider can join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who it is: a phone's name, not neutralised, or the beginning of its first identifier.
    pub name: String,
    /// The model, where it is known, not neutralised.
    pub model: String,
    /// Identifiers.
    pub rpis: usize,
    /// Addresses on the air.
    pub addresses: usize,
    /// From the first to the last report.
    pub from: UnixMicros,
    /// See `from`.
    pub to: UnixMicros,
    /// In order of time within each kind.
    pub bands: Vec<Band>,
    /// Bands that were too many.
    pub bands_left_out: usize,
}

/// Rows, and how many were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<Row>,
    /// Rows that were too many.
    pub left_out: usize,
}

/// How often values lie in each of equal steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where the first step begins.
    pub low: f64,
    /// Width of a step.
    pub step: f64,
    /// How many are in each.
    pub bins: Vec<u64>,
    /// How many lie outside.
    pub outside: u64,
}

impl Histogram {
    fn new(low: f64, step: f64, bins: usize) -> Self {
        Self {
            low,
            step,
            bins: vec![0; bins],
            outside: 0,
        }
    }

    fn add(&mut self, value: f64, n: u64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is below or no number is sorted out before"
        )]
        let bin = (value >= self.low).then(|| ((value - self.low) / self.step) as usize);
        match bin.and_then(|bin| self.bins.get_mut(bin)) {
            Some(bin) => *bin += n,
            None => self.outside += n,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bins.iter().all(|n| *n == 0)
    }

    /// Middle and count of each step, without the empty ones.
    #[must_use]
    pub fn points(&self) -> Vec<[f64; 2]> {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let point = |(place, n): (u32, &u64)| [self.low + (f64::from(place) + 0.5) * self.step, *n as f64];
        (0..).zip(&self.bins).filter(|(_, n)| **n > 0).map(point).collect()
    }
}

/// A chain of identifiers as a graph: each as the time in which it was heard, joined by links.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The beginning of its first identifier, or a phone's name (not neutralised).
    pub name: String,
    /// Identifiers: first and last report.
    pub nodes: Vec<[UnixMicros; 2]>,
    /// Links between them, by their numbers: from, to, how, and how likely.
    pub links: Vec<(usize, usize, How, f64)>,
}

/// All that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The phones that are known: by their own logs, lab keys or truth.
    pub phones: Rows,
    /// What an outsider can join by shared addresses and identifiers, the longest joined first.
    pub chains: Rows,
    /// Chains of more than one identifier or address.
    pub joined: usize,
    /// Chains of one identifier under one address: what nothing joins.
    pub single: usize,
    /// The chains that last longest as graphs, by shared addresses and by hand-overs.
    pub graphs: Vec<Graph>,
    /// Minutes for which identifiers were heard, by layout: Android's, iOS's, others.
    pub lives_min: [Histogram; 3],
    /// Intervals between advertisements, in milliseconds, one for each identifier at each receiver.
    pub intervals_ms: Histogram,
    /// Mean level of each identifier at each receiver, each as often as it was heard.
    pub levels_dbm: Histogram,
}

impl Picture {
    /// What is drawn of a case.
    #[must_use]
    pub fn new(case: &Case<'_>) -> Self {
        let all = chains(case);
        let is_joined = |row: &&Vec<&Identifier>| row.len() > 1 || row.iter().any(|of| of.addresses.len() > 1);
        let joined = all.iter().filter(is_joined).count();
        let mut lives = [(); 3].map(|()| Histogram::new(0.0, 1.0, 90));
        for identifier in case.own_identifiers() {
            let class = match identifier.layout {
                Some(Layout::Android) => 0,
                Some(Layout::Ios) => 1,
                _ => 2,
            };
            lives[class].add(identifier.last.at.since(identifier.first.at).as_secs_f64() / 60.0, 1);
        }
        let (mut intervals, mut levels) = (Histogram::new(0.0, 5.0, 400), Histogram::new(-120.0, 2.0, 70));
        for pair in case.pairs() {
            // A few spacings tell no interval.
            if let Some(interval) = pair.interval.interval().filter(|_| pair.interval.intervals() >= 20) {
                intervals.add(interval.as_secs_f64() * 1e3, 1);
            }
            if let Some(mean) = pair.levels.mean() {
                levels.add(mean, u64::from(pair.levels.n));
            }
        }
        Self {
            phones: phones(case),
            single: all.len() - joined,
            chains: worst(case, all, joined),
            joined,
            graphs: graphs(case, case.links()),
            lives_min: lives,
            intervals_ms: intervals,
            levels_dbm: levels,
        }
    }
}

/// The longest chains of links.
fn graphs(case: &Case<'_>, links: &Links) -> Vec<Graph> {
    let lives: BTreeMap<Rpi, [UnixMicros; 2]> = case
        .own_identifiers()
        .map(|of| (of.rpi, [of.first.at, of.last.at]))
        .collect();
    let graph = |rpis: &[Rpi]| {
        let rpis = &rpis[..rpis.len().min(MOST_LINKS + 1)];
        let place: BTreeMap<Rpi, usize> = (0..).zip(rpis).map(|(place, rpi)| (*rpi, place)).collect();
        let first = rpis.first()?;
        let owner = case.owners.get(first).map(|owner| owner.name.clone());
        let within = links.links.iter().filter_map(|link| {
            let (from, to) = (place.get(&link.from)?, place.get(&link.to)?);
            Some((*from, *to, link.how, link.probability))
        });
        Some(Graph {
            name: owner.filter(|name| !name.is_empty()).unwrap_or_else(|| {
                let rpi = first.to_string();
                format!("RPI {}…", rpi.get(..8).unwrap_or(&rpi))
            }),
            nodes: rpis.iter().filter_map(|rpi| lives.get(rpi).copied()).collect(),
            links: within.collect(),
        })
    };
    links
        .chains
        .iter()
        .take(MOST_CHAINS)
        .filter_map(|chain| graph(&chain.rpis))
        .collect()
}

/// A row for each phone that is known by name.
fn phones(case: &Case<'_>) -> Rows {
    let mut of: BTreeMap<(&str, &str), Vec<&Identifier>> = BTreeMap::new();
    for identifier in case.own_identifiers() {
        if let Some(owner) = case.owners.get(&identifier.rpi).filter(|owner| !owner.name.is_empty()) {
            of.entry((&owner.name, &owner.model)).or_default().push(identifier);
        }
    }
    Rows {
        left_out: of.len().saturating_sub(MOST_ROWS),
        rows: of
            .into_iter()
            .take(MOST_ROWS)
            .filter_map(|((name, model), identifiers)| row(case, name, model, &identifiers))
            .collect(),
    }
}

/// Identifiers that belong together for an outsider.
fn chains<'a>(case: &'a Case<'_>) -> Vec<Vec<&'a Identifier>> {
    let own: Vec<&Identifier> = case.own_identifiers().collect();
    let place: BTreeMap<Rpi, usize> = (0..).zip(&own).map(|(place, of)| (of.rpi, place)).collect();
    let mut root: Vec<usize> = (0..own.len()).collect();
    let mut join = |one: Rpi, other: Rpi| {
        let (Some(one), Some(other)) = (place.get(&one), place.get(&other)) else {
            return;
        };
        let (one, other) = (find(&mut root, *one), find(&mut root, *other));
        root[one.max(other)] = one.min(other);
    };
    for on_air in case.addresses.values() {
        for two in on_air.rpis.windows(2) {
            join(two[0], two[1]);
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Identifier>> = BTreeMap::new();
    for (place, identifier) in own.iter().enumerate() {
        groups.entry(find(&mut root, place)).or_default().push(identifier);
    }
    groups.into_values().collect()
}

/// The root of a place, with the way to it made shorter.
fn find(root: &mut [usize], mut place: usize) -> usize {
    while root[place] != place {
        root[place] = root[root[place]];
        place = root[place];
    }
    place
}

/// The chains that tell most: the longest joined first, then some that nothing joins.
fn worst(case: &Case<'_>, mut all: Vec<Vec<&Identifier>>, joined: usize) -> Rows {
    let rank = |of: &Vec<&Identifier>| {
        let first = of.iter().map(|one| one.first.at).min().unwrap_or_default();
        let last = of.iter().map(|one| one.last.at).max().unwrap_or_default();
        let addresses = of.iter().map(|one| one.addresses.len()).sum::<usize>();
        let is_single = of.len() == 1 && addresses <= 1;
        (is_single, std::cmp::Reverse(last.since(first)), first)
    };
    all.sort_by_cached_key(rank);
    let shown = joined.min(MOST_ROWS) + MOST_SINGLE.min(MOST_ROWS.saturating_sub(joined));
    let left_out = all.len().saturating_sub(shown);
    let rows = all.iter().take(shown).filter_map(|identifiers| {
        let first = identifiers.iter().min_by_key(|one| one.first)?;
        let owner = identifiers.iter().find_map(|one| case.owners.get(&one.rpi));
        let (name, model) = owner.map_or(("", ""), |owner| (owner.name.as_str(), owner.model.as_str()));
        if name.is_empty() {
            let rpi = first.rpi.to_string();
            return row(
                case,
                &format!("RPI {}…", rpi.get(..8).unwrap_or(&rpi)),
                model,
                identifiers,
            );
        }
        row(case, name, model, identifiers)
    });
    Rows {
        rows: rows.collect(),
        left_out,
    }
}

fn row(case: &Case<'_>, name: &str, model: &str, identifiers: &[&Identifier]) -> Option<Row> {
    let mut addresses: BTreeMap<Address, Band> = BTreeMap::new();
    let mut bands = Vec::new();
    for identifier in identifiers {
        bands.push(Band {
            kind: BandKind::Rpi,
            from: identifier.first.at,
            to: identifier.last.at,
        });
        for pair in identifier.pairs.iter().map(|number| case.pair(*number)) {
            let kind = if super::case::is_on_air(pair.address()) {
                BandKind::Address
            } else if pair.address().kind.is_resolved() {
                BandKind::Identity
            } else {
                continue;
            };
            let band = addresses.entry(pair.address()).or_insert(Band {
                kind,
                from: pair.first.at,
                to: pair.last.at,
            });
            (band.from, band.to) = (band.from.min(pair.first.at), band.to.max(pair.last.at));
        }
    }
    let on_air = addresses.values().filter(|band| band.kind == BandKind::Address).count();
    bands.extend(addresses.into_values());
    bands.sort_unstable();
    let from = bands.iter().map(|band| band.from).min()?;
    let to = bands.iter().map(|band| band.to).max()?;
    let bands_left_out = bands.len().saturating_sub(MOST_BANDS);
    if bands_left_out > 0 {
        // The longest tell most.
        bands.sort_by_key(|band| std::cmp::Reverse(band.to.since(band.from)));
        bands.truncate(MOST_BANDS);
        bands.sort_unstable();
    }
    Some(Row {
        name: name.to_owned(),
        model: model.to_owned(),
        rpis: identifiers.len(),
        addresses: on_air,
        from,
        to,
        bands,
        bands_left_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::address::AddressKind;
    use crate::lab::advert::{Advertisement, Payload, PduType};
    use crate::lab::audit::Evidence;
    use crate::lab::event::CaptureEvent;

    /// Evidence of packets: second, last byte of the address, byte of the identifier.
    fn evidence(packets: &[(i64, u8, u8)]) -> Evidence {
        let mut evidence = Evidence::new(1);
        evidence.begin_capture("one");
        for (number, (second, address, rpi)) in (1..).zip(packets) {
            let mut payload = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
            payload.extend([*rpi; 16]);
            payload.extend([0x40, 8, 0, *rpi]);
            let advert = Advertisement {
                at: UnixMicros(second * 1_000_000),
                address: Address {
                    bytes: [0x10, 0, 0, 0, 0, *address],
                    kind: AddressKind::RandomNonresolvable,
                },
                pdu: PduType::AdvNonconnInd,
                data: Payload::from(&payload[..]),
                ..Advertisement::default()
            };
            evidence.take(&CaptureEvent::Advert(advert), number);
        }
        evidence
    }

    #[test]
    fn what_shares_an_address_is_one_chain() {
        // Address 1 carries two identifiers, 2 and 3 one each.
        let evidence = evidence(&[(0, 1, 0xa1), (60, 1, 0xa2), (120, 2, 0xa3), (180, 3, 0xa4)]);
        let case = Case::new(&evidence);
        let picture = Picture::new(&case);
        assert_eq!((picture.joined, picture.single), (1, 2));
        let worst = &picture.chains.rows[0];
        assert_eq!((worst.rpis, worst.addresses, worst.bands.len()), (2, 1, 3));
        // The same as a graph: two identifiers, joined for certain.
        let graph = &picture.graphs[0];
        assert_eq!((graph.nodes.len(), graph.links.len()), (2, 1));
        assert_eq!(
            (graph.links[0].0, graph.links[0].1, graph.links[0].2),
            (0, 1, How::Address)
        );
        assert!(picture.phones.rows.is_empty());
        assert_eq!(picture.lives_min.iter().map(|of| of.bins[0]).sum::<u64>(), 4);
    }

    #[test]
    fn rows_are_bounded_and_what_is_left_out_is_counted() {
        let packets: Vec<(i64, u8, u8)> = (0..200).map(|n| (i64::from(n) * 10, n, n)).collect();
        let evidence = evidence(&packets);
        let picture = Picture::new(&Case::new(&evidence));
        assert_eq!((picture.joined, picture.single), (0, 200));
        assert_eq!((picture.chains.rows.len(), picture.chains.left_out), (MOST_SINGLE, 190));
    }

    #[test]
    fn histograms_hold_what_lies_within() {
        let mut histogram = Histogram::new(-10.0, 2.0, 5);
        for value in [-10.0, -8.5, -0.1, 0.0, -11.0, f64::NAN] {
            histogram.add(value, 1);
        }
        assert_eq!(
            (histogram.bins.as_slice(), histogram.outside),
            (&[2, 0, 0, 0, 1][..], 3)
        );
        assert_eq!(histogram.points(), [[-9.0, 2.0], [-1.0, 1.0]]);
    }
}
