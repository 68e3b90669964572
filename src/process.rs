//! What a command has of its process: signals, the data folder, stdout.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

/// Ends when the process is told to.
///
/// # Errors
/// The signals cannot be listened for.
pub fn told_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Takes a data folder for as long as the file lives.
///
/// # Errors
/// Another process has it.
pub fn lock(folder: &Path) -> anyhow::Result<File> {
    let lock = File::create(folder.join("lock")).context("the data folder cannot be written")?;
    lock.try_lock().with_context(|| format!("another process uses {}", folder.display()))?;
    Ok(lock)
}

/// Writes a line to stdout at once.
///
/// # Errors
/// Nobody reads stdout any more.
pub fn say(line: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").context("stdout")?;
    stdout.flush().context("stdout")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_belongs_to_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        assert!(lock(folder.path()).is_err());
        drop(first);
        assert!(lock(folder.path()).is_ok());
    }
}
