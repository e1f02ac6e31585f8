//! Candidates with AVX-512 and VAES: sixteen keys in the lanes of SHA-256, then four keys in a register of AES.
//!
//! The last round is done for four intervals at once. It only moves, replaces and adds bytes, so the first column of a
//! block needs its diagonal alone: with the columns of block *c* turned by *c*, the diagonals of four blocks fill one
//! register, which then gives the first 32 bits of four identifiers of each of four keys.
//!
//! [`super::portable`] gives the same; the tests hold this to it.

#![expect(unsafe_code, reason = "vector instructions, called only where the machine has them")]
#![expect(clippy::large_types_passed_by_value, reason = "all of it is in registers")]
#![expect(
    clippy::many_single_char_names,
    reason = "words and blocks as the standards name them"
)]

use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm_setr_epi8, _mm_setr_epi32, _mm512_add_epi32, _mm512_aesenc_epi128,
    _mm512_aesenclast_epi128, _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_bslli_epi128, _mm512_i32gather_epi32,
    _mm512_loadu_si512, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_shuffle_epi32,
    _mm512_srli_epi32, _mm512_srlv_epi32, _mm512_storeu_si512, _mm512_ternarylogic_epi32, _mm512_test_epi32_mask,
    _mm512_xor_si512,
};

use super::table::Table;
use super::{BATCH, ROLLING_PERIOD, hkdf};

type V = __m512i;

/// Intervals that go through together: two registers of diagonals.
const STEP: usize = 8;

/// Whether the machine has what this needs.
pub(super) fn is_there() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("aes")
}

/// Lanes and intervals of which the filter cannot tell that they were not seen; gives the derived key of each lane. Only
/// where [`is_there`].
pub(super) fn candidates(
    teks: &[[u8; 16]; BATCH],
    starts: &[u32; BATCH],
    table: &Table,
    found: &mut Vec<(u8, u8)>,
) -> [[u8; 16]; BATCH] {
    debug_assert!(is_there());
    // Safety: the caller has asked `is_there`.
    unsafe { of_batch(teks, starts, table, found) }
}

#[target_feature(enable = "avx512f,avx512bw,vaes,aes")]
fn of_batch(
    teks: &[[u8; 16]; BATCH],
    starts: &[u32; BATCH],
    table: &Table,
    found: &mut Vec<(u8, u8)>,
) -> [[u8; 16]; BATCH] {
    let mut words = [[0u32; BATCH]; 4];
    for (lane, tek) in teks.iter().enumerate() {
        for (word, bytes) in words.iter_mut().zip(tek.chunks_exact(4)) {
            word[lane] = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
    }
    let derived = rpik(words);
    let mut all = [[0; 16]; BATCH];
    for (lane, key) in all.iter_mut().enumerate() {
        for (bytes, word) in key.chunks_exact_mut(4).zip(&derived) {
            bytes.copy_from_slice(&word[lane].to_be_bytes());
        }
    }
    for (group, keys) in all.chunks_exact(4).enumerate() {
        let mut counters = [0u32; 16];
        for place in 0..4 {
            counters[4 * place + 3] = starts[4 * group + place];
        }
        // Safety: four keys are as long as a register; the load needs no alignment.
        let keys = unsafe { _mm512_loadu_si512(keys.as_ptr().cast()) };
        of_four(keys, load(&counters), 4 * group, table, found);
    }
    all
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; 16]) -> V {
    // Safety: sixteen words are as long as a register; the load needs no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: V) -> [u32; 16] {
    let mut out = [0; 16];
    // Safety: as for `load`.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), words) };
    out
}

// ---- SHA-256 in sixteen lanes

