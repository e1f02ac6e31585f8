//! What stands inside service data and manufacturer data of the families that the lab knows.
//!
//! Sources: Exposure Notification Bluetooth Specification v1.2; ROBERT protocol specification 1.1; Google, Eddystone
//! protocol specification and Fast Pair; furiousMAC "continuity" and Heinrich et al., "Who Can Find My Devices?"
//! (`PoPETs` 2021); Microsoft, MS-CDP and Swift Pair.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::{Parts, dbm, hyphenated, text};
use crate::lab::advert::Hex;
use crate::lab::assigned::{company, service};
use crate::lab::beacon::apple::{self, Message, ty};

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
        company::APPLE => {
            for message in apple::messages(parts.left()) {
                let (name, note) = apple_name(message);
                parts.nested(message.len(), name, note, |inner| apple_message(message, inner));
            }
            parts.rest_as(
                "unread",
                |bytes| Hex(bytes).to_string(),
                Some("the message runs past the end of the structure"),
            );
        }
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

fn apple_name(message: Message<'_>) -> (&'static str, Option<&'static str>) {
    match message.ty {
        ty::BACKGROUND => (
            "background area",
            Some("services of a background application as hash bits"),
        ),
        ty::IBEACON => ("iBeacon", None),
        ty::AIRPRINT => ("AirPrint", None),
        ty::AIRDROP => ("AirDrop", Some("sent while the owner opens the sharing sheet")),
        ty::HOMEKIT => ("HomeKit", None),
        ty::PROXIMITY_PAIRING => ("proximity pairing", Some("AirPods and Beats")),
        ty::HEY_SIRI => ("Hey Siri", None),
        ty::AIRPLAY_TARGET => ("AirPlay target", None),
        ty::AIRPLAY_SOURCE => ("AirPlay source", None),
        ty::MAGIC_SWITCH => ("Magic Switch", Some("a watch that has lost its phone")),
        ty::HANDOFF => ("Handoff", None),
        ty::TETHERING_TARGET => ("tethering target", None),
        ty::TETHERING_SOURCE => ("tethering source", None),
        ty::NEARBY_ACTION => ("Nearby Action", None),
        ty::NEARBY_INFO => ("Nearby Info", Some("tells what the owner is doing")),
        ty::FIND_MY => ("Find My", None),
        _ => ("message of unknown type", None),
    }
}

fn apple_message(message: Message<'_>, parts: &mut Parts<'_, '_>) {
    parts.take("message type", |[ty]| format!("0x{ty:02x}"));
    if message.has_length {
        parts.take("message length", |[length]| match message.ty {
            ty::HOMEKIT => format!("{} (sub-type {})", length & 0x1f, length >> 5),
            _ => length.to_string(),
        });
    }
    match message.ty {
        ty::BACKGROUND if !message.has_length => parts.rest("hash bits"),
        ty::IBEACON if message.value.len() == 21 => ibeacon(parts),
        ty::AIRPRINT => airprint(parts),
        ty::AIRDROP => airdrop(parts),
        ty::HOMEKIT => homekit(parts),
        ty::PROXIMITY_PAIRING => proximity_pairing(parts),
        ty::HEY_SIRI => {
            parts.take_hex::<2>(
                "perceptual hash",
                Some("of what was said; a dictionary attack is known"),
            );
            parts.take_hex::<1>("signal to noise", None);
            parts.take_hex::<1>("confidence", None);
            parts.take_hex::<2>("device class", None);
            parts.take_hex::<1>("random", None);
        }
        ty::AIRPLAY_TARGET => {
            parts.take_hex::<1>("flags", None);
            parts.take_hex::<1>("configuration seed", None);
            parts.take_noted("network address", Some("in the home network"), |bytes: [u8; 4]| {
                Ipv4Addr::from(bytes).to_string()
            });
        }
        ty::MAGIC_SWITCH => {
            parts.take_hex::<2>("data", None);
            parts.take_hex::<1>("confidence on wrist", None);
        }
        ty::HANDOFF => {
            parts.take("clipboard", |[copied]| {
                if copied == 0 { "empty" } else { "copied" }.to_owned()
            });
            parts.take_noted(
                "counter",
                Some("keeps counting when the address changes: links them"),
                |count| u16::from_le_bytes(count).to_string(),
            );
            parts.take_hex::<1>("authentication tag", None);
            parts.rest("encrypted activity");
        }
        ty::TETHERING_TARGET => parts.rest("account identifier"),
        ty::TETHERING_SOURCE => tethering_source(parts),
        ty::NEARBY_ACTION => nearby_action(parts),
        ty::NEARBY_INFO => nearby_info(parts),
        ty::FIND_MY => find_my(message, parts),
        _ => parts.rest("value"),
    }
}

