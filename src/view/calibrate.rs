//! The tab of calibration: what to do next, how good what is heard is, the steps, and what they tell.
//!
//! ```text
//!  PHONE dut SM-A515F, heard by reference (Pixel 4)
//!  STEP 3 of 4: put the phone 2.00 m away, back towards the station. ⏎ starts
//!    reports  ███████████████████▌            64 of 100     time 38 of 60 s
//!    level    -84 dBm   spread 2.0 dB   drift +0.3 dB   others 12.0/s
//!  ── steps ──────────────────────────────────────────────
//!    DISTANCE  ORIENTATION  REPORTS  MEDIAN  SPREAD
//!  ✓   0.50 m  front            120     -72     2.0
//! ```

mod told;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::cut;
use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::calibrate::{Calibrate, Candidate};
use crate::app::model::Model;
use crate::lab::calibration::measure::{Outcome, Plan, Quality, Stage, Step};
use crate::lab::calibration::{editions, made};
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};

/// Cells of a bar.
const BAR: u16 = 30;
/// Nothing heard of the phone for so long is said.
const SILENT: Micros = Micros::from_secs(5);

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    phone(model, theme, cut(&mut rest, 1), buf);
    match model.calibrate.measure.stage {
        Stage::Choosing => return choosing(model, theme, rest, buf),
        Stage::Placing => placing(model, theme, cut(&mut rest, 4), buf),
        Stage::Measuring(_) | Stage::Judging(..) => {
            measuring(model, theme, cut(&mut rest, 3), buf);
            fault(model, theme, &mut rest, buf);
            for doubt in model.calibrate.measure.doubts(&model.session) {
                told::paragraph(&format!("! {}", printable(&doubt)), theme.warning, &mut rest, buf);
            }
        }
        Stage::Done => return told::done(model, theme, rest, buf),
    }
    advice(model, theme, &mut rest, buf);
    let finding = model
        .calibrate
        .finding
        .as_ref()
        .and_then(|finding| finding.as_ref().ok());
    if let Some(doubt) = finding.and_then(|of| made::implausible(&of.fit)) {
        told::paragraph(&format!("! {doubt}"), theme.warning, &mut rest, buf);
    }
    let n_told = finding.map_or(0, |finding| told::lines(finding, area.width).len() + 1);
    let n_steps = model.calibrate.measure.plan.steps.len();
    let room = usize::from(rest.height).saturating_sub(n_told);
    let list = cut(
        &mut rest,
        u16::try_from((n_steps + 1).min(room.max(3))).unwrap_or(u16::MAX),
    );
    steps(model, theme, list, buf);
    if let Some(finding) = finding {
        told::by(finding, theme, &mut rest, buf);
    }
}

fn name(calibrate: &Calibrate) -> String {
    let Some(phone) = &calibrate.measure.phone else {
        return String::new();
    };
    let model = if phone.model.is_empty() {
        "(:plan model=…)".to_owned()
    } else {
        printable(&phone.model).into_owned()
    };
    format!("{} {model}", printable(&phone.name))
}

/// Which phone, which station, and whether it is kept.
fn phone(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let calibrate = &model.calibrate;
    put(buf, area, 1, 0, "PHONE", theme.dim);
    if calibrate.measure.phone.is_none() {
        let told = calibrate
            .model
            .as_ref()
            .map(|model| format!(", a {}", printable(model)));
        let text = format!("which one is measured{}?", told.unwrap_or_default());
        return put(buf, area, 8, 0, &text, theme.base);
    }
    let receiver = receiver(model);
    let text = format!("{}, heard by {}", model.privacy.name(&name(calibrate)), receiver.text);
    let room = usize::from(area.width.saturating_sub(9));
    put(buf, area, 8, 0, &clip(&text, room), theme.heading);
}

/// Who hears, and whether that fixes the scale.
struct Receiver {
    text: String,
    /// The name of its station.
    name: String,
    is_known: bool,
}

