//! Models that a table does not have: what is taken in their place, and which were probably meant.

use super::editions;
use super::profiles::ProfileTable;
use crate::lab::attenuation::Confidence;
use crate::lab::spelling::propose;

impl ProfileTable {
    /// What is to be said of a name that neither this table nor one behind it has as a model; `None` of one that is there, and of
    /// an empty one.
    #[must_use]
    pub fn doubt(&self, name: &str) -> Option<String> {
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        let taken = match self.find(name) {
            None => "the average of its class is taken",
            Some(found) if name.contains('/') && found.confidence == Confidence::Low && !self.has_model(name) => {
                "its maker's average is taken"
            }
            Some(_) => return None,
        };
        let model = name.rsplit('/').next().unwrap_or(name);
        let models = || self.entries().iter().map(|entry| entry.model.as_str());
        // Who writes it in other letters means it all the more.
        let same = models().find(|known| known.eq_ignore_ascii_case(model));
        let meant = same.map_or_else(
            || propose(model, models(), str::to_owned),
            |same| format!("did you mean {same}?"),
        );
        // What was meant first: lines of a screen are short.
        let meant = if meant.is_empty() {
            ":".to_owned()
        } else {
            format!("; {meant}")
        };
        Some(format!("no model {name:?} in edition {}{meant} {taken}", self.edition))
    }

    /// What is to be said of a model that only another edition has, where the figures of this one count alone.
    #[must_use]
    pub fn lacks(&self, name: &str) -> Option<String> {
        let elsewhere = editions::newest()
            .find(name)
            .filter(|_| self.of_one_scale(name).is_none())?;
        Some(format!(
            "{name:?} is in edition {} and not in {}, which counts here (--edition takes another)",
            elsewhere.edition, self.edition
        ))
    }

    fn has_model(&self, name: &str) -> bool {
        let model = name.rsplit('/').next().unwrap_or(name);
        self.entries().iter().any(|entry| entry.model == model)
    }
}

#[cfg(test)]
mod tests {
    use crate::lab::calibration::editions;

    #[test]
    fn a_model_that_nobody_knows_is_told_with_what_is_taken_and_what_was_meant() {
        let table = editions::newest();
        assert_eq!(table.doubt("Pixel 4"), None);
        assert_eq!(table.doubt(""), None);
        let told = table.doubt("Pixl 4").unwrap();
        assert!(
            told.contains("2020-12-14; did you mean Pixel 4? the average of its class"),
            "{told}"
        );
        assert!(table.doubt("PIXEL 4").unwrap().contains("did you mean Pixel 4?"));
        let told = table.doubt("Nokia3310").unwrap();
        assert_eq!(
            told,
            "no model \"Nokia3310\" in edition 2020-12-14: the average of its class is taken"
        );
        assert!(table.doubt("samsung/SM-X").unwrap().contains("maker's average"));
    }
}
