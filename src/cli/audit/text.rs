//! The report for a terminal: the verdict first, then why, then the packets.

use std::io::{self, Write};

use crate::lab::audit::Verdict;
use crate::lab::audit::report::{IdentityReport, PacketReport, Report, RuleReport};
use crate::lab::text::printable;

/// Findings of a rule that are told; all of them stand in the other outputs.
const FINDINGS: usize = 5;
/// Packets of a finding that are told.
const PACKETS: usize = 4;
/// Addresses of an identity that are told.
const ADDRESSES: usize = 6;
/// Columns that a line fills.
const COLUMNS: usize = 118;

/// Writes the report.
pub(super) fn write(out: &mut dyn Write, report: &Report, colored: bool) -> io::Result<()> {
    let scope = &report.scope;
    writeln!(
        out,
        "{} exposure notifications of {} advertisements; {} RPIs under {} addresses, {} resolved identities",
        scope.exposure_notifications, scope.adverts, scope.rpis, scope.addresses, scope.resolved_identities
    )?;
    if let (Some(from), Some(to)) = (&scope.from, &scope.to) {
        writeln!(out, "{from} to {to}")?;
    }
    for station in scope.stations.iter().filter(|station| !station.cannot_see.is_empty()) {
        writeln!(
            out,
            "{} cannot see {}",
            printable(&station.name),
            station.cannot_see.join(", ")
        )?;
    }
    if scope.left_out > 0 {
        writeln!(
            out,
            "! {} reports were too many to keep: the evidence is not complete",
            scope.left_out
        )?;
    }
    writeln!(out, "\n  VERDICT           RULE{:50}SEEN", "")?;
    for rule in &report.rules {
        line(out, rule, colored)?;
    }
    for rule in report.rules.iter().filter(|rule| !rule.findings.is_empty()) {
        details(out, rule, colored)?;
    }
    identities(out, &report.identities)?;
    rotations(out, report)?;
    super::links::write(out, &report.links)?;
    let count = |verdict| report.count(verdict);
    writeln!(
        out,
        "\n{} failed, {} warned, {} passed, {} not observable (profile {})",
        count(Verdict::Fail),
        count(Verdict::Warn),
        count(Verdict::Pass),
        count(Verdict::NotObservable),
        report.settings.profile.word()
    )
}

