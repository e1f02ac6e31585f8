//! HKDF-SHA256 of many keys at a time, as identifiers need it: no salt, info `EN-RPIK`, sixteen bytes. Six compressions a
//! key: what is the same for all keys is worked out when this is compiled.

/// Round constants of SHA-256.
pub(super) const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];
/// State of SHA-256 before the first block.
pub(super) const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];
/// The pads of HMAC.
pub(super) const INNER: u32 = 0x3636_3636;
pub(super) const OUTER: u32 = 0x5c5c_5c5c;
/// States after the key block of HMAC with a key of zeros, as which no salt counts.
pub(super) const NO_SALT_INNER: [u32; 8] = compress_one(START, [INNER; 16]);
pub(super) const NO_SALT_OUTER: [u32; 8] = compress_one(START, [OUTER; 16]);
/// `EN-RPIK`, the counter 1, and the padding behind a key block and these eight bytes: the same for every key.
const INFO: [u32; 16] = {
    let mut block = [0; 16];
    block[0] = u32::from_be_bytes(*b"EN-R");
    block[1] = u32::from_be_bytes(*b"PIK\x01");
    block[2] = PADDING;
    block[15] = (64 + 8) * 8;
    block
};
/// The message schedule of that block with the round constants added.
pub(super) const INFO_ROUNDS: [u32; 64] = {
    let schedule = schedule(INFO);
    let mut rounds = [0u32; 64];
    let mut n = 0;
    while n < 64 {
        rounds[n] = schedule[n].wrapping_add(K[n]);
        n += 1;
    }
    rounds
};
/// The bit behind a message.
pub(super) const PADDING: u32 = 0x8000_0000;
/// Bits of a key block and a key, and of a key block and a hash.
pub(super) const KEY_BITS: u32 = (64 + 16) * 8;
pub(super) const HASH_BITS: u32 = (64 + 32) * 8;

const fn schedule(block: [u32; 16]) -> [u32; 64] {
    let mut words = [0u32; 64];
    let mut n = 0;
    while n < 64 {
        words[n] = if n < 16 {
            block[n]
        } else {
            let (x, y) = (words[n - 15], words[n - 2]);
            let s0 = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
            let s1 = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
            words[n - 16]
                .wrapping_add(s0)
                .wrapping_add(words[n - 7])
                .wrapping_add(s1)
        };
        n += 1;
    }
    words
}

const fn compress_one(before: [u32; 8], block: [u32; 16]) -> [u32; 8] {
    let words = schedule(block);
    let mut s = before;
    let mut n = 0;
    while n < 64 {
        let s1 = s[4].rotate_right(6) ^ s[4].rotate_right(11) ^ s[4].rotate_right(25);
        let choice = (s[4] & s[5]) ^ (!s[4] & s[6]);
        let t1 = s[7]
            .wrapping_add(s1)
            .wrapping_add(choice)
            .wrapping_add(K[n])
            .wrapping_add(words[n]);
        let s0 = s[0].rotate_right(2) ^ s[0].rotate_right(13) ^ s[0].rotate_right(22);
        let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        s = [
            t1.wrapping_add(s0).wrapping_add(majority),
            s[0],
            s[1],
            s[2],
            s[3].wrapping_add(t1),
            s[4],
            s[5],
            s[6],
        ];
        n += 1;
    }
    let mut n = 0;
    while n < 8 {
        s[n] = s[n].wrapping_add(before[n]);
        n += 1;
    }
    s
}

/// A word of each of `L` lanes.
type Lanes<const L: usize> = [u32; L];

#[inline(always)]
fn map<const L: usize>(mut of: impl FnMut(usize) -> u32) -> Lanes<L> {
    let mut out = [0; L];
    for (lane, word) in out.iter_mut().enumerate() {
        *word = of(lane);
    }
    out
}

/// One round in all lanes; `word` has the round constant in it.
#[inline(always)]
fn round<const L: usize>(s: &mut [Lanes<L>; 8], word: Lanes<L>) {
    let [a, b, c, d, e, f, g, h] = *s;
    let t1: Lanes<L> = map(|n| {
        let s1 = e[n].rotate_right(6) ^ e[n].rotate_right(11) ^ e[n].rotate_right(25);
        let choice = (e[n] & (f[n] ^ g[n])) ^ g[n];
        h[n].wrapping_add(s1).wrapping_add(choice).wrapping_add(word[n])
    });
    let first: Lanes<L> = map(|n| {
        let s0 = a[n].rotate_right(2) ^ a[n].rotate_right(13) ^ a[n].rotate_right(22);
        let majority = (a[n] & b[n]) | (c[n] & (a[n] | b[n]));
        t1[n].wrapping_add(s0).wrapping_add(majority)
    });
    let fifth: Lanes<L> = map(|n| d[n].wrapping_add(t1[n]));
    *s = [first, a, b, c, fifth, e, f, g];
}

