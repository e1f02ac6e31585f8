//! B13: no counter goes on over a change of address.

use crate::lab::audit::case::{Case, NOTHING_HEARD, WHOSE_BEACON};
use crate::lab::audit::evidence::AppleTrack;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::time::Micros;

/// A device with Handoff messages.
struct Counting<'a> {
    track: &'a AppleTrack,
    counter: (u16, u16),
    seen: (Sight, Sight),
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.is_part {
        return Judgement::not_observable(RuleId::B13, WHOSE_BEACON);
    }
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B13, NOTHING_HEARD);
    }
    let limits = &settings.thresholds;
    if case.evidence.is_pseudonymised {
        return Judgement::not_observable(RuleId::B13, "counters are replaced in a protected capture");
    }
    let mut counting: Vec<Counting<'_>> = case
        .evidence
        .apple
        .iter()
        .filter(|track| track.first.address.kind.is_private())
        .filter_map(|track| {
            Some(Counting {
                track,
                counter: track.handoff?,
                seen: track.handoff_seen?,
            })
        })
        .collect();
    if counting.is_empty() {
        return Judgement::not_observable(RuleId::B13, "no Handoff message was heard under a private address");
    }
    counting.sort_by_key(|one| (one.track.first.station, one.seen.0));
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a setting")]
    let within = Micros((limits.carry_over_s.min(1e6) * 1e6) as i64);
    let mut findings = Vec::new();
    for (number, next) in counting.iter().enumerate() {
        let before = counting[..number].iter().rev().take(256);
        let goes_on = before
            .filter(|one| one.track.first.station == next.track.first.station)
            .find(|one| {
                let step = next.counter.0.wrapping_sub(one.counter.1);
                let gap = next.seen.0.at.since(one.seen.1.at);
                one.track.first.address != next.track.first.address
                    && step <= limits.counter_step
                    && gap <= within
                    && gap.0 >= 0
            });
        let Some(one) = goes_on else { continue };
        findings.push(Finding {
            verdict: Verdict::Warn,
            subject: format!("addresses {} and {}", one.track.first.address, next.track.first.address),
            what: format!(
                "the Handoff counter went on from {} under {} to {} under {}: the same device",
                one.counter.1, one.track.first.address, next.counter.0, next.track.first.address
            ),
            figure: Figure::count("step", usize::from(next.counter.0.wrapping_sub(one.counter.1))),
            packets: vec![one.seen.1, next.seen.0],
        });
    }
    let seen = format!(
        "{} under another address",
        counted(findings.len(), "counter goes on", "counters go on")
    );
    Judgement::of(
        RuleId::B13,
        counted(counting.len(), "address with Handoff", "addresses with Handoff"),
        seen,
        findings,
    )
}
