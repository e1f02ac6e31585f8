//! Scenarios: what is simulated, as TOML.

mod beside;
mod fault;
mod span;
#[cfg(test)]
mod tests;
mod validate;

use jiff::Timestamp;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::lab::advert::Hex;

pub use self::beside::{Companion, CompanionAddress, CompanionKind, Relay};
pub use self::fault::{Fault, Malformation, StationFault, Weakness};
pub use self::span::Span;

/// Why a scenario cannot be simulated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScenarioError {
    /// Not the TOML of a scenario; the message names line and column.
    #[error("{0}")]
    Form(String),
    /// A value is out of range, or does not fit another one.
    #[error("line {line}: {what}")]
    Value {
        /// Line of the item that holds the value, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
}

/// A scenario: receivers, broadcasters and the space between them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line for people.
    pub title: String,
    /// Chooses all random values; the same seed gives the same capture, byte for byte.
    pub seed: u64,
    /// When it begins, RFC 3339.
    pub start: Timestamp,
    /// How long it lasts, at most 31 days.
    pub duration: Span,
    /// How often the truth states where everybody is.
    #[serde(default = "default_truth_every")]
    pub truth_every: Span,
    /// The space between broadcasters and receivers.
    #[serde(default)]
    pub radio: Radio,
    /// Receivers, at least one.
    #[serde(rename = "station")]
    pub stations: Vec<Station>,
    /// Phones that broadcast exposure notifications.
    #[serde(default, rename = "phone")]
    pub phones: Vec<Phone>,
    /// Everything else that broadcasts.
    #[serde(default, rename = "bystander")]
    pub bystanders: Vec<Bystander>,
    /// Devices that send a phone's frames on.
    #[serde(default, rename = "relay")]
    pub relays: Vec<Relay>,
    /// Phones that come and go in numbers.
    #[serde(default, rename = "crowd")]
    pub crowds: Vec<Crowd>,
}

/// Path loss: `attenuation = intercept + 10 · exponent · log10(distance / 1 m)`, plus what varies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Radio {
    /// Attenuation at 1 m, in dB.
    pub intercept_db: f64,
    /// Path-loss exponent; 2 in free space.
    pub exponent: f64,
    /// Standard deviation of the slow part (shadowing), in dB.
    pub shadowing_db: f64,
    /// After which time shadowing has lost 1 - 1/e of its memory.
    pub shadowing_time: Span,
    /// Standard deviation from packet to packet (multipath over three channels), in dB.
    pub fading_db: f64,
}

impl Default for Radio {
    /// Two calibrated phones at 1 m in an anechoic room have 41 to 43 dB between them (published measurements of
    /// Pixel 4 phones); the spread is that of a quiet room.
    fn default() -> Self {
        Self {
            intercept_db: 42.0,
            exponent: 2.0,
            shadowing_db: 2.0,
            shadowing_time: Span::from_secs(5),
            fading_db: 2.0,
        }
    }
}

/// A receiver.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Its name in the capture.
    pub name: Spanned<String>,
    /// Phone or adapter model, may be empty.
    #[serde(default)]
    pub model: String,
    /// Where it stands, in metres.
    #[serde(default)]
    pub position: [f64; 2],
    /// What has to be added to its RSSI to read as an average iPhone would, in dB.
    #[serde(default)]
    pub rssi_correction_db: f64,
    /// When it listens.
    #[serde(default)]
    pub scan: Scan,
    /// Whether it asks scannable broadcasters for their scan response.
    #[serde(default)]
    pub active: bool,
    /// Standard deviation of its measurement, in dB.
    #[serde(default)]
    pub noise_db: f64,
    /// Its RSSI comes in steps of this many dB.
    #[serde(default = "one")]
    pub step_db: f64,
    /// It hears nothing below this level, in dBm.
    #[serde(default = "default_sensitivity")]
    pub sensitivity_dbm: f64,
    /// Android phones that it is bonded with: its controller holds their identity resolving keys and reports their identity
    /// addresses in the place of the resolvable ones that are on the air.
    #[serde(default)]
    pub bonded: Vec<String>,
    /// What goes wrong with it.
    #[serde(default, rename = "fault")]
    pub faults: Vec<StationFault>,
}

/// When a receiver listens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum Scan {
    /// Always.
    #[default]
    Continuous,
    /// In windows, as phones do: 4 s every 3 to 5 min.
    Windows {
        /// How long a window is.
        #[serde(default = "default_window")]
        window: Span,
        /// Shortest and longest time between the starts of two windows.
        #[serde(default = "default_every")]
        every: [Span; 2],
    },
}

/// Operating system of a phone: decides frame layout, PDU type and address kind.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Os {
    /// `ADV_SCAN_IND`, 28 bytes without Flags, resolvable private address.
    Android,
    /// `ADV_NONCONN_IND`, 31 bytes with Flags 0x1A, non-resolvable private address.
    Ios,
}

/// Where a broadcaster is and how it is heard.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Where it stands, in metres, when it does not walk.
    pub position: [f64; 2],
    /// Where it is at which time; straight lines between, at rest before the first and after the last.
    pub walk: Vec<Waypoint>,
    /// Loss through the bearer's body when it is wholly between phone and receiver, in dB; less when turned aside.
    pub body_db: f64,
    /// Which way the bearer looks while standing, as a direction; while walking it is the way walked.
    pub facing: Option<[f64; 2]>,
    /// Loss that is always there (pocket, bag), in dB.
    pub pocket_db: f64,
    /// Share of its packets that get lost whatever their level, 0 to 1.
    pub loss: f64,
    /// From when it broadcasts, since the start.
    pub from: Span,
    /// Until when; the end of the scenario if absent.
    pub until: Option<Span>,
    /// How far its clock runs fast, in parts per million; stretches its advertising interval.
    pub clock_ppm: f64,
    /// Write truth marks into the capture's events while it stands still.
    pub marks: bool,
}

