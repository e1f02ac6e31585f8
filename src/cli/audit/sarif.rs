//! SARIF 2.1.0, which code-scanning tools read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::lab::audit::Verdict;
use crate::lab::audit::report::{FindingReport, PacketReport, Report, RuleReport};
use crate::lab::audit::rule::{RULES, Rule};
use crate::lab::text::printable;

/// Where the shape is described.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// So much of a text is told.
const LONGEST: usize = 2_000;

/// The log.
pub(super) fn log(report: &Report) -> Value {
    let results: Vec<Value> = report
        .rules
        .iter()
        .flat_map(|rule| {
            if rule.findings.is_empty() {
                vec![without_findings(rule, report)]
            } else {
                rule.findings.iter().map(|finding| result(rule, finding)).collect()
            }
        })
        .collect();
    let artifacts: Vec<Value> = report
        .scope
        .captures
        .iter()
        .map(|name| json!({"location": {"uri": uri(name)}, "roles": ["analysisTarget"]}))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Vicino",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": notifications(report),
            }],
            "artifacts": artifacts,
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "profile": report.settings.profile.word(),
                "verdict": report.verdict,
                "exposureNotifications": report.scope.exposure_notifications,
                "rpis": report.scope.rpis,
                "addresses": report.scope.addresses,
                "pseudonymised": report.scope.pseudonymised,
            },
        }],
    })
}

/// What a reader of the results has to know of the whole.
fn notifications(report: &Report) -> Vec<Value> {
    let mut all = Vec::new();
    if report.scope.left_out > 0 {
        all.push(format!(
            "{} reports were too many to keep: the evidence is not complete",
            report.scope.left_out
        ));
    }
    for rule in &report.rules {
        let more = rule.n_findings - rule.findings.len();
        if more > 0 {
            all.push(format!("{}: {more} further findings are not listed", rule.rule.code));
        }
    }
    all.into_iter()
        .map(|text| json!({"level": "warning", "message": {"text": text}}))
        .collect()
}

fn rule(rule: &Rule) -> Value {
    let help = format!(
        "{}\n\nNeeds: {}\n\nThreshold: {}\n\nWhat a finding means: {}\n\nWhat to do: {}\n\nSource: {}",
        rule.tests, rule.needs, rule.threshold, rule.means, rule.remedy, rule.source
    );
    json!({
        "id": rule.code,
        "name": name(rule.slug),
        "shortDescription": {"text": sentence(rule.title)},
        "fullDescription": {"text": rule.means},
        "help": {"text": help},
        "defaultConfiguration": {"level": level(default_level(rule))},
        "properties": {"tags": ["privacy", "bluetooth"], "slug": rule.slug},
    })
}

/// A rule's name as identifiers are written: without hyphens.
fn name(slug: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    slug.split('-').map(part).collect()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

/// The gravest that a rule can say, by its threshold's own words.
fn default_level(rule: &Rule) -> Verdict {
    if rule.threshold.contains("fail") {
        Verdict::Fail
    } else {
        Verdict::Warn
    }
}

const fn level(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "error",
        Verdict::Warn => "warning",
        Verdict::Pass | Verdict::NotObservable => "none",
    }
}

fn index(rule: &RuleReport) -> Option<usize> {
    RULES.iter().position(|of| of.id == rule.rule.id)
}

