//! From a scenario to judgements.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use vicino::format::EventReader;
use vicino::lab::advert::StationId;
use vicino::lab::audit::evidence::Owner;
use vicino::lab::audit::verdict::{Judgement, Verdict};
use vicino::lab::audit::{Case as Judged, Evidence, RuleId, Settings, rules};
use vicino::lab::crypto::BroadcastKeys;
use vicino::lab::event::CaptureEvent;
use vicino::lab::gaen::Rpi;
use vicino::lab::units::Dbm;
use vicino::sim::scenario::Scenario;
use vicino::sim::{Simulation, Truth};

use super::cases::Case;

/// Everything that a scenario gives with a seed.
pub(crate) struct Run {
    pub(crate) events: Vec<CaptureEvent>,
    truth: Vec<Truth>,
}

pub(crate) fn simulate(case: &Case, seed: u64) -> Run {
    let text = format!(
        "title = 'audit'\nseed = {seed}\nstart = '2020-06-01T08:00:00Z'\n{}",
        case.text
    );
    let mut scenario =
        Scenario::parse(&text).unwrap_or_else(|error| panic!("{} {}: {error}\n{text}", case.rule, case.name));
    // Not always at the same place in the intervals and in the day.
    scenario.start += SignedDuration::from_secs(i64::try_from(seed % 1000).unwrap() * 431);
    let mut simulation = Simulation::new(&scenario).with_truth();
    let (mut events, mut truth) = (Vec::new(), Vec::new());
    while simulation.read(&mut events).unwrap() {
        truth.extend(simulation.take_truth());
    }
    truth.extend(simulation.take_truth());
    Run { events, truth }
}

/// Evidence of a capture; `copies` times each report.
pub(crate) fn evidence(case: &Case, run: &Run, copies: usize) -> Evidence {
    let mut evidence = Evidence::new(7);
    evidence.begin_capture(case.name);
    take(&mut evidence, &run.events, copies);
    know(&mut evidence, case, run);
    evidence
}

pub(crate) fn take(evidence: &mut Evidence, events: &[CaptureEvent], copies: usize) {
    let mut number = 0;
    for event in events {
        let copies = if matches!(event, CaptureEvent::Advert(_)) {
            copies
        } else {
            1
        };
        for _ in 0..copies {
            number += u64::from(matches!(event, CaptureEvent::Advert(_)));
            evidence.take(event, number);
        }
    }
}

/// What is known besides the capture: whose identifiers are, their keys, where stations stand, a list of models.
pub(crate) fn know(evidence: &mut Evidence, case: &Case, run: &Run) {
    let mut keys: BTreeMap<&str, Vec<BroadcastKeys>> = BTreeMap::new();
    let mut owners: BTreeMap<Rpi, &str> = BTreeMap::new();
    for truth in &run.truth {
        match truth {
            Truth::Key(key) => keys
                .entry(&key.device)
                .or_default()
                .push(BroadcastKeys::derive(&key.tek)),
            Truth::Sighting(row) => {
                if let Some((rpi, _)) = row.rpi {
                    owners.insert(rpi, &row.device);
                    let owner = Owner {
                        name: row.device.clone(),
                        model: row.model.clone(),
                    };
                    evidence.owners.insert(rpi, owner);
                }
            }
        }
    }
    let heard: Vec<_> = evidence.pairs.iter().map(|pair| (pair.rpi, pair.aem)).collect();
    for (rpi, aem) in heard {
        let keys = owners.get(&rpi).and_then(|owner| keys.get(owner));
        let key = keys.and_then(|keys| keys.iter().find(|keys| keys.enin_of(rpi).is_some()));
        if let (Some(key), Some(aem)) = (key, aem) {
            evidence.known.insert(rpi, key.open(rpi, aem));
        }
    }
    for (name, place) in case.places {
        let stations: Vec<StationId> = evidence.stations_named(name).collect();
        evidence
            .places
            .extend(stations.into_iter().map(|station| (station, (*place).to_owned())));
    }
    // Forty models with the powers of the simulated phones, of which one has a power of its own.
    evidence.tx_powers = (0..40)
        .map(|n| Dbm(if n == 0 { -37 } else { [-30, 1, -24][n % 3] }))
        .collect();
}

pub(crate) fn judge(case: &Case, evidence: &Evidence) -> Vec<Judgement> {
    rules::judge_all(&Judged::new(evidence), &Settings::of(case.profile))
}

/// Whether the rule said what it must, and what others said that they must not.
pub(crate) fn outcome(case: &Case, judgements: &[Judgement]) -> (bool, Vec<(RuleId, Verdict)>) {
    let said = |rule: RuleId| {
        judgements
            .iter()
            .find(|judgement| judgement.rule == rule)
            .unwrap()
            .verdict
    };
    let found = if case.expected == Verdict::Pass {
        // That a rule cannot tell is no proof that it would pass.
        said(case.rule) == Verdict::Pass
    } else {
        said(case.rule) >= case.expected
    };
    let wrong = judgements
        .iter()
        .filter(|judgement| judgement.verdict > Verdict::Pass)
        .filter(|judgement| judgement.rule != case.rule || case.expected == Verdict::Pass)
        .filter(|judgement| !case.also.contains(&judgement.rule))
        .inspect(|judgement| {
            if std::env::var_os("VICINO_WRONG").is_some() {
                println!("{} {}: {judgement:#?}", case.rule, case.name);
            }
        })
        .map(|judgement| (judgement.rule, judgement.verdict))
        .collect();
    (found, wrong)
}
