//! Simulations whose every decision is the fuzzer's: it looks for those that lead somewhere new.

#![no_main]

use simulator::choices::Choices;
use simulator::simulate;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Err(violation) = simulate(Choices::from_bytes(input), None, None) {
        panic!("{violation}");
    }
});
