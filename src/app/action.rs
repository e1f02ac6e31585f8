//! What keys and commands can ask for.

use std::borrow::Cow;

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
    /// Edit the filter, or the words to look for.
    EditFilter,
    /// Sort by the next column.
    NextSort,
    /// Sort the other way round.
    ReverseSort,
    /// Choose and order the columns.
    Columns,
    /// Keep an eye on the selected device, also over a change of its address, or no longer.
    Follow,
    /// Hide the devices that are known now, or show them again.
    Subtract,
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
    /// Play from the mark before.
    PreviousMark,
    /// Play from the next mark.
    NextMark,
    /// Play from the new identifier before.
    PreviousRotation,
    /// Play from the next new identifier.
    NextRotation,
    /// Begin again at the end, or not.
    Loop,
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
    /// Show identifiers in place of the facts.
    Identifiers,
    /// Show entries from another level on.
    NextLevel,
    /// Go on with the measurement: choose, start, stop, accept.
    GoOn,
    /// Measure the step again.
    Again,
    /// Back to the step before.
    StepBack,
    /// Go on without the step.
    SkipStep,
    /// Write the profile.
    SaveProfile,
    /// Measure anew, from the choice of a phone on.
    Anew,
    /// The next rule, as A.
    NextRule,
    /// The next rule, as B.
    NextSecondRule,
    /// One rule, or two side by side.
    SecondRule,
    /// Decide on all who were near, or on the selected one alone.
    Scope,
    /// What if all thresholds were 1 dB lower.
    LowerThresholds,
    /// What if all thresholds were 1 dB higher.
    RaiseThresholds,
    /// Thresholds as they were published.
    PublishedThresholds,
    /// Select the next packet of the rule's findings.
    NextPacket,
    /// Select the previous packet.
    PreviousPacket,
    /// Go to where the selected packet was heard.
    ShowPacket,
    /// Judge by the specification, or by what real phones do.
    NextProfile,
    /// Give the part below the divider more room.
    Taller,
    /// Give the part below the divider less room.
    Shorter,
    /// Note down what is known of the selected device.
    Mark,
    /// Begin a recording, or end it.
    Record,
    /// Play the selected capture, or go into the folder.
    OpenCapture,
    /// Go to the folder around.
    Outside,
    /// Look at the folder again.
    Rescan,
    /// Write the selected capture in another format.
    Convert,
    /// Delete the selected capture.
    Delete,
    /// Show less of identifiers, or all again.
    Privacy,
    /// Copy what is selected to the clipboard of the terminal.
    Copy,
    /// Type a command.
    Command,
    /// Show the keys.
    Help,
    /// Leave.
    Quit,
    /// Close what is open; on the table, drop the filter.
    Close,
    /// Keep what was typed, or do what is asked.
    Accept,
    /// Leave everything as it was.
    Cancel,
    /// Put a word in that fits.
    Complete,
    /// Put the word before it in.
    CompleteBack,
    /// The field before, or what was typed before.
    Previous,
    /// The field after, or what was typed after.
    Next,
    /// Show or hide a column.
    Toggle,
    /// Move a column to the left.
    MoveLeft,
    /// Move a column to the right.
    MoveRight,
    /// Everything as at first.
    Defaults,
    /// A character to the left.
    CursorLeft,
    /// A character to the right.
    CursorRight,
    /// To the beginning of the line.
    CursorStart,
    /// To the end of the line.
    CursorEnd,
    /// Delete the character before the cursor.
    DeleteBack,
    /// Delete the character under the cursor.
    DeleteForward,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Delete everything typed.
    DeleteAll,
}

