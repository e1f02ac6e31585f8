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

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::cut;
use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::calibrate::{Calibrate, Candidate};
use crate::app::model::Model;
use crate::lab::calibration::fit::{Parameter, State};
use crate::lab::calibration::made;
use crate::lab::calibration::measure::{Finding, Outcome, Quality, Stage, Step};
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
        Stage::Measuring(_) | Stage::Judging(..) => measuring(model, theme, cut(&mut rest, 4), buf),
        Stage::Done => done(model, theme, cut(&mut rest, 4), buf),
    }
    advice(model, theme, cut(&mut rest, 2), buf);
    let doubt = model
        .calibrate
        .finding
        .as_ref()
        .and_then(|of| made::implausible(&of.as_ref().ok()?.fit));
    if let Some(doubt) = doubt {
        let room = usize::from(area.width.saturating_sub(4));
        put(
            buf,
            cut(&mut rest, 1),
            1,
            0,
            &clip(&format!("! {doubt}"), room),
            theme.warning,
        );
    }
    let finding = model
        .calibrate
        .finding
        .as_ref()
        .and_then(|finding| finding.as_ref().ok());
    let told = finding.map_or(0, |finding| told_lines(finding).len() + 1);
    let n_steps = model.calibrate.measure.plan.steps.len();
    let room = usize::from(rest.height).saturating_sub(told);
    let list = cut(
        &mut rest,
        u16::try_from((n_steps + 1).min(room.max(3))).unwrap_or(u16::MAX),
    );
    steps(model, theme, list, buf);
    if let Some(finding) = finding {
        told_by(finding, theme, rest, buf);
    }
}

fn name(calibrate: &Calibrate) -> String {
    let Some(phone) = &calibrate.measure.phone else {
        return String::new();
    };
    let model = if phone.model.is_empty() {
        "model not told (:plan model=…)".to_owned()
    } else {
        printable(&phone.model).into_owned()
    };
    format!("{} {model}", printable(&phone.name))
}

/// Which phone, which station, and whether it is kept.
fn phone(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let calibrate = &model.calibrate;
    put(buf, area, 1, 0, "PHONE", theme.dim);
    let Some(phone) = &calibrate.measure.phone else {
        let told = calibrate
            .model
            .as_ref()
            .map(|model| format!(", a {}", printable(model)));
        let text = format!("which one is measured{}?", told.unwrap_or_default());
        return put(buf, area, 8, 0, &text, theme.base);
    };
    let station = model.session.station(phone.station);
    let of = if station.model.is_empty() {
        "its model is not known".to_owned()
    } else {
        printable(&station.model).into_owned()
    };
    let text = format!(
        "{}, heard by {} ({of})",
        model.privacy.name(&name(calibrate)),
        printable(&station.name)
    );
    let room = usize::from(area.width.saturating_sub(9));
    put(buf, area, 8, 0, &clip(&text, room), theme.heading);
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
    put(
        buf,
        area,
        3,
        2,
        if quality.n == 0 { "nothing heard yet" } else { &line },
        style,
    );
    let running = matches!(measure.stage, Stage::Measuring(_));
    // While it is measured, that more is to come is no fault.
    let mut shown = faults.iter().filter(|fault| !running || !is_of_count(**fault));
    if let Some(fault) = shown.next() {
        put(buf, area, 3, 3, &format!("! {}", fault.text()), theme.warning);
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

fn done(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let measure = &model.calibrate.measure;
    let text = format!(
        "{} of {} steps accepted",
        measure.n_accepted(),
        measure.plan.steps.len()
    );
    put(buf, area, 1, 0, "DONE", theme.accent);
    put(buf, area, 6, 0, &text, theme.heading);
    match &model.calibrate.finding {
        Some(Ok(_)) => put(
            buf,
            area,
            3,
            1,
            "⏎ writes the profile (:profile NAME), b a step back, a begins anew",
            theme.base,
        ),
        Some(Err(error)) => put(buf, area, 3, 1, error, theme.warning),
        None => put(
            buf,
            area,
            3,
            1,
            "no step was accepted: b goes back, a begins anew",
            theme.base,
        ),
    }
}

/// Whether the steps will be there tomorrow.
fn advice(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if model.recording.is_some() {
        return;
    }
    if model.source.takes_marks {
        let text = "accepted steps become marks of the capture that is played; r records them elsewhere";
        put(buf, area, 1, 0, text, theme.dim);
    } else {
        put(
            buf,
            area,
            1,
            0,
            "nothing is recorded: r begins a recording, so that the steps can be computed again",
            theme.warning,
        );
    }
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

/// What the accepted steps tell, a line each.
fn told_lines(finding: &Finding) -> Vec<String> {
    let name = |parameter: Parameter| printable(&finding.bench.name(parameter)).into_owned();
    let figure = |state: &State| match state {
        State::Fixed(value) => format!("{value:+.1}, taken as known"),
        State::Estimated(estimate) => match estimate.interval {
            Some(interval) => format!(
                "{:+.1}   90 % {:+.1} to {:+.1}",
                estimate.value, interval.low, interval.high
            ),
            None => format!("{:+.1}", estimate.value),
        },
        State::Untold(reason) => format!("not told: {reason}"),
    };
    let all = finding.fit.parameters.iter();
    all.map(|(parameter, state)| format!("{:<34} {}", name(*parameter), figure(state)))
        .collect()
}

fn told_by(finding: &Finding, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    put(buf, cut(&mut rest, 1), 1, 0, "WHAT THE STEPS TELL (dB, dBm)", theme.dim);
    for (y, text) in (0..rest.height).zip(told_lines(finding)) {
        let room = usize::from(rest.width.saturating_sub(4));
        put(buf, rest, 3, y, &clip(&text, room), theme.base);
    }
}
