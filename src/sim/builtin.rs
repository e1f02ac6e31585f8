//! Scenarios that come with the program.

/// Name and TOML text of each.
pub const BUILTIN: [(&str, &str); 7] = [
    ("demo", include_str!("scenarios/demo.toml")),
    ("two-phones", include_str!("scenarios/two-phones.toml")),
    ("bench-1m", include_str!("scenarios/bench-1m.toml")),
    ("rotation-faults", include_str!("scenarios/rotation-faults.toml")),
    ("hostile", include_str!("scenarios/hostile.toml")),
    ("crowd", include_str!("scenarios/crowd.toml")),
    ("million", include_str!("scenarios/million.toml")),
];

/// The text of a scenario that comes with the program.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
