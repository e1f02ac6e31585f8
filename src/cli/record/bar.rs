//! Progress of a recording, for people.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{FormattedDuration, HumanBytes, HumanDuration, ProgressBar, ProgressStyle};

use super::super::tell;
use crate::lab::text::printable;
use crate::sink::recorder::Progress;

/// How often a line of progress is written where no terminal shows it.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// Progress: above the line that is being typed where marks are typed on a terminal, a line that renews itself on another
/// terminal, now and then a line elsewhere.
pub(super) enum Bar {
    Above(Above),
    Alone(ProgressBar),
    Lines { next: Duration },
}

impl Bar {
    pub(super) fn new() -> Self {
        match (io::stderr().is_terminal(), io::stdin().is_terminal() && can_move()) {
            (true, true) => Self::Above(Above::default()),
            (true, false) => {
                let style = ProgressStyle::with_template("● rec {elapsed_precise}  {msg}");
                let bar = ProgressBar::new_spinner();
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                Self::Alone(bar)
            }
            (false, _) => Self::Lines { next: SAY_EVERY },
        }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let line = line(progress);
        match self {
            Self::Above(above) => {
                write(&above.show(format!("● rec {}  {line}", FormattedDuration(progress.elapsed))));
            }
            Self::Alone(bar) => bar.set_message(line),
            Self::Lines { next } if progress.elapsed >= *next => {
                *next = progress.elapsed + SAY_EVERY;
                tell(format_args!(
                    "recording for {}: {line}",
                    HumanDuration(progress.elapsed)
                ));
            }
            Self::Lines { .. } => {}
        }
    }

    /// Says something to a line that was typed.
    pub(super) fn answer(&mut self, text: &str) {
        let text = printable(text);
        match self {
            Self::Above(above) => write(&above.answer(&text)),
            Self::Alone(bar) => bar.println(text),
            Self::Lines { .. } => tell(format_args!("{text}")),
        }
    }

    /// Says something that nobody asked for; safe to show, maybe several lines.
    pub(super) fn announce(&mut self, text: &str) {
        match self {
            Self::Above(above) => write(&above.announce(text)),
            Self::Alone(bar) => bar.println(text),
            Self::Lines { .. } => tell(format_args!("{text}")),
        }
    }

    /// An empty line was typed, to which there is nothing to say.
    pub(super) fn pass(&mut self) {
        if let Self::Above(above) = self {
            write(&above.pass());
        }
    }

    /// Whether progress must not be shown while a line that was typed has no answer: it would take that line's place.
    pub(super) fn waits_for_answers(&self) -> bool {
        matches!(self, Self::Above(_))
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Above(above) => write(above.clear()),
            Self::Alone(bar) => bar.finish_and_clear(),
            Self::Lines { .. } => {}
        }
    }
}

/// Whether the terminal says that it cannot move its cursor.
fn can_move() -> bool {
    std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

fn line(progress: &Progress) -> String {
    let left = progress
        .space_left
        .map_or_else(|| "unknown".to_owned(), |left| HumanBytes(left).to_string());
    format!(
        "{} advertisements  {:.1}/s  {}  {left} left",
        progress.adverts,
        progress.rate,
        HumanBytes(progress.bytes)
    )
}

/// At once, so that nothing the terminal echoes comes between; a terminal that is gone does not end a recording.
fn write(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The status with the line below it on which marks are typed. That line is the terminal's: it echoes and edits it, so the
/// cursor must be found where it was. Gives what to write.
#[derive(Default)]
pub(super) struct Above {
    /// `None` until it was shown.
    status: Option<String>,
}

impl Above {
    /// The status anew, the line below as it is.
    fn show(&mut self, status: String) -> String {
        let line = clipped(&status);
        match self.status.replace(status) {
            Some(_) => format!("\x1b7\x1b[1A\r\x1b[2K{line}\x1b8"),
            None => format!("{line}\n"),
        }
    }

    /// What is said to the line that was typed, then the status and an empty line to type on.
    fn answer(&self, text: &str) -> String {
        match &self.status {
            Some(status) => format!("\r{text}\n{}\n", clipped(status)),
            None => format!("\r{text}\n"),
        }
    }

    /// As [`answer`](Self::answer), below what is being typed, which stays as it is for who ends it.
    fn announce(&self, text: &str) -> String {
        format!("\n{}", self.answer(text))
    }

    /// The cursor back on the empty line that was ended.
    fn pass(&self) -> String {
        match self.status {
            Some(_) => "\r\x1b[1A\x1b[2K".to_owned(),
            None => String::new(),
        }
    }

    /// Takes the status and what was being typed away.
    fn clear(&self) -> &'static str {
        match self.status {
            Some(_) => "\r\x1b[1A\x1b[J",
            None => "",
        }
    }
}

/// A status that the terminal cuts off at its edge instead of going on in the next line.
fn clipped(status: &str) -> String {
    format!("\x1b[?7l{status}\x1b[?7h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_stands_above_the_line_that_is_typed() {
        let mut above = Above::default();
        assert_eq!(above.answer("too early"), "\rtoo early\n");
        assert_eq!((above.pass().as_str(), above.clear()), ("", ""));
        assert_eq!(above.show("1 s".to_owned()), "\x1b[?7l1 s\x1b[?7h\n");
        assert_eq!(
            above.show("2 s".to_owned()),
            "\x1b7\x1b[1A\r\x1b[2K\x1b[?7l2 s\x1b[?7h\x1b8"
        );
        assert_eq!(above.answer("marked"), "\rmarked\n\x1b[?7l2 s\x1b[?7h\n");
        assert_eq!(above.announce("off\n  hint"), "\n\roff\n  hint\n\x1b[?7l2 s\x1b[?7h\n");
        assert_eq!(above.pass(), "\r\x1b[1A\x1b[2K");
        assert_eq!(above.clear(), "\r\x1b[1A\x1b[J");
    }
}
