//! Packets to events.

use super::hci::{self, command::CommandDecoder};
use super::ll::AdvertisingPdu;
use super::packet::{CrcState, HciPacket, LinkFrame, Packet, PacketKind, PacketReader};
use super::records::{Framing, Records};
use super::{BATCH, DamageLog, EventReader, FormatError};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::session::Intake;
use crate::lab::time::{Micros, UnixMicros};

/// At most so many packets are looked at in one call of [`EventReader::read`].
const PACKETS_PER_READ: usize = 4096;

/// Turns packets into events; keeps what spans packets.
#[derive(Debug, Default)]
pub struct Decoder {
    station: StationId,
    clock_offset: Micros,
    commands: CommandDecoder,
    drops: u32,
    last: Option<UnixMicros>,
    /// What was met besides events.
    pub counts: DecodeCounts,
}

/// What a decoder met that gives no event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeCounts {
    /// HCI events that ended within an advertising report.
    pub cut_short_events: u64,
    /// Advertising PDUs shorter than their header says, with a check sum that is not known to be wrong.
    pub cut_short_pdus: u64,
    /// Link-layer frames with a wrong check sum.
    pub bad_crc: u64,
    /// Scan and connection requests and their answers.
    pub requests: u64,
    /// Advertising PDUs of unknown type or too short for their address.
    pub unknown_pdus: u64,
    /// Link-layer frames that are no advertising PDUs.
    pub data_frames: u64,
}

/// An HCI event ended within an advertising report.
pub(crate) const CUT_SHORT_EVENT: &str = "the event ends within an advertising report";

impl Decoder {
    /// A decoder whose events belong to `station` and have `clock_offset` added to their times.
    #[must_use]
    pub fn new(station: StationId, clock_offset: Micros) -> Self {
        Self {
            station,
            clock_offset,
            ..Self::default()
        }
    }

    /// Appends the events of a packet to `batch`.
    ///
    /// # Errors
    /// The packet is damaged; what could be read before the damage is in `batch`.
    #[expect(
        clippy::inline_always,
        reason = "once per packet; the packet then stays in registers"
    )]
    #[inline(always)]
    pub fn packet(&mut self, packet: &Packet<'_>, batch: &mut Vec<CaptureEvent>) -> Result<(), hci::CutShort> {
        let at = packet.at.plus(self.clock_offset);
        if packet.after_damage || packet.drops != self.drops {
            self.losses(packet, at, batch);
        }
        self.last = Some(at);
        match packet.kind {
            PacketKind::Hci(HciPacket::Event, _) => {
                hci::reports(packet.data, at, self.station, batch).inspect_err(|_| self.counts.cut_short_events += 1)
            }
            PacketKind::Hci(HciPacket::Command, _) => {
                let station = self.station;
                self.commands.decode(packet.data, &mut |kind| {
                    batch.push(CaptureEvent::other(at, station, kind));
                });
                Ok(())
            }
            PacketKind::Link(link) => {
                self.frame(packet.data, at, link, batch);
                Ok(())
            }
            PacketKind::Hci(..) | PacketKind::Note(_) | PacketKind::Unknown(_) => Ok(()),
        }
    }

    /// Decodes the events that [`Records::burst`] gives; what is damaged is left to [`Decoder::packet`].
    #[inline]
    fn burst<F: Framing>(&mut self, records: &mut Records<F>, batch: &mut Vec<CaptureEvent>) {
        let (station, clock_offset) = (self.station, self.clock_offset);
        let last = records.burst(self.drops, |at, event| {
            let at = at.plus(clock_offset);
            sound_reports(event, at, station, batch)
        });
        self.last = last.map(|last| last.plus(clock_offset)).or(self.last);
    }

    /// As [`Decoder::burst`], into a session.
    #[inline]
    fn feed_burst<F: Framing>(&mut self, records: &mut Records<F>, intake: &mut Intake<'_>) {
        let (station, clock_offset) = (self.station, self.clock_offset);
        let last = records.burst(self.drops, |at, event| {
            // A time that would saturate is left to the long way.
            let Some(at) = at.0.checked_add(clock_offset.0).map(UnixMicros) else {
                return false;
            };
            let echo = hci::echo(event, at, station);
            echo.is_some_and(|echo| intake.echo(&echo)) || feed_reports(event, at, station, intake)
        });
        self.last = last.map(|last| last.plus(clock_offset)).or(self.last);
    }

    #[cold]
    fn losses(&mut self, packet: &Packet<'_>, at: UnixMicros, batch: &mut Vec<CaptureEvent>) {
        if let (true, Some(from)) = (packet.after_damage, self.last) {
            let reason = "damaged records in the capture".to_owned();
            let gap = EventKind::Gap { from, to: at, reason };
            batch.push(CaptureEvent::other(at, self.station, gap));
        }
        // The counter begins anew when the recorder does.
        if packet.drops > self.drops {
            let n = u64::from(packet.drops - self.drops);
            batch.push(CaptureEvent::other(at, self.station, EventKind::Dropped { n }));
        }
        self.drops = packet.drops;
    }

    fn frame(&mut self, frame: &[u8], at: UnixMicros, link: LinkFrame, batch: &mut Vec<CaptureEvent>) {
        self.counts.bad_crc += u64::from(link.crc == CrcState::Bad);
        let Some(pdu) = AdvertisingPdu::parse(frame, link) else {
            self.counts.data_frames += 1;
            return;
        };
        self.counts.cut_short_pdus += u64::from(pdu.cut_short && link.crc != CrcState::Bad);
        match (pdu.ty(), pdu.advertisement(at, self.station, link)) {
            (_, Some(advert)) => batch.push(CaptureEvent::Advert(advert)),
            (3 | 5 | 8, None) => self.counts.requests += 1,
            _ => self.counts.unknown_pdus += 1,
        }
    }
}

