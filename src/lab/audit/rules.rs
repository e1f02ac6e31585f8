//! The rules, each a room of its own: from a case to a judgement.

mod address_kind;
mod address_lifetime;
mod address_randomness;
mod aem_constant;
mod carry_over;
mod connectable;
mod counters;
mod extra_data;
mod hand_over;
mod interval;
mod level_fingerprint;
mod metadata;
mod one_packet;
mod presence;
mod radio;
mod replay;
mod rotation_in_step;
mod rpi_lifetime;
mod rpi_randomness;
mod tx_power;

use super::case::Case;
use super::rule::RuleId;
use super::settings::Settings;
use super::verdict::{Judgement, Verdict};

/// What a rule says of a case.
#[must_use]
pub fn judge(rule: RuleId, case: &Case<'_>, settings: &Settings) -> Judgement {
    match rule {
        RuleId::B1 => rotation_in_step::judge(case, settings),
        RuleId::B2 => address_lifetime::judge(case, settings),
        RuleId::B3 => rpi_lifetime::judge(case, settings),
        RuleId::B4 => address_kind::judge(case, settings),
        RuleId::B5 => connectable::judge(case, settings),
        RuleId::B6 => extra_data::judge(case, settings),
        RuleId::B7 => one_packet::judge(case, settings),
        RuleId::B8 => interval::judge(case, settings),
        RuleId::B9 => hand_over::judge(case, settings),
        RuleId::B10 => level_fingerprint::judge(case, settings),
        RuleId::B11 => replay::judge(case, settings),
        RuleId::B12 => aem_constant::judge(case, settings),
        RuleId::B13 => counters::judge(case, settings),
        RuleId::B14 => carry_over::judge(case, settings),
        RuleId::B15 => radio::judge(),
        RuleId::B16 => tx_power::judge(case, settings),
        RuleId::B17 => metadata::judge(case, settings),
        RuleId::B18 => presence::judge(case, settings),
        RuleId::B19 => address_randomness::judge(case, settings),
        RuleId::B20 => rpi_randomness::judge(case, settings),
    }
}

/// What the chosen rules say, in order.
#[must_use]
pub fn judge_all(case: &Case<'_>, settings: &Settings) -> Vec<Judgement> {
    let judged = settings.rules.iter().map(|rule| judge(*rule, case, settings));
    judged.map(|judgement| complete(case, judgement)).collect()
}

/// What was found stands on what was kept; that nothing was found needs all that was heard.
fn complete(case: &Case<'_>, judgement: Judgement) -> Judgement {
    let left_out = case.evidence.left_out;
    if left_out == 0 || judgement.verdict != Verdict::Pass {
        return judgement;
    }
    Judgement {
        verdict: Verdict::NotObservable,
        seen: format!(
            "{left_out} reports were too many to keep; of the others: {}",
            judgement.seen
        ),
        ..judgement
    }
}

/// Whether something concluded from other packets under the same address is about the sender: an identity that a
/// controller resolved joins what was apart on the air.
const fn is_own_address(address: crate::lab::address::Address) -> bool {
    super::case::is_on_air(address)
}

/// Whether a kind of address is what was on the air.
const fn is_own_kind(kind: crate::lab::address::AddressKind) -> bool {
    super::case::is_on_air(crate::lab::address::Address { bytes: [0; 6], kind })
}

/// The first packets of the pairs with some looks, in order of time.
fn first_of(case: &Case<'_>, is_meant: impl Fn(super::evidence::LookSet) -> bool) -> Vec<super::Sight> {
    let mut firsts: Vec<_> = case
        .pairs()
        .filter(|pair| is_meant(pair.looks))
        .map(|pair| pair.first)
        .collect();
    firsts.sort_unstable();
    firsts
}

/// The packet that first had a look, then the first ones of others that have it.
fn packets_of(first: super::Sight, mut others: Vec<super::Sight>) -> Vec<super::Sight> {
    others.retain(|sight| *sight != first);
    others.insert(0, first);
    others
}
