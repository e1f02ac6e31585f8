//! What distances are estimated from: captures, lab keys, truth, a model.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::calibration::CalibrationArgs;
use super::super::convert::input_failure;
use super::super::{Exit, Failure, lab_keys, origin, tell};
use crate::format::open::{OpenOptions, in_file, open, parse_clock_offset};
use crate::format::reason;
use crate::lab::distance::truth::{Truth, TruthWindow};
use crate::lab::distance::{Heard, Hearing, Model};
use crate::lab::keyring::Keyring;
use crate::lab::text::printable;
use crate::lab::time::Micros;

/// Longest file of truth and of a model, in bytes.
const MOST_TRUTH: u64 = 1024 * 1024 * 1024;
const MOST_MODEL: u64 = 1024 * 1024;

/// How captures are read, and by which model it is estimated.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// Lab keys: phones that use one are known
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    /// Seconds added to every time of the captures (-7200 for logs written in CEST)
    #[arg(long, value_name = "SECONDS", default_value = "0", allow_hyphen_values = true, value_parser = parse_clock_offset)]
    clock_offset: Micros,
    /// The model of distance; by default the one that is built in
    #[arg(long, value_name = "FILE.toml")]
    estimator: Option<PathBuf>,
}

/// A file of truth with the scenario that it stands for.
pub(super) struct TruthFile {
    pub(super) scenario: String,
    pub(super) truth: Truth,
}

impl InputArgs {
    /// The model.
    pub(super) fn estimator(&self) -> Result<Model, Failure> {
        let Some(path) = &self.estimator else {
            return Ok(Model::built_in().clone());
        };
        Model::parse(&read(path, MOST_MODEL)?).map_err(|error| {
            Failure::new(Exit::Input, format!("{}: {error}", path.display()))
                .hint("`vicino distance train --out FILE.toml` makes one")
        })
    }

    /// What the captures tell of each other. Without an edition that is asked for, levels are computed with that of the
    /// model.
    pub(super) fn heard(&self, captures: &[PathBuf], truth: &[TruthFile], model: &Model) -> Result<Heard, Failure> {
        let keys = self.keys.as_deref().map(lab_keys::read).transpose()?;
        let mut hearing = Hearing::new();
        for (rpi, name, model) in truth.iter().flat_map(|file| &file.truth.names) {
            hearing.tell(*rpi, name, model);
        }
        let options = OpenOptions {
            clock_offset: self.clock_offset,
            ..OpenOptions::default()
        };
        for capture in captures {
            let failed = |error| input_failure(&in_file(capture, error));
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
        let no_keys = Keyring::default();
        let calibration = self.calibration.calibration_or(&model.edition);
        let heard = hearing.finish(keys.as_deref().unwrap_or(&no_keys), &calibration);
        for phone in heard.phones.iter().filter(|phone| phone.model.is_empty()) {
            tell(format_args!(
                "{}: the model is not known, an average Android phone is assumed (--model {}=MODEL tells it)",
                printable(&phone.name),
                printable(&phone.name)
            ));
        }
        for (n, what) in [
            (
                heard.saturated,
                "reports of -20 dBm or more were left out: the receiver was overdriven",
            ),
            (heard.left_out, "reports were too many to keep"),
        ] {
            if n > 0 {
                tell(format_args!("{n} {what}"));
            }
        }
        Ok(heard)
    }
}

/// Why there is nothing to estimate.
pub(super) fn nothing(heard: &Heard) -> &'static str {
    if heard.levels.is_empty() {
        "no exposure notification was heard of another phone"
    } else {
        "none of those that were heard is known; --keys, --truth or the logs of the other phones tell whose identifiers they \
         are, --unknown takes each as a sender"
    }
}

/// Reads files of truth.
pub(super) fn truth(paths: &[PathBuf]) -> Result<Vec<TruthFile>, Failure> {
    let read = |path: &PathBuf| {
        let scenario = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = read(path, MOST_TRUTH)?;
        let truth = Truth::parse(&text, &scenario).map_err(|error| {
            Failure::new(Exit::Input, format!("{}: {error}", path.display())).hint("see `vicino distance score --help`")
        })?;
        Ok(TruthFile { scenario, truth })
    };
    paths.iter().map(read).collect()
}

/// The windows of all truth that have this length.
pub(super) fn windows(truth: &[TruthFile], length_s: f64) -> Vec<TruthWindow> {
    truth
        .iter()
        .flat_map(|file| file.truth.windows(length_s, &file.scenario))
        .collect()
}

fn read(path: &Path, most: u64) -> Result<String, Failure> {
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
