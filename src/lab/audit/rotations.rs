//! When phones change their identifiers and addresses, by their own logs: the truth beside which what was heard stands.

use std::collections::BTreeMap;

use serde::Serialize;

use super::case::Case;
use crate::lab::address::Address;
use crate::lab::advert::StationId;
use crate::lab::gaen::Rpi;
use crate::lab::time::{Micros, UnixMicros};

/// A longer time between two identifiers means that exposure notifications were off in between.
const OFF: Micros = Micros::from_secs(60 * 60);
/// The rotations of one phone or of all phones of a model, by their own logs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rotations {
    /// Model; empty where unknown.
    pub model: String,
    /// Phones, by the names of their stations.
    pub phones: Vec<String>,
    /// Identifiers whose whole life is in the logs.
    pub lives: usize,
    /// Median of these lives, in minutes.
    pub median_min: f64,
    /// Shortest and longest, in minutes.
    pub range_min: [f64; 2],
    /// Share of changes of the identifier over which no address was kept, of those where both identifiers were heard by
    /// others; `None` where none was.
    pub with_address: Option<f64>,
}

/// The rotations of each model.
#[must_use]
pub fn by_model(case: &Case<'_>) -> Vec<Rotations> {
    let evidence = case.evidence;
    let addresses: BTreeMap<Rpi, &[Address]> = case
        .identifiers
        .iter()
        .filter(|identifier| !identifier.addresses.is_empty())
        .map(|identifier| (identifier.rpi, identifier.addresses.as_slice()))
        .collect();
    let mut of_station: BTreeMap<StationId, Vec<(UnixMicros, Rpi)>> = BTreeMap::new();
    for own in &evidence.own.rpis {
        of_station.entry(own.station).or_default().push((own.from, own.rpi));
    }
    let mut models: BTreeMap<&str, (Rotations, Vec<f64>, [usize; 2])> = BTreeMap::new();
    for (station, starts) in &of_station {
        let info = &evidence.station(*station).info;
        let (rotations, lives, together) = models.entry(&info.model).or_default();
        rotations.model.clone_from(&info.model);
        rotations.phones.push(info.name.clone());
        for two in starts.windows(2) {
            let life = two[1].0.since(two[0].0);
            if life > OFF || life.0 <= 0 {
                continue;
            }
            lives.push(life.as_secs_f64() / 60.0);
            if let (Some(before), Some(after)) = (addresses.get(&two[0].1), addresses.get(&two[1].1)) {
                together[0] += usize::from(!before.iter().any(|address| after.contains(address)));
                together[1] += 1;
            }
        }
    }
    models
        .into_values()
        .filter(|(_, lives, _)| !lives.is_empty())
        .map(|(mut rotations, mut lives, [with, of])| {
            lives.sort_by(f64::total_cmp);
            rotations.lives = lives.len();
            rotations.median_min = lives[lives.len() / 2];
            rotations.range_min = [lives[0], lives[lives.len() - 1]];
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let share = (of > 0).then(|| with as f64 / of as f64);
            rotations.with_address = share;
            rotations
        })
        .collect()
}
