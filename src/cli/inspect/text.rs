//! The text for people.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::SHOWN;
use super::native::Native;
use crate::inspect::histogram::RssiHistogram;
use crate::inspect::{Inspection, LOUD, ReportCounts, Span};
use crate::lab::advert::Hex;
use crate::lab::text::printable;

/// What is in a capture, line by line.
pub(super) fn text(file: &Path, inspection: &Inspection, warnings: &[String]) -> String {
    let native = Native::of(file, inspection);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, file, inspection, native.as_ref(), warnings);
    text
}

fn write_all(
    out: &mut String,
    file: &Path,
    inspection: &Inspection,
    native: Option<&Native>,
    warnings: &[String],
) -> fmt::Result {
    writeln!(out, "{}", printable(&file.display().to_string()))?;
    line(out, "format", &inspection.format)?;
    line(out, "size", format_args!("{} bytes", inspection.bytes))?;
    native.map_or(Ok(()), |native| native.text(out))?;
    if native.is_some() {
        line(out, "rows", inspection.packets)?;
    } else if inspection.packet_types.is_empty() {
        line(out, "packets", inspection.packets)?;
    } else {
        let types = listed(inspection.packet_types.iter());
        line(out, "packets", format_args!("{} ({types})", inspection.packets))?;
    }
    if let Some(Span { min, max, .. }) = inspection.span {
        line(out, "first", min)?;
        line(out, "last", max)?;
        let seconds = max.since(min).0.unsigned_abs() / 1_000_000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        line(out, "duration", format_args!("{hours}:{minutes:02}:{seconds:02}"))?;
    }
    reports(out, "reports", &inspection.reports)?;
    exposure_notifications(out, inspection)?;
    own(out, inspection)?;
    names(out, inspection)?;
    oddities(out, inspection)?;
    for warning in warnings {
        line(out, "warning", printable(warning))?;
    }
    damage(out, inspection)
}

pub(super) fn line(out: &mut String, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(out, "  {name:<12} {value}")
}

fn listed<K: fmt::Display, N: fmt::Display>(pairs: impl Iterator<Item = (K, N)>) -> String {
    pairs
        .map(|(key, n)| format!("{key} {n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn levels(rssi: &RssiHistogram) -> String {
    match rssi.min_median_max() {
        Some((min, median, max)) => format!("{min} / {} / {max} dBm (least, median, most)", median.dbm()),
        None => "none".to_owned(),
    }
}

fn reports(out: &mut String, name: &str, reports: &ReportCounts) -> fmt::Result {
    line(out, name, reports.n)?;
    if reports.n > 0 {
        let kinds = listed(reports.kinds.iter());
        line(
            out,
            "  addresses",
            format_args!("{} ({kinds})", reports.addresses.len()),
        )?;
        line(out, "  rssi", levels(&reports.rssi))?;
    }
    Ok(())
}

fn exposure_notifications(out: &mut String, inspection: &Inspection) -> fmt::Result {
    let gaen = &inspection.gaen;
    reports(out, "gaen", &gaen.reports)?;
    if gaen.reports.n > 0 {
        line(out, "  rpis", gaen.rpis.len())?;
        let flags = gaen.flags.iter();
        let flags = flags.map(|(value, n)| (value.as_ref().map_or("none".to_owned(), |v| Hex(v).to_string()), n));
        line(out, "  flags", listed(flags))?;
    }
    Ok(())
}

fn own(out: &mut String, inspection: &Inspection) -> fmt::Result {
    let own = &inspection.own;
    if own.frames.is_empty() {
        return Ok(());
    }
    line(out, "own rpis", inspection.own_rpis())?;
    for frame in own.frames.iter().take(SHOWN) {
        writeln!(out, "    {}", Hex(frame))?;
    }
    more(out, own.frames.len() as u64, SHOWN)
}

fn more(out: &mut String, n: u64, shown: usize) -> fmt::Result {
    match n.saturating_sub(shown as u64) {
        0 => Ok(()),
        rest => writeln!(out, "    and {rest} more"),
    }
}

fn names(out: &mut String, inspection: &Inspection) -> fmt::Result {
    if inspection.names.is_empty() {
        return Ok(());
    }
    line(out, "names", inspection.names.len())?;
    let mut names: Vec<_> = inspection.names.iter().collect();
    names.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.n));
    for (name, counts) in names.iter().take(SHOWN) {
        writeln!(out, "    {:<24} {}", printable(name), counts.n)?;
    }
    more(out, names.len() as u64 + inspection.more_names, SHOWN)
}

fn oddities(out: &mut String, inspection: &Inspection) -> fmt::Result {
    let decode = &inspection.decode;
    let several: u64 = inspection.reports_per_event.range(2..).map(|(_, n)| n).sum();
    let all = [
        (inspection.times_back, "records are earlier than their predecessor"),
        (inspection.reports.rssi.at_least(LOUD), "reports at -20 dBm or above"),
        (inspection.reports.no_rssi, "reports without RSSI"),
        (several, "events with several reports"),
        (inspection.cut_packets, "records hold less than their packet had"),
        (u64::from(inspection.max_drops), "packets lost by the recorder"),
        (decode.cut_short_events, "events end within an advertising report"),
        (decode.cut_short_pdus, "frames are shorter than their header says"),
        (decode.bad_crc, "frames with a wrong check sum"),
        (decode.unknown_pdus, "advertising PDUs of unknown type or too short"),
        (decode.data_frames, "frames that are no advertising PDUs"),
    ];
    for (n, what) in all.iter().filter(|(n, _)| *n > 0) {
        line(out, "odd", format_args!("{n} {what}"))?;
    }
    Ok(())
}

fn damage(out: &mut String, inspection: &Inspection) -> fmt::Result {
    let damage = &inspection.damage;
    if damage.count == 0 {
        return Ok(());
    }
    line(out, "damage", format_args!("{} records", damage.count))?;
    for one in damage.first.iter().take(SHOWN) {
        writeln!(
            out,
            "    record {} at byte {}: {}",
            one.record,
            one.offset,
            printable(&one.what)
        )?;
    }
    more(out, damage.count, SHOWN)
}
