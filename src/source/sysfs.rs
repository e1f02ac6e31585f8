//! What Linux tells about adapters in its file system.

use std::fs;
use std::path::Path;

use super::probe::Radio;
#[cfg(feature = "ble")]
use super::probe::{Block, blocked};

const RFKILL: &str = "/sys/class/rfkill";
const BLUETOOTH: &str = "/sys/class/bluetooth";

/// The Bluetooth radios that rfkill knows, by name.
pub(crate) fn radios() -> Vec<Radio> {
    radios_below(Path::new(RFKILL))
}

fn radios_below(root: &Path) -> Vec<Radio> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let radios = entries.map(|entry| entry.path());
    let is_set = |radio: &Path, file| word(&radio.join(file)) == "1";
    let mut found: Vec<_> = radios
        .filter(|radio| word(&radio.join("type")) == "bluetooth")
        .map(|radio| Radio {
            name: word(&radio.join("name")),
            soft: is_set(&radio, "soft"),
            hard: is_set(&radio, "hard"),
        })
        .collect();
    found.sort();
    found
}

/// Whether Bluetooth is blocked, and by whom.
#[cfg(feature = "ble")]
pub(crate) fn is_blocked() -> Option<Block> {
    blocked(&radios())
}

/// Whether the kernel has an adapter, used or not.
#[cfg(feature = "ble")]
pub(crate) fn has_adapter() -> bool {
    !adapters().is_empty()
}

/// The names of the kernel's adapters. Connections, which stand beside them (`hci0:64`), are left out.
pub(crate) fn adapters() -> Vec<String> {
    adapters_below(Path::new(BLUETOOTH))
}

fn adapters_below(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut found: Vec<_> = names.filter(|name| !name.contains(':')).collect();
    found.sort();
    found
}

/// The adapter's model: its USB product, or where it hangs; empty where nothing tells.
pub(crate) fn model(adapter: &str) -> String {
    model_below(Path::new(BLUETOOTH), adapter)
}

fn model_below(root: &Path, adapter: &str) -> String {
    // The name comes from the bus: it must not lead elsewhere.
    if adapter.is_empty() || !adapter.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
        return String::new();
    }
    let home = root.join(adapter);
    let usb = home.join("device").join("..");
    let [vendor, product, name] = ["idVendor", "idProduct", "product"].map(|file| word(&usb.join(file)));
    if !vendor.is_empty() && !product.is_empty() {
        return format!("usb {vendor}:{product} {name}").trim_end().to_owned();
    }
    match fs::canonicalize(&home) {
        Ok(path) if path.starts_with("/sys/devices/virtual") => "virtual".to_owned(),
        _ => String::new(),
    }
}

/// The text of a small file without what would spoil a terminal; empty where there is none.
fn word(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(80)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::probe::{Block, blocked};

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn only_bluetooth_radios_count_and_a_switch_outweighs_a_program() {
        let wifi = [
            ("rfkill0/type", "wlan\n"),
            ("rfkill0/soft", "1\n"),
            ("rfkill0/hard", "1\n"),
        ];
        let soft = [
            ("rfkill1/type", "bluetooth\n"),
            ("rfkill1/soft", "1\n"),
            ("rfkill1/hard", "0\n"),
        ];
        let hard = [
            ("rfkill2/type", "bluetooth\n"),
            ("rfkill2/soft", "1\n"),
            ("rfkill2/hard", "1\n"),
        ];
        let blocked_below = |files: &[(&str, &str)]| blocked(&radios_below(tree(files).path()));
        assert_eq!(blocked_below(&wifi), None);
        assert_eq!(blocked_below(&[wifi, soft].concat()), Some(Block::Soft));
        assert_eq!(blocked_below(&[soft, hard].concat()), Some(Block::Hard));
        assert_eq!(radios_below(Path::new("/nonexistent")), []);
    }

    #[test]
    fn connections_are_no_adapters() {
        let root = tree(&[("hci1/type", ""), ("hci0/type", ""), ("hci0:64/type", "")]);
        assert_eq!(adapters_below(root.path()), ["hci0", "hci1"]);
        assert!(adapters_below(Path::new("/nonexistent")).is_empty());
    }

    #[test]
    fn model_is_the_usb_product_without_control_characters() {
        let files = [
            ("hci0/device/.keep", ""),
            ("hci0/idVendor", "8087\n"),
            ("hci0/idProduct", "0a2b\n"),
            ("hci0/product", "Ra\u{1b}[31mdio\n"),
        ];
        let root = tree(&files);
        assert_eq!(model_below(root.path(), "hci0"), "usb 8087:0a2b Ra[31mdio");
        assert_eq!(model_below(root.path(), "../hci0"), "");
        assert_eq!(model_below(root.path(), "hci1"), "");
    }
}
