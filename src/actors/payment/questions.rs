//! What the payment provider's actor can be asked.

use std::rc::Rc;

use crate::actors::supervision::Content;
use crate::actors::supplier::{Asking, Question};
use crate::integrations::Permit;
use crate::integrations::payment::{
    CreditAmount, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider,
    StatusKey,
};
use crate::money::Cents;

type Client = Rc<dyn PaymentProvider>;

/// A move of money, by the provider's transaction id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyMove {
    /// Capture reserved money.
    Capture(String, Cents),
    /// Release reserved money.
    Reverse(String),
    /// Pay money back.
    Credit(String, CreditAmount),
}

/// Open a page.
pub(super) struct Open(pub(super) PageOrder);

/// Read the transaction history.
pub(super) struct ReadHistory(pub(super) String);

/// List what is reserved and not captured.
pub(super) struct ListOpen {
    pub(super) begin: u32,
    pub(super) size: u32,
}

/// One payment's state; three calls, ever.
pub(super) struct AskStatus(pub(super) StatusKey);

impl Question<dyn PaymentProvider> for MoneyMove {
    type Reply = ();

    fn verb(&self) -> &'static str {
        match self {
            Self::Capture(..) => "capture",
            Self::Reverse(_) => "reverse",
            Self::Credit(..) => "credit",
        }
    }

    fn content(&self) -> Content {
        match self {
            Self::Capture(tid, _) | Self::Reverse(tid) | Self::Credit(tid, _) => {
                Content::Of(tid.clone())
            }
        }
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<()> {
        Box::pin(async move {
            match self {
                Self::Capture(tid, amount) => client.capture(tid, amount, permit).await,
                Self::Reverse(tid) => client.reverse(tid, permit).await,
                Self::Credit(tid, amount) => client.credit(tid, amount, permit).await,
            }
        })
    }
}

impl Question<dyn PaymentProvider> for Open {
    type Reply = OpenedPage;

    fn verb(&self) -> &'static str {
        "open"
    }

    fn content(&self) -> Content {
        Content::OfAnOrder
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<OpenedPage> {
        Box::pin(async move { client.open_page(self.0, permit).await })
    }
}

impl Question<dyn PaymentProvider> for ReadHistory {
    type Reply = History;

    fn verb(&self) -> &'static str {
        "history"
    }

    fn content(&self) -> Content {
        Content::Of(self.0.clone())
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<History> {
        Box::pin(async move { client.history(self.0, permit).await })
    }
}

impl Question<dyn PaymentProvider> for ListOpen {
    type Reply = OpenPayments;

    fn verb(&self) -> &'static str {
        "list"
    }

    fn content(&self) -> Content {
        Content::Ours
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<OpenPayments> {
        Box::pin(async move { client.list_open(self.begin, self.size, permit).await })
    }
}

impl Question<dyn PaymentProvider> for AskStatus {
    type Reply = Option<Observed>;

    fn verb(&self) -> &'static str {
        "status"
    }

    fn content(&self) -> Content {
        match &self.0 {
            StatusKey::Tid(tid) => Content::Of(tid.clone()),
            StatusKey::Page(reference) => Content::Of(reference.to_string()),
        }
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<Option<Observed>> {
        Box::pin(async move { client.status(self.0, permit).await })
    }
}
