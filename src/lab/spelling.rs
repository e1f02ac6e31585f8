//! What was probably meant by a word that nobody knows.

/// For longer words none is proposed.
const MOST_LETTERS: usize = 20;

/// Proposes the one of `known` that was probably meant, as `show` puts it.
pub(crate) fn propose<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    show: impl Fn(&str) -> String,
) -> String {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() > MOST_LETTERS {
        return String::new();
    }
    // Of a short word little is left after two mistakes.
    let most = if letters.len() < 4 { 1 } else { 2 };
    known
        .into_iter()
        .map(|other| (distance(&letters, other), other))
        .filter(|(mistakes, _)| *mistakes <= most)
        .min_by_key(|(mistakes, _)| *mistakes)
        .map_or_else(String::new, |(_, other)| format!("did you mean {}?", show(other)))
}

/// Letters to add, leave out, change, or swap with the next one to make one word of the other.
fn distance(word: &[char], other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in word.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let changed = last[column] + usize::from(letter != candidate);
            let mut fewest = changed.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && word[row - 1] == *candidate && other[column - 1] == *letter {
                fewest = fewest.min(before_last[column - 1] + 1);
            }
            next.push(fewest);
        }
        before_last = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_counts_once_whatever_it_is() {
        let between = |a: &str, b| distance(&a.chars().collect::<Vec<_>>(), b);
        assert_eq!(between("kind", "kind"), 0);
        for wrong in ["kid", "kindd", "kimd", "knid"] {
            assert_eq!(between(wrong, "kind"), 1, "{wrong}");
        }
        assert_eq!((between("", "kind"), between("kind", "")), (4, 4));
    }

    #[test]
    fn nothing_far_off_is_proposed() {
        let proposed = |word: &str| propose(word, ["rssi", "rate", "rot"], str::to_owned);
        assert_eq!(proposed("rsi"), "did you mean rssi?");
        assert_eq!(proposed("ort"), "did you mean rot?");
        assert_eq!(proposed("xyz"), "");
        assert_eq!(proposed(&"rssi".repeat(9)), "");
    }
}
