//! When an event of a capture is due on the screen: pure, told the steady time, so that it is tested without waiting.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::lab::time::{Micros, UnixMicros};

/// A playback that lags behind by more than this (time going back in the data, a machine that slept) does not catch
/// up, but goes on from where it is.
const MOST_LAG: Duration = Duration::from_secs(1);

/// How fast a capture is played back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// This many tenths of the speed at which it was recorded (1..=10 000).
    Tenths(u32),
    /// As fast as it can be read.
    Max,
}

/// Why a text is no speed.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no speed: give a factor from 0.1 to 1000, or max")]
pub struct SpeedError(String);

impl Speed {
    /// The speed of the recording.
    pub const NORMAL: Self = Self::Tenths(10);

    const LADDER: [Self; 14] = [
        Self::Tenths(1),
        Self::Tenths(2),
        Self::Tenths(5),
        Self::Tenths(10),
        Self::Tenths(20),
        Self::Tenths(50),
        Self::Tenths(100),
        Self::Tenths(200),
        Self::Tenths(500),
        Self::Tenths(1_000),
        Self::Tenths(2_000),
        Self::Tenths(5_000),
        Self::Tenths(10_000),
        Self::Max,
    ];

    const fn rank(self) -> u32 {
        match self {
            Self::Tenths(tenths) => tenths,
            Self::Max => u32::MAX,
        }
    }

    /// The next faster step.
    #[must_use]
    pub fn faster(self) -> Self {
        let mut steps = Self::LADDER.into_iter();
        steps.find(|step| step.rank() > self.rank()).unwrap_or(Self::Max)
    }

    /// The next slower step.
    #[must_use]
    pub fn slower(self) -> Self {
        let mut steps = Self::LADDER.into_iter().rev();
        steps.find(|step| step.rank() < self.rank()).unwrap_or(Self::LADDER[0])
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenths(tenths) if tenths % 10 == 0 => write!(f, "×{}", tenths / 10),
            Self::Tenths(tenths) => write!(f, "×{}.{}", tenths / 10, tenths % 10),
            Self::Max => f.write_str("×max"),
        }
    }
}

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let factor: f64 = text
            .trim_start_matches(['×', 'x'])
            .parse()
            .map_err(|_| SpeedError(text.to_owned()))?;
        if !(0.1..=1000.0).contains(&factor) {
            return Err(SpeedError(text.to_owned()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 1..=10 000"
        )]
        Ok(Self::Tenths((factor * 10.0).round() as u32))
    }
}

/// What a person asks of a playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Stops, or goes on.
    TogglePause,
    /// Stops, and plays a single event.
    Step,
    /// Plays at another speed.
    SetSpeed(Speed),
    /// Goes to this time of the data.
    SeekTo(UnixMicros),
    /// Goes this far into the capture.
    SeekToOffset(Micros),
    /// Goes forward or back by this much.
    SeekBy(Micros),
    /// Begins again at the end from now on, or no longer.
    ToggleLoop,
}

/// Whether an event is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It is, or was before.
    Now,
    /// At this steady time.
    At(Duration),
    /// Not before the playback goes on.
    Paused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    steady: Duration,
    data: UnixMicros,
}

/// Relates the time of the data to the steady time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacer {
    speed: Speed,
    paused: bool,
    longest_wait: Option<Duration>,
    anchor: Option<Anchor>,
    silences: u32,
    skipped: Micros,
}

impl Pacer {
    /// A playback at its start. Silences that would last longer than `longest_wait` are shortened to it; `None` keeps
    /// them as they are.
    #[must_use]
    pub const fn new(speed: Speed, longest_wait: Option<Duration>) -> Self {
        Self {
            speed,
            paused: false,
            longest_wait,
            anchor: None,
            silences: 0,
            skipped: Micros(0),
        }
    }

    /// The speed.
    #[must_use]
    pub const fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether it is stopped.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// How many silences were shortened, and by how much in sum.
    #[must_use]
    pub const fn skipped(&self) -> (u32, Micros) {
        (self.silences, self.skipped)
    }

    /// Where the playback is in the data; `None` before the first event.
    #[must_use]
    pub fn data_time(&self, now: Duration) -> Option<UnixMicros> {
        let anchor = self.anchor?;
        match self.speed {
            Speed::Tenths(tenths) if !self.paused => {
                let passed = to_data(now.saturating_sub(anchor.steady), tenths);
                Some(anchor.data.plus(passed))
            }
            _ => Some(anchor.data),
        }
    }

    /// When an event of this time is due. Shortens long silences and takes up the thread after time went back.
    pub fn due(&mut self, at: UnixMicros, now: Duration) -> Due {
        if self.paused {
            return Due::Paused;
        }
        let (Some(position), Speed::Tenths(tenths)) = (self.data_time(now), self.speed) else {
            self.jump(at, now);
            return Due::Now;
        };
        let ahead = at.since(position);
        if ahead.0 <= 0 {
            if ahead.0 < -to_data(MOST_LAG, tenths).0 {
                self.jump(at, now);
            }
            return Due::Now;
        }
        Due::At(now.saturating_add(self.wait(at, ahead, tenths, now)))
    }

