//! B7: one packet does not tell phones apart.

use crate::lab::address::AddressKind;
use crate::lab::advert::PduType;
use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::evidence::Look;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::gaen::Layout;
use crate::lab::validate::{Check, Severity};

/// Whose packets look so; `None`: nobody's that is known. What a source does not tell speaks against nobody.
fn system(look: &Look) -> Option<&'static str> {
    let kind = |expected| look.address == expected || !super::is_own_kind(look.address);
    match look.layout {
        Some(Layout::Android) => (look.len == 28
            && matches!(
                look.pdu,
                PduType::AdvScanInd | PduType::AdvNonconnInd | PduType::Unknown
            )
            && (kind(AddressKind::RandomResolvable) || look.address == AddressKind::RandomNonresolvable))
            .then_some("Android"),
        Some(Layout::Ios) => (look.len == 31
            && matches!(look.pdu, PduType::AdvNonconnInd | PduType::Unknown)
            && kind(AddressKind::RandomNonresolvable))
        .then_some("iOS"),
        _ => None,
    }
}

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    let is_raw = case.evidence.looks().any(|facts| facts.look.is_raw);
    // Frames without an identifier belong to nobody in particular: they are judged where everybody is.
    let broken: Vec<_> = case
        .evidence
        .looks()
        .filter(|facts| facts.look.layout.is_none())
        .collect();
    if case.identifiers.is_empty() && broken.is_empty() {
        return Judgement::not_observable(RuleId::B7, NOTHING_HEARD);
    }
    if !is_raw {
        return Judgement::not_observable(
            RuleId::B7,
            "the payload was put together again by the operating system: Flags and order are lost",
        );
    }
    let (mut android, mut ios, mut strange) = (0_usize, 0_usize, 0_usize);
    let mut counts = Vec::new();
    let mut findings = Vec::new();
    // Packets whose address a controller resolved look as they do to everybody else, who sees another kind of address.
    let is_as_sent = |facts: &&crate::lab::audit::evidence::LookFacts| !facts.look.address.is_resolved();
    let only_resolved = !case
        .evidence
        .looks()
        .any(|facts| is_as_sent(&facts) && facts.look.layout.is_some());
    for (number, facts) in case.evidence.looks().enumerate().filter(|(_, facts)| facts.look.is_raw) {
        if !only_resolved && !is_as_sent(&facts) {
            continue;
        }
        let has = |number_of: &u32| case.pair(*number_of).looks.has(number);
        let rpis = case
            .identifiers
            .iter()
            .filter(|identifier| identifier.pairs.iter().any(has))
            .count();
        let is_broken = facts.look.layout.is_none();
        if rpis == 0 && !is_broken {
            continue;
        }
        counts.push(rpis.max(1));
        match system(&facts.look) {
            Some("Android") => android += rpis,
            Some(_) => ios += rpis,
            None => {
                strange += rpis.max(1);
                let others = super::first_of(case, |looks| looks.has(number));
                findings.push(stranger(facts, super::packets_of(facts.first, others)));
            }
        }
    }
    let bits = entropy_bits(&counts);
    let seen =
        format!("{android} as Android sends them, {ios} as iOS, {strange} otherwise; a packet tells {bits:.2} bits");
    Judgement::of(
        RuleId::B7,
        counted(case.identifiers.len(), "RPI", "RPIs"),
        seen,
        findings,
    )
    .with([
        Figure::new("entropy of the looks", bits, "bits"),
        Figure::count("as Android", android),
        Figure::count("as iOS", ios),
        Figure::count("otherwise", strange),
        Figure::count("looks", counts.len()),
    ])
}

fn stranger(facts: &crate::lab::audit::evidence::LookFacts, packets: Vec<crate::lab::audit::Sight>) -> Finding {
    let look = &facts.look;
    let flags = look
        .flags
        .as_ref()
        .map_or_else(|| "no Flags".to_owned(), |flags| format!("Flags {flags:02x?}"));
    let told: Vec<&str> = facts
        .remarks
        .iter()
        .filter(|remark| {
            let is_shape = matches!(
                remark.check,
                Check::Structures | Check::ServiceData | Check::ServiceList | Check::Flags
            );
            is_shape && remark.severity > Severity::NotObservable
        })
        .map(|remark| &*remark.text)
        .collect();
    let told = if told.is_empty() {
        String::new()
    } else {
        format!(" ({})", told.join("; "))
    };
    Finding {
        verdict: Verdict::Warn,
        subject: format!(
            "look {} {} bytes, {flags}, structures {:02x?}, {}",
            look.pdu, look.len, look.types, look.address
        ),
        what: format!(
            "{} packets look like no known phone's: {} of {} bytes, {flags}, {}{told}",
            facts.n, look.pdu, look.len, look.address
        ),
        figure: Figure::count("packets", usize::try_from(facts.n).unwrap_or(usize::MAX)),
        packets,
    }
}

/// Shannon's entropy of counts, in bits.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn entropy_bits(counts: &[usize]) -> f64 {
    let total = counts.iter().sum::<usize>() as f64;
    let part = |n: usize| {
        let share = n as f64 / total;
        -share * share.log2()
    };
    counts.iter().filter(|n| **n > 0).map(|n| part(*n)).sum::<f64>().abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_of_equal_and_of_single_classes() {
        assert!((entropy_bits(&[4, 4]) - 1.0).abs() < 1e-12);
        assert!(entropy_bits(&[7]).abs() < 1e-12);
        assert!(entropy_bits(&[]).abs() < 1e-12);
    }
}
