//! The command line: what can be typed after `:`, and the words that complete it.

use std::path::PathBuf;

use super::action::Action;
use super::calibrate::{Planned, plan};
use super::columns::{Column, Columns};
use super::filter::Filter;
use super::look::{Letters, ThemeName};
use super::model::Model;
use super::tab::Tab;
use crate::lab::calibration::is_name;
use crate::lab::time::{Micros, UnixMicros};
use crate::source::pacing::{Command as Playback, Speed, parse_span};

/// Most words offered at a time.
const MOST_WORDS: usize = 200;

/// What a command asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// What a key can ask for too.
    Act(Action),
    /// Show only the devices that match.
    Filter(Box<Filter>),
    /// Sort by a column, the other way round or not.
    Sort(Column, bool),
    /// Show these columns.
    Columns(Columns),
    /// Tell the playback.
    Playback(Playback),
    /// Play a capture.
    Open(PathBuf),
    /// Listen to the air again.
    Live,
    /// Begin a recording of this name.
    Record(String),
    /// Mark what a line says.
    Mark(String),
    /// Write the selected capture to this file.
    Convert(PathBuf),
    /// Look at the captures of a folder.
    Folder(PathBuf),
    /// Use other colours.
    Theme(ThemeName),
    /// Use other letters.
    Letters(Letters),
    /// Choose rules of notification by name.
    Rules(Vec<String>),
    /// Read rules of a file.
    ReadRules(PathBuf),
    /// Look for published keys.
    Keys(PathBuf),
    /// Measure by this plan.
    Plan(Box<Planned>),
    /// Write the profile under this name.
    Profile(String),
    /// Draw the screen into a file.
    Snapshot(PathBuf),
}

/// A command that takes something.
struct Spec {
    name: &'static str,
    takes: &'static str,
    help: &'static str,
}

const fn spec(name: &'static str, takes: &'static str, help: &'static str) -> Spec {
    Spec { name, takes, help }
}

/// All that take something, besides the names of actions.
const SPECS: [Spec; 19] = [
    spec("filter", "FILTER", "show only the devices that match; without one, all"),
    spec("sort", "COLUMN [reverse]", "sort the table"),
    spec(
        "columns",
        "NAME …",
        "show these columns in this order; `default` as at first",
    ),
    spec("tab", "NAME", "show a tab"),
    spec("speed", "FACTOR", "play so many times as fast, or `max`"),
    spec(
        "seek",
        "TIME",
        "play from 09:54:01, from 90s after the start, or +30s and -30s from here",
    ),
    spec("open", "FILE", "play a capture"),
    spec("live", "", "listen to the air"),
    spec("record", "[NAME]", "begin a recording; without a name, one of the date"),
    spec(
        "mark",
        "WORDS",
        "mark: metres, orientation=, obstacle=, model=, device=, and a note",
    ),
    spec(
        "convert",
        "FILE",
        "write the selected capture to a file; its ending tells the format",
    ),
    spec("folder", "FOLDER", "look at the captures of a folder"),
    spec(
        "theme",
        "NAME",
        "use other colours; `theme ascii` and `theme unicode` other letters",
    ),
    spec("rule", "NAME [NAME]", "decide on exposure windows by these rules"),
    spec("rules", "FILE.toml", "read rules of your own"),
    spec("keys", "FILE", "look for published keys: a zip, or a folder of zips"),
    spec(
        "plan",
        "WORDS",
        "calibrate: metres, orientations, dwell=, reports=, model=, phone=, receiver=, tx=, a1=",
    ),
    spec("profile", "[NAME]", "write the profile that the accepted steps tell"),
    spec("snapshot", "FILE.svg", "draw the screen into a file"),
];

/// How a command is used, for who typed its name: `seek TIME  play from …`.
#[must_use]
pub fn usage(text: &str) -> Option<String> {
    let name = text.split_whitespace().next()?;
    if let Some(spec) = SPECS.iter().find(|spec| spec.name == name) {
        return Some(format!("{} {}: {}", spec.name, spec.takes, spec.help));
    }
    let action = Action::named(name)?;
    Some(action.help().to_owned())
}

