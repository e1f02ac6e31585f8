//! Which devices are shown.

use crate::lab::track::Track;

/// Words that all must occur in what the table says of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    words: Vec<String>,
}

impl Filter {
    /// Most characters taken.
    pub const MOST_CHARS: usize = 200;

    /// A filter of the words in `text`; none lets everything through.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        Self {
            text: text.to_owned(),
            words: text.split_whitespace().map(str::to_lowercase).collect(),
        }
    }

    /// The filter as typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets everything through.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether the device is to be shown.
    #[must_use]
    pub fn matches(&self, track: &Track) -> bool {
        if self.is_empty() {
            return true;
        }
        let mut said = format!("{} {} {}", track.family, track.key.address, track.key.address.kind);
        if let Some(rpi) = track.rpi {
            said.push(' ');
            said.push_str(&rpi.to_string());
        }
        if let Some(name) = &track.name {
            said.push(' ');
            said.push_str(&name.to_lowercase());
        }
        self.words.iter().all(|word| said.contains(word))
    }
}