fn ibeacon(parts: &mut Parts<'_, '_>) {
    parts.take_noted("proximity UUID", Some("the same for all beacons of an owner"), |uuid| {
        hyphenated(u128::from_be_bytes(uuid))
    });
    parts.take("major", |number| u16::from_be_bytes(number).to_string());
    parts.take("minor", |number| u16::from_be_bytes(number).to_string());
    parts.take("power at 1 m", |[level]| dbm(level));
}

fn airprint(parts: &mut Parts<'_, '_>) {
    parts.take_hex::<1>("address type", None);
    parts.take_hex::<1>("path resource type", None);
    parts.take_hex::<1>("security type", None);
    parts.take("port or queue", |port| u16::from_be_bytes(port).to_string());
    parts.take("network address", |bytes: [u8; 16]| Ipv6Addr::from(bytes).to_string());
    parts.take("measured power", |[level]| dbm(level));
}

fn airdrop(parts: &mut Parts<'_, '_>) {
    const REVERSIBLE: Option<&str> = Some("first bytes of SHA-256: found again by trying all numbers");
    parts.take_hex::<8>("prefix", None);
    parts.take("version", |[version]| version.to_string());
    parts.take_hex::<2>("Apple ID hash", REVERSIBLE);
    parts.take_hex::<2>("phone number hash", REVERSIBLE);
    parts.take_hex::<2>("e-mail hash", REVERSIBLE);
    parts.take_hex::<2>("second e-mail hash", REVERSIBLE);
    parts.take_hex::<1>("suffix", None);
}

fn homekit(parts: &mut Parts<'_, '_>) {
    parts.take_hex::<1>("status flags", None);
    parts.take_hex::<6>("device identifier", Some("fixed until the accessory is reset"));
    parts.take("category", |category| u16::from_le_bytes(category).to_string());
    parts.take_noted(
        "state number",
        Some("counts every change: tells when it is used"),
        |count| u16::from_le_bytes(count).to_string(),
    );
    parts.take("configuration number", |[number]| number.to_string());
    parts.take("compatible version", |[version]| version.to_string());
}

fn proximity_pairing(parts: &mut Parts<'_, '_>) {
    let tenths = |nibble: u8| match nibble {
        0..=10 => format!("{} %", u16::from(nibble) * 10),
        _ => "unknown".to_owned(),
    };
    parts.take_hex::<1>("prefix", None);
    parts.take("model", |model| format!("0x{:04x}", u16::from_be_bytes(model)));
    parts.take_hex::<1>("status", Some("in ear, in case"));
    parts.take("battery", |[levels]| {
        format!("right {}, left {}", tenths(levels >> 4), tenths(levels & 0x0f))
    });
    parts.take("case battery", |[level]| {
        format!("{}, charging bits {:03b}", tenths(level & 0x0f), level >> 4 & 0x07)
    });
    parts.take_noted(
        "lid counter",
        Some("keeps counting when the address changes: links them"),
        |[count]| count.to_string(),
    );
    parts.take_hex::<1>("colour", None);
    parts.take_hex::<1>("suffix", None);
    parts.rest("encrypted");
}

fn tethering_source(parts: &mut Parts<'_, '_>) {
    parts.take_hex::<1>("version", None);
    parts.take_hex::<1>("flags", None);
    parts.take("battery", |[percent]| format!("{percent} %"));
    parts.take("cell service", |kind| {
        match u16::from_be_bytes(kind) {
            0 => "4G (GSM)",
            1 => "1xRTT",
            2 => "GPRS",
            3 => "EDGE",
            4 => "3G (EV-DO)",
            5 => "3G",
            6 => "4G",
            7 => "LTE",
            _ => "unknown",
        }
        .to_owned()
    });
    parts.take("bars", |[bars]| bars.to_string());
}