fn text(text: &str) -> String {
    let text = printable(text);
    if text.chars().nth(LONGEST).is_none() {
        return text.into_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// What passed, and what could not be seen: every rule has a result.
fn without_findings(rule: &RuleReport, report: &Report) -> Value {
    let kind = match rule.verdict {
        Verdict::NotObservable => "notApplicable",
        Verdict::Pass => "pass",
        Verdict::Warn | Verdict::Fail => "review",
    };
    let locations: Vec<Value> = report
        .scope
        .captures
        .iter()
        .take(1)
        .map(|name| json!({"physicalLocation": {"artifactLocation": {"uri": uri(name)}}}))
        .collect();
    json!({
        "ruleId": rule.rule.code,
        "ruleIndex": index(rule),
        "kind": kind,
        "level": "none",
        "message": {"text": text(&rule.seen)},
        "locations": locations,
    })
}

fn result(rule: &RuleReport, finding: &FindingReport) -> Value {
    let mut result = json!({
        "ruleId": rule.rule.code,
        "ruleIndex": index(rule),
        "kind": "fail",
        "level": level(finding.verdict),
        "message": {"text": text(&finding.what)},
        "locations": finding.packets.iter().take(1).map(location).collect::<Vec<_>>(),
        "relatedLocations": finding.packets.iter().skip(1).map(location).collect::<Vec<_>>(),
        "partialFingerprints": {"subject/v1": fingerprint(rule, finding)},
        "properties": {
            "subject": text(&finding.subject),
            "figure": finding.figure,
        },
    });
    if let Some(result) = result.as_object_mut() {
        // Where nothing is suppressed in a run, its results say so by an empty list.
        let suppressions = finding.accepted.then(|| {
            let mut suppression = json!({"kind": "external", "status": "accepted"});
            if let (Some(because), Some(of)) = (&finding.accepted_because, suppression.as_object_mut()) {
                of.insert("justification".to_owned(), text(because).into());
            }
            suppression
        });
        let suppressions: Vec<Value> = suppressions.into_iter().collect();
        result.insert("suppressions".to_owned(), suppressions.into());
    }
    result
}

/// What stays the same when the same is found again: rule and subject.
fn fingerprint(rule: &RuleReport, finding: &FindingReport) -> String {
    let mut sum = Sha256::new();
    sum.update(rule.rule.code);
    sum.update([0]);
    sum.update(&finding.subject);
    let mut hex = String::new();
    for byte in sum.finalize().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Where a packet stands: in a native capture by its line, otherwise by its number.
fn location(packet: &PacketReport) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&packet.capture)}});
    if let (true, Some(of)) = (is_rows(&packet.capture), physical.as_object_mut()) {
        // The first line is the header.
        of.insert(
            "region".to_owned(),
            json!({"startLine": packet.number.saturating_add(1)}),
        );
    }
    let mut properties: BTreeMap<&str, Value> = BTreeMap::new();
    properties.insert("packet", packet.number.into());
    properties.insert("time", packet.time.clone().into());
    properties.insert("timeUs", packet.time_us.into());
    properties.insert("station", text(&packet.station).into());
    properties.insert("address", packet.address.clone().into());
    properties.insert("addressKind", packet.address_kind.into());
    if let Some(rpi) = &packet.rpi {
        properties.insert("rpi", rpi.clone().into());
    }
    let mut logical = vec![
        json!({"name": packet.address, "kind": "address", "fullyQualifiedName": format!("address/{}", packet.address)}),
    ];
    logical.extend(
        packet
            .rpi
            .iter()
            .map(|rpi| json!({"name": rpi, "kind": "rpi", "fullyQualifiedName": format!("rpi/{rpi}")})),
    );
    json!({
        "physicalLocation": physical,
        "logicalLocations": logical,
        "message": {"text": format!("packet {} at {} ({})", packet.number, packet.time, text(&packet.station))},
        "properties": properties,
    })
}

/// Whether a capture's packets are lines of text that a tool can show.
fn is_rows(name: &str) -> bool {
    let end = |wanted: &str| {
        name.len() >= wanted.len()
            && name.as_bytes()[name.len() - wanted.len()..].eq_ignore_ascii_case(wanted.as_bytes())
    };
    end(".csv") || end(".csv.zst")
}

/// A name as a reference: relative where it is, with everything but what a path may hold escaped.
fn uri(name: &str) -> String {
    let path = Path::new(name);
    // From where the program runs, as code-scanning tools want it.
    let shown = std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf))
        .unwrap_or_else(|| path.to_path_buf());
    let begin = if shown.is_absolute() { "file://" } else { "" };
    let mut uri = begin.to_owned();
    for byte in shown.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_relative_and_harmless() {
        assert_eq!(uri("captures/a b.csv"), "captures/a%20b.csv");
        assert_eq!(uri("Büro:1\u{1b}<x>"), "B%C3%BCro%3A1%1B%3Cx%3E");
        assert_eq!(uri("/nowhere/x.pcap"), "file:///nowhere/x.pcap");
        let here = std::env::current_dir().expect("a folder").join("x.csv");
        assert_eq!(uri(&here.display().to_string()), "x.csv");
        assert!(is_rows("a.CSV") && is_rows("b.csv.zst") && !is_rows("csv") && !is_rows("é.pcap"));
    }

    #[test]
    fn names_are_those_of_identifiers() {
        assert_eq!(name("one-packet-fingerprint"), "OnePacketFingerprint");
        assert_eq!(sentence("address and RPI"), "Address and RPI.");
    }
}
