//! Thresholds and the choice of rules, as TOML.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::rule::{RULES, RuleId};

/// By whose measure is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The letter of the specification.
    #[default]
    Spec,
    /// What real phones do: Android's resolvable addresses and scannable advertisements, iPhones' RPIs of some 27 min.
    Field,
}

impl Profile {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Field => "field",
        }
    }
}

/// Where rules begin to warn and to fail. Those without a source in the specification are proposals from measurements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// B2: minutes after which an address warns.
    pub address_lifetime_warn_min: f64,
    /// B2: minutes after which it fails.
    pub address_lifetime_fail_min: f64,
    /// B3: minutes after which an RPI warns.
    pub rpi_lifetime_warn_min: f64,
    /// B3: minutes after which it fails.
    pub rpi_lifetime_fail_min: f64,
    /// B3: a median life below so many minutes is haste.
    pub rpi_lifetime_short_min: f64,
    /// B3: lives that a phone must show for that.
    pub rpi_short_rotations: usize,
    /// B8: where the interval may lie, in milliseconds.
    pub interval_ms: [f64; 2],
    /// B8: intervals that must have been seen for a figure.
    pub interval_least: usize,
    /// B8: standard errors from the others beyond which an interval stands out.
    pub interval_sigma: f64,
    /// B8: milliseconds from the others below which it does not.
    pub interval_apart_ms: f64,
    /// B9: seconds within which an RPI must follow another.
    pub handover_s: f64,
    /// B9: decibels within which the two must lie.
    pub handover_db: f64,
    /// B9: share of hand-overs from which on it warns.
    pub handover_share: f64,
    /// B9: endings that must have been seen.
    pub handover_least: usize,
    /// B10: share of RPIs found again by level, beyond what chance gives, from which on it warns.
    pub level_share: f64,
    /// B11: minutes of silence after which an RPI must not come again.
    pub replay_gap_min: f64,
    /// B11: seconds for which an RPI may be under two addresses, or at two places.
    pub relay_overlap_s: f64,
    /// B13: largest step of a counter that goes on.
    pub counter_step: u16,
    /// B13, B14: seconds within which a counter or a token must go on.
    pub carry_over_s: f64,
    /// B14: seconds within which two addresses change together.
    pub sync_s: f64,
    /// B16: bits of information from which on a TX power warns.
    pub tx_power_bits: f64,
    /// B19: hours after which an address must not come again.
    pub address_reuse_h: f64,
    /// B19: addresses that are needed to judge their bits.
    pub addresses_for_bits: usize,
    /// Reports that an RPI under an address must have for rules over time.
    pub least_packets: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::of(Profile::Spec)
    }
}

impl Thresholds {
    /// Those of a profile.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        Self {
            address_lifetime_warn_min: match profile {
                Profile::Spec => 20.0,
                Profile::Field => 28.0,
            },
            address_lifetime_fail_min: 30.0,
            rpi_lifetime_warn_min: match profile {
                Profile::Spec => 20.0,
                Profile::Field => 28.0,
            },
            rpi_lifetime_fail_min: 30.0,
            rpi_lifetime_short_min: 5.0,
            rpi_short_rotations: 3,
            interval_ms: [200.0, 300.0],
            interval_least: 50,
            interval_sigma: 3.0,
            interval_apart_ms: 5.0,
            handover_s: 2.0,
            handover_db: 6.0,
            handover_share: 0.5,
            handover_least: 3,
            level_share: 0.2,
            replay_gap_min: 20.0,
            relay_overlap_s: 30.0,
            counter_step: 16,
            carry_over_s: 60.0,
            sync_s: 2.0,
            tx_power_bits: 4.0,
            address_reuse_h: 1.0,
            addresses_for_bits: 200,
            least_packets: 3,
        }
    }
}

/// What is judged, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// By whose measure.
    pub profile: Profile,
    /// The rules that are judged.
    pub rules: BTreeSet<RuleId>,
    /// Where they begin to warn and to fail.
    pub thresholds: Thresholds,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of(Profile::Spec)
    }
}

