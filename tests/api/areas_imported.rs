//! Ski areas of a map are brought in, and listed with those whose data they are.

use serde_json::{Value, json};

use crate::support::{Database, Ran, World, both_databases};

both_databases!(
    an_area_is_known_again_although_the_map_calls_it_otherwise,
    a_map_that_is_not_right_changes_nothing_and_says_where,
    a_feature_that_cannot_be_read_is_left_out_and_counted,
    an_area_in_two_countries_is_found_in_both,
    the_areas_of_the_whole_world_are_taken_in_one_piece,
);

/// A feature of a ski area, all invented.
fn feature(name: &str, wikidata: Option<&str>, way: u32, longitude: f64) -> Value {
    let ring = [
        [longitude - 0.01, 47.0],
        [longitude + 0.01, 47.0],
        [longitude, 47.02],
        [longitude - 0.01, 47.0],
    ];
    json!({
        "type": "Feature",
        "geometry": { "type": "Polygon", "coordinates": [ring] },
        "properties": {
            "type": "skiArea", "id": format!("{way:040x}"), "name": name, "status": "operating", "wikidataID": wikidata,
            "sources": [{ "type": "openstreetmap", "id": format!("way/{way}") }],
            "websites": ["javascript:alert(1)", "https://area.example/"],
            "places": [{
                "iso3166_1Alpha2": "AT", "iso3166_2": "AT-7",
                "localized": { "en": { "region": "Tyrol", "country": "Austria", "locality": "Dorf" } },
            }],
        },
    })
}

/// Lists within lists, deeper than anybody reads.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

fn import(world: &World, content: impl AsRef<[u8]>, more: &[&str]) -> Ran {
    std::fs::write(world.folder().join("map"), content).unwrap();
    let mut words = vec!["import", "areas", "map", "--take"];
    words.extend(more);
    world.command(&words)
}

