//! What comes after the day: it is compared with everybody's books, and somebody agrees to whatever
//! is suggested.

use std::rc::Rc;
use std::time::Duration;

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use starjack::actors::reconcile::store::{Run, Scope, run};
use starjack::clock;
use starjack::io::IoError;
use starjack_entity::case_file;

use super::super::world::CUSTOMER;
use super::workload::Town;

/// How often it is looked whether something has ended.
const LOOK: Duration = Duration::from_secs(1);
/// After so many comparisons without an end, what differs is left to whoever looks at the promises.
const MOST: u32 = 10;

/// Compares the day with everybody until nothing is suggested any more; answers how many
/// suggestions were agreed to.
pub(crate) async fn reconcile(town: Rc<Town>) -> usize {
    let mut agreed = 0;
    for _comparison in 0..MOST {
        // one after the other, so that two lives of one seed are the same
        for scope in [
            Scope::Operator("hill".to_owned()),
            Scope::Operator("dale".to_owned()),
            Scope::Payments,
            Scope::Invoices,
        ] {
            compare(&town, &scope).await;
        }
        let cases = open_cases(&town);
        if cases.is_empty() {
            break;
        }
        for case in cases {
            let id = case.id;
            while !matches!(
                town.enter(|door| async move { door.books.agree(id, CUSTOMER).await }).await,
                Some(Ok(()))
            ) {
                clock::sleep(LOOK).await;
            }
            agreed += 1;
            let what = case.action.unwrap_or_default();
            town.trace.note(|| format!("agreed to {what} because of {}", case.kind));
            while open_cases(&town).iter().any(|open| open.id == id && open.agreed_at.is_some()) {
                clock::sleep(LOOK).await;
            }
        }
    }
    agreed
}

async fn compare(town: &Rc<Town>, scope: &Scope) {
    let day = NaiveDate::from_ymd_opt(2027, 1, 16).unwrap();
    loop {
        let own = scope.clone();
        let wished = town
            .enter(|door| async move { door.books.request(day, Some(own), CUSTOMER).await })
            .await;
        let Some(id) = wished.and_then(Result::ok).and_then(|runs| runs.first().map(|run| run.id))
        else {
            clock::sleep(LOOK).await;
            continue;
        };
        let ended =
            || -> Option<Run> { town.database.without_faults(run(&town.database.io, id)).unwrap() };
        while ended().is_some_and(|run| run.ended_at.is_none()) {
            clock::sleep(LOOK).await;
        }
        if ended().is_some_and(|run| run.not_told.is_none()) {
            return;
        }
    }
}

/// The cases that suggest something and are not closed, oldest first.
fn open_cases(town: &Town) -> Vec<case_file::Model> {
    let read = town.database.io.read(move |db| {
        Box::pin(async move {
            let open = case_file::Entity::find()
                .filter(case_file::Column::ClosedAt.is_null())
                .filter(case_file::Column::Action.is_not_null())
                .order_by_asc(case_file::Column::OpenedAt)
                .order_by_asc(case_file::Column::Kind)
                .order_by_asc(case_file::Column::PaymentNo)
                .order_by_asc(case_file::Column::LineNo)
                .order_by_asc(case_file::Column::AmountCents);
            Ok::<_, IoError>(open.all(db).await?)
        })
    });
    town.database.without_faults(read).unwrap()
}