/// What a typed line asks for; `now` is the present of the data.
///
/// # Errors
/// Why it is no command, with what would be.
pub fn parse(line: &str, now: UnixMicros) -> Result<Request, String> {
    let line = line.trim();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let needed = |what: &str| {
        if rest.is_empty() {
            Err(format!("{name} needs {what}"))
        } else {
            Ok(rest)
        }
    };
    let path = |what: &str| needed(what).map(PathBuf::from);
    Ok(match name {
        "filter" => Request::Filter(Box::new(Filter::parse(rest).map_err(|error| error.to_string())?)),
        "sort" => sort(needed("a column")?)?,
        "columns" if rest == "default" => Request::Columns(Columns::default()),
        "columns" if !rest.is_empty() => {
            let names = rest.split([',', ' ']).filter(|name| !name.is_empty());
            Request::Columns(Columns::parse(names).map_err(|error| error.to_string())?)
        }
        "tab" => Request::Act(Action::Show(tab(needed("a name")?)?)),
        "speed" => {
            let speed: Speed = needed("a factor")?.parse().map_err(|error| format!("{error}"))?;
            Request::Playback(Playback::SetSpeed(speed))
        }
        "seek" => Request::Playback(seek(needed("a time")?, now)?),
        "open" if !rest.is_empty() => Request::Open(rest.into()),
        "live" => Request::Live,
        "record" if !rest.is_empty() => Request::Record(rest.to_owned()),
        "mark" if !rest.is_empty() => Request::Mark(rest.to_owned()),
        "convert" if !rest.is_empty() => Request::Convert(rest.into()),
        "folder" => Request::Folder(path("a folder")?),
        "theme" => look(needed("a name")?)?,
        "rule" => match &*needed("a name")?.split_whitespace().collect::<Vec<_>>() {
            names @ ([_] | [_, _]) => Request::Rules(names.iter().map(|name| (*name).to_owned()).collect()),
            _ => return Err("one rule, or two side by side".to_owned()),
        },
        "rules" => Request::ReadRules(path("a file")?),
        "keys" => Request::Keys(path("a file")?),
        "plan" => Request::Plan(Box::new(plan(rest)?)),
        "profile" => Request::Profile(profile_name(rest)?),
        "snapshot" => Request::Snapshot(path("a file")?),
        // What else can be typed does something only where something is typed.
        _ => match Action::named(name).filter(|action| is_command(*action)) {
            Some(action) if rest.is_empty() => Request::Act(action),
            Some(_) => return Err(format!("{name} takes nothing")),
            None => return Err(format!("no command {name:?}; Tab shows those there are")),
        },
    })
}

/// The name of a profile, which is that of a file.
fn profile_name(text: &str) -> Result<String, String> {
    match text {
        "" => Ok("own".to_owned()),
        name if is_name(name) => Ok(name.to_owned()),
        _ => Err("a name of letters, digits, - and _".to_owned()),
    }
}

/// Whether an action can be typed as a command: not what edits a line, or answers a question.
fn is_command(action: Action) -> bool {
    use super::keymap::{Context, Keymap};
    let on_a_tab = |context: Context| context == Context::Tabs || context.outer() == Some(Context::Tabs);
    let keymap = Keymap::default();
    let mut bindings = keymap.bindings();
    action != Action::Command && bindings.any(|binding| binding.action == Some(action) && on_a_tab(binding.context))
}

fn sort(text: &str) -> Result<Request, String> {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default();
    let column = Column::named(name).filter(|column| column.is_sortable());
    let column = column.ok_or_else(|| format!("no column {name:?} to sort by; there are {}", sortable().join(", ")))?;
    match (words.next(), words.next()) {
        (None, _) => Ok(Request::Sort(column, false)),
        (Some("reverse"), None) => Ok(Request::Sort(column, true)),
        _ => Err("after the column only `reverse` may follow".to_owned()),
    }
}