#[inline]
#[target_feature(enable = "avx512f")]
fn word(of: u32) -> V {
    _mm512_set1_epi32(of.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: V, b: V, c: V) -> V {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: V, b: V) -> V {
    _mm512_add_epi32(a, b)
}

/// One round; `word` has the round constant in it.
#[inline]
#[target_feature(enable = "avx512f")]
fn round(s: [V; 8], word: V) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = s;
    let s1 = xor3(
        _mm512_ror_epi32::<6>(e),
        _mm512_ror_epi32::<11>(e),
        _mm512_ror_epi32::<25>(e),
    );
    let choice = _mm512_ternarylogic_epi32::<0xca>(e, f, g);
    let t1 = add(add(h, word), add(s1, choice));
    let s0 = xor3(
        _mm512_ror_epi32::<2>(a),
        _mm512_ror_epi32::<13>(a),
        _mm512_ror_epi32::<22>(a),
    );
    let majority = _mm512_ternarylogic_epi32::<0xe8>(a, b, c);
    [add(t1, add(s0, majority)), a, b, c, add(d, t1), e, f, g]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn compress(before: [V; 8], mut w: [V; 16]) -> [V; 8] {
    let mut s = before;
    let mut n = 0;
    while n < 64 {
        // Sixteen rounds without a change of places.
        let mut at = 0;
        while at < 16 {
            s = round(s, add(w[at], word(hkdf::K[n + at])));
            if n < 48 {
                let (x, y) = (w[(at + 1) % 16], w[(at + 14) % 16]);
                let s0 = xor3(
                    _mm512_ror_epi32::<7>(x),
                    _mm512_ror_epi32::<18>(x),
                    _mm512_srli_epi32::<3>(x),
                );
                let s1 = xor3(
                    _mm512_ror_epi32::<17>(y),
                    _mm512_ror_epi32::<19>(y),
                    _mm512_srli_epi32::<10>(y),
                );
                w[at] = add(add(w[at], s0), add(w[(at + 9) % 16], s1));
            }
            at += 1;
        }
        n += 16;
    }
    sum(s, before)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn sum(mut s: [V; 8], before: [V; 8]) -> [V; 8] {
    let mut n = 0;
    while n < 8 {
        s[n] = add(s[n], before[n]);
        n += 1;
    }
    s
}

#[inline]
#[target_feature(enable = "avx512f")]
fn all(state: [u32; 8]) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = state;
    [word(a), word(b), word(c), word(d), word(e), word(f), word(g), word(h)]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn hash_block(hash: [V; 8]) -> [V; 16] {
    let [a, b, c, d, e, f, g, h] = hash;
    let (zero, end, bits) = (word(0), word(hkdf::PADDING), word(hkdf::HASH_BITS));
    [a, b, c, d, e, f, g, h, end, zero, zero, zero, zero, zero, zero, bits]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn key_block(key: [V; 8], pad: u32) -> [V; 16] {
    let pad = word(pad);
    let mut block = [pad; 16];
    let mut n = 0;
    while n < 8 {
        block[n] = _mm512_xor_si512(key[n], pad);
        n += 1;
    }
    block
}

/// As [`hkdf::rpik`].
#[target_feature(enable = "avx512f")]
fn rpik(keys: [[u32; 16]; 4]) -> [[u32; 16]; 4] {
    let [a, b, c, d] = keys;
    let (zero, end, bits) = (word(0), word(hkdf::PADDING), word(hkdf::KEY_BITS));
    let block = [
        load(&a),
        load(&b),
        load(&c),
        load(&d),
        end,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        bits,
    ];
    let inner = compress(all(hkdf::NO_SALT_INNER), block);
    let prk = compress(all(hkdf::NO_SALT_OUTER), hash_block(inner));
    let keyed = compress(all(hkdf::START), key_block(prk, hkdf::INNER));
    let mut s = keyed;
    for constant in hkdf::INFO_ROUNDS {
        s = round(s, word(constant));
    }
    let inner = sum(s, keyed);
    let outer = compress(all(hkdf::START), key_block(prk, hkdf::OUTER));
    let [a, b, c, d, ..] = compress(outer, hash_block(inner));
    [store(a), store(b), store(c), store(d)]
}

// ---- AES of four keys

/// The key schedule of AES-128 for four keys in a register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes,aes")]
fn round_keys(key: V) -> [V; 11] {
    // The last word of each key, turned by a byte, in all four columns: then the rows of a round move nothing.
    let turn = _mm512_broadcast_i32x4(_mm_setr_epi8(
        13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12,
    ));
    let mut keys = [key; 11];
    let mut constant = 1u32;
    let mut n = 1;
    while n < 11 {
        let before = keys[n - 1];
        let replaced = _mm512_aesenclast_epi128(_mm512_shuffle_epi8(before, turn), word(constant));
        let once = _mm512_xor_si512(before, _mm512_bslli_epi128::<4>(before));
        let twice = _mm512_xor_si512(once, _mm512_bslli_epi128::<8>(once));
        keys[n] = _mm512_xor_si512(twice, replaced);
        constant = if constant == 0x80 { 0x1b } else { constant << 1 };
        n += 1;
    }
    keys
}

/// The identifiers of four keys from their first intervals on.
#[target_feature(enable = "avx512f,avx512bw,vaes,aes")]
fn of_four(key: V, mut counter: V, first_lane: usize, table: &Table, found: &mut Vec<(u8, u8)>) {
    let keys = round_keys(key);
    let text = _mm512_broadcast_i32x4(_mm_setr_epi32(
        i32::from_le_bytes(*b"EN-R"),
        i32::from_le_bytes(*b"PI\0\0"),
        0,
        0,
    ));
    let base = _mm512_xor_si512(text, keys[0]);
    let one = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 1));
    // The first column of the last round key, for every column.
    let last = _mm512_shuffle_epi32::<0>(keys[10]);
    let mut interval = 0;
    while interval < ROLLING_PERIOD as usize {
        let mut blocks = [base; STEP];
        let mut n = 0;
        while n < STEP {
            blocks[n] = _mm512_xor_si512(base, counter);
            counter = _mm512_add_epi32(counter, one);
            n += 1;
        }
        let mut round = 1;
        while round < 10 {
            let mut n = 0;
            while n < STEP {
                blocks[n] = _mm512_aesenc_epi128(blocks[n], keys[round]);
                n += 1;
            }
            round += 1;
        }
        let [a, b, c, d, e, f, g, h] = blocks;
        test(
            _mm512_aesenclast_epi128(diagonals(a, b, c, d), last),
            first_lane,
            interval,
            table,
            found,
        );
        test(
            _mm512_aesenclast_epi128(diagonals(e, f, g, h), last),
            first_lane,
            interval + 4,
            table,
            found,
        );
        interval += STEP;
    }
}

/// The diagonal of each of four blocks, where the last round takes its own column from.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn diagonals(a: V, b: V, c: V, d: V) -> V {
    // Column r of block c goes to column r + c.
    let b = _mm512_shuffle_epi32::<0b10_01_00_11>(b);
    let c = _mm512_shuffle_epi32::<0b01_00_11_10>(c);
    let d = _mm512_shuffle_epi32::<0b00_11_10_01>(d);
    // Byte r of column (r + c) % 4 is of block c.
    let of = |bytes: [u8; 16]| _mm512_broadcast_i32x4(bytes_of(bytes));
    let mask_b = of([0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0]);
    let mask_c = of([0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 0, 0]);
    let mask_d = of([0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0]);
    // mask ? x : y
    let ab = _mm512_ternarylogic_epi32::<0xca>(mask_b, b, a);
    let abc = _mm512_ternarylogic_epi32::<0xca>(mask_c, c, ab);
    _mm512_ternarylogic_epi32::<0xca>(mask_d, d, abc)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn bytes_of(bytes: [u8; 16]) -> __m128i {
    // Safety: sixteen bytes are as long as a register; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Sixteen prefixes, four intervals of each of four keys, against the filter.
#[inline]
#[target_feature(enable = "avx512f")]
fn test(prefixes: V, first_lane: usize, interval: usize, table: &Table, found: &mut Vec<(u8, u8)>) {
    let words = table.words();
    let mask = word(u32::try_from(words.len() - 1).unwrap_or(0));
    let at = _mm512_and_si512(prefixes, mask);
    // Safety: the mask keeps every place within the words.
    let filter = unsafe { _mm512_i32gather_epi32::<4>(at, words.as_ptr().cast()) };
    let first = _mm512_srlv_epi32(filter, _mm512_srli_epi32::<27>(prefixes));
    let second = _mm512_and_si512(_mm512_srli_epi32::<22>(prefixes), word(31));
    let second = _mm512_srlv_epi32(filter, second);
    let mut hits = _mm512_test_epi32_mask(_mm512_and_si512(first, second), word(1));
    while hits != 0 {
        let place = hits.trailing_zeros() as usize;
        hits &= hits - 1;
        let lane = u8::try_from(first_lane + place / 4).unwrap_or(u8::MAX);
        let interval = u8::try_from(interval + place % 4).unwrap_or(u8::MAX);
        found.push((lane, interval));
    }
}
