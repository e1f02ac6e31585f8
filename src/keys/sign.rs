//! Private keys that sign exports.

use std::fmt;
use std::io;

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use thiserror::Error;
use zeroize::Zeroizing;

use super::PublicKey;

/// A private key on P-256. Wiped when it is dropped, never printed.
pub struct Signer(SigningKey);

/// Why a text is no private key; says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignerError {
    /// It is in the older form of OpenSSL.
    #[error("a private key in the form \"EC PRIVATE KEY\", PKCS#8 (\"PRIVATE KEY\") is needed")]
    Sec1,
    /// It is nothing of the sort.
    #[error("no private key on P-256 in PEM (PKCS#8, without a password)")]
    Other,
}

impl Signer {
    /// A new key; `random` fills bytes from a source that nobody can predict.
    ///
    /// # Errors
    /// What `random` says.
    pub fn generate(mut random: impl FnMut(&mut [u8]) -> io::Result<()>) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            random(&mut *bytes)?;
            // Of 2^32 numbers, one is no key (zero, or not below the order of the curve).
            if let Ok(key) = SigningKey::from_slice(&*bytes) {
                return Ok(Self(key));
            }
        }
    }

    /// From PEM (PKCS#8).
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn from_pem(text: &str) -> Result<Self, SignerError> {
        if text.contains("BEGIN EC PRIVATE KEY") {
            return Err(SignerError::Sec1);
        }
        SigningKey::from_pkcs8_pem(text.trim())
            .map(Self)
            .map_err(|_| SignerError::Other)
    }

    /// As PEM (PKCS#8): a secret.
    ///
    /// # Errors
    /// [`SignerError::Other`], which a valid key does not give.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SignerError> {
        self.0.to_pkcs8_pem(LineEnding::LF).map_err(|_| SignerError::Other)
    }

    /// Signs the whole of an `export.bin`, header included: ECDSA with SHA-256, as DER. The nonce follows from key and
    /// content (RFC 6979), so the same input gives the same signature.
    #[must_use]
    pub fn sign(&self, bin: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self.0.sign(bin);
        signature.to_der().as_bytes().to_vec()
    }

    /// Its public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::of(*self.0.verifying_key())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}
