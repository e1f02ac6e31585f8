//! `vicino calibrate measure`: the screen, which leads through the measuring of a phone.

use std::path::PathBuf;

use clap::{Args, Parser};

use super::super::replay::Replay;
use super::super::{Exit, Failure, Look, screen, tell};
use crate::app::calibrate::{Planned, plan};
use crate::lab::calibration::editions;
use crate::lab::calibration::measure::Receiver;
use crate::lab::text::printable;

/// Leads through the measuring of a phone on a bench, to its profile
///
/// The plan are words: numbers are distances in metres, other words orientations, and where wanted dwell=SECONDS,
/// reports=N, model=NAME and phone=NAME (a lab key's device, an address, or strongest); without any 1, 0.5, 2 and 4 m.
///
/// One end must be known: the receiver, by its model (receiver=MODEL) or, where no list has it, by its correction in dB
/// (receiver=hci0:5), and the phone's TX power is measured; or the phone, by a model that is known or by tx=DBM, and the
/// receiver's correction is measured. Where both are told the attenuation at 1 m is; otherwise that is taken as 42 dB (Google's
/// chamber), or as a1=DB says.
///
/// The screen says what to do next, shows how good what is heard is, and marks every accepted step in the recording (r begins
/// one), so that `vicino calibrate fit` can compute it again; at the end it names the options that give the same (`--session`
/// chooses the marks of this measurement). A step that is measured again takes back its mark before.
#[derive(Debug, Args)]
pub(super) struct MeasureArgs {
    /// The plan: 1 0.5 2 4 front back side dwell=60 reports=100 model=SM-A515F receiver="Pixel 4"
    #[arg(value_name = "WORD", allow_hyphen_values = false)]
    words: Vec<String>,
    /// Plays a capture instead of listening
    #[arg(long, value_name = "CAPTURE")]
    from: Option<PathBuf>,
    /// With --from: lab keys; by default NAME.keys.csv beside NAME.csv
    #[arg(long, value_name = "FILE", requires = "from")]
    keys: Option<PathBuf>,
    /// With --from: how many times as fast
    #[arg(long, value_name = "FACTOR", requires = "from", default_value = "1")]
    speed: String,
    /// With --from: calibration list, as of `replay`; without it the capture's, or the one that was in force at its time
    #[arg(long, value_name = "EDITION|FILE", requires = "from")]
    edition: Option<String>,
    /// Model of the receiver, or its name and correction in dB (`hci0:5`), as receiver= in the plan
    #[arg(long, value_name = "MODEL|NAME:DB", value_parser = receiver)]
    receiver: Option<Receiver>,
}

/// The arguments of `replay`, to be parsed as its own.
#[derive(Debug, Parser)]
struct Playing {
    #[command(flatten)]
    replay: Replay,
}

fn receiver(text: &str) -> Result<Receiver, String> {
    Receiver::parse(text)
}

/// Models that no list has: said before the screen opens, and on it.
fn warn(planned: &Planned) {
    let receiver = planned
        .told
        .receiver
        .as_ref()
        .filter(|told| told.correction_db.is_none());
    let named = [
        ("receiver", receiver.map(|told| told.name.as_str())),
        ("model", planned.model.as_deref()),
    ];
    for (what, name) in named {
        if let Some(doubt) = name.and_then(|name| editions::newest().doubt(name)) {
            tell(format_args!("{what}: {}", printable(&doubt)));
        }
    }
}

/// Opens the screen on the tab Calibrate.
///
/// # Errors
/// [`Failure`]: [`Exit::Usage`] for a plan that is none, or without a terminal; [`Exit::Input`] for a capture that cannot be
/// read.
pub(super) fn run(args: &MeasureArgs, look: &Look) -> Result<Exit, Failure> {
    let quoted = |word: &String| {
        if word.contains(' ') {
            format!("\"{word}\"")
        } else {
            word.clone()
        }
    };
    let text = args.words.iter().map(quoted).collect::<Vec<_>>().join(" ");
    let mut planned: Planned = plan(&text).map_err(|error| {
        Failure::new(Exit::Usage, error)
            .hint("for example: 0.5 1 2 front back dwell=60 model=SM-A515F receiver=\"Pixel 4\"")
    })?;
    planned.told.receiver = args.receiver.clone().or(planned.told.receiver);
    warn(&planned);
    let Some(capture) = &args.from else {
        return screen::first_adapter(look, Some(planned));
    };
    let mut words: Vec<std::ffi::OsString> = vec!["replay".into(), "--speed".into(), args.speed.clone().into()];
    if let Some(keys) = &args.keys {
        words.extend(["--keys".into(), keys.clone().into_os_string()]);
    }
    if let Some(edition) = &args.edition {
        words.extend(["--edition".into(), edition.into()]);
    }
    words.extend(["--".into(), capture.clone().into_os_string()]);
    let playing = Playing::try_parse_from(words).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    screen::replay(&playing.replay, look, Some(planned))
}
