//! Keys, identifiers and metadata of exposure notifications.
//!
//! Source: Exposure Notification Cryptography Specification v1.2 (Apple and Google, April 2020).

use std::fmt;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use hkdf::Hkdf;
use serde::Serialize;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::gaen::{Aem, Rpi};
use super::time::Enin;
use super::units::Dbm;

/// For how many intervals a key is used when nothing cuts it short: a day.
pub const ROLLING_PERIOD: u32 = 144;

/// Temporary exposure key: the secret from which a day of identifiers is derived. Never printed by accident.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Tek([u8; 16]);

impl Tek {
    /// From its bytes, in the order of the specification.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From 32 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let mut key = Self([0; 16]);
        if pairs.len() != key.0.len() {
            return None;
        }
        for (byte, pair) in key.0.iter_mut().zip(pairs) {
            let digit = |letter: u8| char::from(letter).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(key)
    }

    /// The secret itself, for files of lab keys and for derivation; whoever takes it answers for where it goes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Tek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tek(…)")
    }
}

/// The first interval of the key that is in use at `enin` when keys start at midnight UTC.
#[must_use]
pub const fn rolling_start(enin: Enin) -> Enin {
    Enin(enin.0 - enin.0 % ROLLING_PERIOD)
}

/// What a key becomes once derived: ready to make and to open broadcasts of any of its intervals.
///
/// The derived keys are wiped when this is dropped.
pub struct BroadcastKeys {
    rpi_cipher: Aes128,
    aem_cipher: Aes128,
}

impl BroadcastKeys {
    /// Derives RPIK and AEMK from a key: HKDF-SHA256 without salt, info `EN-RPIK` and `EN-AEMK`.
    #[must_use]
    pub fn derive(tek: &Tek) -> Self {
        let cipher = |info: &[u8]| {
            let mut key = subkey(tek, info);
            let cipher = Aes128::new(&Array(key));
            key.zeroize();
            cipher
        };
        Self {
            rpi_cipher: cipher(b"EN-RPIK"),
            aem_cipher: cipher(b"EN-AEMK"),
        }
    }

    /// The identifier of an interval: AES-128 of `EN-RPI`, six zeros and the interval as little-endian 32-bit number.
    #[must_use]
    pub fn rpi(&self, enin: Enin) -> Rpi {
        let mut block = [0; 16];
        block[..6].copy_from_slice(b"EN-RPI");
        block[12..].copy_from_slice(&enin.0.to_le_bytes());
        let mut block = Array(block);
        self.rpi_cipher.encrypt_block(&mut block);
        Rpi(block.0)
    }

    /// The interval of which an identifier is that of this key, if it is of this key at all.
    #[must_use]
    pub fn enin_of(&self, rpi: Rpi) -> Option<Enin> {
        let mut block = Array(rpi.0);
        self.rpi_cipher.decrypt_block(&mut block);
        let (prefix, enin) = block.0.split_last_chunk::<4>()?;
        (prefix == b"EN-RPI\0\0\0\0\0\0").then(|| Enin(u32::from_le_bytes(*enin)))
    }

    /// Encrypts metadata under an identifier. AES-CTR with the identifier as first counter block: four bytes need one
    /// block of key stream.
    #[must_use]
    pub fn seal(&self, rpi: Rpi, metadata: Metadata) -> Aem {
        Aem(self.key_stream_over(rpi, metadata.0))
    }

    /// Decrypts metadata. It is not authenticated: any four bytes give some metadata.
    #[must_use]
    pub fn open(&self, rpi: Rpi, aem: Aem) -> Metadata {
        Metadata(self.key_stream_over(rpi, aem.0))
    }

    fn key_stream_over(&self, rpi: Rpi, mut bytes: [u8; 4]) -> [u8; 4] {
        let mut block = Array(rpi.0);
        self.aem_cipher.encrypt_block(&mut block);
        for (byte, key) in bytes.iter_mut().zip(block.0) {
            *byte ^= key;
        }
        bytes
    }
}

impl fmt::Debug for BroadcastKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BroadcastKeys(…)")
    }
}

fn subkey(tek: &Tek, info: &[u8]) -> [u8; 16] {
    let mut key = [0; 16];
    Hkdf::<Sha256>::new(None, tek.expose())
        .expand(info, &mut key)
        .expect("16 bytes are fewer than the 8160 that HKDF-SHA256 can give");
    key
}

/// How well the stated TX power is calibrated (metadata version 1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// No calibration: the average of all phones.
    #[default]
    Lowest,
    /// The average of the manufacturer.
    Low,
    /// A similar model, or only one orientation measured.
    Medium,
    /// Measured for this model.
    High,
}

/// Decrypted metadata: version, TX power, two reserved bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metadata(pub [u8; 4]);

