//! Where the file is, and what is in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use super::{ConfigError, Variables};
use crate::format::reason;

/// Longer files are refused, in bytes.
const MOST: u64 = 1024 * 1024;
/// Names the file in place of the usual one.
const VARIABLE: &str = "VICINO_CONFIG";

/// `$XDG_CONFIG_HOME/vicino/config.toml` or `~/.config/vicino/config.toml`, on macOS too; `None` where no home folder is
/// known.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    let config = etcetera::base_strategy::Xdg::new().ok()?.config_dir();
    Some(config.join("vicino").join("config.toml"))
}

/// The file that is read, and whether a person named it.
pub(super) fn path(given: Option<&Path>, variables: Variables<'_>) -> Option<(PathBuf, bool)> {
    if let Some(path) = given {
        return Some((path.to_owned(), true));
    }
    match variables(VARIABLE).filter(|value| !value.is_empty()) {
        Some(path) => Some((path.into(), true)),
        None => default_path().map(|path| (path, false)),
    }
}

/// The text of the file; `None` where there is none and nobody named one.
pub(super) fn read(given: Option<&Path>, variables: Variables<'_>) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let Some((path, is_named)) = path(given, variables) else {
        return Ok(None);
    };
    match text(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(None),
        Err(error) => Err(ConfigError::Unreadable {
            path,
            reason: reason(&error),
        }),
    }
}

fn text(path: &Path) -> io::Result<String> {
    // A FIFO would be waited for.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("is longer than a configuration can be (1 MiB)"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("is not text in UTF-8"))
}
