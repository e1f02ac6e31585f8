//! Many files at once: which there are, whether batches are complete, which come twice. Nothing depends on the order in
//! which files are given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::file::ExportFile;

/// Most files that are looked at together.
pub const MOST_FILES: usize = 100_000;
/// So many missing numbers of a batch are named.
const NAMED: usize = 10;

/// The files to read, sorted and each once: those given, and of folders the `*.zip` directly in them. A file that is not
/// there is among them too; reading it will tell.
///
/// # Errors
/// With the path, when a folder cannot be read or there are more than [`MOST_FILES`].
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = BTreeSet::new();
    for path in paths {
        let fault = |error| (path.clone(), error);
        if !path.is_dir() {
            found.insert(path.clone());
            continue;
        }
        for entry in fs::read_dir(path).map_err(fault)? {
            let file = entry.map_err(fault)?.path();
            if file.extension().is_some_and(|extension| extension == "zip") && file.is_file() {
                found.insert(file);
            }
            if found.len() > MOST_FILES {
                return Err(fault(io::Error::other(format!("more than {MOST_FILES} files"))));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// What is wrong with a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchFault {
    /// Its country. Not neutralised.
    pub region: String,
    /// The beginning of its window, in seconds since 1970.
    pub start: u64,
    /// How many files it has.
    pub size: u32,
    /// How many of them are not there.
    pub missing: u32,
    /// The first of those numbers.
    pub first_missing: Vec<u32>,
    /// Numbers of which there are files with different content.
    pub repeated: Vec<u32>,
}

/// Region, beginning of the window, and size: the end differs between the files of a batch, since one server tells them
/// apart by it.
type BatchName = (String, u64, u32);

/// Takes files, and tells which batches are incomplete and which files are the same.
#[derive(Debug, Default)]
pub struct Batches {
    batches: BTreeMap<BatchName, BTreeMap<u32, BTreeSet<[u8; 32]>>>,
    contents: BTreeMap<[u8; 32], BTreeSet<PathBuf>>,
}

impl Batches {
    /// Takes a file.
    pub fn add(&mut self, path: &Path, file: &ExportFile) {
        let export = &file.export;
        let name = (export.region.clone(), export.start, export.batch_size);
        let numbers = self.batches.entry(name).or_default();
        numbers.entry(export.batch_num).or_default().insert(file.bin_sha256);
        self.contents
            .entry(file.bin_sha256)
            .or_default()
            .insert(path.to_owned());
    }

    /// Batches of which files are missing, or there twice with different content. Files that stand alone are no batch.
    #[must_use]
    pub fn faults(&self) -> Vec<BatchFault> {
        let fault = |((region, start, size), numbers): (&BatchName, &BTreeMap<u32, BTreeSet<[u8; 32]>>)| {
            let there = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let missing = size.saturating_sub(there);
            let absent = (1..=*size).filter(|number| !numbers.contains_key(number));
            let repeated = numbers.iter().filter(|(_, contents)| contents.len() > 1);
            let fault = BatchFault {
                region: region.clone(),
                start: *start,
                size: *size,
                missing,
                first_missing: absent.take(NAMED).collect(),
                repeated: repeated.map(|(number, _)| *number).take(NAMED).collect(),
            };
            let is_batch = *size > 1;
            (is_batch && (missing > 0 || !fault.repeated.is_empty())).then_some(fault)
        };
        self.batches.iter().filter_map(fault).collect()
    }

    /// Files with an `export.bin` that another has too: each with the first of those, by name.
    #[must_use]
    pub fn duplicates(&self) -> BTreeMap<PathBuf, PathBuf> {
        let mut found = BTreeMap::new();
        for paths in self.contents.values() {
            if let Some(first) = paths.first() {
                let rest = paths.iter().skip(1);
                found.extend(rest.map(|path| (path.clone(), first.clone())));
            }
        }
        found
    }
}
