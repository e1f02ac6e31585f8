//! How long a person could be followed, for the page.

use super::time;
use crate::lab::audit::links::{CrowdReport, LinksReport};
use crate::report::page::{Page, Table};

/// Chains that are told.
const CHAINS: usize = 20;

fn share(of: Option<f64>) -> String {
    of.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// Writes the section; nothing where no identifier was heard.
pub(super) fn write(page: &mut Page, links: &LinksReport) {
    let summary = &links.summary;
    if summary.identifiers == 0 {
        return;
    }
    page.section("How long a person could be followed");
    page.text(
        "An outsider who hears the same broadcasts can try to find out which RPI follows which on one phone: by an address or \
         metadata that are kept, which is certain, or by one ending where another begins at a similar level, which is likely or not. How likely is \
         stated for each link; where the phones are known, it stands beside what was right.",
    );
    page.text(&format!(
        "{} links, {} by a shared address, {} by metadata that were kept and {} by hand-over, make {} chains out of {} RPIs. {:.0} % of the time in which RPIs \
         were heard belongs to a chain. The longest chain has {} RPIs and lasts {:.1} minutes.",
        links.n_links,
        summary.by_address,
        summary.by_metadata,
        summary.by_hand_over,
        summary.chains,
        summary.identifiers,
        summary.share_followed * 100.0,
        summary.longest_rpis,
        summary.longest_min
    ));
    page.warnings(&links.notes);
    let rows = summary
        .crowds
        .iter()
        .filter(|row| row.endings + row.links + row.changes > 0);
    page.table(&Table {
        caption: "Links by how many RPIs were around".to_owned(),
        columns: vec![
            ("RPIs around", false),
            ("endings", true),
            ("links", true),
            ("stated", true),
            ("right", true),
            ("of", true),
            ("changes linked", true),
            ("of", true),
        ],
        rows: rows.chain([&summary.all]).map(crowd).collect(),
    });
    if links.chains.is_empty() {
        return;
    }
    page.table(&Table {
        caption: format!("The longest of {} chains", links.n_chains),
        columns: vec![
            ("first RPI", false),
            ("RPIs", true),
            ("from, UTC", true),
            ("min", true),
            ("stated: all of it right", true),
            ("stated: followed, min", true),
        ],
        rows: links
            .chains
            .iter()
            .take(CHAINS)
            .map(|chain| {
                let first = chain.rpis.first().map_or("", |rpi| &rpi[..rpi.len().min(16)]);
                vec![
                    format!("{first}…"),
                    chain.rpis.len().to_string(),
                    time(&chain.from),
                    format!("{:.1}", chain.minutes),
                    share(Some(chain.probability)),
                    format!("{:.1}", chain.expected_min),
                ]
            })
            .collect(),
    });
}

fn crowd(row: &CrowdReport) -> Vec<String> {
    vec![
        row.around.to_owned(),
        row.endings.to_string(),
        row.links.to_string(),
        share(row.mean_stated),
        share(row.precision),
        row.scored.to_string(),
        share(row.recall),
        row.changes.to_string(),
    ]
}
