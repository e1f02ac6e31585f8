//! Keys of many files as one set, by the rules of Android's published matcher: what is told later of a key, what does not
//! count.
//!
//! A key is the same as another where its bytes, its first interval and its period are: a file that gives the bytes of a
//! key another time tells nothing of that key, so that a forged one cannot take it away.

use super::{DiagnosisKey, ExportFile, ReportType};
use crate::lab::time::Enin;

/// A key with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooled {
    /// The key, with the report type that counts.
    pub key: DiagnosisKey,
    /// Number of the file that told what counts, in the order in which files were given to [`Pool::new`].
    pub file: usize,
    /// Number of the key in its file, from 1.
    pub number: usize,
}

/// The keys that count, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// In order of first interval and key.
    pub keys: Vec<Pooled>,
    /// Keys that came again and told nothing new.
    pub repeated: u64,
    /// Keys of which a later file told another report type that does not count: it may not follow the one before, or it
    /// is the second change.
    pub superseded: u64,
    /// Keys of which a later file told another report type, and it counts: the first time alone, as phones keep it. File
    /// and number are then those of the later file.
    pub revised: u64,
    /// Keys of which the same bytes come with another first interval or period too, however often: each is looked for in
    /// its own time.
    pub with_another_time: u64,
    /// Keys of contacts of contacts (report type 4), which are not looked for.
    pub recursive: u64,
}

impl Pool {
    /// Puts the files together. Nothing depends on their order: they are taken by the time of their keys.
    #[must_use]
    pub fn new(files: Vec<ExportFile>) -> Self {
        let mut files: Vec<(usize, ExportFile)> = files.into_iter().enumerate().collect();
        files.sort_by_key(|(_, file)| (file.export.start, file.export.end, file.sha256));
        let mut pool = Self::default();
        let mut all: Vec<Told> = Vec::new();
        for (place, (file, content)) in files.into_iter().enumerate() {
            let export = content.export;
            for (number, key) in (1..).zip(export.keys.into_iter().chain(export.revised_keys)) {
                if key.report_type == Some(ReportType::Recursive) {
                    pool.recursive += 1;
                    continue;
                }
                let pooled = Pooled { key, file, number };
                all.push(Told { place, pooled });
            }
        }
        // What is told of one key stands together then, in the order in which it was told.
        all.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        let mut was_revised = false;
        for told in all {
            match pool.keys.last_mut() {
                Some(before) if before.identity() == told.pooled.identity() => {
                    let what = before.again(&told.pooled, was_revised);
                    was_revised |= what == Again::Revised;
                    pool.count(what);
                }
                _ => {
                    was_revised = false;
                    pool.keys.push(told.pooled);
                }
            }
        }
        let of_bytes = pool
            .keys
            .chunk_by(|a, b| a.key.tek.expose() == b.key.tek.expose())
            .map(<[Pooled]>::len);
        pool.with_another_time = of_bytes.filter(|times| *times > 1).map(|times| times as u64).sum();
        // Stable: those of one interval stay in the order of their bytes.
        pool.keys.sort_by_key(|pooled| pooled.key.rolling_start);
        pool
    }

    fn count(&mut self, what: Again) {
        match what {
            Again::Revised => self.revised += 1,
            Again::Superseded => self.superseded += 1,
            Again::Repeated => self.repeated += 1,
        }
    }
}

/// A key with the place of its file in the order of time.
struct Told {
    place: usize,
    pooled: Pooled,
}

impl Told {
    fn order(&self) -> ((&[u8; 16], Enin, u32), usize, usize) {
        (self.pooled.identity(), self.place, self.pooled.number)
    }
}

/// What it is that a key comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Revised,
    Superseded,
    Repeated,
}

impl Pooled {
    /// What tells it from other keys: its bytes, its first interval, its period.
    fn identity(&self) -> (&[u8; 16], Enin, u32) {
        (self.key.tek.expose(), self.key.rolling_start, self.key.period())
    }

    /// Takes what a later file tells of the key.
    fn again(&mut self, later: &Pooled, was_revised: bool) -> Again {
        let before = &mut self.key;
        if before.report_type == later.key.report_type {
            Again::Repeated
        } else if was_revised || !may_become(before.report_type, later.key.report_type) {
            Again::Superseded
        } else {
            before.report_type = later.key.report_type;
            before.days_since_onset = later.key.days_since_onset.or(before.days_since_onset);
            // What is shown is what this file tells.
            (self.file, self.number) = (later.file, later.number);
            Again::Revised
        }
    }
}

