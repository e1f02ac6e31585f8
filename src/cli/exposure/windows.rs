//! `vicino exposure windows`: windows from phones' own logs, without keys.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::calibration::CalibrationArgs;
use super::super::convert::input_failure;
use super::super::{Exit, Failure, origin, tell, to_stdout};
use crate::format::open::{OpenOptions, in_file, open, parse_clock_offset};
use crate::lab::advert::StationId;
use crate::lab::beacon::{Family, classify};
use crate::lab::calibration::{Calibration, Profile, ProfileTable, editions};
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::exposure::rule::ApiWindow;
use crate::lab::gaen::{self, Rpi};
use crate::lab::sightings::windows::{Window, windows};
use crate::lab::sightings::{Sighting, Sightings};
use crate::lab::text::{json_printable, printable};
use crate::lab::time::{Micros, UnixMicros};

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/windows/1";
/// A piece of a log that begins so soon after the one before goes on with its scans.
const PIECES: Micros = Micros::from_secs(10 * 60);
/// What was applied, for who reads the result.
pub(super) const RULES: [&str; 6] = [
    "a scannable advertisement counts when its scan response comes, with that one's level (active scans)",
    "scans are told by exposure notifications alone and last 4 s; what comes in the last 15 ms before the scan is switched off is lost",
    "a sighting is noted 3 ms after its report; times are cut to whole seconds",
    "a scan instance goes on for 25.5 s after the sighting before; a window opens 1800 s after the one before did",
    "seconds since the last scan are whole minutes, 300 at most, 120 where no scan was before",
    "a phone that set no new identifier of its own for half an hour starts anew",
];

/// Exposure windows from phones' own logs: who was near whom, by what each phone's log says that it broadcast.
///
/// No keys are needed: an identifier belongs to the phone whose log set it. The TX power is that of the sender's model in
/// the edition of the calibration list that the phones used then.
#[derive(Debug, Args)]
pub(crate) struct WindowsArgs {
    /// Captures of phones, all of the same hours
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    phones: PhoneArgs,
    /// Also identifiers that none of these phones broadcast, each as a sender of its own
    #[arg(long)]
    unknown: bool,
    /// Prints CSV: one row per scan instance
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// What has to be known of the phones.
#[derive(Debug, Args)]
pub(super) struct PhoneArgs {
    #[command(flatten)]
    calibration: CalibrationArgs,
    /// Seconds added to every time (-7200 for logs written in CEST)
    #[arg(long, value_name = "SECONDS", default_value = "0", allow_hyphen_values = true, value_parser = parse_clock_offset)]
    clock_offset: Micros,
}

/// Phones, and the figures of each.
pub(super) struct Phones {
    pub(super) all: Vec<Phone>,
    calibration: Calibration,
    /// When the first of them heard somebody.
    first: UnixMicros,
}

impl Phones {
    /// The calibration list of a phone: the one that was asked for, the one that its log names, or that of the time of
    /// the earliest sighting of all.
    pub(super) fn table(&self, phone: &Phone) -> &ProfileTable {
        self.calibration.table(Some(&phone.info), self.first)
    }

    /// The editions that are used, for who reads the result.
    pub(super) fn editions(&self) -> String {
        let all: BTreeSet<&str> = self.all.iter().map(|phone| &*self.table(phone).edition).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// What a phone's log holds.
#[derive(Default)]
pub(super) struct Phone {
    pub(super) info: StationInfo,
    pub(super) sightings: Vec<Sighting>,
    own: BTreeSet<Rpi>,
    /// Identifiers in frames as iPhones send them.
    ios: BTreeSet<Rpi>,
    left_out: u64,
    /// Its log came in several captures.
    is_in_pieces: bool,
}

/// Number of the phone that broadcast it, or the identifier of nobody here.
type Sender = (Option<usize>, Option<Rpi>);

/// A window with whom it is between.
struct Row<'a> {
    receiver: &'a str,
    sender: String,
    window: Window,
}

/// Runs the sub-command.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when a capture cannot be read.
pub(super) fn run(args: &WindowsArgs) -> Result<Exit, Failure> {
    let phones = phones(&args.captures, &args.phones)?;
    let (rows, unknown) = rows(&phones, args);
    if rows.is_empty() {
        tell(format_args!("no windows: {}", nothing(&phones.all, unknown, args)));
    }
    let editions = phones.editions();
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => writeln!(out, "{}", json_printable(&format!("{:#}", as_json(&rows, &editions)))),
        (_, true) => as_csv(&rows, out),
        _ => as_text(&rows, unknown, &editions, out),
    })
}

