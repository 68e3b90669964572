//! Their words: seven operations of the SOAP interface ETP 1.5 and the members of their answers.
//!
//! Only the operation's wrapper is in a namespace, its members stand in the order of the schema and
//! in none. Money is unsigned cents here (decimal text only in MDXI). Answers are matched by local
//! name, unknown members are ignored. Source: docs.mpay24.com/docs/soap-interface and the types of
//! github mpay24/ETP, as told in `tests/schemas/etp-1.5-schema.json`.

use crate::integrations::soap::{Element, Tag};

/// The interface's namespace, the same on the test system.
pub(super) const NAMESPACE: &str = "https://www.mpay24.com/soap/etp/1.5/ETP.wsdl";
/// The interface's path on every host.
pub(super) const PATH: &str = "/app/bin/etpproxy_v15";
/// The host that moves real money.
pub(super) const PRODUCTION_HOST: &str = "www.mpay24.com";
/// The host that does not.
pub(super) const TEST_HOST: &str = "test.mpay24.com";

/// The longest status or return code, in bytes.
const LONGEST_WORD: usize = 64;
/// The longest list that one call answers.
pub(super) const LARGEST_LIST: u32 = 500;

/// The operations that we send; there is no code for any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    SelectPayment,
    ManualClear,
    ManualReverse,
    ManualCredit,
    TransactionHistory,
    ListNotCleared,
    TransactionStatus,
}

impl Operation {
    /// The name of the wrapper element and of the SOAP action.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SelectPayment => "SelectPayment",
            Self::ManualClear => "ManualClear",
            Self::ManualReverse => "ManualReverse",
            Self::ManualCredit => "ManualCredit",
            Self::TransactionHistory => "TransactionHistory",
            Self::ListNotCleared => "ListNotCleared",
            Self::TransactionStatus => "TransactionStatus",
        }
    }

    fn wrapper(self) -> &'static str {
        match self {
            Self::SelectPayment => "etp:SelectPayment",
            Self::ManualClear => "etp:ManualClear",
            Self::ManualReverse => "etp:ManualReverse",
            Self::ManualCredit => "etp:ManualCredit",
            Self::TransactionHistory => "etp:TransactionHistory",
            Self::ListNotCleared => "etp:ListNotCleared",
            Self::TransactionStatus => "etp:TransactionStatus",
        }
    }

    /// Whether it changes something at the provider.
    pub(super) fn is_write(self) -> bool {
        match self {
            Self::SelectPayment | Self::ManualClear | Self::ManualReverse | Self::ManualCredit => {
                true
            }
            Self::TransactionHistory | Self::ListNotCleared | Self::TransactionStatus => false,
        }
    }

    /// The transaction's state once the operation has done what it is for.
    pub(super) fn wanted_state(self) -> Option<&'static str> {
        match self {
            Self::ManualClear => Some("BILLED"),
            Self::ManualReverse => Some("REVERSED"),
            Self::ManualCredit => Some("CREDITED"),
            Self::SelectPayment
            | Self::TransactionHistory
            | Self::ListNotCleared
            | Self::TransactionStatus => None,
        }
    }
}

/// A request ready to be put into an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) operation: Operation,
    pub(super) body: Tag,
}

/// Opens a payment page; `mdxi` is XML text and is escaped here as text.
pub(super) fn select_payment(merchant: u32, mdxi: String) -> Ask {
    ask(Operation::SelectPayment, merchant, |body| body.text("mdxi", mdxi))
}

/// Captures `amount` cents; an omitted amount would capture all, so it is always written.
pub(super) fn manual_clear(merchant: u32, tid: &str, amount: u32) -> Ask {
    let details =
        Tag::new("clearingDetails").text("mpayTID", tid).text("amount", amount.to_string());
    ask(Operation::ManualClear, merchant, |body| body.child(details))
}

/// Releases a reservation.
pub(super) fn manual_reverse(merchant: u32, tid: &str) -> Ask {
    ask(Operation::ManualReverse, merchant, |body| body.text("mpayTID", tid))
}

/// Pays back `amount` cents, or all that was captured.
pub(super) fn manual_credit(merchant: u32, tid: &str, amount: Option<u32>) -> Ask {
    let amount = amount.map(|amount| amount.to_string());
    ask(Operation::ManualCredit, merchant, |body| {
        body.text("mpayTID", tid).maybe_text("amount", amount)
    })
}

