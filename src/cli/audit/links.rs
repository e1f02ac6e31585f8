//! What an outsider could join, for a terminal.

use std::io::{self, Write};

use super::layout::{Layout, wrapped};
use crate::lab::audit::links::{ChainReport, LinksReport, Summary};

/// Chains that are told unless all are asked for.
const CHAINS: usize = 5;

/// Writes the section; nothing where there are no identifiers. With `all`, every chain that the report lists.
pub(super) fn write(out: &mut dyn Write, links: &LinksReport, layout: Layout, all: bool) -> io::Result<()> {
    let summary = &links.summary;
    if summary.identifiers == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}",
        layout.bold("What an outsider could join: which RPI follows which on one phone")
    )?;
    for note in &links.notes {
        text(out, layout, &format!("! {note}"))?;
    }
    let told = format!(
        "{} links ({} by a shared address, {} by kept metadata, {} by hand-over) make {} chains of {} RPIs; {:.0} % of the time that RPIs were heard \
         is in a chain.",
        links.n_links,
        summary.by_address,
        summary.by_metadata,
        summary.by_hand_over,
        summary.chains,
        summary.identifiers,
        summary.share_followed * 100.0
    );
    text(out, layout, &told)?;
    crowds(out, summary)?;
    text(
        out,
        layout,
        "\"Stated\": how likely the links are right, on average. \"Right\" and \"found\": by the phones whose own RPIs are known: \
         how many links are right, and how many of their changes of RPI are linked.",
    )?;
    reliability(out, summary, layout)?;
    chains(out, links, layout, all)
}

fn text(out: &mut dyn Write, layout: Layout, text: &str) -> io::Result<()> {
    for line in wrapped(text, layout.columns - 2) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn share(of: Option<f64>) -> String {
    of.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

fn crowds(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    writeln!(
        out,
        "  {:11} {:>7} {:>6} {:>6} {:>6} {:>12} {:>6} {:>12}",
        "RPIs AROUND", "ENDINGS", "LINKS", "STATED", "RIGHT", "OF KNOWN", "FOUND", "OF CHANGES"
    )?;
    let rows = summary
        .crowds
        .iter()
        .filter(|row| row.endings + row.links + row.changes > 0);
    for row in rows.chain([&summary.all]) {
        writeln!(
            out,
            "  {:11} {:>7} {:>6} {:>6} {:>6} {:>12} {:>6} {:>12}",
            row.around,
            row.endings,
            row.links,
            share(row.mean_stated),
            share(row.precision),
            format!("{} of {}", row.right, row.scored),
            share(row.recall),
            format!("{} of {}", row.found, row.changes)
        )?;
    }
    Ok(())
}

fn reliability(out: &mut dyn Write, summary: &Summary, layout: Layout) -> io::Result<()> {
    let known = summary.reliability.iter().filter(|bin| bin.scored > 0);
    let told: Vec<String> = known
        .map(|bin| {
            format!(
                "{} stated, {} right of {}",
                share(bin.stated),
                share(bin.right),
                bin.scored
            )
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    text(out, layout, &format!("Hand-overs: {}.", told.join("; ")))
}

fn chains(out: &mut dyn Write, links: &LinksReport, layout: Layout, all: bool) -> io::Result<()> {
    if links.chains.is_empty() {
        return Ok(());
    }
    writeln!(out, "  Longest chains:")?;
    let shown = if all { links.chains.len() } else { CHAINS };
    for chain in links.chains.iter().take(shown) {
        for (number, line) in wrapped(&told(chain), layout.columns - 6).iter().enumerate() {
            let indent = if number == 0 { 4 } else { 6 };
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    match links.n_chains.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "    … and {more} more"),
    }
}

fn told(chain: &ChainReport) -> String {
    let first = chain.rpis.first().map_or("", |rpi| &rpi[..rpi.len().min(8)]);
    format!(
        "{:.1} min, {} RPIs from {first}… on, {} to {}: by what its links state wholly right with {:.0} %, the phone followed for {:.1} min on average; links that \
         depend on each other make it less",
        chain.minutes,
        chain.rpis.len(),
        chain.from,
        chain.to,
        chain.probability * 100.0,
        chain.expected_min
    )
}
