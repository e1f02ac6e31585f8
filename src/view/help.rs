//! The keys, over the screen; made from the keymap.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::Tab;
use crate::app::action::Action;
use crate::app::keymap::{self, Context};
use crate::app::model::Model;

/// Cells of the column of keys.
const KEYS: u16 = 16;

/// Opposite actions share a line, so that keys and legend together fit a terminal of 80 by 24.
const PAIRS: [(Action, Action, &str); 10] = [
    (
        Action::Help,
        Action::Close,
        "these keys; close what is open, go back, drop the filter",
    ),
    (Action::Pause, Action::Step, "pause or go on; play a single event"),
    (
        Action::NextSort,
        Action::ReverseSort,
        "sort by the next column, or the other way round",
    ),
    (Action::Up, Action::Down, "a line up or down"),
    (Action::PageUp, Action::PageDown, "a page up or down"),
    (Action::First, Action::Last, "to the first or the last"),
    (Action::Slower, Action::Faster, "play slower or faster"),
    (Action::SeekBack, Action::SeekForward, "10 s back or forward"),
    (
        Action::PreviousDevice,
        Action::NextDevice,
        "the previous or next device of the table",
    ),
    (Action::ZoomIn, Action::ZoomOut, "show a shorter or longer time"),
];

/// The actions of the table and their keys.
fn lines(model: &Model) -> Vec<(String, &'static str)> {
    let is_playback = model.source.playback.is_some();
    let context = model.tab.context();
    let pairs = PAIRS
        .iter()
        .filter(|(_, second, _)| is_playback || !second.needs_playback());
    let shown = Action::ALL
        .into_iter()
        .filter(|action| is_playback || !action.needs_playback())
        // One line for all tabs.
        .filter(|action| !matches!(action, Action::NextTab | Action::PreviousTab))
        .filter(|action| !matches!(action, Action::Show(tab) if *tab != Tab::ALL[0]))
        .filter(|action| pairs.clone().all(|(_, second, _)| second != action));
    shown
        .filter_map(|action| {
            if matches!(action, Action::Show(_)) {
                return Some(tabs(context));
            }
            let pair = pairs.clone().find(|(first, ..)| *first == action);
            let (mut text, mut help) = (keys_of(context, action), action.help());
            if text.is_empty() {
                return None;
            }
            if let Some((_, second, of_both)) = pair {
                text = format!("{text}  {}", keys_of(context, *second));
                help = of_both;
            }
            Some((text, help))
        })
        .collect()
}

/// `1 2 3 Tab`
fn tabs(context: Context) -> (String, &'static str) {
    let shows = Tab::ALL.map(|tab| keys_of(context, Action::Show(tab)));
    let text = format!("{} {}", shows.join(" "), keys_of(context, Action::NextTab));
    (text, "the tabs: by number, or the next one")
}

fn keys_of(context: Context, action: Action) -> String {
    let keys: Vec<String> = keymap::keys(context, action).map(|key| key.to_string()).collect();
    keys.join(" ")
}

const LEGEND: [&str; 5] = [
    "filters: kind:gaen rssi>-70   (company:apple or service:fd6f) age<30s",
    "         name:\"my band\" or addr:5e:1b   -addrkind:R rot>0 heard>100",
    "address P public, S static, R/N (non-)resolvable, I identity, H handle",
    "RSSI ~ not measured on this very packet; ATTEN ? class average assumed",
    "ROT identifiers changed under one address, ! address and RPI out of step",
];

/// What the letters and marks of the present tab mean.
const fn legend(model: &Model) -> &'static [&'static str] {
    match model.tab {
        Tab::Live => &LEGEND,
        Tab::Device | Tab::Log => &[],
    }
}

pub(super) fn draw(model: &Model, theme: &Theme, scroll: u16, area: Rect, buf: &mut Buffer) {
    let keys = lines(model);
    let n_lines = u16::try_from(keys.len() + legend(model).len()).unwrap_or(u16::MAX);
    let widest = keys
        .iter()
        .map(|(_, help)| KEYS + width(help))
        .chain(legend(model).iter().map(|line| width(line)))
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
    for (idx, text) in (after_keys..).zip(legend(model)) {
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
