//! A drawn screen in ASCII alone, for terminals and fonts that have no other letters.

use ratatui::buffer::Buffer;

/// Replaces every letter that is no ASCII by one that is, cell by cell; wide ones leave a blank behind.
pub(super) fn ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if let Some(replacement) = replacement(cell.symbol()) {
            cell.set_symbol(replacement);
        }
    }
}

fn replacement(symbol: &str) -> Option<&'static str> {
    if symbol.is_ascii() {
        return None;
    }
    Some(match symbol {
        "─" | "–" | "▄" => "-",
        "‖" | "▅" => "=",
        "│" | "┃" | "▏" | "┤" | "├" => "|",
        "╭" | "╮" | "╰" | "╯" | "┼" | "┬" | "┴" | "└" | "┘" | "┌" | "┐" | "▆" => "+",
        "▁" => "_",
        "▂" | "·" | "•" => ".",
        "▃" => ",",
        "▇" | "●" | "◆" => "*",
        "█" | "■" => "#",
        "┊" => ":",
        "▸" | "▶" | "→" => ">",
        "←" => "<",
        "↑" | "▴" => "^",
        "↓" | "▾" => "v",
        "↻" => "@",
        "…" => "~",
        "×" => "x",
        "µ" => "u",
        braille => return Some(dots(braille)),
    })
}

/// A braille cell by how high its dots are; anything else is not known.
fn dots(symbol: &str) -> &'static str {
    let mut letters = symbol.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return "?";
    };
    let Some(dots) = u32::from(letter).checked_sub(0x2800).filter(|dots| *dots < 256) else {
        return "?";
    };
    // Rows from the top: dots 1 and 4, 2 and 5, 3 and 6, 7 and 8.
    let rows = [0x09, 0x12, 0x24, 0xc0].map(|row| dots & row != 0);
    match rows {
        [false, false, false, false] => " ",
        [true, false, false, false] => "'",
        [false, false, false, true] => ".",
        [true, _, _, true] => "|",
        _ => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_but_ascii_is_left() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 30, 1));
        buf.set_string(0, 0, "─│▸ 手机 ⠁⣀⡇⠒ ▅ é –", Style::new());
        ascii(&mut buf);
        let line: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(line.is_ascii(), "{line}");
        assert_eq!(line.trim_end(), "-|> ? ?  '.|- = ? -");
    }
}
