//! The tab of the audit: the verdict first, then why, then the packets.
//!
//! ```text
//!  1 failed · 7 warned · 9 passed · 3 not observable   608 RPIs, 85,713 exposure notifications   by the specification
//!          RULE                                   SEEN
//!  ▸ ✗ fail B1  address and RPI rotate together   1 address kept over several RPIs, 0 RPIs under several addresses
//!  ── B1 address and RPI rotate together  finding 1 of 1 ──────────────────────────────────────────────────────────
//!   9d:… was kept over 2 RPIs, for 6.0 min: whoever listens can follow the phone from one to the next
//!   ▸ 01 #19397  09:54:08.123  9d:… random-resolvable  RPI 3f9a2c51…
//!   → Change address, RPI and metadata in one step …
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::cut;
use super::frame;
use super::text::{clip, fine_time, grouped, put, put_right, select, width, wrapped};
use super::theme::Theme;
use crate::app::audit::masked;
use crate::app::layout::{self, MARKER};
use crate::app::model::Model;
use crate::lab::audit::settings::Profile;
use crate::lab::audit::{Judgement, Sight, Verdict};
use crate::lab::text::printable;

/// Cells of the verdict and of the rule's number, with the space after them.
const VERDICT: u16 = 7;
const CODE: u16 = 4;
/// Cells of a rule's title where there is little room, and where there is enough.
const TITLE: (u16, u16) = (31, 50);
/// Longest name of a station that stands whole in a packet's line, in cells.
const MOST_STATION: usize = 12;
/// From this many columns on titles are whole.
const WIDE: u16 = 120;

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let audit = &model.audit;
    let lines = layout::audit(usize::from(area.height));
    let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let mut rest = area;
    sum(model, theme, cut(&mut rest, 1), buf);
    let title = if area.width < WIDE { TITLE.0 } else { TITLE.1 };
    let after = MARKER + VERDICT + CODE;
    let heading = cut(&mut rest, 1);
    put(buf, heading, after, 0, "RULE", theme.heading);
    put(buf, heading, after + title + 2, 0, "SEEN", theme.heading);
    let list = cut(&mut rest, short(lines.rows));
    for (y, (number, rule)) in (0..list.height).zip(audit.judged.iter().enumerate().skip(audit.top)) {
        line(model, rule, title, audit.selected == number, theme, (list, y), buf);
    }
    if lines.details > 0 {
        details(model, theme, rest, buf);
    }
}

const fn style(verdict: Verdict, theme: &Theme) -> Style {
    match verdict {
        Verdict::Fail => theme.error,
        Verdict::Warn => theme.warning,
        Verdict::Pass => theme.base,
        Verdict::NotObservable => theme.dim,
    }
}

/// The word where there is little room.
const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotObservable => "n/o",
        other => other.word(),
    }
}

/// What all rules amount to, and on how much.
fn sum(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let audit = &model.audit;
    let mut x = 1;
    for (verdict, name) in [
        (Verdict::Fail, "failed"),
        (Verdict::Warn, "warned"),
        (Verdict::Pass, "passed"),
        (Verdict::NotObservable, "n/o"),
    ] {
        let n = audit.count(verdict);
        let text = format!("{n} {name}");
        let style = if n > 0 { style(verdict, theme) } else { theme.dim };
        put(buf, area, x, 0, &text, style);
        x += width(&text) + 2;
    }
    let by = match (audit.profile, area.width < WIDE) {
        (Profile::Spec, true) => "spec",
        (Profile::Field, true) => "field",
        (Profile::Spec, false) => "by the specification",
        (Profile::Field, false) => "by what real phones do",
    };
    let heard = format!("of {} exposure notifications", grouped(audit.evidence.gaen));
    let room = area.width.saturating_sub(x + width(by) + 3);
    if width(&heard) <= room {
        put(buf, area, x, 0, &heard, theme.dim);
        x += width(&heard) + 2;
    }
    put_right(buf, area, x, by, theme.accent);
}

fn line(
    model: &Model,
    rule: &Judgement,
    title: u16,
    is_selected: bool,
    theme: &Theme,
    (area, y): (Rect, u16),
    buf: &mut Buffer,
) {
    let base = if is_selected { theme.selected } else { theme.base };
    if is_selected {
        select(buf, area, y, base);
    }
    let verdict = format!("{} {}", rule.verdict.sign(), word(rule.verdict));
    let painted = if is_selected { base } else { style(rule.verdict, theme) };
    put(buf, area, MARKER, y, &verdict, painted);
    put(buf, area, MARKER + VERDICT, y, rule.rule.code(), base);
    let x = MARKER + VERDICT + CODE;
    put(buf, area, x, y, &clip(rule.rule.rule().title, usize::from(title)), base);
    let x = x + title + 2;
    let room = usize::from(area.width.saturating_sub(x + 1));
    let seen = masked(&printable(&rule.seen), model.privacy);
    let dim = if is_selected { base } else { theme.dim };
    put(buf, area, x, y, &clip(&seen, room), dim);
}

