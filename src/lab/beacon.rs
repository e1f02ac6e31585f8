//! Which family of broadcaster a payload belongs to.
//!
//! The sign of a family is an identifier that was assigned or made for it: a service UUID, a company identifier with
//! what follows it, an Apple message type. When a payload shows several, the family that stands first in [`Family`]
//! wins: exposure notification, then other contact tracing, Apple's messages (an iBeacon and Find My first, Nearby
//! Info last, because phones append it to others), services, companies, a mere name. Not told apart, because nothing on
//! the air tells: Huawei Contact Shield and the Bluetooth SIG's draft Wearable Exposure Notification Service send the
//! same 0xFD6F frame as phones.

pub(crate) mod apple;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::ad::{self, AdStructure, ty};
use super::advert::{Advertisement, UnknownWord, find_word};
use super::assigned::{company, service, service128};
use super::gaen;

macro_rules! families {
    ($($(#[$attribute:meta])? $family:ident, $word:literal, $group:ident, $line:literal;)*) => {
        /// A family of broadcasters, recognised from one payload; in order of priority.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[expect(clippy::doc_markdown, reason = "the lines are also shown to people")]
        pub enum Family {
            $(#[doc = $line] $(#[$attribute])? $family,)*
        }

        impl Family {
            /// All families, in order of priority.
            pub const ALL: &[Self] = &[$(Self::$family,)*];

            /// The word used in captures, filters and reports.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$family => $word,)*
                }
            }

            /// What sort of broadcaster it is.
            #[must_use]
            pub const fn group(self) -> Group {
                match self {
                    $(Self::$family => Group::$group,)*
                }
            }

            /// What it is, in one line for a person.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Self::$family => $line,)*
                }
            }
        }
    };
}

families! {
    GaenAndroid, "gaen-android", Gaen, "Exposure notification in Android's layout";
    GaenIos, "gaen-ios", Gaen, "Exposure notification in iOS's layout";
    GaenOther, "gaen-other", Gaen, "Exposure notification in a layout of neither system";
    GaenBroken, "gaen-broken", Gaen, "Exposure-notification service without a whole identifier";
    Dp3t, "dp3t", ContactTracing, "DP-3T before exposure notification: 16-byte EphID";
    Robert, "robert", ContactTracing, "ROBERT: StopCovid, TousAntiCovid (France)";
    BlueTrace, "bluetrace", ContactTracing, "BlueTrace: TraceTogether, COVIDSafe and others; identifiers over GATT";
    Tcn, "tcn", ContactTracing, "TCN: Covid Watch, CoEpi";
    C19x, "c19x", ContactTracing, "C19X (United Kingdom, research)";
    Herald, "herald", ContactTracing, "Herald; identifiers over GATT";
    Sonar, "sonar", ContactTracing, "NHSX Sonar, the first NHS application (beta)";
    Covid19Radar, "covid19radar", ContactTracing, "Covid19Radar before exposure notification (Japan)";
    IBeacon, "ibeacon", Beacon, "iBeacon: fixed identifier, major, minor and power at 1 m";
    FindMy, "apple-find-my", Tracker, "Apple Find My: a lost device or AirTag broadcasting its public key";
    AppleAirPrint, "apple-airprint", Apple, "Apple AirPrint printer with its network address";
    AppleAirDrop, "apple-airdrop", Apple, "Apple AirDrop opened, with hash prefixes of the owner's contacts";
    AppleHomeKit, "apple-homekit", Apple, "Apple HomeKit accessory with its fixed identifier";
    AppleProximityPairing, "apple-proximity-pairing", Apple, "AirPods or Beats: model, battery, lid counter";
    AppleHeySiri, "apple-hey-siri", Apple, "Apple device that heard \"Hey Siri\"";
    AppleAirPlayTarget, "apple-airplay-target", Apple, "Apple AirPlay receiver with its network address";
    AppleAirPlaySource, "apple-airplay-source", Apple, "Apple device looking for AirPlay receivers";
    AppleMagicSwitch, "apple-magic-switch", Apple, "Apple Watch that has lost its phone";
    AppleHandoff, "apple-handoff", Apple, "Apple Handoff: encrypted activity with a counter";
    AppleTetheringTarget, "apple-tethering-target", Apple, "Apple device looking for a hotspot";
    AppleTetheringSource, "apple-tethering-source", Apple, "Apple hotspot: battery and cell service";
    AppleNearbyAction, "apple-nearby-action", Apple, "Apple Nearby Action: setting up, sharing Wi-Fi, answering a call";
    AppleNearbyInfo, "apple-nearby-info", Apple, "Apple Nearby Info: what the owner is doing with the device";
    AppleBackground, "apple-background", Apple, "iOS application advertising in the background: services as hash bits";
    AppleOther, "apple", Apple, "Apple manufacturer data of another type";
    EddystoneUid, "eddystone-uid", Beacon, "Eddystone-UID: namespace and instance";
    EddystoneUrl, "eddystone-url", Beacon, "Eddystone-URL: a web address";
    EddystoneTlm, "eddystone-tlm", Beacon, "Eddystone-TLM: battery, temperature, counters";
    EddystoneEid, "eddystone-eid", Beacon, "Eddystone-EID: rotating identifier";
    EddystoneOther, "eddystone", Beacon, "Eddystone without a known frame";
    Tile, "tile", Tracker, "Tile tracker";
    SmartTag, "smarttag", Tracker, "Samsung SmartTag tracker";
    FastPair, "fast-pair", Other, "Google Fast Pair accessory";
    GoogleNearby, "google-nearby", Other, "Android phone or accessory with Google Nearby";
    Xiaomi, "xiaomi", Other, "Xiaomi device";
    Logitech, "logitech", Other, "Logitech device";
    SwiftPair, "microsoft-swift-pair", Other, "Accessory offering Microsoft Swift Pair";
    MicrosoftCdp, "microsoft-cdp", Other, "Windows device announcing itself (Connected Devices Platform)";
    Microsoft, "microsoft", Other, "Microsoft manufacturer data of another type";
    Samsung, "samsung", Other, "Samsung device";
    Sony, "sony", Other, "Sony device";
    Garmin, "garmin", Other, "Garmin device";
    Google, "google", Other, "Google device";
    Named, "named", Other, "Device of no known family that tells its name";
    #[default]
    Unknown, "unknown", Unknown, "Nothing known";
}

