//! Which devices are shown: terms that are joined by `and`, `or` and `not`.
//!
//! ```text
//! filter = [ either ]
//! either = all { "or" all }
//! all    = unary { [ "and" ] unary }
//! unary  = ( "not" | "-" | "!" ) unary | "(" either ")" | term
//! term   = text | key ":" value | key ( "<" | "<=" | "=" | "!=" | ">=" | ">" ) value
//! ```
//!
//! A text is a word or stands in double quotes, within which `\"` and `\\` are a quote and a backslash; it is searched
//! in what the table says of a device. Letter case means nothing anywhere. A device of which a value is not known (a
//! level, say) passes no comparison of it, `!=` neither; `not rssi>-70` lets it through.

mod complete;
mod error;
mod hex;
mod lexer;
mod matching;
mod number;
mod parser;
mod term;

use std::fmt;
use std::str::FromStr;

pub use complete::words;
pub use error::FilterError;
use matching::Subject;
use parser::Expr;

use crate::lab::session::Session;
pub(crate) use crate::lab::spelling::propose;
use crate::lab::time::UnixMicros;
use crate::lab::track::Track;

/// Most characters read. More than can be typed, as a printed filter may be longer than what was typed.
const MOST_READ: usize = 4_000;

/// Says of each device whether it is shown.
///
/// ```
/// use vicino::app::filter::Filter;
/// let filter: Filter = "kind:gaen (rssi>-70 or age < 1m30s) -name:\"my band\"".parse()?;
/// assert_eq!(filter.to_string(), r#"kind:gaen (rssi>-70 or age<90s) not name:"my band""#);
/// assert_eq!(
///     Filter::parse("kindd:gaen").unwrap_err().to_string(),
///     "no key kindd: at character 1; did you mean kind:?"
/// );
/// # Ok::<(), vicino::app::filter::FilterError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    expr: Option<Expr>,
}

impl Filter {
    /// The filter that `text` describes; without a term it lets everything through.
    ///
    /// # Errors
    ///
    /// Where the text is no filter: what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.chars().nth(MOST_READ).is_some() {
            return Err(FilterError::new(MOST_READ, "too long", ""));
        }
        Ok(Self {
            expr: parser::parse(text)?,
            text: text.trim().to_owned(),
        })
    }

    /// The filter as typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets everything through.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// Whether the device is to be shown, by what its session knows at `now`.
    #[must_use]
    pub fn matches(&self, session: &Session, track: &Track, now: UnixMicros) -> bool {
        let subject = Subject { session, track, now };
        self.expr.as_ref().is_none_or(|expr| expr.matches(&subject))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    /// The filter as it was understood, which reads back to the same; [`Filter::text`] is what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.as_ref().map_or(Ok(()), |expr| write!(f, "{expr}"))
    }
}

#[cfg(test)]
mod tests;
