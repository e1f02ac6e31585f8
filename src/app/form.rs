//! Small forms and questions over the screen: a mark, the name of a recording, a conversion, a deletion.

use std::path::PathBuf;

use tui_input::Input;

use super::action::Action;
use super::calibrate::Planned;
use super::prompt;
use crate::lab::advert::StationId;
use crate::lab::event::{Mark, device_of};
use crate::lab::note;
use crate::lab::time::UnixMicros;

/// Most characters of a field.
const MOST_CHARS: usize = 200;

/// What a form is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// What is known from a time on.
    Mark {
        /// From when, by the clock of the data.
        at: UnixMicros,
        /// At which station.
        station: StationId,
    },
    /// The name of a recording that begins.
    Record,
    /// The file that a capture is converted to.
    Convert(PathBuf),
}

/// One line of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// What is asked.
    pub name: &'static str,
    /// In which unit, or what for example.
    pub hint: &'static str,
    /// What was typed.
    pub input: Input,
}

impl Field {
    fn new(name: &'static str, hint: &'static str, text: &str) -> Self {
        let input = Input::new(text.to_owned());
        Self { name, hint, input }
    }

    /// What stands before the cursor, and from it on.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        prompt::split(&self.input)
    }
}

/// A form that is being filled in.
#[derive(Clone, Debug)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Its lines.
    pub fields: Vec<Field>,
    /// The line in which the cursor is.
    pub at: usize,
    /// Why it cannot be taken as it is.
    pub error: Option<String>,
}

/// What a mark said before, so that the next one need not repeat it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    model: String,
    orientation: String,
    obstacle: String,
}

impl Form {
    /// A mark of a device: the distance is asked first.
    #[must_use]
    pub fn mark(at: UnixMicros, station: StationId, device: &str, habits: &Habits) -> Self {
        let fields = vec![
            Field::new("distance", "metres, for example 1.5", ""),
            Field::new("orientation", "how it lies or is held", &habits.orientation),
            Field::new("obstacle", "what stands between", &habits.obstacle),
            Field::new("model", "of the device", &habits.model),
            Field::new("note", "anything else", ""),
            Field::new("device", "address or RPI; empty for all", device),
        ];
        Self::new(Purpose::Mark { at, station }, fields)
    }

    /// The name of a recording.
    #[must_use]
    pub fn record(name: &str) -> Self {
        let fields = vec![
            Field::new("name", "a taken name becomes NAME-2", name),
            Field::new("title", "what it is about", ""),
        ];
        Self::new(Purpose::Record, fields)
    }

    /// The same with why it could not be done.
    #[must_use]
    pub fn refused(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }

    /// Where a capture is converted to, pseudonymised or not.
    #[must_use]
    pub fn convert(from: PathBuf, to: &str, is_private: bool) -> Self {
        let fields = vec![
            Field::new("to", ".csv .csv.zst .btsnoop .pcapng .jsonl", to),
            Field::new(
                "pseudonymise",
                "yes hides who is in it",
                if is_private { "yes" } else { "" },
            ),
        ];
        Self::new(Purpose::Convert(from), fields)
    }

    fn new(purpose: Purpose, fields: Vec<Field>) -> Self {
        Self {
            purpose,
            fields,
            at: 0,
            error: None,
        }
    }

    /// What was typed into a field.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map_or("", |field| field.input.value().trim())
    }

    pub(super) fn insert(&mut self, typed: char) {
        self.error = None;
        if let Some(field) = self.fields.get_mut(self.at) {
            prompt::insert(&mut field.input, typed, MOST_CHARS);
        }
    }

    /// Edits the field, or goes to another.
    pub(super) fn edit(&mut self, action: Action) {
        let n = self.fields.len().max(1);
        match action {
            Action::Next => self.at = (self.at + 1) % n,
            Action::Previous => self.at = (self.at + n - 1) % n,
            _ => {
                if let Some(field) = self.fields.get_mut(self.at)
                    && prompt::edit(&mut field.input, action)
                {
                    self.error = None;
                }
            }
        }
    }

    /// The mark that the form says, and what of it the next one need not repeat.
    ///
    /// # Errors
    /// What is wrong, and the cursor goes there.
    pub(super) fn read_mark(&mut self, at: UnixMicros) -> Result<(Mark, Habits), String> {
        let distance = match self.text("distance") {
            "" => None,
            text => match note::metres(text) {
                Ok(distance) => Some(distance),
                Err(error) => {
                    self.at = 0;
                    return Err(error);
                }
            },
        };
        let text = |name: &str| self.text(name).to_owned();
        let habits = Habits {
            model: text("model"),
            orientation: text("orientation"),
            obstacle: text("obstacle"),
        };
        let mark = Mark {
            from: at,
            to: None,
            device: device_of(&text("device")).to_owned(),
            model: habits.model.clone(),
            distance,
            orientation: habits.orientation.clone(),
            obstacle: habits.obstacle.clone(),
            note: text("note"),
        };
        let says_nothing = Mark {
            device: String::new(),
            ..mark.clone()
        } == Mark {
            from: at,
            ..Mark::default()
        };
        if says_nothing {
            return Err("the mark says nothing yet".to_owned());
        }
        Ok((mark, habits))
    }
}

/// A question that is answered with yes or no.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Whether a capture is to be deleted.
    Delete {
        /// Its file.
        path: PathBuf,
        /// Bytes of all its files.
        bytes: u64,
    },
    /// Whether to leave although a recording is going on.
    QuitRecording,
    /// Whether to leave although no profile of the accepted steps was written.
    QuitCalibration {
        /// How many.
        accepted: usize,
    },
    /// Whether to measure by a plan that has no place for accepted steps.
    DropSteps {
        /// The plan.
        planned: Box<Planned>,
        /// How many.
        lost: usize,
    },
    /// Whether to write a profile that rests on little.
    WeakProfile {
        /// Its name.
        name: String,
        /// Its table.
        text: String,
        /// What speaks against it.
        weakness: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::units::Metres;

    const AT: UnixMicros = UnixMicros(7);

    fn typed(form: &mut Form, text: &str) {
        text.chars().for_each(|letter| form.insert(letter));
    }

    #[test]
    fn a_mark_is_filled_in_and_the_next_one_knows_what_stays() {
        let mut form = Form::mark(AT, StationId(0), "5e:1b:09:c4:77:01", &Habits::default());
        typed(&mut form, "1.5");
        form.edit(Action::Next);
        typed(&mut form, "portrait");
        let (mark, habits) = form.read_mark(AT).unwrap();
        assert_eq!((mark.distance, &*mark.orientation), (Some(Metres(1.5)), "portrait"));
        assert_eq!((mark.from, &*mark.device), (AT, "5e:1b:09:c4:77:01"));
        let next = Form::mark(AT, StationId(0), "", &habits);
        assert_eq!((next.text("orientation"), next.text("distance")), ("portrait", ""));
    }

    #[test]
    fn what_is_no_mark_is_refused_where_it_is_wrong() {
        let mut form = Form::mark(AT, StationId(0), "5e:1b", &Habits::default());
        assert_eq!(form.read_mark(AT).unwrap_err(), "the mark says nothing yet");
        typed(&mut form, "2,5");
        form.edit(Action::Previous);
        assert_eq!(form.at, 5);
        assert!(form.read_mark(AT).unwrap_err().contains("write 2.5"));
        assert_eq!(form.at, 0);
    }
}
