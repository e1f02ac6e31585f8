//! The terminal: taken over, and given back on every way out.
//!
//! Nothing is ever asked of the terminal (cursor position, colours) once the event stream runs: the answer would race
//! with the keys.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyCode, KeyEvent,
    KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::app::Mouse;
use crate::app::key::{Code, Key};

/// Whether the terminal is taken over at present.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// What background tasks died of while the screen was up, for after it.
static DEATHS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// More deaths than this are not worth reading.
const MOST_DEATHS: usize = 10;

/// The screen while it is ours: raw mode, alternate screen. Dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal over. Call it from the thread that draws: a panic of any other thread is kept back until the
    /// terminal is given back, and does not end the program.
    ///
    /// # Errors
    /// The terminal's refusal; it is left as it was.
    pub fn enter() -> io::Result<Self> {
        hook_panics();
        TAKEN.store(true, Ordering::SeqCst);
        let entered = enable_raw_mode()
            .and_then(|()| {
                execute!(
                    io::stdout(),
                    EnterAlternateScreen,
                    EnableBracketedPaste,
                    EnableMouseCapture
                )
            })
            .and_then(|()| Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()))));
        match entered {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Draws a frame; only what changed is written, in one piece.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }
}

impl Screen {
    /// Asks the terminal to put a text into its clipboard (OSC 52); one that does not know how passes it over.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        let mut deaths = DEATHS.lock().unwrap_or_else(PoisonError::into_inner);
        for death in deaths.drain(..) {
            let _ = writeln!(io::stderr(), "a background task failed: {death}");
        }
    }
}

/// Gives the terminal back; harmless when it was given back before.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut stdout = io::stdout();
    // The terminal may be gone: there is nobody to tell then.
    let _ = execute!(
        stdout,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
    let _ = stdout.flush();
}

/// Before the message of a panic is printed the terminal is given back; a panic elsewhere than in the drawing thread
/// (the Bluetooth library's tasks panic when the bus dies) must not write into the screen.
fn hook_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let drawing = thread::current().id();
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if TAKEN.load(Ordering::SeqCst) && thread::current().id() != drawing {
                let mut deaths = DEATHS.lock().unwrap_or_else(PoisonError::into_inner);
                if deaths.len() < MOST_DEATHS {
                    deaths.push(info.to_string());
                }
                return;
            }
            restore();
            print(info);
        }));
    });
}

/// The program's key for the library's; `None` for releases and for keys that nothing is bound to.
#[must_use]
pub fn key_of(event: KeyEvent) -> Option<Key> {
    if event.kind != KeyEventKind::Press || event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let code = match event.code {
        KeyCode::Char(found) => Code::Char(found),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::Delete => Code::Delete,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(Key { code, ctrl })
}

/// What the mouse did; `None` for moving, and other buttons.
#[must_use]
pub fn mouse_of(event: MouseEvent) -> Option<Mouse> {
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Press(event.column, event.row)),
        MouseEventKind::Drag(MouseButton::Left) => Some(Mouse::Drag(event.column, event.row)),
        MouseEventKind::Up(MouseButton::Left) => Some(Mouse::Release),
        MouseEventKind::ScrollUp => Some(Mouse::WheelUp),
        MouseEventKind::ScrollDown => Some(Mouse::WheelDown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_presses_count_and_control_is_kept() {
        let press = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(key_of(press), Some(Key::ctrl('c')));
        let release = KeyEvent::new_with_kind(KeyCode::Char('c'), KeyModifiers::CONTROL, KeyEventKind::Release);
        assert_eq!(key_of(release), None);
        assert_eq!(key_of(KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)), None);
        let shifted = KeyEvent::new(KeyCode::Char('S'), KeyModifiers::SHIFT);
        assert_eq!(key_of(shifted), Some(Key::char('S')));
    }
}
