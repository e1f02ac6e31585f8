//! `vicino config`: what was chosen and where, a file to start from, and which key does what.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{ColorWhen, Exit, Failure, Look, help, lab_keys, to_stdout};
use crate::app::action::Action;
use crate::app::keymap::{Binding, Context};
use crate::config::{self, Config, ConfigError, Given, Origin, template};
use crate::lab::text::{json_printable, printable};

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/config/1";
/// Cells of names, and of values.
const NAME: usize = 12;
const VALUE: usize = 44;

/// Shows what was chosen and where it comes from: built in, file, environment, command line.
#[derive(Debug, Args)]
#[command(after_help = help::CONFIG)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// Prints JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Every value with where it comes from (as without any of these)
    Show,
    /// Where the file is
    Path,
    /// A file with every key, its meaning and its default, to start from
    Template,
    /// Which key does what where, with a person's own bindings
    Keys,
    /// Whether the file can be used
    Check,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Usage`] when the configuration cannot be used.
pub(crate) fn run(args: &ConfigArgs, look: &Look) -> Result<Exit, Failure> {
    let path = config::path(&given(look), &variable);
    match args.what.unwrap_or(What::Show) {
        What::Template => print(&template()),
        What::Path => print(&path_text(path.as_deref(), args.json)),
        What::Check => {
            let config = load(look)?;
            // The screen would not open without it.
            config.lab_keys.value.as_deref().map(lab_keys::read).transpose()?;
            let text = match path.filter(|path| path.exists()) {
                Some(path) => format!("{}: well\n", printable(&path.display().to_string())),
                None => "there is no file: the defaults hold\n".to_owned(),
            };
            print(&text)
        }
        What::Show if args.json => print(&as_json(&load(look)?, path.as_deref())),
        What::Show => print(&as_text(&load(look)?, path.as_deref())),
        What::Keys if args.json => print(&keys_json(&load(look)?)),
        What::Keys => print(&keys_text(&load(look)?)),
    }
}

fn print(text: &str) -> Result<Exit, Failure> {
    to_stdout(|out| out.write_all(text.as_bytes()))
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn given(look: &Look) -> Given {
    #[cfg(feature = "tui")]
    let (theme, letters) = (look.theme, look.letters);
    // A build without a screen has no such options.
    #[cfg(not(feature = "tui"))]
    let (theme, letters) = (None, None);
    Given {
        file: look.config.clone(),
        theme,
        letters,
        without_colour: match look.color {
            ColorWhen::Never => Some(Origin::CommandLine),
            color if !color.is_on() => Some(Origin::Environment("NO_COLOR")),
            _ => None,
        },
    }
}

/// What was chosen.
///
/// # Errors
/// [`Failure`] with [`Exit::Usage`] when it cannot be used: with file, line, and what would be right.
pub(super) fn load(look: &Look) -> Result<Config, Failure> {
    config::load(&given(look), &variable).map_err(|error| {
        let failure = Failure::new(Exit::Usage, error.to_string());
        match error {
            ConfigError::Wrong { hint, .. } if !hint.is_empty() => failure.hint(hint),
            ConfigError::Wrong { .. } => failure.hint("`vicino config template` shows every key"),
            ConfigError::Unreadable { .. } | ConfigError::Environment { .. } => failure,
        }
    })
}

/// The values: name, value, where it comes from.
fn values(config: &Config) -> Vec<(&'static str, Value, String)> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let listed = config.columns.value.listed();
    let columns: Vec<&str> = listed
        .iter()
        .filter(|(_, is_shown)| *is_shown)
        .map(|(column, _)| column.name())
        .collect();
    let columns = if config.columns.value.is_default() {
        json!("as many as fit")
    } else {
        json!(columns)
    };
    vec![
        (
            "theme",
            json!(config.theme.value.name()),
            config.theme.origin.to_string(),
        ),
        (
            "letters",
            json!(config.letters.value.name()),
            config.letters.origin.to_string(),
        ),
        ("frames", json!(config.frames.value), config.frames.origin.to_string()),
        (
            "folder",
            json!(path(&config.folder.value)),
            config.folder.origin.to_string(),
        ),
        (
            "privacy",
            json!(config.privacy.value.label()),
            config.privacy.origin.to_string(),
        ),
        ("columns", columns, config.columns.origin.to_string()),
        ("sort", json!(config.sort.value.name()), config.sort.origin.to_string()),
        (
            "lab_keys",
            json!(path(&config.lab_keys.value)),
            config.lab_keys.origin.to_string(),
        ),
    ]
}

fn as_text(config: &Config, path: Option<&Path>) -> String {
    let mut text = path_text(path, false);
    for (name, value, origin) in values(config) {
        let value = match value {
            Value::String(value) => value,
            Value::Null => "–".to_owned(),
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<NAME$}{:<VALUE$}  {origin}", printable(&value));
    }
    for (name, value) in &config.colours {
        let value = format!("{} = {}", printable(name), printable(value));
        let _ = writeln!(text, "{:<NAME$}{value:<VALUE$}  file", "colours");
    }
    let n = config.own_bindings.len();
    let _ = writeln!(text, "{:<NAME$}{n} of your own: `vicino config keys`", "keys");
    text
}

fn path_text(path: Option<&Path>, as_json: bool) -> String {
    let is_there = path.is_some_and(Path::exists);
    let shown = path.map(|path| path.display().to_string());
    if as_json {
        let value = json!({ "schema": SCHEMA, "file": shown, "is_there": is_there });
        return json_printable(&format!("{value:#}\n")).into_owned();
    }
    match shown {
        None => "no home folder is known, so there is no file; --config-file FILE names one\n".to_owned(),
        Some(shown) if is_there => format!("{}\n", printable(&shown)),
        Some(shown) => format!(
            "{}  (not there: `vicino config template` makes one)\n",
            printable(&shown)
        ),
    }
}

fn as_json(config: &Config, path: Option<&Path>) -> String {
    let settings: serde_json::Map<String, Value> = values(config)
        .into_iter()
        .map(|(name, value, origin)| (name.to_owned(), json!({ "value": value, "origin": origin })))
        .collect();
    let colours: serde_json::Map<String, Value> = config
        .colours
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let is_there = path.is_some_and(Path::exists);
    let value = json!({
        "schema": SCHEMA,
        "file": path.map(|path| path.display().to_string()),
        "is_there": is_there,
        "settings": settings,
        "colours": colours,
        "own_keys": config.own_bindings.iter().map(binding_json).collect::<Vec<_>>(),
    });
    json_printable(&format!("{value:#}\n")).into_owned()
}

fn binding_json(binding: &Binding) -> Value {
    json!({
        "context": binding.context.name(),
        "key": binding.key.name(),
        "action": binding.action.map(|action| action.name().into_owned()),
        "help": binding.action.map(Action::help),
    })
}

fn keys_json(config: &Config) -> String {
    let keys: Vec<Value> = config
        .keymap
        .bindings()
        .map(|binding| {
            let mut value = binding_json(&binding);
            value["is_own"] = json!(config.own_bindings.contains(&binding));
            value
        })
        .collect();
    let value = json!({ "schema": SCHEMA, "keys": keys });
    json_printable(&format!("{value:#}\n")).into_owned()
}

fn keys_text(config: &Config) -> String {
    let mut text = String::new();
    for context in Context::ALL {
        let mut bindings: Vec<Binding> = config
            .keymap
            .bindings()
            .filter(|binding| binding.context == context)
            .collect();
        bindings.sort_by_key(|binding| binding.action);
        let _ = writeln!(text, "[keys.{}]  # {}", context.name(), context.title());
        for binding in bindings {
            let action = binding.action.map_or_else(|| "none".into(), Action::name);
            let help = binding.action.map_or("does nothing here", |action| action.help());
            let own = if config.own_bindings.contains(&binding) {
                " (yours)"
            } else {
                ""
            };
            let key = format!("{:?}", binding.key.name());
            let _ = writeln!(text, "{key:<14} = {:<22}# {help}{own}", format!("{action:?}"));
        }
        text.push('\n');
    }
    text
}
