//! The files of a capture, and the folder where captures are kept.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy as _, Xdg};

use super::{LibraryError, known};
use crate::format::native::Paths;
use crate::format::open::{self, Kind, OpenOptions};
use crate::format::{EventReader, FormatError};

/// The files that make up the capture at `path`, those that exist: of a native one the rows, then events and metadata;
/// otherwise the file alone.
#[must_use]
pub fn files(path: &Path) -> Vec<PathBuf> {
    parts(path, known::kind(path).ok().flatten())
}

/// As [`files`], where the kind is known.
pub(super) fn parts(path: &Path, kind: Option<Kind>) -> Vec<PathBuf> {
    let paths = Paths::of(path);
    let mut parts = vec![path.to_owned()];
    if matches!(kind, Some(Kind::NativeCsv { .. })) && paths.rows == path {
        parts.extend([paths.events, paths.meta]);
    }
    parts.retain(|part| part.is_file());
    parts
}

/// Opens the capture at `path` as events, with the kind that was found. Unlike `format::open` it does not wait for the
/// writer of a FIFO that stands in place of one of the files.
///
/// # Errors
/// [`FormatError`] when one of the files is no regular file, cannot be opened, or is no capture.
pub fn open(path: &Path) -> Result<(Box<dyn EventReader>, Kind), FormatError> {
    let paths = Paths::of(path);
    let odd = [path, &paths.events, &paths.meta]
        .into_iter()
        .find(|file| file.metadata().is_ok_and(|metadata| !metadata.is_file()));
    if let Some(odd) = odd {
        let what = format!("{}: not a regular file", odd.display());
        return Err(FormatError::Unrecognised(what));
    }
    open::open_known(path, &OpenOptions::default())
}

/// Deletes the capture at `path` with all its files and gives the bytes that they held; of a link the link alone goes.
/// Events and metadata stay where another capture of the same name uses them (NAME.csv beside NAME.csv.zst).
///
/// # Errors
/// [`LibraryError`] when it is a folder or no capture (nothing is deleted then), or when the system refuses. The rows go
/// last, so that what is left can be read.
pub fn delete(path: &Path) -> Result<u64, LibraryError> {
    let failed = |path: &Path, source| LibraryError::Io {
        path: path.to_owned(),
        what: "cannot be deleted",
        source,
    };
    let refused = |what| LibraryError::NotACapture {
        path: path.to_owned(),
        what,
    };
    let metadata = path.metadata().map_err(|source| failed(path, source))?;
    if metadata.is_dir() {
        return Err(refused("not deleted: it is a folder, not a capture"));
    }
    if !metadata.is_file() {
        return Err(refused("not deleted: it is not a regular file"));
    }
    let kind = known::kind(path).map_err(|source| failed(path, source))?;
    if kind.is_none() {
        return Err(refused("not deleted: it is not a capture"));
    }
    let mut freed = 0;
    for part in &in_order_of_deletion(path, kind) {
        let held = part.symlink_metadata().map_or(0, |metadata| metadata.len());
        match fs::remove_file(part) {
            Ok(()) => freed += held,
            // Somebody was faster.
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed(part, source)),
        }
    }
    Ok(freed)
}

/// The rows last.
pub(super) fn in_order_of_deletion(path: &Path, kind: Option<Kind>) -> Vec<PathBuf> {
    let mut parts = parts(path, kind);
    if shares_its_name(path) {
        parts.truncate(1);
    }
    parts.reverse();
    parts
}

/// Whether there is a capture with the same events file and metadata.
fn shares_its_name(rows: &Path) -> bool {
    let own = Paths::of(rows);
    let endings = ["csv", "csv.zst"];
    // NAME.toml to NAME.csv and NAME.csv.zst.
    let mut others = endings.iter().map(|ending| own.meta.with_extension(ending));
    others.any(|other| other != rows && other.exists())
}

/// Where captures are kept unless a person says otherwise: `$XDG_DATA_HOME/vicino/captures` or
/// `~/.local/share/vicino/captures`, on macOS too. `None` where no home folder is known. It need not exist.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    let data = Xdg::new().ok()?.data_dir();
    Some(data.join("vicino").join("captures"))
}

/// Makes a folder for captures, with those above it where they are missing, for its owner only: captures hold identifiers
/// of people's devices. One that exists stays as it is.
///
/// # Errors
/// [`LibraryError::Io`] when the system refuses.
pub fn make_folder(folder: &Path) -> Result<(), LibraryError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| LibraryError::Io {
        path: folder.to_owned(),
        what: "the folder cannot be made",
        source,
    })
}
