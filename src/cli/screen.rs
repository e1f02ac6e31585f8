//! The screen: what `vicino` alone and `vicino replay` open.

use std::io::{self, IsTerminal};
use std::path::Path;

use tokio::runtime::Builder;

use super::replay::{Replay, Start, open_capture, unreadable};
use super::{ColorWhen, Exit, Failure};
use crate::app::model::SourceInfo;
use crate::format::{EventReader, FormatError};
use crate::lab::session::Options as SessionOptions;
use crate::runtime::screen::{self, Source};
use crate::source::pacing::{Pacer, Status};
use crate::source::replay::{self as player, Opener};
use crate::view::Theme;

/// Frames per second when nobody asks for more or less.
const MOST_FRAMES: u16 = 15;