impl Family {
    /// Whether it carries an exposure-notification identifier ([`Family::GaenBroken`] does not).
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

impl FromStr for Family {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, Self::ALL, Family::word)
    }
}

/// What sort of broadcaster a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Exposure notification (Google and Apple).
    Gaen,
    /// Other contact-tracing protocols.
    ContactTracing,
    /// Apple devices talking among themselves.
    Apple,
    /// Fixed beacons.
    Beacon,
    /// Trackers of things.
    Tracker,
    /// Other known devices.
    Other,
    /// Nothing known.
    Unknown,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 7] = [
        Self::Gaen,
        Self::ContactTracing,
        Self::Apple,
        Self::Beacon,
        Self::Tracker,
        Self::Other,
        Self::Unknown,
    ];

    /// The word used in filters and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gaen => "gaen",
            Self::ContactTracing => "contact-tracing",
            Self::Apple => "apple",
            Self::Beacon => "beacon",
            Self::Tracker => "tracker",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl FromStr for Group {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, &Self::ALL, Group::word)
    }
}

/// The family of a payload.
///
/// ```
/// use vicino::lab::beacon::{Family, classify};
/// let fast_pair = [0x03, 0x02, 0x2c, 0xfe, 0x06, 0x16, 0x2c, 0xfe, 0x00, 0xb7, 0x27];
/// assert_eq!(classify(&fast_pair), Family::FastPair);
/// ```
#[must_use]
pub fn classify(payload: &[u8]) -> Family {
    match gaen::decode(payload).map(|frame| frame.layout) {
        Some(gaen::Layout::Android) => Family::GaenAndroid,
        Some(gaen::Layout::Ios) => Family::GaenIos,
        Some(gaen::Layout::Other) => Family::GaenOther,
        None => ad::structures(payload).map(sign).min().unwrap_or_default(),
    }
}

/// The family of a broadcaster. Which system laid an exposure-notification frame out so cannot be told from fields that
/// a host's interface put together again.
#[must_use]
pub fn family(advert: &Advertisement) -> Family {
    match classify(&advert.data) {
        family if family.is_gaen() && !advert.details.form.is_raw() => Family::GaenOther,
        family => family,
    }
}

