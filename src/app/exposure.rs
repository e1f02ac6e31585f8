//! The tab of exposure: windows as they form, what applications would make of them, and what if.

use std::sync::Arc;

use super::action::Action;
use super::layout;
use super::model::Model;
use crate::lab::advert::StationId;
use crate::lab::exposure::encounters::{Encounters, Who};
use crate::lab::exposure::published::Published;
use crate::lab::exposure::rule::{self, ApiWindow, Chain, Config, Decision, Evidence};
use crate::lab::sightings::windows::Window;
use crate::lab::time::UnixMicros;

/// Windows that are listed: of more, the newest. All of them count.
const MOST_ROWS: usize = 2_000;
/// How far thresholds can be moved, in dB.
const MOST_SHIFT_DB: i32 = 40;
/// Rules that stand side by side at first.
const AT_FIRST: [&str; 2] = ["immuni-production-2020-06-22", "swisscovid"];

/// Whose windows are decided upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those of the published keys; where no key was heard, of everyone, as if all had reported.
    #[default]
    Everyone,
    /// Those of the selected sender, as if that one alone had reported.
    Selected,
}

/// Which window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// When it opened.
    pub from: UnixMicros,
    /// Who heard.
    pub receiver: StationId,
    /// Who was heard.
    pub who: Who,
}

/// One window of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowRow {
    /// Which.
    pub key: RowKey,
    /// Its scans.
    pub window: Window,
    /// Why applications do not get it, if so.
    pub hidden: Option<&'static str>,
}

/// State of the tab.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// All windows so far.
    pub encounters: Encounters,
    /// Published keys that were heard.
    pub published: Arc<Published>,
    /// The rules that can be chosen.
    pub rules: Vec<Config>,
    /// The two that are: numbers of them.
    pub chosen: [usize; 2],
    /// Whether the second one is shown.
    pub has_second: bool,
    shown: Vec<Config>,
    /// By how much all thresholds are moved up, in dB.
    pub shift_db: i32,
    /// Whose windows count.
    pub scope: Scope,
    /// The selected window.
    pub selected: Option<RowKey>,
    /// Number of the topmost window on the screen.
    pub top: usize,
    /// The windows, newest first.
    pub rows: Vec<WindowRow>,
    /// What the applications of the two rules would do.
    pub decisions: Vec<Decision>,
    /// How many senders were decided upon.
    pub n_senders: usize,
    /// The encounters that `rows` was made of.
    made_of: Option<u64>,
    /// Time has passed since.
    is_due: bool,
}

impl Default for Exposure {
    fn default() -> Self {
        let rules = rule::built_in().to_vec();
        let place = |name: &str| rules.iter().position(|rule| rule.name == name).unwrap_or(0);
        let mut exposure = Self {
            encounters: Encounters::default(),
            published: Arc::default(),
            chosen: AT_FIRST.map(place),
            rules,
            shown: Vec::new(),
            has_second: true,
            shift_db: 0,
            scope: Scope::default(),
            selected: None,
            top: 0,
            rows: Vec::new(),
            decisions: Vec::new(),
            n_senders: 0,
            made_of: None,
            is_due: false,
        };
        exposure.choose();
        exposure
    }
}

impl Exposure {
    /// Something that decides has changed, but not the encounters.
    pub(super) const fn decide_anew(&mut self) {
        self.made_of = None;
    }

    /// Time passes: what came is to be shown.
    pub(super) const fn pass_time(&mut self) {
        self.is_due = true;
    }

    /// The rules that stand side by side, with their thresholds where they were moved to.
    pub fn shown(&self) -> impl Iterator<Item = &Config> {
        self.shown.iter()
    }

    /// To be called after every change of what is chosen: all is decided anew.
    fn choose(&mut self) {
        let n = if self.has_second { 2 } else { 1 };
        let chosen = self.chosen.iter().take(n).filter_map(|number| self.rules.get(*number));
        self.shown = chosen.map(|rule| rule.with_thresholds_moved(self.shift_db)).collect();
        self.made_of = None;
    }

