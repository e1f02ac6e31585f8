//! Diagnosis-key exports: the zip files in which servers give out the keys of those who reported themselves.
//!
//! An export is a zip of `export.bin` (a header and a protobuf message) and `export.sig` (signatures over the whole of
//! `export.bin`). Sources: Apple and Google, "Exposure Key export file format and verification"; the schema of
//! google/exposure-notifications-internals (`exposure_key_export.proto`), with field 8 of
//! google/exposure-notifications-server.

pub mod audit;
mod batch;
mod container;
mod decode;
mod encode;
mod file;
mod oddity;
mod pad;
mod pool;
mod sign;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod verify;
mod wire;

pub use batch::{BatchFault, Batches, MOST_FILES, files};
pub use container::{pack, unpack};
pub use decode::{decode, decode_signatures};
pub use encode::{encode, encode_signatures};
pub use file::{ExportFile, Limits, Signature};
pub use oddity::{Oddities, Oddity, Tally};
pub use pad::pad;
pub use pool::{Pool, Pooled};
pub use sign::{Signer, SignerError};
pub use store::{LabKey, Store, StoreError, hex, read_private};
pub use table::{TableError, keys_of_table, parse_tek};
pub use verify::{Checked, Configuration, ConfigurationError, PublicKey, PublicKeyError, Verdict};

use serde::Serialize;
use thiserror::Error;

use crate::lab::crypto::{ROLLING_PERIOD, Tek};
use crate::lab::time::Enin;

/// The first 16 bytes of `export.bin`.
pub const HEADER: &[u8; 16] = b"EK Export v1    ";
/// The algorithm of signatures by its object identifier: ECDSA with SHA-256.
pub const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
/// Most signatures, and statements about signatures, of a file; at most ten are known in practice.
pub const MOST_SIGNATURES: usize = 100;
/// Most files of a batch.
pub const MOST_OF_BATCH: u32 = 1_000_000;
/// Longest text of a file, in bytes.
const MOST_TEXT: usize = 1024;

/// A key of somebody who reported themselves, as a file says it; only what can be valid is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosisKey {
    /// The key itself.
    pub tek: Tek,
    /// Risk of transmission, 0 to 8, as the health authority used it; no longer used since version 1.5.
    pub transmission_risk_level: Option<u8>,
    /// The first interval in which the key was used.
    pub rolling_start: Enin,
    /// For how many intervals, 1 to 144, where it is told. See [`Self::period`].
    pub rolling_period: Option<u8>,
    /// How the person was diagnosed, since version 1.5.
    pub report_type: Option<ReportType>,
    /// Days from the onset of symptoms to the key, -14 to 14, since version 1.5.
    pub days_since_onset: Option<i8>,
    /// Variant of concern, 0 to 4, by the schema of one server.
    pub variant: Option<u8>,
}

impl DiagnosisKey {
    /// A key of a whole day about which nothing else is told.
    #[must_use]
    pub const fn new(tek: Tek, rolling_start: Enin) -> Self {
        Self {
            tek,
            transmission_risk_level: None,
            rolling_start,
            rolling_period: None,
            report_type: None,
            days_since_onset: None,
            variant: None,
        }
    }

    /// For how many intervals the key was used: a day where the file does not say.
    #[must_use]
    pub fn period(&self) -> u32 {
        self.rolling_period.map_or(ROLLING_PERIOD, u32::from)
    }

    /// The first interval after its use.
    #[must_use]
    pub fn end(&self) -> Enin {
        Enin(self.rolling_start.0.saturating_add(self.period()))
    }
}

/// How a person was diagnosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportType {
    /// Not told.
    Unknown = 0,
    /// By a test.
    ConfirmedTest = 1,
    /// By a physician, without a test.
    ClinicalDiagnosis = 2,
    /// By themselves.
    SelfReport = 3,
    /// Reserved: a contact of a contact.
    Recursive = 4,
    /// Taken back; such a key no longer counts.
    Revoked = 5,
}

