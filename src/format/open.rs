//! Opening a capture: its kind is found by its content, never by its name.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::btsnoop::{self, Btsnoop};
use super::decode::{Decoded, Decoder};
use super::input::Input;
use super::native::{self, Adjusted, Paths, Side};
use super::packet::PacketReader;
use super::packetlogger::{Order, PacketLogger};
use super::pcap::{self, Pcap};
use super::pcapng::{self, PcapNg};
use super::records::Records;
use super::{EventReader, FormatError};
use crate::lab::advert::{Hex, StationId};
use crate::lab::event::StationInfo;
use crate::lab::time::Micros;

/// How a capture is to be read.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Number of the station within the stream of events.
    pub station: StationId,
    /// Name of the station; `None`: the file's name without its ending.
    pub name: Option<String>,
    /// Model of the station, empty where unknown.
    pub model: String,
    /// Added to every time of the file.
    pub clock_offset: Micros,
}

/// A clock offset: seconds as a decimal number, with a sign and a fraction where wanted.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_clock_offset(text: &str) -> Result<Micros, String> {
    const LIMIT_SECONDS: f64 = 1e11;
    match text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the limit")]
        Ok(seconds) if seconds.abs() <= LIMIT_SECONDS => Ok(Micros((seconds * 1e6).round() as i64)),
        Ok(seconds) if !seconds.is_nan() => Err("more than 3000 years".to_owned()),
        _ => Err("not a number of seconds".to_owned()),
    }
}

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// btsnoop.
    Btsnoop,
    /// Apple `PacketLogger`.
    PacketLogger {
        /// Whether numbers stand most significant byte first.
        big_endian: bool,
    },
    /// pcap.
    Pcap,
    /// pcapng.
    PcapNg,
    /// Vicino's own.
    NativeCsv {
        /// Whether it is compressed.
        zstd: bool,
    },
}

impl Kind {
    /// The word for tables and scripts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Btsnoop => "btsnoop",
            Self::PacketLogger { .. } => "packetlogger",
            Self::Pcap => "pcap",
            Self::PcapNg => "pcapng",
            Self::NativeCsv { .. } => "native",
        }
    }
}

const ZSTD_MAGIC: &[u8; 4] = &[0x28, 0xb5, 0x2f, 0xfd];
const NATIVE_HEADER: &[u8] = b"time_us,";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A capture in the finest form that it has.
pub enum Capture {
    /// As packets, which [`Decoder`] turns into events.
    Packets(Box<dyn PacketReader>),
    /// As events: native captures hold nothing below them.
    Events(Box<dyn EventReader>),
}

/// Opens the capture at `path` as events; `-` is standard input.
///
/// # Errors
/// [`FormatError`] when it cannot be opened or is no capture.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Box<dyn EventReader>, FormatError> {
    open_known(path, options).map(|(reader, _)| reader)
}

/// As [`open`], with the kind that was found.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_known(path: &Path, options: &OpenOptions) -> Result<(Box<dyn EventReader>, Kind), FormatError> {
    named(path, |name| events(reader(path)?, name, Some(path), options))
}

/// As [`open`], from any reader; `name` is the station's where the options give none.
///
/// # Errors
/// [`FormatError`] when it is no capture.
pub fn open_reader(
    reader: Box<dyn Read + Send>,
    name: &str,
    options: &OpenOptions,
) -> Result<Box<dyn EventReader>, FormatError> {
    events(reader, name, None, options).map(|(reader, _)| reader)
}

/// Opens the capture at `path` in its finest form; `-` is standard input. The packets' times are those of the file,
/// without the options' clock offset.
///
/// # Errors
/// [`FormatError`] when it cannot be opened or is no capture.
pub fn open_capture(path: &Path, options: &OpenOptions) -> Result<Capture, FormatError> {
    named(path, |_| capture(reader(path)?, Some(path), options))
}

