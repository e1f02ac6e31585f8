//! Everything a capture holds: advertisements, and all else that can change a result.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::address::{self, Address};
use super::advert::{Advertisement, Payload, StationId, UnknownWord, find_word};
use super::time::UnixMicros;
use super::units::{Dbm, Metres};

/// What a source gives, a capture stores and the session takes.
#[derive(Clone, Debug, PartialEq)]
pub enum CaptureEvent {
    /// A report from the air.
    Advert(Advertisement),
    /// Anything else; boxed because advertisements are the many.
    Other(Box<Event>),
}

/// An event that is no advertisement.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened, by the clock of the source.
    pub at: UnixMicros,
    /// Whom it concerns.
    pub station: StationId,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen besides advertisements.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// Introduces the station: comes before anything else of it.
    Station(StationInfo),
    /// Truth that an engineer wrote down.
    Mark(Mark),
    /// Nothing could be heard in this time; silence within says nothing about broadcasters.
    Gap {
        /// When it began (the event's own time is when it was noticed).
        from: UnixMicros,
        /// When it ended.
        to: UnixMicros,
        /// Why, for people.
        reason: String,
    },
    /// The source lost this many reports.
    Dropped {
        /// How many.
        n: u64,
    },
    /// The adapter changed its state.
    Adapter(AdapterState),
    /// The station set what it broadcasts itself.
    OwnData {
        /// Advertising set or instance.
        set: u8,
        /// Which command said so.
        command: OwnDataCommand,
        /// The payload.
        data: Payload,
    },
    /// The station set its own random address.
    OwnAddress {
        /// Advertising set or instance; `None` for the device-wide address.
        set: Option<u8>,
        /// The address.
        address: Address,
    },
    /// The station switched its own broadcasting.
    OwnEnable {
        /// Advertising set or instance; `None` for all of them or where there is only one.
        set: Option<u8>,
        /// On or off.
        on: bool,
    },
    /// The station chose how it scans.
    ScanParameters {
        /// Whether it sends scan requests.
        active: bool,
        /// Time between the starts of two windows, in units of 0.625 ms.
        interval: u16,
        /// Listening time within the interval, in units of 0.625 ms.
        window: u16,
    },
    /// The station switched its scanning.
    ScanEnable {
        /// On or off.
        on: bool,
        /// Whether the controller is to withhold repeats.
        filter_duplicates: bool,
    },
    /// A bonded peer was put on the station's resolving list.
    ResolvingAdd(Box<ResolvingEntry>),
    /// A peer was taken off the resolving list.
    ResolvingRemove {
        /// The peer's identity address.
        peer: Address,
    },
    /// The resolving list was emptied.
    ResolvingClear,
}

impl EventKind {
    /// Whether the event's time is the source's present. An introduction has no time of its own; that of a mark is what
    /// the mark is about, which may be long past or still to come.
    #[must_use]
    pub const fn tells_time(&self) -> bool {
        !matches!(self, Self::Station(_) | Self::Mark(_))
    }

    /// The word in the column `kind` of an events file.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Station(_) => "station",
            Self::Mark(_) => "mark",
            Self::Gap { .. } => "gap",
            Self::Dropped { .. } => "dropped",
            Self::Adapter(_) => "adapter",
            Self::OwnData { .. } => "own-data",
            Self::OwnAddress { .. } => "own-address",
            Self::OwnEnable { .. } => "own-enable",
            Self::ScanParameters { .. } => "scan-parameters",
            Self::ScanEnable { .. } => "scan-enable",
            Self::ResolvingAdd(_) => "resolving-add",
            Self::ResolvingRemove { .. } => "resolving-remove",
            Self::ResolvingClear => "resolving-clear",
        }
    }
}

impl CaptureEvent {
    /// An event that is no advertisement.
    #[must_use]
    pub fn other(at: UnixMicros, station: StationId, kind: EventKind) -> Self {
        Self::Other(Box::new(Event { at, station, kind }))
    }

