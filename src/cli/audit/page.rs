//! The page of an audit: for a data-protection officer, not for a radio engineer.

mod findings;
mod following;
mod identities;
mod method;

use std::path::Path;

use super::OneArgs;
use crate::cli::Failure;
use crate::cli::reports::{name_of, undrawn};
use crate::lab::audit::compare::{Matrix, OfModel};
use crate::lab::audit::picture::{Picture, Row};
use crate::lab::audit::report::{Report, RuleReport};
use crate::lab::audit::{Figure, Verdict};
use crate::report::page::{Page, Table};
use crate::report::plot::Plot;

/// All that the page tells.
pub(super) struct Told<'a> {
    /// What was asked for.
    pub(super) args: &'a OneArgs,
    /// The result.
    pub(super) report: &'a Report,
    /// What is drawn.
    pub(super) picture: &'a Picture,
    /// The drawings.
    pub(super) plots: &'a [Plot],
    /// Models against rules.
    pub(super) matrix: &'a Matrix,
}

/// A verdict as it stands in a table: sign and word, in one line.
fn shown(verdict: Verdict) -> String {
    format!("{} {}", verdict.sign(), verdict.word()).replace(' ', "\u{a0}")
}

/// A time as people read it, to the millisecond.
fn time(time: &str) -> String {
    let parts = (time.get(..10), time.get(11..23));
    match parts {
        (Some(day), Some(clock)) => format!("{day} {clock}"),
        _ => time.to_owned(),
    }
}

/// Name of a capture without its folders, which are nobody's business.
fn capture(name: &str) -> String {
    name_of(Path::new(name))
}

