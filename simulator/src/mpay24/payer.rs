//! What payers, banks and time do to a payment, ordered by the control side or done on the page.

use serde::Deserialize;
use serde_json::{Value, json};

use super::book::Attempt;
use super::book::Book;
use super::callbacks::{Notice, Options};
use super::history::{State, Transaction};
use super::service::Mpay24;

/// The body of `POST /control/mpay24/pages/{page}/pay`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payment {
    outcome: Outcome,
    /// Cents; otherwise the page's.
    amount: Option<u32>,
    /// Otherwise the page's.
    currency: Option<String>,
    /// `CC` unless said otherwise; `EPS` and its like have no reservation and cannot be credited.
    p_type: Option<String>,
    #[serde(default)]
    callback: Options,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Reserved,
    Billed,
    Declined,
    Suspended,
    Abandoned,
}

/// What went wrong on a page: number and text as the interface has them.
pub(crate) const DECLINED: (u32, &str) = (1, "");
/// Card expired.
pub(crate) const EXPIRED: (u32, &str) = (100, "Karte abgelaufen (card expired).");
/// Wrong card verification code.
pub(crate) const WRONG_CVC: (u32, &str) = (100, "cvv2/cvc2 falsch (cvv2/cvc2 failure)");

impl Mpay24 {
    /// Pays (or fails to pay) a page named by its id or its tid; the error is a status and what is
    /// wrong.
    pub(crate) async fn pay(&self, name: &str, payment: Payment) -> Result<Value, (u16, String)> {
        let Some(state) = self.state_of(&payment) else {
            return Ok(json!({ "mpay_tid": null, "state": "ABANDONED" }));
        };
        let attempt = |page: &super::book::Page| Attempt {
            state,
            cents: payment.amount.unwrap_or(page.basket.cents),
            currency: payment.currency.clone().unwrap_or_else(|| page.basket.currency.clone()),
            p_type: payment.p_type.clone().unwrap_or_else(|| "CC".to_owned()),
            brand: payment
                .p_type
                .clone()
                .filter(|p_type| p_type != "CC")
                .unwrap_or_else(|| "VISA".to_owned()),
            error: (state == State::Error).then_some(DECLINED),
        };
        let before_answer = payment.callback.before_answer;
        let (answer, notice) = self.attempt(name, attempt, payment.callback.clone())?;
        match notice {
            Some(notice) if before_answer => self.courier.deliver(notice.into()).await,
            Some(notice) => self.courier.send(notice.into()),
            None => {}
        }
        Ok(answer)
    }

    fn state_of(&self, payment: &Payment) -> Option<State> {
        let reserves = payment.p_type.as_deref().is_none_or(|p_type| p_type == "CC");
        match payment.outcome {
            Outcome::Reserved if reserves && !self.is_automatic() => Some(State::Reserved),
            Outcome::Reserved | Outcome::Billed => Some(State::Billed),
            Outcome::Declined => Some(State::Error),
            Outcome::Suspended => Some(State::Suspended),
            Outcome::Abandoned => None,
        }
    }

    /// Makes the attempt and the callback that tells of it.
    pub(crate) fn attempt(
        &self,
        name: &str,
        attempt: impl FnOnce(&super::book::Page) -> Attempt,
        options: Options,
    ) -> Result<(Value, Option<Notice>), (u16, String)> {
        let now = self.clock.now();
        let mut book = self.book();
        let (id, page) = book.payable(name, now).map_err(|says| {
            let status = if book.page(name).is_some() { 409 } else { 404 };
            (status, says.to_owned())
        })?;
        let attempt = attempt(page);
        let transaction =
            book.attempt(&id, attempt, now).cloned().ok_or((404, "no such page".to_owned()))?;
        let answer = json!({ "mpay_tid": transaction.mpay_tid, "state": transaction.state.name() });
        Ok((answer, self.notice(&book, &transaction, options)))
    }

    /// What happens later: `bill`, `fail`, `lapse`, `charge_back`; a lapse alone is not told.
    pub(crate) fn happen(&self, mpay_tid: &str, event: &str) -> Result<Value, (u16, String)> {
        if !matches!(event, "bill" | "fail" | "lapse" | "charge_back" | "credit") {
            return Err((
                404,
                format!("{event} is not known; bill, fail, lapse, charge_back and credit are"),
            ));
        }
        let mut book = self.book();
        let known =
            mpay_tid.parse().ok().filter(|mpay_tid| book.transactions.contains_key(mpay_tid));
        let known = known.ok_or((404, "no such transaction".to_owned()))?;
        let transaction =
            book.happen(known, event, self.clock.now()).map_err(|says| (409, says))?.clone();
        let notice =
            self.notice(&book, &transaction, Options::default()).filter(|_| event != "lapse");
        drop(book);
        if let Some(notice) = notice {
            self.courier.send(notice.into());
        }
        Ok(json!({ "mpay_tid": known, "state": transaction.state.name() }))
    }

    /// The callback of a transaction's last step, if its page has a confirmation address.
    pub(crate) fn notice(
        &self,
        book: &Book,
        transaction: &Transaction,
        options: Options,
    ) -> Option<Notice> {
        let (_, page) = book.page(&transaction.page)?;
        Some(Notice {
            mpay_tid: transaction.mpay_tid,
            tid: transaction.tid.clone(),
            status: transaction.state.name(),
            cents: transaction.last_cents(),
            address: page.basket.urls.confirmation.clone()?,
            parameters: self.parameters(book, transaction),
            options,
        })
    }

    /// The parameters of callbacks and of `TransactionStatus`. Source: mPAY24's parameter table,
    /// plugins.
    pub(crate) fn parameters(
        &self,
        book: &Book,
        transaction: &Transaction,
    ) -> Vec<(&'static str, String)> {
        let basket = book.page(&transaction.page).map(|(_, page)| page.basket.clone());
        let (user_field, language, description) = basket
            .map(|basket| (basket.user_field, basket.language, basket.description))
            .unwrap_or_default();
        let cents = transaction.last_cents().to_string();
        let currency = transaction.currency.clone();
        let usual = || {
            format!("{}*{}*{}", self.access.merchant_id, transaction.cents, transaction.currency)
        };
        vec![
            ("OPERATION", "CONFIRMATION".to_owned()),
            ("TID", transaction.tid.clone()),
            ("STATUS", transaction.state.name().to_owned()),
            ("PRICE", cents),
            ("CURRENCY", currency),
            ("P_TYPE", transaction.p_type.clone()),
            ("BRAND", transaction.brand.clone()),
            ("MPAYTID", transaction.mpay_tid.to_string()),
            ("USER_FIELD", user_field),
            ("ORDERDESC", description.unwrap_or_else(usual)),
            ("CUSTOMER", String::new()),
            ("CUSTOMER_EMAIL", String::new()),
            ("LANGUAGE", language),
            ("CUSTOMER_ID", String::new()),
            ("PROFILE_ID", String::new()),
            ("PROFILE_STATUS", "IGNORED".to_owned()),
            ("FILTER_STATUS", String::new()),
            ("APPR_CODE", "-test-".to_owned()),
        ]
    }
}
