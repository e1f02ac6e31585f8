//! `vicino keys`: files of diagnosis keys, the keys that sign them, and keys of the lab's own phones.

mod export;
mod inspect;
mod json;
mod lab;
mod load;
mod output;
mod verify;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Exit, Failure, help};
use crate::format::reason;
use crate::keys::{ExportFile, Limits, files};
pub(super) use load::{Loaded, load};

/// Reads, checks and writes files of diagnosis keys, and keeps keys of phones of one's own.
///
/// Keys that can be used to recognise somebody are shown only with --show-keys.
#[derive(Debug, Args)]
#[command(after_help = help::KEYS)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Inspect(inspect::InspectArgs),
    Verify(verify::VerifyArgs),
    Export(export::ExportArgs),
    NewSigner(export::NewSignerArgs),
    New(lab::NewArgs),
    List(lab::ListArgs),
    Derive(lab::DeriveArgs),
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Usage`] for wrong use, [`Exit::Input`] for files that cannot be read, [`Exit::Environment`] for
/// those that cannot be written.
pub(crate) fn run(args: &KeysArgs) -> Result<Exit, Failure> {
    match &args.what {
        What::Inspect(args) => inspect::run(args),
        What::Verify(args) => verify::run(args),
        What::Export(args) => export::run(args),
        What::NewSigner(args) => export::new_signer(args),
        What::New(args) => lab::new(args),
        What::List(args) => lab::list(args),
        What::Derive(args) => lab::derive(args),
    }
}

/// The files of a command line, each once, in a fixed order.
pub(super) fn listed(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let found = files(paths).map_err(|(path, error)| {
        Failure::new(Exit::Input, format!("{}: {}", path.display(), reason(&error)))
            .hint("name the files, or a folder that may be read")
    })?;
    if found.is_empty() {
        return Err(Failure::new(Exit::Input, "there is no *.zip in the folder")
            .hint("name the files: those that end in something else are not looked for"));
    }
    Ok(found)
}

/// Reads an export.
pub(super) fn read(path: &Path, limits: Limits) -> Result<ExportFile, Failure> {
    let fault = |what: String| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    let bytes = read_bytes(path, limits.most_bytes)
        .map_err(|error| fault(reason(&error)).hint("check the path, and that it may be read"))?;
    ExportFile::read(&bytes, limits).map_err(|error| {
        fault(error.to_string()).hint("an export is a zip of export.bin and export.sig, or a bare export.bin")
    })
}

fn read_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!(
            "is longer than {most} bytes (--most-mib allows more)"
        )));
    }
    Ok(bytes)
}

/// Bytes from the system that nobody can predict.
fn random(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(bytes))
}

/// What is allowed of a file.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct LimitArgs {
    /// Refuses files of more mebibytes, packed or unpacked
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    most_mib: u64,
}

impl LimitArgs {
    pub(super) fn limits(self) -> Limits {
        Limits {
            most_bytes: self.most_mib * 1024 * 1024,
        }
    }
}
