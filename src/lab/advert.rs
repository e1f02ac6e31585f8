//! The one input of the lab: an advertisement as a receiver reported it.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::address::Address;
use super::time::UnixMicros;
use super::units::Dbm;

/// A receiver within one event stream; its name and model come in an [`EventKind::Station`] event before its first use.
///
/// [`EventKind::Station`]: super::event::EventKind::Station
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StationId(pub u16);

/// One report from the air as a receiver saw it.
///
/// A report is kept as it came: fragments of long extended advertisements stay separate (see [`DataStatus`]) and are
/// joined by the session, scan responses are not merged into what they answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertisement {
    /// When it was received, by the clock of the source.
    pub at: UnixMicros,
    /// Who received it.
    pub station: StationId,
    /// Who sent it, as far as the source tells.
    pub address: Address,
    /// PDU type.
    pub pdu: PduType,
    /// Received signal strength; `None` where the source gave none (HCI value 127).
    pub rssi: Option<Dbm>,
    /// How the RSSI belongs to this report.
    pub rssi_quality: RssiQuality,
    /// TX power of the report's header or of the operating system; not that of the payload's AD structure.
    pub tx_power: Option<Dbm>,
    /// Advertising channel (0..=39) where the source knows it.
    pub channel: Option<u8>,
    /// What the source knows beyond these.
    pub details: ReportDetails,
    /// The AD structures, as received or put together again ([`ReportForm::is_raw`]).
    pub data: Payload,
}

impl Advertisement {
    /// The default as a constant, which costs a copy and no more.
    pub(crate) const EMPTY: Self = Self {
        at: UnixMicros(0),
        station: StationId(0),
        address: Address::NONE,
        pdu: PduType::Unknown,
        rssi: None,
        rssi_quality: RssiQuality::Paired,
        tx_power: None,
        channel: None,
        details: ReportDetails {
            form: ReportForm::Legacy,
            event_type: 0,
            address_type: 0,
            primary_phy: 0,
            secondary_phy: 0,
            set_id: None,
            periodic_interval: 0,
            direct: None,
            bad_crc: false,
        },
        data: Payload::EMPTY,
    };

    /// Whether more data of the same advertisement follows, or is missing.
    #[must_use]
    pub fn data_status(&self) -> DataStatus {
        if self.details.form != ReportForm::Extended {
            return DataStatus::Complete;
        }
        match (self.details.event_type >> 5) & 0b11 {
            0b00 => DataStatus::Complete,
            0b01 => DataStatus::MoreToCome,
            0b10 => DataStatus::Truncated,
            _ => DataStatus::Reserved,
        }
    }

    /// Whether this is the answer to a scan request and not an advertisement of its own.
    #[must_use]
    pub const fn is_scan_response(&self) -> bool {
        matches!(self.pdu, PduType::ScanRsp | PduType::AuxScanRsp)
    }
}

/// Advertising PDU type, by its name in the Core specification (vol. 6 part B, 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PduType {
    /// Connectable and scannable undirected.
    AdvInd,
    /// Connectable directed.
    AdvDirectInd,
    /// Neither connectable nor scannable: what the exposure-notification specification asks for.
    AdvNonconnInd,
    /// Scannable undirected: what Android phones really send.
    AdvScanInd,
    /// Answer to a scan request.
    ScanRsp,
    /// Extended advertisement (also its auxiliary and chained PDUs, where the source joins them).
    AdvExtInd,
    /// Answer to a scan request of an extended advertisement.
    AuxScanRsp,
    /// The source does not tell, or the type is reserved.
    #[default]
    Unknown,
}

impl PduType {
    /// All types.
    pub const ALL: [Self; 8] = [
        Self::AdvInd,
        Self::AdvDirectInd,
        Self::AdvNonconnInd,
        Self::AdvScanInd,
        Self::ScanRsp,
        Self::AdvExtInd,
        Self::AuxScanRsp,
        Self::Unknown,
    ];

