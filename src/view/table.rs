//! The device table.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{clip, grouped, interval, metres, put, width};
use super::theme::Theme;
use crate::app::columns::{Column, Columns};
use crate::app::layout::{MARKER, SPACE};
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
/// With this much for names, what is left goes to the kinds, and then to names up to the widest worth having.
const NAME_ENOUGH: u16 = 16;
const MOST_NAME: u16 = 32;
/// More rotations than this are not told apart: their mark must stay in view.
const MOST_ROTATIONS: usize = 99;
/// Cells of the longest kind.
const LONGEST_KIND: u16 = 23;

/// A column with the cells that it has on this terminal.
#[derive(Clone, Copy, Debug)]
struct Wide {
    column: Column,
    width: u16,
}

/// The columns for a terminal of this width: what is left of it goes to names and to kinds.
fn columns(chosen: &Columns, total: u16) -> Vec<Wide> {
    let shown = chosen.shown(total);
    let mut wide: Vec<Wide> = shown
        .into_iter()
        .map(|column| Wide {
            column,
            width: column.width(),
        })
        .collect();
    let taken: u16 = MARKER + wide.iter().map(|wide| wide.width + SPACE).sum::<u16>();
    let mut left = (total + SPACE).saturating_sub(taken + SPACE);
    let mut give = |column: Column, most: u16| {
        if let Some(wide) = wide.iter_mut().find(|wide| wide.column == column) {
            let given = left.min(most.saturating_sub(wide.width));
            wide.width += given;
            left -= given;
        }
    };
    give(Column::Name, NAME_ENOUGH);
    give(Column::Kind, LONGEST_KIND);
    give(Column::Name, MOST_NAME);
    wide
}

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let columns = columns(&model.live.columns, area.width);
    heading(model, &columns, theme, area, buf);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if model.live.order.is_empty() {
        return empty(model, theme, body, buf);
    }
    let followed = model.live.follow.as_ref().map(|follow| follow.key);
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
        if followed == Some(row.key) {
            let style = if is_selected { theme.selected } else { theme.accent };
            put(buf, body, 1, y, "◆", style);
        }
        let mut x = MARKER;
        for column in &columns {
            cell.clear();
            let style = write_cell(&mut cell, *column, &row, track, model, style, theme);
            let shown = clip(&cell, usize::from(column.width));
            let indent = if column.column.is_right() {
                column.width.saturating_sub(width(&shown))
            } else {
                0
            };
            put(buf, body, x + indent, y, &shown, style);
            x += column.width + SPACE;
        }
    }
}

