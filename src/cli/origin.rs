//! What a capture says about itself besides its events: for what is made of it, and for the person.

use std::path::Path;

use super::tell;
use crate::format::DamageLog;
use crate::format::native::{self, Meta, Paths, SourceNote};
use crate::format::open::Kind;
use crate::lab::text::printable;

/// The metadata of a capture that is read: its own where it has some, otherwise what its kind tells.
pub(super) fn meta(path: &Path, kind: Kind) -> Meta {
    let source = Paths::of(path);
    let is_native = matches!(kind, Kind::NativeCsv { .. }) && path == source.rows && path.as_os_str() != "-";
    let known = if is_native { Meta::read(&source.meta).ok() } else { None };
    known.map_or_else(
        || Meta {
            source: note(path, kind),
            ..Meta::default()
        },
        |known| Meta {
            title: known.title,
            licence: known.licence,
            provenance: known.provenance,
            privacy: known.privacy,
            pseudonym_key: known.pseudonym_key,
            clock_offset_s: known.clock_offset_s,
            source: known.source,
            stations: known.stations,
            ..Meta::default()
        },
    )
}

fn note(path: &Path, kind: Kind) -> SourceNote {
    let hci = [
        "channel",
        "addresses that the controller had resolved already",
        "packets that the controller filtered",
    ];
    let cannot_see = match kind {
        Kind::Btsnoop | Kind::PacketLogger { .. } => &hci[..],
        Kind::Pcap | Kind::PcapNg | Kind::NativeCsv { .. } => &[],
    };
    let name = if path.as_os_str() == "-" {
        "standard input".into()
    } else {
        path.file_name().unwrap_or_default().to_string_lossy()
    };
    SourceNote {
        kind: kind.word().to_owned(),
        description: printable(&name).into(),
        cannot_see: cannot_see.iter().map(|&what| what.to_owned()).collect(),
    }
}

/// Tells of damage that was met in reading.
pub(super) fn warn_of_damage(damage: &DamageLog) {
    warn_with("", damage);
}

/// As [`warn_of_damage`], for a verb that reads several captures.
pub(super) fn warn_of_damage_in(path: &Path, damage: &DamageLog) {
    warn_with(&format!("{}: ", printable(&path.display().to_string())), damage);
}

fn warn_with(place: &str, damage: &DamageLog) {
    if damage.count == 0 {
        return;
    }
    let plural = if damage.count == 1 { "" } else { "s" };
    tell(format_args!(
        "warning: {place}{} damaged record{plural} left out",
        damage.count
    ));
    for damage in &damage.first {
        tell(format_args!("  {}", printable(&damage.to_string())));
    }
}

/// Tells where a capture is not what its metadata say.
pub(super) fn warn(path: &Path) {
    for what in native::check(path, false) {
        tell(format_args!(
            "warning: {}: {}",
            printable(&path.display().to_string()),
            printable(&what)
        ));
    }
}
