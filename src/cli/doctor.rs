//! `vicino doctor`: what keeps this computer from scanning, recording and showing, and what to do about it.

mod gather;
mod radio;
mod rows;
mod text;

use std::io::{self, IsTerminal as _};

use clap::Args;
use serde_json::json;

use self::rows::{Row, Verdict};
use super::{ColorWhen, Exit, Failure, help, to_stdout};
use crate::lab::text::json_printable;

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/doctor/1";

/// Checks the terminal, Bluetooth and the disk, and says how to put right what is wrong.
///
/// Needs no rights and changes nothing; it takes some seconds at most.
#[derive(Debug, Args)]
#[command(after_help = help::DOCTOR)]
pub(crate) struct DoctorArgs {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] when standard output cannot be written.
pub(crate) fn run(args: &DoctorArgs, color: ColorWhen) -> Result<Exit, Failure> {
    let rows = rows::rows(&gather::facts(color));
    let text = if args.json {
        json(&rows)
    } else {
        let is_colored = match color {
            ColorWhen::Auto => color.is_on() && io::stdout().is_terminal(),
            _ => color.is_on(),
        };
        text::text(&rows, is_colored)
    };
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(exit(&rows))
}

/// Only what scanning needs can fail.
fn exit(rows: &[Row]) -> Exit {
    match rows::worst(rows) {
        Verdict::Fail => Exit::Environment,
        _ => Exit::Done,
    }
}

fn json(rows: &[Row]) -> String {
    let value = json!({
        "schema": SCHEMA,
        "vicino": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "verdict": rows::worst(rows),
        "checks": rows,
    });
    json_printable(&format!("{value:#}\n")).into_owned()
}
