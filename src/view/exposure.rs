//! The tab of exposure windows: what applications would do and why, the windows, the scans of the selected one.
//!
//! ```text
//!  A swisscovid                       NOTIFIES  exposed
//!    15.0 weighted minutes on 2020-07-30 reach 15: below 55 dB 1, below 63 dB 0.5
//!  as if all 4 had reported · thresholds as published
//!    FROM      SENDER        SCANS    TIME    MIN  TYPICAL       A       B
//!  ▸ 09:54:08  *careless         6  24 min  41 dB    55 dB    15.0    25
//!  ── *careless from 09:54:08  thresholds A 55 63 ──────────────────────────
//!   09:54:08   55 dB   5 min ██████████████████│▌  │
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::frame;
use super::text::{clip, put, put_right, select, time, width};
use super::theme::Theme;
use super::{cut, text};
use crate::app::exposure::{RowKey, Scope, WindowRow};
use crate::app::layout::{self, MARKER};
use crate::app::model::Model;
use crate::lab::exposure::encounters::Who;
use crate::lab::sightings::windows::Window;
use crate::lab::text::printable;

/// Cells of the columns, with the space before them.
const FROM: u16 = 8;
const SCANS: u16 = 7;
const TIME: u16 = 9;
const LEAST: u16 = 8;
const TYPICAL: u16 = 9;
const WEIGHT: u16 = 8;
/// Cells of a sender, at least and at most.
const SENDER: (u16, u16) = (10, 28);
/// The scale of the bars, in dB.
const SCALE_DB: (i32, i32) = (0, 100);
/// Letters of the two rules.
const LETTERS: [char; 2] = ['A', 'B'];

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let exposure = &model.exposure;
    let n_rules = exposure.shown().count();
    let lines = layout::exposure(usize::from(area.height), n_rules);
    let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let mut rest = area;
    for number in 0..n_rules {
        decision(model, number, theme, cut(&mut rest, short(lines.decision)), buf);
    }
    scope(model, theme, cut(&mut rest, 1), buf);
    if exposure.rows.is_empty() {
        return nothing(model, theme, rest, buf);
    }
    let columns = Columns::new(area.width, n_rules);
    heading(model, &columns, theme, cut(&mut rest, 1), buf);
    let list = cut(&mut rest, short(lines.rows));
    let selected = exposure.selected_idx();
    for (y, (idx, row)) in (0..list.height).zip(exposure.rows.iter().enumerate().skip(exposure.top)) {
        line(model, row, &columns, selected == Some(idx), theme, list, y, buf);
    }
    if lines.bars > 0 {
        bars(model, theme, rest, buf);
    }
}

/// What the application of a rule would do, and why.
fn decision(model: &Model, number: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let exposure = &model.exposure;
    let (Some(rule), Some(letter)) = (exposure.shown().nth(number), LETTERS.get(number)) else {
        return;
    };
    put(buf, area, 1, 0, &letter.to_string(), theme.accent);
    let name = printable(&rule.name).into_owned();
    // The longest built-in name has 28 cells.
    let room = 30.min(area.width.saturating_sub(16));
    put(buf, area, 3, 0, &clip(&name, usize::from(room)), theme.heading);
    let x = 3 + room + 1;
    let Some(decision) = exposure.decisions.get(number) else {
        return put(buf, area, x, 0, "–", theme.dim);
    };
    let (verdict, style) = match decision.notifies {
        Some(true) => ("NOTIFIES", theme.warning),
        Some(false) => ("no notice", theme.base),
        None => ("not published", theme.dim),
    };
    put(buf, area, x, 0, verdict, style);
    let level = printable(&decision.level).into_owned();
    let reason = printable(&decision.reason).into_owned();
    let room = |x: u16| usize::from(area.width.saturating_sub(x + 1));
    let after = x + 2 + width(verdict).max(9);
    if area.height > 1 {
        put(buf, area, after, 0, &clip(&level, room(after)), theme.dim);
        put(buf, area, 3, 1, &clip(&reason, room(3)), theme.base);
    } else {
        put(buf, area, after, 0, &clip(&reason, room(after)), theme.dim);
    }
}

