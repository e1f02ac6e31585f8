//! A whole export file: container, content, signatures.

use sha2::{Digest as _, Sha256};

use super::oddity::{Oddities, Oddity};
use super::{
    Export, ExportError, HEADER, SignatureInfo, Signer, container, decode, decode_signatures, encode, encode_signatures,
};

/// A signature over an `export.bin`, as `export.sig` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// By which key and algorithm.
    pub info: SignatureInfo,
    /// Which file of a batch it says to be of.
    pub batch_num: Option<i32>,
    /// How many files that batch has.
    pub batch_size: Option<i32>,
    /// The signature: X9.62 DER, a sequence of two integers.
    pub der: Vec<u8>,
}

/// What is allowed of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a file, and of what is unpacked from it.
    pub most_bytes: u64,
}

impl Default for Limits {
    /// 64 MiB: two million keys.
    fn default() -> Self {
        Self {
            most_bytes: 64 * 1024 * 1024,
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Its content.
    pub export: Export,
    /// Its signatures; none for a bare `export.bin`.
    pub signatures: Vec<Signature>,
    /// Whether it was an archive, and not a bare `export.bin`.
    pub is_zip: bool,
    /// What was odd about it.
    pub oddities: Oddities,
    /// SHA-256 of the file as it is.
    pub sha256: [u8; 32],
    /// SHA-256 of `export.bin`: what is signed, and what tells a file that was packed again.
    pub bin_sha256: [u8; 32],
    /// Bytes of `export.bin`.
    pub bin_bytes: u64,
}

impl ExportFile {
    /// Reads a zip archive or a bare `export.bin`, told apart by their first bytes.
    ///
    /// # Errors
    /// [`ExportError`] when it cannot be used.
    pub fn read(bytes: &[u8], limits: Limits) -> Result<Self, ExportError> {
        if bytes.len() as u64 > limits.most_bytes {
            return Err(ExportError::TooLong {
                limit: limits.most_bytes,
            });
        }
        if bytes.starts_with(&HEADER[..9]) || !bytes.windows(4).take(4096).any(|four| four == b"PK\x03\x04") {
            return Self::of(bytes, None, bytes, Oddities::default());
        }
        let (bin, sig, oddities) = container::unpack(bytes, limits.most_bytes)?;
        Self::of(&bin, Some(&sig), bytes, oddities)
    }

    fn of(bin: &[u8], sig: Option<&[u8]>, file: &[u8], mut oddities: Oddities) -> Result<Self, ExportError> {
        let (export, of_bin) = decode(bin)?;
        let (signatures, of_sig) = sig.map(decode_signatures).transpose()?.unwrap_or_default();
        for (what, tally) in of_bin.iter().chain(of_sig.iter()) {
            oddities.add_many(what, tally.first, tally.count);
        }
        if sig.is_some() && signatures.len() != export.signature_infos.len() {
            return Err(ExportError::Value(format!(
                "export.sig has {} signatures, but export.bin tells of {}",
                signatures.len(),
                export.signature_infos.len()
            )));
        }
        for (signature, info) in signatures.iter().zip(&export.signature_infos) {
            let differs = |value: Option<i32>, of: u32| value.is_some_and(|value| i64::from(value) != i64::from(of));
            let is_other =
                differs(signature.batch_num, export.batch_num) || differs(signature.batch_size, export.batch_size);
            oddities.add_many(Oddity::SignatureBatch, 0, u64::from(is_other));
            let is_told_otherwise = info.key_name() != signature.info.key_name();
            oddities.add_many(Oddity::SignatureInfo, 0, u64::from(is_told_otherwise));
        }
        Ok(Self {
            export,
            signatures,
            is_zip: sig.is_some(),
            oddities,
            sha256: Sha256::digest(file).into(),
            bin_sha256: Sha256::digest(bin).into(),
            bin_bytes: bin.len() as u64,
        })
    }

    /// Signs an export with one or several keys, newest first, and packs it; the same input gives the same bytes.
    /// `signature_infos` of the export are replaced by those of the keys.
    ///
    /// # Errors
    /// [`ExportError`] when it is too long for a zip archive, or when a value is beyond what a reader takes.
    pub fn write(export: &Export, signers: &[(&Signer, SignatureInfo)]) -> Result<Vec<u8>, ExportError> {
        let mut export = export.clone();
        export.signature_infos = signers.iter().map(|(_, info)| info.clone()).collect();
        let bin = encode(&export);
        // What a reader would refuse or leave out is not given out.
        let (again, _) = decode(&bin)?;
        let is_whole = again.keys.len() == export.keys.len() && again.revised_keys.len() == export.revised_keys.len();
        if !is_whole {
            return Err(ExportError::Value(
                "a key is used for no interval, for more than 144, or beyond the range of their numbers".into(),
            ));
        }
        let number = |value: u32| i32::try_from(value).ok();
        let signatures: Vec<Signature> = signers
            .iter()
            .map(|(signer, info)| Signature {
                info: info.clone(),
                batch_num: number(export.batch_num),
                batch_size: number(export.batch_size),
                der: signer.sign(&bin),
            })
            .collect();
        container::pack(&bin, &encode_signatures(&signatures))
    }
}
