//! B4: the address is private.

use std::collections::BTreeMap;

use crate::lab::address::AddressKind;
use crate::lab::audit::case::{Case, is_on_air};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::{Profile, Settings};
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};

#[derive(Default)]
struct Of {
    packets: u64,
    addresses: usize,
    firsts: Vec<Sight>,
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if let Some(why) = case.no_addresses() {
        return Judgement::not_observable(RuleId::B4, why);
    }
    let mut kinds: BTreeMap<AddressKind, Of> = BTreeMap::new();
    let mut resolved = 0;
    for pair in case.pairs() {
        let address = pair.address();
        if is_on_air(address) {
            let of = kinds.entry(address.kind).or_default();
            of.packets += u64::from(pair.heard);
            of.firsts.push(pair.first);
        } else if address.kind.is_resolved() {
            resolved += u64::from(pair.heard);
        }
    }
    for address in case.addresses.keys() {
        kinds.entry(address.kind).or_default().addresses += 1;
    }
    let judged = |kind| match kind {
        AddressKind::RandomNonresolvable => Verdict::Pass,
        AddressKind::RandomResolvable if settings.profile == Profile::Field => Verdict::Pass,
        AddressKind::RandomResolvable => Verdict::Warn,
        _ => Verdict::Fail,
    };
    let findings = kinds
        .iter_mut()
        .filter(|(kind, _)| judged(**kind) > Verdict::Pass)
        .map(|(kind, of)| {
            of.firsts.sort_unstable();
            let asked = match kind {
                AddressKind::RandomResolvable => {
                    "as Android does; the specification asks for non-resolvable ones, and devices that the phone was ever \
                     bonded with can tell that it is the same"
                }
                AddressKind::RandomReserved => "whose two top bits are reserved",
                _ => "which names the phone for good",
            };
            Finding {
                verdict: judged(*kind),
                subject: format!("kind {kind}"),
                what: format!(
                    "{} of {} {kind}, {asked}",
                    counted(usize::try_from(of.packets).unwrap_or(usize::MAX), "packet", "packets"),
                    counted(of.addresses, "address", "addresses"),
                ),
                figure: Figure::count("addresses", of.addresses),
                packets: of.firsts.clone(),
            }
        })
        .collect();
    let seen = kinds
        .iter()
        .map(|(kind, of)| format!("{} {kind}", of.addresses))
        .collect::<Vec<_>>()
        .join(", ");
    let judgement = Judgement::of(
        RuleId::B4,
        counted(case.addresses.len(), "address", "addresses"),
        seen,
        findings,
    )
    .with([Figure::count("addresses", case.addresses.len())]);
    if resolved > 0 {
        judgement.note(format!("{resolved} reports of resolved identities not judged"))
    } else {
        judgement
    }
}
