//! What keys and commands do.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::app::action::Action;
use crate::app::columns::{Column, Columns};
use crate::app::command::Request;
use crate::app::form::{Form, Question};
use crate::app::model::{Model, Popup};
use crate::app::tab::Tab;
use crate::app::{Effect, help, layout};
use crate::lab::event::{Event, EventKind};
use crate::lab::note;
use crate::lab::time::{Micros, UnixMicros};
use crate::source::pacing::Command;

use super::typing;

/// What is said where there is nothing to steer.
const NO_PLAYBACK: &str = "that needs a capture that is played: `:open FILE`, or the tab Captures";
/// How far the seek keys go.
const SEEK: Micros = Micros::from_secs(10);

/// Does what a key asked for.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.is_dirty = true;
    if action.needs_playback() && model.source.playback.is_none() {
        model.say(NO_PLAYBACK);
        return Vec::new();
    }
    match action {
        Action::Quit if model.recording.is_some() => {
            model.popup = Some(Popup::Question(Question::QuitRecording));
        }
        Action::Quit if model.calibrate.is_unwritten() => {
            model.popup = Some(Popup::Question(Question::QuitCalibration {
                accepted: model.calibrate.measure.n_accepted(),
            }));
        }
        Action::Quit => return vec![Effect::Quit],
        Action::Help => {
            model.popup = match model.popup {
                Some(Popup::Help(_)) => None,
                _ => Some(Popup::Help(0)),
            }
        }
        Action::Close => close(model),
        Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
            return travel(model, action);
        }
        Action::Show(tab) => return show(model, tab),
        Action::NextTab => return show(model, model.tab.beside(1)),
        Action::PreviousTab => return show(model, model.tab.beside(-1)),
        Action::OpenDevice => return show(model, Tab::Device),
        Action::NextDevice | Action::PreviousDevice => model.step_device(action),
        Action::ZoomIn | Action::ZoomOut => model.device.zoom(action),
        Action::NextCurve => model.device.next_curve(),
        Action::Identifiers => model.device.shows_identifiers = !model.device.shows_identifiers,
        Action::NextLevel => model.log.next_level(),
        Action::NextRule
        | Action::NextSecondRule
        | Action::SecondRule
        | Action::Scope
        | Action::LowerThresholds
        | Action::RaiseThresholds
        | Action::PublishedThresholds => model.act_on_exposure(action),
        Action::NextPacket | Action::PreviousPacket | Action::ShowPacket | Action::NextProfile => {
            return model.act_on_audit(action);
        }
        Action::GoOn | Action::Again | Action::StepBack | Action::SkipStep | Action::SaveProfile | Action::Anew => {
            return model.act_on_calibration(action);
        }
        Action::Privacy => model.privacy = model.privacy.next(),
        Action::NextSort => model.sort_by_next(),
        Action::ReverseSort => {
            model.live.is_reversed = !model.live.is_reversed;
            model.live.needs_order = true;
        }
        Action::Columns => model.popup = Some(Popup::Columns(0)),
        Action::Toggle | Action::MoveLeft | Action::MoveRight | Action::Defaults => choose_columns(model, action),
        Action::Follow => model.toggle_follow(),
        Action::Subtract => model.toggle_subtract(),
        Action::Freeze => model.toggle_freeze(),
        Action::Taller | Action::Shorter => move_divider(model, if action == Action::Taller { 1 } else { -1 }),
        Action::Pause | Action::Step | Action::Slower | Action::Faster | Action::Loop => return play(model, action),
        Action::SeekBack => return playback(model, Command::SeekBy(Micros(-SEEK.0))),
        Action::SeekForward => return playback(model, Command::SeekBy(SEEK)),
        Action::SeekStart => return playback(model, Command::SeekToOffset(Micros(0))),
        Action::PreviousMark | Action::NextMark | Action::PreviousRotation | Action::NextRotation => {
            return jump(model, action);
        }
        Action::Record => return record(model),
        Action::Mark => open_mark(model),
        Action::OpenCapture | Action::Outside | Action::Rescan | Action::Convert | Action::Delete => {
            return model.act_on_library(action);
        }
        Action::Copy => return copy(model),
        Action::EditFilter => typing::open_filter(model),
        Action::Command => typing::open_command(model),
        Action::Accept => return accept(model),
        Action::Cancel => typing::cancel(model),
        Action::Complete | Action::CompleteBack => typing::complete(model, action == Action::Complete),
        Action::Previous
        | Action::Next
        | Action::CursorLeft
        | Action::CursorRight
        | Action::CursorStart
        | Action::CursorEnd
        | Action::DeleteBack
        | Action::DeleteForward
        | Action::DeleteWord
        | Action::DeleteAll => typing::edit(model, action),
    }
    Vec::new()
}

