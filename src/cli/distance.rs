//! `vicino distance`: how far apart phones were, with intervals; `train` and `score` against truth.

mod input;
mod judged;
mod output;
mod score;
mod train;

use std::path::PathBuf;
use std::thread;

use clap::{Args, Subcommand};

use super::mark::time;
use super::measured::truth;
use super::{Exit, Failure, help, tell, to_stdout};
use crate::lab::distance::{Estimate, Estimator, Mode, Query, Score};
use crate::lab::time::UnixMicros;
use input::InputArgs;

/// Estimates how far apart phones were: a median, an interval of 90 %, and the probability of being near.
///
/// Of every pair whose sender is known from its own log, a lab key, a mark or truth, in windows of time. Give the logs of all
/// phones that were there: what each heard of the others, in both directions, is taken together.
#[derive(Debug, Args)]
#[command(after_help = help::DISTANCE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct DistanceArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    estimate: EstimateArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    Train(train::TrainArgs),
    Score(score::ScoreArgs),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
struct EstimateArgs {
    /// Captures; those of the same hours tell of each other
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Truth that names senders: a simulator's NAME.truth.csv
    #[arg(long, value_name = "FILE.csv")]
    truth: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// Length of the windows, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = window)]
    window: f64,
    /// When the first window begins: 2020-07-30T12:51:45.857Z, or seconds since 1970 (1596113505.857); by default with the
    /// first report
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    from: Option<UnixMicros>,
    /// A row for each report that was heard, with the estimate of its window, instead of one for each window
    #[arg(long)]
    each: bool,
    /// Also identifiers of nobody that is known, each as a sender of its own
    #[arg(long)]
    unknown: bool,
    /// What may be known: `live` what the receiver heard so far, `replay` all logs and both directions of time
    #[arg(long, value_name = "MODE", default_value = "replay", value_parser = mode)]
    mode: Mode,
    /// Prints CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

fn mode(text: &str) -> Result<Mode, &'static str> {
    match text {
        "live" => Ok(Mode::Live),
        "replay" => Ok(Mode::Replay),
        _ => Err("live or replay"),
    }
}

/// A time: as a date, in seconds since 1970 as truth has it, or in microseconds as captures have it.
fn moment(text: &str) -> Result<UnixMicros, String> {
    /// Seconds of the year 5138, microseconds of 28 hours after 1970: nobody means these.
    const MOST_SECONDS: f64 = 1e11;
    match text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the limit")]
        Ok(seconds) if seconds.abs() < MOST_SECONDS => Ok(UnixMicros((seconds * 1e6).round() as i64)),
        _ => time(text).map_err(|_| {
            "neither like 2020-07-30T12:51:45Z (with its zone) nor seconds since 1970, like 1596113505.857".to_owned()
        }),
    }
}

fn window(text: &str) -> Result<f64, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| (1.0..=86_400.0).contains(seconds));
    seconds.ok_or("1 to 86400 seconds")
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`]: [`Exit::Input`] for captures, truth or models that cannot be read, [`Exit::Environment`] for what cannot be
/// written.
pub(crate) fn run(args: &DistanceArgs) -> Result<Exit, Failure> {
    match &args.what {
        None => estimate(&args.estimate),
        Some(What::Train(args)) => train::run(args),
        Some(What::Score(args)) => score::run(args),
    }
}

/// The scores of windows, on all cores; they do not depend on how many.
fn scores(estimator: &Estimator<'_>, queries: &[Query]) -> Vec<Score> {
    let jobs = estimator.jobs(queries);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut found: Vec<(usize, Score)> = Vec::with_capacity(queries.len());
    thread::scope(|scope| {
        let work = |nth: usize| {
            let jobs = jobs.iter().skip(nth).step_by(threads);
            jobs.flat_map(|job| estimator.run(queries, job)).collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..threads).map(|nth| scope.spawn(move || work(nth))).collect();
        for thread in running {
            // A thread that panics takes the program with it, as one alone would.
            found.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, score)| score).collect()
}

fn estimate(args: &EstimateArgs) -> Result<Exit, Failure> {
    let model = args.input.estimator()?;
    let heard = args.input.heard(&args.captures, &truth(&args.truth)?, &model)?;
    let from_s = args.from.map_or_else(
        || {
            heard
                .levels
                .iter()
                .map(|level| level.at_s)
                .fold(f64::INFINITY, f64::min)
        },
        |from| heard.seconds(from),
    );
    let windows = heard.windows(if from_s.is_finite() { from_s } else { 0.0 }, args.window, args.unknown);
    if windows.is_empty() {
        tell(format_args!("no estimates: {}", input::nothing(&heard)));
    }
    let estimator = Estimator::new(&heard.levels, &heard.stations, args.mode, &model);
    let scores = scores(&estimator, &windows);
    let estimates: Vec<Estimate> = windows
        .iter()
        .zip(&scores)
        .map(|(query, score)| model.estimate(args.mode, query, *score))
        .collect();
    let near = model.decide(args.mode, &windows, &estimates);
    let rows = output::Rows {
        heard: &heard,
        windows: &windows,
        estimates: &estimates,
        scores: &scores,
        near: &near,
        model: &model,
        mode: args.mode,
        each: args.each,
    };
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => rows.as_json(out),
        (_, true) => rows.as_csv(out),
        _ => rows.as_text(out),
    })
}
