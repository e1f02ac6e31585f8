//! Public keys of a command line, by which exports are trusted.

use std::path::Path;

use clap::Args;

use super::super::{Exit, Failure};
use super::read_bytes;
use crate::format::reason;
use crate::keys::{Configuration, ExportFile, PublicKey};

/// Longest file of a public key, in bytes.
const MOST: u64 = 256 * 1024;

/// Whose signatures count.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct TrustArgs {
    /// A public key by the name in the files (ID-VERSION, like 222-v1): a file with PEM or base64, or the base64
    #[arg(long, value_name = "NAME=KEY")]
    public_key: Vec<String>,
    /// Keys in sets: PACKAGE:NAME,BASE64&NAME,BASE64|NAME,BASE64
    #[arg(long, value_name = "TEXT")]
    configuration: Option<String>,
}

impl TrustArgs {
    /// The keys; `None` where none are given, and nothing is to be checked.
    ///
    /// # Errors
    /// [`Failure`]: [`Exit::Usage`] for what is none, [`Exit::Input`] for a file that cannot be read.
    pub(in crate::cli) fn known(&self) -> Result<Option<Configuration>, Failure> {
        if self.public_key.is_empty() && self.configuration.is_none() {
            return Ok(None);
        }
        let mut known = Configuration::default();
        if let Some(text) = &self.configuration {
            known = Configuration::parse(text).map_err(|error| {
                Failure::new(Exit::Usage, format!("--configuration: {error}")).hint("PACKAGE:NAME,BASE64&NAME,BASE64|…")
            })?;
        }
        for given in &self.public_key {
            let (name, key) = public_key(given)?;
            known.add(name, key);
        }
        Ok(Some(known))
    }
}

fn public_key(given: &str) -> Result<(&str, PublicKey), Failure> {
    let (name, key) = given
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| {
            Failure::new(Exit::Usage, format!("--public-key {given}: the name is missing"))
                .hint("name it as the files do: --public-key 222-v1=key.pem; `vicino keys inspect` shows the name")
        })?;
    let key = PublicKey::parse(&text_of(key)?).map_err(|error| {
        Failure::new(Exit::Usage, format!("--public-key {name}: {error}"))
            .hint("`vicino keys new-signer` prints the public key of a signer it makes")
    })?;
    Ok((name, key))
}

/// The text of a file of that name, or else what was given.
fn text_of(given: &str) -> Result<String, Failure> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(given.to_owned());
    }
    let bytes =
        read_bytes(path, MOST).map_err(|error| Failure::new(Exit::Input, format!("{given}: {}", reason(&error))))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Refuses a file that none of the known keys vouch for.
///
/// # Errors
/// [`Failure`] with [`Exit::CheckFailed`].
pub(super) fn check(path: &Path, file: &ExportFile, known: &Configuration) -> Result<(), Failure> {
    let checked = file.check(known);
    if ExportFile::is_trusted(known, &checked) {
        return Ok(());
    }
    let what = if !file.is_zip {
        "is not trusted: a bare export.bin has no signatures".to_owned()
    } else if let Some(missing) = known.missing(&checked) {
        format!("is not trusted: not signed by {}", missing.join(", "))
    } else {
        "is not trusted: a signature of a known key is wrong".to_owned()
    };
    Err(Failure::new(Exit::CheckFailed, format!("{}: {what}", path.display()))
        .hint("`vicino keys verify` shows what became of each signature"))
}
