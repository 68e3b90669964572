//! The wire of mPAY24: authenticate, check the shape, do the operation, tell by callback.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::Book;
use super::callbacks::Options;
use super::codes::{Code, MERCHANT_ID_NOT_CORRECT, number};
use super::operations::{self, Outcome};
use super::shapes::{ETP, shape_of};
use super::start::{Mpay24Access, SUPPLIER};
use crate::clock::Clock;
use crate::control::{body, cannot, unknown};
use crate::courier::Courier;
use crate::faults::{Bent, Faults};
use crate::http::{Answer, Asked};
use crate::shape;
use crate::soap;
use crate::supplier::{PAYMENT_PAGE, Service, Supplier};
use crate::tasks::Tasks;
use crate::xml::{Element, leaf};

/// Where the SOAP interface is. Source: docs.mpay24.com, SOAP interface.
pub(crate) const PATH: &str = "/app/bin/etpproxy_v15";
const UNAUTHORIZED: &str = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head><title>401 Unauthorized\
    </title></head><body><h1>Unauthorized</h1></body></html>\n";

/// The merchant's account.
pub(crate) struct Mpay24 {
    pub(crate) access: Mpay24Access,
    pub(crate) clock: Arc<Clock>,
    pub(crate) courier: Arc<Courier>,
    book: Arc<Mutex<Book>>,
    automatic: AtomicBool,
    base: OnceLock<String>,
}

impl Mpay24 {
    pub(crate) fn new(
        access: Mpay24Access,
        clock: Arc<Clock>,
        faults: Arc<Faults>,
        tasks: Tasks,
    ) -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let written = Arc::clone(&book);
        let courier = Courier::new(
            &SUPPLIER,
            (tasks, faults, Arc::clone(&clock)),
            |status, body| status == 200 && body.starts_with("OK"),
            move |mpay_tid, entry| {
                let mut book = written.lock().unwrap_or_else(PoisonError::into_inner);
                book.log_callback(mpay_tid, entry);
            },
        );
        let automatic = AtomicBool::new(false);
        let base = OnceLock::new();
        Self { access, clock, courier: Arc::new(courier), book, automatic, base }
    }

    /// Tells under which address payment pages are found; only the first call counts.
    pub(crate) fn listens_at(&self, base: String) {
        self.base.get_or_init(|| base);
    }

    /// With automatic clearing a payment is billed at once; a setting of the merchant's portal.
    pub(crate) fn set_automatic(&self, automatic: bool) {
        self.automatic.store(automatic, Ordering::SeqCst);
    }

    pub(crate) fn is_automatic(&self) -> bool {
        self.automatic.load(Ordering::SeqCst)
    }

    /// Every page opened.
    pub(crate) fn pages(&self) -> Vec<Value> {
        self.book().pages()
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn operate(&self, call: &Element) -> Outcome {
        if call.text_of("merchantID") != self.access.merchant_id {
            return Outcome { code: Some(MERCHANT_ID_NOT_CORRECT), ..Outcome::default() };
        }
        let now = self.clock.now();
        let base = self.base.get().map(String::as_str).unwrap_or_default();
        let mut book = self.book();
        let outcome = match call.name.as_str() {
            "SelectPayment" => operations::select_payment(&mut book, call, base, now),
            "ManualClear" => operations::manual_clear(&mut book, call, now),
            "ManualReverse" => operations::manual_reverse(&mut book, call, now),
            "ManualCredit" => operations::manual_credit(&mut book, call, now),
            "TransactionHistory" => operations::transaction_history(&book, call),
            "ListNotCleared" => operations::list_not_cleared(&book, call),
            _ => operations::transaction_status(&mut book, call, |book, found| {
                self.parameters(book, found)
            }),
        };
        for mpay_tid in &outcome.changed {
            let changed = book.transactions.get(mpay_tid);
            if let Some(notice) =
                changed.and_then(|changed| self.notice(&book, changed, Options::default()))
            {
                self.courier.send(notice.into());
            }
        }
        outcome
    }

    fn soap(&self, asked: &Asked) -> Answer {
        if !self.is_merchant(asked) {
            return Answer::html(401, UNAUTHORIZED.to_owned())
                .with("www-authenticate", "Basic realm=\"etp\"");
        }
        if asked.method != "POST" {
            return Answer::html(405, "<html><body>POST only</body></html>\n".to_owned());
        }
        match call(asked) {
            Ok(call) => reply(&call.name, &self.operate(call)),
            Err(says) => {
                soap::fault("Client", &format!("Validation constraint violation: {says}"), "")
            }
        }
    }

    fn is_merchant(&self, asked: &Asked) -> bool {
        asked.is_from(&format!("u{}", self.access.merchant_id), &self.access.password)
    }
}

