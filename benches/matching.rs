//! How fast keys are matched, in keys (TEKs) per second of one core, as ratios measured in one run: against the plain way
//! (HKDF for each key, `encrypt_block` 144 times, std `HashSet`), and against the limit that the AES of 144 blocks a key
//! sets. All find the same.
//!
//! `cargo bench --bench matching`; `cargo bench --bench matching -- 7` for seven rounds.

use std::collections::HashSet;
use std::hint::black_box;

use aes::Aes128;
use aes::cipher::{Array, Block, BlockCipherEncrypt, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use vicino::clock;
use vicino::lab::crypto::{BroadcastKeys, Tek};
use vicino::lab::gaen::Rpi;
use vicino::lab::matching::{Candidate, Hit, Index, Path, Seen};
use vicino::lab::time::Enin;

const KEYS: u32 = 100_000;
const START: u32 = 2_642_976;
/// Keys of which a few identifiers were seen.
const SEEN_KEYS: u32 = 200;

fn bytes(n: u64) -> [u8; 16] {
    // Murmur's finaliser: any numbers that look like none.
    let mix = |mut n: u64| {
        n ^= n >> 33;
        n = n.wrapping_mul(0xff51_afd7_ed55_8ccd);
        n ^= n >> 33;
        n.wrapping_mul(0xc4ce_b9fe_1a85_ec53) ^ n >> 29
    };
    let mut out = [0; 16];
    out[..8].copy_from_slice(&mix(n).to_le_bytes());
    out[8..].copy_from_slice(&mix(!n).to_le_bytes());
    out
}

fn keys(days: u32) -> Vec<Candidate> {
    let key = |n: u32| Candidate {
        tek: Tek::new(bytes(u64::from(n))),
        start: Enin(START + n % days * 144),
        period: 144,
    };
    (0..KEYS).map(key).collect()
}

/// So many identifiers, a thousand of them of the first keys, the others of nobody; each seen in its own interval.
fn seen(keys: &[Candidate], n: u32, days: u32) -> Vec<Seen> {
    let at = |rpi, enin| Seen {
        rpi,
        first: enin,
        last: enin,
    };
    let mut seen = Vec::new();
    for key in keys.iter().take(SEEN_KEYS as usize) {
        let derived = BroadcastKeys::derive(&key.tek);
        for interval in [3, 50, 51, 90, 143] {
            let enin = Enin(key.start.0 + interval);
            seen.push(at(derived.rpi(enin), enin));
        }
    }
    for n in 0..n - 5 * SEEN_KEYS {
        seen.push(at(Rpi(bytes(1 << 40 | u64::from(n))), Enin(START + n % (days * 144))));
    }
    seen
}

fn plain(keys: &[Candidate], seen: &HashSet<Rpi>) -> Vec<(usize, Enin)> {
    let mut hits = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let mut rpik = [0; 16];
        let derived = Hkdf::<Sha256>::new(None, key.tek.expose()).expand(b"EN-RPIK", &mut rpik);
        assert!(derived.is_ok());
        let cipher = Aes128::new(&Array(rpik));
        for enin in (key.start.0..).take(144) {
            let mut block = Block::<Aes128>::default();
            block.0[..6].copy_from_slice(b"EN-RPI");
            block.0[12..].copy_from_slice(&enin.to_le_bytes());
            cipher.encrypt_block(&mut block);
            if seen.contains(&Rpi(block.0)) {
                hits.push((number, Enin(enin)));
            }
        }
    }
    hits
}

/// The limit: nothing but 144 blocks a key, as the cipher does many at once.
fn aes_alone(n: u32) -> u8 {
    let mut blocks = [Block::<Aes128>::default(); 144];
    let mut sum = 0;
    for n in 0..n {
        Aes128::new(&Array(bytes(u64::from(n)))).encrypt_blocks(&mut blocks);
        sum ^= blocks[143].0[0];
    }
    sum
}

fn timed<T>(times: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let start = clock::steady();
    let out = black_box(work());
    times.push(start.elapsed().as_secs_f64());
    out
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn found(index: &Index, keys: &[Candidate], path: Path) -> Vec<Hit> {
    let mut hits = Vec::new();
    index.find(keys, 0, path, &mut hits);
    hits
}

/// Both halves at once, each in a thread.
fn in_two(index: &Index, keys: &[Candidate]) -> Vec<Hit> {
    let (first, second) = keys.split_at(keys.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let mut hits = Vec::new();
            index.find(second, first.len(), Path::best(), &mut hits);
            hits
        });
        let mut hits = found(index, first, Path::best());
        hits.extend(second.join().unwrap_or_default());
        hits
    })
}

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let one_day = keys(1);
    let seen_few = seen(&one_day, 100_000, 1);
    let plainly: HashSet<Rpi> = seen_few.iter().map(|seen| seen.rpi).collect();
    let index = Index::new(seen_few, false);
    let fortnight = keys(14);
    let many = Index::new(seen(&fortnight, 1_000_000, 14), true);
    let mut times: [Vec<f64>; 6] = Default::default();
    for _ in 0..rounds {
        let [by_plain, portable, wide, two, split, aes] = &mut times;
        let expected = timed(by_plain, || plain(&one_day, &plainly));
        for hits in [
            timed(portable, || found(&index, &one_day, Path::Portable)),
            timed(wide, || found(&index, &one_day, Path::best())),
            timed(two, || in_two(&index, &one_day)),
        ] {
            let hits: Vec<_> = hits.into_iter().map(|hit| (hit.key, hit.enin)).collect();
            assert!(hits == expected, "{} and {}", hits.len(), expected.len());
        }
        let hits = timed(split, || found(&many, &fortnight, Path::best()));
        assert_eq!(hits.len(), 5 * SEEN_KEYS as usize);
        timed(aes, || aes_alone(KEYS));
    }
    let [by_plain, portable, wide, two, split, aes] = times.map(|times| median(&times));
    let line = |name: &str, seconds: f64, goal: &str| {
        let rate = f64::from(KEYS) / seconds;
        println!(
            "{name:<44} {rate:>10.0} TEKs/s   {:>5.1} x plain   {:>4.2} of AES alone   {goal}",
            by_plain / seconds,
            aes / seconds
        );
    };
    println!(
        "{KEYS} keys x 144, median of {rounds} rounds, best path: {:?}",
        Path::best()
    );
    line("plain: HKDF, encrypt_block, HashSet", by_plain, "");
    line("portable, 10^5 RPIs", portable, "goal 5 x plain, stretch 8");
    line("best, 10^5 RPIs", wide, "goal 18 x plain, stretch 28");
    line(
        "best, 10^5 RPIs, two threads",
        two,
        &format!("{:.2} x one thread, goal 1.8", wide / two),
    );
    line(
        "best, 10^6 RPIs over 14 days, by day",
        split,
        &format!("{:.2} of 10^5, goal 0.8", wide / split),
    );
    line("AES of 144 blocks alone (aes crate)", aes, "");
}