/// Does what a command asks for.
pub(super) fn carry_out(model: &mut Model, request: Request) -> Vec<Effect> {
    model.is_dirty = true;
    match request {
        Request::Act(action) => return act(model, action),
        Request::Filter(filter) => {
            model.live.filter = *filter;
            model.live.needs_order = true;
        }
        Request::Sort(column, is_reversed) => {
            (model.live.sort, model.live.is_reversed) = (column, is_reversed);
            model.live.needs_order = true;
        }
        Request::Columns(columns) => model.live.columns = columns,
        Request::Playback(command) if model.source.playback.is_some() => return playback(model, command),
        Request::Playback(_) => model.say(NO_PLAYBACK),
        Request::Open(path) => return model.open_capture(in_folder(model, &path)),
        Request::Live if model.recording.is_some() => model.say("a recording is going on: r ends it"),
        Request::Live => return vec![Effect::Listen],
        Request::Record(_) if model.recording.is_some() => model.say("a recording is going on already: r ends it"),
        Request::Record(name) => match new_file(model, &name) {
            Ok(path) => return vec![Effect::Record(path, String::new())],
            Err(error) => model.say(&error),
        },
        Request::Mark(line) => match note::parse(&line, model.now()) {
            Ok(mut mark) => {
                // As the form: of the selected device, unless another one is named.
                match mark.device.as_str() {
                    "all" => mark.device.clear(),
                    "" => mark.device = selected_device(model),
                    _ => {}
                }
                return mark_now(model, mark, None);
            }
            Err(error) => model.say(&format!("not marked: {error}")),
        },
        Request::Convert(to) => match model.library.capture() {
            Some(entry) => {
                return vec![Effect::Convert(entry.path.clone(), in_folder(model, &to), false)];
            }
            None => model.say("select the capture on the tab Captures first"),
        },
        Request::Folder(folder) => {
            model.tab = Tab::Captures;
            return model.go_to(in_folder(model, &folder));
        }
        Request::Theme(theme) => model.look.theme = theme,
        Request::Letters(letters) => model.look.letters = letters,
        Request::Rules(names) => match model.choose_rules(&names) {
            Ok(()) => model.tab = Tab::Exposure,
            Err(error) => model.say(&error),
        },
        Request::ReadRules(path) => {
            model.tab = Tab::Exposure;
            return vec![Effect::Rules(in_folder(model, &path))];
        }
        Request::Keys(path) => {
            model.tab = Tab::Exposure;
            return vec![Effect::Keys(in_folder(model, &path))];
        }
        Request::Plan(planned) => {
            model.tab = Tab::Calibrate;
            return model.plan_calibration(*planned);
        }
        Request::Profile(name) => {
            model.tab = Tab::Calibrate;
            return model.save_profile(&name);
        }
        Request::Snapshot(path) => return vec![Effect::Snapshot(in_folder(model, &path))],
    }
    Vec::new()
}

/// What is typed is relative to the folder of the library, wherever the program was started.
/// `~` is the home folder, quotes around a name are none of it.
fn in_folder(model: &Model, path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let path = bare.map_or(path, Path::new);
    match (path.strip_prefix("~"), &model.home) {
        (Ok(rest), Some(home)) => clean(&home.join(rest)),
        _ => clean(&model.library.folder.join(path)),
    }
}

/// Where a file of a name that was typed would be.
///
/// # Errors
/// Why it cannot be one.
fn new_file(model: &Model, typed: &str) -> Result<PathBuf, String> {
    let path = in_folder(model, Path::new(typed));
    let last = Path::new(typed).components().next_back();
    if typed.ends_with('/') || !matches!(last, Some(Component::Normal(_))) || typed == "~" {
        return Err(format!(
            "{typed:?} is the name of a folder; a file needs one of its own"
        ));
    }
    Ok(path)
}

/// Without `.` and `..`, as they read; a link on the way is not followed.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() || clean.has_root() => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

fn show(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.tab = tab;
    if tab == Tab::Captures && model.library.listing.is_none() {
        return vec![Effect::Scan(model.library.folder.clone())];
    }
    Vec::new()
}

fn close(model: &mut Model) {
    if model.popup.take().is_some() {
        return;
    }
    match model.tab {
        Tab::Captures if model.library.search.is_empty() => model.tab = Tab::Live,
        Tab::Log if model.log.search.is_empty() => model.tab = Tab::Live,
        Tab::Device | Tab::Calibrate | Tab::Exposure | Tab::Audit => model.tab = Tab::Live,
        Tab::Live | Tab::Log | Tab::Captures => drop(typing::apply(model, "")),
    }
}

/// Rows of the terminal that the help leaves free or frames.
const HELP_FRAME: u16 = 4;

