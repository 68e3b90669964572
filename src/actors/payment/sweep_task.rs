//! Who runs the sweep: one replica for all, which others ask to do it now.

use super::{Desk, Reading, Sweep};
use crate::actors::fleet::{Fence, Held, SingletonTasks};

/// The singleton task of reading the list of open payments.
const SWEEP: &str = "sweep";

/// Reads the list of open payments for ever, on one replica for all, and hands each reading to
/// `take`, which writes by the fence. What is reported to another replica is asked of whoever has
/// the singleton task; where that cannot be reached, the next reading of whoever has it heals it.
pub async fn keep_sweeping<F>(
    singletons: SingletonTasks,
    sweep: Sweep,
    desk: Desk,
    take: impl Fn(Reading, Fence) -> F,
) where
    F: Future<Output = ()>,
{
    let work = async |held: Held| {
        // what was reported while nobody had the singleton task
        sweep.request();
        let pass_on = async {
            loop {
                held.requested().await;
                sweep.request();
            }
        };
        futures_util::future::join(
            sweep.run(&desk, |reading| take(reading, held.fence())),
            pass_on,
        )
        .await;
    };
    let otherwise = async || {
        sweep.requested().await;
        if let Err(error) = singletons.request(SWEEP).await {
            tracing::warn!(%error, "whoever lists open payments could not be told to do it now");
            sweep.request();
        }
    };
    singletons.keep(SWEEP, work, otherwise).await;
}
