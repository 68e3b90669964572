//! What each request may hold, alphabetically as a data-contract serialiser writes it.

use crate::shape::kinds::{DATE, FILLED, TEXT, cents, digits};
use crate::shape::{Holds, Member, maybe, one, some};

/// Source: public client of the service and the WSDL of its sister DCI4CRM, target namespace.
pub(crate) const TEAM: &str = "http://teamaxess.com/";
/// Source: as `TEAM`; the data contracts' namespace.
pub(crate) const AX: &str = "http://schemas.datacontract.org/2004/07/AxWebServices";

const DECIMAL: Holds = Holds::Text("a whole decimal", |text| decimal(text).is_some());
const AMOUNT: Holds = Holds::Text("an amount in whole cents", |text| cents(text).is_some());
const REFERENCE: Holds =
    Holds::Text("1 to 40 characters", |text| (1..=40).contains(&text.chars().count()));

const LOGIN: &[Member] = &[
    maybe(&["SZCOUNTRYCODE"], TEXT),
    maybe(&["SZLOGINID"], TEXT),
    one(&["SZLOGINMODE"], Holds::Text("CUSTOMER", |text| text == "CUSTOMER")),
    one(&["SZPASSWORD"], TEXT),
    one(&["SZSOAPPASSWORD"], TEXT),
    one(&["SZSOAPUSERNAME"], TEXT),
    one(&["SZUSERNAME"], TEXT),
];
const LOGOUT: &[Member] = &[one(&["NSESSIONID"], DECIMAL)];
const CHECK: &[Member] =
    &[one(&["NPROJNO"], DECIMAL), one(&["NSESSIONID"], DECIMAL), one(&["SZWTPNO"], FILLED)];
const PERSON: &[Member] =
    &[maybe(&["SZBIRTHDATE"], DATE), maybe(&["SZFIRSTNAME"], TEXT), maybe(&["SZNAME"], TEXT)];
const PRODUCT: &[Member] = &[
    maybe(&["NARTICLENO"], DECIMAL),
    one(&["NPERSONTYPNO"], DECIMAL),
    one(&["NPOOLNO"], DECIMAL),
    one(&["NPROJNO"], DECIMAL),
    one(&["NTICKETTYPENO"], DECIMAL),
    one(&["SZVALIDFROM"], DATE),
];
const TICKET: &[Member] = &[
    maybe(&["CTPERSON"], Holds::Members(PERSON)),
    one(&["CTPRODUCT"], Holds::Members(PRODUCT)),
    one(&["FTARIFF"], AMOUNT),
    one(&["NBLOCKNO"], DECIMAL),
    maybe(&["SZWTPNO"], FILLED),
];
const ISSUE: &[Member] = &[
    some(&["ACTTICKET"], Holds::Members(TICKET)),
    one(&["NSESSIONID"], DECIMAL),
    one(&["NWTPPROFILENO"], DECIMAL),
    one(&["SZEXTORDERNO"], REFERENCE),
];
const FIND: &[Member] = &[one(&["NSESSIONID"], DECIMAL), one(&["SZEXTORDERNO"], REFERENCE)];
/// `Unproven:` ours, in the pattern of the sister service's list of sales: a running counter and a
/// most.
const SALES: &[Member] = &[
    one(&["NJOURNALNO"], DECIMAL),
    one(
        &["NMAXCOUNT"],
        Holds::Text("1 to 500", |text| decimal(text).is_some_and(|most| (1..=500).contains(&most))),
    ),
    one(&["NPROJNO"], DECIMAL),
    one(&["NSESSIONID"], DECIMAL),
    one(&["SZDATE"], DATE),
];
const CANCEL: &[Member] = &[
    one(&["NBLOCKING"], Holds::Text("-1 or 0", |text| matches!(text, "-1" | "0"))),
    maybe(&["NJOURNALNO"], DECIMAL),
    one(&["NPOSNO"], DECIMAL),
    one(&["NPROJNO"], DECIMAL),
    maybe(&["NSERIALNO"], DECIMAL),
    one(&["NSESSIONID"], DECIMAL),
    maybe(&["NUNICODENO"], DECIMAL),
    maybe(&["SZVALIDTILL"], DATE),
];
const STATUS: &[Member] = &[
    maybe(&["NJOURNALNO"], DECIMAL),
    one(&["NPOSNO"], DECIMAL),
    one(&["NPROJNO"], DECIMAL),
    maybe(&["NSERIALNO"], DECIMAL),
    one(&["NSESSIONID"], DECIMAL),
    maybe(&["NUNICODENO"], DECIMAL),
];

const POOLS: &[Member] = &[
    one(&["NSESSIONID"], DECIMAL),
    one(&["NWTPPROFILENO"], DECIMAL),
    one(&["SZCOUNTRYCODE"], FILLED),
];
const TICKET_TYPES: &[Member] =
    &[one(&["NPOOLNO"], DECIMAL), one(&["NSESSIONID"], DECIMAL), one(&["NWTPPROFILENO"], DECIMAL)];
const PERSON_TYPES: &[Member] = &[one(&["NSESSIONID"], DECIMAL), one(&["NWTPPROFILENO"], DECIMAL)];
const TARIFF: &[Member] = &[
    one(&["CTPRODUCT"], Holds::Members(PRODUCT)),
    one(&["NSESSIONID"], DECIMAL),
    one(&["NWTPPROFILENO"], DECIMAL),
];

/// The one parameter of an operation and its members.
pub(crate) fn parameter(operation: &str) -> Option<Member> {
    match operation {
        "login" => Some(one(&["i_ctLoginReq"], Holds::Members(LOGIN))),
        "logout" => Some(one(&["i_ctLogoutReq"], Holds::Members(LOGOUT))),
        "checkWTPNo" => Some(one(&["i_ctCheckWTPNoReq"], Holds::Members(CHECK))),
        "issueTicket" => Some(one(&["i_ctIssueTicketReq"], Holds::Members(ISSUE))),
        "getTicketByExtOrder" => Some(one(&["i_ctGetTicketByExtOrderReq"], Holds::Members(FIND))),
        "getSalesList" => Some(one(&["i_ctGetSalesListReq"], Holds::Members(SALES))),
        "cancelTicket" => Some(one(&["i_ctCancelTicketReq"], Holds::Members(CANCEL))),
        "getTicketStatus" => Some(one(&["i_ctGetTicketStatusReq"], Holds::Members(STATUS))),
        "getpools" => Some(one(&["i_ctPoolReq"], Holds::Members(POOLS))),
        "gettickettypes" => Some(one(&["i_ctTicketTypeReq"], Holds::Members(TICKET_TYPES))),
        "getpersontypes" => Some(one(&["i_ctPersonTypeReq"], Holds::Members(PERSON_TYPES))),
        "gettariff" => Some(one(&["i_ctTariffReq"], Holds::Members(TARIFF))),
        _ => None,
    }
}

/// A whole `xs:decimal`: `17`, `-1`, `17.0`.
pub(crate) fn decimal(text: &str) -> Option<i64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let fits = digits(unsigned) && digits(places) && places.bytes().all(|byte| byte == b'0');
    fits.then(|| whole.parse().ok()).flatten()
}
