//! What is in a capture: an accumulator over its packets and over what was decoded from them.
//!
//! Memory grows with the number of distinct addresses, identifiers and names, not with the length of the capture.

mod counts;
pub mod hex;
pub mod histogram;
mod notes;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use counts::LOUD;
use histogram::RssiHistogram;
pub use notes::Notes;

use crate::format::decode::{DecodeCounts, Decoder};
use crate::format::hci::{ADVERTISING_REPORT, EXTENDED_ADVERTISING_REPORT, LE_META};
use crate::format::ll::AdvertisingPdu;
use crate::format::packet::{CrcState, HciPacket, Packet, PacketKind, PacketReader};
use crate::format::{DamageLog, EventReader, FormatError};
use crate::lab::ad::{self, ty};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, ReportForm, StationId};
use crate::lab::event::{CaptureEvent, EventKind, OwnDataCommand};
use crate::lab::gaen;
use crate::lab::time::{Micros, UnixMicros};

/// Distinct names kept; what comes after them is only counted.
const MAX_NAMES: usize = 4096;

/// One exposure-notification report with the number of its packet.
#[derive(Clone, Copy, Debug)]
pub struct GaenReport<'a> {
    /// Number of the packet, from 1.
    pub packet: u64,
    /// The report.
    pub advert: &'a Advertisement,
    /// What follows the service UUID: identifier and metadata, of any length.
    pub service_data: &'a [u8],
}

impl GaenReport<'_> {
    /// The identifier: the first 16 bytes, or what there is of them.
    #[must_use]
    pub fn rpi(&self) -> &[u8] {
        self.service_data.get(..16).unwrap_or(self.service_data)
    }

    /// Whatever follows the identifier.
    #[must_use]
    pub fn aem(&self) -> &[u8] {
        self.service_data.get(16..).unwrap_or_default()
    }
}

/// Word for an address's kind where identities go by what they are: type 3 by its two top bits like type 1.
#[must_use]
pub fn address_kind_word(address: Address) -> &'static str {
    match address.kind {
        AddressKind::RandomIdentity => Address::random_kind(address.bytes).word(),
        kind => kind.word(),
    }
}

/// First and last, smallest and largest of the times in file order.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// First in file order.
    pub first: UnixMicros,
    /// Last in file order.
    pub last: UnixMicros,
    /// Smallest.
    pub min: UnixMicros,
    /// Largest.
    pub max: UnixMicros,
}

impl Span {
    fn include(span: &mut Option<Self>, at: UnixMicros) {
        let all = span.get_or_insert(Self {
            first: at,
            last: at,
            min: at,
            max: at,
        });
        all.last = at;
        all.min = all.min.min(at);
        all.max = all.max.max(at);
    }
}

/// Counts of advertising reports.
#[derive(Clone, Debug, Default)]
pub struct ReportCounts {
    /// All of them.
    pub n: u64,
    /// From LE Advertising Report events.
    pub legacy: u64,
    /// From LE Extended Advertising Report events.
    pub extended: u64,
    /// By the word of the address's kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Distinct addresses with their HCI type.
    pub addresses: BTreeSet<(u8, [u8; 6])>,
    /// Signal strengths.
    pub rssi: RssiHistogram,
    /// Without one.
    pub no_rssi: u64,
}

impl ReportCounts {
    fn add(&mut self, advert: &Advertisement) {
        self.n += 1;
        self.legacy += u64::from(advert.details.form == ReportForm::Legacy);
        self.extended += u64::from(advert.details.form == ReportForm::Extended);
        *self.kinds.entry(address_kind_word(advert.address)).or_default() += 1;
        self.addresses
            .insert((advert.details.address_type, advert.address.bytes));
        match advert.rssi {
            Some(rssi) => self.rssi.add(rssi),
            None => self.no_rssi += 1,
        }
    }
}

