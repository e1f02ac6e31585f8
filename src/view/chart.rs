//! The level of a device over time, in braille dots.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::put;
use super::theme::Theme;
use crate::app::device::Curve;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::track::Track;

/// A silence longer than this leaves a hole in the line.
const HOLE_SECONDS: i64 = 5;
/// Spans above this are drawn from minutes: seconds are not kept for longer.
const BY_SECOND: Micros = Micros::from_secs(120);
/// How far smoothing reaches to either side, in buckets.
const SMOOTH: usize = 2;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart {
    /// The right edge.
    pub(super) now: UnixMicros,
    /// Time from the left edge to the right.
    pub(super) span: Micros,
    /// How.
    pub(super) curve: Curve,
}

/// A second or a minute of levels.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    middle: UnixMicros,
    min: i8,
    max: i8,
    mean: f64,
}

/// The newest buckets, oldest first, and how long one is.
fn buckets(track: &Track, chart: Chart) -> (Vec<Bucket>, i64) {
    let bucket = |bucket: &crate::lab::history::Bucket, length_s: i64| Bucket {
        middle: UnixMicros(bucket.start_s.saturating_mul(1_000_000))
            .plus(Micros(length_s * 500_000))
            .min(chart.now),
        min: bucket.min.0,
        max: bucket.max.0,
        mean: bucket.mean(),
    };
    if chart.span <= BY_SECOND {
        return (track.history.seconds().map(|second| bucket(second, 1)).collect(), 1);
    }
    (track.history.minutes().map(|minute| bucket(&minute, 60)).collect(), 60)
}

/// The mean over a bucket and its neighbours.
#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn smooth(buckets: &[Bucket]) -> Vec<Bucket> {
    let around = |idx: usize| {
        let near = &buckets[idx.saturating_sub(SMOOTH)..(idx + SMOOTH + 1).min(buckets.len())];
        near.iter().map(|bucket| bucket.mean).sum::<f64>() / near.len() as f64
    };
    let with_mean = |(idx, bucket): (usize, &Bucket)| Bucket {
        mean: around(idx),
        ..*bucket
    };
    buckets.iter().enumerate().map(with_mean).collect()
}

/// Cells of the axis on the left.
pub(super) const AXIS: u16 = 7;

/// Dots in the cells of an area.
pub(super) struct Dots {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Dots {
    pub(super) fn new(area: Rect) -> Self {
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        Self {
            width: columns * 2,
            height: rows * 4,
            cells: vec![0; columns * rows],
        }
    }