    /// When it happened, by the clock of the source.
    #[must_use]
    pub fn at(&self) -> UnixMicros {
        match self {
            Self::Advert(advert) => advert.at,
            Self::Other(event) => event.at,
        }
    }

    /// Whom it concerns.
    #[must_use]
    pub fn station(&self) -> StationId {
        match self {
            Self::Advert(advert) => advert.station,
            Self::Other(event) => event.station,
        }
    }
}

/// A receiver and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StationInfo {
    /// Its name in captures and reports, unique within a capture.
    pub name: String,
    /// Phone or adapter model, empty where unknown: the key to its RSSI correction.
    pub model: String,
    /// Edition of the calibration list that it used; empty where unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub edition: String,
}

/// Truth: what an engineer knows about a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Mark {
    /// From when it holds.
    pub from: UnixMicros,
    /// Until when; `None` for until the next mark of the same device without an end. One with an end holds within another for
    /// its own stretch; afterwards the other goes on.
    pub to: Option<UnixMicros>,
    /// Which device, by address, RPI prefix or a name of the engineer's; empty for all.
    pub device: String,
    /// The device's model.
    pub model: String,
    /// True distance between device and station.
    pub distance: Option<Metres>,
    /// How the device lies or is held.
    pub orientation: String,
    /// What stands between.
    pub obstacle: String,
    /// Anything else.
    pub note: String,
}

/// The note of a mark that takes back another.
const WITHDRAWN: &str = "calibration: withdrawn";
/// How the note of a step's mark begins; the session follows.
const OF_STEP: &str = "calibration ";

impl Mark {
    /// The mark that takes this one back: what was appended to a capture stays in it, and must not count.
    #[must_use]
    pub fn withdrawal(&self) -> Self {
        Self {
            from: self.from,
            to: self.to,
            device: self.device.clone(),
            note: WITHDRAWN.to_owned(),
            ..Self::default()
        }
    }

    /// Whether it takes back marks that were written before it.
    #[must_use]
    pub fn is_withdrawal(&self) -> bool {
        self.note == WITHDRAWN
    }

    /// Whether it takes back this other: of the same device, from and until the same times.
    #[must_use]
    pub fn withdraws(&self, other: &Self) -> bool {
        let is_same = (self.from, self.to) == (other.from, other.to);
        self.is_withdrawal() && is_same && self.device.eq_ignore_ascii_case(&other.device)
    }

    /// The note of a step of a session of `calibrate measure`.
    #[must_use]
    pub fn note_of_step(session: &str, reports: usize) -> String {
        format!("{OF_STEP}{session}, {reports} reports")
    }

    /// The note of the mark by which a session tells the phone's model after its first steps.
    #[must_use]
    pub fn note_of_model(session: &str) -> String {
        format!("{OF_STEP}{session}, model")
    }

    /// Whether it is of that session, as its steps are.
    #[must_use]
    pub fn is_step_of(&self, session: &str) -> bool {
        let of = self.note.strip_prefix(OF_STEP).and_then(|rest| rest.split(',').next());
        of == Some(session)
    }
}

/// The device that a reference names: `rpi:7e3c1b63` is the identifier that begins so, `addr:5e:1b:09:c4:77:01` an address. Both
/// are written without what stands before the colon too, and so they are kept.
#[must_use]
pub fn device_of(reference: &str) -> &str {
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let after = |kind: &str| {
        let begins = reference.get(..kind.len())?.eq_ignore_ascii_case(kind);
        begins.then(|| &reference[kind.len()..])
    };
    let rpi = after("rpi:").filter(|digits| digits.len() <= 32 && is_hex(digits));
    let address = after("addr:").filter(|address| address::parse_bytes(address).is_ok());
    rpi.or(address).unwrap_or(reference)
}

/// State of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdapterState {
    /// Scanning.
    Scanning,
    /// There, switched off.
    Off,
    /// Blocked by rfkill.
    Blocked,
    /// Not there.
    Gone,
    /// The Bluetooth service or the bus does not answer.
    ServiceDown,
    /// The system does not let this program scan.
    NotPermitted,
}

