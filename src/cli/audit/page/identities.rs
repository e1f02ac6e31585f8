//! Identities that controllers resolved, in both readings, and rotations by the phones' own logs.

use super::{counted, time};
use crate::lab::audit::report::{IdentityReport, OnAirReport, Report};
use crate::lab::audit::rotations::Rotations;
use crate::lab::audit::{Figure, RuleId};
use crate::report::page::{Page, Table};

/// Addresses of an identity on the page.
const ADDRESSES: usize = 40;

/// Both sections, as far as there is something for them.
pub(super) fn write(page: &mut Page, report: &Report) {
    if !report.identities.is_empty() {
        page.section("Resolved identities");
        page.text(
            "A Bluetooth controller that was bonded with another phone knows that phone's identity resolving key. It then \
             reports the phone's fixed identity address in the place of the changing address that was really on the air. Who \
             reads such a log without knowing this takes the phone for one that never changes its address. Below stand both \
             readings, and the addresses that others heard at the same time.",
        );
        for identity in &report.identities {
            one(page, identity);
        }
    }
    rotations(page, report);
}

fn minutes(of: f64) -> String {
    if of < 120.0 {
        return format!("{of:.1} min");
    }
    format!("{:.0} h {:02.0} min", (of / 60.0).floor(), (of % 60.0).floor())
}

fn one(page: &mut Page, identity: &IdentityReport) {
    let phone = identity
        .phone
        .as_deref()
        .map_or_else(String::new, |phone| format!(", the phone {phone}"));
    page.part(&format!("{} ({}){phone}", identity.address, identity.address_kind));
    let rpis = counted(identity.rpis, "RPI", "RPIs");
    let on_air = identity.n_on_air;
    let heard = if on_air == 0 {
        "nobody else heard the phone, so that its addresses are not known".to_owned()
    } else {
        format!(
            "{} were on the air",
            counted(on_air, "resolvable address", "resolvable addresses")
        )
    };
    let known = match identity.confirmed {
        Some(n) if on_air > 0 => format!("others heard the same RPIs; the key resolves {n} of {on_air} addresses"),
        None if on_air > 0 => "others heard the same RPIs; no log holds the key".to_owned(),
        _ => "by the address type in the log (2 or 3: resolved)".to_owned(),
    };
    let longest = match on_air {
        0 => "not known".to_owned(),
        _ => format!("each address for {} at most", minutes(identity.longest_on_air_min)),
    };
    let conclusion = match on_air {
        0 => "whether the phone rotates its address is not observable",
        _ => "the phone rotates its address",
    };
    let row = |what: &str, published: String, right: String| vec![what.to_owned(), published, right];
    page.table(&Table {
        caption: format!("{}: two readings of the same log", identity.address),
        columns: vec![("of", false), ("as published", false), ("rightly", false)],
        rows: vec![
            row("address", "one address that never changes".to_owned(), heard),
            row("seen for", minutes(identity.apparent_life_min), longest),
            row(
                "identifiers",
                format!("{rpis} under one address"),
                match on_air {
                    0 => rpis,
                    _ => format!("{rpis} spread over these addresses"),
                },
            ),
            row(
                "conclusion",
                "the phone does not rotate its address".to_owned(),
                conclusion.to_owned(),
            ),
            row("known by", "the address in the log alone".to_owned(), known),
        ],
    });
    let holders = match identity.key_held_by.as_slice() {
        [] => "no log".to_owned(),
        some => some.join(", "),
    };
    let mut told = vec![format!(
        "Reported by {}; key held by {holders}.",
        identity.reported_by.join(", ")
    )];
    if identity.further > 0 {
        told.push(format!(
            "The key also resolves {} further addresses that carried something else.",
            identity.further
        ));
    }
    page.list(told);
    if identity.on_air.is_empty() {
        return;
    }
    let shown = identity.on_air.len().min(ADDRESSES);
    page.table(&Table {
        caption: match identity.n_on_air {
            all if all == shown => format!("The addresses of {} that were on the air", identity.address),
            all => format!(
                "{shown} of the {all} addresses of {} that were on the air",
                identity.address
            ),
        },
        columns: vec![
            ("address", false),
            ("from, UTC", true),
            ("to, UTC", true),
            ("RPIs under both", false),
            ("known by", false),
        ],
        rows: identity
            .on_air
            .iter()
            .take(shown)
            .map(|of| {
                vec![
                    of.address.clone(),
                    time(&of.from),
                    time(&of.to),
                    carried(of),
                    if of.confirmed { "the key" } else { "its RPIs" }.to_owned(),
                ]
            })
            .collect(),
    });
}

/// The identifiers that were seen under the identity and under this address.
fn carried(of: &OnAirReport) -> String {
    let more = of.rpis.saturating_sub(of.rpi_list.len());
    let rpis = of.rpi_list.join(" ");
    if more > 0 {
        format!("{rpis} and {more} more")
    } else {
        rpis
    }
}

fn rotations(page: &mut Page, report: &Report) {
    let layouts = layouts(report);
    if report.rotations.is_empty() && layouts.is_empty() {
        return;
    }
    page.section("Rotations");
    if !report.rotations.is_empty() {
        page.text(
            "How long phones used an RPI by their own logs: what they did, not what others heard. \"Address too\" is the share \
             of changes over which no address was kept, of those that others heard on both sides.",
        );
        page.table(&Table {
            caption: "Lives of RPIs by the phones' own logs, for each model".to_owned(),
            columns: vec![
                ("model", false),
                ("phones", false),
                ("RPIs", true),
                ("median", true),
                ("shortest", true),
                ("longest", true),
                ("address too", true),
            ],
            rows: report.rotations.iter().map(row).collect(),
        });
    }
    if !layouts.is_empty() {
        page.table(&Table {
            caption: "How long RPIs were heard by others, by the layout of their packets".to_owned(),
            columns: vec![("layout", false), ("median", true), ("99 %", true), ("longest", true)],
            rows: layouts,
        });
    }
}

fn row(of: &Rotations) -> Vec<String> {
    let share = of.with_address;
    vec![
        if of.model.is_empty() {
            "not told".to_owned()
        } else {
            of.model.clone()
        },
        of.phones.join(", "),
        of.lives.to_string(),
        minutes(of.median_min),
        minutes(of.range_min[0]),
        minutes(of.range_min[1]),
        share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0)),
    ]
}

/// What the rule on lives of RPIs measured for each layout.
fn layouts(report: &Report) -> Vec<Vec<String>> {
    let rule = report.rules.iter().find(|rule| rule.rule.id == RuleId::B3);
    let figures = rule.map_or(&[][..], |rule| rule.figures.as_slice());
    let of = |name: &str| {
        figures
            .iter()
            .find(|figure: &&Figure| figure.name == name)
            .map(|figure| figure.value)
    };
    ["Android", "iOS"]
        .into_iter()
        .filter_map(|layout| {
            let values = ["median", "p99", "longest"].map(|part| of(&format!("{layout} {part}")));
            let [Some(median), Some(high), Some(longest)] = values else {
                return None;
            };
            let mut row = vec![layout.to_owned()];
            row.extend([median, high, longest].map(minutes));
            Some(row)
        })
        .collect()
}
