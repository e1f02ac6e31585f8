//! Writes what a bench has told as a table of one's own.

use std::io;
use std::path::{Path, PathBuf};

use super::super::calibration::{own_folder, table};
use crate::format::reason;
use crate::lab::calibration::{Entry, ProfileTable, parse, to_toml};

/// Writes a profile of one's own; gives the file, and what there is to say. A table of that name keeps its other models. Where
/// one was measured again, the table as it was stays beside it, in `NAME.toml.1` and so on.
pub(super) fn profile(name: &str, text: &str) -> Result<String, String> {
    let folder = own_folder().ok_or_else(|| "there is no folder for data".to_owned())?;
    profile_in(&folder, name, text)
}

fn profile_in(folder: &Path, name: &str, text: &str) -> Result<String, String> {
    let path = folder.join(format!("{name}.toml"));
    let fault = |error: io::Error| format!("{}: {}", path.display(), reason(&error));
    std::fs::create_dir_all(folder).map_err(fault)?;
    let mut kept = String::new();
    let text = if path.exists() {
        // What cannot be read is a person's work too, and not written over.
        let (before, new) = (table(&path)?, parse(text).map_err(|error| error.to_string())?);
        // Figures of two editions are on different scales.
        if let (Some(old), Some(base)) = (&before.base, &new.base)
            && old != base
        {
            return Err(format!(
                "{name:?} is on the scale of edition {old}, and this profile on that of {base}: :profile NAME writes another table"
            ));
        }
        if before.entries().iter().any(|entry| changes(&new, entry)) {
            let old = keep(&path).map_err(fault)?;
            kept = format!(
                "; the one before is kept as {}",
                old.file_name().unwrap_or_default().to_string_lossy()
            );
        }
        to_toml(&before.with(new)).map_err(|error| error.to_string())?
    } else {
        text.to_owned()
    };
    let beside = path.with_extension("toml.new");
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(fault)?;
    // The name first: it is what is typed, and a long path is cut.
    Ok(format!(
        "profile {name:?} written; next: vicino calibrate show {name}{kept} ({})",
        path.display()
    ))
}

/// Whether a new table has other figures of an entry's model.
fn changes(new: &ProfileTable, entry: &Entry) -> bool {
    new.entries().iter().any(|of| of.model == entry.model && of != entry)
}

/// Copies a file beside itself, under the first number that is free.
fn keep(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1_u32;
    loop {
        let copy = path.with_extension(format!("toml.{number}"));
        match std::fs::File::create_new(&copy) {
            Ok(mut file) => {
                io::copy(&mut std::fs::File::open(path)?, &mut file)?;
                return Ok(copy);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 10_000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(model: &str, power: i8, source: &str) -> String {
        format!(
            "edition = 'own'\nsource = '{source}'\n[[profile]]\nmodel = '{model}'\nrssi_correction_db = 1\ntx_power_dbm = {power}\n\
             notes = ['{source}']\n"
        )
    }

    #[test]
    fn nothing_of_before_is_lost_and_each_profile_keeps_where_it_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| profile_in(folder.path(), "own", text).unwrap();
        let said = write(&text("A", -20, "Monday"));
        assert!(
            said.starts_with("profile \"own\" written; next: vicino calibrate show own ("),
            "{said}"
        );
        write(&text("B", -21, "Tuesday"));
        assert!(!folder.path().join("own.toml.1").exists(), "nothing was replaced");
        let said = write(&text("A", -25, "Friday"));
        assert!(said.contains("the one before is kept as own.toml.1"), "{said}");
        let read = |name: &str| parse(&std::fs::read_to_string(folder.path().join(name)).unwrap()).unwrap();
        let notes = |table: &ProfileTable, model: &str| {
            let entry = table
                .entries()
                .iter()
                .find(|entry| entry.model == model)
                .cloned()
                .unwrap();
            (entry.profile.tx_power_dbm, entry.notes.join(""))
        };
        let (before, now) = (read("own.toml.1"), read("own.toml"));
        assert_eq!(notes(&before, "A"), (-20, "Monday".to_owned()));
        assert_eq!(notes(&now, "A"), (-25, "Friday".to_owned()));
        assert_eq!(notes(&now, "B"), (-21, "Tuesday".to_owned()));
        assert!(now.source.contains("several measurements"), "{}", now.source);
        let of_base = |base: &str| {
            text("C", -22, "Sunday").replace(
                "source =",
                &format!(
                    "base = '{base}'
source ="
                ),
            )
        };
        let write = |base: &str| profile_in(folder.path(), "two", &of_base(base));
        write("2020-06-13").unwrap();
        assert!(write("2020-12-14").unwrap_err().contains("scale of edition 2020-06-13"));
    }
}
