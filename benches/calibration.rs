//! Fitting a million reports, and distances of a day's log. The goals are in seconds, of the whole: 2 and 1.

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use vicino::lab::calibration::fit::{Observation, References, Samples, Settings, fit};
use vicino::lab::distance::{Estimator, Level, Mode, Model, Phone, Query};
use vicino::lab::units::{Dbm, Metres};

/// Numbers that look like noise, the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap_or(0)) / f64::from(1_u32 << 31)
    }
}

/// A million reports of six phones at four distances in three sessions.
fn observations() -> Vec<Observation> {
    let mut noise = Noise(1);
    let mut one = |n: usize| {
        let (sender, receiver) = (n % 6, (n / 6) % 5);
        let distance = [0.5, 1.0, 2.0, 4.0][(n / 30) % 4];
        let level = -70.0 - 20.0 * f64::log10(distance) - 2.0 * f64::from(u8::try_from(sender).unwrap_or(0))
            + 4.0 * noise.next();
        #[expect(clippy::cast_possible_truncation, reason = "levels of radios")]
        let rssi = Dbm(level.round() as i8);
        Observation {
            sender,
            receiver: receiver + usize::from(receiver >= sender),
            session: (n / 120) % 3,
            orientation: None,
            distance: Metres(distance),
            rssi,
        }
    };
    (0..1_000_000).map(&mut one).collect()
}

fn fitting(criterion: &mut Criterion) {
    let all = observations();
    let references = References {
        tx: [(0, -30.0)].into(),
        corrections: [(0, 8.0)].into(),
        ..References::default()
    };
    let mut group = criterion.benchmark_group("calibration");
    group.sample_size(10).throughput(Throughput::Elements(1_000_000));
    group.bench_function("fit of a million reports", |bencher| {
        bencher.iter(|| {
            let mut samples = Samples::new();
            for one in &all {
                samples.push(one).expect("few groups");
            }
            black_box(fit(&samples, &references, &Settings::default()).expect("a fit"))
        });
    });
    group.finish();
}

/// A day of a receiver that listens all the time: 20 phones, 100,000 reports.
fn day() -> (Vec<Level>, Vec<Query>) {
    let mut noise = Noise(2);
    let (mut levels, mut windows) = (Vec::new(), Vec::new());
    for phone in 1..=20 {
        let mut from = levels.len();
        for n in 0..5_000_u32 {
            let level = Level {
                receiver: Phone::Known(0),
                sender: Phone::Known(phone),
                at_s: f64::from(n) * 17.28 + noise.next(),
                db: (-50.0 - f64::from(phone) - 12.0 * noise.next()).round(),
            };
            let window = (level.at_s / 30.0).floor();
            let is_new = levels
                .last()
                .is_none_or(|before: &Level| before.sender != level.sender || (before.at_s / 30.0).floor() < window);
            if is_new {
                from = levels.len();
            }
            levels.push(level);
            let query = Query {
                receiver: Phone::Known(0),
                sender: Phone::Known(phone),
                from_s: window * 30.0,
                length_s: 30.0,
                levels: from..levels.len(),
            };
            if is_new {
                windows.push(query);
            } else if let Some(last) = windows.last_mut() {
                *last = query;
            }
        }
    }
    (levels, windows)
}

fn distances(criterion: &mut Criterion) {
    let (levels, windows) = day();
    let stations: BTreeSet<Phone> = [Phone::Known(0)].into();
    let mut group = criterion.benchmark_group("distance");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(levels.len() as u64));
    for (mode, name) in [(Mode::Replay, "day's log, replay"), (Mode::Live, "day's log, live")] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || levels.clone(),
                |levels| {
                    let estimator = Estimator::new(&levels, &stations, mode, Model::built_in());
                    black_box(estimator.scores(&windows))
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, fitting, distances);
criterion_main!(benches);
