//! Lab keys from files: given on the command line, or beside a native capture.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Exit, Failure};
use crate::format::native::Paths;
use crate::format::reason;
use crate::lab::keyring::Keyring;

/// Longer key files are refused, in bytes.
const MOST: u64 = 4 * 1024 * 1024;

/// The keys of a file.
///
/// # Errors
/// [`Exit::Input`] when it cannot be read or is none.
pub(super) fn read(path: &Path) -> Result<Arc<Keyring>, Failure> {
    read_own(path).map(Arc::new)
}

/// As [`read`], to be put together with others.
///
/// # Errors
/// As [`read`].
pub(super) fn read_own(path: &Path) -> Result<Keyring, Failure> {
    let fault = |what: &str| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    let mut text = Zeroizing::new(String::new());
    File::open(path)
        .and_then(|file| file.take(MOST + 1).read_to_string(&mut text))
        .map_err(|error| fault(&reason(&error)))?;
    if text.len() as u64 > MOST {
        return Err(fault("too long for a key file"));
    }
    Keyring::parse(&text).map_err(|error| fault(&error.to_string()))
}

/// The keys of `NAME.keys.csv` beside a native capture, if there is such a file: as the simulator writes it.
///
/// # Errors
/// As [`read`].
#[cfg(feature = "tui")]
pub(super) fn beside(capture: &Path) -> Result<Option<Arc<Keyring>>, Failure> {
    beside_own(capture).map(|keys| keys.map(Arc::new))
}

/// As [`beside`], to be put together with others.
///
/// # Errors
/// As [`read`].
pub(super) fn beside_own(capture: &Path) -> Result<Option<Keyring>, Failure> {
    let file = file_beside(capture);
    if file.is_file() {
        read_own(&file).map(Some)
    } else {
        Ok(None)
    }
}

fn file_beside(capture: &Path) -> PathBuf {
    let meta = Paths::of(capture).meta;
    meta.with_extension("keys.csv")
}

#[cfg(all(test, feature = "tui"))]
mod tests {
    use super::*;

    #[test]
    fn keys_lie_beside_their_capture() {
        for capture in ["walk", "walk.csv", "walk.csv.zst"] {
            assert_eq!(file_beside(Path::new(capture)), Path::new("walk.keys.csv"), "{capture}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("walk.csv");
        assert!(beside(&capture).unwrap().is_none());
        let file = folder.path().join("walk.keys.csv");
        std::fs::write(&file, "device,model,tek,rolling_start,rolling_period\na,b,c,d,e\n").unwrap();
        let failure = beside(&capture).unwrap_err();
        assert_eq!(failure.exit, Exit::Input);
        assert!(
            failure
                .message
                .ends_with("walk.keys.csv: line 2: tek: 32 hexadecimal digits are needed"),
            "{failure}"
        );
    }
}