/// What all captures hold, and a warning of each phone of which not everything was kept.
pub(super) fn phones(captures: &[PathBuf], args: &PhoneArgs) -> Result<Phones, Failure> {
    let calibration = args.calibration.calibration();
    let mut phones = Vec::new();
    for capture in captures {
        for phone in read(capture, args.clock_offset, &calibration)? {
            join(&mut phones, phone);
        }
    }
    phones
        .iter_mut()
        .filter(|phone| phone.is_in_pieces)
        .for_each(Phone::put_in_order);
    for phone in phones.iter().filter(|phone| !phone.info.model.is_empty()) {
        if !editions::editions().any(|table| table.knows(&phone.info.model)) {
            tell(format_args!(
                "warning: {}: the model {} is in no calibration list here, the average is assumed",
                printable(&phone.info.name),
                printable(&phone.info.model)
            ));
        }
    }
    for phone in phones.iter().filter(|phone| phone.left_out > 0) {
        let name = printable(&phone.info.name);
        tell(format_args!(
            "warning: {name}: {} sightings were too many to keep",
            phone.left_out
        ));
    }
    let first = phones
        .iter()
        .flat_map(|phone| &phone.sightings)
        .map(|sighting| sighting.at)
        .min();
    Ok(Phones {
        all: phones,
        calibration,
        first: first.unwrap_or_default(),
    })
}

/// Logs come in pieces: those of one station are one log.
fn join(phones: &mut Vec<Phone>, phone: Phone) {
    let same = |other: &&mut Phone| !phone.info.name.is_empty() && other.info.name == phone.info.name;
    let Some(before) = phones.iter_mut().find(same) else {
        return phones.push(phone);
    };
    tell(format_args!(
        "two captures are of the station {}: they are taken for one log",
        printable(&phone.info.name)
    ));
    before.sightings.extend(phone.sightings);
    before.own.extend(phone.own);
    before.ios.extend(phone.ios);
    before.left_out += phone.left_out;
    before.is_in_pieces = true;
    if before.info.model.is_empty() {
        before.info.model = phone.info.model;
    }
    if before.info.edition.is_empty() {
        before.info.edition = phone.info.edition;
    }
}

impl Phone {
    /// Sightings in order of time, each once; the scan before the first one of a piece is that of the piece before it.
    fn put_in_order(&mut self) {
        self.sightings
            .sort_by_key(|sighting| (sighting.at, sighting.rpi, sighting.rssi));
        self.sightings
            .dedup_by_key(|sighting| (sighting.at, sighting.rpi, sighting.rssi));
        let mut before: Option<UnixMicros> = None;
        for sighting in &mut self.sightings {
            let is_new_piece = sighting.previous_scan.is_none();
            let is_near = before.is_some_and(|before| sighting.at.since(before) <= PIECES);
            if is_new_piece && is_near {
                sighting.previous_scan = before;
            }
            before = Some(sighting.at);
        }
    }
}

fn nothing(phones: &[Phone], unknown: usize, args: &WindowsArgs) -> &'static str {
    if phones.iter().all(|phone| phone.sightings.is_empty()) {
        "no exposure notification was handed up"
    } else if unknown > 0 && !args.unknown {
        "none of these phones broadcast what was seen; --unknown takes each identifier as a sender"
    } else {
        "nothing of what was seen has metadata"
    }
}

fn read(capture: &Path, clock_offset: Micros, calibration: &Calibration) -> Result<Vec<Phone>, Failure> {
    let options = OpenOptions {
        clock_offset,
        ..OpenOptions::default()
    };
    let failed = |error| input_failure(&in_file(capture, error));
    let mut reader = open(capture, &options).map_err(failed)?;
    let mut of: BTreeMap<StationId, (Phone, Sightings)> = BTreeMap::new();
    let (mut events, mut more) = (Vec::new(), true);
    while more {
        more = reader.read(&mut events).map_err(failed)?;
        for event in events.drain(..) {
            let (phone, sightings) = of.entry(event.station()).or_default();
            sightings.take(&event);
            let event = match event {
                CaptureEvent::Other(event) => event,
                CaptureEvent::Advert(advert) => {
                    if classify(&advert.data) == Family::GaenIos {
                        phone.ios.extend(gaen::decode(&advert.data).map(|frame| frame.rpi));
                    }
                    continue;
                }
            };
            match event.kind {
                EventKind::Station(info) => phone.info = info,
                EventKind::OwnData { data, .. } => phone.own.extend(gaen::decode(&data).map(|frame| frame.rpi)),
                _ => {}
            }
        }
    }
    origin::warn_of_damage_in(capture, reader.damage());
    let finish = |(mut phone, sightings): (Phone, Sightings)| {
        (phone.sightings, phone.left_out) = sightings.finish();
        if let Some(model) = calibration.model_of(&phone.info.name) {
            model.clone_into(&mut phone.info.model);
        }
        phone
    };
    Ok(of.into_values().map(finish).collect())
}

