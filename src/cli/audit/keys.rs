//! `vicino audit keys`: whether exports of diagnosis keys protect the people in them.

use std::path::PathBuf;

use clap::Args;

use super::super::keys::{LimitArgs, TrustArgs, listed, read};
use super::super::{Exit, Failure, tell};
use super::FailOn;
use super::checks::{Audited, PrintArgs, print};
use crate::keys::ExportFile;
use crate::keys::audit::{Signed, check};

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/audit-keys/1";

/// Audits exports of diagnosis keys: order, size, crowd, early release, signature, attributes, padding
///
/// Files are zip archives of export.bin and export.sig, or a bare export.bin; of folders, the *.zip in them are read.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// Exits with 1 when a check turns out so or worse: fail, warn, never
    #[arg(long, value_name = "VERDICT", value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
    #[command(flatten)]
    print: PrintArgs,
}

/// Runs it; one file after the other, so that many do not lie in memory together.
pub(super) fn run(args: &KeysArgs) -> Result<Exit, Failure> {
    let known = args.trust.known()?;
    let mut audited = Vec::new();
    let mut exit = Exit::Done;
    for path in listed(&args.files)? {
        match read(&path, args.limits.limits()) {
            Ok(file) => {
                let signed = match &known {
                    None => Signed::Unchecked,
                    Some(known) if ExportFile::is_trusted(known, &file.check(known)) => Signed::Trusted,
                    Some(_) => Signed::Untrusted,
                };
                audited.push(Audited::new(path.display().to_string(), check(&file, signed)));
            }
            Err(failure) => {
                exit = failure.exit;
                tell(format_args!("{failure}"));
            }
        }
    }
    let verdict = print(SCHEMA, &audited, &args.print)?;
    Ok(if exit == Exit::Done {
        args.fail_on.exit(verdict)
    } else {
        exit
    })
}
