use super::*;
use crate::ids::Reference;
use crate::integrations::lift::Holder;
use crate::integrations::soap;

fn order() -> TicketOrder {
    TicketOrder {
        reference: Reference::stored("A0123456789-1".into()),
        placed_at: "2026-12-01T09:08:07.654321Z".parse().unwrap(),
        card: "01-16147133534532385823-4".into(),
        holder: Holder {
            first_name: "Anna".into(),
            last_name: "O'Neil & Söhne".into(),
            birth_date: "1990-05-01".parse().unwrap(),
        },
        product_code: "0a0b0c0d-0000-11ec-8000-000000000001".into(),
        category_code: "0a0b0c0d-0000-11ec-8000-000000000002".into(),
        first_day: "2026-12-19".parse().unwrap(),
        last_day: "2026-12-19".parse().unwrap(),
        from_time: None,
        price: 8450,
    }
}

fn booked(sales: Option<&str>, permission: Option<&str>) -> BookedOrder {
    BookedOrder {
        order_id: "o".into(),
        order_item_id: "i".into(),
        ticket_item_id: "t".into(),
        permission_serial_number: "4711".into(),
        sales_status: sales.map(str::to_owned),
        permission_status: permission.map(str::to_owned),
    }
}

#[test]
fn an_order_is_written_in_the_operators_time_and_in_decimal_text() {
    let written = new_order(&order(), chrono_tz::Europe::Vienna).unwrap();
    assert_eq!(written.order_date, "2026-12-01T10:08:07.654+01:00");
    assert_eq!(written.valid_from, "2026-12-19T00:00:00+01:00");
    assert_eq!((written.price.as_str(), written.birth_date.as_str()), ("84.50", "1990-05-01"));
    assert_eq!(written.identification.serial_number, "16147133534532385823");
    assert_eq!(
        new_order(&TicketOrder { card: "A1B2C3D4-E5F-6G7".into(), ..order() }, chrono_tz::UTC),
        None
    );
}

#[test]
fn a_day_without_a_midnight_begins_at_its_first_moment() {
    for (zone, day, begins) in [
        (chrono_tz::Europe::Vienna, "2026-07-01", "2026-07-01T00:00:00+02:00"),
        (chrono_tz::Asia::Beirut, "2022-03-27", "2022-03-27T01:00:00+03:00"),
    ] {
        assert_eq!(super::begins(day.parse().unwrap(), None, zone).unwrap().to_rfc3339(), begins);
    }
}

#[test]
fn every_report_means_what_the_document_says() {
    for (text, kind) in [
        ("INVALID_LUHN", RefusalKind::CardNotAccepted),
        ("UNKNOWN_MEDIUM", RefusalKind::CardNotAccepted),
        ("NOT_COMPATIBLE", RefusalKind::CardNotAccepted),
        ("BLOCKED", RefusalKind::CardBlocked),
    ] {
        assert_eq!(report(text), Outcome::Refused(Refusal { kind, code: text.into() }));
    }
    assert_eq!(report("OK"), Outcome::Done(CheckedCard { free_places: None }));
    assert!(matches!(report("ok"), Outcome::Unknown(_)));
}

#[test]
fn only_listed_faults_refuse_an_order() {
    use RefusalKind::{
        CardFull, CardNotAccepted, HolderIncomplete, PriceChanged, ProductUnavailable,
    };
    for (code, kind) in [
        ("UnknownCatalog", ProductUnavailable),
        ("UnknownProduct", ProductUnavailable),
        ("ProductNotActive", ProductUnavailable),
        ("ConsumerCategoryNotAllowed", ProductUnavailable),
        ("ValidityNotAllowed", ProductUnavailable),
        ("PriceMismatch", PriceChanged),
        ("ContactRequired", HolderIncomplete),
        ("PhotoRequired", HolderIncomplete),
        ("InvalidIdentification", CardNotAccepted),
        ("MediumNotCompatible", CardNotAccepted),
        ("MediumFull", CardFull),
    ] {
        let outcome = create_failed::<()>(CallError::Fault(code.into()));
        assert_eq!(outcome, Outcome::Refused(Refusal { kind, code: code.into() }));
    }
    for code in [
        "DuplicateOrder",
        "ServiceUnavailable",
        "InternalError",
        "UnknownOrder",
        "TicketUsed",
        "AlreadyCanceled",
        "x",
    ] {
        assert!(
            matches!(create_failed::<()>(CallError::Fault(code.into())), Outcome::Unknown(_)),
            "{code}"
        );
    }
    assert!(matches!(
        create_failed::<()>(CallError::Fault("AuthenticationFailed".into())),
        Outcome::NotSent(_)
    ));
    assert!(matches!(create_failed::<()>(CallError::NotSent("x".into())), Outcome::NotSent(_)));
    assert!(matches!(
        read_failed::<()>(CallError::Fault("MediumFull".into())),
        Outcome::Unknown(_)
    ));
}

#[test]
fn cancelling_twice_is_done_and_a_used_ticket_is_refused() {
    assert_eq!(cancel_failed(CallError::Fault("AlreadyCanceled".into())), Outcome::Done(()));
    let used = Refusal { kind: RefusalKind::TicketUsed, code: "TicketUsed".into() };
    assert_eq!(cancel_failed(CallError::Fault("TicketUsed".into())), Outcome::Refused(used));
    for code in ["UnknownOrder", "InternalError", "MediumFull"] {
        assert!(
            matches!(cancel_failed(CallError::Fault(code.into())), Outcome::Unknown(_)),
            "{code}"
        );
    }
}

