//! Chains that an outsider could build out of a capture: which identifier follows which on one phone.
//!
//! Certain links join identifiers that shared an address on the air. Probable ones are hand-overs: one identifier ends,
//! another begins, and time, level, kind of packet and interval say how likely the two are one phone's. All endings and
//! beginnings are weighed together (see `matching.rs`), against phones that leave and phones that arrive; how often they
//! do is estimated from the same capture. Who broadcasts what is never used to link, only to score.

mod likelihood;
mod matching;
mod node;
mod report;
mod score;
mod seamless;

use std::collections::BTreeMap;

pub use report::{ChainReport, LinkReport, LinksReport};
pub use score::{BinReport, CrowdReport, Summary};

use super::case::Case;
use super::case::listening::Listening;
use super::verdict::Sight;
use crate::lab::gaen::Rpi;
use crate::lab::time::{Micros, UnixMicros};
use likelihood::{Population, gap_beyond, gap_density};
use matching::{Candidate, marginals};
use node::{Node, Nodes, unseen_secs};
use seamless::Seamless;
use serde::Serialize;

/// From this probability on an outsider takes two identifiers for one phone's.
pub const LEAST_PROBABILITY: f64 = 0.5;
/// A hand-over that takes longer lies over a pause of the receivers.
const PAUSE_S: f64 = 30.0;
/// What is known of hand-overs over pauses: from eight phones' logs of DP-3T/bt-measurements, exp34, where phones are known
/// by their own broadcasts. Where nobody pauses, simulated phones that rotate as specified are linked without fail.
const OVER_PAUSES: &str = "lie over pauses in which no receiver heard anything, where stated probabilities may be too high: in \
                           phones' logs of a crowded hall links that stated 84 % on average were right in 77 % (57 of 74), where \
                           phones pause for minutes at rotations hardly any is right, and what a chain states of itself is less \
                           sure still";
/// Said where beginnings do not follow endings.
const PAUSING: &str = "phones seem to fall silent at rotations: what begins soon after an ending is somebody else, and hand-overs \
                       cannot be told";
/// More identifiers are joined by addresses only.
const MOST_NODES: usize = 50_000;
/// A phone that is silent for longer is a new one.
const HORIZON: Micros = Micros::from_secs(15 * 60);
/// The same in expected reports.
const HORIZON_REPORTS: f64 = 200.0;
/// How far stations' clocks may be apart.
const CLOCKS: Micros = Micros::from_secs(3);
/// Candidates of an ending that are kept, the likeliest.
const MOST_CANDIDATES: usize = 64;
/// Beginnings that are looked at for all endings together, and for each.
const MOST_LOOKS: usize = 15_000_000;
/// See [`MOST_LOOKS`].
const MOST_LOOKS_EACH: usize = 4096;
/// Share of endings at which the phone leaves, before anything is known; and how many endings that weighs.
const LEAVING: (f64, f64) = (0.05, 4.0);
/// How long people stay, on average, where nobody listens who could tell.
const STAY_S: f64 = 2.0 * 3600.0;
/// Rounds in which the rates of leaving and of arriving are estimated.
const ROUNDS: usize = 5;
/// Largest weight of a candidate: beyond, nothing is more certain.
const MOST_WEIGHT: f64 = 1e9;
/// Expected reports after which an ending is one, and before which a beginning is one: else the capture ends or begins.
const OBSERVED: f64 = 3.0;

/// How two identifiers are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// They shared an address: certain.
    Address,
    /// They shared their encrypted metadata, more often than chance gives: certain.
    Metadata,
    /// One ended where the other began: probable.
    HandOver,
}

impl How {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Metadata => "metadata",
            Self::HandOver => "hand-over",
        }
    }
}

/// Two identifiers that an outsider takes for one phone's, the second after the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The one that ends.
    pub from: Rpi,
    /// The one that begins.
    pub to: Rpi,
    /// How they are joined.
    pub how: How,
    /// How likely it is right.
    pub probability: f64,
    /// Between the last report of one and the first of the other, in seconds.
    pub gap_s: f64,
    /// How much louder the second began, over the stations that heard both, in dB.
    pub level_db: Option<f64>,
    /// Identifiers on the air when the first ended, itself counted.
    pub around: usize,
    /// The last packet of the one and the first of the other.
    pub packets: [Sight; 2],
    /// Whether it is right; `None` where the first's broadcaster is not known.
    pub is_right: Option<bool>,
}

/// Identifiers that an outsider takes for one phone's.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The identifiers, two or more, in order.
    pub rpis: Vec<Rpi>,
    /// The least probability of its links.
    pub weakest: f64,
    /// How likely all of it is right.
    pub probability: f64,
    /// First and last report.
    pub first: Sight,
    /// See `first`.
    pub last: Sight,
    /// For how long the phone of the first identifier is really followed, on average, in minutes.
    pub expected_min: f64,
}

