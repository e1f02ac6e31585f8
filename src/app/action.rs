//! What keys can ask for.

use super::tab::Tab;

/// What a person wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Select the row above.
    Up,
    /// Select the row below.
    Down,
    /// Select a page further up.
    PageUp,
    /// Select a page further down.
    PageDown,
    /// Select the first row.
    First,
    /// Select the last row.
    Last,
    /// Edit the filter.
    EditFilter,
    /// Sort by the next column.
    NextSort,
    /// Sort the other way round.
    ReverseSort,
    /// Stop the view, or let it follow again.
    Freeze,
    /// Pause the source, or let it go on.
    Pause,
    /// Play a single event.
    Step,
    /// Play slower.
    Slower,
    /// Play faster.
    Faster,
    /// Play from ten seconds earlier.
    SeekBack,
    /// Play from ten seconds later.
    SeekForward,
    /// Play from the beginning.
    SeekStart,
    /// Show a screen.
    Show(Tab),
    /// Show the screen to the right.
    NextTab,
    /// Show the screen to the left.
    PreviousTab,
    /// Show the selected device by itself.
    OpenDevice,
    /// Select the next device of the table.
    NextDevice,
    /// Select the previous device of the table.
    PreviousDevice,
    /// Show a shorter time.
    ZoomIn,
    /// Show a longer time.
    ZoomOut,
    /// Draw levels another way.
    NextCurve,
    /// Show entries from another level on.
    NextLevel,
    /// Show less of identifiers, or all again.
    Privacy,
    /// Show the keys.
    Help,
    /// Leave.
    Quit,
    /// Close what is open; on the table, drop the filter.
    Close,
    /// Keep the edited filter.
    Accept,
    /// Leave the filter as it was before it was edited.
    Cancel,
    /// Delete the last character.
    DeleteBack,
    /// Delete everything typed.
    DeleteAll,
}

impl Action {
    /// All actions, in the order of the help.
    pub const ALL: [Self; 37] = [
        Self::Up,
        Self::Down,
        Self::PageUp,
        Self::PageDown,
        Self::First,
        Self::Last,
        Self::EditFilter,
        Self::NextSort,
        Self::ReverseSort,
        Self::Freeze,
        Self::Pause,
        Self::Step,
        Self::Slower,
        Self::Faster,
        Self::SeekBack,
        Self::SeekForward,
        Self::SeekStart,
        Self::OpenDevice,
        Self::PreviousDevice,
        Self::NextDevice,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::NextCurve,
        Self::NextLevel,
        Self::Privacy,
        Self::Show(Tab::Live),
        Self::Show(Tab::Device),
        Self::Show(Tab::Log),
        Self::NextTab,
        Self::PreviousTab,
        Self::Help,
        Self::Quit,
        Self::Close,
        Self::Accept,
        Self::Cancel,
        Self::DeleteBack,
        Self::DeleteAll,
    ];

    /// A word or two for the footer.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::PageUp => "page up",
            Self::PageDown => "page down",
            Self::First => "first",
            Self::Last => "last",
            Self::EditFilter => "filter",
            Self::NextSort => "sort",
            Self::ReverseSort => "reverse",
            Self::Freeze => "freeze",
            Self::Pause => "pause",
            Self::Step => "step",
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::SeekBack => "back",
            Self::SeekForward => "forward",
            Self::SeekStart => "restart",
            Self::Show(tab) => tab.title(),
            Self::NextTab => "next tab",
            Self::PreviousTab => "previous tab",
            Self::OpenDevice => "device",
            Self::NextDevice => "next",
            Self::PreviousDevice => "previous",
            Self::ZoomIn => "closer",
            Self::ZoomOut => "further",
            Self::NextCurve => "curve",
            Self::NextLevel => "level",
            Self::Privacy => "privacy",
            Self::Help => "keys",
            Self::Quit => "quit",
            Self::Close => "close",
            Self::Accept => "keep",
            Self::Cancel => "cancel",
            Self::DeleteBack => "delete",
            Self::DeleteAll => "clear",
        }
    }

    /// A line for the help.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Up => "a line up",
            Self::Down => "a line down",
            Self::PageUp => "a page up",
            Self::PageDown => "a page down",
            Self::First => "to the first",
            Self::Last => "to the last",
            Self::EditFilter => "only devices with these words, or by a filter as below",
            Self::NextSort => "sort by the next column",
            Self::ReverseSort => "sort the other way round",
            Self::Freeze => "hold the view still; listening and recording go on",
            Self::Pause => "pause or go on; a live source only holds the view",
            Self::Step => "play a single event",
            Self::Slower => "play slower",
            Self::Faster => "play faster",
            Self::SeekBack => "10 s back",
            Self::SeekForward => "10 s forward",
            Self::SeekStart => "play from the beginning",
            Self::Show(Tab::Live) => "all devices",
            Self::Show(Tab::Device) => "the selected device",
            Self::Show(Tab::Log) => "what happened",
            Self::NextTab => "the tab to the right",
            Self::PreviousTab => "the tab to the left",
            Self::OpenDevice => "show the selected device by itself",
            Self::NextDevice => "the next device of the table",
            Self::PreviousDevice => "the previous device of the table",
            Self::ZoomIn => "show a shorter time",
            Self::ZoomOut => "show a longer time",
            Self::NextCurve => "samples, smoothed, or both",
            Self::NextLevel => "only what matters more, or all again",
            Self::Privacy => "less of identifiers on the screen; recordings stay whole",
            Self::Help => "show or hide these keys",
            Self::Quit => "quit",
            Self::Close => "close what is open, go back, or drop the filter",
            Self::Accept => "keep the filter",
            Self::Cancel => "leave the filter as it was",
            Self::DeleteBack => "delete the last character",
            Self::DeleteAll => "delete everything typed",
        }
    }

    /// Whether it makes sense only when a capture is played back.
    #[must_use]
    pub const fn needs_playback(self) -> bool {
        matches!(
            self,
            Self::Step | Self::Slower | Self::Faster | Self::SeekBack | Self::SeekForward | Self::SeekStart
        )
    }
}
