//! `vicino exposure CAPTURE --keys FILE`: from a phone's log and published keys to what its application would have told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::super::keys::{LimitArgs, Loaded, Loading, TrustArgs, load, one_stdin};
use super::super::matching::search;
use super::super::{Exit, Failure, tell, to_stdout};
use super::assess::{self, Decided};
use super::windows::{Phone, PhoneArgs, RULES, phones};
use crate::keys::{Pool, Pooled, ReportType};
use crate::lab::calibration::ProfileTable;
use crate::lab::exposure::infectiousness::{Infectiousness, Map};
use crate::lab::exposure::rule::{ApiWindow, Chain, Config, Evidence, Onset};
use crate::lab::matching::{Hit, Index, Seen};
use crate::lab::sightings::Sighting;
use crate::lab::sightings::keyed::{ByIdentifier, counted, enin};
use crate::lab::sightings::windows::{Window, windows};
use crate::lab::text::{json_printable, printable};
use crate::lab::time::Enin;

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/exposure/1";
/// How a key's sightings were chosen, for who reads the result.
const KEY_RULES: [&str; 3] = [
    "sightings count from two hours before to two hours after the interval of the identifier",
    "of one identifier, sightings later than 1200 s after the first one do not count",
    "the TX power is the one that the metadata decrypt to; others than -50 to 20 dBm do not count",
];

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct ByKeysArgs {
    /// Captures of phones; each receiver decides for itself
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Key exports: zip, bare export.bin, or folders with *.zip in them; `-` for standard input
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Rules by name, or files of rules, which win over built-in ones of the same name; without one, all built-in ones
    #[arg(long = "config", value_name = "NAME|FILE.toml")]
    configs: Vec<String>,
    /// Infectiousness by days since the onset of symptoms, as applications carry it: a 64-bit number in hexadecimal, two
    /// bits a day from -14 on; without it what the rule says, or as usual on all days
    #[arg(long, value_name = "HEX", value_parser = infectiousness)]
    infectiousness: Option<Map>,
    #[command(flatten)]
    day: assess::DayArg,
    #[command(flatten)]
    phones: PhoneArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// Also what each decision was made upon: exposures and their summary, or daily summaries
    #[arg(long)]
    details: bool,
    /// Prints CSV: one row per scan instance
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// With --csv: one row per decision instead
    #[arg(long, requires = "csv")]
    decisions: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

fn infectiousness(text: &str) -> Result<Map, String> {
    let digits = text.trim_start_matches("0x");
    let bits =
        u64::from_str_radix(digits, 16).map_err(|error| format!("{error}; up to 16 hexadecimal digits are wanted"))?;
    let mut pairs = (0..30).map(|place| bits >> (2 * place) & 3);
    match pairs.position(|level| level == 3) {
        Some(29) => {
            Err("for an onset that is missing it has the value 3; there are 0 none, 1 as usual, 2 high".to_owned())
        }
        Some(place) => {
            let day = i64::try_from(place).unwrap_or(0) - 14;
            Err(format!(
                "for day {day} it has the value 3; there are 0 none, 1 as usual, 2 high"
            ))
        }
        None => Ok(Map::from_bits(bits)),
    }
}

/// A window of the person of a key, as one receiver has it.
struct Found<'a> {
    key: &'a Pooled,
    infectiousness: Infectiousness,
    window: Window,
}

/// Infectiousness by the person's choice, else by the rule's, else as usual.
fn infectiousness_of(key: &Pooled, asked: Option<Map>, config: Option<&Config>) -> Infectiousness {
    let map = asked.or_else(|| config.and_then(|config| config.infectiousness.as_ref()).map(Onset::map));
    let onset = key.key.days_since_onset.map(i32::from);
    map.map_or(Infectiousness::Standard, |map| map.get(onset))
}

impl Found<'_> {
    /// Why the application does not get it.
    fn hidden(&self) -> Option<&'static str> {
        if self.key.key.report_type == Some(ReportType::Revoked) {
            Some("revoked")
        } else if self.infectiousness == Infectiousness::None {
            Some("not infectious")
        } else {
            None
        }
    }

    /// As the interface gives it to the application.
    fn api(&self, infectiousness: Infectiousness) -> ApiWindow {
        let report_type = self.key.key.report_type.map_or(0, |kind| kind as u8);
        ApiWindow::new(&self.window, report_type, infectiousness as u8)
    }
}

/// What a receiver has, and what each application would have told there.
struct Receiver<'a> {
    name: &'a str,
    found: Vec<Found<'a>>,
    decided: Vec<Decided<'a>>,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when a capture, keys or rules cannot be read.
