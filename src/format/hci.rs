//! HCI: advertising reports out of events, and the host's own part out of commands ([`command`]).
//!
//! Source: Core specification, vol. 4 part E, 7.7.65.2 and 7.7.65.13. Several reports of an event follow one another,
//! each whole, as every controller and host does it.

pub mod command;

use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, Payload, PduType, ReportDetails, ReportForm, StationId};
use crate::lab::event::CaptureEvent;
use crate::lab::session::Echo;
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// Event code of LE Meta events.
pub const LE_META: u8 = 0x3e;
/// Subevent of LE Advertising Report.
pub const ADVERTISING_REPORT: u8 = 0x02;
/// Subevent of LE Extended Advertising Report.
pub const EXTENDED_ADVERTISING_REPORT: u8 = 0x0d;

/// An event held less than it announces; the complete reports before the gap were decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutShort;

/// Appends the advertising reports of an HCI event (code, length, parameters) to `batch`; other events give none.
///
/// # Errors
/// [`CutShort`] when the event ends within a report or announces no report.
#[inline]
pub fn reports(
    event: &[u8],
    at: UnixMicros,
    station: StationId,
    batch: &mut Vec<CaptureEvent>,
) -> Result<(), CutShort> {
    let [LE_META, len, subevent, rest @ ..] = event else {
        return Ok(());
    };
    // The subevent is one of the `len` parameters.
    let parameters = rest.get(..usize::from(*len).saturating_sub(1)).unwrap_or(rest);
    match (*subevent, parameters) {
        (ADVERTISING_REPORT | EXTENDED_ADVERTISING_REPORT, [] | [0, ..]) => Err(CutShort),
        (ADVERTISING_REPORT, [count, reports @ ..]) => {
            let mut reports = reports;
            for _ in 0..*count {
                reports = legacy(reports, at, station, batch).ok_or(CutShort)?;
            }
            Ok(())
        }
        (EXTENDED_ADVERTISING_REPORT, [count, reports @ ..]) => {
            let mut reports = reports;
            for _ in 0..*count {
                reports = extended(reports, at, station, batch).ok_or(CutShort)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// As [`reports`] for an event of a single legacy report and nothing else, which most events are; `false`, with
/// nothing done, for any other.
#[expect(clippy::inline_always, reason = "once per packet")]
#[inline(always)]
pub(super) fn single_report(event: &[u8], at: UnixMicros, station: StationId, batch: &mut Vec<CaptureEvent>) -> bool {
    match event {
        [LE_META, len, ADVERTISING_REPORT, 1, report @ ..] if event.len() == usize::from(*len) + 2 => {
            legacy(report, at, station, batch).is_some()
        }
        _ => false,
    }
}

/// An event as an [`Echo`], were it one of a single legacy report and nothing else ([`single_report`] must have taken
/// such an event before); its level is its last byte.
#[expect(clippy::inline_always, reason = "once per packet")]
#[inline(always)]
pub(super) fn echo(event: &[u8], at: UnixMicros, station: StationId) -> Option<Echo<'_>> {
    let (&rssi, token) = event.split_last()?;
    // The address and what follows it.
    let [_, _, _, _, _, _, hint @ .., _, _] = token.first_chunk::<16>()?;
    Some(Echo {
        at,
        rssi: Dbm::from_hci(rssi)?,
        station,
        token,
        hint: u64::from_le_bytes(*hint),
    })
}

/// PDU type of a legacy report: the lower four bits; Apple's controllers set others.
#[must_use]
#[inline]
pub const fn legacy_pdu(event_type: u8) -> PduType {
    match event_type & 0x0f {
        0 => PduType::AdvInd,
        1 => PduType::AdvDirectInd,
        2 => PduType::AdvScanInd,
        3 => PduType::AdvNonconnInd,
        4 => PduType::ScanRsp,
        _ => PduType::Unknown,
    }
}

/// PDU type of an extended report: bits 0 to 4 (connectable, scannable, directed, scan response, legacy PDU).
#[must_use]
#[inline]
pub const fn extended_pdu(event_type: u16) -> PduType {
    match event_type & 0x1f {
        0x13 => PduType::AdvInd,
        0x15 => PduType::AdvDirectInd,
        0x12 => PduType::AdvScanInd,
        0x10 => PduType::AdvNonconnInd,
        0x1a | 0x1b => PduType::ScanRsp,
        other if other & 0x10 != 0 => PduType::Unknown,
        other if other & 0x08 != 0 => PduType::AuxScanRsp,
        _ => PduType::AdvExtInd,
    }
}

/// One legacy report at the beginning of `bytes`; gives what follows it, or `None`, with nothing done, when it is cut.
#[expect(clippy::inline_always, reason = "once per packet")]
#[inline(always)]
fn legacy<'a>(bytes: &'a [u8], at: UnixMicros, station: StationId, batch: &mut Vec<CaptureEvent>) -> Option<&'a [u8]> {
    let (&[event_type, address_type, ref address @ .., len], rest) = bytes.split_first_chunk::<9>()?;
    let (data, rest) = rest.split_at_checked(usize::from(len))?;
    let (rssi, rest) = rest.split_first()?;
    // Filled in where it stands: moving it there would cost as much again.
    batch.push(CaptureEvent::Advert(Advertisement::EMPTY));
    if let Some(CaptureEvent::Advert(advert)) = batch.last_mut() {
        advert.at = at;
        advert.station = station;
        advert.address = Address::from_hci(address_type, *address);
        advert.pdu = legacy_pdu(event_type);
        advert.rssi = Dbm::from_hci(*rssi);
        advert.details.form = ReportForm::Legacy;
        advert.details.event_type = u16::from(event_type);
        advert.details.address_type = address_type;
        advert.data.set(data);
    }
    Some(rest)
}

/// One extended report at the beginning of `bytes`; gives what follows it.
#[inline]
fn extended<'a>(
    bytes: &'a [u8],
    at: UnixMicros,
    station: StationId,
    batch: &mut Vec<CaptureEvent>,
) -> Option<&'a [u8]> {
    const DIRECTED: u16 = 0x0004;
    let (head, rest) = bytes.split_first_chunk::<24>()?;
    let (&[type_low, type_high, address_type], head) = head.split_first_chunk()?;
    let (address, head) = head.split_first_chunk()?;
    let (
        &[
            primary_phy,
            secondary_phy,
            set_id,
            tx_power,
            rssi,
            interval_low,
            interval_high,
        ],
        head,
    ) = head.split_first_chunk()?;
    let &[direct_type, ref direct @ .., len] = head.first_chunk::<8>()?;
    let (data, rest) = rest.split_at_checked(usize::from(len))?;
    let event_type = u16::from_le_bytes([type_low, type_high]);
    batch.push(CaptureEvent::Advert(Advertisement {
        at,
        station,
        address: Address::from_hci(address_type, *address),
        pdu: extended_pdu(event_type),
        rssi: Dbm::from_hci(rssi),
        tx_power: Dbm::from_hci(tx_power),
        details: ReportDetails {
            form: ReportForm::Extended,
            event_type,
            address_type,
            primary_phy,
            secondary_phy,
            set_id: (set_id != 0xff).then_some(set_id),
            periodic_interval: u16::from_le_bytes([interval_low, interval_high]),
            direct: (event_type & DIRECTED != 0).then(|| direct_address(direct_type, *direct)),
            bad_crc: false,
        },
        data: Payload::new(data),
        ..Advertisement::default()
    }));
    Some(rest)
}

/// Type 0xFE: a resolvable private address that the controller could not resolve.
fn direct_address(address_type: u8, little_endian: [u8; 6]) -> Address {
    let address_type = if address_type == 0xfe { 1 } else { address_type };
    Address::from_hci(address_type, little_endian)
}

#[cfg(test)]
mod tests;
