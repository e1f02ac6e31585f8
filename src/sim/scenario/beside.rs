//! What broadcasts beside a phone: its other beacons, and devices that send its frames on.

use serde::Deserialize;
use toml::Spanned;

use super::{Place, Span};

/// Another beacon of a phone, sent from where the phone is and with its power.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// What it broadcasts.
    pub sends: CompanionKind,
    /// Under which address.
    #[serde(default)]
    pub address: CompanionAddress,
    /// Whether the counter or the authentication tag goes on over a change of address: then it links the two.
    #[serde(default)]
    pub carries_over: bool,
    /// The name, of the kind `name`; may be hostile.
    #[serde(default)]
    pub advertised_name: String,
    /// Advertising interval in milliseconds.
    #[serde(default = "default_interval")]
    pub interval_ms: f64,
}

/// What a companion broadcasts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CompanionKind {
    /// A name, connectable.
    Name,
    /// An `iBeacon`.
    Ibeacon,
    /// Apple's Handoff with its counter, which counts every 30 s and at a change of address.
    Handoff,
    /// Apple's Nearby Info with its authentication tag.
    NearbyInfo,
}

/// Under which address a companion broadcasts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CompanionAddress {
    /// The address of the exposure notifications.
    Same,
    /// One of its own that changes in the moments in which the identifier changes.
    WithRpi,
    /// One of its own that changes at times of its own: every 10 to 20 min.
    #[default]
    OwnTimes,
}

/// A device that hears a phone and sends its frames on. Its receiver stands beside the phone and misses nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its name in the truth.
    pub name: Spanned<String>,
    /// Name of the phone.
    pub hears: String,
    /// How much later it sends: nothing for a relay, minutes for a replay.
    #[serde(default)]
    pub after: Span,
    /// Whether it copies the address too; otherwise it has one of its own for each identifier.
    #[serde(default)]
    pub same_address: bool,
    /// Radiated power in dBm.
    #[serde(default = "default_power")]
    pub tx_power_dbm: f64,
    /// Advertising interval in milliseconds, without the random delay.
    #[serde(default = "default_relay_interval")]
    pub interval_ms: f64,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
}

const fn default_interval() -> f64 {
    300.0
}

const fn default_relay_interval() -> f64 {
    250.0
}

const fn default_power() -> f64 {
    -20.0
}
