//! `vicino distance train`: learns the lines of the model from captures with truth.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::super::calibration::{own_folder, own_name};
use super::super::measured::{TruthFile, truth};
use super::super::{Exit, Failure, report, tell};
use super::input::{InputArgs, sparse};
use super::judged::{Known, compare, known, learn};
use crate::format::reason;
use crate::lab::distance::model::LENGTHS_S;
use crate::lab::distance::score::Measures;
use crate::lab::distance::{Heard, Mode, Model};
use crate::lab::text::printable;

/// Fewer windows with truth teach nothing.
const LEAST: usize = 30;

/// Learns how nearness becomes distance from captures with truth, and stores the model as a readable file
///
/// Truth are marks in the captures, or CSV files: distances over time (`time,receiver,transmitter,distance_m`), windows
/// (`receiver,transmitter,window_start_utc,window_s,true_distance_m`), or a simulator's NAME.truth.csv. Each file of truth is
/// a scenario, and each counts as much as the others.
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Captures
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Truth
    #[arg(long, value_name = "FILE.csv")]
    truth: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// Its name; `--estimator NAME` finds it in your own calibration folder
    #[arg(long, value_name = "NAME", default_value = "own", value_parser = own_name)]
    name: String,
    /// The file to write; by default `distance-NAME.toml` in your own calibration folder
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
}

/// Learns a model.
pub(super) fn run(args: &TrainArgs) -> Result<Exit, Failure> {
    let base = args.input.estimator()?;
    let truth = truth(&args.truth)?;
    let heard = args.input.heard(&args.captures, &truth, &base)?;
    let mut model = base.clone();
    model.name.clone_from(&args.name);
    let (mut told, mut most) = (Vec::new(), 0);
    for length_s in LENGTHS_S {
        for mode in [Mode::Replay, Mode::Live] {
            let (windows, _) = known(&heard, &truth, length_s, (&base, mode));
            most = most.max(windows.len());
            if windows.len() < LEAST {
                tell(format_args!(
                    "{} windows of {length_s} s with truth: too few, their lines stay as they were",
                    windows.len()
                ));
                continue;
            }
            let lines = if length_s <= model.time.short_s {
                &mut model.lines.short
            } else {
                &mut model.lines.long
            };
            learn(&windows.iter().collect::<Vec<&Known>>(), mode, &base, lines);
            told.push(unseen(&windows, length_s, (&base, mode)));
        }
    }
    if told.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            format!("too little to learn from: {}", missing(&heard, &truth, most)),
        )
        .hint("give captures and truth of the same time and names; `--clock-offset` corrects logs in local time"));
    }
    model.trained_on = format!(
        "{}. On windows left out by scenario and receivers: {}.",
        on(&truth),
        told.join("; ")
    );
    let path = match &args.out {
        Some(path) => path.clone(),
        None => in_own_folder(&args.name)?,
    };
    write(&path, &model)?;
    let name = path.display().to_string();
    report(format_args!("{}: {}", printable(&name), model.trained_on));
    Ok(Exit::Done)
}

/// How the lines do on windows that they have not seen.
fn unseen(windows: &[Known], length_s: f64, (model, mode): (&Model, Mode)) -> String {
    let compared = compare(windows, length_s, (model, mode), true);
    let Some((_, ours)) = compared.estimators.first() else {
        return String::new();
    };
    let measures = Measures::of(ours);
    let word = match mode {
        Mode::Live => "live",
        Mode::Replay => "replay",
    };
    format!(
        "{} windows of {length_s} s, {word}: median error {:.2} m, 90 % below {:.2} m, AUC at 1.5 m {:.2}, cost {:.2}, coverage {:.0} %",
        measures.n,
        measures.median_abs_err_m,
        measures.p90_abs_err_m,
        measures.near[0].auc,
        measures.near[0].ndcf,
        100.0 * measures.coverage.unwrap_or(0.0)
    )
}

fn on(truth: &[TruthFile]) -> String {
    let names: Vec<String> = truth
        .iter()
        .map(|file| printable(&file.scenario).into_owned())
        .collect();
    if names.is_empty() {
        "Marks of captures".to_owned()
    } else {
        format!("Truth of {}", names.join(", "))
    }
}

/// What is missing where nothing can be learnt.
fn missing(heard: &Heard, truth: &[TruthFile], most: usize) -> String {
    if truth.is_empty() && heard.marked.is_empty() {
        return "there is neither --truth nor a mark with a distance".to_owned();
    }
    if heard.levels.is_empty() {
        return "nobody heard anybody".to_owned();
    }
    if most > 0 {
        return format!("{most} windows with truth in which the pair was heard, and it takes {LEAST}");
    }
    let mut sparse = LENGTHS_S.into_iter().filter_map(|length_s| sparse(truth, length_s));
    let unheard = || "no pair of the truth was heard at its times".to_owned();
    sparse.next().unwrap_or_else(unheard)
}

fn in_own_folder(name: &str) -> Result<PathBuf, Failure> {
    let fault = |what: String| Failure::new(Exit::Environment, what).hint("--out says where to write");
    let folder = own_folder().ok_or_else(|| fault("there is no folder for data".to_owned()))?;
    std::fs::create_dir_all(&folder).map_err(|error| fault(format!("{}: {}", folder.display(), reason(&error))))?;
    Ok(folder.join(format!("distance-{name}.toml")))
}

fn write(path: &PathBuf, model: &Model) -> Result<(), Failure> {
    let fault = |what: String| Failure::new(Exit::Environment, format!("{}: {what}", path.display()));
    let text = model.to_toml().map_err(|error| fault(error.to_string()))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| fault(reason(&error)).hint("a file that is there already is not overwritten"))?;
    file.write_all(text.as_bytes()).map_err(|error| fault(reason(&error)))
}
