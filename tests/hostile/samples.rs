//! A small capture in every format.

use std::path::{Path, PathBuf};

use crate::{bundled, vicino};

/// Rows of the bundled capture that the samples hold.
const ROWS: usize = 60;

/// The formats, by the endings of their samples.
pub const FORMATS: [&str; 6] = ["csv", "csv.zst", "btsnoop", "pcapng", "pcap", "pklg"];

/// Writes a sample of each format to `folder`; gives their paths in the order of [`FORMATS`].
pub fn samples(folder: &Path) -> Vec<PathBuf> {
    let rows = std::fs::read_to_string(bundled("two-phones.csv")).unwrap();
    let head: String = rows.split_inclusive('\n').take(ROWS + 1).collect();
    let path = |ending: &str| folder.join(format!("sample.{ending}"));
    std::fs::write(path("csv"), head).unwrap();
    let packed = folder.join("packed.csv.zst");
    let ran = vicino(["convert".as_ref(), path("csv").as_os_str(), packed.as_os_str()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    std::fs::rename(packed, path("csv.zst")).unwrap();
    for ending in ["btsnoop", "pcapng"] {
        let ran = vicino([
            "convert".into(),
            path("csv").into_os_string(),
            path(ending).into_os_string(),
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let snoop = std::fs::read(path("btsnoop")).unwrap();
    std::fs::write(path("pcap"), pcap(&snoop)).unwrap();
    std::fs::write(path("pklg"), packetlogger(&snoop)).unwrap();
    FORMATS.map(path).to_vec()
}

/// Time in microseconds since 1970, direction and H4 packet of each record of a btsnoop file.
fn records(snoop: &[u8]) -> Vec<(u64, u8, &[u8])> {
    const BTSNOOP_EPOCH: u64 = 0x00dc_ddb3_0f2f_8000;
    let mut all = Vec::new();
    let mut rest = &snoop[16..];
    while let Some((header, after)) = rest.split_first_chunk::<24>() {
        let length = u32::from_be_bytes(*header[4..].first_chunk().unwrap()) as usize;
        let at = u64::from_be_bytes(*header[16..].first_chunk().unwrap()) - BTSNOOP_EPOCH;
        all.push((at, header[11] & 1, &after[..length]));
        rest = &after[length..];
    }
    assert!(all.len() >= ROWS / 2);
    all
}

/// pcap of link type 201: H4 with a direction before each packet.
pub fn pcap(snoop: &[u8]) -> Vec<u8> {
    let mut file = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0xffff, 201]
        .map(u32::to_le_bytes)
        .concat();
    for (at, direction, packet) in records(snoop) {
        let length = u32::try_from(packet.len() + 4).unwrap();
        let (seconds, micros) = (
            u32::try_from(at / 1_000_000).unwrap(),
            u32::try_from(at % 1_000_000).unwrap(),
        );
        file.extend([seconds, micros, length, length].map(u32::to_le_bytes).concat());
        file.extend([0, 0, 0, direction]);
        file.extend(packet);
    }
    file
}

/// Big-endian `PacketLogger`: events only.
pub fn packetlogger(snoop: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for (at, _, packet) in records(snoop).into_iter().filter(|(_, _, packet)| packet[0] == 4) {
        let length = u32::try_from(packet.len() - 1 + 9).unwrap();
        let (seconds, micros) = (
            u32::try_from(at / 1_000_000).unwrap(),
            u32::try_from(at % 1_000_000).unwrap(),
        );
        file.extend([length, seconds, micros].map(u32::to_be_bytes).concat());
        file.push(1);
        file.extend(&packet[1..]);
    }
    file
}
