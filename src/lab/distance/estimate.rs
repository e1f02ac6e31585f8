//! Scores and estimates of windows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Mode;
use super::level::{Level, Phone, Slice, mean, slices};
use super::line::{Estimate, logit};
use super::map::{self, MOST};
use super::model::Model;
use super::proximity::Proximity;

/// Where in a long window it is looked.
const LOOKS: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// A window of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Who heard.
    pub receiver: Phone,
    /// Who sent.
    pub sender: Phone,
    /// Its beginning, in seconds since the origin of the levels.
    pub from_s: f64,
    /// Its length, in seconds.
    pub length_s: f64,
    /// The levels of the pair in it, as places among all levels.
    pub levels: Range<usize>,
}

/// How near a pair is in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// In dB: above 0 nearer than is usual.
    pub nearness_db: f64,
    /// Minus the logarithm of the distance on the map, where there is one.
    pub map: Option<f64>,
}

/// Windows that are computed together.
#[derive(Debug)]
pub struct Job(Vec<usize>);

/// Estimates from levels.
#[derive(Debug)]
pub struct Estimator<'a> {
    model: &'a Model,
    mode: Mode,
    levels: &'a [Level],
    /// Phones whose logs are given.
    stations: &'a BTreeSet<Phone>,
    /// With both directions of time: all of them, in order of time.
    slices: Vec<Slice>,
    /// While live: the levels of each receiver, in order of time.
    by_receiver: BTreeMap<Phone, Vec<Level>>,
    /// The slices' length.
    slice_s: f64,
}

impl<'a> Estimator<'a> {
    /// Over levels that are in order of receiver, sender and time. `stations` are the phones whose logs are given.
    #[must_use]
    pub fn new(levels: &'a [Level], stations: &'a BTreeSet<Phone>, mode: Mode, model: &'a Model) -> Self {
        let mut estimator = Self {
            model,
            mode,
            levels,
            stations,
            slices: Vec::new(),
            by_receiver: BTreeMap::new(),
            slice_s: 0.0,
        };
        let span_s = match mode {
            Mode::Live => model.time.past_s,
            Mode::Replay => model.time.block_s + 2.0 * model.time.halo_s,
        };
        for length_s in &model.time.slices_s {
            let mut cut = slices(&mut levels.to_vec(), *length_s);
            cut.sort_by(|a, b| {
                let pair = |slice: &Slice| (slice.receiver, slice.sender);
                a.at_s.total_cmp(&b.at_s).then(pair(a).cmp(&pair(b)))
            });
            estimator.slice_s = *length_s;
            let most = most_within(&cut, span_s, mode);
            estimator.slices = cut;
            let limit = match mode {
                Mode::Live => model.time.most_live_slices,
                Mode::Replay => model.time.most_slices,
            };
            if most <= limit {
                break;
            }
        }
        if mode == Mode::Live {
            estimator.slices.clear();
            for level in levels {
                estimator.by_receiver.entry(level.receiver).or_default().push(*level);
            }
            for levels in estimator.by_receiver.values_mut() {
                levels.sort_by(|a, b| a.at_s.total_cmp(&b.at_s).then(a.sender.cmp(&b.sender)));
            }
        }
        estimator
    }

