//! The device table: order, selection, scrolling, freezing.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Column, Columns};
use super::filter::Filter;
use super::follow::Follow;
use super::model::Model;
use super::rows;
use crate::lab::distance::live::LiveDistances;
use crate::lab::doubt::Doubts;
use crate::lab::ledger::{Record, TrackKey};
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::track::Track;

/// Devices whose ages are within the same step are alike when sorted by age.
const AGE_STEP: Micros = Micros::from_secs(5);

/// The view held still.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// When, by the clock of the data.
    pub now: UnixMicros,
    tracks: Vec<Track>,
    slots: BTreeMap<TrackKey, usize>,
}

impl Frozen {
    fn new(session: &Session) -> Self {
        let tracks = session.tracks().to_vec();
        let slots = tracks
            .iter()
            .enumerate()
            .map(|(slot, track)| (track.key, slot))
            .collect();
        Self {
            now: session.now(),
            tracks,
            slots,
        }
    }
}

/// State of the device table.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The devices shown, in order.
    pub order: Vec<TrackKey>,
    /// Which columns are shown.
    pub columns: Columns,
    /// By what they are sorted.
    pub sort: Column,
    /// The other way round.
    pub is_reversed: bool,
    /// The selected device; it stays selected wherever it moves.
    pub selected: Option<TrackKey>,
    /// Number of the topmost row on the screen.
    pub top: usize,
    /// Which devices are shown.
    pub filter: Filter,
    /// Devices that were known when they were subtracted, and are not shown.
    pub subtracted: BTreeSet<TrackKey>,
    /// The device that is kept an eye on.
    pub follow: Option<Follow>,
    /// The view held still.
    pub frozen: Option<Box<Frozen>>,
    /// Devices heard of late, and those of them that broadcast exposure notifications, before the filter.
    pub heard: (usize, usize),
    /// Where the selected device was in the order.
    selected_idx: usize,
    pub(super) needs_order: bool,
    /// Events came since the last tick.
    pub(super) has_news: bool,
}

