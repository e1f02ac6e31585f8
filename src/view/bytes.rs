//! A payload byte by byte: its bytes on the left, what they are on the right.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::privacy::Privacy;
use crate::lab::explain::{Field, explain};

/// Bytes shown of a field before it is shortened in the middle.
const MOST_BYTES: usize = 5;
/// Cells of the bytes, with the indent of a part: ` ab cd … 01 02`.
const HEX: u16 = 15;

/// One line of the view.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    range: std::ops::Range<usize>,
    is_part: bool,
    name: String,
    value: String,
    note: Option<String>,
}

/// A line for each AD structure, and one for each of its parts where it has more than one besides length, type and
/// service: those stand in the structure's own line.
fn lines(payload: &[u8]) -> Vec<Line> {
    let fields = explain(payload);
    let mut lines = Vec::new();
    let mut rest = fields.as_slice();
    while let Some((structure, after)) = rest.split_first() {
        let n_parts = after.iter().take_while(|field| field.level > structure.level).count();
        let (parts, next) = after.split_at(n_parts);
        rest = next;
        let leading = |field: &&Field| matches!(&*field.name, "length" | "type" | "service UUID" | "company");
        let told: Vec<&Field> = parts
            .iter()
            .filter(|field| field.level == 1)
            .filter(|field| !leading(field))
            .collect();
        if told.len() <= 1 && told.iter().all(|field| !has_parts(parts, field)) {
            let single = told.first();
            lines.push(line(
                structure,
                false,
                structure.range.clone(),
                single.and_then(|field| field.note.as_deref()),
            ));
            continue;
        }
        let head_end = told.first().map_or(structure.range.end, |field| field.range.start);
        lines.push(line(structure, false, structure.range.start..head_end, None));
        let leaves = parts.iter().enumerate().filter(|(idx, field)| {
            let is_leaf = parts.get(idx + 1).is_none_or(|next| next.level <= field.level);
            is_leaf && field.range.start >= head_end
        });
        lines.extend(leaves.map(|(_, field)| line(field, true, field.range.clone(), field.note.as_deref())));
    }
    lines
}

fn has_parts(parts: &[Field], field: &Field) -> bool {
    let within = |other: &Field| other.level > field.level && other.range.start >= field.range.start;
    parts
        .iter()
        .any(|other| within(other) && other.range.end <= field.range.end)
}

fn line(field: &Field, is_part: bool, range: std::ops::Range<usize>, note: Option<&str>) -> Line {
    Line {
        range,
        is_part,
        name: field.name.clone().into_owned(),
        value: field.value.clone(),
        note: note.map(str::to_owned),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(16);
    let add = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let separator = if text.is_empty() { "" } else { " " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{byte:02x}");
        }
    };
    if bytes.len() <= MOST_BYTES {
        add(&mut text, bytes);
    } else {
        add(&mut text, &bytes[..2]);
        text.push_str(" …");
        add(&mut text, &bytes[bytes.len() - 2..]);
    }
    text
}

pub(super) fn draw(payload: &[u8], privacy: Privacy, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let lines = lines(payload);
    if lines.is_empty() {
        return put(buf, area, 0, 0, "no payload", theme.dim);
    }
    let n_lines = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let fits = n_lines <= area.height;
    let shown = if fits {
        area.height
    } else {
        area.height.saturating_sub(1)
    };
    for (y, line) in (0..shown).zip(&lines) {
        let indent = u16::from(line.is_part);
        let bytes = payload.get(line.range.clone()).unwrap_or_default();
        let shown_bytes = if privacy.shows_payload() {
            hex(bytes)
        } else {
            "··".to_owned()
        };
        put(buf, area, indent, y, &shown_bytes, theme.line);
        let mut x = HEX + 1;
        put(buf, area, x, y, &line.name, theme.base);
        x += width(&line.name) + 2;
        let left = usize::from(area.width.saturating_sub(x));
        if !privacy.shows_payload() {
            continue;
        }
        put(buf, area, x, y, &clip(&line.value, left), theme.dim);
        x = x.saturating_add(width(&line.value)).saturating_add(2);
        if let Some(note) = &line.note
            && x + width(note) <= area.width
        {
            put(buf, area, x, y, note, theme.warning);
        }
    }
    if !fits {
        let more = format!("… {} more lines in a taller terminal", lines.len() - usize::from(shown));
        put(buf, area, 0, shown, &more, theme.dim);
    }
}
