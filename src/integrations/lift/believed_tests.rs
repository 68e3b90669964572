use std::time::Duration;

use super::*;
use crate::clock::Deadline;
use crate::integrations::lift::{FoundState, Holder, Named, Sold};

/// Answers every question with texts of this length.
struct Wordy(usize);

impl Wordy {
    fn text(&self) -> String {
        "9".repeat(self.0)
    }

    fn found(&self) -> Found {
        Found {
            booking: Booking { ticket_reference: self.text(), handle: "1/2/3".into() },
            state: FoundState::Live,
        }
    }
}

impl LiftSupplier for Wordy {
    fn capabilities(&self) -> Capabilities {
        Capabilities { dedups_reference: false }
    }

    fn check(&self, _card: String, _permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>> {
        std::future::ready(Outcome::Done(CheckedCard { free_places: None })).boxed_local()
    }

    fn issue(&self, _order: TicketOrder, _permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>> {
        std::future::ready(Outcome::Done(self.found().booking)).boxed_local()
    }

    fn find(
        &self,
        _reference: Reference,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Vec<Found>>> {
        std::future::ready(Outcome::Done(vec![self.found()])).boxed_local()
    }

    fn cancel(&self, _booking: Booking, _permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        std::future::ready(Outcome::Done(())).boxed_local()
    }

    fn catalogue(
        &self,
        _wanted: Wanted,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<PriceList>> {
        let products = vec![Named { code: self.text(), name: format!("Day\n{}", self.text()) }];
        std::future::ready(Outcome::Done(PriceList { products, ..PriceList::default() }))
            .boxed_local()
    }

    fn list(
        &self,
        _day: NaiveDate,
        _after: Option<String>,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<SoldPage>> {
        let sold = |reference: String| Sold { reference, found: self.found(), price: None };
        let sold = vec![sold("somebody else's".to_owned()), sold("A7K3QX9ZB5M-1".to_owned())];
        std::future::ready(Outcome::Done(SoldPage { sold, unreadable: 1, next: None }))
            .boxed_local()
    }
}

fn permit() -> Permit {
    Permit::until(Deadline::after(Duration::from_secs(5)))
}

fn order() -> TicketOrder {
    let day = "2026-12-20".parse().unwrap();
    TicketOrder {
        reference: Reference::stored("A7K3QX9ZB5M-1".into()),
        placed_at: "2026-12-01T09:08:07Z".parse().unwrap(),
        card: "card".into(),
        holder: Holder {
            first_name: "A".into(),
            last_name: "B".into(),
            birth_date: "1990-05-01".parse().unwrap(),
        },
        product_code: "day".into(),
        category_code: "adult".into(),
        first_day: day,
        last_day: day,
        from_time: None,
        price: 8450,
    }
}

#[tokio::test]
async fn a_ticket_number_that_no_column_holds_is_a_contradiction() {
    for (length, fits) in [(NUMBER, true), (NUMBER + 1, false)] {
        let supplier = Believed::new(Rc::new(Wordy(length)), "test");
        let reference = Reference::stored("A7K3QX9ZB5M-1".into());
        let issued = supplier.issue(order(), permit()).await;
        let found = supplier.find(reference, permit()).await;
        assert_eq!(matches!(issued, Outcome::Done(_)), fits, "{issued:?}");
        assert_eq!(matches!(found, Outcome::Done(_)), fits, "{found:?}");
        assert!(
            fits || matches!(issued, Outcome::Unknown(_)) && matches!(found, Outcome::Unknown(_))
        );
    }
}

#[tokio::test]
async fn an_entry_that_does_not_fit_hides_no_other_and_ours_is_counted() {
    let day = "2026-12-20".parse().unwrap();
    let page = async |length| {
        Believed::new(Rc::new(Wordy(length)), "test").list(day, None, permit()).await
    };
    let Outcome::Done(fitting) = page(NUMBER).await else { panic!("no page") };
    assert_eq!((fitting.sold.len(), fitting.unreadable), (2, 1));
    let Outcome::Done(wordy) = page(NUMBER + 1).await else { panic!("no page") };
    assert_eq!((wordy.sold.len(), wordy.unreadable), (0, 2), "the stranger's is nobody's business");
}

#[tokio::test]
async fn goods_with_endless_codes_are_not_believed_and_a_name_is_made_to_fit() {
    let goods = async |length| {
        let wanted = Wanted { products: Vec::new(), categories: Vec::new() };
        Believed::new(Rc::new(Wordy(length)), "test").catalogue(wanted, permit()).await
    };
    let Outcome::Done(fitting) = goods(TEXT).await else { panic!("no goods") };
    let name = &fitting.products[0].name;
    assert!(name.starts_with("Day ") && name.chars().count() == TEXT, "{name}");
    assert!(matches!(goods(TEXT + 1).await, Outcome::Unknown(_)));
}
