//! `vicino mark`: writes down what is known about a stretch of a capture, also while it is being recorded.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::convert::{input_failure, output_failure};
use super::{Exit, Failure, help, report, tell};
use crate::clock;
use crate::format::native::{Paths, Reader, append_event, recount_marks};
use crate::format::{EventReader as _, FormatError};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, Event, EventKind, Mark, device_of};
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::Metres;

/// A capture without the metadata of a finished one is taken as being recorded until it was silent for this long.
const SILENT: Micros = Micros::from_secs(10);
/// So much of a file is looked at for its header row.
const HEADER_START: u64 = 4096;
/// A mark further outside the capture is likely a mistake.
const FAR: Micros = Micros::from_secs(60 * 60);

/// Adds truth to a capture: what is known about a device from a time on.
///
/// That time may be left out, and is now, only while the radio is being recorded to the capture. A finished capture is
/// over, and what `record --from` records has the times of the played data, of which now is none: both need --from.
///
/// A mark stays in the capture. One of the same device, --from and --to with `--note "calibration: withdrawn"` takes it back:
/// from then on it does not count for `calibrate fit`, `distance` and the screen.
#[derive(Debug, Args)]
#[command(after_help = help::MARK)]
pub struct MarkArgs {
    /// Native capture, finished or being recorded.
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,
    /// True distance in metres.
    #[arg(long, value_name = "METRES", value_parser = metres)]
    distance: Option<f64>,
    /// Which device: address (`5e:1b:09:c4:77:01`, `addr:…`), beginning of an RPI (`7e3c1b63`, `rpi:…`), or a name of
    /// yours; none for all.
    #[arg(long, default_value = "", hide_default_value = true)]
    device: String,
    /// Its model.
    #[arg(long, default_value = "", hide_default_value = true)]
    model: String,
    /// How it lies or is held.
    #[arg(long, default_value = "", hide_default_value = true)]
    orientation: String,
    /// What stands between.
    #[arg(long, default_value = "", hide_default_value = true)]
    obstacle: String,
    /// Anything else.
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// From when it holds: 2020-07-30T09:54:01Z, or microseconds since 1970. Needed unless the
    /// radio is being recorded to the capture: then now, if no time is given.
    #[arg(long, visible_alias = "at", value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    from: Option<UnixMicros>,
    /// Until when; without it until the next mark of the same device without an end. Within another mark one with an end
    /// takes its own stretch alone: afterwards the other goes on.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    to: Option<UnixMicros>,
    /// Which receiver, where there are several.
    #[arg(long, value_name = "NAME")]
    station: Option<String>,
}

fn metres(text: &str) -> Result<f64, String> {
    let distance: f64 = text.parse().map_err(|_| "not a number of metres".to_owned())?;
    match distance {
        distance if distance.is_finite() && distance >= 0.0 => Ok(distance),
        _ => Err("a distance is zero or more metres".to_owned()),
    }
}

/// A time of the command line.
pub(super) fn time(text: &str) -> Result<UnixMicros, String> {
    match text.parse() {
        // The day after 1970 began in microseconds, and any day since 1973 in seconds.
        Ok(100_000_000..100_000_000_000) => {
            return Err(format!("{text} reads like seconds; write {text}000000, or a date"));
        }
        Ok(micros) => return Ok(UnixMicros(micros)),
        Err(_) => {}
    }
    text.parse::<jiff::Timestamp>()
        .map(|timestamp| UnixMicros(timestamp.as_microsecond()))
        .map_err(|_| "neither like 2020-07-30T09:54:01Z (with its zone) nor microseconds since 1970".to_owned())
}