impl Model {
    /// The tracks that the view shows: the present ones, or those held.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        self.live
            .frozen
            .as_ref()
            .map_or_else(|| self.session.tracks(), |frozen| &frozen.tracks)
    }

    /// A track that the view shows.
    #[must_use]
    pub fn track(&self, key: TrackKey) -> Option<&Track> {
        match &self.live.frozen {
            Some(frozen) => frozen.slots.get(&key).and_then(|slot| frozen.tracks.get(*slot)),
            None => self.session.track(key),
        }
    }

    /// The present of the view, by the clock of the data.
    #[must_use]
    pub fn now(&self) -> UnixMicros {
        self.live
            .frozen
            .as_ref()
            .map_or_else(|| self.session.now(), |frozen| frozen.now)
    }

    /// The selected device's track.
    #[must_use]
    pub fn selected(&self) -> Option<&Track> {
        self.track(self.live.selected?)
    }

    /// Rows of the table that fit on the screen.
    #[must_use]
    pub fn page(&self) -> usize {
        self.heights().map_or(0, |heights| usize::from(heights.table))
    }

    /// Lines between the status lines and the footer.
    #[must_use]
    pub fn body_height(&self) -> usize {
        self.heights().map_or(0, |heights| {
            let divider = u16::from(heights.panel > 0);
            usize::from(1 + heights.table + divider + heights.panel)
        })
    }

    /// Number of the selected row in the order.
    #[must_use]
    pub fn selected_idx(&self) -> Option<usize> {
        let selected = self.live.selected?;
        let is_it = |key: &TrackKey| *key == selected;
        match self.live.order.get(self.live.selected_idx) {
            Some(key) if is_it(key) => Some(self.live.selected_idx),
            _ => self.live.order.iter().position(is_it),
        }
    }

    pub(super) fn toggle_freeze(&mut self) {
        self.live.frozen = match self.live.frozen.take() {
            Some(_) => None,
            None => Some(Box::new(Frozen::new(&self.session))),
        };
        self.live.needs_order = true;
    }

    /// Hides the devices that are known now, or shows them again.
    pub(super) fn toggle_subtract(&mut self) {
        if self.live.subtracted.is_empty() {
            self.live.subtracted = self.tracks().iter().map(|track| track.key).collect();
        } else {
            self.live.subtracted.clear();
        }
        self.live.needs_order = true;
    }

    /// Sorts by the next column to the right that is shown, around the end.
    pub(super) fn sort_by_next(&mut self) {
        let shown = self.live.columns.shown(self.size.0);
        let place = |column: Column| shown.iter().position(|other| *other == column);
        // A column that is not shown comes before the first one.
        let from = place(self.live.sort).map_or(0, |idx| idx + 1);
        let next = shown.iter().cycle().skip(from).take(shown.len());
        if let Some(next) = next.copied().find(|column| column.is_sortable()) {
            self.live.sort = next;
        }
        self.live.is_reversed = false;
        self.live.needs_order = true;
    }

    pub(super) fn select(&mut self, idx: usize) {
        let idx = idx.min(self.live.order.len().saturating_sub(1));
        self.live.selected_idx = idx;
        self.live.selected = self.live.order.get(idx).copied();
        self.keep_selection_visible();
    }

    /// Selects the identifier to which the playback was sent, once it was heard.
    pub(super) fn select_arrival(&mut self) {
        if let Some(super::audit::Sought { at, key, awaits_reset }) = self.sought
            && !awaits_reset
            && self.session.now() > at
        {
            self.sought = None;
            self.uncover(key);
            if self.live.order.contains(&key) {
                self.live.selected = Some(key);
                self.live.selected_idx = self.selected_idx().unwrap_or(0);
                (self.device.field, self.device.top) = (0, 0);
            }
        }
        let Some(at) = self.arrival.filter(|at| self.session.now() > *at) else {
            return;
        };
        self.arrival = None;
        let records = self.session.ledger().iter();
        let found = records
            .filter(|record| record.first == at && record.rpi().is_some())
            .last();
        if let Some(key) = found.map(Record::key).filter(|key| self.live.order.contains(key)) {
            self.live.selected = Some(key);
            self.live.selected_idx = self.selected_idx().unwrap_or(0);
            (self.device.field, self.device.top) = (0, 0);
        }
    }

    /// Shows a device that is heard and that the table leaves out, and says what was given up for it.
    fn uncover(&mut self, key: TrackKey) {
        let Some(track) = self.session.track(key).filter(|_| !self.live.order.contains(&key)) else {
            return;
        };
        let is_filtered = !self.live.filter.matches(&self.session, track, self.session.now());
        let is_subtracted = self.live.subtracted.remove(&key);
        let is_held = self.live.frozen.take().is_some();
        if is_filtered {
            self.live.filter = Filter::default();
        }
        self.reorder();
        let given_up: Vec<&str> = [
            (is_filtered, "the filter is cleared"),
            (is_subtracted, "it is subtracted no longer"),
            (is_held, "the view goes on"),
        ]
        .into_iter()
        .filter_map(|(is_so, what)| is_so.then_some(what))
        .collect();
        if !given_up.is_empty() {
            self.say(&format!(
                "{}: the sender of the packet was not shown",
                given_up.join(", ")
            ));
        }
    }

    pub(super) fn keep_selection_visible(&mut self) {
        let page = self.page().max(1);
        let most = self.live.order.len().saturating_sub(page);
        let idx = self.live.selected_idx;
        self.live.top = self.live.top.min(most).min(idx).max((idx + 1).saturating_sub(page));
    }

    /// Sorts what is shown anew, and finds the selected device again.
    pub(super) fn reorder(&mut self) {
        self.live.needs_order = false;
        let now = self.now();
        let (sort, is_reversed) = (self.live.sort, self.live.is_reversed);
        let followed = self.live.follow.as_ref().map(|follow| follow.key);
        let subtracted = &self.live.subtracted;
        let is_known = |track: &Track| subtracted.contains(&track.key) && followed != Some(track.key);
        let shown = |track: &&Track| self.live.filter.matches(&self.session, track, now) && !is_known(track);
        let tracks = self.tracks();
        let heard = (
            tracks.len(),
            tracks.iter().filter(|track| track.family.is_gaen()).count(),
        );
        let mut keyed: Vec<(i128, &Track)> = tracks
            .iter()
            .filter(shown)
            .map(|track| (sort_key((&self.session, &self.distances), track, sort, now), track))
            .collect();
        keyed.sort_unstable_by(|(a_key, a), (b_key, b)| {
            let order = if is_reversed {
                b_key.cmp(a_key)
            } else {
                a_key.cmp(b_key)
            };
            order.then_with(|| tie(a, b))
        });
        let order: Vec<TrackKey> = keyed.into_iter().map(|(_, track)| track.key).collect();
        self.live.heard = heard;
        self.live.order = order;
        let idx = self.selected_idx().unwrap_or(self.live.selected_idx);
        self.select(idx);
    }
}