/// Exposure-notification reports.
#[derive(Clone, Debug, Default)]
pub struct GaenCounts {
    /// As for all reports.
    pub reports: ReportCounts,
    /// When they came.
    pub span: Option<Span>,
    /// Distinct identifiers.
    pub rpis: BTreeSet<Box<[u8]>>,
    /// Distinct identifiers with metadata.
    pub rpis_aems: BTreeSet<Box<[u8]>>,
    /// By length of the service data.
    pub lengths: BTreeMap<usize, u64>,
    /// By form and event type as in the file.
    pub event_types: BTreeMap<(ReportForm, u16), u64>,
    /// By value of the Flags structure.
    pub flags: BTreeMap<Option<Box<[u8]>>, u64>,
}

/// The phone's own part.
#[derive(Clone, Debug, Default)]
pub struct OwnCounts {
    /// Commands that set exposure-notification data.
    pub commands: BTreeMap<OwnDataCommand, u64>,
    /// Distinct identifiers with metadata, in the order of first use.
    pub frames: Vec<Box<[u8]>>,
    seen: BTreeSet<Box<[u8]>>,
    /// Commands that set a random address.
    pub address_commands: u64,
    /// Distinct random addresses.
    pub addresses: BTreeSet<[u8; 6]>,
}

/// Link-layer frames.
#[derive(Clone, Debug, Default)]
pub struct LinkCounts {
    /// All frames.
    pub frames: u64,
    /// Advertising PDUs by type.
    pub pdu_types: BTreeMap<u8, u64>,
    /// Distinct advertisers' addresses, wherever the frame is long enough for one; least significant byte first.
    pub advertisers: BTreeSet<[u8; 6]>,
    /// Signal strengths.
    pub rssi: RssiHistogram,
    /// Frames with a right and with a wrong check sum; the others were not checked.
    pub crc: (u64, u64),
}

/// Reports with one name.
#[derive(Clone, Debug, Default)]
pub struct NameCounts {
    /// How many.
    pub n: u64,
    /// Signal strengths.
    pub rssi: RssiHistogram,
}

/// What is in a capture.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Container and link type.
    pub format: String,
    /// Size of the (uncompressed) file.
    pub bytes: u64,
    /// Bytes after the last record.
    pub trailing_bytes: u64,
    /// What was damaged.
    pub damage: DamageLog,
    /// What decoding met besides events.
    pub decode: DecodeCounts,
    /// Records that could be read.
    pub packets: u64,
    /// By type.
    pub packet_types: BTreeMap<String, u64>,
    /// Records shorter than their packet was.
    pub cut_packets: u64,
    /// Times of the records.
    pub span: Option<Span>,
    /// Times of the first and last record with their nanoseconds: (second, nanosecond).
    pub epochs: Option<[(i64, u32); 2]>,
    /// Records earlier than their predecessor.
    pub times_back: u64,
    /// Largest cumulative number of drops.
    pub max_drops: u32,
    /// Link types met.
    pub link_types: BTreeSet<u16>,
    /// HCI packets.
    pub hci_packets: u64,
    /// LE Meta events by subevent.
    pub subevents: BTreeMap<u8, u64>,
    /// Advertising-report events by their number of reports.
    pub reports_per_event: BTreeMap<u8, u64>,
    /// All advertising reports.
    pub reports: ReportCounts,
    /// Exposure-notification reports.
    pub gaen: GaenCounts,
    /// The phone's own part.
    pub own: OwnCounts,
    /// Link-layer frames.
    pub link: LinkCounts,
    /// Names in advertisements with their signal strengths; bytes that are not UTF-8 as U+FFFD, nothing neutralised.
    pub names: BTreeMap<String, NameCounts>,
    /// Reports whose name found no room in `names`.
    pub more_names: u64,
    /// What else a native capture holds; `None` for other captures.
    pub notes: Option<Notes>,
}

