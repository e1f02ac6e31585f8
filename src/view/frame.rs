//! What stands around the table: header, status line, banner, divider, footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{clip, clip_front, grouped, put, put_right, width};
use super::theme::Theme;
use crate::app::Tab;
use crate::app::keymap;
use crate::app::model::Model;
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};

pub(super) fn header(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    put(buf, area, 1, 0, "vicino", theme.accent);
    let mut taken = 0;
    for (number, tab) in (1..).zip(Tab::ALL) {
        let title = format!("{number} {}", tab.title());
        let style = if tab == model.tab { theme.selected } else { theme.dim };
        put(buf, area, tab.columns().start, 0, &title, style);
        taken = tab.columns().end + 2;
    }
    let reason = model.notice.as_deref().or(model.source.reason.as_deref());
    match (&model.recording, reason) {
        (Some(recording), _) => {
            let text = format!("● rec {}  {}", clock(recording.elapsed), bytes(recording.bytes));
            put_right(buf, area, taken, &text, theme.error);
        }
        (None, Some(reason)) => {
            let left = usize::from(area.width.saturating_sub(taken + 2));
            put_right(buf, area, taken, &clip(&printable(reason), left), theme.warning);
        }
        (None, None) => {}
    }
}

/// Source, time of the data, counts; the most dispensable last, as it goes first when the terminal is narrow.
pub(super) fn status(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let most_error = area.width * 2 / 5;
    let right = filter_text(model, area.width.saturating_sub(most_error + 4));
    let error = filter_error(model, most_error);
    let mut room = area.width.saturating_sub(width(&right) + 4);
    if !error.is_empty() {
        room = room.saturating_sub(width(&error) + 2);
    }
    let mut x = 1;
    for (idx, (part, is_warning)) in status_parts(model, area.width).into_iter().enumerate() {
        let separator = if idx == 0 { "" } else { " · " };
        let end = x + width(separator) + width(&part);
        if end > room {
            break;
        }
        put(buf, area, x, 0, separator, theme.dim);
        x += width(separator);
        put(
            buf,
            area,
            x,
            0,
            &part,
            if is_warning { theme.warning } else { theme.base },
        );
        x = end;
    }
    put_right(buf, area, x, &right, theme.accent);
    // It covers what stands there, so that the prompt and all to its left stay where they are.
    if !error.is_empty() {
        let before = area.width.saturating_sub(width(&right) + 1 + 2);
        put(
            buf,
            area,
            before.saturating_sub(width(&error)),
            0,
            &error,
            theme.warning,
        );
    }
}

/// The filter, in at most so many cells: what was typed last, or the beginning of one that is kept.
fn filter_text(model: &Model, most: u16) -> String {
    if let Some(prompt) = &model.editing {
        let text = printable(&prompt.text);
        return format!("/{}▏", clip_front(&text, usize::from(most.saturating_sub(2))));
    }
    let (what, text) = match model.tab {
        Tab::Log => ("search", model.log.search.as_str()),
        _ => ("filter", model.live.filter.text()),
    };
    if text.is_empty() {
        return model.privacy.word().to_owned();
    }
    clip(&format!("{what}: {}", printable(text)), usize::from(most)).into_owned()
}

/// Why what is typed is no filter, in at most so many cells.
fn filter_error(model: &Model, most: u16) -> String {
    let error = model.editing.as_ref().and_then(|prompt| prompt.error.as_ref());
    error.map_or_else(String::new, |error| {
        clip(&printable(&error.brief()), usize::from(most)).into_owned()
    })
}

fn status_parts(model: &Model, columns: u16) -> Vec<(String, bool)> {
    let mut parts = Vec::new();
    let most_name = usize::from(columns / 3).max(12);
    let name = printable(&model.source.name);
    let name = clip(&name, most_name);
    match &model.source.playback {
        Some(status) => {
            parts.push((format!("replay {name} {}", status.pacer.speed()), false));
            if status.ended {
                parts.push(("ended".to_owned(), true));
            } else if status.pacer.is_paused() {
                parts.push(("paused".to_owned(), true));
            }
        }
        None if model.source.how.is_empty() => parts.push((name.into_owned(), false)),
        None => parts.push((format!("{name} · {}", printable(&model.source.how)), false)),
    }
    if model.live.frozen.is_some() {
        parts.push(("frozen".to_owned(), true));
    }
    if model.session.data_now().is_some() {
        parts.push((time_of_day(model.now(), columns >= 100), false));
    }
    let (heard, gaen) = model.live.heard;
    parts.push((format!("{} heard", grouped(heard as u64)), false));
    parts.push((format!("{} gaen", grouped(gaen as u64)), false));
    if !model.live.filter.is_empty() {
        parts.push((format!("{} shown", grouped(model.live.order.len() as u64)), false));
    }
    parts.push((
        model
            .rate()
            .map_or_else(|| "–/s".to_owned(), |rate| format!("{rate:.1}/s")),
        false,
    ));
    let lost = model.session.totals().dropped;
    parts.push((format!("lost {}", grouped(lost)), lost > 0));
    let totals = model.session.totals();
    if totals.evicted > 0 {
        parts.push((format!("retired early {}", grouped(totals.evicted)), true));
    }
    if totals.clock_steps > 0 {
        parts.push((format!("clock set back {}", grouped(totals.clock_steps)), true));
    }
    let gaps = model.session.gaps().len();
    parts.push((format!("gaps {gaps}"), gaps > 0));
    if let Some(status) = &model.source.playback {
        if status.damaged > 0 {
            parts.push((format!("damaged {}", grouped(status.damaged)), true));
        }
        let (silences, skipped) = status.pacer.skipped();
        if silences > 0 {
            parts.push((format!("silence cut {}", clock(skipped)), false));
        }
        if status.laps > 0 {
            parts.push((format!("lap {}", status.laps + 1), false));
        }
    }
    parts
}

