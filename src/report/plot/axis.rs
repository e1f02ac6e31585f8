//! Axes: what they span, and where their numbers stand.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use super::shown;
use crate::lab::time::UnixMicros;

/// How an axis is divided.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal steps of whole numbers.
    Counts,
    /// Equal factors; values are above 0.
    Log,
    /// Seconds since 1970, shown as the time of day in UTC, or as dates where the axis spans many days.
    Clock,
    /// A name at each whole number from 0 on.
    Names(Vec<String>),
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// How it is divided.
    pub scale: Scale,
    /// Lower end, in the unit of the label.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Axis {
    /// From one value to another.
    pub fn new(label: impl Into<String>, low: f64, high: f64, scale: Scale) -> Self {
        let label = label.into();
        Self {
            label,
            scale,
            low,
            high,
        }
    }

    /// Over all of these values with a little space around; what is no number is left out.
    pub fn over(label: impl Into<String>, values: impl IntoIterator<Item = f64>, scale: Scale) -> Self {
        let is_log = scale == Scale::Log;
        let valid = values
            .into_iter()
            .filter(|value| value.is_finite() && (!is_log || *value > 0.0));
        let (low, high) = valid.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match (low <= high, is_log) {
            (false, false) => (0.0, 1.0),
            (false, true) => (0.5, 2.0),
            (true, false) => {
                let space = ((high - low) * 0.06).max(1e-3);
                (low - space, high + space)
            }
            // At least from half of one value to its double.
            (true, true) => {
                let space = (high / low).powf(0.06).max((2.0 / (high / low).sqrt()).max(1.05));
                (low / space, high * space)
            }
        };
        Self::new(label, low, high, scale)
    }

    /// With a name for each row.
    pub fn names(label: impl Into<String>, names: Vec<String>) -> Self {
        let count = f64::from(u32::try_from(names.len()).unwrap_or(u32::MAX));
        Self::new(label, -0.5, count.max(1.0) - 0.5, Scale::Names(names))
    }

    /// Where a value stands, in steps that are equal on paper.
    fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Log => value.log10(),
            _ => value,
        }
    }

    /// Whether a value has a place within the axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Values with a number beside them.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match &self.scale {
            Scale::Linear => linear(self.low, self.high, step(self.low, self.high)),
            Scale::Counts => linear(self.low, self.high, step(self.low, self.high).max(1.0)),
            Scale::Log => logarithmic(self.low, self.high),
            Scale::Clock => linear(self.low, self.high, clock_step(self.low, self.high)),
            Scale::Names(names) => (0..)
                .take(names.len())
                .map(|n: u32| f64::from(n))
                .filter(|value| self.holds(*value))
                .collect(),
        }
    }

    /// What stands at a value.
    pub(super) fn text(&self, value: f64) -> String {
        match &self.scale {
            Scale::Linear => number(value, step(self.low, self.high)),
            Scale::Counts => number(value, 1.0),
            Scale::Clock => clock(value, clock_step(self.low, self.high)),
            Scale::Log => number(value, 10f64.powf((value.log10() + 1e-9).floor())),
            Scale::Names(names) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row")]
                let row = value.round().max(0.0) as usize;
                names.get(row).map(|name| shown(name)).unwrap_or_default()
            }
        }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let (low, high) = (self.place(self.low), self.place(self.high));
        let share = (self.place(*value) - low) / (high - low);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        // Only lines with a number.
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// The distance of numbers on an axis of equal steps: 1, 2 or 5 times a power of ten, for some seven of them.
fn step(low: f64, high: f64) -> f64 {
    let wanted = ((high - low) / 7.0).max(1e-9);
    let power = 10f64.powf(wanted.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps
        .into_iter()
        .find(|step| *step >= wanted * 0.999)
        .unwrap_or(10.0 * power)
}

/// The distance of times on an axis: what clocks and calendars are divided by, for some eight of them.
fn clock_step(low: f64, high: f64) -> f64 {
    const STEPS: [f64; 18] = [
        1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0,
        86_400.0, 172_800.0, 604_800.0,
    ];
    let wanted = (high - low) / 8.0;
    let longest = (wanted / 604_800.0).ceil().max(1.0) * 604_800.0;
    STEPS.into_iter().find(|step| *step >= wanted).unwrap_or(longest)
}

/// The time of day, or the day, of seconds since 1970.
fn clock(seconds: f64, step: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let at = UnixMicros((seconds * 1e6).round() as i64).to_string();
    let part = if step < 60.0 {
        11..19
    } else if step < 86_400.0 {
        11..16
    } else {
        0..10
    };
    at.get(part).unwrap_or(&at).to_owned()
}

fn linear(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step).ceil();
    (0..)
        .map(|n: u32| (first + f64::from(n)) * step)
        .take_while(|value| *value <= high)
        .take(50)
        .collect()
}

