//! Links and chains as they are reported.

use serde::Serialize;

use super::{How, Links, Summary};
use crate::lab::audit::evidence::Evidence;
use crate::lab::audit::report::{PacketReport, packet};

/// Links that are listed at most; all of them are counted.
const MOST_LINKS: usize = 2000;
/// Chains that are listed at most, the longest.
const MOST_CHAINS: usize = 500;

/// What an outsider could join.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinksReport {
    /// Figures over all links.
    pub summary: Summary,
    /// Chains, the longest first.
    pub chains: Vec<ChainReport>,
    /// How many there are in all.
    pub n_chains: usize,
    /// Links in order of time.
    pub links: Vec<LinkReport>,
    /// How many there are in all.
    pub n_links: usize,
    /// What else has to be known.
    pub notes: Vec<String>,
}

/// A link.
#[derive(Clone, Debug, Serialize)]
pub struct LinkReport {
    /// The identifier that ends.
    pub from: String,
    /// The identifier that begins.
    pub to: String,
    /// How they are joined.
    pub how: How,
    /// How likely it is right.
    pub probability: f64,
    /// Between the last report of one and the first of the other, in seconds.
    pub gap_s: f64,
    /// How much louder the second began, in dB; `null` where no station heard both.
    pub level_db: Option<f64>,
    /// Identifiers on the air at the ending, itself counted.
    pub around: usize,
    /// Whether it is right; `null` where that is not known.
    pub is_right: Option<bool>,
    /// The last packet of the one and the first of the other.
    pub packets: [PacketReport; 2],
}

/// A chain.
#[derive(Clone, Debug, Serialize)]
pub struct ChainReport {
    /// Its identifiers, in order.
    pub rpis: Vec<String>,
    /// First and last report; RFC 3339, UTC.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// From the first to the last report, in minutes.
    pub minutes: f64,
    /// How likely all of it is right.
    pub probability: f64,
    /// The least probability of its links.
    pub weakest: f64,
    /// For how long the phone of the first identifier is really followed, on average, in minutes.
    pub expected_min: f64,
}

impl LinksReport {
    /// The report of these links.
    #[must_use]
    pub fn of(evidence: &Evidence, links: &Links) -> Self {
        let chains = links.chains.iter().take(MOST_CHAINS).map(|chain| ChainReport {
            rpis: chain.rpis.iter().map(ToString::to_string).collect(),
            from: chain.first.at.to_string(),
            to: chain.last.at.to_string(),
            minutes: chain.minutes(),
            probability: chain.probability,
            weakest: chain.weakest,
            expected_min: chain.expected_min,
        });
        let of_link = |link: &super::Link| LinkReport {
            from: link.from.to_string(),
            to: link.to.to_string(),
            how: link.how,
            probability: link.probability,
            gap_s: link.gap_s,
            level_db: link.level_db,
            around: link.around,
            is_right: link.is_right,
            packets: link.packets.map(|sight| packet(evidence, &sight)),
        };
        Self {
            summary: links.summary.clone(),
            chains: chains.collect(),
            n_chains: links.chains.len(),
            links: links.links.iter().take(MOST_LINKS).map(of_link).collect(),
            n_links: links.links.len(),
            notes: links.notes.clone(),
        }
    }
}