/// Whose windows count, and with which thresholds.
fn scope(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let exposure = &model.exposure;
    let n = exposure.n_senders;
    let who = match exposure.scope {
        Scope::Selected => "as if the selected one alone had reported".to_owned(),
        Scope::Everyone if n == 0 && exposure.published.is_empty() => "nobody was near yet".to_owned(),
        Scope::Everyone if exposure.published.is_empty() => format!("as if all {n} had reported"),
        Scope::Everyone => format!("{} published keys were heard", exposure.published.len()),
    };
    let thresholds = match exposure.shift_db {
        0 => "thresholds as published".to_owned(),
        shift => format!("WHAT IF thresholds {shift:+} dB"),
    };
    let style = if exposure.shift_db == 0 {
        theme.dim
    } else {
        theme.warning
    };
    let room = usize::from(area.width.saturating_sub(2));
    put(buf, area, 1, 0, &clip(&format!("{who} · "), room), theme.dim);
    let x = 1 + width(&who) + 3;
    let room = usize::from(area.width.saturating_sub(x + 1));
    put(buf, area, x, 0, &clip(&thresholds, room), style);
    let after = x + width(&thresholds);
    if let Some(edition) = exposure.encounters.edition() {
        let room = usize::from(area.width.saturating_sub(after + 1));
        put(
            buf,
            area,
            after,
            0,
            &clip(&format!(" · calibration of {edition}"), room),
            theme.dim,
        );
    }
    let left_out = exposure.encounters.left_out();
    if left_out > 0 {
        let text = format!("{} identifiers left out", text::grouped(left_out));
        put_right(buf, area, after + 2, &text, theme.warning);
    }
}

fn nothing(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let lines = [
        "no exposure window yet: one opens with the first exposure notification that has metadata",
        "and, where it can be scanned, a scan response; → skips 10 s of a capture",
        ":keys FILE looks for published keys, :rule NAME NAME chooses rules",
    ];
    let room = usize::from(area.width.saturating_sub(3));
    let shown = lines
        .iter()
        .filter(|line| model.source.playback.is_some() || !line.contains('→'));
    for (y, line) in (1..area.height).zip(shown) {
        put(buf, area, 2, y, &clip(line, room), theme.dim);
    }
}

/// Which columns there is room for.
struct Columns {
    sender: u16,
    scans: bool,
    least: bool,
    time: bool,
    n_rules: u16,
}

impl Columns {
    fn new(total: u16, n_rules: usize) -> Self {
        let n_rules = u16::try_from(n_rules).unwrap_or(1);
        let mut left = total.saturating_sub(MARKER + FROM + 2 + SENDER.0 + TYPICAL + WEIGHT * n_rules + 1);
        let mut fits = |cells: u16| {
            let fits = left >= cells;
            left -= if fits { cells } else { 0 };
            fits
        };
        let (time, scans, least) = (fits(TIME), fits(SCANS), fits(LEAST));
        Self {
            sender: (SENDER.0 + left).min(SENDER.1),
            scans,
            least,
            time,
            n_rules,
        }
    }

    /// The cells after the sender, right-aligned: end of each, and what stands there.
    fn place(&self, texts: [Option<String>; 4], weights: [Option<String>; 2]) -> Vec<(u16, String)> {
        let mut end = MARKER + FROM + 2 + self.sender;
        let shown = [self.scans, self.time, self.least, true];
        let cells = [SCANS, TIME, LEAST, TYPICAL];
        let mut placed = Vec::new();
        for ((text, cells), is_shown) in texts.into_iter().zip(cells).zip(shown) {
            if is_shown {
                end += cells;
                placed.extend(text.map(|text| (end, text)));
            }
        }
        for text in weights.into_iter().take(usize::from(self.n_rules)) {
            end += WEIGHT;
            placed.extend(text.map(|text| (end, text)));
        }
        placed
    }
}

fn heading(model: &Model, columns: &Columns, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let some = |text: &str| Some(text.to_owned());
    put(buf, area, MARKER, 0, "FROM", theme.heading);
    put(buf, area, MARKER + FROM + 2, 0, "SENDER", theme.heading);
    let unit = |number: usize| {
        let rule = model.exposure.shown().nth(number)?;
        let unit = if rule.weighs_in_scores() { "score" } else { "min" };
        Some(format!("{} {unit}", LETTERS.get(number)?))
    };
    let texts = [some("SCANS"), some("TIME"), some("MIN"), some("TYPICAL")];
    for (end, text) in columns.place(texts, [unit(0), unit(1)]) {
        put(buf, area, end.saturating_sub(width(&text)), 0, &text, theme.heading);
    }
}

#[expect(clippy::too_many_arguments, reason = "a line with its place and looks")]
fn line(
    model: &Model,
    row: &WindowRow,
    columns: &Columns,
    is_selected: bool,
    theme: &Theme,
    area: Rect,
    y: u16,
    buf: &mut Buffer,
) {
    let style = if is_selected {
        theme.selected
    } else if row.hidden.is_some() {
        theme.dim
    } else {
        theme.base
    };
    if is_selected {
        select(buf, area, y, style);
    }
    put(buf, area, MARKER, y, &time(row.key.from), style);
    let sender = sender(model, &row.key);
    let sender = match row.hidden {
        Some(why) => format!("{sender} ({why})"),
        None => sender,
    };
    put(
        buf,
        area,
        MARKER + FROM + 2,
        y,
        &clip(&sender, usize::from(columns.sender)),
        style,
    );
    let scans = &row.window.0;
    let least = scans.iter().map(|scan| scan.min_attenuation_db).min().unwrap_or(0);
    let texts = [
        Some(scans.len().to_string()),
        Some(format!("{} min", seconds(&row.window) / 60)),
        Some(format!("{least} dB")),
        Some(format!("{} dB", typical(&row.window))),
    ];
    let weight = |number: usize| {
        let rule = model.exposure.shown().nth(number)?;
        let weight = model.exposure.weight(rule, row);
        Some(if row.hidden.is_some() {
            "–".to_owned()
        } else if rule.weighs_in_scores() {
            format!("{weight:.0}")
        } else {
            format!("{weight:.1}")
        })
    };
    for (end, text) in columns.place(texts, [weight(0), weight(1)]) {
        put(buf, area, end.saturating_sub(width(&text)), y, &text, style);
    }
}

