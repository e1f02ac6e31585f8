#![no_main]

/// The first byte chooses between pcapng and pcap of either byte order and resolution.
const MAGICS: [&[u8]; 5] = [
    b"\x0a\x0d\x0d\x0a",
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((first, rest)) = bytes.split_first() {
        vicino_fuzz::capture(MAGICS[usize::from(*first) % MAGICS.len()], rest);
    }
});
