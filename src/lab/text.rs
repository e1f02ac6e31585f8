//! Text from the air or from a file, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every character that could move the cursor, hide, reorder or break a line replaced by U+FFFD: control
/// characters (C0, DEL, C1), direction marks, zero-width and other invisible format characters, line and paragraph
/// separators. Ordinary text of any script stays as it is; of joined pictographs each is shown, without what joins them.
///
/// ```
/// use vicino::lab::text::printable;
/// assert_eq!(printable("Büro 2"), "Büro 2");
/// assert_eq!(printable("\u{1b}[2Jphone"), "\u{fffd}[2Jphone");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        let mut before = ' ';
        let replace = |found| {
            let joins = is_pictograph(before) && matches!(found, '\u{200d}' | '\u{fe0f}');
            if joins {
                return None;
            }
            before = found;
            Some(if is_unsafe(found) {
                char::REPLACEMENT_CHARACTER
            } else {
                found
            })
        };
        text.chars().filter_map(replace).collect::<String>().into()
    } else {
        text.into()
    }
}

/// Emoji and other pictographs, after which joiners and variation selectors are usual.
const fn is_pictograph(letter: char) -> bool {
    matches!(letter, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Controls, and the format characters (general category Cf) and separators that have no glyph of their own.
pub(crate) fn is_unsafe(found: char) -> bool {
    found.is_control()
        || matches!(
            found,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// JSON text in which no character can steer a terminal: such ones can only stand within strings, where their escape
/// means the same.
#[must_use]
pub(crate) fn json_printable(json: &str) -> Cow<'_, str> {
    let is_steering = |letter| letter != '\n' && is_unsafe(letter);
    if json.is_ascii() && !json.contains('\x7f') || !json.contains(is_steering) {
        return json.into();
    }
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_steering(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(letter);
        }
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_direction_marks_and_line_breaks_are_replaced_and_scripts_are_kept() {
        assert_eq!(printable("a\u{1b}]0;x\u{7}b"), "a\u{fffd}]0;x\u{fffd}b");
        assert_eq!(printable("abc\u{202e}cba"), "abc\u{fffd}cba");
        assert_eq!(
            printable("\u{9b}31m\u{7f}\r\n\t"),
            "\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(printable("\u{2028}\u{feff}\u{2066}"), "\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(printable("👨\u{200d}👩 ❤\u{fe0f}"), "👨👩 ❤");
        assert_eq!(printable("a\u{200d}b\u{fe0f}"), "a\u{fffd}b\u{fffd}");
        for kept in ["", "Galaxy S10", "נייד", "手机 📱", "l'iPhone d'Élise", "e\u{301}"] {
            assert!(matches!(printable(kept), Cow::Borrowed(same) if same == kept), "{kept}");
        }
    }

    proptest! {
        #[test]
        fn json_means_the_same_without_steering_characters(text in any::<String>()) {
            let json = serde_json::to_string_pretty(&[&text, "\u{7f}\u{9b}\u{202e}\u{e0001}"]).unwrap();
            let safe = json_printable(&json);
            prop_assert!(!safe.chars().any(|letter| letter != '\n' && is_unsafe(letter)));
            let again: Vec<String> = serde_json::from_str(&safe).unwrap();
            prop_assert_eq!(&again[0], &text);
        }

        #[test]
        fn any_text_comes_out_without_controls_and_no_longer(text in any::<String>()) {
            let shown = printable(&text);
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert!(shown.chars().count() <= text.chars().count());
            prop_assert_eq!(printable(&shown), shown.clone());
        }
    }
}
