//! `vicino match`: which diagnosis keys were seen in captures.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use serde_json::{Value, json};

use super::convert::input_failure;
use super::keys::{LimitArgs, listed, read as read_keys, tell_left_out};
use super::{Exit, Failure, help, origin, tell, to_stdout};
use crate::format::open::{OpenOptions, in_file, open, parse_clock_offset};
use crate::keys::{ExportFile, Pool, Pooled};
use crate::lab::advert::Advertisement;
use crate::lab::attenuation::ProfileTable;
use crate::lab::crypto::BroadcastKeys;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::matching::{Candidate, Counts, Hit, Index, Path as How, Seen, is_in_time};
use crate::lab::session::Session;
use crate::lab::sightings::keyed::{REPLAY_SECONDS, TX_POWER_DBM, enin};
use crate::lab::text::{json_printable, printable};
use crate::lab::time::{Enin, Micros, UnixMicros};
use crate::runtime::{headless, session_options};

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/match/1";
/// Keys that a thread takes at a time.
const CHUNK: usize = 8_192;
const COLUMNS: [&str; 14] = [
    "capture",
    "receiver",
    "keys",
    "number",
    "report_type",
    "rpi",
    "interval",
    "first",
    "last",
    "sightings",
    "tx_dbm",
    "min_att",
    "median_att",
    "day",
];

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
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when a capture or a file of keys cannot be read.
pub(super) fn run(args: &MatchArgs) -> Result<Exit, Failure> {
    let paths = listed(&args.keys)?;
    let files = paths
        .iter()
        .map(|path| read_keys(path, args.limits.limits()))
        .collect::<Result<Vec<_>, _>>()?;
    tell_left_out(&paths, &files);
    let pool = Pool::new(&files.iter().collect::<Vec<&ExportFile>>());
    let (seen, places) = seen(args)?;
    let index = Index::new(seen, true);
    let candidates: Vec<Candidate> = pool.keys.iter().map(candidate).collect();
    let threads = args
        .threads
        .map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let (hits, counts) = search(&index, &candidates, threads);
    let found = confirm(args, &pool, &hits, &places)?;
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
        (pool.contradicting, "contradict an earlier file and do not count"),
        (pool.recursive, "are of contacts of contacts and are not looked for"),
    ] {
        if n > 0 {
            tell(format_args!("  {n} keys {what}"));
        }
    }
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => writeln!(
            out,
            "{}",
            json_printable(&format!("{:#}", as_json(args, &paths, &found, &pool, counts)))
        ),
        (_, true) => as_csv(args, &paths, &found, out),
        _ => as_text(args, &found, out),
    })
}

