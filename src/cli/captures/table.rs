//! The table of `vicino captures`.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Row;
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};
use crate::library::State;

/// Widest name, in cells.
const NAME: usize = 40;
/// Widest title, in cells.
const TITLE: usize = 60;
/// For what is not known.
const UNKNOWN: &str = "–";

/// A column: its head, and whether it ends in line or begins so.
type Column = (&'static str, bool);

const FRONT: [Column; 6] = [
    ("name", false),
    ("kind", false),
    ("size", true),
    ("from (UTC)", false),
    ("length", true),
    ("adverts", true),
];
const DETAILS: [Column; 4] = [
    ("identifiers", true),
    ("out of step", true),
    ("marks", true),
    ("gaps", true),
];
const BACK: [Column; 2] = [("state", false), ("title", false)];

/// Writes the table, for people.
pub(super) fn write(details: bool, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let more = if details { &DETAILS[..] } else { &[] };
    let columns: Vec<Column> = [&FRONT, more, &BACK].concat();
    let heads: Vec<String> = columns.iter().map(|(head, _)| (*head).to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(heads).chain(rows.iter().map(cells)).collect();
    let widest = |idx: usize| lines.iter().map(|line| line[idx].width()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    for line in &lines {
        let mut text = String::new();
        for ((cell, width), (_, is_right)) in line.iter().zip(&widths).zip(&columns) {
            let space = " ".repeat(width - cell.width());
            let padded = if *is_right { [&space, cell] } else { [cell, &space] };
            padded.iter().for_each(|part| text.push_str(part));
            text.push_str("  ");
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn cells(row: &Row) -> Vec<String> {
    let entry = &row.entry;
    let unknown = || UNKNOWN.to_owned();
    let (first, last) = row.span();
    let length = first.zip(last).map(|(first, last)| length(last.since(first)));
    // Metadata of what was not ended are older than the rows.
    let is_older = row.outline.is_none() && matches!(entry.state, State::Recording | State::Interrupted);
    let at_least = if is_older { "+" } else { "" };
    let mut cells = vec![
        clipped(&entry.name, NAME),
        entry.kind.map_or(UNKNOWN, crate::format::open::Kind::word).to_owned(),
        size(entry.bytes),
        first.map_or_else(unknown, minute),
        length.unwrap_or_else(unknown),
        row.adverts()
            .map_or_else(unknown, |adverts| format!("{adverts}{at_least}")),
    ];
    if let Some(outline) = &row.outline {
        let counts = [
            outline.identifiers,
            outline.out_of_step,
            outline.marks.len(),
            outline.gaps.len(),
        ];
        cells.extend(counts.map(|count| count.to_string()));
    }
    let state = entry.kind.map_or("unreadable", |_| entry.state.word());
    cells.extend([state.to_owned(), clipped(row.title().unwrap_or_default(), TITLE)]);
    cells
}

/// Text from a file in at most `most` cells, safe to show.
fn clipped(text: &str, most: usize) -> String {
    // A title may be long; what is beyond is not looked at.
    let text: String = text.chars().take(4 * most).collect();
    let text = printable(&text);
    if text.width() <= most {
        return text.into_owned();
    }
    let mut used = 1;
    let fits = |next: &char| {
        used += next.width().unwrap_or(0);
        used <= most
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let bytes_f64 = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes_f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes_f64 / 1e6),
        _ => format!("{:.1} GB", bytes_f64 / 1e9),
    }
}

/// Date and minute.
fn minute(at: UnixMicros) -> String {
    let text = at.to_string();
    match text.split_at_checked(16) {
        Some((minute, rest)) if rest.ends_with('Z') => minute.replace('T', " "),
        _ => text,
    }
}

fn length(span: Micros) -> String {
    let seconds = span.0 / 1_000_000;
    match seconds {
        ..60 => format!("{:.1} s", span.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_units() {
        assert_eq!(
            [0, 999, 1_000, 93_300, 2_500_000, 7_000_000_000].map(size),
            ["0 B", "999 B", "1.0 kB", "93.3 kB", "2.5 MB", "7.0 GB"]
        );
        let lengths = [59_814_968, 61_000_000, 3_660_000_000, 90_000_000_000].map(|span| length(Micros(span)));
        assert_eq!(lengths, ["59.8 s", "1 min 01 s", "1 h 01 min", "1 d 01 h"]);
        assert_eq!(minute(UnixMicros(1_596_102_841_899_945)), "2020-07-30 09:54");
        assert_eq!(minute(UnixMicros(i64::MAX)), format!("{} µs", i64::MAX));
    }

    #[test]
    fn names_are_clipped_by_cells_and_safe() {
        assert_eq!(clipped("a\u{1b}[2J", 40), "a\u{fffd}[2J");
        let wide = clipped(&"手".repeat(30), 40);
        assert_eq!((wide.width(), wide.ends_with('…')), (39, true));
        assert_eq!(clipped(&"x".repeat(100_000), 40).width(), 40);
    }
}
