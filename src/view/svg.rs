//! A drawn screen as an SVG picture: for documentation, and to compare looks.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::text::width;
use super::theme::Theme;

/// Size of a cell, and the height of its base line, in pixels.
const CELL: (u16, u16) = (9, 19);
const BASE_LINE: u16 = 14;
/// Space around the screen.
const MARGIN: u16 = 12;

/// Colours of the terminal itself: background and text.
type Paper = (&'static str, &'static str);

/// The picture of a buffer in the colours of a theme; the same for the same buffer.
#[must_use]
pub fn svg(buf: &Buffer, theme: &Theme) -> String {
    let paper = theme.paper;
    let (columns, rows) = (buf.area.width, buf.area.height);
    let size = (
        u32::from(columns) * u32::from(CELL.0) + 2 * u32::from(MARGIN),
        u32::from(rows) * u32::from(CELL.1) + 2 * u32::from(MARGIN),
    );
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"15\">",
        size.0, size.1, size.0, size.1
    );
    let _ = writeln!(
        out,
        "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>",
        paper.0
    );
    for y in 0..rows {
        row(buf, y, paper, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// How a run of cells looks.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    ink: String,
    ground: Option<String>,
    is_bold: bool,
}

fn look(cell: &Cell, (paper, text): Paper) -> Look {
    let (mut ink, mut ground) = (colour(cell.fg), colour(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        (ink, ground) = (
            Some(ground.unwrap_or_else(|| paper.to_owned())),
            Some(ink.unwrap_or_else(|| text.to_owned())),
        );
    }
    Look {
        ink: ink.unwrap_or_else(|| text.to_owned()),
        ground,
        is_bold: cell.modifier.contains(Modifier::BOLD),
    }
}

fn row(buf: &Buffer, y: u16, paper: Paper, out: &mut String) {
    let mut x = 0;
    while x < buf.area.width {
        let Some(first) = buf.cell((buf.area.x + x, buf.area.y + y)) else {
            break;
        };
        let look_of_run = look(first, paper);
        let (start, mut text) = (x, String::new());
        // A wide or combined character stands alone, so that the next one starts in its own cell.
        while let Some(cell) = buf
            .cell((buf.area.x + x, buf.area.y + y))
            .filter(|_| x < buf.area.width)
        {
            let cells = width(cell.symbol()).max(1);
            let is_plain = cell.symbol().chars().count() == 1 && cells == 1;
            let is_other = text.chars().next().is_some_and(|first| kind(first) != kind_of(cell));
            if look(cell, paper) != look_of_run || is_other || (!is_plain && !text.is_empty()) {
                break;
            }
            text.push_str(cell.symbol());
            x += cells;
            if !is_plain {
                break;
            }
        }
        run(&look_of_run, (start, x - start, y), &text, out);
    }
}

fn run(look: &Look, (x, cells, y): (u16, u16, u16), text: &str, out: &mut String) {
    let left = u32::from(MARGIN) + u32::from(x) * u32::from(CELL.0);
    let top = u32::from(MARGIN) + u32::from(y) * u32::from(CELL.1);
    let length = u32::from(cells) * u32::from(CELL.0);
    if let Some(ground) = &look.ground {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{length}\" height=\"{}\" fill=\"{ground}\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    if text.chars().next().is_some_and(|first| kind(first) == Kind::Drawn) {
        return drawn(look, left, top, text, out);
    }
    let weight = if look.is_bold { " font-weight=\"bold\"" } else { "" };
    let _ = write!(
        out,
        "<text x=\"{left}\" y=\"{}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" fill=\"{}\"{weight}>",
        top + u32::from(BASE_LINE),
        look.ink
    );
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out.push_str("</text>\n");
}

/// What a letter is drawn as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A letter of the usual font.
    Text,
    /// One that may come from another font, with another width.
    Other,
    /// A pattern of dots or a bar, which is drawn as such.
    Drawn,
}

const fn kind(letter: char) -> Kind {
    match letter {
        '\u{2581}'..='\u{2588}' | '\u{2800}'..='\u{28ff}' => Kind::Drawn,
        ' '..='~' => Kind::Text,
        _ => Kind::Other,
    }
}

fn kind_of(cell: &Cell) -> Kind {
    cell.symbol().chars().next().map_or(Kind::Text, kind)
}

/// Braille dots and bars as one path, so that no font has a say.
fn drawn(look: &Look, left: u32, top: u32, text: &str, out: &mut String) {
    let (width, height) = (u32::from(CELL.0), u32::from(CELL.1));
    let _ = write!(out, "<path fill=\"{}\" d=\"", look.ink);
    for (n, letter) in (0..).zip(text.chars()) {
        let (x, code) = (left + n * width, u32::from(letter));
        if let Some(dots) = code.checked_sub(0x2800) {
            for bit in (0..8).filter(|bit| dots >> bit & 1 == 1) {
                // Dots 1 to 3 and 7 are the left column, 4 to 6 and 8 the right one.
                let (column, row) = if bit < 6 { (bit / 3, bit % 3) } else { (bit - 6, 3) };
                let _ = write!(out, "M{} {}h2v2h-2z", x + 2 + column * 4, top + 2 + row * 5);
            }
        } else {
            let eighths = code.saturating_sub(0x2580).clamp(1, 8);
            let bar = (height * eighths).div_ceil(8);
            let _ = write!(out, "M{x} {}h{width}v{bar}h-{width}z", top + height - bar);
        }
    }
    out.push_str("\"/>\n");
}

/// `#rrggbb`; `None` for the terminal's own colour.
fn colour(colour: Color) -> Option<String> {
    let (red, green, blue) = match colour {
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(idx @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
            let idx = idx - 16;
            (level(idx / 36), level(idx / 6 % 6), level(idx % 6))
        }
        Color::Indexed(idx @ 232..) => [8 + (idx - 232) * 10; 3].into(),
        Color::Reset => return None,
        named => return Some(sixteen(named).to_owned()),
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

/// The sixteen colours that terminals have names for.
const fn sixteen(colour: Color) -> &'static str {
    match colour {
        Color::Black | Color::Indexed(0) => "#1d1f21",
        Color::Red | Color::Indexed(1) => "#cc6666",
        Color::Green | Color::Indexed(2) => "#98a84f",
        Color::Yellow | Color::Indexed(3) => "#d8a657",
        Color::Blue | Color::Indexed(4) => "#6a93b8",
        Color::Magenta | Color::Indexed(5) => "#a882b4",
        Color::Cyan | Color::Indexed(6) => "#7fb2ad",
        Color::DarkGray | Color::Indexed(8) => "#707070",
        Color::LightRed | Color::Indexed(9) => "#e08080",
        Color::LightGreen | Color::Indexed(10) => "#b5bd68",
        Color::LightYellow | Color::Indexed(11) => "#f0c674",
        Color::LightBlue | Color::Indexed(12) => "#81a2be",
        Color::LightMagenta | Color::Indexed(13) => "#b294bb",
        Color::LightCyan | Color::Indexed(14) => "#8abeb7",
        Color::White | Color::Indexed(15) => "#f4f4f4",
        _ => "#c5c8c6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn cells_of_one_look_are_one_run_and_wide_ones_stand_alone() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        buf.set_string(0, 0, "a<b", Style::new());
        buf.set_string(3, 0, "手x", Style::new());
        buf.set_string(8, 0, "&", Style::new().fg(Color::Indexed(114)).bg(Color::Indexed(237)));
        let picture = svg(&buf, &Theme::dark());
        assert!(picture.contains(">a&lt;b</text>"), "{picture}");
        assert!(
            picture.contains("textLength=\"18\"") && picture.contains(">手</text>"),
            "{picture}"
        );
        assert!(picture.contains(&format!("x=\"{}\"", 12 + 5 * 9)), "{picture}");
        assert!(
            picture.contains("fill=\"#87d787\">&amp;</text>") && picture.contains("fill=\"#3a3a3a\"/>"),
            "{picture}"
        );
    }

    #[test]
    fn dots_and_bars_are_drawn_whatever_the_font() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        buf.set_string(0, 0, "a⠁⣀█", Style::new());
        let picture = svg(&buf, &Theme::dark());
        assert!(
            picture.contains(">a</text>") && !picture.contains('⠁') && !picture.contains('█'),
            "{picture}"
        );
        // The first dot of the second cell, then two at the bottom of the third, then a whole cell.
        let first = format!("M{} {}h2v2h-2z", 12 + 9 + 2, 12 + 2);
        let last = format!("M{} {}h9v19h-9z", 12 + 27, 12);
        assert!(picture.contains(&first) && picture.contains(&last), "{picture}");
    }

    #[test]
    fn the_palette_is_that_of_terminals() {
        assert_eq!(colour(Color::Indexed(16)).as_deref(), Some("#000000"));
        assert_eq!(colour(Color::Indexed(231)).as_deref(), Some("#ffffff"));
        assert_eq!(colour(Color::Indexed(255)).as_deref(), Some("#eeeeee"));
        assert_eq!(colour(Color::Reset), None);
    }
}
