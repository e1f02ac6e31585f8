//! Which reports count for a key: those of the right time and of a TX power that a phone can have.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Failure;
use super::captures::{Heard, Report, Reports};
use super::{Found, MatchArgs, Place};
use crate::keys::{Pool, Pooled};
use crate::lab::crypto::BroadcastKeys;
use crate::lab::gaen::Rpi;
use crate::lab::matching::{Hit, is_in_time};
use crate::lab::sightings::keyed::{REPLAY_SECONDS, TX_POWER_DBM, enin};
use crate::lab::time::Enin;

/// Looks at each report of what was hit and keeps what counts: an index knows of a span, not of each sighting.
///
/// # Errors
/// As [`Heard::gather`].
pub(super) fn confirm<'a>(
    args: &MatchArgs,
    pool: &'a Pool,
    hits: &[Hit],
    heard: &Heard,
) -> Result<Vec<Found<'a>>, Failure> {
    let mut wanted: BTreeMap<usize, BTreeSet<Rpi>> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for hit in hits {
        let pooled = &pool.keys[hit.key];
        let rpi = BroadcastKeys::derive(&pooled.key.tek).rpi(hit.enin);
        let place = heard.places[hit.seen];
        wanted.entry(place.capture).or_default().insert(rpi);
        all.insert((place, hit.key, hit.enin, rpi));
    }
    let mut gathered = Reports::default();
    for (capture, rpis) in &wanted {
        heard.gather(args, *capture, rpis, &mut gathered)?;
    }
    let calibration = args.calibration.calibration();
    let mut found = Vec::new();
    for (place, key, enin, rpi) in all {
        let receiver = gathered.receivers.get(&place).cloned().unwrap_or_default();
        let Some(reports) = gathered.reports.get(&(place, rpi)) else {
            continue;
        };
        let Some(first) = reports.iter().map(|report| report.at).min() else {
            continue;
        };
        let table = calibration.table(Some(&receiver), first);
        let model = calibration.model_of(&receiver.name).unwrap_or(&receiver.model);
        let correction_db = i32::from(table.receiver(model).rssi_correction_db);
        let counted = count(&pool.keys[key], enin, rpi, reports, correction_db);
        found.extend(counted.map(|found| Found {
            place,
            receiver: receiver.name.clone(),
            edition: table.edition.clone(),
            ..found
        }));
    }
    Ok(found)
}

/// What of the reports counts for the key; `None` where nothing does.
fn count<'a>(pooled: &'a Pooled, of: Enin, rpi: Rpi, reports: &[Report], correction_db: i32) -> Option<Found<'a>> {
    let derived = BroadcastKeys::derive(&pooled.key.tek);
    let in_time = |report: &&Report| enin(report.at).is_some_and(|seen| is_in_time(of, seen));
    let start = reports.iter().filter(in_time).map(|report| report.at).min()?;
    let counted = reports
        .iter()
        .filter(in_time)
        .filter(|report| report.at.whole_seconds() - start.whole_seconds() <= REPLAY_SECONDS);
    let told = |report: &Report| report.aem.map(|aem| derived.open(rpi, aem).tx_power().0);
    let counted = counted.filter(|report| told(report).is_none_or(|tx| TX_POWER_DBM.contains(&tx)));
    let counted: Vec<&Report> = counted.collect();
    let attenuation = |report: &&Report| {
        let (tx, rssi) = (told(report)?, report.rssi?);
        Some((i32::from(tx) - (i32::from(rssi) + correction_db)).max(0))
    };
    let mut attenuations: Vec<i32> = counted.iter().filter_map(attenuation).collect();
    attenuations.sort_unstable();
    let least = attenuations.first().copied();
    let middle = attenuations.get(attenuations.len() / 2).copied();
    Some(Found {
        place: Place { capture: 0, station: 0 },
        receiver: String::new(),
        pooled,
        enin: of,
        rpi,
        first: counted.iter().map(|report| report.at).min()?,
        last: counted.iter().map(|report| report.at).max()?,
        sightings: counted.len(),
        tx_power_dbm: counted.iter().find_map(|report| told(report)),
        attenuation_db: least.zip(middle),
        edition: String::new(),
    })
}
