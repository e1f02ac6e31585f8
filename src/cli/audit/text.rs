//! The report for a terminal: what was audited, the rules, then what was found, the worst first; the verdict at the end,
//! where a terminal shows it.

mod identities;

use std::io::{self, Write};

use super::layout::{Layout, cut, padded, wrapped};
use crate::lab::audit::Verdict;
use crate::lab::audit::report::{FindingReport, PacketReport, Report, RuleReport, Scope};
use crate::lab::text::printable;

/// Findings of a rule that are told unless all are asked for.
const FINDINGS: usize = 5;
/// Clocks that are told of.
const CLOCKS: usize = 8;
/// Packets of a finding that are told unless all are asked for.
const PACKETS: usize = 3;

/// Writes the report; with `all`, every finding that it lists.
pub(super) fn write(out: &mut dyn Write, report: &Report, layout: Layout, all: bool) -> io::Result<()> {
    scope(out, &report.scope, layout)?;
    rules(out, report, layout)?;
    let mut found: Vec<&RuleReport> = report.rules.iter().filter(|rule| !rule.findings.is_empty()).collect();
    found.sort_by_key(|rule| std::cmp::Reverse(rule.weight()));
    for rule in found {
        details(out, rule, layout, all)?;
    }
    identities::write(out, &report.identities, layout, all)?;
    rotations(out, report, layout)?;
    super::links::write(out, &report.links, layout, all)?;
    summary(out, report, layout)
}