impl ReportType {
    /// All of them, by number.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::ConfirmedTest,
        Self::ClinicalDiagnosis,
        Self::SelfReport,
        Self::Recursive,
        Self::Revoked,
    ];

    /// By the number of the schema.
    #[must_use]
    pub fn of(number: u64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied()
    }

    /// The word for it in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::ConfirmedTest => "confirmed-test",
            Self::ClinicalDiagnosis => "clinical-diagnosis",
            Self::SelfReport => "self-report",
            Self::Recursive => "recursive",
            Self::Revoked => "revoked",
        }
    }
}

/// What is told of a signature: which key, which algorithm. Texts are as the file has them, not neutralised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct SignatureInfo {
    /// The iOS application; reserved since version 1.5.
    pub app_bundle_id: Option<String>,
    /// The Android application; reserved since version 1.5.
    pub android_package: Option<String>,
    /// Which version of the key, like `v1`.
    pub key_version: Option<String>,
    /// Which key: mostly the country, like `222`.
    pub key_id: Option<String>,
    /// The algorithm by its object identifier, see [`ECDSA_SHA256`].
    pub algorithm: Option<String>,
}

impl SignatureInfo {
    /// The name under which the public key is known: `ID-VERSION`; `None` where the file names no key.
    #[must_use]
    pub fn key_name(&self) -> Option<String> {
        let id = self.key_id.as_deref().filter(|id| !id.is_empty())?;
        Some(format!("{id}-{}", self.key_version.as_deref().unwrap_or_default()))
    }
}

/// The content of an `export.bin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// From when on the keys came to the server, in seconds since 1970.
    pub start: u64,
    /// Until when.
    pub end: u64,
    /// Country: mobile country code or letters. Not neutralised.
    pub region: String,
    /// Which file of a batch, from 1.
    pub batch_num: u32,
    /// How many files the batch has.
    pub batch_size: u32,
    /// What is told of the signatures.
    pub signature_infos: Vec<SignatureInfo>,
    /// Keys that are published for the first time.
    pub keys: Vec<DiagnosisKey>,
    /// Keys of which something else is told than before.
    pub revised_keys: Vec<DiagnosisKey>,
}

impl Default for Export {
    /// Nothing, in one file.
    fn default() -> Self {
        Self {
            start: 0,
            end: 0,
            region: String::new(),
            batch_num: 1,
            batch_size: 1,
            signature_infos: Vec::new(),
            keys: Vec::new(),
            revised_keys: Vec::new(),
        }
    }
}

impl Export {
    /// Whether a key begins only after the window, or is still in use at its end.
    #[must_use]
    pub fn use_after_end(&self, key: &DiagnosisKey) -> Option<Oddity> {
        let end = Enin(u32::try_from(self.end / 600).unwrap_or(u32::MAX));
        if key.rolling_start >= end {
            Some(Oddity::AfterWindow)
        } else {
            (key.end() > end).then_some(Oddity::InUse)
        }
    }
}

/// Why a file is no export that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExportError {
    /// The bytes are no zip archive that can be read.
    #[error("no zip archive, and no export.bin: {0}")]
    Zip(String),
    /// The archive is none of an export.
    #[error("the zip archive is no key export: {0}")]
    Entries(String),
    /// It would take more memory than is allowed.
    #[error("more than {limit} bytes unpacked; such a file is refused")]
    TooLong {
        /// Most bytes that are allowed.
        limit: u64,
    },
    /// `export.bin` does not begin with [`HEADER`].
    #[error("export.bin does not begin with \"EK Export v1\" and four spaces")]
    Header,
    /// The protobuf message breaks off or has no such structure.
    #[error("{file}: {what} at byte {offset}")]
    Malformed {
        /// In which of the two files.
        file: &'static str,
        /// What is wrong.
        what: &'static str,
        /// Where, from the beginning of that file.
        offset: usize,
    },
    /// A number or a text of the message cannot be.
    #[error("{0}")]
    Value(String),
}
