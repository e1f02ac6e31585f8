//! The findings as CSV: a row for each finding and packet.

use std::io::{self, Write};

use crate::lab::audit::report::{FindingReport, PacketReport, Report, RuleReport};
use crate::lab::text::printable;

const COLUMNS: [&str; 16] = [
    "rule",
    "rule_name",
    "verdict",
    "accepted",
    "finding",
    "subject",
    "what",
    "figure",
    "value",
    "unit",
    "capture",
    "station",
    "packet",
    "time_us",
    "address",
    "rpi",
];

/// Writes the rows; a finding without packets has one with empty ends.
pub(super) fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for rule in &report.rules {
        for (number, finding) in (1..).zip(&rule.findings) {
            if finding.packets.is_empty() {
                writer.write_record(row(rule, number, finding, None))?;
            }
            for packet in &finding.packets {
                writer.write_record(row(rule, number, finding, Some(packet)))?;
            }
        }
    }
    writer.flush()
}

fn row(rule: &RuleReport, number: usize, finding: &FindingReport, packet: Option<&PacketReport>) -> [String; 16] {
    let text = |text: &str| guarded(&printable(text));
    let of = |get: fn(&PacketReport) -> &str| packet.map(|packet| text(get(packet))).unwrap_or_default();
    [
        rule.rule.code.to_owned(),
        rule.rule.slug.to_owned(),
        finding.verdict.word().to_owned(),
        finding.accepted.to_string(),
        number.to_string(),
        text(&finding.subject),
        text(&finding.what),
        finding.figure.name.to_owned(),
        finding.figure.value.to_string(),
        finding.figure.unit.to_owned(),
        of(|packet| &packet.capture),
        of(|packet| &packet.station),
        packet.map(|packet| packet.number.to_string()).unwrap_or_default(),
        packet.map(|packet| packet.time_us.to_string()).unwrap_or_default(),
        of(|packet| &packet.address),
        of(|packet| packet.rpi.as_deref().unwrap_or_default()),
    ]
}

/// A text that a spreadsheet takes for no formula.
pub(super) fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded("phone -1"), "phone -1");
    }
}
