//! The simulated operators' own lists, written by hand for the simulator and not shared with the
//! shop: all codes invented.

use super::{Goods, Validity, prices};
use crate::start::Vendor;

const AFTERNOON: Validity = Validity { begins: "12:00:00", days: Some(1) };
const SEASON: Validity = Validity { begins: "00:00:00", days: None };

const fn days(days: u64) -> Validity {
    Validity { begins: "00:00:00", days: Some(days) }
}

/// By operator.
pub(super) const AREAS: &[Goods] = &[
    Goods {
        vendor: Vendor::Axess,
        operator: "badkleinkirchheim",
        project_no: 706,
        catalog_id: "",
        season_ends: "2027-03-29",
        categories: &["4", "1", "2", "3", "5"],
        products: &[("7/1", days(1))],
        prices: prices::BADKLEINKIRCHHEIM,
    },
    Goods {
        vendor: Vendor::Dta,
        operator: "galtuer",
        project_no: 0,
        catalog_id: "1bff1029-e707-11f1-8129-02fc00000001",
        season_ends: "2027-04-11",
        categories: &[
            "1bff1052-e707-11f1-8152-02fc00000001",
            "1bff107b-e707-11f1-817b-02fc00000001",
            "1bff10a4-e707-11f1-81a4-02fc00000001",
            "1bff10cd-e707-11f1-81cd-02fc00000001",
            "1bff10f6-e707-11f1-81f6-02fc00000001",
        ],
        products: &[("1bff111f-e707-11f1-811f-02fc00000001", days(1))],
        prices: prices::GALTUER,
    },
    Goods {
        vendor: Vendor::Dta,
        operator: "hintertux",
        project_no: 0,
        catalog_id: "1bff1148-e707-11f1-8148-02fc00000001",
        season_ends: "2027-05-07",
        categories: &[
            "1bff1171-e707-11f1-8171-02fc00000001",
            "1bff119a-e707-11f1-819a-02fc00000001",
            "1bff11c3-e707-11f1-81c3-02fc00000001",
            "1bff11ec-e707-11f1-81ec-02fc00000001",
            "1bff1215-e707-11f1-8115-02fc00000001",
        ],
        products: &[("1bff123e-e707-11f1-813e-02fc00000001", days(1))],
        prices: prices::HINTERTUX,
    },
    Goods {
        vendor: Vendor::Dta,
        operator: "ischgl",
        project_no: 0,
        catalog_id: "1bfe2676-e707-11f1-8887-02fc00000001",
        season_ends: "2027-05-02",
        categories: &[
            "1bfe26cf-e707-11f1-bddb-02fc00000001",
            "1bfe270a-e707-11f1-bb49-02fc00000001",
            "1bfe2735-e707-11f1-b1c5-02fc00000001",
            "1bfe275e-e707-11f1-8aef-02fc00000001",
            "1bfe2788-e707-11f1-a262-02fc00000001",
        ],
        products: &[("1bfe27a9-e707-11f1-a51f-02fc00000001", days(1))],
        prices: prices::ISCHGL,
    },
    Goods {
        vendor: Vendor::Axess,
        operator: "katschberg",
        project_no: 704,
        catalog_id: "",
        season_ends: "2027-03-28",
        categories: &["4", "1", "2", "3", "5"],
        products: &[("9/1", days(1))],
        prices: prices::KATSCHBERG,
    },
    Goods {
        vendor: Vendor::Dta,
        operator: "moelltal",
        project_no: 0,
        catalog_id: "1bff1267-e707-11f1-8167-02fc00000001",
        season_ends: "2027-05-30",
        categories: &[
            "1bff1290-e707-11f1-8190-02fc00000001",
            "1bff12b9-e707-11f1-81b9-02fc00000001",
            "1bff12e2-e707-11f1-81e2-02fc00000001",
            "1bff130b-e707-11f1-810b-02fc00000001",
            "1bff1334-e707-11f1-8134-02fc00000001",
        ],
        products: &[
            ("1bff135d-e707-11f1-815d-02fc00000001", days(1)),
            ("1bff1386-e707-11f1-8186-02fc00000001", AFTERNOON),
        ],
        prices: prices::MOELLTAL,
    },
    Goods {
        vendor: Vendor::Axess,
        operator: "nassfeld",
        project_no: 705,
        catalog_id: "",
        season_ends: "2027-04-04",
        categories: &["4", "1", "2", "3", "5"],
        products: &[("4/1", days(1))],
        prices: prices::NASSFELD,
    },
    Goods {
        vendor: Vendor::Axess,
        operator: "obertauern",
        project_no: 701,
        catalog_id: "",
        season_ends: "2027-05-01",
        categories: &["4", "1", "2", "3", "5"],
        products: &[
            ("3/1", days(1)),
            ("3/2", AFTERNOON),
            ("3/6", days(6)),
            ("3/9", days(7)),
            ("3/20", SEASON),
        ],
        prices: prices::OBERTAUERN,
    },
    Goods {
        vendor: Vendor::Axess,
        operator: "saalbach",
        project_no: 702,
        catalog_id: "",
        season_ends: "2027-04-11",
        categories: &["4", "1", "2", "3", "5"],
        products: &[("5/1", days(1))],
        prices: prices::SAALBACH,
    },
    Goods {
        vendor: Vendor::Dta,
        operator: "solden",
        project_no: 0,
        catalog_id: "1bfe2399-e707-11f1-843f-02fc00000001",
        season_ends: "2027-05-02",
        categories: &[
            "1bfe2499-e707-11f1-bc47-02fc00000001",
            "1bfe24e4-e707-11f1-a215-02fc00000001",
            "1bfe2516-e707-11f1-af6c-02fc00000001",
            "1bfe2574-e707-11f1-b674-02fc00000001",
            "1bfe25a4-e707-11f1-8b7e-02fc00000001",
        ],
        products: &[
            ("1bfe25cd-e707-11f1-a2c3-02fc00000001", days(1)),
            ("1bff13af-e707-11f1-81af-02fc00000001", AFTERNOON),
            ("1bff13d8-e707-11f1-81d8-02fc00000001", days(6)),
            ("1bff1401-e707-11f1-8101-02fc00000001", days(7)),
            ("1bff142a-e707-11f1-812a-02fc00000001", SEASON),
        ],
        prices: prices::SOLDEN,
    },
    Goods {
        vendor: Vendor::Dta,
        operator: "stubai",
        project_no: 0,
        catalog_id: "1bff1453-e707-11f1-8153-02fc00000001",
        season_ends: "2027-04-16",
        categories: &[
            "1bff147c-e707-11f1-817c-02fc00000001",
            "1bff14a5-e707-11f1-81a5-02fc00000001",
            "1bff14ce-e707-11f1-81ce-02fc00000001",
            "1bff14f7-e707-11f1-81f7-02fc00000001",
            "1bff1520-e707-11f1-8120-02fc00000001",
        ],
        products: &[("1bff1549-e707-11f1-8149-02fc00000001", days(1))],
        prices: prices::STUBAI,
    },
    Goods {
        vendor: Vendor::Axess,
        operator: "wildkogel",
        project_no: 703,
        catalog_id: "",
        season_ends: "2027-04-04",
        categories: &["4", "1", "2", "3", "5"],
        products: &[("2/1", days(1))],
        prices: prices::WILDKOGEL,
    },
];
