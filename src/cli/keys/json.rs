//! The JSON of `keys inspect`, written as files are read: a million keys are not to lie in memory as JSON.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::output;
use crate::keys::{Batches, DiagnosisKey, ExportFile};
use crate::lab::text::json_printable;

/// Version of the JSON.
const SCHEMA: &str = "vicino/keys-inspect/1";

/// Writes the list of files, one after the other.
#[derive(Default)]
pub(super) struct Files {
    has_any: bool,
}

impl Files {
    /// Begins the object.
    pub(super) fn begin(out: &mut dyn Write) -> io::Result<Self> {
        let vicino = env!("CARGO_PKG_VERSION");
        write!(
            out,
            "{{\n  \"schema\": \"{SCHEMA}\",\n  \"vicino\": \"{vicino}\",\n  \"files\": ["
        )?;
        Ok(Self::default())
    }

    /// Adds a file, with its keys where they are to be shown.
    pub(super) fn file(
        &mut self,
        path: &Path,
        file: &ExportFile,
        show_keys: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut value = output::file(file);
        value["file"] = json!(path.display().to_string());
        if !show_keys {
            return self.value(&value, out);
        }
        let text = indented(&value, 4);
        // The object goes on.
        self.start(text.strip_suffix("\n    }").unwrap_or(&text), out)?;
        list("key_list", &file.export.keys, out)?;
        list("revised_key_list", &file.export.revised_keys, out)?;
        write!(out, "\n    }}")
    }

    /// Adds a file that cannot be used.
    pub(super) fn failure(&mut self, path: &Path, what: &str, out: &mut dyn Write) -> io::Result<()> {
        self.value(&json!({ "file": path.display().to_string(), "failure": what }), out)
    }

    /// Ends the object.
    pub(super) fn end(self, batches: &Batches, out: &mut dyn Write) -> io::Result<()> {
        let end = if self.has_any { "\n  ]" } else { "]" };
        let duplicates = batches.duplicates();
        let pairs = duplicates
            .iter()
            .map(|(file, of)| json!({ "file": file.display().to_string(), "same_as": of.display().to_string() }));
        let duplicates = indented(&pairs.collect(), 2);
        let faults = indented(&json!(batches.faults()), 2);
        writeln!(
            out,
            "{end},\n  \"duplicates\": {duplicates},\n  \"batch_faults\": {faults}\n}}"
        )
    }

    fn value(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        self.start(&indented(value, 4), out)
    }

    fn start(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let comma = if self.has_any { "," } else { "" };
        self.has_any = true;
        write!(out, "{comma}\n    {text}")
    }
}

/// Pretty JSON in which no character can steer a terminal. Line breaks stand only between its parts.
fn indented(value: &Value, spaces: usize) -> String {
    json_printable(&format!("{value:#}")).replace('\n', &format!("\n{:spaces$}", ""))
}

fn list(name: &str, keys: &[DiagnosisKey], out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n      \"{name}\": [")?;
    for (idx, key) in keys.iter().enumerate() {
        let comma = if idx > 0 { "," } else { "" };
        write!(out, "{comma}\n        {}", output::key(key))?;
    }
    write!(out, "{}]", if keys.is_empty() { "" } else { "\n      " })
}
