//! Keys of many files as one set, by the rules of Android's published matcher: what is told later of a key, what does not
//! count.

use std::collections::BTreeMap;

use super::{DiagnosisKey, ExportFile, ReportType};

/// A key with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooled {
    /// The key, with the report type that counts.
    pub key: DiagnosisKey,
    /// Number of the file, in the order in which files were given to [`Pool::new`].
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
    /// Keys of which a later file told another report type, and it counts: the first time alone, as phones keep it.
    pub revised: u64,
    /// Keys that came again with another period: the first one counts.
    pub contradicting: u64,
    /// Keys of contacts of contacts (report type 4), which are not looked for.
    pub recursive: u64,
}

impl Pool {
    /// Puts the files together. Nothing depends on their order: they are taken by the time of their keys.
    #[must_use]
    pub fn new(files: &[&ExportFile]) -> Self {
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|file| (files[*file].export.start, files[*file].export.end, files[*file].sha256));
        let mut pool = Self::default();
        let mut known = BTreeMap::new();
        for file in order {
            let export = &files[file].export;
            let all = export.keys.iter().chain(&export.revised_keys);
            for (number, key) in (1..).zip(all) {
                let key = key.clone();
                pool.add(Pooled { key, file, number }, &mut known);
            }
        }
        pool.keys.sort_by(|a, b| order_of(a).cmp(&order_of(b)));
        pool
    }

    fn add(&mut self, pooled: Pooled, known: &mut BTreeMap<[u8; 16], Known>) {
        if pooled.key.report_type == Some(ReportType::Recursive) {
            self.recursive += 1;
            return;
        }
        let Some(of) = known.get_mut(pooled.key.tek.expose()) else {
            let of = Known {
                idx: self.keys.len(),
                was_revised: false,
            };
            known.insert(*pooled.key.tek.expose(), of);
            return self.keys.push(pooled);
        };
        let before = &mut self.keys[of.idx].key;
        if (before.rolling_start, before.period()) != (pooled.key.rolling_start, pooled.key.period()) {
            self.contradicting += 1;
        } else if !of.was_revised && may_become(before.report_type, pooled.key.report_type) {
            of.was_revised = true;
            before.report_type = pooled.key.report_type;
            before.days_since_onset = pooled.key.days_since_onset.or(before.days_since_onset);
            self.revised += 1;
        } else {
            self.repeated += 1;
        }
    }
}

/// A key that came before.
struct Known {
    idx: usize,
    was_revised: bool,
}

fn order_of(pooled: &Pooled) -> (u32, &[u8; 16]) {
    (pooled.key.rolling_start.0, pooled.key.tek.expose())
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
    use crate::lab::time::Enin;

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
        let pool = Pool::new(&[&files[0], &files[1], &files[2]]);
        let types: Vec<_> = pool.keys.iter().map(|pooled| pooled.key.report_type).collect();
        assert_eq!(types, [Some(ClinicalDiagnosis), Some(ConfirmedTest), Some(Revoked)]);
        assert_eq!((pool.revised, pool.repeated, pool.recursive), (2, 2, 1));
        let turned = Pool::new(&[&files[2], &files[0], &files[1]]);
        let keys = |pool: &Pool| pool.keys.iter().map(|pooled| pooled.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&turned), keys(&pool));
    }

    #[test]
    fn a_key_that_contradicts_an_earlier_one_does_not_count() {
        let mut other = key(1, ReportType::ConfirmedTest);
        other.rolling_period = Some(10);
        let files = [file(1, vec![key(1, ReportType::ConfirmedTest)]), file(2, vec![other])];
        let pool = Pool::new(&[&files[0], &files[1]]);
        assert_eq!(
            (pool.keys.len(), pool.keys[0].key.period(), pool.contradicting),
            (1, 144, 1)
        );
    }
}