impl Inspection {
    /// Reads a capture to its end. `each` gets every exposure-notification report, in order.
    ///
    /// # Errors
    /// [`FormatError`] when reading cannot go on, or what `each` says.
    pub fn of_packets<E: From<FormatError>>(
        reader: &mut dyn PacketReader,
        clock_offset: Micros,
        mut each: impl FnMut(&GaenReport<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut inspection = Self::default();
        let mut decoder = Decoder::new(StationId::default(), clock_offset);
        let mut events = Vec::new();
        while let Some(packet) = reader.next_packet()? {
            inspection.packet(&packet, clock_offset);
            let outcome = decoder.packet(&packet, &mut events);
            let (offset, number) = (packet.offset, packet.number);
            for event in events.drain(..) {
                inspection.event(number, &event, &mut each)?;
            }
            if outcome.is_err() {
                reader.note_damage(offset, number, crate::format::decode::CUT_SHORT_EVENT);
            }
        }
        inspection.format = reader.format();
        inspection.bytes = reader.bytes_read();
        inspection.trailing_bytes = reader.trailing_bytes();
        inspection.damage = reader.damage().clone();
        inspection.decode = decoder.counts;
        Ok(inspection)
    }

    /// As [`Inspection::of_packets`], of a capture that has no packets; every report counts as one.
    ///
    /// # Errors
    /// [`FormatError`] when reading cannot go on, or what `each` says.
    pub fn of_events<E: From<FormatError>>(
        reader: &mut dyn EventReader,
        mut each: impl FnMut(&GaenReport<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut inspection = Self::default();
        let mut notes = Notes::default();
        let mut events = Vec::new();
        let mut more = true;
        while more {
            more = reader.read(&mut events)?;
            for event in events.drain(..) {
                notes.take(&event);
                if let CaptureEvent::Advert(advert) = &event {
                    inspection.packets += 1;
                    inspection.instant(advert.at, 0);
                }
                inspection.event(inspection.packets, &event, &mut each)?;
            }
        }
        "native".clone_into(&mut inspection.format);
        inspection.notes = Some(notes);
        inspection.bytes = reader.bytes_read();
        inspection.damage = reader.damage().clone();
        Ok(inspection)
    }

    fn instant(&mut self, at: UnixMicros, sub_nanos: u16) {
        self.times_back += u64::from(self.span.is_some_and(|span| at < span.last));
        Span::include(&mut self.span, at);
        let micros = u32::try_from(at.0.rem_euclid(1_000_000)).unwrap_or_default();
        let epoch = (at.whole_seconds(), micros * 1000 + u32::from(sub_nanos));
        self.epochs.get_or_insert([epoch, epoch])[1] = epoch;
    }

    /// Takes a packet as its container holds it.
    fn packet(&mut self, packet: &Packet<'_>, clock_offset: Micros) {
        self.packets += 1;
        self.cut_packets += u64::from(packet.original_len != packet.included_len);
        self.instant(packet.at.plus(clock_offset), packet.sub_nanos);
        self.max_drops = self.max_drops.max(packet.drops);
        self.link_types.insert(packet.link_type);
        self.count_type(packet.kind);
        match packet.kind {
            PacketKind::Hci(kind, _) => {
                self.hci_packets += 1;
                if let (HciPacket::Event, [LE_META, _, subevent, rest @ ..]) = (kind, packet.data) {
                    *self.subevents.entry(*subevent).or_default() += 1;
                    if let (ADVERTISING_REPORT | EXTENDED_ADVERTISING_REPORT, Some(count)) = (*subevent, rest.first()) {
                        *self.reports_per_event.entry(*count).or_default() += 1;
                    }
                }
            }
            PacketKind::Link(link) => {
                self.link.frames += 1;
                link.rssi.into_iter().for_each(|rssi| self.link.rssi.add(rssi));
                match link.crc {
                    CrcState::Unknown => {}
                    CrcState::Good => self.link.crc.0 += 1,
                    CrcState::Bad => self.link.crc.1 += 1,
                }
                if let Some(pdu) = AdvertisingPdu::parse(packet.data, link) {
                    *self.link.pdu_types.entry(pdu.ty()).or_default() += 1;
                    self.link.advertisers.extend(pdu.advertiser_place());
                }
            }
            PacketKind::Note(_) | PacketKind::Unknown(_) => {}
        }
    }

    fn count_type(&mut self, kind: PacketKind) {
        let mut add = |word: &str| match self.packet_types.get_mut(word) {
            Some(n) => *n += 1,
            None => {
                self.packet_types.insert(word.to_owned(), 1);
            }
        };
        match kind {
            PacketKind::Hci(packet, _) => add(packet.word()),
            PacketKind::Link(_) => add("frame"),
            PacketKind::Note(note) if self.link_types.contains(&0) => add(&format!("pklg-0x{note:02x}")),
            PacketKind::Note(note) => add(&format!("monitor-0x{note:02x}")),
            PacketKind::Unknown(first) => add(&format!("unknown-0x{first:02x}")),
        }
    }

    /// Takes what was decoded from packet `number`.
    fn event<E>(
        &mut self,
        number: u64,
        event: &CaptureEvent,
        each: &mut impl FnMut(&GaenReport<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match event {
            CaptureEvent::Advert(advert) => {
                self.reports.add(advert);
                self.name(advert);
                if let Some(service_data) = gaen::service_data(&advert.data) {
                    self.gaen_report(advert, service_data);
                    each(&GaenReport {
                        packet: number,
                        advert,
                        service_data,
                    })?;
                }
            }
            CaptureEvent::Other(event) => self.own(&event.kind),
        }
        Ok(())
    }

    fn gaen_report(&mut self, advert: &Advertisement, service_data: &[u8]) {
        let gaen = &mut self.gaen;
        gaen.reports.add(advert);
        Span::include(&mut gaen.span, advert.at);
        let rpi = service_data.get(..16).unwrap_or(service_data);
        if !gaen.rpis.contains(rpi) {
            gaen.rpis.insert(rpi.into());
        }
        if !gaen.rpis_aems.contains(service_data) {
            gaen.rpis_aems.insert(service_data.into());
        }
        *gaen.lengths.entry(service_data.len()).or_default() += 1;
        let event_type = (advert.details.form, advert.details.event_type);
        *gaen.event_types.entry(event_type).or_default() += 1;
        let flags = gaen::flags(&advert.data).map(Into::into);
        *gaen.flags.entry(flags).or_default() += 1;
    }

    fn own(&mut self, kind: &EventKind) {
        match kind {
            EventKind::OwnData { command, data, .. } => {
                if let Some(frame) = gaen::service_data(data) {
                    *self.own.commands.entry(*command).or_default() += 1;
                    if self.own.seen.insert(frame.into()) {
                        self.own.frames.push(frame.into());
                    }
                }
            }
            EventKind::OwnAddress { address, .. } => {
                self.own.address_commands += 1;
                self.own.addresses.insert(address.bytes);
            }
            _ => {}
        }
    }

    fn name(&mut self, advert: &Advertisement) {
        let names =
            ad::structures(&advert.data).filter(|structure| matches!(structure.ty, ty::NAME_SHORT | ty::NAME_COMPLETE));
        for structure in names {
            let name = String::from_utf8_lossy(structure.data);
            if !self.names.contains_key(&*name) && self.names.len() >= MAX_NAMES {
                self.more_names += 1;
                continue;
            }
            let counts = self.names.entry(name.into_owned()).or_default();
            counts.n += 1;
            advert.rssi.into_iter().for_each(|rssi| counts.rssi.add(rssi));
        }
    }

    /// Distinct identifiers that the phone broadcast itself.
    #[must_use]
    pub fn own_rpis(&self) -> usize {
        let rpis: BTreeSet<_> = self
            .own
            .frames
            .iter()
            .map(|frame| frame.get(..16).unwrap_or(frame))
            .collect();
        rpis.len()
    }
}
