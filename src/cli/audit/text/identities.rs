//! Identities that controllers resolved, for a terminal.

use std::io::{self, Write};

use super::super::layout::{Layout, cut};
use super::under;
use crate::lab::audit::report::{IdentityReport, OnAirReport};

/// Addresses of an identity that are told unless all are asked for.
const ADDRESSES: usize = 4;

/// Writes both readings of each.
pub(super) fn write(out: &mut dyn Write, identities: &[IdentityReport], layout: Layout, all: bool) -> io::Result<()> {
    if identities.is_empty() {
        return Ok(());
    }
    let head = "Identities that a controller resolved: not what was on the air";
    writeln!(out, "\n{}", layout.bold(head))?;
    for identity in identities {
        let phone = identity
            .phone
            .as_deref()
            .map_or_else(String::new, |phone| format!(", the phone {}", cut(phone, 40)));
        writeln!(out, "  {} {}{phone}", identity.address, identity.address_kind)?;
        under(out, layout, "    as published  ", &identity.published_reading)?;
        under(out, layout, "    rightly       ", &identity.right_reading)?;
        let holders = match identity.key_held_by.as_slice() {
            [] => "no log".to_owned(),
            some => some.join(", "),
        };
        let who = format!("reported by {}; key held by {holders}", identity.reported_by.join(", "));
        under(out, layout, "    by whom       ", &who)?;
        let most = if all { usize::MAX } else { ADDRESSES };
        for on_air in identity.on_air.iter().take(most) {
            let how = if on_air.confirmed { "by its key" } else { "by its RPIs" };
            writeln!(
                out,
                "      {}",
                layout.dim(&format!("{}  {}, {how}", on_air.address, times(on_air)))
            )?;
            carried(out, on_air, layout, all)?;
        }
        let more = identity.n_on_air.saturating_sub(identity.on_air.len().min(most));
        if more > 0 {
            writeln!(out, "      … and {more} more{}", if all { "" } else { " (--all)" })?;
        }
        if identity.further > 0 {
            let text = format!(
                "its key also resolves {} further addresses that carried something else",
                identity.further
            );
            under(out, layout, "      ", &text)?;
        }
    }
    Ok(())
}

fn times(on_air: &OnAirReport) -> String {
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    let clock = |time: &str| time.get(11..19).unwrap_or(time).to_owned();
    format!("{} {} to {}", day(&on_air.from), clock(&on_air.from), clock(&on_air.to))
}

/// The identifiers that were seen under the identity and under this address: seen with two addresses, and rightly with one.
fn carried(out: &mut dyn Write, on_air: &OnAirReport, layout: Layout, all: bool) -> io::Result<()> {
    let short = |rpi: &String| {
        if all {
            rpi.clone()
        } else {
            format!("{}…", rpi.get(..8).unwrap_or(rpi))
        }
    };
    let mut rpis: Vec<String> = on_air.rpi_list.iter().map(short).collect();
    let more = on_air.rpis.saturating_sub(rpis.len());
    if more > 0 {
        rpis.push(format!("and {more} more"));
    }
    under(out, layout, "        RPI ", &rpis.join(" "))
}
