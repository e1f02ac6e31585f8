//! How good links are: what they say of themselves, and beside it the truth where it is known.

use std::collections::BTreeMap;

use serde::Serialize;

use super::node::Nodes;
use super::{Chain, How, Join, Link, count};
use crate::lab::audit::case::Case;

/// Crowds that are told apart, by their least size.
const CROWDS: [(usize, &str); 6] = [
    (1, "1"),
    (2, "2-3"),
    (4, "4-7"),
    (8, "8-15"),
    (16, "16-31"),
    (32, "32+"),
];
/// Probabilities that are told apart, by their least.
const BINS: [f64; 6] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/// Figures over all links.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Identifiers that were looked at.
    pub identifiers: usize,
    /// Links by a shared address.
    pub by_address: usize,
    /// Links by metadata that stayed.
    pub by_metadata: usize,
    /// Links by hand-over.
    pub by_hand_over: usize,
    /// Chains of two or more identifiers.
    pub chains: usize,
    /// Identifiers in the chain that lasts longest.
    pub longest_rpis: usize,
    /// How long it lasts, in minutes.
    pub longest_min: f64,
    /// Share of the time of all identifiers in which they are part of a chain.
    pub share_followed: f64,
    /// Links, by how many identifiers were around.
    pub crowds: Vec<CrowdReport>,
    /// Over all crowds.
    pub all: CrowdReport,
    /// Stated probabilities of hand-overs beside what was right.
    pub reliability: Vec<BinReport>,
}

/// Links of crowds of a size.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CrowdReport {
    /// Identifiers on the air at the ending, itself counted: "2-3".
    pub around: &'static str,
    /// Endings that were observed: somebody listened on.
    pub endings: usize,
    /// Links.
    pub links: usize,
    /// Mean of their stated probabilities; `None` without any.
    pub mean_stated: Option<f64>,
    /// Links of which is known whether they are right: the broadcaster of the first identifier is known.
    pub scored: usize,
    /// Of these, right: both were one phone's.
    pub right: usize,
    /// Their share; `None` where none could be scored.
    pub precision: Option<f64>,
    /// Changes of identifier of known phones: two that were heard of a phone, none of its others between them.
    pub changes: usize,
    /// Of these, linked.
    pub found: usize,
    /// Their share; `None` without any.
    pub recall: Option<f64>,
}

/// Hand-overs whose stated probability lies in a range.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BinReport {
    /// From this probability.
    pub from: f64,
    /// To this one.
    pub to: f64,
    /// Hand-overs that could be scored.
    pub scored: usize,
    /// Mean of their stated probabilities; `None` without any.
    pub stated: Option<f64>,
    /// Share of them that was right; `None` without any.
    pub right: Option<f64>,
}

/// What is scored.
pub(super) struct Scored<'a> {
    pub(super) nodes: &'a Nodes,
    pub(super) joins: &'a [Join],
    pub(super) links: &'a [Link],
    pub(super) chains: &'a [Chain],
    pub(super) crowd: &'a [usize],
    pub(super) owners: &'a [Option<&'a str>],
    pub(super) is_ending: &'a [bool],
}

/// How many identifiers were on the air when each ended, itself counted.
pub(super) fn around(nodes: &Nodes) -> Vec<usize> {
    let begins: Vec<_> = nodes.all.iter().map(|node| node.first.at).collect();
    let mut ends: Vec<_> = nodes.all.iter().map(|node| node.last.at).collect();
    ends.sort_unstable();
    nodes
        .all
        .iter()
        .map(|node| {
            let begun = begins.partition_point(|at| *at <= node.last.at);
            let over = ends.partition_point(|at| *at < node.last.at);
            begun.saturating_sub(over).max(1)
        })
        .collect()
}

/// Whose each is, where that is known.
pub(super) fn owners<'a>(case: &'a Case<'_>, nodes: &Nodes) -> Vec<Option<&'a str>> {
    let name = |rpi| case.owners.get(rpi).map(|owner| owner.name.as_str());
    let known = nodes.all.iter().map(|node| name(&node.rpi));
    known.map(|name| name.filter(|name| !name.is_empty())).collect()
}

/// Whether a link is right; `None` where the broadcaster of its first identifier is not known. A phone that is known is
/// known with all its identifiers: one that is nobody's is not this phone's.
///
/// A known broadcaster of the second must not count alone: of wrong links either end may be a known phone's, of right ones
/// both are, and precision would come out too low by as much as phones are unknown.
pub(super) fn is_right(owners: &[Option<&str>], join: Join) -> Option<bool> {
    owners[join.from].map(|from| owners[join.to] == Some(from))
}

