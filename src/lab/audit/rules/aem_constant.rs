//! B12: metadata do not change under an RPI.

use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    let mut with_metadata = 0;
    let mut findings = Vec::new();
    for identifier in case.own_identifiers() {
        let pairs = identifier.pairs.iter().map(|number| case.pair(*number));
        let mut seen: Vec<_> = pairs
            .flat_map(|pair| {
                let first = pair.aem.map(|aem| (aem, pair.first));
                first.into_iter().chain(pair.other_aem)
            })
            .collect();
        with_metadata += usize::from(!seen.is_empty());
        seen.sort_by_key(|(aem, sight)| (*aem, *sight));
        seen.dedup_by_key(|(aem, _)| *aem);
        if seen.len() < 2 {
            continue;
        }
        let values = seen
            .iter()
            .take(4)
            .map(|(aem, _)| aem.to_string())
            .collect::<Vec<_>>()
            .join(", ");
        findings.push(Finding {
            verdict: Verdict::Fail,
            subject: format!("RPI {}", identifier.rpi),
            what: format!(
                "RPI {} came with metadata {values}: they are tampered with, or the stack is faulty",
                identifier.rpi
            ),
            figure: Figure::count("values", seen.len()),
            packets: seen.iter().map(|(_, sight)| *sight).collect(),
        });
    }
    if with_metadata == 0 {
        let why = if case.identifiers.is_empty() {
            NOTHING_HEARD
        } else {
            "no frame had metadata of four bytes"
        };
        return Judgement::not_observable(RuleId::B12, why);
    }
    let seen = format!("{} of {with_metadata} RPIs had more than one value", findings.len());
    Judgement::of(RuleId::B12, counted(with_metadata, "RPI", "RPIs"), seen, findings)
}
