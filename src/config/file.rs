//! What stands in the file, and what is wrong with it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{Config, ConfigError, Origin, Variables, expand};
use crate::app::action::Action;
use crate::app::columns::{Column, Columns};
use crate::app::filter::propose;
use crate::app::key::Key;
use crate::app::keymap::{Binding, Context};
use crate::app::look::{Letters, ThemeName};
use crate::app::privacy::Privacy;
use crate::lab::text::printable;

/// Most characters quoted of what is wrong.
const MOST_QUOTED: usize = 40;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    theme: Option<Spanned<String>>,
    letters: Option<Spanned<String>>,
    frames: Option<Spanned<i64>>,
    folder: Option<Spanned<String>>,
    privacy: Option<Spanned<String>>,
    columns: Option<Spanned<Vec<String>>>,
    sort: Option<Spanned<String>>,
    lab_keys: Option<Spanned<String>>,
    #[serde(alias = "colors", default)]
    colours: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    keys: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Spanned<String>>>,
}

/// What is wrong, where in the text, and what to write instead.
struct Fault {
    range: Range<usize>,
    what: String,
    hint: String,
}

fn fault(range: Range<usize>, what: impl Into<String>, hint: impl Into<String>) -> Fault {
    let (what, hint) = (what.into(), hint.into());
    Fault { range, what, hint }
}

/// Takes what stands in the file.
pub(super) fn apply(config: &mut Config, path: &Path, text: &str, variables: Variables<'_>) -> Result<(), ConfigError> {
    let outcome = read(text).and_then(|file| take(config, &file, path, variables));
    outcome.map_err(|fault| {
        let (line, column) = position(text, fault.range.start);
        ConfigError::Wrong {
            path: path.to_owned(),
            line,
            column,
            what: fault.what,
            hint: fault.hint,
        }
    })
}

/// Line and character, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

fn read(text: &str) -> Result<File, Fault> {
    toml::from_str(text).map_err(|error| {
        let range = error.span().unwrap_or(0..0);
        let what = error.message().lines().next().unwrap_or_default();
        let word = text.get(range.clone()).unwrap_or_default();
        let is_unknown = what.starts_with("unknown field");
        let names = super::template::KEYS.map(|(name, _)| name);
        let hint = if is_unknown {
            propose(word, names, str::to_owned)
        } else {
            String::new()
        };
        fault(range, printable(what).into_owned(), hint)
    })
}

fn take(config: &mut Config, file: &File, path: &Path, variables: Variables<'_>) -> Result<(), Fault> {
    let own = Origin::File;
    let themes = ThemeName::ALL.map(ThemeName::name);
    config
        .theme
        .take(choice(file.theme.as_ref(), "theme", &themes, ThemeName::named)?, own);
    let letters = file.letters.as_ref().filter(|letters| letters.as_ref() != "auto");
    let known = ["auto", Letters::Unicode.name(), Letters::Ascii.name()];
    config
        .letters
        .take(choice(letters, "set of letters", &known, Letters::named)?, own);
    let levels = Privacy::ALL.map(Privacy::label);
    config
        .privacy
        .take(choice(file.privacy.as_ref(), "privacy", &levels, Privacy::named)?, own);
    let sortable = |name: &str| Column::named(name).filter(|column| column.is_sortable());
    let columns: Vec<&str> = Column::ALL
        .into_iter()
        .filter(|column| column.is_sortable())
        .map(Column::name)
        .collect();
    config.sort.take(
        choice(file.sort.as_ref(), "column to sort by", &columns, sortable)?,
        own,
    );
    config.frames.take(frames(file)?, own);
    // A path in the file is seen from where the file is.
    let folder = path.parent().unwrap_or(Path::new(""));
    let place = |text: &Spanned<String>| Some(folder.join(expand(text.as_ref(), variables)));
    config.folder.take(file.folder.as_ref().map(place), own);
    config.lab_keys.take(file.lab_keys.as_ref().map(place), own);
    if let Some(names) = &file.columns {
        let chosen = Columns::parse(names.as_ref().iter().map(String::as_str));
        let chosen = chosen.map_err(|error| fault(names.span(), printable(&error.to_string()), ""))?;
        config.columns.take(Some(chosen), own);
    }
    colours(config, file)?;
    bindings(config, file)
}

