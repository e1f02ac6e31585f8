//! Keys of many files, for what looks for them: what can be read counts, and what cannot is told.

use std::path::{Path, PathBuf};
use std::thread;

use super::super::{Exit, Failure, tell};
use super::inspect::tell_of;
use super::{listed, read};
use crate::keys::{Batches, ExportFile, Limits, Pool, Pooled};
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
}

/// Reads the files of a command line on so many threads.
///
/// # Errors
/// [`Failure`] when there are none, or when none of them can be used.
pub(in crate::cli) fn load(given: &[PathBuf], limits: Limits, threads: usize) -> Result<Loaded, Failure> {
    let paths = listed(given)?;
    let (mut kept, mut files, mut unusable) = (Vec::new(), Vec::new(), Vec::new());
    let (mut batches, mut left_out) = (Batches::default(), Vec::new());
    let read = read_all(&paths, limits, threads);
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
        let n_more = unusable.len() - 1;
        let first = unusable.swap_remove(0);
        return Err(if n_more == 0 {
            first
        } else {
            let message = format!("{}; {n_more} more files cannot be used either", first.message);
            Failure { message, ..first }
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
    })
}

/// Each file, in order.
fn read_all(paths: &[PathBuf], limits: Limits, threads: usize) -> Vec<Result<ExportFile, Failure>> {
    let share = paths.len().div_ceil(threads.max(1)).max(1);
    let mut files = Vec::with_capacity(paths.len());
    thread::scope(|scope| {
        let running: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(move || paths.iter().map(|path| read(path, limits)).collect::<Vec<_>>()))
            .collect();
        for thread in running {
            files.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
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
    }

    /// How the verb ends that did what it could: files that could not be used are not passed over in silence.
    pub(in crate::cli) fn exit(&self) -> Exit {
        self.unusable.first().map_or(Exit::Done, |failure| failure.exit)
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

fn candidate(pooled: &Pooled) -> Candidate {
    Candidate {
        tek: pooled.key.tek.clone(),
        start: pooled.key.rolling_start,
        period: pooled.key.period(),
    }
}
