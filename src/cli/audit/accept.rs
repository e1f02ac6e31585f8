//! Baselines on disk.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::super::{Exit, Failure, tell};
use super::read;
use crate::format::reason;
use crate::lab::audit::{Baseline, Report};
use crate::lab::text::printable;

/// Entries that are named when they meet nothing any more.
const NAMED: usize = 10;

/// Accepts what a baseline names, and tells which of its entries met nothing.
pub(super) fn accept(path: &Path, report: &mut Report) -> Result<(), Failure> {
    let name = path.display();
    let baseline = Baseline::parse(&read(path)?).map_err(|error| {
        Failure::new(Exit::Usage, format!("{name}: {error}"))
            .hint("`vicino audit CAPTURE --write-baseline FILE` writes one to start from")
    })?;
    let stale = baseline.apply(report);
    for place in stale.iter().take(NAMED) {
        let entry = &baseline.entries[*place];
        tell(format_args!(
            "{}: accepted but no longer found: {} {}",
            printable(&name.to_string()),
            printable(&entry.rule),
            super::layout::cut(&entry.subject, 100)
        ));
    }
    if let Some(more) = stale.len().checked_sub(NAMED).filter(|more| *more > 0) {
        tell(format_args!("{}: and {more} more", printable(&name.to_string())));
    }
    Ok(())
}

/// Writes what was found, to be accepted from now on.
pub(super) fn write(path: &Path, report: &Report) -> Result<(), Failure> {
    let baseline = Baseline::of(report);
    let fault = |error: &io::Error| {
        let what = match error.kind() {
            io::ErrorKind::AlreadyExists => "is there already".to_owned(),
            _ => format!("cannot be written: {}", reason(error)),
        };
        Failure::new(Exit::Environment, format!("{} {what}", path.display()))
            .hint("give the name of a file that is not there yet, in a folder that you may write to")
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).map_err(|error| fault(&error))?;
    file.write_all(baseline.to_toml().as_bytes())
        .map_err(|error| fault(&error))?;
    tell(format_args!(
        "{}: accepts {} findings; read it before you use it",
        printable(&path.display().to_string()),
        baseline.entries.len()
    ));
    for rule in report.rules.iter().filter(|rule| rule.findings.len() < rule.n_findings) {
        tell(format_args!(
            "{} has {} findings, more than can be named one by one: all of the rule are accepted",
            rule.rule.code, rule.n_findings
        ));
    }
    Ok(())
}
