//! Candidates without wide vectors of our own: hash and cipher use what instructions there are, the cipher many blocks at
//! once.

use aes::Aes128Enc;
use aes::cipher::{Array, Block, BlockCipherEncrypt as _, KeyInit as _};

use super::table::{Table, prefix};
use super::{BATCH, ROLLING_PERIOD, hkdf, padded};
use crate::lab::time::Enin;

/// Lanes and intervals of which the filter cannot tell that they were not seen; gives the derived key of each lane.
pub(super) fn candidates(
    teks: &[[u8; 16]],
    starts: &[u32],
    table: &Table,
    found: &mut Vec<(u8, u8)>,
) -> [[u8; 16]; BATCH] {
    let mut all = [[0; 16]; BATCH];
    for (key, tek) in all.iter_mut().zip(teks) {
        *key = hkdf::rpik(tek);
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
