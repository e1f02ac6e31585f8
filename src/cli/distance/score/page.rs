//! The page of a comparison with truth.

use super::{Compared, DRAWS, Part, SEED, ScoreArgs, plots};
use crate::cli::Failure;
use crate::cli::reports::{files, name_of, quoted, undrawn};
use crate::lab::distance::line::NEAR_M;
use crate::lab::distance::{Mode, Model};
use crate::report::page::{Page, Table};

/// What stands for what.
const ESTIMATORS: [(&str, &str); 4] = [
    ("vicino", "the estimator that is judged"),
    (
        "constant",
        "always the median of the distances that it learnt from; what needs no radio at all",
    ),
    ("n = 2", "free space: 40.2 dB at 1 m and an exponent of 2; no interval"),
    ("fitted line", "a line fitted to the median level of the window"),
];

/// What the columns mean.
const MEASURES: [(&str, &str); 7] = [
    ("median error", "median of the absolute error, in metres"),
    ("90 % error", "90th percentile of the absolute error, in metres"),
    (
        "AUC",
        "area under the receiver operating characteristic for being nearer than the distance: 0.5 is chance, 1 is perfect",
    ),
    (
        "cost",
        "share of near windows that were missed plus share of far ones taken for near: 1 is what a constant answer costs",
    ),
    (
        "coverage",
        "share of the windows whose interval of 90 % holds the truth",
    ),
    ("width", "median of upper by lower end of the intervals"),
    (
        "paired gain",
        "difference of the first estimator to another on the same windows, as an interval of 90 %; one that does not hold 0 \
         is hardly an accident",
    ),
];

/// What holds of every comparison.
const METHOD: [&str; 5] = [
    "A window is the reports of one pair within a stretch of time. Windows in which the pair was not heard are not judged: \
     their number is in the summary.",
    "The constant and the fitted line learn from other scenarios and other receivers than those that they are judged on, where \
     there are any.",
    "Windows of a pair are alike. Intervals of gains are therefore drawn by whole pairs; with few pairs they are wide, and \
     rightly so.",
    "Truth has errors too: cameras and marks tell where a body or a table was, not an antenna.",
    "The numbers hold for places, phones and habits like those that were measured. Bodies, pockets and walls change levels by \
     more than metres do.",
];

/// The page.
///
/// # Errors
/// [`Failure`] when a plot cannot be drawn.
pub(super) fn page(
    args: &ScoreArgs,
    model: &Model,
    compared: &Compared,
    parts: &[Part],
    missing: usize,
) -> Result<Page, Failure> {
    let mut page = Page::new(
        "Distance estimates against truth",
        "How well distances and nearness are told from the levels of exposure notifications, beside simpler estimators.",
    );
    summary(args, model, parts, missing, &mut page);
    page.section("Plots");
    for plot in plots::all(compared) {
        page.plot(&plot).map_err(|error| undrawn(&error))?;
    }
    // The last of the parts is all windows, which the summary tells.
    let scenarios = parts.split_last().map_or(&[][..], |(_, scenarios)| scenarios);
    if !scenarios.is_empty() {
        page.section("Scenarios");
    }
    for part in scenarios {
        let windows = part.places.len();
        let name = crate::report::page::cut(&part.name, 60);
        page.part(&name);
        page.table(&measures(part, &format!("{windows} windows")));
        if !part.gains.is_empty() {
            page.table(&gains(part));
        }
    }
    method(&mut page);
    provenance(args, model, &mut page);
    Ok(page)
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "live: what the receiver heard so far",
        Mode::Replay => "replay: all logs, both directions of time",
    }
}

fn summary(args: &ScoreArgs, model: &Model, parts: &[Part], missing: usize, page: &mut Page) {
    page.section("Summary");
    // The last of the parts is all of them.
    let Some(all) = parts.last() else { return };
    let lines = if args.leave_out {
        "learnt anew for each scenario and third of the receivers, from the others"
    } else {
        "those of the model; where it learnt from these very windows, its numbers are too good"
    };
    page.facts([
        (
            "Judged",
            format!(
                "{} windows of {} s with truth; {missing} more in which the pair was not heard",
                all.places.len(),
                args.window
            ),
        ),
        ("Scenarios", parts.len().saturating_sub(1).max(1).to_string()),
        ("What may be known", mode(args.mode).to_owned()),
        ("Model", format!("{}, taught by {}", model.name, model.trained_on)),
        ("Lines", lines.to_owned()),
    ]);
    if let Some((_, ours)) = all.measures.first() {
        let mut told = vec![format!(
            "Half of the estimates are off by no more than {:.2} m, nine of ten by no more than {:.2} m.",
            ours.median_abs_err_m, ours.p90_abs_err_m
        )];
        told.extend(ours.coverage.map(|share| {
            format!(
                "The intervals of 90 % hold the truth in {:.1} % of the windows.",
                100.0 * share
            )
        }));
        told.push(nearness(ours.near[0].auc, ours.near[0].ndcf));
        page.list(&told);
    }
    page.table(&measures(all, "All windows"));
    if !all.gains.is_empty() {
        page.table(&gains(all));
    }
}

