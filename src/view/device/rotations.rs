//! Identifiers heard under the device's address, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::lab::ledger::Record;
use crate::lab::step;
use crate::lab::time::Micros;
use crate::lab::track::Track;
use crate::view::text::{clip, grouped, put, time};
use crate::view::theme::Theme;

/// Identifiers looked at: a hostile address may have more.
const MOST: usize = 1_000;

pub(super) fn draw(model: &Model, track: &Track, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let ledger = model.session.ledger();
    let records: Vec<&Record> = ledger
        .of_address(track.key)
        .take(MOST)
        .map(|(_, record)| record)
        .filter(|record| record.rpi().is_some())
        .collect();
    let room = usize::from(area.width.saturating_sub(1));
    if records.is_empty() {
        return put(
            buf,
            area,
            1,
            0,
            &clip("no identifiers: not an exposure notification", room),
            theme.dim,
        );
    }
    let title = format!(
        "{:<10}{:<10}{:<10}{:>8}{:>8}  {}",
        "RPI", "FIRST", "LAST", "FOR", "HEARD", "ELSEWHERE"
    );
    put(buf, area, 1, 0, &clip(&title, room), theme.heading);
    let top = model.device.top.min(records.len() - 1);
    for (y, record) in (1..area.height).zip(records.iter().skip(top)) {
        let (text, others) = line(model, record);
        put(buf, area, 1, y, &clip(&text, room), theme.base);
        let (note, style) = match others {
            0 => ("–".to_owned(), theme.dim),
            n => (
                format!("{n} address{} !", if n == 1 { "" } else { "es" }),
                theme.warning,
            ),
        };
        put(buf, area, 49, y, &clip(&note, room.saturating_sub(49)), style);
    }
}

/// The line of an identifier, and under how many other addresses it was heard.
fn line(model: &Model, record: &Record) -> (String, usize) {
    let rpi = record.rpi().unwrap_or_default();
    let digits: String = rpi.to_string().chars().take(8).collect();
    let others = step::elsewhere(model.session.ledger(), record, MOST).count();
    let text = format!(
        "{:<10}{:<10}{:<10}{:>8}{:>8}",
        model.privacy.identifier(&digits),
        time(record.first),
        time(record.last),
        span(record.last.since(record.first)),
        grouped(record.heard.into())
    );
    (text, others)
}

/// `12m06s`
fn span(span: Micros) -> String {
    let seconds = span.0.max(0) / 1_000_000;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}
