//! How messages change the model. Total: any message in any state is fine.

mod act;
mod typing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::captures::Known;
use super::form::{Form, Purpose};
use super::key::{Code, Key};
use super::log::{Level, damaged};
use super::model::{Model, Popup, SourceInfo};
use super::mouse::Mouse;
use super::transport::Timeline;
use super::{Effect, Msg};
use crate::lab::distance::live::LiveDistances;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::exposure::rule::Config;
use crate::lab::session::Session;
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};
use crate::library::{Outline, OutlineMark};
use crate::source::pacing::Status;
use act::act;
pub(super) use act::{mark_of_calibration, move_divider};

/// A silence of so many minutes is told on the screen when it is passed over, a shorter one in the log alone.
const LONG_SILENCE: i64 = 10;
/// More marks than these a time line does not show, as many as are kept of a file that is read through.
const MOST_MARKS: usize = 10_000;
/// What is said of a time that lies behind the last event.
const PAST_END: &str = "that time is past the end of the capture";

/// Changes the model; the only thing that does.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Events(events) => hear(model, &events),
        Msg::Reset => rewind(model),
        Msg::Source(source) => change_source(model, *source),
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
            tell_silence(model, &status);
            if status.is_still() {
                // No tick will come.
                model.exposure.pass_time();
                model.audit.pass_time();
            }
            model.source.playback = Some(*status);
            advance(model, now);
        }
        Msg::Tick(now) => {
            model.exposure.pass_time();
            model.audit.pass_time();
            model.age_notice();
            advance(model, now);
            if model.session.data_now().is_some() {
                model.rate.note(model.session.now(), model.session.totals().adverts);
            }
        }
        Msg::Key(key) => return answer(model, key),
        Msg::Mouse(mouse) => return use_mouse(model, mouse),
        Msg::Paste(text) => text.chars().for_each(|typed| typing::insert(model, typed)),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            model.is_dirty = true;
        }
        Msg::Frame => return before_frame(model),
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
        Msg::Failure(text) => {
            // It may have been the profile that could not be written.
            model.calibrate.is_written = false;
            model.log_notice(Level::Error, &text);
            model.notice = Some(text);
            model.is_dirty = true;
        }
        Msg::NotConverted(from, to, is_private, error) => not_converted(model, from, &to, is_private, error),
        Msg::Published(heard) => take_published(model, heard),
        Msg::KeysRead(n) => {
            model.say(&format!("{n} published keys: looking for them in all that is heard"));
        }
        Msg::Rules(rules) => take_rules(model, rules),
        Msg::Show(tab) => return act(model, super::Action::Show(tab)),
        Msg::Listing(folder, found) => {
            model.library.take(&folder, *found);
            model.is_dirty = true;
        }
        Msg::Outline(path, modified, outcome) => {
            let known = match outcome {
                Ok(outline) => Known::Read(outline),
                Err(error) => Known::Unreadable(error),
            };
            model.library.learn(path, modified, known);
            model.is_dirty = true;
        }
        Msg::OutlineDropped(path, modified) => {
            model.library.forget(path, modified);
            model.is_dirty = true;
        }
        Msg::Timeline(outline) => {
            tell_damage(model, &outline);
            model.timeline = Timeline::new(outline);
            model.source.is_read_through = false;
            model.is_dirty = true;
        }
    }
    Vec::new()
}

/// A playback that passes over hours must say so: the clock leaps.
fn tell_silence(model: &mut Model, status: &Status) {
    let skipped = |status: &Status| status.pacer.skipped().1;
    let before = model.source.playback.as_ref().map_or(Micros(0), skipped);
    let more = skipped(status).0.saturating_sub(before.0) / 60_000_000;
    if more < 1 {
        return;
    }
    let text = match (more / 60, more % 60) {
        (0, minutes) => format!("passed over {minutes} min without an advertisement"),
        (hours, minutes) => format!("passed over {hours} h {minutes:02} min without an advertisement"),
    };
    if more < LONG_SILENCE {
        model.log_notice(Level::Detail, &text);
    } else {
        model.say(&text);
    }
}

/// What could not be read is left out of everything that is shown: that must not go unnoticed.
fn tell_damage(model: &mut Model, outline: &Outline) {
    for damage in &outline.damage.first {
        model.log_notice(Level::Warning, &format!("left out, {damage}"));
    }
    if let Some(first) = outline.damage.first.first() {
        let text = format!("left out: {}; {first}", damaged(outline.damage.count));
        model.notice = Some(printable(&text).into_owned());
    }
    if let Some(failure) = &outline.failure {
        model.warn(failure);
    }
}

