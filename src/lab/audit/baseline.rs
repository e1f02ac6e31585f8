//! Findings that are known and accepted: a file that says which, so that only what is new makes an audit fail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::report::{Report, RuleReport};
use super::rule::RuleId;
use super::verdict::Verdict;
use crate::lab::text::printable;

/// Version of the file.
pub const SCHEMA: &str = "vicino/audit-baseline/1";
/// The subject that stands for all findings of a rule.
pub const ANY: &str = "*";
/// A note that is longer is refused, in bytes.
const MOST_NOTE: usize = 10_000;

/// A finding that is accepted, or all of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which rule: its number or its name.
    pub rule: String,
    /// What the finding is about, as reports name it; [`ANY`] for all of the rule.
    pub subject: String,
    /// Why it is accepted, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When it was accepted, for people: written by whoever accepts, never by a clock.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub date: String,
}

/// What is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
    rules: Vec<RuleId>,
}

/// Why a text is no baseline.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BaselineError {
    /// It is not the TOML or JSON of a baseline; the message names the place.
    #[error("{0}")]
    Form(String),
    /// A value cannot be.
    #[error("{0}")]
    Value(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Option<String>,
    #[serde(default)]
    accept: Vec<Entry>,
}

impl Baseline {
    /// From TOML, or from JSON where the text begins with a brace.
    ///
    /// # Errors
    /// [`BaselineError`], with the place.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| BaselineError::Form(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| BaselineError::Form(error.to_string()))?
        };
        if let Some(schema) = file.schema.filter(|schema| schema != SCHEMA) {
            return Err(BaselineError::Value(format!("schema {schema:?}: must be {SCHEMA:?}")));
        }
        Self::new(file.accept)
    }

    /// Of entries.
    ///
    /// # Errors
    /// [`BaselineError::Value`] for a name of no rule, an empty subject, a note that is a book.
    pub fn new(entries: Vec<Entry>) -> Result<Self, BaselineError> {
        let rule = |(number, entry): (usize, &Entry)| {
            let wrong = |what: String| BaselineError::Value(format!("entry {number}: {what}"));
            if entry.subject.is_empty() {
                return Err(wrong(format!("the subject is empty: {ANY:?} accepts all of a rule")));
            }
            if entry.note.len() > MOST_NOTE {
                return Err(wrong(format!("the note is longer than {MOST_NOTE} bytes")));
            }
            entry.rule.parse().map_err(wrong)
        };
        let rules = (1..).zip(&entries).map(rule).collect::<Result<_, _>>()?;
        Ok(Self { entries, rules })
    }

    /// All that a report found, to be accepted from now on. Of a rule with more findings than a report lists, all are
    /// accepted: an entry cannot name what is not listed.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let found = |rule: &RuleReport| -> Vec<Entry> {
            let entry = |subject: &str, note: &str| Entry {
                rule: rule.rule.code.to_owned(),
                subject: printable(subject).into_owned(),
                note: printable(note).into_owned(),
                date: String::new(),
            };
            if rule.findings.len() < rule.n_findings {
                return vec![entry(
                    ANY,
                    &format!("{} findings, more than are listed", rule.n_findings),
                )];
            }
            let mut entries: Vec<Entry> = rule
                .findings
                .iter()
                .map(|finding| entry(&finding.subject, &finding.what))
                .collect();
            entries.dedup_by(|a, b| a.subject == b.subject);
            entries
        };
        let entries: Vec<Entry> = report.rules.iter().flat_map(found).collect();
        let rules = entries.iter().filter_map(|entry| entry.rule.parse().ok()).collect();
        Self { entries, rules }
    }

    /// As TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let file = File {
            schema: Some(SCHEMA.to_owned()),
            accept: self.entries.clone(),
        };
        let body = toml::to_string(&file).unwrap_or_default();
        format!(
            "# Findings of `vicino audit` that are known and accepted: they are shown, but count for nothing.\n# A subject \
             \"*\" accepts all findings of its rule. Keys `note` and `date` are for people.\n{body}"
        )
    }

    /// Marks what is accepted in a report, and weighs it anew. Gives the entries that met nothing, by their place.
    pub fn apply(&self, report: &mut Report) -> Vec<usize> {
        let mut by_rule: BTreeMap<RuleId, Vec<usize>> = BTreeMap::new();
        for (place, rule) in self.rules.iter().enumerate() {
            by_rule.entry(*rule).or_default().push(place);
        }
        let mut is_met = vec![false; self.entries.len()];
        // A rule that was not judged says nothing of what it would have found.
        let is_judged = |rule: RuleId| report.rules.iter().any(|of| of.rule.id == rule);
        let mut stale_candidates: Vec<bool> = self.rules.iter().map(|rule| is_judged(*rule)).collect();
        for rule in &mut report.rules {
            let places = by_rule.get(&rule.rule.id).map_or(&[][..], Vec::as_slice);
            for place in places {
                let entry = &self.entries[*place];
                is_met[*place] |= accept(rule, entry);
                // What is not listed may still be there.
                let is_whole = rule.findings.len() == rule.n_findings;
                stale_candidates[*place] &= is_whole && rule.verdict != Verdict::NotObservable;
            }
        }
        report.weigh();
        (0..self.entries.len())
            .filter(|place| !is_met[*place] && stale_candidates[*place])
            .collect()
    }
}

