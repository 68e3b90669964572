//! Why the database did not do what was asked.

use sea_orm::{DbErr, RuntimeErr};

/// Why database work did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum IoError {
    /// The database refused or broke; nothing of a transaction was kept unless its commit was
    /// already sent.
    #[error("the database did not do it{}", cause(.0))]
    Database(#[from] DbErr),
    /// No answer in time; whether a transaction was committed is not known.
    #[error("the database did not answer in time")]
    Late,
    /// It was to be written for a singleton task that another replica has now; nothing was kept.
    #[error("another replica does this now")]
    Fenced,
    /// The database is not fit to be the truth.
    #[error("the database is not safe to use: {0}")]
    Unsafe(String),
}

/// What the database itself says of a statement, for logs: its code, and its message up to the
/// first value that it quotes.
fn cause(error: &DbErr) -> String {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return String::new();
    };
    match cause.as_database_error() {
        Some(said) => {
            let code = said.code().unwrap_or_default();
            let message = said.message();
            let message = message.split_once(": \"").map_or(message, |(before, _)| before);
            let message: String = message.chars().take(160).collect();
            format!(" ({code}: {message})")
        }
        // the connection's, which knows no value
        None => format!(" ({cause})"),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait as _;

    use super::super::Io;
    use super::*;

    #[tokio::test]
    async fn a_database_error_says_its_cause_and_no_value() {
        let io = Io::start("sqlite::memory:", 1).await.unwrap();
        let twice = io
            .write(|transaction| {
                Box::pin(async move {
                    transaction
                        .execute_unprepared("CREATE TABLE person (email TEXT UNIQUE)")
                        .await?;
                    for _ in 0..2 {
                        transaction
                            .execute_unprepared("INSERT INTO person VALUES ('anna@example.org')")
                            .await?;
                    }
                    Ok::<_, IoError>(())
                })
            })
            .await;
        let said = twice.unwrap_err().to_string();
        assert!(
            said.starts_with("the database did not do it (2067: UNIQUE constraint failed"),
            "{said}"
        );
        assert!(!said.contains("anna"), "{said}");
    }
}
