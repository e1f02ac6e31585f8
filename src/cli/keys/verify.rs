//! `vicino keys verify`: whether the signatures of exports are of known keys.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::super::{Exit, Failure, tell, to_stdout};
use super::inspect::tell_of;
use super::{LimitArgs, TrustArgs, listed, read};
use crate::keys::{Batches, Checked, ExportFile};
use crate::lab::text::{json_printable, printable};

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/keys-verify/1";

/// Checks the signatures of files of diagnosis keys, and that batches are complete
///
/// A file passes when a known key signed it (with --configuration: all keys of one of the sets), and no signature of a
/// known key is wrong. Signatures of other keys are told, and count neither way.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("known").args(["public_key", "configuration"]).required(true).multiple(true))]
pub(super) struct VerifyArgs {
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Runs it; [`Exit::CheckFailed`] when a file or a batch does not pass, [`Exit::Input`] when a file cannot be read.
pub(super) fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let keys = args.trust.known()?.unwrap_or_default();
    let paths = listed(&args.files)?;
    let mut batches = Batches::default();
    let mut shown = Vec::new();
    let mut exit = Exit::Done;
    to_stdout(|out| {
        for path in &paths {
            let name = path.display().to_string();
            let file = match read(path, args.limits.limits()) {
                Ok(file) => file,
                Err(failure) => {
                    tell(format_args!("{failure}"));
                    exit = failure.exit;
                    shown.push(json!({ "file": name, "passes": false, "failure": failure.message }));
                    continue;
                }
            };
            batches.add(path, &file);
            let checked = file.check(&keys);
            let passes = ExportFile::is_trusted(&keys, &checked);
            if !passes && exit == Exit::Done {
                exit = Exit::CheckFailed;
            }
            if args.json {
                shown.push(json!({ "file": name, "passes": passes, "signatures": checked }));
            } else {
                writeln!(out, "{}: {}", printable(&name), if passes { "passes" } else { "FAILS" })?;
                for line in lines(&file, &checked) {
                    writeln!(out, "  {}", printable(&line))?;
                }
                if let Some(missing) = keys.missing(&checked).filter(|_| !passes) {
                    let missing = missing.join(", ");
                    writeln!(out, "  not signed by {}, as it must be", printable(&missing))?;
                }
            }
        }
        if args.json {
            let value = together(&shown, &batches);
            writeln!(out, "{}", json_printable(&format!("{value:#}")))?;
        }
        Ok(())
    })?;
    if !args.json {
        tell_of(&batches);
    }
    if !batches.faults().is_empty() && exit == Exit::Done {
        exit = Exit::CheckFailed;
    }
    Ok(exit)
}

fn together(files: &[Value], batches: &Batches) -> Value {
    json!({
        "schema": SCHEMA,
        "vicino": env!("CARGO_PKG_VERSION"),
        "files": files,
        "batch_faults": batches.faults(),
    })
}

fn lines(file: &ExportFile, checked: &[Checked]) -> Vec<String> {
    if !file.is_zip {
        return vec!["a bare export.bin has no signatures".into()];
    }
    if checked.is_empty() {
        return vec!["no signatures".into()];
    }
    let line = |one: &Checked| {
        let key = one.key.as_deref().unwrap_or("key not named");
        let by = one.by.as_deref().filter(|by| one.key.as_deref() != Some(*by));
        let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
        let algorithm = one.algorithm.as_deref().unwrap_or("algorithm not told");
        format!("{key}: {}{by} ({algorithm})", one.verdict.word())
    };
    checked.iter().map(line).collect()
}
