//! The published vectors of the exposure-notification cryptography, where they are at hand.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::path::Path;

use vicino::lab::crypto::{BroadcastKeys, Metadata, Tek};
use vicino::lab::gaen::{Aem, Rpi};
use vicino::lab::time::Enin;

fn shared_vectors() -> Option<serde_json::Value> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("VICINO_SHARED").map_or_else(beside, Into::into);
    let path = root.join("reference/en-vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no vectors at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn bytes<const N: usize>(value: &serde_json::Value) -> [u8; N] {
    let text = value.as_str().unwrap();
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(|idx| u8::from_str_radix(&text[2 * idx..2 * idx + 2], 16).unwrap())
}

#[test]
fn all_published_intervals_and_the_edge_cases() {
    let Some(vectors) = shared_vectors() else { return };
    let set = &vectors["sets"][0];
    let keys = BroadcastKeys::derive(&Tek::new(bytes(&set["tek"])));
    let metadata = Metadata(bytes(&set["metadata"]));
    let intervals = set["intervals"].as_array().unwrap();
    assert_eq!(intervals.len(), 144);
    for interval in intervals {
        let enin = Enin(u32::try_from(interval["enin"].as_u64().unwrap()).unwrap());
        let rpi = keys.rpi(enin);
        assert_eq!(rpi, Rpi(bytes(&interval["rpi"])), "{enin:?}");
        assert_eq!(keys.seal(rpi, metadata), Aem(bytes(&interval["aem"])), "{enin:?}");
    }
    for case in vectors["edge_cases"]["cases"].as_array().unwrap() {
        let keys = BroadcastKeys::derive(&Tek::new(bytes(&case["tek"])));
        let rpi = keys.rpi(Enin(u32::try_from(case["enin"].as_u64().unwrap()).unwrap()));
        assert_eq!(rpi, Rpi(bytes(&case["rpi"])), "{}", case["id"]);
        let aem = keys.seal(rpi, Metadata(bytes(&case["metadata"])));
        assert_eq!(aem, Aem(bytes(&case["aem"])), "{}", case["id"]);
    }
}