    /// As [`Pacer::due`], of an event within a silence that lasts until `end`: it neither breaks the silence nor takes
    /// up the thread. What lies in the part that is skipped is due at once.
    pub fn due_in_silence(&mut self, at: UnixMicros, end: UnixMicros, now: Duration) -> Due {
        let (Some(position), Speed::Tenths(tenths), false) = (self.data_time(now), self.speed, self.paused) else {
            return self.due(at, now);
        };
        let left = end.since(position);
        if left.0 > 0 {
            self.wait(end, left, tenths, now);
        }
        let ahead = at.since(self.data_time(now).unwrap_or(position));
        if ahead.0 <= 0 {
            return Due::Now;
        }
        Due::At(now.saturating_add(self.wait(at, ahead, tenths, now)))
    }

    /// How long to wait for a time that is `ahead`; shortens what is too long.
    fn wait(&mut self, at: UnixMicros, ahead: Micros, tenths: u32, now: Duration) -> Duration {
        let wait = to_steady(ahead, tenths);
        match self.longest_wait {
            Some(longest) if wait > longest => {
                let left = to_data(longest, tenths);
                self.silences = self.silences.saturating_add(1);
                self.skipped = Micros(self.skipped.0.saturating_add(ahead.0.saturating_sub(left.0)));
                self.jump(at.plus(Micros(-left.0)), now);
                longest
            }
            _ => wait,
        }
    }

    /// Goes on from this time of the data.
    pub const fn jump(&mut self, data: UnixMicros, now: Duration) {
        self.anchor = Some(Anchor { steady: now, data });
    }

    /// Back to before the first event.
    pub const fn rewind(&mut self) {
        self.anchor = None;
        self.silences = 0;
        self.skipped = Micros(0);
    }

    /// Stops or goes on.
    pub fn set_paused(&mut self, paused: bool, now: Duration) {
        self.hold(now);
        self.paused = paused;
    }

    /// Plays at another speed from here on.
    pub fn set_speed(&mut self, speed: Speed, now: Duration) {
        self.hold(now);
        self.speed = speed;
    }

    fn hold(&mut self, now: Duration) {
        if let Some(data) = self.data_time(now) {
            self.jump(data, now);
        }
    }
}