fn nearby_action(parts: &mut Parts<'_, '_>) {
    const WIFI_PASSWORD: u8 = 0x08;
    const AUTHENTICATED: u8 = 0x80;
    const REVERSIBLE: Option<&str> = Some("first bytes of SHA-256: found again by trying all values");
    let flags = parts.take("action flags", |[flags]| format!("0x{flags:02x}"));
    let action = parts.take("action", |[action]| format!("0x{action:02x} {}", action_name(action)));
    if flags.is_some_and(|[flags]| flags & AUTHENTICATED != 0) || action == Some([WIFI_PASSWORD]) {
        parts.take_hex::<3>("authentication tag", None);
    }
    if action == Some([WIFI_PASSWORD]) {
        parts.take_hex::<3>("network name hash", REVERSIBLE);
        parts.take_hex::<3>("Apple ID hash", REVERSIBLE);
        parts.take_hex::<3>("phone number hash", REVERSIBLE);
        parts.take_hex::<3>("e-mail hash", REVERSIBLE);
    }
    parts.rest("parameters");
}

const fn action_name(action: u8) -> &'static str {
    match action {
        0x01 => "Apple TV setup",
        0x04 => "mobile backup",
        0x05 => "watch setup",
        0x06 => "Apple TV pairing",
        0x07 => "internet relay",
        0x08 => "Wi-Fi password",
        0x09 => "iOS setup",
        0x0a => "repair",
        0x0b => "speaker setup",
        0x0c => "Apple Pay",
        0x0d => "home audio setup",
        0x0e => "developer tools pairing",
        0x0f => "answered call",
        0x10 => "ended call",
        0x11 => "ping",
        0x12 => "pong",
        0x13 => "remote auto fill",
        0x14 => "companion link",
        0x15 => "remote management",
        0x16 => "remote auto fill pong",
        0x17 => "remote display",
        _ => "unknown",
    }
}

fn nearby_info(parts: &mut Parts<'_, '_>) {
    parts.take("status and activity", |[byte]| {
        let activity = match byte & 0x0f {
            0x00 => "activity unknown",
            0x01 => "reporting off",
            0x03 => "idle",
            0x05 => "audio, screen locked",
            0x07 => "in use, screen on",
            0x09 => "video playing",
            0x0a => "watch on wrist, unlocked",
            0x0b => "used a moment ago",
            0x0d => "driving",
            0x0e => "in a call",
            _ => "activity of unknown code",
        };
        let mut all = vec![activity];
        for (bit, name) in [(0x10, "primary device"), (0x20, "hotspot"), (0x40, "AirDrop on")] {
            if byte & bit != 0 {
                all.push(name);
            }
        }
        format!("0x{byte:02x}: {}", all.join(", "))
    });
    parts.take_hex::<1>("data flags", Some("depends on the iOS version"));
    parts.take_hex::<3>("authentication tag", None);
}

/// The long form is broadcast away from the owner; near the owner two bytes remain.
fn find_my(message: Message<'_>, parts: &mut Parts<'_, '_>) {
    parts.take("status", |[status]| {
        let battery = match status >> 6 {
            0 => "battery full",
            1 => "battery medium",
            2 => "battery low",
            _ => "battery critical",
        };
        let owner = if status & 0x04 == 0 {
            "owner not near lately"
        } else {
            "owner near lately"
        };
        format!("0x{status:02x}: {owner}, {battery}")
    });
    if message.value.len() == 25 {
        parts.take_hex::<22>(
            "public key, bytes 6 to 27",
            Some("bytes 0 to 5 are the broadcaster's address"),
        );
    }
    parts.take("public key, top bits", |[bits]| format!("{:02b}", bits & 0x03));
    if message.value.len() == 25 {
        parts.take_hex::<1>("hint", None);
    }
}
