//! What is sent is checked against the provider's own schemas, what is read against its SDK's
//! samples and our own.

mod answers;
mod callbacks;
mod orders;
mod requests;
mod settings;
mod sockets;

use crate::ids::Reference;
use crate::integrations::payment::PageOrder;

/// A page that the schema accepts.
fn page() -> PageOrder {
    PageOrder {
        reference: Reference::stored("A0123456789-P1".into()),
        amount: 8450,
        currency: "EUR".into(),
        description: "Tageskarte Sölden & 2 weitere".into(),
        language: "de".into(),
        confirmation_url: "https://shop.example/callbacks?secret=a&b=c".into(),
        return_url: "https://shop.example/orders/1".into(),
    }
}
