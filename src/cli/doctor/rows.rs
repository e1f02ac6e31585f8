//! From facts to verdicts; asks nobody.

use indicatif::HumanBytes;
use serde::Serialize;

use super::radio;
use crate::app::layout::SMALLEST;
use crate::cli::ColorWhen;
use crate::source::probe::Findings;

/// With less than this, a recording of a busy place is over within hours.
const LITTLE_SPACE: u64 = 100 << 20;

/// What was found out about this computer.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The operating system.
    pub(super) system: System,
    /// Whether there can be a screen.
    pub(super) screen: Screen,
    /// `TERM`.
    pub(super) term: String,
    /// Columns and rows of the terminal.
    pub(super) size: Option<(u16, u16)>,
    /// `COLORTERM`.
    pub(super) color_term: String,
    /// `NO_COLOR` is set to something.
    pub(super) no_color: bool,
    /// What the command line says.
    pub(super) color: ColorWhen,
    /// The variable that decides about the characters, and its value.
    pub(super) locale: Option<(&'static str, String)>,
    /// What the terminal runs in, if known.
    pub(super) multiplexer: Option<Multiplexer>,
    /// Name and release of the kernel.
    pub(super) kernel: String,
    /// The present folder.
    pub(super) folder: String,
    /// Why the present folder cannot be written to, if so.
    pub(super) unwritable: Option<String>,
    /// Bytes left there for this user.
    pub(super) space: Option<u64>,
    /// Where the system bus is looked for.
    pub(super) bus: String,
    /// This user.
    pub(super) user: String,
    /// What was found out about the radio.
    pub(super) radio: Findings,
}

/// Operating systems that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Linux,
    MacOs,
    Other,
}

/// Whether there can be a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "tui"), expect(dead_code, reason = "such a build has no screen"))]
pub(super) enum Screen {
    Fit,
    /// And why.
    Unfit(&'static str),
    NotBuilt,
}

/// A program between the terminal and us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Multiplexer {
    Tmux,
    GnuScreen,
}

/// How a check ended; the later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    NotApplicable,
    Ok,
    Warn,
    Fail,
}

/// A check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// What it is about: `terminal`, `bluetooth`, `system`.
    pub(super) group: &'static str,
    /// What was checked.
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) found: String,
    /// What is wrong with it, where something is.
    pub(super) reason: Option<String>,
    /// What to do about it.
    pub(super) remedy: Option<String>,
}

impl Row {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            group: "",
            check,
            verdict: Verdict::Ok,
            found: found.into(),
            reason: None,
            remedy: None,
        }
    }

    pub(super) fn not_applicable(check: &'static str, found: impl Into<String>) -> Self {
        let verdict = Verdict::NotApplicable;
        Self {
            verdict,
            ..Self::ok(check, found)
        }
    }

    /// The same check, but wrong.
    pub(super) fn wrong(self, verdict: Verdict, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: Some(reason.into()),
            remedy: Some(remedy.into()),
            ..self
        }
    }

    pub(super) fn warn(self, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        self.wrong(Verdict::Warn, reason, remedy)
    }
}

/// All checks. Those of the group `bluetooth` alone can fail: the others do not keep anyone from scanning.
pub(super) fn rows(facts: &Facts) -> Vec<Row> {
    let terminal = vec![
        terminal(facts),
        size(facts),
        colours(facts),
        locale(facts),
        multiplexer(facts),
    ];
    let system = vec![Row::ok("kernel", &facts.kernel), disk(facts)];
    let groups = [
        ("terminal", terminal),
        ("bluetooth", radio::rows(facts)),
        ("system", system),
    ];
    let in_group = |(group, rows): (&'static str, Vec<Row>)| rows.into_iter().map(move |row| Row { group, ..row });
    groups.into_iter().flat_map(in_group).collect()
}

/// The worst verdict.
pub(super) fn worst(rows: &[Row]) -> Verdict {
    rows.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Ok)
}

fn terminal(facts: &Facts) -> Row {
    let named = match facts.term.as_str() {
        "" => "TERM is not set".to_owned(),
        term => format!("TERM={term}"),
    };
    match facts.screen {
        Screen::Fit => Row::ok("terminal", named),
        Screen::NotBuilt => Row::not_applicable("terminal", "this build has no screen"),
        Screen::Unfit(why) => Row::ok("terminal", named).warn(
            format!("{why}: no screen"),
            "use a terminal, or do without the screen: `vicino scan`",
        ),
    }
}

