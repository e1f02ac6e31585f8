//! What the footer offers where.

use super::{Context, Keymap};
use crate::app::action::Action;
use crate::app::key::Code;

/// What the footer offers, most important last to go when the terminal is narrow.
pub const FOOTER: &[(Context, &[Action])] = &[
    (
        Context::Live,
        &[
            Action::Up,
            Action::OpenDevice,
            Action::EditFilter,
            Action::NextSort,
            Action::Pause,
            Action::Mark,
            Action::Record,
            Action::Privacy,
            Action::Freeze,
            Action::SeekBack,
            Action::Slower,
            Action::Follow,
            Action::Subtract,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Device,
        &[
            Action::Up,
            Action::NextDevice,
            Action::Identifiers,
            Action::ZoomIn,
            Action::NextCurve,
            Action::Mark,
            Action::Pause,
            Action::SeekBack,
            Action::Follow,
            Action::Copy,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Calibrate,
        &[
            Action::GoOn,
            Action::Again,
            Action::StepBack,
            Action::SkipStep,
            Action::SaveProfile,
            Action::Record,
            Action::Up,
            Action::Anew,
            Action::Pause,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Exposure,
        &[
            Action::Up,
            Action::NextRule,
            Action::NextSecondRule,
            Action::LowerThresholds,
            Action::Scope,
            Action::Pause,
            Action::SeekBack,
            Action::PublishedThresholds,
            Action::SecondRule,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Audit,
        &[
            Action::Up,
            Action::NextPacket,
            Action::ShowPacket,
            Action::NextProfile,
            Action::Pause,
            Action::SeekBack,
            Action::Copy,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Captures,
        &[
            Action::Up,
            Action::OpenCapture,
            Action::Record,
            Action::Convert,
            Action::Delete,
            Action::EditFilter,
            Action::Outside,
            Action::Rescan,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Log,
        &[
            Action::Up,
            Action::EditFilter,
            Action::NextLevel,
            Action::Pause,
            Action::SeekBack,
            Action::Command,
            Action::Help,
            Action::Quit,
        ],
    ),
    (Context::Help, &[Action::Up, Action::Close]),
    (
        Context::Columns,
        &[
            Action::Up,
            Action::Toggle,
            Action::MoveLeft,
            Action::Defaults,
            Action::Close,
        ],
    ),
    (Context::Question, &[Action::Accept, Action::Cancel]),
    (
        Context::Filter,
        &[Action::Accept, Action::Complete, Action::DeleteAll, Action::Cancel],
    ),
    (
        Context::Command,
        &[Action::Accept, Action::Complete, Action::Previous, Action::Cancel],
    ),
    (
        Context::Form,
        &[Action::Accept, Action::Next, Action::DeleteAll, Action::Cancel],
    ),
];

/// The key of an action as the footer shows it, with what it does; two opposite actions share one entry.
#[must_use]
pub fn footer_entry(keymap: &Keymap, context: Context, action: Action) -> Option<(String, &'static str)> {
    let first = keymap.keys(context, action).next()?;
    let opposite = match action {
        Action::Up => Some((Action::Down, "select")),
        Action::SeekBack => Some((Action::SeekForward, "10 s")),
        Action::Slower => Some((Action::Faster, "speed")),
        Action::ZoomIn => Some((Action::ZoomOut, "zoom")),
        Action::LowerThresholds => Some((Action::RaiseThresholds, "what if")),
        Action::NextDevice => Some((Action::PreviousDevice, "device")),
        Action::MoveLeft => Some((Action::MoveRight, "move")),
        Action::Previous if context == Context::Command => Some((Action::Next, "earlier")),
        _ => None,
    };
    let Some((opposite, label)) = opposite else {
        return Some((first.to_string(), label(context, action)));
    };
    let second = keymap
        .keys(context, opposite)
        .next()
        .map_or_else(String::new, |key| key.to_string());
    let between = if matches!(first.code, Code::Char(_)) { "/" } else { "" };
    Some((format!("{first}{between}{second}"), label))
}

/// What an action is called where it means something particular.
const fn label(context: Context, action: Action) -> &'static str {
    match (context, action) {
        (Context::Command, Action::Accept) => "do it",
        (Context::Form, Action::Accept) => "save",
        (Context::Form, Action::Next) => "next field",
        (Context::Question, Action::Accept) => "yes",
        (Context::Question, Action::Cancel) => "no",
        (Context::Captures | Context::Log, Action::EditFilter) => "search",
        _ => action.label(),
    }
}
