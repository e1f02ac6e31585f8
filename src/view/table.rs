//! The device table.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::layout::{WITH_ADDRESS, WITH_NAME, WITH_RATE, WITH_ROTATIONS, WITH_RPI, WITH_SPARKLINE};
use crate::app::live::SortBy;
use crate::app::model::Model;
use crate::app::privacy::Privacy;
use crate::app::rows::{Row, rows};
use crate::lab::advert::RssiQuality;
use crate::lab::attenuation::Confidence;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::track::Track;

/// A device silent for longer than this steps back.
const QUIET: Micros = Micros::from_secs(30);
/// Levels of the sparkline's lowest and highest bars, in dBm.
const SPARK: (f64, f64) = (-100.0, -40.0);
/// Time that the sparkline spans.
const SPARK_SECONDS: u16 = 30;
/// Narrowest and widest column of names worth having.
const NAME: (u16, u16) = (8, 32);

/// With this much for names, what is left goes to the kinds.
const NAME_ENOUGH: u16 = 16;
/// More rotations than this are not told apart: their mark must stay in view.
const MOST_ROTATIONS: usize = 99;
/// Cells for kinds: at least, and as long as the longest word.
const KIND: u16 = 13;
const LONGEST_KIND: u16 = 23;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Age,
    Kind,
    Address,
    Rpi,
    Rssi,
    Spark,
    Attenuation,
    Rate,
    Rotations,
    Name,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    cell: Cell,
    heading: &'static str,
    width: u16,
    is_right: bool,
    sort: Option<SortBy>,
    /// From this many columns of the terminal on.
    from: u16,
}

const fn column(
    cell: Cell,
    heading: &'static str,
    width: u16,
    is_right: bool,
    sort: Option<SortBy>,
    from: u16,
) -> Column {
    Column {
        cell,
        heading,
        width,
        is_right,
        sort,
        from,
    }
}

const COLUMNS: [Column; 9] = [
    column(Cell::Age, "AGE", 6, true, Some(SortBy::Age), 0),
    column(Cell::Kind, "KIND", KIND, false, Some(SortBy::Kind), 0),
    column(Cell::Address, "ADDRESS", 19, false, Some(SortBy::Address), WITH_ADDRESS),
    column(Cell::Rpi, "RPI", 8, false, Some(SortBy::Rpi), WITH_RPI),
    column(Cell::Rssi, "RSSI", 5, true, Some(SortBy::Rssi), 0),
    column(Cell::Spark, "LAST 30 s", 15, false, None, WITH_SPARKLINE),
    column(Cell::Attenuation, "ATTEN", 7, true, Some(SortBy::Attenuation), 0),
    column(Cell::Rate, "/s", 5, true, Some(SortBy::Rate), WITH_RATE),
    column(Cell::Rotations, "ROT", 4, true, Some(SortBy::Rotations), WITH_ROTATIONS),
];

/// Cells between two columns.
const SPACE: u16 = 2;
/// Cells of the selection's marker.
const MARKER: u16 = 2;

/// The columns for a terminal of this width.
fn columns(total: u16) -> Vec<Column> {
    let mut shown: Vec<Column> = COLUMNS.into_iter().filter(|column| total >= column.from).collect();
    let taken: u16 = MARKER + shown.iter().map(|column| column.width + SPACE).sum::<u16>();
    let left = (total + SPACE).saturating_sub(taken + SPACE);
    if total >= WITH_NAME && left >= NAME.0 {
        let name = left.min(NAME.1);
        let spare = left.saturating_sub(NAME_ENOUGH).min(LONGEST_KIND - KIND);
        shown
            .iter_mut()
            .filter(|column| column.cell == Cell::Kind)
            .for_each(|kind| kind.width += spare);
        shown.push(column(
            Cell::Name,
            "NAME",
            name.min(left - spare),
            false,
            Some(SortBy::Name),
            WITH_NAME,
        ));
    }
    shown
}

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let columns = columns(area.width);
    heading(model, &columns, theme, area, buf);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if model.live.order.is_empty() {
        return empty(model, theme, body, buf);
    }
    let mut cell = String::new();
    for (y, (row, track)) in (0..).zip(rows(model, model.live.top, usize::from(body.height))) {
        let is_selected = model.live.selected == Some(row.key);
        let style = row_style(&row, is_selected, theme);
        if is_selected {
            let line = Rect {
                y: body.y + y,
                height: 1,
                ..body
            };
            buf.set_style(line, theme.selected);
            put(buf, body, 0, y, "▸", theme.selected);
        }
        let mut x = MARKER;
        for column in &columns {
            cell.clear();
            let style = write_cell(&mut cell, column, &row, track, model, style, theme);
            let shown = clip(&cell, usize::from(column.width));
            let indent = if column.is_right {
                column.width.saturating_sub(width(&shown))
            } else {
                0
            };
            put(buf, body, x + indent, y, &shown, style);
            x += column.width + SPACE;
        }
    }
}

