//! B1: address and RPI rotate together.

use std::collections::BTreeMap;

use crate::lab::address::Address;
use crate::lab::audit::case::metadata::Kept;
use crate::lab::audit::case::{Case, Identifier, OnAir, is_on_air};
use crate::lab::audit::evidence::Pair;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, MOST_PACKETS, Sight, Verdict, counted};
use crate::lab::gaen::Rpi;
use crate::lab::time::Micros;

/// A fixed value at a rotation is sent for some 3 s; heard for so long, it may be one.
const MOMENT: Micros = Micros::from_secs(4);
/// Within so long after it the station must have listened for a moment at least, for its silence to say something.
const LISTENS: Micros = Micros::from_secs(6 * 60);

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    let metadata: Vec<Finding> = case
        .kept_metadata()
        .iter()
        .map(|kept| metadata_kept(case, kept))
        .collect();
    if let Some(why) = case.no_addresses().filter(|_| metadata.is_empty()) {
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
            let shown: Vec<String> = identifier.addresses.iter().take(4).map(ToString::to_string).collect();
            let more = if identifier.addresses.len() > shown.len() {
                ", …"
            } else {
                ""
            };
            Finding {
                verdict: Verdict::Warn,
                subject: format!("RPI {}", identifier.rpi),
                what: format!(
                    "RPI {} was sent under {} ({}{more}): whoever listens can join them, until the RPI changes",
                    identifier.rpi,
                    counted(identifier.addresses.len(), "address", "addresses"),
                    shown.join(", ")
                ),
                figure: Figure::count("addresses", identifier.addresses.len()),
                packets: of_each_address(case, identifier),
            }
        })
        .collect();
    let resolved_rpis = case
        .identifiers
        .iter()
        .filter(|identifier| !identifier.resolved.is_empty());
    let with_several = |identifier: &&Identifier| identifier.addresses.len() + identifier.resolved.len() > 1;
    let by_resolving = resolved_rpis.filter(with_several).count();
    let all_several = case.identifiers.iter().filter(with_several).count();
    let resolved_several = case.resolved.values().filter(|rpis| rpis.len() > 1).count();
    let joined: usize = case
        .addresses
        .values()
        .map(|on_air| on_air.rpis.len().saturating_sub(1))
        .sum();
    let n = case.own_identifiers().count();
    let seen = seen(case, kept.len(), changed.len(), metadata.len());
    let figures = [
        Figure::count("RPIs", n),
        Figure::count("addresses on the air", case.addresses.len()),
        Figure::count("addresses with several RPIs", kept.len()),
        Figure::count("RPIs with several addresses on the air", changed.len()),
        Figure::count("metadata with several RPIs", metadata.len()),
        Figure::count("rotations joined by an address", joined),
        Figure::count("RPIs with several addresses, resolved identities counted", all_several),
        Figure::count("of these because of a resolved identity", by_resolving),
        Figure::count("resolved identities with several RPIs", resolved_several),
    ];
    let basis = counted(n, "RPI", "RPIs");
    let findings = kept.into_iter().chain(metadata).chain(changed).collect();
    let judgement = Judgement::of(RuleId::B1, basis, seen, findings).with(figures);
    let judgement = if case.evidence.is_pseudonymised {
        judgement.note("metadata are replaced in a protected capture: whether they stay over RPIs is not judged")
    } else {
        judgement
    };
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

/// What was seen, in a line.
fn seen(case: &Case<'_>, kept: usize, changed: usize, metadata: usize) -> String {
    let seen = match (kept, changed) {
        (0, 0) if case.addresses.is_empty() => "this source does not tell addresses".to_owned(),
        (0, 0) => "every address had one RPI, every RPI one address".to_owned(),
        (kept, changed) => format!(
            "{} kept over several RPIs, {} under several addresses",
            counted(kept, "address", "addresses"),
            counted(changed, "RPI", "RPIs")
        ),
    };
    match metadata {
        0 => seen,
        n => format!(
            "{seen}, {} kept over several RPIs",
            counted(n, "value of metadata", "values of metadata")
        ),
    }
}

/// Packets of an identifier that show each of its addresses: the first under each, then the last under each.
fn of_each_address(case: &Case<'_>, identifier: &Identifier) -> Vec<Sight> {
    let mut spans: BTreeMap<Address, [Sight; 2]> = BTreeMap::new();
    for pair in identifier.pairs.iter().map(|number| case.pair(*number)) {
        if is_on_air(pair.address()) {
            let span = spans.entry(pair.address()).or_insert([pair.first, pair.last]);
            *span = [span[0].min(pair.first), span[1].max(pair.last)];
        }
    }
    let mut firsts: Vec<Sight> = spans.values().map(|[first, _]| *first).collect();
    let mut lasts: Vec<Sight> = spans.values().map(|[_, last]| *last).collect();
    firsts.sort_unstable();
    lasts.sort_unstable();
    firsts.truncate(MOST_PACKETS);
    lasts.truncate(MOST_PACKETS);
    lasts.retain(|last| !firsts.contains(last));
    firsts.extend(lasts);
    firsts
}

/// Metadata that stood under several identifiers.
fn metadata_kept(case: &Case<'_>, kept: &Kept) -> Finding {
    let of = || kept.identifiers.iter().map(|number| &case.identifiers[*number]);
    let first = of().map(|identifier| identifier.first.at).min();
    let last = of().map(|identifier| identifier.last.at).max();
    let minutes = first
        .zip(last)
        .map_or(0.0, |(first, last)| last.since(first).as_secs_f64() / 60.0);
    let n = kept.identifiers.len();
    let what = if kept.is_of_several {
        format!(
            "metadata {} stood under {n} RPIs, under some at once: they are not encrypted for each RPI",
            kept.aem
        )
    } else {
        format!(
            "metadata {} were kept over {n} RPIs, for {minutes:.1} min: whoever listens can follow the phone from one to the next",
            kept.aem
        )
    };
    Finding {
        verdict: Verdict::Fail,
        subject: format!("metadata {}", kept.aem),
        what,
        figure: Figure::count("RPIs", n),
        packets: of().map(|identifier| identifier.first).collect(),
    }
}

/// Whether an identifier was heard for a moment and never again, though its station listened on.
fn is_moment(case: &Case<'_>, rpi: Rpi, under_address: &[&Pair]) -> bool {
    let mut of = under_address.iter().filter(|pair| pair.rpi == rpi).peekable();
    of.peek().is_some()
        && of.all(|pair| {
            let after = case.listened(pair.station(), pair.last.at, pair.last.at.plus(LISTENS));
            pair.last.at.since(pair.first.at) <= MOMENT && after >= MOMENT
        })
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
    let is_moment = on_air.rpis.len() == 2 && on_air.rpis.iter().any(|rpi| is_moment(case, *rpi, &pairs));
    let meaning = if is_moment {
        "one of them for a moment only, which may be the fixed value that phones send at a rotation"
    } else {
        "whoever listens can follow the phone from one to the next"
    };
    Finding {
        verdict: if is_moment { Verdict::Warn } else { Verdict::Fail },
        subject: format!("address {address}"),
        what: format!(
            "{address} was kept over {} RPIs, for {minutes:.1} min: {meaning}",
            on_air.rpis.len()
        ),
        figure: Figure::count("RPIs", on_air.rpis.len()),
        packets,
    }
}