fn map(features: &[Value]) -> String {
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

async fn areas(world: &World) -> Vec<Value> {
    let page = world.guest.get("/api/v1/areas?limit=100").await.expect(200);
    page["items"].as_array().unwrap().clone()
}

async fn an_area_is_known_again_although_the_map_calls_it_otherwise(database: Database) {
    let world = World::start(database).await;
    let mut nameless = feature("", None, 3, 11.0);
    nameless["properties"]["name"] = Value::Null;
    let features =
        [feature("Horn", Some("Q1"), 1, 11.004), feature("Joch", None, 2, 12.0), nameless];
    let added = import(&world, map(&features), &["--tie", "wikidata:Q1=solden"]);
    assert!(
        added.says.contains("+ Horn (wikidata:Q1)\n+ Joch (openstreetmap:way/2)\n"),
        "{} {}",
        added.says,
        added.log
    );
    assert!(
        added.says.contains("left out: without a name: 1")
            && added.says.contains("© OpenStreetMap contributors")
    );
    let listed = areas(&world).await;
    let [horn, joch] = &listed[..] else { panic!("{listed:#?}") };
    assert_eq!(horn["location"], json!({ "latitude": 47.01, "longitude": 11.0 }));
    assert_eq!(
        (&horn["state"], &horn["region"], &horn["country"]),
        (&json!("Tyrol"), &json!("AT-7"), &json!("AT"))
    );
    assert_eq!((&horn["sold"], &horn["operator"]), (&json!("here"), &json!("solden")));
    assert_eq!((&joch["sold"], &joch["operator"]), (&json!("not_here_yet"), &Value::Null));
    assert_eq!(horn["website"], "https://area.example/");
    assert!(joch["attribution"].as_str().unwrap().contains("OpenStreetMap"));

    assert!(import(&world, map(&features), &[]).says.ends_with("Nothing to change.\n"));
    let renamed = import(&world, map(&[feature("Großes Horn", Some("Q1"), 77, 11.0)]), &[]);
    assert!(
        renamed
            .says
            .contains("~ Großes Horn (wikidata:Q1)\n= kept and not in the file, they stay: 1\n"),
        "{}",
        renamed.says
    );
    let after = areas(&world).await;
    assert_eq!(
        (after.len(), &after[0]["id"], &after[0]["operator"]),
        (2, &horn["id"], &json!("solden")),
        "{after:#?}"
    );

    let page = world.guest.get("/api/v1/areas?limit=1&country=AT").await.expect(200);
    let next =
        format!("/api/v1/areas?limit=1&country=AT&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(world.guest.get(&next).await.expect(200)["items"][0]["name"], "Joch");
    assert_eq!(world.guest.get("/api/v1/areas?country=CH").await.expect(200)["items"], json!([]));
    let untied = world.command(&["import", "areas", "--take", "--tie", "wikidata:Q1="]);
    assert_eq!(
        (untied.code, &areas(&world).await[0]["sold"]),
        (0, &json!("not_here_yet")),
        "{}",
        untied.log
    );
}

async fn a_map_that_is_not_right_changes_nothing_and_says_where(database: Database) {
    let world = World::start(database).await;
    let good = map(&[feature("Horn", Some("Q1"), 1, 11.0), feature("Joch", None, 2, 12.0)]);
    let latin1: Vec<u8> =
        good.replace("Horn", "Hörn").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let deep = format!("{{\"features\":[{{\"geometry\":{{\"coordinates\":{}1", "[".repeat(100_000));
    let same = map(&[feature("Horn", None, 1, 11.0), feature("Joch", None, 1, 12.0)]);
    for (name, content, expected) in [
        ("empty", Vec::new(), "map is empty"),
        ("list", b"[]".to_vec(), "expected a FeatureCollection of ski areas at line 1"),
        (
            "other",
            b"{\"type\":\"Feature\",\"features\":[]}".to_vec(),
            "this is no FeatureCollection",
        ),
        ("cut", good.as_bytes()[..good.len() / 2 + 200].to_vec(), "feature 2: EOF while parsing"),
        ("latin1", latin1, "feature 1: not UTF-8 (Latin-1?), save it as UTF-8 at line 1"),
        ("utf16", b"\xff\xfe{\0".to_vec(), "is written in UTF-16"),
        ("deep", deep.into(), "feature 1: EOF while parsing"),
        ("runs", good.replacen("skiArea", "run", 1).into(), "it is no ski area but of type"),
        ("same", same.into(), "feature 2 has no other sources than feature 1"),
    ] {
        let ran = import(&world, content, &[]);
        assert_eq!((ran.code, ran.says.as_str()), (1, ""), "{name}");
        assert!(ran.log.contains(expected), "{name}: {}", ran.log);
    }
    for (tie, expected) in [
        ("wikidata:Q1=nowhere", "there is no operator nowhere"),
        ("Q9=solden", "no area is known as Q9"),
    ] {
        let ran = import(&world, &good, &["--tie", tie]);
        assert!(ran.code == 1 && ran.log.contains(expected), "{tie}: {}", ran.log);
    }
    assert_eq!(areas(&world).await, Vec::<Value>::new());
    assert_eq!(import(&world, format!("\u{feff}{good}"), &[]).code, 0, "a mark does no harm");
}

async fn a_feature_that_cannot_be_read_is_left_out_and_counted(database: Database) {
    let world = World::start(database).await;
    let bad = |change: fn(&mut Value)| {
        let mut one = feature("Bad", None, 9, 11.0);
        change(&mut one);
        one
    };
    let features = [
        bad(|one| one["geometry"] = Value::Null),
        feature("Horn", Some("Q1"), 1, 11.0),
        bad(|one| one["geometry"]["coordinates"] = json!([])),
        bad(|one| one["geometry"]["coordinates"] = json!([1200.01, 47])),
        bad(|one| one["geometry"]["coordinates"] = json!({"east": "none"})),
        bad(|one| one["geometry"]["coordinates"] = nested(1_000)),
        bad(|one| one["geometry"]["coordinates"] = json!([0.5, 47])),
        bad(|one| one["geometry"] = json!(7)),
        bad(|one| one["geometry"] = json!("Polygon")),
        bad(|one| *one = Value::Null),
        bad(|one| *one = json!([1, 2])),
        bad(|one| one["properties"] = Value::Null),
        bad(|one| one["properties"]["name"] = json!(7)),
        bad(|one| one["properties"]["name"] = json!("x".repeat(201))),
        feature("Joch", None, 2, 12.0),
    ];
    let huge = map(&features).replacen("0.5", "1e999", 1);
    let ran = import(&world, huge, &[]);
    assert!(
        ran.says.contains("left out: cannot be read, the log says why: 13"),
        "{} {}",
        ran.says,
        ran.log
    );
    let names: Vec<Value> = areas(&world).await.iter().map(|area| area["name"].clone()).collect();
    assert_eq!(names, ["Horn", "Joch"]);
}

async fn an_area_in_two_countries_is_found_in_both(database: Database) {
    let world = World::start(database).await;
    let mut both = feature("Silvretta", Some("Q1"), 1, 10.0);
    let home = both["properties"]["places"][0].clone();
    both["properties"]["places"] = json!([{ "iso3166_1Alpha2": "CH" }, home]);
    let ran =
        import(&world, map(&[both, feature("Horn", Some("Q2"), 2, 11.0)]), &["--country", "AT"]);
    assert!(!ran.says.contains("in another country"), "{} {}", ran.says, ran.log);
    let countries: Vec<Value> =
        areas(&world).await.iter().map(|area| area["country"].clone()).collect();
    assert_eq!(countries, ["AT", "AT"]);
}

async fn the_areas_of_the_whole_world_are_taken_in_one_piece(database: Database) {
    let world = World::start(database).await;
    let all: Vec<Value> =
        (0..20_000).map(|no| feature(&format!("Area {no:05}"), None, no, 10.0)).collect();
    let added = import(&world, map(&all), &[]);
    assert!(added.says.contains("+ … 20000 new in all"), "{} {}", added.says, added.log);
    let again = import(&world, map(&all), &[]);
    assert!(
        again.says.contains("= unchanged: 20000\nNothing to change."),
        "{} {}",
        again.says,
        again.log
    );
    assert_eq!(areas(&world).await.len(), 100);
}
