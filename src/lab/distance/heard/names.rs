//! Who is who among those that were heard.

use super::super::level::Phone;
use super::PhoneInfo;
use crate::lab::calibration::Calibration;
use crate::lab::event::StationInfo;
use crate::lab::gaen::Rpi;

/// The phones, by number: first the stations, then devices.
pub(super) struct Names {
    pub(super) phones: Vec<PhoneInfo>,
    pub(super) unknown: Vec<Rpi>,
}

impl Names {
    pub(super) fn new(stations: &[StationInfo], calibration: &Calibration) -> Self {
        let phone = |station: &StationInfo| PhoneInfo {
            name: station.name.clone(),
            model: calibration.model_of(&station.name).unwrap_or(&station.model).to_owned(),
            has_log: true,
        };
        Self {
            phones: stations.iter().map(phone).collect(),
            unknown: Vec::new(),
        }
    }

    pub(super) fn of(&self, name: &str) -> Option<Phone> {
        let place = self.phones.iter().position(|phone| phone.name == name)?;
        u32::try_from(place).ok().map(Phone::Known)
    }

    pub(super) fn device(&mut self, name: &str, model: &str) -> Phone {
        if let Some(phone) = self.of(name) {
            if let Phone::Known(number) = phone
                && let Some(known) = self
                    .phones
                    .get_mut(number as usize)
                    .filter(|known| known.model.is_empty())
            {
                model.clone_into(&mut known.model);
            }
            return phone;
        }
        self.phones.push(PhoneInfo {
            name: name.to_owned(),
            model: model.to_owned(),
            has_log: false,
        });
        Phone::Known(u32::try_from(self.phones.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn nobody(&mut self, rpi: Rpi) -> Phone {
        self.unknown.push(rpi);
        Phone::Unknown(u32::try_from(self.unknown.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn model(&self, phone: Phone) -> &str {
        match phone {
            Phone::Known(number) => self.phones.get(number as usize).map_or("", |phone| &phone.model),
            Phone::Unknown(_) => "",
        }
    }
}
