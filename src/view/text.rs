//! Text in cells: clipped and padded by width, not by characters.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::app::look::Letters;
use crate::lab::distance::Estimate;
use crate::lab::time::{Micros, UnixMicros};

/// How many cells a text takes.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// Puts text at a place within an area; what does not fit is left out.
pub(super) fn put(buf: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) {
    let area = area.intersection(buf.area);
    if x < area.width && y < area.height {
        buf.set_stringn(area.x + x, area.y + y, text, usize::from(area.width - x), style);
    }
}

/// A distance in metres, in five cells at most.
pub(super) fn metres(metres: f64) -> String {
    let decimals = usize::from(metres < 99.95);
    format!("{:.decimals$}", metres.clamp(0.0, 9_999.0))
}

/// `0.6–3.1`, in nine cells at most.
pub(super) fn interval(of: &Estimate) -> String {
    format!("{}–{}", metres(of.low_m), metres(of.high_m))
}

/// Puts text so that it ends at the right edge, if it fits beside what is `taken` on the left.
pub(super) fn put_right(buf: &mut Buffer, area: Rect, taken: u16, text: &str, style: Style) {
    let width = width(text);
    if taken.saturating_add(width) < area.width {
        put(buf, area, area.width - width - 1, 0, text, style);
    }
}

/// `text` in at most `most` cells, with an ellipsis where it was cut.
pub(super) fn clip(text: &str, most: usize) -> Cow<'_, str> {
    if text.width() <= most {
        return text.into();
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|next| {
            used += next.width().unwrap_or(0);
            used <= most
        })
        .collect();
    if most == 0 { "".into() } else { (kept + "…").into() }
}

/// The end of `text` in at most `most` cells, with an ellipsis where it was cut.
pub(super) fn clip_front(text: &str, most: usize) -> Cow<'_, str> {
    if text.width() <= most {
        return text.into();
    }
    let mut used = 1;
    let begins = text
        .char_indices()
        .rev()
        .take_while(|(_, next)| {
            used += next.width().unwrap_or(0);
            used <= most
        })
        .last();
    let kept = begins.map_or("", |(begin, _)| &text[begin..]);
    if most == 0 {
        "".into()
    } else {
        format!("…{kept}").into()
    }
}

/// Shows that a line of a list is the selected one: in its style, with a mark before it.
pub(super) fn select(buf: &mut Buffer, area: Rect, y: u16, style: Style) {
    let line = Rect {
        y: area.y + y,
        height: 1,
        ..area
    };
    buf.set_style(line, style);
    put(buf, area, 0, y, "▸", style);
}

/// `09:54:08`
pub(super) fn time(at: UnixMicros) -> String {
    let text = at.to_string();
    match text.get(11..19) {
        Some(time) if text.len() == 27 => time.to_owned(),
        _ => "–".to_owned(),
    }
}

/// Time of day in UTC to the millisecond: by it a packet is found in other programs.
pub(super) fn fine_time(at: UnixMicros) -> String {
    let text = at.to_string();
    match text.get(11..23) {
        Some(time) if text.len() == 27 => time.to_owned(),
        _ => "–".to_owned(),
    }
}

/// A text in lines of at most so many cells, broken at blanks where there are any; of a long one the first few.
pub(super) fn wrapped(text: &str, cells: usize) -> Vec<String> {
    const MOST_LINES: usize = 8;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_full = lines.len() == MOST_LINES;
        match lines.last_mut() {
            Some(line) if usize::from(width(line)) + 1 + usize::from(width(word)) <= cells => {
                line.push(' ');
                line.push_str(word);
            }
            Some(last) if is_full => {
                last.push_str(" …");
                break;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| clip(line, cells).into_owned()).collect()
}

/// Names of keys in the letters that are wanted: without `⏎` where there is ASCII alone.
pub(super) fn spelled(text: &str, letters: Letters) -> Cow<'_, str> {
    match letters {
        Letters::Ascii if text.contains('⏎') => text.replace('⏎', "Enter").into(),
        _ => text.into(),
    }
}

/// A whole number with its thousands apart: `1,204`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `00:12:41`
pub(super) fn clock(span: Micros) -> String {
    let seconds = span.0.max(0) / 1_000_000;
    let days = seconds / 86_400;
    if days > 4 {
        // It must fit where a time stands; so long is only what a wrong clock makes.
        return if days > 99_999 {
            ">99999 d".to_owned()
        } else {
            format!("{days} d")
        };
    }
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// `3.1 MB`
#[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
pub(super) fn bytes(n: u64) -> String {
    match n {
        ..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// `2020-07-30 09:54`
pub(super) fn minute(at: UnixMicros) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) if text.len() == 27 => format!("{date} {time}"),
        _ => clip(&text, 16).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_clipped_by_their_cells() {
        assert_eq!(clip("手机手机", 8), "手机手机");
        assert_eq!(clip("手机手机", 7), "手机手…");
        assert_eq!(clip("手机手机", 6), "手机…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(clip("abc", 1), "…");
        assert_eq!(clip_front("手机手机", 8), "手机手机");
        assert_eq!(clip_front("手机手机", 7), "…机手机");
        assert_eq!(clip_front("手机手机", 6), "…手机");
        assert_eq!((&*clip_front("abc", 0), &*clip_front("abc", 1)), ("", "…"));
    }

    #[test]
    fn long_texts_go_on_in_further_lines() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("", 7), [""]);
        assert_eq!(wrapped("unbreakable text", 6), ["unbre…", "text"]);
        let many = wrapped(&"word ".repeat(100), 5);
        assert_eq!((many.len(), many.last().map(String::as_str)), (8, Some("word…")));
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_204), "1,204");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }
}