impl Told<'_> {
    /// The page.
    ///
    /// # Errors
    /// [`Failure`] when a plot cannot be drawn.
    pub(super) fn page(&self) -> Result<Page, Failure> {
        let mut page = Page::new(
            "Privacy audit of Bluetooth broadcasts",
            "Whether exposure notifications that were recorded let a listener follow people or tell them apart, with the \
             evidence for each answer.",
        );
        self.summary(&mut page);
        findings::write(&mut page, self.report);
        identities::write(&mut page, self.report);
        following::write(&mut page, &self.report.links);
        self.models(&mut page);
        if !self.plots.is_empty() {
            page.section("Plots");
            for plot in self.plots {
                page.plot(plot).map_err(|error| undrawn(&error))?;
            }
            self.chains(&mut page);
        }
        method::write(&mut page, self);
        Ok(page)
    }

    fn summary(&self, page: &mut Page) {
        let report = self.report;
        let scope = &report.scope;
        page.section("Summary");
        let judged = format!("{} {}", report.verdict.sign(), sentence(report));
        if report.verdict >= Verdict::Warn {
            page.warnings([judged]);
        } else {
            page.text(&judged);
        }
        let when = match (&scope.from, &scope.to) {
            (Some(from), Some(to)) => format!("{} to {} (UTC)", time(from), time(to)),
            _ => "nothing was received".to_owned(),
        };
        let models: Vec<&str> = self.matrix.models.iter().map(|of| of.model.as_str()).collect();
        let mut facts = vec![
            (
                "Recorded",
                format!(
                    "{} exposure notifications among {} advertisements, by {}",
                    scope.exposure_notifications,
                    scope.adverts,
                    counted(scope.stations.len(), "receiver", "receivers")
                ),
            ),
            ("When", when),
            (
                "Identifiers",
                format!(
                    "{} rolling proximity identifiers (RPIs) under {} addresses; {} identities that controllers had resolved",
                    scope.rpis, scope.addresses, scope.resolved_identities
                ),
            ),
            (
                "Rules",
                format!(
                    "{} failed, {} warned, {} passed, {} could not be observed",
                    report.count(Verdict::Fail),
                    report.count(Verdict::Warn),
                    report.count(Verdict::Pass),
                    report.count(Verdict::NotObservable)
                ),
            ),
            ("Measured by", profile(report)),
        ];
        if !models.is_empty() {
            facts.push(("Models", models.join(", ")));
        }
        if scope.pseudonymised {
            facts.push((
                "Protection",
                "identifiers and addresses were replaced by pseudonyms".to_owned(),
            ));
        }
        let accepted: usize = report.rules.iter().map(RuleReport::n_accepted).sum();
        if accepted > 0 {
            facts.push((
                "Accepted",
                format!("{accepted} findings, by a list of known ones: they count for nothing"),
            ));
        }
        page.facts(facts);
        let mut heed = Vec::new();
        if scope.damaged > 0 {
            heed.push(format!(
                "{} of the captures are damaged and were left out: something is missing.",
                counted(
                    usize::try_from(scope.damaged).unwrap_or(usize::MAX),
                    "record",
                    "records"
                )
            ));
        }
        if scope.left_out > 0 {
            heed.push(format!(
                "{} reports were too many to keep: the evidence is not complete.",
                scope.left_out
            ));
        }
        for station in scope.stations.iter().filter(|of| !of.cannot_see.is_empty()).take(20) {
            heed.push(format!(
                "The receiver {} cannot see {}.",
                station.name,
                station.cannot_see.join(", ")
            ));
        }
        page.warnings(heed);
        page.table(&rules(report));
    }

    fn models(&self, page: &mut Page) {
        let matrix = self.matrix;
        if matrix.models.is_empty() {
            return;
        }
        page.section("Models against rules");
        page.text(
            "Each model is judged by those broadcasts alone that are known to be of its phones: by the phones' own logs, lab \
             keys or truth. The number is how many findings there are.",
        );
        let cell = |of: &OfModel, place: usize| {
            of.cells
                .get(place)
                .map_or_else(String::new, |cell| match cell.findings {
                    0 => shown(cell.verdict),
                    n => format!("{} ({n})", shown(cell.verdict)),
                })
        };
        let mut columns = vec![("rule".to_owned(), false)];
        columns.extend(matrix.models.iter().map(|of| (of.model.clone(), false)));
        let mut rows = vec![
            std::iter::once("RPIs heard".to_owned())
                .chain(matrix.models.iter().map(|of| of.rpis.to_string()))
                .collect::<Vec<_>>(),
        ];
        rows.extend(matrix.rules.iter().enumerate().map(|(place, rule)| {
            std::iter::once(format!("{} {}", rule.code, rule.title))
                .chain(matrix.models.iter().map(|of| cell(of, place)))
                .collect()
        }));
        page.table(&Table {
            caption: "How each model turned out by each rule".to_owned(),
            columns,
            rows,
        });
        let mut told = Vec::new();
        if matrix.models_left_out > 0 {
            told.push(format!("{} more models are left out.", matrix.models_left_out));
        }
        if matrix.rpis_of_no_model > 0 {
            told.push(format!(
                "{} RPIs are of no known model and in no column.",
                matrix.rpis_of_no_model
            ));
        }
        page.list(told);
    }

    /// The rows of the plot of chains, in numbers.
    fn chains(&self, page: &mut Page) {
        let joined: Vec<&Row> = self
            .picture
            .chains
            .rows
            .iter()
            .filter(|row| row.rpis > 1 || row.addresses > 1)
            .collect();
        if joined.is_empty() {
            return;
        }
        let minutes = |row: &Row| format!("{:.1}", row.to.since(row.from).as_secs_f64() / 60.0);
        page.table(&Table {
            caption:
                "The chains of the plot: for how long an outsider can follow each by shared addresses and RPIs alone"
                    .to_owned(),
            columns: vec![
                ("chain", false),
                ("model", false),
                ("from, UTC", true),
                ("for min", true),
                ("RPIs", true),
                ("addresses", true),
            ],
            rows: joined
                .into_iter()
                .map(|row| {
                    vec![
                        row.name.clone(),
                        row.model.clone(),
                        time(&row.from.to_string()),
                        minutes(row),
                        row.rpis.to_string(),
                        row.addresses.to_string(),
                    ]
                })
                .collect(),
        });
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The verdict as a sentence.
fn sentence(report: &Report) -> String {
    let (fails, warns) = (report.count(Verdict::Fail), report.count(Verdict::Warn));
    let judged = report.rules.len();
    let accepted: usize = report.rules.iter().map(RuleReport::n_accepted).sum();
    if accepted > 0 && report.verdict < Verdict::Fail {
        // What somebody accepts is there all the same.
        let without = report.rules.iter().filter(|rule| rule.verdict == Verdict::Fail).count();
        return format!(
            "Nothing failed beyond {accepted} findings that are accepted as known: without that list {without} of {judged} rules \
             failed. What is accepted is still there."
        );
    }
    match report.verdict {
        Verdict::Fail => {
            let failed: Vec<String> = report
                .rules
                .iter()
                .filter(|rule| rule.weight() == Verdict::Fail)
                .map(|rule| format!("“{}”: {}", rule.rule.title, rule.seen))
                .collect();
            format!(
                "Not as it should be: {fails} of {judged} rules failed, {warns} warned. What failed: {}.",
                failed.join("; ")
            )
        }
        Verdict::Warn => format!(
            "With reservations: no rule failed, but {warns} of {judged} warn of something that differs from the specification or \
             makes phones easier to tell apart."
        ),
        Verdict::Pass => {
            "Private, as far as these captures can show: no rule that could be observed failed or warned.".to_owned()
        }
        Verdict::NotObservable => "Nothing could be judged: these captures do not show what the rules need.".to_owned(),
    }
}

fn profile(report: &Report) -> String {
    use crate::lab::audit::settings::Profile;
    match report.settings.profile {
        Profile::Spec => "the letter of the specification (profile spec)".to_owned(),
        Profile::Field => "what phones of good make do in practice (profile field)".to_owned(),
    }
}

/// A line for each rule.
fn rules(report: &Report) -> Table {
    let row = |rule: &RuleReport| {
        let accepted = match rule.n_accepted() {
            0 => String::new(),
            n => format!(" ({n} accepted)"),
        };
        vec![
            format!("{} {}", rule.rule.code, rule.rule.title),
            shown(rule.weight()),
            format!("{}{accepted}", rule.n_findings),
            rule.seen.clone(),
        ]
    };
    Table {
        caption: "What should hold, and whether it does".to_owned(),
        columns: vec![
            ("rule", false),
            ("verdict", false),
            ("findings", true),
            ("what was seen", false),
        ],
        rows: report.rules.iter().map(row).collect(),
    }
}

/// Figures in a line.
fn figures(figures: &[Figure]) -> String {
    figures.iter().map(Figure::to_string).collect::<Vec<_>>().join("; ")
}