fn travel(model: &mut Model, action: Action) -> Vec<Effect> {
    // Beyond the last lines there is nothing to see.
    let most = match model.popup {
        Some(Popup::Help(_)) => {
            let n_lines = u16::try_from(help::lines(model).len()).unwrap_or(u16::MAX);
            n_lines.saturating_sub(model.size.1.saturating_sub(HELP_FRAME))
        }
        _ => 0,
    };
    match &mut model.popup {
        Some(Popup::Help(line)) => {
            let step = if matches!(action, Action::PageUp | Action::PageDown) {
                10
            } else {
                1
            };
            *line = match action {
                Action::Down | Action::PageDown => line.saturating_add(step).min(most),
                _ => line.saturating_sub(step),
            };
            return Vec::new();
        }
        Some(Popup::Columns(at)) => {
            let last = Column::ALL.len() - 1;
            *at = if action == Action::Down {
                (*at + 1).min(last)
            } else {
                at.saturating_sub(1)
            };
            return Vec::new();
        }
        Some(Popup::Form(_) | Popup::Question(_)) => return Vec::new(),
        None => {}
    }
    match model.tab {
        Tab::Live => travel_live(model, action),
        Tab::Device => model.move_field(action),
        Tab::Calibrate => model.travel_calibration(action),
        Tab::Exposure => model.travel_exposure(action),
        Tab::Audit => model.travel_audit(action),
        Tab::Captures => return model.travel_library(action),
        Tab::Log => {
            // A line tells how many there are.
            let page = model.body_height().saturating_sub(1);
            model.log.travel(action, page);
        }
    }
    Vec::new()
}

fn travel_live(model: &mut Model, action: Action) {
    if model.live.needs_order {
        model.reorder();
    }
    let idx = model.selected_idx().unwrap_or(0);
    let page = model.page().max(1);
    model.select(action.travelled(idx, page, usize::MAX));
}

fn choose_columns(model: &mut Model, action: Action) {
    let Some(Popup::Columns(at)) = &mut model.popup else {
        return;
    };
    let columns = &mut model.live.columns;
    let listed = columns.listed();
    let Some((column, _)) = listed.get(*at).copied() else {
        return;
    };
    match action {
        Action::Toggle => columns.toggle(column),
        Action::Defaults => *columns = Columns::default(),
        _ => columns.shift(column, action == Action::MoveLeft),
    }
    // The cursor stays with its column.
    *at = columns
        .listed()
        .iter()
        .position(|(other, _)| *other == column)
        .unwrap_or(*at);
}

/// Moves the divider by so many rows upwards, as far as it goes.
pub(in crate::app) fn move_divider(model: &mut Model, rows: i16) {
    let bounds = layout::panel_bounds(model.size);
    let wanted = model.panel.saturating_add(rows).clamp(*bounds.start(), *bounds.end());
    let before = (model.panel, model.heights());
    model.panel = wanted;
    // Where it can go no further, pressing on changes nothing that would have to be undone.
    if model.heights() == before.1 {
        model.panel = before.0;
    }
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
            Action::Loop => Command::ToggleLoop,
            _ => Command::TogglePause,
        },
    )
}

fn jump(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.source.playback.is_none() {
        return Vec::new();
    }
    match model.jump(action) {
        Ok(command) => playback(model, command),
        Err(why) => {
            model.say(why);
            Vec::new()
        }
    }
}

pub(super) fn playback(model: &Model, command: Command) -> Vec<Effect> {
    match model.source.playback {
        Some(_) => vec![Effect::Playback(command)],
        None => Vec::new(),
    }
}

fn record(model: &mut Model) -> Vec<Effect> {
    if model.recording.is_some() {
        return vec![Effect::EndRecording];
    }
    let name = model.session.data_now().map_or_else(|| "capture".to_owned(), dated);
    model.popup = Some(Popup::Form(Form::record(&name)));
    Vec::new()
}

/// `2020-07-30-095401`
fn dated(at: UnixMicros) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(date), Some(time)) if text.len() == 27 => format!("{date}-{}", time.replace(':', "")),
        _ => "capture".to_owned(),
    }
}

/// The selected device as a mark names it; empty without one.
fn selected_device(model: &Model) -> String {
    model.selected().map_or_else(String::new, |track| match track.rpi {
        Some(rpi) => rpi.to_string().chars().take(8).collect(),
        None => track.key.address.to_string(),
    })
}

fn open_mark(model: &mut Model) {
    let device = selected_device(model);
    let station = model.selected().map(|track| track.key.station).unwrap_or_default();
    if model.session.data_now().is_none() {
        return model.say("nothing was heard yet: there is no time to mark");
    }
    model.popup = Some(Popup::Form(Form::mark(model.now(), station, &device, &model.habits)));
}

