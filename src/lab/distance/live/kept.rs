//! What is kept of an identifier at a receiver: its slices of every length as they form, and the levels of the last window.

use std::collections::VecDeque;

use crate::lab::address::Address;
use crate::lab::beacon::Family;
use crate::lab::gaen::Aem;

use super::{Reckoned, WINDOW_S};

/// Levels kept of the last window: of more, the newest.
const MOST_RECENT: usize = 256;

/// A slice on the scale of the reports: who sent it, and how strongly, is decided when it is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// Mean time, in seconds since the origin.
    pub(super) at_s: f64,
    /// Mean of the stronger half, in dBm.
    pub(super) rssi_dbm: f64,
    /// How many levels.
    pub(super) n: u32,
}

/// A slice that goes on. Its levels are counted, so that it stays small however many there are.
#[derive(Clone, Debug)]
struct Open {
    first_s: f64,
    sum_s: f64,
    n: u32,
    /// Strongest first.
    counts: Vec<(i8, u32)>,
}

impl Open {
    fn new(at_s: f64) -> Self {
        Self {
            first_s: at_s,
            sum_s: 0.0,
            n: 0,
            counts: Vec::new(),
        }
    }

    fn take(&mut self, at_s: f64, rssi: i8) {
        if self.n == u32::MAX {
            return;
        }
        self.sum_s += at_s;
        self.n += 1;
        match self.counts.binary_search_by(|(other, _)| rssi.cmp(other)) {
            Ok(place) => self.counts[place].1 += 1,
            Err(place) => self.counts.insert(place, (rssi, 1)),
        }
    }

    fn cut(&self) -> Cut {
        let stronger = self.n.div_ceil(2);
        let (mut left, mut sum) = (stronger, 0.0);
        for (rssi, count) in &self.counts {
            let taken = left.min(*count);
            sum += f64::from(*rssi) * f64::from(taken);
            left -= taken;
        }
        Cut {
            at_s: self.sum_s / f64::from(self.n.max(1)),
            rssi_dbm: sum / f64::from(stronger.max(1)),
            n: self.n,
        }
    }
}

/// The slices of one length.
#[derive(Clone, Debug, Default)]
pub(super) struct Forming {
    open: Option<Open>,
    closed: VecDeque<Cut>,
}

impl Forming {
    /// Takes a level; whether a slice was closed by it.
    fn take(&mut self, at_s: f64, rssi: i8, length_s: f64) -> bool {
        let goes_on = |open: &Open| (open.first_s..open.first_s + length_s).contains(&at_s);
        let ended = self.open.take_if(|open| !goes_on(open));
        self.closed.extend(ended.as_ref().map(Open::cut));
        self.open.get_or_insert_with(|| Open::new(at_s)).take(at_s, rssi);
        ended.is_some()
    }

    /// All slices whose middle is in this stretch of time, oldest first.
    pub(super) fn within(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = Cut> + '_ {
        let skipped = self.closed.partition_point(|cut| cut.at_s < from_s);
        let all = self.closed.range(skipped..).copied();
        all.chain(self.open.as_ref().map(Open::cut))
            .filter(move |cut| (from_s..=to_s).contains(&cut.at_s))
    }

    /// How many slices are kept that are not older.
    pub(super) fn n_from(&self, from_s: f64) -> usize {
        let skipped = self.closed.partition_point(|cut| cut.at_s < from_s);
        self.closed.len() - skipped + usize::from(self.open.is_some())
    }

    pub(super) fn n_closed(&self) -> usize {
        self.closed.len()
    }

    pub(super) fn closed(&self) -> impl Iterator<Item = &Cut> {
        self.closed.iter()
    }

    /// Lets go of what is older; how many slices went.
    pub(super) fn forget(&mut self, before_s: f64) -> usize {
        let n = self.closed.partition_point(|cut| cut.at_s < before_s);
        self.closed.drain(..n);
        n
    }
}

/// An identifier at a receiver.
#[derive(Clone, Debug)]
pub(super) struct Identifier {
    pub(super) address: Address,
    pub(super) family: Family,
    pub(super) aem: Option<Aem>,
    /// When it was heard last, in seconds since the origin.
    pub(super) latest_s: f64,
    recent: VecDeque<(f64, i8)>,
    /// By length of the slices.
    pub(super) lengths: Vec<Forming>,
    pub(super) reckoned: Option<Reckoned>,
}

impl Identifier {
    pub(super) fn new(address: Address, family: Family, aem: Option<Aem>) -> Self {
        Self {
            address,
            family,
            aem,
            latest_s: f64::NEG_INFINITY,
            recent: VecDeque::new(),
            lengths: Vec::new(),
            reckoned: None,
        }
    }

    /// Takes a level. How many slices of each length there are more or fewer is added to `kept`.
    pub(super) fn take(&mut self, at_s: f64, rssi: i8, (lengths_s, past_s): (&[f64], f64), kept: &mut [usize]) {
        self.latest_s = at_s;
        let is_old = |(other_s, _): &(f64, i8)| *other_s <= at_s - WINDOW_S;
        while self.recent.len() >= MOST_RECENT || self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
        self.recent.push_back((at_s, rssi));
        self.lengths.resize_with(lengths_s.len(), Forming::default);
        for ((forming, length_s), kept) in self.lengths.iter_mut().zip(lengths_s).zip(kept) {
            if forming.take(at_s, rssi, *length_s) {
                *kept += 1;
                *kept -= forming.forget(at_s - past_s);
            }
        }
    }

    /// The levels of a window that is not over for long.
    pub(super) fn levels(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = (f64, i8)> + '_ {
        let is_in = move |(at_s, _): &(f64, i8)| *at_s > from_s && *at_s <= to_s;
        self.recent.iter().copied().filter(is_in)
    }
}
