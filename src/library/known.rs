//! What a file is, from its first bytes, without waiting for anything that is no file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::format::native;
use crate::format::open::{Kind, sniff};
use crate::format::packetlogger::PacketLogger;

/// Enough for every kind but one, and for the header row of a native capture.
const FIRST: u64 = 4096;
/// Compressed bytes that are read for the header row: more than a block of them.
#[cfg(feature = "zstd")]
const COMPRESSED: u64 = 256 * 1024;

/// Opens what is a regular file, and nothing else: opening a FIFO would wait for its writer, opening a device could do
/// anything.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let is_regular = |file: bool| {
        let refused = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        file.then_some(()).ok_or_else(refused)
    };
    is_regular(path.metadata()?.is_file())?;
    // Between the two it may have become something else.
    let file = File::from(rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    )?);
    is_regular(file.metadata()?.is_file())?;
    Ok(file)
}

/// The kind of capture that a file is; `None` when it is none.
pub(super) fn kind(path: &Path) -> io::Result<Option<Kind>> {
    let mut file = open_regular(path)?;
    let mut start = Vec::new();
    let mut whole = fill(&mut file, &mut start, FIRST)?;
    let mut kind = sniff(&start, whole);
    let wanted = PacketLogger::wanted(&start) as u64;
    if kind.is_none() && !whole && wanted > FIRST {
        whole = fill(&mut file, &mut start, wanted)?;
        kind = sniff(&start, whole);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(match kind {
        // A recorder that was killed before it could write its header row.
        None if start.is_empty() && is_rows_name(&name) => Some(Kind::NativeCsv { zstd: false }),
        Some(Kind::NativeCsv { zstd: false }) if !is_rows(&start, whole) => None,
        Some(Kind::NativeCsv { zstd: true }) if !holds_rows(path, &name)? => None,
        kind => kind,
    })
}

/// Reads until `wanted` bytes are there; gives whether the file ends before.
fn fill(file: &mut File, start: &mut Vec<u8>, wanted: u64) -> io::Result<bool> {
    let missing = wanted.saturating_sub(start.len() as u64);
    file.take(missing).read_to_end(start)?;
    Ok((start.len() as u64) < wanted)
}

fn has_ending(name: &str, ending: &str) -> bool {
    let at = name.len().checked_sub(ending.len());
    at.and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

fn is_rows_name(name: &str) -> bool {
    let besides = [".events.csv", ".truth.csv", ".keys.csv"];
    has_ending(name, ".csv") && !besides.iter().any(|ending| has_ending(name, ending))
}

/// Whether a name can only be that of a capture.
pub(super) fn promises_a_capture(name: &str) -> bool {
    let endings = [".csv.zst", ".btsnoop", ".pklg", ".pcap", ".pcapng"];
    endings.iter().any(|ending| has_ending(name, ending))
}

/// Whether a name can be that of a capture.
pub(super) fn may_be_a_capture(name: &str) -> bool {
    promises_a_capture(name) || is_rows_name(name)
}

/// Whether it is the header row of a native capture, or the beginning of one that was not finished.
fn is_rows(start: &[u8], whole: bool) -> bool {
    (native::recognise(start) || whole && native::begins(start)) && !is_events(start)
}

/// Whether it is the header row of an events file, which has all the columns by which rows are known.
fn is_events(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut columns = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    columns.any(|column| column.strip_prefix(b"\xef\xbb\xbf").unwrap_or(column) == b"kind")
}

/// Whether the compressed text begins with the header row of a native capture.
#[cfg(feature = "zstd")]
fn holds_rows(path: &Path, _name: &str) -> io::Result<bool> {
    let mut decoder = zstd::stream::read::Decoder::new(open_regular(path)?.take(COMPRESSED))?;
    let mut start = Vec::new();
    // What came before a torn block stands in `start` all the same.
    let end = decoder.by_ref().take(FIRST).read_to_end(&mut start);
    let whole = end.is_ok() && (start.len() as u64) < FIRST;
    Ok(is_rows(&start, whole))
}

/// Without the decompressor the name has to be believed.
#[cfg(not(feature = "zstd"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the decompressor")]
fn holds_rows(_path: &Path, name: &str) -> io::Result<bool> {
    Ok(has_ending(name, ".csv.zst"))
}
