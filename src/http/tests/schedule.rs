//! When orders are driven: over a real schedule, with nobody outside to ask.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use super::World;
use super::orders::{Skier, id_of, open_page};
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::limits::Rules;
use crate::actors::order::rules::record::Order;
use crate::clock::{self, Deadline};
use crate::http::fixture;
use crate::io::IoError;

impl World {
    /// Orders are driven; one whose cards nobody can check is rejected after 300 ms.
    async fn driven() -> Self {
        let rules = Rules { placed_limit: TimeDelta::milliseconds(300), ..Rules::default() };
        let (state, folder, schedule) = fixture::driven(rules).await;
        actix_rt::spawn(schedule);
        Self::serve(state, folder)
    }

    async fn execute_on(&self, sql: &str, id: Uuid) {
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [id.into()]);
        let done = self.io.write(move |tx| {
            Box::pin(
                async move { Ok::<_, IoError>(tx.execute_raw(statement).await?.rows_affected()) },
            )
        });
        assert_eq!(done.await.unwrap(), 1);
    }

    async fn rejected_within(&self, id: Uuid, patience: Duration) -> bool {
        let looked = clock::timeout_at(Deadline::after(patience), async {
            loop {
                let order = self.state.orders.store().load(id).await.unwrap().unwrap();
                if order.state == OrderState::Rejected {
                    return;
                }
                clock::sleep(Duration::from_millis(20)).await;
            }
        });
        looked.await.is_ok()
    }

    async fn placed(&self, skier: &Skier, key: &str) -> Uuid {
        id_of(&self.order(skier, key).await)
    }
}

#[actix_rt::test]
async fn an_order_that_cannot_be_read_does_not_stop_the_others() {
    let world = World::driven().await;
    for no in 0..12 {
        let skier = world.skier(&format!("poisoned-{no}@example.org")).await;
        let id = world.placed(&skier, "key").await;
        assert!(world.rejected_within(id, Duration::from_secs(10)).await);
        world
            .execute_on(
                "UPDATE orders SET state = 'nonsense', next_at = placed_at WHERE id = ?",
                id,
            )
            .await;
    }
    let skier = world.skier("sound@example.org").await;
    let id = world.placed(&skier, "key").await;
    assert!(world.rejected_within(id, Duration::from_secs(4)).await);
}

#[actix_rt::test]
async fn a_time_that_another_replica_brought_forward_is_kept() {
    let world = World::driven().await;
    let skier = world.skier("anna@example.org").await;
    let id = world.placed(&skier, "key").await;
    assert!(world.rejected_within(id, Duration::from_secs(10)).await);
    // it waits for a payer now, and this replica remembers until when
    let pays = |order: &mut Order| {
        open_page(order);
        (order.next_at, order.ends_by) = (Some(clock::now()), clock::now() + TimeDelta::days(1));
    };
    world.change(id, pays).await;
    let waits = clock::timeout_at(Deadline::after(Duration::from_secs(5)), async {
        loop {
            let order = world.state.orders.store().load(id).await.unwrap().unwrap();
            if order.next_at.is_some_and(|at| at > clock::now() + TimeDelta::minutes(1)) {
                return;
            }
            clock::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waits.await.is_ok());
    let over = "UPDATE orders SET ends_by = placed_at, next_at = placed_at, version = version + 1 WHERE id = ?";
    world.execute_on(over, id).await;
    assert!(world.rejected_within(id, Duration::from_secs(5)).await);
}
