//! Numbers and spans of time in filters, in millionths: exact, so that what is printed reads back to the same.

use std::fmt;

/// Millionths of one.
pub(super) const ONE: i64 = 1_000_000;
/// From here on a span has more digits than are read.
const TOO_LONG: i64 = 1_000_000_000_000 * ONE;
/// Most digits before the point, and after it.
const MOST_DIGITS: (usize, u32) = (12, 6);
/// Units of time with their lengths in microseconds, the longest first.
const UNITS: [(&str, i64); 4] = [("d", 86_400 * ONE), ("h", 3_600 * ONE), ("m", 60 * ONE), ("s", ONE)];

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Lt,
    Le,
    Eq,
    Ne,
    Ge,
    Gt,
}

impl Op {
    pub(super) const ALL: [Self; 6] = [Self::Lt, Self::Le, Self::Eq, Self::Ne, Self::Ge, Self::Gt];

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Ge => ">=",
            Self::Gt => ">",
        }
    }

    pub(super) fn from_sign(sign: &str) -> Option<Self> {
        match sign {
            "==" => Some(Self::Eq),
            _ => Self::ALL.into_iter().find(|op| op.sign() == sign),
        }
    }
}

/// What a number must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Compared with this.
    Is(Op, i64),
    /// From the first to the second, both included.
    Within(i64, i64),
}

impl Test {
    pub(super) const fn passes(self, number: i64) -> bool {
        match self {
            Self::Is(Op::Lt, limit) => number < limit,
            Self::Is(Op::Le, limit) => number <= limit,
            Self::Is(Op::Eq, limit) => number == limit,
            Self::Is(Op::Ne, limit) => number != limit,
            Self::Is(Op::Ge, limit) => number >= limit,
            Self::Is(Op::Gt, limit) => number > limit,
            Self::Within(least, most) => least <= number && number <= most,
        }
    }

    /// `-70`, `-80..-60`, `-80..`, `..-60`
    pub(super) fn range(text: &str, read: impl Fn(&str) -> Option<i64>) -> Option<Self> {
        match text.split_once("..") {
            None => Some(Self::Is(Op::Eq, read(text)?)),
            Some((least, "")) => Some(Self::Is(Op::Ge, read(least)?)),
            Some(("", most)) => Some(Self::Is(Op::Le, read(most)?)),
            Some((a, b)) => {
                // Levels are below zero, so that either end is the lesser one to somebody.
                let (a, b) = (read(a)?, read(b)?);
                Some(Self::Within(a.min(b), a.max(b)))
            }
        }
    }
}

/// A decimal number, in millionths.
pub(super) fn decimal(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || whole.len() > MOST_DIGITS.0 {
        return None;
    }
    let missing = MOST_DIGITS.1.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let fraction = fraction.parse::<i64>().ok()? * 10_i64.pow(missing);
    Some(sign * (whole.parse::<i64>().ok()? * ONE + fraction))
}

/// A span as the table shows ages, in microseconds: `30s`, `1m05s`, `1.5h`, `250ms`; seconds if there is no unit.
pub(super) fn span(text: &str) -> Option<i64> {
    if let Some(seconds) = decimal(text) {
        return (0..TOO_LONG).contains(&seconds).then_some(seconds);
    }
    let mut rest = text;
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|found: char| !found.is_ascii_digit() && found != '.')?;
        let number = decimal(&rest[..end])?;
        rest = &rest[end..];
        let part = if let Some(after) = rest.strip_prefix("ms") {
            rest = after;
            number / 1_000
        } else {
            let (unit, length) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
            rest = &rest[unit.len()..];
            i64::try_from(i128::from(number) * i128::from(length) / i128::from(ONE)).ok()?
        };
        total = total.checked_add(part).filter(|total| *total < TOO_LONG)?;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes a number as [`decimal`] reads it.
pub(super) fn write_decimal(f: &mut fmt::Formatter<'_>, number: i64) -> fmt::Result {
    let (whole, fraction) = (
        number.unsigned_abs() / ONE.unsigned_abs(),
        number.unsigned_abs() % ONE.unsigned_abs(),
    );
    let sign = if number < 0 { "-" } else { "" };
    write!(f, "{sign}{whole}")?;
    if fraction == 0 {
        return Ok(());
    }
    let fraction = format!("{fraction:06}");
    write!(f, ".{}", fraction.trim_end_matches('0'))
}

/// Writes a span as [`span`] reads it, in the longest unit in which it is whole.
pub(super) fn write_span(f: &mut fmt::Formatter<'_>, span: i64) -> fmt::Result {
    let whole = UNITS.into_iter().find(|(_, length)| span != 0 && span % length == 0);
    if let Some((unit, length)) = whole {
        return write!(f, "{}{unit}", span / length);
    }
    write_decimal(f, span)?;
    f.write_str("s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_bounded() {
        assert_eq!(decimal("-70"), Some(-70 * ONE));
        assert_eq!(decimal("1.5"), Some(1_500_000));
        assert_eq!(decimal("-0.000001"), Some(-1));
        for wrong in [
            "",
            "-",
            ".5",
            "5.",
            "1e3",
            "+1",
            "--1",
            "1234567890123",
            "0.1234567",
            "١",
        ] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spans_are_read_as_the_table_shows_them() {
        for (text, seconds) in [
            ("30s", 30),
            ("30", 30),
            ("1m05s", 65),
            ("2h03m", 7_380),
            ("1.5h", 5_400),
            ("3d", 259_200),
        ] {
            assert_eq!(span(text), Some(seconds * ONE), "{text}");
        }
        assert_eq!((span("250ms"), span("0s")), (Some(250_000), Some(0)));
        for wrong in ["", "s", "-3s", "1m5", "3 s", "3w", "s3", "999999999999d"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ranges_are_closed_and_may_have_one_end() {
        let range = |text| Test::range(text, decimal);
        let within = Test::Within(-80 * ONE, -60 * ONE);
        assert_eq!((range("-80..-60"), range("-60..-80")), (Some(within), Some(within)));
        assert!(within.passes(-80 * ONE) && within.passes(-60 * ONE) && !within.passes(-59 * ONE));
        assert_eq!(range("5.."), Some(Test::Is(Op::Ge, 5 * ONE)));
        assert_eq!(range("..5"), Some(Test::Is(Op::Le, 5 * ONE)));
        for wrong in ["", "..", "1..2..3", "a..2"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