fn logarithmic(low: f64, high: f64) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "powers of ten")]
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let within = |factors: &[f64]| -> Vec<f64> {
        (first..=last)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
            .filter(|value| (low..=high).contains(value))
            .collect()
    };
    let all = [&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0][..], &[1.0, 2.0, 5.0], &[1.0]].map(within);
    // The finest that is not crowded.
    let [finest, fine, coarse] = all;
    [finest, fine].into_iter().find(|of| of.len() <= 9).unwrap_or(coarse)
}

/// A number with as many places as its step needs, and a true minus.
fn number(value: f64, step: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few places")]
    let places = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    // 1.5 stands between the steps of 1.
    let is_between = (value / step - (value / step).round()).abs() > 0.01;
    let text = format!("{value:.*}", places + usize::from(is_between));
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|letter| matches!(letter, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_round_values_within_the_axis() {
        let axis = Axis::new("", -93.0, -51.0, Scale::Linear);
        assert_eq!(axis.ticks(), [-90.0, -80.0, -70.0, -60.0]);
        assert_eq!(axis.text(-90.0), "−90");
        assert_eq!(Axis::new("", -0.3, 0.3, Scale::Linear).text(-1e-17), "0.0");
        let axis = Axis::new("", 0.3, 12.0, Scale::Log);
        assert_eq!(axis.ticks(), [0.5, 1.0, 2.0, 5.0, 10.0]);
        assert_eq!(
            axis.ticks().iter().map(|tick| axis.text(*tick)).collect::<Vec<_>>(),
            ["0.5", "1", "2", "5", "10"]
        );
    }

    #[test]
    fn times_stand_at_what_clocks_are_divided_by() {
        let texts = |low: f64, high: f64| -> Vec<String> {
            let axis = Axis::new("", low, high, Scale::Clock);
            axis.ticks().iter().map(|tick| axis.text(*tick)).collect()
        };
        // 2020-06-03T10:00:00Z and an hour.
        let from = 1_591_178_400.0;
        let hour = texts(from - 60.0, from + 3_660.0);
        assert_eq!(hour.first().map(String::as_str), Some("10:00"));
        assert_eq!(hour.last().map(String::as_str), Some("11:00"));
        assert_eq!(
            texts(from, from + 3.0),
            ["10:00:00", "10:00:01", "10:00:02", "10:00:03"]
        );
        assert_eq!(texts(from, from + 5.0 * 86_400.0)[0], "2020-06-04");
        assert!(texts(0.0, 4e9).len() <= 10 && texts(-1e300, 1e300).len() <= 50);
    }

    #[test]
    fn an_axis_over_nothing_or_one_value_still_spans_something() {
        for scale in [Scale::Linear, Scale::Log, Scale::Clock] {
            for values in [vec![], vec![1.0], vec![f64::NAN, f64::INFINITY]] {
                let axis = Axis::over("", values, scale.clone());
                assert!(axis.low < axis.high && axis.low.is_finite() && axis.high.is_finite());
                assert!(!axis.ticks().is_empty() || scale == Scale::Clock);
            }
        }
        let axis = Axis::over("", [1.0], Scale::Log);
        let texts: Vec<String> = axis.ticks().iter().map(|tick| axis.text(*tick)).collect();
        assert_eq!(texts, ["0.5", "0.7", "1", "1.5", "2"]);
    }
}
