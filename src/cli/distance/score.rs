//! `vicino distance score`: compares estimates with truth, and with what others would have estimated.

#[cfg(feature = "plots")]
mod page;
#[cfg(feature = "plots")]
mod plots;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::measured::truth;
use super::super::{Exit, Failure, tell, to_stdout};
use super::input::{self, InputArgs, sparse, windows};
use super::judged::{Compared, Known, compare, known};
use super::{mode, window};
use crate::format::reason;
use crate::lab::distance::Mode;
use crate::lab::distance::score::{Judged, Measures, paired};
use crate::lab::text::{json_printable, printable};

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/distance-score/1";
/// Draws of pairs for intervals, and the seed of these draws.
const DRAWS: usize = 400;
const SEED: u64 = 1;

/// Compares estimates with truth: errors, area under the curve, cost of decisions, coverage, calibration of probabilities
///
/// Truth are marks in the captures, or CSV files: distances over time (`time,receiver,transmitter,distance_m`), windows
/// (`receiver,transmitter,window_start_utc,window_s,true_distance_m`), or a simulator's NAME.truth.csv. Beside Vicino's
/// estimator stand the constant guess, free space (n = 2, 40.2 dB at 1 m), and a line fitted to the median level of the
/// window; both of these learn from other scenarios and other receivers than those that they are judged on.
#[derive(Debug, Args)]
pub(super) struct ScoreArgs {
    /// Captures
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Truth
    #[arg(long, value_name = "FILE.csv")]
    truth: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// Length of the windows, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = window)]
    window: f64,
    /// What may be known: `live` or `replay`
    #[arg(long, value_name = "MODE", default_value = "replay", value_parser = mode)]
    mode: Mode,
    /// Learns Vicino's line anew for each scenario and third of the receivers, from the others; without it, the line of the
    /// model is judged
    #[arg(long)]
    leave_out: bool,
    /// Also writes Vicino's estimates of the judged windows, with the columns of `distance --csv`
    #[arg(long, value_name = "FILE.csv")]
    estimates: Option<PathBuf>,
    /// Writes a page that tells the whole result, with plots, to people without this program: one file of HTML
    #[cfg(feature = "plots")]
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Compares with truth.
pub(super) fn run(args: &ScoreArgs) -> Result<Exit, Failure> {
    #[cfg(feature = "plots")]
    super::super::reports::refuse_existing(&args.report)?;
    let model = args.input.estimator()?;
    let truth = truth(&args.truth)?;
    let heard = args.input.heard(&args.captures, &truth, &model)?;
    let (known, missing) = known(&heard, &truth, args.window, (&model, args.mode));
    if known.is_empty() {
        let lengths = input::lengths(&truth);
        if windows(&truth, args.window).is_empty() && !lengths.is_empty() {
            return Err(Failure::new(
                Exit::Input,
                format!(
                    "no window of {} s in the truth: its windows are of {} s",
                    args.window,
                    lengths.join(" s and of ")
                ),
            )
            .hint(format!(
                "--window {} judges them; distances over time (time,receiver,transmitter,distance_m) give windows of any length",
                lengths[0]
            )));
        }
        if let Some(what) = sparse(&truth, args.window) {
            return Err(
                Failure::new(Exit::Input, what).hint("a distance holds until the pair's next one, for 10 s at most")
            );
        }
        return Err(Failure::new(
            Exit::Input,
            format!("no window of {} s with truth in which the pair was heard", args.window),
        )
        .hint("give captures and truth of the same time and names; `--clock-offset` corrects logs in local time"));
    }
    if missing > 0 {
        tell(format_args!(
            "{missing} windows with truth have no report of their pair, and are not judged"
        ));
    }
    let compared = compare(&known, args.window, (&model, args.mode), args.leave_out);
    if let Some(path) = &args.estimates {
        write(path, &known, &compared)?;
    }
    let parts = parts(&known, &compared);
    #[cfg(feature = "plots")]
    if let Some(path) = &args.report {
        let page = page::page(args, &model, &compared, &parts, missing)?;
        super::super::reports::write_page(path, page)?;
    }
    to_stdout(|out| {
        if args.json {
            let value = as_json(args, &parts, missing);
            return writeln!(out, "{}", json_printable(&format!("{value:#}")));
        }
        if !args.leave_out {
            let name = printable(&model.name);
            writeln!(
                out,
                "by the line of the model {name}: on what it was learnt from, figures are too good (--leave-out)\n"
            )?;
        }
        as_text(&parts, out)
    })
}

/// Writes the estimates of the judged windows.
fn write(path: &Path, known: &[Known], compared: &Compared) -> Result<(), Failure> {
    let fault = |what: String| Failure::new(Exit::Environment, format!("{}: {what}", path.display()));
    let file = File::create_new(path)
        .map_err(|error| fault(reason(&error)).hint("a file that is there already is not overwritten"))?;
    let mut writer = csv::Writer::from_writer(file);
    let mut rows = || -> csv::Result<()> {
        writer.write_record([
            "ts",
            "receiver",
            "transmitter",
            "window_s",
            "distance_m",
            "low_m",
            "high_m",
            "p_close_1_5",
            "p_close_2_0",
            "close_1_5",
            "close_2_0",
            "true_distance_m",
        ])?;
        let ours = compared.estimators.first().map_or(&[][..], |(_, ours)| ours);
        for (of, judged) in known.iter().zip(ours) {
            let [low, high] = judged.interval_m.unwrap_or([judged.distance_m; 2]);
            let [near, far] = judged.decided.map(|near| u8::from(near).to_string());
            writer.write_record([
                format!("{:.6}", of.truth.from_s),
                printable(&of.truth.receiver).into_owned(),
                printable(&of.truth.sender).into_owned(),
                of.truth.length_s.to_string(),
                judged.distance_m.to_string(),
                low.to_string(),
                high.to_string(),
                judged.near[0].to_string(),
                judged.near[1].to_string(),
                near,
                far,
                judged.truth_m.to_string(),
            ])?;
        }
        writer.flush()?;
        Ok(())
    };
    rows().map_err(|error| fault(error.to_string()))
}

/// Windows that are judged together.
struct Part {
    /// The scenario, neutralised; `all` for all of them.
    name: String,
    /// Places of its windows among those that are judged.
    places: Vec<usize>,
    /// The measures of each estimator: ours first.
    measures: Vec<(&'static str, Measures)>,
    /// Differences of ours to each of the others, with their intervals of 90 %: median error in metres, AUC and cost at
    /// 1.5 m.
    gains: Vec<(&'static str, [[f64; 2]; 3])>,
}

impl Part {
    fn new(name: String, places: Vec<usize>, compared: &Compared) -> Self {
        let all: Vec<(&'static str, Vec<Judged>)> = compared
            .estimators
            .iter()
            .map(|(name, judged)| (*name, places.iter().map(|place| judged[*place]).collect()))
            .collect();
        let gains = all.split_first().map(|((_, ours), others)| {
            let gain = |(name, judged): &(&'static str, Vec<Judged>)| (*name, paired(ours, judged, DRAWS, SEED));
            others.iter().map(gain).collect()
        });
        Self {
            measures: all.iter().map(|(name, judged)| (*name, Measures::of(judged))).collect(),
            gains: gains.unwrap_or_default(),
            name,
            places,
        }
    }
}

/// Those of each scenario where there are several, and all windows.
fn parts(known: &[Known], compared: &Compared) -> Vec<Part> {
    let mut scenarios: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, of) in known.iter().enumerate() {
        scenarios.entry(&of.truth.scenario).or_default().push(place);
    }
    if scenarios.len() < 2 {
        scenarios.clear();
    }
    let each = scenarios
        .into_iter()
        .map(|(name, places)| (printable(name).into_owned(), places));
    each.chain([("all".to_owned(), (0..known.len()).collect())])
        .map(|(name, places)| Part::new(name, places, compared))
        .collect()
}

fn as_json(args: &ScoreArgs, parts: &[Part], missing: usize) -> Value {
    let part = |part: &Part| {
        let measures: BTreeMap<&str, &Measures> = part.measures.iter().map(|(name, of)| (*name, of)).collect();
        let gains = part.gains.iter().map(
            |(name, [error, auc, cost])| json!({ "over": name, "median_abs_err_m": error, "auc": auc, "ndcf": cost }),
        );
        json!({
            "scenario": part.name,
            "windows": part.places.len(),
            "measures": measures,
            "gains_90": gains.collect::<Vec<_>>(),
        })
    };
    json!({
        "schema": SCHEMA,
        "window_s": args.window,
        "mode": args.mode,
        "left_out": args.leave_out,
        "missing": missing,
        "parts": parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn as_text(parts: &[Part], out: &mut dyn Write) -> io::Result<()> {
    for part in parts {
        writeln!(out, "{}: {} windows", part.name, part.places.len())?;
        writeln!(
            out,
            "  {:<12} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "ESTIMATOR", "MEDIAN m", "90 % m", "AUC 1.5", "COST 1.5", "AUC 2", "COST 2", "COVERAGE", "WIDTH"
        )?;
        for (name, measures) in &part.measures {
            let [near, far] = measures.near;
            let optional = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| "–".to_owned(), text);
            writeln!(
                out,
                "  {name:<12} {:>8.3} {:>8.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9} {:>9}",
                measures.median_abs_err_m,
                measures.p90_abs_err_m,
                near.auc,
                near.ndcf,
                far.auc,
                far.ndcf,
                optional(measures.coverage, |share| format!("{:.1} %", 100.0 * share)),
                optional(measures.width, |width| format!("× {width:.1}"))
            )?;
        }
        for (name, [error, auc, cost]) in &part.gains {
            let range = |[low, high]: [f64; 2]| {
                if low.is_nan() {
                    "–".to_owned()
                } else {
                    format!("{low:+.2}…{high:+.2}")
                }
            };
            let (error, auc, cost) = (range(*error), range(*auc), range(*cost));
            writeln!(out, "  over {name}, 90 %: error {error} m, AUC {auc}, cost {cost}")?;
        }
        writeln!(out)?;
    }
    // The last of the parts is all of them.
    if let Some((_, measures)) = parts.last().and_then(|part| part.measures.first()) {
        let bins = measures
            .reliability
            .iter()
            .map(|(p, share, n)| format!("{:.0} → {:.0} % ({n})", 100.0 * p, 100.0 * share));
        writeln!(
            out,
            "nearer than 1.5 m, said → seen (windows): {}",
            bins.collect::<Vec<_>>().join(", ")
        )?;
    }
    Ok(())
}
