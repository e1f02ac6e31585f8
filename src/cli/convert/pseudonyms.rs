//! By which key a capture is pseudonymised, and what its marks name.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::{ConvertArgs, input_failure, output_failure};
use crate::cli::{Exit, Failure};
use crate::format::native::{self, Paths};
use crate::format::open::{self, OpenOptions};
use crate::format::{EventReader, FormatError, reason};
use crate::lab::event::CaptureEvent;
use crate::lab::redact::{Marked, Pseudonymiser};

/// A key, wiped when it goes.
type Key = Zeroizing<[u8; 32]>;

/// Hexadecimal digits of a key.
const DIGITS: usize = 64;
/// Permission bits of others.
const OTHERS: u32 = 0o077;

/// With the key of the file that was named, or with a new one; and with what the marks of the capture name.
pub(super) fn pseudonymiser(args: &ConvertArgs) -> Result<Pseudonymiser, Failure> {
    let key = match &args.pseudonym_key {
        Some(path) => kept(path)?,
        None => random_key().map_err(|source| no_key(&source))?,
    };
    let marked = marked(&args.input).map_err(|error| input_failure(&error))?;
    Ok(Pseudonymiser::new(*key)
        .with_marked(marked)
        .with_station(args.station.clone()))
}

/// The key of a file, which is made where there is none.
fn kept(path: &Path) -> Result<Key, Failure> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = random_key().map_err(|source| no_key(&source))?;
            write(path, &key).map_err(|source| {
                let context = format!("cannot write {}", path.display());
                output_failure(&FormatError::Io { context, source })
            })?;
            Ok(key)
        }
        Err(error) => Err(unusable(path, &reason(&error))),
    }
}

fn read(path: &Path, file: File) -> Result<Key, Failure> {
    let meta = file.metadata().map_err(|error| unusable(path, &reason(&error)))?;
    if !meta.is_file() {
        return Err(unusable(path, "is no file"));
    }
    if meta.permissions().mode() & OTHERS != 0 {
        return Err(
            unusable(path, "others can read or change this key").hint("chmod 600 FILE, or begin with another key")
        );
    }
    let mut text = Zeroizing::new(Vec::with_capacity(DIGITS + 2));
    file.take(DIGITS as u64 + 2)
        .read_to_end(&mut text)
        .map_err(|error| unusable(path, &reason(&error)))?;
    parse(text.trim_ascii()).ok_or_else(|| {
        unusable(path, "is no key of pseudonyms (64 hexadecimal digits)")
            .hint("name a file that is not there: a key is made in it")
    })
}

fn parse(digits: &[u8]) -> Option<Key> {
    if digits.len() != DIGITS {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut key = Key::default();
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(key)
}

/// In a file for the owner alone; what is there is not overwritten.
fn write(path: &Path, key: &Key) -> io::Result<()> {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 15)];
    let digits = key.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]);
    let mut text = Zeroizing::new(Vec::with_capacity(DIGITS + 1));
    text.extend(digits.chain([b'\n']));
    let mut file = native::create_private(path)?;
    let written = file.write_all(&text).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is none.
        let _ = fs::remove_file(path);
    }
    written
}

fn random_key() -> io::Result<Key> {
    let mut key = Key::default();
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut *key))?;
    Ok(key)
}

fn no_key(source: &io::Error) -> Failure {
    Failure::new(Exit::Environment, format!("cannot make a key: {}", reason(source)))
}

fn unusable(path: &Path, what: &str) -> Failure {
    Failure::new(Exit::Input, format!("{}: {what}", path.display()))
}

/// What the marks of a capture name: none but native ones have marks, in a file beside their rows. Where a mark names
/// an identifier by a prefix, the rows are read once for it.
fn marked(input: &Path) -> Result<Marked, FormatError> {
    let mut marked = Marked::default();
    let paths = Paths::of(input);
    if input != paths.rows || !paths.events.is_file() {
        return Ok(marked);
    }
    let no_rows = io::Cursor::new(format!("{}\n", native::HEADER).into_bytes());
    let mut events = native::Reader::new(Box::new(no_rows), native::Side::open(&paths))?;
    each(&mut events, |event| marked.mark(event))?;
    if !marked.is_empty() {
        let mut rows = open::open(input, &OpenOptions::default())?;
        each(rows.as_mut(), |event| marked.heard(event)).map_err(|error| open::in_file(input, error))?;
    }
    Ok(marked)
}

fn each(reader: &mut dyn EventReader, mut take: impl FnMut(&CaptureEvent)) -> Result<(), FormatError> {
    let mut batch = Vec::new();
    while reader.read(&mut batch)? {
        batch.drain(..).for_each(|event| take(&event));
    }
    batch.iter().for_each(take);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_for_the_owner_alone_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.key");
        let made = kept(&path).unwrap_or_else(|_| panic!("made"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(kept(&path).unwrap_or_else(|_| panic!("read")), made);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(kept(&path).is_err_and(|failure| failure.exit == Exit::Input));
        let other = folder.path().join("walk.csv");
        fs::write(&other, "time_us,station\n").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(kept(&other).is_err());
        assert_eq!(fs::read(&other).unwrap(), b"time_us,station\n");
    }
}
