//! Parts of addresses and identifiers, and UUIDs, in hexadecimal.

use std::fmt;

/// Digits of an address, and of an identifier.
const ADDRESS_DIGITS: usize = 12;
const RPI_DIGITS: usize = 32;
/// What a short UUID is the beginning of (Core specification, vol. 3 part B, 2.5.1).
const BASE_UUID: u128 = 0x0000_0000_0000_1000_8000_0080_5f9b_34fb;

/// Digits that stand somewhere in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AddressPart {
    digits: usize,
    value: u64,
    /// The first digit is the second one of its byte.
    begins_within: bool,
}

impl AddressPart {
    /// With or without colons; without, it begins where a byte begins.
    pub(super) fn read(text: &str) -> Option<Self> {
        let groups: Vec<&str> = text.split(':').collect();
        let last = groups.len() - 1;
        let fits = |(idx, group): (usize, &&str)| match idx {
            _ if last == 0 => true,
            0 => group.len() <= 2,
            _ if idx == last => group.len() <= 2,
            _ => group.len() == 2,
        };
        if !groups.iter().enumerate().all(fits) {
            return None;
        }
        let begins_within = last > 0 && groups[0].len() == 1;
        let all = groups.concat();
        let value = number(&all, ADDRESS_DIGITS - usize::from(begins_within))?;
        Some(Self {
            digits: all.len(),
            value: u64::try_from(value).ok()?,
            begins_within,
        })
    }

    /// Whether it is in an address, given as a number.
    pub(super) fn is_in(self, address: u64) -> bool {
        let spare = ADDRESS_DIGITS - self.digits;
        let mask = (1 << (4 * self.digits)) - 1;
        let mut places = (usize::from(self.begins_within)..=spare).step_by(2);
        places.any(|place| address >> (4 * (spare - place)) & mask == self.value)
    }
}

impl fmt::Display for AddressPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0width$x}", self.value, width = self.digits);
        let offset = usize::from(self.begins_within);
        for (idx, digit) in digits.chars().enumerate() {
            if idx > 0 && (idx + offset).is_multiple_of(2) {
                f.write_str(":")?;
            }
            write!(f, "{digit}")?;
        }
        // One digit says only with its colon that it ends a byte.
        f.write_str(if self.begins_within && self.digits == 1 {
            ":"
        } else {
            ""
        })
    }
}

/// The first digits of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RpiPart {
    digits: usize,
    value: u128,
}

impl RpiPart {
    pub(super) fn read(text: &str) -> Option<Self> {
        Some(Self {
            digits: text.len(),
            value: number(text, RPI_DIGITS)?,
        })
    }

    pub(super) fn begins(self, rpi: [u8; 16]) -> bool {
        u128::from_be_bytes(rpi) >> (4 * (RPI_DIGITS - self.digits)) == self.value
    }
}

impl fmt::Display for RpiPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$x}", self.value, width = self.digits)
    }
}

/// One to `most` hexadecimal digits.
fn number(digits: &str, most: usize) -> Option<u128> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = (1..=most).contains(&digits.len());
    u128::from_str_radix(digits, 16).ok().filter(|_| is_hex && fits)
}

/// A service's UUID of 16, 32 or 128 bits, of whatever length it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServiceUuid(u128);

impl ServiceUuid {
    pub(super) const fn short(uuid: u32) -> Self {
        Self((uuid as u128) << 96 | BASE_UUID)
    }

    pub(super) const fn long(uuid: u128) -> Self {
        Self(uuid)
    }

    /// `fd6f`, `0xfd6f`, `0000fd6f-0000-1000-8000-00805f9b34fb`
    pub(super) fn read(text: &str) -> Option<Self> {
        let short = text
            .strip_prefix("0x")
            .or_else(|| text.strip_prefix("0X"))
            .unwrap_or(text);
        if short.len() == 4 || short.len() == 8 {
            return number(short, 8)
                .and_then(|uuid| u32::try_from(uuid).ok())
                .map(Self::short);
        }
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        let is_whole = matches!(groups[..], [32] | [8, 4, 4, 4, 12]);
        number(&text.replace('-', ""), 32).filter(|_| is_whole).map(Self::long)
    }
}

impl fmt::Display for ServiceUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from((self.0 ^ BASE_UUID) >> 96) {
            Ok(short) if Self::short(short) == *self && short <= 0xffff => write!(f, "{short:04x}"),
            Ok(short) if Self::short(short) == *self => write!(f, "{short:08x}"),
            _ => write!(f, "{:032x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: u64 = 0xc01b_09f1_77ab;

    #[test]
    fn parts_of_addresses_are_found_at_bytes_unless_colons_say_otherwise() {
        let found = |text| AddressPart::read(text).map(|part| part.is_in(ADDRESS));
        for part in [
            "c",
            "c0",
            "c01b09f177ab",
            "C0:1B:09:F1:77:AB",
            "1b09",
            "1b:0",
            ":77:ab",
            "9:f1:",
            "a",
            "0:",
        ] {
            assert_eq!(found(part), Some(true), "{part}");
        }
        for part in ["01b0", "b", "c0:09", "ff", "9:f2", "9", "a:"] {
            assert_eq!(found(part), Some(false), "{part}");
        }
        for wrong in [
            "",
            ":",
            "xy",
            "c0:1",
            "c0::1b",
            "c01b:09",
            "c01b09f177ab0",
            "c:01:b0:9f:17:7a:b0",
            "+1",
            "é",
        ] {
            assert_eq!(found(wrong).is_none(), wrong != "c0:1", "{wrong}");
        }
    }

    #[test]
    fn identifiers_are_found_by_their_beginning() {
        let mut rpi = [0; 16];
        rpi[..3].copy_from_slice(&[0x7e, 0x3c, 0x1b]);
        let begins = |text: &str| RpiPart::read(text).map(|part| part.begins(rpi));
        assert_eq!(
            (begins("7e3"), begins("7E3c1b00"), begins("3c")),
            (Some(true), Some(true), Some(false))
        );
        assert_eq!(begins(&format!("7e3c1b{}", "0".repeat(26))), Some(true));
        assert_eq!((begins(""), begins("7g"), begins(&"0".repeat(33))), (None, None, None));
    }

    #[test]
    fn a_short_uuid_is_its_long_form() {
        let short = ServiceUuid::read("fd6f");
        assert_eq!(short, Some(ServiceUuid::short(0xfd6f)));
        for text in [
            "0xFD6F",
            "0000fd6f",
            "0000fd6f-0000-1000-8000-00805f9b34fb",
            "0000fd6f00001000800000805f9b34fb",
        ] {
            assert_eq!(ServiceUuid::read(text), short, "{text}");
        }
        for wrong in [
            "",
            "fd6",
            "fd6ff",
            "0x",
            "fd-6f",
            "0xfd6g",
            "0000fd6f0000-1000-8000-00805f9b34fb",
        ] {
            assert_eq!(ServiceUuid::read(wrong), None, "{wrong}");
        }
    }
}