/// Why a text holds no settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// It is not the TOML of settings; the message names line and column.
    #[error("{0}")]
    Form(String),
    /// A value cannot be.
    #[error("{0}")]
    Value(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct File {
    profile: Option<Profile>,
    only: Vec<String>,
    skip: Vec<String>,
    thresholds: toml::Table,
}

impl Settings {
    /// All rules by this measure.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            rules: RULES.iter().map(|rule| rule.id).collect(),
            thresholds: Thresholds::of(profile),
        }
    }

    /// From TOML: `profile = "spec"` or `"field"`, `only` and `skip` as lists of rules, and a table `thresholds` with what
    /// differs from the profile's. A profile that is given here goes before the file's.
    ///
    /// # Errors
    /// [`SettingsError`], with the place.
    pub fn parse(text: &str, profile: Option<Profile>) -> Result<Self, SettingsError> {
        let form = |error: toml::de::Error| SettingsError::Form(error.to_string());
        let file: File = toml::from_str(text).map_err(form)?;
        let profile = profile.or(file.profile).unwrap_or_default();
        let mut settings = Self::of(profile);
        // What the file does not name is the profile's.
        let mut all =
            toml::Table::try_from(&settings.thresholds).map_err(|error| SettingsError::Form(error.to_string()))?;
        all.extend(file.thresholds);
        settings.thresholds = all.try_into().map_err(form)?;
        settings.thresholds.check()?;
        settings.choose(&file.only, &file.skip)?;
        Ok(settings)
    }

    /// Keeps the rules named by `only` (all where it is empty) that `skip` does not name.
    ///
    /// # Errors
    /// [`SettingsError::Value`] for a name of no rule.
    pub fn choose(&mut self, only: &[String], skip: &[String]) -> Result<(), SettingsError> {
        let parse = |names: &[String]| -> Result<BTreeSet<RuleId>, SettingsError> {
            names
                .iter()
                .map(|name| name.parse().map_err(SettingsError::Value))
                .collect()
        };
        let (only, skip) = (parse(only)?, parse(skip)?);
        self.rules
            .retain(|rule| (only.is_empty() || only.contains(rule)) && !skip.contains(rule));
        Ok(())
    }
}

impl Thresholds {
    fn check(&self) -> Result<(), SettingsError> {
        let positive = [
            ("address_lifetime_warn_min", self.address_lifetime_warn_min),
            ("address_lifetime_fail_min", self.address_lifetime_fail_min),
            ("rpi_lifetime_warn_min", self.rpi_lifetime_warn_min),
            ("rpi_lifetime_fail_min", self.rpi_lifetime_fail_min),
            ("rpi_lifetime_short_min", self.rpi_lifetime_short_min),
            ("interval_ms", self.interval_ms[0]),
            ("interval_ms", self.interval_ms[1]),
            ("interval_sigma", self.interval_sigma),
            ("interval_apart_ms", self.interval_apart_ms),
            ("handover_s", self.handover_s),
            ("handover_db", self.handover_db),
            ("handover_share", self.handover_share),
            ("level_share", self.level_share),
            ("replay_gap_min", self.replay_gap_min),
            ("relay_overlap_s", self.relay_overlap_s),
            ("carry_over_s", self.carry_over_s),
            ("sync_s", self.sync_s),
            ("tx_power_bits", self.tx_power_bits),
            ("address_reuse_h", self.address_reuse_h),
        ];
        let shares = [
            ("handover_share", self.handover_share),
            ("level_share", self.level_share),
        ];
        if let Some((name, value)) = shares.iter().find(|(_, value)| *value > 1.0) {
            return Err(SettingsError::Value(format!(
                "thresholds.{name} = {value}: must be a share from 0 to 1"
            )));
        }
        match positive.iter().find(|(_, value)| !value.is_finite() || *value < 0.0) {
            Some((name, value)) => Err(SettingsError::Value(format!(
                "thresholds.{name} = {value}: must be a number from 0 up"
            ))),
            None if self.address_lifetime_warn_min > self.address_lifetime_fail_min
                || self.rpi_lifetime_warn_min > self.rpi_lifetime_fail_min =>
            {
                Err(SettingsError::Value(
                    "thresholds of lifetimes: what warns must not be later than what fails".into(),
                ))
            }
            None if self.interval_ms[0] > self.interval_ms[1] => Err(SettingsError::Value(
                "thresholds.interval_ms: the first must not be larger than the second".into(),
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names_and_leaves_the_profile_otherwise() {
        let text = "profile = 'field'\nskip = ['B15', 'presence']\n[thresholds]\nhandover_s = 5\n";
        let settings = Settings::parse(text, None).unwrap();
        assert_eq!(settings.profile, Profile::Field);
        assert!(!settings.rules.contains(&RuleId::B15) && !settings.rules.contains(&RuleId::B18));
        assert_eq!((settings.rules.len(), settings.thresholds.handover_s), (18, 5.0));
        assert!((settings.thresholds.rpi_lifetime_warn_min - 28.0).abs() < 1e-9);
        let spec = Settings::parse(text, Some(Profile::Spec)).unwrap();
        assert!((spec.thresholds.rpi_lifetime_warn_min - 20.0).abs() < 1e-9);
        let only = Settings::parse("only = ['b1', 'B2']", None).unwrap();
        assert_eq!(only.rules.into_iter().collect::<Vec<_>>(), [RuleId::B1, RuleId::B2]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_name() {
        for (text, part) in [
            ("profile = 'x'", "profile"),
            ("only = ['B99']", "B99"),
            ("[thresholds]\nhandover = 1", "handover"),
            ("[thresholds]\nhandover_s = -1", "handover_s"),
            ("[thresholds]\nhandover_s = nan", "handover_s"),
            ("[thresholds]\nlevel_share = 5", "level_share"),
            ("[thresholds]\ninterval_ms = [300, 200]", "interval_ms"),
            ("x = 1", "x"),
        ] {
            let error = Settings::parse(text, None).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
