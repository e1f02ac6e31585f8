//! One device is kept an eye on, also when it changes its address.
//!
//! The same identifier under another address is the same phone. Where nothing is shared, the likeliest successor is
//! taken: of the same kind at the same station, first heard about when the other fell silent, at a similar level. That is
//! a guess and is called one. Pure: what the session holds alone decides.

use super::log::Level;
use super::model::Model;
use crate::lab::beacon::Family;
use crate::lab::gaen::Rpi;
use crate::lab::history::Bucket;
use crate::lab::ledger::TrackKey;
use crate::lab::session::Session;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::track::Track;

/// A device is taken to have fallen silent after so long, or after [`SILENT_INTERVALS`] of its intervals.
const SILENT: Micros = Micros::from_secs(3);
const SILENT_INTERVALS: i64 = 8;
/// A successor is first heard at most so long before and after the last report of the one before.
const OVERLAP: Micros = Micros::from_secs(2);
const LATEST: Micros = Micros::from_secs(15);
/// And its first levels are within so many decibels.
const MOST_DIFFERENCE: f64 = 15.0;
/// Decibels that weigh as much as a second.
const DB_PER_SECOND: f64 = 4.0;

/// The device that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Follow {
    /// Where it is heard at present, or was last.
    pub key: TrackKey,
    /// Its identifier.
    pub rpi: Option<Rpi>,
    /// How often it was found again under another address.
    pub hops: u32,
    /// How many of these are guesses.
    pub guesses: u32,
    /// Whether nothing of it is heard at present, and nothing that could be it.
    pub is_lost: bool,
    family: Family,
    last: UnixMicros,
    /// Mean level of its last seconds, in dBm.
    level: Option<f64>,
    patience: Micros,
}

/// What became of it.
#[derive(Debug, PartialEq)]
enum Turn {
    Same,
    Silent,
    Found { successor: TrackKey, is_guess: bool },
}

impl Follow {
    fn new(track: &Track) -> Self {
        let mut follow = Self {
            key: track.key,
            rpi: None,
            hops: 0,
            guesses: 0,
            is_lost: false,
            family: track.family,
            last: track.last,
            level: None,
            patience: SILENT,
        };
        follow.note(track);
        follow
    }

    fn note(&mut self, track: &Track) {
        (self.key, self.family, self.last) = (track.key, track.family, track.last);
        self.rpi = track.rpi.or(self.rpi);
        self.level = level(track, true);
        let interval = track.interval().unwrap_or(Micros(0));
        self.patience = Micros(interval.0.saturating_mul(SILENT_INTERVALS).max(SILENT.0));
    }

    fn turn(&mut self, session: &Session, now: UnixMicros) -> Turn {
        if let Some(track) = session
            .track(self.key)
            .filter(|track| now.since(track.last) <= self.patience)
        {
            self.note(track);
            return Turn::Same;
        }
        let others = || {
            session
                .tracks()
                .iter()
                .filter(|track| track.key.station == self.key.station)
        };
        let others = || others().filter(|track| track.key != self.key);
        let same = others()
            .filter(|track| self.rpi.is_some() && track.rpi == self.rpi && track.last > self.last)
            .max_by_key(|track| (track.last, track.key));
        if let Some(track) = same {
            return Turn::Found {
                successor: track.key,
                is_guess: false,
            };
        }
        let fitting = others()
            .filter(|track| track.family == self.family && track.last > self.last)
            .filter(|track| (-OVERLAP.0..=LATEST.0).contains(&track.first.since(self.last).0))
            .filter_map(|track| Some((self.difference(track)?, track)));
        let likeliest = fitting.min_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| x.key.cmp(&y.key)));
        match likeliest {
            Some((_, track)) => Turn::Found {
                successor: track.key,
                is_guess: true,
            },
            None => Turn::Silent,
        }
    }

    /// How unlikely a track is the same device, in seconds; `None` where its level says that it is not.
    fn difference(&self, track: &Track) -> Option<f64> {
        let seconds = track.first.since(self.last).as_secs_f64().abs();
        match (self.level, level(track, false)) {
            (Some(before), Some(after)) => {
                let apart = (before - after).abs();
                (apart <= MOST_DIFFERENCE).then(|| seconds + apart / DB_PER_SECOND)
            }
            _ => Some(seconds),
        }
    }
}

/// Mean level of the newest (or the oldest) seconds that are known.
fn level(track: &Track, is_newest: bool) -> Option<f64> {
    const SECONDS: usize = 3;
    let mut seconds: Vec<f64> = track.history.seconds().map(Bucket::mean).collect();
    if is_newest {
        seconds.reverse();
    }
    seconds.truncate(SECONDS);
    #[expect(clippy::cast_precision_loss, reason = "three at most")]
    let n = seconds.len() as f64;
    (n > 0.0).then(|| seconds.iter().sum::<f64>() / n)
}

