//! The privacy audit: whether broadcasts keep people private, by rules whose findings name their packets.
//!
//! One pass over a capture's events gathers [`Evidence`] in bounded memory; whatever is judged is judged from it, at the
//! end of a file or while it still grows. A rule gives pass, warn, fail, or "not observable" with the reason: what a
//! source does not tell is never guessed.
//!
//! An address that the receiving controller resolved (HCI address types 2 and 3) is not what was on the air. Such reports
//! keep their identifiers and levels, but nothing is concluded from their address; see [`resolve`].

pub mod baseline;
pub mod case;
pub mod check;
pub mod compare;
pub mod custody;
pub mod evidence;
pub mod links;
pub mod picture;
pub mod report;
pub mod resolve;
pub mod rotations;
pub mod rule;
pub mod rules;
pub mod settings;
pub mod verdict;

pub use baseline::Baseline;
pub use case::Case;
pub use evidence::Evidence;
pub use links::Links;
pub use picture::Picture;
pub use report::Report;
pub use rule::{Rule, RuleId};
pub use settings::{Settings, Thresholds};
pub use verdict::{Figure, Finding, Judgement, Sight, Verdict};
