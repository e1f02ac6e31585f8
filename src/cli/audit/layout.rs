//! How texts fill the columns of a terminal.

use std::io::IsTerminal as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::cli::Look;
use crate::lab::audit::Verdict;
use crate::lab::text::printable;

/// Columns where nobody says how many there are: a file, a pipe.
const USUAL: usize = 100;
/// Texts in lines that are longer are hard to read; tables need no more.
const MOST: usize = 132;
/// Fewer hold no table.
const LEAST: usize = 60;

/// What the output is written for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Columns of a line.
    pub(super) columns: usize,
    /// Whether words are coloured.
    pub(super) colored: bool,
}

impl Layout {
    /// That of standard output.
    pub(super) fn of_stdout(look: &Look) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        Self {
            columns: columns().filter(|_| is_terminal).unwrap_or(USUAL).clamp(LEAST, MOST),
            colored: look.color.is_on() && is_terminal,
        }
    }

    /// Whether a table has room for long texts beside its short columns.
    pub(super) const fn is_wide(self) -> bool {
        self.columns >= 110
    }

    /// In the colour of a verdict.
    pub(super) fn verdict(self, verdict: Verdict, text: &str) -> String {
        self.in_colour(
            match verdict {
                Verdict::Fail => "31",
                Verdict::Warn => "33",
                Verdict::Pass => "32",
                Verdict::NotObservable => "2",
            },
            text,
        )
    }

    /// As a heading.
    pub(super) fn bold(self, text: &str) -> String {
        self.in_colour("1", text)
    }

    /// As what is read last.
    pub(super) fn dim(self, text: &str) -> String {
        self.in_colour("2", text)
    }

    fn in_colour(self, code: &str, text: &str) -> String {
        if self.colored {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(unix)]
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    None
}

/// Harmless, and in at most so many columns.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let text = printable(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used >= columns {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

/// At the left of so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

/// Lines of at most so many columns, broken between words; what is longer than a line is broken within. Harmless.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let text = printable(text);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        while let Some(line) = lines.last_mut() {
            let used = line.width() + usize::from(!line.is_empty());
            if used + word.width() <= columns {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            let end = fitting(word, columns);
            line.push_str(&word[..end]);
            word = &word[end..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// Where a word has to be broken: after one letter at least.
fn fitting(word: &str, columns: usize) -> usize {
    let mut used = 0;
    for (place, letter) in word.char_indices() {
        used += letter.width().unwrap_or(0);
        if used > columns && place > 0 {
            return place;
        }
    }
    word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_within_what_is_too_long() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("手机手机", 5), ["手机", "手机"]);
        assert_eq!(wrapped("a\u{1b}[2J\u{202e}b", 40), ["a\u{fffd}[2J\u{fffd}b"]);
        assert_eq!(wrapped("", 5), [""]);
        for columns in 0..4 {
            assert!(wrapped("手a", columns).concat().contains('手'));
        }
    }

    #[test]
    fn what_is_cut_fits() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("手机手机", 5), "手机…");
        assert_eq!(padded("手", 4), "手  ");
    }
}
