//! Phones whose TX power is published, so that a scenario need not state it.
//!
//! Source: Google's calibration table of 2020-12-14 (developers.google.com/android/exposure-notifications, CC-BY-4.0);
//! iPhones as read by DP-3T (DP-3T/bt-measurements).

/// The edition of Google's list that the figures are of; simulated receivers are said to use it.
pub(super) const EDITION: &str = "2020-12-14";

/// Model, TX power in dBm on the scale of an average iPhone.
pub(super) const ANDROID: [(&str, f64); 6] = [
    ("Pixel 4", -30.0),
    ("Pixel 3a", -29.0),
    ("SM-G973F", -29.0),
    ("SM-A515F", -28.0),
    ("SM-A405FN", -23.0),
    ("OnePlus 6", -29.0),
];

/// As [`ANDROID`].
pub(super) const IOS: [(&str, f64); 4] = [
    ("iPhone 7", 3.0),
    ("iPhone XR", 0.0),
    ("iPhone 11", 1.0),
    ("iPhone 11 Pro", 3.0),
];

/// The TX power of a model, if it is known.
pub(super) fn tx_power(model: &str) -> Option<f64> {
    ANDROID
        .iter()
        .chain(&IOS)
        .find(|(name, _)| *name == model)
        .map(|(_, power)| *power)
}
