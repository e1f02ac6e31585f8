//! How far work is, for a person who watches.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for so many of something; hidden where standard error is no terminal, or where it is not known how many.
pub(super) fn bar(what: &'static str, length: u64) -> ProgressBar {
    of(length, "{msg:18} {bar:40} {human_pos} / {human_len}  {eta}").with_message(what)
}

/// A bar for so many bytes.
pub(super) fn bytes(what: &'static str, length: u64) -> ProgressBar {
    let template = "{msg:18} {bar:40} {bytes} / {total_bytes}  {binary_bytes_per_sec}  {eta}";
    of(length, template).with_message(what)
}

fn of(length: u64, template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() || length == 0 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
