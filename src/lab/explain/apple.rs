//! What stands inside Apple's messages.
//!
//! Sources: the furiousMAC "continuity" message descriptions; Heinrich et al., "Who Can Find My Devices?" (`PoPETs`
//! 2021); Apple, `HomeKit` Accessory Protocol. That the Handoff counter is little-endian shows in captures: it goes up
//! by one.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::{Parts, dbm, hyphenated};
use crate::lab::advert::Hex;
use crate::lab::beacon::apple::{self, Message, ty};

/// The bytes after the company identifier.
pub(super) fn messages(parts: &mut Parts<'_, '_>) {
    for message in apple::messages(parts.left()) {
        let (name, note) = title(message);
        parts.nested(message.len(), name, note, |inner| explain_message(message, inner));
    }
    parts.rest_as(
        "unread",
        |bytes| Hex(bytes).to_string(),
        Some("the message runs past the end of the structure"),
    );
}

fn title(message: Message<'_>) -> (&'static str, Option<&'static str>) {
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

fn explain_message(message: Message<'_>, parts: &mut Parts<'_, '_>) {
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
                let state = if copied == 0 { "empty" } else { "copied" };
                format!("0x{copied:02x} {state}")
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
    parts.take("model", |model| {
        let model = u16::from_be_bytes(model);
        let name = match model {
            0x0220 => "AirPods",
            0x0f20 => "AirPods 2",
            0x0e20 => "AirPods Pro",
            _ => "unknown",
        };
        format!("0x{model:04x} {name}")
    });
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
    parts.rest("further data");
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