fn heading(model: &Model, columns: &[Wide], theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut x = MARKER;
    for column in columns {
        let is_sorted = column.column == model.live.sort;
        let arrow = match (is_sorted, model.live.is_reversed) {
            (false, _) => "",
            (true, false) => "▾",
            (true, true) => "▴",
        };
        let heading = column.column.heading();
        let text = format!("{heading}{arrow}");
        let indent = if column.column.is_right() {
            column.width.saturating_sub(width(heading))
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
    let lines: [&str; 2] = if model.live.filter.is_empty() && !model.live.subtracted.is_empty() {
        ["nothing but what was subtracted", "x shows it again"]
    } else if !model.live.filter.is_empty() && model.live.heard.0 > 0 {
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

/// What has no value.
const NONE: &str = "–";

/// Writes one cell and gives its style.
fn write_cell(
    cell: &mut String,
    wide: Wide,
    row: &Row,
    track: &Track,
    model: &Model,
    style: Style,
    theme: &Theme,
) -> Style {
    let privacy = model.privacy;
    let written = match wide.column {
        Column::Age => write_age(cell, row.age),
        Column::Kind => cell.write_str(row.family.word()),
        Column::Address => {
            let letter = row.address.kind.letter();
            write!(cell, "{} {letter}", privacy.identifier(&row.address.to_string()))
        }
        Column::Rpi => match row.rpi {
            Some(rpi) if privacy != Privacy::Open => cell.write_str(&privacy.identifier(&rpi.to_string())),
            Some(rpi) => rpi.0.iter().take(4).try_for_each(|byte| write!(cell, "{byte:02x}")),
            None => cell.write_str(NONE),
        },
        Column::Rssi => match (row.rssi, row.rssi_quality) {
            (Some(level), RssiQuality::Paired) => write!(cell, "{} ", level.0),
            (Some(level), _) => write!(cell, "{}~", level.0),
            (None, _) => write!(cell, "{NONE} "),
        },
        Column::Spark => sparkline(cell, track, model.now(), wide.width),
        Column::Attenuation => match row.attenuation {
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
        Column::Distance => write_distance(cell, row),
        Column::Interval => match &row.estimate {
            Some(found) => cell.write_str(&interval(&found.estimate)),
            None => cell.write_str(NONE),
        },
        Column::Heard => write!(cell, "{}", short(row.heard)),
        Column::Rate => write!(cell, "{:.1}", row.rate),
        Column::Rotations => {
            let mark = if row.doubts.is_empty() { ' ' } else { '!' };
            match row.rotations {
                Some(n) if n > MOST_ROTATIONS => write!(cell, "{MOST_ROTATIONS}+{mark}"),
                Some(n) => write!(cell, "{n} {mark}"),
                None => write!(cell, "{NONE} {mark}"),
            }
        }
        Column::Name => row.name.as_deref().map_or(Ok(()), |name| {
            let sign = if row.is_known { "*" } else { "" };
            write!(cell, "{sign}{}", privacy.name(name))
        }),
    };
    // Writing to a string cannot fail.
    debug_assert!(written.is_ok());
    let is_quiet = row.age > QUIET;
    let colour = match wide.column {
        Column::Kind if row.family.is_gaen() && !is_quiet => theme.gaen,
        Column::Spark if !is_quiet => theme.line,
        Column::Rotations if !row.doubts.is_empty() => theme.warning,
        _ if cell.trim_end() == NONE => theme.dim,
        _ => return style,
    };
    style.patch(Style { bg: None, ..colour })
}

/// The true distance, or the estimated one; `?` where it is not known who sends.
fn write_distance(cell: &mut String, row: &Row) -> std::fmt::Result {
    match (row.distance, &row.estimate) {
        (Some(known), _) => write!(cell, "{} m=", metres(known.0)),
        (None, Some(found)) => {
            let mark = if found.is_known { ' ' } else { '?' };
            write!(cell, "{} m{mark}", metres(found.estimate.distance_m))
        }
        (None, None) => write!(cell, "{NONE} "),
    }
}

/// A count in six cells at most.
fn short(count: u64) -> String {
    match count {
        ..100_000 => grouped(count),
        100_000..100_000_000 => format!("{}k", grouped(count / 1_000)),
        _ => format!("{}M", grouped((count / 1_000_000).min(99_999))),
    }
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
            let shown = columns(&Columns::default(), total);
            let taken: u16 = MARKER + shown.iter().map(|wide| wide.width + SPACE).sum::<u16>();
            assert!(taken <= total + SPACE, "{total}: {taken}");
            let has = |column| shown.iter().any(|wide| wide.column == column);
            for needed in [Column::Age, Column::Kind, Column::Rssi, Column::Attenuation] {
                assert!(has(needed), "{total} {needed:?}");
            }
            assert_eq!(has(Column::Address), total >= 104);
            assert_eq!(has(Column::Name), total >= 75, "{total}");
            assert_eq!(has(Column::Rate), total >= 84, "{total}");
            assert_eq!(has(Column::Spark), total >= 120);
            assert_eq!(has(Column::Distance), total >= 60);
            assert_eq!(has(Column::Interval), total >= 132);
            assert!(has(Column::Rpi) || total < 80);
        }
    }

    #[test]
    fn chosen_columns_fit_whatever_they_are() {
        let all = Columns::parse(Column::ALL.map(Column::name)).unwrap();
        for total in 0..=300 {
            let taken: u16 = MARKER + columns(&all, total).iter().map(|wide| wide.width + SPACE).sum::<u16>();
            assert!(taken <= total.max(MARKER) + SPACE, "{total}: {taken}");
        }
        for count in [0, 99_999, 100_000, 99_999_999, 100_000_000, u64::MAX] {
            assert!(short(count).len() <= 7, "{}", short(count));
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
