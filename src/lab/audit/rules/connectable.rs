//! B5: nobody can connect or ask.

use std::collections::BTreeMap;

use crate::lab::advert::PduType;
use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::evidence::Look;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::{Profile, Settings};
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::text::printable;

/// What a PDU lets others do; `None` where the source does not tell.
fn judged(look: &Look, profile: Profile) -> Option<Verdict> {
    let scannable = match profile {
        Profile::Spec => Verdict::Warn,
        Profile::Field => Verdict::Pass,
    };
    Some(match (look.pdu, look.extended) {
        (PduType::AdvNonconnInd, _) | (PduType::AdvExtInd, Some((false, false))) => Verdict::Pass,
        (PduType::AdvScanInd, _) | (PduType::AdvExtInd, Some((false, true))) => scannable,
        (PduType::Unknown, _) | (PduType::AdvExtInd, None) => return None,
        _ => Verdict::Fail,
    })
}

/// Whether it can be asked, and not connected to.
fn is_scannable(look: &Look) -> bool {
    matches!(
        (look.pdu, look.extended),
        (PduType::AdvScanInd, _) | (PduType::AdvExtInd, Some((false, true)))
    )
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B5, NOTHING_HEARD);
    }
    // Kinds of packets that differ in something else only are one finding.
    let mut kinds: BTreeMap<(PduType, Verdict), (Vec<usize>, u64, Sight)> = BTreeMap::new();
    let (mut told, mut scannable) = (0, 0_u64);
    for (number, facts) in case.evidence.looks().enumerate() {
        let is_here = case.pairs().any(|pair| pair.looks.has(number));
        let Some(verdict) = judged(&facts.look, settings.profile).filter(|_| is_here) else {
            continue;
        };
        told += 1;
        if is_scannable(&facts.look) {
            scannable += facts.n;
        }
        let kind = kinds
            .entry((facts.look.pdu, verdict))
            .or_insert_with(|| (Vec::new(), 0, facts.first));
        kind.0.push(number);
        kind.1 += facts.n;
    }
    let scannable = usize::try_from(scannable).unwrap_or(usize::MAX);
    let mut findings: Vec<Finding> = kinds
        .into_iter()
        .filter(|((_, verdict), _)| *verdict > Verdict::Pass)
        .map(|((pdu, verdict), (looks, n, first))| {
            let what = match (pdu, verdict) {
                (PduType::AdvScanInd | PduType::AdvExtInd, Verdict::Warn) => {
                    "scannable, as Android phones send it: whoever asks gets an answer"
                }
                (PduType::ScanRsp | PduType::AuxScanRsp, _) => "the frame is the answer to a scan request",
                _ => "connectable: whoever is near can read names and services",
            };
            let others = super::first_of(case, |of| looks.iter().any(|look| of.has(*look)));
            Finding {
                verdict,
                subject: format!("PDU {pdu}"),
                what: format!("{n} {} of {pdu}: {what}", if n == 1 { "packet" } else { "packets" }),
                figure: Figure::count("packets", usize::try_from(n).unwrap_or(usize::MAX)),
                packets: super::packets_of(first, others),
            }
        })
        .collect();
    findings.extend(responses(case));
    if told == 0 && findings.is_empty() {
        return Judgement::not_observable(RuleId::B5, "this source does not tell the PDU type");
    }
    let seen = match findings.iter().map(|finding| finding.verdict).max() {
        None if scannable > 0 => format!(
            "{} can be asked, as Android phones' can: accepted by this profile",
            counted(scannable, "packet", "packets")
        ),
        None => "nothing can be asked or connected to".to_owned(),
        Some(Verdict::Fail) => {
            let answers = findings
                .iter()
                .filter(|finding| finding.subject.starts_with("scan response"))
                .count();
            let packets: f64 = findings
                .iter()
                .filter(|finding| finding.verdict == Verdict::Fail && finding.subject.starts_with("PDU"))
                .map(|finding| finding.figure.value)
                .sum();
            format!(
                "{packets} of {} packets can be connected to, {} with content",
                case.evidence.gaen,
                counted(answers, "address answers", "addresses answer")
            )
        }
        _ => format!(
            "{} can be asked, as Android phones' can",
            counted(scannable, "packet", "packets")
        ),
    };
    Judgement::of(
        RuleId::B5,
        counted(case.identifiers.len(), "RPI", "RPIs"),
        seen,
        findings,
    )
}

/// Scan responses with content.
fn responses<'c>(case: &'c Case<'_>) -> impl Iterator<Item = Finding> + 'c {
    let mut slots: Vec<_> = case
        .pairs()
        .filter_map(|pair| case.evidence.slot_of(pair))
        .filter(|slot| super::is_own_address(slot.key.address))
        .filter_map(|slot| slot.responses.as_ref().map(|company| (slot.key, company)))
        .collect();
    slots.sort_by_key(|(key, _)| *key);
    slots.dedup_by_key(|(key, _)| *key);
    slots.into_iter().map(|(key, company)| {
        let name = crate::lab::ad::local_name(&company.payload);
        let name = name
            .map(|name| format!(", with the name {:?}", printable(&name)))
            .unwrap_or_default();
        Finding {
            verdict: Verdict::Fail,
            subject: format!("scan response of {}", key.address),
            what: format!(
                "{} answers scan requests with {} bytes{name}",
                key.address,
                company.payload.len()
            ),
            figure: Figure::count("responses", usize::try_from(company.n).unwrap_or(usize::MAX)),
            packets: vec![company.first, company.last],
        }
    })
}
