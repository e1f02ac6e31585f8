//! Which family of broadcaster a payload belongs to.

use std::fmt;

use serde::{Serialize, Serializer};

use super::gaen;

/// A family of broadcasters, recognised from one payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Family {
    /// Exposure notification in Android's layout.
    GaenAndroid,
    /// Exposure notification in iOS's layout.
    GaenIos,
    /// Exposure notification in another layout.
    GaenOther,
    /// Nothing known.
    #[default]
    Unknown,
}

impl Family {
    /// The word used in captures, filters and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GaenAndroid => "gaen-android",
            Self::GaenIos => "gaen-ios",
            Self::GaenOther => "gaen-other",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it carries an exposure-notification frame.
    #[must_use]
    pub const fn is_gaen(self) -> bool {
        matches!(self, Self::GaenAndroid | Self::GaenIos | Self::GaenOther)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// The family of a payload.
#[must_use]
pub fn classify(payload: &[u8]) -> Family {
    match gaen::decode(payload).map(|frame| frame.layout) {
        Some(gaen::Layout::Android) => Family::GaenAndroid,
        Some(gaen::Layout::Ios) => Family::GaenIos,
        Some(gaen::Layout::Other) => Family::GaenOther,
        None => Family::Unknown,
    }
}
