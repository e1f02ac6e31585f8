//! Two audits side by side, and models against rules.

use std::collections::BTreeSet;

use serde::Serialize;

use super::case::Case;
use super::evidence::Evidence;
use super::report::{Report, RuleReport, Scope};
use super::rule::Rule;
use super::rules::judge_all;
use super::settings::Settings;
use super::verdict::{Figure, Verdict};

/// Version of a comparison's JSON.
pub const SCHEMA: &str = "vicino/audit-compare/1";
/// Version of a matrix's JSON.
pub const MATRIX_SCHEMA: &str = "vicino/audit-matrix/1";
/// Models that a matrix has at most.
const MOST_MODELS: usize = 40;

/// Two audits side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Version of this shape.
    pub schema: &'static str,
    /// By which settings both were judged.
    pub settings: Settings,
    /// The two sides.
    pub sides: [Side; 2],
    /// The rules, in order.
    pub rules: Vec<Compared>,
}

/// One side.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// What it is, for people.
    pub name: String,
    /// Its worst verdict.
    pub verdict: Verdict,
    /// What was audited.
    pub scope: Scope,
}

/// A rule on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The rule.
    #[serde(flatten)]
    pub rule: &'static Rule,
    /// How the second side stands to the first.
    pub change: Change,
    /// How it turned out on each.
    pub sides: [Outcome; 2],
}

/// How a rule turned out.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen, or why nothing could be.
    pub seen: String,
    /// On how much it rests.
    pub basis: String,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// How many findings.
    pub findings: usize,
}

/// How the second of two verdicts stands to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Both are the same.
    Same,
    /// The second is milder.
    Better,
    /// The second is graver.
    Worse,
    /// Only one of them could be observed: nothing to compare.
    NotComparable,
}

impl Change {
    /// From one verdict to another.
    #[must_use]
    pub fn between(first: Verdict, second: Verdict) -> Self {
        let is_blind = |verdict| verdict == Verdict::NotObservable;
        match first.cmp(&second) {
            std::cmp::Ordering::Equal => Self::Same,
            _ if is_blind(first) || is_blind(second) => Self::NotComparable,
            std::cmp::Ordering::Less => Self::Worse,
            std::cmp::Ordering::Greater => Self::Better,
        }
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NotComparable => "not comparable",
        }
    }

    /// Its sign where space is narrow; never the only carrier of the meaning.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Same => '=',
            Self::Better => '↑',
            Self::Worse => '↓',
            Self::NotComparable => '·',
        }
    }
}

impl Comparison {
    /// Of two reports by the same settings, with what each is for people.
    #[must_use]
    pub fn new(first: (&str, &Report), second: (&str, &Report)) -> Self {
        let side = |(name, report): (&str, &Report)| Side {
            name: name.to_owned(),
            verdict: report.verdict,
            scope: report.scope.clone(),
        };
        let rules = first.1.rules.iter().filter_map(|one| {
            let other = second.1.rules.iter().find(|other| other.rule.id == one.rule.id)?;
            Some(Compared {
                rule: one.rule,
                change: Change::between(one.weight(), other.weight()),
                sides: [outcome(one), outcome(other)],
            })
        });
        Self {
            schema: SCHEMA,
            settings: first.1.settings.clone(),
            sides: [side(first), side(second)],
            rules: rules.collect(),
        }
    }

    /// How many rules stand so.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        self.rules.iter().filter(|rule| rule.change == change).count()
    }
}

fn outcome(rule: &RuleReport) -> Outcome {
    Outcome {
        verdict: rule.weight(),
        seen: rule.seen.clone(),
        basis: rule.basis.clone(),
        figures: rule.figures.clone(),
        findings: rule.n_findings,
    }
}

/// Models of phones against rules.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// Version of this shape.
    pub schema: &'static str,
    /// By which settings.
    pub settings: Settings,
    /// The rules, in order.
    pub rules: Vec<&'static Rule>,
    /// The models, by name.
    pub models: Vec<OfModel>,
    /// Models that were too many.
    pub models_left_out: usize,
    /// Identifiers whose broadcaster's model is not known: in no row.
    pub rpis_of_no_model: usize,
}

