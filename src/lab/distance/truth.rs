//! True distances of pairs over time, and windows of them to learn from and to be judged by.

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

use crate::lab::event::device_of;
use crate::lab::gaen::Rpi;
use crate::lab::time::UnixMicros;

/// Most rows of a file of truth.
const MOST: usize = 50_000_000;
/// Most windows of a stretch.
const MOST_WINDOWS: usize = 100_000;
/// A pair whose distance was not told for so many usual steps is not known in between.
const LONGEST_GAP: f64 = 10.0;
/// So long a distance of a pair holds at most when the next one is late, in seconds.
const HOLDS_S: f64 = 10.0;
/// A pair is told of rarely when its steps are so many times the usual ones.
const RARE: f64 = 1.5;

/// Why a file of truth cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TruthError {
    /// Its columns are those of nothing that is known.
    #[error(
        "no truth: the columns are neither those of windows (receiver,transmitter,window_start_utc,window_s,true_distance_m), \
         nor of stretches (from,to,receiver,transmitter,distance_m), nor of distances over time (time,receiver,transmitter,distance_m), nor of a simulator's truth \
         (time_us,station,device,model,rpi,…,distance_m)"
    )]
    Columns,
    /// A line is none of truth.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// There are too many rows.
    #[error("more than {MOST} rows")]
    TooMany,
}

/// A window of a pair with its true distance.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthWindow {
    /// Which scenario.
    pub scenario: String,
    /// Who heard, by name.
    pub receiver: String,
    /// Who sent, by name.
    pub sender: String,
    /// Its beginning, in seconds since 1970.
    pub from_s: f64,
    /// Its length, in seconds.
    pub length_s: f64,
    /// Mean distance, in metres.
    pub distance_m: f64,
}

/// A distance at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, in seconds since 1970.
    pub at_s: f64,
    /// In metres.
    pub distance_m: f64,
}

/// A stretch of time in which a pair lay still, at a known distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Who heard, by name; empty for anybody.
    pub receiver: String,
    /// Who sent, by name.
    pub sender: String,
    /// From when, in seconds since 1970.
    pub from_s: f64,
    /// Until when.
    pub to_s: f64,
    /// The distance, in metres.
    pub distance_m: f64,
    /// How they lay to each other; empty where it is not told.
    pub orientation: String,
    /// The session; empty where it is not told.
    pub session: String,
}

/// A pair of names; who is first says nothing.
pub type Pair = (String, String);

/// What a file of truth tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Windows, as the file has them.
    pub windows: Vec<TruthWindow>,
    /// Stretches in which pairs lay still.
    pub stretches: Vec<Stretch>,
    /// Distances over time of pairs, in order of time.
    pub points: BTreeMap<Pair, Vec<Point>>,
    /// Whose identifiers are, and their models.
    pub names: Vec<(Rpi, String, String)>,
    /// The usual time between two distances of a pair, in seconds.
    step_s: Option<f64>,
}

/// A name without leading zeros, where it is a number: `01` is phone 1. References to identifiers and addresses are in small
/// letters.
#[must_use]
pub fn plain(name: &str) -> String {
    if is_reference(name) {
        return name.to_ascii_lowercase();
    }
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = name.trim_start_matches('0');
        return if digits.is_empty() { "0" } else { digits }.to_owned();
    }
    name.to_owned()
}

/// Whether it names nobody, but an identifier by its first eight digits or more (`rpi:7e3c1b63`), or an address
/// (`addr:5e:1b:09:c4:77:01`).
fn is_reference(name: &str) -> bool {
    let device = device_of(name);
    device.len() >= 8 && device.len() < name.len()
}

/// The pair of two names.
#[must_use]
pub fn pair(one: &str, other: &str) -> Pair {
    let (one, other) = (plain(one), plain(other));
    if one <= other { (one, other) } else { (other, one) }
}

impl Stretch {
    /// Whether it tells the distance from a receiver at a time. Numbers of files are rounded to microseconds at best.
    pub(in crate::lab) fn holds(&self, receiver: &str, at_s: f64) -> bool {
        (self.receiver.is_empty() || self.receiver == receiver)
            && (self.from_s - 1e-5..=self.to_s + 1e-5).contains(&at_s)
    }

