//! The distance of a device over the last ten minutes: what is estimated, its interval, and what free space says.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lab::distance::live::{HISTORY, HISTORY_STEP, Point};
use crate::lab::time::{Micros, UnixMicros};
use crate::view::chart::{AXIS, Dots, ago, dots_size};
use crate::view::text::put;
use crate::view::theme::Theme;

/// Distances at the lower and the upper edge, in metres. They stay, so that a look tells; the scale is logarithmic.
const EDGES: (f64, f64) = (0.2, 30.0);
/// Distances with a label, those first that are needed most.
const LABELS: [f64; 6] = [2.0, 10.0, 0.5, 1.0, 5.0, 20.0];
/// Between points that are farther apart the line has a hole.
const HOLE: Micros = Micros(HISTORY_STEP.0 * 3);
/// Distances of the lowest and the highest bar, in metres.
const BARS: (f64, f64) = (0.35, 11.0);

/// Where a distance is between two, by its logarithm: 0 to 1.
fn share(metres: f64, (low, high): (f64, f64)) -> f64 {
    ((metres / low).ln() / (high / low).ln()).clamp(0.0, 1.0)
}

/// What the curves are, for the line above the chart.
pub(super) const LEGEND: &str = "distance: line estimated, edges 90 %, dots n = 2";

pub(super) fn draw(points: &[Point], now: UnixMicros, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.width < AXIS + 8 || area.height < 3 {
        return;
    }
    let plot = Rect {
        x: area.x + AXIS,
        width: area.width - AXIS,
        height: area.height - 1,
        ..area
    };
    axes(plot, theme, area, buf);
    let from = now.plus(Micros(-HISTORY.0));
    let size = dots_size(plot);
    let place = |point: &Point, metres: f64| place(size, point.at.since(from), metres);
    let (mut edges, mut raw, mut line) = (Dots::new(plot), Dots::new(plot), Dots::new(plot));
    let mut before: Option<&Point> = None;
    for point in points {
        for metres in [point.estimate.low_m, point.estimate.high_m] {
            if let Some((x, y)) = place(point, metres) {
                edges.set(x, y);
            }
        }
        if let Some((x, y)) = point.raw_m.and_then(|metres| place(point, metres)) {
            raw.set(x, y);
        }
        let of = |point: &Point| place(point, point.estimate.distance_m);
        if let Some(to) = of(point) {
            let near = before.filter(|before| point.at.since(before.at) <= HOLE);
            line.line(near.and_then(of).unwrap_or(to), to);
        }
        before = Some(point);
    }
    raw.lie_over(&edges);
    line.lie_over(&edges);
    line.lie_over(&raw);
    edges.draw(plot, theme.dim, buf);
    raw.draw(plot, theme.gaen, buf);
    line.draw(plot, theme.line, buf);
}

/// The dot of a distance; `None` outside of the time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares within 0..=1 of a screen's size"
)]
fn place(size: (usize, usize), since: Micros, metres: f64) -> Option<(usize, usize)> {
    if !(0..=HISTORY.0).contains(&since.0) {
        return None;
    }
    let right = since.0 as f64 / HISTORY.0 as f64;
    let x = (right * (size.0 - 1) as f64).round() as usize;
    let y = ((1.0 - share(metres, EDGES)) * (size.1 - 1) as f64).round() as usize;
    Some((x, y))
}

fn axes(plot: Rect, theme: &Theme, area: Rect, buf: &mut Buffer) {
    for y in 0..plot.height {
        put(buf, area, AXIS - 1, y, "│", theme.dim);
    }
    let mut taken: Vec<u16> = Vec::new();
    for metres in LABELS {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a row of the chart"
        )]
        let y = ((1.0 - share(metres, EDGES)) * f64::from(plot.height - 1)).round() as u16;
        if !taken.contains(&y) {
            put(buf, area, 0, y, &format!("{metres:>5} ┤"), theme.dim);
            taken.push(y);
        }
    }
    let bottom = plot.height;
    put(buf, area, 0, bottom, "    m", theme.dim);
    put(buf, area, AXIS, bottom, &ago(HISTORY), theme.dim);
    put(buf, area, AXIS + plot.width - 3, bottom, "now", theme.dim);
}

/// `est ▂▂▃▅ n=2 ▂▇▁▅`: a line of so many cells for where there is no room for a chart. A longer bar is farther.
pub(super) fn bars(points: &[Point], now: UnixMicros, room: u16) -> String {
    let n = i64::from((room.saturating_sub(9) / 2).min(30));
    let row = |of: &dyn Fn(&Point) -> Option<f64>| -> String {
        (0..n).map(|bar| letter(points, now, (bar, n), of)).collect()
    };
    let estimated = row(&|point| Some(point.estimate.distance_m));
    format!("est {estimated} n=2 {}", row(&|point| point.raw_m))
}

/// The newest value of the time for which a bar stands.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=7"
)]
fn letter(points: &[Point], now: UnixMicros, (bar, n): (i64, i64), of: &dyn Fn(&Point) -> Option<f64>) -> char {
    const LETTERS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    // Bars stand on whole steps, so that they move on instead of flickering.
    let end = now.0.div_euclid(HISTORY_STEP.0).saturating_mul(HISTORY_STEP.0);
    let ends = |bar: i64| end.saturating_sub(HISTORY.0 - HISTORY.0 * bar / n.max(1));
    let is_in = |point: &&Point| point.at.0 > ends(bar) && point.at.0 <= ends(bar + 1);
    let value = points.iter().filter(is_in).filter_map(of).next_back();
    value.map_or(' ', |metres| {
        LETTERS[(share(metres, BARS) * 8.0).clamp(0.0, 7.0) as usize]
    })
}
