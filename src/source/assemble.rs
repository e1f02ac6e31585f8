//! Puts advertisements together again from what an operating system's Bluetooth service tells piece by piece.
//!
//! A pure state machine: it is fed with [`HostEvent`]s and their arrival times and gives [`Advertisement`]s, so that
//! recorded sequences of events can test it without any Bluetooth. The rules differ by system:
//!
//! `BlueZ`: one report from the air is one D-Bus signal, which arrives as an RSSI event followed at once by its data
//! events, never mixed with another device's. The first report of an address comes only as a discovery, with the values
//! in its properties. Devices that the service remembers from before are announced like discoveries.
//!
//! `CoreBluetooth`: the data events of one report come within a few milliseconds, mixed with other devices'; the RSSI is
//! the newest value that the system has, and there are no addresses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::lab::ad::{self, ty};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, Payload, ReportDetails, ReportForm, RssiQuality, StationId};
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::Dbm;

/// `BlueZ`: how long an RSSI waits for the data of its signal, unless another event comes before. Their events are
/// neighbours, but each costs a round trip on the bus before it arrives, which a busy machine draws out.
const WAIT_FOR_DATA: Micros = Micros::from_secs(1);
/// `BlueZ`: how long a report with data waits for its further fields.
const WAIT_FOR_MORE: Micros = Micros::from_millis(30);
/// `CoreBluetooth`: fields of one report arrive within this.
const SAME_REPORT: Micros = Micros::from_millis(5);
/// A device that was silent for so long is forgotten. `BlueZ` itself forgets after 30 s.
const IDLE: Micros = Micros::from_secs(60);
/// More devices are never held, whatever is on the air; the longest silent one goes first.
const MAX_DEVICES: usize = 8_192;
/// The longest payload of an extended advertisement (Core specification, vol. 4 part E, 7.8.54).
const MAX_PAYLOAD: usize = 1_650;
/// `BlueZ` after 5.87 withholds RSSI changes below this, in dB, unless a client's filter has a threshold.
const STEP_DB: u8 = 8;
/// So many RSSI changes in a row, none of them smaller, are no accident.
const STEPS_SEEN: u32 = 12;
/// The Bluetooth base UUID, into which short UUIDs are set (Core specification, vol. 3 part B, 2.5.1).
const BASE_UUID: u128 = 0x0000_0000_0000_1000_8000_0080_5f9b_34fb;

/// A device as the operating system names it: the address on Linux, a UUID of this host's own on macOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u128);

/// Whose behaviour the events follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Linux.
    Bluez,
    /// macOS.
    CoreBluetooth,
}

/// What the operating system tells about a device on request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// Its address; without one the identifier stands in, as [`AddressKind::Opaque`].
    pub address: Option<Address>,
    /// The newest RSSI.
    pub rssi: Option<i16>,
    /// TX power that its payload states.
    pub tx_power: Option<i16>,
    /// The advertised name.
    pub name: Option<String>,
    /// The UUIDs of its service lists.
    pub services: Vec<u128>,
    /// Service data by UUID.
    pub service_data: BTreeMap<u128, Vec<u8>>,
    /// Manufacturer data by company identifier.
    pub manufacturer_data: BTreeMap<u16, Vec<u8>>,
}

/// What the operating system told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostEvent {
    /// The device was known before the scan began: nothing was heard yet. Its announcement will follow.
    Remembered(DeviceId, Properties),
    /// The device was announced.
    Discovered(DeviceId, Properties),
    /// Properties that were read because the device was not [known](Assembler::knows); nothing was heard.
    Described(DeviceId, Properties),
    /// A new RSSI, in dBm.
    Rssi(DeviceId, i16),
    /// Service data by UUID.
    ServiceData(DeviceId, BTreeMap<u128, Vec<u8>>),
    /// Manufacturer data by company identifier.
    ManufacturerData(DeviceId, BTreeMap<u16, Vec<u8>>),
    /// The UUIDs of the service lists.
    Services(DeviceId, Vec<u128>),
}

/// What is known of a device beyond its latest report.
#[derive(Debug)]
struct Device {
    address: Address,
    services: Vec<u128>,
    name: Option<String>,
    tx_power: Option<Dbm>,
    rssi: Option<Dbm>,
    /// Announced by the service's memory, and that announcement is still to come.
    announced_from_memory: bool,
    touched: UnixMicros,
}

