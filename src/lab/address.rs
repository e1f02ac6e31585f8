//! Broadcaster addresses and what their kind says about privacy.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// What sort of address a report carried.
///
/// The sub-kinds of random addresses come from the two most significant bits (Core specification, vol. 6 part B,
/// 1.3.2): 11 static, 01 resolvable private, 00 non-resolvable private, 10 reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AddressKind {
    /// Registered with the IEEE; names the device for life.
    Public,
    /// Random, fixed until the next power cycle.
    RandomStatic,
    /// Random private address that holders of the identity resolving key can resolve.
    RandomResolvable,
    /// Random private address that nobody can resolve.
    RandomNonresolvable,
    /// Random with the reserved bit pattern 10.
    RandomReserved,
    /// The receiving controller resolved a private address of a bonded peer to this public identity address: not what
    /// was on the air.
    PublicIdentity,
    /// As [`AddressKind::PublicIdentity`], but the identity is a random static address.
    RandomIdentity,
    /// An extended advertisement without an address.
    Anonymous,
    /// Not an address: the first 48 bits of the handle that the operating system gives instead (macOS).
    Opaque,
    /// The source does not tell.
    #[default]
    Unknown,
}

impl AddressKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 10] = [
        Self::Public,
        Self::RandomStatic,
        Self::RandomResolvable,
        Self::RandomNonresolvable,
        Self::RandomReserved,
        Self::PublicIdentity,
        Self::RandomIdentity,
        Self::Anonymous,
        Self::Opaque,
        Self::Unknown,
    ];

    /// The word used in captures and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::RandomStatic => "random-static",
            Self::RandomResolvable => "random-resolvable",
            Self::RandomNonresolvable => "random-nonresolvable",
            Self::RandomReserved => "random-reserved",
            Self::PublicIdentity => "public-identity",
            Self::RandomIdentity => "random-identity",
            Self::Anonymous => "anonymous",
            Self::Opaque => "opaque",
            Self::Unknown => "unknown",
        }
    }

    /// One letter for narrow columns.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Public => 'P',
            Self::RandomStatic => 'S',
            Self::RandomResolvable => 'R',
            Self::RandomNonresolvable => 'N',
            Self::RandomReserved => 'X',
            Self::PublicIdentity | Self::RandomIdentity => 'I',
            Self::Anonymous => 'A',
            Self::Opaque => 'H',
            Self::Unknown => '?',
        }
    }

    /// Whether the receiving controller resolved it: it is not what was on the air.
    #[must_use]
    pub const fn is_resolved(self) -> bool {
        matches!(self, Self::PublicIdentity | Self::RandomIdentity)
    }

    /// Whether the address is meant to change (private, of either sort).
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::RandomResolvable | Self::RandomNonresolvable)
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for AddressKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl FromStr for AddressKind {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or_else(|| AddressError::Kind(text.to_owned()))
    }
}

/// A broadcaster's address with its kind; two addresses that differ only in kind are different broadcasters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Most significant byte first, as written.
    pub bytes: [u8; 6],
    /// Its kind.
    pub kind: AddressKind,
}

impl Address {
    /// The address of a report that tells none.
    pub(crate) const NONE: Self = Self {
        bytes: [0; 6],
        kind: AddressKind::Unknown,
    };

