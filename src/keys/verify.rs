//! Public keys, and whether the signatures of a file are theirs.

use base64ct::{Base64, Encoding as _};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature as Ecdsa, VerifyingKey};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use serde::Serialize;
use thiserror::Error;

use super::ECDSA_SHA256;
use super::file::{ExportFile, Signature};

/// As one early sample of Google's names the algorithm.
const ECDSA_SHA256_IN_WORDS: &str = "ECDSA p-256 SHA-256";
/// Longest text of a public key, in bytes; one on P-256 has 124 digits.
const MOST_TEXT: usize = 4096;
/// Most keys of a configuration.
const MOST_KEYS: usize = 1000;

/// A public key on P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no public key on P-256: neither PEM (\"BEGIN PUBLIC KEY\") nor its base64 (MFkwEwYHKoZIzj0CAQYI…)")]
pub struct PublicKeyError;

impl PublicKey {
    pub(super) const fn of(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// From PEM, or from the base64 of its `SubjectPublicKeyInfo`, which may have line breaks.
    ///
    /// # Errors
    /// [`PublicKeyError`].
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        if text.len() > MOST_TEXT {
            return Err(PublicKeyError);
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let digits: String = lines.flat_map(str::split_whitespace).collect();
        if text.contains("-----BEGIN") && !text.contains("-----BEGIN PUBLIC KEY-----") {
            return Err(PublicKeyError);
        }
        let der = Base64::decode_vec(&digits).map_err(|_| PublicKeyError)?;
        VerifyingKey::from_public_key_der(&der)
            .map(Self)
            .map_err(|_| PublicKeyError)
    }

    /// The base64 of its `SubjectPublicKeyInfo`, in one line: as public keys are passed around.
    ///
    /// # Errors
    /// [`PublicKeyError`], which a valid key does not give.
    pub fn to_base64(&self) -> Result<String, PublicKeyError> {
        let der = self.0.to_public_key_der().map_err(|_| PublicKeyError)?;
        Ok(Base64::encode_string(der.as_bytes()))
    }

    /// Whether a signature in DER is of this key over content with this SHA-256.
    fn has_signed(&self, sha256: &[u8; 32], der: &[u8]) -> bool {
        Ecdsa::from_der(der).is_ok_and(|signature| self.0.verify_prehash(sha256, &signature).is_ok())
    }
}

/// Public keys by name in sets: one set of which all have signed is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The application that the keys are for, where it is told. Not neutralised.
    pub package: Option<String>,
    sets: Vec<Vec<(String, PublicKey)>>,
}

/// Why a configuration string cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigurationError {
    /// A part is not `NAME,BASE64`.
    #[error("\"{0}\" is not NAME,BASE64")]
    Part(String),
    /// What stands for a key is none.
    #[error("{name}: {error}")]
    Key {
        /// Its name.
        name: String,
        /// Why.
        error: PublicKeyError,
    },
    /// There are too many.
    #[error("more than {MOST_KEYS} keys")]
    TooMany,
}

impl Configuration {
    /// From `PACKAGE:SET|SET`, where a set is `NAME,BASE64&NAME,BASE64…`; the package may be left out.
    ///
    /// # Errors
    /// [`ConfigurationError`].
    pub fn parse(text: &str) -> Result<Self, ConfigurationError> {
        let (package, sets) = match text.trim().split_once(':') {
            Some((package, sets)) => (Some(package.to_owned()), sets),
            None => (None, text.trim()),
        };
        if sets.split(['|', '&']).take(MOST_KEYS + 1).count() > MOST_KEYS {
            return Err(ConfigurationError::TooMany);
        }
        let member = |part: &str| {
            let fault = || ConfigurationError::Part(part.chars().take(80).collect());
            let (name, key) = part.split_once(',').ok_or_else(fault)?;
            if name.trim().is_empty() {
                return Err(fault());
            }
            let key = PublicKey::parse(key).map_err(|error| ConfigurationError::Key {
                name: name.trim().to_owned(),
                error,
            })?;
            Ok((name.trim().to_owned(), key))
        };
        let sets = sets.split('|').map(|set| set.split('&').map(member).collect());
        let sets = sets.collect::<Result<_, _>>()?;
        Ok(Self { package, sets })
    }

