//! Why a basket cannot be ordered as it is, in words.

use crate::http::middleware::problem::{Kind, Problem};
use crate::language::both;
use crate::typed;

/// Nothing was kept: the same may be sent again.
pub(in crate::http) fn operator_down(name: &str) -> Problem {
    let detail = both(
        format!(
            "{name} cannot be reached and takes no orders until it is. Try again later, or choose another area."
        ),
        format!(
            "{name} ist nicht erreichbar und nimmt solange keine Bestellungen an. Versuchen Sie es später noch einmal oder wählen Sie ein anderes Skigebiet."
        ),
    );
    Problem::new(Kind::OperatorDown, detail).retry_after(60)
}

/// The same for a card of somebody else and one that does not exist.
pub(in crate::http) fn unknown_card() -> Problem {
    let detail = both(
        "Register the card first, then name its `id`.",
        "Registrieren Sie die Karte zuerst und nennen Sie dann ihre `id`.",
    );
    Problem::new(Kind::UnknownCard, detail)
}

pub(in crate::http) fn card_not_accepted(number: &str) -> Problem {
    let number = typed::masked(number);
    let detail = both(
        format!("The operator does not accept {number}. Choose one of its `accepted_cards`."),
        format!(
            "Das Skigebiet nimmt {number} nicht an. Wählen Sie eine Karte aus seinen `accepted_cards`."
        ),
    );
    Problem::new(Kind::CardNotAccepted, detail)
}

pub(in crate::http) fn card_twice(one: usize, other: usize) -> Problem {
    let detail = both(
        format!(
            "Lines {one} and {other} want the same card, operator and day. Choose another card for one of them."
        ),
        format!(
            "Zeile {one} und Zeile {other} wollen dieselbe Karte im selben Skigebiet am selben Tag. Wählen Sie für eine davon eine andere Karte."
        ),
    );
    Problem::new(Kind::CardTwice, detail)
}

pub(in crate::http) fn family_incomplete(line: usize, size: usize) -> Problem {
    let detail = both(
        format!(
            "Line {line} is one of {size} offers of a family price. Order all {size}, each once, or ask for single offers."
        ),
        format!(
            "Zeile {line} ist eines von {size} Angeboten eines Familienpreises. Bestellen Sie alle {size}, jedes einmal, oder fragen Sie nach einzelnen Angeboten."
        ),
    );
    Problem::new(Kind::FamilyIncomplete, detail)
}

pub(in crate::http) fn family_kept_in_part(line: usize) -> Problem {
    let detail = both(
        format!(
            "Line {line} is of a family price. Leave `on_refusal` out or say `undo`, or ask for single offers."
        ),
        format!(
            "Zeile {line} gehört zu einem Familienpreis. Lassen Sie `on_refusal` weg oder senden Sie `undo`, oder fragen Sie nach einzelnen Angeboten."
        ),
    );
    Problem::new(Kind::FamilyTogether, detail)
}

pub(in crate::http) fn free_alone(no: usize) -> Problem {
    let detail = both(
        format!(
            "Line {no}: a free ticket is sold together with a paid one of an adult for the same area and all of its days. Add that ticket to the order."
        ),
        format!(
            "Zeile {no}: Ein Gratisticket gibt es zusammen mit einem bezahlten Ticket einer erwachsenen Person für dasselbe Skigebiet und alle seine Tage. Nehmen Sie es in die Bestellung auf."
        ),
    );
    Problem::new(Kind::FreeAlone, detail)
}

pub(in crate::http) fn free_beyond(no: usize, most: usize) -> Problem {
    let detail = both(
        format!(
            "Line {no}: beside one paid ticket of an adult at most {most} are free. Add one more of an adult to the order."
        ),
        format!(
            "Zeile {no}: Neben einem bezahlten Ticket einer erwachsenen Person sind höchstens {most} gratis. Nehmen Sie noch eines in die Bestellung auf."
        ),
    );
    Problem::new(Kind::FreeAlone, detail)
}

pub(in crate::http) fn free_kept_alone(no: usize) -> Problem {
    let detail = both(
        format!(
            "Line {no} is free beside a paid ticket. Leave `on_refusal` out or say `undo`: one is not kept without the other."
        ),
        format!(
            "Zeile {no} ist gratis neben einem bezahlten Ticket. Lassen Sie `on_refusal` weg oder senden Sie `undo`: Eines wird nicht ohne das andere behalten."
        ),
    );
    Problem::new(Kind::FamilyTogether, detail)
}
