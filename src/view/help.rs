//! The keys, over the screen; made from the keymap.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::action::Action;
use crate::app::keymap::{self, Context};
use crate::app::model::Model;

/// Cells of the column of keys.
const KEYS: u16 = 16;

/// Opposite actions share a line, so that keys and legend together fit a terminal of 80 by 24.
const PAIRS: [(Action, Action, &str); 6] = [
    (Action::Up, Action::Down, "select the device above or below"),
    (Action::PageUp, Action::PageDown, "a page up or down"),
    (Action::First, Action::Last, "first or last device"),
    (
        Action::NextSort,
        Action::ReverseSort,
        "sort by the next column, or the other way round",
    ),
    (Action::Slower, Action::Faster, "play slower or faster"),
    (Action::SeekBack, Action::SeekForward, "10 s back or forward"),
];

/// The actions of the table and their keys.
fn lines(model: &Model) -> Vec<(String, &'static str)> {
    let is_playback = model.source.playback.is_some();
    let shown = Action::ALL
        .into_iter()
        .filter(|action| is_playback || !action.needs_playback())
        .filter(|action| PAIRS.iter().all(|(_, second, _)| second != action));
    shown
        .filter_map(|action| {
            let pair = PAIRS.iter().find(|(first, ..)| *first == action);
            let (mut text, mut help) = (keys_of(action), action.help());
            if let Some((_, second, of_both)) = pair {
                text = format!("{text}  {}", keys_of(*second));
                help = of_both;
            }
            (!text.is_empty()).then_some((text, help))
        })
        .collect()
}

fn keys_of(action: Action) -> String {
    let keys: Vec<String> = keymap::keys(Context::Live, action).map(|key| key.to_string()).collect();
    keys.join(" ")
}

const LEGEND: [&str; 6] = [
    "filters: kind:gaen rssi>-70   (company:apple or service:fd6f) age<30s",
    "         name:\"my band\" or addr:5e:1b   -addrkind:R rot>0 heard>100",
    "address letters: P public, S static, R resolvable, N non-resolvable,",
    "                 X reserved, I resolved identity, A anonymous, H handle",
    "RSSI in dBm, ~ not of this packet   ATTEN ? model unknown, class average",
    "ROT identifiers changed under one address, ! address and RPI out of step",
];

pub(super) fn draw(model: &Model, theme: &Theme, scroll: u16, area: Rect, buf: &mut Buffer) {
    let keys = lines(model);
    let n_lines = u16::try_from(keys.len() + LEGEND.len()).unwrap_or(u16::MAX);
    let widest = keys
        .iter()
        .map(|(_, help)| KEYS + width(help))
        .chain(LEGEND.map(width))
        .max()
        .unwrap_or(0);
    let box_width = (widest + 4).min(area.width.saturating_sub(2));
    let box_height = (n_lines + 2).min(area.height.saturating_sub(2));
    let frame = Rect {
        x: area.x + (area.width - box_width) / 2,
        y: area.y + (area.height - box_height) / 2,
        width: box_width,
        height: box_height,
    };
    border(theme, frame, buf);
    let inner = Rect {
        x: frame.x + 2,
        y: frame.y + 1,
        width: frame.width.saturating_sub(4),
        height: frame.height.saturating_sub(2),
    };
    let scroll = scroll.min(n_lines.saturating_sub(inner.height));
    if scroll + inner.height < n_lines {
        put(buf, frame, 2, frame.height.saturating_sub(1), " ↓ more ", theme.heading);
    }
    let room = |x: u16| usize::from(inner.width.saturating_sub(x));
    let mut y = 0;
    for (idx, (key, help)) in (0..).zip(&keys) {
        if idx >= scroll && y < inner.height {
            put(buf, inner, 0, y, key, theme.accent);
            put(buf, inner, KEYS, y, &clip(help, room(KEYS)), theme.base);
            y += 1;
        }
    }
    let after_keys = u16::try_from(keys.len()).unwrap_or(u16::MAX);
    for (idx, text) in (after_keys..).zip(LEGEND) {
        if idx >= scroll {
            put(buf, inner, 0, idx - scroll, &clip(text, room(0)), theme.dim);
        }
    }
}

fn border(theme: &Theme, frame: Rect, buf: &mut Buffer) {
    let inside = usize::from(frame.width.saturating_sub(2));
    for y in 0..frame.height {
        let line = match y {
            0 => format!("╭{}╮", "─".repeat(inside)),
            _ if y + 1 == frame.height => format!("╰{}╯", "─".repeat(inside)),
            _ => format!("│{}│", " ".repeat(inside)),
        };
        for x in 0..frame.width {
            if let Some(cell) = buf.cell_mut((frame.x + x, frame.y + y)) {
                cell.reset();
            }
        }
        put(buf, frame, 0, y, &line, theme.dim);
    }
    put(buf, frame, 2, 0, " keys ", theme.heading);
}
