//! What each operation may hold: the sequences of ETP 1.5.

use crate::shape::kinds::{BOOLEAN, TEXT, UNSIGNED_INT, UNSIGNED_LONG};
use crate::shape::{Holds, Member, any, maybe, one};

/// Source: mPAY24 client libraries; the production address also on the test system.
pub(crate) const ETP: &str = "https://www.mpay24.com/soap/etp/1.5/ETP.wsdl";

const MERCHANT: Member = one(&["merchantID"], UNSIGNED_INT);
const MPAY_TID: Member = one(&["mpayTID"], UNSIGNED_LONG);
const MDXI: Holds =
    Holds::Text("1 to 8192 characters", |text| (1..=8_192).contains(&text.chars().count()));
const SORT_FIELD: Holds = Holds::Text("a SortField", |text| {
    let fields = [
        "MPAYTID",
        "PTYPE",
        "BRAND",
        "CURRENCY",
        "TID",
        "ORDERDESC",
        "ORDERNUMBER",
        "CURRDATE",
        "CURRTIME",
    ];
    fields.contains(&text)
});
const SORT_TYPE: Holds = Holds::Text("a SortType", |text| matches!(text, "ASC" | "DESC"));

const SELECT_PAYMENT: &[Member] = &[MERCHANT, one(&["mdxi"], MDXI)];
const CLEARING_DETAILS: &[Member] =
    &[MPAY_TID, maybe(&["amount"], UNSIGNED_INT), maybe(&["order"], Holds::Anything)];
const MANUAL_CLEAR: &[Member] =
    &[MERCHANT, any(&["clearingDetails"], Holds::Members(CLEARING_DETAILS))];
const ONE_TRANSACTION: &[Member] = &[MERCHANT, MPAY_TID];
const MANUAL_CREDIT: &[Member] =
    &[MERCHANT, MPAY_TID, maybe(&["stateID"], UNSIGNED_LONG), maybe(&["amount"], UNSIGNED_INT)];
const TRANSACTION_STATUS: &[Member] =
    &[MERCHANT, maybe(&["mpayTID"], UNSIGNED_LONG), maybe(&["tid"], TEXT)];
const LIST_NOT_CLEARED: &[Member] = &[
    MERCHANT,
    maybe(&["begin"], UNSIGNED_INT),
    maybe(&["size"], UNSIGNED_INT),
    maybe(&["sortField"], SORT_FIELD),
    maybe(&["sortType"], SORT_TYPE),
    maybe(&["listInProgress"], BOOLEAN),
];

/// The members of an operation.
pub(crate) fn shape_of(operation: &str) -> Option<&'static [Member]> {
    match operation {
        "SelectPayment" => Some(SELECT_PAYMENT),
        "ManualClear" => Some(MANUAL_CLEAR),
        "ManualReverse" | "TransactionHistory" => Some(ONE_TRANSACTION),
        "ManualCredit" => Some(MANUAL_CREDIT),
        "TransactionStatus" => Some(TRANSACTION_STATUS),
        "ListNotCleared" => Some(LIST_NOT_CLEARED),
        _ => None,
    }
}
