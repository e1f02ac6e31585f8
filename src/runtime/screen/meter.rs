//! Measures the running screen, for `benches/screen.sh`: what a frame takes, and how long a key waits for its frame.
//!
//! With `VICINO_METER=FILE` in the environment the times are noted and written into that new file as JSON when the
//! screen ends, by a key or by a signal; `VICINO_METER_FRAMES=N` then allows N frames per second. Without it nothing is
//! measured, and no clock is read. All times are microseconds of the steady clock, so a busy machine shows in them:
//!
//! * `frames`: from the decision to draw to the last byte handed to the terminal;
//! * `built`: the part of it until the picture stands in memory, before it is compared and written;
//! * `keys`: from a key's being read to the end of the first frame after it. What a key waits before it is read is not
//!   in it: at most one helping of events and one frame.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::clock;
use crate::format::reason;

/// What happens in this time after the start is not measured.
const WARM_UP: Duration = Duration::from_secs(10);
/// Times kept of one kind; later ones are only counted.
const MOST_TIMES: usize = 100_000;
/// Keys that may wait for their frame and be measured.
const MOST_WAITING: usize = 1_000;

/// The meter; switched off it does nothing. Dropping it writes what it measured.
pub(super) struct Meter(Option<Box<Measuring>>);

struct Measuring {
    path: PathBuf,
    most_frames: Option<u16>,
    start: Instant,
    /// When the present frame began.
    begun: Instant,
    /// When the keys were read that no frame followed yet.
    waiting: Vec<Instant>,
    frames: Times,
    built: Times,
    keys: Times,
}

impl Meter {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        let frames = || std::env::var("VICINO_METER_FRAMES").ok()?.parse().ok();
        Self::new(std::env::var_os("VICINO_METER"), frames)
    }

    fn new(path: Option<OsString>, most_frames: impl FnOnce() -> Option<u16>) -> Self {
        let path = path.filter(|path| !path.is_empty());
        Self(path.map(|path| {
            let now = clock::steady();
            Box::new(Measuring {
                path: path.into(),
                most_frames: most_frames(),
                start: now,
                begun: now,
                waiting: Vec::new(),
                frames: Times::default(),
                built: Times::default(),
                keys: Times::default(),
            })
        }))
    }

    /// Most frames per second while measuring, if not as usual.
    pub(super) fn most_frames(&self) -> Option<u16> {
        self.0.as_ref()?.most_frames
    }

    /// A key was read.
    pub(super) fn key(&mut self) {
        if let Some(measuring) = &mut self.0
            && measuring.waiting.len() < MOST_WAITING
        {
            measuring.waiting.push(clock::steady());
        }
    }

    /// A frame begins.
    pub(super) fn begin(&mut self) {
        if let Some(measuring) = &mut self.0 {
            measuring.begun = clock::steady();
        }
    }

    /// The picture stands, but only in memory.
    pub(super) fn built(&mut self) {
        if let Some(measuring) = &mut self.0 {
            let now = clock::steady();
            if measuring.is_warm(now) {
                measuring.built.note(now - measuring.begun);
            }
        }
    }

    /// The terminal has the frame.
    pub(super) fn drawn(&mut self) {
        if let Some(measuring) = &mut self.0 {
            let now = clock::steady();
            let is_warm = measuring.is_warm(now);
            if is_warm {
                measuring.frames.note(now - measuring.begun);
            }
            for read in measuring.waiting.drain(..).filter(|_| is_warm) {
                measuring.keys.note(now - read);
            }
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(measuring) = &self.0
            && let Err(error) = measuring.write(&measuring.path)
        {
            let name = measuring.path.display();
            let _ = writeln!(io::stderr(), "cannot write {name}: {}", reason(&error));
        }
    }
}

impl Measuring {
    fn is_warm(&self, now: Instant) -> bool {
        now - self.start >= WARM_UP
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        #[derive(Serialize)]
        struct Report {
            frames: Summary,
            built: Summary,
            keys: Summary,
        }
        let report = Report {
            frames: self.frames.summary(),
            built: self.built.summary(),
            keys: self.keys.summary(),
        };
        let mut text = serde_json::to_vec_pretty(&report)?;
        text.push(b'\n');
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&text)
    }
}

/// Times of one kind, in microseconds.
#[derive(Default)]
struct Times {
    count: u64,
    kept: Vec<u32>,
}

/// What times amount to, in microseconds; all zero where there are none.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Summary {
    /// How many there were.
    count: u64,
    /// How many of them, the first, the rest of this is about.
    kept: usize,
    median: u32,
    p90: u32,
    p99: u32,
    max: u32,
}

impl Times {
    fn note(&mut self, time: Duration) {
        self.count += 1;
        if self.kept.len() < MOST_TIMES {
            self.kept.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
        }
    }

    fn summary(&self) -> Summary {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        // The smallest time that so many hundredths of all do not exceed.
        let at_most = |hundredths: usize| {
            let rank = (sorted.len() * hundredths).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Summary {
            count: self.count,
            kept: sorted.len(),
            median: at_most(50),
            p90: at_most(90),
            p99: at_most(99),
            max: at_most(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn summary(micros: impl IntoIterator<Item = u64>) -> Summary {
        let mut times = Times::default();
        micros
            .into_iter()
            .for_each(|micros| times.note(Duration::from_micros(micros)));
        times.summary()
    }

    #[test]
    fn times_amount_to_their_ranks() {
        let expected = |count, median, p90, p99, max| Summary {
            count,
            kept: usize::try_from(count).unwrap(),
            median,
            p90,
            p99,
            max,
        };
        assert_eq!(summary([]), Summary::default());
        assert_eq!(summary([7]), expected(1, 7, 7, 7, 7));
        assert_eq!(summary([3, 1, 2]), expected(3, 2, 3, 3, 3));
        assert_eq!(summary((1..=100).rev()), expected(100, 50, 90, 99, 100));
        assert_eq!(summary((1..=1_000).rev()), expected(1_000, 500, 900, 990, 1_000));
        assert_eq!(summary([u64::MAX]), expected(1, u32::MAX, u32::MAX, u32::MAX, u32::MAX));
    }

    #[test]
    fn only_so_many_times_are_kept_and_all_are_counted() {
        let many = MOST_TIMES as u64 + 5;
        let found = summary(0..many);
        assert_eq!((found.count, found.kept), (many, MOST_TIMES));
        assert_eq!(u64::from(found.max), MOST_TIMES as u64 - 1);
    }

    #[test]
    fn without_a_file_nothing_is_measured() {
        for path in [None, Some(OsString::new())] {
            let mut meter = Meter::new(path, || unreachable!("frames are not asked for"));
            meter.key();
            meter.begin();
            meter.built();
            meter.drawn();
            assert!(meter.0.is_none());
            assert_eq!(meter.most_frames(), None);
        }
    }

    #[test]
    fn the_end_writes_a_private_file_and_the_warm_up_is_not_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("meter.json");
        let mut meter = Meter::new(Some(path.clone().into()), || Some(30));
        assert_eq!(meter.most_frames(), Some(30));
        let frame = |meter: &mut Meter| {
            meter.key();
            meter.begin();
            meter.built();
            meter.drawn();
        };
        frame(&mut meter);
        let measuring = meter.0.as_mut().unwrap();
        assert!(measuring.waiting.is_empty());
        measuring.start = measuring.start.checked_sub(WARM_UP).unwrap();
        frame(&mut meter);
        drop(meter);
        let text = std::fs::read_to_string(&path).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        for kind in ["frames", "built", "keys"] {
            assert_eq!(report[kind]["count"], 1, "{text}");
        }
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