/// As [`open_capture`], from any reader.
///
/// # Errors
/// [`FormatError`] when it is no capture.
pub fn capture_of_reader(reader: Box<dyn Read + Send>, options: &OpenOptions) -> Result<Capture, FormatError> {
    capture(reader, None, options)
}

fn events(
    reader: Box<dyn Read + Send>,
    name: &str,
    path: Option<&Path>,
    options: &OpenOptions,
) -> Result<(Box<dyn EventReader>, Kind), FormatError> {
    let mut input = Input::new(reader);
    let kind = sniff_input(&mut input, path)?;
    let decoder = Decoder::new(options.station, options.clock_offset);
    let station = station(name, options);
    let reader: Box<dyn EventReader> = match kind {
        Kind::Btsnoop => Box::new(Decoded::new(btsnoop_records(input)?, decoder, station)),
        Kind::PacketLogger { big_endian } => {
            Box::new(Decoded::new(packetlogger_records(input, big_endian), decoder, station))
        }
        Kind::Pcap => Box::new(Decoded::new(pcap_records(input)?, decoder, station)),
        Kind::PcapNg => Box::new(Decoded::new(Records::new(input, PcapNg::new()), decoder, station)),
        Kind::NativeCsv { .. } => native(input, path, options)?,
    };
    Ok((reader, kind))
}

fn capture(reader: Box<dyn Read + Send>, path: Option<&Path>, options: &OpenOptions) -> Result<Capture, FormatError> {
    let mut input = Input::new(reader);
    Ok(Capture::Packets(match sniff_input(&mut input, path)? {
        Kind::Btsnoop => Box::new(btsnoop_records(input)?),
        Kind::PacketLogger { big_endian } => Box::new(packetlogger_records(input, big_endian)),
        Kind::Pcap => Box::new(pcap_records(input)?),
        Kind::PcapNg => Box::new(Records::new(input, PcapNg::new())),
        Kind::NativeCsv { .. } => return native(input, path, options).map(Capture::Events),
    }))
}

fn station(name: &str, options: &OpenOptions) -> StationInfo {
    StationInfo {
        name: options.name.clone().unwrap_or_else(|| name.to_owned()),
        model: options.model.clone(),
        ..StationInfo::default()
    }
}

/// Native captures; `input` still holds its first bytes, `path` tells where the files beside it are.
fn native(input: Input, path: Option<&Path>, options: &OpenOptions) -> Result<Box<dyn EventReader>, FormatError> {
    let side = path
        .filter(|path| path.as_os_str() != "-")
        .map(|path| Side::open(&Paths::of(path)));
    let rows = native::Reader::new(Box::new(input), side.unwrap_or_default())?;
    Ok(Box::new(Adjusted::new(rows, options)))
}

/// The kind of a file by its beginning, of which some 100 kB (or the whole file) should be given; `None` when it is none
/// of the known ones.
#[must_use]
pub fn sniff(beginning: &[u8], whole: bool) -> Option<Kind> {
    let text = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning);
    if beginning.starts_with(btsnoop::MAGIC) {
        Some(Kind::Btsnoop)
    } else if beginning.starts_with(pcapng::MAGIC) {
        Some(Kind::PcapNg)
    } else if Pcap::recognise(beginning).is_some() {
        Some(Kind::Pcap)
    } else if beginning.starts_with(ZSTD_MAGIC) {
        Some(Kind::NativeCsv { zstd: true })
    } else if text.starts_with(NATIVE_HEADER) || native::recognise(text) || whole && native::begins(text) {
        Some(Kind::NativeCsv { zstd: false })
    } else {
        PacketLogger::recognise(beginning, whole).map(|order| Kind::PacketLogger {
            big_endian: order == Order::Big,
        })
    }
}

