//! A line that is being typed: a filter, words to look for, a command. Editing and completion.

use tui_input::{Input, InputRequest};

use super::action::Action;
use super::filter::FilterError;

/// Most characters that can be typed.
pub const MOST_CHARS: usize = 400;

/// What the line is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Which devices the table shows.
    #[default]
    Filter,
    /// Words to look for in the log or the library.
    Search,
    /// A command.
    Command,
}

/// A line that is being typed.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// What it is for.
    pub purpose: Purpose,
    input: Input,
    /// Why this is no filter; the last one that was is used meanwhile.
    pub error: Option<FilterError>,
    /// Why this is no command.
    pub refusal: Option<String>,
    /// The words that fit, while they are gone through.
    pub completion: Option<Completion>,
    /// The text as it was, for who changes their mind.
    pub(super) before: String,
    /// Which of the earlier commands it is, from the newest back; 0 for none of them.
    pub(super) earlier: usize,
}

/// Words that fit where the cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The words.
    pub words: Vec<String>,
    /// Which of them stands in the line.
    pub idx: usize,
    /// Where the word begins, in bytes.
    from: usize,
}

impl Prompt {
    /// A line that begins with `text`, the cursor behind it.
    #[must_use]
    pub fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            input: Input::new(text.to_owned()),
            before: text.to_owned(),
            ..Self::default()
        }
    }

    /// What is typed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// What stands before the cursor, and from it on.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        split(&self.input)
    }

    /// Types a character, if it is none that moves the terminal and there is room; whether the line changed.
    pub(super) fn insert(&mut self, typed: char) -> bool {
        self.completion = None;
        insert(&mut self.input, typed, MOST_CHARS)
    }

    /// Edits the line; whether the action is one that does.
    pub(super) fn edit(&mut self, action: Action) -> bool {
        let is_edit = edit(&mut self.input, action);
        if is_edit {
            self.completion = None;
        }
        is_edit
    }

    pub(super) fn set(&mut self, text: &str) {
        self.completion = None;
        self.input = Input::new(text.to_owned());
    }

    /// Puts in the next (or previous) word that fits; `words` gives those for what stands before the cursor, with where
    /// the word to be completed begins in it.
    pub(super) fn complete(&mut self, forward: bool, words: impl FnOnce(&str) -> (usize, Vec<String>)) {
        let (before, after) = self.parts();
        let (before, after) = (before.to_owned(), after.to_owned());
        let next = if let Some(mut completion) = self.completion.take() {
            let n = completion.words.len();
            completion.idx = (completion.idx + if forward { 1 } else { n - 1 }) % n;
            completion
        } else {
            let (from, words) = words(&before);
            if words.is_empty() {
                return;
            }
            let idx = if forward { 0 } else { words.len() - 1 };
            Completion { words, idx, from }
        };
        let word = next.words.get(next.idx).map_or("", String::as_str);
        let kept = before.get(..next.from).unwrap_or_default();
        let line = format!("{kept}{word}");
        let cursor = line.chars().count();
        self.input = Input::new(line + &after).with_cursor(cursor);
        // A single word that fits needs no going through.
        self.completion = Some(next).filter(|next| next.words.len() > 1);
    }
}

/// What stands before the cursor, and from it on.
pub(super) fn split(input: &Input) -> (&str, &str) {
    let text = input.value();
    let at = text.char_indices().nth(input.cursor()).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

/// Types a character, if it is none that moves the terminal and there is room; whether there was.
pub(super) fn insert(input: &mut Input, typed: char, most: usize) -> bool {
    let fits = !typed.is_control() && input.value().chars().count() < most;
    if fits {
        input.handle(InputRequest::InsertChar(typed));
    }
    fits
}

/// Edits a line; whether the action is one that does.
pub(super) fn edit(input: &mut Input, action: Action) -> bool {
    let request = match action {
        Action::CursorLeft => InputRequest::GoToPrevChar,
        Action::CursorRight => InputRequest::GoToNextChar,
        Action::CursorStart => InputRequest::GoToStart,
        Action::CursorEnd => InputRequest::GoToEnd,
        Action::DeleteBack => InputRequest::DeletePrevChar,
        Action::DeleteForward => InputRequest::DeleteNextChar,
        Action::DeleteWord => InputRequest::DeletePrevWord,
        Action::DeleteAll => InputRequest::DeleteLine,
        _ => return false,
    };
    input.handle(request);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fruit(before: &str) -> (usize, Vec<String>) {
        let from = before.rfind(' ').map_or(0, |at| at + 1);
        let words = ["apple", "apricot", "banana"].into_iter();
        let fitting = words.filter(|word| word.starts_with(&before[from..]));
        (from, fitting.map(str::to_owned).collect())
    }

    #[test]
    fn words_that_fit_are_gone_through_and_round_the_end() {
        let mut prompt = Prompt::new(Purpose::Command, "eat ap");
        prompt.complete(true, fruit);
        assert_eq!(prompt.text(), "eat apple");
        prompt.complete(true, fruit);
        assert_eq!(prompt.text(), "eat apricot");
        prompt.complete(true, fruit);
        assert_eq!(prompt.text(), "eat apple");
        prompt.complete(false, fruit);
        assert_eq!(prompt.text(), "eat apricot");
        prompt.insert('s');
        assert_eq!((prompt.text(), prompt.completion.is_none()), ("eat apricots", true));
        prompt.complete(true, fruit);
        assert_eq!(prompt.text(), "eat apricots", "nothing fits");
    }

    #[test]
    fn what_stands_behind_the_cursor_stays() {
        let mut prompt = Prompt::new(Purpose::Command, "b now");
        for _ in 0..4 {
            assert!(prompt.edit(Action::CursorLeft));
        }
        prompt.complete(true, fruit);
        assert_eq!(prompt.parts(), ("banana", " now"));
        assert!(prompt.completion.is_none(), "there is but one");
    }

    #[test]
    fn letters_of_any_width_are_edited_as_people_see_them() {
        let mut prompt = Prompt::new(Purpose::Filter, "手机👩‍👩‍👧");
        assert!(prompt.edit(Action::DeleteBack));
        assert_eq!(prompt.text(), "手机");
        prompt.insert('\u{1b}');
        assert_eq!(prompt.text(), "手机");
        assert!(prompt.edit(Action::DeleteAll) && !prompt.edit(Action::Freeze));
        assert_eq!(prompt.text(), "");
        let typed = (0..2 * MOST_CHARS).filter(|_| prompt.insert('x')).count();
        assert_eq!(typed, MOST_CHARS);
        assert_eq!(prompt.text().len(), MOST_CHARS);
    }
}