/// One of some words.
fn choice<T>(
    text: Option<&Spanned<String>>,
    what: &str,
    known: &[&str],
    named: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(text) = text else { return Ok(None) };
    if let Some(value) = named(text.as_ref()) {
        return Ok(Some(value));
    }
    let what = format!(
        "no {what} \"{}\"; there are {}",
        quoted(text.as_ref()),
        known.join(", ")
    );
    let hint = propose(text.as_ref(), known.iter().copied(), str::to_owned);
    Err(fault(text.span(), what, hint))
}

fn frames(file: &File) -> Result<Option<u16>, Fault> {
    let Some(frames) = &file.frames else { return Ok(None) };
    let fits = u16::try_from(*frames.as_ref())
        .ok()
        .filter(|frames| (1..=30).contains(frames));
    match fits {
        Some(frames) => Ok(Some(frames)),
        None => Err(fault(frames.span(), "frames per second are 1 to 30", "")),
    }
}

/// A build without a screen knows no colours and looks at none.
#[cfg_attr(
    not(feature = "tui"),
    expect(clippy::unnecessary_wraps, reason = "nothing is looked at")
)]
fn colours(config: &mut Config, file: &File) -> Result<(), Fault> {
    for (name, value) in &file.colours {
        #[cfg(feature = "tui")]
        check_colour(name, value)?;
        config.colours.push((name.as_ref().clone(), value.as_ref().clone()));
    }
    Ok(())
}

#[cfg(feature = "tui")]
fn check_colour(name: &Spanned<String>, value: &Spanned<String>) -> Result<(), Fault> {
    use crate::view::{COLOURS, ColourError, Palette};
    match Palette::default().set(name.as_ref(), value.as_ref()) {
        Ok(()) => Ok(()),
        Err(error @ ColourError::Name(_)) => {
            let names = COLOURS.map(|(name, _)| name);
            let hint = propose(name.as_ref(), names, str::to_owned);
            Err(fault(name.span(), printable(&error.to_string()), hint))
        }
        Err(error @ ColourError::Value(_)) => Err(fault(value.span(), printable(&error.to_string()), "")),
    }
}

fn bindings(config: &mut Config, file: &File) -> Result<(), Fault> {
    for (context_name, bound) in &file.keys {
        let context = context(context_name)?;
        for (key, action) in bound {
            let parsed: Key = key.as_ref().parse().map_err(|error: crate::app::key::KeyError| {
                fault(key.span(), format!("\"{}\": {error}", quoted(key.as_ref())), "")
            })?;
            let action = named_action(action)?;
            let refused = |error| fault(key.span(), format!("\"{}\": {error}", quoted(key.as_ref())), "");
            config.keymap.bind(context, parsed, action).map_err(refused)?;
            let key = parsed;
            config.own_bindings.push(Binding { context, key, action });
        }
    }
    Ok(())
}

fn context(name: &Spanned<String>) -> Result<Context, Fault> {
    let found = Context::ALL.into_iter().find(|context| context.name() == name.as_ref());
    found.ok_or_else(|| {
        let names = Context::ALL.map(Context::name);
        let what = format!("no place \"{}\"; there are {}", quoted(name.as_ref()), names.join(", "));
        fault(
            name.span(),
            what,
            propose(name.as_ref(), names, |name| format!("[keys.{name}]")),
        )
    })
}

/// `None` for `none`, which takes a key's meaning away.
fn named_action(name: &Spanned<String>) -> Result<Option<Action>, Fault> {
    if name.as_ref() == "none" {
        return Ok(None);
    }
    Action::named(name.as_ref()).map(Some).ok_or_else(|| {
        let names: Vec<_> = Action::all().map(Action::name).collect();
        let hint = propose(name.as_ref(), names.iter().map(|name| &**name), str::to_owned);
        let hint = if hint.is_empty() {
            "`vicino config keys` lists them".to_owned()
        } else {
            hint
        };
        fault(name.span(), format!("no action \"{}\"", quoted(name.as_ref())), hint)
    })
}

fn quoted(text: &str) -> String {
    printable(text).chars().take(MOST_QUOTED).collect()
}