fn sniff_input(input: &mut Input, path: Option<&Path>) -> Result<Kind, FormatError> {
    let failed = |source| FormatError::Io {
        context: "the first bytes cannot be read".to_owned(),
        source,
    };
    input.fill(16).map_err(failed)?;
    let mut kind = sniff(input.at_hand(), input.at_end());
    if kind.is_none() {
        input.fill(PacketLogger::wanted(input.at_hand())).map_err(failed)?;
        kind = sniff(input.at_hand(), input.at_end());
    }
    // A recorder that was killed before it could write its header row leaves its metadata; nothing else makes an empty file
    // a capture.
    let is_csv = path.filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
    if input.at_end() && input.at_hand().is_empty() && is_csv.is_some_and(|path| Paths::of(path).meta.is_file()) {
        kind = Some(Kind::NativeCsv { zstd: false });
    }
    kind.ok_or_else(|| FormatError::Unrecognised(unrecognised(input.at_hand())))
}

/// What an unknown file seems to be, for people.
fn unrecognised(beginning: &[u8]) -> String {
    let found = match beginning {
        [] => return "the file is empty: no capture, or a recording that was ended before it began".to_owned(),
        [0x1f, 0x8b, ..] => "it is gzip-compressed; unpack it first",
        [b'P', b'K', ..] => "it is a zip archive; unpack it first",
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => "it is an SQLite database",
        [0x7f, b'E', b'L', b'F', ..] => "it is a program",
        [b'{' | b'[', ..] => "it is JSON",
        bytes if bytes.iter().take(512).all(|byte| *byte == 0) => "it begins with zeros only",
        bytes
            if bytes
                .iter()
                .take(64)
                .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) =>
        {
            "it is a text, but not a native capture (which begins with time_us,)"
        }
        bytes => {
            let first = bytes.get(..8).unwrap_or(bytes);
            return format!("not a capture that can be read: begins with the bytes {}", Hex(first));
        }
    };
    format!("not a capture that can be read: {found}")
}

fn btsnoop_records(mut input: Input) -> Result<Records<Btsnoop>, FormatError> {
    let framing = Btsnoop::new(input.at_hand())?;
    input.advance(btsnoop::HEADER_LEN);
    Ok(Records::new(input, framing))
}

fn packetlogger_records(input: Input, big_endian: bool) -> Records<PacketLogger> {
    let order = if big_endian { Order::Big } else { Order::Little };
    Records::new(input, PacketLogger::new(order))
}

fn pcap_records(mut input: Input) -> Result<Records<Pcap>, FormatError> {
    input.fill(pcap::HEADER_LEN).map_err(|source| FormatError::Io {
        context: "the pcap header cannot be read".to_owned(),
        source,
    })?;
    let framing = Pcap::new(input.at_hand())?;
    input.advance(pcap::HEADER_LEN);
    Ok(Records::new(input, framing))
}

fn reader(path: &Path) -> Result<Box<dyn Read + Send>, FormatError> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let failed = |source| FormatError::Io {
        context: "cannot be opened".to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok(Box::new(file))
}

/// Runs `open` with the station's name and puts the path before its errors.
fn named<T>(path: &Path, open: impl FnOnce(&str) -> Result<T, FormatError>) -> Result<T, FormatError> {
    let is_stdin = path.as_os_str() == "-";
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let name = if is_stdin {
        "stdin"
    } else {
        stem.as_deref().unwrap_or("capture")
    };
    open(name).map_err(|error| in_file(path, error))
}

/// Puts the path before an error that came while its file was read, unless it stands there already.
pub(crate) fn in_file(path: &Path, error: FormatError) -> FormatError {
    let shown = if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let is_told = |what: &str| what.strip_prefix(&shown).is_some_and(|rest| rest.starts_with(": "));
    match error {
        FormatError::Io { context, source } if !is_told(&context) => FormatError::Io {
            context: format!("{shown}: {context}"),
            source,
        },
        FormatError::Unrecognised(what) if !is_told(&what) => FormatError::Unrecognised(format!("{shown}: {what}")),
        FormatError::Header { offset, what } => FormatError::Unrecognised(format!("{shown}: at byte {offset}: {what}")),
        told => told,
    }
}

#[cfg(test)]
mod tests;