pub(super) fn run(args: &ByKeysArgs) -> Result<Exit, Failure> {
    one_stdin(&args.captures, &args.keys)?;
    let configs = assess::configs(&args.configs)?;
    let loading = Loading {
        limits: args.limits.limits(),
        threads: thread::available_parallelism().map_or(1, usize::from),
        known: args.trust.known()?,
        shows_progress: true,
    };
    let keys = load(&args.keys, &loading)?;
    keys.tell();
    let phones = phones(&args.captures, &args.phones)?;
    let receivers: Vec<Receiver<'_>> = phones
        .all
        .iter()
        .map(|phone| {
            let found = found(phone, &keys, args.infectiousness, phones.table(phone));
            let chains = chains(&found);
            let decide = |config| {
                let of = |found: &Found<'_>| found.api(infectiousness_of(found.key, args.infectiousness, Some(config)));
                let windows: Vec<ApiWindow> = found.iter().map(of).collect();
                let evidence = Evidence {
                    windows: &windows,
                    chains: Some(&chains),
                    today: args.day.today,
                };
                Decided::new(config, evidence)
            };
            let decided = configs.iter().map(decide);
            let (name, decided) = (phone.info.name.as_str(), decided.collect());
            Receiver { name, found, decided }
        })
        .collect();
    tell_keys(&keys.pool, &receivers);
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => {
            let value = as_json(&phones.editions(), &keys, &receivers);
            writeln!(out, "{}", json_printable(&format!("{value:#}")))
        }
        (_, true) if args.decisions => decisions_as_csv(&receivers, out),
        (_, true) => as_csv(&keys, &receivers, out),
        _ => {
            let mut all = receivers.iter();
            all.try_for_each(|receiver| as_text(receiver, &keys, args.details, out))?;
            writeln!(out, "calibration of {}", phones.editions())?;
            let mut rules = RULES.iter().chain(&KEY_RULES);
            rules.try_for_each(|rule| writeln!(out, "  {rule}"))
        }
    })?;
    keys.tell_end();
    Ok(keys.exit())
}

/// The exposure to each key as the first interface saw it, which knew no infectiousness.
fn chains(found: &[Found<'_>]) -> Vec<Chain> {
    let of_key = found.chunk_by(|a, b| (a.key.file, a.key.number) == (b.key.file, b.key.number));
    let counts = |found: &&[Found<'_>]| {
        let kind = found.first().and_then(|found| found.key.key.report_type);
        kind != Some(ReportType::Revoked)
    };
    let chain = |found: &[Found<'_>]| {
        let windows: Vec<Window> = found.iter().map(|found| found.window.clone()).collect();
        // Without a level the factor is one.
        let level = found.first().and_then(|found| found.key.key.transmission_risk_level);
        Chain::new(&windows, level.unwrap_or(0))
    };
    of_key.filter(counts).map(chain).collect()
}

fn tell_keys(pool: &Pool, receivers: &[Receiver<'_>]) {
    let all = || receivers.iter().flat_map(|receiver| &receiver.found);
    let seen: BTreeSet<(usize, usize)> = all().map(|found| (found.key.file, found.key.number)).collect();
    tell(format_args!(
        "{} of {} keys have exposure windows: {} windows, of which applications get {}",
        seen.len(),
        pool.keys.len(),
        all().count(),
        all().filter(|found| found.hidden().is_none()).count()
    ));
    if pool.with_another_time > 0 {
        tell(format_args!(
            "  {} keys come with another time in another file; each is looked for",
            pool.with_another_time
        ));
    }
}

/// The windows of all keys at a receiver, in order of keys and time.
fn found<'a>(phone: &Phone, keys: &'a Loaded, infectiousness: Option<Map>, table: &ProfileTable) -> Vec<Found<'a>> {
    let mut heard = ByIdentifier::new();
    for sighting in &phone.sightings {
        heard.entry(sighting.rpi).or_default().push(*sighting);
    }
    let span = |(rpi, all): (_, &Vec<Sighting>)| {
        let intervals = || all.iter().filter_map(|sighting| enin(sighting.at));
        let (first, last) = intervals().min().zip(intervals().max())?;
        Some(Seen { rpi, first, last })
    };
    let seen = heard.iter().filter_map(|(rpi, all)| span((*rpi, all))).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let hidden = ProgressBar::hidden();
    let (hits, _) = search(&Index::new(seen, true), &keys.candidates, threads, &hidden);
    let of_key = owned(&hits, &keys.pool);
    let correction_db = i32::from(table.receiver(&phone.info.model).rssi_correction_db);
    let mut found = Vec::new();
    for (idx, intervals) in of_key {
        let Some(key) = keys.pool.keys.get(idx) else { continue };
        let counted = counted(&key.key.tek, &intervals, &heard, correction_db);
        let infectiousness = infectiousness_of(key, infectiousness, None);
        found.extend(windows(&counted).into_iter().map(|window| Found {
            key,
            infectiousness,
            window,
        }));
    }
    found
}

/// The intervals of each key, by its place in the pool. One in which the same bytes are valid as several keys, told with
/// another time, counts once: for the first of them that was not taken back, so that no forged file takes it away or has
/// it twice.
fn owned(hits: &[Hit], pool: &Pool) -> BTreeMap<usize, Vec<Enin>> {
    let mut owners: BTreeMap<(&[u8; 16], Enin), (bool, usize)> = BTreeMap::new();
    for hit in hits {
        let Some(Pooled { key, .. }) = pool.keys.get(hit.key) else {
            continue;
        };
        let rank = (key.report_type == Some(ReportType::Revoked), hit.key);
        let owner = owners.entry((key.tek.expose(), hit.enin)).or_insert(rank);
        *owner = rank.min(*owner);
    }
    let mut of_key: BTreeMap<usize, Vec<Enin>> = BTreeMap::new();
    for ((_, enin), (_, key)) in owners {
        of_key.entry(key).or_default().push(enin);
    }
    of_key
}

