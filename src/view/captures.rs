//! The tab of the library: the captures of a folder, and what is known of the selected one.
//!
//! ```text
//!  ~/.local/share/vicino/captures · 12 captures
//!    NAME                       KIND       SIZE  RECORDED           LENGTH   ADVERTS  STATE
//!  ▸ monday.csv                 native   3.1 MB  2026-11-27 09:50  00:12:41   12,041  complete
//!  ── monday.csv ─────────────────────────────────────────────────────────────────────────
//!  title      bench, 1 m                      heard      12,041 advertisements, …
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{bytes, clip, clip_front, clock, grouped, minute, put, select, spelled, width, wrapped};
use super::theme::Theme;
use super::{cut, frame};
use crate::app::captures::{Known, Line};
use crate::app::layout::{LIBRARY_DETAILS, LIBRARY_WITH_DETAILS, MARKER};
use crate::app::log::damaged;
use crate::app::model::{Model, Recording};
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};
use crate::library::{Entry, Outline, State};

/// Cells of the columns after the name, with the space before them: kind, size, recorded, length, adverts, state.
const KIND: u16 = 13;
const SIZE: u16 = 10;
const FROM: u16 = 18;
const LENGTH: u16 = 11;
const ADVERTS: u16 = 12;
const STATE: u16 = 13;
/// Narrowest column of names.
const LEAST_NAME: u16 = 20;

/// Which columns there is room for, and the cells of the name.
#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
struct Layout {
    name: u16,
    kind: bool,
    from: bool,
    length: bool,
    adverts: bool,
}

impl Layout {
    fn new(total: u16) -> Self {
        let mut left = total.saturating_sub(MARKER + LEAST_NAME + SIZE + STATE);
        let mut fits = |cells: u16| {
            let fits = left >= cells;
            left -= if fits { cells } else { 0 };
            fits
        };
        let (from, adverts, length, kind) = (fits(FROM), fits(ADVERTS), fits(LENGTH), fits(KIND));
        Self {
            name: (LEAST_NAME + left.min(30)).min(total.saturating_sub(MARKER + SIZE + STATE)),
            kind,
            from,
            length,
            adverts,
        }
    }
}

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    summary(model, theme, cut(&mut rest, 1), buf);
    let layout = Layout::new(area.width);
    heading(&layout, theme, cut(&mut rest, 1), buf);
    let page = u16::try_from(model.library_page()).unwrap_or(u16::MAX);
    list(model, &layout, theme, cut(&mut rest, page), buf);
    if usize::from(area.height) >= LIBRARY_WITH_DETAILS {
        let line = cut(&mut rest, 1);
        let title = model.library.capture().map_or("", |entry| &entry.name);
        frame::titled(&printable(title), theme, line, buf);
        let details = u16::try_from(LIBRARY_DETAILS).unwrap_or(0);
        self::details(model, theme, cut(&mut rest, details), buf);
    }
}

fn summary(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let folder = model.library.folder.display().to_string();
    let listing = model.library.listing.as_ref();
    let captures = listing.map_or(0, |listing| listing.entries.len());
    let plural = if captures == 1 { "" } else { "s" };
    let left_out = listing.map_or(0, |listing| listing.left_out);
    let more = if left_out > 0 {
        format!(" · {} names more", grouped(left_out))
    } else {
        String::new()
    };
    let counts = format!(" · {} capture{plural}{more}", grouped(captures as u64));
    let room = usize::from(area.width.saturating_sub(width(&counts) + 2));
    let text = format!("{}{counts}", clip_front(&printable(&folder), room));
    put(buf, area, 1, 0, &text, theme.heading);
}

fn heading(layout: &Layout, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut columns = Columns::new(layout);
    put(buf, area, columns.name(), 0, "NAME", theme.heading);
    let mut right = |place: Option<(u16, u16)>, text: &str| {
        if let Some((x, cells)) = place {
            put(buf, area, x + cells - width(text), 0, text, theme.heading);
        }
    };
    let kind = columns.left(layout.kind, KIND);
    right(columns.next(true, SIZE), "SIZE");
    let from = columns.left(layout.from, FROM);
    right(columns.next(layout.length, LENGTH), "LENGTH");
    right(columns.next(layout.adverts, ADVERTS), "ADVERTS");
    let state = columns.left(true, STATE);
    for (x, text) in [(kind, "KIND"), (from, "RECORDED (UTC)"), (state, "STATE")] {
        if let Some(x) = x {
            put(buf, area, x, 0, text, theme.heading);
        }
    }
}

/// Goes through the columns from left to right.
struct Columns {
    x: u16,
    name: u16,
}

impl Columns {
    const fn new(layout: &Layout) -> Self {
        Self {
            x: MARKER + layout.name,
            name: MARKER,
        }
    }

