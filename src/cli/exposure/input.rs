//! Windows and rules of files, as `exposure assess` takes them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value;

use super::super::{Exit, Failure};
use crate::format::reason;
use crate::lab::exposure::rule::ApiWindow;

/// Longer files are refused, in bytes.
const MOST: u64 = 64 * 1024 * 1024;
/// What an editor may put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whom windows are of.
pub(super) struct Person {
    /// Not neutralised; empty where the file names nobody.
    pub(super) name: String,
    pub(super) windows: Vec<ApiWindow>,
}

/// A text file, or standard input for `-`, without a byte order mark.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when it cannot be read, is no text, or is longer than 64 MiB.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let outcome = if path == Path::new("-") {
        io::stdin().lock().take(MOST + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text))
    };
    let fault = |what: &str| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    outcome.map_err(|error| fault(&reason(&error)))?;
    if text.len() as u64 > MOST {
        return Err(fault("is longer than 64 MiB"));
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}

/// The persons of a file of windows: each list is of one.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] and the number of the window, when it is none that the interface can give.
pub(super) fn persons(path: &Path) -> Result<Vec<Person>, Failure> {
    let fault = |what: String| {
        Failure::new(Exit::Input, format!("{}: {what}", path.display()))
            .hint("a list of windows: [{\"dateMillisSinceEpoch\":…,\"scanInstances\":[{\"minAttenuationDb\":…}]}]")
    };
    let value: Value = serde_json::from_str(&read(path)?).map_err(|error| fault(error.to_string()))?;
    let lists = lists(value);
    let n_lists = lists.len();
    let person = |(name, list): (String, Value)| {
        let of = if n_lists > 1 {
            format!("{name}: ")
        } else {
            String::new()
        };
        let windows = windows(list).map_err(|what| fault(format!("{of}{what}")))?;
        Ok(Person { name, windows })
    };
    lists.into_iter().map(person).collect()
}

/// The lists of a file with their names.
fn lists(value: Value) -> Vec<(String, Value)> {
    match value {
        // What `exposure` itself prints.
        Value::Object(mut own) if own.contains_key("schema") => match own.remove("receivers") {
            Some(Value::Array(receivers)) if !receivers.is_empty() => receivers.into_iter().map(of_receiver).collect(),
            _ => by_receiver(own.remove("windows")),
        },
        Value::Object(lists) if !lists.is_empty() => lists.into_iter().collect(),
        Value::Object(_) => vec![(String::new(), Value::Array(Vec::new()))],
        list => vec![(String::new(), list)],
    }
}

fn receiver(of: &Value) -> String {
    of["receiver"].as_str().unwrap_or_default().to_owned()
}

/// What `exposure CAPTURE --keys` prints of a receiver.
fn of_receiver(mut of: Value) -> (String, Value) {
    let name = receiver(&of);
    (name, of.get_mut("windows").map(Value::take).unwrap_or_default())
}

/// What `exposure windows` prints: each window with its receiver.
fn by_receiver(windows: Option<Value>) -> Vec<(String, Value)> {
    let windows = match windows {
        Some(Value::Array(windows)) if !windows.is_empty() => windows,
        other => return vec![(String::new(), other.unwrap_or_default())],
    };
    let mut of: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for window in windows {
        of.entry(receiver(&window)).or_default().push(window);
    }
    of.into_iter().map(|(name, windows)| (name, windows.into())).collect()
}

fn windows(list: Value) -> Result<Vec<ApiWindow>, String> {
    let Value::Array(list) = list else {
        return Err("there is something else in place of a list of windows".to_owned());
    };
    let window = |(number, value): (usize, Value)| {
        let read: ApiWindow = serde_json::from_value(value).map_err(|error| format!("window {number}: {error}"))?;
        read.check().map_err(|what| format!("window {number}: {what}"))?;
        Ok(read)
    };
    (1..).zip(list).map(window).collect()
}
