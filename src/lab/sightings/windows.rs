//! Scan instances and exposure windows from sightings, as Android's published sources make them.

use super::Sighting;
use crate::lab::time::{Micros, UnixMicros};

/// A sighting joins a scan instance when it is at most so long after the one before: 1.5 times scan and shortest pause.
const SAME_SCAN: Micros = Micros(25_500_000);
/// A window opens with a sighting so long after the first of the one before.
const WINDOW: i64 = 1_800;
/// Longest time since the last scan, in minutes.
const MOST_MINUTES: i64 = 5;
/// Seconds since the last scan where there was none.
const NO_SCAN_BEFORE: i64 = 120;

/// What one scan saw of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanInstance {
    /// Its first sighting.
    pub at: UnixMicros,
    /// Least attenuation, in dB.
    pub min_attenuation_db: i32,
    /// Mean attenuation, in dB, rounded half up.
    pub typical_attenuation_db: i32,
    /// Since the scan before, in whole minutes as seconds, 300 at most; 120 where none is known.
    pub seconds_since_last_scan: i64,
}

/// At most half an hour of scan instances of one phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window(pub Vec<ScanInstance>);

/// Forms the windows of one phone from its sightings, one after the other in order of time.
#[derive(Clone, Debug, Default)]
pub struct Forming {
    /// Windows that are over, and the present one without its present scan instance.
    windows: Vec<Window>,
    /// First second of the present window.
    opened: i64,
    scan: Option<Scan>,
}

/// The present scan instance; it is joined to the others when it is over, so that most sightings touch nothing else.
#[derive(Clone, Copy, Debug)]
struct Scan {
    at: UnixMicros,
    since_last: i64,
    min: i32,
    sum: i64,
    n: i64,
    /// Its latest sighting.
    latest: UnixMicros,
}

impl Scan {
    fn instance(self) -> ScanInstance {
        ScanInstance {
            at: self.at,
            min_attenuation_db: self.min,
            typical_attenuation_db: rounded_mean(self.sum, self.n),
            seconds_since_last_scan: self.since_last,
        }
    }
}

impl Forming {
    /// Takes the next sighting, with its attenuation in dB.
    pub fn take(&mut self, sighting: &Sighting, attenuation_db: i32) {
        let second = sighting.at.whole_seconds();
        let opens = match self.scan {
            Some(_) => second - self.opened >= WINDOW,
            None => true,
        };
        if let Some(scan) = &mut self.scan
            && !opens
            && whole(sighting.at).since(whole(scan.latest)) <= SAME_SCAN
        {
            scan.min = scan.min.min(attenuation_db);
            scan.sum += i64::from(attenuation_db);
            scan.n += 1;
            scan.latest = sighting.at;
            return;
        }
        self.end_scan();
        if opens {
            self.windows.push(Window::default());
            self.opened = second;
        }
        self.scan = Some(Scan {
            at: sighting.at,
            since_last: since_last_scan(sighting),
            min: attenuation_db,
            sum: attenuation_db.into(),
            n: 1,
            latest: sighting.at,
        });
    }

    fn end_scan(&mut self) {
        if let (Some(scan), Some(window)) = (self.scan, self.windows.last_mut()) {
            window.0.push(scan.instance());
        }
    }

    /// The windows so far; the last one may go on.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        let mut so_far = self.clone();
        so_far.end_scan();
        so_far.windows
    }
}

/// The windows of one phone: its sightings with their attenuations in dB, in order of time.
#[must_use]
pub fn windows(sightings: &[(Sighting, i32)]) -> Vec<Window> {
    let mut forming = Forming::default();
    for (sighting, attenuation_db) in sightings {
        forming.take(sighting, *attenuation_db);
    }
    forming.end_scan();
    forming.windows
}

/// Times are cut to whole seconds.
const fn whole(at: UnixMicros) -> UnixMicros {
    UnixMicros(at.whole_seconds().saturating_mul(1_000_000))
}

fn since_last_scan(sighting: &Sighting) -> i64 {
    let Some(previous) = sighting.previous_scan else {
        return NO_SCAN_BEFORE;
    };
    let minute = |at: UnixMicros| at.whole_seconds().div_euclid(60);
    60 * (minute(sighting.at) - minute(previous)).min(MOST_MINUTES)
}