/// A report whose fields are still arriving.
#[derive(Debug)]
struct Report {
    id: DeviceId,
    at: UnixMicros,
    latest: UnixMicros,
    rssi: Option<Dbm>,
    /// The level that was known when it began: the service may forget it before the report is whole.
    known_rssi: Option<Dbm>,
    service_data: Option<BTreeMap<u128, Vec<u8>>>,
    manufacturer_data: Option<BTreeMap<u16, Vec<u8>>>,
}

impl Report {
    const fn new(id: DeviceId, at: UnixMicros) -> Self {
        Self {
            id,
            at,
            latest: at,
            rssi: None,
            known_rssi: None,
            service_data: None,
            manufacturer_data: None,
        }
    }

    const fn has_data(&self) -> bool {
        self.service_data.is_some() || self.manufacturer_data.is_some()
    }
}

/// Events in, advertisements out.
#[derive(Debug)]
pub struct Assembler {
    rules: Rules,
    station: StationId,
    devices: BTreeMap<DeviceId, Device>,
    by_age: BTreeSet<(UnixMicros, DeviceId)>,
    /// In the order of their beginning; with `BlueZ` at most one.
    open: VecDeque<Report>,
    large_steps: u32,
}

impl Assembler {
    /// An assembler that knows no device.
    #[must_use]
    pub const fn new(rules: Rules, station: StationId) -> Self {
        Self {
            rules,
            station,
            devices: BTreeMap::new(),
            by_age: BTreeSet::new(),
            open: VecDeque::new(),
            large_steps: 0,
        }
    }

    /// Whether the device's address kind is known; if not, its properties should be read and given as
    /// [`HostEvent::Described`].
    #[must_use]
    pub fn knows(&self, id: DeviceId) -> bool {
        self.devices
            .get(&id)
            .is_some_and(|device| device.address.kind != AddressKind::Unknown)
    }

    /// Whether the RSSI seems to come in steps of 8 dB only.
    #[must_use]
    pub const fn is_quantised(&self) -> bool {
        self.large_steps >= STEPS_SEEN
    }

    /// How many devices are held.
    #[must_use]
    pub fn n_devices(&self) -> usize {
        self.devices.len()
    }

    /// When [`Assembler::flush`] will have something to give, if nothing else arrives.
    #[must_use]
    pub fn deadline(&self) -> Option<UnixMicros> {
        self.open
            .front()
            .map(|report| report.latest.plus(self.patience(report)))
    }

    /// Takes an event that arrived at `at`; appends the advertisements that are complete now.
    pub fn feed(&mut self, at: UnixMicros, event: HostEvent, out: &mut Vec<Advertisement>) {
        self.flush(at, out);
        match event {
            HostEvent::Remembered(id, properties) => {
                let device = self.describe(id, at, properties);
                device.announced_from_memory = true;
                // Values from before the scan say nothing about the present.
                device.rssi = None;
            }
            HostEvent::Described(id, properties) => {
                self.describe(id, at, properties);
            }
            HostEvent::Discovered(id, properties) => self.discovered(id, at, properties, out),
            HostEvent::Rssi(id, rssi) => self.rssi(id, at, rssi, out),
            HostEvent::ServiceData(id, data) => {
                if let Some(report) = self.report_for(id, at, |report| report.service_data.is_some(), out) {
                    report.service_data = Some(data);
                }
            }
            HostEvent::ManufacturerData(id, data) => {
                if let Some(report) = self.report_for(id, at, |report| report.manufacturer_data.is_some(), out) {
                    report.manufacturer_data = Some(data);
                }
            }
            HostEvent::Services(id, services) => {
                self.device(id, at).services = sorted(services);
                if self.rules == Rules::CoreBluetooth {
                    self.report_for(id, at, |_| false, out);
                }
            }
        }
        self.forget(at);
    }

    /// Appends the advertisements that wait no longer at `now`.
    pub fn flush(&mut self, now: UnixMicros, out: &mut Vec<Advertisement>) {
        while let Some(report) = self.open.front() {
            let waited = now.since(report.latest);
            // A clock that was set back must not hold a report for hours.
            if Micros(0) <= waited && waited <= self.patience(report) {
                break;
            }
            self.close_first(out);
        }
    }

    /// Appends all that is still open: the stream has ended.
    pub fn finish(&mut self, out: &mut Vec<Advertisement>) {
        while !self.open.is_empty() {
            self.close_first(out);
        }
    }

