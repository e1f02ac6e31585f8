//! `vicino inspect`: what is in a capture, or in a payload given as hexadecimal digits.

mod native;
mod text;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::convert::input_failure;
use super::{Exit, Failure, help, origin, tell};
use crate::format::native::check as check_native;
use crate::format::open::{Capture, OpenOptions, in_file, open_capture, parse_clock_offset};
use crate::format::{FormatError, reason};
use crate::inspect::{GaenReport, Inspection, address_kind_word, hex};
use crate::lab::advert::Hex;
use crate::lab::text::{json_printable, printable};
use crate::lab::time::Micros;

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/inspect/1";
/// Names and identifiers shown as text.
const SHOWN: usize = 10;

/// Shows what is in a capture: counts, spans, devices, identifiers, damage, oddities.
///
/// Of several captures those that cannot be read are named on standard error, the others are shown all the same, and the
/// exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = help::INSPECT)]
pub struct InspectArgs {
    /// Captures (native, btsnoop, `PacketLogger`, pcap, pcapng), `-` for standard input; or a payload in hexadecimal digits.
    #[arg(value_name = "FILE", required_unless_present = "hex")]
    files: Vec<PathBuf>,
    /// Takes an AD payload, HCI packet or link-layer frame apart.
    #[arg(long, value_name = "DIGITS", conflicts_with_all = ["files", "csv", "clock_offset"])]
    hex: Option<String>,
    /// Prints JSON; an array where there are several files.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints one CSV row per exposure-notification report; with several files their name stands in a last column.
    #[arg(long)]
    csv: bool,
    /// Seconds added to every time (-7200 for logs written in CEST).
    #[arg(long, value_name = "SECONDS", default_value = "0", allow_hyphen_values = true, value_parser = parse_clock_offset)]
    clock_offset: Micros,
}

/// Why the verb stopped.
enum Stop {
    Format(FormatError),
    Output(io::Error),
}

impl From<FormatError> for Stop {
    fn from(error: FormatError) -> Self {
        Self::Format(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] for what cannot be read, [`Exit::Usage`] for digits that are none.
pub fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let outcome = match payload(args)? {
        Some(bytes) => show_payload(args, &bytes, &mut out),
        None => show_files(args, &mut out),
    };
    match outcome.and_then(|exit| Ok(out.flush().map(|()| exit)?)) {
        Ok(exit) => Ok(exit),
        // The reader of the pipe has seen enough.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(Stop::Output(error)) => Err(Failure::new(
            Exit::Environment,
            format!("cannot write the output: {}", reason(&error)),
        )),
        Err(Stop::Format(error)) => Err(input_failure(&error)),
    }
}

/// The payload to take apart, if digits were given in either way.
fn payload(args: &InspectArgs) -> Result<Option<Vec<u8>>, Failure> {
    match (&args.hex, args.files.as_slice()) {
        (Some(digits), _) => hex::parse(digits).map(Some).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{digits:?} are not hexadecimal digits in pairs"))
                .hint("like 02011a03036ffd")
        }),
        (None, [only]) if !args.csv && !only.exists() => Ok(only.to_str().and_then(hex::parse)),
        _ => Ok(None),
    }
}

fn show_payload(args: &InspectArgs, bytes: &[u8], out: &mut impl Write) -> Result<Exit, Stop> {
    let explained = hex::explain(bytes);
    if args.json {
        let mut value = json!({ "schema": SCHEMA, "vicino": env!("CARGO_PKG_VERSION") });
        value["payload"] = json!(explained);
        writeln!(out, "{}", json_printable(&format!("{value:#}")))?;
    } else {
        write!(out, "{}", explained.to_text())?;
    }
    Ok(Exit::Done)
}

