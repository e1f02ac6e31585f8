//! What a person chose: built-in values, then the file, then the environment, then the command line, each before the one
//! before it. Every value knows where it comes from.

mod file;
mod place;
mod template;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::app::columns::{Column, Columns};
use crate::app::keymap::{Binding, Keymap};
use crate::app::look::{Letters, ThemeName};
use crate::app::privacy::Privacy;
use crate::lab::text::printable;

pub use place::default_path;
pub use template::template;

/// Frames per second at most, unless a person says otherwise.
const FRAMES: u16 = 15;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The file.
    File,
    /// This variable of the environment.
    Environment(&'static str),
    /// The command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File => f.write_str("file"),
            Self::Environment(name) => write!(f, "${name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    const fn default(value: T) -> Self {
        let origin = Origin::Default;
        Self { value, origin }
    }

    /// Takes another value, if there is one.
    fn take(&mut self, value: Option<T>, origin: Origin) {
        if let Some(value) = value {
            *self = Self { value, origin };
        }
    }
}

/// Everything that can be chosen.
#[derive(Clone, Debug)]
pub struct Config {
    /// Colours of the screen.
    pub theme: Setting<ThemeName>,
    /// Letters of the screen; by default what the terminal can be expected to show.
    pub letters: Setting<Letters>,
    /// Frames per second at most, 1 to 30.
    pub frames: Setting<u16>,
    /// Where captures are; `None` where no home folder is known.
    pub folder: Setting<Option<PathBuf>>,
    /// How much of identifiers the screen shows at first.
    pub privacy: Setting<Privacy>,
    /// Columns of the device table.
    pub columns: Setting<Columns>,
    /// By what the device table is sorted at first.
    pub sort: Setting<Column>,
    /// File of lab keys.
    pub lab_keys: Setting<Option<PathBuf>>,
    /// Colours by name, as the file has them.
    pub colours: Vec<(String, String)>,
    /// Which key does what.
    pub keymap: Keymap,
    /// Of these, a person's own.
    pub own_bindings: Vec<Binding>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: Setting::default(ThemeName::default()),
            letters: Setting::default(Letters::default()),
            frames: Setting::default(FRAMES),
            folder: Setting::default(crate::library::default_folder()),
            privacy: Setting::default(Privacy::default()),
            columns: Setting::default(Columns::default()),
            sort: Setting::default(Column::default()),
            lab_keys: Setting::default(None),
            colours: Vec::new(),
            keymap: Keymap::default(),
            own_bindings: Vec::new(),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something in it is wrong.
    #[error("{}:{line}:{column}: {what}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Which character of it, from 1.
        column: usize,
        /// What is wrong.
        what: String,
        /// What to write instead; empty where nobody knows.
        hint: String,
    },
    /// A variable of the environment has no such value.
    #[error("${name}: {what}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        what: String,
    },
}

/// What was given on the command line.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The file to read in place of the usual one.
    pub file: Option<PathBuf>,
    /// Colours of the screen.
    pub theme: Option<ThemeName>,
    /// Letters of the screen.
    pub letters: Option<Letters>,
    /// Who wants no colours, if anybody does: the command line always gets its way, the environment only where the
    /// command line names no theme.
    pub without_colour: Option<Origin>,
}

/// The environment, as a function of the name.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads the file, if there is one, and puts everything together.
///
/// # Errors
/// [`ConfigError`] when a file that was named is not there, or anything in it or in the environment is wrong.
pub fn load(given: &Given, variables: Variables<'_>) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    if let Some(letters) = expected_letters(variables) {
        config.letters = letters;
    }
    if let Some((path, text)) = place::read(given.file.as_deref(), variables)? {
        file::apply(&mut config, &path, &text, variables)?;
    }
    environment(&mut config, variables)?;
    config.letters.take(given.letters, Origin::CommandLine);
    match given.without_colour {
        Some(Origin::CommandLine) => config.theme.take(Some(ThemeName::None), Origin::CommandLine),
        Some(origin) if given.theme.is_none() => config.theme.take(Some(ThemeName::None), origin),
        _ => config.theme.take(given.theme, Origin::CommandLine),
    }
    Ok(config)
}

/// The file that is read, whether it is there or not; `None` where no home folder is known.
#[must_use]
pub fn path(given: &Given, variables: Variables<'_>) -> Option<PathBuf> {
    place::path(given.file.as_deref(), variables).map(|(path, _)| path)
}

fn environment(config: &mut Config, variables: Variables<'_>) -> Result<(), ConfigError> {
    const THEME: &str = "VICINO_THEME";
    const FOLDER: &str = "VICINO_FOLDER";
    let value = |name: &str| variables(name).filter(|value| !value.is_empty());
    if let Some(name) = value(THEME) {
        let name = name.to_string_lossy();
        let theme = ThemeName::named(&name).ok_or_else(|| ConfigError::Environment {
            name: THEME,
            what: format!(
                "no theme \"{}\"; there are {}",
                printable(&name),
                ThemeName::ALL.map(ThemeName::name).join(", ")
            ),
        })?;
        config.theme.take(Some(theme), Origin::Environment(THEME));
    }
    let folder = value(FOLDER).map(|folder| Some(PathBuf::from(folder)));
    config.folder.take(folder, Origin::Environment(FOLDER));
    Ok(())
}

/// ASCII where the locale is not in UTF-8, or the terminal is known for having no braille.
fn expected_letters(variables: Variables<'_>) -> Option<Setting<Letters>> {
    const POOR: [&str; 4] = ["linux", "vt100", "vt220", "cons25"];
    let value = |name: &'static str| {
        let value = variables(name).filter(|value| !value.is_empty())?;
        Some((name, value.to_string_lossy().into_owned()))
    };
    let ascii = |name| {
        let (value, origin) = (Letters::Ascii, Origin::Environment(name));
        Some(Setting { value, origin })
    };
    if let Some((name, _)) = value("TERM").filter(|(_, term)| POOR.contains(&term.as_str())) {
        return ascii(name);
    }
    // The first one that is set counts.
    let (name, locale) = value("LC_ALL")
        .or_else(|| value("LC_CTYPE"))
        .or_else(|| value("LANG"))?;
    let locale = locale.to_lowercase().replace('-', "");
    // `C` and `POSIX` are what programs get that are started without any; terminals show UTF-8 all the same.
    let is_other = !locale.contains("utf8") && !matches!(locale.as_str(), "c" | "posix");
    if is_other { ascii(name) } else { None }
}

/// A path as people write it, `~/` being the home folder.
fn expand(path: &str, variables: Variables<'_>) -> PathBuf {
    let rest = if path == "~" { Some("") } else { path.strip_prefix("~/") };
    match (rest, variables("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests;