/// Which report types may follow which.
const fn may_become(before: Option<ReportType>, after: Option<ReportType>) -> bool {
    use ReportType::{ClinicalDiagnosis, ConfirmedTest, Revoked, SelfReport};
    matches!(
        (before, after),
        (Some(SelfReport), Some(ConfirmedTest | ClinicalDiagnosis | Revoked))
            | (Some(ClinicalDiagnosis), Some(ConfirmedTest | Revoked))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Export, Limits};
    use crate::lab::crypto::Tek;

    fn key(n: u8, report_type: ReportType) -> DiagnosisKey {
        DiagnosisKey {
            report_type: Some(report_type),
            ..DiagnosisKey::new(Tek::new([n; 16]), Enin(2_642_976))
        }
    }

    fn file(start: u64, keys: Vec<DiagnosisKey>) -> ExportFile {
        let export = Export {
            start,
            end: start + 3_600,
            keys,
            ..Export::default()
        };
        ExportFile::read(&super::super::encode(&export), Limits::default()).unwrap()
    }

    #[test]
    fn what_is_told_later_counts_once_whatever_the_order_of_files() {
        use ReportType::{ClinicalDiagnosis, ConfirmedTest, Recursive, Revoked, SelfReport};
        let files = [
            file(
                1,
                vec![
                    key(1, SelfReport),
                    key(2, ConfirmedTest),
                    key(3, Recursive),
                    key(4, SelfReport),
                ],
            ),
            file(2, vec![key(1, ClinicalDiagnosis), key(2, SelfReport)]),
            file(3, vec![key(1, Revoked), key(4, Revoked)]),
        ];
        let pool = Pool::new(files.to_vec());
        let types: Vec<_> = pool.keys.iter().map(|pooled| pooled.key.report_type).collect();
        assert_eq!(types, [Some(ClinicalDiagnosis), Some(ConfirmedTest), Some(Revoked)]);
        let counts = |pool: &Pool| (pool.revised, pool.superseded, pool.repeated, pool.recursive);
        assert_eq!(counts(&pool), (2, 2, 0, 1));
        let places: Vec<_> = pool.keys.iter().map(|pooled| (pooled.file, pooled.number)).collect();
        assert_eq!(places, [(1, 1), (0, 2), (2, 2)], "of the file that tells the type");
        let turned = Pool::new(vec![files[2].clone(), files[0].clone(), files[1].clone()]);
        let keys = |pool: &Pool| pool.keys.iter().map(|pooled| pooled.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&turned), keys(&pool));
        assert_eq!(counts(&turned), counts(&pool));
    }

    #[test]
    fn the_same_bytes_in_another_time_are_a_key_of_their_own() {
        use ReportType::{ConfirmedTest, Revoked, SelfReport};
        let moved = |report_type, start| DiagnosisKey {
            rolling_start: Enin(start),
            ..key(1, report_type)
        };
        let short = DiagnosisKey {
            rolling_period: Some(10),
            ..key(1, Revoked)
        };
        // Forged ones come first by their window, and again; neither touches the true one.
        let files = [
            file(5, vec![key(1, SelfReport), key(2, ConfirmedTest)]),
            file(1, vec![moved(Revoked, 2_642_832), short]),
            file(6, vec![key(1, ConfirmedTest), moved(Revoked, 2_642_832)]),
        ];
        let pool = Pool::new(files.to_vec());
        let found = |pooled: &Pooled| (pooled.key.rolling_start.0, pooled.key.period(), pooled.key.report_type);
        let found: Vec<_> = pool.keys.iter().map(found).collect();
        let expected = [
            (2_642_832, 144, Some(Revoked)),
            (2_642_976, 10, Some(Revoked)),
            (2_642_976, 144, Some(ConfirmedTest)),
            (2_642_976, 144, Some(ConfirmedTest)),
        ];
        assert_eq!(found, expected);
        assert_eq!((pool.with_another_time, pool.repeated, pool.revised), (3, 1, 1));
    }
}
