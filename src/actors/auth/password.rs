//! Password hashes: slow on purpose, so few at once and a short queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::error::Error;

/// How many hashes are computed at once: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;

/// How many may wait for their turn.
const WAITING: usize = 16;

/// The hash of no password, with the parameters of all others: checked when the address is unknown, so that it takes
/// the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Computes and checks hashes; cheap to clone.
#[derive(Clone)]
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// One place in the queue.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), waiting: Arc::default() }
    }

    /// Hashes a new password with a salt of its own.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, Error> {
        self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|_hash| Error::Fault("password hashing"))
        })
        .await
    }

    /// Whether the password is the hash's; `None` takes as long as a wrong password and is never right.
    pub(super) async fn check(&self, password: SecretString, hash: Option<String>) -> Result<bool, Error> {
        self.in_turn(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODY);
            let hash = PasswordHash::new(hash).map_err(|_unreadable| Error::Fault("a stored password hash"))?;
            let right = Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(right && known)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_all_taken) => {
                let _place = self.take_place()?;
                Arc::clone(&self.turns).acquire_owned().await.map_err(|_closed| Error::Busy)?
            }
        };
        let hashing = tokio::task::spawn_blocking(move || {
            let _turn = turn; // kept to the end of the work even when the asker has gone
            work()
        });
        hashing.await.map_err(|_panicked| Error::Fault("password hashing"))?
    }

    fn take_place(&self) -> Result<Place, Error> {
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(&self.waiting));
        if before < WAITING { Ok(place) } else { Err(Error::Busy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(phc: &str) -> String {
        PasswordHash::new(phc).unwrap().params.to_string()
    }

    #[tokio::test]
    async fn a_password_matches_only_its_own_hash() {
        let hasher = Hasher::new();
        let hash = hasher.hash("correct horse".to_owned().into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"));
        assert!(hasher.check("correct horse".to_owned().into(), Some(hash.clone())).await.unwrap());
        assert!(!hasher.check("Correct horse".to_owned().into(), Some(hash)).await.unwrap());
        assert!(!hasher.check("correct horse".to_owned().into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_as_much_as_a_real_one() {
        let real = Hasher::new().hash("correct horse".to_owned().into()).await.unwrap();
        assert_eq!(params(&real), params(NOBODY));
        assert_eq!(real.len(), NOBODY.len());
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_empties_again() {
        let hasher = Hasher::new();
        let turns = Arc::clone(&hasher.turns).acquire_many_owned(2).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(hasher.in_turn(|| Ok(())))).collect();
        for asked in &mut waiting {
            assert!(futures_util::poll!(asked.as_mut()).is_pending());
        }
        assert!(matches!(hasher.in_turn(|| Ok(())).await, Err(Error::Busy)));
        drop(turns);
        for asked in waiting {
            asked.await.unwrap();
        }
        assert!(hasher.in_turn(|| Ok(())).await.is_ok());
        assert_eq!(hasher.waiting.load(Ordering::Acquire), 0);
    }
}
