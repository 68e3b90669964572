//! What tickets are called where people read of them: on invoices and in e-mails.

use crate::actors::liftoperator::Catalogue;
use crate::actors::mail;
use crate::language::Language;

/// What e-mails say of a ticket, from the keys of operator, product and category.
pub(super) fn described(
    catalogue: &Catalogue,
    language: Language,
    slugs: [&str; 3],
) -> mail::Described {
    let product = catalogue.operator(slugs[0]).and_then(|operator| operator.product(slugs[1]));
    let withdrawal = product.map(|product| product.withdrawal.notice().of(language).to_owned());
    mail::Described { title: title(catalogue, language, slugs), withdrawal }
}

/// A ticket's name for people, for example `Day ticket, Adult, Sölden`, from the keys of operator,
/// product and category.
pub(super) fn title(catalogue: &Catalogue, language: Language, slugs: [&str; 3]) -> String {
    let [operator, product, category] = slugs;
    let named = catalogue.operator(operator).and_then(|operator| {
        let product = operator.products.iter().find(|known| known.key == product)?;
        let category = operator.categories.iter().find(|known| known.key == category)?;
        Some(format!(
            "{}, {}, {}",
            product.name.of(language),
            category.name.of(language),
            operator.name
        ))
    });
    named.unwrap_or_else(|| mail::plain_title(slugs))
}
