//! B6: nothing else is told.

use std::collections::BTreeSet;

use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::validate::{Check, Severity};

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B6, NOTHING_HEARD);
    }
    let mut findings = Vec::new();
    for (number, facts) in case.evidence.looks().enumerate() {
        let Some(remark) = facts
            .remark(Check::OtherStructures)
            .filter(|remark| remark.severity == Severity::Fail)
        else {
            continue;
        };
        let others = super::first_of(case, |looks| looks.has(number));
        if others.is_empty() {
            continue;
        }
        findings.push(Finding {
            verdict: Verdict::Fail,
            subject: format!("structures {:02x?}", facts.look.types),
            what: format!("{} packets: {}", facts.n, remark.text),
            figure: Figure::count("packets", usize::try_from(facts.n).unwrap_or(usize::MAX)),
            packets: super::packets_of(facts.first, others),
        });
    }
    let beside = beside(case);
    let seen = match (findings.len(), beside.len()) {
        (0, 0) => "only Flags, service list and service data; nothing else under their addresses".to_owned(),
        (kinds, addresses) => format!(
            "{} with more in the frame, {} something else too",
            counted(kinds, "kind of packet", "kinds of packets"),
            counted(addresses, "address sends", "addresses send")
        ),
    };
    findings.extend(beside);
    let judgement = Judgement::of(
        RuleId::B6,
        counted(case.identifiers.len(), "RPI", "RPIs"),
        seen,
        findings,
    );
    if case.evidence.stations.iter().any(|station| station.not_raw > 0) {
        judgement.note(
            "where an operating system gave the fields of a payload, structures that it does not give are not seen",
        )
    } else {
        judgement
    }
}

/// Other advertisements from an address in the time in which it carried an identifier.
fn beside(case: &Case<'_>) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for pair in case.pairs().filter(|pair| super::is_own_address(pair.address())) {
        let Some(others) = case.evidence.slot_of(pair).and_then(|slot| slot.others.as_ref()) else {
            continue;
        };
        let overlaps = others.first.at <= pair.last.at && pair.first.at <= others.last.at;
        if !overlaps || !told.insert(pair.address()) {
            continue;
        }
        let address = pair.address();
        findings.push(Finding {
            verdict: Verdict::Fail,
            subject: format!("address {address}"),
            what: format!(
                "{address} also sends {} ({} bytes) while it carries an RPI",
                others.family.describe(),
                others.payload.len()
            ),
            figure: Figure::count("packets", usize::try_from(others.n).unwrap_or(usize::MAX)),
            packets: vec![pair.first, others.first, others.last, pair.last],
        });
    }
    findings
}