fn heading(model: &Model, columns: &[Column], theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut x = MARKER;
    for column in columns {
        let is_sorted = column.sort == Some(model.live.sort);
        let arrow = match (is_sorted, model.live.is_reversed) {
            (false, _) => "",
            (true, false) => "▾",
            (true, true) => "▴",
        };
        let text = format!("{}{arrow}", column.heading);
        let indent = if column.is_right {
            column.width.saturating_sub(width(column.heading))
        } else {
            0
        };
        put(
            buf,
            area,
            x + indent,
            0,
            &text,
            if is_sorted { theme.accent } else { theme.heading },
        );
        x += column.width + SPACE;
    }
}

/// What to do when there is nothing to show.
fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let playback = model.source.playback.as_ref();
    let lines: [&str; 2] = if !model.live.filter.is_empty() && model.live.heard.0 > 0 {
        ["no device matches the filter", "Esc drops it, / changes it"]
    } else if playback.is_some_and(|status| status.pacer.is_paused() && !status.ended) {
        ["paused before the first event", "space plays, . plays a single event"]
    } else if playback.is_some_and(|status| status.ended) {
        [
            "the capture is over and nothing is heard any more",
            "space plays it again, ← goes back",
        ]
    } else if playback.is_some() {
        [
            "waiting for the first advertisement of the capture",
            "→ skips 10 s, + plays faster",
        ]
    } else {
        [
            "listening: nothing heard yet",
            "a phone with exposure notifications broadcasts about four times a second",
        ]
    };
    for (y, (line, style)) in (1..).zip(lines.into_iter().zip([theme.base, theme.dim])) {
        put(buf, area, MARKER, y, line, style);
    }
}

fn row_style(row: &Row, is_selected: bool, theme: &Theme) -> Style {
    let style = if row.age > QUIET { theme.dim } else { theme.base };
    if is_selected {
        style.patch(theme.selected)
    } else {
        style
    }
}

/// Writes one cell and gives its style.
fn write_cell(
    cell: &mut String,
    column: &Column,
    row: &Row,
    track: &Track,
    model: &Model,
    style: Style,
    theme: &Theme,
) -> Style {
    const NONE: &str = "–";
    let privacy = model.privacy;
    let written = match column.cell {
        Cell::Age => write_age(cell, row.age),
        Cell::Kind => cell.write_str(row.family.word()),
        Cell::Address => {
            let letter = row.address.kind.letter();
            write!(cell, "{} {letter}", privacy.identifier(&row.address.to_string()))
        }
        Cell::Rpi => match row.rpi {
            Some(rpi) if privacy != Privacy::Open => cell.write_str(&privacy.identifier(&rpi.to_string())),
            Some(rpi) => rpi.0.iter().take(4).try_for_each(|byte| write!(cell, "{byte:02x}")),
            None => cell.write_str(NONE),
        },
        Cell::Rssi => match (row.rssi, row.rssi_quality) {
            (Some(level), RssiQuality::Paired) => write!(cell, "{} ", level.0),
            (Some(level), _) => write!(cell, "{}~", level.0),
            (None, _) => write!(cell, "{NONE} "),
        },
        Cell::Spark => sparkline(cell, track, model.now(), column.width),
        Cell::Attenuation => match row.attenuation {
            Some(found) => {
                let mark = if found.confidence == Confidence::Lowest {
                    '?'
                } else {
                    ' '
                };
                write!(cell, "{:.0} dB{mark}", found.value.0)
            }
            None => write!(cell, "{NONE} "),
        },
        Cell::Rate => write!(cell, "{:.1}", row.rate),
        Cell::Rotations => {
            let mark = if row.is_out_of_step { '!' } else { ' ' };
            match row.rotations {
                Some(n) if n > MOST_ROTATIONS => write!(cell, "{MOST_ROTATIONS}+{mark}"),
                Some(n) => write!(cell, "{n} {mark}"),
                None => write!(cell, "{NONE}  "),
            }
        }
        Cell::Name => row
            .name
            .as_deref()
            .map_or(Ok(()), |name| cell.write_str(&privacy.name(name))),
    };
    // Writing to a string cannot fail.
    debug_assert!(written.is_ok());
    let is_quiet = row.age > QUIET;
    let colour = match column.cell {
        Cell::Kind if row.family.is_gaen() && !is_quiet => theme.gaen,
        Cell::Spark if !is_quiet => theme.line,
        Cell::Rotations if row.is_out_of_step => theme.warning,
        _ if cell.trim_end() == NONE => theme.dim,
        _ => return style,
    };
    style.patch(Style { bg: None, ..colour })
}

