//! What all reports need of the system: where their numbers come from, and files that are written but once.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Exit, Failure};
use crate::format::reason;
use crate::lab::text::printable;
use crate::report::page::{Page, Table};
use crate::report::plot::{Plot, PlotError};

/// Refuses a path where something is already, before any work is done for it.
///
/// # Errors
/// [`Failure`] with [`Exit::Environment`].
pub(super) fn refuse_existing<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Failure> {
    let there = paths.into_iter().find(|path| path.symlink_metadata().is_ok());
    there.map_or(Ok(()), |path| Err(is_there(path)))
}

fn is_there(path: &Path) -> Failure {
    Failure::new(Exit::Environment, format!("{} is there already", path.display()))
        .hint("it is not overwritten: give another name, or move it away")
}

/// Writes a file that is not there yet.
///
/// # Errors
/// [`Failure`] with [`Exit::Environment`].
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fault = |error: &io::Error| {
        Failure::new(
            Exit::Environment,
            format!("{} cannot be written: {}", path.display(), reason(error)),
        )
        .hint("give a name in a folder that is there and that you may write to")
    };
    // Reports may hold identifiers of people who were nearby.
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(path),
        _ => fault(&error),
    })?;
    file.write_all(bytes).map_err(|error| fault(&error))
}

/// A plot that cannot be drawn as a failure of the program.
pub(super) fn undrawn(error: &PlotError) -> Failure {
    Failure::new(Exit::Environment, error.to_string()).hint("this is a fault of the program; please tell of it")
}

/// Writes a page and says so.
///
/// # Errors
/// [`Failure`] with [`Exit::Environment`].
pub(super) fn write_page(path: &Path, page: Page) -> Result<(), Failure> {
    write(path, page.finish().as_bytes())?;
    told(path, "a page for any browser");
    Ok(())
}

/// Says on standard error what was written: standard output may hold data.
fn told(path: &Path, what: &str) {
    let name = path.display().to_string();
    super::tell(format_args!("{}: {what}", printable(&name)));
}

/// Writes plots into a folder that is made where it is not there: each as SVG and as PNG.
///
/// # Errors
/// [`Failure`] with [`Exit::Environment`]; then nothing that was there is changed.
pub(super) fn write_plots(folder: &Path, plots: &[Plot]) -> Result<(), Failure> {
    let path = |plot: &Plot, kind: &str| folder.join(format!("{}.{kind}", plot.name));
    let all: Vec<PathBuf> = plots
        .iter()
        .flat_map(|plot| [path(plot, "svg"), path(plot, "png")])
        .collect();
    refuse_existing(&all)?;
    fs::create_dir_all(folder).map_err(|error| {
        let what = format!("{} cannot be made: {}", folder.display(), reason(&error));
        Failure::new(Exit::Environment, what).hint("give a folder, in a place that you may write to")
    })?;
    for plot in plots {
        let svg = plot.svg().map_err(|error| undrawn(&error))?;
        write(&path(plot, "svg"), svg.as_bytes())?;
        write(&path(plot, "png"), &plot.png().map_err(|error| undrawn(&error))?)?;
    }
    told(folder, &format!("{} plots, each as SVG and PNG", plots.len()));
    Ok(())
}

/// Name of a file without its folders, which are nobody's business.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// The files that numbers come from, with the sums by which they can be told to be the same.
pub(super) fn files<'a>(of: impl IntoIterator<Item = (&'static str, &'a PathBuf)>) -> Table {
    let row = |(what, path): (&'static str, &PathBuf)| {
        let (size, sum) = sum(path).unwrap_or_else(|_| ("–".to_owned(), "could not be read twice".to_owned()));
        vec![name_of(path), what.to_owned(), size, sum]
    };
    Table {
        caption: "Files that were read".to_owned(),
        columns: vec![("file", false), ("what", false), ("bytes", true), ("SHA-256", false)],
        rows: of.into_iter().map(row).collect(),
    }
}

fn sum(path: &Path) -> io::Result<(String, String)> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let mut sum = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            read => {
                size += read;
                sum.update(buffer.get(..read).unwrap_or_default());
            }
        }
    }
    let mut hex = String::new();
    for byte in sum.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok((size.to_string(), hex))
}

/// A word of a command line as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:,=+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_shells_want_them() {
        assert_eq!(quoted("a.csv"), "a.csv");
        assert_eq!(quoted("Pixel 4=8/-30"), "'Pixel 4=8/-30'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }

    #[test]
    fn sums_are_those_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        write(&path, b"abc").unwrap();
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum(&path).unwrap(), ("3".to_owned(), of_abc.to_owned()));
        assert!(write(&path, b"").is_err());
        assert!(files([("capture", &folder.path().to_path_buf())]).rows[0][3].contains("not"));
    }
}
