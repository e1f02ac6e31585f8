//! What a person tells of a bench before anything is measured: who receives, and which figures are known.

/// The receiver, as a person tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    /// Its model; with a correction any name, which stands for the one that hears. Not neutralised.
    pub name: String,
    /// Its correction in dB, where it is in no list.
    pub correction_db: Option<f64>,
}

impl Receiver {
    /// Reads `MODEL`, or `NAME:CORRECTION_dB` of a receiver that is in no list.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, correction_db) = match text.rsplit_once(':') {
            None => (text, None),
            Some((name, figure)) => {
                let number = figure.trim().trim_end_matches("dB").trim().parse::<f64>().ok();
                let number = number.filter(|of| (-60.0..=60.0).contains(of));
                let wrong =
                    || format!("receiver={text}: after the colon stands its correction, -60 to 60 dB, as in hci0:5");
                (name.trim(), Some(number.ok_or_else(wrong)?))
            }
        };
        if name.is_empty() {
            return Err(
                "receiver: a model (receiver=\"Pixel 4\"), or a name and its correction (receiver=hci0:5)".to_owned(),
            );
        }
        Ok(Self {
            name: name.to_owned(),
            correction_db,
        })
    }
}

/// What a person tells of the figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Who receives.
    pub receiver: Option<Receiver>,
    /// TX power of the phone, in dBm.
    pub tx_dbm: Option<f64>,
    /// Attenuation at 1 m, in dB.
    pub attenuation_db: Option<f64>,
}

impl Told {
    /// The same, with what another tells instead.
    #[must_use]
    pub fn with(self, new: Self) -> Self {
        Self {
            receiver: new.receiver.or(self.receiver),
            tx_dbm: new.tx_dbm.or(self.tx_dbm),
            attenuation_db: new.attenuation_db.or(self.attenuation_db),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_a_model_or_a_name_with_its_correction() {
        let read = |text| Receiver::parse(text).map(|of| (of.name, of.correction_db));
        assert_eq!(read("Pixel 4"), Ok(("Pixel 4".to_owned(), None)));
        assert_eq!(read("hci0:5"), Ok(("hci0".to_owned(), Some(5.0))));
        assert_eq!(read("my laptop:-2.5dB"), Ok(("my laptop".to_owned(), Some(-2.5))));
        for wrong in ["", ":5", "hci0:", "hci0:x", "hci0:99"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
