//! Text in one line: control characters and those that reorder text, escaped and back.

use std::borrow::Cow;

use crate::lab::text::is_unsafe;

/// The text with backslashes doubled and unsafe characters as `\n`, `\t`, `\r` or `\u{…}`.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character == '\\' || is_unsafe(character)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            character if is_unsafe(character) => escaped.extend(character.escape_unicode()),
            character => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// What [`escape`] was given; a backslash that begins no escape stands for itself.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let (character, used) = one_escape(&rest[at..]);
        plain.push(character);
        rest = &rest[at + used..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character that the escape at the start of `text` stands for, and the escape's length in bytes.
fn one_escape(text: &str) -> (char, usize) {
    match text.as_bytes().get(1) {
        Some(b'\\') => ('\\', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => text
            .strip_prefix("\\u{")
            .and_then(|rest| rest.split_once('}'))
            .filter(|(digits, _)| (1..=6).contains(&digits.len()))
            .and_then(|(digits, _)| Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, digits.len() + 4)))
            .unwrap_or(('\\', 1)),
        _ => ('\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hand_written_backslashes_stay() {
        assert_eq!(unescape("C:\\phones\\u{zz}\\"), "C:\\phones\\u{zz}\\");
        assert_eq!(escape("a\u{1b}[2J\u{202e}b\n"), "a\\u{1b}[2J\\u{202e}b\\n");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_its_escaped_form_is_safe(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.chars().any(is_unsafe));
            prop_assert_eq!(&*unescape(&escaped), &text);
        }

        #[test]
        fn unescape_takes_any_text(text in "[\\\\un{}0-9a-f é]{0,20}") {
            let _ = unescape(&text);
        }
    }
}