fn sortable() -> Vec<&'static str> {
    let columns = Column::ALL.into_iter().filter(|column| column.is_sortable());
    columns.map(Column::name).collect()
}

fn tab(name: &str) -> Result<Tab, String> {
    let names = Tab::ALL.map(|tab| tab.title().to_lowercase());
    let found = Tab::ALL.into_iter().find(|tab| tab.title().eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("no tab {name:?}; there are {}", names.join(", ")))
}

fn look(name: &str) -> Result<Request, String> {
    let letters = Letters::named(name).map(Request::Letters);
    letters
        .or_else(|| ThemeName::named(name).map(Request::Theme))
        .ok_or_else(|| format!("no theme {name:?}; there are {}", looks().join(", ")))
}

fn looks() -> Vec<&'static str> {
    let themes = ThemeName::ALL.into_iter().map(ThemeName::name);
    themes.chain(Letters::ALL.map(Letters::name)).collect()
}

/// A time as people write it: of the day of the data, after the start, from here, or in full.
fn seek(text: &str, now: UnixMicros) -> Result<Playback, String> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Playback::SeekTo(UnixMicros(timestamp.as_microsecond())));
    }
    if let Some(time) = text
        .contains(':')
        .then(|| text.parse::<jiff::civil::Time>().ok())
        .flatten()
    {
        let at = jiff::Timestamp::from_microsecond(now.0)
            .ok()
            .map(|now| now.to_zoned(jiff::tz::TimeZone::UTC).date().to_datetime(time))
            .and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC).ok());
        if let Some(at) = at {
            return Ok(Playback::SeekTo(UnixMicros(at.timestamp().as_microsecond())));
        }
    }
    let wrong = || format!("{text:?} is no time: write 09:54:01, 90s, +30s, -5m or 2020-07-30T09:54:01Z");
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(span), _) => Ok(Playback::SeekBy(parse_span(span).map_err(|_| wrong())?)),
        (_, Some(span)) => {
            let span = parse_span(span).map_err(|_| wrong())?;
            Ok(Playback::SeekBy(Micros(span.0.saturating_neg())))
        }
        _ => Ok(Playback::SeekToOffset(parse_span(text).map_err(|_| wrong())?)),
    }
}

/// The words that complete what stands before the cursor, and where in it the word begins that they take the place of.
#[must_use]
pub fn words(model: &Model, before: &str) -> (usize, Vec<String>) {
    let Some((name, rest)) = before.split_once(' ') else {
        return (0, fitting(before, commands()));
    };
    let rest_at = name.len() + 1;
    let last = rest.rfind([' ', ',']).map_or(rest_at, |at| rest_at + at + 1);
    let word = before.get(last..).unwrap_or_default();
    let of = |names: Vec<&str>| (last, fitting(word, names.into_iter().map(str::to_owned)));
    match name {
        "filter" => {
            let (at, words) = super::filter::words(rest);
            (rest_at + at, words)
        }
        "sort" => of([sortable(), vec!["reverse"]].concat()),
        "columns" => of([&Column::ALL.map(Column::name)[..], &["default"]].concat()),
        "tab" => of(Tab::ALL.map(Tab::title).to_vec()),
        "theme" => of(looks()),
        "rule" => of(model.exposure.rules.iter().map(|rule| rule.name.as_str()).collect()),
        "speed" => of(vec!["0.5", "1", "10", "100", "max"]),
        "mark" => of(vec!["device=", "model=", "orientation=", "obstacle=", "distance="]),
        // Names may have spaces in them.
        "open" => (rest_at, fitting(rest, model.library.names(false))),
        "folder" | "keys" => (rest_at, fitting(rest, model.library.names(true))),
        _ => (last, Vec::new()),
    }
}