/// A point of a walk.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waypoint {
    /// When, since the start.
    pub at: Span,
    /// Where, in metres.
    pub to: [f64; 2],
}

/// A phone that broadcasts exposure notifications.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// Its name in the truth.
    pub name: Spanned<String>,
    /// Operating system.
    pub os: Os,
    /// Model; of some the TX power is known.
    #[serde(default)]
    pub model: String,
    /// Radiated TX power as stated in the metadata, in dBm on the scale of an average iPhone; the model's if absent.
    pub tx_power_dbm: Option<f64>,
    /// Advertising interval in milliseconds, without the 0 to 10 ms that each is delayed at random; by default
    /// 250 on Android, 270 on iOS.
    pub interval_ms: Option<f64>,
    /// When it changes its identity for the first time, since it began to broadcast; at random if absent.
    pub first_rotation: Option<Span>,
    /// Shortest and longest time for which it is silent after each change of its identity; never if absent.
    pub pause_at_rotation: Option<[Span; 2]>,
    /// Its other beacons.
    #[serde(default, rename = "companion")]
    pub companions: Vec<Companion>,
    /// What it does wrong.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Fault>,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
}

/// What a bystander broadcasts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum BystanderKind {
    /// Headphones: connectable, name and Fast Pair data.
    Headphones,
    /// An `iBeacon`.
    Ibeacon,
    /// Apple's nearby information; resolvable address that changes every 15 min or so.
    AppleNearby,
    /// A Find My tag away from its owner; the address is part of a key.
    FindMy,
    /// Eddystone-UID.
    Eddystone,
    /// A television with its name.
    Tv,
    /// The bytes of `data`.
    Raw,
}

/// Kind of address of a bystander.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum FixedAddress {
    /// Public.
    Public,
    /// Random static.
    Static,
    /// Resolvable private, changing.
    Resolvable,
    /// Non-resolvable private, changing.
    Nonresolvable,
}

/// A broadcaster that has nothing to do with exposure notifications.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bystander {
    /// Its name in the truth.
    pub name: Spanned<String>,
    /// What it broadcasts.
    pub kind: BystanderKind,
    /// The name it advertises, may be hostile.
    #[serde(default)]
    pub advertised_name: String,
    /// Payload in hexadecimal, of the kind `raw`.
    #[serde(default)]
    pub data: HexBytes,
    /// Kind of its address; by default what its kind usually has.
    pub address: Option<FixedAddress>,
    /// Radiated power in dBm.
    #[serde(default = "default_bystander_power")]
    pub tx_power_dbm: f64,
    /// Advertising interval in milliseconds.
    #[serde(default = "default_bystander_interval")]
    pub interval_ms: f64,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
}

/// Phones that come and go: each walks straight through the area and is gone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crowd {
    /// Name; its phones are called `NAME-1`, `NAME-2`, …
    pub name: Spanned<String>,
    /// How many come at most.
    pub count: u64,
    /// How many are there at the start (counted in `count`).
    #[serde(default)]
    pub present: u64,
    /// How many come in a minute on average, at random times.
    pub arrivals_per_minute: f64,
    /// Shortest and longest stay.
    pub stay: [Span; 2],
    /// Corners of the area, in metres: x and y of one, x and y of the other.
    pub area: [f64; 4],
    /// Share of Android phones, 0 to 1.
    #[serde(default = "default_android_share")]
    pub android_share: f64,
    /// Body loss of each, in dB.
    #[serde(default)]
    pub body_db: f64,
    /// Share of packets lost whatever their level, 0 to 1.
    #[serde(default)]
    pub loss: f64,
    /// Advertising interval in milliseconds; 250 on Android, 270 on iOS if absent.
    pub interval_ms: Option<f64>,
}

/// Bytes written in hexadecimal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

impl std::fmt::Debug for HexBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HexBytes({})", Hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.as_bytes()
            .chunks(2)
            .map(|pair| {
                let digits = std::str::from_utf8(pair)
                    .ok()
                    .filter(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
                digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())
            })
            .collect::<Option<Vec<u8>>>()
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected pairs of hexadecimal digits, like \"02011a\""))
    }
}

impl Scenario {
    /// Longest text that is read, in bytes.
    pub const MAX_TEXT: usize = 1 << 20;

    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] when the text is no scenario or asks for something impossible or without bounds.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > Self::MAX_TEXT {
            return Err(ScenarioError::Form(format!(
                "a scenario has at most {} bytes, this text has {}",
                Self::MAX_TEXT,
                text.len()
            )));
        }
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Form(error.to_string()))?;
        validate::check(&scenario, text)?;
        Ok(scenario)
    }

    /// Replaces the duration.
    ///
    /// # Errors
    /// [`ScenarioError`] when it is longer than the 31 days a scenario may last, or nothing.
    pub fn set_duration(&mut self, duration: Span) -> Result<(), ScenarioError> {
        validate::duration(duration).map_err(|what| ScenarioError::Value { line: 1, what })?;
        self.duration = duration;
        Ok(())
    }
}

fn default_truth_every() -> Span {
    Span::from_secs(1)
}

fn default_window() -> Span {
    Span::from_secs(4)
}

fn default_every() -> [Span; 2] {
    [Span::from_secs(180), Span::from_secs(300)]
}

const fn one() -> f64 {
    1.0
}

const fn default_sensitivity() -> f64 {
    -100.0
}

const fn default_bystander_power() -> f64 {
    -20.0
}

const fn default_bystander_interval() -> f64 {
    200.0
}

const fn default_android_share() -> f64 {
    0.7
}
