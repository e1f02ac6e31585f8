//! B1: address and RPI rotate together.

use crate::lab::address::Address;
use crate::lab::audit::case::{Case, OnAir, is_on_air};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    if let Some(why) = case.no_addresses() {
        return Judgement::not_observable(RuleId::B1, why);
    }
    let kept: Vec<Finding> = case
        .addresses
        .iter()
        .filter(|(_, on_air)| on_air.rpis.len() > 1)
        .map(|(address, on_air)| address_kept(case, *address, on_air))
        .collect();
    let changed: Vec<Finding> = case
        .own_identifiers()
        .filter(|identifier| identifier.addresses.len() > 1)
        .map(|identifier| {
            let mut pairs: Vec<_> = identifier.pairs.iter().map(|number| case.pair(*number)).collect();
            pairs.retain(|pair| is_on_air(pair.address()));
            pairs.sort_by_key(|pair| pair.first);
            Finding {
                verdict: Verdict::Warn,
                subject: format!("RPI {}", identifier.rpi),
                what: format!(
                    "RPI {} was sent under {}: whoever listens can join them, until the RPI changes",
                    identifier.rpi,
                    counted(identifier.addresses.len(), "address", "addresses")
                ),
                figure: Figure::count("addresses", identifier.addresses.len()),
                packets: pairs.iter().flat_map(|pair| [pair.first, pair.last]).collect(),
            }
        })
        .collect();
    let resolved_rpis = case
        .identifiers
        .iter()
        .filter(|identifier| !identifier.resolved.is_empty());
    let with_several =
        |identifier: &&crate::lab::audit::case::Identifier| identifier.addresses.len() + identifier.resolved.len() > 1;
    let by_resolving = resolved_rpis.filter(with_several).count();
    let all_several = case.identifiers.iter().filter(with_several).count();
    let resolved_several = case.resolved.values().filter(|rpis| rpis.len() > 1).count();
    let joined: usize = case
        .addresses
        .values()
        .map(|on_air| on_air.rpis.len().saturating_sub(1))
        .sum();
    let n = case.own_identifiers().count();
    let seen = match (kept.len(), changed.len()) {
        (0, 0) => "every address had one RPI, every RPI one address".to_owned(),
        (kept, changed) => format!(
            "{} kept over several RPIs, {} under several addresses",
            counted(kept, "address", "addresses"),
            counted(changed, "RPI", "RPIs")
        ),
    };
    let figures = [
        Figure::count("RPIs", n),
        Figure::count("addresses on the air", case.addresses.len()),
        Figure::count("addresses with several RPIs", kept.len()),
        Figure::count("RPIs with several addresses on the air", changed.len()),
        Figure::count("rotations joined by an address", joined),
        Figure::count("RPIs with several addresses, resolved identities counted", all_several),
        Figure::count("of these because of a resolved identity", by_resolving),
        Figure::count("resolved identities with several RPIs", resolved_several),
    ];
    let basis = counted(n, "RPI", "RPIs");
    let judgement = Judgement::of(RuleId::B1, basis, seen, kept.into_iter().chain(changed).collect()).with(figures);
    let judgement = if by_resolving + resolved_several > 0 {
        judgement.note(format!(
            "{} and {} are not counted: the receiving controller had put the identity of a bonded phone in the place of the \
             address that was on the air",
            counted(by_resolving, "RPI", "RPIs"),
            counted(resolved_several, "resolved identity with several RPIs", "resolved identities with several RPIs"),
        ))
    } else {
        judgement
    };
    if case.fixed.is_empty() {
        judgement
    } else {
        judgement.note(format!(
            "{} sent by many phones for a moment at a rotation left out",
            counted(case.fixed.len(), "value", "values")
        ))
    }
}

fn address_kept(case: &Case<'_>, address: Address, on_air: &OnAir) -> Finding {
    let mut pairs: Vec<_> = on_air.pairs.iter().map(|number| case.pair(*number)).collect();
    pairs.retain(|pair| !case.fixed.contains(&pair.rpi));
    let first = pairs.iter().map(|pair| pair.first).min();
    let last = pairs.iter().map(|pair| pair.last).max();
    let minutes = first
        .zip(last)
        .map_or(0.0, |(first, last)| last.at.since(first.at).as_secs_f64() / 60.0);
    // Around each change: the last packet of one RPI and the first of the next.
    let packets: Vec<Sight> = pairs
        .windows(2)
        .filter(|two| two[0].rpi != two[1].rpi)
        .flat_map(|two| [two[0].last, two[1].first])
        .collect();
    Finding {
        verdict: Verdict::Fail,
        subject: format!("address {address}"),
        what: format!(
            "{address} was kept over {} RPIs, for {minutes:.1} min: whoever listens can follow the phone from one to the next",
            on_air.rpis.len()
        ),
        figure: Figure::count("RPIs", on_air.rpis.len()),
        packets,
    }
}
