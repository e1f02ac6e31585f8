//! Which key does what where: the one table from which keys are resolved and footer and help are made. A person's own
//! bindings come on top of it.

mod footer;
mod table;

use super::action::Action;
use super::key::{Code, Key};
use super::tab::Tab;

pub use footer::{FOOTER, footer_entry};
use table::BINDINGS;

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Every tab, for keys that the tab itself does not take.
    Tabs,
    /// The device table.
    Live,
    /// One device.
    Device,
    /// Measuring a phone.
    Calibrate,
    /// Exposure windows.
    Exposure,
    /// The privacy audit.
    Audit,
    /// The library.
    Captures,
    /// What happened.
    Log,
    /// The list of keys.
    Help,
    /// The list of columns.
    Columns,
    /// A question that is answered with yes or no.
    Question,
    /// Wherever something is typed, for keys that the place itself does not take.
    Text,
    /// Typing a filter, or words to look for.
    Filter,
    /// Typing a command.
    Command,
    /// Filling in a form.
    Form,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 15] = [
        Self::Tabs,
        Self::Live,
        Self::Device,
        Self::Calibrate,
        Self::Exposure,
        Self::Audit,
        Self::Captures,
        Self::Log,
        Self::Help,
        Self::Columns,
        Self::Question,
        Self::Text,
        Self::Filter,
        Self::Command,
        Self::Form,
    ];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tabs => "tabs",
            Self::Live => "live",
            Self::Device => "device",
            Self::Calibrate => "calibrate",
            Self::Exposure => "exposure",
            Self::Audit => "audit",
            Self::Captures => "captures",
            Self::Log => "log",
            Self::Help => "help",
            Self::Columns => "columns",
            Self::Question => "question",
            Self::Text => "text",
            Self::Filter => "filter",
            Self::Command => "command",
            Self::Form => "form",
        }
    }

    /// Where it is, for the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tabs => "everywhere",
            Self::Live => "on the tab Live",
            Self::Device => "on the tab Device",
            Self::Calibrate => "on the tab Calibrate",
            Self::Exposure => "on the tab Exposure",
            Self::Audit => "on the tab Audit",
            Self::Captures => "on the tab Captures",
            Self::Log => "on the tab Log",
            Self::Help => "over the list of keys",
            Self::Columns => "over the list of columns",
            Self::Question => "to a question",
            Self::Text => "wherever something is typed",
            Self::Filter => "typing a filter",
            Self::Command => "typing a command",
            Self::Form => "in a form",
        }
    }

    /// Whether characters that are no command are typed into something.
    #[must_use]
    pub const fn takes_text(self) -> bool {
        matches!(self, Self::Text | Self::Filter | Self::Command | Self::Form)
    }

    /// Where keys go that this context does not take.
    #[must_use]
    pub const fn outer(self) -> Option<Self> {
        match self {
            Self::Live | Self::Device | Self::Calibrate | Self::Exposure | Self::Audit | Self::Captures | Self::Log => {
                Some(Self::Tabs)
            }
            Self::Filter | Self::Command | Self::Form => Some(Self::Text),
            Self::Tabs | Self::Help | Self::Columns | Self::Question | Self::Text => None,
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The key.
    pub key: Key,
    /// What it does; `None`: nothing, although the context around it binds it.
    pub action: Option<Action>,
}

/// Why a person's binding cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// Leaving must always be possible.
    #[error("Ctrl-c always quits")]
    Reserved,
    /// The character could not be typed any more.
    #[error("a character without Ctrl is typed there")]
    Typed,
    /// The action does nothing there.
    #[error("that does nothing there")]
    Elsewhere,
}

/// All bindings, a person's own before the built-in ones; no key stands twice in a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap(Vec<Binding>);

impl Default for Keymap {
    fn default() -> Self {
        // `1` to `9` are the tabs.
        let numbers = ('1'..='9').zip(Tab::ALL);
        let tabs = numbers.map(|(number, tab)| table::on(Context::Tabs, Key::char(number), Action::Show(tab)));
        Self(BINDINGS.iter().copied().chain(tabs).collect())
    }
}

impl Keymap {
    /// Every binding, a person's own first.
    pub fn bindings(&self) -> impl Iterator<Item = Binding> {
        self.0.iter().copied()
    }

    /// Puts a binding before the others; `None` takes the key's meaning away.
    ///
    /// # Errors
    /// [`BindingError`] where it cannot be; the map stays as it is.
    pub fn bind(&mut self, context: Context, key: Key, action: Option<Action>) -> Result<(), BindingError> {
        if key == Key::ctrl('c') {
            return Err(BindingError::Reserved);
        }
        if context.takes_text() && !key.ctrl && matches!(key.code, Code::Char(_)) {
            return Err(BindingError::Typed);
        }
        if action.is_some_and(|action| !is_at_home(context, action)) {
            return Err(BindingError::Elsewhere);
        }
        self.0
            .retain(|binding| (binding.context, binding.key) != (context, key));
        self.0.insert(0, Binding { context, key, action });
        Ok(())
    }

