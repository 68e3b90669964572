//! How many files, connections among them, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open besides the public's connections and what they ask for: databases, suppliers, logs,
/// threads.
const OTHERS: u64 = 256;

/// The limit cannot be raised far enough; the text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{connections} connections need {wanted} open files and only {allowed} are allowed: raise the hard limit \
     (ulimit -Hn, LimitNOFILE= of a systemd unit, ulimits of a container) or lower http.connections"
)]
struct TooFewFiles {
    connections: usize,
    wanted: u64,
    allowed: u64,
}

/// Raises this process's limit of open files to what so many connections need: each may have a
/// request under way that opens another. Twice is once; a higher limit stays.
///
/// # Errors
/// [`TooFewFiles`], or the system's own.
pub(super) fn allow(connections: usize) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if let Some(current) = raised(&limit, connections)? {
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit })?;
        tracing::info!(files = current, "the limit of open files is raised");
    }
    Ok(())
}

/// What the limit is to be raised to; `None` when it is high enough.
fn raised(limit: &Rlimit, connections: usize) -> Result<Option<u64>, TooFewFiles> {
    let wanted =
        u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(OTHERS);
    match (limit.current, limit.maximum) {
        (_, Some(allowed)) if allowed < wanted => Err(TooFewFiles { connections, wanted, allowed }),
        (Some(current), _) if current < wanted => Ok(Some(wanted)),
        (Some(_) | None, _) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_where_it_may_be_and_refused_where_it_may_not() {
        let limit = |current, maximum| Rlimit { current, maximum };
        for (limit, expected) in [
            (limit(Some(1024), Some(524_288)), Ok(Some(16_640))),
            (limit(Some(1024), None), Ok(Some(16_640))),
            (limit(Some(16_640), Some(16_640)), Ok(None)),
            (limit(None, None), Ok(None)),
            (
                limit(Some(1024), Some(16_639)),
                Err(TooFewFiles { connections: 8192, wanted: 16_640, allowed: 16_639 }),
            ),
        ] {
            assert_eq!(raised(&limit, 8192), expected, "{limit:?}");
        }
    }
}
