//! B20: RPIs are random.

use std::collections::BTreeMap;

use crate::lab::audit::case::{Case, Identifier, NOTHING_HEARD};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::crypto::{BroadcastKeys, Tek};
use crate::lab::gaen::Rpi;

/// Keys that everybody knows or would try first.
fn weak_keys() -> [(&'static str, [u8; 16]); 4] {
    let counting = std::array::from_fn(|idx| u8::try_from(idx).unwrap_or_default());
    [
        ("of zeros", [0; 16]),
        ("of ones", [0xff; 16]),
        ("00 01 02 … 0f", counting),
        (
            "of the specification's published examples",
            [
                0x75, 0xc7, 0x34, 0xc6, 0xdd, 0x1a, 0x78, 0x2d, 0xe7, 0xa9, 0x65, 0xda, 0x5e, 0xb9, 0x31, 0x25,
            ],
        ),
    ]
}

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B20, NOTHING_HEARD);
    }
    if case.evidence.is_pseudonymised {
        return Judgement::not_observable(
            RuleId::B20,
            "RPIs are replaced by pseudonyms, which are random whatever they stand for",
        );
    }
    let weak: Vec<_> = weak_keys()
        .into_iter()
        .map(|(name, key)| (name, BroadcastKeys::derive(&Tek::new(key))))
        .collect();
    let mut findings = Vec::new();
    for identifier in case.own_identifiers() {
        if let Some(why) = strange(identifier.rpi) {
            findings.push(finding(identifier, &format!("RPI {} {why}", identifier.rpi)));
        } else if let Some((name, _)) = weak.iter().find(|(_, keys)| keys.enin_of(identifier.rpi).is_some()) {
            findings.push(finding(
                identifier,
                &format!("RPI {} follows from the key {name}", identifier.rpi),
            ));
        }
    }
    findings.extend(shared_halves(case));
    let seen = if findings.is_empty() {
        "no repeated bytes, letters, equal halves or known keys".to_owned()
    } else {
        counted(findings.len(), "RPI is not random", "RPIs are not random")
    };
    let judgement = Judgement::of(
        RuleId::B20,
        counted(case.identifiers.len(), "RPI", "RPIs"),
        seen,
        findings,
    );
    case.fixed.iter().take(8).fold(judgement, |judgement, rpi| {
        judgement.note(format!(
            "{rpi} was sent by many phones for a moment each: a fixed value around rotations, nobody's RPI"
        ))
    })
}

fn finding(identifier: &Identifier, what: &str) -> Finding {
    Finding {
        verdict: Verdict::Fail,
        subject: format!("RPI {}", identifier.rpi),
        what: what.to_owned(),
        figure: Figure::count("addresses", identifier.addresses.len()),
        packets: vec![identifier.first, identifier.last],
    }
}

/// What no random value shows.
fn strange(Rpi(bytes): Rpi) -> Option<&'static str> {
    let (front, back) = bytes.split_at(8);
    let rises = |step: u8| bytes.windows(2).all(|two| two[1] == two[0].wrapping_add(step));
    if rises(0) {
        Some("is one byte, repeated")
    } else if rises(1) || rises(255) {
        Some("counts")
    } else if front == back {
        Some("has two equal halves")
    } else if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        Some("is text")
    } else {
        None
    }
}

/// Identifiers that share their first or last eight bytes with another.
fn shared_halves(case: &Case<'_>) -> Vec<Finding> {
    let mut halves: BTreeMap<(bool, [u8; 8]), Vec<&Identifier>> = BTreeMap::new();
    for identifier in case.own_identifiers() {
        let (front, back) = identifier.rpi.0.split_at(8);
        for (is_front, half) in [(true, front), (false, back)] {
            if let Ok(half) = half.try_into() {
                halves.entry((is_front, half)).or_default().push(identifier);
            }
        }
    }
    halves
        .into_iter()
        .filter(|(_, members)| members.len() > 1)
        .map(|((is_front, half), members)| {
            let which = if is_front { "first" } else { "last" };
            let shown = crate::lab::advert::Hex(&half).to_string();
            Finding {
                verdict: Verdict::Fail,
                subject: format!("RPIs with {shown}"),
                what: format!("{} RPIs share their {which} eight bytes ({shown})", members.len()),
                figure: Figure::count("RPIs", members.len()),
                packets: members.iter().map(|identifier| identifier.first).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn what_no_random_value_shows_is_told() {
        let of = |bytes: [u8; 16]| strange(Rpi(bytes));
        assert_eq!(of([7; 16]), Some("is one byte, repeated"));
        assert_eq!(of(*b"EXPOSURE NOTIFIC"), Some("is text"));
        assert_eq!(of(hex!("000102030405060708090a0b0c0d0e0f")), Some("counts"));
        assert_eq!(
            of(hex!("a1b2c3d4e5f60718a1b2c3d4e5f60718")),
            Some("has two equal halves")
        );
        assert_eq!(of(hex!("8be6cd371c5c891604bfbe49df845096")), None);
    }

    #[test]
    fn the_published_example_follows_from_its_key_and_no_other() {
        let rpi = Rpi(hex!("8be6cd371c5c891604bfbe49df845096"));
        let hits: Vec<_> = weak_keys()
            .into_iter()
            .filter(|(_, key)| BroadcastKeys::derive(&Tek::new(*key)).enin_of(rpi).is_some())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(hits, ["of the specification's published examples"]);
    }
}