#[test]
fn every_state_means_what_the_document_says() {
    use FoundState::{Cancelled, Live, Pending, Used};
    for (sales, permission, expected, suffices) in [
        ("PENDING", "Issued", Some(Pending), Some(Pending)),
        ("BOOKED", "Issued", Some(Pending), Some(Live)),
        ("BOOKED_AND_TRANSFERRED", "Issued", Some(Live), Some(Live)),
        ("BOOKED_AND_TRANSFERRED", "Blocked", Some(Live), Some(Live)),
        ("BOOKED_AND_TRANSFERRED", "Used", Some(Used), Some(Used)),
        ("BOOKED_AND_TRANSFERRED", "Canceled", Some(Cancelled), Some(Cancelled)),
        ("CANCELED", "Canceled", Some(Cancelled), Some(Cancelled)),
        ("CANCELED_AND_TRANSFERRED", "Used", Some(Cancelled), Some(Cancelled)),
        ("RESERVED", "Issued", None, None),
        ("NO_STATUS", "Issued", None, None),
        ("BOOKED_AND_TRANSFERRED", "Lost", None, None),
    ] {
        let order = booked(Some(sales), Some(permission));
        assert_eq!(
            (state(&order, false), state(&order, true)),
            (expected, suffices),
            "{sales} {permission}"
        );
        assert_eq!(matches!(found(&[order], false), Outcome::Unknown(_)), expected.is_none());
    }
}

#[test]
fn an_accepted_order_is_pending_until_its_state_is_known_to_be_final() {
    let pending = Outcome::Pending { ask_after: Duration::from_secs(1) };
    let done = Outcome::Done(Booking { ticket_reference: "4711".into(), handle: "o/i/t".into() });
    assert_eq!(issued(&booked(None, None), false), pending);
    assert_eq!(issued(&booked(Some("PENDING"), Some("Issued")), true), pending);
    assert_eq!(issued(&booked(Some("BOOKED"), Some("Issued")), false), pending);
    assert_eq!(issued(&booked(Some("BOOKED"), Some("Issued")), true), done);
    assert_eq!(issued(&booked(Some("CANCELED"), Some("Canceled")), true), done);
    assert!(matches!(issued(&booked(Some("PAID"), Some("Issued")), true), Outcome::Unknown(_)));
}

#[test]
fn a_handle_gives_its_order_back() {
    assert_eq!(order_id(&booking(&booked(None, None))), Some("o"));
    for handle in ["", "o", "o/i", "/i/t", "o/i/t/x"] {
        assert_eq!(
            order_id(&Booking { ticket_reference: String::new(), handle: handle.into() }),
            None,
            "{handle}"
        );
    }
}

/// A block of the list of a day, one order after the other: reference, state of its sale, price.
fn block(orders: &[(&str, &str, &str)]) -> Block {
    let order = |(reference, state, price): &(&str, &str, &str)| {
        format!(
            "<Order><OrderId>o</OrderId><ExternalOrderId>{reference}</ExternalOrderId><OrderItems><OrderItem>\
             <OrderItemId>i</OrderItemId><SalesStatus>{state}</SalesStatus><TicketItems><TicketItem>\
             <TicketItemId>t</TicketItemId><PermissionSerialNumber>4711</PermissionSerialNumber>\
             <PermissionStatus>Issued</PermissionStatus></TicketItem></TicketItems></OrderItem></OrderItems>\
             <TotalPrice><Amount>{price}</Amount></TotalPrice></Order>"
        )
    };
    let orders: String = orders.iter().map(order).collect();
    Block::read(&soap::parse(format!("<Orders>{orders}<Order/></Orders>").as_bytes()).unwrap())
}

#[test]
fn the_end_of_a_days_list_is_judged_by_what_was_sent_and_ours_that_cannot_be_read_are_counted() {
    let day = span("2026-12-19".parse().unwrap(), Some("500"), chrono_tz::UTC).unwrap();
    let good = ("A0123456789-1", "BOOKED_AND_TRANSFERRED", "84.50");
    let full: Vec<_> = (1..GetOrders::BLOCK).map(|_| good).collect();
    let page = sold(&day, block(&full), false);
    assert_eq!((page.sold.len(), page.unreadable, page.next.as_deref()), (499, 0, Some("1000")));
    let page = sold(&day, block(&full[1..]), false);
    assert_eq!((page.sold.len(), page.unreadable, page.next), (498, 0, None));
    for (reference, state, price, counts) in [
        ("A0123456789-1", "RESERVED", "84.50", (0, 1)),
        ("A0123456789-1", "BOOKED_AND_TRANSFERRED", "much", (1, 1)),
        ("0815", "RESERVED", "84.50", (0, 0)),
        ("0815", "BOOKED_AND_TRANSFERRED", "much", (1, 0)),
    ] {
        let page = sold(&day, block(&[(reference, state, price)]), false);
        assert_eq!((page.sold.len(), page.unreadable), counts, "{reference} {state} {price}");
    }
    for (reference, unreadable) in [("A0123456789-1", 1), ("0815", 0)] {
        let order = format!(
            "<Orders><Order><ExternalOrderId>{reference}</ExternalOrderId></Order></Orders>"
        );
        let block = Block::read(&soap::parse(order.as_bytes()).unwrap());
        assert_eq!(
            (block.rows, block.unreadable),
            (1, unreadable),
            "{reference}, without any ticket"
        );
    }
}
