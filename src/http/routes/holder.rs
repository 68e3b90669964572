//! Who skis, as an order says it. What only the operator's system would refuse, after the payment,
//! is refused here.

use serde::Deserialize;

use crate::http::middleware::problem::Problem;
use crate::typed::{Day, persons_name};

/// Who skis.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Holder {
    /// Who has one name only sends one of the two.
    #[schema(max_length = 80)]
    first_name: Option<String>,
    /// Who has one name only sends one of the two.
    #[schema(max_length = 80)]
    last_name: Option<String>,
    /// The one that the offer was made for.
    pub(in crate::http) birth_date: Day,
}

impl Holder {
    /// First and last name, of which one may be empty.
    ///
    /// # Errors
    /// 422.
    pub(in crate::http) fn names(&self) -> Result<(String, String), Problem> {
        let part = |name: &Option<String>| name.clone().unwrap_or_default();
        persons_name(&part(&self.first_name), &part(&self.last_name)).map_err(Problem::invalid)
    }
}