pub(super) fn candidate(pooled: &Pooled) -> Candidate {
    Candidate {
        tek: pooled.key.tek.clone(),
        start: pooled.key.rolling_start,
        period: pooled.key.period(),
    }
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
    let mut receivers: BTreeMap<Place, (String, String)> = BTreeMap::new();
    for (capture, rpis) in &wanted {
        gather(args, *capture, rpis, &mut reports, &mut receivers)?;
    }
    let mut found = Vec::new();
    for (place, key, enin, rpi) in all {
        let (receiver, model) = receivers.get(&place).cloned().unwrap_or_default();
        let Some(reports) = reports.get(&(place, rpi)) else {
            continue;
        };
        found.extend(count(&pool.keys[key], enin, rpi, reports, &model).map(|found| Found {
            place,
            receiver,
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
    receivers: &mut BTreeMap<Place, (String, String)>,
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
                        receivers.insert(place, (info.name, info.model));
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
fn count<'a>(pooled: &'a Pooled, of: Enin, rpi: Rpi, reports: &[Report], receiver: &str) -> Option<Found<'a>> {
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
    let correction = i32::from(ProfileTable::starter().receiver(receiver).rssi_correction_db);
    let attenuation = |report: &&Report| {
        let (tx, rssi) = (told(report)?, report.rssi?);
        Some((i32::from(tx) - (i32::from(rssi) + correction)).max(0))
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
    })
}

fn day(key: Enin) -> String {
    UnixMicros(i64::from(key.0) * 600_000_000)
        .to_string()
        .chars()
        .take(10)
        .collect()
}

fn report_type(found: &Found<'_>) -> &'static str {
    found.pooled.key.report_type.map_or("", crate::keys::ReportType::word)
}

fn as_csv(args: &MatchArgs, files: &[PathBuf], found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for one in found {
        let db = |value: Option<i32>| value.map(|value| value.to_string()).unwrap_or_default();
        writer.write_record([
            name(&args.captures[one.place.capture]),
            one.receiver.clone(),
            name(&files[one.pooled.file]),
            one.pooled.number.to_string(),
            report_type(one).to_owned(),
            one.rpi.to_string(),
            one.enin.0.to_string(),
            one.first.to_string(),
            one.last.to_string(),
            one.sightings.to_string(),
            one.tx_power_dbm.map(|tx| tx.to_string()).unwrap_or_default(),
            db(one.attenuation_db.map(|(least, _)| least)),
            db(one.attenuation_db.map(|(_, middle)| middle)),
            day(one.pooled.key.rolling_start),
        ])?;
    }
    writer.flush()
}

fn name(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

fn as_json(args: &MatchArgs, files: &[PathBuf], found: &[Found<'_>], pool: &Pool, counts: Counts) -> Value {
    let matches = found.iter().map(|one| {
        json!({
            "capture": args.captures[one.place.capture].display().to_string(),
            "receiver": one.receiver,
            "keys": files[one.pooled.file].display().to_string(),
            "number": one.pooled.number,
            "report_type": one.pooled.key.report_type,
            "day": day(one.pooled.key.rolling_start),
            "rpi": one.rpi.to_string(),
            "interval": one.enin,
            "first_us": one.first.0,
            "last_us": one.last.0,
            "sightings": one.sightings,
            "tx_power_dbm": one.tx_power_dbm,
            "min_attenuation_db": one.attenuation_db.map(|(least, _)| least),
            "median_attenuation_db": one.attenuation_db.map(|(_, middle)| middle),
        })
    });
    json!({
        "schema": SCHEMA,
        "keys": {
            "files": files.len(),
            "keys": pool.keys.len(),
            "repeated": pool.repeated,
            "revised": pool.revised,
            "contradicting": pool.contradicting,
            "recursive": pool.recursive,
            "of_days_without_a_capture": counts.out_of_time,
        },
        "matches": matches.collect::<Vec<_>>(),
    })
}

fn as_text(args: &MatchArgs, found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{:<16} {:<11} {:>6}  {:<8}  {:<19}  {:>9} {:>8} {:>9}  REPORT",
        "CAPTURE", "DAY OF KEY", "KEY", "RPI", "FIRST SEEN (UTC)", "SIGHTINGS", "TX", "MIN ATTEN"
    )?;
    for one in found {
        let capture = args.captures[one.place.capture]
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let capture: String = printable(&capture).chars().take(16).collect();
        let first = one.first.to_string();
        let tx = one
            .tx_power_dbm
            .map_or_else(|| "–".to_owned(), |tx| format!("{tx} dBm"));
        let least = one
            .attenuation_db
            .map_or_else(|| "–".to_owned(), |(least, _)| format!("{least} dB"));
        writeln!(
            out,
            "{capture:<16} {:<11} {:>6}  {:<8}  {:<19}  {:>9} {tx:>8} {least:>9}  {}",
            day(one.pooled.key.rolling_start),
            one.pooled.number,
            one.rpi.to_string().chars().take(8).collect::<String>(),
            first.get(..19).unwrap_or(&first).replace('T', " "),
            one.sightings,
            report_type(one)
        )?;
    }
    Ok(())
}
