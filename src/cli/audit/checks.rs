//! What checks say, as text and as JSON.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::super::{Failure, to_stdout};
use super::rows::guarded;
use crate::lab::audit::Verdict;
use crate::lab::audit::check::{Checked, worst};
use crate::lab::text::printable;

/// How it is printed.
#[derive(Debug, Args)]
pub(super) struct PrintArgs {
    /// Prints JSON
    #[arg(long, group = "as")]
    json: bool,
    /// Prints CSV: a row for each check, or for each thing that it found
    #[arg(long, group = "as")]
    csv: bool,
}

/// A file, or a capture with its files, and what the checks say of it.
#[derive(Debug, Serialize)]
pub(super) struct Audited {
    /// Its name.
    pub(super) file: String,
    /// The worst verdict.
    pub(super) verdict: Verdict,
    /// The checks, in order.
    pub(super) checks: Vec<Checked>,
}

impl Audited {
    pub(super) fn new(file: String, checks: Vec<Checked>) -> Self {
        Self {
            file,
            verdict: worst(&checks),
            checks,
        }
    }
}

/// All of it, as JSON has it.
#[derive(Serialize)]
struct Sheet<'a> {
    schema: &'static str,
    vicino: &'static str,
    verdict: Verdict,
    files: &'a [Audited],
}

impl<'a> Sheet<'a> {
    fn new(schema: &'static str, files: &'a [Audited]) -> Self {
        Self {
            schema,
            vicino: env!("CARGO_PKG_VERSION"),
            verdict: files.iter().map(|file| file.verdict).max().unwrap_or_default(),
            files,
        }
    }
}

/// Prints what the checks say of files; gives the worst verdict.
pub(super) fn print(schema: &'static str, files: &[Audited], args: &PrintArgs) -> Result<Verdict, Failure> {
    let sheet = Sheet::new(schema, files);
    to_stdout(|out| {
        if args.json {
            return super::json(out, &sheet);
        }
        if args.csv {
            return write_rows(out, files);
        }
        files.iter().try_for_each(|file| write(out, file))
    })?;
    Ok(sheet.verdict)
}

const COLUMNS: [&str; 8] = [
    "file", "check", "title", "verdict", "seen", "figures", "finding", "what",
];

/// Writes CSV; a check that found nothing has a row with empty ends.
fn write_rows(out: &mut dyn Write, files: &[Audited]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for file in files {
        for checked in &file.checks {
            if checked.findings.is_empty() {
                writer.write_record(row(file, checked, None))?;
            }
            for finding in (1..).zip(&checked.findings) {
                writer.write_record(row(file, checked, Some(finding)))?;
            }
        }
    }
    writer.flush()
}

fn row(file: &Audited, checked: &Checked, finding: Option<(usize, &String)>) -> [String; 8] {
    let text = |text: &str| guarded(&printable(text));
    let figures: Vec<String> = checked.figures.iter().map(ToString::to_string).collect();
    [
        text(&file.file),
        checked.check.code.to_owned(),
        checked.check.title.to_owned(),
        checked.verdict.word().to_owned(),
        text(&checked.seen),
        figures.join("; "),
        finding.map(|(number, _)| number.to_string()).unwrap_or_default(),
        finding.map(|(_, what)| text(what)).unwrap_or_default(),
    ]
}

/// Writes what the checks say of a file, the verdict first.
fn write(out: &mut dyn Write, file: &Audited) -> io::Result<()> {
    writeln!(out, "{}", printable(&file.file))?;
    for checked in &file.checks {
        let verdict = format!("{} {}", checked.verdict.sign(), checked.verdict.word());
        writeln!(
            out,
            "  {verdict:16}  {}  {:46}  {}",
            checked.check.code,
            checked.check.title,
            printable(&checked.seen)
        )?;
    }
    for checked in file.checks.iter().filter(|checked| checked.verdict >= Verdict::Warn) {
        writeln!(out, "\n  {}  {}", checked.check.code, checked.check.means)?;
        for finding in &checked.findings {
            writeln!(out, "      {}", printable(finding))?;
        }
        writeln!(out, "      → {}", checked.check.remedy)?;
    }
    writeln!(out)
}