    /// The bytes as one number, the first most significant.
    #[must_use]
    #[inline]
    pub(crate) fn number(self) -> u64 {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.bytes);
        u64::from_be_bytes(bytes)
    }

    /// From the little-endian bytes of the air or of HCI and the HCI address type (0 public, 1 random, 2 and 3 public
    /// and random identity, 0xFF anonymous; the type's other values give [`AddressKind::Unknown`]).
    #[must_use]
    #[expect(clippy::inline_always, reason = "once per packet")]
    #[inline(always)]
    pub fn from_hci(address_type: u8, little_endian: [u8; 6]) -> Self {
        let mut bytes = little_endian;
        bytes.reverse();
        let kind = match address_type {
            0x00 => AddressKind::Public,
            0x01 => Self::random_kind(bytes),
            0x02 => AddressKind::PublicIdentity,
            0x03 => AddressKind::RandomIdentity,
            0xff => AddressKind::Anonymous,
            _ => AddressKind::Unknown,
        };
        Self { bytes, kind }
    }

    /// The sub-kind of a random address, from its two top bits.
    #[must_use]
    #[inline]
    pub const fn random_kind(bytes: [u8; 6]) -> AddressKind {
        match bytes[0] >> 6 {
            0b00 => AddressKind::RandomNonresolvable,
            0b01 => AddressKind::RandomResolvable,
            0b10 => AddressKind::RandomReserved,
            _ => AddressKind::RandomStatic,
        }
    }

    /// The HCI address type that gives this kind back; `None` where the kind has none (opaque, unknown).
    #[must_use]
    pub const fn hci_type(self) -> Option<u8> {
        match self.kind {
            AddressKind::Public => Some(0x00),
            AddressKind::RandomStatic
            | AddressKind::RandomResolvable
            | AddressKind::RandomNonresolvable
            | AddressKind::RandomReserved => Some(0x01),
            AddressKind::PublicIdentity => Some(0x02),
            AddressKind::RandomIdentity => Some(0x03),
            AddressKind::Anonymous => Some(0xff),
            AddressKind::Opaque | AddressKind::Unknown => None,
        }
    }

    /// The bytes least significant first, as on the air.
    #[must_use]
    pub const fn little_endian(mut self) -> [u8; 6] {
        self.bytes.reverse();
        self.bytes
    }
}

impl fmt::Display for Address {
    /// Colon-separated lower-case hexadecimal, without the kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b':'; 17];
        for (idx, byte) in self.bytes.iter().enumerate() {
            text[idx * 3] = HEX[usize::from(byte >> 4)];
            text[idx * 3 + 1] = HEX[usize::from(byte & 15)];
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no address.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// Not six two-digit hexadecimal bytes.
    #[error("{0:?} is not an address like 5e:1b:09:c4:77:01")]
    Form(String),
    /// An unknown word for the kind.
    #[error("{0:?} is not an address kind (public, random-resolvable, …)")]
    Kind(String),
}

/// The six bytes of a colon-separated address, in either letter case.
///
/// # Errors
/// [`AddressError::Form`] when the text has any other form.
pub fn parse_bytes(text: &str) -> Result<[u8; 6], AddressError> {
    let fail = || AddressError::Form(text.to_owned());
    let mut bytes = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        let part = parts.next().ok_or_else(fail)?;
        if part.len() != 2 || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(fail());
        }
        *byte = u8::from_str_radix(part, 16).map_err(|_| fail())?;
    }
    parts.next().map_or(Ok(bytes), |_| Err(fail()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_sub_kind_comes_from_the_last_byte_on_the_wire() {
        let address = Address::from_hci(1, [0xbb, 0x7e, 0xb5, 0x2b, 0x86, 0x79]);
        assert_eq!(address.to_string(), "79:86:2b:b5:7e:bb");
        assert_eq!(address.kind, AddressKind::RandomResolvable);
        assert_eq!(address.little_endian(), [0xbb, 0x7e, 0xb5, 0x2b, 0x86, 0x79]);
        assert_eq!(
            Address::from_hci(1, [0, 0, 0, 0, 0, 0x3f]).kind,
            AddressKind::RandomNonresolvable
        );
        assert_eq!(
            Address::from_hci(1, [0, 0, 0, 0, 0, 0xc0]).kind,
            AddressKind::RandomStatic
        );
        assert_eq!(
            Address::from_hci(1, [0, 0, 0, 0, 0, 0x80]).kind,
            AddressKind::RandomReserved
        );
        assert_eq!(Address::from_hci(9, [0; 6]).kind, AddressKind::Unknown);
    }

    #[test]
    fn hci_type_and_word_give_the_kind_back() {
        for kind in AddressKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        for address_type in [0, 1, 2, 3, 0xff] {
            let address = Address::from_hci(address_type, [1, 2, 3, 4, 5, 0xc6]);
            assert_eq!(address.hci_type(), Some(address_type));
        }
    }

    #[test]
    fn text_of_another_form_is_refused() {
        assert_eq!(parse_bytes("5E:1b:09:c4:77:01"), Ok([0x5e, 0x1b, 9, 0xc4, 0x77, 1]));
        for wrong in [
            "",
            "5e:1b:09:c4:77",
            "5e:1b:09:c4:77:01:02",
            "+e:1b:09:c4:77:01",
            "5e1b09c47701",
            "5e:1b:09:c4:77:0g",
        ] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
