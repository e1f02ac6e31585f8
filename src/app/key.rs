//! Keys as the program knows them, whatever terminal library reports them.

use std::fmt;
use std::str::FromStr;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A character, as typed (shift is in the character).
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Tabulator.
    Tab,
    /// Tabulator with shift.
    BackTab,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Delete.
    Delete,
    /// A function key.
    F(u8),
}

/// A key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With the control key held.
    pub ctrl: bool,
}

impl Key {
    /// A key without the control key.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false }
    }

    /// A character key.
    #[must_use]
    pub const fn char(found: char) -> Self {
        Self::plain(Code::Char(found))
    }

    /// A character key with the control key held.
    #[must_use]
    pub const fn ctrl(found: char) -> Self {
        Self {
            code: Code::Char(found),
            ctrl: true,
        }
    }
}

impl fmt::Display for Key {
    /// As the footer and the help show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("space"),
            Code::Char(found) => write!(f, "{found}"),
            Code::Enter => f.write_str("⏎"),
            Code::Esc => f.write_str("Esc"),
            Code::Backspace => f.write_str("Backspace"),
            Code::Tab => f.write_str("Tab"),
            Code::BackTab => f.write_str("Shift-Tab"),
            Code::Up => f.write_str("↑"),
            Code::Down => f.write_str("↓"),
            Code::Left => f.write_str("←"),
            Code::Right => f.write_str("→"),
            Code::PageUp => f.write_str("PgUp"),
            Code::PageDown => f.write_str("PgDn"),
            Code::Home => f.write_str("Home"),
            Code::End => f.write_str("End"),
            Code::Delete => f.write_str("Del"),
            Code::F(number) => write!(f, "F{number}"),
        }
    }
}

/// Keys that have a name in the configuration.
const NAMED: [(&str, Code); 15] = [
    ("space", Code::Char(' ')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("backspace", Code::Backspace),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("page-up", Code::PageUp),
    ("page-down", Code::PageDown),
    ("home", Code::Home),
    ("end", Code::End),
    ("delete", Code::Delete),
];

impl Key {
    /// Its name in the configuration, from which it can be parsed: `q`, `Q`, `ctrl-u`, `page-up`, `f5`.
    #[must_use]
    pub fn name(self) -> String {
        let ctrl = if self.ctrl { "ctrl-" } else { "" };
        let named = NAMED.iter().find(|(_, code)| *code == self.code);
        match (named, self.code) {
            (Some((name, _)), _) => format!("{ctrl}{name}"),
            (None, Code::Char(found)) => format!("{ctrl}{found}"),
            (None, Code::F(number)) => format!("{ctrl}f{number}"),
            (None, _) => String::new(),
        }
    }
}

/// Why a text names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such key: one character, space, enter, esc, tab, up, page-up, f5 and so on; ctrl- before it")]
pub struct KeyError;

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (ctrl, name) = match text.strip_prefix("ctrl-") {
            Some(name) if !name.is_empty() => (true, name),
            _ => (false, text),
        };
        let named = NAMED.iter().find(|(other, _)| *other == name).map(|(_, code)| *code);
        let mut letters = name.chars();
        let code = match (named, letters.next(), letters.as_str()) {
            (Some(code), ..) => code,
            (None, Some(single), "") if !single.is_control() => Code::Char(single),
            (None, Some('f'), number) => match number.parse() {
                Ok(number) if (1..=24).contains(&number) => Code::F(number),
                _ => return Err(KeyError),
            },
            _ => return Err(KeyError),
        };
        Ok(Self { code, ctrl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_name() {
        let codes = NAMED.iter().map(|(_, code)| *code);
        let codes = codes.chain([
            Code::Char('q'),
            Code::Char('-'),
            Code::Char('ü'),
            Code::F(1),
            Code::F(24),
        ]);
        for code in codes {
            for ctrl in [false, true] {
                let key = Key { code, ctrl };
                assert_eq!(key.name().parse(), Ok(key), "{}", key.name());
            }
        }
        for wrong in ["", "ctrl-", "qq", "f0", "f25", "fx", "Space", "\n"] {
            assert_eq!(wrong.parse::<Key>(), Err(KeyError), "{wrong:?}");
        }
    }
}
