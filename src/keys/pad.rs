//! Keys that nobody had, so that the number of keys does not tell how many people reported themselves.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::DiagnosisKey;
use crate::lab::crypto::Tek;

/// Fills up to `to` keys with random ones that have the attributes of random real ones, as
/// google/exposure-notifications-server does. Where there is no real key, none is added.
pub fn pad(keys: &mut Vec<DiagnosisKey>, to: usize, seed: [u8; 32]) {
    let real = keys.len();
    let Ok(real_count) = u64::try_from(real) else { return };
    if real_count == 0 {
        return;
    }
    let mut random = ChaCha20Rng::from_seed(seed);
    while keys.len() < to {
        let mut bytes = [0; 16];
        random.fill_bytes(&mut bytes);
        let like = usize::try_from(random.next_u64() % real_count).unwrap_or(0);
        let mut key = keys[like].clone();
        key.tek = Tek::new(bytes);
        keys.push(key);
    }
}