    /// Adds a key by itself: its signature alone is enough.
    pub fn add(&mut self, name: impl Into<String>, key: PublicKey) {
        self.sets.push(vec![(name.into(), key)]);
    }

    /// Takes over the sets of another.
    pub fn extend(&mut self, other: Self) {
        self.package = other.package.or(self.package.take());
        self.sets.extend(other.sets);
    }

    /// Whether it has no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.iter().all(Vec::is_empty)
    }

    fn keys(&self) -> impl Iterator<Item = &(String, PublicKey)> {
        self.sets.iter().flatten()
    }

    /// The keys that have not signed, of the set of which the fewest have not; `None` where a set is complete, or there is
    /// none.
    #[must_use]
    pub fn missing(&self, checked: &[Checked]) -> Option<Vec<&str>> {
        let has_signed = |name: &str| {
            let is_it = |one: &Checked| one.verdict == Verdict::Verified && one.by.as_deref() == Some(name);
            checked.iter().any(is_it)
        };
        let missing = |set: &'_ Vec<(String, PublicKey)>| -> Vec<usize> {
            (0..set.len()).filter(|place| !has_signed(&set[*place].0)).collect()
        };
        let of_sets = self.sets.iter().filter(|set| !set.is_empty());
        let (set, places) = of_sets
            .map(|set| (set, missing(set)))
            .min_by_key(|(_, places)| places.len())?;
        (!places.is_empty()).then(|| places.into_iter().map(|place| set[place].0.as_str()).collect())
    }

    /// Whether all keys of a set have signed.
    fn is_met(&self, checked: &[Checked]) -> bool {
        let has_signed = |(name, _): &(String, PublicKey)| {
            let is_it = |one: &Checked| one.verdict == Verdict::Verified && one.by.as_ref() == Some(name);
            checked.iter().any(is_it)
        };
        self.sets
            .iter()
            .any(|set| !set.is_empty() && set.iter().all(has_signed))
    }
}

/// What became of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is of the key over this content.
    Verified,
    /// The key is known, and the signature is not its over this content; or the file names no key, and the signature is
    /// of none of the known ones.
    Wrong,
    /// No key of that name is known.
    NoKey,
    /// Another algorithm than ECDSA with SHA-256.
    Unsupported,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Wrong => "wrong",
            Self::NoKey => "no key known",
            Self::Unsupported => "unsupported algorithm",
        }
    }
}

/// A signature that was checked. Texts are as the file has them, not neutralised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The key that the file names.
    pub key: Option<String>,
    /// The algorithm that it names.
    pub algorithm: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// The key that verified it.
    pub by: Option<String>,
}

impl ExportFile {
    /// Checks every signature, in the order of the file.
    #[must_use]
    pub fn check(&self, keys: &Configuration) -> Vec<Checked> {
        self.signatures
            .iter()
            .map(|signature| self.check_one(signature, keys))
            .collect()
    }

    fn check_one(&self, signature: &Signature, keys: &Configuration) -> Checked {
        let key = signature.info.key_name();
        let algorithm = signature.info.algorithm.clone();
        let mut checked = Checked {
            key,
            algorithm,
            verdict: Verdict::Unsupported,
            by: None,
        };
        if !matches!(checked.algorithm.as_deref(), Some(ECDSA_SHA256 | ECDSA_SHA256_IN_WORDS)) {
            return checked;
        }
        // A file that names no key can be of any, but only where it has no other signature.
        let is_candidate = |name: &str| match &checked.key {
            Some(key) => key == name,
            None => self.signatures.len() == 1,
        };
        let mut candidates = keys.keys().filter(|(name, _)| is_candidate(name)).peekable();
        checked.verdict = match candidates.peek() {
            Some(_) => Verdict::Wrong,
            None => Verdict::NoKey,
        };
        let by = candidates.find(|(_, key)| key.has_signed(&self.bin_sha256, &signature.der));
        if let Some((name, _)) = by {
            checked.by = Some(name.clone());
            checked.verdict = Verdict::Verified;
        }
        checked
    }

    /// Whether the file can be trusted: all keys of a set of the configuration have signed, and no signature of a known
    /// key is wrong. Signatures of keys that are not known count neither way.
    #[must_use]
    pub fn is_trusted(keys: &Configuration, checked: &[Checked]) -> bool {
        keys.is_met(checked) && checked.iter().all(|one| one.verdict != Verdict::Wrong)
    }
}
