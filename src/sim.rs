//! The simulator: phones that move, rotate and broadcast by the specification, and break it on demand.
//!
//! A [`Scenario`] (TOML) and its seed determine every byte: random values come from one `ChaCha12` stream per device and
//! purpose, named by the device, so that a device more leaves all others as they are; arithmetic uses no system
//! mathematics (see `math.rs`), so that platforms agree. The simulation runs as a queue of what happens next and holds
//! only who is there at the moment, however long it lasts.
//!
//! What is simplified: propagation takes no time, packets do not collide, channels differ only as fading from packet to
//! packet, a scan response arrives with its advertisement. While no station listens, transmissions are not made one by
//! one.

mod addresses;
mod beside;
mod builtin;
mod bystander;
mod device;
mod frame;
mod math;
mod models;
mod phone;
mod random;
pub mod scenario;
mod station;
mod truth;
mod walk;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::format::{BATCH, DamageLog, EventReader, FormatError};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, Payload, PduType, ReportDetails};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::time::Micros;
use crate::lab::units::Dbm;

use self::device::{Common, Device, by_name};
use self::frame::random_address;
use self::math::whole;
use self::random::Stream;
use self::scenario::{Crowd, Fault, Radio, Scenario};
use self::station::Station;

pub use self::builtin::{BUILTIN, builtin};
pub use self::truth::{Key, Sighting, Truth, TruthWriter};

/// Steps of the simulation in one call of `read` at most, so that a scenario without receptions yields now and then.
const STEPS_PER_READ: usize = 10_000;

/// A scenario that runs: events in the order in which they really happened.
pub struct Simulation {
    seed: u64,
    start: i64,
    end: i64,
    now: i64,
    radio: Radio,
    truth_every: i64,
    stations: Vec<Station>,
    devices: BTreeMap<u64, Device>,
    next_id: u64,
    bursts: Vec<Burst>,
    crowds: Vec<Arrivals>,
    /// What happens next; the order of [`Item`] settles ties.
    queue: BinaryHeap<Reverse<(i64, Item)>>,
    truth: Option<Vec<Truth>>,
    finished: bool,
    damage: DamageLog,
}

/// What can happen; the numbers are stations, devices, bursts and crowds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Begin,
    Station(usize),
    Depart(u64),
    Arrive(usize),
    Appear(u64),
    Change(u64),
    Leg(u64),
    Sample,
    Transmit(u64),
    Burst(usize),
}

/// Frames with an address of their own each.
struct Burst {
    device: u64,
    at: i64,
    over: i64,
    count: u64,
    sent: u64,
    stream: Stream,
}

/// A crowd that arrives one by one.
struct Arrivals {
    crowd: Crowd,
    stream: Stream,
    arrived: u64,
}

