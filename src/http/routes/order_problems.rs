//! Why an order, a change of one or its invoice was not given, in words.

use std::time::Duration;

use crate::actors::invoice::ArchiveError;
use crate::actors::order::{ChangeError, PlaceError};
use crate::http::middleware::problem::{Kind, Problem};
use crate::language::{Words, both};
use crate::typed;

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::KeyUsed => Self::new(
                Kind::IdempotencyKeyUsed,
                both(
                    "Choose a new key for a new order, or send the same body again.",
                    "Wählen Sie für eine neue Bestellung einen neuen Schlüssel oder senden Sie denselben Inhalt noch einmal.",
                ),
            ),
            PlaceError::Running => Self::new(
                Kind::StillPlacing,
                both(
                    "An order is being placed under this idempotency key. Send the same again in a moment.",
                    "Unter diesem Idempotency-Key wird gerade eine Bestellung angelegt. Senden Sie dasselbe gleich noch einmal.",
                ),
            )
            .retry_after(1),
            PlaceError::CardTaken { line, order: number, id } => Self::new(
                Kind::CardTaken,
                both(
                    format!(
                        "Line {line}: your order {number} has a ticket of this operator on this card and day already, or waits to be paid for one. Choose another card or day, or pay or cancel that order."
                    ),
                    format!(
                        "Zeile {line}: Ihre Bestellung {number} hat auf dieser Karte für diesen Tag schon ein Ticket dieses Skigebiets oder wartet dafür auf ihre Bezahlung. Wählen Sie eine andere Karte oder einen anderen Tag, oder bezahlen oder stornieren Sie jene Bestellung."
                    ),
                ),
            )
            .of_order(id),
            PlaceError::NotFree(line) => Self::new(
                Kind::CardTaken,
                both(
                    format!(
                        "Line {line}: a free ticket cannot be loaded onto this card for that day. Choose another card or day."
                    ),
                    format!(
                        "Zeile {line}: Auf diese Karte kann für diesen Tag kein kostenloses Ticket geladen werden. Wählen Sie eine andere Karte oder einen anderen Tag."
                    ),
                ),
            ),
            PlaceError::TooManyUnpaid(most) => too_many_unpaid(most),
            PlaceError::TooManyRejected(wait) => too_many_rejected(wait),
            PlaceError::NoAddress => no_address(),
            PlaceError::NoGlyph(sign) => Self::invalid(typed::no_glyph("first_name, last_name", sign)),
            PlaceError::NoAccount => no_account(),
            PlaceError::TooSmall => Self::new(
                Kind::TotalTooSmall,
                both(
                    "Totals from 1 to 9 cents cannot be paid. Order more, or only what is free.",
                    "Summen von 1 bis 9 Cent können nicht bezahlt werden. Bestellen Sie mehr oder nur, was gratis ist.",
                ),
            ),
            PlaceError::Io(error) => error.into(),
        }
    }
}

fn too_many_unpaid(most: u32) -> Problem {
    let detail = both(
        format!("{most} orders of yours wait to be paid. Pay one or cancel one, then order again."),
        format!(
            "{most} Ihrer Bestellungen warten auf ihre Bezahlung. Bezahlen oder stornieren Sie eine, dann bestellen Sie noch einmal."
        ),
    );
    Problem::new(Kind::TooManyUnpaid, detail)
}

fn too_many_rejected(wait: Duration) -> Problem {
    let detail = both(
        "Too many of your orders came to nothing within an hour. Order again after the time in Retry-After.",
        "Zu viele Ihrer Bestellungen führten binnen einer Stunde zu nichts. Bestellen Sie nach der Zeit in Retry-After noch einmal.",
    );
    Problem::throttled(detail, wait.as_secs() + 1)
}

