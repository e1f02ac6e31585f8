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
    /// Changes after 1 to 3 min, taking the identifiers of coming intervals before their time.
    HastyRotation,
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
    /// Changes the encrypted metadata once in the life of every identifier, as somebody would who tampers with them.
    ChangingAem,
    /// Its metadata are not as specified.
    OddMetadata {
        /// Major version; the specification knows 1.
        #[serde(default = "version")]
        major: u8,
        /// The third byte, which is reserved.
        #[serde(default)]
        reserved: u8,
    },
    /// Its identifiers can be recognised or guessed.
    WeakRpi {
        /// In which way.
        how: Weakness,
    },
    /// Its generator of addresses knows only a few, which come again in turn.
    FewAddresses {
        /// How many.
        count: u32,
    },
    /// All its addresses begin with the same three bytes.
    SharedPrefix,
    /// Answers scan requests with a name that is not in its frames; Android only, as an iPhone cannot be asked.
    ScanResponse {
        /// The name.
        name: String,
    },
    /// Sends a value that all such phones share for a moment at every rotation, before and after the change of its address,
    /// as Google's phones do since September 2020.
    FixedAtRotation {
        /// For how long in all.
        #[serde(default = "moment")]
        lasts: Span,
    },
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

/// Ways of an identifier that is not random.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Weakness {
    /// It follows from a key of zeros.
    ZeroKey,
    /// It is printable text.
    Text,
    /// Its second half repeats the first.
    EqualHalves,
    /// All its identifiers have the same first half.
    SharedHalf,
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

const fn version() -> u8 {
    1
}

fn moment() -> Span {
    Span::from_secs(3)
}

const fn half() -> f64 {
    0.5
}