fn write_age(cell: &mut String, age: Micros) -> std::fmt::Result {
    let tenths = age.0 / 100_000;
    match tenths {
        ..600 => write!(cell, "{}.{}s", tenths / 10, tenths % 10),
        600..36_000 => write!(cell, "{}m{:02}s", tenths / 600, tenths / 10 % 60),
        36_000..864_000 => write!(cell, "{}h{:02}m", tenths / 36_000, tenths / 600 % 60),
        _ => write!(cell, "{}d", tenths / 864_000),
    }
}

/// Mean levels of the last 30 s; blank where nothing was heard. The bars stand on whole seconds, so that they move on
/// instead of flickering.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=7"
)]
fn sparkline(cell: &mut String, track: &Track, now: UnixMicros, width: u16) -> std::fmt::Result {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let seconds = i64::from(SPARK_SECONDS / width.max(1)).max(1);
    let end = now.whole_seconds().div_euclid(seconds) * seconds + seconds;
    let bars = usize::from(width);
    let mut strongest: [f64; SPARK_SECONDS as usize] = [f64::NEG_INFINITY; SPARK_SECONDS as usize];
    for second in track.history.seconds().rev() {
        let back = (end - 1).saturating_sub(second.start_s).div_euclid(seconds);
        let Ok(back) = usize::try_from(back) else { continue };
        if back >= bars {
            break;
        }
        strongest[back] = strongest[back].max(second.mean());
    }
    strongest[..bars].iter().rev().try_for_each(|level| {
        if level.is_infinite() {
            return cell.write_char(' ');
        }
        let share = (level - SPARK.0) / (SPARK.1 - SPARK.0);
        cell.write_char(BARS[(share * 8.0).clamp(0.0, 7.0) as usize])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_and_the_important_ones_stay() {
        for total in 40..=300 {
            let shown = columns(total);
            let taken: u16 = MARKER + shown.iter().map(|column| column.width + SPACE).sum::<u16>();
            assert!(taken <= total + SPACE, "{total}: {taken}");
            for needed in [Cell::Age, Cell::Kind, Cell::Rssi, Cell::Attenuation] {
                assert!(shown.iter().any(|column| column.cell == needed), "{total} {needed:?}");
            }
            let has = |cell| shown.iter().any(|column| column.cell == cell);
            assert_eq!(has(Cell::Address), total >= 95);
            assert_eq!(has(Cell::Name), total >= WITH_NAME, "{total}");
            assert_eq!(has(Cell::Spark), total >= 110);
            assert!(has(Cell::Rpi) || total < 80);
        }
    }

    #[test]
    fn ages_keep_to_their_cell() {
        for seconds in [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 999 * 86_400] {
            let mut cell = String::new();
            write_age(&mut cell, Micros::from_secs(seconds)).unwrap();
            assert!(cell.len() <= 6, "{cell}");
        }
    }
}