fn nearness(auc: f64, cost: f64) -> String {
    let near = NEAR_M[0];
    if auc.is_nan() {
        return format!("All windows are on the same side of {near} m, so nothing is told of nearness.");
    }
    format!("Nearer than {near} m or not: AUC {auc:.3}, cost of the decisions {cost:.3}.")
}

fn measures(part: &Part, caption: &str) -> Table {
    let number = |value: f64| {
        if value.is_finite() {
            format!("{value:.3}")
        } else {
            "–".to_owned()
        }
    };
    let optional = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let rows = part.measures.iter().map(|(name, of)| {
        let [near, far] = of.near;
        vec![
            (*name).to_owned(),
            number(of.median_abs_err_m),
            number(of.p90_abs_err_m),
            number(near.auc),
            number(near.ndcf),
            number(far.auc),
            number(far.ndcf),
            optional(of.coverage.map(|share| format!("{:.1} %", 100.0 * share))),
            optional(of.width.map(|width| format!("× {width:.1}"))),
        ]
    });
    Table {
        caption: format!("{caption}: errors in metres, AUC and cost for being nearer than 1.5 m and 2 m"),
        columns: vec![
            ("estimator", false),
            ("median error", true),
            ("90 % error", true),
            ("AUC 1.5", true),
            ("cost 1.5", true),
            ("AUC 2", true),
            ("cost 2", true),
            ("coverage", true),
            ("width", true),
        ],
        rows: rows.collect(),
    }
}

fn gains(part: &Part) -> Table {
    let first = part.measures.first().map_or("", |(name, _)| name);
    let rows = part.gains.iter().map(|(name, [error, auc, cost])| {
        let of = |[low, high]: &[f64; 2], unit: &str| format!("{low:+.2} to {high:+.2}{unit}");
        vec![format!("over {name}"), of(error, " m"), of(auc, ""), of(cost, "")]
    });
    Table {
        caption: format!("Paired gains of {first}, intervals of 90 %: less error, more AUC and less cost are better"),
        columns: vec![
            ("compared", false),
            ("median error", true),
            ("AUC 1.5", true),
            ("cost 1.5", true),
        ],
        rows: rows.collect(),
    }
}

fn method(page: &mut Page) {
    page.section("Method and limits");
    page.part("Estimators");
    page.facts(ESTIMATORS.map(|(name, told)| (name, told.to_owned())));
    page.part("Measures");
    page.facts(MEASURES.map(|(name, told)| (name, told.to_owned())));
    page.part("Limits");
    page.list(METHOD);
}

fn provenance(args: &ScoreArgs, model: &Model, page: &mut Page) {
    page.section("Provenance");
    let captures = args.captures.iter().map(|path| ("capture", path));
    let truth = args.truth.iter().map(|path| ("truth", path));
    page.table(&files(captures.chain(truth).chain(args.input.files())));
    page.facts([
        ("Program", concat!("Vicino ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Calibration of the model", model.edition.clone()),
        ("Intervals of gains", format!("{DRAWS} draws of pairs, seed {SEED}")),
    ]);
    page.text("The same numbers come from:");
    page.code([command(args)]);
}

/// The command that gives the same numbers.
fn command(args: &ScoreArgs) -> String {
    let mut words: Vec<String> = ["vicino", "distance", "score"].map(str::to_owned).to_vec();
    words.extend(args.captures.iter().map(|path| name_of(path)));
    for path in &args.truth {
        words.extend(["--truth".to_owned(), name_of(path)]);
    }
    words.extend(["--window".to_owned(), args.window.to_string()]);
    let mode = if args.mode == Mode::Live { "live" } else { "replay" };
    words.extend(["--mode", mode].map(str::to_owned));
    words.extend(args.leave_out.then(|| "--leave-out".to_owned()));
    words.extend(args.input.words());
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}
