//! The terminal is given back after a panic. Needs a terminal that it may take over, so `tests/tmux.sh` runs it.

#![cfg(feature = "tui")]

use std::io::IsTerminal as _;

use vicino::terminal::Screen;

#[test]
fn a_panic_gives_the_terminal_back_and_its_reason_can_be_read() {
    if std::env::var_os("VICINO_PANIC").is_none() || !std::io::stdout().is_terminal() {
        eprintln!("SKIPPED: tests/tmux.sh runs this in a terminal of its own");
        return;
    }
    let fell = std::panic::catch_unwind(|| {
        let mut screen = Screen::enter().expect("a terminal");
        screen
            .draw(|frame| {
                assert!(frame.area().width == 0, "a panic on purpose");
            })
            .expect("a frame");
    });
    assert!(fell.is_err());
}