    const fn patience(&self, report: &Report) -> Micros {
        match self.rules {
            Rules::CoreBluetooth => SAME_REPORT,
            Rules::Bluez if report.has_data() => WAIT_FOR_MORE,
            Rules::Bluez => WAIT_FOR_DATA,
        }
    }

    fn discovered(&mut self, id: DeviceId, at: UnixMicros, properties: Properties, out: &mut Vec<Advertisement>) {
        self.finish(out);
        let service_data = properties.service_data.clone();
        let manufacturer_data = properties.manufacturer_data.clone();
        let device = self.describe(id, at, properties);
        if std::mem::take(&mut device.announced_from_memory) {
            device.rssi = None;
        }
        if device.rssi.is_some() {
            self.open.push_back(Report {
                service_data: Some(service_data),
                manufacturer_data: Some(manufacturer_data),
                ..Report::new(id, at)
            });
            self.close_first(out);
        }
    }

    fn rssi(&mut self, id: DeviceId, at: UnixMicros, rssi: i16, out: &mut Vec<Advertisement>) {
        let rssi = usable_rssi(rssi);
        if self.rules == Rules::CoreBluetooth {
            self.device(id, at).rssi = rssi;
            return;
        }
        self.finish(out);
        let device = self.device(id, at);
        let before = std::mem::replace(&mut device.rssi, rssi);
        device.announced_from_memory = false;
        let Some(rssi) = rssi else {
            // `BlueZ` clears the value of every device when a scan stops: no report.
            return;
        };
        if let Some(before) = before {
            let is_large = before.0.abs_diff(rssi.0) >= STEP_DB;
            self.large_steps = if is_large {
                self.large_steps.saturating_add(1)
            } else {
                0
            };
        }
        self.open.push_back(Report {
            rssi: Some(rssi),
            ..Report::new(id, at)
        });
    }

    /// The open report that takes a data field of the device, or a new one; `None` where the field belongs to no report
    /// that was heard.
    fn report_for(
        &mut self,
        id: DeviceId,
        at: UnixMicros,
        has_field: impl Fn(&Report) -> bool,
        out: &mut Vec<Advertisement>,
    ) -> Option<&mut Report> {
        let found = self.open.iter().position(|report| report.id == id);
        match found {
            Some(idx) if !has_field(&self.open[idx]) => {
                let report = &mut self.open[idx];
                report.latest = at;
                return Some(report);
            }
            // The field comes a second time: a new report. What began earlier goes out earlier.
            Some(idx) => (0..=idx).for_each(|_| self.close_first(out)),
            None if self.rules == Rules::Bluez => self.finish(out),
            None => {}
        }
        let known_rssi = self.device(id, at).rssi;
        known_rssi?;
        self.open.push_back(Report {
            known_rssi,
            ..Report::new(id, at)
        });
        self.open.back_mut()
    }

    fn close_first(&mut self, out: &mut Vec<Advertisement>) {
        let Some(report) = self.open.pop_front() else { return };
        let Some(device) = self.devices.get(&report.id) else {
            return;
        };
        let rssi_quality = match (self.rules, report.rssi) {
            (Rules::Bluez, _) if self.is_quantised() => RssiQuality::Quantised,
            (Rules::Bluez, Some(_)) => RssiQuality::Paired,
            _ => RssiQuality::Latest,
        };
        out.push(Advertisement {
            at: report.at,
            station: self.station,
            address: device.address,
            rssi: report.rssi.or(device.rssi).or(report.known_rssi),
            rssi_quality,
            details: ReportDetails {
                form: ReportForm::Host,
                ..ReportDetails::default()
            },
            data: payload(device, &report),
            ..Advertisement::default()
        });
    }

    fn describe(&mut self, id: DeviceId, at: UnixMicros, properties: Properties) -> &mut Device {
        let opaque = self.rules == Rules::CoreBluetooth;
        let device = self.device(id, at);
        device.address = match properties.address {
            Some(address) if !opaque => address,
            _ => device.address,
        };
        device.services = sorted(properties.services);
        device.name = properties.name;
        device.tx_power = properties.tx_power.and_then(usable_level);
        device.rssi = properties.rssi.and_then(usable_rssi);
        device
    }