fn times(n: u32) -> String {
    match n {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

fn scope(out: &mut dyn Write, scope: &Scope, layout: Layout) -> io::Result<()> {
    writeln!(out, "{}", layout.bold("What was audited"))?;
    let mut facts = vec![
        (
            "captures",
            match scope.captures.as_slice() {
                [one] => one.clone(),
                more => format!("{} files, {} receivers", more.len(), scope.stations.len()),
            },
        ),
        (
            "heard",
            format!(
                "{} exposure notifications of {} advertisements; {} RPIs under {} addresses, {} resolved identities",
                scope.exposure_notifications, scope.adverts, scope.rpis, scope.addresses, scope.resolved_identities
            ),
        ),
    ];
    if let (Some(from), Some(to)) = (&scope.from, &scope.to) {
        facts.push(("from", format!("{from} to {to}")));
    }
    if scope.damaged > 0 {
        facts.push((
            "damaged",
            format!("{} records were left out: something is missing", scope.damaged),
        ));
    }
    if scope.pseudonymised {
        facts.push(("protected", "identifiers and addresses are pseudonyms".to_owned()));
    }
    if scope.bad_crc > 0 {
        facts.push((
            "damaged",
            format!(
                "{} reports with a wrong check sum, of which nothing is concluded",
                scope.bad_crc
            ),
        ));
    }
    if scope.left_out > 0 {
        facts.push((
            "! left out",
            format!(
                "{} reports were too many to keep: the evidence is not complete",
                scope.left_out
            ),
        ));
    }
    for station in scope
        .stations
        .iter()
        .filter(|station| station.set_back > 0)
        .take(CLOCKS)
    {
        facts.push((
            "! clock",
            format!(
                "that of {} was set back {}: it is judged in parts",
                cut(&station.name, 24),
                times(station.set_back)
            ),
        ));
    }
    for clocks in scope.clocks_apart.iter().take(CLOCKS) {
        facts.push((
            "! clocks",
            format!(
                "all that {} and {} both heard lies {:.1} h apart: their clocks differ (--clock-offset CAPTURE=SECONDS), or it \
                 was replayed",
                cut(&clocks.first, 24),
                cut(&clocks.second, 24),
                clocks.later_s.abs() / 3600.0
            ),
        ));
    }
    let mut blind: Vec<(String, Vec<&str>)> = Vec::new();
    for station in scope.stations.iter().filter(|station| !station.cannot_see.is_empty()) {
        let what = station.cannot_see.join(", ");
        match blind.iter_mut().find(|(of, _)| *of == what) {
            Some((_, stations)) => stations.push(&station.name),
            None => blind.push((what, vec![&station.name])),
        }
    }
    facts.extend(blind.into_iter().map(|(what, stations)| {
        let shown: Vec<String> = stations.iter().take(12).map(|name| cut(name, 24)).collect();
        let more = match stations.len().saturating_sub(12) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        ("cannot see", format!("{what}: {}{more}", shown.join(", ")))
    }));
    for (name, fact) in facts {
        under(out, layout, &format!("  {}", padded(name, 12)), &fact)?;
    }
    Ok(())
}

/// A text beside its head, whose further lines stand below its first.
fn under(out: &mut dyn Write, layout: Layout, head: &str, text: &str) -> io::Result<()> {
    let indent = head.chars().count();
    for (number, part) in wrapped(text, layout.columns.saturating_sub(indent)).iter().enumerate() {
        if number == 0 {
            writeln!(out, "{head}{part}")?;
        } else {
            writeln!(out, "{:indent$}{part}", "")?;
        }
    }
    Ok(())
}

/// Width of a verdict with its sign, and of a rule's number.
const VERDICT: usize = 18;
const CODE: usize = 5;
/// Width of a rule's title where something stands beside it.
const TITLE: usize = 52;

fn rules(out: &mut dyn Write, report: &Report, layout: Layout) -> io::Result<()> {
    writeln!(out, "\n{}", layout.bold("Rules"))?;
    for rule in &report.rules {
        let verdict = rule.weight();
        let word = layout.verdict(
            verdict,
            &padded(&format!("{} {}", verdict.sign(), verdict.word()), VERDICT),
        );
        let seen = format!("{}{}", rule.seen, accepted(rule));
        let (code, title) = (rule.rule.code, rule.rule.title);
        if layout.is_wide() {
            let indent = 2 + VERDICT + CODE + TITLE;
            let mut lines = wrapped(&seen, layout.columns - indent).into_iter();
            writeln!(
                out,
                "  {word}{code:CODE$}{title:TITLE$}{}",
                lines.next().unwrap_or_default()
            )?;
            lines.try_for_each(|line| writeln!(out, "{:indent$}{line}", ""))?;
        } else {
            let indent = 2 + VERDICT + CODE;
            writeln!(out, "  {word}{code:CODE$}{title}")?;
            for line in wrapped(&seen, layout.columns - indent) {
                writeln!(out, "{:indent$}{}", "", layout.dim(&line))?;
            }
        }
    }
    Ok(())
}

/// What a baseline accepts of a rule.
fn accepted(rule: &RuleReport) -> String {
    match rule.n_accepted() {
        0 => String::new(),
        all if all == rule.n_findings => format!(" (accepted; without it: {})", rule.verdict),
        some => format!(" ({some} of {} findings accepted)", rule.n_findings),
    }
}

fn details(out: &mut dyn Write, rule: &RuleReport, layout: Layout, all: bool) -> io::Result<()> {
    let verdict = rule.weight();
    let head = format!("{} {:4}{}", verdict.sign(), rule.rule.code, rule.rule.title);
    let count = match rule.n_findings {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    writeln!(
        out,
        "\n{}  {}",
        layout.bold(&head),
        layout.verdict(verdict, &format!("{verdict}, {count}{}", accepted(rule)))
    )?;
    under(out, layout, "      ", rule.rule.means)?;
    let most = if all { usize::MAX } else { FINDINGS };
    // What is accepted comes last: it is known.
    let (known, new): (Vec<&FindingReport>, Vec<&FindingReport>) =
        rule.findings.iter().partition(|finding| finding.accepted);
    for finding in new.iter().chain(&known).take(most) {
        self::finding(out, finding, layout, all)?;
    }
    let listed = rule.findings.len().min(most);
    match (rule.n_findings.saturating_sub(listed), all) {
        (0, _) => {}
        (more, true) => writeln!(out, "      … and {more} more, which a report does not list")?,
        (more, false) => writeln!(out, "      … and {more} more (--all)")?,
    }
    for note in &rule.notes {
        under(out, layout, "    · ", note)?;
    }
    under(out, layout, "    → ", rule.rule.remedy)
}

fn finding(out: &mut dyn Write, finding: &FindingReport, layout: Layout, all: bool) -> io::Result<()> {
    let because = match (&finding.accepted_because, finding.accepted) {
        (Some(because), true) => format!(" (accepted: {because})"),
        (None, true) => " (accepted)".to_owned(),
        _ => String::new(),
    };
    let sign = if finding.accepted {
        '–'
    } else {
        finding.verdict.sign()
    };
    let mut lines = wrapped(&format!("{}{because}", finding.what), layout.columns - 6).into_iter();
    let sign = layout.verdict(finding.verdict, &sign.to_string());
    writeln!(out, "    {sign} {}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(out, "      {line}"))?;
    let most = if all { usize::MAX } else { PACKETS };
    for packet in finding.packets.iter().take(most) {
        writeln!(out, "        {}", layout.dim(&packet_line(packet, layout)))?;
    }
    Ok(())
}

/// A packet in a line, without its date where that leaves no room.
fn packet_line(packet: &PacketReport, layout: Layout) -> String {
    let rpi = packet
        .rpi
        .as_deref()
        .map_or_else(String::new, |rpi| format!("  RPI {}…", rpi.get(..8).unwrap_or(rpi)));
    let time = if layout.columns >= 104 {
        packet.time.as_str()
    } else {
        packet.time.get(11..23).unwrap_or(&packet.time)
    };
    let number = format!("#{}", packet.number);
    format!(
        "{} {} {time}  {} {}{rpi}",
        padded(&cut(&packet.station, 12), 4),
        padded(&number, 7),
        packet.address,
        packet.address_kind
    )
}

fn rotations(out: &mut dyn Write, report: &Report, layout: Layout) -> io::Result<()> {
    if report.rotations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", layout.bold("Rotations by the phones' own logs"))?;
    writeln!(
        out,
        "  {:16} {:>6} {:>9} {:>9} {:>16} {:>17}",
        "MODEL", "PHONES", "RPIs", "MEDIAN", "RANGE", "ADDRESS TOO"
    )?;
    for row in &report.rotations {
        let model = if row.model.is_empty() { "not told" } else { &row.model };
        let with_address = row
            .with_address
            .map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0));
        writeln!(
            out,
            "  {} {:>6} {:>9} {:>9} {:>16} {with_address:>17}",
            padded(&cut(model, 16), 16),
            row.phones.len(),
            row.lives,
            format!("{:.1} min", row.median_min),
            format!("{:.1} – {:.1} min", row.range_min[0], row.range_min[1]),
        )?;
    }
    under(
        out,
        layout,
        "  ",
        "\"Address too\": of the changes that others heard on both sides, those over which no address was kept.",
    )
}

fn summary(out: &mut dyn Write, report: &Report, layout: Layout) -> io::Result<()> {
    let part = |verdict: Verdict, word: &str| {
        let n = report.count(verdict);
        let text = format!("{} {n} {word}", verdict.sign());
        if n == 0 {
            layout.dim(&text)
        } else {
            layout.verdict(verdict, &text)
        }
    };
    let accepted: usize = report.rules.iter().map(RuleReport::n_accepted).sum();
    let accepted = match accepted {
        0 => String::new(),
        n => format!("; {n} findings accepted"),
    };
    writeln!(
        out,
        "\n{}  {}  {}  {}  (profile {}{accepted})",
        part(Verdict::Fail, "failed"),
        part(Verdict::Warn, "warned"),
        part(Verdict::Pass, "passed"),
        part(Verdict::NotObservable, "not observable"),
        printable(report.settings.profile.word())
    )
}
