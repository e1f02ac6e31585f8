//! What runs the program: the loop of the screen, and its headless twin.

pub mod headless;
#[cfg(feature = "tui")]
pub mod screen;
