//! What stands around the table: header, status line, banner, divider, footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{bytes, clip, clip_front, clock, grouped, put, put_right, spelled, width};
use super::theme::Theme;
use crate::app::Tab;
use crate::app::command;
use crate::app::follow::Follow;
use crate::app::keymap;
use crate::app::model::Model;
use crate::app::prompt::{Prompt, Purpose};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;

pub(super) fn header(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    put(buf, area, 1, 0, "vicino", theme.accent);
    for (tab, columns, title) in model.placed_tabs(area.width) {
        let style = if tab == model.tab { theme.selected } else { theme.dim };
        put(buf, area, columns.start, 0, &title, style);
    }
    let taken = after_tabs(model, area.width);
    let mut right = area;
    if let Some(text) = recording(model, area.width) {
        put_right(buf, right, taken, &text, theme.error);
        right.width = right.width.saturating_sub(width(&text) + 2);
    }
    if let Some(reason) = model.notice.as_deref().or(model.source.reason.as_deref()) {
        let left = notice_room(model, area.width);
        if left >= LEAST_NOTICE && !is_notice_below(model, area.width) {
            put_right(buf, right, taken, &clip(&printable(reason), left), theme.warning);
        }
    }
}

/// The column after the tabs.
fn after_tabs(model: &Model, columns: u16) -> u16 {
    let last = model.placed_tabs(columns).pop();
    last.map_or(0, |(_, columns, _)| columns.end + 2)
}

/// What the header says of the recording.
fn recording(model: &Model, columns: u16) -> Option<String> {
    let recording = model.recording.as_ref()?;
    let elapsed = clock(recording.elapsed);
    let long = format!("● rec {elapsed}  {}  {:.1}/s", bytes(recording.bytes), recording.rate);
    let fits = after_tabs(model, columns) + width(&long) + 2 < columns;
    Some(if fits { long } else { format!("● rec {elapsed}") })
}

/// Cells that the header has for a notice.
fn notice_room(model: &Model, columns: u16) -> usize {
    let recording = recording(model, columns).map_or(0, |text| width(&text) + 2);
    usize::from(
        columns
            .saturating_sub(recording)
            .saturating_sub(after_tabs(model, columns) + 2),
    )
}

/// Whether a notice is too long for the header and stands in place of the keys, until the next one is pressed or it is old.
fn is_notice_below(model: &Model, columns: u16) -> bool {
    let long = |text: &str| usize::from(width(&printable(text))) > notice_room(model, columns);
    let is_fresh = !model.is_notice_old();
    is_fresh && model.editing.is_none() && model.popup.is_none() && model.notice.as_deref().is_some_and(long)
}

/// Fewer cells of a notice say nothing.
const LEAST_NOTICE: usize = 12;

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
    if let Some(prompt) = model
        .editing
        .as_ref()
        .filter(|prompt| prompt.purpose != Purpose::Command)
    {
        return typed("/", prompt, most);
    }
    let (what, text) = match model.tab {
        Tab::Log => ("search", model.log.search.as_str()),
        Tab::Captures => ("search", model.library.search.as_str()),
        Tab::Live | Tab::Device | Tab::Calibrate | Tab::Exposure | Tab::Audit => ("filter", model.live.filter.text()),
    };
    if text.is_empty() {
        return model.privacy.word().to_owned();
    }
    clip(&format!("{what}: {}", printable(text)), usize::from(most)).into_owned()
}

/// What is typed, with its cursor, in at most so many cells; what stands before the cursor stays in sight.
fn typed(sign: &str, prompt: &Prompt, most: u16) -> String {
    let (before, after) = prompt.parts();
    let room = usize::from(most.saturating_sub(2));
    let text = format!("{sign}{}▏{}", clip_front(&printable(before), room), printable(after));
    clip(&text, usize::from(most)).into_owned()
}