fn report_type(found: &Found<'_>) -> &'static str {
    found.key.key.report_type.map_or("", ReportType::word)
}

fn as_csv(keys: &Loaded, receivers: &[Receiver<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "receiver",
        "key_file",
        "key",
        "report_type",
        "infectiousness",
        "hidden",
        "window",
        "scan",
        "ts",
        "min_att",
        "typ_att",
        "seconds",
    ])?;
    let all = receivers
        .iter()
        .flat_map(|receiver| receiver.found.iter().map(|found| (receiver.name, found)));
    for (number, (name, found)) in all.enumerate() {
        for (scan, instance) in found.window.0.iter().enumerate() {
            let micros = instance.at.0;
            writer.write_record([
                name,
                &printable(&file_of(keys, found).unwrap_or_default()),
                &found.key.number.to_string(),
                report_type(found),
                &(found.infectiousness as u8).to_string(),
                found.hidden().unwrap_or_default(),
                &number.to_string(),
                &scan.to_string(),
                &format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)),
                &instance.min_attenuation_db.to_string(),
                &instance.typical_attenuation_db.to_string(),
                &instance.seconds_since_last_scan.to_string(),
            ])?;
        }
    }
    writer.flush()
}

fn decisions_as_csv(receivers: &[Receiver<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["receiver"].iter().chain(&assess::DECISION_COLUMNS))?;
    for receiver in receivers {
        for decided in &receiver.decided {
            let row = assess::as_row(decided);
            let name = printable(receiver.name).into_owned();
            writer.write_record([name].iter().chain(&row))?;
        }
    }
    writer.flush()
}

/// The path of the file that told of its key. Not neutralised.
fn file_of(keys: &Loaded, found: &Found<'_>) -> Option<String> {
    keys.paths.get(found.key.file).map(|file| file.display().to_string())
}

fn as_json(editions: &str, keys: &Loaded, receivers: &[Receiver<'_>]) -> Value {
    let receivers = receivers.iter().map(|receiver| {
        let windows = receiver.found.iter().map(|found| {
            let mut value = json!(found.api(found.infectiousness));
            value["key"] = json!({
                "file": file_of(keys, found),
                "number": found.key.number,
                "report_type": found.key.key.report_type,
                "days_since_onset": found.key.key.days_since_onset,
            });
            value["from_us"] = json!(found.window.0.first().map(|scan| scan.at.0));
            value["hidden"] = json!(found.hidden());
            value
        });
        json!({
            "receiver": receiver.name,
            "windows": windows.collect::<Vec<_>>(),
            "decisions": assess::decisions(&receiver.decided),
        })
    });
    json!({
        "schema": SCHEMA,
        "edition": editions,
        "signatures": keys.signatures(),
        "rules": RULES.iter().chain(&KEY_RULES).collect::<Vec<_>>(),
        "receivers": receivers.collect::<Vec<_>>(),
    })
}

fn as_text(receiver: &Receiver<'_>, keys: &Loaded, details: bool, out: &mut dyn Write) -> io::Result<()> {
    let name = if receiver.name.is_empty() {
        "the receiver"
    } else {
        receiver.name
    };
    writeln!(out, "{}", printable(name))?;
    let names = receiver.found.iter().map(|found| keys.key_name(found.key));
    let cells = names.map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    if !receiver.found.is_empty() {
        writeln!(
            out,
            "  {:<19} {:>cells$} {:>5} {:>8} {:>8} {:>7}  REPORT",
            "FROM (UTC)", "KEY", "SCANS", "MIN", "TYPICAL", "SECONDS"
        )?;
    }
    for found in &receiver.found {
        let scans = &found.window.0;
        let from = scans.first().map(|scan| scan.at.to_string()).unwrap_or_default();
        let least = scans.iter().map(|scan| scan.min_attenuation_db).min().unwrap_or(0);
        let sum: i32 = scans.iter().map(|scan| scan.typical_attenuation_db).sum();
        let typical = sum / i32::try_from(scans.len().max(1)).unwrap_or(1);
        let seconds: i64 = scans.iter().map(|scan| scan.seconds_since_last_scan).sum();
        writeln!(
            out,
            "  {:<19} {:>cells$} {:>5} {least:>5} dB {typical:>5} dB {seconds:>7}  {}{}",
            from.get(..19).unwrap_or(&from).replace('T', " "),
            keys.key_name(found.key),
            scans.len(),
            report_type(found),
            found
                .hidden()
                .map(|why| format!(" ({why}: not shown to applications)"))
                .unwrap_or_default()
        )?;
    }
    assess::as_text(&receiver.decided, details, out)
}