/// Name (for bindings and the command line), label (a word or two for the footer), line for the help.
struct Words(&'static str, &'static str, &'static str);

impl Action {
    /// All actions but those that show a tab, in the order of the help.
    const PLAIN: [Self; 85] = [
        Self::Up,
        Self::Down,
        Self::PageUp,
        Self::PageDown,
        Self::First,
        Self::Last,
        Self::EditFilter,
        Self::NextSort,
        Self::ReverseSort,
        Self::Columns,
        Self::Follow,
        Self::Subtract,
        Self::OpenDevice,
        Self::OpenCapture,
        Self::Outside,
        Self::Convert,
        Self::Delete,
        Self::Rescan,
        Self::PreviousDevice,
        Self::NextDevice,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::NextCurve,
        Self::Identifiers,
        Self::NextLevel,
        Self::GoOn,
        Self::Again,
        Self::StepBack,
        Self::SkipStep,
        Self::SaveProfile,
        Self::Anew,
        Self::NextRule,
        Self::NextSecondRule,
        Self::SecondRule,
        Self::Scope,
        Self::LowerThresholds,
        Self::RaiseThresholds,
        Self::PublishedThresholds,
        Self::NextPacket,
        Self::PreviousPacket,
        Self::ShowPacket,
        Self::NextProfile,
        Self::Freeze,
        Self::Pause,
        Self::Step,
        Self::Slower,
        Self::Faster,
        Self::SeekBack,
        Self::SeekForward,
        Self::SeekStart,
        Self::PreviousMark,
        Self::NextMark,
        Self::PreviousRotation,
        Self::NextRotation,
        Self::Loop,
        Self::Record,
        Self::Mark,
        Self::Shorter,
        Self::Taller,
        Self::Privacy,
        Self::Copy,
        Self::NextTab,
        Self::PreviousTab,
        Self::Command,
        Self::Help,
        Self::Quit,
        Self::Close,
        Self::Accept,
        Self::Cancel,
        Self::Complete,
        Self::CompleteBack,
        Self::Previous,
        Self::Next,
        Self::Toggle,
        Self::MoveLeft,
        Self::MoveRight,
        Self::Defaults,
        Self::CursorLeft,
        Self::CursorRight,
        Self::CursorStart,
        Self::CursorEnd,
        Self::DeleteBack,
        Self::DeleteForward,
        Self::DeleteWord,
        Self::DeleteAll,
    ];

    /// All actions, in the order of the help.
    pub fn all() -> impl Iterator<Item = Self> {
        let tabs = Tab::ALL.into_iter().map(Self::Show);
        Self::PLAIN.into_iter().chain(tabs)
    }

    /// Its name in the configuration and on the command line: `next-sort`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::Show(tab) => format!("show-{}", tab.title().to_lowercase()).into(),
            other => other.words().0.into(),
        }
    }

    /// The action of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|action| action.name() == name)
    }

    /// A word or two for the footer.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Show(tab) => tab.title(),
            other => other.words().1,
        }
    }

    /// A line for the help.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Show(tab) => tab.help(),
            other => other.words().2,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: a line for each action")]
    const fn words(self) -> Words {
        match self {
            Self::Up => Words("up", "up", "a line up"),
            Self::Down => Words("down", "down", "a line down"),
            Self::PageUp => Words("page-up", "page up", "a page up"),
            Self::PageDown => Words("page-down", "page down", "a page down"),
            Self::First => Words("first", "first", "to the first"),
            Self::Last => Words("last", "last", "to the last"),
            Self::EditFilter => Words("filter", "filter", "show only what matches words, or a filter as below"),
            Self::NextSort => Words("next-sort", "sort", "sort by the next column"),
            Self::ReverseSort => Words("reverse-sort", "reverse", "sort the other way round"),
            Self::Columns => Words("columns", "columns", "choose and order the columns"),
            Self::Follow => Words(
                "follow",
                "follow",
                "keep an eye on this device, also when its address changes",
            ),
            Self::Subtract => Words("subtract", "subtract", "hide the devices known now, or show them again"),
            Self::Freeze => Words("freeze", "freeze", "hold the view still; listening and recording go on"),
            Self::Pause => Words("pause", "pause", "pause or go on; a live source only holds the view"),
            Self::Step => Words("step", "step", "play a single event"),
            Self::Slower => Words("slower", "slower", "play slower"),
            Self::Faster => Words("faster", "faster", "play faster"),
            Self::SeekBack => Words("seek-back", "back", "10 s back"),
            Self::SeekForward => Words("seek-forward", "forward", "10 s forward"),
            Self::SeekStart => Words("seek-start", "restart", "play from the beginning"),
            Self::PreviousMark => Words("previous-mark", "mark before", "to the mark before"),
            Self::NextMark => Words("next-mark", "next mark", "to the next mark"),
            Self::PreviousRotation => Words("previous-rotation", "RPI before", "to the new identifier before"),
            Self::NextRotation => Words("next-rotation", "next RPI", "to the next new identifier"),
            Self::Loop => Words("loop", "loop", "begin again at the end, or not"),
            Self::NextTab => Words("next-tab", "next tab", "the tab to the right"),
            Self::PreviousTab => Words("previous-tab", "previous tab", "the tab to the left"),
            Self::OpenDevice => Words("open-device", "device", "show the selected device by itself"),
            Self::NextDevice => Words("next-device", "next", "the next device of the table"),
            Self::PreviousDevice => Words("previous-device", "previous", "the previous device of the table"),
            Self::ZoomIn => Words("zoom-in", "closer", "show a shorter time"),
            Self::ZoomOut => Words("zoom-out", "further", "show a longer time"),
            Self::NextCurve => Words("next-curve", "curve", "samples, smoothed, or both"),
            Self::GoOn => Words("go-on", "go on", "choose the phone, start a step, stop it, accept it"),
            Self::Again => Words("again", "again", "measure this step again"),
            Self::StepBack => Words("step-back", "step back", "back to the step before"),
            Self::SkipStep => Words("skip-step", "skip", "go on without this step"),
            Self::SaveProfile => Words(
                "save-profile",
                "profile",
                "write the profile that the accepted steps tell",
            ),
            Self::Anew => Words("anew", "anew", "measure anew, from the choice of a phone on"),
            Self::NextRule => Words("next-rule", "rule A", "the next rule, as A"),
            Self::NextSecondRule => Words("next-second-rule", "rule B", "the next rule, as B"),
            Self::SecondRule => Words("second-rule", "A or both", "one rule, or two side by side"),
            Self::Scope => Words(
                "scope",
                "who",
                "decide on all who were near, or on the selected one alone",
            ),
            Self::LowerThresholds => Words("lower-thresholds", "lower", "what if all thresholds were 1 dB lower"),
            Self::RaiseThresholds => Words("raise-thresholds", "higher", "what if all thresholds were 1 dB higher"),
            Self::PublishedThresholds => Words(
                "published-thresholds",
                "as published",
                "thresholds as they were published",
            ),
            Self::NextPacket => Words("next-packet", "packet", "the next packet of the rule's findings"),
            Self::PreviousPacket => Words("previous-packet", "packet before", "the packet before"),
            Self::ShowPacket => Words(
                "show-packet",
                "show it",
                "go to where the packet was heard, and show its sender",
            ),
            Self::NextProfile => Words(
                "next-profile",
                "spec/field",
                "judge by the specification, or by what real phones do",
            ),
            Self::Identifiers => Words("identifiers", "identifiers", "identifiers, or facts, below the chart"),
            Self::NextLevel => Words("next-level", "level", "only what matters more, or all again"),
            Self::Taller => Words("taller", "taller", "more room below the divider"),
            Self::Shorter => Words("shorter", "shorter", "less room below the divider"),
            Self::Mark => Words(
                "mark",
                "mark",
                "note what is known: distance, orientation, obstacle, note",
            ),
            Self::Record => Words("record", "record", "begin a recording, or end it"),
            Self::OpenCapture => Words("open", "open", "play this capture, or go into this folder"),
            Self::Outside => Words("outside", "folder up", "go to the folder around"),
            Self::Rescan => Words("rescan", "look again", "look at the folder again"),
            Self::Convert => Words("convert", "convert", "write this capture in another format"),
            Self::Delete => Words("delete", "delete", "delete this capture, after a question"),
            Self::Privacy => Words(
                "privacy",
                "privacy",
                "less of identifiers on the screen; recordings stay whole",
            ),
            Self::Copy => Words("copy", "copy", "copy what is selected to the terminal's clipboard"),
            Self::Command => Words("command", "command", "type a command; Tab completes it"),
            Self::Help => Words("help", "keys", "show or hide these keys"),
            Self::Quit => Words("quit", "quit", "quit"),
            Self::Close => Words("close", "close", "close what is open, go back, or drop the filter"),
            Self::Accept => Words("accept", "keep", "keep what was typed, do what is asked"),
            Self::Cancel => Words("cancel", "cancel", "leave everything as it was"),
            Self::Complete => Words("complete", "complete", "put a word in that fits"),
            Self::CompleteBack => Words("complete-back", "complete back", "put the word before it in"),
            Self::Previous => Words("previous", "previous", "the field before, or what was typed before"),
            Self::Next => Words("next", "next", "the field after, or what was typed after"),
            Self::Toggle => Words("toggle", "show/hide", "show or hide the column"),
            Self::MoveLeft => Words("move-left", "left", "move the column to the left"),
            Self::MoveRight => Words("move-right", "right", "move the column to the right"),
            Self::Defaults => Words("defaults", "as at first", "everything as at first"),
            Self::CursorLeft => Words("cursor-left", "left", "a character to the left"),
            Self::CursorRight => Words("cursor-right", "right", "a character to the right"),
            Self::CursorStart => Words("cursor-start", "start", "to the beginning of the line"),
            Self::CursorEnd => Words("cursor-end", "end", "to the end of the line"),
            Self::DeleteBack => Words("delete-back", "delete", "delete the character before the cursor"),
            Self::DeleteForward => Words("delete-forward", "delete", "delete the character under the cursor"),
            Self::DeleteWord => Words("delete-word", "delete word", "delete the word before the cursor"),
            Self::DeleteAll => Words("delete-all", "clear", "delete everything typed"),
            Self::Show(_) => Words("", "", ""),
        }
    }

    /// Where a movement leads in a list, from a line of it: to the last one at most.
    #[must_use]
    pub(super) fn travelled(self, at: usize, page: usize, last: usize) -> usize {
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => at.saturating_add(1),
            Self::PageUp => at.saturating_sub(page),
            Self::PageDown => at.saturating_add(page),
            Self::First => 0,
            _ => last,
        }
        .min(last)
    }

    /// Whether it makes sense only when a capture is played back.
    #[must_use]
    pub const fn needs_playback(self) -> bool {
        matches!(
            self,
            Self::Step
                | Self::Slower
                | Self::Faster
                | Self::SeekBack
                | Self::SeekForward
                | Self::SeekStart
                | Self::PreviousMark
                | Self::NextMark
                | Self::PreviousRotation
                | Self::NextRotation
                | Self::Loop
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Action::all().map(Action::name).collect();
        assert_eq!(names.len(), Action::all().count());
        for action in Action::all() {
            assert_eq!(Action::named(&action.name()), Some(action));
            assert!(!action.label().is_empty() && !action.help().is_empty(), "{action:?}");
            assert!(!action.name().contains(' '), "{action:?}");
        }
        assert_eq!(Action::named("show-"), None);
        assert_eq!(Action::named(""), None);
    }
}
