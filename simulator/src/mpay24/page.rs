//! The hosted payment page: a plain form with the test cards, a 3-D Secure step, a way back.

use super::book::Attempt;
use super::callbacks::{Options, extended};
use super::history::State;
use super::mdxi::Basket;
use super::payer::{DECLINED, EXPIRED, WRONG_CVC};
use super::service::Mpay24;
use crate::http::{Answer, Asked};
use crate::xml::escaped;

/// What a page's address starts with; 32 hexadecimal digits follow.
pub(crate) const PATH: &str = "/app/bin/checkout/payment/";
/// Source: docs.mpay24.com, test data.
const CARDS: [(&str, &str); 2] = [("4444333322221111", "VISA"), ("5555444433331111", "MASTERCARD")];

/// What the payer's form asks for, by the month of expiry. Source: docs.mpay24.com, test data.
enum Verdict {
    Refused((u32, &'static str)),
    Accepted,
    SecureStep,
}

fn verdict(month: u32) -> Verdict {
    match month {
        1 => Verdict::Refused(DECLINED),
        2 => Verdict::Refused(EXPIRED),
        3 | 4 => Verdict::Refused(WRONG_CVC),
        5 => Verdict::Accepted,
        _ => Verdict::SecureStep,
    }
}

impl Mpay24 {
    /// Answers the browser; `rest` is the page's id and the step.
    pub(crate) fn show(&self, asked: &Asked, rest: &str) -> Answer {
        let (id, step) = rest.split_once('/').unwrap_or((rest, ""));
        let payable =
            self.book().payable(id, self.clock.now()).map(|(_, page)| page.basket.clone());
        let basket = match payable {
            Ok(basket) => basket,
            Err(says) => {
                return Answer::html(
                    410,
                    page("Not payable", &format!("<p>{}</p>", escaped(says))),
                );
            }
        };
        let fields = fields(&asked.body);
        match (asked.method.as_str(), step) {
            ("GET", "") => Answer::html(200, form(id, &basket, "")),
            ("POST", "") => self.paid(id, &basket, &fields),
            ("POST", "3ds") => self.secured(id, &basket, &fields),
            ("GET" | "POST", "cancel") => {
                leave(basket.urls.cancel.as_deref(), &[], "Payment canceled")
            }
            _ => Answer::html(404, page("Not found", "")),
        }
    }

    fn paid(&self, id: &str, basket: &Basket, fields: &[(String, String)]) -> Answer {
        if field(fields, "method") == "EPS" {
            return self.finish(id, basket, ("EPS", "EPS"), State::Billed);
        }
        let number: String = field(fields, "card").split_whitespace().collect();
        let brand = CARDS.iter().find(|(card, _)| *card == number).map(|(_, brand)| *brand);
        let month =
            field(fields, "month").parse::<u32>().ok().filter(|month| (1..=12).contains(month));
        let (Some(brand), Some(month)) = (brand, month) else {
            return Answer::html(
                200,
                form(id, basket, "Only the test cards below, and a month from 1 to 12."),
            );
        };
        match verdict(month) {
            Verdict::Refused(error) => self.refused(id, basket, brand, error),
            Verdict::Accepted => self.finish(id, basket, ("CC", brand), self.state()),
            Verdict::SecureStep => Answer::html(200, secure_step(id, brand)),
        }
    }

    fn secured(&self, id: &str, basket: &Basket, fields: &[(String, String)]) -> Answer {
        let brand = CARDS
            .iter()
            .find(|(_, brand)| *brand == field(fields, "brand"))
            .map_or("VISA", |(_, brand)| *brand);
        if field(fields, "result") == "ok" {
            self.finish(id, basket, ("CC", brand), self.state())
        } else {
            self.refused(id, basket, brand, DECLINED)
        }
    }

    fn state(&self) -> State {
        if self.is_automatic() { State::Billed } else { State::Reserved }
    }

    fn refused(
        &self,
        id: &str,
        basket: &Basket,
        brand: &str,
        error: (u32, &'static str),
    ) -> Answer {
        if !self.try_payment(id, ("CC", brand), State::Error, Some(error)) {
            return Answer::html(410, page("Not payable", ""));
        }
        let says = if error.1.is_empty() { "The card was declined." } else { error.1 };
        let parameters = [
            ("TID", basket.tid.clone()),
            ("LANGUAGE", basket.language.clone()),
            ("USER_FIELD", basket.user_field.clone()),
            ("BRAND", brand.to_owned()),
            ("ERRTEXT", says.to_owned()),
            ("EXTERNALSTATUS", error.0.to_string()),
        ];
        let back = basket.urls.error.as_deref().map(|url| extended(url, &parameters, false));
        let link =
            back.map(|url| format!("<p><a href=\"{}\">Back to the shop</a></p>", escaped(&url)));
        let body =
            form(id, basket, says).replace("</body>", &(link.unwrap_or_default() + "</body>"));
        Answer::html(200, body)
    }

    fn finish(
        &self,
        id: &str,
        basket: &Basket,
        (p_type, brand): (&str, &str),
        state: State,
    ) -> Answer {
        if !self.try_payment(id, (p_type, brand), state, None) {
            return Answer::html(410, page("Not payable", ""));
        }
        let parameters = [
            ("TID", basket.tid.clone()),
            ("LANGUAGE", basket.language.clone()),
            ("USER_FIELD", basket.user_field.clone()),
            ("BRAND", brand.to_owned()),
        ];
        leave(basket.urls.success.as_deref(), &parameters, "Payment accepted")
    }

    fn try_payment(
        &self,
        id: &str,
        (p_type, brand): (&str, &str),
        state: State,
        error: Option<(u32, &'static str)>,
    ) -> bool {
        let attempt = |page: &super::book::Page| Attempt {
            state,
            cents: page.basket.cents,
            currency: page.basket.currency.clone(),
            p_type: p_type.to_owned(),
            brand: brand.to_owned(),
            error,
        };
        match self.attempt(id, attempt, Options::default()) {
            Ok((_, Some(notice))) => self.courier.send(notice.into()),
            Ok((_, None)) => {}
            Err(_) => return false,
        }
        true
    }
}

/// Sends the browser to the shop, or says what happened when the shop gave no address.
fn leave(url: Option<&str>, parameters: &[(&'static str, String)], says: &str) -> Answer {
    let Some(url) = url else {
        return Answer::html(200, page(says, "<p>You may close this window.</p>"));
    };
    let location = extended(url, parameters, false);
    let link = format!("<p><a href=\"{}\">Continue</a></p>", escaped(&location));
    Answer::html(303, page(says, &link)).with("location", location)
}

fn form(id: &str, basket: &Basket, says: &str) -> String {
    let cents = basket.cents;
    let amount = format!("{}.{:02} {}", cents / 100, cents % 100, basket.currency);
    let says = if says.is_empty() {
        String::new()
    } else {
        format!("<p role=\"alert\">{}</p>", escaped(says))
    };
    let cards: String =
        CARDS.iter().map(|(card, brand)| format!("<li>{brand} <code>{card}</code></li>")).collect();
    page(
        "SIMULATED mPAY24 payment page",
        &format!(
            "<p>No money moves here. Order <b>{tid}</b>, amount <b>{amount}</b>.</p>{says}\
             <form method=\"post\" action=\"{PATH}{id}\"><p><label>Card number <input name=\"card\" value=\"{card}\">\
             </label></p><p><label>Expiry month <input name=\"month\" value=\"05\" size=\"2\"></label> \
             <label>year <input name=\"year\" value=\"30\" size=\"2\"></label> \
             <label>CVC <input name=\"cvc\" value=\"123\" size=\"3\"></label></p>\
             <p><button name=\"method\" value=\"CC\">Pay by card</button> \
             <button name=\"method\" value=\"EPS\">Pay by EPS</button></p></form>\
             <p>Month 01 declines, 02 to 04 fail, 05 pays at once, 06 to 12 ask for 3-D Secure. Cards:</p><ul>{cards}</ul>\
             <p><a href=\"{PATH}{id}/cancel\">Cancel</a></p>",
            tid = escaped(&basket.tid),
            amount = escaped(&amount),
            card = CARDS[0].0,
        ),
    )
}

fn secure_step(id: &str, brand: &str) -> String {
    page(
        "SIMULATED 3-D Secure",
        &format!(
            "<p>The bank of this {brand} card asks whether it is you.</p>\
             <form method=\"post\" action=\"{PATH}{id}/3ds\"><input type=\"hidden\" name=\"brand\" value=\"{brand}\">\
             <button name=\"result\" value=\"ok\">Yes, pay</button> <button name=\"result\" value=\"no\">No</button></form>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    let head = "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">";
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head>{head}<title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>\n"
    )
}

/// The pairs of a URL-encoded form.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
        .unwrap_or_default()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hexadecimal = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped =
            hexadecimal.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
