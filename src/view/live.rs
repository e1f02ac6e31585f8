//! The tab of all devices: the table, and the selected device below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::chart::{self, Chart};
use super::text::put;
use super::theme::Theme;
use super::{bytes, cut, frame, table};
use crate::app::device::Curve;
use crate::app::layout::{Heights, WITH_BYTES};
use crate::app::model::Model;
use crate::lab::time::Micros;

/// Time that the chart below the table spans.
const SPAN: Micros = Micros::from_secs(60);

pub(super) fn draw(model: &Model, theme: &Theme, heights: Heights, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    table::draw(model, theme, cut(&mut rest, heights.table + 1), buf);
    if heights.panel > 0 {
        frame::divider(model, theme, cut(&mut rest, 1), buf);
        panel(model, theme, cut(&mut rest, heights.panel), buf);
    }
}

/// The selected device, or what the panel is for.
fn panel(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(track) = model.selected() else {
        return put(buf, area, 2, 0, "the selected device shows here", theme.dim);
    };
    let mut left = area;
    if area.width >= WITH_BYTES {
        left.width = area.width / 2;
        let mut right = area;
        right.x += left.width + 2;
        right.width -= left.width + 2;
        bytes::draw(&track.payload, model.privacy, theme, right, buf);
    }
    let chart = Chart {
        now: model.now(),
        span: SPAN,
        curve: Curve::Both,
    };
    chart::draw(track, chart, theme, left, buf);
}
