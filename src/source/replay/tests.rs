use super::*;
use crate::format::DamageLog;
use crate::lab::advert::Advertisement;
use crate::lab::time::Micros;

/// Events at these seconds, a few per call.
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
            batch.push(CaptureEvent::Advert(Advertisement {
                at: at(second),
                ..Advertisement::default()
            }));
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
