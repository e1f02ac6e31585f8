//! What a capture is written to: a file, or in tests something that fails when told.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// A file that is written from its beginning to its end.
pub trait Disk: Write + Send {
    /// Makes what was written survive a power cut.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `length` bytes and goes on from there.
    ///
    /// # Errors
    /// What the system says.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// How long the file is now; others may have appended to it.
    ///
    /// # Errors
    /// What the system says.
    fn length(&mut self) -> io::Result<u64>;
}

impl Disk for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        use std::io::Seek as _;
        self.set_len(length)?;
        self.seek(io::SeekFrom::Start(length)).map(|_| ())
    }

    fn length(&mut self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }
}

/// Creates a file that was not there, for its owner only: captures hold identifiers of people's devices.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    options().write(true).create_new(true).open(path)
}

/// As [`create`]; whatever is written goes to its end, also when another program appends.
pub(super) fn create_appending(path: &Path) -> io::Result<File> {
    options().append(true).create_new(true).open(path)
}

fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Replaces the file in one step, so that it is never half written. Who may read it stays as it was.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = options()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            if let Ok(old) = path.metadata() {
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, path));
    written.or_else(|failure| {
        // Half a file is of no use; the old one stays.
        let _ = std::fs::remove_file(&beside);
        if failure.kind() == io::ErrorKind::StorageFull {
            overwrite(path, text)
        } else {
            Err(failure)
        }
    })
}

/// On a full disk: a short file mostly has room for the new text in the block that it holds already. Where it has not,
/// the old text is put back.
fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    let old = std::fs::read(path)?;
    let write = |bytes: &[u8]| {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)?;
        file.sync_all()
    };
    write(text.as_bytes()).inspect_err(|_| {
        let _ = write(&old);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_in_place_by_a_shorter_or_a_longer_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        assert!(overwrite(&path, "x").is_err(), "nothing to overwrite");
        replace(&path, "old and long").unwrap();
        for text in ["short", "longer than before"] {
            overwrite(&path, text).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_file_of_our_own_is_private_and_one_that_was_there_stays_as_open_as_it_was() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
        replace(&path, "new").unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, "newer").unwrap();
        assert_eq!((mode(), &*std::fs::read_to_string(&path).unwrap()), (0o640, "newer"));
    }
}