    /// What a key does in a context.
    #[must_use]
    pub fn resolve(&self, context: Context, key: Key) -> Option<Action> {
        let within = |context| {
            let mut bindings = self.0.iter();
            bindings.find(|binding| binding.context == context && binding.key == key)
        };
        let found = within(context).or_else(|| context.outer().and_then(within));
        found.and_then(|binding| binding.action)
    }

    /// The keys of an action in a context, and in the one around it.
    pub fn keys(&self, context: Context, action: Action) -> impl Iterator<Item = Key> {
        self.bindings()
            .filter(move |binding| binding.action == Some(action))
            .filter(move |binding| {
                binding.context == context
                    || (context.outer() == Some(binding.context) && self.resolve(context, binding.key) == Some(action))
            })
            .map(|binding| binding.key)
    }
}

/// Whether an action does something in a context: where it is bound, around that, and in what lies within.
fn is_at_home(context: Context, action: Action) -> bool {
    let is_at = |binding: &Binding| {
        let places = [Some(binding.context), binding.context.outer()];
        places.contains(&Some(context)) || context.outer() == Some(binding.context)
    };
    Keymap::default()
        .0
        .iter()
        .any(|binding| binding.action == Some(action) && is_at(binding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_key_stands_twice_in_a_context() {
        let mut seen = BTreeSet::new();
        for binding in &Keymap::default().0 {
            assert!(seen.insert((binding.context, binding.key)), "{binding:?}");
        }
    }

    #[test]
    fn every_action_can_be_reached_and_every_footer_entry_has_a_key() {
        let keymap = Keymap::default();
        for action in Action::all() {
            assert!(
                keymap.bindings().any(|binding| binding.action == Some(action)),
                "{action:?}"
            );
        }
        for (context, actions) in FOOTER {
            for action in *actions {
                assert!(
                    footer_entry(&keymap, *context, *action).is_some(),
                    "{context:?} {action:?}"
                );
            }
        }
    }

    #[test]
    fn control_c_quits_and_there_is_a_way_out_everywhere() {
        let keymap = Keymap::default();
        for context in Context::ALL {
            assert_eq!(
                keymap.resolve(context, Key::ctrl('c')),
                Some(Action::Quit),
                "{context:?}"
            );
            let is_outer = Context::ALL.iter().any(|inner| inner.outer() == Some(context));
            assert!(is_outer || FOOTER.iter().any(|(other, _)| *other == context));
        }
    }

    #[test]
    fn every_tab_has_its_number() {
        for (number, tab) in ('1'..).zip(Tab::ALL) {
            let action = Keymap::default().resolve(tab.context(), Key::char(number));
            assert_eq!(action, Some(Action::Show(tab)));
            assert_eq!(tab.context().outer(), Some(Context::Tabs));
        }
    }

    #[test]
    fn a_context_that_takes_text_binds_no_plain_character() {
        for binding in Keymap::default()
            .0
            .iter()
            .filter(|binding| binding.context.takes_text())
        {
            assert!(
                binding.key.ctrl || !matches!(binding.key.code, Code::Char(_)),
                "{binding:?}"
            );
        }
    }

    #[test]
    fn own_bindings_come_first_and_can_take_a_meaning_away() {
        let mut keymap = Keymap::default();
        keymap
            .bind(Context::Live, Key::char('x'), Some(Action::Freeze))
            .unwrap();
        assert_eq!(keymap.resolve(Context::Live, Key::char('x')), Some(Action::Freeze));
        assert_eq!(keymap.keys(Context::Live, Action::Freeze).next(), Some(Key::char('x')));
        assert_eq!(keymap.keys(Context::Live, Action::Subtract).next(), None);
        keymap.bind(Context::Live, Key::char('f'), None).unwrap();
        assert_eq!(keymap.resolve(Context::Live, Key::char('f')), None);
        assert_eq!(keymap.resolve(Context::Device, Key::char('f')), Some(Action::Freeze));
    }

    #[test]
    fn what_cannot_be_bound_is_refused() {
        let mut keymap = Keymap::default();
        let mut bind = |context, key, action| keymap.bind(context, key, action).unwrap_err();
        assert_eq!(bind(Context::Live, Key::ctrl('c'), None), BindingError::Reserved);
        assert_eq!(
            bind(Context::Filter, Key::char('a'), Some(Action::Accept)),
            BindingError::Typed
        );
        assert_eq!(
            bind(Context::Log, Key::char('a'), Some(Action::NextSort)),
            BindingError::Elsewhere
        );
        assert_eq!(keymap, Keymap::default());
    }
}
