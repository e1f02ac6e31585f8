//! What lies over a tab: a box with a title; the columns, a form, a question.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{bytes, clip, clip_front, put, width};
use super::theme::Theme;
use crate::app::form::{Field, Form, Purpose, Question};
use crate::app::model::Model;
use crate::app::privacy::Privacy;
use crate::lab::text::printable;

/// Cells of the names in a form, and of what is typed.
const NAME: u16 = 13;
const TYPED: u16 = 34;

/// A box in the middle of `area` for so many columns and lines, emptied; gives its inside, smaller where there is no
/// room.
pub(super) fn boxed(theme: &Theme, title: &str, size: (u16, u16), area: Rect, buf: &mut Buffer) -> Rect {
    let width = (size.0 + 4).min(area.width.saturating_sub(2));
    let height = (size.1 + 2).min(area.height.saturating_sub(2));
    let frame = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let inside = usize::from(width.saturating_sub(2));
    for y in 0..height {
        let line = match y {
            0 => format!("╭{}╮", "─".repeat(inside)),
            _ if y + 1 == height => format!("╰{}╯", "─".repeat(inside)),
            _ => format!("│{}│", " ".repeat(inside)),
        };
        for x in 0..width {
            if let Some(cell) = buf.cell_mut((frame.x + x, frame.y + y)) {
                cell.reset();
                cell.set_style(theme.base);
            }
        }
        put(buf, frame, 0, y, &line, theme.dim);
    }
    put(buf, frame, 2, 0, &clip(&format!(" {title} "), inside), theme.heading);
    Rect {
        x: frame.x + 2,
        y: frame.y + 1,
        width: frame.width.saturating_sub(4),
        height: frame.height.saturating_sub(2),
    }
}

/// All columns, the shown ones first.
pub(super) fn columns(model: &Model, at: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let listed = model.live.columns.listed();
    let n = u16::try_from(listed.len()).unwrap_or(u16::MAX);
    let inner = boxed(theme, "columns", (60, n), area, buf);
    let top = (at + 1).saturating_sub(usize::from(inner.height));
    for (y, (idx, (column, is_shown))) in (0..inner.height).zip(listed.iter().enumerate().skip(top)) {
        let is_selected = idx == at;
        let style = match (is_selected, is_shown) {
            (true, _) => theme.selected,
            (false, true) => theme.base,
            (false, false) => theme.dim,
        };
        if is_selected {
            buf.set_style(
                Rect {
                    y: inner.y + y,
                    height: 1,
                    ..inner
                },
                style,
            );
        }
        let mark = if *is_shown { "[x]" } else { "[ ]" };
        put(buf, inner, 0, y, mark, style);
        put(buf, inner, 4, y, column.name(), style);
        let room = usize::from(inner.width.saturating_sub(18));
        put(buf, inner, 18, y, &clip(column.help(), room), style);
    }
}

pub(super) fn form(model: &Model, form: &Form, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let title = match &form.purpose {
        Purpose::Mark { at, .. } => {
            let text = at.to_string();
            let time = text.get(11..19).filter(|_| text.len() == 27).unwrap_or(&text);
            format!("mark from {time} UTC on")
        }
        Purpose::Record => "record".to_owned(),
        Purpose::Convert(from) => {
            let name = from.file_name().unwrap_or(from.as_os_str()).to_string_lossy();
            format!("convert {}", printable(&name))
        }
    };
    let n = u16::try_from(form.fields.len()).unwrap_or(u16::MAX);
    let inner = boxed(theme, &title, (NAME + TYPED + 26, n + 2), area, buf);
    let below = inner.height.saturating_sub(2).max(1);
    let top = (form.at + 1).saturating_sub(usize::from(below));
    for (y, (idx, field)) in (0..below).zip(form.fields.iter().enumerate().skip(top)) {
        line(field, idx == form.at, model.privacy, theme, inner, y, buf);
    }
    let (text, style) = match (&form.error, &form.purpose) {
        (Some(error), _) => (printable(error).into_owned(), theme.warning),
        (None, Purpose::Mark { .. }) => (where_marks_go(model), theme.dim),
        (None, _) => {
            let folder = model.library.folder.display().to_string();
            (format!("in {}", printable(&folder)), theme.dim)
        }
    };
    let last = inner.height.saturating_sub(1);
    put(buf, inner, 0, last, &clip(&text, usize::from(inner.width)), style);
}

fn where_marks_go(model: &Model) -> String {
    match (&model.recording, &model.source.playback) {
        (Some(_), _) => "it goes into the recording".to_owned(),
        (None, Some(_)) if model.source.takes_marks => format!("it is written into {}", printable(&model.source.name)),
        _ => "nothing is recorded: it stays on this screen only (r records)".to_owned(),
    }
}

fn line(field: &Field, is_here: bool, privacy: Privacy, theme: &Theme, area: Rect, y: u16, buf: &mut Buffer) {
    let name = if is_here { theme.accent } else { theme.dim };
    put(buf, area, 0, y, field.name, name);
    let (before, after) = field.parts();
    let typed = TYPED.min(area.width.saturating_sub(NAME));
    let text = if field.name == "device" && privacy != Privacy::Open && !field.input.value().is_empty() {
        privacy.identifier(field.input.value())
    } else if is_here {
        let room = usize::from(typed.saturating_sub(1));
        format!("{}▏{}", clip_front(&printable(before), room), printable(after))
    } else {
        format!("{}{}", printable(before), printable(after))
    };
    put(buf, area, NAME, y, &clip(&text, usize::from(typed)), theme.base);
    let x = NAME + TYPED + 2;
    let room = usize::from(area.width.saturating_sub(x));
    put(buf, area, x, y, &clip(field.hint, room), theme.dim);
}

const fn steps(n: usize) -> &'static str {
    if n == 1 { "step" } else { "steps" }
}

pub(super) fn question(question: &Question, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let lines = match question {
        Question::Delete { path, bytes: n } => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            [
                format!("Delete {}?", printable(&name)),
                format!("{}, with its marks and metadata; this cannot be undone.", bytes(*n)),
            ]
        }
        Question::QuitRecording => [
            "A recording is going on. End it and quit?".to_owned(),
            "What was recorded so far is kept.".to_owned(),
        ],
        Question::QuitCalibration { accepted } => [
            format!(
                "{accepted} accepted {}, and no profile was written. Quit?",
                steps(*accepted)
            ),
            "w (or :profile NAME) writes it; their marks stay in what is recorded.".to_owned(),
        ],
        Question::DropSteps { lost, .. } => [
            format!("Give up {lost} accepted {}?", steps(*lost)),
            "The new plan has no place for what they measured.".to_owned(),
        ],
        Question::WeakProfile { name, weakness, .. } => [
            format!("Write profile {name:?} all the same?"),
            format!("{weakness} Intervals do not show that."),
        ],
    };
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0).max(40);
    let inner = boxed(theme, "sure?", (widest, 4), area, buf);
    for (y, line) in (0..).zip(&lines) {
        put(buf, inner, 0, y, &clip(line, usize::from(inner.width)), theme.base);
    }
    put(
        buf,
        inner,
        0,
        inner.height.saturating_sub(1),
        "y yes   n no",
        theme.accent,
    );
}
