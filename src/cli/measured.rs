//! What phones heard of each other, for verbs that estimate or measure: captures, lab keys, models, truth.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::calibration::CalibrationArgs;
use super::convert::input_failure;
#[cfg(feature = "plots")]
use super::reports::name_of;
use super::{Exit, Failure, lab_keys, origin, tell};
use crate::format::open::{OpenOptions, in_file, open, parse_clock_offset};
use crate::format::reason;
use crate::lab::calibration::ProfileTable;
use crate::lab::distance::truth::Truth;
use crate::lab::distance::{Heard, Hearing, KnownDistance};
use crate::lab::keyring::Keyring;
use crate::lab::text::printable;
use crate::lab::time::Micros;

/// Longest file of truth, in bytes.
const MOST_TRUTH: u64 = 1024 * 1024 * 1024;

/// How captures are read.
#[derive(Debug, Args)]
pub(super) struct MeasuredArgs {
    /// Lab keys: phones that use one are known. By default NAME.keys.csv beside NAME.csv
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    /// Seconds added to every time of the captures (-7200 for logs written in CEST), or of one file (`23=7200` for
    /// 23.btsnoop)
    #[arg(long, value_name = "[FILE=]SECONDS", allow_hyphen_values = true, value_parser = offset)]
    clock_offset: Vec<(Option<String>, Micros)>,
}

fn offset(text: &str) -> Result<(Option<String>, Micros), String> {
    match text.split_once('=') {
        Some((file, seconds)) => Ok((Some(file.to_owned()), parse_clock_offset(seconds)?)),
        None => Ok((None, parse_clock_offset(text)?)),
    }
}

/// A file of truth with the scenario that it stands for.
pub(super) struct TruthFile {
    pub(super) scenario: String,
    pub(super) truth: Truth,
}

/// What captures are read for.
#[derive(Clone, Copy, Debug)]
pub(super) enum For<'a> {
    /// Estimates of distances.
    Distances,
    /// Measurements, by all marks or by those of one session: reports that are too strong are kept too.
    Measurements { session: Option<&'a str> },
}

impl MeasuredArgs {
    /// The table that was asked for.
    pub(super) fn asked(&self) -> Option<&ProfileTable> {
        self.calibration.asked()
    }

    /// The file of lab keys.
    #[cfg(feature = "plots")]
    pub(super) const fn keys(&self) -> Option<&PathBuf> {
        self.keys.as_ref()
    }

    /// What was asked for, as words of a command line; files without their folders.
    #[cfg(feature = "plots")]
    pub(super) fn words(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|path| ["--keys".to_owned(), name_of(path)]);
        let offset = |(file, seconds): &(Option<String>, Micros)| {
            #[expect(clippy::cast_precision_loss, reason = "an offset of hours")]
            let seconds = seconds.0 as f64 / 1e6;
            let of = file.as_ref().map(|file| format!("{file}=")).unwrap_or_default();
            ["--clock-offset".to_owned(), format!("{of}{seconds}")]
        };
        let offsets = self.clock_offset.iter().map(offset);
        keys.chain(offsets).flatten().chain(self.calibration.words()).collect()
    }

    /// What is added to the times of a capture.
    fn offset(&self, capture: &Path) -> Micros {
        let stem = capture.file_stem().unwrap_or_default().to_string_lossy();
        let of = |wanted: Option<&str>| self.clock_offset.iter().rfind(|(file, _)| file.as_deref() == wanted);
        of(Some(&stem))
            .or_else(|| of(None))
            .map_or(Micros(0), |(_, offset)| *offset)
    }

    /// The lab keys of the command line, or those beside the captures.
    fn lab_keys(&self, captures: &[PathBuf]) -> Result<Keyring, Failure> {
        let mut keys = Keyring::default();
        if let Some(file) = &self.keys {
            keys.extend(lab_keys::read_own(file)?);
            return Ok(keys);
        }
        for capture in captures.iter().filter(|capture| *capture != Path::new("-")) {
            if let Some(beside) = lab_keys::beside_own(capture)? {
                let name = capture.display().to_string();
                tell(format_args!(
                    "{}: with the lab keys that lie beside it",
                    printable(&name)
                ));
                keys.extend(beside);
            }
        }
        Ok(keys)
    }

    /// What is told of a station or a file that is not there is a slip.
    fn check(&self, captures: &[PathBuf], heard: &Heard) -> Result<(), Failure> {
        let is_station = |name: &str| heard.phones.iter().any(|phone| phone.name == name);
        if let Some(name) = self.calibration.stations().find(|name| !is_station(name)) {
            let there: Vec<&str> = heard
                .phones
                .iter()
                .filter(|phone| phone.has_log)
                .map(|phone| &*phone.name)
                .collect();
            let there = printable(&there.join(", ")).into_owned();
            return Err(
                Failure::new(Exit::Usage, format!("--model {name}=…: there is no such receiver"))
                    .hint(format!("there are: {there}")),
            );
        }
        let stems: Vec<_> = captures.iter().filter_map(|capture| capture.file_stem()).collect();
        let mut files = self.clock_offset.iter().filter_map(|(file, _)| file.as_deref());
        match files.find(|file| !stems.iter().any(|stem| *stem == OsStr::new(file))) {
            Some(file) => Err(Failure::new(
                Exit::Usage,
                format!("--clock-offset {file}=…: there is no such capture"),
            )
            .hint("the name is the file's, without its ending")),
            None => Ok(()),
        }
    }

    /// What the captures tell of each other. Without an edition that is asked for, levels are computed with this one; for
    /// measurements also reports that are too strong are kept.
    pub(super) fn heard(
        &self,
        captures: &[PathBuf],
        names: &[&Truth],
        edition: &str,
        purpose: For<'_>,
    ) -> Result<Heard, Failure> {
        let keys = self.lab_keys(captures)?;
        let for_measurements = matches!(purpose, For::Measurements { .. });
        let mut hearing = match purpose {
            For::Measurements { session } => Hearing::for_measurements().of_session(session.map(str::to_owned)),
            For::Distances => Hearing::new(),
        };
        for (rpi, name, model) in names.iter().flat_map(|truth| &truth.names) {
            hearing.tell(*rpi, name, model);
        }
        for reference in names.iter().flat_map(|truth| truth.references()) {
            hearing.refer(reference);
        }
        // The numbers of phones, and with them the order of sums, follow the names.
        let mut captures = captures.to_vec();
        captures.sort();
        for capture in &captures {
            let failed = |error| input_failure(&in_file(capture, error));
            let options = OpenOptions {
                clock_offset: self.offset(capture),
                ..OpenOptions::default()
            };
            let mut reader = open(capture, &options).map_err(failed)?;
            origin::warn(capture);
            hearing.begin_capture();
            let (mut events, mut more) = (Vec::new(), true);
            while more {
                more = reader.read(&mut events).map_err(failed)?;
                events.drain(..).for_each(|event| hearing.take(&event));
            }
            origin::warn_of_damage_in(capture, reader.damage());
        }
        let calibration = self.calibration.calibration_or(edition);
        let heard = hearing.finish(&keys, &calibration);
        self.check(&captures, &heard)?;
        warn(&heard, for_measurements);
        Ok(heard)
    }
}

