use super::*;
use crate::format::DamageLog;
use crate::lab::advert::{Advertisement, StationId};
use crate::lab::event::EventKind;
use crate::lab::time::Micros;
use crate::source::pacing::parse_span;

/// Events at these seconds, a few per call: advertisements, but what ends in a 7 is something else.
struct Seconds(VecDeque<i64>, DamageLog);

impl EventReader for Seconds {
    fn read(&mut self, batch: &mut Batch) -> Result<bool, FormatError> {
        for _ in 0..2 {
            let Some(second) = self.0.pop_front() else {
                return Ok(false);
            };
            if second == FAIL {
                return Err(FormatError::Unrecognised("torn".to_owned()));
            }
            batch.push(if second % 10 == 7 {
                let kind = EventKind::OwnEnable { set: None, on: true };
                CaptureEvent::other(at(second), StationId(0), kind)
            } else {
                CaptureEvent::Advert(Advertisement {
                    at: at(second),
                    ..Advertisement::default()
                })
            });
        }
        Ok(true)
    }

    fn damage(&self) -> &DamageLog {
        &self.1
    }

    fn bytes_read(&self) -> u64 {
        0
    }
}

const FAIL: i64 = i64::MAX;

fn at(second: i64) -> UnixMicros {
    UnixMicros(0).plus(Micros::from_secs(second))
}

fn play(seconds: &[i64], options: Options) -> Playback {
    let seconds = seconds.to_vec();
    let open = move || -> Result<Box<dyn EventReader>, FormatError> {
        Ok(Box::new(Seconds(seconds.clone().into(), DamageLog::default())))
    };
    spawn(Box::new(open), options)
}

/// The next thing fed: seconds of the events, or `None` for a reset.
async fn next(playback: &mut Playback) -> Option<Vec<i64>> {
    match playback.feed.recv().await.expect("the player lives") {
        Feed::Reset => None,
        Feed::Events(batch) => Some(batch.iter().map(|event| event.at().whole_seconds()).collect()),
    }
}

async fn ended(playback: &mut Playback) -> Status {
    playback.status.wait_for(|status| status.ended).await.unwrap().clone()
}

