//! Where the facts come from: the environment, the system, the bus.

use std::env;
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::rows::{Facts, Multiplexer, Screen, System};
use crate::cli::ColorWhen;
use crate::format::reason;
use crate::sink::recorder::space_left;
use crate::source::probe;

/// Where libdbus looks for the system bus when nothing says otherwise.
const BUS: &str = "unix:path=/var/run/dbus/system_bus_socket";

/// Looks at everything; takes some seconds at most.
pub(super) fn facts(color: ColorWhen) -> Facts {
    let term = variable("TERM").unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"];
    let here = Path::new(".");
    Facts {
        system: system(),
        screen: screen(),
        term,
        size: size(),
        color_term: variable("COLORTERM").unwrap_or_default(),
        no_color: variable("NO_COLOR").is_some(),
        color,
        locale: locale.into_iter().find_map(|name| Some((name, variable(name)?))),
        multiplexer: multiplexer(),
        kernel: kernel(),
        folder: env::current_dir().map_or_else(|_| ".".to_owned(), |folder| folder.display().to_string()),
        unwritable: access(here, Access::WRITE_OK | Access::EXEC_OK)
            .err()
            .map(|error| reason(&io::Error::from(error))),
        space: space_left(here),
        bus: variable("DBUS_SYSTEM_BUS_ADDRESS").unwrap_or_else(|| BUS.to_owned()),
        user: user(),
        radio: probe::look(),
    }
}

/// A variable that says something.
fn variable(name: &str) -> Option<String> {
    let value = env::var_os(name)?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}

const fn system() -> System {
    if cfg!(target_os = "linux") {
        System::Linux
    } else if cfg!(target_os = "macos") {
        System::MacOs
    } else {
        System::Other
    }
}

#[cfg(feature = "tui")]
fn screen() -> Screen {
    let term = env::var_os("TERM").unwrap_or_default();
    let is_terminal = io::IsTerminal::is_terminal(&io::stdout());
    crate::cli::screen::unfit(is_terminal, &term).map_or(Screen::Fit, Screen::Unfit)
}

#[cfg(not(feature = "tui"))]
const fn screen() -> Screen {
    Screen::NotBuilt
}

/// Columns and rows, where standard output is a terminal.
fn size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some((size.ws_col, size.ws_row))
}

fn multiplexer() -> Option<Multiplexer> {
    let tmux = variable("TMUX").map(|_| Multiplexer::Tmux);
    tmux.or_else(|| variable("STY").map(|_| Multiplexer::GnuScreen))
}

fn kernel() -> String {
    let name = rustix::system::uname();
    let (system, release) = (name.sysname().to_string_lossy(), name.release().to_string_lossy());
    format!("{system} {release}")
}

/// The name alone may be borrowed (sudo, su): the number is what the bus goes by.
fn user() -> String {
    let id = rustix::process::geteuid().as_raw();
    match variable("USER") {
        Some(name) => format!("user {name} ({id})"),
        None => format!("user {id}"),
    }
}