/// Appends the reports of an event if it is sound; `false`, with nothing done, if not.
#[inline]
fn sound_reports(event: &[u8], at: UnixMicros, station: StationId, batch: &mut Vec<CaptureEvent>) -> bool {
    let before = batch.len();
    let sound = hci::single_report(event, at, station, batch) || hci::reports(event, at, station, batch).is_ok();
    if !sound {
        batch.truncate(before);
    }
    sound
}

#[inline(never)]
fn feed_reports(event: &[u8], at: UnixMicros, station: StationId, intake: &mut Intake<'_>) -> bool {
    let mut is_single = false;
    let sound = intake.take_from(|batch| {
        is_single = hci::single_report(event, at, station, batch);
        is_single || sound_reports(event, at, station, batch)
    });
    if is_single && let Some(echo) = hci::echo(event, at, station) {
        intake.expect(&echo);
    }
    sound
}

/// Advertisements whose record is noted (16 MiB).
const MOST_NUMBERS: usize = 1 << 22;

/// The events of a packet capture.
pub(crate) struct Decoded<F> {
    records: Records<F>,
    decoder: Decoder,
    /// Given before anything else.
    introduction: Option<StationInfo>,
    /// In which record each advertisement was, where that is asked for.
    numbers: Option<Vec<u32>>,
}

impl<F: Framing> Decoded<F> {
    pub(crate) fn new(records: Records<F>, decoder: Decoder, station: StationInfo) -> Self {
        Self {
            records,
            decoder,
            introduction: Some(station),
            numbers: None,
        }
    }
}

impl<F: Framing> Decoded<F> {
    /// The next packet, in full; `false` at the end.
    #[inline]
    fn packet(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let Some(packet) = self.records.next()? else {
            return Ok(false);
        };
        if let Some(station) = self.introduction.take() {
            let at = packet.at.plus(self.decoder.clock_offset);
            let kind = EventKind::Station(station);
            batch.push(CaptureEvent::other(at, self.decoder.station, kind));
        }
        let (offset, number, had) = (packet.offset, packet.number, batch.len());
        if self.decoder.packet(&packet, batch).is_err() {
            self.records.note_damage(offset, number, CUT_SHORT_EVENT);
        }
        if let Some(numbers) = &mut self.numbers {
            let new = batch.get(had..).unwrap_or_default();
            let adverts = new
                .iter()
                .filter(|event| matches!(event, CaptureEvent::Advert(_)))
                .count();
            let room = MOST_NUMBERS.saturating_sub(numbers.len());
            // Zero is the number of no record.
            let number = u32::try_from(number).unwrap_or(0);
            numbers.extend(std::iter::repeat_n(number, adverts.min(room)));
        }
        Ok(true)
    }
}

impl<F: Framing> EventReader for Decoded<F> {
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let enough = batch.len() + BATCH;
        batch.reserve(BATCH + 32);
        for _ in 0..PACKETS_PER_READ {
            if batch.len() >= enough {
                break;
            }
            if self.introduction.is_none() && self.numbers.is_none() {
                self.decoder.burst(&mut self.records, batch);
            }
            if !self.packet(batch)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn feed(&mut self, intake: &mut Intake<'_>) -> Result<bool, FormatError> {
        for _ in 0..BATCH {
            if self.introduction.is_none() {
                self.decoder.feed_burst(&mut self.records, intake);
            }
            if !intake.take_from(|batch| self.packet(batch))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn number_records(&mut self) {
        self.numbers = Some(Vec::new());
    }

    fn take_numbers(&mut self) -> Option<Vec<u32>> {
        self.numbers.take()
    }

    fn damage(&self) -> &DamageLog {
        self.records.damage()
    }

    fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }
}

#[cfg(test)]
mod tests;