impl Chain {
    /// From the first to the last report, in minutes.
    #[must_use]
    pub fn minutes(&self) -> f64 {
        self.last.at.since(self.first.at).as_secs_f64() / 60.0
    }
}

/// All links and chains of a case.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Links in order of time.
    pub links: Vec<Link>,
    /// Chains, the longest in time first.
    pub chains: Vec<Chain>,
    /// Figures over all of them.
    pub summary: Summary,
    /// What else has to be known.
    pub notes: Vec<String>,
}

/// A link between nodes, by their numbers.
#[derive(Clone, Copy, Debug)]
struct Join {
    from: usize,
    to: usize,
    how: How,
    probability: f64,
}

impl Links {
    /// Links the identifiers of a case.
    #[must_use]
    pub fn of(case: &Case<'_>) -> Self {
        let listening = &case.listening;
        let nodes = Nodes::of(case, listening);
        let mut joins = certain(case, &nodes);
        let mut remarks = Vec::new();
        if nodes.all.len() <= MOST_NODES {
            let seamless = Seamless::of(&nodes.all, listening);
            if seamless.is_broken() {
                remarks.push(PAUSING.to_owned());
            }
            joins.extend(handed_over(&nodes, listening, &joins, &seamless));
        } else {
            remarks.push(format!(
                "{} identifiers are too many to look for hand-overs (at most {MOST_NODES}): only those that shared an address \
                 are joined",
                nodes.all.len()
            ));
        }
        joins.sort_by_key(|join| (nodes.all[join.from].last, join.from));
        let crowd = score::around(&nodes);
        let owners = score::owners(case, &nodes);
        let links: Vec<Link> = joins.iter().map(|join| link(&nodes, *join, &crowd, &owners)).collect();
        let over_pauses = links
            .iter()
            .filter(|link| link.how == How::HandOver && link.gap_s > PAUSE_S)
            .count();
        if over_pauses > 0 {
            remarks.push(format!(
                "{over_pauses} of {} hand-overs {OVER_PAUSES}",
                by_hand_over(&links)
            ));
        }
        let chains = chains(&nodes, &joins);
        let is_ending: Vec<bool> = nodes
            .all
            .iter()
            .map(|node| reports_to_come(node, listening) >= OBSERVED)
            .collect();
        let summary = score::summary(&score::Scored {
            nodes: &nodes,
            joins: &joins,
            links: &links,
            chains: &chains,
            crowd: &crowd,
            owners: &owners,
            is_ending: &is_ending,
        });
        Self {
            links,
            chains,
            summary,
            notes: remarks,
        }
    }
}

/// What is to be expected after an ending, within the horizon.
fn reports_to_come(node: &Node, listening: &[Listening]) -> f64 {
    let (from, to) = (node.last.at, node.last.at.plus(HORIZON));
    node.expected(listening, from, to, |heard| heard.rate_at_end)
}

/// Identifiers that one address carried, or that kept their metadata, one after the other.
fn certain(case: &Case<'_>, nodes: &Nodes) -> Vec<Join> {
    let numbers: BTreeMap<Rpi, usize> = nodes.all.iter().map(|node| node.rpi).zip(0..).collect();
    let mut has = vec![[false; 2]; nodes.all.len()];
    let mut joins = Vec::new();
    let mut chain = |rpis: &mut dyn Iterator<Item = Rpi>, how: How| {
        let mut there: Vec<usize> = rpis.filter_map(|rpi| numbers.get(&rpi).copied()).collect();
        there.sort_unstable();
        for two in there.windows(2) {
            let (from, to) = (two[0], two[1]);
            let gap = nodes.all[to].first.at.since(nodes.all[from].last.at);
            if gap.0 < -CLOCKS.0 || has[from][0] || has[to][1] {
                continue;
            }
            (has[from][0], has[to][1]) = (true, true);
            joins.push(Join {
                from,
                to,
                how,
                probability: 1.0,
            });
        }
    };
    for on_air in case.addresses.values().filter(|on_air| on_air.rpis.len() > 1) {
        chain(&mut on_air.rpis.iter().copied(), How::Address);
    }
    for kept in case.kept_metadata().iter().filter(|kept| !kept.is_of_several) {
        chain(&mut kept.rpis(case), How::Metadata);
    }
    joins
}

/// A candidate before it is known how often phones leave and arrive.
struct Fit {
    from: usize,
    to: usize,
    /// Logarithm of the likelihood ratio, times newcomers per second.
    log: f64,
}

