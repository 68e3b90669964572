use sea_orm::ActiveValue::Set;

use super::*;
use crate::actors::jobs::tests::database;
use crate::clock;

#[tokio::test]
async fn a_series_that_counted_further_than_there_are_invoices_has_a_gap() {
    let (_folder, io) = database().await;
    let span = (clock::now(), clock::now());
    assert_eq!(flaws(&io, span).await.unwrap(), (Vec::new(), 0));
    let series = invoice_series::ActiveModel { series: Set("STAR-2026".to_owned()), last: Set(2) };
    io.write(move |tx| {
        Box::pin(async move {
            invoice_series::Entity::insert(series).exec_without_returning(tx).await?;
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
    assert_eq!(flaws(&io, span).await.unwrap(), (vec![Flaw::Gap("STAR-2026".to_owned(), 2)], 0));
}
