//! Quantities that must not be confused, as types.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A power level at one end of the link, in dBm (-128..=127).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dbm(pub i8);

/// A ratio of powers (attenuation, correction), in dB.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Db(pub f64);

/// A distance, in metres.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metres(pub f64);

impl Dbm {
    /// The level of an HCI RSSI or TX-power byte; 127 means "not available" (Core specification, vol. 4 part E).
    #[must_use]
    pub const fn from_hci(byte: u8) -> Option<Self> {
        #[expect(clippy::cast_possible_wrap, reason = "the byte is a two's-complement level")]
        match byte as i8 {
            127 => None,
            level => Some(Self(level)),
        }
    }
}

impl fmt::Display for Dbm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dBm", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_127_is_not_available_and_other_bytes_are_signed() {
        assert_eq!(Dbm::from_hci(0x7f), None);
        assert_eq!(Dbm::from_hci(0xb8), Some(Dbm(-72)));
        assert_eq!(Dbm::from_hci(75), Some(Dbm(75)));
    }
}
