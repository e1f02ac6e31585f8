//! How messages change the model. Total: any message in any state is fine.

use super::action::Action;
use super::filter::{Filter, FilterError};
use super::key::{Code, Key};
use super::keymap;
use super::log::Level;
use super::model::{Model, Popup, Prompt};
use super::tab::Tab;
use super::{Effect, Msg};
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};
use crate::source::pacing::Command;

/// How far the seek keys go.
const SEEK: Micros = Micros::from_secs(10);
/// What is said of a time that lies behind the last event.
const PAST_END: &str = "that time is past the end of the capture";

/// Changes the model; the only thing that does.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Events(events) => {
            model.session.ingest_all(&events);
            model.log_events(&events);
            // The first devices show at once, and a selected one that is gone gives way; the rest waits for the tick.
            model.live.needs_order |= model.selected().is_none();
            model.live.has_news = true;
            model.is_dirty = true;
        }
        Msg::Reset => reset(model),
        Msg::Source(source) => {
            model.source = *source;
            reset(model);
        }
        Msg::Trouble(trouble) => {
            if model.trouble != trouble {
                match &trouble {
                    Some(text) => model.log_notice(Level::Error, text),
                    None => model.log_notice(Level::Info, "the radio is well again"),
                }
                model.is_dirty = true;
            }
            model.trouble = trouble;
        }
        Msg::Playback(status, now) => {
            model.is_dirty |= model.source.playback.as_ref() != Some(&*status);
            let was_past_end = model.source.playback.as_ref().is_some_and(|old| old.past_end);
            if status.past_end != was_past_end {
                model.notice = status.past_end.then(|| PAST_END.to_owned());
            }
            model.source.playback = Some(*status);
            advance(model, now);
        }
        Msg::Tick(now) => {
            advance(model, now);
            if model.session.data_now().is_some() {
                model.rate.note(model.session.now(), model.session.totals().adverts);
            }
        }
        Msg::Key(key) => return press(model, key),
        Msg::Mouse(mouse) => {
            model.is_dirty = true;
            // What is being typed is not left by a slip of the hand.
            if model.editing.is_none() {
                let actions = model.mouse(mouse);
                return actions.into_iter().flat_map(|action| act(model, action)).collect();
            }
        }
        Msg::Paste(text) => text.chars().for_each(|typed| type_char(model, typed)),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            model.is_dirty = true;
        }
        Msg::Frame => {
            if model.live.needs_order {
                model.reorder();
            }
            // A banner that comes or goes changes the page.
            model.keep_selection_visible();
            model.is_dirty = false;
        }
        Msg::Recording(recording) => {
            model.is_dirty |= model.recording != recording;
            model.recording = recording;
        }
        Msg::Notice(notice) => {
            if let Some(text) = notice.as_deref().filter(|_| model.notice != notice) {
                model.log_notice(Level::Info, text);
            }
            model.is_dirty |= model.notice != notice;
            model.notice = notice;
        }
    }
    Vec::new()
}

fn reset(model: &mut Model) {
    model.session = Session::new(model.options);
    model.rate = super::model::RateMeter::default();
    model.live.frozen = None;
    model.live.needs_order = true;
    model.log.clear();
    model.is_dirty = true;
}

/// Ages grow and the order follows only while time passes: a paused screen has nothing to draw.
fn advance(model: &mut Model, now: Option<UnixMicros>) {
    let before = model.session.now();
    if let Some(now) = now {
        model.session.advance(now);
    }
    if std::mem::take(&mut model.live.has_news) || model.session.now() != before {
        model.live.needs_order |= model.live.frozen.is_none();
        model.is_dirty = true;
    }
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let context = model.context();
    if let Some(action) = keymap::resolve(context, key) {
        return act(model, action);
    }
    if let (true, Code::Char(typed), false) = (context.takes_text(), key.code, key.ctrl) {
        type_char(model, typed);
    }
    Vec::new()
}

fn type_char(model: &mut Model, typed: char) {
    if let Some(Prompt { text, .. }) = &mut model.editing
        && !typed.is_control()
        && text.chars().count() < Filter::MOST_CHARS
    {
        text.push(typed);
        edited(model);
    }
}

/// The table follows the filter while it is typed, the log the words; what is no filter (yet) leaves it as it is.
fn edited(model: &mut Model) {
    if let Some(Prompt { text, .. }) = &model.editing {
        let text = text.clone();
        let error = apply(model, &text);
        if let Some(prompt) = &mut model.editing {
            prompt.error = error;
        }
    }
}

fn apply(model: &mut Model, text: &str) -> Option<FilterError> {
    model.is_dirty = true;
    if model.tab == Tab::Log {
        text.clone_into(&mut model.log.search);
        model.log.back = 0;
        return None;
    }
    match Filter::parse(text) {
        Ok(filter) => model.live.filter = filter,
        Err(error) => return Some(error),
    }
    model.live.needs_order = true;
    None
}