/// A model's row.
#[derive(Clone, Debug, Serialize)]
pub struct OfModel {
    /// The model.
    pub model: String,
    /// Its phones, as far as they have names.
    pub phones: Vec<String>,
    /// Their identifiers that were heard.
    pub rpis: usize,
    /// The worst verdict.
    pub verdict: Verdict,
    /// The cells, in the order of the rules.
    pub cells: Vec<Cell>,
}

/// How a model turned out by a rule.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The verdict.
    pub verdict: Verdict,
    /// How many findings.
    pub findings: usize,
    /// What was seen, or why nothing could be.
    pub seen: String,
}

impl Matrix {
    /// Of all models whose broadcasts were heard: by the phones' own logs, lab keys or truth.
    #[must_use]
    pub fn new(evidence: &Evidence, settings: &Settings) -> Self {
        Self::of(&Case::new(evidence), settings)
    }

    /// The same of a case of everyone.
    #[must_use]
    pub fn of(all: &Case<'_>, settings: &Settings) -> Self {
        let models = all.models();
        let is_known = |rpi| all.owners.get(rpi).is_some_and(|owner| !owner.model.is_empty());
        let rows = models.iter().take(MOST_MODELS);
        Self {
            schema: MATRIX_SCHEMA,
            settings: settings.clone(),
            rules: settings.rules.iter().map(|rule| rule.rule()).collect(),
            models: rows.map(|model| of_model(all.evidence, settings, model)).collect(),
            models_left_out: models.len().saturating_sub(MOST_MODELS),
            rpis_of_no_model: all
                .own_identifiers()
                .filter(|identifier| !is_known(&identifier.rpi))
                .count(),
        }
    }
}

fn of_model(evidence: &Evidence, settings: &Settings, model: &str) -> OfModel {
    let case = Case::of_model(evidence, model);
    let judgements = judge_all(&case, settings);
    let phones: BTreeSet<&str> = case
        .identifiers
        .iter()
        .filter_map(|identifier| case.owners.get(&identifier.rpi))
        .map(|owner| owner.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    let phones = phones.into_iter().map(str::to_owned).collect();
    OfModel {
        model: model.to_owned(),
        phones,
        rpis: case.identifiers.len(),
        verdict: judgements.iter().map(|of| of.verdict).max().unwrap_or_default(),
        cells: settings
            .rules
            .iter()
            .map(|rule| {
                let judgement = judgements.iter().find(|of| of.rule == *rule);
                judgement.map_or_else(
                    || Cell {
                        verdict: Verdict::NotObservable,
                        findings: 0,
                        seen: String::new(),
                    },
                    |of| Cell {
                        verdict: of.verdict,
                        findings: of.n_findings,
                        seen: of.seen.clone(),
                    },
                )
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_on_one_side_only_is_not_compared() {
        use Verdict::{Fail, NotObservable, Pass, Warn};
        for (first, second, change) in [
            (Pass, Pass, Change::Same),
            (Pass, Warn, Change::Worse),
            (Fail, Warn, Change::Better),
            (NotObservable, Fail, Change::NotComparable),
            (Pass, NotObservable, Change::NotComparable),
            (NotObservable, NotObservable, Change::Same),
        ] {
            assert_eq!(Change::between(first, second), change, "{first} {second}");
        }
    }

    #[test]
    fn nothing_heard_compares_with_nothing_heard() {
        let report = Report::new(&Evidence::default(), &Settings::default());
        let comparison = Comparison::new(("a", &report), ("b", &report));
        assert_eq!(comparison.rules.len(), 20);
        assert_eq!(comparison.count(Change::Same), 20);
        let matrix = Matrix::new(&Evidence::default(), &Settings::default());
        assert!(matrix.models.is_empty() && matrix.rules.len() == 20);
    }
}
