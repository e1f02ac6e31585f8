//! What runs the program: the loop of the screen, and its headless twin.

pub mod headless;
#[cfg(feature = "tui")]
pub mod screen;
#[cfg(feature = "tui")]
pub mod snapshot;

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::lab::session::Options;

/// Options of a session over hostile air: a secret of this run keeps chosen addresses from colliding. No result depends on
/// it.
#[must_use]
pub fn session_options() -> Options {
    Options {
        hash_seed: RandomState::new().build_hasher().finish(),
        ..Options::default()
    }
}
