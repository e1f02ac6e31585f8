//! What an outsider could join, for a terminal.

use std::io::{self, Write};

use crate::lab::audit::links::{ChainReport, CrowdReport, LinksReport, Summary};
use crate::lab::text::printable;

/// Chains that are told; the JSON lists more.
const CHAINS: usize = 5;

/// Writes the section; nothing where there are no identifiers.
pub(super) fn write(out: &mut dyn Write, links: &LinksReport) -> io::Result<()> {
    let summary = &links.summary;
    if summary.identifiers == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\nWhat an outsider could join: which RPI follows which on one phone"
    )?;
    for note in &links.notes {
        writeln!(out, "  ! {}", printable(note))?;
    }
    writeln!(
        out,
        "  {} links (shared address {}, hand-over {}) make {} chains of {} RPIs; {:.0} % of the time that RPIs were heard is \
         in a chain",
        links.n_links,
        summary.by_address,
        summary.by_hand_over,
        summary.chains,
        summary.identifiers,
        summary.share_followed * 100.0
    )?;
    crowds(out, summary)?;
    reliability(out, summary)?;
    chains(out, links)
}

fn share(of: Option<f64>) -> String {
    of.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

fn crowds(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    writeln!(
        out,
        "  {:>12} {:>8} {:>6} {:>12} {:>24} {:>28}",
        "RPIS AROUND", "ENDINGS", "LINKS", "MEAN STATED", "RIGHT (OF THE KNOWN)", "CHANGES OF KNOWN PHONES FOUND"
    )?;
    let rows = summary
        .crowds
        .iter()
        .filter(|row| row.endings + row.links + row.changes > 0);
    for row in rows.chain([&summary.all]) {
        crowd(out, row)?;
    }
    Ok(())
}

fn crowd(out: &mut dyn Write, row: &CrowdReport) -> io::Result<()> {
    let beside = |share: String, part: usize, of: usize| format!("{share} ({part} of {of})");
    writeln!(
        out,
        "  {:>12} {:>8} {:>6} {:>12} {:>24} {:>28}",
        row.around,
        row.endings,
        row.links,
        share(row.mean_stated),
        beside(share(row.precision), row.right, row.scored),
        beside(share(row.recall), row.found, row.changes)
    )
}

fn reliability(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let known = summary.reliability.iter().filter(|bin| bin.scored > 0);
    let told: Vec<String> = known
        .map(|bin| {
            format!(
                "{} said, {} right of {}",
                share(bin.stated),
                share(bin.right),
                bin.scored
            )
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(out, "  probabilities of hand-overs: {}", told.join("; "))
}

fn chains(out: &mut dyn Write, links: &LinksReport) -> io::Result<()> {
    for chain in links.chains.iter().take(CHAINS) {
        chain_line(out, chain)?;
    }
    let more = links.n_chains.saturating_sub(CHAINS);
    if more > 0 {
        writeln!(out, "    … and {more} more chains (--json lists the longest)")?;
    }
    Ok(())
}

fn chain_line(out: &mut dyn Write, chain: &ChainReport) -> io::Result<()> {
    let first = chain.rpis.first().map_or("", |rpi| &rpi[..rpi.len().min(8)]);
    writeln!(
        out,
        "    {:.1} min, {} RPIs from {first}… on, {} to {}: all right with {:.0} %, {:.1} min on average",
        chain.minutes,
        chain.rpis.len(),
        chain.from,
        chain.to,
        chain.probability * 100.0,
        chain.expected_min
    )
}