/// The call, when it fits its operation's schema. Content type, `SOAPAction` and prefixes do not
/// matter here.
fn call(asked: &Asked) -> Result<&Element, String> {
    let call = soap::open(asked)?.call;
    let members = shape_of(&call.name).ok_or_else(|| format!("unknown operation {}", call.name))?;
    if call.namespace != ETP {
        return Err(format!("element {} is in namespace '{}'", call.name, call.namespace));
    }
    shape::check(call, "", members)?;
    Ok(call)
}

fn reply(operation: &str, outcome: &Outcome) -> Answer {
    let (status, code) = match (outcome.code, operation) {
        (Some(Code(code)), _) => ("ERROR", code),
        (None, "SelectPayment") => ("OK", "REDIRECT"),
        (None, _) => ("OK", "OK"),
    };
    let inner = leaf("status", status) + &leaf("returnCode", code) + &outcome.members;
    soap::answer(&format!(
        "<etp:{operation}Response xmlns:etp=\"{ETP}\">{inner}</etp:{operation}Response>"
    ))
}

impl Service for Mpay24 {
    fn supplier(&self) -> &'static Supplier {
        &SUPPLIER
    }

    fn operation<'a>(&self, asked: &'a Asked) -> Option<&'a str> {
        if asked.path.starts_with(super::page::PATH) {
            Some(PAYMENT_PAGE)
        } else {
            soap::operation(asked)
        }
    }

    fn execute(&self, asked: &Asked, _bent: Bent) -> Answer {
        if let Some(page) = asked.path.strip_prefix(super::page::PATH) {
            return self.show(asked, page);
        }
        if asked.path == PATH {
            self.soap(asked)
        } else {
            Answer::html(404, "<html><body>not found</body></html>\n".to_owned())
        }
    }

    fn refuse(&self, asked: &Asked, code: Option<&str>) -> Answer {
        let Ok(call) = call(asked) else { return self.soap(asked) };
        let code = code.unwrap_or("DECLINED");
        let members = match call.name.as_str() {
            "SelectPayment" => {
                number(code).map(|number| leaf("errNo", number)).unwrap_or_default()
                    + &leaf("errText", "refused by a fault")
            }
            "ManualReverse" | "ManualCredit" => self.unchanged(call),
            "ManualClear" => {
                call.all("clearingDetails").map(|detail| self.unchanged(detail)).collect()
            }
            "ListNotCleared" => leaf("all", 0),
            _ => String::new(),
        };
        let inner = leaf("status", "ERROR") + &leaf("returnCode", code) + &members;
        let name = &call.name;
        soap::answer(&format!(
            "<etp:{name}Response xmlns:etp=\"{ETP}\">{inner}</etp:{name}Response>"
        ))
    }

    fn control<'a>(
        &'a self,
        asked: &'a Asked,
        path: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answer, Answer>> {
        self.controlled(asked, path).boxed()
    }

    fn ledger(&self) -> Vec<Value> {
        self.book().transactions.values().map(super::history::Transaction::entry).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clearing {
    automatic: bool,
}

impl Mpay24 {
    /// The merchant's portal, the payer, and what banks do later.
    async fn controlled(&self, asked: &Asked, path: &[&str]) -> Result<Answer, Answer> {
        let refused = |(status, says): (u16, String)| cannot(status, &says);
        match (asked.method.as_str(), path) {
            ("PUT", ["clearing"]) => {
                let automatic = body::<Clearing>(asked)?.automatic;
                self.set_automatic(automatic);
                Ok(Answer::json(200, &json!({ "automatic": automatic })))
            }
            ("GET", ["pages"]) => Ok(Answer::json(200, &json!({ "items": self.pages() }))),
            ("POST", ["pages", page, "pay"]) => {
                let paid = self.pay(page, body(asked)?).await.map_err(refused)?;
                Ok(Answer::json(200, &paid))
            }
            ("POST", ["transactions", mpay_tid, event]) => {
                Ok(Answer::json(200, &self.happen(mpay_tid, event).map_err(refused)?))
            }
            _ => Err(unknown(asked)),
        }
    }

    fn unchanged(&self, element: &Element) -> String {
        let mpay_tid = operations::mpay_tid(element);
        operations::transaction(mpay_tid, self.book().transactions.get(&mpay_tid))
    }
}
