//! The whole result of an audit, as data: what every output shows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::case::Case;
use super::evidence::Evidence;
use super::links::LinksReport;
use super::resolve::{Identity, identities};
use super::rotations::{Rotations, by_model};
use super::rule::Rule;
use super::rules::judge_all;
use super::settings::Settings;
use super::verdict::{Figure, Judgement, Sight, Verdict};
use crate::lab::address::Address;
use crate::lab::advert::StationId;

/// Version of the report's JSON.
pub const SCHEMA: &str = "vicino/audit/1";
/// Identifiers of a resolved identity that are listed.
const MOST_RPIS: usize = 1000;
/// Pairs of stations whose clocks do not go together that are listed.
const MOST_CLOCKS: usize = 100;
/// Addresses of a resolved identity that are listed.
const MOST_ADDRESSES: usize = 100;

/// The result of an audit.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this shape.
    pub schema: &'static str,
    /// The worst verdict of all rules.
    pub verdict: Verdict,
    /// By which settings.
    pub settings: Settings,
    /// What was audited.
    pub scope: Scope,
    /// The rules, in order.
    pub rules: Vec<RuleReport>,
    /// Identities that controllers resolved.
    pub identities: Vec<IdentityReport>,
    /// Rotations by the phones' own logs.
    pub rotations: Vec<Rotations>,
    /// What an outsider could join.
    pub links: LinksReport,
}

/// What was audited.
#[derive(Clone, Debug, Serialize)]
pub struct Scope {
    /// Stations whose clocks do not go together, 100 pairs at most.
    pub clocks_apart: Vec<ClocksReport>,
    /// Names of the captures.
    pub captures: Vec<String>,
    /// The receivers.
    pub stations: Vec<StationReport>,
    /// Advertisements, scan responses not counted.
    pub adverts: u64,
    /// Of these, exposure notifications.
    pub exposure_notifications: u64,
    /// Identifiers.
    pub rpis: usize,
    /// Addresses on the air that carried them.
    pub addresses: usize,
    /// Identities that controllers resolved.
    pub resolved_identities: usize,
    /// Reports with a wrong check sum, of which nothing is concluded.
    pub bad_crc: u64,
    /// Damaged records of the captures; what they held is missing.
    pub damaged: u64,
    /// Reports that could not be kept for lack of room; where this is not 0, evidence is incomplete.
    pub left_out: u64,
    /// Whether identifiers and addresses are pseudonyms.
    pub pseudonymised: bool,
    /// From the first to the last report; RFC 3339, UTC.
    pub from: Option<String>,
    /// See `from`.
    pub to: Option<String>,
}

/// A receiver.
#[derive(Clone, Debug, Serialize)]
pub struct StationReport {
    /// Its name.
    pub name: String,
    /// Its model; empty where unknown.
    pub model: String,
    /// Name of its capture.
    pub capture: String,
    /// Reports of all kinds.
    pub reports: u64,
    /// Exposure notifications.
    pub exposure_notifications: u64,
    /// Times in which it could not hear, by the capture.
    pub gaps: u64,
    /// Reports that it lost, by the capture.
    pub dropped: u64,
    /// How often its clock was set back by more than 20 s.
    pub set_back: u32,
    /// What its source does not tell.
    pub cannot_see: Vec<&'static str>,
}

/// Two stations whose clocks do not go together: whatever both heard lies hours apart.
#[derive(Clone, Debug, Serialize)]
pub struct ClocksReport {
    /// One.
    pub first: String,
    /// The other.
    pub second: String,
    /// How much later the other heard the same, in seconds.
    pub later_s: f64,
}

/// A rule and what it says.
#[derive(Clone, Debug, Serialize)]
pub struct RuleReport {
    /// The rule.
    #[serde(flatten)]
    pub rule: &'static Rule,
    /// How it turned out.
    pub verdict: Verdict,
    /// What was seen, in a line; for "not observable" the reason.
    pub seen: String,
    /// On how much it rests.
    pub basis: String,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was found, the worst first.
    pub findings: Vec<FindingReport>,
    /// How many findings there are in all.
    pub n_findings: usize,
    /// Whether a baseline accepts all of them, those that are not listed too.
    pub is_accepted: bool,
    /// What else has to be known.
    pub notes: Vec<String>,
}

