//! The same events give the same session, whatever brings them: read at once, in pieces, paced, or recorded first.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use proptest::prelude::*;
use vicino::format::native::Meta;
use vicino::format::open::{OpenOptions, open};
use vicino::format::{EventReader, FormatError};
use vicino::lab::session::Session;
use vicino::lab::time::Micros;
use vicino::runtime::headless;
use vicino::sim::scenario::Scenario;
use vicino::sim::{Simulation, builtin};
use vicino::sink::recorder;
use vicino::source::Outlet;
use vicino::source::pacing::Speed;
use vicino::source::replay::{Feed, Options, spawn};

/// Captures small enough to be played back many times; the hostile one has its time go back.
const CAPTURES: [&str; 2] = ["two-phones.csv", "hostile.csv.zst"];

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

fn reader(file: &str) -> Result<Box<dyn EventReader>, FormatError> {
    open(&bundled(file), &OpenOptions::default())
}

fn report(session: &Session) -> String {
    serde_json::to_string(&session.report()).unwrap()
}

fn read_at_once(reader: &mut dyn EventReader, options: headless::Options) -> String {
    let mut session = Session::default();
    headless::replay(reader, &mut session, options, |_| ()).unwrap();
    report(&session)
}

/// Plays a capture back in virtual time.
fn played(file: &'static str, options: Options) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut playback = spawn(Box::new(move || reader(file)), options);
        let mut session = Session::default();
        loop {
            tokio::select! {
                biased;
                feed = playback.feed.recv() => match feed {
                    Some(Feed::Events(batch)) => session.ingest_all(&batch),
                    Some(Feed::Reset) => session = Session::default(),
                    None => break,
                },
                Ok(_) = playback.status.wait_for(|status| status.ended) => break,
            }
        }
        report(&session)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batch_size_and_tick_change_no_result(which in 0..CAPTURES.len(), batch in 1usize..2000, tick_ms in 1i64..5000) {
        let options = headless::Options { batch: Some(batch), tick: Micros::from_millis(tick_ms) };
        let odd = read_at_once(&mut *reader(CAPTURES[which]).unwrap(), options);
        let plain = read_at_once(&mut *reader(CAPTURES[which]).unwrap(), headless::Options::default());
        prop_assert!(odd == plain);
    }

    #[test]
    fn speed_changes_no_result(which in 0..CAPTURES.len(), speed in 0.1f64..1000.0, skip in prop::option::of(1u64..20)) {
        let speed: Speed = format!("{speed:.2}").parse().unwrap();
        let options = Options { speed, longest_wait: skip.map(Duration::from_secs), ..Options::default() };
        let plain = read_at_once(&mut *reader(CAPTURES[which]).unwrap(), headless::Options::default());
        prop_assert!(played(CAPTURES[which], options) == plain);
    }
}

#[test]
fn the_program_prints_the_same_bytes_for_any_batch_and_tick() {
    for file in ["demo.csv.zst", "rotation-faults.csv.zst", "bench-1m.csv.zst"] {
        let print = |options: &[&str]| {
            let mut program = Command::cargo_bin("vicino").unwrap();
            let program = program
                .arg("replay")
                .arg(bundled(file))
                .args(["--headless", "--json"])
                .args(options);
            program.assert().success().get_output().stdout.clone()
        };
        let plain = print(&[]);
        assert!(plain.starts_with(b"{"), "{}", String::from_utf8_lossy(&plain));
        assert_eq!(print(&["--batch", "1", "--tick-ms", "1000"]), plain, "{file}");
        assert_eq!(print(&["--batch", "977", "--tick-ms", "7"]), plain, "{file}");
    }
}

#[test]
fn a_simulated_live_run_gives_the_same_session_when_it_is_replayed() {
    for name in ["demo", "hostile", "rotation-faults"] {
        let scenario = Scenario::parse(builtin(name).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.csv");
        let (mut outlet, slot, mut consumer) = Outlet::new();
        let (recorder, control) = recorder::start(&file, &Meta::default()).unwrap();
        slot.put(Some(Box::new(recorder)));
        let mut radio = Simulation::new(&scenario);
        let mut live = Session::default();
        let mut batch = Vec::new();
        while radio.read(&mut batch).unwrap() || !batch.is_empty() {
            outlet.push(std::mem::take(&mut batch)).unwrap();
            while let Ok(heard) = consumer.try_recv() {
                live.ingest_all(&heard);
            }
        }
        slot.put(None);
        control.stop().unwrap();
        let mut capture = open(&file, &OpenOptions::default()).unwrap();
        let replayed = read_at_once(&mut *capture, headless::Options::default());
        assert_eq!(capture.damage().count, 0, "{:?}", capture.damage());
        assert!(live.totals().adverts > 1000);
        assert!(report(&live) == replayed, "{name}: the replay differs");
    }
}

#[test]
fn what_is_about_playing_is_refused_without_a_screen() {
    let replay = |args: &[&str]| {
        let mut program = Command::cargo_bin("vicino").unwrap();
        program.arg("replay").arg(bundled("two-phones.csv")).args(args);
        let output = program.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(replay(&["--headless"]).0, Some(0));
    for option in ["--at=5s", "--speed=2", "--loop", "--start=paused", "--skip-silence=off"] {
        let (code, said) = replay(&["--headless", option]);
        assert_eq!(code, Some(2), "{option}");
        assert!(said.contains("cannot be used with"), "{said}");
    }
    let (code, said) = replay(&[]);
    assert_eq!(code, Some(2));
    assert!(
        !cfg!(feature = "tui") || said.ends_with("hint: use --headless\n"),
        "{said}"
    );
}
