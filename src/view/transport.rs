//! The time line of what is played: how much was heard when, where the playback is, marks and rotations.
//!
//! ```text
//!  ▶ ×10   00:02:41 ▁▂▂▅▅▅▂▂▂▃▃┃▂▂▂▂▁▁▁▁▁▁▁▁▁◆▁▁▁▁▁▁▁▁!▁▁▁▁▁  00:12:00
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{clock, put};
use super::theme::Theme;
use crate::app::model::Model;
use crate::app::transport::{self, Timeline};
use crate::lab::time::Micros;
use crate::source::pacing::Status;

/// How much was heard, from little to much.
const BARS: [&str; 5] = ["▁", "▂", "▃", "▄", "▅"];

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(status) = &model.source.playback else { return };
    let first = model.timeline.as_ref().map(|timeline| timeline.span.0);
    let first = first.or_else(|| model.session.span().map(|(first, _)| first));
    let played = first.map_or(Micros(0), |first| model.now().since(first));
    put(buf, area, 1, 0, state(status), theme.accent);
    put(
        buf,
        area,
        3,
        0,
        &format!("{:<5}", status.pacer.speed().to_string()),
        theme.base,
    );
    put(buf, area, 9, 0, &clock(played), theme.base);
    let Some(timeline) = &model.timeline else {
        let text = if model.source.is_read_through {
            "reading the capture through …"
        } else {
            "no time line: it cannot be read beforehand"
        };
        return put(buf, area, 18, 0, text, theme.dim);
    };
    let (first, last) = timeline.span;
    let Some(cells) = transport::line(area.width) else {
        return;
    };
    let line = Rect {
        x: area.x + cells.start,
        width: cells.end - cells.start,
        ..area
    };
    time_line(model, timeline, theme, line, buf);
    let end = format!("{}{}", clock(last.since(first)), if status.looped { " ↻" } else { "" });
    put(buf, area, cells.end + 1, 0, &end, theme.dim);
}

const fn state(status: &Status) -> &'static str {
    match (status.ended, status.pacer.is_paused()) {
        (true, _) => "■",
        (false, true) => "‖",
        (false, false) => "▶",
    }
}

fn time_line(model: &Model, timeline: &Timeline, theme: &Theme, line: Rect, buf: &mut Buffer) {
    let outline = &timeline.outline;
    let (first, last) = timeline.span;
    let now = model.now().clamp(first, last);
    let here = timeline.cell(now, line.width).unwrap_or(0);
    let heard = outline.density.over(first, last, usize::from(line.width));
    let most = heard.iter().copied().max().unwrap_or(0).max(1);
    for (x, count) in (0..line.width).zip(&heard) {
        let bar = usize::try_from(count.saturating_mul(BARS.len() as u64).div_ceil(most)).unwrap_or(0);
        let glyph = bar.checked_sub(1).and_then(|idx| BARS.get(idx)).copied().unwrap_or("·");
        let style = if x < here { theme.line } else { theme.dim };
        put(buf, line, x, 0, glyph, style);
    }
    let mut sign = |at, glyph, style| {
        if let Some(x) = timeline.cell(at, line.width) {
            put(buf, line, x, 0, glyph, style);
        }
    };
    // New identifiers are many; only where the address kept do they stand out.
    for rotation in outline.rotations.iter().filter(|rotation| rotation.is_out_of_step) {
        sign(rotation.at, "!", theme.warning);
    }
    for mark in &outline.marks {
        sign(mark.at, "◆", theme.accent);
    }
    put(buf, line, here, 0, "┃", theme.selected);
}