    /// The specification's name; `unknown` where there is none.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AdvInd => "ADV_IND",
            Self::AdvDirectInd => "ADV_DIRECT_IND",
            Self::AdvNonconnInd => "ADV_NONCONN_IND",
            Self::AdvScanInd => "ADV_SCAN_IND",
            Self::ScanRsp => "SCAN_RSP",
            Self::AdvExtInd => "ADV_EXT_IND",
            Self::AuxScanRsp => "AUX_SCAN_RSP",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for PduType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for PduType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl FromStr for PduType {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, &Self::ALL, PduType::word)
    }
}

/// How far an advertisement's data is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataStatus {
    /// All of it.
    Complete,
    /// The next report of the same advertiser and set continues it.
    MoreToCome,
    /// The controller lost the rest.
    Truncated,
    /// The reserved value.
    Reserved,
}

/// How the RSSI of a report was come by; calibration trusts only [`RssiQuality::Paired`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RssiQuality {
    /// Measured on this very packet.
    #[default]
    Paired,
    /// The newest value the operating system had; may belong to an earlier packet.
    Latest,
    /// As `Latest`, and the system withholds changes under 8 dB.
    Quantised,
}

impl RssiQuality {
    /// All qualities.
    pub const ALL: [Self; 3] = [Self::Paired, Self::Latest, Self::Quantised];

    /// The word used in captures and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paired => "paired",
            Self::Latest => "latest",
            Self::Quantised => "quantised",
        }
    }
}

impl FromStr for RssiQuality {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, &Self::ALL, RssiQuality::word)
    }
}

impl Serialize for RssiQuality {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Which layer reported the advertisement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportForm {
    /// HCI LE Advertising Report (subevent 0x02).
    #[default]
    Legacy,
    /// HCI LE Extended Advertising Report (subevent 0x0D).
    Extended,
    /// A sniffer's link-layer packet.
    Air,
    /// An operating system's interface: the payload is put together again from fields.
    Host,
}

impl ReportForm {
    /// All forms.
    pub const ALL: [Self; 4] = [Self::Legacy, Self::Extended, Self::Air, Self::Host];

    /// The word used in captures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Extended => "extended",
            Self::Air => "air",
            Self::Host => "host",
        }
    }

    /// Whether the payload is byte for byte as received.
    #[must_use]
    pub const fn is_raw(self) -> bool {
        !matches!(self, Self::Host)
    }
}

impl FromStr for ReportForm {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, &Self::ALL, ReportForm::word)
    }
}

/// What a source knows of a report beyond its common fields; zero or `None` where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportDetails {
    /// Which layer reported.
    pub form: ReportForm,
    /// HCI: the event type as in the file, reserved bits included. Air: the 16-bit PDU header.
    pub event_type: u16,
    /// HCI address type as in the file.
    pub address_type: u8,
    /// Extended: primary PHY (1 LE 1M, 3 LE Coded; 0 unknown).
    pub primary_phy: u8,
    /// Extended: secondary PHY (0 none, 1 LE 1M, 2 LE 2M, 3 LE Coded).
    pub secondary_phy: u8,
    /// Extended: advertising set, `None` where the PDU has none (0xFF).
    pub set_id: Option<u8>,
    /// Extended: periodic advertising interval in units of 1.25 ms, 0 for none.
    pub periodic_interval: u16,
    /// Whom a directed advertisement addresses.
    pub direct: Option<Address>,
    /// Air: the frame's check sum was wrong; whatever it says may be damaged.
    pub bad_crc: bool,
}

/// AD bytes; up to 31 (a legacy advertisement) are held in place.
#[derive(Clone)]
pub struct Payload(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(Box<[u8]>),
}

const INLINE: usize = 31;
/// Half of what is held in place, rounded up.
const HALF: usize = 16;

impl Payload {
    const EMPTY: Self = Self(Repr::Inline {
        len: 0,
        bytes: [0; INLINE],
    });

    /// Copies the bytes.
    #[must_use]
    #[inline]
    pub fn new(data: &[u8]) -> Self {
        let mut payload = Self::default();
        payload.set(data);
        payload
    }

