//! A configuration to start from: every key with its meaning and its default.

use std::fmt::Write as _;

use super::Config;
use crate::app::columns::Columns;
use crate::app::keymap::Context;
use crate::app::look::Letters;

/// The keys of the file, and what each is.
pub(super) const KEYS: [(&str, &str); 10] = [
    (
        "theme",
        "colours of the screen: dark, light, contrast (the brightest on black), none",
    ),
    (
        "letters",
        "letters of lines and charts: unicode, ascii, or auto (what locale and terminal can be expected to show)",
    ),
    ("frames", "frames per second at most, 1 to 30"),
    (
        "folder",
        "where captures are; ~/ is the home folder, other paths are seen from this file",
    ),
    (
        "privacy",
        "how much of identifiers the screen shows at first: open, short, hidden",
    ),
    (
        "columns",
        "columns of the device table, from left to right; without this, as many as fit",
    ),
    ("sort", "by which column the device table is sorted at first"),
    (
        "lab_keys",
        "a CSV file of keys of your own phones (device,model,tek,rolling_start,rolling_period); without this, those that `vicino keys new` made",
    ),
    (
        "colours",
        "colours by name: a name (green, light-blue), #rrggbb, or a number from 0 to 255",
    ),
    (
        "keys",
        "what keys do, by place; \"none\" takes a key's meaning away; `vicino config keys` lists places and actions",
    ),
];

/// The file with every key, those without a default commented out. Reading it gives the defaults.
#[must_use]
pub fn template() -> String {
    let defaults = Config::default();
    let mut text = "# Configuration of vicino. Everything may be left out; these are the defaults.\n".to_owned();
    for (name, help) in KEYS {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n# {help}\n{}", value(name, &defaults));
    }
    text
}

fn value(name: &str, defaults: &Config) -> String {
    match name {
        "theme" => format!("theme = {:?}\n", defaults.theme.value.name()),
        "letters" => format!("letters = \"auto\"  # or {:?}\n", Letters::Ascii.name()),
        "frames" => format!("frames = {}\n", defaults.frames.value),
        "folder" => "# folder = \"~/.local/share/vicino/captures\"\n".to_owned(),
        "privacy" => format!("privacy = {:?}\n", defaults.privacy.value.label()),
        "columns" => {
            let listed = Columns::default().listed();
            let shown = listed.iter().filter(|(_, is_shown)| *is_shown);
            let names: Vec<String> = shown.map(|(column, _)| format!("{:?}", column.name())).collect();
            format!("# columns = [{}]\n", names.join(", "))
        }
        "sort" => format!("sort = {:?}\n", defaults.sort.value.name()),
        "lab_keys" => "# lab_keys = \"bench.keys.csv\"\n".to_owned(),
        "colours" => colours(),
        _ => keys(),
    }
}

#[cfg(feature = "tui")]
fn colours() -> String {
    let mut text = "[colours]\n".to_owned();
    for (name, help) in crate::view::COLOURS {
        let _ = writeln!(text, "# {name} = \"#d0d0d0\"  # {help}");
    }
    text
}

#[cfg(not(feature = "tui"))]
fn colours() -> String {
    "[colours]\n".to_owned()
}

fn keys() -> String {
    let mut text = String::new();
    for context in Context::ALL {
        let _ = writeln!(text, "[keys.{}]  # {}", context.name(), context.title());
        if context == Context::Live {
            text.push_str("# \"F\" = \"follow\"\n# \"ctrl-f\" = \"filter\"\n# \"x\" = \"none\"\n");
        }
    }
    text
}
