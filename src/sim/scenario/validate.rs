//! Checks that a scenario can be simulated in bounded time and memory.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use toml::Spanned;

use super::{
    Bystander, Crowd, Fault, Os, Phone, Place, Radio, Relay, Scan, Scenario, ScenarioError, Span, Station, StationFault,
};
use crate::sim::models;

const MAX_STATIONS: usize = 64;
const MAX_BROADCASTERS: usize = 10_000;
const MAX_CROWDS: usize = 16;
const MAX_WAYPOINTS: usize = 10_000;
const MAX_ARRIVALS: u64 = 100_000_000;
/// Broadcasters of all crowds that may be there at the same time on average.
const MAX_CONCURRENT: f64 = 200_000.0;
const MAX_BURST: u64 = 10_000_000;
const MAX_FAULTS: usize = 64;
const MAX_COMPANIONS: usize = 16;
const MAX_FEW: u64 = 10_000;
const DAY: i64 = 86_400_000_000;

type Check = Result<(), String>;

pub(super) fn check(scenario: &Scenario, text: &str) -> Result<(), ScenarioError> {
    let at = |offset: usize| {
        move |what| ScenarioError::Value {
            line: 1 + text
                .as_bytes()
                .iter()
                .take(offset)
                .filter(|byte| **byte == b'\n')
                .count(),
            what,
        }
    };
    whole(scenario).map_err(at(0))?;
    let mut names = BTreeSet::new();
    for station in &scenario.stations {
        name(&station.name, "station", &mut names)
            .and_then(|()| self::station(station))
            .and_then(|()| bonds(scenario, station))
            .map_err(at(station.name.span().start))?;
    }
    let mut names = BTreeSet::new();
    for phone in &scenario.phones {
        name(&phone.name, "phone", &mut names)
            .and_then(|()| self::phone(phone))
            .map_err(at(phone.name.span().start))?;
    }
    for bystander in &scenario.bystanders {
        name(&bystander.name, "bystander", &mut names)
            .and_then(|()| self::bystander(bystander))
            .map_err(at(bystander.name.span().start))?;
    }
    for relay in &scenario.relays {
        name(&relay.name, "relay", &mut names)
            .and_then(|()| self::relay(scenario, relay))
            .map_err(at(relay.name.span().start))?;
    }
    for crowd in &scenario.crowds {
        name(&crowd.name, "crowd", &mut names)
            .and_then(|()| self::crowd(crowd))
            .map_err(at(crowd.name.span().start))?;
    }
    Ok(())
}

pub(super) fn duration(duration: Span) -> Check {
    span("duration", duration, 1..=31 * DAY)
}

fn whole(scenario: &Scenario) -> Check {
    duration(scenario.duration)?;
    span("truth_every", scenario.truth_every, 100_000..=DAY)?;
    // The first identifier may have begun an hour before, the last interval must be a u32.
    let start = scenario.start.as_second();
    if !(86_400..=32_503_680_000).contains(&start) {
        return Err(format!(
            "start {} is not between 1970-01-02 and the year 3000",
            scenario.start
        ));
    }
    let Radio {
        intercept_db,
        exponent,
        shadowing_db,
        shadowing_time,
        fading_db,
    } = scenario.radio;
    number("radio.intercept_db", intercept_db, 0.0..=150.0)?;
    number("radio.exponent", exponent, 0.0..=10.0)?;
    number("radio.shadowing_db", shadowing_db, 0.0..=40.0)?;
    number("radio.fading_db", fading_db, 0.0..=40.0)?;
    span("radio.shadowing_time", shadowing_time, 1_000..=DAY)?;
    if scenario.stations.is_empty() {
        return Err("a scenario needs at least one [[station]]".to_owned());
    }
    count("stations", scenario.stations.len(), MAX_STATIONS)?;
    let companions: usize = scenario.phones.iter().map(|phone| phone.companions.len()).sum();
    let broadcasters = scenario.phones.len() + companions + scenario.bystanders.len() + scenario.relays.len();
    count(
        "phones, companions, relays and bystanders",
        broadcasters,
        MAX_BROADCASTERS,
    )?;
    count("crowds", scenario.crowds.len(), MAX_CROWDS)
}

fn name<'a>(name: &'a Spanned<String>, what: &str, taken: &mut BTreeSet<&'a str>) -> Check {
    let name = name.as_ref().as_str();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || " ._-".contains(letter);
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err(format!(
            "{what} name {name:?} is not 1 to 64 letters, digits, spaces, dots, dashes and underscores"
        ));
    }
    if taken.insert(name) {
        Ok(())
    } else {
        Err(format!("the name {name:?} is given twice; give each its own"))
    }
}

