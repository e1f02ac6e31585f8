//! The tab of the selected device.
//!
//! ```text
//! ── 3f9a2c51  gaen-android  every 271 ms  loss 3 %  …  ──────────────────────────────
//!  chart of the level over time            │ payload, the field under the cursor marked
//!  chart of the distance, where there is room │
//!  ── samples and means ───────────────────────────────────────────────────────────────
//!  facts, each with where it comes from    │ histogram of levels
//!  identifiers heard under this address    │
//! ```

mod distance;
mod facts;
mod payload;
mod rotations;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::chart::{self, Chart};
use super::text::{clip, put, spelled};
use super::theme::Theme;
use super::{cut, frame};
use crate::app::layout::WITH_BYTES;
use crate::app::model::Model;

/// From this many rows above the facts on the distance has a chart.
const WITH_DISTANCE: u16 = 15;
/// With so many rows for level and payload beside the facts alone there is room for them.
const LEAST_TOP: u16 = 6;
/// Cells of the payload's column, at least and at most.
const PAYLOAD: (u16, u16) = (34, 64);
/// Rows of the facts.
const FACTS: u16 = facts::ROWS;
/// Cells of the facts' column beside the rotations, at least and at most.
const FACTS_WIDTH: (u16, u16) = (58, 72);
/// Rows of the rotations where they stand below the facts.
const ROTATIONS: u16 = 5;
/// With fewer rows below the facts they say nothing.
const LEAST_ROTATIONS: u16 = 3;
/// Cells that rotations need.
const ROTATIONS_WIDTH: u16 = 60;

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(track) = model.selected() else {
        put(buf, area, 2, 1, "no device is selected", theme.base);
        return put(
            buf,
            area,
            2,
            2,
            &spelled(
                "1 shows all devices, ↑↓ select one, ⏎ opens it here",
                model.look.letters,
            ),
            theme.dim,
        );
    };
    let mut rest = area;
    frame::divider(model, theme, cut(&mut rest, 1), buf);
    let is_wide = rest.width >= FACTS_WIDTH.0 + ROTATIONS_WIDTH;
    let below = if is_wide { FACTS } else { FACTS + ROTATIONS };
    let top_height = if rest.height > below + 11 {
        rest.height - below - 1
    } else if rest.height > FACTS + LEAST_TOP {
        rest.height - FACTS - 1
    } else {
        rest.height * 11 / 20
    };
    let mut top = cut(&mut rest, top_height);
    if area.width >= WITH_BYTES {
        let payload_width = (area.width * 2 / 5).clamp(PAYLOAD.0, PAYLOAD.1);
        let right = Rect {
            x: top.x + top.width - payload_width,
            width: payload_width,
            ..top
        };
        top.width -= payload_width + 2;
        payload::draw(model, track, theme, right, buf);
    }
    if top.height >= WITH_DISTANCE {
        let mut lower = top;
        top = cut(&mut lower, top.height / 2);
        let line = cut(&mut lower, 1);
        put(buf, line, 0, 0, &"─".repeat(usize::from(line.width)), theme.dim);
        let legend = format!(" {} ", distance::LEGEND);
        put(
            buf,
            line,
            2,
            0,
            &clip(&legend, usize::from(line.width.saturating_sub(2))),
            theme.dim,
        );
        distance::draw(model.distance_history(), model.now(), theme, lower, buf);
    }
    let chart = Chart {
        now: model.now(),
        span: model.device.span(),
        curve: model.device.curve,
    };
    chart::draw(track, chart, theme, top, buf);
    let line = cut(&mut rest, 1);
    put(buf, line, 0, 0, &"─".repeat(usize::from(line.width)), theme.dim);
    put(buf, line, 2, 0, &format!(" {} ", model.device.curve.word()), theme.dim);
    let mut left = rest;
    if is_wide {
        left.width = (rest.width - ROTATIONS_WIDTH).clamp(FACTS_WIDTH.0, FACTS_WIDTH.1);
        let right = Rect {
            x: rest.x + left.width + 2,
            width: rest.width - left.width - 2,
            ..rest
        };
        rotations::draw(model, track, theme, right, buf);
        facts::draw(model, track, theme, left, buf);
    } else if model.device.shows_identifiers && rest.height < FACTS + LEAST_ROTATIONS {
        rotations::draw(model, track, theme, rest, buf);
    } else {
        facts::draw(model, track, theme, cut(&mut left, FACTS), buf);
        rotations::draw(model, track, theme, left, buf);
    }
}