/// The windows, and how many sightings nobody of these broadcast.
fn rows<'a>(all: &'a Phones, args: &WindowsArgs) -> (Vec<Row<'a>>, usize) {
    let phones = &all.all;
    let mut broadcast: BTreeMap<Rpi, usize> = BTreeMap::new();
    for (idx, phone) in phones.iter().enumerate() {
        broadcast.extend(phone.own.iter().map(|rpi| (*rpi, idx)));
    }
    let (mut rows, mut unknown) = (Vec::new(), 0);
    for receiver in phones {
        let mut by_sender: BTreeMap<Sender, Vec<(Sighting, i32)>> = BTreeMap::new();
        for sighting in receiver.sightings.iter().filter(|sighting| sighting.aem.is_some()) {
            let sender = broadcast.get(&sighting.rpi).copied();
            unknown += usize::from(sender.is_none());
            if sender.is_none() && !args.unknown {
                continue;
            }
            let sending = sender.and_then(|sender| phones.get(sender));
            let family = if receiver.ios.contains(&sighting.rpi) {
                Family::GaenIos
            } else {
                Family::GaenAndroid
            };
            let attenuation = attenuation_db(all, sighting, (sending, family), receiver);
            let key = (sender, sender.is_none().then_some(sighting.rpi));
            by_sender.entry(key).or_default().push((*sighting, attenuation));
        }
        for ((sender, rpi), sightings) in by_sender {
            let name = match (sender.and_then(|sender| phones.get(sender)), rpi) {
                (Some(phone), _) => phone.info.name.clone(),
                (None, rpi) => format!("rpi:{}", rpi.unwrap_or_default()),
            };
            rows.extend(windows(&sightings).into_iter().map(|window| Row {
                receiver: &receiver.info.name,
                sender: name.clone(),
                window,
            }));
        }
    }
    (rows, unknown)
}

/// TX power less calibrated level, not below 0, in dB. The TX power is what the sender's edition tells of its model, the
/// correction what the receiver's does; of a sender that is none of these phones the receiver's is taken.
fn attenuation_db(
    phones: &Phones,
    sighting: &Sighting,
    (sender, family): (Option<&Phone>, Family),
    receiver: &Phone,
) -> i32 {
    let model = sender.map_or("", |phone| &phone.info.model);
    let tx_power = phones
        .table(sender.unwrap_or(receiver))
        .sender(model, family)
        .tx_power_dbm;
    let Profile { rssi_correction_db, .. } = phones.table(receiver).receiver(&receiver.info.model);
    (i32::from(tx_power) - (i32::from(sighting.rssi.0) + i32::from(rssi_correction_db))).max(0)
}

fn as_csv(rows: &[Row<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "receiver",
        "transmitter",
        "window",
        "scan",
        "ts",
        "min_att",
        "typ_att",
        "seconds",
    ])?;
    for (number, row) in rows.iter().enumerate() {
        for (scan, instance) in row.window.0.iter().enumerate() {
            let micros = instance.at.0;
            writer.write_record([
                row.receiver,
                &row.sender,
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

fn as_json(rows: &[Row<'_>], editions: &str) -> Value {
    let windows = rows.iter().map(|row| {
        let scans = row.window.0.iter().map(|scan| {
            json!({
                "at_us": scan.at.0,
                "minAttenuationDb": scan.min_attenuation_db,
                "typicalAttenuationDb": scan.typical_attenuation_db,
                "secondsSinceLastScan": scan.seconds_since_last_scan,
            })
        });
        json!({
            "receiver": row.receiver,
            "transmitter": row.sender,
            "dateMillisSinceEpoch": ApiWindow::new(&row.window, 1, 1).date_millis_since_epoch,
            "scanInstances": scans.collect::<Vec<_>>(),
        })
    });
    json!({
        "schema": SCHEMA,
        "edition": editions,
        "rules": RULES,
        "windows": windows.collect::<Vec<_>>(),
    })
}

fn as_text(rows: &[Row<'_>], unknown: usize, editions: &str, out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{:<12} {:<20} {:<20} {:>5} {:>8} {:>8}",
        "RECEIVER", "SENDER", "FROM (UTC)", "SCANS", "MIN", "TYPICAL"
    )?;
    for row in rows {
        let scans = &row.window.0;
        let from = scans.first().map(|scan| scan.at.to_string()).unwrap_or_default();
        let least = scans.iter().map(|scan| scan.min_attenuation_db).min().unwrap_or(0);
        let typical: Vec<i32> = scans.iter().map(|scan| scan.typical_attenuation_db).collect();
        let middle = typical.iter().sum::<i32>() / i32::try_from(typical.len().max(1)).unwrap_or(1);
        writeln!(
            out,
            "{:<12} {:<20} {:<20} {:>5} {:>5} dB {:>5} dB",
            printable(row.receiver),
            printable(&row.sender),
            from.get(..19).unwrap_or(&from).replace('T', " "),
            scans.len(),
            least,
            middle
        )?;
    }
    writeln!(
        out,
        "\n{} windows; calibration of {editions}; {unknown} sightings of nobody here",
        rows.len(),
    )?;
    RULES.iter().try_for_each(|rule| writeln!(out, "  {rule}"))
}
