//! What a rule says: a verdict, what was seen, and findings that name their packets.

use std::fmt;

use serde::Serialize;

use super::rule::RuleId;
use crate::lab::address::Address;
use crate::lab::advert::StationId;
use crate::lab::gaen::Rpi;
use crate::lab::time::UnixMicros;

/// Packets that a finding names at most; how many there are in all stands in its figure.
pub const MOST_PACKETS: usize = 8;
/// Findings that a judgement lists at most, the worst first; all of them are counted.
pub const MOST_FINDINGS: usize = 200;

/// How a rule turns out, the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The capture cannot tell; the judgement says why.
    #[default]
    NotObservable,
    /// Looked at, nothing found.
    Pass,
    /// Differs from what protects people, in a way that real phones show or that harms little.
    Warn,
    /// People can be followed or told apart by it.
    Fail,
}

impl Verdict {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotObservable => "not observable",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// Its sign where space is narrow; never the only carrier of the meaning.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::NotObservable => '◌',
            Self::Pass => '✓',
            Self::Warn => '!',
            Self::Fail => '✗',
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A packet that a finding names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// When it was received, by the clock of the source.
    pub at: UnixMicros,
    /// Who received it.
    pub station: StationId,
    /// Its number in the station's capture, from 1: the record in a packet capture (as Wireshark counts), the row in a
    /// native one, the report in a live stream.
    pub number: u64,
    /// Who sent it, as far as the source tells.
    pub address: Address,
    /// Its identifier, if it carried one.
    pub rpi: Option<Rpi>,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// How much; `null` in JSON where it is not finite.
    pub value: f64,
    /// In which unit; empty for counts and shares.
    pub unit: &'static str,
}

impl Figure {
    /// A measured value.
    #[must_use]
    pub const fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit }
    }

    /// A count.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub const fn count(name: &'static str, n: usize) -> Self {
        Self::new(name, n as f64, "")
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Counts as such, all else with what its size deserves.
        let decimals = if self.value.fract() == 0.0 {
            0
        } else if self.value.abs() < 1.0 {
            3
        } else {
            1
        };
        write!(f, "{} {:.decimals$}", self.name, self.value)?;
        if self.unit.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.unit)
        }
    }
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How grave it is.
    pub verdict: Verdict,
    /// What it is about, in words that stay the same when the capture is audited again: an address, an identifier, a kind.
    pub subject: String,
    /// What was seen, in a sentence.
    pub what: String,
    /// How much.
    pub figure: Figure,
    /// The packets that show it, [`MOST_PACKETS`] at most.
    pub packets: Vec<Sight>,
}

/// What a rule says of a capture.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Which rule.
    pub rule: RuleId,
    /// How it turned out.
    pub verdict: Verdict,
    /// What was seen, in a line; for "not observable" the reason.
    pub seen: String,
    /// On how much it rests: "330 RPIs".
    pub basis: String,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was found, the worst first, [`MOST_FINDINGS`] at most.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub n_findings: usize,
    /// What else has to be known: what was left out and why.
    pub notes: Vec<String>,
}

impl Judgement {
    /// The capture cannot tell.
    #[must_use]
    pub fn not_observable(rule: RuleId, why: impl Into<String>) -> Self {
        Self {
            rule,
            verdict: Verdict::NotObservable,
            seen: why.into(),
            basis: String::new(),
            figures: Vec::new(),
            findings: Vec::new(),
            n_findings: 0,
            notes: Vec::new(),
        }
    }

    /// By its findings: as grave as the worst of them, passed without any. Of equally grave ones that with the larger
    /// figure comes first.
    #[must_use]
    pub fn of(rule: RuleId, basis: impl Into<String>, seen: impl Into<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| (b.verdict.cmp(&a.verdict)).then(b.figure.value.total_cmp(&a.figure.value)));
        let worst = findings.first().map_or(Verdict::Pass, |finding| finding.verdict);
        let n_findings = findings.len();
        findings.truncate(MOST_FINDINGS);
        for finding in &mut findings {
            finding.packets.truncate(MOST_PACKETS);
        }
        Self {
            rule,
            verdict: worst.max(Verdict::Pass),
            seen: seen.into(),
            basis: basis.into(),
            figures: Vec::new(),
            findings,
            n_findings,
            notes: Vec::new(),
        }
    }

    /// With measured values.
    #[must_use]
    pub fn with(mut self, figures: impl IntoIterator<Item = Figure>) -> Self {
        self.figures.extend(figures);
        self
    }

    /// With what else has to be known.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// `1 RPI`, `2 RPIs`.
#[must_use]
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judgement_is_as_grave_as_its_worst_finding_and_lists_it_first() {
        let finding = |verdict| Finding {
            verdict,
            subject: "x".into(),
            what: String::new(),
            figure: Figure::count("n", 1),
            packets: Vec::new(),
        };
        let judgement = Judgement::of(RuleId::B1, "", "", vec![finding(Verdict::Warn), finding(Verdict::Fail)]);
        assert_eq!((judgement.verdict, judgement.n_findings), (Verdict::Fail, 2));
        assert_eq!(judgement.findings[0].verdict, Verdict::Fail);
        assert_eq!(Judgement::of(RuleId::B1, "", "", Vec::new()).verdict, Verdict::Pass);
        let many = Judgement::of(RuleId::B1, "", "", vec![finding(Verdict::Warn); MOST_FINDINGS + 5]);
        assert_eq!(
            (many.findings.len(), many.n_findings),
            (MOST_FINDINGS, MOST_FINDINGS + 5)
        );
    }

    #[test]
    fn figures_read_as_they_are() {
        assert_eq!(Figure::count("RPIs", 608).to_string(), "RPIs 608");
        assert_eq!(Figure::new("longest", 22.71, "min").to_string(), "longest 22.7 min");
        assert_eq!(Figure::new("share", 0.0526, "").to_string(), "share 0.053");
    }
}
