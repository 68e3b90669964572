//! Why something did not come about, in words for a skier that say what can be done about it.

use crate::language::{Words, both};

/// The clause for a reason's slug, without full stop and in English not capitalised; a slug may be
/// followed by the supplier's own code after a colon or space.
#[must_use]
pub fn sentence(refusal: &str) -> Words {
    let slug = code(refusal);
    of_a_card(slug).or_else(|| of_an_order(slug)).unwrap_or_else(|| {
        both(
            "it was not possible this time. Please order again, or ask us",
            "es war diesmal nicht möglich. Bitte bestellen Sie neu oder fragen Sie uns",
        )
    })
}

/// The slug alone, without the supplier's own code behind it.
#[must_use]
pub fn code(refusal: &str) -> &str {
    refusal.split([':', ' ', '/']).next().unwrap_or_default()
}

/// What a lift company says of one ticket.
fn of_a_card(slug: &str) -> Option<Words> {
    Some(match slug {
        "card_not_accepted" => both(
            "this lift company does not accept the keycard. Please check its number, or order with another card",
            "dieses Skigebiet nimmt die Keycard nicht an. Bitte prüfen Sie ihre Nummer oder bestellen Sie mit einer anderen Karte",
        ),
        "card_blocked" => both(
            "the keycard is blocked there. Please order with another card, or ask at the ticket office",
            "die Keycard ist dort gesperrt. Bitte bestellen Sie mit einer anderen Karte oder fragen Sie an der Kassa",
        ),
        "card_full" => both(
            "the keycard has no room for a further ticket. Please order with another card",
            "auf der Keycard ist kein Platz für ein weiteres Ticket. Bitte bestellen Sie mit einer anderen Karte",
        ),
        "card_taken" => both(
            "another order was paid first for this keycard on that day. Please choose another card or day",
            "für diese Keycard wurde an diesem Tag eine andere Bestellung früher bezahlt. Bitte wählen Sie eine andere Karte oder einen anderen Tag",
        ),
        "product_unavailable" => both(
            "the ticket is not sold for that day any more. Please choose another ticket or day",
            "das Ticket wird für diesen Tag nicht mehr verkauft. Bitte wählen Sie ein anderes Ticket oder einen anderen Tag",
        ),
        "price_changed" => both(
            "the price changed in the meantime. Please look at the new price and order again",
            "der Preis hat sich inzwischen geändert. Bitte sehen Sie sich den neuen Preis an und bestellen Sie neu",
        ),
        "holder_incomplete" => both(
            "the skier's data do not suffice there. Please check name and birth date and order again",
            "die Angaben zur Person reichen dort nicht aus. Bitte prüfen Sie Name und Geburtsdatum und bestellen Sie neu",
        ),
        "ticket_used" => both(
            "the ticket was already used at a gate",
            "das Ticket wurde an einem Drehkreuz schon verwendet",
        ),
        "not_issued" => both(
            "the lift company did not issue the ticket. Please order again, or buy at the ticket office",
            "das Skigebiet hat das Ticket nicht ausgestellt. Bitte bestellen Sie neu oder kaufen Sie an der Kassa",
        ),
        _ => return None,
    })
}

/// Why a whole order did not come about.
fn of_an_order(slug: &str) -> Option<Words> {
    Some(match slug {
        "payment_declined" => both(
            "the payment was declined. Please order again and pay by other means",
            "die Zahlung wurde abgelehnt. Bitte bestellen Sie neu und zahlen Sie auf anderem Weg",
        ),
        "payment_page_refused" => both(
            "the payment could not be started. Please order again",
            "die Zahlung konnte nicht begonnen werden. Bitte bestellen Sie neu",
        ),
        "not_paid" => both(
            "it was not paid in time. If you still want to ski, please order again",
            "sie wurde nicht rechtzeitig bezahlt. Wenn Sie noch Ski fahren möchten, bestellen Sie bitte neu",
        ),
        "cancelled" => both("you cancelled it", "Sie haben sie storniert"),
        "undone_by_shop" => both(
            "we had to cancel it. Please ask us, or order again",
            "wir mussten sie stornieren. Bitte fragen Sie uns oder bestellen Sie neu",
        ),
        "card_check_unavailable" => both(
            "the lift company could not check the keycard. Please order again a little later",
            "das Skigebiet konnte die Keycard nicht prüfen. Bitte bestellen Sie etwas später neu",
        ),
        "patience_over" => both(
            "the lift company did not confirm the ticket in time. Please order again, or buy at the ticket office",
            "das Skigebiet hat das Ticket nicht rechtzeitig bestätigt. Bitte bestellen Sie neu oder kaufen Sie an der Kassa",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::RefusalKind;

    #[test]
    fn every_refusal_of_a_supplier_has_its_own_words() {
        for kind in [
            RefusalKind::CardNotAccepted,
            RefusalKind::CardBlocked,
            RefusalKind::CardFull,
            RefusalKind::CardTaken,
            RefusalKind::ProductUnavailable,
            RefusalKind::PriceChanged,
            RefusalKind::HolderIncomplete,
            RefusalKind::TicketUsed,
            RefusalKind::PaymentDeclined,
        ] {
            let words = sentence(kind.slug());
            assert_ne!(words, sentence("no such slug"), "{kind:?}");
            assert_ne!(words.de, words.en, "{kind:?}");
            assert_eq!(sentence(&format!("{}: -4711", kind.slug())), words);
        }
    }

    #[test]
    fn every_reason_that_an_order_ends_with_has_its_own_words() {
        let deciding = [
            include_str!("../../../rules/src/transitions.rs"),
            include_str!("../../../rules/src/advance.rs"),
        ]
        .concat();
        let slug = |text: &&str| {
            text.len() > 5 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        let slugs: Vec<_> = deciding.split('"').skip(1).step_by(2).filter(slug).collect();
        assert!(
            slugs.contains(&"not_paid") && slugs.contains(&"cancelled") && slugs.len() >= 7,
            "{slugs:?}"
        );
        for slug in slugs {
            let words = sentence(slug);
            assert_ne!(words, sentence("no such slug"), "{slug}");
            assert_ne!(words.de, words.en, "{slug}");
        }
    }
}
