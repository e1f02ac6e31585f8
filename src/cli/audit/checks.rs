//! What checks say, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::super::{Failure, to_stdout};
use crate::lab::audit::Verdict;
use crate::lab::audit::check::{Checked, worst};
use crate::lab::text::printable;

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
pub(super) fn print(schema: &'static str, files: &[Audited], as_json: bool) -> Result<Verdict, Failure> {
    let sheet = Sheet::new(schema, files);
    to_stdout(|out| {
        if as_json {
            return super::json(out, &sheet);
        }
        files.iter().try_for_each(|file| write(out, file))
    })?;
    Ok(sheet.verdict)
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