fn commands() -> impl Iterator<Item = String> {
    let mut names: Vec<String> = SPECS.iter().map(|spec| spec.name.to_owned()).collect();
    let actions = Action::all()
        .filter(|action| is_command(*action))
        .map(|action| action.name().into_owned());
    names.extend(actions);
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Those that begin as the word does, whatever the case.
pub(super) fn fitting(word: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let word = word.to_lowercase();
    let begins = |name: &String| name.to_lowercase().starts_with(&word);
    names.into_iter().filter(begins).take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMicros = UnixMicros(1_596_102_841_000_000);

    fn read(line: &str) -> Request {
        parse(line, NOW).unwrap()
    }

    fn refused(line: &str) -> String {
        parse(line, NOW).expect_err(line)
    }

    #[test]
    fn commands_are_read() {
        assert_eq!(read("quit"), Request::Act(Action::Quit));
        assert_eq!(read("  freeze "), Request::Act(Action::Freeze));
        assert_eq!(read("tab log"), Request::Act(Action::Show(Tab::Log)));
        assert_eq!(read("sort rssi reverse"), Request::Sort(Column::Rssi, true));
        assert_eq!(read("record"), Request::Act(Action::Record));
        assert_eq!(read("record monday bench"), Request::Record("monday bench".to_owned()));
        assert_eq!(read("theme light"), Request::Theme(ThemeName::Light));
        assert_eq!(read("theme ascii"), Request::Letters(Letters::Ascii));
        assert_eq!(read("columns default"), Request::Columns(Columns::default()));
        assert_eq!(read("columns"), Request::Act(Action::Columns));
        assert_eq!(
            read("columns rssi,name"),
            Request::Columns(Columns::parse(["rssi", "name"]).unwrap())
        );
        assert_eq!(
            read("speed 10"),
            Request::Playback(Playback::SetSpeed(Speed::Tenths(100)))
        );
    }

    #[test]
    fn a_time_is_of_the_day_after_the_start_or_from_here() {
        let seek = |text: &str| read(&format!("seek {text}"));
        let at = |micros| Request::Playback(Playback::SeekTo(UnixMicros(micros)));
        assert_eq!(seek("09:54:00"), at(1_596_102_840_000_000));
        assert_eq!(seek("2020-07-30T09:54:00Z"), at(1_596_102_840_000_000));
        let by = |seconds| Request::Playback(Playback::SeekBy(Micros::from_secs(seconds)));
        assert_eq!((seek("+30s"), seek("-5m")), (by(30), by(-300)));
        assert_eq!(
            seek("90s"),
            Request::Playback(Playback::SeekToOffset(Micros::from_secs(90)))
        );
    }

    #[test]
    fn what_is_no_command_is_refused_with_what_would_be() {
        assert!(refused("dance").contains("Tab shows"));
        assert!(refused("").contains("no command"));
        assert!(refused("accept").contains("no command"), "it answers a question");
        assert!(refused("sort levels").contains("there are age, kind"));
        assert!(refused("seek noon").contains("write 09:54:01"));
        assert!(refused("freeze now").contains("takes nothing"));
        assert!(refused("tab lg").contains("there are live"));
        assert!(refused("filter kindd:gaen").contains("did you mean"));
        assert!(refused("snapshot").contains("needs a file"));
    }

    #[test]
    fn every_command_can_be_read_or_says_what_it_needs() {
        for name in commands() {
            match parse(&name, NOW) {
                Ok(_) => {}
                Err(error) => assert!(error.contains("needs"), "{name}: {error}"),
            }
            assert!(usage(&name).is_some_and(|usage| !usage.is_empty()), "{name}");
        }
    }

    #[test]
    fn words_complete_where_the_cursor_is() {
        let options = crate::lab::session::Options::default();
        let model = Model::new(crate::app::model::SourceInfo::default(), options, (80, 24));
        let words = |before: &str| words(&model, before);
        assert_eq!(words("fre"), (0, vec!["freeze".to_owned()]));
        assert_eq!(words("sort rs"), (5, vec!["rssi".to_owned()]));
        assert_eq!(words("columns age,rp"), (12, vec!["rpi".to_owned()]));
        assert_eq!(words("tab l"), (4, vec!["Live".to_owned(), "Log".to_owned()]));
        assert_eq!(words("filter kind:gaen-a"), (7, vec!["kind:gaen-android".to_owned()]));
        assert!(words("nonsense ").1.is_empty());
    }
}
