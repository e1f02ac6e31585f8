//! The keys, over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::popup;
use super::text::{clip, put, spelled, width};
use super::theme::Theme;
use crate::app::help::{Line, lines};
use crate::app::look::Letters;
use crate::app::model::Model;

/// Cells of the column of keys.
const KEYS: u16 = 16;
/// Cells between two columns of lines.
const BETWEEN: u16 = 3;

/// Cells of a line.
fn line_width(line: &Line) -> u16 {
    match line {
        Line::Title(text) | Line::Legend(text) => width(text),
        Line::Keys(_, help) => KEYS + width(help),
    }
}

pub(super) fn draw(model: &Model, theme: &Theme, scroll: u16, area: Rect, buf: &mut Buffer) {
    let lines = lines(model);
    let n_lines = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let widest = lines.iter().map(line_width).max().unwrap_or(0);
    // Two columns where they fit and one would not.
    let is_double = n_lines + 4 > area.height && 2 * widest + BETWEEN + 6 <= area.width;
    let (columns, n_rows) = if is_double {
        (2, n_lines.div_ceil(2))
    } else {
        (1, n_lines)
    };
    let wide = columns * widest + (columns - 1) * BETWEEN;
    let inner = popup::boxed(theme, "keys", (wide, n_rows), area, buf);
    let scroll = scroll.min(n_rows.saturating_sub(inner.height));
    if scroll + inner.height < n_rows {
        let below = Rect {
            y: inner.y + inner.height,
            height: 1,
            ..inner
        };
        put(buf, below, 0, 0, " ↓ more ", theme.heading);
    }
    for (idx, text) in (0..).zip(&lines) {
        let (column, row) = if is_double {
            (idx / n_rows, idx % n_rows)
        } else {
            (0, idx)
        };
        let Some(y) = row.checked_sub(scroll).filter(|y| *y < inner.height) else {
            continue;
        };
        let x = column * (widest + BETWEEN);
        let place = Rect {
            x: inner.x + x,
            width: widest.min(inner.width.saturating_sub(x)),
            ..inner
        };
        line(text, model.look.letters, theme, place, y, buf);
    }
}

fn line(line: &Line, letters: Letters, theme: &Theme, area: Rect, y: u16, buf: &mut Buffer) {
    let room = |x: u16| usize::from(area.width.saturating_sub(x));
    match line {
        Line::Title(text) => put(buf, area, 0, y, &clip(text, room(0)), theme.heading),
        Line::Legend(text) => put(buf, area, 0, y, &clip(&spelled(text, letters), room(0)), theme.dim),
        Line::Keys(keys, help) => {
            put(
                buf,
                area,
                0,
                y,
                &clip(&spelled(keys, letters), usize::from(KEYS - 1)),
                theme.accent,
            );
            put(buf, area, KEYS, y, &clip(help, room(KEYS)), theme.base);
        }
    }
}
