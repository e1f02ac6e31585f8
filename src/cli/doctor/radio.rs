//! The checks of the radio, from the bus to the adapter.

use super::rows::{Facts, Row, System, Verdict};
use crate::source::ble_error::{ALLOW_ON_MACOS, BleError};
use crate::source::probe::{Block, Seen, blocked};

/// The check that an error belongs to; those before it went well, those after it were not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Bus,
    Permission,
    Service,
    Adapter,
}

const fn step(error: &BleError) -> Step {
    match error {
        BleError::NoBus(_) | BleError::BusDead(_) => Step::Bus,
        BleError::NotAllowed(_) => Step::Permission,
        BleError::NotBuilt
        | BleError::NoService(_)
        | BleError::Timeout(_)
        | BleError::ScanStopped
        | BleError::Stalled(_)
        | BleError::Other { .. } => Step::Service,
        BleError::NoAdapter { .. }
        | BleError::NoSuchAdapter { .. }
        | BleError::AdapterGone
        | BleError::Busy(_)
        | BleError::PoweredOff(_)
        | BleError::Blocked { .. } => Step::Adapter,
    }
}

/// All checks of the radio.
pub(super) fn rows(facts: &Facts) -> Vec<Row> {
    if facts.system != System::Linux {
        return elsewhere(facts);
    }
    let mut rows = vec![
        bus(facts),
        permission(facts),
        service(facts),
        hardware(facts),
        rfkill(facts),
    ];
    rows.extend(adapters(facts));
    rows
}

/// The row, failed with the error's own words.
fn failed(row: Row, error: &BleError) -> Row {
    row.wrong(Verdict::Fail, error.to_string(), error.remedy())
}

/// What the service knows, if it answered.
fn seen(facts: &Facts) -> &[Seen] {
    match &facts.radio.answer {
        Some(Ok(seen)) => seen,
        _ => &[],
    }
}

fn error(facts: &Facts) -> Option<&BleError> {
    facts.radio.answer.as_ref()?.as_ref().err()
}

/// Systems other than Linux: they give nothing away before they are asked for a scan.
fn elsewhere(facts: &Facts) -> Vec<Row> {
    let only_linux = ["bus", "service", "hardware", "rfkill"].map(|check| Row::not_applicable(check, "only on Linux"));
    let mut rows = only_linux.to_vec();
    rows.push(match (error(facts), facts.system) {
        (Some(error), _) => failed(Row::ok("permission", "not asked"), error),
        (None, System::MacOs) => Row::ok("permission", "cannot be asked without a scan").warn(
            "macOS ends a program that scans before it was allowed to",
            ALLOW_ON_MACOS,
        ),
        (None, _) => Row::not_applicable("permission", "cannot be asked without a scan"),
    });
    rows.push(Row::not_applicable("adapter", "not looked for without a scan"));
    rows
}

fn bus(facts: &Facts) -> Row {
    match error(facts) {
        Some(BleError::NotBuilt) => Row::not_applicable("bus", "not asked"),
        Some(error) if step(error) == Step::Bus => {
            failed(Row::ok("bus", format!("no answer from {}", facts.bus)), error)
        }
        _ => Row::ok("bus", format!("answers at {}", facts.bus)),
    }
}

fn permission(facts: &Facts) -> Row {
    let user = &facts.user;
    match error(facts) {
        Some(error) if step(error) == Step::Permission => failed(
            Row::ok("permission", format!("{user} may not talk to org.bluez")),
            error,
        ),
        Some(error) if step(error) < Step::Adapter => Row::not_applicable("permission", "cannot be tried"),
        _ => Row::ok("permission", format!("{user} may talk to org.bluez")),
    }
}

