//! `vicino calibrate measure`: the screen, which leads through the measuring of a phone.

use std::path::PathBuf;

use clap::{Args, Parser};

use super::super::replay::Replay;
use super::super::{Exit, Failure, Look, screen};
use crate::app::calibrate::{Planned, plan};

/// Leads through the measuring of a phone on a bench, to its profile
///
/// The plan are words: numbers are distances in metres, other words orientations, and where wanted dwell=SECONDS,
/// reports=N, model=NAME and phone=NAME (a lab key's device, an address, or strongest); without any 1, 0.5, 2 and 4 m. The screen says what to do next, shows how good what is heard is, and
/// marks every accepted step in the recording (r begins one), so that `vicino calibrate fit` can compute it again.
#[derive(Debug, Args)]
pub(super) struct MeasureArgs {
    /// The plan: 1 0.5 2 4 front back side dwell=60 reports=100 model=SM-A515F
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
    /// With --from: model of the receiver, where the capture does not say it
    #[arg(long, value_name = "MODEL", requires = "from")]
    receiver: Option<String>,
}

/// The arguments of `replay`, to be parsed as its own.
#[derive(Debug, Parser)]
struct Playing {
    #[command(flatten)]
    replay: Replay,
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
    let planned: Planned = plan(&text).map_err(|error| {
        Failure::new(Exit::Usage, error).hint("for example: 0.5 1 2 front back dwell=60 model=SM-A515F")
    })?;
    let Some(capture) = &args.from else {
        return screen::first_adapter(look, Some(planned));
    };
    let mut words: Vec<std::ffi::OsString> = vec!["replay".into(), "--speed".into(), args.speed.clone().into()];
    for (name, value) in [
        ("--keys", args.keys.as_ref().map(|keys| keys.clone().into_os_string())),
        ("--model", args.receiver.clone().map(Into::into)),
    ] {
        words.extend(value.map(|value| [name.into(), value]).into_iter().flatten());
    }
    words.extend(["--".into(), capture.clone().into_os_string()]);
    let playing = Playing::try_parse_from(words).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    screen::replay(&playing.replay, look, Some(planned))
}