fn painted(verdict: Verdict, text: &str, colored: bool) -> String {
    let code = match verdict {
        _ if !colored => return text.to_owned(),
        Verdict::Fail => "31",
        Verdict::Warn => "33",
        Verdict::Pass => "32",
        Verdict::NotObservable => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

fn line(out: &mut dyn Write, rule: &RuleReport, colored: bool) -> io::Result<()> {
    let verdict = rule.weight();
    let word = format!("{} {:14}", verdict.sign(), verdict.word());
    let accepted = if verdict == rule.verdict { "" } else { " (accepted)" };
    let seen = wrapped(&format!("{}{accepted}", printable(&rule.seen)), COLUMNS - 74);
    for (number, part) in seen.iter().enumerate() {
        if number == 0 {
            let title = rule.rule.title;
            writeln!(
                out,
                "  {}  {:3} {title:50}{part}",
                painted(verdict, &word, colored),
                rule.rule.code
            )?;
        } else {
            writeln!(out, "{:74}{part}", "")?;
        }
    }
    Ok(())
}

fn details(out: &mut dyn Write, rule: &RuleReport, colored: bool) -> io::Result<()> {
    writeln!(out, "\n{}  {}", rule.rule.code, rule.rule.title)?;
    for part in wrapped(rule.rule.means, COLUMNS - 4) {
        writeln!(out, "    {part}")?;
    }
    for finding in rule.findings.iter().take(FINDINGS) {
        let accepted = if finding.accepted { " (accepted)" } else { "" };
        let what = wrapped(&format!("{}{accepted}", printable(&finding.what)), COLUMNS - 6);
        for (number, part) in what.iter().enumerate() {
            let sign = if number == 0 { finding.verdict.sign() } else { ' ' };
            writeln!(out, "  {} {part}", painted(finding.verdict, &sign.to_string(), colored))?;
        }
        for packet in finding.packets.iter().take(PACKETS) {
            writeln!(out, "      {}", packet_line(packet))?;
        }
    }
    let more = rule.n_findings.saturating_sub(FINDINGS);
    if more > 0 {
        writeln!(out, "    … and {more} more (--json lists them)")?;
    }
    for note in &rule.notes {
        for part in wrapped(&printable(note), COLUMNS - 4) {
            writeln!(out, "    {part}")?;
        }
    }
    for (number, part) in wrapped(rule.rule.remedy, COLUMNS - 6).iter().enumerate() {
        writeln!(out, "    {} {part}", if number == 0 { "→" } else { " " })?;
    }
    Ok(())
}

fn packet_line(packet: &PacketReport) -> String {
    let rpi = packet
        .rpi
        .as_deref()
        .map_or_else(String::new, |rpi| format!("  RPI {}…", &rpi[..rpi.len().min(8)]));
    format!(
        "{} #{}  {}  {} {}{rpi}",
        printable(&packet.station),
        packet.number,
        packet.time,
        packet.address,
        packet.address_kind
    )
}

fn identities(out: &mut dyn Write, identities: &[IdentityReport]) -> io::Result<()> {
    if identities.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nIdentities that a controller resolved: not what was on the air")?;
    for identity in identities {
        let phone = identity
            .phone
            .as_deref()
            .map_or_else(String::new, |phone| format!(", the phone {}", printable(phone)));
        writeln!(out, "  {} {}{phone}", identity.address, identity.address_kind)?;
        for (head, text) in [
            ("as published", &identity.published_reading),
            ("rightly", &identity.right_reading),
        ] {
            for (number, part) in wrapped(&printable(text), COLUMNS - 19).iter().enumerate() {
                let head = if number == 0 { head } else { "" };
                writeln!(out, "    {head:14} {part}")?;
            }
        }
        let (reporters, holders) = (identity.reported_by.join(", "), identity.key_held_by.join(", "));
        let holders = if holders.is_empty() { "no log" } else { &holders };
        writeln!(
            out,
            "    reported by {}; key held by {}",
            printable(&reporters),
            printable(holders)
        )?;
        for on_air in identity.on_air.iter().take(ADDRESSES) {
            let confirmed = if on_air.confirmed {
                "made with its key"
            } else {
                "by its RPIs"
            };
            writeln!(
                out,
                "      {}  {} to {}  {} RPIs, {confirmed}",
                on_air.address, on_air.from, on_air.to, on_air.rpis
            )?;
        }
        let more = identity.n_on_air.saturating_sub(ADDRESSES);
        if more > 0 {
            writeln!(out, "      … and {more} more")?;
        }
        if identity.further > 0 {
            writeln!(
                out,
                "      its key also resolves {} further addresses that carried something else",
                identity.further
            )?;
        }
    }
    Ok(())
}

fn rotations(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    if report.rotations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nRotations by the phones' own logs")?;
    writeln!(
        out,
        "  {:16} {:>6} {:>9} {:>8} {:>16} {:>14}",
        "MODEL", "PHONES", "ROTATIONS", "MEDIAN", "RANGE", "WITH ADDRESS"
    )?;
    for row in &report.rotations {
        let model = if row.model.is_empty() { "not told" } else { &row.model };
        let with_address = row
            .with_address
            .map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0));
        writeln!(
            out,
            "  {:16} {:>6} {:>9} {:>8} {:>16} {with_address:>14}",
            printable(model),
            row.phones.len(),
            row.lives,
            format!("{:.1} min", row.median_min),
            format!("{:.1} – {:.1} min", row.range_min[0], row.range_min[1]),
        )?;
    }
    Ok(())
}

/// Lines of at most so many letters, broken between words.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}