/// Of more marks that overlap it is only told how many there are.
const MOST_OVERLAPS: usize = 5;

/// `1 m (front) from 2020-06-02T09:00:00Z to 2020-06-02T09:01:00Z`
fn stretch(of: &KnownDistance) -> String {
    let orientation = if of.orientation.is_empty() {
        String::new()
    } else {
        format!(" ({})", of.orientation)
    };
    let to = of.to.map(|to| format!(" to {to}")).unwrap_or_default();
    format!("{} m{orientation} from {}{to}", of.distance_m, of.from)
}

/// What marks say against each other, and against lab keys.
fn warn_of_marks(heard: &Heard) {
    for of in &heard.disputed {
        let text = format!(
            "{}: its lab key says that it is a {}, a mark that it is a {}: the mark's model counts",
            of.device, of.of_key, of.of_mark
        );
        tell(format_args!("{}", printable(&text)));
    }
    for overlap in heard.overlaps.iter().take(MOST_OVERLAPS) {
        let goes_on = overlap
            .later
            .to
            .is_some_and(|to| overlap.earlier.to.is_none_or(|end| end > to));
        let then = if goes_on {
            "then the first goes on"
        } else {
            "the first ends there"
        };
        let text = format!(
            "{}: marks overlap: {}, and within it {}; there the second counts, {then}",
            heard.name(overlap.later.sender),
            stretch(&overlap.earlier),
            stretch(&overlap.later)
        );
        tell(format_args!("{}", printable(&text)));
    }
    let more = heard.overlaps.len().saturating_sub(MOST_OVERLAPS);
    if more > 0 {
        tell(format_args!("{more} more marks overlap"));
    }
}

fn warn(heard: &Heard, for_measurements: bool) {
    warn_of_marks(heard);
    for phone in heard.phones.iter().filter(|phone| phone.model.is_empty()) {
        let name = printable(&phone.name);
        let what = if for_measurements {
            "it stands for itself"
        } else {
            "an average Android phone is assumed"
        };
        tell(format_args!(
            "{name}: the model is not known, {what} (--model {name}=MODEL tells it)"
        ));
    }
    let saturated = if for_measurements { 0 } else { heard.saturated };
    for (n, what) in [
        (
            saturated,
            "reports of -20 dBm or more were left out: the receiver was overdriven",
        ),
        (heard.left_out, "reports were too many to keep"),
    ] {
        if n > 0 {
            tell(format_args!("{n} {what}"));
        }
    }
}

/// Reads files of truth; each is a scenario.
pub(super) fn truth(paths: &[PathBuf]) -> Result<Vec<TruthFile>, Failure> {
    let read = |path: &PathBuf| {
        let scenario = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = read(path, MOST_TRUTH)?;
        let truth = Truth::parse(&text, &scenario).map_err(|error| {
            Failure::new(Exit::Input, format!("{}: {error}", path.display()))
                .hint("see `vicino distance score --help`, `vicino calibrate fit --help`")
        })?;
        Ok(TruthFile { scenario, truth })
    };
    paths.iter().map(read).collect()
}

/// The text of a file that is not longer than so many bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<String, Failure> {
    let fault = |what: String| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(|error| fault(reason(&error)))?;
    file.take(most + 1)
        .read_to_string(&mut text)
        .map_err(|error| fault(reason(&error)))?;
    if text.len() as u64 > most {
        return Err(fault(format!("is longer than {most} bytes")));
    }
    Ok(text)
}
