//! `vicino keys new`, `list` and `derive`: keys of the lab's own phones, and the identifiers that follow from them.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::super::inspect::csv_field;
use super::super::mark::date as time;
use super::super::{Exit, Failure, report, to_stdout};
use super::output::{digits, interval_start, moment};
use super::random;
use crate::clock;
use crate::format::reason;
use crate::keys::{LabKey, Store, StoreError, hex, parse_tek};
use crate::lab::crypto::{BroadcastKeys, Metadata, ROLLING_PERIOD, Tek, rolling_start};
use crate::lab::text::{json_printable, printable};
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::Dbm;

/// Versions of the JSON that these print.
const LIST_SCHEMA: &str = "vicino/keys-list/1";
const DERIVE_SCHEMA: &str = "vicino/keys-derive/1";

/// Where lab keys are kept.
#[derive(Debug, Args)]
struct StoreArgs {
    /// The file of lab keys; by default vicino/keys.csv in `$XDG_DATA_HOME` or ~/.local/share
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl StoreArgs {
    fn store(&self) -> Result<Store, Failure> {
        let path = self.file.clone().or_else(Store::default_path);
        let path = path.ok_or_else(|| {
            Failure::new(Exit::Environment, "no home folder is known").hint("name the file: --file keys.csv")
        })?;
        Ok(Store { path })
    }
}

fn read(store: &Store) -> Result<Vec<LabKey>, Failure> {
    store.read().map_err(|error| failure(store, &error, Exit::Input))
}

fn failure(store: &Store, error: &StoreError, io_exit: Exit) -> Failure {
    let (exit, what) = match error {
        StoreError::Io(error) => (io_exit, reason(error)),
        StoreError::Table(_) | StoreError::Order => (Exit::Input, error.to_string()),
    };
    Failure::new(exit, format!("{}: {what}", store.path.display())).hint("another file can be named: --file keys.csv")
}

/// Makes keys for a phone of the lab, and keeps them where only you can read them
///
/// One key for each day, from midnight UTC on. `vicino --keys FILE` knows phones by them, `keys export` publishes them.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// A name for the phone
    #[arg(default_value = "lab")]
    name: String,
    /// Its model
    #[arg(long, default_value = "", hide_default_value = true)]
    model: String,
    /// The first day, by any time in it: 2020-07-30T09:54:01Z, or microseconds since 1970; by default today
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    at: Option<UnixMicros>,
    /// For how many days
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    #[command(flatten)]
    store: StoreArgs,
}

/// Makes lab keys.
pub(super) fn new(args: &NewArgs) -> Result<Exit, Failure> {
    let store = args.store.store()?;
    if args.name.trim().is_empty() || parse_tek(&args.name).is_some() {
        return Err(Failure::new(Exit::Usage, "the name is empty, or reads like a key").hint("name the phone"));
    }
    let first = rolling_start(interval(args.at.unwrap_or_else(clock::wall))?);
    let mut made = Vec::new();
    for day in 0..args.days {
        let mut bytes = zeroize::Zeroizing::new([0; 16]);
        random(&mut *bytes)
            .map_err(|error| Failure::new(Exit::Environment, format!("no random bytes: {}", reason(&error))))?;
        made.push(LabKey {
            device: args.name.clone(),
            model: args.model.clone(),
            tek: Tek::new(*bytes),
            rolling_start: Enin(first.0 + day * ROLLING_PERIOD),
            rolling_period: 144,
        });
    }
    let known = read(&store)?;
    let clash = known.iter().find(|old| {
        let is_in = |new: &LabKey| old.is_used_in(new.rolling_start) || new.is_used_in(old.rolling_start);
        old.device == args.name && made.iter().any(is_in)
    });
    if let Some(old) = clash {
        let from = moment(old.rolling_start.0);
        return Err(
            Failure::new(Exit::Usage, format!("{} has a key from {from} on already", args.name))
                .hint("choose another name, or other days with --at"),
        );
    }
    store
        .append(&made)
        .map_err(|error| failure(&store, &error, Exit::Environment))?;
    let path = store.path.display().to_string();
    let (name, path) = (printable(&args.name), printable(&path));
    let (from, to) = (moment(first.0), moment(first.0 + args.days * ROLLING_PERIOD));
    report(format_args!(
        "{name}: {} keys from {from} to {to}, in {path}",
        made.len()
    ));
    Ok(Exit::Done)
}

fn interval(at: UnixMicros) -> Result<Enin, Failure> {
    // Room for a year of keys in the numbers of other programs, which are signed.
    let most = i32::MAX.cast_unsigned() - 400 * ROLLING_PERIOD;
    at.enin()
        .filter(|enin| enin.0 < most)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("no key can be used at {at}")).hint("give a time after 1970"))
}

/// Lists the keys of the lab, without the keys themselves
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints one CSV row per key
    #[arg(long)]
    csv: bool,
    /// Shows the keys themselves, in JSON and CSV
    #[arg(long)]
    show_keys: bool,
}