/// Who was heard, and where several stations are, by whom.
fn sender(model: &Model, key: &RowKey) -> String {
    let reported = model.exposure.encounters.key_of(&key.who);
    let who = match &key.who {
        Who::Lab(name) if reported.is_some() => format!("*{} (reported)", model.privacy.name(&printable(name))),
        Who::Lab(name) => format!("*{}", model.privacy.name(&printable(name))),
        Who::Published(number) => {
            let key = model.exposure.published.key(*number);
            printable(key.map_or("", |key| &key.label)).into_owned()
        }
        Who::Station(station) => printable(&model.session.station(*station).name).into_owned(),
        Who::Unknown(rpi) => {
            let digits: String = rpi.to_string().chars().take(8).collect();
            model.privacy.identifier(&digits)
        }
    };
    if model.session.stations().len() > 1 {
        let receiver = model.session.station(key.receiver).name;
        format!("{who} at {}", printable(&receiver))
    } else {
        who
    }
}

fn seconds(window: &Window) -> i64 {
    window.0.iter().map(|scan| scan.seconds_since_last_scan).sum()
}

/// Mean of the typical attenuations, weighed by time where there is any.
fn typical(window: &Window) -> i64 {
    let weigh = |scan: &crate::lab::sightings::windows::ScanInstance| scan.seconds_since_last_scan.max(1);
    let total: i64 = window.0.iter().map(weigh).sum();
    let sum: i64 = window
        .0
        .iter()
        .map(|scan| weigh(scan) * i64::from(scan.typical_attenuation_db))
        .sum();
    (2 * sum + total).div_euclid(2 * total.max(1))
}

/// The scans of the selected window, each with its attenuation as a bar; the newest where not all have room.
fn bars(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    let exposure = &model.exposure;
    let Some(row) = exposure.selected_row() else { return };
    let thresholds: Vec<Vec<i32>> = exposure
        .shown()
        .map(crate::lab::exposure::rule::Config::thresholds_db)
        .collect();
    let told: Vec<String> = thresholds
        .iter()
        .zip(LETTERS)
        .map(|(of, letter)| {
            let numbers: Vec<String> = of.iter().map(i32::to_string).collect();
            format!("{letter} {}", numbers.join(" "))
        })
        .collect();
    let title = format!(
        "{} from {}  thresholds {} dB",
        sender(model, &row.key),
        time(row.key.from),
        told.join(" · ")
    );
    frame::titled(&title, theme, cut(&mut rest, 1), buf);
    let scans = &row.window.0;
    let skip = scans.len().saturating_sub(usize::from(rest.height));
    for (y, scan) in (0..rest.height).zip(scans.iter().skip(skip)) {
        put(buf, rest, 1, y, &time(scan.at), theme.dim);
        let texts = [
            (18, format!("{} dB", scan.typical_attenuation_db)),
            (26, format!("{} min", scan.seconds_since_last_scan / 60)),
        ];
        for (end, text) in texts {
            put(buf, rest, u16::saturating_sub(end, width(&text)), y, &text, theme.base);
        }
        let place = Rect {
            x: rest.x + 28,
            y: rest.y + y,
            width: rest.width.saturating_sub(29),
            height: 1,
        };
        bar(scan.typical_attenuation_db, &thresholds, theme, place, buf);
    }
}

/// The cell of an attenuation on the scale.
fn cell(db: i32, cells: u16) -> u16 {
    let (low, high) = SCALE_DB;
    let within = i64::from(db.clamp(low, high) - low);
    u16::try_from(within * i64::from(cells) / i64::from(high - low)).unwrap_or(cells)
}

fn bar(db: i32, thresholds: &[Vec<i32>], theme: &Theme, area: Rect, buf: &mut Buffer) {
    let filled = cell(db, area.width);
    put(buf, area, 0, 0, &"▄".repeat(usize::from(filled)), theme.line);
    let signs: [(&str, Style); 2] = [("│", theme.accent), ("┊", theme.warning)];
    for (of, (sign, style)) in thresholds.iter().zip(signs).rev() {
        for threshold in of {
            let x = cell(*threshold, area.width);
            if x < area.width {
                put(buf, area, x, 0, sign, style);
            }
        }
    }
}