/// What one structure alone says.
fn sign(structure: AdStructure<'_>) -> Family {
    let data = structure.data;
    match structure.ty {
        ty::UUID16_INCOMPLETE | ty::UUID16_COMPLETE => {
            let (uuids, _) = data.as_chunks();
            first_of(uuids, |uuid| by_service(u16::from_le_bytes(*uuid), &[]))
        }
        ty::SERVICE_DATA_16 => match data.split_first_chunk() {
            Some((uuid, rest)) => by_service(u16::from_le_bytes(*uuid), rest),
            None => Family::Unknown,
        },
        ty::UUID128_INCOMPLETE | ty::UUID128_COMPLETE => {
            let (uuids, _) = data.as_chunks();
            first_of(uuids, |uuid| by_long_service(u128::from_le_bytes(*uuid)))
        }
        ty::SERVICE_DATA_128 => match data.first_chunk() {
            Some(uuid) => by_long_service(u128::from_le_bytes(*uuid)),
            None => Family::Unknown,
        },
        ty::MANUFACTURER => match data.split_first_chunk() {
            Some((identifier, rest)) => by_company(u16::from_le_bytes(*identifier), rest),
            None => Family::Unknown,
        },
        ty::NAME_SHORT | ty::NAME_COMPLETE if !data.is_empty() => Family::Named,
        _ => Family::Unknown,
    }
}

fn first_of<T>(values: &[T], family: impl Fn(&T) -> Family) -> Family {
    values.iter().map(family).min().unwrap_or_default()
}

fn by_service(uuid: u16, data: &[u8]) -> Family {
    match (uuid, data) {
        (service::EXPOSURE_NOTIFICATION, _) => Family::GaenBroken,
        (service::DP3T, _) => Family::Dp3t,
        (service::ROBERT, _) => Family::Robert,
        (service::TCN, _) => Family::Tcn,
        (service::EDDYSTONE, [0x00, ..]) => Family::EddystoneUid,
        (service::EDDYSTONE, [0x10, ..]) => Family::EddystoneUrl,
        (service::EDDYSTONE, [0x20, ..]) => Family::EddystoneTlm,
        (service::EDDYSTONE, [0x30, ..]) => Family::EddystoneEid,
        (service::EDDYSTONE, _) => Family::EddystoneOther,
        (service::TILE | service::TILE_2 | service::TILE_3, _) => Family::Tile,
        (service::SMART_TAG, _) => Family::SmartTag,
        (service::FAST_PAIR, _) => Family::FastPair,
        (service::GOOGLE_NEARBY, _) => Family::GoogleNearby,
        (service::GOOGLE, _) => Family::Google,
        (service::XIAOMI, _) => Family::Xiaomi,
        (service::LOGITECH, _) => Family::Logitech,
        _ => Family::Unknown,
    }
}

fn by_long_service(uuid: u128) -> Family {
    match uuid {
        service128::BLUETRACE | service128::BLUETRACE_STAGING => Family::BlueTrace,
        service128::TCN => Family::Tcn,
        service128::C19X => Family::C19x,
        service128::HERALD => Family::Herald,
        service128::SONAR => Family::Sonar,
        service128::COVID19RADAR | service128::COVID19RADAR_EXAMPLE => Family::Covid19Radar,
        _ => Family::Unknown,
    }
}

fn by_company(identifier: u16, data: &[u8]) -> Family {
    match (identifier, data) {
        (company::APPLE, _) => apple::messages(data)
            .map(|message| message.family())
            .min()
            .unwrap_or(Family::AppleOther),
        // Withings' own devices send addresses and more; the applications three random characters.
        (company::WITHINGS, [a, b, c]) if [a, b, c].iter().all(|byte| byte.is_ascii_graphic()) => Family::BlueTrace,
        (company::HERALD, _) => Family::Herald,
        (company::MICROSOFT, [0x03, ..]) => Family::SwiftPair,
        (company::MICROSOFT, [0x01, ..]) => Family::MicrosoftCdp,
        (company::MICROSOFT, _) => Family::Microsoft,
        (company::SAMSUNG, _) => Family::Samsung,
        (company::SONY, _) => Family::Sony,
        (company::GARMIN, _) => Family::Garmin,
        (company::GOOGLE, _) => Family::Google,
        _ => Family::Unknown,
    }
}

#[cfg(test)]
mod tests;
