//! What distances are estimated from, and by which model.

use std::path::PathBuf;

use clap::Args;

use super::super::measured::{MeasuredArgs, TruthFile, read};
use super::super::{Exit, Failure};
use crate::lab::distance::truth::{Truth, TruthWindow};
use crate::lab::distance::{Heard, Model};

/// Longest file of a model, in bytes.
const MOST_MODEL: u64 = 1024 * 1024;

/// How captures are read, and by which model it is estimated.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    #[command(flatten)]
    measured: MeasuredArgs,
    /// The model of distance; by default the one that is built in
    #[arg(long, value_name = "FILE.toml")]
    estimator: Option<PathBuf>,
}

impl InputArgs {
    /// Files that are read besides captures and truth, with what they are.
    #[cfg(feature = "plots")]
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let keys = self.measured.keys().map(|path| ("lab keys", path));
        keys.into_iter()
            .chain(self.estimator.iter().map(|path| ("model of distance", path)))
    }

    /// What was asked for, as words of a command line; files without their folders.
    #[cfg(feature = "plots")]
    pub(super) fn words(&self) -> Vec<String> {
        let estimator = self.estimator.iter();
        let estimator = estimator.flat_map(|path| ["--estimator".to_owned(), super::super::reports::name_of(path)]);
        self.measured.words().into_iter().chain(estimator).collect()
    }

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

    /// What the captures tell of each other.
    pub(super) fn heard(&self, captures: &[PathBuf], truth: &[TruthFile], model: &Model) -> Result<Heard, Failure> {
        let names: Vec<&Truth> = truth.iter().map(|file| &file.truth).collect();
        self.measured.heard(captures, &names, &model.edition, false)
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

/// The lengths of windows that truth has as windows, in seconds, as they are written.
pub(super) fn lengths(truth: &[TruthFile]) -> Vec<String> {
    let windows = truth.iter().flat_map(|file| &file.truth.windows);
    let mut lengths: Vec<f64> = windows.map(|window| window.length_s).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.dedup();
    lengths.iter().map(f64::to_string).collect()
}

/// The windows of all truth that have this length.
pub(super) fn windows(truth: &[TruthFile], length_s: f64) -> Vec<TruthWindow> {
    truth
        .iter()
        .flat_map(|file| file.truth.windows(length_s, &file.scenario))
        .collect()
}
