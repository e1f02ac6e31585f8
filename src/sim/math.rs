//! Arithmetic that gives the same bits on every platform: only `+ - * /` and exact rounding, no system mathematics.

const LN_2: f64 = std::f64::consts::LN_2;

/// Natural logarithm of a positive, finite, normal number; relative error below 1e-14.
///
/// `ln(m · 2^e) = e · ln 2 + 2 · artanh((m - 1) / (m + 1))`, with `m` between √½ and √2.
pub(super) fn ln(value: f64) -> f64 {
    let bits = value.max(f64::MIN_POSITIVE).to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or_default() - 1023;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    let (mantissa, exponent) = if mantissa > std::f64::consts::SQRT_2 {
        (mantissa / 2.0, exponent + 1)
    } else {
        (mantissa, exponent)
    };
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = (0..12)
        .rev()
        .fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    f64::from(exponent) * LN_2 + 2.0 * s * series
}

/// Decimal logarithm, see [`ln`].
pub(super) fn log10(value: f64) -> f64 {
    ln(value) * std::f64::consts::LOG10_E
}

/// `e^-value` for `value >= 0`; relative error below 1e-14, zero where the result is below 2^-1000.
pub(super) fn exp_minus(value: f64) -> f64 {
    let halvings = (value / LN_2).floor();
    if halvings > 1000.0 {
        return 0.0;
    }
    let rest = -(value - halvings * LN_2);
    let series = (1..18).rev().fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within 0..=1000"
    )]
    let scale = f64::from_bits((1023 - halvings as u64) << 52);
    series * scale
}

/// A whole number as `f64`; exact up to 2^53, which is 285 years of microseconds.
#[expect(clippy::cast_precision_loss, reason = "callers stay below 2^53")]
pub(super) const fn float(whole: i64) -> f64 {
    whole as f64
}

/// The nearest whole number; halves away from zero, saturating, zero for NaN.
#[expect(clippy::cast_possible_truncation, reason = "saturation is what is wanted")]
pub(super) const fn whole(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "bits are what is tested")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_are_pinned() {
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(exp_minus(0.0), 1.0);
        assert_eq!((whole(-0.5), whole(0.49), whole(f64::NAN)), (-1, 0, 0));
    }

    proptest! {
        #[test]
        fn agrees_with_the_system(value in 1e-12f64..1e12, power in 0.0f64..600.0) {
            prop_assert!((ln(value) - value.ln()).abs() <= 1e-14 * value.ln().abs().max(1.0));
            prop_assert!((log10(value) - value.log10()).abs() <= 1e-14 * value.log10().abs().max(1.0));
            prop_assert!((exp_minus(power) / (-power).exp() - 1.0).abs() < 1e-13);
        }
    }
}
