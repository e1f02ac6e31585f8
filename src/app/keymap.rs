//! Which key does what where: the one table from which keys are resolved and footer and help are made.

use super::action::Action;
use super::key::{Code, Key};
use super::tab::Tab;

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Every tab, for keys that the tab itself does not take.
    Tabs,
    /// The device table.
    Live,
    /// One device.
    Device,
    /// What happened.
    Log,
    /// The list of keys.
    Help,
    /// Typing a filter.
    Filter,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 6] = [
        Self::Tabs,
        Self::Live,
        Self::Device,
        Self::Log,
        Self::Help,
        Self::Filter,
    ];

    /// Whether characters that are no command are typed into something.
    #[must_use]
    pub const fn takes_text(self) -> bool {
        matches!(self, Self::Filter)
    }

    /// Where keys go that this context does not take.
    #[must_use]
    pub const fn outer(self) -> Option<Self> {
        match self {
            Self::Live | Self::Device | Self::Log => Some(Self::Tabs),
            Self::Tabs | Self::Help | Self::Filter => None,
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The key.
    pub key: Key,
    /// What it does.
    pub action: Action,
}

const fn on(context: Context, key: Key, action: Action) -> Binding {
    Binding { context, key, action }
}

/// All keys. The first key of an action is the one the footer shows.
pub const BINDINGS: &[Binding] = &{
    use Action as A;
    use Context::{Device, Filter, Help, Live, Log, Tabs};
    const fn plain(code: Code) -> Key {
        Key::plain(code)
    }
    [
        on(Tabs, plain(Code::Up), A::Up),
        on(Tabs, Key::char('k'), A::Up),
        on(Tabs, plain(Code::Down), A::Down),
        on(Tabs, Key::char('j'), A::Down),
        on(Tabs, plain(Code::PageUp), A::PageUp),
        on(Tabs, plain(Code::PageDown), A::PageDown),
        on(Tabs, plain(Code::Home), A::First),
        on(Tabs, Key::char('g'), A::First),
        on(Tabs, plain(Code::End), A::Last),
        on(Tabs, Key::char('G'), A::Last),
        on(Tabs, Key::char('f'), A::Freeze),
        on(Tabs, Key::char(' '), A::Pause),
        on(Tabs, Key::char('.'), A::Step),
        on(Tabs, Key::char('-'), A::Slower),
        on(Tabs, Key::char('+'), A::Faster),
        on(Tabs, Key::char('='), A::Faster),
        on(Tabs, plain(Code::Left), A::SeekBack),
        on(Tabs, plain(Code::Right), A::SeekForward),
        on(Tabs, Key::char('0'), A::SeekStart),
        on(Tabs, Key::char('p'), A::Privacy),
        on(Tabs, Key::char('1'), A::Show(Tab::Live)),
        on(Tabs, Key::char('2'), A::Show(Tab::Device)),
        on(Tabs, Key::char('3'), A::Show(Tab::Log)),
        on(Tabs, plain(Code::Tab), A::NextTab),
        on(Tabs, plain(Code::BackTab), A::PreviousTab),
        on(Tabs, Key::char('?'), A::Help),
        on(Tabs, plain(Code::Esc), A::Close),
        on(Tabs, Key::char('q'), A::Quit),
        on(Tabs, Key::ctrl('c'), A::Quit),
        on(Live, Key::char('/'), A::EditFilter),
        on(Live, Key::char('s'), A::NextSort),
        on(Live, Key::char('S'), A::ReverseSort),
        on(Live, plain(Code::Enter), A::OpenDevice),
        on(Device, Key::char('n'), A::NextDevice),
        on(Device, Key::char('N'), A::PreviousDevice),
        on(Device, Key::char('['), A::ZoomIn),
        on(Device, Key::char(']'), A::ZoomOut),
        on(Device, Key::char('v'), A::NextCurve),
        on(Log, Key::char('/'), A::EditFilter),
        on(Log, Key::char('v'), A::NextLevel),
        on(Help, Key::char('?'), A::Help),
        on(Help, plain(Code::Esc), A::Close),
        on(Help, Key::char('q'), A::Close),
        on(Help, plain(Code::Up), A::Up),
        on(Help, Key::char('k'), A::Up),
        on(Help, plain(Code::Down), A::Down),
        on(Help, Key::char('j'), A::Down),
        on(Help, Key::ctrl('c'), A::Quit),
        on(Filter, plain(Code::Enter), A::Accept),
        on(Filter, plain(Code::Esc), A::Cancel),
        on(Filter, plain(Code::Backspace), A::DeleteBack),
        on(Filter, Key::ctrl('u'), A::DeleteAll),
        on(Filter, Key::ctrl('c'), A::Quit),
    ]
};

/// What the footer offers, most important last to go when the terminal is narrow.
pub const FOOTER: &[(Context, &[Action])] = &[
    (
        Context::Live,
        &[
            Action::Up,
            Action::OpenDevice,
            Action::EditFilter,
            Action::NextSort,
            Action::Freeze,
            Action::Pause,
            Action::SeekBack,
            Action::Slower,
            Action::Step,
            Action::Privacy,
            Action::Help,
            Action::Quit,
        ],
    ),
    (
        Context::Device,
        &[
            Action::Up,
            Action::NextDevice,
            Action::ZoomIn,
            Action::NextCurve,
            Action::Freeze,
            Action::Pause,
            Action::SeekBack,
            Action::Privacy,
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
            Action::Help,
            Action::Quit,
        ],
    ),
    (Context::Help, &[Action::Up, Action::Close]),
    (Context::Filter, &[Action::Accept, Action::Cancel, Action::DeleteAll]),
];

/// What a key does in a context.
#[must_use]
pub fn resolve(context: Context, key: Key) -> Option<Action> {
    let within = |context| {
        BINDINGS
            .iter()
            .find(|binding| binding.context == context && binding.key == key)
            .map(|binding| binding.action)
    };
    within(context).or_else(|| context.outer().and_then(within))
}

/// The keys of an action in a context, and in the one around it.
pub fn keys(context: Context, action: Action) -> impl Iterator<Item = Key> {
    BINDINGS
        .iter()
        .filter(move |binding| {
            binding.action == action
                && (binding.context == context
                    || (context.outer() == Some(binding.context) && resolve(context, binding.key) == Some(action)))
        })
        .map(|binding| binding.key)
}

/// The key of an action as the footer shows it, with what it does; two opposite actions share one entry.
#[must_use]
pub fn footer_entry(context: Context, action: Action) -> Option<(String, &'static str)> {
    let first = keys(context, action).next()?;
    let opposite = match action {
        Action::Up => Some((Action::Down, "select")),
        Action::SeekBack => Some((Action::SeekForward, "10 s")),
        Action::Slower => Some((Action::Faster, "speed")),
        Action::ZoomIn => Some((Action::ZoomOut, "zoom")),
        Action::NextDevice => Some((Action::PreviousDevice, "device")),
        _ => None,
    };
    let Some((opposite, label)) = opposite else {
        return Some((first.to_string(), action.label()));
    };
    let second = keys(context, opposite)
        .next()
        .map_or_else(String::new, |key| key.to_string());
    let between = if matches!(first.code, Code::Char(_)) { "/" } else { "" };
    Some((format!("{first}{between}{second}"), label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_key_stands_twice_in_a_context() {
        let mut seen = BTreeSet::new();
        for binding in BINDINGS {
            assert!(seen.insert((binding.context, binding.key)), "{binding:?}");
        }
    }

    #[test]
    fn every_action_can_be_reached_and_every_footer_entry_has_a_key() {
        for action in Action::ALL {
            assert!(BINDINGS.iter().any(|binding| binding.action == action), "{action:?}");
        }
        for (context, actions) in FOOTER {
            for action in *actions {
                assert!(footer_entry(*context, *action).is_some(), "{context:?} {action:?}");
            }
        }
    }

    #[test]
    fn control_c_quits_and_there_is_a_way_out_everywhere() {
        for context in Context::ALL {
            assert_eq!(resolve(context, Key::ctrl('c')), Some(Action::Quit));
            let is_outer = Context::ALL.iter().any(|inner| inner.outer() == Some(context));
            assert!(is_outer || FOOTER.iter().any(|(other, _)| *other == context));
        }
    }

    #[test]
    fn every_tab_has_its_number() {
        for (number, tab) in ('1'..).zip(Tab::ALL) {
            assert_eq!(resolve(tab.context(), Key::char(number)), Some(Action::Show(tab)));
            assert_eq!(tab.context().outer(), Some(Context::Tabs));
        }
    }

    #[test]
    fn a_context_that_takes_text_binds_no_plain_character() {
        for binding in BINDINGS.iter().filter(|binding| binding.context.takes_text()) {
            assert!(
                binding.key.ctrl || !matches!(binding.key.code, Code::Char(_)),
                "{binding:?}"
            );
        }
    }
}
