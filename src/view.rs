//! The screen: a pure drawing of the model.
//!
//! ```text
//!  vicino   1 Live  2 Device  3 Captures  4 Log                             ● rec 00:12:41  3.1 MB
//!  replay demo.csv ×1 · 09:50:12 UTC · 12 heard · 8 gaen · 47.2/s · lost 0         filter: android
//!    AGE  KIND         ADDRESS             RPI       RSSI  LAST 30 s        ATTEN     /s  ROT
//!    dBm  …
//!  ── 3f9a2c51  gaen-android  every 271 ms  loss 3 % ──────────────────────────────────────────────
//!  chart of the level over the last minute      │ payload byte by byte
//!  ▶ ×1    00:02:41 ▁▂▂▅▅▅▂▂▂▃▃┃▂▂▂▂▁▁▁▁▁▁▁▁▁◆▁▁▁▁▁▁▁▁!▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  00:12:00
//!  ↑↓ select   / filter   s sort   f freeze   space pause   ? keys   q quit
//! ```

mod ascii;
mod audit;
mod bytes;
mod calibrate;
mod captures;
mod chart;
mod device;
mod exposure;
mod frame;
mod help;
mod live;
mod log;
mod popup;
mod svg;
mod table;
mod text;
mod theme;
mod transport;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Tab;
use crate::app::layout::SMALLEST;
use crate::app::look::Letters;
use crate::app::model::{Model, Popup};

pub use svg::svg;
pub use theme::{COLOURS, ColourError, Palette, Theme};

/// Draws the whole screen.
pub fn draw(model: &Model, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    draw_into(model, theme, area, frame.buffer_mut());
}

/// Draws the whole screen into a buffer.
pub fn draw_into(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, theme.base);
    let Some(heights) = model.heights().filter(|_| area.as_size() == model.size.into()) else {
        too_small(theme, area, buf);
        if model.look.letters == Letters::Ascii {
            ascii::ascii(buf);
        }
        return;
    };
    let mut rest = area;
    frame::header(model, theme, cut(&mut rest, 1), buf);
    frame::status(model, theme, cut(&mut rest, 1), buf);
    frame::banner(model, theme, cut(&mut rest, heights.top - 2), buf);
    let body = cut(
        &mut rest,
        area.height.saturating_sub(heights.top + 1 + heights.transport),
    );
    match model.tab {
        Tab::Live => live::draw(model, theme, heights, body, buf),
        Tab::Device => device::draw(model, theme, body, buf),
        Tab::Calibrate => calibrate::draw(model, theme, body, buf),
        Tab::Exposure => exposure::draw(model, theme, body, buf),
        Tab::Audit => audit::draw(model, theme, body, buf),
        Tab::Captures => captures::draw(model, theme, body, buf),
        Tab::Log => log::draw(model, theme, body, buf),
    }
    if heights.transport > 0 {
        transport::draw(model, theme, cut(&mut rest, 1), buf);
    }
    frame::footer(model, theme, cut(&mut rest, 1), buf);
    match &model.popup {
        Some(Popup::Help(line)) => help::draw(model, theme, *line, area, buf),
        Some(Popup::Columns(at)) => popup::columns(model, *at, theme, area, buf),
        Some(Popup::Form(form)) => popup::form(model, form, theme, area, buf),
        Some(Popup::Question(question)) => popup::question(question, theme, area, buf),
        None => {}
    }
    if model.look.letters == Letters::Ascii {
        ascii::ascii(buf);
    }
}

fn too_small(theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (width, height) = SMALLEST;
    let needs = format!("needs {width}x{height}");
    let lines = [
        format!("vicino {needs}, this is {}x{} · q quits", area.width, area.height),
        format!("vicino {needs} · q quits"),
        format!("{needs} · q quits"),
        needs,
    ];
    let fits = |line: &&String| text::width(line) <= area.width;
    if let Some(line) = lines.iter().find(fits).or(lines.last()) {
        text::put(buf, area, 0, area.height / 2, line, theme.base);
    }
}

/// Takes `height` lines from the top.
fn cut(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let taken = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    taken
}

#[cfg(test)]
mod tests;