pub(super) fn banner(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if let Some(text) = model.banner().filter(|_| area.height > 0) {
        let text = format!("! {}", printable(&text));
        put(
            buf,
            area,
            1,
            0,
            &clip(&text, usize::from(area.width.saturating_sub(2))),
            theme.error,
        );
    }
}

/// `── 3f9a2c51  gaen-android  …  every 271 ms  loss 3 %  heard 1,204 ───`
pub(super) fn divider(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    put(buf, area, 0, 0, &"─".repeat(usize::from(area.width)), theme.dim);
    let Some(track) = model.selected() else { return };
    let mut parts = Vec::new();
    match track.rpi {
        Some(rpi) => {
            let digits: String = rpi.to_string().chars().take(8).collect();
            parts.push(model.privacy.identifier(&digits));
        }
        None => parts.push(format!(
            "{} {}",
            model.privacy.identifier(&track.key.address.to_string()),
            track.key.address.kind.letter()
        )),
    }
    parts.push(track.family.word().to_owned());
    if let Some(interval) = track.interval() {
        parts.push(format!("every {} ms", interval.0 / 1_000));
    }
    if let Some(loss) = track.loss() {
        parts.push(format!("loss {:.0} %", loss * 100.0));
    }
    if let Some(median) = track.histogram.median() {
        parts.push(format!("median {median}"));
    }
    parts.push(format!("heard {}", grouped(track.heard)));
    parts.push(track.key.address.kind.word().to_owned());
    parts.push(track.pdu.word().to_owned());
    if let Some(name) = &track.name {
        let name = model.privacy.name(&printable(name));
        parts.push(format!("\"{}\"", clip(&name, 24)));
    }
    put(buf, area, 2, 0, " ", theme.dim);
    let mut x = 3;
    for part in parts {
        if x + width(&part) + 4 > area.width {
            break;
        }
        put(buf, area, x, 0, &part, theme.base);
        x += width(&part);
        put(buf, area, x, 0, "  ", theme.dim);
        x += 2;
    }
    put(buf, area, x - 1, 0, "─", theme.dim);
}

pub(super) fn footer(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let context = model.context();
    let offered = keymap::FOOTER.iter().find(|(other, _)| *other == context);
    let is_playback = model.source.playback.is_some();
    let mut entries: Vec<(String, &str)> = offered
        .into_iter()
        .flat_map(|(_, actions)| *actions)
        .filter(|action| is_playback || !action.needs_playback())
        .filter_map(|action| keymap::footer_entry(context, *action))
        .collect();
    let needed = |entries: &[(String, &str)]| {
        entries
            .iter()
            .map(|(key, label)| width(key) + width(label) + 4)
            .sum::<u16>()
    };
    // The last two (help and quit, or the ways out) stay longest.
    while needed(&entries) > area.width && entries.len() > 2 {
        entries.remove(entries.len() - 3);
    }
    let mut x = 1;
    for (key, label) in &entries {
        put(buf, area, x, 0, key, theme.accent);
        x += width(key) + 1;
        put(
            buf,
            area,
            x,
            0,
            label,
            if context.outer().is_some() {
                theme.dim
            } else {
                theme.base
            },
        );
        x += width(label) + 3;
    }
}

fn time_of_day(at: UnixMicros, with_date: bool) -> String {
    let text = at.to_string();
    // `2020-07-30T09:54:01.899945Z`; anything else (a year without a calendar) as it is.
    match (text.get(..10), text.get(11..19)) {
        (Some(date), Some(time)) if text.len() == 27 && with_date => format!("{date} {time} UTC"),
        (_, Some(time)) if text.len() == 27 => format!("{time} UTC"),
        _ => text,
    }
}

/// `00:12:41`
fn clock(span: Micros) -> String {
    let seconds = span.0.max(0) / 1_000_000;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// `3.1 MB`
#[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
fn bytes(n: u64) -> String {
    match n {
        ..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}