/// Asks for everything that was booked on one transaction.
pub(super) fn transaction_history(merchant: u32, tid: &str) -> Ask {
    ask(Operation::TransactionHistory, merchant, |body| body.text("mpayTID", tid))
}

/// Asks for transactions that are not captured, newest first, those in progress included.
pub(super) fn list_not_cleared(merchant: u32, begin: u32, size: u32) -> Ask {
    ask(Operation::ListNotCleared, merchant, |body| {
        body.text("begin", begin.to_string())
            .text("size", size.to_string())
            .text("sortField", "MPAYTID")
            .text("sortType", "DESC")
            .text("listInProgress", "true")
    })
}

/// Asks for one transaction's state by the provider's id.
pub(super) fn transaction_status(merchant: u32, tid: &str) -> Ask {
    ask(Operation::TransactionStatus, merchant, |body| body.text("mpayTID", tid))
}

/// Asks for the state of the latest transaction of a page.
pub(super) fn page_status(merchant: u32, reference: &str) -> Ask {
    ask(Operation::TransactionStatus, merchant, |body| body.text("tid", reference))
}

fn ask(operation: Operation, merchant: u32, members: impl FnOnce(Tag) -> Tag) -> Ask {
    let wrapper = Tag::new(operation.wrapper())
        .prefix("etp", NAMESPACE)
        .text("merchantID", merchant.to_string());
    Ask { operation, body: members(wrapper) }
}

/// The members of every answer that we read; what an operation does not have stays empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// `OK` or `ERROR`: how the operation went, not whether money moved.
    pub(super) status: String,
    pub(super) return_code: String,
    pub(super) err_no: Option<i32>,
    pub(super) location: Option<String>,
    pub(super) transactions: Vec<Transaction>,
    pub(super) history: Vec<HistoryEntry>,
    pub(super) details: Vec<TransactionDetails>,
    pub(super) parameters: Vec<Parameter>,
}

/// A transaction in the answer to a capture, reversal or credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) mpay_tid: String,
    pub(super) t_status: String,
}

/// One line of a transaction's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistoryEntry {
    pub(super) tx_state: String,
    pub(super) amount: String,
    pub(super) err_no: Option<String>,
}

impl HistoryEntry {
    /// Whether the entry tells of something that did not happen.
    pub(super) fn failed(&self) -> bool {
        self.err_no.as_deref().is_some_and(|number| number != "0")
    }
}

/// One transaction that is not captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionDetails {
    pub(super) mpay_tid: String,
    pub(super) t_status: String,
    pub(super) tid: String,
    pub(super) amount: String,
    pub(super) currency: String,
}

/// A name and value of a transaction's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) value: String,
}

impl Answer {
    /// Reads the element in the envelope's body; `None` when it is no answer of the interface, as
    /// one without a status is, or one whose words are longer than any: they are logged and kept.
    pub(super) fn read(element: &Element) -> Option<Self> {
        let each = |name| element.children(name);
        let word = |name| Some(text(element, name)).filter(|word| word.len() <= LONGEST_WORD);
        Some(Self {
            status: word("status").filter(|status| !status.is_empty())?,
            return_code: word("returnCode")?,
            err_no: element.text_of("errNo").and_then(|number| number.parse().ok()),
            location: element.text_of("location").map(str::to_owned),
            transactions: each("transaction")
                .map(|one| Transaction {
                    mpay_tid: text(one, "mpayTID"),
                    t_status: text(one, "tStatus"),
                })
                .collect(),
            history: each("historyEntry")
                .map(|one| HistoryEntry {
                    tx_state: text(one, "txState"),
                    amount: text(one, "amount"),
                    err_no: one.text_of("errNo").map(str::to_owned),
                })
                .collect(),
            details: each("transactionDetails")
                .map(|one| TransactionDetails {
                    mpay_tid: text(one, "mpayTID"),
                    t_status: text(one, "tStatus"),
                    tid: text(one, "tid"),
                    amount: text(one, "amount"),
                    currency: text(one, "currency"),
                })
                .collect(),
            parameters: each("parameter")
                .map(|one| Parameter { name: text(one, "name"), value: text(one, "value") })
                .collect(),
        })
    }

    /// Whether the operation itself went well.
    pub(super) fn is_ok(&self) -> bool {
        self.status == "OK"
    }
}

fn text(element: &Element, name: &str) -> String {
    element.text_of(name).unwrap_or_default().to_owned()
}
