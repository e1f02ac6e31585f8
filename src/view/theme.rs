//! Colours by what they mean. Nothing is said by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::app::look::ThemeName;

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
    /// Background and text of a picture, as SVG has them; a terminal has its own.
    pub paper: (&'static str, &'static str),
}

/// The colours that the configuration can set, by name, and what each is for.
pub const COLOURS: [(&str, &str); 11] = [
    ("base", "ordinary text"),
    ("ground", "the background"),
    ("dim", "what steps back: units, old rows, separators"),
    ("accent", "the program's name, keys"),
    ("heading", "names of columns"),
    ("gaen", "exposure notifications"),
    ("line", "lines of charts"),
    ("warning", "what deserves a look"),
    ("error", "what is wrong"),
    ("selected", "the background of the selected row"),
    ("selected-text", "the text of the selected row"),
];

/// The themes, with the colours that a person set.
#[derive(Clone, Debug, Default)]
pub struct Palette(Vec<(&'static str, Color)>);

/// Why a colour cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColourError {
    /// There is no colour of that name.
    #[error("no colour {0:?}; there are {list}", list = COLOURS.map(|(name, _)| name).join(", "))]
    Name(String),
    /// The value is none.
    #[error("{0:?} is no colour: write a name (green, light-blue), #rrggbb, or a number from 0 to 255")]
    Value(String),
}

impl Palette {
    /// Sets a colour in every theme but the one without.
    ///
    /// # Errors
    /// [`ColourError`] for a name or a value that is not known.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ColourError> {
        let clipped = |text: &str| text.chars().take(40).collect();
        let known = COLOURS.iter().find(|(known, _)| *known == name);
        let (known, _) = known.ok_or_else(|| ColourError::Name(clipped(name)))?;
        let colour: Color = value.parse().map_err(|_| ColourError::Value(clipped(value)))?;
        self.0.retain(|(other, _)| other != known);
        self.0.push((known, colour));
        Ok(())
    }

    /// The colours of a theme.
    #[must_use]
    pub fn theme(&self, name: ThemeName) -> Theme {
        let mut theme = match name {
            ThemeName::Dark => Theme::dark(),
            ThemeName::Light => Theme::light(),
            ThemeName::Contrast => Theme::contrast(),
            ThemeName::None => return Theme::plain(),
        };
        for (name, colour) in &self.0 {
            theme.set(name, *colour);
        }
        theme
    }
}

impl Theme {
    fn set(&mut self, name: &str, colour: Color) {
        let style = match name {
            "ground" => {
                let all = [
                    &mut self.base,
                    &mut self.dim,
                    &mut self.accent,
                    &mut self.heading,
                    &mut self.gaen,
                    &mut self.line,
                    &mut self.warning,
                    &mut self.error,
                ];
                return all.into_iter().for_each(|style| style.bg = Some(colour));
            }
            "selected" => return self.selected.bg = Some(colour),
            "selected-text" => &mut self.selected,
            "base" => &mut self.base,
            "dim" => &mut self.dim,
            "accent" => &mut self.accent,
            "heading" => &mut self.heading,
            "gaen" => &mut self.gaen,
            "line" => &mut self.line,
            "warning" => &mut self.warning,
            _ => &mut self.error,
        };
        style.fg = Some(colour);
    }

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
            paper: ("#1d1f21", "#d8d8d8"),
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
            paper: ("#fbfbf8", "#222222"),
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
            paper: ("#000000", "#ffffff"),
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
            paper: ("#1d1f21", "#d8d8d8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_colour_can_be_set_and_changes_the_theme() {
        for (name, _) in COLOURS {
            let mut palette = Palette::default();
            palette.set(name, "#123456").unwrap();
            for theme in [ThemeName::Dark, ThemeName::Light, ThemeName::Contrast] {
                assert_ne!(palette.theme(theme), Palette::default().theme(theme), "{name}");
            }
            assert_eq!(palette.theme(ThemeName::None), Theme::plain());
        }
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        let mut palette = Palette::default();
        assert_eq!(palette.set("gean", "red"), Err(ColourError::Name("gean".to_owned())));
        assert_eq!(palette.set("gaen", "rot"), Err(ColourError::Value("rot".to_owned())));
        for value in ["red", "light-blue", "#00ff00", "17"] {
            palette.set("gaen", value).unwrap();
        }
        assert_eq!(palette.0.len(), 1);
    }
}