#[inline(always)]
fn add<const L: usize>(s: &mut [Lanes<L>; 8], before: &[Lanes<L>; 8]) {
    for (word, before) in s.iter_mut().zip(before) {
        *word = map(|n| word[n].wrapping_add(before[n]));
    }
}

#[inline(always)]
fn compress<const L: usize>(before: [Lanes<L>; 8], mut w: [Lanes<L>; 16]) -> [Lanes<L>; 8] {
    let mut s = before;
    for n in 0..64 {
        let word = w[n % 16];
        round(&mut s, map(|lane| word[lane].wrapping_add(K[n])));
        let (x, y, z) = (w[(n + 1) % 16], w[(n + 14) % 16], w[(n + 9) % 16]);
        w[n % 16] = map(|lane| {
            let s0 = x[lane].rotate_right(7) ^ x[lane].rotate_right(18) ^ (x[lane] >> 3);
            let s1 = y[lane].rotate_right(17) ^ y[lane].rotate_right(19) ^ (y[lane] >> 10);
            word[lane].wrapping_add(s0).wrapping_add(z[lane]).wrapping_add(s1)
        });
    }
    add(&mut s, &before);
    s
}

/// A block of a hash and what pads it.
#[inline(always)]
fn hash_block<const L: usize>(hash: [Lanes<L>; 8]) -> [Lanes<L>; 16] {
    let mut block = [[0; L]; 16];
    block[..8].copy_from_slice(&hash);
    block[8] = [PADDING; L];
    block[15] = [HASH_BITS; L];
    block
}

/// A key block of HMAC.
#[inline(always)]
fn key_block<const L: usize>(key: &[Lanes<L>; 8], pad: u32) -> [Lanes<L>; 16] {
    let mut block = [[pad; L]; 16];
    for (word, key) in block.iter_mut().zip(key) {
        *word = map(|n| key[n] ^ pad);
    }
    block
}

/// RPIK of as many keys as there are lanes, each as four big-endian words.
#[inline(always)]
pub(super) fn rpik<const L: usize>(keys: [Lanes<L>; 4]) -> [Lanes<L>; 4] {
    let all = |state: [u32; 8]| state.map(|word| [word; L]);
    let mut block = [[0; L]; 16];
    block[..4].copy_from_slice(&keys);
    block[4] = [PADDING; L];
    block[15] = [KEY_BITS; L];
    let inner = compress(all(NO_SALT_INNER), block);
    let prk = compress(all(NO_SALT_OUTER), hash_block(inner));
    let keyed = compress(all(START), key_block(&prk, INNER));
    let mut inner = keyed;
    for word in INFO_ROUNDS {
        round(&mut inner, [word; L]);
    }
    add(&mut inner, &keyed);
    let outer = compress(all(START), key_block(&prk, OUTER));
    let [a, b, c, d, ..] = compress(outer, hash_block(inner));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::crypto::{BroadcastKeys, Tek};
    use crate::lab::time::Enin;
    use aes::Aes128;
    use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

    #[test]
    fn every_lane_derives_what_one_key_alone_derives() {
        const LANES: usize = 8;
        let keys: [[u8; 16]; LANES] = std::array::from_fn(|lane| std::array::from_fn(|n| (lane * 37 + n * 11) as u8));
        let words = std::array::from_fn(|word| {
            std::array::from_fn(|lane| u32::from_be_bytes(keys[lane][4 * word..][..4].try_into().unwrap()))
        });
        let derived = rpik::<LANES>(words);
        for lane in 0..LANES {
            let mut key = [0; 16];
            for (word, bytes) in derived.iter().zip(key.chunks_mut(4)) {
                bytes.copy_from_slice(&word[lane].to_be_bytes());
            }
            let mut block = aes::cipher::Block::<Aes128>::default();
            block.0[..6].copy_from_slice(b"EN-RPI");
            block.0[12..].copy_from_slice(&2_642_976u32.to_le_bytes());
            Aes128::new(&Array(key)).encrypt_block(&mut block);
            let expected = BroadcastKeys::derive(&Tek::new(keys[lane])).rpi(Enin(2_642_976));
            assert_eq!(block.0, expected.0, "{lane}");
        }
    }
}