/// First heard first, then by address: nothing jumps.
fn tie(a: &Track, b: &Track) -> Ordering {
    (a.first, a.key).cmp(&(b.first, b.key))
}

/// The first letters as a number that sorts as they do.
fn name_key(name: &str) -> i128 {
    let letters = name.chars().flat_map(char::to_lowercase).chain(std::iter::repeat('\0'));
    // Five letters of 21 bits each fit.
    letters
        .take(5)
        .fold(0, |key, letter| key << 21 | i128::from(u32::from(letter)))
}

/// The distance by which a device is sorted, in metres: the true one, else the estimated one.
fn distance(session: &Session, distances: &LiveDistances, track: &Track, now: UnixMicros) -> Option<f64> {
    let truth = rows::distance(session, track, now).map(|known| known.0);
    truth.or_else(|| rows::estimate(distances, track).map(|found| found.estimate.distance_m))
}

fn sort_key((session, distances): (&Session, &LiveDistances), track: &Track, sort: Column, now: UnixMicros) -> i128 {
    match sort {
        Column::Kind | Column::Spark => track.family as i128,
        Column::Heard => -i128::from(track.heard),
        // As it is shown: what looks alike does not trade places.
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
        Column::Distance => {
            distance(session, distances, track, now).map_or(i128::MAX, |metres| (metres * 10.0).round() as i128)
        }
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
        Column::Interval => {
            rows::estimate(distances, track).map_or(i128::MAX, |found| (found.estimate.high_m * 10.0).round() as i128)
        }
        Column::Age => i128::from(now.since(track.last).0.div_euclid(AGE_STEP.0)),
        Column::Address => {
            let bytes = track.key.address.bytes.iter();
            bytes.fold(0, |number, byte| number << 8 | i128::from(*byte))
        }
        Column::Rpi => track
            .rpi
            .map_or(i128::MAX, |rpi| i128::from_be_bytes(rpi.0) ^ i128::MIN),
        #[expect(clippy::cast_possible_truncation, reason = "levels are within -128..=127")]
        Column::Rssi => track
            .history
            .seconds()
            .next_back()
            .map_or(i128::MAX, |newest| -(newest.mean() as i128)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an attenuation is a few hundred decibels at most"
        )]
        Column::Attenuation => rows::attenuation(session, track).map_or(i128::MAX, |found| found.value.0 as i128),
        Column::Rotations => {
            let n = rows::rotations(session, track).map_or(-1, |n| i128::try_from(n).unwrap_or(i128::MAX / 4));
            -(2 * n + i128::from(!Doubts::of(session, track).is_empty()))
        }
        Column::Name => rows::name(session, track).map_or(i128::MAX, name_key),
        #[expect(clippy::cast_possible_truncation, reason = "a rate of reports")]
        Column::Rate => -((track.rate(now) * 10.0) as i128),
    }
}