pub(super) fn summary(scored: &Scored<'_>) -> Summary {
    let mut rows: Vec<(CrowdReport, f64)> = CROWDS
        .iter()
        .map(|(_, around)| {
            let row = CrowdReport {
                around,
                ..CrowdReport::default()
            };
            (row, 0.0)
        })
        .collect();
    let row_of = |around: usize| CROWDS.iter().rposition(|(least, _)| around >= *least).unwrap_or(0);
    for (number, _) in scored.is_ending.iter().enumerate().filter(|(_, is)| **is) {
        rows[row_of(scored.crowd[number])].0.endings += 1;
    }
    for link in scored.links {
        let (row, stated) = &mut rows[row_of(link.around)];
        row.links += 1;
        *stated += link.probability;
        row.scored += usize::from(link.is_right.is_some());
        row.right += usize::from(link.is_right == Some(true));
    }
    let mut next = vec![None; scored.nodes.all.len()];
    for join in scored.joins {
        next[join.from] = Some(join.to);
    }
    for (from, to) in changes(scored.owners) {
        let row = &mut rows[row_of(scored.crowd[from])].0;
        row.changes += 1;
        row.found += usize::from(next[from] == Some(to));
    }
    let all = total(&rows);
    let longest = scored.chains.first();
    let by = |how| scored.links.iter().filter(|link| link.how == how).count();
    Summary {
        identifiers: scored.nodes.all.len(),
        by_address: by(How::Address),
        by_metadata: by(How::Metadata),
        by_hand_over: by(How::HandOver),
        chains: scored.chains.len(),
        longest_rpis: longest.map_or(0, |chain| chain.rpis.len()),
        longest_min: longest.map_or(0.0, Chain::minutes),
        share_followed: share_followed(scored),
        crowds: rows.into_iter().map(finished).collect(),
        all,
        reliability: reliability(scored.links),
    }
}

fn total(rows: &[(CrowdReport, f64)]) -> CrowdReport {
    let mut all = CrowdReport {
        around: "all",
        ..CrowdReport::default()
    };
    for (row, _) in rows {
        all.endings += row.endings;
        all.links += row.links;
        all.scored += row.scored;
        all.right += row.right;
        all.changes += row.changes;
        all.found += row.found;
    }
    finished((all, rows.iter().map(|(_, stated)| stated).sum()))
}

fn share(part: f64, of: usize) -> Option<f64> {
    (of > 0).then(|| part / count(of))
}

fn finished((mut row, stated): (CrowdReport, f64)) -> CrowdReport {
    row.mean_stated = share(stated, row.links);
    row.precision = share(count(row.right), row.scored);
    row.recall = share(count(row.found), row.changes);
    row
}

/// Two identifiers after each other of each phone that is known. Nodes are in order of beginning.
fn changes(owners: &[Option<&str>]) -> Vec<(usize, usize)> {
    let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for (number, owner) in owners.iter().enumerate() {
        let Some(owner) = owner else { continue };
        all.extend(latest.insert(owner, number).map(|before| (before, number)));
    }
    all
}

fn share_followed(scored: &Scored<'_>) -> f64 {
    let mut is_linked = vec![false; scored.nodes.all.len()];
    for join in scored.joins {
        (is_linked[join.from], is_linked[join.to]) = (true, true);
    }
    let secs = |number: usize| {
        let node = &scored.nodes.all[number];
        node.last.at.since(node.first.at).as_secs_f64()
    };
    let numbers = 0..scored.nodes.all.len();
    let all: f64 = numbers.clone().map(secs).sum();
    let linked: f64 = numbers.filter(|number| is_linked[*number]).map(secs).sum();
    // The sum of nothing has a sign.
    if all > 0.0 { linked / all + 0.0 } else { 0.0 }
}

fn reliability(links: &[Link]) -> Vec<BinReport> {
    let ends = BINS.iter().skip(1).copied().chain([1.0]);
    let bins = BINS.iter().copied().zip(ends);
    bins.map(|(from, to)| {
        let is_last = to >= 1.0;
        let here = links
            .iter()
            .filter(|link| link.how == How::HandOver && link.probability >= from && (link.probability < to || is_last));
        let (mut scored, mut right, mut stated) = (0, 0, 0.0);
        for link in here {
            let Some(is_right) = link.is_right else { continue };
            scored += 1;
            right += usize::from(is_right);
            stated += link.probability;
        }
        BinReport {
            from,
            to,
            scored,
            stated: share(stated, scored),
            right: share(count(right), scored),
        }
    })
    .collect()
}