    /// The number of the selected window in the list.
    #[must_use]
    pub fn selected_idx(&self) -> Option<usize> {
        let key = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.key == *key)
    }

    /// The selected window.
    #[must_use]
    pub fn selected_row(&self) -> Option<&WindowRow> {
        self.rows.get(self.selected_idx()?)
    }

    /// Selects a window; whose windows count may follow.
    pub(super) fn select(&mut self, key: RowKey) {
        self.selected = Some(key);
        self.made_of = None;
    }

    /// Everything begins anew; what is chosen stays.
    pub(super) fn clear(&mut self) {
        self.encounters = Encounters::default();
        self.rows.clear();
        self.decisions.clear();
        self.selected = None;
        (self.top, self.made_of) = (0, None);
    }

    /// Puts rules of a person's own before the others, in place of those of the same names, and shows the first.
    pub(super) fn take_rules(&mut self, rules: Vec<Config>) {
        let names: Vec<String> = self
            .chosen
            .iter()
            .filter_map(|n| self.rules.get(*n))
            .map(|rule| rule.name.clone())
            .collect();
        self.rules.retain(|rule| !rules.iter().any(|own| own.name == rule.name));
        self.rules.splice(0..0, rules);
        let place = |name: Option<&String>| name.and_then(|name| self.rules.iter().position(|rule| rule.name == *name));
        self.chosen = [0, place(names.last()).unwrap_or(0)];
        self.choose();
    }

    /// Whose windows count: all of a receiver, or those of one sender there.
    fn counts(&self, receiver: StationId, key: &RowKey) -> bool {
        key.receiver == receiver
            && match self.scope {
                Scope::Selected => self.selected.as_ref().is_some_and(|selected| selected.who == key.who),
                Scope::Everyone if self.published.is_empty() => true,
                Scope::Everyone => self.encounters.key_of(&key.who).is_some(),
            }
    }

    fn report_type(&self, who: &Who) -> u8 {
        match self.encounters.key_of(who) {
            Some(number) => self.published.key(number).map_or(0, |key| key.report_type),
            None => 1,
        }
    }

    /// As the application of a rule would get a window.
    fn given(&self, config: &Config, key: &RowKey, window: &Window) -> ApiWindow {
        let onset = match self.encounters.key_of(&key.who) {
            Some(number) => self.published.key(number).and_then(|key| key.days_since_onset),
            None => Some(0),
        };
        let level = config
            .infectiousness
            .as_ref()
            .map_or(1, |map| map.map().get(onset) as u8);
        ApiWindow::new(window, self.report_type(&key.who), level)
    }

    /// What a window amounts to under a rule: minutes, or a score.
    #[must_use]
    pub fn weight(&self, config: &Config, row: &WindowRow) -> f64 {
        config.weigh(&self.given(config, &row.key, &row.window))
    }

    fn make_rows(&mut self) {
        let mut rows = Vec::new();
        for encounter in self.encounters.iter() {
            let hidden = (self.report_type(encounter.who) == 5).then_some("revoked");
            for window in encounter.windows {
                let Some(first) = window.0.first() else { continue };
                let key = RowKey {
                    from: first.at,
                    receiver: encounter.receiver,
                    who: encounter.who.clone(),
                };
                rows.push(WindowRow { key, window, hidden });
            }
        }
        rows.sort_by(|a, b| b.key.from.cmp(&a.key.from).then_with(|| a.key.cmp(&b.key)));
        self.rows = rows;
    }

    fn decide(&mut self, today: UnixMicros) {
        let receiver = self
            .selected
            .as_ref()
            .or(self.rows.first().map(|row| &row.key))
            .map_or(StationId(0), |key| key.receiver);
        let counting: Vec<&WindowRow> = self.rows.iter().filter(|row| self.counts(receiver, &row.key)).collect();
        let mut by_sender: std::collections::BTreeMap<&Who, Vec<&Window>> = std::collections::BTreeMap::new();
        // The list is newest first.
        for row in counting.iter().rev() {
            by_sender.entry(&row.key.who).or_default().push(&row.window);
        }
        let n_senders = by_sender.len();
        let chains: Vec<Chain> = by_sender
            .iter()
            .filter(|(who, _)| self.report_type(who) != 5)
            .map(|(_, windows)| {
                let windows: Vec<Window> = windows.iter().copied().cloned().collect();
                Chain::new(&windows, 0)
            })
            .collect();
        let decide = |config: &Config| {
            let windows: Vec<ApiWindow> = counting
                .iter()
                .map(|row| self.given(config, &row.key, &row.window))
                .collect();
            config.decide_on(Evidence {
                windows: &windows,
                chains: Some(&chains),
                today: Some(today.whole_seconds().div_euclid(86_400)),
            })
        };
        let decisions: Vec<Decision> = self.shown().map(decide).collect();
        self.rows.truncate(MOST_ROWS);
        (self.decisions, self.n_senders) = (decisions, n_senders);
    }
}

