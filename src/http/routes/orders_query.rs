//! Which of one's own orders are wanted.

use serde::Deserialize;
use uuid::Uuid;

use crate::actors::order::Filter;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::http::middleware::paging::PageQuery;
use crate::http::middleware::problem::Problem;
use crate::typed::Day;

/// Which orders, and in which order.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OrdersQuery {
    /// Only in this state.
    #[param(inline)]
    state: Option<WantedState>,
    /// Only with a ticket that is valid on this day.
    #[param(inline)]
    day: Option<Day>,
    /// Only with a ticket of the operator with this key.
    operator: Option<String>,
    /// `newest` placed first when absent.
    #[param(inline)]
    sort: Option<Sort>,
    /// The `next` of the page before, of the same query.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

/// A state of an order.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum WantedState {
    /// Its cards are being checked.
    Placed,
    /// It waits for its payment.
    Paying,
    /// Its tickets are being issued.
    Authorised,
    /// Its price is being taken.
    Issued,
    /// It is about to finish.
    Captured,
    /// Its tickets are on their cards.
    Finished,
    /// It ended before it was paid.
    Rejected,
    /// Its money goes back.
    Undoing,
    /// Its money went back.
    Undone,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// What was placed last.
    Newest,
    /// What was placed first.
    Oldest,
}

impl OrdersQuery {
    /// What is wanted, after which order the page begins, and how many it has at most.
    ///
    /// # Errors
    /// 422 that names the parameter.
    pub(in crate::http) fn read(self) -> Result<(Filter, (Option<Uuid>, u64)), Problem> {
        let filter = Filter {
            state: self.state.map(OrderState::from),
            day: self.day.map(|day| day.0),
            operator: self.operator,
            oldest_first: self.sort == Some(Sort::Oldest),
        };
        Ok((filter, PageQuery::new(self.cursor, self.limit).read_id()?))
    }
}

impl From<WantedState> for OrderState {
    fn from(wanted: WantedState) -> Self {
        match wanted {
            WantedState::Placed => Self::Placed,
            WantedState::Paying => Self::Paying,
            WantedState::Authorised => Self::Authorised,
            WantedState::Issued => Self::Issued,
            WantedState::Captured => Self::Captured,
            WantedState::Finished => Self::Finished,
            WantedState::Rejected => Self::Rejected,
            WantedState::Undoing => Self::Undoing,
            WantedState::Undone => Self::Undone,
        }
    }
}
