//! `vicino scan`: live radio without a screen, a line per advertisement.

mod output;

use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use tokio::sync::mpsc;

use self::output::{Form, Writer};
use super::signals::Signals;
use super::{Exit, Failure, help, tell};
use crate::format::reason;
use crate::lab::text::printable;
use crate::source::ble_error::BleError;
use crate::source::live::{self, Live, Only, Options, Power};
use crate::source::{Batch, Outlet};

/// How long the source and the writer may take to end when they are asked to.
const FAREWELL: Duration = Duration::from_secs(5);

/// What to do where there is no radio.
const INSTEAD: &str = "without a radio: `vicino replay CAPTURE`, or `vicino simulate demo` for a capture";

/// Options of `vicino scan`.
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
#[derive(Debug, Args)]
#[command(after_help = help::SCAN)]
pub(crate) struct ScanArgs {
    /// One JSON object a line, as `convert` writes to NAME.jsonl; at the end a summary
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a header row: advertisements only
    #[arg(long)]
    csv: bool,
    /// No lines, only the summary at the end
    #[arg(long, conflicts_with = "csv")]
    summary: bool,
    /// End after this time of the clock, for example 60s or 1h30m
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    limit: Option<Duration>,
    /// Keep only these advertisements
    #[arg(long, value_name = "WHAT")]
    only: Option<OnlyArg>,
    /// The adapter to use; without it, the first
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Switch the adapter on if it is off
    #[arg(long)]
    power_on: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OnlyArg {
    /// Exposure notifications
    Gaen,
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let refuse = |_| "not a time like 60s, 5m or 1h30m".to_owned();
    let time: SignedDuration = text.parse().map_err(refuse)?;
    Duration::try_from(time).map_err(|_| "a time cannot be negative".to_owned())
}

/// The failure of a radio that cannot be used, with its remedy and what to do without a radio.
pub(super) fn no_radio(error: &BleError, instead: &str) -> Failure {
    let failure = Failure::new(Exit::Environment, error.to_string()).hint(error.remedy());
    match error {
        BleError::NoSuchAdapter { .. } => failure,
        _ => failure.hint(instead),
    }
}

/// Runs the verb.
pub(crate) fn run(args: ScanArgs) -> Result<Exit, Failure> {
    let form = match (args.json, args.csv, args.summary) {
        (true, _, false) => Form::Json,
        (true, _, true) => Form::JsonSummary,
        (_, true, _) => Form::Csv,
        (_, _, true) => Form::Summary,
        _ => Form::Human,
    };
    let options = Options {
        adapter: args.adapter,
        only: args.only.map_or(Only::Everything, |OnlyArg::Gaen| Only::Gaen),
        power: if args.power_on { Power::On } else { Power::Ask },
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Environment, format!("cannot start: {error}")))?;
    runtime.block_on(scan(options, args.limit, form))
}

async fn scan(options: Options, limit: Option<Duration>, form: Form) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let (outlet, _recorder, receiver) = Outlet::new();
    let live = tokio::select! {
        biased;
        () = signals.next() => return Ok(Exit::Done),
        live = live::start(options, outlet) => live.map_err(|error| no_radio(&error, INSTEAD))?,
    };
    tell(format_args!(
        "scanning on {} ({})",
        printable(&live.station.name),
        live.capabilities.source
    ));
    let mut writer = tokio::task::spawn_blocking(move || write(receiver, form));
    let mut status = live.status();
    let mut said = status.borrow_and_update().clone();
    let over = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            written = &mut writer => return finished(written),
            () = signals.next() => break,
            () = &mut over => break,
            Ok(()) = status.changed() => {
                let status = status.borrow_and_update().clone();
                if status != said {
                    say(&status);
                }
                said = status;
            }
        }
    }
    farewell(&live, &mut signals, writer).await
}

fn say(status: &live::Status) {
    tell(format_args!("{}", said(status)));
}

/// What there is to say about a change of the radio; safe to show.
pub(super) fn said(status: &live::Status) -> String {
    match &status.error {
        None => "scanning again".to_owned(),
        Some(error) => format!(
            "not scanning: {}\n  hint: {}",
            printable(&error.to_string()),
            error.remedy()
        ),
    }
}

/// Lets the source end, and what it had heard be written; a reader that takes nothing any more is not waited for, nor is
/// anything after a second signal.
async fn farewell(
    live: &Live,
    signals: &mut Signals,
    writer: tokio::task::JoinHandle<std::io::Result<()>>,
) -> Result<Exit, Failure> {
    live.stop();
    tokio::select! {
        written = writer => finished(written),
        () = signals.next() => std::process::exit(Exit::Done as i32),
        () = tokio::time::sleep(FAREWELL) => std::process::exit(Exit::Done as i32),
    }
}

fn finished(written: Result<std::io::Result<()>, tokio::task::JoinError>) -> Result<Exit, Failure> {
    let written = written.map_err(|error| Failure::new(Exit::Environment, format!("output failed: {error}")))?;
    match written {
        // Whoever read has enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Environment,
            format!("cannot write the output: {}", reason(&error)),
        )),
        _ => Ok(Exit::Done),
    }
}

fn write(mut receiver: mpsc::Receiver<Batch>, form: Form) -> std::io::Result<()> {
    let mut writer = Writer::new(std::io::stdout().lock(), form)?;
    while let Some(batch) = receiver.blocking_recv() {
        writer.accept(&batch)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(parse_time("60s"), Ok(Duration::from_mins(1)));
        assert_eq!(parse_time("1h30m"), Ok(Duration::from_mins(90)));
        for wrong in ["", "60", "soon", "-5s"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_radio_that_cannot_be_used_ends_with_the_environment_s_code_and_a_remedy() {
        let failure = no_radio(&BleError::NoAdapter { in_kernel: false }, INSTEAD);
        assert_eq!(failure.exit, Exit::Environment);
        let text = failure.to_string();
        assert!(
            text.contains("\n  hint: plug one in") && text.contains("\n  hint: without a radio: `vicino replay"),
            "{text}"
        );
    }
}
