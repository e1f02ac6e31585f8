#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vicino_fuzz::capture(b"btsnoop\0\0\0\0\x01\0\0", bytes));