fn receiver(model: &Model) -> Receiver {
    let id = model.calibrated_station();
    let station = model.session.station(id);
    let name = printable(&station.name).into_owned();
    let told = model.calibrate.measure.told.receiver.as_ref();
    let (of, is_known) = match told.and_then(|told| told.correction_db) {
        Some(correction) => (format!("correction {correction:+} dB"), true),
        None if station.model.is_empty() => ("model not known".to_owned(), false),
        None => {
            let model_name = printable(&station.model).into_owned();
            let table = model.session.profiles(id);
            let is_listed = table.of_one_scale(&station.model).is_some();
            let of = if is_listed {
                model_name
            } else if editions::newest().knows(&station.model) {
                format!("{model_name}, not in edition {}", printable(&table.edition))
            } else {
                format!("{model_name}, in no list")
            };
            (of, is_listed)
        }
    };
    Receiver {
        text: format!("{name} ({of})"),
        name,
        is_known,
    }
}

/// Whether the phone's TX power is known.
fn is_phone_known(model: &Model) -> bool {
    let measure = &model.calibrate.measure;
    let phone = measure.phone.as_ref().map(|phone| phone.model.as_str());
    let offered = || model.calibrate.candidate().map(|of| of.model.as_str());
    let told = model.calibrate.model.as_deref();
    let of_phone = phone.or(told).or_else(offered).unwrap_or_default();
    let table = model.session.profiles(model.calibrated_station());
    measure.told.tx_dbm.is_some() || table.of_one_scale(of_phone).is_some()
}

/// Whether one end is known, so that the other can be measured.
fn is_end_known(model: &Model) -> bool {
    receiver(model).is_known || is_phone_known(model)
}

/// What is to be said of a receiver that is not known; `None` of one that is.
fn missing(model: &Model) -> Option<String> {
    let receiver = receiver(model);
    if receiver.is_known {
        return None;
    }
    let name = receiver.name;
    Some(if is_phone_known(model) {
        format!(
            "the receiver {name} is what is measured, against the known phone; :plan receiver=MODEL or receiver={name}:5 (its \
             correction in dB) measures the phone instead"
        )
    } else {
        format!(
            "{name} is no known receiver: :plan receiver=MODEL tells its model, receiver={name}:5 its correction in dB, or tx=-24 \
             the phone's TX power in dBm"
        )
    })
}

fn choosing(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    let calibrate = &model.calibrate;
    let n = calibrate.measure.plan.steps.len();
    let head = cut(&mut rest, 3);
    let plan = &calibrate.measure.plan;
    put(
        buf,
        head,
        1,
        0,
        "Lay the phone near the station: the strongest is offered first. ⏎ takes it",
        theme.base,
    );
    let text = format!(
        "{n} steps of {} s and {} reports (:plan changes them)",
        plan.dwell.0 / 1_000_000,
        plan.wanted
    );
    put(buf, head, 1, 1, &text, theme.dim);
    if n_orientations(plan) < made::ORIENTATIONS {
        let text = "profiles for others take three orientations: :plan 1 0.5 2 4 front back side";
        told::paragraph(text, theme.dim, &mut rest, buf);
    }
    // Before anybody is heard there may be no receiver to be known or not.
    if !(model.session.stations().is_empty() && calibrate.candidates.is_empty()) {
        let text = format!("heard by {}", receiver(model).text);
        put(buf, head, 1, 2, &text, theme.base);
        if let Some(text) = missing(model) {
            told::paragraph(&format!("! {text}"), theme.warning, &mut rest, buf);
        }
    }
    if calibrate.candidates.is_empty() {
        let text = "no phone with exposure notifications is heard";
        return put(buf, rest, 1, 0, text, theme.dim);
    }
    let header = format!("  {:<14} {:<20} {:>8} {:>8}", "PHONE", "MODEL", "MEDIAN", "REPORTS");
    put(buf, cut(&mut rest, 1), 1, 0, &header, theme.dim);
    let chosen = calibrate.candidate().map(|of| of.key);
    for (y, of) in (0..rest.height).zip(&calibrate.candidates) {
        let is_chosen = Some(of.key) == chosen;
        let style = if is_chosen { theme.selected } else { theme.base };
        let sign = if is_chosen { "▸" } else { " " };
        put(buf, rest, 1, y, &format!("{sign} {}", candidate(model, of)), style);
    }
}

