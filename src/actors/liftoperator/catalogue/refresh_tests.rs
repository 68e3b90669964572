//! What was shown is taken only over what it was shown against.

use chrono::NaiveDate;

use super::super::import::{Import, take as import};
use super::super::sample::sample;
use super::*;

/// Sölden with its adults' day ticket at another price in the file's first band.
fn dearer(cents: u32) -> String {
    let old = "price_cents = { adult = 8100,";
    assert!(sample().contains(old));
    sample().replacen(old, &format!("price_cents = {{ adult = {cents},"), 1)
}

async fn imported(io: &Io, text: &str) -> i64 {
    import(io, vec![Import::read("a file", text).unwrap()], Vec::new(), "a test".to_owned())
        .await
        .unwrap()
        .version
}

async fn kept(io: &Io) -> Value {
    store::load(io).await.unwrap().operators.remove("solden").unwrap().document
}

/// A price that differs, as it was found in the catalogue of this moment.
async fn found(io: &Io) -> Shown {
    let kept = kept(io).await;
    let mut proposed = kept.clone();
    proposed["product"][0]["band"][0]["price_cents"]["adult"] = 8200.into();
    let day = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
    let product = "day".to_owned();
    let category = "adult".to_owned();
    let difference =
        Difference::Price { product, category, from: day, to: day, here: 8100, there: 8200 };
    let operator = "solden".to_owned();
    let fingerprint = String::new();
    Shown { operator, fingerprint, differences: vec![difference], held_back: None, kept, proposed }
}

#[actix_rt::test]
async fn an_import_between_looking_and_taking_is_not_undone() {
    let folder = tempfile::tempdir().unwrap();
    let io = Io::start(&format!("sqlite:{}", folder.path().join("db").display()), 2).await.unwrap();
    io.migrate().await.unwrap();
    imported(&io, &sample()).await;
    let shown = found(&io).await;
    assert_eq!(imported(&io, &dearer(8300)).await, 2);
    assert!(matches!(take(&io, shown, "a test".to_owned()).await, Err(RefreshError::Changed)));
    assert_eq!(kept(&io).await["product"][0]["band"][0]["price_cents"]["adult"], 8300);

    let shown = found(&io).await;
    let again = Shown { kept: shown.kept.clone(), ..found(&io).await };
    assert_eq!(take(&io, shown, "a test".to_owned()).await.unwrap(), 3);
    assert_eq!(kept(&io).await["product"][0]["band"][0]["price_cents"]["adult"], 8200);
    assert!(
        matches!(take(&io, again, "a test".to_owned()).await, Err(RefreshError::Changed)),
        "twice"
    );
    let held = Shown { held_back: Some(both("half", "halb")), ..found(&io).await };
    assert!(matches!(
        take(&io, held, "a test".to_owned()).await,
        Err(RefreshError::NothingToTake(_))
    ));
    assert_eq!(store::newest(&io).await.unwrap(), 3);
}
