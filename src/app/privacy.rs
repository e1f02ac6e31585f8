//! How much of identifiers the screen shows: for a shared screen, a photograph, a talk. What is recorded stays whole.

/// What is shown of addresses, identifiers, names and payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privacy {
    /// All of it.
    #[default]
    Open,
    /// The first byte, enough to tell devices on the screen apart.
    Short,
    /// Nothing.
    Hidden,
}

impl Privacy {
    /// All steps, from the one that shows most.
    pub const ALL: [Self; 3] = [Self::Open, Self::Short, Self::Hidden];

    /// Its name in the configuration.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Short => "short",
            Self::Hidden => "hidden",
        }
    }

    /// The step of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|privacy| privacy.label() == name)
    }

    /// The next step, around the end.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Open => Self::Short,
            Self::Short => Self::Hidden,
            Self::Hidden => Self::Open,
        }
    }

    /// A word for the status line; empty where all is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Short => "identifiers shortened",
            Self::Hidden => "identifiers hidden",
        }
    }

    /// An address or an identifier, of which `whole` shows everything.
    #[must_use]
    pub fn identifier(self, whole: &str) -> String {
        match self {
            Self::Open => whole.to_owned(),
            // Two digits: a byte.
            Self::Short => whole.chars().take(2).chain(['…']).collect(),
            Self::Hidden => "••".to_owned(),
        }
    }

    /// A name.
    #[must_use]
    pub fn name(self, whole: &str) -> String {
        match self {
            Self::Open => whole.to_owned(),
            Self::Short => whole.chars().take(1).chain(['…']).collect(),
            Self::Hidden => "••".to_owned(),
        }
    }

    /// Whether payloads are shown as they are.
    #[must_use]
    pub fn shows_payload(self) -> bool {
        self == Self::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_shows_less_and_the_last_leads_back() {
        let address = "5e:1b:09:c4:77:01";
        assert_eq!(Privacy::Open.identifier(address), address);
        assert_eq!(Privacy::Short.identifier(address), "5e…");
        assert_eq!(Privacy::Hidden.identifier(address), "••");
        assert_eq!(Privacy::Short.name("Büro"), "B…");
        assert_eq!(Privacy::Open.next().next().next(), Privacy::Open);
    }
}