fn mark_now(
    model: &mut Model,
    mark: crate::lab::event::Mark,
    station: Option<crate::lab::advert::StationId>,
) -> Vec<Effect> {
    if model.session.data_now().is_none() {
        model.say("nothing was heard yet: there is no time to mark");
        return Vec::new();
    }
    let station = station.or_else(|| model.selected().map(|track| track.key.station));
    vec![Effect::Mark(Box::new(Event {
        at: mark.from,
        station: station.unwrap_or_default(),
        kind: EventKind::Mark(mark),
    }))]
}

/// The mark of an accepted step.
pub(in crate::app) fn mark_of_calibration(
    mark: crate::lab::event::Mark,
    station: crate::lab::advert::StationId,
) -> Effect {
    Effect::Mark(Box::new(Event {
        at: mark.from,
        station,
        kind: EventKind::Mark(mark),
    }))
}

/// What is selected, as text; as much of it as privacy shows.
fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.tab {
        Tab::Captures => model.library.capture().map(|entry| entry.path.display().to_string()),
        Tab::Exposure => decisions(model),
        Tab::Audit => model.audit_text(),
        Tab::Log => model
            .log
            .shown()
            .nth(model.log.back)
            .map(|entry| format!("{} {}", entry.at, entry.text)),
        Tab::Live | Tab::Device | Tab::Calibrate => model.selected().map(|track| match track.rpi {
            Some(rpi) => rpi.to_string(),
            None => track.key.address.to_string(),
        }),
    };
    let is_identifier = matches!(model.tab, Tab::Live | Tab::Device);
    if is_identifier && !model.privacy.shows_payload() {
        model.say("not copied: identifiers are not shown at present (p shows them)");
        return Vec::new();
    }
    let Some(text) = text else {
        model.say("nothing is selected");
        return Vec::new();
    };
    let n = text.chars().count();
    model.say(&format!("copied {n} characters to the terminal's clipboard"));
    vec![Effect::Copy(text)]
}

/// What the applications of the rules that are shown would do.
fn decisions(model: &Model) -> Option<String> {
    let exposure = &model.exposure;
    let lines: Vec<String> = exposure
        .shown()
        .zip(&exposure.decisions)
        .map(|(rule, decision)| {
            let verdict = match decision.notifies {
                Some(true) => "notifies",
                Some(false) => "does not notify",
                None => "may notify (it is not published when)",
            };
            format!("{} {verdict}: {}", rule.name, decision.reason)
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Takes what was typed, or does what is asked.
fn accept(model: &mut Model) -> Vec<Effect> {
    if model.editing.is_some() {
        return typing::accept(model);
    }
    match model.popup.take() {
        Some(Popup::Form(form)) => accept_form(model, form),
        Some(Popup::Question(Question::Delete { path, .. })) => vec![Effect::Delete(path)],
        Some(Popup::Question(Question::QuitRecording | Question::QuitCalibration { .. })) => vec![Effect::Quit],
        Some(Popup::Question(Question::DropSteps { planned, .. })) => model.take_plan(*planned),
        Some(Popup::Question(Question::WeakProfile { name, text, .. })) => {
            model.calibrate.is_written = true;
            vec![Effect::Profile(name, text)]
        }
        other => {
            model.popup = other;
            Vec::new()
        }
    }
}

fn accept_form(model: &mut Model, mut form: Form) -> Vec<Effect> {
    use crate::app::form::Purpose;
    let outcome = match form.purpose.clone() {
        Purpose::Mark { at, station } => form.read_mark(at).map(|(mark, habits)| {
            model.habits = habits;
            mark_now(model, mark, Some(station))
        }),
        Purpose::Record if form.text("name").is_empty() => Err("a recording needs a name".to_owned()),
        Purpose::Record => {
            let title = form.text("title").to_owned();
            new_file(model, form.text("name")).map(|path| vec![Effect::Record(path, title)])
        }
        Purpose::Convert(from) => match Path::new(form.text("to")) {
            to if to.to_string_lossy().to_lowercase().ends_with(".events.csv") => {
                Err(".events.csv is the name of what lies beside a capture".to_owned())
            }
            to if to.extension().is_none_or(OsStr::is_empty) => {
                Err("the ending tells the format: .csv, .pcapng, .btsnoop, .jsonl …".to_owned())
            }
            to => {
                let is_private = match form.text("pseudonymise").to_lowercase().as_str() {
                    "y" | "yes" => Ok(true),
                    "" | "n" | "no" => Ok(false),
                    _ => Err("pseudonymise: y or n".to_owned()),
                };
                is_private.map(|is_private| vec![Effect::Convert(from, in_folder(model, to), is_private)])
            }
        },
    };
    match outcome {
        Ok(effects) => effects,
        Err(error) => {
            form.error = Some(error);
            model.popup = Some(Popup::Form(form));
            Vec::new()
        }
    }
}