    fn device(&mut self, id: DeviceId, at: UnixMicros) -> &mut Device {
        let address = match self.rules {
            Rules::Bluez => Address {
                bytes: first_bytes(id.0 << 80),
                kind: AddressKind::Unknown,
            },
            Rules::CoreBluetooth => Address {
                bytes: first_bytes(id.0),
                kind: AddressKind::Opaque,
            },
        };
        let device = self.devices.entry(id).or_insert(Device {
            address,
            services: Vec::new(),
            name: None,
            tx_power: None,
            rssi: None,
            announced_from_memory: false,
            touched: at,
        });
        self.by_age.remove(&(device.touched, id));
        self.by_age.insert((at, id));
        device.touched = at;
        device
    }

    fn forget(&mut self, now: UnixMicros) {
        while let Some(&(touched, id)) = self.by_age.first() {
            let is_idle = IDLE < now.since(touched);
            if (!is_idle && self.devices.len() <= MAX_DEVICES) || self.open.iter().any(|report| report.id == id) {
                break;
            }
            self.by_age.pop_first();
            self.devices.remove(&id);
        }
    }
}

fn first_bytes(id: u128) -> [u8; 6] {
    id.to_be_bytes().first_chunk().copied().unwrap_or_default()
}

fn sorted(mut uuids: Vec<u128>) -> Vec<u128> {
    uuids.sort_unstable();
    uuids.dedup();
    uuids
}

/// 127 is HCI's "not available"; 0 is what `BlueZ` sets when a scan stops.
fn usable_rssi(rssi: i16) -> Option<Dbm> {
    usable_level(rssi).filter(|level| level.0 != 0)
}

fn usable_level(level: i16) -> Option<Dbm> {
    i8::try_from(level).ok().filter(|level| *level != 127).map(Dbm)
}

/// A UUID in the shortest form that the air has for it, least significant byte first.
enum Short {
    U16([u8; 2]),
    U32([u8; 4]),
    U128([u8; 16]),
}

fn short(uuid: u128) -> Short {
    let value = uuid >> 96;
    match u32::try_from(value) {
        Ok(value) if uuid & (u128::MAX >> 32) == BASE_UUID => match u16::try_from(value) {
            Ok(value) => Short::U16(value.to_le_bytes()),
            Err(_) => Short::U32(value.to_le_bytes()),
        },
        _ => Short::U128(uuid.to_le_bytes()),
    }
}

/// The AD structures that such a report may have had, always in the same order; what does not fit into an
/// advertisement is left out. The Flags structure is not known to the host.
fn payload(device: &Device, report: &Report) -> Payload {
    let mut bytes = Vec::with_capacity(31);
    let mut lists: [Vec<u8>; 3] = Default::default();
    for uuid in &device.services {
        match short(*uuid) {
            Short::U16(uuid) => lists[0].extend(uuid),
            Short::U32(uuid) => lists[1].extend(uuid),
            Short::U128(uuid) => lists[2].extend(uuid),
        }
    }
    let [list16, list32, list128] = lists;
    for (ty, list, size) in [
        (ty::UUID16_COMPLETE, list16, 2),
        (ty::UUID32_COMPLETE, list32, 4),
        (ty::UUID128_COMPLETE, list128, 16),
    ] {
        for part in list.chunks(254 / size * size) {
            push(&mut bytes, ty, &[part]);
        }
    }
    for (uuid, data) in report.service_data.iter().flatten() {
        match short(*uuid) {
            Short::U16(uuid) => push(&mut bytes, ty::SERVICE_DATA_16, &[&uuid, data]),
            Short::U32(uuid) => push(&mut bytes, ty::SERVICE_DATA_32, &[&uuid, data]),
            Short::U128(uuid) => push(&mut bytes, ty::SERVICE_DATA_128, &[&uuid, data]),
        }
    }
    for (company, data) in report.manufacturer_data.iter().flatten() {
        push(&mut bytes, ty::MANUFACTURER, &[&company.to_le_bytes(), data]);
    }
    if let Some(name) = &device.name {
        push(&mut bytes, ty::NAME_COMPLETE, &[name.as_bytes()]);
    }
    if let Some(level) = device.tx_power {
        push(&mut bytes, ty::TX_POWER, &[&level.0.to_le_bytes()]);
    }
    Payload::new(&bytes)
}

fn push(bytes: &mut Vec<u8>, ty: u8, parts: &[&[u8]]) {
    let data = parts.concat();
    if bytes.len() + 2 + data.len().min(254) <= MAX_PAYLOAD {
        ad::push(bytes, ty, &data);
    }
}

#[cfg(test)]
mod tests;