/// What the selected rule found, its packets, what it means and what would mend it.
fn details(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut rest = area;
    let Some(rule) = model.audit.rule() else { return };
    let about = rule.rule.rule();
    let selected = model.audit.selected_packet();
    let which = match selected {
        Some((_, number, _)) => format!("  finding {} of {}", number + 1, rule.n_findings),
        None => format!("  {}", rule.basis),
    };
    let title = format!("{} {}{which}", rule.rule, about.title);
    frame::titled(&title, theme, cut(&mut rest, 1), buf);
    let mut pen = Pen { area: rest, y: 0 };
    let hide = |text: &str| masked(&printable(text), model.privacy);
    if let Some((finding, _, at)) = selected {
        let sign = format!("{} ", finding.verdict.sign());
        pen.text(
            &format!("{sign}{}", hide(&finding.what)),
            1,
            style(finding.verdict, theme),
            buf,
        );
        let columns = Columns::of(model, rule);
        // All packets where there is room, otherwise those around the selected one.
        let room = usize::from(rest.height.saturating_sub(pen.y + 3)).max(1);
        let from = (at + 1).saturating_sub(room);
        for (number, sight) in finding.packets.iter().enumerate().skip(from).take(room) {
            pen.packet((model, columns), sight, number == at, theme, buf);
        }
    } else {
        pen.text(&hide(&rule.seen), 1, style(rule.verdict, theme), buf);
        if rule.verdict == Verdict::NotObservable {
            pen.text(&format!("needs: {}", about.needs), 1, theme.dim, buf);
        }
        pen.text(&format!("tests: {}", about.tests), 1, theme.dim, buf);
    }
    if selected.is_some() {
        pen.text(&format!("→ {}", about.remedy), 1, theme.base, buf);
        pen.text(about.means, 1, theme.dim, buf);
    }
    for note in &rule.notes {
        pen.text(&hide(note), 1, theme.dim, buf);
    }
    let figures: Vec<String> = rule.figures.iter().map(ToString::to_string).collect();
    pen.text(&figures.join(" · "), 1, theme.dim, buf);
    pen.text(&format!("threshold: {}", about.threshold), 1, theme.dim, buf);
    if let Some((_, number, _)) = selected {
        further(model, rule, number + 1, &mut pen, theme, buf);
    }
}

/// The findings after the selected one with their packets, where rows are left.
fn further(model: &Model, rule: &Judgement, from: usize, pen: &mut Pen, theme: &Theme, buf: &mut Buffer) {
    let columns = Columns::of(model, rule);
    for (number, finding) in rule.findings.iter().enumerate().skip(from) {
        // A finding without one of its packets tells nothing.
        if pen.y + 3 > pen.area.height {
            return;
        }
        pen.y += 1;
        let what = masked(&printable(&finding.what), model.privacy);
        let text = format!("{} finding {}: {what}", finding.verdict.sign(), number + 1);
        pen.text(&text, 1, style(finding.verdict, theme), buf);
        for sight in &finding.packets {
            pen.packet((model, columns), sight, false, theme, buf);
        }
    }
}

/// Widths of what stands in a packet's line, so that all lines of a rule are aligned.
#[derive(Clone, Copy)]
struct Columns {
    station: usize,
    number: usize,
}

impl Columns {
    fn of(model: &Model, rule: &Judgement) -> Self {
        let sights = || rule.findings.iter().flat_map(|finding| &finding.packets);
        let station = sights().map(|sight| station(model, sight).chars().count());
        let number = sights().map(|sight| number(model, sight).len());
        Self {
            station: station.max().unwrap_or(0).min(MOST_STATION),
            number: number.max().unwrap_or(0),
        }
    }
}

fn station(model: &Model, sight: &Sight) -> String {
    printable(model.audit.station_of(sight).name()).into_owned()
}

/// `#19397`; of a capture that is still read through, no number.
fn number(model: &Model, sight: &Sight) -> String {
    model
        .packet_number(sight)
        .map_or_else(|| "#…".to_owned(), |number| format!("#{number}"))
}

/// A packet as the verb tells it: station, number, time, sender.
fn packet_line(model: &Model, sight: &Sight, columns: Columns, cells: u16) -> String {
    let rpi = sight.rpi.map_or_else(String::new, |rpi| {
        let digits: String = rpi.to_string().chars().take(8).collect();
        format!("  RPI {}", model.privacy.identifier(&digits))
    });
    let kind = if cells < WIDE {
        format!("{:1}", sight.address.kind.letter())
    } else {
        format!("{:19}", sight.address.kind.word())
    };
    let address = model.privacy.identifier(&sight.address.to_string());
    let name = station(model, sight);
    let station = clip(&name, columns.station);
    let pad = " ".repeat(columns.station.saturating_sub(usize::from(width(&station))));
    format!(
        "{station}{pad} {:w$}  {}  {address:17} {kind}{rpi}",
        number(model, sight),
        fine_time(sight.at),
        w = columns.number
    )
}

/// Lines from top to bottom, as long as there is room.
struct Pen {
    area: Rect,
    y: u16,
}

impl Pen {
    fn text(&mut self, text: &str, x: u16, style: Style, buf: &mut Buffer) {
        if text.is_empty() {
            return;
        }
        for part in wrapped(text, usize::from(self.area.width.saturating_sub(x + 1))) {
            if self.y >= self.area.height {
                return;
            }
            put(buf, self.area, x, self.y, &part, style);
            self.y += 1;
        }
    }

    fn packet(
        &mut self,
        (model, columns): (&Model, Columns),
        sight: &Sight,
        is_selected: bool,
        theme: &Theme,
        buf: &mut Buffer,
    ) {
        if self.y >= self.area.height {
            return;
        }
        let style = if is_selected { theme.selected } else { theme.base };
        if is_selected {
            select(buf, self.area, self.y, style);
        }
        let text = packet_line(model, sight, columns, self.area.width);
        let room = usize::from(self.area.width.saturating_sub(MARKER + 3));
        put(buf, self.area, MARKER + 2, self.y, &clip(&text, room), style);
        self.y += 1;
    }
}