    const fn name(&self) -> u16 {
        self.name
    }

    /// Begin and cells of the next column, where it is shown.
    fn next(&mut self, is_shown: bool, cells: u16) -> Option<(u16, u16)> {
        is_shown.then(|| {
            let x = self.x;
            self.x += cells;
            (x, cells)
        })
    }

    /// Where the text of the next column begins, after the space before it.
    fn left(&mut self, is_shown: bool, cells: u16) -> Option<u16> {
        self.next(is_shown, cells).map(|(x, _)| x + 2)
    }
}

fn list(model: &Model, layout: &Layout, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let library = &model.library;
    let mut is_empty = true;
    for (y, (idx, entry)) in (0..area.height).zip(library.lines().enumerate().skip(library.top)) {
        is_empty &= matches!(entry, Line::Outside);
        let is_selected = idx == library.at;
        let style = if is_selected { theme.selected } else { theme.base };
        if is_selected {
            select(buf, area, y, style);
        }
        let room = usize::from(layout.name);
        match entry {
            Line::Outside => put(buf, area, MARKER, y, "..", style),
            Line::Folder(name) => {
                let text = format!("{}/", printable(&name.to_string_lossy()));
                put(buf, area, MARKER, y, &clip(&text, room), style);
            }
            Line::Capture(entry) => capture(model, entry, layout, theme, style, area, y, buf),
        }
    }
    if is_empty {
        empty(model, theme, area, buf);
    }
}

/// What to do when there is nothing to show.
fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let library = &model.library;
    let lines: [String; 2] = match (&library.error, &library.listing) {
        (Some(error), _) => [
            printable(error).into_owned(),
            "r makes the folder and records into it; `:folder PATH` looks elsewhere".to_owned(),
        ],
        (None, None) => ["looking …".to_owned(), String::new()],
        (None, Some(_)) if !library.search.is_empty() => {
            ["no capture matches".to_owned(), "Esc drops the search".to_owned()]
        }
        (None, Some(_)) => [
            "no captures here yet".to_owned(),
            "r records what is heard; `:folder PATH` looks elsewhere".to_owned(),
        ],
    };
    for (y, (line, style)) in (2..).zip(lines.iter().zip([theme.base, theme.dim])) {
        let room = usize::from(area.width.saturating_sub(MARKER));
        put(buf, area, MARKER, y, &clip(line, room), style);
    }
}

#[expect(clippy::too_many_arguments, reason = "a line with its place and looks")]
fn capture(
    model: &Model,
    entry: &Entry,
    layout: &Layout,
    theme: &Theme,
    style: Style,
    area: Rect,
    y: u16,
    buf: &mut Buffer,
) {
    const NONE: &str = "–";
    let recording = model
        .recording
        .as_ref()
        .filter(|recording| recording.path == entry.path);
    let known = match model.library.known(entry) {
        Some(Known::Read(outline)) => Some(&**outline),
        _ => None,
    };
    let mut columns = Columns::new(layout);
    let room = usize::from(layout.name);
    put(
        buf,
        area,
        columns.name(),
        y,
        &clip(&printable(&entry.name), room),
        style,
    );
    if let Some(x) = columns.left(layout.kind, KIND) {
        let kind = entry.kind.map_or("unknown", |kind| kind.word());
        put(buf, area, x, y, kind, style);
    }
    let mut right = |place: Option<(u16, u16)>, text: &str| {
        if let Some((x, cells)) = place {
            put(buf, area, x + cells.saturating_sub(width(text)), y, text, style);
        }
    };
    let size = recording.map_or(entry.bytes, |recording| recording.bytes.max(entry.bytes));
    right(columns.next(true, SIZE), &bytes(size));
    let (first, length) = span(entry, known, recording);
    let from = columns.left(layout.from, FROM);
    let length = length.map_or_else(|| NONE.to_owned(), clock);
    right(columns.next(layout.length, LENGTH), &length);
    let counted = entry.meta.as_ref().map(|meta| meta.counts.adverts).filter(|n| *n > 0);
    let adverts = recording.map(|recording| recording.adverts);
    // Metadata count every report; once it is read through, advertisements alone stand here.
    let adverts = adverts.or(known.map(|outline| outline.adverts)).or(counted);
    let adverts = adverts.map_or_else(|| NONE.to_owned(), grouped);
    right(columns.next(layout.adverts, ADVERTS), &adverts);
    if let Some(x) = from {
        put(buf, area, x, y, &first.map_or_else(|| NONE.to_owned(), minute), style);
    }
    if let Some(x) = columns.left(true, STATE) {
        let (word, colour) = match (entry.kind, entry.state) {
            _ if recording.is_some() => ("● recording", theme.error),
            _ if known.is_some_and(|known| known.damage.count > 0) => ("damaged", theme.warning),
            (None, _) => ("unreadable", theme.warning),
            (_, State::Recording) => ("being written", theme.warning),
            (_, State::Interrupted) => ("interrupted", theme.warning),
            (_, state) => (state.word(), Style::new()),
        };
        let room = usize::from(area.width.saturating_sub(x));
        put(
            buf,
            area,
            x,
            y,
            &clip(word, room),
            style.patch(Style { bg: None, ..colour }),
        );
    }
}