/// A finding.
#[derive(Clone, Debug, Serialize)]
pub struct FindingReport {
    /// How grave it is.
    pub verdict: Verdict,
    /// What it is about.
    pub subject: String,
    /// What was seen.
    pub what: String,
    /// How much.
    pub figure: Figure,
    /// Whether a baseline accepts it: then it counts for nothing.
    pub accepted: bool,
    /// Why, as the baseline says.
    pub accepted_because: Option<String>,
    /// The packets that show it.
    pub packets: Vec<PacketReport>,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PacketReport {
    /// Name of its capture.
    pub capture: String,
    /// Its receiver.
    pub station: String,
    /// Its number in the capture, from 1.
    pub number: u64,
    /// When; microseconds since 1970.
    pub time_us: i64,
    /// When; RFC 3339, UTC.
    pub time: String,
    /// Who sent it.
    pub address: String,
    /// Kind of the address.
    pub address_kind: &'static str,
    /// Its identifier.
    pub rpi: Option<String>,
}

/// An identity that a controller resolved, in both readings.
#[derive(Clone, Debug, Serialize)]
pub struct IdentityReport {
    /// The identity address.
    pub address: String,
    /// Its kind.
    pub address_kind: &'static str,
    /// The phone, where a log tells: the station whose own key it is.
    pub phone: Option<String>,
    /// Who reported it.
    pub reported_by: Vec<String>,
    /// Whose resolving list holds its key.
    pub key_held_by: Vec<String>,
    /// Reports with exposure notifications.
    pub reports: u64,
    /// How many identifiers.
    pub rpis: usize,
    /// Its identifiers, in order of their bytes.
    pub rpi_list: Vec<String>,
    /// How long it was seen, in minutes: what looks like an address that does not rotate.
    pub apparent_life_min: f64,
    /// Its first and its last packet.
    pub packets: Vec<PacketReport>,
    /// The addresses under which others heard the same identifiers.
    pub on_air: Vec<OnAirReport>,
    /// How many these are in all.
    pub n_on_air: usize,
    /// How many of them its key resolves; `null` where no log holds the key.
    pub confirmed: Option<usize>,
    /// Further addresses that the key resolves.
    pub further: usize,
    /// The longest time that one of its addresses was on the air, in minutes.
    pub longest_on_air_min: f64,
    /// Both readings in a sentence each.
    pub published_reading: String,
    /// See `published_reading`.
    pub right_reading: String,
}

/// An address on the air that belongs to an identity.
#[derive(Clone, Debug, Serialize)]
pub struct OnAirReport {
    /// The address.
    pub address: String,
    /// From when to when it was heard; RFC 3339, UTC.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// How many of the identity's identifiers it carried.
    pub rpis: usize,
    /// The first few of them.
    pub rpi_list: Vec<String>,
    /// Whether the identity's key resolves it.
    pub confirmed: bool,
}

impl Report {
    /// Judges all that was heard.
    #[must_use]
    pub fn new(evidence: &Evidence, settings: &Settings) -> Self {
        Self::of(&Case::new(evidence), settings)
    }

    /// Judges a case.
    #[must_use]
    pub fn of(case: &Case<'_>, settings: &Settings) -> Self {
        let evidence = case.evidence;
        let rules: Vec<RuleReport> = judge_all(case, settings)
            .into_iter()
            .map(|judgement| rule_report(evidence, judgement))
            .collect();
        let mut report = Self {
            schema: SCHEMA,
            verdict: Verdict::NotObservable,
            settings: settings.clone(),
            scope: scope(case),
            rules,
            identities: identity_reports(evidence, identities(case)),
            rotations: by_model(case),
            links: LinksReport::of(evidence, case.links()),
        };
        report.weigh();
        report
    }