impl Simulation {
    /// Sets the scene.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let start = scenario.start.as_microsecond();
        let end = start.saturating_add(scenario.duration.micros());
        let stations: Vec<_> = (0..)
            .zip(&scenario.stations)
            .map(|(idx, spec)| Station::new(scenario.seed, idx, spec, start))
            .collect();
        let mut simulation = Self {
            seed: scenario.seed,
            start,
            end,
            now: start,
            radio: scenario.radio.clone(),
            truth_every: scenario.truth_every.micros(),
            stations,
            devices: BTreeMap::new(),
            next_id: 0,
            bursts: Vec::new(),
            crowds: Vec::new(),
            queue: BinaryHeap::new(),
            truth: None,
            finished: false,
            damage: DamageLog::default(),
        };
        simulation.at(start, Item::Begin);
        simulation.at(start, Item::Sample);
        for idx in 0..simulation.stations.len() {
            simulation.plan_station(idx);
        }
        simulation.place_devices(scenario);
        simulation.place_crowds(scenario);
        simulation
    }

    /// Also keeps the truth, to be fetched with [`Self::take_truth`].
    #[must_use]
    pub fn with_truth(mut self) -> Self {
        self.truth = Some(Vec::new());
        self
    }

    /// The truth up to now that was not fetched yet.
    pub fn take_truth(&mut self) -> Vec<Truth> {
        self.truth.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How much time was simulated, of how much.
    #[must_use]
    pub const fn progress(&self) -> (Micros, Micros) {
        (Micros(self.now - self.start), Micros(self.end - self.start))
    }

    fn at(&mut self, time: i64, item: Item) {
        if time < self.end {
            self.queue.push(Reverse((time, item)));
        }
    }

    fn place_devices(&mut self, scenario: &Scenario) {
        for spec in by_name(scenario) {
            let (from, until) = spec.stay();
            let from = self.start + from;
            let until = until.map_or(self.end, |until| self.start + until);
            if until <= from {
                continue;
            }
            let device = spec.build(&self.common(from, until));
            let id = self.enter(from, until, device);
            if let device::Spec::Phone(phone) = spec {
                self.plan_bursts(id, phone);
            }
        }
    }

    fn plan_bursts(&mut self, id: u64, phone: &scenario::Phone) {
        for fault in &phone.faults {
            if let Fault::AddressBurst { at, over, count } = fault {
                let at = self.start + at.micros();
                self.at(at, Item::Burst(self.bursts.len()));
                self.bursts.push(Burst {
                    device: id,
                    at,
                    over: over.micros(),
                    count: *count,
                    sent: 0,
                    stream: Stream::new(self.seed, "burst", &[phone.name.as_ref()]),
                });
            }
        }
    }

    fn place_crowds(&mut self, scenario: &Scenario) {
        for crowd in &scenario.crowds {
            let stream = Stream::new(self.seed, "arrivals", &[crowd.name.as_ref()]);
            let idx = self.crowds.len();
            self.crowds.push(Arrivals {
                crowd: crowd.clone(),
                stream,
                arrived: 0,
            });
            for _ in 0..crowd.present {
                self.arrive(idx, self.start);
            }
            self.plan_arrival(idx, self.start);
        }
    }

    const fn common(&self, from: i64, until: i64) -> Common<'_> {
        Common {
            seed: self.seed,
            start: self.start,
            from,
            until,
            stations: self.stations.as_slice(),
        }
    }

    fn enter(&mut self, from: i64, until: i64, mut device: Device) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.at(from, Item::Appear(id));
        self.at(device.next_change(), Item::Change(id));
        self.at(device.first_transmission(from), Item::Transmit(id));
        self.at(until, Item::Depart(id));
        self.devices.insert(id, device);
        id
    }

    fn arrive(&mut self, idx: usize, now: i64) {
        let arrivals = &mut self.crowds[idx];
        arrivals.arrived += 1;
        // '#' is in no name of a scenario.
        let name = format!("{}#{}", arrivals.crowd.name.as_ref(), arrivals.arrived);
        let crowd = arrivals.crowd.clone();
        let mut stream = Stream::new(self.seed, "member", &[&name]);
        let [shortest, longest] = crowd.stay;
        let until = now + stream.between(shortest.micros(), longest.micros());
        let device = Device::member(&self.common(now, until), &crowd, &name, stream);
        self.enter(now, until, device);
    }

    fn plan_arrival(&mut self, idx: usize, now: i64) {
        let arrivals = &mut self.crowds[idx];
        if arrivals.arrived < arrivals.crowd.count && arrivals.crowd.arrivals_per_minute > 0.0 {
            let mean = 60e6 / arrivals.crowd.arrivals_per_minute;
            let wait = whole(arrivals.stream.exponential(mean));
            self.at(now.saturating_add(wait), Item::Arrive(idx));
        }
    }

    fn plan_station(&mut self, idx: usize) {
        if let Some(at) = self.stations[idx].next_change() {
            self.at(at, Item::Station(idx));
        }
    }

    /// Does what comes next; `false` at the end.
    fn step(&mut self, out: &mut Vec<CaptureEvent>) -> bool {
        let Some(Reverse((now, item))) = self.queue.pop() else {
            self.now = self.end;
            return false;
        };
        self.now = now;
        match item {
            Item::Begin => out.extend(self.stations.iter().flat_map(|station| station.introduction(now))),
            Item::Station(idx) => {
                self.stations[idx].change(now, out);
                self.plan_station(idx);
            }
            Item::Arrive(idx) => {
                self.arrive(idx, now);
                self.plan_arrival(idx, now);
            }
            Item::Appear(id) => {
                self.tell(id, now);
                self.leg(id, now, out);
            }
            Item::Leg(id) => self.leg(id, now, out),
            Item::Change(id) => self.change(id, now, out),
            Item::Depart(id) => {
                self.tell(id, now);
                self.devices.remove(&id);
            }
            Item::Sample => {
                self.sample(now);
                self.at(now + self.truth_every, Item::Sample);
            }
            Item::Transmit(id) => self.transmit(id, now, out),
            Item::Burst(idx) => self.burst(idx, now, out),
        }
        true
    }

    fn tell(&mut self, id: u64, now: i64) {
        if let (Some(truth), Some(device)) = (&mut self.truth, self.devices.get_mut(&id)) {
            truth.extend(device.truth(now, &self.stations));
        }
    }

    fn sample(&mut self, now: i64) {
        if let Some(truth) = &mut self.truth {
            let there = self.devices.values_mut().filter(|device| device.sampled);
            // Those that have not appeared yet have told nothing; their truth begins with them.
            for device in there.filter(|device| device.from <= now) {
                truth.extend(device.truth(now, &self.stations));
            }
        }
    }

    fn leg(&mut self, id: u64, now: i64, out: &mut Vec<CaptureEvent>) {
        let Some(device) = self.devices.get(&id).filter(|device| device.marks) else {
            return;
        };
        mark(device, now, self.end, &self.stations, out);
        if let Some(next) = device.walk.next_point(now - self.start) {
            self.at(self.start + next, Item::Leg(id));
        }
    }

    fn change(&mut self, id: u64, now: i64, out: &mut Vec<CaptureEvent>) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        device.change(now);
        let next = device.next_change();
        if device.marks {
            mark(device, now, self.end, &self.stations, out);
        }
        self.at(next, Item::Change(id));
        self.tell(id, now);
    }

    fn transmit(&mut self, id: u64, now: i64, out: &mut Vec<CaptureEvent>) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        if !device.is_silent(now) {
            receive(device, None, now, &self.radio, &self.stations, out);
        }
        let stations = &self.stations;
        let wake = |at| stations.iter().map(|station| station.wakes(at)).min().unwrap_or(at);
        let next = device.next_transmission(now, wake);
        self.at(next, Item::Transmit(id));
    }

    fn burst(&mut self, idx: usize, now: i64, out: &mut Vec<CaptureEvent>) {
        let burst = &mut self.bursts[idx];
        if burst.sent >= burst.count {
            return;
        }
        let address = random_address(&mut burst.stream, AddressKind::RandomNonresolvable);
        burst.sent += 1;
        let share = u128::from(burst.sent) * u128::from(burst.over.unsigned_abs()) / u128::from(burst.count);
        let next = burst.at.saturating_add(i64::try_from(share).unwrap_or(i64::MAX));
        if let Some(device) = self.devices.get_mut(&burst.device).filter(|device| device.from <= now) {
            receive(device, Some(address), now, &self.radio, &self.stations, out);
        }
        self.at(next, Item::Burst(idx));
    }
}