/// The mean of so many, halves up.
fn rounded_mean(sum: i64, n: i64) -> i32 {
    let n = n.max(1);
    i32::try_from((2 * sum + n).div_euclid(2 * n)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::gaen::Rpi;
    use crate::lab::units::Dbm;

    fn sighting(second: f64, attenuation_db: i32) -> (Sighting, i32) {
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let at = UnixMicros(1_596_110_400_000_000 + (second * 1e6) as i64);
        let sighting = Sighting {
            at,
            rpi: Rpi([1; 16]),
            aem: None,
            rssi: Dbm(-60),
            previous_scan: Some(at.plus(Micros::from_secs(-240))),
        };
        (sighting, attenuation_db)
    }

    #[test]
    fn a_scan_ends_after_25_seconds_and_a_window_after_half_an_hour() {
        let found = windows(&[0.0, 25.0, 51.0, 1_799.9, 1_800.0, 1_801.0].map(|second| sighting(second, 50)));
        let scans: Vec<usize> = found.iter().map(|window| window.0.len()).collect();
        assert_eq!(scans, [3, 1]);
        assert_eq!(found[0].0[0].seconds_since_last_scan, 240);
    }

    #[test]
    fn the_mean_is_rounded_half_up_and_the_time_is_in_whole_minutes() {
        let found = windows(&[sighting(0.0, 50), sighting(1.0, 53)]);
        assert_eq!(
            (found[0].0[0].min_attenuation_db, found[0].0[0].typical_attenuation_db),
            (50, 52)
        );
        assert_eq!(rounded_mean(-3, 2), -1);
        let mut late = sighting(60.0, 50);
        late.0.previous_scan = Some(late.0.at.plus(Micros(-1)));
        assert_eq!(
            windows(&[late])[0].0[0].seconds_since_last_scan,
            60,
            "59 s and 60 s are two minutes"
        );
        late.0.previous_scan = Some(late.0.at.plus(Micros::from_secs(-9_999)));
        assert_eq!(windows(&[late])[0].0[0].seconds_since_last_scan, 300);
        late.0.previous_scan = None;
        assert_eq!(windows(&[late])[0].0[0].seconds_since_last_scan, 120);
        assert!(windows(&[]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn windows_keep_their_laws(
            steps in proptest::collection::vec((0i64..2_000_000, -10i32..120, 0i64..400), 1..200),
        ) {
            let mut at = 0;
            let mut sightings = Vec::new();
            for (step, attenuation_db, since) in steps {
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let mut one = sighting(at as f64 / 1e3, attenuation_db);
                one.0.previous_scan = (since > 0).then(|| one.0.at.plus(Micros::from_secs(-since)));
                at += step;
                sightings.push(one);
            }
            let found = windows(&sightings);
            let starts: Vec<i64> = found.iter().map(|window| window.0[0].at.whole_seconds()).collect();
            proptest::prop_assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= WINDOW));
            for window in &found {
                let (first, last) = (window.0[0].at, window.0[window.0.len() - 1].at);
                proptest::prop_assert!(last.whole_seconds() - first.whole_seconds() < WINDOW);
                for scan in &window.0 {
                    let seconds = scan.seconds_since_last_scan;
                    proptest::prop_assert!(seconds % 60 == 0 && (0..=300).contains(&seconds));
                    proptest::prop_assert!(scan.min_attenuation_db <= scan.typical_attenuation_db);
                }
            }
            // The least of all is the least of some scan, and nothing is lost or made up at the ends.
            let least = sightings.iter().map(|(_, db)| *db).min();
            let of_scans = found.iter().flat_map(|window| &window.0).map(|scan| scan.min_attenuation_db).min();
            proptest::prop_assert_eq!(least, of_scans);
            proptest::prop_assert_eq!(found[0].0[0].at, sightings[0].0.at);
            // One after the other gives the same at every moment.
            let mut forming = Forming::default();
            for (n, (one, db)) in sightings.iter().enumerate() {
                forming.take(one, *db);
                if n % 17 == 0 {
                    proptest::prop_assert_eq!(forming.windows(), windows(&sightings[..=n]));
                }
            }
        }
    }
}
