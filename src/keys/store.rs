//! Keys of the lab's own phones, kept in a file that only its owner can read.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use zeroize::Zeroizing;

use super::table::{TableError, period, rows, start, tek};
use crate::lab::crypto::Tek;
use crate::lab::time::Enin;

/// Columns of the file, as [`crate::lab::keyring::Keyring`] reads them.
const COLUMNS: [&str; 5] = ["device", "model", "tek", "rolling_start", "rolling_period"];
/// Longer files are refused, in bytes.
const MOST: u64 = 4 * 1024 * 1024;

/// A key of a phone of one's own. The key itself is never printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabKey {
    /// The engineer's name of the device. Not neutralised.
    pub device: String,
    /// Its model; may be empty. Not neutralised.
    pub model: String,
    /// The key.
    pub tek: Tek,
    /// The first interval in which it is used.
    pub rolling_start: Enin,
    /// For how many intervals, 1 to 144.
    pub rolling_period: u8,
}

impl LabKey {
    /// The keys of a CSV file with the columns `device,model,tek,rolling_start,rolling_period`, in its order.
    ///
    /// # Errors
    /// [`TableError`], with the line.
    pub fn parse(text: &str) -> Result<Vec<Self>, TableError> {
        let mut keys = Vec::new();
        rows(text, &COLUMNS, &[], |cells| {
            let [device, model, tek_cell, start_cell, period_cell] = cells else {
                return Err("cannot be read");
            };
            keys.push(Self {
                device: (*device).to_owned(),
                model: (*model).to_owned(),
                tek: tek(tek_cell)?,
                rolling_start: start(start_cell)?,
                rolling_period: period(period_cell)?,
            });
            Ok(())
        })?;
        Ok(keys)
    }

    /// Whether the key is used in an interval.
    #[must_use]
    pub fn is_used_in(&self, enin: Enin) -> bool {
        let since = enin.0.checked_sub(self.rolling_start.0);
        since.is_some_and(|since| since < u32::from(self.rolling_period))
    }
}

/// A key in hexadecimal digits: a secret.
pub fn hex(tek: &Tek) -> Zeroizing<String> {
    use std::fmt::Write as _;
    let mut text = Zeroizing::new(String::with_capacity(32));
    for byte in tek.expose() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Why lab keys cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system says no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is none of lab keys.
    #[error("{0}")]
    Table(#[from] TableError),
    /// Its columns are in another order than new rows would be.
    #[error("its first line is not {}, so nothing is added to it", COLUMNS.join(","))]
    Order,
}

/// A file of lab keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Where it is.
    pub path: PathBuf,
}

impl Store {
    /// `vicino/keys.csv` in `$XDG_DATA_HOME` or ~/.local/share; `None` where no home folder is known.
    #[must_use]
    pub fn default_path() -> Option<PathBuf> {
        let data = etcetera::base_strategy::Xdg::new().ok()?.data_dir();
        Some(data.join("vicino").join("keys.csv"))
    }

    /// All keys of the file, in its order; none where there is no file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(&self) -> Result<Vec<LabKey>, StoreError> {
        match read_private(&self.path, MOST) {
            Ok(text) => Ok(LabKey::parse(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds keys at the end of the file, which is made where there is none, with its folders; afterwards only its owner
    /// can read it.
    ///
    /// # Errors
    /// [`StoreError`]; where the file is none of lab keys, it stays as it is.
    pub fn append(&self, keys: &[LabKey]) -> Result<(), StoreError> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let old = match read_private(&self.path, MOST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::default(),
            Err(error) => return Err(error.into()),
        };
        // As long as it can get, so that it never grows and leaves a copy behind.
        let names: usize = keys.iter().map(|key| key.device.len() + key.model.len()).sum();
        let mut rows = Zeroizing::new(String::with_capacity(200 + 2 * names + 100 * keys.len()));
        if old.is_empty() {
            rows.push_str(&COLUMNS.join(","));
            rows.push('\n');
        } else {
            LabKey::parse(&old)?;
            let first = old.lines().next().unwrap_or_default();
            if !first.split(',').map(str::trim).eq(COLUMNS) {
                return Err(StoreError::Order);
            }
        }
        for key in keys {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer
                .write_record([&key.device, &key.model])
                .map_err(io::Error::other)?;
            let names = writer
                .into_inner()
                .map_err(|error| io::Error::other(error.to_string()))?;
            rows.push_str(String::from_utf8_lossy(&names).trim_end_matches('\n'));
            let (start, period) = (key.rolling_start.0, key.rolling_period);
            rows.push(',');
            rows.push_str(&hex(&key.tek));
            let span = [",", &start.to_string(), ",", &period.to_string(), "\n"];
            rows.extend(span);
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.seek(SeekFrom::End(0))?;
        if !old.is_empty() && !old.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        file.write_all(rows.as_bytes())?;
        file.sync_all()?;
        Ok(())
    }
}

/// The text of a file with secrets, wiped when it is dropped.
///
/// # Errors
/// When it cannot be read, is no regular file, has more than `most` bytes, or is no UTF-8.
pub fn read_private(path: &Path, most: u64) -> io::Result<Zeroizing<String>> {
    // A FIFO would be waited for.
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("is no regular file"));
    }
    let length = usize::try_from(metadata.len().min(most)).unwrap_or(0);
    // With room for all, so that no copies stay behind as it grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 2));
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("has more than {most} bytes")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::other("is not text in UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}
