//! What stands on an invoice besides its row, in the buyer's language.

use crate::language::Language;

/// Every fixed word of the document; neither language can lack one.
pub(super) struct Labels {
    pub(super) title: &'static str,
    pub(super) number: &'static str,
    pub(super) issued: &'static str,
    pub(super) order: &'static str,
    /// Before the supplier's VAT identification number.
    pub(super) uid: &'static str,
    pub(super) buyer: &'static str,
    pub(super) no: &'static str,
    pub(super) description: &'static str,
    pub(super) days: &'static str,
    pub(super) quantity: &'static str,
    pub(super) vat: &'static str,
    pub(super) gross: &'static str,
    pub(super) total: &'static str,
    pub(super) rate: &'static str,
    pub(super) net: &'static str,
    pub(super) paid: &'static str,
    pub(super) page: &'static str,
    /// Between the number of a page and how many there are.
    pub(super) of: &'static str,
    /// On every page of what is only simulated.
    pub(super) simulated: &'static str,
}

const GERMAN: Labels = Labels {
    title: "Rechnung",
    number: "Rechnungsnummer",
    issued: "Ausstellungsdatum",
    order: "Bestellung",
    uid: "UID-Nummer",
    buyer: "Rechnung an",
    no: "Nr.",
    description: "Bezeichnung",
    days: "Leistungstag",
    quantity: "Menge",
    vat: "USt.",
    gross: "Brutto",
    total: "Gesamtbetrag inkl. USt.",
    rate: "Steuersatz",
    net: "Netto",
    paid: "Mit der Bestellung online bezahlt. Vielen Dank, und einen schönen Tag am Berg!",
    page: "Seite",
    of: "von",
    simulated: "SIMULIERT: keine echte Rechnung",
};

const ENGLISH: Labels = Labels {
    title: "Invoice",
    number: "Invoice number",
    issued: "Date of issue",
    order: "Order",
    uid: "VAT ID",
    buyer: "Invoice to",
    no: "No.",
    description: "Description",
    days: "Day of service",
    quantity: "Qty",
    vat: "VAT",
    gross: "Gross",
    total: "Total, VAT included",
    rate: "VAT rate",
    net: "Net",
    paid: "Paid online with the order. Thank you, and have a good day on the mountain.",
    page: "Page",
    of: "of",
    simulated: "SIMULATED: not a real invoice",
};

/// The words of one language.
pub(super) fn labels(language: Language) -> &'static Labels {
    match language {
        Language::De => &GERMAN,
        Language::En => &ENGLISH,
    }
}
