//! A recording that is made beside the screen.

use std::path::{Path, PathBuf};

use crate::app::model::Recording;
use crate::format::native::Meta;
use crate::lab::event::CaptureEvent;
use crate::lab::time::Micros;
use crate::library::make_folder;
use crate::sink::Sink as _;
use crate::sink::recorder::{self, Control};
use crate::source::RecorderSlot;

/// A recording that is going on.
pub(super) struct Running {
    control: Control,
    slot: RecorderSlot,
    path: PathBuf,
}

impl Running {
    /// Begins one of what goes through a slot; makes the folder where it is missing.
    ///
    /// # Errors
    /// Why it cannot begin, for the person.
    pub(super) fn begin(
        path: &Path,
        meta: &Meta,
        slot: &RecorderSlot,
        before: &[CaptureEvent],
    ) -> Result<Self, String> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder).map_err(|error| error.to_string())?;
        }
        let (mut recorder, control) = recorder::start(path, meta).map_err(|error| error.to_string())?;
        // First of all, as the source may have the next report at any moment.
        recorder.accept(before).map_err(|failure| failure.0)?;
        let path = control
            .paths()
            .map_or_else(|| path.to_owned(), |paths| paths.rows.clone());
        slot.put(Some(Box::new(recorder)));
        Ok(Self {
            control,
            slot: slot.clone(),
            path,
        })
    }

    /// How it is getting on, or why it ended by itself.
    pub(super) fn look(&self) -> Result<Recording, String> {
        let progress = self.control.progress();
        if let Some(failure) = progress
            .failure
            .or_else(|| self.slot.take_failure().map(|failure| failure.0))
        {
            return Err(failure);
        }
        Ok(Recording {
            path: self.path.clone(),
            elapsed: Micros(i64::try_from(progress.elapsed.as_micros()).unwrap_or(i64::MAX)),
            adverts: progress.adverts,
            rate: progress.rate,
            bytes: progress.bytes,
            space_left: progress.space_left,
        })
    }

    /// Takes the recorder out of the source's way; what it has is on the disk after [`Ending::wait`].
    pub(super) fn stop(self) -> Ending {
        self.slot.put(None);
        Ending {
            control: self.control,
            path: self.path,
        }
    }
}

/// A recording that ends.
pub(super) struct Ending {
    control: Control,
    path: PathBuf,
}

impl Ending {
    /// Waits until everything is on the disk; gives what there is to say.
    ///
    /// # Errors
    /// Why it ended before, or could not be ended well.
    pub(super) fn wait(self) -> Result<String, String> {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        let folder = self.path.parent().unwrap_or(Path::new("")).display();
        match self.control.stop() {
            Ok(stored) => {
                let counts = stored.meta.counts;
                let some = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
                Ok(format!(
                    "recorded {name}: {}, {}, in {folder}",
                    some(counts.adverts, "advertisement"),
                    some(counts.marks, "mark")
                ))
            }
            Err(failure) => Err(format!("{name}: {failure}")),
        }
    }
}
