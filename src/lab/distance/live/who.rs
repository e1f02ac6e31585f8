//! Who sends an identifier, by what is known at the time: as [`Hearing`](crate::lab::distance::Hearing) decides it.

use std::collections::BTreeMap;

use crate::lab::advert::StationId;
use crate::lab::beacon::Family;
use crate::lab::calibration::ProfileTable;
use crate::lab::distance::Phone;
use crate::lab::gaen::Rpi;
use crate::lab::session::Session;

use super::kept::Identifier;

/// A sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) phone: Phone,
    /// The power with which it is taken to send.
    pub(super) tx_dbm: i32,
}

/// Numbers of phones, given as they are asked for.
pub(super) struct Names<'a> {
    session: &'a Session,
    own: &'a BTreeMap<Rpi, StationId>,
    table: &'a ProfileTable,
    /// Models of devices that marks name by address or by the first digits of the identifier.
    marks: BTreeMap<String, &'a str>,
    numbers: BTreeMap<String, u32>,
    /// Powers of models, which are looked up once.
    powers: BTreeMap<(&'a str, Family), i32>,
    n_unknown: u32,
}

impl<'a> Names<'a> {
    pub(super) fn new(session: &'a Session, own: &'a BTreeMap<Rpi, StationId>, table: &'a ProfileTable) -> Self {
        let mut marks: BTreeMap<String, &str> = BTreeMap::new();
        for mark in session.marks().filter(|mark| mark.device.len() >= 8) {
            let model = marks.entry(mark.device.to_lowercase()).or_default();
            if model.is_empty() {
                *model = &mark.model;
            }
        }
        Self {
            session,
            own,
            table,
            marks,
            numbers: BTreeMap::new(),
            powers: BTreeMap::new(),
            n_unknown: 0,
        }
    }

    fn number(&mut self, name: &str) -> Phone {
        if let Some(number) = self.numbers.get(name) {
            return Phone::Known(*number);
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.to_owned(), number);
        Phone::Known(number)
    }

    pub(super) fn station(&mut self, station: StationId) -> Phone {
        self.number(&self.session.station(station).name)
    }

    /// Whose an identifier is: a station's whose own log set it, a device's whose lab key fits, one that a mark names; else
    /// nobody's.
    pub(super) fn sender(&mut self, rpi: Rpi, of: &Identifier) -> Sender {
        let known = self.session.known(Some(rpi), of.aem);
        let told = known
            .and_then(|known| known.metadata)
            .filter(|told| told.is_plausible());
        let (phone, model) = if let Some(station) = self.own.get(&rpi) {
            let info = self.session.stations().get(usize::from(station.0));
            (self.station(*station), info.map_or("", |info| info.model.as_str()))
        } else if let Some(known) = known {
            (self.number(known.device), known.model)
        } else if let Some((device, model)) = self.mark(rpi, of) {
            (self.number(&device), model)
        } else {
            self.n_unknown += 1;
            (Phone::Unknown(self.n_unknown), "")
        };
        let tx_dbm = match told {
            Some(told) => i32::from(told.tx_power().0),
            None => self.power(model, of.family),
        };
        Sender { phone, tx_dbm }
    }

    fn power(&mut self, model: &'a str, family: Family) -> i32 {
        let table = self.table;
        let of_model = || i32::from(table.sender(model, family).tx_power_dbm);
        *self.powers.entry((model, family)).or_insert_with(of_model)
    }

    /// The device that a mark names, and its model.
    fn mark(&self, rpi: Rpi, of: &Identifier) -> Option<(String, &'a str)> {
        if self.marks.is_empty() {
            return None;
        }
        let (digits, address) = (rpi.to_string(), of.address.to_string());
        let beginnings = (8..=digits.len()).filter_map(|n| digits.get(..n));
        let mut names = beginnings.chain([&*address]);
        names.find_map(|name| self.marks.get(name).map(|model| (name.to_owned(), *model)))
    }
}