fn station(station: &Station) -> Check {
    position("position", station.position)?;
    text("model", &station.model)?;
    number("rssi_correction_db", station.rssi_correction_db, -60.0..=60.0)?;
    number("noise_db", station.noise_db, 0.0..=40.0)?;
    number("step_db", station.step_db, 1.0..=20.0)?;
    number("sensitivity_dbm", station.sensitivity_dbm, -127.0..=20.0)?;
    if let Scan::Windows {
        window,
        every: [shortest, longest],
    } = station.scan
    {
        span("scan.window", window, 10_000..=DAY)?;
        span("scan.every", shortest, window.micros() + 1..=DAY)?;
        span("scan.every", longest, shortest.micros()..=DAY)?;
    }
    count("faults", station.faults.len(), MAX_FAULTS)?;
    station.faults.iter().try_for_each(|fault| match fault {
        StationFault::Gap { at, lasts, reason } => {
            span("fault.at", *at, 0..=31 * DAY)?;
            span("fault.lasts", *lasts, 1..=31 * DAY)?;
            text("fault.reason", reason)
        }
        StationFault::Dropped { at, .. } => span("fault.at", *at, 0..=31 * DAY),
        StationFault::TimeBack { at, by } => {
            span("fault.at", *at, 0..=31 * DAY)?;
            span("fault.by", *by, 0..=366 * DAY)
        }
    })
}

fn phone(phone: &Phone) -> Check {
    place(&phone.place)?;
    text("model", &phone.model)?;
    match phone.tx_power_dbm.or_else(|| models::tx_power(&phone.model)) {
        Some(power) => number("tx_power_dbm", power, -127.0..=20.0)?,
        None => {
            return Err(format!(
                "the TX power of {:?} is not known; give tx_power_dbm",
                phone.model
            ));
        }
    }
    phone.interval_ms.map_or(Ok(()), interval)?;
    if let Some(first) = phone.first_rotation {
        span("first_rotation", first, 1..=20 * 60_000_000)?;
    }
    if let Some([shortest, longest]) = phone.pause_at_rotation {
        span("pause_at_rotation", shortest, 0..=DAY)?;
        span("pause_at_rotation", longest, shortest.micros()..=DAY)?;
    }
    count("companions", phone.companions.len(), MAX_COMPANIONS)?;
    for companion in &phone.companions {
        interval(companion.interval_ms)?;
        text("companion.advertised_name", &companion.advertised_name)?;
    }
    count("faults", phone.faults.len(), MAX_FAULTS)?;
    phone.faults.iter().try_for_each(|fault| match fault {
        Fault::AbsurdRssi { rssi_dbm, share } => {
            number("fault.share", *share, 0.0..=1.0)?;
            // 127 stands for "not available" in HCI reports.
            number("fault.rssi_dbm", f64::from(*rssi_dbm), -128.0..=126.0)
        }
        Fault::ClockJump { at, by } => {
            span("fault.at", *at, 0..=31 * DAY)?;
            span("fault.by", *by, -3660 * DAY..=3660 * DAY)
        }
        Fault::AddressBurst { at, over, count } => {
            span("fault.at", *at, 0..=31 * DAY)?;
            span("fault.over", *over, 1..=DAY)?;
            bounded("fault.count", *count, MAX_BURST)
        }
        Fault::ScanResponse { .. } if phone.os == Os::Ios => {
            Err("fault scan-response: an iPhone's frames cannot be asked for more; use os = \"android\"".to_owned())
        }
        Fault::ExtraName { name } | Fault::ScanResponse { name } => text("fault.name", name),
        Fault::OddMetadata { major, .. } => bounded("fault.major (two bits)", u64::from(*major), 3),
        Fault::FewAddresses { count: 0 } => Err("fault.count: a phone needs at least one address".to_owned()),
        Fault::FewAddresses { count } => bounded("fault.count", u64::from(*count), MAX_FEW),
        Fault::FixedAtRotation { lasts } => span("fault.lasts", *lasts, 1..=60_000_000),
        _ => Ok(()),
    })
}

/// Only resolvable addresses can be resolved: those of Android phones that have them.
fn bonds(scenario: &Scenario, station: &Station) -> Check {
    let fixed = [Fault::StaticAddress, Fault::PublicAddress];
    for name in &station.bonded {
        let phone = scenario.phones.iter().find(|phone| phone.name.as_ref() == name);
        let resolvable =
            phone.map(|phone| phone.os == Os::Android && !fixed.iter().any(|fault| phone.faults.contains(fault)));
        match resolvable {
            Some(true) => {}
            Some(false) => {
                return Err(format!(
                    "bonded: {name:?} has no resolvable addresses; it must be an Android phone without static-address and \
                     public-address"
                ));
            }
            None => return Err(format!("bonded: there is no phone {name:?}")),
        }
    }
    Ok(())
}

