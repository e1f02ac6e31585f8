//! What distances are estimated from, and by which model.

use std::path::PathBuf;

use clap::Args;

use super::super::calibration::own_folder;
use super::super::measured::{For, MeasuredArgs, TruthFile, read};
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
    /// The model of distance: a file, or the name of one of your own (`distance train --name`); by default the one that is built in
    #[arg(long, value_name = "NAME|FILE.toml", value_parser = estimator)]
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
        self.measured.heard(captures, &names, &model.edition, For::Distances)
    }
}

/// The file of a model of distance: as it is named, or that of one's own of this name.
fn estimator(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.extension().is_some() || path.is_file() {
        return Ok(path);
    }
    let own = own_folder().map(|folder| folder.join(format!("distance-{text}.toml")));
    match own {
        Some(own) if own.is_file() => Ok(own),
        Some(own) => Err(format!(
            "no such model of distance: there is neither a file {text} nor {} (`vicino distance train --name {text}` writes it)",
            own.display()
        )),
        None => Err(format!("no such model of distance: there is no file {text}")),
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

/// Why distances over time fill no window of a length, where that is so.
pub(super) fn sparse(truth: &[TruthFile], length_s: f64) -> Option<String> {
    let step_s = truth.iter().find_map(|file| file.truth.too_sparse_s(length_s))?;
    Some(format!(
        "the distances of a pair fill no window of {length_s} s: they lie {step_s:.1} s apart in the middle, and none holds for \
         more than 10 s; half of a window is to be known. Tell them more often, or as stretches (from,to,…)"
    ))
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