/// When a capture begins and how long it is, from the best that is known.
fn span(entry: &Entry, known: Option<&Outline>, recording: Option<&Recording>) -> (Option<UnixMicros>, Option<Micros>) {
    let outlined = known.and_then(|outline| outline.first.zip(outline.last));
    let meta = entry.meta.as_ref().map(|meta| &meta.span);
    let told = meta.and_then(|span| span.first_us.zip(span.last_us));
    let told = told.map(|(first, last)| (UnixMicros(first), UnixMicros(last)));
    let (first, length) = match outlined.or(told) {
        Some((first, last)) => (Some(first), Some(last.since(first))),
        None => (None, None),
    };
    (first, recording.map(|recording| recording.elapsed).or(length))
}

/// What is known of the selected capture.
fn details(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(entry) = model.library.capture() else {
        return put(
            buf,
            area,
            1,
            0,
            &spelled(
                "select a capture: ⏎ plays it, c converts it, d deletes it",
                model.look.letters,
            ),
            theme.dim,
        );
    };
    let mut facts = Vec::new();
    if let Some(meta) = &entry.meta {
        let said = [
            ("title", &meta.title),
            ("from", &meta.source.description),
            ("privacy", &meta.privacy),
            ("licence", &meta.licence),
        ];
        facts.extend(
            said.into_iter()
                .filter(|(_, text)| !text.is_empty())
                .map(|(name, text)| (name, text.clone())),
        );
    }
    if let Some(recording) = model
        .recording
        .as_ref()
        .filter(|recording| recording.path == entry.path)
    {
        facts.push(("recording", recorded(recording)));
    }
    match model.library.known(entry) {
        Some(Known::Reading) => facts.push(("heard", "reading it through …".to_owned())),
        Some(Known::Unreadable(error)) => facts.push(("unreadable", error.clone())),
        Some(Known::Read(outline)) => facts.extend(outlined(outline)),
        None if entry.kind.is_none() => facts.push(("unreadable", "its content is no known capture".to_owned())),
        None => {}
    }
    let room = usize::from(area.width.saturating_sub(14));
    // Long ones go on below; when there is no room for that, the rest is cut.
    let lines = facts.iter().flat_map(|(name, text)| {
        let parts = wrapped(&printable(text), room);
        let names = std::iter::once(*name).chain(std::iter::repeat(""));
        names
            .zip(parts)
            .map(move |(shown, part)| (*name, shown, part))
            .collect::<Vec<_>>()
    });
    for (y, (name, shown, text)) in (0..area.height).zip(lines) {
        put(buf, area, 1, y, shown, theme.dim);
        let style = if matches!(name, "unreadable" | "damaged" | "out of step") {
            theme.warning
        } else {
            theme.base
        };
        put(buf, area, 13, y, &text, style);
    }
}

fn recorded(recording: &Recording) -> String {
    let left = recording.space_left.map_or_else(|| "unknown".to_owned(), bytes);
    format!(
        "{}, {} advertisements, {:.1}/s, {}, {left} left on the disk",
        clock(recording.elapsed),
        grouped(recording.adverts),
        recording.rate,
        bytes(recording.bytes)
    )
}

fn outlined(outline: &Outline) -> Vec<(&'static str, String)> {
    let count = |n: usize| grouped(n as u64);
    let mut facts = vec![(
        "heard",
        format!(
            "{} advertisements ({} of them gaen), {} addresses, {} identifiers",
            grouped(outline.adverts),
            grouped(outline.gaen),
            count(outline.addresses),
            count(outline.identifiers)
        ),
    )];
    if outline.out_of_step > 0 {
        let text = format!(
            "{} ! an address kept over a change of identifier",
            count(outline.out_of_step)
        );
        facts.push(("out of step", text));
    }
    let gaps = outline.gaps.len();
    facts.push((
        "marks, gaps",
        format!("{} marks, {} gaps", count(outline.marks.len()), count(gaps)),
    ));
    // First what must not be overlooked.
    if let Some(damage) = outline.damage.first.first() {
        facts.insert(0, ("damaged", format!("{} · {damage}", damaged(outline.damage.count))));
    }
    if let Some(failure) = &outline.failure {
        facts.push(("unreadable", failure.clone()));
    }
    facts
}