    /// Copies the bytes to where the payload stands; once per packet, so spared a move.
    #[inline]
    pub(crate) fn set(&mut self, data: &[u8]) {
        match (&mut self.0, u8::try_from(data.len())) {
            (Repr::Inline { len, bytes }, Ok(new)) if data.len() <= INLINE => {
                *len = new;
                match (data.first_chunk::<HALF>(), data.last_chunk::<HALF>()) {
                    // Two copies of a fixed length, which may overlap, cost less than one of any length.
                    (Some(head), Some(tail)) => {
                        bytes[..HALF].copy_from_slice(head);
                        bytes[data.len() - HALF..data.len()].copy_from_slice(tail);
                    }
                    _ => bytes[..data.len()].copy_from_slice(data),
                }
            }
            _ => *self = Self::of_any_length(data),
        }
    }

    #[cold]
    fn of_any_length(data: &[u8]) -> Self {
        match u8::try_from(data.len()) {
            Ok(len) if data.len() <= INLINE => {
                let mut bytes = [0; INLINE];
                bytes[..data.len()].copy_from_slice(data);
                Self(Repr::Inline { len, bytes })
            }
            _ => Self(Repr::Heap(data.into())),
        }
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Deref for Payload {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Heap(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Payload {
    fn from(data: &[u8]) -> Self {
        Self::new(data)
    }
}

impl PartialEq for Payload {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        *self == **other
    }
}

impl PartialEq<[u8]> for Payload {
    #[inline]
    fn eq(&self, other: &[u8]) -> bool {
        if let (Repr::Inline { len, bytes }, HALF..=INLINE) = (&self.0, other.len()) {
            // Two comparisons of a fixed length, which may overlap, cost less than one of any length.
            let tail = bytes.get(other.len() - HALF..).and_then(<[u8]>::first_chunk::<HALF>);
            return usize::from(*len) == other.len()
                && bytes.first_chunk::<HALF>() == other.first_chunk()
                && tail == other.last_chunk();
        }
        **self == *other
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({})", Hex(self))
    }
}

/// Displays bytes as lower-case hexadecimal without separators.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A word that is not in a vocabulary.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{found:?} is none of {known}")]
pub struct UnknownWord {
    /// What was read.
    pub found: String,
    /// The words there are.
    pub known: String,
}

pub(crate) fn find_word<T: Copy>(text: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Result<T, UnknownWord> {
    all.iter()
        .copied()
        .find(|value| word(*value) == text)
        .ok_or_else(|| UnknownWord {
            found: text.to_owned(),
            known: all.iter().map(|value| word(*value)).collect::<Vec<_>>().join(", "),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_holds_any_length_unchanged() {
        for len in [0, 1, 30, 31, 32, 229, 1650] {
            let data: Vec<u8> = (0..len).map(|idx| u8::try_from(idx % 251).unwrap()).collect();
            assert_eq!(&*Payload::new(&data), &data[..]);
        }
    }

    #[test]
    fn the_constant_is_the_default() {
        assert_eq!(Advertisement::EMPTY, Advertisement::default());
    }

    #[test]
    fn an_advertisement_stays_small() {
        assert!(size_of::<Advertisement>() <= 112, "{}", size_of::<Advertisement>());
    }

    #[test]
    fn words_give_their_value_back() {
        for pdu in PduType::ALL {
            assert_eq!(pdu.word().parse(), Ok(pdu));
        }
        for form in ReportForm::ALL {
            assert_eq!(form.word().parse(), Ok(form));
        }
        for quality in RssiQuality::ALL {
            assert_eq!(quality.word().parse(), Ok(quality));
        }
        assert!(
            "adv_ind"
                .parse::<PduType>()
                .unwrap_err()
                .to_string()
                .contains("ADV_SCAN_IND")
        );
    }

    #[test]
    fn data_status_comes_from_bits_five_and_six_of_extended_reports() {
        let mut advert = Advertisement::default();
        advert.details.event_type = 0x2030;
        assert_eq!(advert.data_status(), DataStatus::Complete);
        advert.details.form = ReportForm::Extended;
        assert_eq!(advert.data_status(), DataStatus::MoreToCome);
        advert.details.event_type = 0x2040;
        assert_eq!(advert.data_status(), DataStatus::Truncated);
    }
}
