//! Any bytes through the decoder of this wire.
#![no_main]

#[path = "../properties.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::decoder(
    salon::settings::Wire::Messages,
    bytes
));
