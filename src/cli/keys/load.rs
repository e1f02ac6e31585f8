//! Keys of many files, for what looks for them: what can be read counts, and what cannot is told.

use std::path::{Path, PathBuf};
use std::thread;

use indicatif::ProgressBar;

use super::super::{Exit, Failure, progress, tell};
use super::inspect::tell_of;
use super::{listed, read, trust};
use crate::keys::{Batches, Configuration, ExportFile, Limits, Pool, Pooled};
use crate::lab::matching::Candidate;
use crate::lab::text::printable;

/// So many files that cannot be used are told one by one.
const TOLD: usize = 20;

/// Keys to look for.
pub(in crate::cli) struct Loaded {
    /// The files that were read; the numbers in the pool are of these.
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Their keys, each once.
    pub(in crate::cli) pool: Pool,
    /// The same, in the same order, to look for.
    pub(in crate::cli) candidates: Vec<Candidate>,
    /// Files that cannot be used, and why.
    pub(in crate::cli) unusable: Vec<Failure>,
    batches: Batches,
    /// Keys that are none, by file, in words.
    left_out: Vec<String>,
    /// Whether only files that are trusted are among them.
    is_checked: bool,
}

/// How files are read.
pub(in crate::cli) struct Loading {
    pub(in crate::cli) limits: Limits,
    /// On how many threads.
    pub(in crate::cli) threads: usize,
    /// The public keys by which files are trusted; `None`: signatures are not checked.
    pub(in crate::cli) known: Option<Configuration>,
    /// Whether a person sees how far it is.
    pub(in crate::cli) shows_progress: bool,
}

/// Reads the files of a command line; `-` is standard input.
///
/// # Errors
/// [`Failure`] when there are none, or when none of them can be used.
pub(in crate::cli) fn load(given: &[PathBuf], loading: &Loading) -> Result<Loaded, Failure> {
    let paths = listed(given)?;
    let (mut kept, mut files, mut unusable) = (Vec::new(), Vec::new(), Vec::new());
    let (mut batches, mut left_out) = (Batches::default(), Vec::new());
    let read = read_all(&paths, loading);
    for (path, file) in paths.into_iter().zip(read) {
        match file {
            Ok(file) => {
                batches.add(&path, &file);
                left_out.extend(left_out_of(&path, &file));
                files.push(file);
                kept.push(path);
            }
            Err(failure) => unusable.push(failure),
        }
    }
    if files.is_empty() && !unusable.is_empty() {
        let exit = gravest(&unusable);
        let n_more = unusable.len() - 1;
        let first = unusable.swap_remove(0);
        return Err(if n_more == 0 {
            first
        } else {
            let message = format!("{}; {n_more} more files cannot be used either", first.message);
            Failure { exit, message, ..first }
        });
    }
    let pool = Pool::new(files);
    Ok(Loaded {
        paths: kept,
        candidates: pool.keys.iter().map(candidate).collect(),
        pool,
        unusable,
        batches,
        left_out,
        is_checked: loading.known.is_some(),
    })
}

/// Each file, in order; one that is not trusted is none.
fn read_all(paths: &[PathBuf], loading: &Loading) -> Vec<Result<ExportFile, Failure>> {
    let bar = if loading.shows_progress {
        progress::bar("reading keys", paths.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    let read = |path: &PathBuf| {
        let file = read(path, loading.limits)?;
        bar.inc(1);
        match &loading.known {
            Some(known) => trust::check(path, &file, known).map(|()| file),
            None => Ok(file),
        }
    };
    let share = paths.len().div_ceil(loading.threads.max(1)).max(1);
    let mut files = Vec::with_capacity(paths.len());
    thread::scope(|scope| {
        let running: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(move || paths.iter().map(read).collect::<Vec<_>>()))
            .collect();
        for thread in running {
            files.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    bar.finish_and_clear();
    files
}

/// Which keys of a file are none and were left out.
fn left_out_of(path: &Path, file: &ExportFile) -> Vec<String> {
    let line = |(what, tally): (crate::keys::Oddity, crate::keys::Tally)| {
        let path = path.display().to_string();
        let (path, what) = (printable(&path), what.what());
        format!("{path}: {} {what}, first key {}", tally.count, tally.first)
    };
    let left_out = file.oddities.iter().filter(|(what, _)| what.is_left_out());
    left_out.map(line).collect()
}

impl Loaded {
    /// Tells of files that cannot be used, keys that are none and batches that are not whole.
    pub(in crate::cli) fn tell(&self) {
        for failure in self.unusable.iter().take(TOLD) {
            tell(format_args!("warning: {}", printable(&failure.message)));
        }
        if self.unusable.len() > TOLD {
            tell(format_args!("warning: and {} more", self.unusable.len() - TOLD));
        }
        for line in &self.left_out {
            tell(format_args!("warning: {line}"));
        }
        tell_of(&self.batches);
        if !self.is_checked {
            tell(format_args!("signatures were not checked (--public-key checks them)"));
        }
    }

    /// Whether signatures were checked, as JSON has it.
    pub(in crate::cli) const fn signatures(&self) -> &'static str {
        if self.is_checked { "checked" } else { "not checked" }
    }

    /// How the verb ends that did what it could: files that could not be used are not passed over in silence.
    pub(in crate::cli) fn exit(&self) -> Exit {
        gravest(&self.unusable)
    }

    /// What a key is called in tables: its number in its file, and where there are several files, the file's name too.
    pub(in crate::cli) fn key_name(&self, key: &Pooled) -> String {
        let file = self.paths.get(key.file).and_then(|path| path.file_name());
        match file.filter(|_| self.paths.len() > 1) {
            Some(file) => format!("{} #{}", printable(&file.to_string_lossy()), key.number),
            None => key.number.to_string(),
        }
    }

    /// Tells at the end, where it is seen, that not everything was looked at.
    pub(in crate::cli) fn tell_end(&self) {
        if !self.unusable.is_empty() {
            tell(format_args!(
                "{} of {} files of keys could not be used and were left out",
                self.unusable.len(),
                self.unusable.len() + self.paths.len()
            ));
        }
    }
}

/// Of several failures: that a file cannot be read is graver than that one is not trusted.
fn gravest(failures: &[Failure]) -> Exit {
    let exits = failures.iter().map(|failure| failure.exit);
    exits.max_by_key(|exit| *exit as u8).unwrap_or(Exit::Done)
}

fn candidate(pooled: &Pooled) -> Candidate {
    Candidate {
        tek: pooled.key.tek.clone(),
        start: pooled.key.rolling_start,
        period: pooled.key.period(),
    }
}