impl Model {
    /// Lines of the list of windows that fit on the screen.
    #[must_use]
    pub fn exposure_page(&self) -> usize {
        layout::exposure(self.body_height(), self.exposure.shown().count()).rows
    }

    /// Brings the list and the decisions up to date, where the encounters changed since.
    pub(super) fn settle_exposure(&mut self) {
        let version = self.exposure.encounters.version();
        let is_old = self.exposure.made_of != Some(version) && self.exposure.is_due;
        // A key is answered at once; what comes waits for the tick.
        if is_old || self.exposure.made_of.is_none() {
            self.exposure.is_due = false;
            self.exposure.made_of = Some(version);
            let today = self.session.now();
            self.exposure.make_rows();
            self.exposure.decide(today);
        }
        let (page, exposure) = (self.exposure_page().max(1), &mut self.exposure);
        let n = exposure.rows.len();
        let Some(at) = exposure.selected_idx() else {
            exposure.selected = exposure.rows.first().map(|row| row.key.clone());
            exposure.top = 0;
            return;
        };
        exposure.top = exposure
            .top
            .min(n.saturating_sub(page))
            .min(at)
            .max((at + 1).saturating_sub(page));
    }

    pub(super) fn travel_exposure(&mut self, action: Action) {
        let page = self.exposure_page().max(1);
        let exposure = &mut self.exposure;
        let at = exposure.selected_idx().unwrap_or(0);
        let last = exposure.rows.len().saturating_sub(1);
        let to = action.travelled(at, page, last);
        if let Some(key) = exposure.rows.get(to).map(|row| row.key.clone()) {
            exposure.select(key);
        }
    }

    /// Does what a key asks of the tab.
    pub(super) fn act_on_exposure(&mut self, action: Action) {
        let exposure = &mut self.exposure;
        let n = exposure.rules.len().max(1);
        match action {
            Action::NextRule => exposure.chosen[0] = (exposure.chosen[0] + 1) % n,
            Action::NextSecondRule if exposure.has_second => exposure.chosen[1] = (exposure.chosen[1] + 1) % n,
            Action::NextSecondRule | Action::SecondRule => exposure.has_second = !exposure.has_second,
            Action::Scope => {
                exposure.scope = match exposure.scope {
                    Scope::Everyone => Scope::Selected,
                    Scope::Selected => Scope::Everyone,
                }
            }
            Action::LowerThresholds => exposure.shift_db = (exposure.shift_db - 1).max(-MOST_SHIFT_DB),
            Action::RaiseThresholds => exposure.shift_db = (exposure.shift_db + 1).min(MOST_SHIFT_DB),
            _ => exposure.shift_db = 0,
        }
        exposure.choose();
    }

    /// Shows these rules, by name.
    pub(super) fn choose_rules(&mut self, names: &[String]) -> Result<(), String> {
        let place = |name: &String| {
            let found = self.exposure.rules.iter().position(|rule| rule.name == *name);
            found.ok_or_else(|| format!("no rule {name:?}; Tab shows those there are"))
        };
        let places = names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        for (chosen, place) in self.exposure.chosen.iter_mut().zip(&places) {
            *chosen = *place;
        }
        self.exposure.has_second = places.len() > 1;
        self.exposure.choose();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