    /// The worst verdict, of what is not accepted; "not observable" where no exposure notification was heard.
    pub fn weigh(&mut self) {
        let worst = self.rules.iter().map(RuleReport::weight).max().unwrap_or_default();
        // That nobody takes part says nothing of those who do.
        self.verdict = if self.scope.exposure_notifications == 0 && worst <= Verdict::Pass {
            Verdict::NotObservable
        } else {
            worst
        };
    }

    /// How many rules turned out so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rules.iter().filter(|rule| rule.weight() == verdict).count()
    }
}

impl RuleReport {
    /// How grave it is without what is accepted.
    #[must_use]
    pub fn weight(&self) -> Verdict {
        if self.is_accepted {
            return self.verdict.min(Verdict::Pass);
        }
        let is_whole = self.findings.len() == self.n_findings;
        if self.findings.is_empty() || !is_whole || self.findings.iter().all(|finding| !finding.accepted) {
            return self.verdict;
        }
        let left = self.findings.iter().filter(|finding| !finding.accepted);
        left.map(|finding| finding.verdict).max().unwrap_or(Verdict::Pass)
    }

    /// How many findings a baseline accepts.
    #[must_use]
    pub fn n_accepted(&self) -> usize {
        if self.is_accepted {
            return self.n_findings;
        }
        self.findings.iter().filter(|finding| finding.accepted).count()
    }
}

/// A packet as it is reported.
#[must_use]
pub fn packet(evidence: &Evidence, sight: &Sight) -> PacketReport {
    let station = evidence.station(sight.station);
    PacketReport {
        capture: evidence.captures.get(station.capture).cloned().unwrap_or_default(),
        station: station.name().to_owned(),
        number: sight.number,
        time_us: sight.at.0,
        time: sight.at.to_string(),
        address: sight.address.to_string(),
        address_kind: sight.address.kind.word(),
        rpi: sight.rpi.map(|rpi| rpi.to_string()),
    }
}

fn rule_report(evidence: &Evidence, judgement: Judgement) -> RuleReport {
    RuleReport {
        rule: judgement.rule.rule(),
        verdict: judgement.verdict,
        seen: judgement.seen,
        basis: judgement.basis,
        figures: judgement.figures,
        n_findings: judgement.n_findings,
        is_accepted: false,
        notes: judgement.notes,
        findings: judgement
            .findings
            .into_iter()
            .map(|finding| FindingReport {
                verdict: finding.verdict,
                subject: finding.subject,
                what: finding.what,
                figure: finding.figure,
                accepted: false,
                accepted_because: None,
                packets: finding.packets.iter().map(|sight| packet(evidence, sight)).collect(),
            })
            .collect(),
    }
}

fn scope(case: &Case<'_>) -> Scope {
    let evidence = case.evidence;
    let first = evidence.stations.iter().filter_map(|station| station.first).min();
    let last = evidence.stations.iter().filter_map(|station| station.last).max();
    Scope {
        captures: evidence.captures.clone(),
        stations: stations(evidence),
        clocks_apart: case
            .clocks
            .all()
            .take(MOST_CLOCKS)
            .map(|(first, second, later)| ClocksReport {
                first: evidence.station(first).name().to_owned(),
                second: evidence.station(second).name().to_owned(),
                later_s: later.as_secs_f64(),
            })
            .collect(),
        adverts: evidence.adverts,
        exposure_notifications: evidence.gaen,
        rpis: case.identifiers.len(),
        addresses: case.addresses.len(),
        resolved_identities: case.resolved.len(),
        bad_crc: evidence.bad_crc,
        damaged: evidence.damaged,
        left_out: evidence.left_out,
        pseudonymised: evidence.is_pseudonymised,
        from: first.map(|at| at.to_string()),
        to: last.map(|at| at.to_string()),
    }
}

