//! `vicino convert`: a capture into another format, with the privacy options.

mod pseudonyms;

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Exit, Failure, help, origin, tell};
use crate::format::btsnoop_writer::{BAD_CRC, BtsnoopWriter};
use crate::format::export::{EventWriter, NotCarried};
use crate::format::jsonl::JsonlWriter;
use crate::format::native::{self, Meta, PSEUDONYMISED, Paths};
use crate::format::open::{self, OpenOptions, parse_clock_offset};
use crate::format::pcapng_writer::PcapngWriter;
use crate::format::{DamageLog, EventReader, FormatError};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::redact::{Pseudonymiser, is_exposure_notification};
use crate::lab::text::printable;
use crate::lab::time::Micros;

/// How many damaged records are named.
const SHOWN_DAMAGE: usize = 5;

/// Converts a capture into another format.
#[derive(Debug, Args)]
#[command(after_help = help::CONVERT)]
pub struct ConvertArgs {
    /// Capture to read, `-` for standard input; its kind is found by its content.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write; its ending tells the kind (.csv, .csv.zst, .btsnoop, .log, .snoop, .pcapng, .jsonl). `-` is
    /// standard output (JSON Lines, or what --to says; compressed captures go to a file).
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Kind to write, whatever the ending.
    #[arg(long, value_name = "KIND")]
    to: Option<Kind>,
    /// Replaces addresses and identifiers, also in marks, by keyed hashes, consistently within the capture; the key is
    /// not kept (but see --pseudonym-key). Leaves out station names (but for --station), title, provenance, the name of the
    /// source, the keys of bonded peers and the notes of marks.
    ///
    /// Kept as they are: all times and levels; PDU types, kinds of addresses and the structure of payloads (flags, TX
    /// power, service UUIDs, companies); of marks the times, distance, model, orientation and obstacle; the reasons of
    /// gaps; the models of stations; licence, kind of source, clock offset and earlier privacy treatment. Where a person
    /// typed one of these, read it before you give the capture away: it stands in NAME.events.csv and NAME.toml.
    #[arg(long)]
    pseudonymise: bool,
    /// With --pseudonymise: the key of this file, which is made where there is none (for you alone). Captures of one event
    /// that were protected with one key can be audited together. Whoever has the file can recognise identifiers that they
    /// know: delete it when all captures are protected.
    #[arg(long, value_name = "FILE", requires = "pseudonymise")]
    pseudonym_key: Option<PathBuf>,
    /// Keeps only exposure-notification frames (and marks, gaps and what tells about the receiver).
    #[arg(long)]
    strip_others: bool,
    /// Seconds added to every time (-7200 for logs written in CEST).
    #[arg(long, value_name = "SECONDS", default_value = "0", allow_hyphen_values = true, value_parser = parse_clock_offset)]
    clock_offset: Micros,
    /// Name of the receiver.
    #[arg(long, value_name = "NAME")]
    station: Option<String>,
    /// Model of the receiver.
    #[arg(long, value_name = "MODEL", default_value = "", hide_default_value = true)]
    model: String,
    /// Whether nothing is said meanwhile: the screen has the terminal.
    #[arg(skip)]
    is_quiet: bool,
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Native capture.
    Csv,
    /// Native capture, compressed.
    #[value(name = "csv.zst")]
    CsvZst,
    /// btsnoop with H4 packets.
    Btsnoop,
    /// pcapng with HCI and link-layer packets.
    Pcapng,
    /// One JSON object a line.
    Jsonl,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        [
            (".csv", Self::Csv),
            (".csv.zst", Self::CsvZst),
            (".btsnoop", Self::Btsnoop),
            (".log", Self::Btsnoop),
            (".snoop", Self::Btsnoop),
            (".pcapng", Self::Pcapng),
            (".jsonl", Self::Jsonl),
        ]
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending))
        .map(|(_, kind)| kind)
    }
}

/// Where converted events go.
enum Output {
    /// With the files that it is made of.
    Native(Box<native::Writer>, Paths),
    /// With the file to take away again when writing fails.
    Other(Box<dyn EventWriter>, Option<PathBuf>),
}