fn handed_over(nodes: &Nodes, listening: &[Listening], certain: &[Join], seamless: &Seamless) -> Vec<Join> {
    let mut has = vec![[false; 2]; nodes.all.len()];
    for join in certain {
        (has[join.from][0], has[join.to][1]) = (true, true);
    }
    let fits = fits(nodes, listening, &has);
    let mut probabilities = weigh(nodes, listening, &fits, &has);
    let together = Listening::of_all(listening);
    for (fit, probability) in fits.iter().zip(&mut probabilities) {
        let (from, to) = (&nodes.all[fit.from], &nodes.all[fit.to]);
        *probability *= seamless.factor(from, to, listening);
        *probability = probability.min(nobody_came_instead(from, to, &together));
    }
    let mut order: Vec<usize> = (0..fits.len())
        .filter(|idx| probabilities[*idx] >= LEAST_PROBABILITY)
        .collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]).then(a.cmp(b)));
    let mut joins = Vec::new();
    for idx in order {
        let Fit { from, to, .. } = fits[idx];
        if !has[from][0] && !has[to][1] {
            (has[from][0], has[to][1]) = (true, true);
            joins.push(Join {
                from,
                to,
                how: How::HandOver,
                probability: probabilities[idx],
            });
        }
    }
    joins
}

/// While nobody listens, who leaves may be replaced by who arrives, and nothing in the capture tells how often that is.
fn nobody_came_instead(from: &Node, to: &Node, together: &Listening) -> f64 {
    let gap = to.first.at.since(from.last.at);
    let unheard = gap
        .0
        .saturating_sub(together.between(from.last.at, to.first.at).0)
        .max(0);
    (-Micros(unheard).as_secs_f64() / STAY_S).exp()
}

/// The likeliest beginnings of each ending. Nodes are in order of beginning.
fn fits(nodes: &Nodes, listening: &[Listening], has: &[[bool; 2]]) -> Vec<Fit> {
    let population = Population::of(nodes, listening.len());
    let unseen: Vec<f64> = nodes
        .all
        .iter()
        .map(|node| unseen_secs(node, listening, HORIZON).ln())
        .collect();
    let looks = (MOST_LOOKS / nodes.all.len().max(1)).min(MOST_LOOKS_EACH);
    let mut all = Vec::new();
    let mut here: Vec<Fit> = Vec::new();
    for (number, from) in nodes.all.iter().enumerate().filter(|(number, _)| !has[*number][0]) {
        let end = from.last.at;
        let earliest = end.plus(Micros(-CLOCKS.0)).max(from.first.at);
        let start = nodes.all.partition_point(|node| node.first.at < earliest);
        for (to, node) in nodes.all.iter().enumerate().skip(start).take(looks) {
            let begin = node.first.at;
            let gone_on = from.expected(listening, end, begin, |heard| heard.rate_at_end);
            if begin.since(end) > HORIZON || gone_on > 2.0 * HORIZON_REPORTS {
                break;
            }
            if to == number || has[to][1] || !is_after(from, node) {
                continue;
            }
            // The rotation may have been anywhere between: half of the time the one was silent, half the other.
            let before = node.expected(listening, end, begin, |heard| heard.rate_at_begin);
            let expected = f64::midpoint(gone_on, before);
            if expected <= HORIZON_REPORTS {
                let evidence = population.evidence(from, node, nodes, listening);
                here.push(Fit {
                    from: number,
                    to,
                    log: gap_density(expected).ln() - unseen[to] + evidence,
                });
            }
        }
        here.sort_by(|a, b| b.log.total_cmp(&a.log).then(a.to.cmp(&b.to)));
        all.extend(here.drain(..).take(MOST_CANDIDATES));
    }
    all
}

/// Whether no station heard the second before the first had ended there.
fn is_after(from: &Node, to: &Node) -> bool {
    let mut common = from
        .heard
        .iter()
        .filter_map(|heard| Some((heard, to.at(heard.station)?)));
    common.all(|(before, after)| after.first > before.last)
}

