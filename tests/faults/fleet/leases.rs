//! A replica that has given its lease up is dead at once, whatever renewal is still under way.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use starjack::actors::fleet::Replica;
use starjack::io::Io;

use crate::support::Postgres;

on_postgres!(a_replica_that_resigned_is_not_made_alive_again_by_a_renewal);

/// Resignations that race with a renewal.
const TIMES: usize = 30;

async fn a_replica_that_resigned_is_not_made_alive_again_by_a_renewal() {
    let database = Postgres::create().await;
    let io = Io::start(&database.url(), 4).await.unwrap();
    io.migrate().await.unwrap();
    let db = sea_orm::Database::connect(database.url()).await.unwrap();
    let check = async |replica: &Replica, when: &str| {
        let sql = "SELECT count(*) FROM replica WHERE incarnation = $1 AND alive_until > clock_timestamp()";
        let asked =
            Statement::from_sql_and_values(DbBackend::Postgres, sql, [replica.incarnation.into()]);
        let alive: i64 =
            db.query_one_raw(asked).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        assert_eq!((alive, replica.is_alive()), (0, false), "{when}");
    };
    let replica = Replica::announce(io.clone()).await.unwrap();
    assert!(replica.is_alive());
    replica.resign().await;
    // one that was asked before the resignation and comes through after it
    replica.renew().await.unwrap();
    check(&replica, "renewed after it resigned").await;
    for _ in 0..TIMES {
        let replica = Replica::announce(io.clone()).await.unwrap();
        let (renewed, ()) = futures_util::future::join(replica.renew(), replica.resign()).await;
        renewed.unwrap();
        check(&replica, "renewed while it resigned").await;
    }
    db.close().await.unwrap();
}
