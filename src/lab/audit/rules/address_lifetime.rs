//! B2: no address lives for long.

use std::cmp::Reverse;

use crate::lab::address::AddressKind;
use crate::lab::audit::case::Case;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::time::UnixMicros;

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if let Some(why) = case.no_addresses() {
        return Judgement::not_observable(RuleId::B2, why);
    }
    let limits = &settings.thresholds;
    let mut lives = Vec::new();
    let mut findings = Vec::new();
    for (address, on_air) in &case.addresses {
        // An address that comes again much later is another matter (B11, B19): here counts the longest stretch.
        let stays = super::replay::stays_of_address(case, on_air, settings);
        let Some([from, to]) = stays
            .into_iter()
            .max_by_key(|[from, to]| (to.since(*from), Reverse(*from)))
        else {
            continue;
        };
        let longest = to.since(from);
        let minutes = longest.as_secs_f64() / 60.0;
        lives.push(minutes);
        let is_fixed = matches!(address.kind, AddressKind::Public | AddressKind::RandomStatic);
        let verdict = if is_fixed || minutes > limits.address_lifetime_fail_min {
            Verdict::Fail
        } else if minutes > limits.address_lifetime_warn_min {
            Verdict::Warn
        } else {
            continue;
        };
        let what = if is_fixed {
            format!(
                "{address} is {}: it never changes by itself; seen for {minutes:.1} min",
                address.kind
            )
        } else {
            format!(
                "{address} was on the air for {minutes:.1} min or more; {:.0} are allowed",
                limits.address_lifetime_warn_min
            )
        };
        findings.push(Finding {
            verdict,
            subject: format!("address {address}"),
            what,
            figure: Figure::new("seen for", minutes, "min"),
            packets: within(case, &on_air.pairs, from, to),
        });
    }
    lives.sort_by(f64::total_cmp);
    let longest = lives.last().copied().unwrap_or(0.0);
    let median = lives.get(lives.len() / 2).copied().unwrap_or(0.0);
    let seen = format!("median {median:.1} min, longest {longest:.1} min");
    let basis = counted(case.addresses.len(), "address", "addresses");
    let judgement = Judgement::of(RuleId::B2, basis, seen, findings).with([
        Figure::new("median", median, "min"),
        Figure::new("longest", longest, "min"),
    ]);
    if case.resolved.is_empty() {
        judgement
    } else {
        judgement.note(format!(
            "{} not judged: a resolved identity is not what was on the air",
            counted(case.resolved.len(), "resolved identity is", "resolved identities are")
        ))
    }
}

/// The first and the last packet that is known of a stretch of time.
fn within(case: &Case<'_>, pairs: &[u32], from: UnixMicros, to: UnixMicros) -> Vec<Sight> {
    let sights = || {
        let pairs = pairs.iter().map(|number| case.pair(*number));
        pairs
            .flat_map(|pair| [pair.first, pair.last])
            .filter(|sight| (from..=to).contains(&sight.at))
    };
    let mut both: Vec<Sight> = sights().min().into_iter().chain(sights().max()).collect();
    both.dedup();
    both
}
