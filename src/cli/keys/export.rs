//! `vicino keys export` and `keys new-signer`: exports of one's own, and the keys that sign them.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::mark::date as time;
use super::super::{Exit, Failure, report, tell};
use super::random;
use crate::clock;
use crate::format::reason;
use crate::keys::{
    DiagnosisKey, ECDSA_SHA256, Export, ExportFile, Oddity, SignatureInfo, Signer, keys_of_table, pad, read_private,
};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;

/// Longest table of keys, and longest file of a private key, in bytes.
const MOST_TABLE: u64 = 256 * 1024 * 1024;
const MOST_SIGNER: u64 = 64 * 1024;
/// Seconds of an hour.
const HOUR: u64 = 3600;

/// Writes and signs a file of diagnosis keys
///
/// Keys are sorted by their bytes, so that the order of upload does not show; the same input gives the same file.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The zip to write
    out: PathBuf,
    /// CSV of keys: tek, `rolling_start`, `rolling_period`, and where wanted `transmission_risk_level`, `report_type`,
    /// `days_since_onset`, variant, revised; a file of lab keys is one
    #[arg(long, value_name = "KEYS.CSV")]
    from: PathBuf,
    /// Country: mobile country code or letters
    #[arg(long)]
    region: String,
    /// Private key of `keys new-signer`; several sign one after the other, newest first
    #[arg(long, value_name = "FILE", required = true)]
    signer: Vec<PathBuf>,
    /// Which key that is; by default the region. As often as --signer, or once for all
    #[arg(long, value_name = "ID")]
    key_id: Vec<String>,
    /// Which version of the key; by default v1, v2, … counted down to the last signer
    #[arg(long, value_name = "VERSION")]
    key_version: Vec<String>,
    /// The iOS application, as exports before version 1.5 tell it
    #[arg(long, value_name = "ID")]
    app_bundle: Option<String>,
    /// The Android application, as exports before version 1.5 tell it
    #[arg(long, value_name = "NAME")]
    android_package: Option<String>,
    /// Beginning of the window: 2020-07-30T09:00:00Z, or microseconds since 1970; by default an hour before its end
    #[arg(long, value_name = "TIME", value_parser = time)]
    start: Option<UnixMicros>,
    /// End of the window; by default now, cut to the hour
    #[arg(long, value_name = "TIME", value_parser = time)]
    end: Option<UnixMicros>,
    /// Which file of a batch
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch_num: u32,
    /// How many files the batch has
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch_size: u32,
    /// Adds keys that nobody had, up to so many, which differs from run to run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500_000))]
    pad_to: Option<u32>,
}

/// Writes an export.
pub(super) fn run(args: &ExportArgs) -> Result<Exit, Failure> {
    let signers = args
        .signer
        .iter()
        .map(|path| signer(path))
        .collect::<Result<Vec<_>, _>>()?;
    let infos = infos(args)?;
    let export = export(args)?;
    let together: Vec<_> = signers.iter().zip(infos).collect();
    let bytes = ExportFile::write(&export, &together).map_err(|error| {
        Failure::new(Exit::Usage, error.to_string()).hint("no file was written; change what is named here")
    })?;
    create(&args.out, &bytes)?;
    let name = args.out.display().to_string();
    report(format_args!(
        "{}: {} keys, {} revised, {} signatures",
        printable(&name),
        export.keys.len(),
        export.revised_keys.len(),
        together.len()
    ));
    let all = || export.keys.iter().chain(&export.revised_keys);
    let count = |what: Oddity| all().filter(|key| export.use_after_end(key) == Some(what)).count();
    let (unborn, in_use) = (count(Oddity::AfterWindow), count(Oddity::InUse));
    if in_use > 0 {
        tell(format_args!(
            "warning: {in_use} keys are still in use at the end of the window: whoever has the file can broadcast them again"
        ));
    }
    if unborn > 0 {
        tell(format_args!("warning: {unborn} keys begin only after the window"));
    }
    Ok(Exit::Done)
}

