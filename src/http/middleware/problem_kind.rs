//! Every kind of problem: its status, its stable slug, and its title in both languages.

use actix_web::http::StatusCode;

use crate::language::{Words, both};

macro_rules! kinds {
    ($($name:ident $status:ident $slug:literal $en:literal $de:literal)+) => {
        /// What is wrong. A new kind compiles only with a status, a slug and both titles.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $en] $name),+
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable `type`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            /// The status it is answered with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What it is about in words, the same for every occurrence.
            #[must_use]
            pub fn title(self) -> Words {
                match self { $(Self::$name => both($en, $de)),+ }
            }
        }
    };
}

#[rustfmt::skip]
kinds! {
    Malformed BAD_REQUEST "malformed"
        "The request cannot be read" "Die Anfrage ist nicht lesbar"
    IdempotencyKeyMissing BAD_REQUEST "idempotency-key-missing"
        "The header Idempotency-Key is missing" "Die Kopfzeile Idempotency-Key fehlt"
    Unauthenticated UNAUTHORIZED "unauthenticated"
        "Log in first" "Bitte melden Sie sich zuerst an"
    WrongPassword UNAUTHORIZED "wrong-password"
        "Address and password do not belong together" "Adresse und Passwort gehören nicht zusammen"
    SecondFactorRequired UNAUTHORIZED "second-factor-required"
        "The second factor is needed too" "Der zweite Faktor wird auch gebraucht"
    SessionOver UNAUTHORIZED "session-over"
        "The session is over" "Ihre Anmeldung ist abgelaufen"
    Forbidden FORBIDDEN "forbidden"
        "Not for this account" "Nicht für dieses Konto"
    AccountDisabled FORBIDDEN "account-disabled"
        "The account is disabled" "Das Konto ist gesperrt"
    SecondFactorMissing FORBIDDEN "second-factor-missing"
        "A second factor has to be set up first" "Zuerst ist ein zweiter Faktor einzurichten"
    SecondFactorNeededAgain FORBIDDEN "second-factor-needed-again"
        "The second factor is needed again" "Der zweite Faktor wird noch einmal gebraucht"
    NotFound NOT_FOUND "not-found"
        "There is no such thing" "Das gibt es hier nicht"
    NotOffered NOT_FOUND "not-offered"
        "This shop does not offer that" "Das bietet dieser Shop nicht an"
    MethodNotAllowed METHOD_NOT_ALLOWED "method-not-allowed"
        "This address knows other methods" "Diese Adresse kennt andere Methoden"
    TooSlow REQUEST_TIMEOUT "too-slow"
        "The body did not arrive in time" "Die Anfrage kam nicht rechtzeitig an"
    StillPlacing CONFLICT "still-placing"
        "The order is being placed" "Die Bestellung wird gerade angelegt"
    CardTaken CONFLICT "card-taken"
        "The card has a ticket for that day" "Die Karte hat für diesen Tag schon ein Ticket"
    TooManyUnpaid CONFLICT "too-many-unpaid"
        "Too many orders wait to be paid" "Zu viele Bestellungen warten auf ihre Bezahlung"
    NothingToPay CONFLICT "nothing-to-pay"
        "There is nothing to pay" "Es gibt nichts zu bezahlen"
    TooManyPages CONFLICT "too-many-pages"
        "The order had too many payment pages" "Die Bestellung hatte zu viele Bezahlseiten"
    NothingToRetry CONFLICT "nothing-to-retry"
        "Nothing waits to be asked again" "Nichts wartet auf eine weitere Anfrage"
    NotMarked CONFLICT "not-marked"
        "No person is needed" "Es wird niemand gebraucht"
    NothingToAgree CONFLICT "nothing-to-agree"
        "There is nothing to agree to" "Es gibt nichts, dem zuzustimmen wäre"
    JobDone CONFLICT "job-done"
        "The job is done" "Der Auftrag ist erledigt"
    MoneyOwed CONFLICT "money-owed"
        "Money is owed" "Es ist noch Geld offen"
    AlreadyPaid CONFLICT "already-paid"
        "It was closed already" "Das ist schon abgeschlossen"
    ChangedMeanwhile CONFLICT "changed-meanwhile"
        "It changed in the meantime" "Das hat sich inzwischen geändert"
    NothingToTake CONFLICT "nothing-to-take"
        "Nothing of it can be taken" "Nichts davon lässt sich übernehmen"
    CannotBeSold CONFLICT "cannot-be-sold"
        "It could not be sold like that" "So wäre es nicht zu verkaufen"
    NotFinished CONFLICT "not-finished"
        "The order has no tickets to give back" "Die Bestellung hat keine Tickets, die zurückzugeben wären"
    NotTakenBack CONFLICT "not-taken-back"
        "The ticket is not taken back" "Das Ticket wird nicht zurückgenommen"
    TooLate CONFLICT "too-late"
        "Too late for that" "Dafür ist es zu spät"
    SecondFactorThere CONFLICT "second-factor-there"
        "The account has a second factor" "Das Konto hat einen zweiten Faktor"
    NoSecondFactor CONFLICT "no-second-factor"
        "The account has no such second factor" "Das Konto hat keinen solchen zweiten Faktor"
    NoSecurityKey CONFLICT "no-security-key"
        "The account has no security key" "Das Konto hat keinen Sicherheitsschlüssel"
    SecurityKeyThere CONFLICT "security-key-there"
        "The security key is there already" "Der Sicherheitsschlüssel ist schon da"
    TooManySecurityKeys CONFLICT "too-many-security-keys"
        "The account has too many security keys" "Das Konto hat zu viele Sicherheitsschlüssel"
    SecurityKeysNotOffered CONFLICT "security-keys-not-offered"
        "Security keys are not offered here" "Sicherheitsschlüssel werden hier nicht angeboten"
    LastAdmin CONFLICT "last-admin"
        "It is the last administrator" "Das ist das letzte Administratorkonto"
    AddressTaken CONFLICT "address-taken"
        "This address has an account" "Zu dieser Adresse gibt es ein Konto"
    OrdersOpen CONFLICT "orders-open"
        "Orders of the account are open" "Bestellungen des Kontos sind noch offen"
    TooLarge PAYLOAD_TOO_LARGE "too-large"
        "The body is too large" "Die Anfrage ist zu groß"
    NotJson UNSUPPORTED_MEDIA_TYPE "not-json"
        "The body must be JSON" "Die Anfrage muss JSON sein"
    Invalid UNPROCESSABLE_ENTITY "invalid"
        "A value is not acceptable" "Eine Angabe ist nicht zulässig"
    WrongCode UNPROCESSABLE_ENTITY "wrong-code"
        "The code does not count" "Der Code gilt nicht"
    WrongSecondFactor UNPROCESSABLE_ENTITY "wrong-second-factor"
        "The second factor does not count" "Der zweite Faktor gilt nicht"
    WrongSecurityKey UNPROCESSABLE_ENTITY "wrong-security-key"
        "The security key's answer does not count" "Die Antwort des Sicherheitsschlüssels gilt nicht"
    SecurityKeyNeeded UNPROCESSABLE_ENTITY "security-key-needed"
        "A security key is needed" "Ein Sicherheitsschlüssel wird gebraucht"
    WrongOldPassword UNPROCESSABLE_ENTITY "wrong-old-password"
        "The old password is wrong" "Das alte Passwort ist falsch"
    UnknownCard UNPROCESSABLE_ENTITY "unknown-card"
        "The account has no such card" "Ihr Konto hat keine solche Karte"
    CardNotAccepted UNPROCESSABLE_ENTITY "card-not-accepted"
        "This kind of card does not open the operator's gates" "Diese Art Karte öffnet die Drehkreuze dieses Skigebiets nicht"
    CardTwice UNPROCESSABLE_ENTITY "card-twice"
        "A card can have one ticket an operator and day" "Eine Karte kann ein Ticket je Skigebiet und Tag haben"
    FamilyIncomplete UNPROCESSABLE_ENTITY "family-incomplete"
        "A family price holds only for the whole family" "Ein Familienpreis gilt nur für die ganze Familie"
    FreeAlone UNPROCESSABLE_ENTITY "free-alone"
        "A free ticket needs a paid one beside it" "Ein Gratisticket gibt es nur neben einem bezahlten"
    FamilyTogether UNPROCESSABLE_ENTITY "family-together"
        "These tickets are kept or undone together" "Diese Tickets bleiben zusammen oder keines bleibt"
    NoFamilyPrice UNPROCESSABLE_ENTITY "no-family-price"
        "There is no family price for these people" "Für diese Personen gibt es keinen Familienpreis"
    CardNumber UNPROCESSABLE_ENTITY "card-number"
        "This is not the number of a keycard" "Das ist nicht die Nummer einer Keycard"
    OfferNotOurs UNPROCESSABLE_ENTITY "offer-not-ours"
        "Not an offer of ours" "Dieses Angebot ist nicht von uns"
    OfferExpired UNPROCESSABLE_ENTITY "offer-expired"
        "The offer has expired" "Das Angebot ist abgelaufen"
    OfferGone UNPROCESSABLE_ENTITY "offer-gone"
        "What was offered is not sold any more" "Das Angebotene wird nicht mehr verkauft"
    LoadingOver UNPROCESSABLE_ENTITY "loading-over"
        "Tickets for this day are not loaded any more" "Für diesen Tag werden keine Tickets mehr geladen"
    OtherCategory UNPROCESSABLE_ENTITY "other-category"
        "The holder's birth date does not fit the offer" "Das Geburtsdatum passt nicht zum Angebot"
    IdempotencyKeyUsed UNPROCESSABLE_ENTITY "idempotency-key-used"
        "The idempotency key belongs to another order" "Der Idempotency-Key gehört zu einer anderen Bestellung"
    BillingMissing UNPROCESSABLE_ENTITY "billing-missing"
        "The invoice needs your address" "Die Rechnung braucht Ihre Anschrift"
    TotalTooSmall UNPROCESSABLE_ENTITY "total-too-small"
        "The total is too small to be paid" "Die Summe ist zu klein, um bezahlt zu werden"
    TooManyRequests TOO_MANY_REQUESTS "too-many-requests"
        "Asked too often" "Zu oft versucht"
    Internal INTERNAL_SERVER_ERROR "internal"
        "A fault on our side" "Ein Fehler auf unserer Seite"
    OperatorDown SERVICE_UNAVAILABLE "operator-down"
        "The operator's system does not answer" "Das System des Skigebiets antwortet nicht"
    NoWholeAnswer BAD_GATEWAY "no-whole-answer"
        "The supplier gave no whole answer" "Der Lieferant hat nicht vollständig geantwortet"
    Unavailable SERVICE_UNAVAILABLE "unavailable"
        "Not available right now" "Im Augenblick nicht verfügbar"
    Leaving GATEWAY_TIMEOUT "leaving"
        "Ask another replica" "Bitte einen anderen Server fragen"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::language::Language;

    #[test]
    fn every_kind_has_a_slug_of_its_own_and_two_titles_that_differ() {
        let slugs: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let title = kind.title();
            let de = title.of(Language::De);
            let en = title.of(Language::En);
            assert!(de != en && de.len() > 5 && en.len() > 5, "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
        }
    }
}