    /// The windows in parts that can be computed beside each other; the result does not depend on how.
    #[must_use]
    pub fn jobs(&self, queries: &[Query]) -> Vec<Job> {
        let mut jobs: BTreeMap<(Option<Phone>, i64), Vec<usize>> = BTreeMap::new();
        for (place, query) in queries.iter().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "times of captures are some billion seconds"
            )]
            let key = match self.mode {
                Mode::Live => (Some(query.receiver), (query.from_s * 1e3).round() as i64),
                Mode::Replay => (None, (query.from_s / self.model.time.block_s).floor() as i64),
            };
            jobs.entry(key).or_default().push(place);
        }
        jobs.into_values().map(Job).collect()
    }

    /// The scores of the windows of a part, with their places.
    #[must_use]
    pub fn run(&self, queries: &[Query], job: &Job) -> Vec<(usize, Score)> {
        match self.mode {
            Mode::Live => self.live(queries, job),
            Mode::Replay => self.replay(queries, job),
        }
    }

    /// The scores of all windows, one part after the other.
    #[must_use]
    pub fn scores(&self, queries: &[Query]) -> Vec<Score> {
        let mut found: Vec<(usize, Score)> = self
            .jobs(queries)
            .iter()
            .flat_map(|job| self.run(queries, job))
            .collect();
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, score)| score).collect()
    }

    /// When it is looked into a window.
    fn looks(&self, query: &Query) -> Vec<f64> {
        if query.length_s > self.model.time.short_s {
            return LOOKS
                .iter()
                .map(|share| query.from_s + query.length_s * share)
                .collect();
        }
        let heard = self.levels.get(query.levels.clone()).unwrap_or_default();
        if heard.is_empty() {
            vec![query.from_s + query.length_s / 2.0]
        } else {
            vec![mean(heard.iter().map(|level| level.at_s))]
        }
    }

    fn live(&self, queries: &[Query], job: &Job) -> Vec<(usize, Score)> {
        let Some(first) = job.0.first().and_then(|place| queries.get(*place)) else {
            return Vec::new();
        };
        let end_s = first.from_s + first.length_s;
        let all = self.by_receiver.get(&first.receiver).map_or(&[][..], Vec::as_slice);
        let from = all.partition_point(|level| level.at_s < end_s - self.model.time.past_s);
        let to = all.partition_point(|level| level.at_s < end_s);
        let mut known = all.get(from..to).unwrap_or_default().to_vec();
        let slices = slices(&mut known, self.slice_s);
        let proximity = Proximity::new(&slices, &self.model.live);
        let score = |place: &usize| {
            let query = queries.get(*place)?;
            let nearness = self
                .looks(query)
                .into_iter()
                .map(|at_s| proximity.at(query.receiver, query.sender, at_s));
            let score = Score {
                nearness_db: mean(nearness),
                map: None,
            };
            Some((*place, score))
        };
        job.0.iter().filter_map(score).collect()
    }

    fn replay(&self, queries: &[Query], job: &Job) -> Vec<(usize, Score)> {
        let times = &self.model.time;
        let Some(first) = job.0.first().and_then(|place| queries.get(*place)) else {
            return Vec::new();
        };
        let block_s = (first.from_s / times.block_s).floor() * times.block_s;
        let longest_s = job
            .0
            .iter()
            .filter_map(|place| queries.get(*place))
            .map(|query| query.length_s)
            .fold(0.0, f64::max);
        let from = self.slices.partition_point(|slice| slice.at_s < block_s - times.halo_s);
        let to = self
            .slices
            .partition_point(|slice| slice.at_s <= block_s + times.block_s + longest_s + times.halo_s);
        let known = self.slices.get(from..to).unwrap_or_default();
        let proximity = Proximity::new(known, &self.model.replay);
        let mut maps = Maps {
            estimator: self,
            proximity: &proximity,
            known,
            made: BTreeMap::new(),
        };
        let mut score = |place: &usize| {
            let query = queries.get(*place)?;
            let looks = self.looks(query);
            let nearness = looks
                .iter()
                .map(|at_s| proximity.at(query.receiver, query.sender, *at_s));
            let nearness_db = mean(nearness);
            let on_map: Option<Vec<f64>> = looks.iter().map(|at_s| maps.distance(query, *at_s)).collect();
            let minus_log = |distance: &f64| -(distance + self.model.map.least_m).ln();
            let map = on_map.map(|distances| mean(distances.iter().map(minus_log)));
            Some((*place, Score { nearness_db, map }))
        };
        job.0.iter().filter_map(&mut score).collect()
    }
}

impl Model {
    /// The distance that a score tells for a window.
    #[must_use]
    pub fn estimate(&self, mode: Mode, query: &Query, score: Score) -> Estimate {
        let line = self.line(mode, query.length_s, score.map.is_some());
        line.estimate(self.combined(score))
    }

    /// The score that the line takes.
    #[must_use]
    pub fn combined(&self, score: Score) -> f64 {
        match score.map {
            Some(map) => map + self.map.per_db * score.nearness_db,
            None => score.nearness_db,
        }
    }

    /// Which pairs are to be taken for near, at both distances: those for which the odds are better than is usual where the
    /// model was learnt, and with both directions of time also than is usual about that time here. A miss and a false alarm
    /// then cost the same.
    #[must_use]
    pub fn decide(&self, mode: Mode, queries: &[Query], estimates: &[Estimate]) -> Vec<[bool; 2]> {
        let mut order: Vec<usize> = (0..queries.len().min(estimates.len())).collect();
        order.sort_by(|a, b| queries[*a].from_s.total_cmp(&queries[*b].from_s).then(a.cmp(b)));
        let of = |which: usize| self.decide_on(which, mode, (queries, estimates), &order);
        let [nearest, near] = [of(0), of(1)];
        nearest
            .into_iter()
            .zip(near)
            .map(|(nearest, near)| [nearest, near])
            .collect()
    }

