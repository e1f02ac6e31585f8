//! HKDF-SHA256 as identifiers need it: no salt, info `EN-RPIK`, sixteen bytes. Six compressions a key: what is the same
//! for all keys is worked out when this is compiled.

use sha2::block_api::compress256;

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
/// The same as bytes.
const INFO_BLOCK: [u8; 64] = {
    let mut bytes = [0; 64];
    let mut n = 0;
    while n < 64 {
        bytes[n] = INFO[n / 4].to_be_bytes()[n % 4];
        n += 1;
    }
    bytes
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

/// A block of so many words, each big-endian, and what pads a message of so many bits.
fn block(words: &[u32], bits: u32) -> [u8; 64] {
    let mut block = [0; 64];
    for (bytes, word) in block.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    block[4 * words.len()] = 0x80;
    block[60..].copy_from_slice(&bits.to_be_bytes());
    block
}

/// A key block of HMAC.
fn key_block(key: &[u32; 8], pad: u32) -> [u8; 64] {
    let mut block = [pad.to_be_bytes()[0]; 64];
    for (bytes, word) in block.chunks_exact_mut(4).zip(key) {
        bytes.copy_from_slice(&(word ^ pad).to_be_bytes());
    }
    block
}

fn compress(mut state: [u32; 8], block: &[u8; 64]) -> [u32; 8] {
    compress256(&mut state, std::slice::from_ref(block));
    state
}

/// RPIK of a key.
pub(super) fn rpik(tek: &[u8; 16]) -> [u8; 16] {
    let mut keyed = [0; 64];
    keyed[..16].copy_from_slice(tek);
    keyed[16] = 0x80;
    keyed[60..].copy_from_slice(&KEY_BITS.to_be_bytes());
    let inner = compress(NO_SALT_INNER, &keyed);
    let prk = compress(NO_SALT_OUTER, &block(&inner, HASH_BITS));
    let inner = compress(compress(START, &key_block(&prk, INNER)), &INFO_BLOCK);
    let outer = compress(compress(START, &key_block(&prk, OUTER)), &block(&inner, HASH_BITS));
    let mut out = [0; 16];
    for (bytes, word) in out.chunks_exact_mut(4).zip(&outer) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn the_published_key_is_derived() {
        assert_eq!(
            rpik(&hex!("75c734c6dd1a782de7a965da5eb93125")),
            hex!("185ad91db69ec7dd048960f1f3ba6175")
        );
    }
}
