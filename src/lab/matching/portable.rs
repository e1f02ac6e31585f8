//! Candidates without wide vectors: keys in lanes of arrays, which compilers turn into what vectors there are, and the
//! cipher's own way of many blocks.

use aes::Aes128Enc;
use aes::cipher::{Array, Block, BlockCipherEncrypt as _, KeyInit as _};

use super::table::{Table, prefix};
use super::{BATCH, ROLLING_PERIOD, hkdf, padded};
use crate::lab::time::Enin;

/// Keys derived together.
const LANES: usize = 8;

/// Lanes and intervals of which the filter cannot tell that they were not seen; gives the derived key of each lane.
pub(super) fn candidates(
    teks: &[[u8; 16]],
    starts: &[u32],
    table: &Table,
    found: &mut Vec<(u8, u8)>,
) -> [[u8; 16]; BATCH] {
    let mut all = [[0; 16]; BATCH];
    let groups = teks.chunks(LANES).zip(all.chunks_mut(LANES));
    for (teks, out) in groups {
        let mut words = [[0; LANES]; 4];
        for (lane, tek) in teks.iter().enumerate() {
            for (word, bytes) in words.iter_mut().zip(tek.chunks_exact(4)) {
                word[lane] = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
        let derived = hkdf::rpik(words);
        for (lane, key) in out.iter_mut().enumerate() {
            for (bytes, word) in key.chunks_exact_mut(4).zip(&derived) {
                bytes.copy_from_slice(&word[lane].to_be_bytes());
            }
        }
    }
    let mut blocks = [Block::<Aes128Enc>::default(); ROLLING_PERIOD as usize];
    for ((lane, key), start) in (0u8..).zip(&all).zip(starts).take(teks.len()) {
        for (block, enin) in blocks.iter_mut().zip(*start..) {
            *block = padded(Enin(enin));
        }
        Aes128Enc::new(&Array(*key)).encrypt_blocks(&mut blocks);
        for (interval, block) in (0u8..).zip(&blocks) {
            if table.may_hold(prefix(block.0)) {
                found.push((lane, interval));
            }
        }
    }
    all
}
