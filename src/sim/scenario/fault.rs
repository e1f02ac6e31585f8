//! What can go wrong, on demand.

use serde::Deserialize;

use super::Span;

/// What a phone does against the specification.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum Fault {
    /// Changes identifier and metadata, but never its address: whoever listens can join the identifiers.
    RpiWithoutAddress,
    /// Changes its address once more in the middle of every identifier's life.
    AddressWithoutRpi,
    /// Never changes anything.
    NoRotation,
    /// Changes after 2 to 8 min, taking the identifiers of coming intervals before their time.
    EarlyRotation,
    /// Changes after 25 to 60 min only.
    LateRotation,
    /// Has a random static address.
    StaticAddress,
    /// Has a public address.
    PublicAddress,
    /// Broadcasts `ADV_IND`.
    Connectable,
    /// Advertises a name: what fits into the frame (without Flags) as a shortened name, all of it in the scan response.
    ExtraName {
        /// The name.
        name: String,
    },
    /// Adds its TX power in clear; fits into a frame without Flags.
    ExtraTxPower,
    /// Puts Flags of this value first.
    WrongFlags {
        /// The value of the Flags structure.
        #[serde(default)]
        value: u8,
    },
    /// Keeps its first encrypted metadata under all later identifiers.
    FrozenAem,
    /// Sends a payload that is no proper sequence of AD structures, or no proper frame.
    MalformedAd {
        /// In which way.
        #[serde(default)]
        how: Malformation,
    },
    /// Some of its packets are reported with an impossible level.
    AbsurdRssi {
        /// The level, in dBm.
        #[serde(default = "default_absurd")]
        rssi_dbm: i8,
        /// The share of packets, 0 to 1.
        #[serde(default = "half")]
        share: f64,
    },
    /// The phone's clock jumps; its identifiers are those of the wrong interval from the next rotation on.
    ClockJump {
        /// When, since the start.
        at: Span,
        /// By how much, backwards if negative.
        by: Span,
    },
    /// Many frames with an address of their own each.
    AddressBurst {
        /// When it begins, since the start.
        at: Span,
        /// How long it lasts.
        over: Span,
        /// How many addresses.
        count: u64,
    },
    /// Every report arrives twice.
    DuplicateFrames,
}

/// Ways of a malformed payload.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Malformation {
    /// The last structure's length runs past the end: the last four bytes are missing.
    #[default]
    Overrun,
    /// The service data has fifteen bytes after its UUID.
    ShortServiceData,
    /// The service data has a fifth byte of metadata.
    LongServiceData,
    /// A zero length, then more bytes.
    DataAfterEnd,
}

/// What goes wrong with a receiver.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum StationFault {
    /// It hears nothing for a while, and says so.
    Gap {
        /// When, since the start.
        at: Span,
        /// For how long.
        lasts: Span,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// It loses reports and says how many.
    Dropped {
        /// When, since the start.
        at: Span,
        /// How many.
        n: u64,
    },
    /// Its clock is set back; all later times are earlier by that much.
    TimeBack {
        /// When, since the start.
        at: Span,
        /// By how much.
        by: Span,
    },
}

const fn default_absurd() -> i8 {
    75
}

const fn half() -> f64 {
    0.5
}
