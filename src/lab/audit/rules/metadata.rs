//! B17: metadata are as the specification says.

use std::collections::BTreeMap;

use crate::lab::audit::case::Case;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::crypto::Metadata;

fn judged(metadata: Metadata) -> Option<(Verdict, &'static str)> {
    if metadata.major() != 1 {
        Some((Verdict::Fail, "the major version is not 1"))
    } else if !metadata.reserved_is_zero() {
        Some((Verdict::Warn, "reserved bits are set"))
    } else {
        None
    }
}

pub(super) fn judge(case: &Case<'_>, _: &Settings) -> Judgement {
    if case.evidence.is_pseudonymised {
        return Judgement::not_observable(RuleId::B17, "metadata are replaced in a protected capture");
    }
    let mut of_value: BTreeMap<(String, [u8; 4]), Vec<Sight>> = BTreeMap::new();
    // What stays over RPIs was not encrypted for them (B1): what it decrypts to says nothing.
    let frozen = case.with_kept_metadata();
    let mut n = 0;
    let mut n_frozen = 0;
    for identifier in case.own_identifiers() {
        let Some(metadata) = case.evidence.known.get(&identifier.rpi) else {
            continue;
        };
        if frozen.contains(&identifier.rpi) {
            n_frozen += 1;
            continue;
        }
        n += 1;
        if judged(*metadata).is_some() {
            // What was encrypted under another identifier decrypts to a value of its own each time: by phone.
            let name = case
                .owners
                .get(&identifier.rpi)
                .map(|owner| owner.name.clone())
                .unwrap_or_default();
            of_value.entry((name, metadata.0)).or_default().push(identifier.first);
        }
    }
    if n == 0 {
        let why = match n_frozen {
            0 => "no key of what was heard is known (--keys): metadata are encrypted",
            _ => "metadata stay over RPIs (B1): what they decrypt to says nothing",
        };
        return Judgement::not_observable(RuleId::B17, why);
    }
    let findings: Vec<Finding> = of_value
        .into_iter()
        .filter_map(|((name, bytes), sights)| {
            let (verdict, what) = judged(Metadata(bytes))?;
            Some(Finding {
                verdict,
                subject: format!("metadata of {name} {bytes:02x?}"),
                what: format!("metadata {bytes:02x?} of {name}: {what}"),
                figure: Figure::count("RPIs", sights.len()),
                packets: sights,
            })
        })
        .collect();
    let seen = if findings.is_empty() {
        "version 1, reserved bits zero".to_owned()
    } else {
        counted(
            findings.len(),
            "value is not as specified",
            "values are not as specified",
        )
    };
    let judgement = Judgement::of(
        RuleId::B17,
        counted(n, "RPI with a known key", "RPIs with a known key"),
        seen,
        findings,
    );
    match n_frozen {
        0 => judgement,
        n => judgement.note(format!(
            "{} not judged: their metadata stay over RPIs (B1)",
            counted(n, "RPI is", "RPIs are")
        )),
    }
}
