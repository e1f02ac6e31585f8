//! What is wrong with a filter, and what was probably meant.

use std::fmt;

use thiserror::Error;

/// Longer words are cut where they are quoted.
const MOST_QUOTED: usize = 20;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct FilterError {
    problem: String,
    hint: String,
    at: usize,
}

impl FilterError {
    /// A problem at a character (the first is 0); the hint may be empty.
    pub(super) fn new(at: usize, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            hint: hint.into(),
            at: at + 1,
        }
    }

    /// The number of the character where it is wrong; the first is 1.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// What is wrong and what to do, in few words; may hold any character of the filter, so neutralise it before it
    /// reaches a terminal.
    #[must_use]
    pub fn brief(&self) -> String {
        let separator = if self.hint.is_empty() { "" } else { "; " };
        format!("{}{separator}{}", self.problem, self.hint)
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.problem, self.at)?;
        if self.hint.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.hint)
    }
}

/// `text`, cut where it is long.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(MOST_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
