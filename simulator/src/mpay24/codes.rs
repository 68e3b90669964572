//! Return codes and their numbers.

/// Why an operation did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) &'static str);

pub(crate) const ACCESS_DENIED: Code = Code("ACCESS_DENIED");
pub(crate) const ALREADY_PROCESSED: Code = Code("ALREADY_PROCESSED");
pub(crate) const CLEARING_LIMIT_EXCEEDED: Code = Code("CLEARING_LIMIT_EXCEEDED");
pub(crate) const CREDIT_LIMIT_EXCEEDED: Code = Code("CREDIT_LIMIT_EXCEEDED");
pub(crate) const EXTERNAL_ERROR: Code = Code("EXTERNAL_ERROR");
pub(crate) const INVALID_MDXI: Code = Code("INVALID_MDXI");
pub(crate) const INVALID_PRICE: Code = Code("INVALID_PRICE");
pub(crate) const MERCHANT_ID_NOT_CORRECT: Code = Code("MERCHANTID_NOT_CORRECT");
pub(crate) const MPAYTID_NOT_ENTERED: Code = Code("MPAYTID_NOT_ENTERED");
pub(crate) const NOT_FOUND: Code = Code("NOT_FOUND");
pub(crate) const OPERATION_NOT_SUPPORTED: Code = Code("OPERATION_NOT_SUPPORTED");
pub(crate) const SIZE_NOT_CORRECT: Code = Code("SIZE_NOT_CORRECT");
pub(crate) const TRANSACTION_ALREADY_CLEARED: Code = Code("TRANSACTION_ALREADY_CLEARED");

/// Source: docs.mpay24.com, return codes and error messages, read 2026-11-23; those without a
/// number are seen in plugins.
const KNOWN: [(&str, Option<u32>); 33] = [
    ("DECLINED", Some(1)),
    ("BLOCKED", Some(2)),
    ("ACCESS_DENIED", Some(3)),
    ("MERCHANT_LOCKED", Some(4)),
    ("PAYMENT_METHOD_NOT_ACTIVE", Some(5)),
    ("OPERATION_NOT_SUPPORTED", Some(8)),
    ("PTYPE_MISMATCH", Some(9)),
    ("NOT_FOUND", Some(10)),
    ("ALREADY_PROCESSED", Some(11)),
    ("CACHE_DATA_EXPIRED", Some(12)),
    ("INVALID_MDXI", Some(13)),
    ("INVALID_PRICE", Some(14)),
    ("INVALID_AMOUNT", Some(14)),
    ("INVALID_CREDITCARD_NUMBER", Some(15)),
    ("INVALID_MAESTRO_NUMBER", Some(16)),
    ("INVALID_IBAN", Some(17)),
    ("PROFILE_NOT_FOUND", Some(20)),
    ("PROFILE_NOT_SUPPORTED", Some(21)),
    ("PROFILE_FLEX_NOT_SUPPORTED", Some(22)),
    ("PROFILE_COUNT_EXCEEDED", Some(23)),
    ("TOKEN_NOT_FOUND", Some(30)),
    ("INTERNAL_ERROR", Some(99)),
    ("EXTERNAL_ERROR", Some(100)),
    ("TOKEN_NOT_VALID", None),
    ("TOKEN_EXPIRED", None),
    ("TOKEN_ENCRYPTION_FAILURE", None),
    ("TOKEN_DECRYPTION_FAILURE", None),
    ("WITHDRAW_NOT_ALLOWED", None),
    ("TRANSACTION_ALREADY_CLEARED", None),
    ("CREDIT_LIMIT_EXCEEDED", None),
    ("CLEARING_LIMIT_EXCEEDED", None),
    ("PROFILE_ERROR", None),
    ("TEMPLATESET_NOT_CORRECT", Some(7)),
];
/// Codes that name the parameter they are about.
const ABOUT_A_PARAMETER: [(&str, u32); 3] =
    [("_NOT_ENTERED", 6), ("_NOT_CORRECT", 7), ("_NOT_SUPPORTED", 8)];

/// Whether `business_error` may have this value at mPAY24.
pub(crate) fn is_return_code(code: &str) -> bool {
    KNOWN.iter().any(|(known, _)| *known == code)
        || ABOUT_A_PARAMETER.iter().any(|(end, _)| code.ends_with(end))
}

/// The `errNo` of a return code, where one is known.
pub(crate) fn number(code: &str) -> Option<u32> {
    let known = KNOWN.iter().find(|(known, _)| *known == code).map(|(_, number)| *number);
    let about =
        || ABOUT_A_PARAMETER.iter().find(|(end, _)| code.ends_with(end)).map(|(_, number)| *number);
    known.unwrap_or_else(about)
}
