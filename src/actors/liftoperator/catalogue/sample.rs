//! The sample areas that are part of the binary.

/// All sample files as one text, which is a catalogue again.
#[must_use]
pub fn sample() -> String {
    include_str!("../../../../catalogue/areas.toml").to_owned()
}
