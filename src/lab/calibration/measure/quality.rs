//! How good what is heard in a step is, and what speaks against it.

use crate::lab::calibration::fit::{FEW_REPORTS, WIDE_IQR_DB};
use crate::lab::distance::score;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::Dbm;

/// The middle of the levels should not move by more within a step, in dB.
const MOST_DRIFT_DB: f64 = 3.0;
/// More outliers than this share of the reports are no chance.
const MOST_OUTLIERS: f64 = 0.05;
/// More reports of others per second than this crowd the channel.
const CROWDED_PER_S: f64 = 60.0;

/// What was heard in a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    pub(super) levels: Vec<(UnixMicros, Dbm)>,
    pub(super) saturated: usize,
    pub(super) others: u64,
}

/// How good what was heard is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// Reports with a level that can be used.
    pub n: usize,
    /// The middle level, in dBm.
    pub median_dbm: f64,
    /// Distance of the quartiles, in dB.
    pub iqr_db: f64,
    /// By how much the middle of the last third differs from that of the first, in dB.
    pub drift_db: f64,
    /// The middle of the last tenth against that of what was before, in dB: somebody came in at the end.
    pub end_db: f64,
    /// Levels farther from the middle than three times the distance of the quartiles.
    pub outliers: usize,
    /// Reports too strong to be used.
    pub saturated: usize,
    /// Reports of others, per second.
    pub others_per_s: f64,
}

/// What is wrong with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fewer reports than are wanted.
    Few,
    /// Fewer than any fit takes seriously.
    TooFew,
    /// The levels are spread wide.
    Wide,
    /// They moved.
    Drift,
    /// They moved at the end.
    End,
    /// Many are far from the others.
    Outliers,
    /// The receiver was overdriven.
    Saturated,
    /// Others crowd the channel.
    Crowded,
}

impl Fault {
    /// What it is, and what to do.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Few => "fewer reports than wanted: wait, or accept it with wider intervals",
            Self::TooFew => "fewer than 10 reports: is the phone awake, and its application running?",
            Self::Wide => "levels spread by more than 6 dB: something moves, or a reflection comes and goes; repeat it",
            Self::Drift => "the level moved by more than 3 dB during the step: repeat it",
            Self::End => "the level of the last part is another by more than 3 dB: did something move? repeat it",
            Self::Outliers => "more than 5 % of the levels are far off: something moves now and then; repeat it",
            Self::Saturated => "the receiver is overdriven (-20 dBm or more): move the phone away",
            Self::Crowded => "many other broadcasters: find a quieter place if you can",
        }
    }
}

fn quantile(sorted: &[Dbm], share: f64) -> f64 {
    let levels: Vec<f64> = sorted.iter().map(|level| f64::from(level.0)).collect();
    score::quantile(&levels, share)
}

impl Heard {
    /// How good it is, over so much time.
    #[must_use]
    pub fn quality(&self, over: Micros) -> Quality {
        let mut sorted: Vec<Dbm> = self.levels.iter().map(|(_, level)| *level).collect();
        sorted.sort_unstable();
        let (median, low, high) = (quantile(&sorted, 0.5), quantile(&sorted, 0.25), quantile(&sorted, 0.75));
        let iqr = high - low;
        let far = |level: &&Dbm| (f64::from(level.0) - median).abs() > 3.0 * iqr.max(1.0);
        let third = self.levels.len() / 3;
        let middle = |levels: &[(UnixMicros, Dbm)]| {
            let mut sorted: Vec<Dbm> = levels.iter().map(|(_, level)| *level).collect();
            sorted.sort_unstable();
            quantile(&sorted, 0.5)
        };
        let drift = if third >= 5 {
            middle(&self.levels[self.levels.len() - third..]) - middle(&self.levels[..third])
        } else {
            0.0
        };
        // A tenth is enough to see who comes back to the bench early, which the thirds do not show.
        let tenth = self.levels.len() / 10;
        let (before, end) = self.levels.split_at(self.levels.len() - tenth);
        let end_db = if tenth >= 5 { middle(end) - middle(before) } else { 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "a minute's reports")]
        let others_per_s = self.others as f64 / (over.0.max(1_000_000) as f64 / 1e6);
        Quality {
            n: sorted.len(),
            median_dbm: median,
            iqr_db: iqr,
            drift_db: drift,
            end_db,
            outliers: sorted.iter().filter(far).count(),
            saturated: self.saturated,
            others_per_s,
        }
    }
}

impl Quality {
    /// What is wrong, the gravest first.
    #[must_use]
    pub fn faults(&self, wanted: usize) -> Vec<Fault> {
        let few = usize::try_from(FEW_REPORTS).unwrap_or(10);
        #[expect(clippy::cast_precision_loss, reason = "a minute's reports")]
        let all = [
            (self.saturated > 0, Fault::Saturated),
            (self.n < few, Fault::TooFew),
            (self.n >= few && self.n < wanted, Fault::Few),
            (self.iqr_db > WIDE_IQR_DB, Fault::Wide),
            (self.drift_db.abs() > MOST_DRIFT_DB, Fault::Drift),
            (self.end_db.abs() > MOST_DRIFT_DB, Fault::End),
            (self.outliers as f64 > MOST_OUTLIERS * self.n as f64, Fault::Outliers),
            (self.others_per_s > CROWDED_PER_S, Fault::Crowded),
        ];
        all.into_iter().filter_map(|(is, fault)| is.then_some(fault)).collect()
    }
}