/// The content of the file.
fn export(args: &ExportArgs) -> Result<Export, Failure> {
    let fault = |what: String| Failure::new(Exit::Input, format!("{}: {what}", args.from.display()));
    let text = read_private(&args.from, MOST_TABLE)
        .map_err(|error| fault(reason(&error)).hint("`vicino keys new` makes keys"))?;
    let (mut keys, revised_keys) = keys_of_table(&text)
        .map_err(|error| fault(error.to_string()).hint("`vicino keys export --help` names the columns"))?;
    // --pad-to makes keys like those that are there, and so none of nothing.
    if keys.is_empty() && revised_keys.is_empty() {
        return Err(fault("has no key to publish".to_owned()).hint("`vicino keys new` makes keys"));
    }
    pad_keys(&mut keys, args.pad_to)?;
    let seconds = |time: UnixMicros| u64::try_from(time.whole_seconds()).unwrap_or(0);
    let now = seconds(clock::wall());
    let end = args.end.map_or(now - now % HOUR, seconds);
    let start = args.start.map_or(end.saturating_sub(HOUR), seconds);
    if end < start {
        return Err(Failure::new(Exit::Usage, "the window ends before it begins").hint("swap --start and --end"));
    }
    Ok(Export {
        start,
        end,
        region: args.region.clone(),
        batch_num: args.batch_num,
        batch_size: args.batch_size,
        signature_infos: Vec::new(),
        keys,
        revised_keys,
    })
}

fn pad_keys(keys: &mut Vec<DiagnosisKey>, to: Option<u32>) -> Result<(), Failure> {
    let Some(to) = to.and_then(|to| usize::try_from(to).ok()) else {
        return Ok(());
    };
    let mut seed = [0; 32];
    random(&mut seed)
        .map_err(|error| Failure::new(Exit::Environment, format!("no random bytes: {}", reason(&error))))?;
    pad(keys, to, seed);
    Ok(())
}

/// What the file tells of each signature.
fn infos(args: &ExportArgs) -> Result<Vec<SignatureInfo>, Failure> {
    let count = args.signer.len();
    let nth = |given: &[String], what: &str, idx: usize| match given {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        many if many.len() == count => Ok(many.get(idx).cloned()),
        _ => Err(Failure::new(
            Exit::Usage,
            format!("{what} is given {} times for {count} signers", given.len()),
        )
        .hint("give it once, or once for each --signer in their order")),
    };
    let info = |idx: usize| {
        let id = nth(&args.key_id, "--key-id", idx)?.unwrap_or_else(|| args.region.clone());
        let version = nth(&args.key_version, "--key-version", idx)?;
        let version = version.unwrap_or_else(|| format!("v{}", count - idx));
        for (what, text) in [("--key-id", &id), ("--key-version", &version)] {
            let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            if text.is_empty() || !text.chars().all(is_word) {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("{what} {text}: only letters, digits and _ can be in it"),
                )
                .hint("the id of a key is mostly the mobile country code, its version like v1"));
            }
        }
        Ok(SignatureInfo {
            app_bundle_id: args.app_bundle.clone(),
            android_package: args.android_package.clone(),
            key_version: Some(version),
            key_id: Some(id),
            algorithm: Some(ECDSA_SHA256.into()),
        })
    };
    (0..count).map(info).collect()
}

fn signer(path: &Path) -> Result<Signer, Failure> {
    let fault = |what: String| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    let text = read_private(path, MOST_SIGNER)
        .map_err(|error| fault(reason(&error)).hint("`vicino keys new-signer FILE` makes one"))?;
    Signer::from_pem(&text).map_err(|error| {
        fault(error.to_string())
            .hint("`openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW` turns other private keys into this form")
    })
}

/// Writes a file that was not there, for its owner only.
fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            let written = file.write_all(bytes).and_then(|()| file.sync_all());
            // Half a file is of no use to anybody.
            written.inspect_err(|_| drop(std::fs::remove_file(path)))
        });
    written.map_err(|error| {
        let message = format!("cannot write {}: {}", path.display(), reason(&error));
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::new(Exit::Usage, message).hint("choose another name, or move the old file away")
            }
            _ => Failure::new(Exit::Environment, message).hint("check the folder, and that there is room"),
        }
    })
}

/// Makes a private key that signs exports, and prints its public key
///
/// The file (PEM, PKCS#8) can be read by its owner only; the public key is the base64 of its `SubjectPublicKeyInfo`.
#[derive(Debug, Args)]
pub(super) struct NewSignerArgs {
    /// The file to write
    out: PathBuf,
}

/// Makes a private key.
pub(super) fn new_signer(args: &NewSignerArgs) -> Result<Exit, Failure> {
    let environment = |what: String| Failure::new(Exit::Environment, what);
    let signer =
        Signer::generate(random).map_err(|error| environment(format!("no random bytes: {}", reason(&error))))?;
    let pem = signer.to_pem().map_err(|error| environment(error.to_string()))?;
    let public = signer.public_key().to_base64();
    let public = public.map_err(|error| environment(error.to_string()))?;
    create(&args.out, pem.as_bytes())?;
    report(format_args!("{public}"));
    Ok(Exit::Done)
}
