//! What a part of the configuration says of itself.

use super::Environment;

/// A part of the configuration. One whose service can be switched off is an `Option`: absent, it is
/// off.
pub trait Section {
    /// Whether its supplier is a simulator: then everything says so, and production refuses it.
    fn is_simulated(&self) -> bool {
        false
    }

    /// Whether it can be used in this environment.
    ///
    /// # Errors
    /// Names the key and says what to write there.
    fn check(&self, environment: Environment) -> anyhow::Result<()>;
}

impl<S: Section> Section for Option<S> {
    fn is_simulated(&self) -> bool {
        self.as_ref().is_some_and(Section::is_simulated)
    }

    fn check(&self, environment: Environment) -> anyhow::Result<()> {
        self.as_ref().map_or(Ok(()), |section| section.check(environment))
    }
}
