//! What checks say, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

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
pub(super) struct Sheet<'a> {
    pub(super) schema: &'static str,
    pub(super) vicino: &'static str,
    pub(super) verdict: Verdict,
    pub(super) files: &'a [Audited],
}

impl<'a> Sheet<'a> {
    pub(super) fn new(schema: &'static str, files: &'a [Audited]) -> Self {
        Self {
            schema,
            vicino: env!("CARGO_PKG_VERSION"),
            verdict: files.iter().map(|file| file.verdict).max().unwrap_or_default(),
            files,
        }
    }
}

/// Writes what the checks say of a file, the verdict first.
pub(super) fn write(out: &mut dyn Write, file: &Audited) -> io::Result<()> {
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