fn size(facts: &Facts) -> Row {
    let (width, height) = SMALLEST;
    match facts.size {
        _ if facts.screen == Screen::NotBuilt => Row::not_applicable("size", "this build has no screen"),
        None => Row::not_applicable("size", "no terminal to measure"),
        // A serial line does not know its size.
        Some((0, _) | (_, 0)) => Row::ok("size", "unknown").warn(
            "the terminal does not tell its size",
            "tell it: `stty cols 100 rows 30`",
        ),
        Some((columns, rows)) => {
            let row = Row::ok("size", format!("{columns} x {rows}"));
            if columns < width || rows < height {
                row.warn(
                    format!("the screen needs {width} columns and {height} rows"),
                    "make the window larger",
                )
            } else {
                row
            }
        }
    }
}

/// The screen takes its colours from the usual 256.
fn colours(facts: &Facts) -> Row {
    let check = "colours";
    let has_many = ["256color", "direct", "kitty", "alacritty", "ghostty", "wezterm", "foot"];
    match facts.color {
        ColorWhen::Never => return Row::ok(check, "off, by --color never"),
        ColorWhen::Auto if facts.no_color => return Row::ok(check, "off, by NO_COLOR"),
        _ if facts.size.is_none() => return Row::not_applicable(check, "no terminal to colour"),
        _ => {}
    }
    if matches!(facts.color_term.as_str(), "truecolor" | "24bit") {
        Row::ok(check, format!("24 bits, by COLORTERM={}", facts.color_term))
    } else if has_many.iter().any(|name| facts.term.contains(name)) {
        Row::ok(check, format!("256, by TERM={}", facts.term))
    } else {
        Row::ok(check, format!("perhaps 16 or fewer, by TERM={}", facts.term)).warn(
            "the screen uses 256 colours",
            match facts.multiplexer {
                None => "if the terminal has them: `export TERM=xterm-256color`; if not: `vicino --color never`",
                Some(_) => "if the terminal has them: `export TERM=screen-256color`; if not: `vicino --color never`",
            },
        )
    }
}

fn locale(facts: &Facts) -> Row {
    let remedy = match facts.system {
        System::MacOs => "`export LC_ALL=en_US.UTF-8`",
        _ => "`export LC_ALL=C.UTF-8`",
    };
    let reason = "lines, bars and marks are drawn in UTF-8, which the terminal may not expect";
    match &facts.locale {
        None => Row::ok("locale", "none of LC_ALL, LC_CTYPE, LANG is set").warn(reason, remedy),
        Some((name, value)) => {
            let row = Row::ok("locale", format!("{name}={value}"));
            let value = value.to_ascii_lowercase();
            if value.contains("utf-8") || value.contains("utf8") {
                row
            } else {
                row.warn(reason, remedy)
            }
        }
    }
}

fn multiplexer(facts: &Facts) -> Row {
    let is_named = ["tmux", "screen"].iter().any(|name| facts.term.starts_with(name));
    match facts.multiplexer {
        None => Row::ok("multiplexer", "none"),
        Some(Multiplexer::Tmux) if facts.size.is_some() && !is_named => Row::ok("multiplexer", "tmux").warn(
            format!(
                "within it TERM should begin with tmux or screen, and is {:?}",
                facts.term
            ),
            "`tmux set -g default-terminal tmux-256color`, then open a new window",
        ),
        Some(Multiplexer::Tmux) => Row::ok("multiplexer", "tmux"),
        Some(Multiplexer::GnuScreen) => Row::ok("multiplexer", "GNU screen"),
    }
}

fn disk(facts: &Facts) -> Row {
    let space = facts
        .space
        .map_or_else(|| "unknown space".to_owned(), |bytes| HumanBytes(bytes).to_string());
    let row = Row::ok("disk", format!("{}: {space} left", facts.folder));
    if let Some(why) = &facts.unwritable {
        return row.warn(
            format!("nothing can be recorded here: {why}"),
            "go to a folder of your own (`cd`), or name one: `vicino record FOLDER/NAME`",
        );
    }
    match facts.space {
        Some(bytes) if bytes < LITTLE_SPACE => row.warn(
            "a recording may fill it",
            "free some space (`df -h .`), or record elsewhere: `vicino record FOLDER/NAME`",
        ),
        _ => row,
    }
}

#[cfg(test)]
pub(super) mod tests;
