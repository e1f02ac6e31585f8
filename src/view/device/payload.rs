//! The payload byte by byte, with the field under the cursor explained.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::lab::explain::Field;
use crate::lab::track::Track;
use crate::view::text::{clip, put, width};
use crate::view::theme::Theme;

/// Bytes in a row.
const ROW: usize = 8;
/// Lines that explain the field under the cursor.
const EXPLAINED: u16 = 4;

pub(super) fn draw(model: &Model, track: &Track, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !model.privacy.shows_payload() {
        let text = format!("{} bytes; {}", track.payload.len(), model.privacy.word());
        return put(buf, area, 0, 0, &text, theme.dim);
    }
    let fields = model.fields();
    let Some(field) = fields.get(model.field_idx(fields.len())) else {
        return put(buf, area, 0, 0, "no payload", theme.dim);
    };
    let per_row = if area.width >= 56 { 2 * ROW } else { ROW };
    let n_rows = area.height.saturating_sub(EXPLAINED + 1);
    let first_row = first_row(field, per_row, usize::from(n_rows), track.payload.len());
    let rows = track.payload.chunks(per_row).enumerate().skip(first_row);
    let mut y = 0;
    for (row, bytes) in rows.take(usize::from(n_rows)) {
        row_of_bytes(row * per_row, bytes, field, theme, area, y, buf);
        y += 1;
    }
    explain(field, &track.payload, theme, area, y + 1, buf);
}

/// The first row shown, so that the field is in view.
fn first_row(field: &Field, per_row: usize, n_rows: usize, n_bytes: usize) -> usize {
    let row = field.range.start / per_row;
    let most = n_bytes.div_ceil(per_row).saturating_sub(n_rows);
    (row + 1).saturating_sub(n_rows).min(most)
}

/// `08  8b e6 cd 37  1c 5c 89 16   ..7...`
fn row_of_bytes(offset: usize, bytes: &[u8], field: &Field, theme: &Theme, area: Rect, y: u16, buf: &mut Buffer) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{offset:04x}");
    put(buf, area, 0, y, &text, theme.dim);
    let mut x = 6;
    for (idx, byte) in bytes.iter().enumerate() {
        text.clear();
        let _ = write!(text, "{byte:02x}");
        let is_marked = field.range.contains(&(offset + idx));
        put(
            buf,
            area,
            x,
            y,
            &text,
            if is_marked { theme.selected } else { theme.line },
        );
        let is_joined = is_marked && field.range.contains(&(offset + idx + 1)) && idx + 1 < bytes.len();
        put(
            buf,
            area,
            x + 2,
            y,
            " ",
            if is_joined { theme.selected } else { theme.base },
        );
        x += 3;
    }
}

fn explain(field: &Field, payload: &[u8], theme: &Theme, area: Rect, y: u16, buf: &mut Buffer) {
    let room = usize::from(area.width);
    let n_bytes = field.range.len();
    let place = if n_bytes == 1 {
        format!("byte {}", field.range.start)
    } else {
        format!("bytes {} to {}", field.range.start, field.range.end.saturating_sub(1))
    };
    put(buf, area, 0, y, &clip(&field.name, room), theme.heading);
    let x = width(&field.name) + 2;
    put(buf, area, x, y, &clip(&place, room.saturating_sub(x.into())), theme.dim);
    let value = if field.value.is_empty() {
        crate::lab::advert::Hex(payload.get(field.range.clone()).unwrap_or_default()).to_string()
    } else {
        field.value.clone()
    };
    let mut line = y + 1;
    let mut rest = value.as_str();
    // What does not fit into one line goes on in the next.
    while !rest.is_empty() && line < y + 3 {
        let head = if line + 1 < y + 3 { fitting(rest, room) } else { rest };
        put(buf, area, 0, line, &clip(head, room), theme.base);
        rest = rest.get(head.len()..).unwrap_or_default();
        line += 1;
    }
    if let Some(note) = &field.note {
        put(buf, area, 0, line, &clip(note, room), theme.warning);
    }
}

/// As much of the text as fits.
fn fitting(text: &str, room: usize) -> &str {
    let mut end = 0;
    for (at, letter) in text.char_indices() {
        end = at + letter.len_utf8();
        if usize::from(width(&text[..end])) > room {
            return &text[..at];
        }
    }
    &text[..end]
}
