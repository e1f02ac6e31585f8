//! The level of a device over the last minute, in braille dots.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::put;
use super::theme::Theme;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::track::Track;

/// Time that the chart spans.
const SPAN: Micros = Micros::from_secs(60);
/// A silence longer than this leaves a hole in the line.
const HOLE_SECONDS: i64 = 5;
/// Cells of the axis on the left.
const AXIS: u16 = 7;

/// Dots in the cells of an area.
struct Dots {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Dots {
    fn new(area: Rect) -> Self {
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        Self {
            width: columns * 2,
            height: rows * 4,
            cells: vec![0; columns * rows],
        }
    }

    fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x < self.width && y < self.height {
            self.cells[y / 4 * (self.width / 2) + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    /// A line from left to right.
    fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let steps = (to.0.saturating_sub(from.0)).max(to.1.abs_diff(from.1)).max(1);
        for step in 0..=steps {
            let between = |a: usize, b: usize| (a * (steps - step) + b * step + steps / 2) / steps;
            self.set(between(from.0, to.0), between(from.1, to.1));
        }
    }

    fn draw(&self, area: Rect, theme: &Theme, buf: &mut Buffer) {
        let mut text = [0; 4];
        for (idx, bits) in self.cells.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let glyph = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
            let (row, column) = (idx / (self.width / 2), idx % (self.width / 2));
            let (Ok(x), Ok(y)) = (u16::try_from(column), u16::try_from(row)) else {
                continue;
            };
            put(buf, area, x, y, glyph.encode_utf8(&mut text), theme.line);
        }
    }
}

/// Levels at the lower and upper edge: whole tens around what was heard, at least 30 dB apart.
fn scale(track: &Track, from_s: i64) -> (i32, i32) {
    let recent = || track.history.seconds().filter(move |second| second.start_s >= from_s);
    let min = recent().map(|second| i32::from(second.min.0)).min().unwrap_or(-90);
    let max = recent().map(|second| i32::from(second.max.0)).max().unwrap_or(-60);
    let (mut low, mut high) = (min.div_euclid(10) * 10, (max + 9).div_euclid(10) * 10);
    while high - low < 30 {
        if high - max <= min - low { high += 10 } else { low -= 10 }
    }
    (low, high)
}

pub(super) fn draw(track: &Track, now: UnixMicros, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.width < AXIS + 8 || area.height < 3 {
        return;
    }
    let plot = Rect {
        x: area.x + AXIS,
        width: area.width - AXIS,
        height: area.height - 1,
        ..area
    };
    let from = now.plus(Micros(-SPAN.0));
    let (low, high) = scale(track, from.whole_seconds());
    axes(low, high, plot, theme, area, buf);
    let mut dots = Dots::new(plot);
    let place = |at: UnixMicros, level: f64| place(&dots_size(plot), at.since(from), level, low, high);
    let mut last: Option<(i64, (usize, usize))> = None;
    let mut lines = Vec::new();
    for second in track.history.seconds() {
        let middle = UnixMicros(second.start_s.saturating_mul(1_000_000)).plus(Micros::from_millis(500));
        let Some(to) = place(middle.min(now), second.mean()) else {
            last = None;
            continue;
        };
        let start = match last {
            Some((last_s, dot)) if (0..=HOLE_SECONDS).contains(&(second.start_s - last_s)) => dot,
            _ => to,
        };
        lines.push((start, to));
        last = Some((second.start_s, to));
    }
    let single: Vec<_> = track
        .history
        .samples()
        .filter_map(|(at, level)| place(at, f64::from(level.0)))
        .collect();
    for (from, to) in lines {
        dots.line(from, to);
    }
    for (x, y) in single {
        dots.set(x, y);
    }
    dots.draw(plot, theme, buf);
}

fn dots_size(plot: Rect) -> (usize, usize) {
    (usize::from(plot.width) * 2, usize::from(plot.height) * 4)
}

/// The dot of a sample; `None` outside of the chart's time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares within 0..=1 of a screen's size"
)]
fn place(size: &(usize, usize), since: Micros, level: f64, low: i32, high: i32) -> Option<(usize, usize)> {
    if !(0..=SPAN.0).contains(&since.0) {
        return None;
    }
    let right = since.0 as f64 / SPAN.0 as f64;
    let up = ((level - f64::from(low)) / f64::from(high - low)).clamp(0.0, 1.0);
    let x = (right * (size.0 - 1) as f64).round() as usize;
    let y = ((1.0 - up) * (size.1 - 1) as f64).round() as usize;
    Some((x, y))
}

fn axes(low: i32, high: i32, plot: Rect, theme: &Theme, area: Rect, buf: &mut Buffer) {
    for y in 0..plot.height {
        put(buf, area, AXIS - 1, y, "│", theme.dim);
    }
    // As many tens as there is room for, every label on the row of its level.
    let rows = i32::from(plot.height - 1).max(1);
    let step = (high - low).div_euclid(rows).div_euclid(10) * 10;
    let step = if step > 0 && (high - low) / step <= rows {
        step
    } else {
        step + 10
    };
    for level in (low..=high).rev().filter(|level| (high - level) % step == 0) {
        let y = (high - level) * i32::from(plot.height - 1) / (high - low);
        if let Ok(y) = u16::try_from(y) {
            put(buf, area, 0, y, &format!("{level:>5} ┤"), theme.dim);
        }
    }
    let bottom = plot.height;
    put(buf, area, 0, bottom, "  dBm", theme.dim);
    put(buf, area, AXIS, bottom, "-60 s", theme.dim);
    if plot.width > 24 {
        put(buf, area, AXIS + plot.width / 2 - 2, bottom, "-30 s", theme.dim);
    }
    put(buf, area, AXIS + plot.width - 3, bottom, "now", theme.dim);
}