/// The probability of each fit, with rates of leaving and of arriving that fit the whole.
fn weigh(nodes: &Nodes, listening: &[Listening], fits: &[Fit], has: &[[bool; 2]]) -> Vec<f64> {
    let secs = Listening::of_all(listening).span_secs(HORIZON).max(1.0);
    let unheard: Vec<f64> = nodes
        .all
        .iter()
        .map(|node| gap_beyond(reports_to_come(node, listening).min(HORIZON_REPORTS)))
        .collect();
    // Who was there when the listening began is no newcomer.
    let is_newcomer: Vec<bool> = nodes
        .all
        .iter()
        .zip(has)
        .map(|(node, has)| !has[1] && reports_before(node, listening) >= OBSERVED)
        .collect();
    let beginnings = is_newcomer.iter().filter(|is| **is).count();
    let mut arriving = (count(beginnings) + 1.0) / secs;
    let mut leaving = LEAVING.0;
    let mut probabilities = Vec::new();
    for _ in 0..ROUNDS {
        let gone: Vec<f64> = unheard
            .iter()
            .map(|beyond| leaving + (1.0 - leaving) * beyond)
            .collect();
        let candidates: Vec<Candidate> = fits
            .iter()
            .map(|fit| Candidate {
                from: fit.from,
                to: fit.to,
                weight: (fit.log.exp() * (1.0 - leaving) / (gone[fit.from] * arriving)).min(MOST_WEIGHT),
            })
            .collect();
        probabilities = marginals(&candidates, nodes.all.len());
        let mut linked = vec![[0.0_f64; 2]; nodes.all.len()];
        for (fit, probability) in fits.iter().zip(&probabilities) {
            linked[fit.from][0] += probability;
            linked[fit.to][1] += probability;
        }
        let (mut left, mut endings, mut arrived) = (LEAVING.0 * LEAVING.1, LEAVING.1, 1.0);
        for (number, [as_from, as_to]) in linked.iter().enumerate() {
            // Of those without a successor, some are only not heard any more.
            let really_left = if has[number][0] {
                0.0
            } else {
                (1.0 - as_from).max(0.0) * leaving / gone[number]
            };
            left += really_left;
            endings += if has[number][0] { 1.0 } else { as_from + really_left };
            arrived += if is_newcomer[number] {
                (1.0 - as_to).max(0.0)
            } else {
                0.0
            };
        }
        leaving = (left / endings).clamp(0.005, 0.995);
        arriving = arrived / secs;
    }
    probabilities
}

/// What would have been heard before a beginning, within the horizon.
fn reports_before(node: &Node, listening: &[Listening]) -> f64 {
    let begin: UnixMicros = node.first.at;
    node.expected(listening, begin.plus(Micros(-HORIZON.0)), begin, |heard| {
        heard.rate_at_begin
    })
}

fn by_hand_over(links: &[Link]) -> usize {
    links.iter().filter(|link| link.how == How::HandOver).count()
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn link(nodes: &Nodes, join: Join, crowd: &[usize], owners: &[Option<&str>]) -> Link {
    let (from, to) = (&nodes.all[join.from], &nodes.all[join.to]);
    let levels: Vec<f64> = from
        .heard
        .iter()
        .filter_map(|before| Some(to.at(before.station)?.head_dbm? - before.tail_dbm?))
        .collect();
    Link {
        from: from.rpi,
        to: to.rpi,
        how: join.how,
        probability: join.probability,
        gap_s: to.first.at.since(from.last.at).as_secs_f64(),
        level_db: (!levels.is_empty()).then(|| levels.iter().sum::<f64>() / count(levels.len())),
        around: crowd[join.from],
        packets: [from.last, to.first],
        is_right: score::is_right(owners, join),
    }
}

fn chains(nodes: &Nodes, joins: &[Join]) -> Vec<Chain> {
    let mut next = vec![None; nodes.all.len()];
    let mut is_followed = vec![false; nodes.all.len()];
    for join in joins {
        next[join.from] = Some((join.to, join.probability));
        is_followed[join.to] = true;
    }
    let heads = (0..nodes.all.len()).filter(|number| next[*number].is_some() && !is_followed[*number]);
    let mut chains: Vec<Chain> = heads.map(|head| chain(nodes, &next, head)).collect();
    chains.sort_by(|a, b| b.minutes().total_cmp(&a.minutes()).then(a.first.cmp(&b.first)));
    chains
}

fn chain(nodes: &Nodes, next: &[Option<(usize, f64)>], head: usize) -> Chain {
    let first = &nodes.all[head];
    let minutes = |from: &Sight, to: &Sight| to.at.since(from.at).as_secs_f64().max(0.0) / 60.0;
    let mut chain = Chain {
        rpis: vec![first.rpi],
        weakest: 1.0,
        probability: 1.0,
        first: first.first,
        last: first.last,
        expected_min: minutes(&first.first, &first.last),
    };
    let mut here = head;
    while let Some((to, probability)) = next[here] {
        let node = &nodes.all[to];
        chain.rpis.push(node.rpi);
        chain.weakest = chain.weakest.min(probability);
        chain.probability *= probability;
        chain.expected_min += chain.probability * minutes(&chain.last, &node.last);
        chain.last = chain.last.max(node.last);
        here = to;
    }
    chain
}