/// Why what is typed is no filter, where it does not fit beside the prompt: then it stands in place of the keys.
fn long_filter_error(model: &Model, columns: u16) -> Option<String> {
    let error = model.editing.as_ref()?.error.as_ref()?;
    let text = printable(&error.brief()).into_owned();
    (width(&text) > columns * 2 / 5).then_some(text)
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
    // Why it is this source must be seen, also where the tabs leave it no room.
    if let Some(reason) = model.source.reason.as_deref().map(printable)
        && usize::from(width(&reason)) > notice_room(model, columns)
    {
        parts.push((reason.into_owned(), true));
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
    if !model.live.filter.is_empty() || !model.live.subtracted.is_empty() {
        parts.push((format!("{} shown", grouped(model.live.order.len() as u64)), false));
    }
    if !model.live.subtracted.is_empty() {
        parts.push((
            format!("{} subtracted", grouped(model.live.subtracted.len() as u64)),
            true,
        ));
    }
    if let Some(follow) = &model.live.follow {
        parts.push((followed(model, follow), follow.is_lost));
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

/// `◆ 3f9a2c51 2 hops (1 guessed)`
fn followed(model: &Model, follow: &Follow) -> String {
    let whole = match follow.rpi {
        Some(rpi) => rpi.to_string().chars().take(8).collect(),
        None => follow.key.address.to_string(),
    };
    let name = model.privacy.identifier(&whole);
    let hops = match (follow.hops, follow.guesses) {
        (0, _) => String::new(),
        (hops, 0) => format!(" ↻{hops}"),
        (hops, guesses) => format!(" ↻{hops} ({guesses} guessed)"),
    };
    let lost = if follow.is_lost { " lost" } else { "" };
    format!("◆ {name}{hops}{lost}")
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
        parts.push(format!("every {} ms", (interval.0 + 500) / 1_000));
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

/// `── monday.csv ───`
pub(super) fn titled(title: &str, theme: &Theme, area: Rect, buf: &mut Buffer) {
    put(buf, area, 0, 0, &"─".repeat(usize::from(area.width)), theme.dim);
    if !title.is_empty() {
        let room = usize::from(area.width.saturating_sub(8));
        put(buf, area, 2, 0, &format!(" {} ", clip(title, room)), theme.base);
    }
}

/// The command that is typed, and beside it the words that fit, why it is none, or how it is used.
fn command(prompt: &Prompt, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let line = typed(":", prompt, area.width.saturating_sub(2) * 3 / 5);
    put(buf, area, 1, 0, &line, theme.base);
    let mut x = 1 + width(&line) + 2;
    let room = |x: u16| usize::from(area.width.saturating_sub(x + 1));
    if let Some(refusal) = &prompt.refusal {
        let refusal = printable(refusal);
        if usize::from(width(&refusal)) > room(x) && area.y > 0 {
            // It does not fit beside what was typed: it covers the line above.
            let above = Rect { y: area.y - 1, ..area };
            put(buf, above, 0, 0, &" ".repeat(usize::from(above.width)), theme.base);
            return put(
                buf,
                above,
                1,
                0,
                &clip(&refusal, usize::from(above.width.saturating_sub(2))),
                theme.warning,
            );
        }
        return put(buf, area, x, 0, &clip(&refusal, room(x)), theme.warning);
    }
    if let Some(completion) = &prompt.completion {
        // The word that stands in the line comes first, so that it is in sight.
        let words = completion.words.iter().enumerate().cycle().skip(completion.idx);
        for (idx, word) in words.take(completion.words.len()) {
            let style = if idx == completion.idx {
                theme.selected
            } else {
                theme.dim
            };
            let word = printable(word);
            put(buf, area, x, 0, &clip(&word, room(x)), style);
            x = x.saturating_add(width(&word) + 2);
            if x >= area.width {
                break;
            }
        }
        return;
    }
    let usage = command::usage(prompt.text());
    let usage = usage.unwrap_or_else(|| "a command; Tab shows those there are".to_owned());
    put(buf, area, x, 0, &clip(&usage, room(x)), theme.dim);
}

pub(super) fn footer(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let context = model.context();
    if let Some(prompt) = model
        .editing
        .as_ref()
        .filter(|prompt| prompt.purpose == Purpose::Command)
    {
        return command(prompt, theme, area, buf);
    }
    if let Some(error) = long_filter_error(model, area.width) {
        let room = usize::from(area.width.saturating_sub(2));
        return put(buf, area, 1, 0, &clip(&error, room), theme.warning);
    }
    if let Some(notice) = model.notice.as_deref().filter(|_| is_notice_below(model, area.width)) {
        let (text, room) = (printable(notice), usize::from(area.width.saturating_sub(2)));
        // Of a long path the end is worth more, and the reason behind it.
        let text = if text.starts_with('/') {
            clip_front(&text, room)
        } else {
            clip(&text, room)
        };
        put(buf, area, 1, 0, &text, theme.warning);
        return;
    }
    let offered = keymap::FOOTER.iter().find(|(other, _)| *other == context);
    let is_playback = model.source.playback.is_some();
    let mut entries: Vec<(String, &str)> = offered
        .into_iter()
        .flat_map(|(_, actions)| *actions)
        .filter(|action| is_playback || !action.needs_playback())
        .filter_map(|action| keymap::footer_entry(&model.keymap, context, *action))
        .map(|(key, label)| (spelled(&key, model.look.letters).into_owned(), label))
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
