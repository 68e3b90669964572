//! What stands on the wire beside the body, by a server that answers one sample.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::page;
use crate::clock::Deadline;
use crate::integrations::payment::mpay24::client::bounded;
use crate::integrations::payment::mpay24::wire::Operation;
use crate::integrations::payment::mpay24::{Config, connect};
use crate::integrations::payment::{CreditAmount, OpenedPage, PaymentProvider};
use crate::integrations::{Outcome, Permit};

async fn server() -> (TcpListener, Rc<dyn PaymentProvider>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        merchant_id: 90_000,
        password: "pass:word".into(),
        test: true,
        callback_networks: crate::network::Networks::default(),
    };
    (listener, connect(&config).unwrap())
}

/// Reads one request, answers it with `status` and a sample, and gives what was read.
async fn serve(listener: &TcpListener, status: &str, kind: &str, sample: &str) -> String {
    let samples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/integrations/payment/mpay24/samples");
    let body = std::fs::read(samples.join(sample)).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"</soap:Envelope>") {
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "the request ended early");
    }
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    String::from_utf8(heard).unwrap()
}

fn permit() -> Permit {
    Permit::until(Deadline::after(Duration::from_secs(10)))
}

#[tokio::test]
async fn a_request_names_path_action_and_user_and_its_answer_is_the_page() {
    let (listener, provider) = server().await;
    let serve =
        serve(&listener, "200 OK", "text/xml; charset=utf-8", "own/select_payment_opened.xml");
    let (outcome, heard) = tokio::join!(provider.open_page(page(), permit()), serve);
    let url = "https://test.mpay24.com/app/bin/checkout/payment/0123456789abcdef0123456789abcdef"
        .to_owned();
    assert_eq!(outcome, Outcome::Done(OpenedPage { url }));
    assert!(heard.starts_with("POST /app/bin/etpproxy_v15 HTTP/1.1\r\n"), "{heard}");
    // u90000:pass:word
    for header in [
        "authorization: Basic dTkwMDAwOnBhc3M6d29yZA==\r\n",
        "soapaction: \"SelectPayment\"\r\n",
        "content-type: text/xml; charset=utf-8\r\n",
    ] {
        assert!(heard.contains(header), "{header}{heard}");
    }
}

#[tokio::test]
async fn the_providers_log_in_page_is_not_sent_and_its_fault_is_unknown() {
    let (listener, provider) = server().await;
    let unauthorized = serve(
        &listener,
        "401 Unauthorized",
        "text/html",
        "sdk/accept-payment.response.unauthorized.xml",
    );
    let (outcome, _) = tokio::join!(provider.reverse("102030".into(), permit()), unauthorized);
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    let fault = serve(
        &listener,
        "500 Error",
        "text/xml",
        "sdk/create-payment-token.response.error.ptype-mismatch.xml",
    );
    let (outcome, _) = tokio::join!(provider.reverse("102030".into(), permit()), fault);
    assert_eq!(outcome, Outcome::Unknown("ManualReverse: fault Client".into()));
}

#[test]
fn a_permit_is_cut_to_what_an_operation_may_take_and_still_ends_with_its_asker() {
    let hour = Permit::until(Deadline::after(Duration::from_secs(3600)));
    for (operation, seconds) in [(Operation::TransactionHistory, 15), (Operation::ManualCredit, 60)]
    {
        let remaining = bounded(&hour, operation).deadline().remaining();
        assert!(
            remaining <= Duration::from_secs(seconds)
                && remaining > Duration::from_secs(seconds - 5)
        );
    }
    let short = Permit::until(Deadline::after(Duration::from_secs(2)));
    assert_eq!(bounded(&short, Operation::ManualCredit).deadline(), short.deadline());
    assert!(!bounded(&Permit::new(hour.deadline(), || false), Operation::ManualCredit).holds());
}

#[tokio::test]
async fn case_28_nothing_too_much_or_negative_is_moved_and_nothing_leaves_us() {
    let (listener, provider) = server().await;
    for amount in [0, -1, i64::from(u32::MAX) + 1] {
        let captured = provider.capture("102030".into(), amount, permit()).await;
        assert!(matches!(captured, Outcome::NotSent(_)), "{amount}: {captured:?}");
        let credited = provider.credit("102030".into(), CreditAmount::Part(amount), permit()).await;
        assert!(matches!(credited, Outcome::NotSent(_)), "{amount}: {credited:?}");
    }
    let heard = futures_util::FutureExt::now_or_never(listener.accept());
    assert!(heard.is_none(), "nobody called");
    let over = serve(&listener, "200 OK", "text/xml", "own/manual_credit_over_limit.xml");
    let (credited, _) =
        tokio::join!(provider.credit("102030".into(), CreditAmount::Part(1), permit()), over);
    assert!(
        matches!(credited, Outcome::Refused(refusal) if refusal.code == "CREDIT_LIMIT_EXCEEDED")
    );
}
