//! What stands inside service data and manufacturer data of the families that the lab knows.
//!
//! Sources: Exposure Notification Bluetooth Specification v1.2; ROBERT protocol specification 1.1; Google, Eddystone
//! protocol specification and Fast Pair; Microsoft, MS-CDP and Swift Pair.

use super::{Parts, apple, dbm, text};
use crate::lab::advert::Hex;
use crate::lab::assigned::{company, service};

/// The bytes after the UUID of 16-bit service data.
pub(super) fn service_data(uuid: u16, parts: &mut Parts<'_, '_>) {
    match uuid {
        service::EXPOSURE_NOTIFICATION => exposure_notification(parts),
        service::DP3T => parts.take_hex::<16>("EphID", None),
        service::ROBERT => robert(parts),
        service::TCN => parts.take_hex::<16>("TCN", Some("temporary contact number")),
        service::EDDYSTONE => eddystone(parts),
        service::FAST_PAIR if parts.left().len() == 3 => {
            parts.take_hex::<3>("model", Some("accessory ready to be paired"));
        }
        service::FAST_PAIR => parts.rest("account key filter"),
        _ => {}
    }
}

/// The bytes after the company identifier.
pub(super) fn manufacturer_data(identifier: u16, parts: &mut Parts<'_, '_>) {
    match identifier {
        company::APPLE => apple::messages(parts),
        company::MICROSOFT => microsoft(parts),
        company::WITHINGS if parts.left().len() == 3 => {
            parts.rest_as(
                "BlueTrace tag",
                text,
                Some("random characters of a BlueTrace application"),
            );
        }
        _ => {}
    }
}

fn exposure_notification(parts: &mut Parts<'_, '_>) {
    if parts.left().len() < 16 {
        parts.rest_as(
            "broken RPI",
            |bytes| Hex(bytes).to_string(),
            Some("fewer than 16 bytes: receivers drop the frame"),
        );
        return;
    }
    parts.take_hex::<16>("RPI", Some("rolling proximity identifier"));
    match parts.left().len() {
        4 => parts.take_hex::<4>("AEM", Some("associated encrypted metadata: version and TX power")),
        _ => parts.rest_as(
            "broken AEM",
            |bytes| Hex(bytes).to_string(),
            Some("not 4 bytes: receivers store the frame and never match it"),
        ),
    }
}

fn robert(parts: &mut Parts<'_, '_>) {
    if parts.left().len() == 16 {
        parts.take_hex::<1>("ECC", Some("encrypted country code"));
        parts.take_hex::<8>("EBID", Some("ephemeral Bluetooth identifier"));
        parts.take_hex::<2>("time", Some("lower half of the sender's NTP seconds"));
        parts.take_hex::<5>("MAC", None);
    }
}

fn eddystone(parts: &mut Parts<'_, '_>) {
    let frame = parts.take("frame", |[frame]| {
        let name = match frame {
            0x00 => "UID",
            0x10 => "URL",
            0x20 => "TLM",
            0x30 => "EID",
            _ => "unknown",
        };
        format!("0x{frame:02x} {name}")
    });
    match frame {
        Some([0x00]) => {
            parts.take("power at 0 m", |[level]| dbm(level));
            parts.take_hex::<10>("namespace", None);
            parts.take_hex::<6>("instance", None);
            parts.rest("reserved");
        }
        Some([0x10]) => {
            parts.take("power at 0 m", |[level]| dbm(level));
            parts.take("scheme", |[scheme]| url_scheme(scheme).to_owned());
            parts.rest_as("address", url, None);
        }
        Some([0x20]) => telemetry(parts),
        Some([0x30]) => {
            parts.take("power at 0 m", |[level]| dbm(level));
            parts.take_hex::<8>("EID", Some("rotates; only its resolver knows the beacon"));
        }
        _ => {}
    }
}

