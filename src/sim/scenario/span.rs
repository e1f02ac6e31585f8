//! Spans of time in scenarios.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{self, Visitor};

use crate::lab::time::Micros;

/// A span of time, written `"2m30s"`, `"500ms"`, `"-2h"` or as a number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Micros);

impl Span {
    /// The longest that can be written, in days.
    const MAX_DAYS: i64 = 3660;

    /// Whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(Micros::from_secs(seconds))
    }

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| {
            format!(
                "{text:?} is no span of time of at most {} days; write it like \"90s\", \"2m30s\", \"500ms\"",
                Self::MAX_DAYS
            )
        })
    }
}

fn parse(text: &str) -> Option<Span> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match rest.get(..letters)? {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return None,
        };
        rest = rest.get(letters..)?;
        total = total.checked_add(number.checked_mul(unit)?)?;
    }
    (total <= Span::MAX_DAYS * 86_400_000_000).then_some(Span(Micros(sign * total)))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;

        impl Visitor<'_> for SpanVisitor {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a span of time like \"2m30s\" or a number of seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
                seconds
                    .checked_mul(1_000_000)
                    .filter(|micros| micros.unsigned_abs() <= Span::MAX_DAYS.unsigned_abs() * 86_400_000_000)
                    .map(|micros| Span(Micros(micros)))
                    .ok_or_else(|| E::custom(format_args!("{seconds} s is longer than {} days", Span::MAX_DAYS)))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Span, E> {
                self.visit_i64(i64::try_from(seconds).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Span, E> {
                if seconds.is_finite() && seconds.abs() <= 3e8 {
                    Ok(Span(Micros(crate::sim::math::whole(seconds * 1e6))))
                } else {
                    Err(E::custom(format_args!(
                        "{seconds} is no number of seconds that a span can have"
                    )))
                }
            }
        }

        deserializer.deserialize_any(SpanVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_as_people_write_them() {
        for (text, micros) in [
            ("90s", 90_000_000),
            ("2m30s", 150_000_000),
            ("500ms", 500_000),
            ("-2h", -7_200_000_000),
            ("1d", 86_400_000_000),
            ("7us", 7),
        ] {
            assert_eq!(text.parse(), Ok(Span(Micros(micros))), "{text}");
        }
        for text in [
            "",
            "-",
            "5",
            "s",
            "1x",
            "1 s",
            "99999999999d",
            "9223372036854775807h",
            "½s",
        ] {
            assert!(text.parse::<Span>().unwrap_err().contains("write it like"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_span_or_a_message(text in ".*") {
            let _ = text.parse::<Span>();
        }
    }
}