fn service(facts: &Facts) -> Row {
    match error(facts) {
        Some(error) if step(error) < Step::Service => Row::not_applicable("service", "not reached"),
        // Without hardware systemd does not start it, and leaves the bus waiting: not what is to be mended.
        Some(error @ BleError::Timeout(_)) if facts.radio.present.is_empty() => {
            Row::ok("service", "org.bluez does not answer").warn(
                error.to_string(),
                "first an adapter (see hardware): systemd starts the service only where there is one",
            )
        }
        Some(error) if step(error) == Step::Service => {
            let found = if *error == BleError::NotBuilt {
                "not asked"
            } else {
                "org.bluez does not answer"
            };
            failed(Row::ok("service", found), error)
        }
        _ => {
            let version = seen(facts).iter().find_map(|adapter| adapter.service_version);
            let version = version.map_or_else(String::new, |(major, minor)| format!(", BlueZ {major}.{minor}"));
            Row::ok("service", format!("org.bluez answers{version}"))
        }
    }
}

fn hardware(facts: &Facts) -> Row {
    let described = facts.radio.present.iter().map(|adapter| match adapter.model.as_str() {
        "" => adapter.name.clone(),
        model => format!("{} ({model})", adapter.name),
    });
    let described: Vec<_> = described.collect();
    let row = |found: &str| Row::ok("hardware", format!("{found} in /sys/class/bluetooth"));
    if !described.is_empty() {
        row(&described.join(", "))
    } else if seen(facts).is_empty() {
        failed(row("nothing"), &BleError::NoAdapter { in_kernel: false })
    } else {
        // A container, or a bus that leads elsewhere.
        Row::not_applicable(
            "hardware",
            "nothing in /sys/class/bluetooth, but the service has an adapter",
        )
    }
}

/// The error of a block, if there is one.
fn block(facts: &Facts) -> Option<BleError> {
    let block = blocked(&facts.radio.radios)?;
    Some(BleError::Blocked {
        hard: block == Block::Hard,
    })
}

fn rfkill(facts: &Facts) -> Row {
    let radios = &facts.radio.radios;
    if radios.is_empty() {
        return Row::not_applicable("rfkill", "knows no Bluetooth radio");
    }
    let described = radios.iter().map(|radio| {
        let name = &radio.name;
        match (radio.soft, radio.hard) {
            (false, false) => format!("{name} free"),
            (true, false) => format!("{name} blocked (soft)"),
            (false, true) => format!("{name} blocked (hard)"),
            (true, true) => format!("{name} blocked (soft and hard)"),
        }
    });
    let row = Row::ok("rfkill", described.collect::<Vec<_>>().join(", "));
    match block(facts) {
        None => row,
        // Another one works.
        Some(error) if seen(facts).iter().any(|adapter| adapter.powered) => row.warn(error.to_string(), error.remedy()),
        Some(error) => failed(row, &error),
    }
}

fn adapters(facts: &Facts) -> Vec<Row> {
    let check = "adapter";
    let seen = match &facts.radio.answer {
        Some(Ok(seen)) => seen,
        Some(Err(error)) if step(error) == Step::Adapter => {
            return vec![failed(Row::ok(check, "none that works"), error)];
        }
        _ => return vec![Row::not_applicable(check, "the service was not reached")],
    };
    if seen.is_empty() {
        return vec![if facts.radio.present.is_empty() {
            Row::not_applicable(check, "there is no hardware")
        } else {
            let error = BleError::NoAdapter { in_kernel: true };
            failed(Row::ok(check, "the service knows none"), &error)
        }];
    }
    let works = seen.iter().find(|adapter| adapter.powered);
    seen.iter().map(|adapter| one(facts, adapter, works)).collect()
}

/// An adapter; `works` is the first that is on.
fn one(facts: &Facts, adapter: &Seen, works: Option<&Seen>) -> Row {
    let name = &adapter.name;
    if adapter.powered {
        let scans = if adapter.discovering {
            ", scans already for another program"
        } else {
            ""
        };
        return Row::ok("adapter", format!("{name} is on{scans}"));
    }
    let row = Row::ok("adapter", format!("{name} is off"));
    let error = block(facts).unwrap_or_else(|| BleError::PoweredOff(name.clone()));
    match works {
        None => failed(row, &error),
        Some(works) => row.warn(
            error.to_string(),
            format!(
                "{}; or use the other: `vicino scan --adapter {}`",
                error.remedy(),
                works.name
            ),
        ),
    }
}

#[cfg(test)]
mod tests;
