//! What was found, rule by rule.

use super::{capture, counted, figures, shown, time};
use crate::lab::audit::report::{FindingReport, Report, RuleReport};
use crate::report::page::{Page, Table};

/// Findings of a rule on the page; all that are listed stand in JSON and CSV.
const FINDINGS: usize = 20;
/// Letters of an RPI in a table of packets, which has to fit on paper; enough to find it.
const LETTERS: usize = 16;
/// Packets of a finding on the page.
const PACKETS: usize = 4;

/// The section, the worst rules first.
pub(super) fn write(page: &mut Page, report: &Report) {
    let mut found: Vec<&RuleReport> = report.rules.iter().filter(|rule| !rule.findings.is_empty()).collect();
    if found.is_empty() {
        return;
    }
    found.sort_by_key(|rule| std::cmp::Reverse(rule.weight()));
    page.section("Findings");
    page.text(
        "The gravest first. A packet number is that of the packet in its capture, as Wireshark counts, or the row in a native \
         capture: with it, everybody who has the capture can look at the evidence.",
    );
    for rule in found {
        one(page, rule);
    }
}

fn one(page: &mut Page, rule: &RuleReport) {
    page.part(&format!(
        "{}: {} – {}",
        rule.rule.code,
        rule.rule.title,
        shown(rule.weight())
    ));
    let mut facts = vec![
        ("What it means for a person", rule.rule.means.to_owned()),
        ("What was seen", rule.seen.clone()),
    ];
    if !rule.basis.is_empty() {
        facts.push(("Resting on", rule.basis.clone()));
    }
    if !rule.figures.is_empty() {
        facts.push(("Measured", figures(&rule.figures)));
    }
    if rule.n_accepted() > 0 {
        let word = shown(rule.verdict);
        facts.push((
            "Accepted",
            format!("{} of {}; without that: {word}", rule.n_accepted(), rule.n_findings),
        ));
    }
    facts.push(("What the vendor should do", rule.rule.remedy.to_owned()));
    page.facts(facts);
    page.list(&rule.notes);
    // What is new before what is known.
    let (known, new): (Vec<&FindingReport>, Vec<&FindingReport>) =
        rule.findings.iter().partition(|finding| finding.accepted);
    let told: Vec<&FindingReport> = new.into_iter().chain(known).take(FINDINGS).collect();
    let caption = if told.len() < rule.n_findings {
        format!(
            "{} of the {} findings of {}",
            told.len(),
            rule.n_findings,
            rule.rule.code
        )
    } else {
        format!(
            "{} of {}",
            counted(rule.n_findings, "finding", "findings"),
            rule.rule.code
        )
    };
    page.table(&Table {
        caption,
        columns: vec![
            ("about", false),
            ("verdict", false),
            ("what was seen", false),
            ("measured", false),
        ],
        rows: (1..).zip(&told).map(|(number, finding)| row(number, finding)).collect(),
    });
    let packets: Vec<Vec<String>> = (1..)
        .zip(&told)
        .flat_map(|(number, finding)| packets(number, finding))
        .collect();
    if !packets.is_empty() {
        page.table(&Table {
            caption: format!("Packets that show it ({})", rule.rule.code),
            columns: vec![
                ("shows", false),
                ("capture", false),
                ("packet", true),
                ("time, UTC", true),
                ("address", false),
                ("RPI begins", false),
            ],
            rows: packets,
        });
    }
}

fn row(number: usize, finding: &FindingReport) -> Vec<String> {
    let because = match (&finding.accepted_because, finding.accepted) {
        (Some(because), true) => format!("accepted: {because}; otherwise {}", shown(finding.verdict)),
        (None, true) => format!("accepted; otherwise {}", shown(finding.verdict)),
        _ => shown(finding.verdict),
    };
    vec![
        format!("{number}. {}", finding.subject),
        because,
        finding.what.clone(),
        finding.figure.to_string(),
    ]
}

fn shortened(rpi: &str) -> String {
    match rpi.get(..LETTERS) {
        Some(begin) if rpi.len() > LETTERS => format!("{begin}…"),
        _ => rpi.to_owned(),
    }
}

fn packets(number: usize, finding: &FindingReport) -> Vec<Vec<String>> {
    let row = |packet: &crate::lab::audit::report::PacketReport| {
        let file = capture(&packet.capture);
        // A file may have many receivers; one with the name of its receiver needs it but once.
        let place = if file.starts_with(&packet.station) {
            file
        } else {
            format!("{file}, {}", packet.station)
        };
        vec![
            format!("finding {number}"),
            place,
            packet.number.to_string(),
            time(&packet.time),
            format!("{} {}", packet.address, packet.address_kind),
            packet.rpi.as_deref().map(shortened).unwrap_or_default(),
        ]
    };
    finding.packets.iter().take(PACKETS).map(row).collect()
}