impl Model {
    /// Follows the selected device, or no longer the one that is followed.
    pub(super) fn toggle_follow(&mut self) {
        let selected = self.live.selected.and_then(|key| self.session.track(key));
        let is_followed = |track: &Track| self.live.follow.as_ref().is_some_and(|follow| follow.key == track.key);
        self.live.follow = match selected {
            Some(track) if !is_followed(track) => Some(Follow::new(track)),
            _ => None,
        };
    }

    /// Looks where the followed device is heard now. Once a tick.
    pub(super) fn keep_following(&mut self) {
        let Some(mut follow) = self.live.follow.take() else {
            return;
        };
        let now = self.session.now();
        let was = follow.key;
        match follow.turn(&self.session, now) {
            Turn::Same => follow.is_lost = false,
            Turn::Silent => {
                if !follow.is_lost {
                    follow.is_lost = true;
                    let text = "the followed device is silent, and nothing like it came since";
                    self.log.add(now, Level::Info, text, was.address.to_string());
                }
            }
            Turn::Found { successor, is_guess } => {
                if let Some(track) = self.session.track(successor) {
                    follow.note(track);
                    follow.rpi = track.rpi;
                }
                follow.is_lost = false;
                follow.hops = follow.hops.saturating_add(1);
                follow.guesses = follow.guesses.saturating_add(u32::from(is_guess));
                let text = if is_guess {
                    "the followed device likely goes on under this address: same kind, time and level fit"
                } else {
                    "the followed device goes on under this address with the same identifier"
                };
                let level = if is_guess { Level::Info } else { Level::Warning };
                self.log.add(now, level, text, successor.address.to_string());
                if self.live.selected == Some(was) && self.live.frozen.is_none() {
                    self.live.selected = Some(successor);
                    self.live.needs_order = true;
                }
            }
        }
        self.live.follow = Some(follow);
    }
}

#[cfg(test)]
mod tests {
    use crate::app::key::Key;
    use crate::app::model::{Model, SourceInfo};
    use crate::app::{Msg, update};
    use crate::lab::address::{Address, AddressKind};
    use crate::lab::advert::Advertisement;
    use crate::lab::event::CaptureEvent;
    use crate::lab::time::{Micros, UnixMicros};
    use crate::lab::units::Dbm;

    fn heard(millis: i64, address: u8, rpi: u8, level: i8) -> CaptureEvent {
        let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
        data.extend([rpi; 20]);
        CaptureEvent::Advert(Advertisement {
            at: UnixMicros(1_600_000_000_000_000).plus(Micros::from_millis(millis)),
            address: Address {
                bytes: [0x5e, 0, 0, 0, 0, address],
                kind: AddressKind::RandomResolvable,
            },
            rssi: Some(Dbm(level)),
            data: data.as_slice().into(),
            ..Advertisement::default()
        })
    }

    /// Follows the first device of a while; then comes what `after` says of each quarter of a second.
    fn follow(after: impl Fn(i64) -> Vec<CaptureEvent>) -> Model {
        let mut model = Model::new(SourceInfo::default(), crate::lab::session::Options::default(), (80, 24));
        for n in 0..40 {
            update(&mut model, Msg::Events(vec![heard(n * 250, 1, 1, -60)]));
        }
        update(&mut model, Msg::Tick(None));
        update(&mut model, Msg::Frame);
        update(&mut model, Msg::Key(Key::char('o')));
        for n in 40..100 {
            update(&mut model, Msg::Events(after(n)));
            let now = UnixMicros(1_600_000_000_000_000).plus(Micros::from_millis(n * 250));
            update(&mut model, Msg::Tick(Some(now)));
        }
        update(&mut model, Msg::Frame);
        model
    }

    fn seen(model: &Model) -> (u8, u32, u32, bool) {
        let follow = model.live.follow.as_ref().unwrap();
        (follow.key.address.bytes[5], follow.hops, follow.guesses, follow.is_lost)
    }

    #[test]
    fn the_same_identifier_under_another_address_is_the_same_phone() {
        let model = follow(|n| vec![heard(n * 250, 2, 1, -90), heard(n * 250, 3, 3, -60)]);
        assert_eq!(seen(&model), (2, 1, 0, false));
        assert_eq!(
            model.live.selected.unwrap().address.bytes[5],
            2,
            "the selection goes with it"
        );
    }

    #[test]
    fn the_likeliest_successor_is_taken_and_called_a_guess() {
        let model = follow(|n| {
            vec![
                heard(n * 250, 2, 2, -90),
                heard(n * 250, 3, 3, -62),
                heard(n * 250, 4, 4, -70),
            ]
        });
        assert_eq!(seen(&model), (3, 1, 1, false));
    }

    #[test]
    fn a_device_that_goes_away_is_lost_and_found_when_it_comes_back() {
        let model = follow(|n| {
            if n < 80 {
                vec![heard(n * 250, 2, 2, -95)]
            } else {
                Vec::new()
            }
        });
        assert_eq!(seen(&model), (1, 0, 0, true));
        let model = follow(|n| {
            if n < 80 {
                Vec::new()
            } else {
                vec![heard(n * 250, 1, 1, -60)]
            }
        });
        assert_eq!(seen(&model), (1, 0, 0, false));
    }
}