fn no_address() -> Problem {
    let detail = both(
        "The invoice of an order of more than 400 € must show the buyer's address. Add yours with `PUT /api/v1/accounts/me/billing`, or send it as `billing` in this order.",
        "Die Rechnung einer Bestellung über mehr als 400 € muss die Anschrift zeigen. Geben Sie Ihre mit `PUT /api/v1/accounts/me/billing` an oder senden Sie sie als `billing` in dieser Bestellung.",
    );
    Problem::new(Kind::BillingMissing, detail)
}

fn no_account() -> Problem {
    Problem::unauthenticated(both(
        "The account was deleted. Open a new one to order.",
        "Das Konto wurde gelöscht. Eröffnen Sie ein neues, um zu bestellen.",
    ))
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Unknown => Self::not_found(both(
                "The account has no such order. `GET /api/v1/orders` lists all.",
                "Ihr Konto hat keine solche Bestellung. `GET /api/v1/orders` nennt alle.",
            )),
            ChangeError::TooLate(state) => {
                let why = why(state);
                Self::new(
                    Kind::TooLate,
                    both(
                        format!("{} It cannot be cancelled any more.", why.en),
                        format!("{} Sie kann nicht mehr storniert werden.", why.de),
                    ),
                )
            }
            ChangeError::NotPaying("placed") => Self::new(
                Kind::NothingToPay,
                both(
                    "The order's cards are still being checked. Its payment page opens by itself.",
                    "Die Karten der Bestellung werden noch geprüft. Ihre Bezahlseite öffnet sich von selbst.",
                ),
            )
            .retry_after(1),
            ChangeError::NotPaying(state) => {
                let why = why(state);
                Self::new(
                    Kind::NothingToPay,
                    both(
                        format!("{} There is nothing to pay.", why.en),
                        format!("{} Es gibt nichts zu bezahlen.", why.de),
                    ),
                )
            }
            ChangeError::TooManyPages => Self::new(
                Kind::TooManyPages,
                both(
                    "The order had too many payment pages. Cancel it and order again, or ask us.",
                    "Die Bestellung hatte schon zu viele Bezahlseiten. Stornieren Sie sie und bestellen Sie neu, oder fragen Sie uns.",
                ),
            ),
            ChangeError::Not(obstacle) => obstacle.into(),
            ChangeError::Return(no) => no.into(),
            ChangeError::Io(error) => error.into(),
        }
    }
}

/// What a state's word means to somebody who wants to cancel.
fn why(state: &str) -> Words {
    match state {
        "authorised" => both(
            "The order is paid and its tickets are being loaded onto their cards.",
            "Die Bestellung ist bezahlt und ihre Tickets werden gerade auf die Karten geladen.",
        ),
        "issued" | "captured" | "finished" => both(
            "The order's tickets are on their cards.",
            "Die Tickets der Bestellung sind auf ihren Karten.",
        ),
        "undoing" => both(
            "The order is being undone already.",
            "Die Bestellung wird schon rückgängig gemacht.",
        ),
        "rejected" | "undone" => both(
            "The order has ended already and nothing is charged.",
            "Die Bestellung ist schon beendet und kostet nichts.",
        ),
        _ => both("The order has gone on.", "Die Bestellung ist schon weiter."),
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NotFound => Self::not_found(both(
                "The order has no such invoice. See its `invoices`.",
                "Die Bestellung hat keine solche Rechnung. Sehen Sie in ihren `invoices` nach.",
            )),
            ArchiveError::Differs | ArchiveError::Unprintable(_) => {
                tracing::error!(event = "invoice.unreadable", alert = true, %error, "an invoice cannot be shown");
                Self::internal()
            }
            ArchiveError::Storage(cause) => {
                tracing::error!(event = "documents.failed", %cause, "the documents' folder failed a request");
                Self::unavailable(
                    both(
                        "The document cannot be read right now. Try again in a moment.",
                        "Das Dokument ist gerade nicht lesbar. Versuchen Sie es gleich noch einmal.",
                    ),
                    2,
                )
            }
            ArchiveError::Database(error) => error.into(),
        }
    }
}
