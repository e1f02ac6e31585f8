#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vicino_fuzz::key_export(bytes));