/// What went through.
#[derive(Default)]
struct Done {
    adverts: u64,
    events: u64,
    stripped: u64,
    /// Marks whose note was left out.
    notes: u64,
    /// Frames with a wrong check sum that the output cannot mark.
    broken: u64,
    lost: NotCarried,
    /// The file that was written, where it is not called as was asked.
    written: Option<PathBuf>,
    meta_failure: Option<String>,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Usage`] for a kind that is not known or a file that would be overwritten, [`Exit::Input`] for
/// input that cannot be read, [`Exit::Environment`] when the output cannot be written.
pub fn run(args: &ConvertArgs) -> Result<Exit, Failure> {
    let Some(report) = convert(args)? else {
        return Ok(Exit::Done);
    };
    let written = if args.output.as_os_str() == "-" {
        io::stderr().write_all(report.as_bytes())
    } else {
        io::stdout().write_all(report.as_bytes())
    };
    // A closed pipe behind the report changes nothing about the conversion.
    drop(written);
    Ok(Exit::Done)
}

/// Converts a capture for the screen, without a word on the terminal; gives the report.
///
/// # Errors
/// As [`run`].
#[cfg(feature = "tui")]
pub(super) fn quietly(input: &Path, output: &Path, pseudonymise: bool) -> Result<String, Failure> {
    let args = ConvertArgs {
        input: input.to_owned(),
        output: output.to_owned(),
        to: None,
        pseudonymise,
        pseudonym_key: None,
        strip_others: false,
        clock_offset: Micros(0),
        station: None,
        model: String::new(),
        is_quiet: true,
    };
    Ok(convert(&args)?.unwrap_or_default())
}

/// Gives the report; `None` where the reader of standard output has had enough.
fn convert(args: &ConvertArgs) -> Result<Option<String>, Failure> {
    let to_stdout = args.output.as_os_str() == "-";
    let kind = args
        .to
        .or(if to_stdout {
            Some(Kind::Jsonl)
        } else {
            Kind::of(&args.output)
        })
        .ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{}: no known ending", args.output.display()))
                .hint("end it in .csv, .csv.zst, .btsnoop, .pcapng or .jsonl, or say --to KIND")
        })?;
    if !to_stdout && args.output.metadata().is_ok_and(|found| !found.is_file()) {
        let text = format!("{} is there and no file", args.output.display());
        return Err(Failure::new(Exit::Usage, text).hint("name a file, or - for standard output"));
    }
    let options = OpenOptions {
        name: args.station.clone(),
        model: args.model.clone(),
        clock_offset: args.clock_offset,
        ..OpenOptions::default()
    };
    let (mut reader, found) = open::open_known(&args.input, &options).map_err(|error| input_failure(&error))?;
    if !args.is_quiet {
        origin::warn(&args.input);
    }
    let source = origin::meta(&args.input, found);
    let pseudonymiser = args.pseudonymise.then(|| pseudonyms::pseudonymiser(args)).transpose()?;
    let key = pseudonymiser.as_ref().map(Pseudonymiser::key_id);
    let meta = meta(args, &source, key.as_deref());
    let mut output = create(args, kind, to_stdout, meta)?;
    let done = match pump(args, reader.as_mut(), pseudonymiser.as_ref(), &mut output) {
        Ok(done) => done,
        Err(Stop::Output(failure)) if to_stdout && failure.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(None);
        }
        Err(stop) => return Err(give_up(stop, args, output)),
    };
    let done = finish(args, output, done, reader.damage())?;
    if args.pseudonymise && !args.is_quiet {
        tell_left_out(&source, &done);
    }
    Ok(Some(report(args, &done, reader.damage())))
}

enum Stop {
    Input(FormatError),
    Output(io::Error),
}

fn create(args: &ConvertArgs, kind: Kind, to_stdout: bool, meta: Meta) -> Result<Output, Failure> {
    if !to_stdout && matches!(kind, Kind::Csv | Kind::CsvZst) {
        let named = if kind == Kind::CsvZst && Kind::of(&args.output) != Some(kind) {
            args.output.with_added_extension("csv.zst")
        } else {
            args.output.clone()
        };
        let paths = Paths::of(&named);
        let writer = native::Writer::create(&paths, meta).map_err(|error| output_failure(&error))?;
        return Ok(Output::Native(Box::new(writer), paths));
    }
    let stream: Box<dyn Write> = if to_stdout {
        Box::new(io::stdout().lock())
    } else {
        let file = native::create_private(&args.output).map_err(|source| {
            output_failure(&FormatError::Io {
                context: format!("cannot create {}", args.output.display()),
                source,
            })
        })?;
        Box::new(file)
    };
    let stream = BufWriter::with_capacity(1 << 16, stream);
    let writer: io::Result<Box<dyn EventWriter>> = match kind {
        Kind::Csv => native::RowsWriter::new(stream).map(|writer| Box::new(writer) as _),
        Kind::CsvZst => {
            return Err(Failure::new(Exit::Usage, "compressed captures go to a file")
                .hint("vicino convert IN - --to csv | zstd > OUT.csv.zst"));
        }
        Kind::Btsnoop => BtsnoopWriter::new(stream).map(|writer| Box::new(writer) as _),
        Kind::Pcapng => PcapngWriter::new(stream).map(|writer| Box::new(writer) as _),
        Kind::Jsonl => Ok(Box::new(JsonlWriter::new(stream)) as _),
    };
    let file = (!to_stdout).then(|| args.output.clone());
    writer.map(|writer| Output::Other(writer, file)).map_err(|source| {
        output_failure(&FormatError::Io {
            context: format!("cannot write {}", args.output.display()),
            source,
        })
    })
}

/// The metadata of what is written: those of the source, and what is done to it here, with which key.
fn meta(args: &ConvertArgs, source: &Meta, key: Option<&str>) -> Meta {
    let mut meta = source.clone();
    meta.stations.clear();
    meta.clock_offset_s += args.clock_offset.as_secs_f64();
    let mut treatment = Vec::new();
    if meta.privacy != "none" {
        treatment.push(meta.privacy.clone());
    }
    if args.strip_others {
        treatment.push("all but exposure-notification frames removed".to_owned());
    }
    if args.pseudonymise {
        let whose = if args.pseudonym_key.is_some() {
            "key kept apart"
        } else {
            "key not kept"
        };
        // Pseudonyms of pseudonyms are those of no key.
        let is_first = !source.is_pseudonymised() && args.pseudonym_key.is_some();
        key.filter(|_| is_first)
            .unwrap_or_default()
            .clone_into(&mut meta.pseudonym_key);
        treatment.push(format!(
            "addresses, identifiers and the devices of marks {PSEUDONYMISED}, {whose}; station names, title, \
                 provenance, name of the source and notes of marks left out"
        ));
        meta.title.clear();
        meta.provenance.clear();
        // The name of a file often tells whose it is.
        meta.source.description.clone_from(&meta.source.kind);
    }
    if !treatment.is_empty() {
        meta.privacy = treatment.join("; ");
    }
    meta
}

/// Says which words of a person are not in a pseudonymised capture.
fn tell_left_out(source: &Meta, done: &Done) {
    let notes = format!("the notes of {} marks", done.notes);
    let left_out: Vec<&str> = [
        (!source.title.is_empty(), "the title"),
        (!source.provenance.is_empty(), "the provenance"),
        (done.notes > 0, notes.as_str()),
    ]
    .into_iter()
    .filter_map(|(there, what)| there.then_some(what))
    .collect();
    if !left_out.is_empty() {
        tell(format_args!(
            "left out, since it may name people or places: {}",
            left_out.join(", ")
        ));
    }
}

fn pump(
    args: &ConvertArgs,
    reader: &mut dyn EventReader,
    pseudonymiser: Option<&Pseudonymiser>,
    output: &mut Output,
) -> Result<Done, Stop> {
    let bar = if args.is_quiet {
        ProgressBar::hidden()
    } else {
        progress(&args.input)
    };
    let mut done = Done::default();
    let mut batch = Vec::new();
    let mut more = true;
    while more {
        more = reader.read(&mut batch).map_err(Stop::Input)?;
        bar.set_position(reader.bytes_read());
        for mut event in batch.drain(..) {
            if args.strip_others && !is_exposure_notification(&event) {
                done.stripped += 1;
                continue;
            }
            if let Some(pseudonymiser) = pseudonymiser {
                done.notes += u64::from(has_note(&event));
                pseudonymiser.event(&mut event);
            }
            match &event {
                CaptureEvent::Advert(_) => done.adverts += 1,
                CaptureEvent::Other(other) if matches!(other.kind, EventKind::Station(_)) => {}
                CaptureEvent::Other(_) => done.events += 1,
            }
            match output {
                Output::Native(writer, _) => writer.write(&event).map_err(native_stop)?,
                Output::Other(writer, _) => writer.write(&event).map_err(Stop::Output)?,
            }
        }
    }
    if let Output::Other(writer, _) = output {
        done.lost = writer.finish().map_err(Stop::Output)?;
        done.broken = done.lost.0.remove(BAD_CRC).unwrap_or(0);
        done.adverts -= done.broken;
    }
    bar.finish_and_clear();
    Ok(done)
}

fn has_note(event: &CaptureEvent) -> bool {
    matches!(event, CaptureEvent::Other(other) if matches!(&other.kind, EventKind::Mark(mark) if !mark.note.is_empty()))
}

fn native_stop(error: FormatError) -> Stop {
    match error {
        FormatError::Io { source, .. } => Stop::Output(source),
        other => Stop::Output(io::Error::other(other.to_string())),
    }
}

fn finish(args: &ConvertArgs, output: Output, mut done: Done, damage: &DamageLog) -> Result<Done, Failure> {
    if let Output::Native(mut writer, paths) = output {
        writer.note(|meta| meta.losses.damaged = damage.count);
        let stored = writer.finish().map_err(|error| {
            take_away(&paths);
            output_failure(&error)
        })?;
        done.written = Some(paths.rows);
        done.meta_failure = stored.meta_failure;
        debug_assert_eq!(stored.meta.counts.adverts, done.adverts, "{}", args.output.display());
    }
    Ok(done)
}

/// What could be read up to a failure of the input stays in a native capture, which says that it is not complete. What
/// could not be written whole goes: the same command can be given again.
fn give_up(stop: Stop, args: &ConvertArgs, output: Output) -> Failure {
    match output {
        Output::Other(writer, Some(path)) => {
            drop(writer);
            let _ = std::fs::remove_file(path);
        }
        Output::Native(writer, paths) if matches!(stop, Stop::Output(_)) => {
            drop(writer);
            take_away(&paths);
        }
        Output::Native(..) | Output::Other(..) => {}
    }
    match stop {
        Stop::Input(error) => input_failure(&open::in_file(&args.input, error)),
        Stop::Output(source) => output_failure(&FormatError::Io {
            context: if args.output.as_os_str() == "-" {
                "cannot write the output".to_owned()
            } else {
                format!("cannot write {}", args.output.display())
            },
            source,
        }),
    }
}

/// Removes the files of a capture that was begun here: none of them was there before.
fn take_away(paths: &Paths) {
    for path in [&paths.rows, &paths.events, &paths.meta] {
        let _ = std::fs::remove_file(path);
    }
}

fn progress(input: &Path) -> ProgressBar {
    let length = std::fs::metadata(input)
        .map(|metadata| metadata.len())
        .ok()
        .filter(|_| io::stderr().is_terminal());
    let Some(length) = length else {
        return ProgressBar::hidden();
    };
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
    match ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn report(args: &ConvertArgs, done: &Done, damage: &DamageLog) -> String {
    let name = |path: &Path| printable(&path.display().to_string()).to_string();
    let output = done.written.as_ref().unwrap_or(&args.output);
    let from_to = if args.is_quiet {
        // A line of a screen is short, and both lie before the person's eyes.
        format!(
            "wrote {}",
            name(Path::new(output.file_name().unwrap_or(output.as_os_str())))
        )
    } else {
        format!("{} -> {}", name(&args.input), name(output))
    };
    let (adverts, events) = (done.adverts, done.events);
    let mut lines = vec![format!("{from_to}: {adverts} advertisements, {events} other events")];
    if args.strip_others {
        lines.push(format!("  stripped: {} events of others", done.stripped));
    }
    if args.pseudonymise {
        lines.push(match &args.pseudonym_key {
            None => "  pseudonymised; the key is not kept".to_owned(),
            Some(path) => format!(
                "  pseudonymised; whoever has {} can recognise identifiers: delete it when all captures are protected",
                name(path)
            ),
        });
    }
    if done.broken > 0 {
        lines.push(format!("  {} {BAD_CRC}", done.broken));
    }
    lines.extend(
        done.lost
            .0
            .iter()
            .map(|(what, n)| format!("  not carried: {what} ({n})")),
    );
    if damage.count > 0 {
        lines.push(format!("  damage: {} records could not be read", damage.count));
        lines.extend(damage.first.iter().take(SHOWN_DAMAGE).map(|one| {
            format!(
                "    at byte {}, record {}: {}",
                one.offset,
                one.record,
                printable(&one.what)
            )
        }));
    }
    lines.extend(
        done.meta_failure
            .iter()
            .map(|what| format!("  metadata not brought up to date: {}", printable(what))),
    );
    lines.join("\n") + "\n"
}

pub(super) fn input_failure(error: &FormatError) -> Failure {
    let failure = Failure::new(Exit::Input, error.to_string());
    match error {
        FormatError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => failure.hint("check the path"),
        FormatError::Io { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
            failure.hint("name one of the files in it")
        }
        FormatError::Io { .. } => failure.hint("check that it may be read, and that its disk is well"),
        FormatError::Unrecognised(_) | FormatError::Header { .. } => {
            failure.hint("btsnoop, PacketLogger, pcap, pcapng and native captures are known by their content")
        }
    }
}

pub(super) fn output_failure(error: &FormatError) -> Failure {
    let message = error.to_string();
    match error {
        FormatError::Io { source, .. } => match source.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::new(Exit::Usage, message).hint("choose another name, or move the old file away")
            }
            io::ErrorKind::StorageFull => {
                Failure::new(Exit::Environment, message).hint("make room, or write elsewhere")
            }
            _ => Failure::new(Exit::Environment, message),
        },
        _ => Failure::new(Exit::Environment, message),
    }
}