/// As [`time`], where nobody means a moment of the first minutes of 1970: a small number is mostly a year or an interval.
pub(super) fn date(text: &str) -> Result<UnixMicros, String> {
    match text.parse::<i64>() {
        Ok(-99_999_999..100_000_000) => Err(format!(
            "{text} can mean many things; write 2020-07-30T09:54:01Z, or microseconds since 1970"
        )),
        _ => time(text),
    }
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Usage`] when nothing is said, the times are crossed or missing, or there is no such receiver;
/// [`Exit::Input`] when the capture cannot be read or is not native; [`Exit::Environment`] when the mark cannot be
/// written.
pub fn run(args: &MarkArgs) -> Result<Exit, Failure> {
    let mut mark = Mark {
        from: UnixMicros::default(),
        to: None,
        device: device_of(&args.device).to_owned(),
        model: args.model.clone(),
        distance: args.distance.map(Metres),
        orientation: args.orientation.clone(),
        obstacle: args.obstacle.clone(),
        note: args.note.clone(),
    };
    if mark == Mark::default() {
        return Err(Failure::new(Exit::Usage, "the mark says nothing")
            .hint("give at least one of --distance, --device, --model, --orientation, --obstacle, --note"));
    }
    let (paths, known) = known(&args.capture)?;
    let station = known.station(args.station.as_deref())?;
    let from = match args.from {
        Some(from) => from,
        None => known.now(clock::wall())?,
    };
    (mark.from, mark.to) = (from, args.to);
    if args.to.is_some_and(|to| to < from) {
        return Err(Failure::new(Exit::Usage, "the mark ends before it begins"));
    }
    let event = Event {
        at: from,
        station: StationId(0),
        kind: EventKind::Mark(mark),
    };
    append_event(&paths.events, &event, &station).map_err(|source| {
        output_failure(&FormatError::Io {
            context: format!("cannot write {}", paths.events.display()),
            source,
        })
    })?;
    if let Err(what) = recount_marks(&paths) {
        let meta = paths.meta.display().to_string();
        tell(format_args!(
            "warning: the counts in {} stay as they were: {}",
            printable(&meta),
            printable(&what)
        ));
    }
    if let Some((first, last)) = known.span.filter(|_| known.is_far(from)) {
        tell(format_args!(
            "warning: the mark begins at {from}, more than an hour outside the capture, which runs from {first} to {last}"
        ));
    }
    report(format_args!(
        "{}: marked from {from}",
        printable(&paths.events.display().to_string())
    ));
    Ok(Exit::Done)
}

/// What a capture says about itself.
struct Known {
    stations: Vec<String>,
    /// Times of the earliest and the latest event that is no mark.
    span: Option<(UnixMicros, UnixMicros)>,
    complete: bool,
    /// Whether a capture is or was played into it, so that its times are those of the played data.
    played: bool,
}

impl Known {
    /// The receiver of that name, or the first one.
    fn station(&self, name: Option<&str>) -> Result<String, Failure> {
        match name {
            None => Ok(self.stations.first().cloned().unwrap_or_default()),
            Some(name) if self.stations.is_empty() || self.stations.iter().any(|known| known == name) => {
                Ok(name.to_owned())
            }
            Some(name) => Err(
                Failure::new(Exit::Usage, format!("the capture has no station {name:?}"))
                    .hint(format!("it has {}", self.stations.join(", "))),
            ),
        }
    }

    /// The present, while the capture is being recorded: otherwise the present is none of its times.
    fn now(&self, now: UnixMicros) -> Result<UnixMicros, Failure> {
        let runs = match self.span {
            Some((first, last)) if self.played => {
                format!("a played capture has the times of its data; so far from {first} to {last}")
            }
            None if self.played => "a played capture has the times of its data".to_owned(),
            Some((first, last)) if self.complete || now.since(last) > SILENT => {
                format!("the capture runs from {first} to {last}")
            }
            None if self.complete => "the capture is empty".to_owned(),
            _ => return Ok(now),
        };
        Err(Failure::new(
            Exit::Usage,
            format!("say from when: --from TIME ({runs})"),
        ))
    }

    fn is_far(&self, at: UnixMicros) -> bool {
        self.span
            .is_some_and(|(first, last)| first.since(at) > FAR || at.since(last) > FAR)
    }
}

/// Reads the capture through; also shows that it is a native one.
fn known(capture: &Path) -> Result<(Paths, Known), Failure> {
    refuse_companion(capture)?;
    let paths = Paths::of(capture);
    if !paths.rows.exists() {
        return Err(if capture.is_file() {
            not_native(capture)
        } else {
            Failure::new(Exit::Input, format!("{}: there is no such capture", capture.display()))
                .hint("give the name of a native capture: NAME.csv, NAME.csv.zst or NAME")
        });
    }
    // A recording has its metadata before its first row.
    let is_empty = std::fs::metadata(&paths.rows).is_ok_and(|of| of.is_file() && of.len() == 0);
    if is_empty && !paths.meta.exists() {
        let file = paths.rows.display().to_string();
        return Err(
            Failure::new(Exit::Input, format!("{}: the file is empty", printable(&file)))
                .hint("a native capture has at least its header row"),
        );
    }
    let failed = |error: FormatError| match error {
        FormatError::Header { .. } => not_native(&paths.rows),
        error => input_failure(&error),
    };
    let mut reader = Reader::open(&paths.rows).map_err(failed)?;
    let complete = reader.meta().is_some_and(|meta| meta.complete);
    let played = reader
        .meta()
        .is_some_and(|meta| !meta.complete && meta.source.kind == "playback");
    let mut known = Known {
        stations: Vec::new(),
        span: None,
        complete,
        played,
    };
    let (mut batch, mut more) = (Vec::new(), true);
    while more {
        more = reader.read(&mut batch).map_err(failed)?;
        for event in batch.drain(..) {
            match event {
                CaptureEvent::Other(other) if !other.kind.tells_time() => {
                    if let EventKind::Station(info) = other.kind
                        && !known.stations.contains(&info.name)
                    {
                        known.stations.push(info.name);
                    }
                }
                event => {
                    let (at, (first, last)) = (event.at(), known.span.unwrap_or((event.at(), event.at())));
                    known.span = Some((first.min(at), last.max(at)));
                }
            }
        }
    }
    Ok((paths, known))
}

/// An error for the events file or the metadata of a capture, in place of the capture.
fn refuse_companion(capture: &Path) -> Result<(), Failure> {
    let name = capture.file_name().unwrap_or_default().to_string_lossy();
    let (stem, what) = match (name.strip_suffix(".events.csv"), name.strip_suffix(".toml")) {
        (Some(stem), _) if holds_events(capture) => (stem, "events file"),
        (None, Some(stem)) if capture.is_file() => (stem, "metadata"),
        _ => return Ok(()),
    };
    let rows = [format!("{stem}.csv"), format!("{stem}.csv.zst")];
    let found = rows.iter().find(|rows| capture.with_file_name(rows).exists());
    let rows = printable(found.unwrap_or(&rows[0])).into_owned();
    let file = capture.display().to_string();
    Err(Failure::new(
        Exit::Input,
        format!("{}: is the {what} of {rows}: give {rows}", printable(&file)),
    ))
}

/// Whether a file begins as an events file does: a capture may have a name that ends like one.
fn holds_events(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER_START).read_to_end(&mut start));
    let header = String::from_utf8_lossy(&start);
    let columns = header.lines().next().unwrap_or_default().split(',');
    read.is_ok() && columns.map(str::trim).any(|column| column == "from_us")
}

fn not_native(capture: &Path) -> Failure {
    let (from, to) = (capture.display(), capture.with_extension("csv"));
    // A file that is called .csv but is none of ours cannot be converted to its own name.
    let to = if to == capture { Path::new("NAME.csv") } else { &to };
    let message = format!("{from}: marks need a native capture; convert it first");
    Failure::new(Exit::Input, message).hint(format!("vicino convert {from} {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_is_a_time_of_a_recording_only() {
        let at = |second: i64| UnixMicros(0).plus(Micros::from_secs(second));
        let known = |span, complete| Known {
            stations: Vec::new(),
            span,
            complete,
            played: false,
        };
        let span = Some((at(100), at(200)));
        assert_eq!(known(span, false).now(at(205)).unwrap(), at(205));
        assert_eq!(known(None, false).now(at(205)).unwrap(), at(205));
        for (span, complete, now) in [(span, true, 205), (span, false, 211), (None, true, 205)] {
            let failure = known(span, complete).now(at(now)).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.starts_with("say from when: --from TIME ("), "{failure}");
        }
        for span in [span, None] {
            let played = Known {
                played: true,
                ..known(span, false)
            };
            let failure = played.now(at(205)).unwrap_err();
            assert!(
                failure
                    .message
                    .starts_with("say from when: --from TIME (a played capture has"),
                "{failure}"
            );
        }
        assert!(known(span, true).is_far(at(3_801)) && known(span, true).is_far(at(-3_501)));
        assert!(!known(span, true).is_far(at(3_800)) && !known(None, true).is_far(at(9_999_999)));
    }
}