impl AdapterState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Scanning,
        Self::Off,
        Self::Blocked,
        Self::Gone,
        Self::ServiceDown,
        Self::NotPermitted,
    ];

    /// The word used in captures and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scanning => "scanning",
            Self::Off => "off",
            Self::Blocked => "blocked",
            Self::Gone => "gone",
            Self::ServiceDown => "service-down",
            Self::NotPermitted => "not-permitted",
        }
    }
}

impl fmt::Display for AdapterState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for AdapterState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, &Self::ALL, Self::word)
    }
}

/// The commands by which phones set their advertising data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnDataCommand {
    /// LE Set Advertising Data, 0x2008.
    Legacy,
    /// LE Set Extended Advertising Data, 0x2037.
    Extended,
    /// Android's LE Multi Advertising, vendor command 0xFD54 sub-command 0x02.
    AndroidMulti,
    /// Apple's and Broadcom's vendor command 0xFD4B sub-command 0x03.
    Apple,
}

impl OwnDataCommand {
    /// All commands.
    pub const ALL: [Self; 4] = [Self::Legacy, Self::Extended, Self::AndroidMulti, Self::Apple];

    /// The word used in captures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Extended => "extended",
            Self::AndroidMulti => "android-multi",
            Self::Apple => "apple",
        }
    }
}

impl FromStr for OwnDataCommand {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find_word(text, &Self::ALL, Self::word)
    }
}

/// An identity resolving key: a secret that tracks a phone through all its resolvable addresses. Never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Irk(pub [u8; 16]);

impl Irk {
    /// Whether it stands for "no key" (Android fills empty slots with zeros).
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl fmt::Debug for Irk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_none() { "Irk(none)" } else { "Irk(…)" })
    }
}

/// A line of a controller's resolving list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvingEntry {
    /// The peer's identity address.
    pub peer: Address,
    /// The peer's key, most significant byte first.
    pub peer_irk: Irk,
    /// The station's own key, most significant byte first.
    pub local_irk: Irk,
}

/// TX power that an advertisement states in its payload (AD type 0x0A), not to be confused with the encrypted one.
#[must_use]
pub fn stated_tx_power(payload: &[u8]) -> Option<Dbm> {
    super::ad::structures(payload).find_map(|structure| match (structure.ty, structure.data) {
        (super::ad::ty::TX_POWER, [level]) => Dbm::from_hci(*level),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolving_key_is_never_printed() {
        let entry = ResolvingEntry {
            peer: Address::default(),
            peer_irk: Irk([0xab; 16]),
            local_irk: Irk([0; 16]),
        };
        let text = format!("{entry:?}");
        assert!(!text.contains("ab") && !text.contains("171"), "{text}");
        assert!(text.contains("Irk(none)"));
    }

    #[test]
    fn words_give_their_value_back() {
        for state in AdapterState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        for command in OwnDataCommand::ALL {
            assert_eq!(command.word().parse(), Ok(command));
        }
    }

    #[test]
    fn an_event_is_no_larger_than_an_advertisement() {
        assert!(size_of::<CaptureEvent>() <= 120, "{}", size_of::<CaptureEvent>());
    }

    #[test]
    fn references_are_kept_without_their_kind_and_other_names_as_they_are() {
        for (reference, device) in [
            ("rpi:7e3c1b63", "7e3c1b63"),
            ("RPI:7E3C", "7E3C"),
            ("addr:5e:1b:09:c4:77:01", "5e:1b:09:c4:77:01"),
            ("7e3c1b63", "7e3c1b63"),
            ("rpi:bench", "rpi:bench"),
            ("rpi:", "rpi:"),
            (
                "rpi:00112233445566778899aabbccddeeff0",
                "rpi:00112233445566778899aabbccddeeff0",
            ),
            ("addr:5e:1b", "addr:5e:1b"),
            ("ädr", "ädr"),
            ("", ""),
        ] {
            assert_eq!(device_of(reference), device);
        }
    }
}