    /// As [`Model::decide`], for one of [`NEAR_M`](super::line::NEAR_M).
    fn decide_on(
        &self,
        which: usize,
        mode: Mode,
        (queries, estimates): (&[Query], &[Estimate]),
        order: &[usize],
    ) -> Vec<bool> {
        let p = |place: &usize| estimates[*place].p_near[which];
        // Sums up to each place, so that a mean over a span costs two look-ups.
        let mut sums = vec![0.0];
        for place in order {
            sums.push(sums[sums.len() - 1] + p(place));
        }
        let at = |s: f64| order.partition_point(|other| queries[*other].from_s < s);
        let mut near = vec![false; order.len()];
        for place in order {
            let query = &queries[*place];
            let learnt = logit(self.line(mode, query.length_s, true).shares[which]);
            let threshold = if mode == Mode::Live {
                learnt
            } else {
                let usual_s = self.time.usual_s;
                let (from, to) = (at(query.from_s - usual_s), at(query.from_s + usual_s));
                let n = f64::from(u32::try_from(to - from).unwrap_or(u32::MAX));
                0.5 * (learnt + logit((sums[to] - sums[from]) / n.max(1.0)))
            };
            near[*place] = logit(p(place)) >= threshold;
        }
        near
    }
}

/// Most slices within a span: of all receivers, or while live of one.
fn most_within(slices: &[Slice], span_s: f64, mode: Mode) -> usize {
    let count = |slices: &[Slice]| {
        let within = slices.iter().enumerate().map(|(place, slice)| {
            let end = slices.partition_point(|other| other.at_s <= slice.at_s + span_s);
            end - place
        });
        within.max().unwrap_or(0)
    };
    if mode == Mode::Replay {
        return count(slices);
    }
    let mut by_receiver: BTreeMap<Phone, Vec<Slice>> = BTreeMap::new();
    for slice in slices {
        by_receiver.entry(slice.receiver).or_default().push(*slice);
    }
    by_receiver.values().map(|slices| count(slices)).max().unwrap_or(0)
}

/// A map at a time: who is on it, and how far apart.
type Made = Option<(Vec<Phone>, Vec<Vec<f64>>)>;

/// The maps of a block, each made when it is first asked for.
struct Maps<'a> {
    estimator: &'a Estimator<'a>,
    proximity: &'a Proximity<'a>,
    known: &'a [Slice],
    made: BTreeMap<i64, Made>,
}

impl Maps<'_> {
    /// How far apart the pair is on the map of a time; `None` where there is none with both on it.
    fn distance(&mut self, query: &Query, at_s: f64) -> Option<f64> {
        let stations = self.estimator.stations;
        if !stations.contains(&query.receiver) || !stations.contains(&query.sender) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "times of captures are some billion seconds"
        )]
        let key = (at_s / self.estimator.model.map.every_s).round_ties_even() as i64;
        if !self.made.contains_key(&key) {
            let made = self.make(key);
            self.made.insert(key, made);
        }
        let (phones, distances) = self.made.get(&key)?.as_ref()?;
        let place = |phone: Phone| phones.binary_search(&phone).ok();
        Some(distances[place(query.receiver)?][place(query.sender)?])
    }

    fn make(&self, key: i64) -> Made {
        let of = &self.estimator.model.map;
        #[expect(clippy::cast_precision_loss, reason = "times of captures are some billion seconds")]
        let at_s = key as f64 * of.every_s;
        let from = self.known.partition_point(|slice| slice.at_s <= at_s - of.present_s);
        let to = self.known.partition_point(|slice| slice.at_s < at_s + of.present_s);
        let mut present: BTreeMap<Phone, usize> = BTreeMap::new();
        for slice in self.known.get(from..to).unwrap_or_default() {
            for phone in [slice.receiver, slice.sender] {
                if self.estimator.stations.contains(&phone) {
                    *present.entry(phone).or_default() += 1;
                }
            }
        }
        let mut phones: Vec<(usize, Phone)> = present.into_iter().map(|(phone, n)| (n, phone)).collect();
        // Of too many, those that are heard most.
        phones.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        phones.truncate(MOST);
        let mut phones: Vec<Phone> = phones.into_iter().map(|(_, phone)| phone).collect();
        phones.sort_unstable();
        if phones.len() < of.least_phones {
            return None;
        }
        let n = phones.len();
        let (mut nearness, mut evidence) = (vec![vec![0.0; n]; n], vec![vec![0.0; n]; n]);
        for i in 0..n {
            for j in i + 1..n {
                let near = self.proximity.at(phones[i], phones[j], at_s);
                let heard = self.proximity.evidence(phones[i], phones[j], at_s, of.scale.evidence_s);
                (nearness[i][j], nearness[j][i]) = (near, near);
                (evidence[i][j], evidence[j][i]) = (heard, heard);
            }
        }
        let distances = map::distances(&nearness, &evidence, &of.scale);
        Some((phones, distances))
    }
}
