//! What is sold today: by the clock of the area's own zone, whatever the clock of the shop says.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use serde_json::Value;
use starjack::clock;

use crate::support::{
    ADULT, Database, Offer, World, area_file, eventually, new_key, postgres_alone, ticket,
};

postgres_alone!(
    the_sale_of_a_half_day_ends_by_the_areas_own_clock_also_for_offers_made_before,
    the_day_changes_at_the_areas_midnight,
);

/// A zone in which it is `hours` later than in UTC.
fn zone(hours: i64) -> String {
    if hours < 0 { format!("Etc/GMT+{}", -hours) } else { format!("Etc/GMT-{hours}") }
}

/// Mölltal in another zone, its season running, with these two lines instead of the sale end of its
/// half day.
fn area(now: DateTime<Utc>, hours: i64, half_day: &str) -> String {
    let begun = (now - TimeDelta::days(3)).date_naive();
    let next_year = now.date_naive() + Days::new(200);
    let text = area_file("moelltal", "Europe/Vienna", &zone(hours));
    let text = text
        .replace("2026-10-23", &begun.to_string())
        .replace("2027-05-30", &next_year.to_string());
    let text = text.replacen("last_loading_time = \"16:00\"", "last_loading_time = \"23:00\"", 1);
    text.replace("last_loading_time = \"15:00\"", half_day)
        .replace("from_time = \"12:00\"", "from_time = \"00:30\"")
}

async fn half_day(world: &World, day: NaiveDate) -> Value {
    world.product("moelltal", "half_day", day, ADULT).await
}

async fn the_sale_of_a_half_day_ends_by_the_areas_own_clock_also_for_offers_made_before(
    database: Database,
) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let now = clock::now();
    // there it is a little after noon, and stays so for as long as a test may take
    let hours = 12 - i64::from(now.hour());
    let today = (now + TimeDelta::hours(hours)).date_naive();
    let import = |name, half_day: &str| world.import(name, &area(now, hours, half_day));
    let is_sold = async || !half_day(&world, today).await.is_null();

    import("open.toml", "last_loading_time = \"14:00\"");
    eventually("today's half day is sold", async || is_sold().await.then_some(())).await;
    let shown = half_day(&world, today).await;
    let ends = shown["expires_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert!(ends <= now + TimeDelta::minutes(121), "{ends}");
    import("over.toml", "last_loading_time = \"12:00\"");
    eventually("today's half day is over", async || (!is_sold().await).then_some(())).await;
    let day = world.product("moelltal", "day", today, ADULT).await;
    assert!(day.is_object(), "the day ticket is loaded until the evening");
    assert!(!half_day(&world, today + Days::new(1)).await.is_null(), "tomorrow's is sold");
    let late = [ticket(&Offer::of(&shown), &anna.card_dta().await, "Anna", ADULT)];
    anna.place(&late, "undo", &new_key()).await.expect_problem(422, "loading-over");

    import(
        "later.toml",
        "last_loading_time = \"23:00\"\nsale_opens = { days_before = 0, at = \"14:00:00\" }",
    );
    eventually("the day ticket alone is sold", async || {
        (world.product("moelltal", "half_day", today, ADULT).await.is_null()).then_some(())
    })
    .await;
    import(
        "now.toml",
        "last_loading_time = \"23:00\"\nsale_opens = { days_before = 0, at = \"12:00:00\" }",
    );
    eventually("the sale has opened", async || is_sold().await.then_some(())).await;
    assert!(
        half_day(&world, today + Days::new(1)).await.is_null(),
        "tomorrow's sale opens tomorrow"
    );
}

async fn the_day_changes_at_the_areas_midnight(database: Database) {
    let world = World::start(database).await;
    let now = clock::now();
    // there the date is another one than in UTC, and it is not near midnight
    let hours = if now.hour() < 10 { -12 } else { 14 };
    let today = (now + TimeDelta::hours(hours)).date_naive();
    assert_ne!(today, now.date_naive());
    world.import("elsewhere.toml", &area(now, hours, "last_loading_time = \"23:00\""));
    eventually("today there is sold, yesterday is not", async || {
        let [past, present] = [today - Days::new(1), today];
        (half_day(&world, past).await.is_null() && !half_day(&world, present).await.is_null())
            .then_some(())
    })
    .await;
}
