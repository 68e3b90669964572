//! The sample areas that are part of the binary, each file as it stands in `catalogue/`.

/// Version, cards and VAT.
const SHOP: &str = include_str!("../../../../catalogue/shop.toml");
/// One operator each, by key.
const AREAS: [&str; 12] = [
    include_str!("../../../../catalogue/areas/badkleinkirchheim.toml"),
    include_str!("../../../../catalogue/areas/galtuer.toml"),
    include_str!("../../../../catalogue/areas/hintertux.toml"),
    include_str!("../../../../catalogue/areas/ischgl.toml"),
    include_str!("../../../../catalogue/areas/katschberg.toml"),
    include_str!("../../../../catalogue/areas/moelltal.toml"),
    include_str!("../../../../catalogue/areas/nassfeld.toml"),
    include_str!("../../../../catalogue/areas/obertauern.toml"),
    include_str!("../../../../catalogue/areas/saalbach.toml"),
    include_str!("../../../../catalogue/areas/solden.toml"),
    include_str!("../../../../catalogue/areas/stubai.toml"),
    include_str!("../../../../catalogue/areas/wildkogel.toml"),
];

/// All sample files as one text, which is a catalogue again.
#[must_use]
pub fn sample() -> String {
    let mut all = SHOP.to_owned();
    for area in AREAS {
        all.push('\n');
        all.push_str(area);
    }
    all
}
