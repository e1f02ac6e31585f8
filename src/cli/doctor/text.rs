//! The text for people.

use std::fmt::{self, Write as _};

use super::rows::{Row, Verdict, worst};
use crate::lab::text::printable;

/// Columns before what was found.
const INDENT: usize = 22;

/// The checks, line by line. A colour says only what mark and word say too.
pub(super) fn text(rows: &[Row], is_colored: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, rows, is_colored);
    text
}

fn write_all(out: &mut String, rows: &[Row], is_colored: bool) -> fmt::Result {
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            writeln!(out, "{group}")?;
        }
        let (mark, word, colour) = look(row.verdict);
        let verdict = format!("{mark} {word:<4}");
        let verdict = if is_colored {
            format!("\x1b[{colour}m{verdict}\x1b[0m")
        } else {
            verdict
        };
        writeln!(out, "  {verdict}  {:<11} {}", row.check, printable(&row.found))?;
        if let Some(reason) = &row.reason {
            writeln!(out, "{:INDENT$}{}", "", printable(reason))?;
        }
        if let Some(remedy) = &row.remedy {
            writeln!(out, "{:INDENT$}→ {}", "", printable(remedy))?;
        }
    }
    let n_failed = rows.iter().filter(|row| row.verdict == Verdict::Fail).count();
    match worst(rows) {
        Verdict::Fail => writeln!(
            out,
            "\n{n_failed} failed: live scanning cannot begin before that is put right"
        ),
        Verdict::Warn => writeln!(out, "\nnothing failed; see the warnings"),
        _ => writeln!(out, "\nall is well"),
    }
}

/// Mark, word and colour of a verdict.
const fn look(verdict: Verdict) -> (char, &'static str, u8) {
    match verdict {
        Verdict::Ok => ('✓', "ok", 32),
        Verdict::Warn => ('!', "warn", 33),
        Verdict::Fail => ('✗', "fail", 31),
        Verdict::NotApplicable => ('–', "n/a", 2),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{rows, tests::well};
    use super::*;

    #[test]
    fn what_was_found_stands_in_one_column_with_reason_and_remedy_below() {
        let rows = [
            Row::ok("bus", "answers"),
            Row::ok("disk", "/tmp").wrong(Verdict::Fail, "full", "free\u{1b}[2J some"),
        ];
        let text = text(&rows, false);
        let expected = "  ✓ ok    bus         answers\n  ✗ fail  disk        /tmp\n                      full\n                      \
                        → free\u{fffd}[2J some\n\n1 failed: live scanning cannot begin before that is put right\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn colours_add_nothing_to_what_is_said() {
        let rows = rows(&well());
        let mut colored = text(&rows, true);
        for code in ["\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"] {
            colored = colored.replace(code, "");
        }
        assert_eq!(colored, text(&rows, false));
        assert!(text(&rows, true).contains("\x1b[32m✓ ok  \x1b[0m"));
        assert!(colored.ends_with("\nall is well\n"), "{colored}");
    }
}