/// Lists lab keys.
pub(super) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let store = args.store.store()?;
    let keys = read(&store)?;
    let object = |key: &LabKey| {
        let mut value = json!({
            "device": key.device,
            "model": key.model,
            "rolling_start": key.rolling_start,
            "rolling_period": key.rolling_period,
        });
        if args.show_keys {
            value["tek"] = json!(*hex(&key.tek));
        }
        value
    };
    to_stdout(|out| {
        if args.json {
            let list: Vec<Value> = keys.iter().map(object).collect();
            let value = json!({ "schema": LIST_SCHEMA, "file": store.path.display().to_string(), "keys": list });
            writeln!(out, "{}", json_printable(&format!("{value:#}")))
        } else {
            rows(&keys, args.csv, args.show_keys, out)
        }
    })
}

fn rows(keys: &[LabKey], csv: bool, show_keys: bool, out: &mut dyn Write) -> io::Result<()> {
    if csv {
        writeln!(
            out,
            "device,model,rolling_start,rolling_period{}",
            if show_keys { ",tek" } else { "" }
        )?;
    }
    for key in keys {
        let (start, period) = (key.rolling_start.0, u32::from(key.rolling_period));
        if csv {
            write!(
                out,
                "{},{},{start},{period}",
                csv_field(&key.device),
                csv_field(&key.model)
            )?;
            if show_keys {
                write!(out, ",{}", *hex(&key.tek))?;
            }
            writeln!(out)?;
        } else {
            let (from, to) = (moment(start), moment(start + period));
            writeln!(
                out,
                "{from}  {to}  {}  {}",
                printable(&key.device),
                printable(&key.model)
            )?;
        }
    }
    Ok(())
}

/// Prints the identifiers of a key: a row for each of its ten-minute intervals
#[derive(Debug, Args)]
pub(super) struct DeriveArgs {
    /// The key (32 hexadecimal digits), or the name of a phone of the lab
    #[arg(value_name = "TEK|NAME")]
    key: String,
    /// Any time of the day: 2020-07-30T09:54:01Z, or microseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    at: UnixMicros,
    /// Also the encrypted metadata (version 1.0) of this TX power, in dBm
    #[arg(long, value_name = "DBM", allow_hyphen_values = true)]
    tx_power: Option<i8>,
    #[command(flatten)]
    store: StoreArgs,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV
    #[arg(long)]
    csv: bool,
}

/// What a phone broadcasts in one interval, in digits.
struct Broadcast {
    enin: u32,
    rpi: String,
    aem: Option<String>,
}

/// Prints identifiers.
pub(super) fn derive(args: &DeriveArgs) -> Result<Exit, Failure> {
    let enin = interval(args.at)?;
    let (tek, start, period) = if let Some(tek) = parse_tek(&args.key) {
        (tek, rolling_start(enin), ROLLING_PERIOD)
    } else if args.key.len() > 24 && args.key.bytes().filter(u8::is_ascii_hexdigit).count() > 24 {
        // Most of a key: it is not repeated in a message.
        return Err(
            Failure::new(Exit::Usage, "this reads like a key, but is not 32 hexadecimal digits")
                .hint("count the digits"),
        );
    } else {
        let store = args.store.store()?;
        let keys = read(&store)?;
        let found = keys
            .into_iter()
            .find(|key| key.device == args.key && key.is_used_in(enin));
        let key = found.ok_or_else(|| {
            Failure::new(
                Exit::Input,
                format!("{}: no key of {} at {}", store.path.display(), args.key, args.at),
            )
            .hint("`vicino keys list` shows which there are, `vicino keys new NAME --at TIME` makes one")
        })?;
        (key.tek, key.rolling_start, u32::from(key.rolling_period))
    };
    let keys = BroadcastKeys::derive(&tek);
    let row = |enin| {
        let rpi = keys.rpi(Enin(enin));
        let aem = args.tx_power.map(|dbm| keys.seal(rpi, Metadata::v1_0(Dbm(dbm))));
        Broadcast {
            enin,
            rpi: digits(&rpi.0),
            aem: aem.map(|aem| digits(&aem.0)),
        }
    };
    let rows: Vec<Broadcast> = (start.0..start.0 + period).map(row).collect();
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => {
            let list: Vec<Value> = rows
                .iter()
                .map(|row| {
                    let from = interval_start(row.enin);
                    let mut value = json!({ "interval": row.enin, "from_us": from, "rpi": row.rpi });
                    if let Some(aem) = &row.aem {
                        value["aem"] = json!(aem);
                    }
                    value
                })
                .collect();
            let value = json!({
                "schema": DERIVE_SCHEMA,
                "rolling_start": start,
                "rolling_period": period,
                "identifiers": list,
            });
            writeln!(out, "{value:#}")
        }
        (_, true) => {
            let more = if args.tx_power.is_some() { ",aem" } else { "" };
            writeln!(out, "interval,from_us,rpi{more}")?;
            rows.iter().try_for_each(|row| {
                let aem = row.aem.as_ref().map(|aem| format!(",{aem}")).unwrap_or_default();
                writeln!(out, "{},{},{}{aem}", row.enin, interval_start(row.enin).0, row.rpi)
            })
        }
        _ => rows.iter().try_for_each(|row| {
            let aem = row.aem.as_ref().map(|aem| format!("  {aem}")).unwrap_or_default();
            writeln!(out, "{}  {}  {}{aem}", row.enin, moment(row.enin), row.rpi)
        }),
    })
}