    pub(super) fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x < self.width && y < self.height {
            self.cells[y / 4 * (self.width / 2) + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    /// A line from left to right.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let steps = (to.0.saturating_sub(from.0)).max(to.1.abs_diff(from.1)).max(1);
        for step in 0..=steps {
            let between = |a: usize, b: usize| (a * (steps - step) + b * step + steps / 2) / steps;
            self.set(between(from.0, to.0), between(from.1, to.1));
        }
    }

    /// Where both have dots in a cell, those below show too.
    pub(super) fn lie_over(&mut self, below: &Self) {
        let both = self.cells.iter_mut().zip(&below.cells).filter(|(own, _)| **own != 0);
        both.for_each(|(own, below)| *own |= below);
    }

    pub(super) fn draw(&self, area: Rect, style: Style, buf: &mut Buffer) {
        let mut text = [0; 4];
        for (idx, bits) in self.cells.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let glyph = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
            let (row, column) = (idx / (self.width / 2), idx % (self.width / 2));
            let (Ok(x), Ok(y)) = (u16::try_from(column), u16::try_from(row)) else {
                continue;
            };
            put(buf, area, x, y, glyph.encode_utf8(&mut text), style);
        }
    }
}

/// Levels at the lower and upper edge: whole tens around what was heard, at least 30 dB apart.
fn scale(buckets: &[Bucket], from: UnixMicros) -> (i32, i32) {
    let recent = || buckets.iter().filter(|bucket| bucket.middle >= from);
    let min = recent().map(|bucket| i32::from(bucket.min)).min().unwrap_or(-90);
    let max = recent().map(|bucket| i32::from(bucket.max)).max().unwrap_or(-60);
    let (mut low, mut high) = (min.div_euclid(10) * 10, (max + 9).div_euclid(10) * 10);
    while high - low < 30 {
        if high - max <= min - low { high += 10 } else { low -= 10 }
    }
    (low, high)
}

pub(super) fn draw(track: &Track, chart: Chart, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.width < AXIS + 8 || area.height < 3 {
        return;
    }
    let plot = Rect {
        x: area.x + AXIS,
        width: area.width - AXIS,
        height: area.height - 1,
        ..area
    };
    let from = chart.now.plus(Micros(-chart.span.0));
    let (mut all, length_s) = buckets(track, chart);
    let (low, high) = scale(&all, from);
    axes(low, high, chart.span, plot, theme, area, buf);
    let size = dots_size(plot);
    let place = |at: UnixMicros, level: f64| place(&size, at.since(from), chart.span, level, low, high);
    let mut dots = Dots::new(plot);
    if chart.curve != Curve::Smooth {
        raw(track, &all, length_s, place, &mut dots);
    }
    if chart.curve == Curve::Smooth {
        all = smooth(&all);
    }
    if chart.curve != Curve::Raw {
        means(&all, length_s, place, &mut dots);
    }
    dots.draw(plot, theme.line, buf);
}

/// Samples where they are kept, else the extremes of each bucket.
fn raw(
    track: &Track,
    buckets: &[Bucket],
    length_s: i64,
    place: impl Fn(UnixMicros, f64) -> Option<(usize, usize)>,
    dots: &mut Dots,
) {
    for (at, level) in track.history.samples() {
        if let Some((x, y)) = place(at, f64::from(level.0)) {
            dots.set(x, y);
        }
    }
    let kept_from = track.history.samples().next().map(|(at, _)| at);
    let older = |bucket: &&Bucket| length_s > 1 || kept_from.is_none_or(|from| bucket.middle < from);
    for bucket in buckets.iter().filter(older) {
        for level in [bucket.min, bucket.max] {
            if let Some((x, y)) = place(bucket.middle, f64::from(level)) {
                dots.set(x, y);
            }
        }
    }
}

/// A line through the means, with holes where nothing was heard.
fn means(
    buckets: &[Bucket],
    length_s: i64,
    place: impl Fn(UnixMicros, f64) -> Option<(usize, usize)>,
    dots: &mut Dots,
) {
    let hole = Micros::from_secs(HOLE_SECONDS.max(2 * length_s));
    let mut last: Option<(UnixMicros, (usize, usize))> = None;
    for bucket in buckets {
        let Some(to) = place(bucket.middle, bucket.mean) else {
            last = None;
            continue;
        };
        let start = match last {
            Some((before, dot)) if (0..=hole.0).contains(&bucket.middle.since(before).0) => dot,
            _ => to,
        };
        dots.line(start, to);
        last = Some((bucket.middle, to));
    }
}

pub(super) fn dots_size(plot: Rect) -> (usize, usize) {
    (usize::from(plot.width) * 2, usize::from(plot.height) * 4)
}

/// The dot of a sample; `None` outside of the chart's time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares within 0..=1 of a screen's size"
)]
fn place(
    size: &(usize, usize),
    since: Micros,
    span: Micros,
    level: f64,
    low: i32,
    high: i32,
) -> Option<(usize, usize)> {
    if !(0..=span.0).contains(&since.0) {
        return None;
    }
    let right = since.0 as f64 / span.0 as f64;
    let up = ((level - f64::from(low)) / f64::from(high - low)).clamp(0.0, 1.0);
    let x = (right * (size.0 - 1) as f64).round() as usize;
    let y = ((1.0 - up) * (size.1 - 1) as f64).round() as usize;
    Some((x, y))
}

fn axes(low: i32, high: i32, span: Micros, plot: Rect, theme: &Theme, area: Rect, buf: &mut Buffer) {
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
    put(buf, area, AXIS, bottom, &ago(span), theme.dim);
    if plot.width > 24 {
        put(
            buf,
            area,
            AXIS + plot.width / 2 - 2,
            bottom,
            &ago(Micros(span.0 / 2)),
            theme.dim,
        );
    }
    put(buf, area, AXIS + plot.width - 3, bottom, "now", theme.dim);
}

/// `-30 s`, `-5 min`, `-3 h`
pub(super) fn ago(span: Micros) -> String {
    let seconds = span.0 / 1_000_000;
    match seconds {
        ..=90 => format!("-{seconds} s"),
        91..7_200 => format!("-{} min", seconds / 60),
        _ => format!("-{} h", seconds / 3_600),
    }
}