fn telemetry(parts: &mut Parts<'_, '_>) {
    let version = parts.take("version", |[version]| match version {
        0x00 => "0 plain".to_owned(),
        0x01 => "1 encrypted".to_owned(),
        _ => format!("{version} unknown"),
    });
    match version {
        Some([0x00]) => {
            parts.take("battery", |volts| match u16::from_be_bytes(volts) {
                0 => "not supported".to_owned(),
                millivolts => format!("{millivolts} mV"),
            });
            parts.take("temperature", |celsius| match i16::from_be_bytes(celsius) {
                i16::MIN => "not supported".to_owned(),
                fixed => format!("{:.1} °C", f64::from(fixed) / 256.0),
            });
            parts.take_noted(
                "advertisements",
                Some("counter since the start: links the beacon"),
                |count| u32::from_be_bytes(count).to_string(),
            );
            parts.take("uptime", |tenths| {
                let tenths = u32::from_be_bytes(tenths);
                format!("{}.{} s", tenths / 10, tenths % 10)
            });
        }
        Some([0x01]) => {
            parts.take_hex::<12>("encrypted telemetry", None);
            parts.take_hex::<2>("salt", None);
            parts.take_hex::<2>("integrity check", None);
        }
        _ => {}
    }
}

const fn url_scheme(scheme: u8) -> &'static str {
    match scheme {
        0 => "http://www.",
        1 => "https://www.",
        2 => "http://",
        3 => "https://",
        _ => "unknown",
    }
}

fn url(bytes: &[u8]) -> String {
    const ENDINGS: [&str; 14] = [
        ".com/", ".org/", ".edu/", ".net/", ".info/", ".biz/", ".gov/", ".com", ".org", ".edu", ".net", ".info",
        ".biz", ".gov",
    ];
    let mut address = String::new();
    for byte in bytes {
        match (ENDINGS.get(usize::from(*byte)), byte) {
            (Some(ending), _) => address.push_str(ending),
            (None, 0x21..=0x7e) => address.push(char::from(*byte)),
            (None, _) => address.push(char::REPLACEMENT_CHARACTER),
        }
    }
    format!("\"{address}\"")
}

fn microsoft(parts: &mut Parts<'_, '_>) {
    let kind = parts.take("kind", |[kind]| {
        let name = match kind {
            0x01 => "connected devices",
            0x03 => "Swift Pair",
            _ => "unknown",
        };
        format!("0x{kind:02x} {name}")
    });
    match kind {
        Some([0x01]) => {
            parts.take("device type", |[device]| {
                format!("{}, version {}", windows_device(device & 0x1f), device >> 5)
            });
            parts.take_hex::<1>("version and flags", None);
            parts.take_hex::<1>("reserved", None);
            parts.take_hex::<4>("salt", None);
            parts.rest("device hash");
        }
        Some([0x03]) => {
            let scenario = parts.take("scenario", |[scenario]| {
                match scenario {
                    0x00 => "LE only",
                    0x01 => "LE and BR/EDR, paired over LE",
                    0x02 => "BR/EDR only",
                    _ => "unknown",
                }
                .to_owned()
            });
            parts.take("RSSI", |[level]| format!("{} (reserved)", dbm(level)));
            match scenario {
                Some([0x01]) => parts.take_hex::<3>("class of device", None),
                Some([0x02]) => {
                    parts.take_hex::<6>("BR/EDR address", Some("fixed for life"));
                    parts.take_hex::<3>("class of device", None);
                }
                _ => {}
            }
            parts.rest_as("name", text, None);
        }
        _ => {}
    }
}

const fn windows_device(kind: u8) -> &'static str {
    match kind {
        1 => "Xbox One",
        6 => "iPhone",
        7 => "iPad",
        8 => "Android",
        9 => "Windows desktop",
        11 => "Windows phone",
        12 => "Linux",
        13 => "Windows IoT",
        14 => "Surface Hub",
        15 => "Windows laptop",
        16 => "Windows tablet",
        _ => "unknown",
    }
}
