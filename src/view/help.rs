//! The keys, over the screen; made from the keymap.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::popup;
use super::text::{clip, put, width};
use super::theme::Theme;
use crate::app::Tab;
use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::model::Model;

/// Cells of the column of keys.
const KEYS: u16 = 16;
/// Cells between two columns of lines.
const BETWEEN: u16 = 3;

/// Opposite actions share a line.
const PAIRS: [(Action, Action, &str); 15] = [
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
        Action::SeekStart,
        Action::Loop,
        "play from the beginning; begin again at the end",
    ),
    (
        Action::PreviousMark,
        Action::NextMark,
        "to the mark before or the next one",
    ),
    (
        Action::PreviousRotation,
        Action::NextRotation,
        "to the new identifier before or the next one",
    ),
    (
        Action::PreviousDevice,
        Action::NextDevice,
        "the previous or next device of the table",
    ),
    (Action::ZoomIn, Action::ZoomOut, "show a shorter or longer time"),
    (Action::Shorter, Action::Taller, "less or more room below the divider"),
    (
        Action::Record,
        Action::Mark,
        "record, or end it; mark what is known from now on",
    ),
];

/// One line of the help.
enum Line {
    Title(&'static str),
    Keys(String, &'static str),
    Legend(&'static str),
}

impl Line {
    fn width(&self) -> u16 {
        match self {
            Self::Title(text) | Self::Legend(text) => width(text),
            Self::Keys(_, help) => KEYS + width(help),
        }
    }
}

/// What this tab takes, what its letters mean, and what every tab takes.
fn lines(model: &Model) -> Vec<Line> {
    let context = model.tab.context();
    let mut lines = vec![Line::Title(context.title())];
    lines.extend(keys(model, context));
    lines.extend(legend(model.tab).iter().copied().map(Line::Legend));
    lines.push(Line::Title(Context::Tabs.title()));
    lines.push(tabs(model));
    lines.extend(keys(model, Context::Tabs));
    lines
}

/// The keys of a context itself.
fn keys(model: &Model, context: Context) -> Vec<Line> {
    let is_playback = model.source.playback.is_some();
    let shown = |action: &Action| is_playback || !action.needs_playback();
    let pairs = || PAIRS.iter().filter(|(_, second, _)| shown(second));
    let keys_of = |action: Action| {
        let bindings = model.keymap.bindings();
        let own = bindings.filter(|binding| binding.context == context && binding.action == Some(action));
        own.map(|binding| binding.key.to_string()).collect::<Vec<_>>().join(" ")
    };
    let is_second = |action: Action| pairs().any(|(first, second, _)| *second == action && !keys_of(*first).is_empty());
    let mut lines = Vec::new();
    // Those of the tabs have a line of their own.
    let actions =
        Action::all().filter(|action| !matches!(action, Action::Show(_) | Action::NextTab | Action::PreviousTab));
    for action in actions.filter(shown) {
        let (mut text, mut help) = (keys_of(action), action.help());
        if text.is_empty() || is_second(action) {
            continue;
        }
        if let Some((_, second, of_both)) = pairs().find(|(first, ..)| *first == action) {
            let second = keys_of(*second);
            if !second.is_empty() {
                text = format!("{text}  {second}");
                help = of_both;
            }
        }
        lines.push(Line::Keys(text, help));
    }
    lines
}

/// `1 2 3 4 Tab`
fn tabs(model: &Model) -> Line {
    let keys = |action| model.keymap.keys(Context::Tabs, action).map(|key| key.to_string());
    let shows = Tab::ALL.into_iter().flat_map(|tab| keys(Action::Show(tab)).take(1));
    let all: Vec<String> = shows.chain(keys(Action::NextTab).take(1)).collect();
    Line::Keys(all.join(" "), "the tabs: by number, or the next one")
}

/// What the letters and marks of a tab mean.
const fn legend(tab: Tab) -> &'static [&'static str] {
    match tab {
        Tab::Live => &[
            "filters: kind:gaen rssi>-70   (company:apple or service:fd6f) age<30s",
            "         name:\"my band\" or addr:5e:1b   -addrkind:R rot>0 heard>100",
            "address P public, S static, R/N (non-)resolvable, I identity, H handle",
            "RSSI ~ not measured on this very packet; ATTEN ? class average assumed",
            "ROT identifiers changed under one address, ! address and RPI out of step",
            "NAME as broadcast, * by the lab key that it uses",
        ],
        Tab::Device | Tab::Captures | Tab::Log => &[],
    }
}

pub(super) fn draw(model: &Model, theme: &Theme, scroll: u16, area: Rect, buf: &mut Buffer) {
    let lines = lines(model);
    let n_lines = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    // Two columns where they fit and one would not.
    let is_double = n_lines + 4 > area.height && 2 * widest + BETWEEN + 6 <= area.width;
    let (columns, n_rows) = if is_double {
        (2, n_lines.div_ceil(2))
    } else {
        (1, n_lines)
    };
    let wide = columns * widest + (columns - 1) * BETWEEN;
    let inner = popup::boxed(theme, "keys", (wide, n_rows), area, buf);
    let scroll = scroll.min(n_rows.saturating_sub(inner.height));
    if scroll + inner.height < n_rows {
        let below = Rect {
            y: inner.y + inner.height,
            height: 1,
            ..inner
        };
        put(buf, below, 0, 0, " ↓ more ", theme.heading);
    }
    for (idx, text) in (0..).zip(&lines) {
        let (column, row) = if is_double {
            (idx / n_rows, idx % n_rows)
        } else {
            (0, idx)
        };
        let Some(y) = row.checked_sub(scroll).filter(|y| *y < inner.height) else {
            continue;
        };
        let x = column * (widest + BETWEEN);
        let place = Rect {
            x: inner.x + x,
            width: widest.min(inner.width.saturating_sub(x)),
            ..inner
        };
        line(text, theme, place, y, buf);
    }
}

fn line(line: &Line, theme: &Theme, area: Rect, y: u16, buf: &mut Buffer) {
    let room = |x: u16| usize::from(area.width.saturating_sub(x));
    match line {
        Line::Title(text) => put(buf, area, 0, y, &clip(text, room(0)), theme.heading),
        Line::Legend(text) => put(buf, area, 0, y, &clip(text, room(0)), theme.dim),
        Line::Keys(keys, help) => {
            put(buf, area, 0, y, &clip(keys, usize::from(KEYS)), theme.accent);
            put(buf, area, KEYS, y, &clip(help, room(KEYS)), theme.base);
        }
    }
}