fn hear(model: &mut Model, events: &[CaptureEvent]) {
    model.session.ingest_all(events);
    model.log_events(events);
    let published = Arc::clone(&model.exposure.published);
    model.exposure.encounters.take(events, &model.session, &published);
    model.audit.take(events);
    model.calibrate.measure.take(events, &model.session);
    model.distances.take(events);
    note_marks(model, events);
    // The first devices show at once, and a selected one that is gone gives way; the rest waits for the tick.
    model.live.needs_order |= model.selected().is_none();
    model.live.has_news = true;
    model.is_dirty = true;
}

/// What was typed is not lost, unless something else is being done by now.
fn not_converted(model: &mut Model, from: PathBuf, to: &Path, is_private: bool, error: String) {
    model.log_notice(Level::Error, &error);
    if model.popup.is_none() && model.editing.is_none() && model.tab == super::Tab::Captures {
        let form = Form::convert(from, &to.to_string_lossy(), is_private);
        model.popup = Some(Popup::Form(form.refused(error)));
    } else {
        model.notice = Some(error);
    }
    model.is_dirty = true;
}

fn take_rules(model: &mut Model, rules: Result<Vec<Config>, String>) {
    match rules {
        Ok(rules) => {
            let names: Vec<String> = rules.iter().map(|rule| rule.name.clone()).collect();
            model.exposure.take_rules(rules);
            model.say(&format!("rules: {}", names.join(", ")));
        }
        Err(error) => {
            model.log_notice(Level::Error, &error);
            model.notice = Some(error);
        }
    }
    model.is_dirty = true;
}

/// Gives what was heard to those whose keys were published.
fn take_published(model: &mut Model, heard: Vec<super::Heard>) {
    if heard.is_empty() {
        return;
    }
    let before = model.exposure.published.len();
    let published = Arc::make_mut(&mut model.exposure.published);
    for key in heard {
        let onset = key.days_since_onset;
        published.add(&key.label, key.report_type, onset, &key.key, &key.intervals);
    }
    let published = Arc::clone(&model.exposure.published);
    model.exposure.encounters.attribute(&model.session, &published);
    model.exposure.decide_anew();
    let new: Vec<String> = (before..published.len())
        .filter_map(|number| published.key(number))
        .map(|key| key.label.clone())
        .collect();
    for label in &new {
        model.log_notice(Level::Warning, &format!("a published key was heard: {label}"));
    }
    if !new.is_empty() {
        let total = published.len();
        model.notice = Some(format!(
            "{total} published key{} heard",
            if total == 1 { "" } else { "s" }
        ));
    }
    model.is_dirty = true;
}

fn change_source(model: &mut Model, source: SourceInfo) {
    model.source = source;
    let beside = model.source.keys.take();
    model.keys = beside.unwrap_or_else(|| Arc::clone(&model.own_keys));
    // What is being typed belongs to what was shown before: a time of its, or the words of another tab.
    model.editing = None;
    if matches!(&model.popup, Some(Popup::Form(form)) if matches!(form.purpose, Purpose::Mark { .. })) {
        model.popup = None;
    }
    model.timeline = None;
    model.arrival = None;
    model.sought = None;
    model.audit.clear();
    model.exposure.published = Arc::default();
    model.trouble = None;
    model.notice = None;
    reset(model);
    if let Some(reason) = model.source.reason.clone() {
        let text = format!("{reason}: the bundled capture is played instead; `vicino doctor` says more");
        model.log_notice(Level::Warning, &text);
    }
    for warning in model.source.warnings.clone() {
        model.warn(&warning);
    }
}

fn use_mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    model.is_dirty = true;
    // What is being typed is not left by a slip of the hand.
    if model.context().takes_text() {
        return Vec::new();
    }
    let (actions, mut effects) = model.mouse(mouse);
    effects.extend(actions.into_iter().flat_map(|action| act(model, action)));
    leave_step(model, &effects);
    effects
}