/// Accepts what an entry means; whether that is anything.
fn accept(rule: &mut RuleReport, entry: &Entry) -> bool {
    let note = (!entry.note.is_empty()).then(|| entry.note.clone());
    let is_any = entry.subject == ANY;
    let subject = printable(&entry.subject);
    let mut met = false;
    for finding in &mut rule.findings {
        if is_any || printable(&finding.subject) == subject {
            met = true;
            finding.accepted = true;
            finding.accepted_because = finding.accepted_because.take().or_else(|| note.clone());
        }
    }
    let is_each = rule.findings.len() == rule.n_findings && rule.findings.iter().all(|finding| finding.accepted);
    rule.is_accepted |= (is_any || is_each) && rule.n_findings > 0;
    met
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::audit::report::FindingReport;
    use crate::lab::audit::{Evidence, Figure, Settings};

    fn report(findings: &[(&str, Verdict)], more: usize) -> Report {
        let mut report = Report::new(&Evidence::default(), &Settings::default());
        let rule = &mut report.rules[0];
        rule.findings = findings
            .iter()
            .map(|(subject, verdict)| FindingReport {
                verdict: *verdict,
                subject: (*subject).to_owned(),
                what: format!("{subject} was seen"),
                figure: Figure::count("n", 1),
                accepted: false,
                accepted_because: None,
                packets: Vec::new(),
            })
            .collect();
        rule.n_findings = findings.len() + more;
        rule.verdict = findings
            .iter()
            .map(|(_, verdict)| *verdict)
            .max()
            .unwrap_or(Verdict::Pass);
        report.weigh();
        report
    }

    const TWO: [(&str, Verdict); 2] = [("address a\u{1b}", Verdict::Fail), ("RPI b", Verdict::Warn)];

    #[test]
    fn what_is_accepted_counts_no_more_and_the_rest_does() {
        let mut one = report(&TWO, 0);
        let baseline =
            Baseline::parse("[[accept]]\nrule = 'B1'\nsubject = \"address a\\u001b\"\nnote = 'a bench phone'\n")
                .unwrap();
        assert_eq!(one.verdict, Verdict::Fail);
        assert!(baseline.apply(&mut one).is_empty());
        assert_eq!((one.verdict, one.rules[0].verdict), (Verdict::Warn, Verdict::Fail));
        assert_eq!(
            one.rules[0].findings[0].accepted_because.as_deref(),
            Some("a bench phone")
        );
        let json = r#"{"accept": [{"rule": "rotation-in-step", "subject": "*"}, {"rule": "B1", "subject": "gone"}]}"#;
        let mut all = report(&TWO, 0);
        assert_eq!(Baseline::parse(json).unwrap().apply(&mut all), [1]);
        assert_eq!(all.rules[0].weight(), Verdict::Pass);
        // More than are listed: only the rule as a whole can be accepted, and nothing is known to be gone.
        let mut many = report(&TWO, 300);
        assert_eq!(baseline.apply(&mut many), [0usize; 0]);
        assert_eq!(many.rules[0].weight(), Verdict::Fail);
        assert!(Baseline::parse(json).unwrap().apply(&mut many).is_empty());
        assert_eq!(many.rules[0].weight(), Verdict::Pass);
    }

    #[test]
    fn a_written_baseline_accepts_all_that_was_found_and_reads_back() {
        for more in [0, 5] {
            let mut report = report(&TWO, more);
            let written = Baseline::of(&report).to_toml();
            assert!(!written.contains('\u{1b}'), "{written}");
            let baseline = Baseline::parse(&written).unwrap();
            assert_eq!(baseline, Baseline::of(&report));
            assert!(baseline.apply(&mut report).is_empty());
            assert_eq!(report.rules[0].weight(), Verdict::Pass);
        }
    }

    #[test]
    fn what_was_not_judged_is_not_stale() {
        let mut report = report(&[], 0);
        report.rules.retain(|rule| rule.rule.id == RuleId::B1);
        let text = "[[accept]]\nrule = 'B2'\nsubject = 'x'\n[[accept]]\nrule = 'B1'\nsubject = 'x'\n";
        assert_eq!(Baseline::parse(text).unwrap().apply(&mut report), [1]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (text, part) in [
            ("[[accept]]\nrule = 'B99'\nsubject = 'x'", "entry 1: \"B99\""),
            ("[[accept]]\nrule = 'B1'\nsubject = ''", "entry 1"),
            ("[[accept]]\nrule = 'B1'", "subject"),
            ("accepted = 1", "accepted"),
            ("{\"accept\": 1}", "line 1"),
            ("schema = 'x'", "vicino/audit-baseline/1"),
        ] {
            let error = Baseline::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(Baseline::parse("").unwrap().entries.is_empty());
    }
}
