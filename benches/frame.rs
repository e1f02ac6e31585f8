//! What a frame costs: 200x60, 1,000 devices that all go on broadcasting four times a second, 15 frames a second.

use std::hint::black_box;
use std::io;

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use vicino::app::model::{Model, SourceInfo};
use vicino::app::{Msg, update};
use vicino::lab::address::{Address, AddressKind};
use vicino::lab::advert::Advertisement;
use vicino::lab::event::CaptureEvent;
use vicino::lab::session::Options;
use vicino::lab::time::{Micros, UnixMicros};
use vicino::lab::units::Dbm;
use vicino::view::{self, Theme};

const DEVICES: u16 = 1_000;
const SIZE: (u16, u16) = (200, 60);
/// Time between two events: 1,000 devices, four times a second.
const STEP: Micros = Micros(250);
/// Events between two frames.
const PER_FRAME: usize = 266;

/// Endless events, the devices in turn.
struct Air {
    n: u64,
    now: UnixMicros,
}

impl Air {
    fn hear(&mut self, n: usize) -> Vec<CaptureEvent> {
        (0..n).map(|_| self.next_event()).collect()
    }

    fn next_event(&mut self) -> CaptureEvent {
        self.n += 1;
        self.now = self.now.plus(STEP);
        let [low, high] = u16::try_from(self.n % u64::from(DEVICES)).unwrap_or(0).to_le_bytes();
        let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
        data.extend([low, high, 0x5a, 0xc3].repeat(5));
        let wave = u8::try_from(self.n / 97 % 40).unwrap_or(0).cast_signed();
        CaptureEvent::Advert(Advertisement {
            at: self.now,
            address: Address {
                bytes: [0x40, low, high, 1, 2, 3],
                kind: AddressKind::RandomResolvable,
            },
            rssi: Some(Dbm(-50 - wave)),
            data: data.as_slice().into(),
            ..Advertisement::default()
        })
    }
}

fn frames(criterion: &mut Criterion) {
    let mut air = Air {
        n: 0,
        now: UnixMicros(1_600_000_000_000_000),
    };
    let source = SourceInfo {
        name: "bench".to_owned(),
        ..SourceInfo::default()
    };
    let mut model = Model::new(source, Options::default(), SIZE);
    // Forty seconds, so that sparklines and chart are full.
    update(&mut model, Msg::Events(air.hear(160_000)));
    let viewport = Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
    let backend = CrosstermBackend::new(io::sink());
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).expect("a sink takes everything");
    let theme = Theme::dark();
    let mut group = criterion.benchmark_group("frame 200x60, 1,000 devices");
    group.bench_function("everything new", |bencher| {
        bencher.iter(|| {
            update(&mut model, Msg::Events(air.hear(PER_FRAME)));
            update(&mut model, Msg::Tick(Some(air.now)));
            update(&mut model, Msg::Frame);
            terminal
                .draw(|frame| view::draw(&model, &theme, frame))
                .expect("a sink takes everything");
        });
    });
    group.bench_function("drawing alone", |bencher| {
        bencher.iter(|| {
            terminal
                .draw(|frame| view::draw(black_box(&model), &theme, frame))
                .expect("a sink takes everything");
        });
    });
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
