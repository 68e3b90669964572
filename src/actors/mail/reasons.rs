//! Why something did not come about, in words for a skier that say what can be done about it.

/// The clause for a reason's slug, without full stop and not capitalised; a slug may be followed by the supplier's own
/// code after a colon or space.
#[must_use]
pub fn sentence(refusal: &str) -> &'static str {
    let slug = refusal.split([':', ' ', '/']).next().unwrap_or_default();
    match slug {
        "card_not_accepted" => {
            "this lift company does not accept the keycard. Please check its number, or order with another card"
        }
        "card_blocked" => "the keycard is blocked there. Please order with another card, or ask at the ticket office",
        "card_full" => "the keycard has no room for a further ticket. Please order with another card",
        "product_unavailable" => "the ticket is not sold for that day any more. Please choose another ticket or day",
        "price_changed" => "the price changed in the meantime. Please look at the new price and order again",
        "holder_incomplete" => {
            "the skier's data do not suffice there. Please check name and birth date and order again"
        }
        "ticket_used" => "the ticket was already used at a gate",
        "payment_declined" => "the payment was declined. Please order again and pay by other means",
        "payment_page_refused" => "the payment could not be started. Please order again",
        "not_paid" => "it was not paid in time. If you still want to ski, please order again",
        "cancelled" => "you cancelled it",
        "undone_by_shop" => "we had to cancel it. Please ask us, or order again",
        "card_check_unavailable" => "the lift company could not check the keycard. Please order again a little later",
        "patience_over" => {
            "the lift company did not confirm the ticket in time. Please order again, or buy at the ticket office"
        }
        "not_issued" => "the lift company did not issue the ticket. Please order again, or buy at the ticket office",
        _ => "it was not possible this time. Please order again, or ask us",
    }
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
            RefusalKind::ProductUnavailable,
            RefusalKind::PriceChanged,
            RefusalKind::HolderIncomplete,
            RefusalKind::TicketUsed,
            RefusalKind::PaymentDeclined,
        ] {
            assert_ne!(sentence(kind.slug()), sentence("no such slug"), "{kind:?}");
            assert_eq!(sentence(&format!("{}: -4711", kind.slug())), sentence(kind.slug()));
        }
    }
}
