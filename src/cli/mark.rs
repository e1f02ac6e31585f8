//! `vicino mark`: writes down what is known about a stretch of a capture, also while it is being recorded.

use std::path::{Path, PathBuf};

use clap::Args;

use super::convert::{input_failure, output_failure};
use super::{Exit, Failure, report};
use crate::clock;
use crate::format::native::{Paths, Reader, append_event};
use crate::format::{EventReader as _, FormatError};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, Event, EventKind, Mark};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;
use crate::lab::units::Metres;

/// Adds truth to a capture: what is known about a device from a time on.
#[derive(Debug, Args)]
pub struct MarkArgs {
    /// Native capture, finished or being recorded.
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,
    /// True distance in metres.
    #[arg(long, value_name = "METRES", value_parser = metres)]
    distance: Option<f64>,
    /// Which device: address, beginning of an RPI, or a name of yours; none for all.
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
    /// From when it holds: 2020-07-30T09:54:01Z, or microseconds since 1970. Now, if no time is given.
    #[arg(long, visible_alias = "at", value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    from: Option<UnixMicros>,
    /// Until when; without it until the next mark of the same device.
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

fn time(text: &str) -> Result<UnixMicros, String> {
    if let Ok(micros) = text.parse() {
        return Ok(UnixMicros(micros));
    }
    text.parse::<jiff::Timestamp>()
        .map(|timestamp| UnixMicros(timestamp.as_microsecond()))
        .map_err(|_| "neither like 2020-07-30T09:54:01Z (with its zone) nor microseconds since 1970".to_owned())
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Usage`] when nothing is said or the times are crossed, [`Exit::Input`] when the capture cannot be
/// read or is not native, [`Exit::Environment`] when the mark cannot be written.
pub fn run(args: &MarkArgs) -> Result<Exit, Failure> {
    let from = args.from.unwrap_or_else(clock::wall);
    let mark = Mark {
        from,
        to: args.to,
        device: args.device.clone(),
        model: args.model.clone(),
        distance: args.distance.map(Metres),
        orientation: args.orientation.clone(),
        obstacle: args.obstacle.clone(),
        note: args.note.clone(),
    };
    if mark
        == (Mark {
            from,
            to: args.to,
            ..Mark::default()
        })
    {
        return Err(Failure::new(Exit::Usage, "the mark says nothing")
            .hint("give at least one of --distance, --device, --model, --orientation, --obstacle, --note"));
    }
    if args.to.is_some_and(|to| to < from) {
        return Err(Failure::new(Exit::Usage, "the mark ends before it begins"));
    }
    let paths = Paths::of(&args.capture);
    let station = match &args.station {
        Some(name) => name.clone(),
        None => first_station(&args.capture)?,
    };
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
    report(format_args!(
        "{}: marked from {from}",
        printable(&paths.events.display().to_string())
    ));
    Ok(Exit::Done)
}

/// The name of the first receiver; also shows that this is a native capture.
fn first_station(capture: &Path) -> Result<String, Failure> {
    let native = |error: FormatError| match error {
        FormatError::Header { .. } => Failure::new(Exit::Input, format!("{}: not a native capture", capture.display()))
            .hint("convert it first: vicino convert IN NAME.csv"),
        error => input_failure(&error),
    };
    let mut reader = Reader::open(capture).map_err(native)?;
    let mut batch = Vec::new();
    loop {
        let more = reader.read(&mut batch).map_err(native)?;
        let name = batch.iter().find_map(|event| match event {
            CaptureEvent::Other(other) => match &other.kind {
                EventKind::Station(info) => Some(info.name.clone()),
                _ => None,
            },
            CaptureEvent::Advert(_) => None,
        });
        match name {
            Some(name) => return Ok(name),
            None if !more => return Ok(String::new()),
            None => batch.clear(),
        }
    }
}
