//! `vicino match`: which diagnosis keys were seen in captures.

mod captures;
mod confirm;
mod output;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use indicatif::ProgressBar;

use super::calibration::CalibrationArgs;
use super::keys::{LimitArgs, Loading, TrustArgs, load, one_stdin};
use super::{Exit, Failure, help, progress, tell, to_stdout};
use crate::format::open::parse_clock_offset;
use crate::keys::{Pool, Pooled};
use crate::lab::gaen::Rpi;
use crate::lab::matching::{Candidate, Counts, Hit, Index, Path as How};
use crate::lab::text::json_printable;
use crate::lab::time::{Enin, Micros, UnixMicros};

/// Keys that a thread takes at a time.
const CHUNK: usize = 8_192;

/// Finds the diagnosis keys whose identifiers were seen in captures.
///
/// Sightings count from two hours before to two hours after the interval of the identifier; of one identifier those within
/// twenty minutes of the first; with a TX power that a phone can have. The result depends on neither the order of files
/// nor the number of threads.
#[derive(Debug, Args)]
#[command(after_help = help::MATCH)]
pub(crate) struct MatchArgs {
    /// Captures, in any known format; `-` for standard input
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Key exports: zip, bare export.bin, or folders with *.zip in them; `-` for standard input
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Seconds added to every time of the captures (-7200 for logs written in CEST)
    #[arg(long, value_name = "SECONDS", default_value = "0", allow_hyphen_values = true, value_parser = parse_clock_offset)]
    clock_offset: Micros,
    #[command(flatten)]
    calibration: CalibrationArgs,
    /// Threads; by default as many as the machine has cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Prints CSV: one row per identifier and receiver
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Where an identifier was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    capture: usize,
    station: u16,
}

/// A key that was seen: one of its identifiers at one receiver.
struct Found<'a> {
    place: Place,
    receiver: String,
    pooled: &'a Pooled,
    enin: Enin,
    rpi: Rpi,
    first: UnixMicros,
    last: UnixMicros,
    sightings: usize,
    tx_power_dbm: Option<i8>,
    /// Least and middle attenuation, in dB.
    attenuation_db: Option<(i32, i32)>,
    /// Edition of the calibration list that these are by.
    edition: String,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when a capture or a file of keys cannot be read.
pub(super) fn run(args: &MatchArgs) -> Result<Exit, Failure> {
    one_stdin(&args.captures, &args.keys)?;
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or_else(cores, usize::from);
    let loading = Loading {
        limits: args.limits.limits(),
        threads,
        known: args.trust.known()?,
        shows_progress: true,
    };
    let keys = load(&args.keys, &loading)?;
    keys.tell();
    let mut heard = captures::read(args)?;
    let index = Index::new(std::mem::take(&mut heard.seen), true);
    let bar = progress::bar("matching", keys.candidates.len() as u64);
    let (hits, counts) = search(&index, &keys.candidates, threads, &bar);
    bar.finish_and_clear();
    let mut found = confirm::confirm(args, &keys.pool, &hits, &heard)?;
    // Whatever the order in which captures and keys were named.
    found.sort_by(|a, b| order(args, &keys.paths, a).cmp(&order(args, &keys.paths, b)));
    tell_counts(&keys.pool, &found, index.len(), counts);
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => {
            let value = output::as_json(args, &keys, &found, counts);
            writeln!(out, "{}", json_printable(&format!("{value:#}")))
        }
        (_, true) => output::as_csv(args, &keys.paths, &found, out),
        _ => output::as_text(args, &keys, &found, out),
    })?;
    keys.tell_end();
    Ok(keys.exit())
}

/// What rows are sorted by: capture, receiver, file of keys, key, interval, identifier.
fn order<'a>(
    args: &'a MatchArgs,
    files: &'a [PathBuf],
    found: &'a Found<'_>,
) -> (Option<&'a PathBuf>, &'a str, Option<&'a PathBuf>, usize, Enin, Rpi) {
    let (capture, file) = (args.captures.get(found.place.capture), files.get(found.pooled.file));
    (
        capture,
        &found.receiver,
        file,
        found.pooled.number,
        found.enin,
        found.rpi,
    )
}

/// Tells how many keys were seen, and what does not count.
fn tell_counts(pool: &Pool, found: &[Found<'_>], identifiers: usize, counts: Counts) {
    let n_keys: BTreeSet<_> = found
        .iter()
        .map(|found| (found.pooled.file, found.pooled.number))
        .collect();
    tell(format_args!(
        "{} of {} keys were seen; {identifiers} identifiers were heard; {} keys are of days without a capture",
        n_keys.len(),
        pool.keys.len(),
        counts.out_of_time
    ));
    for (n, what) in [
        (pool.repeated, "came again"),
        (pool.revised, "were revised by a later file"),
        (pool.superseded, "came again with a report type that may not follow"),
        (
            pool.with_another_time,
            "come with another time in another file; each is looked for",
        ),
        (pool.recursive, "are of contacts of contacts and are not looked for"),
    ] {
        if n > 0 {
            tell(format_args!("  {n} keys {what}"));
        }
    }
}

/// All keys, in chunks on so many threads; the result is the same for any number.
pub(super) fn search(index: &Index, keys: &[Candidate], threads: usize, bar: &ProgressBar) -> (Vec<Hit>, Counts) {
    let chunks: Vec<(usize, &[Candidate])> = keys.chunks(CHUNK).enumerate().collect();
    let share = chunks.len().div_ceil(threads.max(1)).max(1);
    let work = |chunks: &[(usize, &[Candidate])]| {
        let (mut hits, mut counts) = (Vec::new(), Counts::default());
        for (number, chunk) in chunks {
            let more = index.find(chunk, number * CHUNK, How::best(), &mut hits);
            bar.inc(chunk.len() as u64);
            counts.derived += more.derived;
            counts.out_of_time += more.out_of_time;
            counts.invalid += more.invalid;
        }
        (hits, counts)
    };
    let (mut hits, mut counts) = (Vec::new(), Counts::default());
    thread::scope(|scope| {
        let running: Vec<_> = chunks
            .chunks(share)
            .map(|chunks| scope.spawn(|| work(chunks)))
            .collect();
        for thread in running {
            // A thread that panics takes the program with it, as one alone would.
            let (more, of) = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            hits.extend(more);
            counts.derived += of.derived;
            counts.out_of_time += of.out_of_time;
            counts.invalid += of.invalid;
        }
    });
    hits.sort_unstable();
    (hits, counts)
}
