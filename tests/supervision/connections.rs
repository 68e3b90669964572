//! Connections belong to the I/O runtime: whoever opened them may be wedged, and nobody else waits.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use starjack::actors::supervision::{Fault, System};
use starjack::clock::Deadline;
use starjack::io::{Io, IoError};

use crate::support::{end, puppet, soon, spec, work};

/// Shorter than the wedge, far longer than a query.
const QUERY: Duration = Duration::from_millis(1500);
const WEDGE: Duration = Duration::from_secs(3);

async fn count_to(io: Io, number: i64) -> i64 {
    let counted = io.read(move |db| {
        Box::pin(async move {
            let question = Statement::from_string(
                db.get_database_backend(),
                format!("SELECT CAST({number} AS BIGINT)"),
            );
            let row = db.query_one_raw(question).await?.unwrap();
            Ok::<i64, IoError>(row.try_get_by_index(0)?)
        })
    });
    counted.await.unwrap()
}

async fn queries_are_answered_while_the_opener_of_their_connections_is_wedged(url: &str) {
    let system = System::start().unwrap();
    let opener = puppet(&system, spec("opener"));
    let neighbour = puppet(&system, spec("neighbour"));
    let (tell, told) = tokio::sync::oneshot::channel();
    let url = url.to_owned();
    let opened = work(move |_call| async move {
        let io = Io::start(&url, 4).await.unwrap();
        let answer = count_to(io.clone(), 1).await;
        tell.send(io).ok().unwrap();
        answer
    });
    assert_eq!(opener.ask(opened, soon()).await, Ok(1));
    let io = told.await.unwrap();
    system.inject("opener", Fault::Wedge(WEDGE), 1).unwrap();
    let wedge = async {
        let question = work(|_call| async { 0 });
        opener.ask(question, Deadline::after(Duration::from_millis(500))).await
    };
    let queries = async {
        for number in 0..160 {
            let io = io.clone();
            let query = work(move |_call| count_to(io, number));
            assert_eq!(neighbour.ask(query, Deadline::after(QUERY)).await, Ok(number));
        }
    };
    let (lost, ()) = tokio::join!(wedge, queries);
    assert!(lost.is_err(), "the opener was not wedged");
    end(&system).await;
}

mod queries_are_answered_while_the_opener_of_their_connections_is_wedged {
    #[actix_rt::test]
    async fn sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/starjack.db?mode=rwc", folder.path().display());
        super::queries_are_answered_while_the_opener_of_their_connections_is_wedged(&url).await;
    }

    #[actix_rt::test]
    async fn postgres() {
        let url = std::env::var("STARJACK_TEST_POSTGRES")
            .expect("STARJACK_TEST_POSTGRES names a server; `make test` starts one");
        super::queries_are_answered_while_the_opener_of_their_connections_is_wedged(&url).await;
    }
}