impl Metadata {
    /// Version 1.0: TX power only.
    #[must_use]
    pub const fn v1_0(tx_power: Dbm) -> Self {
        Self([0x40, tx_power.0.cast_unsigned(), 0, 0])
    }

    /// Version 1.1: TX power with its calibration confidence in bits 3 and 2 of the first byte.
    #[must_use]
    pub const fn v1_1(tx_power: Dbm, confidence: Confidence) -> Self {
        Self([0x50 | (confidence as u8) << 2, tx_power.0.cast_unsigned(), 0, 0])
    }

    /// Major version; the specification knows 1.
    #[must_use]
    pub const fn major(self) -> u8 {
        self.0[0] >> 6
    }

    /// Minor version.
    #[must_use]
    pub const fn minor(self) -> u8 {
        (self.0[0] >> 4) & 0b11
    }

    /// Calibration confidence; version 1.0 has zeros there, which read as [`Confidence::Lowest`].
    #[must_use]
    pub const fn confidence(self) -> Confidence {
        match (self.0[0] >> 2) & 0b11 {
            0 => Confidence::Lowest,
            1 => Confidence::Low,
            2 => Confidence::Medium,
            _ => Confidence::High,
        }
    }

    /// Radiated TX power as stated, on the scale of an average iPhone.
    #[must_use]
    pub const fn tx_power(self) -> Dbm {
        Dbm(self.0[1].cast_signed())
    }

    /// Whether all reserved bits are zero, as they must be.
    #[must_use]
    pub const fn reserved_is_zero(self) -> bool {
        matches!(self.0, [first, _, 0, 0] if first.trailing_zeros() >= 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    const TEK: Tek = Tek::new(hex!("75c734c6dd1a782de7a965da5eb93125"));
    const START: Enin = Enin(2_642_976);

    /// Google's and Apple's published set for v1.2, first interval.
    #[test]
    fn published_vector_of_version_1_2() {
        assert_eq!(subkey(&TEK, b"EN-RPIK"), hex!("185ad91db69ec7dd048960f1f3ba6175"));
        assert_eq!(subkey(&TEK, b"EN-AEMK"), hex!("d57c46af7a1d83965b9bed8bd152936a"));
        let keys = BroadcastKeys::derive(&TEK);
        let rpi = keys.rpi(START);
        assert_eq!(rpi, Rpi(hex!("8be6cd371c5c891604bfbe49df845096")));
        let metadata = Metadata::v1_0(Dbm(8));
        assert_eq!(metadata.0, hex!("40080000"));
        assert_eq!(keys.seal(rpi, metadata), Aem(hex!("72033874")));
        assert_eq!(keys.open(rpi, Aem(hex!("72033874"))), metadata);
        assert_eq!(rolling_start(Enin(START.0 + 143)), START);
        assert_eq!(rolling_start(Enin(START.0 + 144)), Enin(START.0 + 144));
    }

    #[test]
    fn metadata_bytes_of_both_versions() {
        for (metadata, bytes) in [
            (Metadata::v1_0(Dbm(-24)), hex!("40e80000")),
            (Metadata::v1_1(Dbm(-24), Confidence::Lowest), hex!("50e80000")),
            (Metadata::v1_1(Dbm(127), Confidence::Low), hex!("547f0000")),
            (Metadata::v1_1(Dbm(-127), Confidence::Medium), hex!("58810000")),
            (Metadata::v1_1(Dbm(0), Confidence::High), hex!("5c000000")),
        ] {
            assert_eq!(metadata.0, bytes);
        }
        let metadata = Metadata::v1_1(Dbm(-30), Confidence::High);
        assert_eq!((metadata.major(), metadata.minor()), (1, 1));
        assert_eq!(
            (metadata.confidence(), metadata.tx_power()),
            (Confidence::High, Dbm(-30))
        );
        assert!(metadata.reserved_is_zero());
        assert!(!Metadata(hex!("41e80000")).reserved_is_zero());
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(
            format!("{TEK:?} {:?}", BroadcastKeys::derive(&TEK)),
            "Tek(…) BroadcastKeys(…)"
        );
    }

    proptest! {
        #[test]
        fn flipping_a_bit_of_the_aem_flips_that_bit_of_the_metadata(tek in any::<[u8; 16]>(), enin: u32, plain: [u8; 4], mask: [u8; 4]) {
            let keys = BroadcastKeys::derive(&Tek::new(tek));
            let rpi = keys.rpi(Enin(enin));
            let Aem(sealed) = keys.seal(rpi, Metadata(plain));
            let forged = std::array::from_fn(|idx| sealed[idx] ^ mask[idx]);
            let expected = std::array::from_fn(|idx| plain[idx] ^ mask[idx]);
            prop_assert_eq!(keys.open(rpi, Aem(forged)), Metadata(expected));
        }
    }
}
