//! Checks of what is no broadcast: key exports, and the captures themselves.

use serde::Serialize;

use super::verdict::{Figure, Verdict};

/// What is checked, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its number.
    pub code: &'static str,
    /// What should hold, in a few words.
    pub title: &'static str,
    /// What is tested, and when it warns and fails.
    pub tests: &'static str,
    /// Where the threshold comes from.
    pub source: &'static str,
    /// What a finding means for a person.
    pub means: &'static str,
    /// What should be done.
    pub remedy: &'static str,
}

/// A check and how it turned out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The check, in the words of this outcome.
    #[serde(flatten)]
    pub check: Check,
    /// How it turned out.
    pub verdict: Verdict,
    /// What was seen, in a line; for "not observable" the reason.
    pub seen: String,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was found, the first ones.
    pub findings: Vec<String>,
}

impl Checked {
    /// How a check turned out.
    #[must_use]
    pub fn new(check: &'static Check, verdict: Verdict, seen: impl Into<String>) -> Self {
        Self {
            check: *check,
            verdict,
            seen: seen.into(),
            figures: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// With measured values.
    #[must_use]
    pub fn with(mut self, figures: impl IntoIterator<Item = Figure>) -> Self {
        self.figures.extend(figures);
        self
    }

    /// With words of its own for what the outcome means and what should be done: where a warning is no weaker failure.
    #[must_use]
    pub const fn meaning(mut self, means: &'static str, remedy: &'static str) -> Self {
        self.check.means = means;
        self.check.remedy = remedy;
        self
    }

    /// With what was found.
    #[must_use]
    pub fn found(mut self, findings: impl IntoIterator<Item = String>) -> Self {
        self.findings.extend(findings);
        self
    }
}

/// The worst of all verdicts.
#[must_use]
pub fn worst(all: &[Checked]) -> Verdict {
    all.iter().map(|checked| checked.verdict).max().unwrap_or_default()
}