/// Does what a key asked for.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.is_dirty = true;
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Help => {
            model.popup = match model.popup {
                Some(Popup::Help(_)) => None,
                None => Some(Popup::Help(0)),
            }
        }
        Action::Close => close(model),
        Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
            travel(model, action);
        }
        Action::Show(tab) => model.tab = tab,
        Action::NextTab => model.tab = model.tab.beside(1),
        Action::PreviousTab => model.tab = model.tab.beside(-1),
        Action::OpenDevice => model.tab = Tab::Device,
        Action::NextDevice | Action::PreviousDevice => model.step_device(action),
        Action::ZoomIn | Action::ZoomOut => model.device.zoom(action),
        Action::NextCurve => model.device.next_curve(),
        Action::NextLevel => model.log.next_level(),
        Action::Privacy => model.privacy = model.privacy.next(),
        Action::NextSort => sort(model, true),
        Action::ReverseSort => sort(model, false),
        Action::Freeze => model.toggle_freeze(),
        Action::Pause | Action::Step | Action::Slower | Action::Faster => return play(model, action),
        Action::SeekBack => return playback(model, Command::SeekBy(Micros(-SEEK.0))),
        Action::SeekForward => return playback(model, Command::SeekBy(SEEK)),
        Action::SeekStart => return playback(model, Command::SeekToOffset(Micros(0))),
        Action::EditFilter => {
            let text = match model.tab {
                Tab::Log => model.log.search.clone(),
                _ => model.live.filter.text().to_owned(),
            };
            let before = text.clone();
            let error = None;
            model.editing = Some(Prompt { text, error, before });
        }
        // What is shown and what was typed are the same only without an error.
        Action::Accept => {
            model.editing.take_if(|prompt| prompt.error.is_none());
        }
        Action::Cancel => {
            if let Some(prompt) = model.editing.take() {
                apply(model, &prompt.before);
            }
        }
        Action::DeleteBack | Action::DeleteAll => {
            if let Some(Prompt { text, .. }) = &mut model.editing {
                let left = text.char_indices().next_back().map_or(0, |(idx, _)| idx);
                text.truncate(if action == Action::DeleteAll { 0 } else { left });
                edited(model);
            }
        }
    }
    Vec::new()
}

fn close(model: &mut Model) {
    if model.popup.take().is_some() {
        return;
    }
    match model.tab {
        Tab::Log if model.log.search.is_empty() => model.tab = Tab::Live,
        Tab::Device => model.tab = Tab::Live,
        Tab::Live | Tab::Log => drop(apply(model, "")),
    }
}

fn sort(model: &mut Model, by_next: bool) {
    if by_next {
        model.live.sort = model.live.sort.next(model.size.0);
        model.live.is_reversed = false;
    } else {
        model.live.is_reversed = !model.live.is_reversed;
    }
    model.live.needs_order = true;
}

fn travel(model: &mut Model, action: Action) {
    if let Some(Popup::Help(line)) = &mut model.popup {
        *line = match action {
            Action::Down => line.saturating_add(1).min(most_help_scroll()),
            _ => line.saturating_sub(1),
        };
        return;
    }
    match model.tab {
        Tab::Live => travel_live(model, action),
        Tab::Device => model.move_field(action),
        Tab::Log => {
            let page = model.body_height();
            model.log.travel(action, page);
        }
    }
}

fn travel_live(model: &mut Model, action: Action) {
    if model.live.needs_order {
        model.reorder();
    }
    let idx = model.selected_idx().unwrap_or(0);
    let page = model.page().max(1);
    model.select(match action {
        Action::Up => idx.saturating_sub(1),
        Action::Down => idx.saturating_add(1),
        Action::PageUp => idx.saturating_sub(page),
        Action::PageDown => idx.saturating_add(page),
        Action::First => 0,
        _ => usize::MAX,
    });
}

/// More lines than the help has.
fn most_help_scroll() -> u16 {
    u16::try_from(keymap::BINDINGS.len()).unwrap_or(u16::MAX)
}

fn play(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(status) = &model.source.playback else {
        // The air cannot be paused.
        if action == Action::Pause {
            model.toggle_freeze();
        }
        return Vec::new();
    };
    let speed = status.pacer.speed();
    playback(
        model,
        match action {
            Action::Step => Command::Step,
            Action::Slower => Command::SetSpeed(speed.slower()),
            Action::Faster => Command::SetSpeed(speed.faster()),
            _ => Command::TogglePause,
        },
    )
}

fn playback(model: &Model, command: Command) -> Vec<Effect> {
    match model.source.playback {
        Some(_) => vec![Effect::Playback(command)],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