/// Shows what can be read; the exit code says whether that was all.
fn show_files(args: &InspectArgs, out: &mut impl Write) -> Result<Exit, Stop> {
    let several = args.files.len() > 1;
    if args.csv {
        let file_column = if several { ",file" } else { "" };
        writeln!(
            out,
            "packet,time_us,address,address_kind,pdu,rssi_dbm,rpi,aem{file_column}"
        )?;
    }
    let mut exit = Exit::Done;
    let (mut objects, mut shown) = (Vec::new(), 0);
    for file in &args.files {
        let inspection = match inspect(args, file, |report| csv_row(args.csv, several, file, report, out)) {
            Ok(inspection) => inspection,
            Err(Stop::Format(error)) if several => {
                tell(format_args!("{}", input_failure(&error)));
                exit = Exit::Input;
                continue;
            }
            Err(stop) => return Err(stop),
        };
        if args.csv {
            origin::warn(file);
            origin::warn_of_damage(&inspection.damage);
            shown += 1;
            continue;
        }
        let warnings = check_native(file, true);
        if args.json {
            objects.push(object(file, args.clock_offset, &inspection, &warnings));
        } else {
            let between = if shown > 0 { "\n" } else { "" };
            write!(out, "{between}{}", text::text(file, &inspection, &warnings))?;
            // What is done is shown before the next file takes its time.
            out.flush()?;
        }
        shown += 1;
    }
    if args.json {
        let value = if several {
            Value::Array(objects)
        } else {
            objects.pop().unwrap_or_default()
        };
        writeln!(out, "{}", json_printable(&format!("{value:#}")))?;
    }
    Ok(exit)
}

/// A row of `--csv`, where it is asked for.
fn csv_row(
    wanted: bool,
    with_file: bool,
    file: &Path,
    report: &GaenReport<'_>,
    out: &mut impl Write,
) -> Result<(), Stop> {
    if !wanted {
        return Ok(());
    }
    write_row(report, out)?;
    if with_file {
        write!(out, ",{}", csv_field(&file.display().to_string()))?;
    }
    Ok(writeln!(out)?)
}

fn inspect(
    args: &InspectArgs,
    file: &Path,
    each: impl FnMut(&GaenReport<'_>) -> Result<(), Stop>,
) -> Result<Inspection, Stop> {
    let options = OpenOptions {
        clock_offset: args.clock_offset,
        ..OpenOptions::default()
    };
    let inspection = match open_capture(file, &options)? {
        Capture::Packets(mut packets) => Inspection::of_packets(packets.as_mut(), args.clock_offset, each),
        Capture::Events(mut events) => Inspection::of_events(events.as_mut(), each),
    };
    inspection.map_err(|stop| match stop {
        Stop::Format(error) => Stop::Format(in_file(file, error)),
        Stop::Output(error) => Stop::Output(error),
    })
}

fn write_row(report: &GaenReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let advert = report.advert;
    let rssi = advert.rssi.map(|rssi| rssi.0.to_string()).unwrap_or_default();
    let (packet, at, address, pdu) = (report.packet, advert.at.0, advert.address, advert.pdu);
    let kind = address_kind_word(address);
    let (rpi, aem) = (Hex(report.rpi()), Hex(report.aem()));
    write!(out, "{packet},{at},{address},{kind},{pdu},{rssi},{rpi},{aem}")
}

/// A text as a CSV field: neutralised, and in quotes.
pub(super) fn csv_field(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('"', "\"\""))
}

fn object(file: &Path, clock_offset: Micros, inspection: &Inspection, warnings: &[String]) -> Value {
    let mut value = json!({
        "schema": SCHEMA,
        "vicino": env!("CARGO_PKG_VERSION"),
        "file": file.display().to_string(),
        "clock_offset_us": clock_offset,
        "counts": inspection.counts(),
        "damage": inspection.damage,
        "decode": inspection.decode_json(),
        "names": inspection.names_json(),
        "warnings": warnings,
    });
    if let Some(native) = native::Native::of(file, inspection) {
        value["native"] = native.json();
    }
    value
}
