//! The tab of what happened: newest at the bottom, as in a log file.
//!
//! ```text
//!  12 of 340 entries · info and above
//!  09:54:01.900  warn   hci0 heard nothing for 4.2 s: the Bluetooth service is gone
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{clip, grouped, put, width};
use super::theme::Theme;
use crate::app::log::{Entry, Level};
use crate::app::model::Model;
use crate::lab::time::UnixMicros;

/// Cells of the time and of the level.
const TIME: u16 = 14;
const LEVEL: u16 = 7;

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let n_shown = model.log.shown().count();
    let summary = format!(
        "{} of {} entries · {}",
        grouped(n_shown as u64),
        grouped(model.log.len() as u64),
        name(model.log.least)
    );
    put(
        buf,
        area,
        1,
        0,
        &clip(&summary, usize::from(area.width.saturating_sub(2))),
        theme.heading,
    );
    let lines = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if n_shown == 0 {
        let hint = if model.log.is_empty() {
            "nothing happened yet: gaps, adapter states, marks and new identifiers stand here"
        } else if model.log.search.is_empty() {
            "nothing that matters so much: v shows less important entries"
        } else if model.log.least == Level::Detail {
            "no entry matches: Esc drops the search"
        } else {
            "no entry matches: v shows less important ones, Esc drops the search"
        };
        return put(
            buf,
            lines,
            1,
            1,
            &clip(hint, usize::from(area.width.saturating_sub(2))),
            theme.dim,
        );
    }
    let back = model.log.back.min(n_shown - 1);
    let shown = model.log.shown().skip(back).take(usize::from(lines.height));
    let n_lines = (n_shown - back).min(usize::from(lines.height));
    for (y, entry) in (0..u16::try_from(n_lines).unwrap_or(u16::MAX)).rev().zip(shown) {
        line(model, entry, theme, lines, y, buf);
    }
    if back > 0 {
        let text = format!(" {} newer below ", grouped(back as u64));
        let x = lines.width.saturating_sub(width(&text) + 1);
        put(buf, area, x, 0, &text, theme.accent);
    }
}

fn line(model: &Model, entry: &Entry, theme: &Theme, area: Rect, y: u16, buf: &mut Buffer) {
    put(buf, area, 1, y, &time(entry.at), theme.dim);
    put(buf, area, 1 + TIME, y, entry.level.word(), style(entry.level, theme));
    let mut x = 1 + TIME + LEVEL;
    if !entry.about.is_empty() {
        let about: String = entry.about.chars().take(17).collect();
        let about = model.privacy.identifier(if about.contains(':') {
            &about
        } else {
            about.get(..8).unwrap_or(&about)
        });
        put(buf, area, x, y, &about, theme.accent);
        x += width(&about) + 2;
    }
    let left = usize::from(area.width.saturating_sub(x + 1));
    let text = match entry.text.strip_prefix("mark: ") {
        // What a person wrote of a device may name whose it is.
        Some(mark) => format!("mark: {}", model.privacy.name(mark)),
        None => entry.text.clone(),
    };
    put(buf, area, x, y, &clip(&text, left), theme.base);
}

const fn name(level: Level) -> &'static str {
    match level {
        Level::Detail => "everything",
        Level::Info => "without details",
        Level::Warning => "warnings and errors",
        Level::Error => "errors",
    }
}

const fn style(level: Level, theme: &Theme) -> Style {
    match level {
        Level::Detail => theme.dim,
        Level::Info => theme.base,
        Level::Warning => theme.warning,
        Level::Error => theme.error,
    }
}

/// `09:54:01.900`
fn time(at: UnixMicros) -> String {
    let text = at.to_string();
    match text.get(11..23) {
        Some(time) if text.len() == 27 => time.to_owned(),
        _ => clip(&text, usize::from(TIME - 1)).into_owned(),
    }
}
