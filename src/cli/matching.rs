//! `vicino match`: which diagnosis keys were seen in captures.

mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::thread;

use clap::Args;

use super::calibration::CalibrationArgs;
use super::convert::input_failure;
use super::keys::{LimitArgs, load};
use super::{Exit, Failure, help, origin, tell, to_stdout};
use crate::format::open::{OpenOptions, in_file, open, parse_clock_offset};
use crate::keys::{Pool, Pooled};
use crate::lab::advert::Advertisement;
use crate::lab::crypto::BroadcastKeys;
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::matching::{Candidate, Counts, Hit, Index, Path as How, Seen, is_in_time};
use crate::lab::session::Session;
use crate::lab::sightings::keyed::{REPLAY_SECONDS, TX_POWER_DBM, enin};
use crate::lab::text::json_printable;
use crate::lab::time::{Enin, Micros, UnixMicros};
use crate::runtime::{headless, session_options};

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
    /// Captures, in any known format
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Key exports: zip, bare export.bin, or folders with *.zip in them
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    keys: Vec<PathBuf>,
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
    let threads = args
        .threads
        .map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let keys = load(&args.keys, args.limits.limits(), threads)?;
    keys.tell();
    let (seen, places) = seen(args)?;
    let index = Index::new(seen, true);
    let (hits, counts) = search(&index, &keys.candidates, threads);
    let pool = &keys.pool;
    let found = confirm(args, pool, &hits, &places)?;
    let n_keys: BTreeSet<_> = found
        .iter()
        .map(|found| (found.pooled.file, found.pooled.number))
        .collect();
    tell(format_args!(
        "{} of {} keys were seen; {} identifiers were heard; {} keys are of days without a capture",
        n_keys.len(),
        pool.keys.len(),
        index.len(),
        counts.out_of_time
    ));
    for (n, what) in [
        (pool.repeated, "came again"),
        (pool.revised, "were revised by a later file"),
        (pool.superseded, "came again with a report type that may not follow"),
        (pool.contradicting, "contradict an earlier file and do not count"),
        (pool.recursive, "are of contacts of contacts and are not looked for"),
    ] {
        if n > 0 {
            tell(format_args!("  {n} keys {what}"));
        }
    }
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => {
            let value = output::as_json(args, &keys, &found, counts);
            writeln!(out, "{}", json_printable(&format!("{value:#}")))
        }
        (_, true) => output::as_csv(args, &keys.paths, &found, out),
        _ => output::as_text(args, &found, out),
    })?;
    keys.tell_end();
    Ok(keys.exit())
}

/// The identifiers of all captures, and where each was seen.
fn seen(args: &MatchArgs) -> Result<(Vec<Seen>, Vec<Place>), Failure> {
    let (mut seen, mut places) = (Vec::new(), Vec::new());
    for (capture, path) in args.captures.iter().enumerate() {
        let failed = |error| input_failure(&in_file(path, error));
        let mut reader = open(path, &options(args)).map_err(failed)?;
        origin::warn(path);
        let mut session = Session::new(session_options());
        headless::replay(&mut *reader, &mut session, headless::Options::default(), |_| {}).map_err(failed)?;
        for record in session.ledger().iter() {
            let times = enin(record.first).zip(enin(record.last));
            let (Some(rpi), Some((first, last))) = (record.rpi(), times) else {
                continue;
            };
            seen.push(Seen { rpi, first, last });
            let station = record.key().station.0;
            places.push(Place { capture, station });
        }
    }
    Ok((seen, places))
}

fn options(args: &MatchArgs) -> OpenOptions {
    OpenOptions {
        clock_offset: args.clock_offset,
        ..OpenOptions::default()
    }
}

