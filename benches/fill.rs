//! fill
fn main() {}
