//! People in rooms, simulated, and how well the links between their identifiers do: for tests and for measuring.

use std::fmt::Write as _;

use vicino::format::EventReader;
use vicino::lab::audit::evidence::Owner;
use vicino::lab::audit::links::Summary;
use vicino::lab::audit::{Case, Evidence};
use vicino::sim::scenario::Scenario;
use vicino::sim::{Simulation, Truth};

/// Values at random, the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).expect("below n")
    }

    pub fn metres(&mut self, within: u32) -> f64 {
        f64::from(self.below(within * 10)) / 10.0
    }
}

#[derive(Clone, Copy)]
pub struct Room {
    pub phones: u32,
    pub stations: usize,
    pub has_windows: bool,
    pub minutes: u32,
    /// Share of people who stay for the whole time, in per cent; the others come and go.
    pub staying: u32,
}

/// People in a room of 10 by 10 metres; each stands at four places for a while and walks from one to the next.
pub fn scenario(room: Room, seed: u64) -> Scenario {
    let mut dice = Dice(seed.wrapping_mul(77) ^ 0x5eed);
    let mut text = format!(
        "title = 't'\nseed = {seed}\nstart = '2020-06-01T10:00:00Z'\nduration = '{}m'\ntruth_every = '10s'\n",
        room.minutes
    );
    for (number, position) in ["[0, 0]", "[10, 0]", "[5, 10]"]
        .into_iter()
        .take(room.stations)
        .enumerate()
    {
        write!(text, "[[station]]\nname = 's{number}'\nposition = {position}\n").expect("text");
        if room.has_windows {
            text.push_str("scan = { kind = 'windows' }\n");
        }
    }
    for number in 0..room.phones {
        let os = if dice.below(10) < 6 { "android" } else { "ios" };
        let power = -30 + i32::try_from(dice.below(12)).expect("small");
        write!(
            text,
            "[[phone]]\nname = 'p{number}'\nos = '{os}'\ntx_power_dbm = {power}\nloss = 0.1\nbody_db = 5\n"
        )
        .expect("text");
        let mut walk = Vec::new();
        let mut at = 0;
        for _ in 0..4 {
            let (x, y) = (dice.metres(10), dice.metres(10));
            let stay = 60 * room.minutes / 4 - 30;
            walk.push(format!("{{ at = '{at}s', to = [{x}, {y}] }}"));
            walk.push(format!("{{ at = '{}s', to = [{x}, {y}] }}", at + stay));
            at += stay + 30;
        }
        writeln!(text, "walk = [{}]", walk.join(", ")).expect("text");
        if dice.below(100) >= room.staying {
            let from = dice.below(room.minutes * 60_000);
            let until = from + 60_000 + dice.below(room.minutes * 30_000);
            writeln!(text, "from = '{from}ms'\nuntil = '{until}ms'").expect("text");
        }
    }
    Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

pub fn simulated(scenario: &Scenario) -> Evidence {
    let mut simulation = Simulation::new(scenario).with_truth();
    let mut evidence = Evidence::new(1);
    evidence.begin_capture("simulated");
    let (mut events, mut more, mut row) = (Vec::new(), true, 0);
    while more {
        more = simulation.read(&mut events).expect("a simulation");
        for event in events.drain(..) {
            row += 1;
            evidence.take(&event, row);
        }
        for truth in simulation.take_truth() {
            let Truth::Sighting(row) = truth else { continue };
            let Some((rpi, _)) = row.rpi else { continue };
            evidence.owners.entry(rpi).or_insert_with(|| Owner {
                name: row.device,
                model: row.model,
            });
        }
    }
    evidence
}

/// Sums over seeds.
#[derive(Default)]
pub struct Sums {
    pub right: usize,
    pub scored: usize,
    pub found: usize,
    pub changes: usize,
    stated: f64,
}

impl Sums {
    fn add(&mut self, summary: &Summary) {
        self.right += summary.all.right;
        self.scored += summary.all.scored;
        self.found += summary.all.found;
        self.changes += summary.all.changes;
        self.stated += summary
            .reliability
            .iter()
            .map(|bin| bin.stated.unwrap_or(0.0) * of(bin.scored))
            .sum::<f64>();
    }

    pub fn precision(&self) -> f64 {
        of(self.right) / of(self.scored.max(1))
    }

    pub fn recall(&self) -> f64 {
        of(self.found) / of(self.changes.max(1))
    }

    pub fn stated(&self) -> f64 {
        self.stated / of(self.scored.max(1))
    }
}

pub fn of(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("a small count"))
}

pub fn measure(room: Room, seeds: std::ops::Range<u64>) -> Sums {
    let mut sums = Sums::default();
    for seed in seeds {
        let evidence = simulated(&scenario(room, seed));
        sums.add(&Case::new(&evidence).links().summary);
    }
    println!(
        "{:3} phones, {} stations, {}, {:3} % stay: precision {:.3} ({} links), recall {:.3} ({} changes), stated {:.3}",
        room.phones,
        room.stations,
        if room.has_windows { "windows   " } else { "continuous" },
        room.staying,
        sums.precision(),
        sums.scored,
        sums.recall(),
        sums.changes,
        sums.stated()
    );
    sums
}