/// All keys, in chunks on so many threads; the result is the same for any number.
pub(super) fn search(index: &Index, keys: &[Candidate], threads: usize) -> (Vec<Hit>, Counts) {
    let chunks: Vec<(usize, &[Candidate])> = keys.chunks(CHUNK).enumerate().collect();
    let share = chunks.len().div_ceil(threads.max(1)).max(1);
    let work = |chunks: &[(usize, &[Candidate])]| {
        let (mut hits, mut counts) = (Vec::new(), Counts::default());
        for (number, chunk) in chunks {
            let more = index.find(chunk, number * CHUNK, How::best(), &mut hits);
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

/// A report of an identifier that belongs to a key.
struct Report {
    at: UnixMicros,
    rssi: Option<i8>,
    aem: Option<Aem>,
}

/// Reads the captures with hits again and keeps what counts: an index knows of a span, not of each sighting.
fn confirm<'a>(args: &MatchArgs, pool: &'a Pool, hits: &[Hit], places: &[Place]) -> Result<Vec<Found<'a>>, Failure> {
    let mut wanted: BTreeMap<usize, BTreeSet<Rpi>> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for hit in hits {
        let pooled = &pool.keys[hit.key];
        let rpi = BroadcastKeys::derive(&pooled.key.tek).rpi(hit.enin);
        let place = places[hit.seen];
        wanted.entry(place.capture).or_default().insert(rpi);
        all.insert((place, hit.key, hit.enin, rpi));
    }
    let mut reports: BTreeMap<(Place, Rpi), Vec<Report>> = BTreeMap::new();
    let mut receivers: BTreeMap<Place, StationInfo> = BTreeMap::new();
    for (capture, rpis) in &wanted {
        gather(args, *capture, rpis, &mut reports, &mut receivers)?;
    }
    let calibration = args.calibration.calibration();
    let mut found = Vec::new();
    for (place, key, enin, rpi) in all {
        let receiver = receivers.get(&place).cloned().unwrap_or_default();
        let Some(reports) = reports.get(&(place, rpi)) else {
            continue;
        };
        let Some(first) = reports.iter().map(|report| report.at).min() else {
            continue;
        };
        let table = calibration.table(Some(&receiver), first);
        let model = calibration.model_of(&receiver.name).unwrap_or(&receiver.model);
        let correction_db = i32::from(table.receiver(model).rssi_correction_db);
        let counted = count(&pool.keys[key], enin, rpi, reports, correction_db);
        found.extend(counted.map(|found| Found {
            place,
            receiver: receiver.name.clone(),
            edition: table.edition.clone(),
            ..found
        }));
    }
    Ok(found)
}

fn gather(
    args: &MatchArgs,
    capture: usize,
    rpis: &BTreeSet<Rpi>,
    reports: &mut BTreeMap<(Place, Rpi), Vec<Report>>,
    receivers: &mut BTreeMap<Place, StationInfo>,
) -> Result<(), Failure> {
    let path = &args.captures[capture];
    let failed = |error| input_failure(&in_file(path, error));
    let mut reader = open(path, &options(args)).map_err(failed)?;
    let (mut events, mut more) = (Vec::new(), true);
    while more {
        more = reader.read(&mut events).map_err(failed)?;
        for event in events.drain(..) {
            let station = event.station().0;
            let place = Place { capture, station };
            match event {
                CaptureEvent::Advert(advert) => {
                    if let Some((rpi, report)) = report(&advert).filter(|(rpi, _)| rpis.contains(rpi)) {
                        reports.entry((place, rpi)).or_default().push(report);
                    }
                }
                CaptureEvent::Other(event) => {
                    if let EventKind::Station(info) = event.kind {
                        receivers.insert(place, info);
                    }
                }
            }
        }
    }
    Ok(())
}

fn report(advert: &Advertisement) -> Option<(Rpi, Report)> {
    if advert.details.bad_crc || advert.is_scan_response() {
        return None;
    }
    let frame = gaen::decode(&advert.data)?;
    let report = Report {
        at: advert.at,
        rssi: advert.rssi.map(|rssi| rssi.0),
        aem: frame.aem,
    };
    Some((frame.rpi, report))
}

/// What of the reports counts for the key; `None` where nothing does.
fn count<'a>(pooled: &'a Pooled, of: Enin, rpi: Rpi, reports: &[Report], correction_db: i32) -> Option<Found<'a>> {
    let derived = BroadcastKeys::derive(&pooled.key.tek);
    let in_time = |report: &&Report| enin(report.at).is_some_and(|seen| is_in_time(of, seen));
    let start = reports.iter().filter(in_time).map(|report| report.at).min()?;
    let counted = reports
        .iter()
        .filter(in_time)
        .filter(|report| report.at.whole_seconds() - start.whole_seconds() <= REPLAY_SECONDS);
    let told = |report: &Report| report.aem.map(|aem| derived.open(rpi, aem).tx_power().0);
    let counted = counted.filter(|report| told(report).is_none_or(|tx| TX_POWER_DBM.contains(&tx)));
    let counted: Vec<&Report> = counted.collect();
    let attenuation = |report: &&Report| {
        let (tx, rssi) = (told(report)?, report.rssi?);
        Some((i32::from(tx) - (i32::from(rssi) + correction_db)).max(0))
    };
    let mut attenuations: Vec<i32> = counted.iter().filter_map(attenuation).collect();
    attenuations.sort_unstable();
    let least = attenuations.first().copied();
    let middle = attenuations.get(attenuations.len() / 2).copied();
    Some(Found {
        place: Place { capture: 0, station: 0 },
        receiver: String::new(),
        pooled,
        enin: of,
        rpi,
        first: counted.iter().map(|report| report.at).min()?,
        last: counted.iter().map(|report| report.at).max()?,
        sightings: counted.len(),
        tx_power_dbm: counted.iter().find_map(|report| told(report)),
        attenuation_db: least.zip(middle),
        edition: String::new(),
    })
}