fn to_data(steady: Duration, tenths: u32) -> Micros {
    let micros = steady.as_micros().saturating_mul(u128::from(tenths)) / 10;
    Micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn to_steady(data: Micros, tenths: u32) -> Duration {
    let micros = u128::from(data.0.max(0).unsigned_abs()) * 10 / u128::from(tenths.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// How a playback stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Relates data and steady time.
    pub pacer: Pacer,
    /// Time of the event that comes next: playback is not past it yet.
    pub next: Option<UnixMicros>,
    /// There is nothing more to play.
    pub ended: bool,
    /// The time that was asked for last is past the end of the capture.
    pub past_end: bool,
    /// Whether it begins again at the end.
    pub looped: bool,
    /// How often it started again from the beginning.
    pub laps: u32,
    /// Damaged records met so far.
    pub damaged: u64,
    /// Why reading could not go on.
    pub failure: Option<String>,
}

impl Status {
    /// A playback that has not begun.
    #[must_use]
    pub const fn new(pacer: Pacer) -> Self {
        Self {
            pacer,
            next: None,
            ended: false,
            past_end: false,
            looped: false,
            laps: 0,
            damaged: 0,
            failure: None,
        }
    }

    /// Where the playback is in the data.
    #[must_use]
    pub fn data_time(&self, now: Duration) -> Option<UnixMicros> {
        let position = self.pacer.data_time(now)?;
        Some(self.next.map_or(position, |next| position.min(next)))
    }

    /// Whether the time of the data stands still.
    #[must_use]
    pub const fn is_still(&self) -> bool {
        self.ended || self.pacer.is_paused()
    }
}

/// A span as people write it after `+`: `90s`, `5m 30s`, `1h`.
///
/// # Errors
/// The text, when it is none.
pub fn parse_span(text: &str) -> Result<Micros, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| text.to_owned())?;
    i64::try_from(span.as_micros()).map(Micros).map_err(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(seconds: i64) -> UnixMicros {
        UnixMicros(1_600_000_000_000_000).plus(Micros::from_secs(seconds))
    }

    const fn steady(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn events_are_due_at_their_distance_divided_by_the_speed() {
        let mut pacer = Pacer::new(Speed::Tenths(20), None);
        assert_eq!(pacer.due(at(0), steady(500)), Due::Now);
        assert_eq!(pacer.due(at(4), steady(500)), Due::At(steady(2_500)));
        assert_eq!(pacer.data_time(steady(1_500)), Some(at(2)));
        pacer.set_speed(Speed::NORMAL, steady(1_500));
        assert_eq!(pacer.due(at(4), steady(1_500)), Due::At(steady(3_500)));
    }

    #[test]
    fn a_pause_stops_the_time_of_the_data() {
        let mut pacer = Pacer::new(Speed::NORMAL, None);
        pacer.due(at(0), steady(0));
        pacer.set_paused(true, steady(1_000));
        assert_eq!(pacer.due(at(2), steady(60_000)), Due::Paused);
        assert_eq!(pacer.data_time(steady(60_000)), Some(at(1)));
        pacer.set_paused(false, steady(60_000));
        assert_eq!(pacer.due(at(2), steady(60_000)), Due::At(steady(61_000)));
    }

    #[test]
    fn a_long_silence_is_shortened_and_counted() {
        let mut pacer = Pacer::new(Speed::NORMAL, Some(steady(3_000)));
        pacer.due(at(0), steady(0));
        assert_eq!(pacer.due(at(3_600), steady(0)), Due::At(steady(3_000)));
        assert_eq!(pacer.skipped(), (1, Micros::from_secs(3_597)));
        assert_eq!(pacer.due(at(3_600), steady(3_000)), Due::Now);
        assert_eq!(pacer.due(at(3_602), steady(3_000)), Due::At(steady(5_000)));
    }

    #[test]
    fn what_happens_within_a_silence_does_not_break_it() {
        let mut pacer = Pacer::new(Speed::NORMAL, Some(steady(3_000)));
        pacer.due(at(0), steady(0));
        for second in [2, 60, 239] {
            assert_eq!(
                pacer.due_in_silence(at(second), at(240), steady(0)),
                match second {
                    239 => Due::At(steady(2_000)),
                    _ => Due::Now,
                }
            );
        }
        assert_eq!(pacer.due(at(240), steady(2_000)), Due::At(steady(3_000)));
        assert_eq!(pacer.skipped(), (1, Micros::from_secs(237)));
        // A short one keeps its times, and so does a long one that is not to be shortened.
        assert_eq!(
            pacer.due_in_silence(at(241), at(242), steady(3_000)),
            Due::At(steady(4_000))
        );
        let mut whole = Pacer::new(Speed::NORMAL, None);
        whole.due(at(0), steady(0));
        assert_eq!(
            whole.due_in_silence(at(60), at(240), steady(0)),
            Due::At(steady(60_000))
        );
    }

    #[test]
    fn time_going_back_by_hours_does_not_stall_and_keeps_its_pace() {
        let mut pacer = Pacer::new(Speed::NORMAL, None);
        pacer.due(at(7_200), steady(0));
        assert_eq!(pacer.due(at(0), steady(10)), Due::Now);
        assert_eq!(pacer.due(at(1), steady(10)), Due::At(steady(1_010)));
    }

    #[test]
    fn a_machine_that_slept_does_not_catch_up() {
        let mut pacer = Pacer::new(Speed::NORMAL, None);
        pacer.due(at(0), steady(0));
        assert_eq!(pacer.due(at(1), steady(3_600_000)), Due::Now);
        assert_eq!(pacer.due(at(2), steady(3_600_000)), Due::At(steady(3_601_000)));
    }

    #[test]
    fn speeds_read_show_and_step() {
        assert_eq!("0.1".parse(), Ok(Speed::Tenths(1)));
        assert_eq!("×2.5".parse::<Speed>().unwrap().to_string(), "×2.5");
        assert_eq!("max".parse(), Ok(Speed::Max));
        for wrong in ["0", "-1", "1001", "nan", "fast", ""] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
        assert_eq!(
            (Speed::Tenths(25).faster(), Speed::Tenths(25).slower()),
            (Speed::Tenths(50), Speed::Tenths(20))
        );
        assert_eq!(
            (Speed::Max.faster(), Speed::Tenths(1).slower()),
            (Speed::Max, Speed::Tenths(1))
        );
        assert_eq!(Speed::Tenths(10_000).faster(), Speed::Max);
    }

    proptest! {
        #[test]
        fn whatever_the_times_every_event_comes_due_within_the_longest_wait(
            times in prop::collection::vec((any::<i64>(), prop::option::of(any::<i64>())), 1..50),
            tenths in 1u32..=10_000,
        ) {
            let longest = steady(3_000);
            let mut pacer = Pacer::new(Speed::Tenths(tenths), Some(longest));
            let mut now = Duration::ZERO;
            for (time, end) in times {
                let due = |pacer: &mut Pacer, now| match end {
                    Some(end) => pacer.due_in_silence(UnixMicros(time), UnixMicros(end), now),
                    None => pacer.due(UnixMicros(time), now),
                };
                if let Due::At(at) = due(&mut pacer, now) {
                    prop_assert!(at <= now + longest);
                    now = at + Duration::from_micros(1);
                    prop_assert_eq!(due(&mut pacer, now), Due::Now);
                }
            }
        }
    }
}
