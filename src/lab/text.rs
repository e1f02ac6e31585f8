//! Text that came from the air, made fit for a terminal, a CSV or a page.

use std::borrow::Cow;

/// `text` with everything that could steer a terminal or turn the reading direction replaced by U+FFFD: control
/// characters (C0, DEL, C1), line and paragraph separators, and the invisible formatting characters.
///
/// ```
/// use vicino::lab::text::printable;
/// assert_eq!(printable("Pixel 4"), "Pixel 4");
/// assert_eq!(printable("a\x1b[2Jb\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}c");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        Cow::Owned(
            text.chars()
                .map(|letter| {
                    if is_unsafe(letter) {
                        char::REPLACEMENT_CHARACTER
                    } else {
                        letter
                    }
                })
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character must not reach a terminal as it is.
#[must_use]
pub const fn is_unsafe(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // Zero widths and directional marks, separators and embeddings, invisible operators and isolates.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Byte-order mark, interlinear annotation, tags.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_direction_marks_do_not_pass() {
        for hostile in [
            "\x1b]52;c;AAAA\x07",
            "\u{9b}31m",
            "a\r\nb",
            "\u{202e}txt.exe",
            "\u{2066}x\u{2069}",
            "\0",
        ] {
            let shown = printable(hostile);
            assert!(!shown.chars().any(is_unsafe), "{hostile:?}");
            assert_eq!(shown.chars().count(), hostile.chars().count());
        }
        assert!(matches!(printable("Müller's Füße 日本 🎧"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_is_safe_stays_and_nothing_else_comes_through(text: String) {
            let shown = printable(&text);
            for (before, after) in text.chars().zip(shown.chars()) {
                prop_assert_eq!(after, if is_unsafe(before) { '\u{fffd}' } else { before });
            }
            prop_assert_eq!(printable(&shown), shown.clone());
        }
    }
}