/// How many orientations a plan has.
fn n_orientations(plan: &Plan) -> usize {
    let mut all: Vec<&str> = plan.steps.iter().map(|step| step.orientation.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

fn candidate(model: &Model, of: &Candidate) -> String {
    let median = of.median.map_or_else(|| "–".to_owned(), |median| median.to_string());
    let name = model.privacy.name(&printable(&of.name));
    let kind = printable(&of.model).into_owned();
    format!(
        "{:<14} {:<20} {median:>8} {:>8}",
        clip(&name, 14),
        clip(&kind, 20),
        of.heard
    )
}

/// `2.00 m, back`
fn place(step: &Step) -> String {
    if step.orientation.is_empty() {
        format!("{:.2} m away", step.distance_m)
    } else {
        format!("{:.2} m away, {}", step.distance_m, printable(&step.orientation))
    }
}

fn number(model: &Model) -> String {
    let measure = &model.calibrate.measure;
    format!("STEP {} of {}", measure.at + 1, measure.plan.steps.len())
}

fn placing(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(step) = model.calibrate.measure.step() else {
        return;
    };
    let number = number(model);
    put(buf, area, 1, 0, &number, theme.accent);
    let text = format!("put the phone {}; stand clear", place(step));
    put(buf, area, 2 + width(&number), 0, &text, theme.heading);
    put(buf, area, 3, 1, "⏎ starts the step when it lies still", theme.base);
    if let Some(silence) = model
        .calibrate
        .measure
        .silence(model.now())
        .filter(|silence| *silence > SILENT)
    {
        let text = format!(
            "not heard for {} s: is it awake, and exposure notifications on?",
            silence.0 / 1_000_000
        );
        put(buf, area, 3, 2, &text, theme.warning);
    }
}

fn measuring(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let measure = &model.calibrate.measure;
    let (Some(step), Some(quality)) = (measure.step(), measure.quality(model.now())) else {
        return;
    };
    let number = number(model);
    put(buf, area, 1, 0, &number, theme.accent);
    let (from, to, text) = match measure.stage {
        Stage::Judging(from, to) => (
            from,
            to,
            format!("{} measured: ⏎ accepts, x measures it again", place(step)),
        ),
        Stage::Measuring(from) => (from, model.now(), format!("measuring, {}; ⏎ ends it", place(step))),
        _ => return,
    };
    put(buf, area, 2 + width(&number), 0, &text, theme.heading);
    progress(model, &quality, (from, to), theme, area, buf);
    let faults = quality.faults(measure.plan.wanted);
    let style = if faults.is_empty() { theme.base } else { theme.warning };
    let line = format!(
        "level {:>6.1} dBm   spread {:>4.1} dB   drift {:>+5.1} dB   outliers {}   others {:.0}/s",
        quality.median_dbm, quality.iqr_db, quality.drift_db, quality.outliers, quality.others_per_s
    );
    // What is too strong was heard, although nothing of it can be used.
    if quality.n == 0 && quality.saturated > 0 {
        let text = format!(
            "! {} reports, all of -20 dBm or more: too strong, move the phone away",
            quality.saturated
        );
        return put(buf, area, 3, 2, &text, theme.warning);
    }
    put(
        buf,
        area,
        3,
        2,
        if quality.n == 0 { "nothing heard yet" } else { &line },
        style,
    );
}

/// The gravest fault of the step at hand; its line is there also while there is none, so that nothing jumps.
fn fault(model: &Model, theme: &Theme, rest: &mut Rect, buf: &mut Buffer) {
    let measure = &model.calibrate.measure;
    let quality = measure.quality(model.now()).unwrap_or_default();
    let running = matches!(measure.stage, Stage::Measuring(_));
    // That all is too strong stands there already; while it is measured, that more is to come is no fault.
    let is_said = quality.n == 0 && quality.saturated > 0;
    let faults = quality.faults(measure.plan.wanted);
    let shown = faults.into_iter().find(|fault| !running || !is_of_count(*fault));
    match shown.filter(|_| !is_said) {
        Some(fault) => told::paragraph(&format!("! {}", fault.text()), theme.warning, rest, buf),
        None => drop(cut(rest, 1)),
    }
}

const fn is_of_count(fault: crate::lab::calibration::measure::Fault) -> bool {
    use crate::lab::calibration::measure::Fault::{Few, TooFew};
    matches!(fault, Few | TooFew)
}

/// A bar of what is there of what is wanted, and of the time.
fn progress(
    model: &Model,
    quality: &Quality,
    (from, to): (UnixMicros, UnixMicros),
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let plan = &model.calibrate.measure.plan;
    let cells = quality.n.min(plan.wanted) * usize::from(BAR) / plan.wanted.max(1);
    let bar: String = (0..usize::from(BAR))
        .map(|cell| if cell < cells { '█' } else { '·' })
        .collect();
    let seconds = to.since(from).0 / 1_000_000;
    let text = format!(
        "{} of {} reports, {seconds} of {} s",
        quality.n,
        plan.wanted,
        plan.dwell.0 / 1_000_000
    );
    put(buf, area, 3, 1, &bar, theme.line);
    put(buf, area, 4 + BAR, 1, &text, theme.base);
}

/// Whether the steps will be there tomorrow, and whether they will tell anything.
fn advice(model: &Model, theme: &Theme, rest: &mut Rect, buf: &mut Buffer) {
    kept(model, theme, cut(rest, 1), buf);
    // In few words: it was told in full before the first step, and will be at the end.
    if is_end_known(model) {
        cut(rest, 1);
    } else {
        let text = "! nothing fixes the scale yet: :plan receiver=MODEL, receiver=NAME:DB or tx=DBM";
        told::paragraph(text, theme.warning, rest, buf);
    }
}

/// Whether the steps are kept.
fn kept(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if model.recording.is_some() {
        return;
    }
    let (text, style) = if model.source.takes_marks {
        let text = "accepted steps become marks of the played capture; r records them elsewhere";
        (text, theme.dim)
    } else {
        let text = "nothing is recorded: r does, so that the steps can be computed again";
        (text, theme.warning)
    };
    put(buf, area, 1, 0, text, style);
}

fn steps(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let measure = &model.calibrate.measure;
    let header = format!(
        "  {:>9}  {:<14} {:>8} {:>8} {:>7} {:>7}",
        "DISTANCE", "ORIENTATION", "REPORTS", "MEDIAN", "SPREAD", "DRIFT"
    );
    put(buf, area, 1, 0, &header, theme.dim);
    let room = usize::from(area.height.saturating_sub(1));
    // The step at hand stays in sight.
    let first = (measure.at + 1).saturating_sub(room);
    let all = measure.plan.steps.iter().zip(&measure.outcomes).enumerate().skip(first);
    for (y, (number, (step, outcome))) in (1..area.height).zip(all) {
        let is_here = number == measure.at && measure.stage != Stage::Done;
        let sign = match outcome {
            // Accepted, although something speaks against it.
            Some(outcome) if !outcome.quality.faults(measure.plan.wanted).is_empty() => "!",
            Some(_) => "✓",
            None if is_here => "▸",
            None => " ",
        };
        let style = match (is_here, outcome) {
            (true, _) => theme.selected,
            (false, Some(outcome)) if !outcome.quality.faults(measure.plan.wanted).is_empty() => theme.warning,
            (false, Some(_)) => theme.base,
            (false, None) => theme.dim,
        };
        put(
            buf,
            area,
            1,
            y,
            &format!("{sign} {}", line(step, outcome.as_ref())),
            style,
        );
    }
}

fn line(step: &Step, outcome: Option<&Outcome>) -> String {
    let orientation = printable(&step.orientation).into_owned();
    let place = format!("{:>7.2} m  {:<14}", step.distance_m, clip(&orientation, 14));
    match outcome {
        Some(Outcome { quality, .. }) => format!(
            "{place} {:>8} {:>8.1} {:>7.1} {:>+7.1}",
            quality.n, quality.median_dbm, quality.iqr_db, quality.drift_db
        ),
        None => place,
    }
}