/// Receivers, each once however often its clock was set back.
fn stations(evidence: &Evidence) -> Vec<StationReport> {
    let mut all: Vec<StationReport> = Vec::new();
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, station) in evidence.stations.iter().enumerate() {
        let whole = station.part_of.map(|whole| usize::from(whole.0));
        if let Some(told) = whole
            .and_then(|whole| place.get(&whole))
            .and_then(|idx| all.get_mut(*idx))
        {
            told.reports += station.reports;
            told.exposure_notifications += station.gaen;
            told.gaps += station.gaps;
            told.dropped += station.dropped;
            told.set_back = told.set_back.max(station.settings);
            continue;
        }
        place.insert(number, all.len());
        all.push(StationReport {
            name: station.name().to_owned(),
            model: station.info.model.clone(),
            capture: evidence.captures.get(station.capture).cloned().unwrap_or_default(),
            reports: station.reports,
            exposure_notifications: station.gaen,
            gaps: station.gaps,
            dropped: station.dropped,
            set_back: station.settings,
            cannot_see: station.cannot_see(),
        });
    }
    all
}

fn identity_reports(evidence: &Evidence, identities: BTreeMap<Address, Identity>) -> Vec<IdentityReport> {
    let name = |station: &StationId| evidence.station(*station).name().to_owned();
    let names = |stations: &BTreeSet<StationId>| -> Vec<String> {
        let whole = stations
            .iter()
            .map(|station| evidence.station(*station).part_of.unwrap_or(*station));
        whole.collect::<BTreeSet<_>>().iter().map(name).collect()
    };
    let minutes = |span: crate::lab::time::Micros| span.as_secs_f64() / 60.0;
    identities
        .into_iter()
        .map(|(address, identity)| {
            let (published_reading, right_reading) = readings(address, &identity);
            IdentityReport {
                address: address.to_string(),
                address_kind: address.kind.word(),
                phone: identity.is_station.as_ref().map(name),
                reported_by: names(&identity.stations),
                key_held_by: names(&identity.key_held_by),
                reports: identity.reports,
                rpis: identity.rpis.len(),
                rpi_list: identity.rpis.iter().take(MOST_RPIS).map(ToString::to_string).collect(),
                apparent_life_min: minutes(identity.apparent_life()),
                packets: identity
                    .seen
                    .iter()
                    .flat_map(|(first, last)| [packet(evidence, first), packet(evidence, last)])
                    .collect(),
                n_on_air: identity.on_air.len(),
                confirmed: identity.confirmed,
                further: identity.further,
                longest_on_air_min: minutes(identity.longest_on_air()),
                on_air: identity
                    .on_air
                    .iter()
                    .take(MOST_ADDRESSES)
                    .map(|(address, facts)| OnAirReport {
                        address: address.to_string(),
                        from: facts.first.to_string(),
                        to: facts.last.to_string(),
                        rpis: facts.rpis,
                        rpi_list: facts.rpi_list.iter().map(ToString::to_string).collect(),
                        confirmed: facts.is_confirmed,
                    })
                    .collect(),
                published_reading,
                right_reading,
            }
        })
        .collect()
}

fn readings(address: Address, identity: &Identity) -> (String, String) {
    let apparent = identity.apparent_life().as_secs_f64();
    let published = format!(
        "{address} did not change for {:.0} h {:02.0} min over {} RPIs: the phone does not rotate its address",
        (apparent / 3600.0).floor(),
        (apparent % 3600.0 / 60.0).floor(),
        identity.rpis.len()
    );
    let on_air = identity.on_air.len();
    let right = if on_air == 0 {
        format!(
            "{address} is an identity that the receiving controller had resolved for a bonded phone; what was on the air was \
             not heard by anyone else, so its rotation is not observable"
        )
    } else {
        let confirmed = match identity.confirmed {
            Some(n) => format!("{n} of them made with its key"),
            None => "no log holds its key, so they are known by their RPIs alone".to_owned(),
        };
        format!(
            "{address} is an identity that the receiving controller had resolved for a bonded phone: others heard the same RPIs \
             under {on_air} resolvable addresses ({confirmed}), each for {:.1} min at most: the phone rotates",
            identity.longest_on_air().as_secs_f64() / 60.0
        )
    };
    (published, right)
}