fn before_frame(model: &mut Model) -> Vec<Effect> {
    // What is held shows the distances of then.
    if model.live.frozen.is_none() {
        model.live.needs_order |= model.distances.settle(&model.session);
    }
    if model.live.needs_order {
        model.reorder();
    }
    model.select_arrival();
    // A banner that comes or goes changes the page.
    model.keep_selection_visible();
    model.is_dirty = false;
    match model.tab {
        super::Tab::Captures => return model.settle_library(),
        super::Tab::Calibrate => model.settle_calibration(),
        super::Tab::Exposure => model.settle_exposure(),
        super::Tab::Audit => model.settle_audit(),
        super::Tab::Device => model.follow_distance(),
        super::Tab::Live | super::Tab::Log => {}
    }
    Vec::new()
}

/// The same capture from its beginning, or from an earlier time: what was accepted of it holds wherever it is looked at.
fn rewind(model: &mut Model) {
    model.audit.rewind();
    if let Some(sought) = &mut model.sought {
        sought.awaits_reset = false;
    }
    let calibrate = std::mem::take(&mut model.calibrate);
    reset(model);
    model.calibrate = calibrate;
    model.interrupt_calibration();
}

fn reset(model: &mut Model) {
    model.session = Session::new(model.options)
        .with_keys(Arc::clone(&model.keys))
        .with_calibration(model.calibration.clone());
    model.rate = super::model::RateMeter::default();
    model.live.frozen = None;
    model.live.follow = None;
    model.live.subtracted.clear();
    model.live.needs_order = true;
    model.log.clear();
    model.exposure.clear();
    let plan = model.calibrate.measure.plan.clone();
    let (model_name, phone) = (model.calibrate.model.clone(), model.calibrate.wanted.clone());
    model.calibrate.begin(super::calibrate::Planned {
        model: model_name,
        phone,
        ..super::calibrate::Planned::of(plan)
    });
    model.distances = LiveDistances::default();
    model.is_dirty = true;
}

/// Ages grow and the order follows only while time passes: a paused screen has nothing to draw.
fn advance(model: &mut Model, now: Option<UnixMicros>) {
    let before = model.session.now();
    if let Some(now) = now {
        model.session.advance(now);
    }
    model.calibrate.measure.pass(model.session.now());
    if std::mem::take(&mut model.live.has_news) || model.session.now() != before {
        model.keep_following();
        model.live.needs_order |= model.live.frozen.is_none();
        model.is_dirty = true;
    }
}

/// A mark that is made while a capture is played stands on its time line at once.
fn note_marks(model: &mut Model, events: &[CaptureEvent]) {
    let Some(timeline) = &mut model.timeline else { return };
    for event in events {
        let CaptureEvent::Other(event) = event else { continue };
        let EventKind::Mark(mark) = &event.kind else { continue };
        if mark.is_withdrawal() {
            continue;
        }
        let marks = &mut timeline.outline.marks;
        if marks.len() >= MOST_MARKS {
            return;
        }
        let new = OutlineMark::new(mark);
        let at = marks.partition_point(|other| other.at < new.at);
        if !marks
            .iter()
            .skip(at)
            .take_while(|other| other.at == new.at)
            .any(|other| *other == new)
        {
            marks.insert(at, new);
        }
    }
}

/// A step that is measured ends where somebody goes elsewhere in time, also forward: what is passed over was not watched.
fn leave_step(model: &mut Model, effects: &[Effect]) {
    use crate::source::pacing::Command::{SeekBy, SeekTo, SeekToOffset};
    let is_seek = |of: &Effect| matches!(of, Effect::Playback(SeekTo(_) | SeekBy(_) | SeekToOffset(_)));
    if effects.iter().any(is_seek) {
        model.interrupt_calibration();
    }
}

/// What was said stands until the next key, where it covers the keys for some seconds at most; where Esc has nothing else to close it only takes it away.
fn answer(model: &mut Model, key: Key) -> Vec<Effect> {
    let said = model.notice.take();
    model.is_dirty |= said.is_some();
    let is_close = model.keymap.resolve(model.context(), key) == Some(super::Action::Close);
    if said.is_some() && is_close && model.context() == model.tab.context() {
        return Vec::new();
    }
    let effects = press(model, key);
    leave_step(model, &effects);
    effects
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    // Whatever is open or asked.
    if key == Key::ctrl('c') {
        return vec![Effect::Quit];
    }
    let context = model.context();
    if let Some(action) = model.keymap.resolve(context, key) {
        return act(model, action);
    }
    if let (true, Code::Char(typed), false) = (context.takes_text(), key.code, key.ctrl) {
        typing::insert(model, typed);
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
