//! What is typed: filters, words to look for, commands, forms.

use crate::app::Effect;
use crate::app::action::Action;
use crate::app::command;
use crate::app::filter::{self, Filter, FilterError};
use crate::app::model::{Model, Popup};
use crate::app::prompt::{Prompt, Purpose};
use crate::app::tab::Tab;

use super::act::carry_out;

/// Commands kept for going back to.
const MOST_COMMANDS: usize = 100;

/// Types a character wherever something is typed.
pub(super) fn insert(model: &mut Model, typed: char) {
    model.is_dirty = true;
    if let Some(prompt) = &mut model.editing {
        // What is pasted can be long: the table follows what changes the line.
        if prompt.insert(typed) {
            edited(model);
        }
        return;
    }
    if let Some(Popup::Form(form)) = &mut model.popup {
        form.insert(typed);
    }
}

/// Edits the line, goes through fields or earlier commands.
pub(super) fn edit(model: &mut Model, action: Action) {
    if model.editing.is_some() {
        match action {
            Action::Previous => earlier(model, true),
            Action::Next => earlier(model, false),
            _ => {
                if model.editing.as_mut().is_some_and(|prompt| prompt.edit(action)) {
                    edited(model);
                }
            }
        }
    } else if let Some(Popup::Form(form)) = &mut model.popup {
        form.edit(action);
    }
}

pub(super) fn open_filter(model: &mut Model) {
    let (purpose, text) = match model.tab {
        Tab::Log => (Purpose::Search, model.log.search.clone()),
        Tab::Captures => (Purpose::Search, model.library.search.clone()),
        Tab::Live | Tab::Device | Tab::Calibrate | Tab::Exposure | Tab::Audit => {
            (Purpose::Filter, model.live.filter.text().to_owned())
        }
    };
    model.editing = Some(Prompt::new(purpose, &text));
}

pub(super) fn open_command(model: &mut Model) {
    model.editing = Some(Prompt::new(Purpose::Command, ""));
}

/// The table follows the filter while it is typed, the log and the library the words; what is no filter (yet) leaves it
/// as it is.
fn edited(model: &mut Model) {
    let Some(prompt) = &mut model.editing else { return };
    prompt.refusal = None;
    if prompt.purpose == Purpose::Command {
        return;
    }
    let text = prompt.text().to_owned();
    let error = apply(model, &text);
    if let Some(prompt) = &mut model.editing {
        prompt.error = error;
    }
}

/// Shows only what matches on the present tab.
pub(super) fn apply(model: &mut Model, text: &str) -> Option<FilterError> {
    model.is_dirty = true;
    match model.tab {
        Tab::Log => {
            text.clone_into(&mut model.log.search);
            model.log.back = 0;
        }
        Tab::Captures => {
            text.clone_into(&mut model.library.search);
            model.library.at = 0;
        }
        Tab::Live | Tab::Device | Tab::Calibrate | Tab::Exposure | Tab::Audit => match Filter::parse(text) {
            Ok(filter) => {
                model.live.filter = filter;
                model.live.needs_order = true;
            }
            Err(error) => return Some(error),
        },
    }
    None
}

pub(super) fn cancel(model: &mut Model) {
    if let Some(prompt) = model.editing.take() {
        if prompt.purpose != Purpose::Command {
            apply(model, &prompt.before);
        }
        return;
    }
    model.popup = None;
}

pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(mut prompt) = model.editing.take_if(|prompt| prompt.error.is_none()) else {
        // What is shown and what was typed are the same only without an error.
        return Vec::new();
    };
    if prompt.purpose != Purpose::Command || prompt.text().trim().is_empty() {
        return Vec::new();
    }
    let line = prompt.text().trim().to_owned();
    match command::parse(&line, model.now()) {
        Ok(request) => {
            model.history.retain(|earlier| *earlier != line);
            model.history.push_back(line);
            if model.history.len() > MOST_COMMANDS {
                model.history.pop_front();
            }
            carry_out(model, request)
        }
        Err(error) => {
            prompt.refusal = Some(error);
            model.editing = Some(prompt);
            Vec::new()
        }
    }
}

pub(super) fn complete(model: &mut Model, forward: bool) {
    let Some(mut prompt) = model.editing.take() else { return };
    match prompt.purpose {
        Purpose::Command => prompt.complete(forward, |before| command::words(model, before)),
        Purpose::Filter => prompt.complete(forward, filter::words),
        Purpose::Search => {}
    }
    model.editing = Some(prompt);
    edited(model);
}

/// Goes through the commands that were typed before.
fn earlier(model: &mut Model, is_back: bool) {
    let Some(prompt) = &mut model.editing else { return };
    if prompt.purpose != Purpose::Command {
        return;
    }
    let n = model.history.len();
    let at = if is_back {
        (prompt.earlier + 1).min(n)
    } else {
        prompt.earlier.saturating_sub(1)
    };
    if at == prompt.earlier {
        return;
    }
    let line = at.checked_sub(1).and_then(|back| model.history.get(n - 1 - back));
    prompt.set(line.map_or("", String::as_str));
    (prompt.earlier, prompt.refusal) = (at, None);
}
