//! The words that complete a filter while it is typed.

use super::term;

/// The words that complete what stands before the cursor, and where in it the word begins that they take the place of.
#[must_use]
pub fn words(before: &str) -> (usize, Vec<String>) {
    let word = before.rfind([' ', '(']).map_or(0, |at| at + 1);
    let signed = before.get(word..).unwrap_or_default();
    let begun = signed.trim_start_matches(['-', '!']);
    let from = before.len() - begun.len();
    // Within quotes there are no keys.
    if before.matches('"').count() % 2 == 1 {
        return (from, Vec::new());
    }
    (from, term::completions(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_the_words_they_take_are_completed() {
        assert_eq!(words("rss"), (0, vec!["rssi>".to_owned(), "rssi<".to_owned()]));
        assert_eq!(words("a -rss").0, 3);
        assert_eq!(words("is:out"), (0, vec!["is:outofstep".to_owned()]));
        let (from, kinds) = words("rssi>-70 (Kind:gaen");
        assert_eq!(from, 10);
        assert!(
            kinds.contains(&"kind:gaen".to_owned()) && kinds.contains(&"kind:gaen-ios".to_owned()),
            "{kinds:?}"
        );
        assert!(words("").1.len() > 10);
        assert!(words("name:\"a").1.is_empty() && words("addr:5e").1.is_empty());
        for completed in words("").1.iter().chain(&words("kind:").1) {
            assert!(
                crate::app::filter::Filter::parse(&format!("{completed}1")).is_ok()
                    || completed.ends_with(':')
                    || completed.starts_with("kind:"),
                "{completed}"
            );
        }
    }
}