fn relay(scenario: &Scenario, relay: &Relay) -> Check {
    place(&relay.place)?;
    number("tx_power_dbm", relay.tx_power_dbm, -127.0..=20.0)?;
    interval(relay.interval_ms)?;
    span("after", relay.after, 0..=31 * DAY)?;
    if scenario.phones.iter().any(|phone| *phone.name.as_ref() == relay.hears) {
        Ok(())
    } else {
        Err(format!("hears: there is no phone {:?}", relay.hears))
    }
}

fn bystander(bystander: &Bystander) -> Check {
    place(&bystander.place)?;
    number("tx_power_dbm", bystander.tx_power_dbm, -127.0..=20.0)?;
    interval(bystander.interval_ms)?;
    text("advertised_name", &bystander.advertised_name)?;
    count("bytes of data (a legacy advertisement)", bystander.data.0.len(), 31)
}

fn crowd(crowd: &Crowd) -> Check {
    bounded("count", crowd.count, MAX_ARRIVALS)?;
    bounded("present", crowd.present, crowd.count)?;
    number("arrivals_per_minute", crowd.arrivals_per_minute, 0.0..=1e6)?;
    number("android_share", crowd.android_share, 0.0..=1.0)?;
    number("body_db", crowd.body_db, 0.0..=60.0)?;
    number("loss", crowd.loss, 0.0..=1.0)?;
    crowd.interval_ms.map_or(Ok(()), interval)?;
    let [shortest, longest] = crowd.stay;
    span("stay", shortest, 1_000_000..=31 * DAY)?;
    span("stay", longest, shortest.micros()..=31 * DAY)?;
    let [x0, y0, x1, y1] = crowd.area;
    position("area", [x0, y0])?;
    position("area", [x1, y1])?;
    let there = crowd.arrivals_per_minute * longest.0.as_secs_f64() / 60.0;
    let present = u32::try_from(crowd.present).map_or(f64::INFINITY, f64::from);
    number(
        "arrivals_per_minute times stay",
        there.max(present),
        0.0..=MAX_CONCURRENT,
    )
}

fn place(place: &Place) -> Check {
    position("position", place.position)?;
    place.facing.map_or(Ok(()), |facing| position("facing", facing))?;
    number("body_db", place.body_db, 0.0..=60.0)?;
    number("pocket_db", place.pocket_db, 0.0..=60.0)?;
    number("loss", place.loss, 0.0..=1.0)?;
    number("clock_ppm", place.clock_ppm, -100_000.0..=100_000.0)?;
    span("from", place.from, 0..=31 * DAY)?;
    place
        .until
        .map_or(Ok(()), |until| span("until", until, place.from.micros()..=31 * DAY))?;
    count("waypoints", place.walk.len(), MAX_WAYPOINTS)?;
    let mut before = 0;
    for point in &place.walk {
        position("walk.to", point.to)?;
        span("walk.at", point.at, before..=31 * DAY)?;
        before = point.at.micros();
    }
    Ok(())
}

fn interval(interval_ms: f64) -> Check {
    // Core specification, vol. 6 part B, 4.4.2.2: 20 ms to 10 485.759375 s; here up to a minute.
    number("interval_ms", interval_ms, 20.0..=60_000.0)
}

fn position(what: &str, [x, y]: [f64; 2]) -> Check {
    number(what, x, -1e6..=1e6)?;
    number(what, y, -1e6..=1e6)
}

fn text(what: &str, value: &str) -> Check {
    count(&format!("bytes of {what}"), value.len(), 248)
}

fn number(what: &str, value: f64, range: RangeInclusive<f64>) -> Check {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{what} is {value}, it must be {} to {}",
        range.start(),
        range.end()
    ))
}

fn span(what: &str, value: Span, range: RangeInclusive<i64>) -> Check {
    if range.contains(&value.micros()) {
        return Ok(());
    }
    let seconds = |micros: i64| crate::lab::time::Micros(micros).as_secs_f64();
    Err(format!(
        "{what} is {} s, it must be {} s to {} s",
        seconds(value.micros()),
        seconds(*range.start()),
        seconds(*range.end())
    ))
}

fn count(what: &str, n: usize, max: usize) -> Check {
    bounded(what, n as u64, max as u64)
}

fn bounded(what: &str, n: u64, max: u64) -> Check {
    if n <= max {
        return Ok(());
    }
    Err(format!("{what}: {n} is more than the {max} that is possible"))
}