    /// The windows of a grid from its beginning on that lie in it for at least half.
    fn windows(&self, length_s: f64, scenario: &str) -> Vec<TruthWindow> {
        let mut windows = Vec::new();
        let mut from_s = self.from_s;
        while from_s + length_s / 2.0 <= self.to_s && windows.len() < MOST_WINDOWS {
            windows.push(TruthWindow {
                scenario: scenario.to_owned(),
                receiver: self.receiver.clone(),
                sender: self.sender.clone(),
                from_s,
                length_s,
                distance_m: self.distance_m,
            });
            from_s += length_s;
        }
        windows
    }
}

impl Truth {
    /// Reads a file of truth; `scenario` names it where it does not itself.
    ///
    /// # Errors
    /// [`TruthError`], with the line.
    pub fn parse(text: &str, scenario: &str) -> Result<Self, TruthError> {
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| TruthError::Columns)?.clone();
        let columns = Columns(&header);
        let mut truth = Self::default();
        for (count, record) in reader.into_records().enumerate() {
            if count >= MOST {
                return Err(TruthError::TooMany);
            }
            let line = |error: Option<&csv::Position>| error.map_or(0, csv::Position::line);
            let record = record.map_err(|error| TruthError::Line {
                line: line(error.position()),
                what: "cannot be read",
            })?;
            let row = Row {
                columns: &columns,
                record: &record,
            };
            let taken = if columns.has(&[
                "receiver",
                "transmitter",
                "window_start_utc",
                "window_s",
                "true_distance_m",
            ]) {
                truth.window(&row, scenario)
            } else if columns.has(&["from", "to", "receiver", "transmitter", "distance_m"]) {
                truth.stretch(&row)
            } else if columns.has(&["time", "receiver", "transmitter", "distance_m"]) {
                truth.point(&row)
            } else if columns.has(&["time_us", "station", "device", "rpi", "distance_m"]) {
                truth.simulated(&row)
            } else {
                return Err(TruthError::Columns);
            };
            taken.map_err(|what| TruthError::Line {
                line: line(record.position()),
                what,
            })?;
        }
        if truth.windows.is_empty() && truth.points.is_empty() && truth.stretches.is_empty() {
            return Err(TruthError::Columns);
        }
        for points in truth.points.values_mut() {
            points.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        }
        truth.step_s = truth.step();
        Ok(truth)
    }

    fn window(&mut self, row: &Row<'_>, scenario: &str) -> Result<(), &'static str> {
        let named = row.cell("scenario");
        let length_s = row
            .number("window_s")
            .filter(|length| (1.0..=86_400.0).contains(length));
        self.windows.push(TruthWindow {
            scenario: if named.is_empty() { scenario } else { named }.to_owned(),
            receiver: plain(row.cell("receiver")),
            sender: plain(row.cell("transmitter")),
            from_s: row
                .number("window_start_utc")
                .ok_or("window_start_utc: seconds since 1970")?,
            length_s: length_s.ok_or("window_s: 1 to 86400 seconds")?,
            distance_m: row.distance("true_distance_m")?,
        });
        Ok(())
    }

    fn stretch(&mut self, row: &Row<'_>) -> Result<(), &'static str> {
        let told = "from and to: seconds since 1970, or dates like 2020-07-30T09:54:01Z";
        let (from_s, to_s) = time(row.cell("from")).zip(time(row.cell("to"))).ok_or(told)?;
        if to_s < from_s {
            return Err("it ends before it begins");
        }
        self.stretches.push(Stretch {
            receiver: plain(row.cell("receiver")),
            sender: plain(row.cell("transmitter")),
            from_s,
            to_s,
            distance_m: row.distance("distance_m")?,
            orientation: row.cell("orientation").to_owned(),
            session: row.cell("session").to_owned(),
        });
        Ok(())
    }

    fn point(&mut self, row: &Row<'_>) -> Result<(), &'static str> {
        if row.cell("distance_m").is_empty() {
            return Ok(());
        }
        let at_s = time(row.cell("time")).ok_or("time: seconds since 1970, or a date like 2020-07-30T09:54:01Z")?;
        let point = Point {
            at_s,
            distance_m: row.distance("distance_m")?,
        };
        let of = pair(row.cell("receiver"), row.cell("transmitter"));
        self.points.entry(of).or_default().push(point);
        Ok(())
    }

    fn simulated(&mut self, row: &Row<'_>) -> Result<(), &'static str> {
        let micros = row.number("time_us").ok_or("time_us: microseconds since 1970")?;
        let device = row.cell("device");
        if let Some(rpi) = rpi(row.cell("rpi"))
            && self.names.last().is_none_or(|(last, ..)| *last != rpi)
        {
            self.names.push((rpi, device.to_owned(), row.cell("model").to_owned()));
        }
        let point = Point {
            at_s: micros / 1e6,
            distance_m: row.distance("distance_m")?,
        };
        self.points
            .entry(pair(row.cell("station"), device))
            .or_default()
            .push(point);
        Ok(())
    }

    /// Windows of a length: those of the file, or where it tells distances over time, those of a grid from the first of
    /// them on that are known for at least half of the time.
    #[must_use]
    pub fn windows(&self, length_s: f64, scenario: &str) -> Vec<TruthWindow> {
        let is_of_length = |window: &&TruthWindow| (window.length_s - length_s).abs() < 1e-6;
        let mut windows: Vec<TruthWindow> = self.windows.iter().filter(is_of_length).cloned().collect();
        windows.extend(
            self.stretches
                .iter()
                .flat_map(|stretch| stretch.windows(length_s, scenario)),
        );
        let origin = self
            .points
            .values()
            .filter_map(|points| points.first())
            .map(|point| point.at_s);
        let Some(origin) = origin.min_by(f64::total_cmp) else {
            return windows;
        };
        let Some(step) = self.step_s else { return windows };
        for ((one, other), points) in &self.points {
            // Of a pair that is told of more rarely than is usual each distance holds for a while.
            let is_rare = usual_step(std::iter::once(points)).is_some_and(|own| own > RARE * step);
            let number = |point: &Point| ((point.at_s - origin) / length_s + 1e-9).floor();
            for within in points.chunk_by(|a, b| number(a).total_cmp(&number(b)).is_eq()) {
                let n = f64::from(u32::try_from(within.len()).unwrap_or(u32::MAX));
                // One distance in a window that is shorter than the steps tells all that there is.
                let is_dense = n >= (length_s / step / 2.0).min(length_s / step) - 1e-9;
                let end_s = origin + (within.first().map_or(0.0, number) + 1.0) * length_s;
                let is_held = || is_rare && held_s(within, end_s) >= length_s / 2.0 - 1e-9;
                if !is_dense && !is_held() {
                    continue;
                }
                let distance_m = super::level::mean(within.iter().map(|point| point.distance_m));
                let from_s = origin + within.first().map_or(0.0, number) * length_s;
                for (receiver, sender) in [(one, other), (other, one)] {
                    windows.push(TruthWindow {
                        scenario: scenario.to_owned(),
                        receiver: receiver.clone(),
                        sender: sender.clone(),
                        from_s,
                        length_s,
                        distance_m,
                    });
                }
            }
        }
        windows
    }

    /// The identifiers and addresses that it names in place of phones: `rpi:7e3c1b63`, `addr:5e:1b:09:c4:77:01`.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let of_windows = self.windows.iter().map(|window| &window.sender);
        let of_stretches = self.stretches.iter().map(|stretch| &stretch.sender);
        let of_points = self.points.keys().flat_map(|(one, other)| [one, other]);
        let names: BTreeSet<&String> = of_windows.chain(of_stretches).chain(of_points).collect();
        names.into_iter().map(String::as_str).filter(|name| is_reference(name))
    }

    /// Whom it tells the distance of, as `sender → receiver` with the times; at times as seconds since 1970 where these are the
    /// matter.
    #[must_use]
    pub fn pairs(&self) -> Vec<String> {
        let span = |sender: &str, receiver: &str, from_s: f64, to_s: f64| {
            let receiver = if receiver.is_empty() { "anybody" } else { receiver };
            format!("{sender} → {receiver} ({} to {})", date(from_s), date(to_s))
        };
        let of_windows = self
            .windows
            .iter()
            .map(|of| span(&of.sender, &of.receiver, of.from_s, of.from_s + of.length_s));
        let of_stretches = self
            .stretches
            .iter()
            .map(|of| span(&of.sender, &of.receiver, of.from_s, of.to_s));
        let of_points = self.points.iter().filter_map(|((one, other), points)| {
            let (first, last) = (points.first()?, points.last()?);
            Some(span(one, other, first.at_s, last.at_s))
        });
        of_stretches.chain(of_points).chain(of_windows).collect()
    }

    /// Windows of a length that distances over time do not fill, because those of a pair lie too far apart: by how much, in
    /// seconds. `None` where there is a window, or no such distances.
    #[must_use]
    pub fn too_sparse_s(&self, length_s: f64) -> Option<f64> {
        if self.points.is_empty() || !self.windows(length_s, "").is_empty() {
            return None;
        }
        self.step_s
    }

    /// The usual time between two distances of a pair.
    fn step(&self) -> Option<f64> {
        usual_step(self.points.values())
    }

    /// The distance of a pair at a time: that of the nearest point, unless it is further away than some usual steps.
    #[must_use]
    pub fn at(&self, of: &Pair, at_s: f64) -> Option<f64> {
        let points = self.points.get(of)?;
        let after = points.partition_point(|point| point.at_s < at_s);
        let near = [after.checked_sub(1), Some(after)];
        let near = near.into_iter().flatten().filter_map(|place| points.get(place));
        let gap = |point: &&Point| (point.at_s - at_s).abs();
        let nearest = near.min_by(|a, b| gap(a).total_cmp(&gap(b)))?;
        let step = self.step_s.unwrap_or(1.0).max(1.0);
        (gap(&nearest) <= LONGEST_GAP * step).then_some(nearest.distance_m)
    }
}

/// The usual time between two distances of the same pair.
fn usual_step<'a>(pairs: impl Iterator<Item = &'a Vec<Point>>) -> Option<f64> {
    let steps = pairs.flat_map(|points| points.windows(2));
    let mut steps: Vec<f64> = steps
        .map(|two| two[1].at_s - two[0].at_s)
        .filter(|step| *step > 0.0)
        .collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied()
}

/// For how long the distances of a window hold: each until the next one or the window's end, but for [`HOLDS_S`] at most.
fn held_s(within: &[Point], end_s: f64) -> f64 {
    let next = within.iter().skip(1).map(|point| point.at_s).chain([end_s]);
    within
        .iter()
        .zip(next)
        .map(|(point, next)| (next - point.at_s).clamp(0.0, HOLDS_S))
        .sum()
}

/// Seconds since 1970 as a date.
fn date(at_s: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "what is no time is none of a capture")]
    UnixMicros((at_s * 1e6) as i64).to_string().chars().take(19).collect()
}

/// Seconds since 1970, as a number or as a date.
fn time(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds.is_finite().then_some(seconds);
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "dates of captures")]
    Some(timestamp.as_microsecond() as f64 / 1e6)
}

fn rpi(text: &str) -> Option<Rpi> {
    let bytes = (0..16).map(|place| u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok());
    let bytes: Option<Vec<u8>> = bytes.collect();
    bytes?.try_into().ok().map(Rpi).filter(|_| text.len() == 32)
}

struct Columns<'a>(&'a StringRecord);

impl Columns<'_> {
    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| column == name)
    }

    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.place(name).is_some())
    }
}

struct Row<'a> {
    columns: &'a Columns<'a>,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn cell(&self, name: &str) -> &str {
        let place = self.columns.place(name);
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.cell(name).parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn distance(&self, name: &str) -> Result<f64, &'static str> {
        let distance = self.number(name).filter(|distance| (0.0..=10_000.0).contains(distance));
        // On the spot has no logarithm.
        distance
            .map(|distance| distance.max(0.01))
            .ok_or("a distance is 0 to 10000 metres")
    }
}

#[cfg(test)]
mod tests;