fn elapsed(playback: &Playback) -> u64 {
    playback.origin.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn events_come_at_their_time_and_a_silence_is_shortened() {
    let mut playback = play(&[0, 1, 3, 3_600], Options::default());
    assert_eq!(next(&mut playback).await.unwrap(), [0]);
    assert_eq!((next(&mut playback).await.unwrap(), elapsed(&playback)), (vec![1], 1));
    assert_eq!((next(&mut playback).await.unwrap(), elapsed(&playback)), (vec![3], 3));
    assert_eq!(
        (next(&mut playback).await.unwrap(), elapsed(&playback)),
        (vec![3_600], 6)
    );
    let status = ended(&mut playback).await;
    assert_eq!(status.pacer.skipped().0, 1);
    assert_eq!(status.data_time(Duration::from_secs(99_999)), Some(at(3_600)));
}

#[tokio::test(start_paused = true)]
async fn speed_divides_the_time_and_max_waits_for_nothing() {
    let fast = Options {
        speed: Speed::Tenths(100),
        ..Options::default()
    };
    let mut playback = play(&[0, 20], fast);
    next(&mut playback).await;
    assert_eq!((next(&mut playback).await.unwrap(), elapsed(&playback)), (vec![20], 2));

    let max = Options {
        speed: Speed::Max,
        ..Options::default()
    };
    let mut playback = play(&[0, 20, 4_000, 9_999], max);
    let mut all = Vec::new();
    while all.len() < 4 {
        all.extend(next(&mut playback).await.unwrap());
    }
    assert_eq!((all, elapsed(&playback)), (vec![0, 20, 4_000, 9_999], 0));
}

#[tokio::test(start_paused = true)]
async fn a_step_plays_one_event_and_stays_paused() {
    let options = Options {
        paused: true,
        ..Options::default()
    };
    let mut playback = play(&[5, 5, 6], options);
    for _ in 0..2 {
        playback.commands.send(Command::Step).await.unwrap();
        assert_eq!(next(&mut playback).await.unwrap(), [5]);
    }
    assert!(playback.status.borrow().is_still());
    playback.commands.send(Command::TogglePause).await.unwrap();
    assert_eq!(next(&mut playback).await.unwrap(), [6]);
}

#[tokio::test(start_paused = true)]
async fn seeking_forward_skips_the_waiting_and_back_starts_over() {
    let options = Options {
        start: Some(Command::SeekToOffset(Micros::from_secs(100))),
        ..Options::default()
    };
    let mut playback = play(&[0, 50, 99, 101, 102], options);
    assert_eq!(next(&mut playback).await.unwrap(), [0, 50, 99]);
    assert_eq!((next(&mut playback).await.unwrap(), elapsed(&playback)), (vec![101], 1));
    playback.commands.send(Command::SeekTo(at(60))).await.unwrap();
    assert_eq!(next(&mut playback).await, None);
    assert_eq!(next(&mut playback).await.unwrap(), [0, 50]);
    assert_eq!(next(&mut playback).await.unwrap(), [99]);
}

#[tokio::test(start_paused = true)]
async fn seeking_before_the_beginning_is_the_beginning_and_past_the_end_the_end() {
    let mut playback = play(&[10, 20, 30], Options::default());
    next(&mut playback).await;
    playback
        .commands
        .send(Command::SeekBy(Micros::from_secs(500)))
        .await
        .unwrap();
    assert_eq!(next(&mut playback).await.unwrap(), [20, 30]);
    ended(&mut playback).await;
    playback
        .commands
        .send(Command::SeekBy(Micros::from_secs(-500)))
        .await
        .unwrap();
    assert_eq!(next(&mut playback).await, None);
    assert_eq!(next(&mut playback).await.unwrap(), [10]);
}

#[tokio::test(start_paused = true)]
async fn a_loop_starts_over_with_a_reset_but_not_over_nothing() {
    let options = Options {
        looped: true,
        ..Options::default()
    };
    let mut playback = play(&[1, 2], options);
    let mut fed = Vec::new();
    for _ in 0..5 {
        fed.push(next(&mut playback).await);
    }
    assert_eq!(fed, [Some(vec![1]), Some(vec![2]), None, Some(vec![1]), Some(vec![2])]);
    let mut empty = play(&[], options);
    assert!(ended(&mut empty).await.ended);
}

#[tokio::test(start_paused = true)]
async fn time_going_back_does_not_stall() {
    let mut playback = play(&[7_200, 0, 1], Options::default());
    assert_eq!(next(&mut playback).await.unwrap(), [7_200, 0]);
    assert_eq!((next(&mut playback).await.unwrap(), elapsed(&playback)), (vec![1], 1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_reader_ends_the_playback_after_what_was_read() {
    let mut playback = play(&[0, FAIL], Options::default());
    assert_eq!(next(&mut playback).await.unwrap(), [0]);
    let status = ended(&mut playback).await;
    assert!(status.failure.unwrap().contains("torn"));
}

#[tokio::test(start_paused = true)]
async fn playing_again_after_the_end_starts_over() {
    let mut playback = play(&[3], Options::default());
    next(&mut playback).await;
    ended(&mut playback).await;
    playback.commands.send(Command::TogglePause).await.unwrap();
    assert_eq!(next(&mut playback).await, None);
    assert_eq!(next(&mut playback).await.unwrap(), [3]);
}

#[test]
fn spans_are_read_as_people_write_them() {
    assert_eq!(parse_span("90s"), Ok(Micros::from_secs(90)));
    assert_eq!(parse_span("5m 30s"), Ok(Micros::from_secs(330)));
    assert!(parse_span("soon").is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_advertisement_does_not_break_a_silence() {
    let mut playback = play(
        &[7, 17, 27, 60, 61, 67, 97, 297, 307, 360, 367, 387],
        Options::default(),
    );
    let mut fed = Vec::new();
    while fed.len() < 12 {
        let seconds = next(&mut playback).await.unwrap();
        fed.extend(seconds.into_iter().map(|second| (second, elapsed(&playback))));
    }
    // The first device after three seconds, the next after as many again; at the end there is nothing to wait for.
    let expected = [
        (7, 0),
        (17, 0),
        (27, 0),
        (60, 3),
        (61, 4),
        (67, 4),
        (97, 4),
        (297, 4),
        (307, 4),
        (360, 7),
        (367, 7),
        (387, 10),
    ];
    assert_eq!(fed, expected);
    assert_eq!(ended(&mut playback).await.pacer.skipped().0, 3);
}

#[tokio::test(start_paused = true)]
async fn a_start_past_the_end_is_told() {
    let start = |seconds| Options {
        start: Some(Command::SeekToOffset(Micros::from_secs(seconds))),
        ..Options::default()
    };
    let mut playback = play(&[10, 20], start(500));
    assert!(ended(&mut playback).await.past_end);
    let mut playback = play(&[10, 20], start(10));
    assert!(!ended(&mut playback).await.past_end);
}

#[tokio::test(start_paused = true)]
async fn a_phone_log_shows_devices_within_seconds_and_keeps_going() {
    let shared = std::env::var_os("VICINO_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        std::path::PathBuf::from,
    );
    let log = shared.join("data/dp3t/exp34-epfl-soldiers/pcaps/10.btsnoop");
    if !log.exists() {
        println!("skipped: no {}", log.display());
        return;
    }
    let open = move || crate::format::open::open(&log, &crate::format::open::OpenOptions::default());
    let mut playback = spawn(Box::new(open), Options::default());
    let (mut last, mut n_adverts) = (playback.origin, 0);
    loop {
        tokio::select! {
            biased;
            Some(feed) = playback.feed.recv() => {
                let Feed::Events(batch) = feed else { panic!("a reset") };
                let n = batch.iter().filter(|event| is_advert(event)).count();
                if n > 0 {
                    assert!(last.elapsed() < Duration::from_millis(3_100), "silent for {:?}", last.elapsed());
                    (last, n_adverts) = (Instant::now(), n_adverts + n);
                }
            }
            Ok(_) = playback.status.wait_for(|status| status.ended) => break,
        }
    }
    assert!(n_adverts > 1_000, "{n_adverts}");
}
