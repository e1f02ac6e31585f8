//! `vicino keys`: files of diagnosis keys, the keys that sign them, and keys of the lab's own phones.

mod export;
mod inspect;
mod json;
mod lab;
mod load;
mod output;
mod trust;
mod verify;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Exit, Failure, help};
use crate::format::reason;
use crate::keys::{ExportError, ExportFile, Limits, files};
pub(super) use load::{Loaded, Loading, load};
pub(super) use trust::TrustArgs;

/// What to do about a file that is too long.
const MORE_MIB: &str = "--most-mib N allows longer files";
/// The header of a table of keys is looked for in so many bytes.
const HEADER_BYTES: usize = 4096;

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
    let bytes = read_bytes(path, limits.most_bytes).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => fault(reason(&error)).hint(MORE_MIB),
        _ => fault(reason(&error)).hint("check the path, and that it may be read"),
    })?;
    ExportFile::read(&bytes, limits).map_err(|error| match error {
        ExportError::TooLong { .. } => fault(error.to_string()).hint(MORE_MIB),
        _ if is_table(&bytes) => fault("is a table of keys, no export".to_owned()).hint(format!(
            "`vicino keys export OUT.zip --from {} --region 222 --signer FILE` makes an export of it",
            path.display()
        )),
        _ => fault(error.to_string()).hint("an export is a zip of export.bin and export.sig, or a bare export.bin"),
    })
}

/// Whether it is a CSV of keys: lab keys, or what `keys export` takes.
fn is_table(bytes: &[u8]) -> bool {
    let beginning = bytes.get(..HEADER_BYTES).unwrap_or(bytes);
    let line = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut columns = line
        .split(',')
        .map(|column| column.trim_matches(['"', ' ', '\r', '\u{feff}']));
    columns.any(|column| column == "tek")
}

/// A file, or standard input for `-`; at most so many bytes of it.
fn read_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(most + 1).read_to_end(&mut bytes)?;
    } else {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > most {
        let message = format!("is longer than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Refuses a command line that takes more than one thing from standard input, which can be read once.
///
/// # Errors
/// [`Failure`] with [`Exit::Usage`].
pub(super) fn one_stdin(captures: &[PathBuf], keys: &[PathBuf]) -> Result<(), Failure> {
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    let (of_captures, of_keys) = (captures.iter().filter(is_stdin), keys.iter().filter(is_stdin));
    if of_captures.chain(of_keys).count() > 1 {
        return Err(Failure::new(
            Exit::Usage,
            "standard input (-) is named more than once, and can be read once",
        )
        .hint("write one of them to a file, and name that"));
    }
    Ok(())
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
