//! A recording that is killed loses at most a second and always opens.
//!
//! Ten kills by default; `VICINO_KILLS=200` for the whole measurement.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use vicino::format::open::{OpenOptions, open};
use vicino::lab::event::CaptureEvent;

/// Longest stretch that a kill may cost, the time to start the program included.
const MOST_LOST: Duration = Duration::from_secs(1);

/// Records the bundled capture as it plays, kills the program after `life`; gives the time between the start of the
/// program and its death, and the rows that the file has.
fn record_and_kill(folder: &Path, life: Duration) -> (Duration, Vec<i64>) {
    let name = folder.join("killed.csv");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/two-phones.csv");
    #[expect(clippy::disallowed_methods, reason = "the kill is a matter of real time")]
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vicino"))
        .arg("record")
        .arg(&name)
        .arg("--from")
        .arg(demo)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // The channel closes when the program ends by itself, which would end the wait early.
    let (ended, end) = mpsc::channel::<()>();
    let mut errors = child.stderr.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text);
        drop(ended);
        text
    });
    let waited = end.recv_timeout(life);
    child.kill().expect("is killed");
    let lived = started.elapsed();
    child.wait().expect("is dead");
    let errors = reader.join().expect("reads");
    assert_eq!(
        waited,
        Err(mpsc::RecvTimeoutError::Timeout),
        "ended by itself: {errors}"
    );
    (lived, rows(&name))
}

fn rows(name: &Path) -> Vec<i64> {
    // Killed before the file was made: nothing was accepted yet.
    if !name.exists() || name.metadata().is_ok_and(|found| found.len() == 0) {
        return Vec::new();
    }
    let mut reader = open(name, &OpenOptions::default()).expect("opens");
    let mut events = Vec::new();
    while reader.read(&mut events).expect("reads to the end") {}
    let damage = reader.damage();
    assert!(damage.count <= 1, "more than the torn last row: {damage:?}");
    let time = |event: &CaptureEvent| matches!(event, CaptureEvent::Advert(_)).then(|| event.at().0);
    events.iter().filter_map(time).collect()
}

#[test]
fn a_killed_recording_opens_and_has_all_but_the_last_second() {
    let kills: u64 = std::env::var("VICINO_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(10);
    let worst_us = AtomicU64::new(0);
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= kills {
                        return;
                    }
                    let folder = tempfile::tempdir().expect("a folder");
                    let life = Duration::from_millis(20 + n.wrapping_mul(2_654_435_761) % 1900);
                    let (lived, rows) = record_and_kill(folder.path(), life);
                    let (first, last) = (rows.first().copied().unwrap_or(0), rows.last().copied().unwrap_or(0));
                    let kept = Duration::from_micros(u64::try_from(last - first).expect("the capture runs forwards"));
                    let missing = lived.saturating_sub(kept);
                    worst_us.fetch_max(
                        u64::try_from(missing.as_micros()).unwrap_or(u64::MAX),
                        Ordering::Relaxed,
                    );
                }
            });
        }
    });
    let worst = Duration::from_micros(worst_us.into_inner());
    println!("{kills} kills, at most {worst:?} lost");
    assert!(worst <= MOST_LOST, "{worst:?} lost");
}