impl EventReader for Simulation {
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let full = batch.len() + BATCH;
        for _ in 0..STEPS_PER_READ {
            if batch.len() >= full {
                return Ok(true);
            }
            if !self.step(batch) {
                if !self.finished {
                    self.finished = true;
                    let end = self.end;
                    batch.extend(self.stations.iter_mut().filter_map(|station| station.finish(end)));
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn damage(&self) -> &DamageLog {
        &self.damage
    }

    /// Nothing is read; see [`Simulation::progress`].
    fn bytes_read(&self) -> u64 {
        0
    }
}

fn mark(device: &Device, now: i64, end: i64, stations: &[Station], out: &mut Vec<CaptureEvent>) {
    for station in stations {
        if let Some(mark) = device.mark(now, end, station) {
            out.push(CaptureEvent::other(mark.from, station.id, EventKind::Mark(mark)));
        }
    }
}

/// One packet of a device at all stations.
fn receive(
    device: &mut Device,
    address: Option<Address>,
    now: i64,
    radio: &Radio,
    stations: &[Station],
    out: &mut Vec<CaptureEvent>,
) {
    for (idx, station) in stations.iter().enumerate() {
        if !station.listens() {
            continue;
        }
        let packet = device.transmission(now, station);
        let link = &mut device.links[idx];
        let heard = link.carry(radio, station, &packet);
        let absurd = device.absurd.filter(|(_, share)| link.chance(*share));
        // The answer to a scan request is a packet of its own, which can be lost as well.
        let answer_heard = station.active && device.frame.response.is_some() && !link.chance(packet.loss);
        let Some(level) = absurd
            .map(|(level, _)| Dbm(level))
            .filter(|_| heard.is_some())
            .or(heard)
        else {
            continue;
        };
        let sender = address.unwrap_or_else(|| station.resolved(&device.resolves_as, device.frame.address));
        let advert = |pdu, data: &Payload| Advertisement {
            at: station.shown(now),
            station: station.id,
            address: sender,
            pdu,
            rssi: Some(level),
            details: details(
                pdu,
                if address.is_some() {
                    device.frame.address.kind
                } else {
                    sender.kind
                },
            ),
            data: data.clone(),
            ..Advertisement::default()
        };
        let copies = if device.duplicates { 2 } else { 1 };
        for _ in 0..copies {
            out.push(CaptureEvent::Advert(advert(device.frame.pdu, &device.frame.data)));
        }
        if let Some(response) = device.frame.response.as_ref().filter(|_| answer_heard) {
            out.push(CaptureEvent::Advert(advert(PduType::ScanRsp, response)));
        }
    }
}

/// Event and address type of an HCI LE Advertising Report.
fn details(pdu: PduType, kind: AddressKind) -> ReportDetails {
    ReportDetails {
        event_type: match pdu {
            PduType::AdvInd => 0,
            PduType::AdvDirectInd => 1,
            PduType::AdvScanInd => 2,
            PduType::ScanRsp => 4,
            _ => 3,
        },
        address_type: match kind {
            AddressKind::Public => 0,
            AddressKind::PublicIdentity => 2,
            AddressKind::RandomIdentity => 3,
            _ => 1,
        },
        ..ReportDetails::default()
    }
}
