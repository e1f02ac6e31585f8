//! The lines of the help, made from the keymap.

use super::action::Action;
use super::keymap::Context;
use super::model::Model;
use super::tab::Tab;

/// Opposite actions share a line.
const PAIRS: [(Action, Action, &str); 17] = [
    (
        Action::Help,
        Action::Close,
        "these keys; close what is open, go back, drop the filter",
    ),
    (Action::Pause, Action::Step, "pause or go on; play a single event"),
    (
        Action::NextSort,
        Action::ReverseSort,
        "sort by the next column, or the other way round",
    ),
    (Action::Up, Action::Down, "a line up or down"),
    (Action::PageUp, Action::PageDown, "a page up or down"),
    (Action::First, Action::Last, "to the first or the last"),
    (Action::Slower, Action::Faster, "play slower or faster"),
    (Action::SeekBack, Action::SeekForward, "10 s back or forward"),
    (
        Action::SeekStart,
        Action::Loop,
        "play from the beginning; begin again at the end",
    ),
    (
        Action::PreviousMark,
        Action::NextMark,
        "to the mark before or the next one",
    ),
    (
        Action::PreviousRotation,
        Action::NextRotation,
        "to the new identifier before or the next one",
    ),
    (
        Action::PreviousDevice,
        Action::NextDevice,
        "the previous or next device of the table",
    ),
    (Action::ZoomIn, Action::ZoomOut, "show a shorter or longer time"),
    (Action::NextRule, Action::NextSecondRule, "the next rule, as A or as B"),
    (
        Action::LowerThresholds,
        Action::RaiseThresholds,
        "what if all thresholds were 1 dB lower or higher",
    ),
    (Action::Shorter, Action::Taller, "less or more room below the divider"),
    (
        Action::Record,
        Action::Mark,
        "record, or end it; mark what is known from now on",
    ),
];

/// One line of the help.
pub enum Line {
    /// What the following lines are about.
    Title(&'static str),
    /// Keys, and what they do.
    Keys(String, &'static str),
    /// What letters and marks mean.
    Legend(&'static str),
}

/// What this tab takes, what its letters mean, and what every tab takes.
#[must_use]
pub fn lines(model: &Model) -> Vec<Line> {
    let context = model.tab.context();
    let mut lines = vec![Line::Title(context.title())];
    lines.extend(keys(model, context));
    lines.extend(legend(model.tab).iter().copied().map(Line::Legend));
    lines.push(Line::Title(Context::Tabs.title()));
    lines.push(tabs(model));
    lines.extend(keys(model, Context::Tabs));
    lines
}

/// The keys of a context itself.
fn keys(model: &Model, context: Context) -> Vec<Line> {
    let is_playback = model.source.playback.is_some();
    let shown = |action: &Action| is_playback || !action.needs_playback();
    let pairs = || PAIRS.iter().filter(|(_, second, _)| shown(second));
    let keys_of = |action: Action| {
        let bindings = model.keymap.bindings();
        let own = bindings.filter(|binding| binding.context == context && binding.action == Some(action));
        own.map(|binding| binding.key.to_string()).collect::<Vec<_>>().join(" ")
    };
    let is_second = |action: Action| pairs().any(|(first, second, _)| *second == action && !keys_of(*first).is_empty());
    let mut lines = Vec::new();
    // Those of the tabs have a line of their own.
    let actions =
        Action::all().filter(|action| !matches!(action, Action::Show(_) | Action::NextTab | Action::PreviousTab));
    for action in actions.filter(shown) {
        let (mut text, mut help) = (keys_of(action), action.help());
        if text.is_empty() || is_second(action) {
            continue;
        }
        if let Some((_, second, of_both)) = pairs().find(|(first, ..)| *first == action) {
            let second = keys_of(*second);
            if !second.is_empty() {
                text = format!("{text}  {second}");
                help = of_both;
            }
        }
        lines.push(Line::Keys(text, help));
    }
    lines
}

/// `1 2 3 4 Tab`
fn tabs(model: &Model) -> Line {
    let keys = |action| model.keymap.keys(Context::Tabs, action).map(|key| key.to_string());
    let shows = Tab::ALL.into_iter().flat_map(|tab| keys(Action::Show(tab)).take(1));
    let all: Vec<String> = shows.chain(keys(Action::NextTab).take(1)).collect();
    Line::Keys(all.join(" "), "the tabs: by number, or the next one")
}

/// What the letters and marks of a tab mean.
const fn legend(tab: Tab) -> &'static [&'static str] {
    match tab {
        Tab::Live => &[
            "filters: kind:gaen rssi>-70   (company:apple or service:fd6f) age<30s",
            "         name:\"my band\" or addr:5e:1b   -addrkind:R rot>0 heard>100",
            "address P public, S static, R/N (non-)resolvable, I identity, H handle",
            "RSSI ~ not measured on this very packet; ATTEN ? class average assumed",
            "DIST estimated of the last 30 s (⏎ tells more), 90 % its interval;",
            "     = true by a mark, ? sender not known: how strongly is a guess",
            "ROT identifiers changed under one address, ! a sign against it (⏎ tells)",
            "NAME as broadcast, * by the lab key that it uses",
        ],
        Tab::Calibrate => &[
            ":plan 1 0.5 2 front back dwell=60 reports=100 model=SM-A515F",
            "     metres, orientations, seconds and reports of a step, the model;",
            "     phone=NAME (an address, or strongest) takes it without a question",
            "every accepted step is a mark: record (r) to keep it, so that",
            "     `vicino calibrate fit` can compute it again; measured again it is taken back",
            ":profile NAME writes what the steps tell; --edition NAME uses it",
        ],
        Tab::Exposure => &[
            "A B what a window amounts to under each rule: minutes, or a score",
            "bars: typical attenuation of each scan, 0 to 100 dB",
            "     | thresholds of rule A, : of rule B",
            ":keys FILE looks for published keys, :rules FILE reads your own rules",
            ":rule NAME NAME chooses one rule, or two side by side",
        ],
        Tab::Audit => &[
            "verdicts of what was heard so far; going back takes nothing away",
            "n/o: not observable, this source does not tell; never guessed",
            "spec: the letter of the specification; field: what real phones do",
            "`vicino audit CAPTURE --report FILE.html` writes it all down",
        ],
        Tab::Device | Tab::Captures | Tab::Log => &[],
    }
}
