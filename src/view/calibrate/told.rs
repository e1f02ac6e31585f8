//! What the steps tell, what speaks against it, and how to come to a profile.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{kept, missing, steps};
use crate::app::model::Model;
use crate::lab::calibration::fit::{Parameter, Reason, State};
use crate::lab::calibration::measure::Finding;
use crate::lab::text::printable;
use crate::view::cut;
use crate::view::text::{put, wrapped};
use crate::view::theme::Theme;

/// Cells of a parameter's name.
const NAME: usize = 34;
/// Cells before what belongs to the line above.
const INDENT: usize = 3;

/// A text of as many lines as it takes.
pub(super) fn paragraph(text: &str, style: Style, rest: &mut Rect, buf: &mut Buffer) {
    for line in wrapped(text, usize::from(rest.width.saturating_sub(2))) {
        put(buf, cut(rest, 1), 1, 0, &line, style);
    }
}

/// The end: what to do with it, what speaks against it, what it tells, and the steps as far as there is room.
pub(super) fn done(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    let measure = &model.calibrate.measure;
    let text = format!(
        "{} of {} steps accepted",
        measure.n_accepted(),
        measure.plan.steps.len()
    );
    let head = cut(&mut rest, 1);
    put(buf, head, 1, 0, "DONE", theme.accent);
    put(buf, head, 6, 0, &text, theme.heading);
    match &model.calibrate.finding {
        Some(Ok(finding)) if finding.has_scale() => {
            let has_model = measure.phone.as_ref().is_some_and(|phone| !phone.model.is_empty());
            let text = if has_model {
                "⏎ writes the profile (:profile NAME), b a step back, a begins anew"
            } else {
                "⏎ writes the profile (:profile NAME) once :plan model=NAME told which phone it is, b a step back, a begins anew"
            };
            paragraph(text, theme.base, &mut rest, buf);
        }
        Some(Ok(_)) => {
            let text = missing(model).unwrap_or_default();
            paragraph(
                &format!("no profile yet: {text}. The steps stay"),
                theme.warning,
                &mut rest,
                buf,
            );
        }
        Some(Err(error)) => paragraph(error, theme.warning, &mut rest, buf),
        None => paragraph(
            "no step was accepted: b goes back, a begins anew",
            theme.base,
            &mut rest,
            buf,
        ),
    }
    let finding = model.calibrate.finding.as_ref().and_then(|of| of.as_ref().ok());
    if let Some(finding) = finding {
        by(finding, theme, &mut rest, buf);
        for caution in finding.cautions() {
            paragraph(&format!("! {caution}"), theme.warning, &mut rest, buf);
        }
        if finding.has_scale() {
            let text = format!("again: vicino calibrate fit CAPTURE {}", printable(&finding.options()));
            paragraph(&text, theme.dim, &mut rest, buf);
            let text = "then: vicino calibrate show own, vicino calibrate export own OUT.csv";
            paragraph(text, theme.dim, &mut rest, buf);
        }
    }
    if model.recording.is_none() && !model.source.takes_marks {
        kept(model, theme, cut(&mut rest, 1), buf);
    }
    if rest.height > 1 {
        steps(model, theme, rest, buf);
    }
}

/// What the accepted steps tell; what is not told has its whole reason.
pub(super) fn lines(finding: &Finding, width: u16) -> Vec<String> {
    let room = usize::from(width).saturating_sub(INDENT + 1);
    let mut lines = Vec::new();
    for (parameter, state) in &finding.fit.parameters {
        let name = printable(&finding.bench.name(*parameter)).into_owned();
        let text = format!("{name:<NAME$} {}", figure(finding, *parameter, state));
        // Blanks between name and figure are no places to break a line that fits.
        if text.chars().count() <= room {
            lines.push(text);
            continue;
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let broken = wrapped(&text, room.saturating_sub(2));
        lines.extend(broken.into_iter().enumerate().map(|(number, line)| {
            let before = if number == 0 { "" } else { "  " };
            format!("{before}{line}")
        }));
    }
    if !finding.has_scale() {
        lines.extend(finding.together().iter().flat_map(|text| wrapped(text, room)));
    }
    lines
}

fn figure(finding: &Finding, parameter: Parameter, state: &State) -> String {
    match state {
        State::Fixed(value) if parameter == Parameter::Attenuation && finding.is_usual_attenuation => {
            format!("{value:+.1}, as in a chamber (:plan a1=40.2)")
        }
        State::Fixed(value) => {
            let of = finding.edition_of(parameter);
            let of = of.map(|edition| format!(" (edition {})", printable(edition)));
            format!("{value:+.1}, taken as known{}", of.unwrap_or_default())
        }
        State::Estimated(estimate) => match estimate.interval {
            Some(interval) => format!(
                "{:+.1}   90 % {:+.1} to {:+.1}",
                estimate.value, interval.low, interval.high
            ),
            None => format!("{:+.1}", estimate.value),
        },
        // What tells it stands above, in the words of this screen.
        State::Untold(Reason::NoReference) => "not told: neither end is known".to_owned(),
        State::Untold(reason) => format!("not told: {reason}"),
    }
}

pub(super) fn by(finding: &Finding, theme: &Theme, rest: &mut Rect, buf: &mut Buffer) {
    let header = "WHAT THE STEPS TELL (dB, dBm)";
    put(buf, cut(rest, 1), 1, 0, header, theme.dim);
    for text in lines(finding, rest.width) {
        put(buf, cut(rest, 1), INDENT_CELLS, 0, &text, theme.base);
    }
}

/// [`INDENT`], for drawing.
const INDENT_CELLS: u16 = 3;
