//! Numbers and hexadecimal as bytes, for the fast path of the row reader and for the row writer.

/// Value of each hexadecimal digit; 0xFF for any other byte.
const DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    let mut table = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit as usize] as usize] = digit;
        table[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    table
}

/// Decodes as many pairs as `bytes` has room for, which must be all of `text`; `false` where it is no hexadecimal.
#[inline]
pub(super) fn decode_hex(text: &[u8], bytes: &mut [u8]) -> bool {
    if text.len() != bytes.len() * 2 {
        return false;
    }
    let mut seen = 0;
    for (pair, byte) in text.chunks_exact(2).zip(bytes) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        seen |= high | low;
        *byte = (high << 4) | (low & 15);
    }
    seen < 16
}

/// An address written `5e:1b:09:c4:77:01`.
#[inline]
pub(super) fn decode_address(text: &[u8; 17]) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut seen = 0;
    for (idx, byte) in bytes.iter_mut().enumerate() {
        let (high, low) = (
            DIGITS[usize::from(text[idx * 3])],
            DIGITS[usize::from(text[idx * 3 + 1])],
        );
        seen |= high | low;
        *byte = (high << 4) | (low & 15);
    }
    let colons = [2, 5, 8, 11, 14].into_iter().all(|idx| text[idx] == b':');
    (seen < 16 && colons).then_some(bytes)
}

/// The integer before the first comma, and what follows the comma; `None` for anything but up to 18 digits with an
/// optional minus.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<(i64, &[u8])> {
    let negative = text.first() == Some(&b'-');
    let digits = &text[usize::from(negative)..];
    let mut value = 0i64;
    for (idx, byte) in digits.iter().enumerate().take(19) {
        match byte {
            b'0'..=b'9' => value = value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
            b',' if idx > 0 && idx <= 18 => return Some((if negative { -value } else { value }, &digits[idx + 1..])),
            _ => return None,
        }
    }
    None
}

/// As [`integer`], where the field may be empty.
#[inline]
pub(super) fn optional(text: &[u8]) -> Option<(Option<i64>, &[u8])> {
    match text.split_first() {
        Some((b',', rest)) => Some((None, rest)),
        _ => integer(text).map(|(value, rest)| (Some(value), rest)),
    }
}

/// Appends the number in decimal.
pub(super) fn push_integer(line: &mut Vec<u8>, value: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        line.push(b'-');
    }
    line.extend_from_slice(&digits[at..]);
}

/// Appends the bytes in lower-case hexadecimal.
pub(super) fn push_hex(line: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    line.reserve(bytes.len() * 2);
    for byte in bytes {
        line.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_the_range_are_written_whole() {
        for value in [0, i64::MIN, i64::MAX, -1, 10] {
            let mut line = Vec::new();
            push_integer(&mut line, value);
            assert_eq!(String::from_utf8(line).unwrap(), value.to_string());
        }
    }

    proptest! {
        #[test]
        fn integer_equals_the_standard_parser_where_it_takes_the_text(text in "-?[0-9+x,]{0,21}") {
            if let Some((value, rest)) = integer(text.as_bytes()) {
                let (field, after) = text.split_once(',').unwrap();
                prop_assert_eq!(Ok(value), field.parse());
                prop_assert_eq!(rest, after.as_bytes());
            }
        }

        #[test]
        fn hexadecimal_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut text = Vec::new();
            push_hex(&mut text, &bytes);
            let mut back = vec![0; bytes.len()];
            prop_assert!(decode_hex(&text, &mut back));
            prop_assert_eq!(back, bytes);
        }
    }
}
