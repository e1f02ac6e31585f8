//! Colours by what they mean. Nothing is said by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// The styles of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub base: Style,
    /// What steps back: units, old rows, separators.
    pub dim: Style,
    /// The program's name, the present tab, keys.
    pub accent: Style,
    /// Column names.
    pub heading: Style,
    /// Exposure notifications.
    pub gaen: Style,
    /// Lines of charts.
    pub line: Style,
    /// What deserves a look.
    pub warning: Style,
    /// What is wrong.
    pub error: Style,
    /// The selected row.
    pub selected: Style,
}

impl Theme {
    /// For dark terminals.
    #[must_use]
    pub const fn dark() -> Self {
        const fn indexed(colour: u8) -> Style {
            Style::new().fg(Color::Indexed(colour))
        }
        Self {
            base: Style::new(),
            dim: indexed(245),
            accent: indexed(110).add_modifier(Modifier::BOLD),
            heading: indexed(250).add_modifier(Modifier::BOLD),
            gaen: indexed(114),
            line: indexed(110),
            warning: indexed(179),
            error: indexed(174).add_modifier(Modifier::BOLD),
            selected: Style::new().bg(Color::Indexed(237)).add_modifier(Modifier::BOLD),
        }
    }

    /// For light terminals.
    #[must_use]
    pub const fn light() -> Self {
        const fn indexed(colour: u8) -> Style {
            Style::new().fg(Color::Indexed(colour))
        }
        Self {
            base: Style::new(),
            dim: indexed(242),
            accent: indexed(25).add_modifier(Modifier::BOLD),
            heading: indexed(238).add_modifier(Modifier::BOLD),
            gaen: indexed(28),
            line: indexed(25),
            warning: indexed(130),
            error: indexed(124).add_modifier(Modifier::BOLD),
            selected: Style::new().bg(Color::Indexed(253)).add_modifier(Modifier::BOLD),
        }
    }

    /// The brightest colours on black, nothing dimmed.
    #[must_use]
    pub const fn contrast() -> Self {
        const fn on_black(colour: Color) -> Style {
            Style::new().fg(colour).bg(Color::Indexed(16))
        }
        Self {
            base: on_black(Color::Indexed(231)),
            dim: on_black(Color::Indexed(231)),
            accent: on_black(Color::Indexed(51)).add_modifier(Modifier::BOLD),
            heading: on_black(Color::Indexed(231)).add_modifier(Modifier::BOLD),
            gaen: on_black(Color::Indexed(46)),
            line: on_black(Color::Indexed(51)),
            warning: on_black(Color::Indexed(226)).add_modifier(Modifier::BOLD),
            error: on_black(Color::Indexed(196)).add_modifier(Modifier::BOLD),
            selected: Style::new()
                .fg(Color::Indexed(16))
                .bg(Color::Indexed(231))
                .add_modifier(Modifier::BOLD),
        }
    }

    /// Without any colour: for `NO_COLOR` and `--color never`.
    #[must_use]
    pub const fn plain() -> Self {
        const BASE: Style = Style::new();
        const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
        Self {
            base: BASE,
            dim: BASE,
            accent: BOLD,
            heading: BOLD,
            gaen: BASE,
            line: BASE,
            warning: BOLD,
            error: BOLD,
            selected: Style::new().add_modifier(Modifier::REVERSED),
        }
    }
}
