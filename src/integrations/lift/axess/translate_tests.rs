use super::*;
use crate::integrations::soap;

/// A reply of this error number with these members.
fn reply(error_no: i64, members: &str) -> Result<Reply, CallError> {
    Ok(Reply { error_no, result: soap::parse(format!("<r>{members}</r>").as_bytes()).unwrap() })
}

fn tickets(tickets: &[(i64, i64)]) -> String {
    let ticket = |(serial, status): &(i64, i64)| {
        format!(
            "<ACTTICKET><NERRORNO>0</NERRORNO><NJOURNALNO>7.0</NJOURNALNO><NPOSNO>3</NPOSNO><NPROJNO>9</NPROJNO>\
             <NSERIALNO>{serial}</NSERIALNO><NSTATUS>{status}</NSTATUS><NUNICODENO>1</NUNICODENO></ACTTICKET>"
        )
    };
    tickets.iter().map(ticket).collect()
}

fn sold(serial: i64) -> Booking {
    Booking { ticket_reference: format!("9-3-{serial}"), handle: format!("9/3/7/{serial}/1") }
}

fn reference() -> Reference {
    Reference::stored("A0123456789-1".into())
}

#[test]
fn only_listed_numbers_refuse_a_card() {
    for (error_no, kind) in [
        (-3103, RefusalKind::CardNotAccepted),
        (-3104, RefusalKind::CardNotAccepted),
        (-3105, RefusalKind::CardBlocked),
        (-3106, RefusalKind::CardFull),
    ] {
        let refusal = Refusal { kind, code: error_no.to_string() };
        assert_eq!(checked(reply(error_no, "")), Outcome::Refused(refusal.clone()));
        assert_eq!(issued(reply(error_no, "")), Outcome::Refused(refusal));
    }
    for error_no in [-9999, -1002, -1034, -2002, -2004, -6517, 1] {
        assert!(matches!(checked(reply(error_no, "")), Outcome::Unknown(_)), "{error_no}");
        assert!(matches!(issued(reply(error_no, "")), Outcome::Unknown(_)), "{error_no}");
        assert!(
            matches!(found(&reference(), reply(error_no, "")), Outcome::Unknown(_)),
            "{error_no}"
        );
    }
}

#[test]
fn a_card_is_accepted_by_word_and_by_number() {
    let free = |places| Outcome::Done(CheckedCard { free_places: places });
    assert_eq!(
        checked(reply(0, "<BACCEPTED>-1</BACCEPTED><NFREESEGMENTS>2</NFREESEGMENTS>")),
        free(Some(2))
    );
    assert_eq!(checked(reply(0, "<BACCEPTED>-1</BACCEPTED>")), free(None));
    assert!(matches!(checked(reply(0, "<BACCEPTED>0</BACCEPTED>")), Outcome::Refused(_)));
    assert!(matches!(checked(reply(0, "")), Outcome::Unknown(_)));
}

#[test]
fn a_repeated_reference_is_answered_with_the_first_sale() {
    for error_no in [0, -6530] {
        assert_eq!(issued(reply(error_no, &tickets(&[(11, 0), (12, 0)]))), Outcome::Done(sold(11)));
        assert!(matches!(issued(reply(error_no, "")), Outcome::Unknown(_)));
        let ailing = tickets(&[(11, 0)]).replace("<NERRORNO>0", "<NERRORNO>-1");
        assert!(matches!(issued(reply(error_no, &ailing)), Outcome::Unknown(_)));
    }
}

#[test]
fn every_status_means_what_the_document_says() {
    use FoundState::{Cancelled, Live, Used};
    for (status, state) in [(0, Live), (1, Used), (2, Live), (3, Cancelled), (4, Live)] {
        let expected = vec![Found { booking: sold(11), state }];
        assert_eq!(
            found(&reference(), reply(0, &tickets(&[(11, status)]))),
            Outcome::Done(expected)
        );
    }
    assert_eq!(found(&reference(), reply(0, "")), Outcome::Done(vec![]));
    for broken in [
        tickets(&[(11, 5)]),
        tickets(&[(11, 0)]).replace("<NSTATUS>0</NSTATUS>", ""),
        "<ACTTICKET><x/></ACTTICKET>".into(),
    ] {
        assert!(matches!(found(&reference(), reply(0, &broken)), Outcome::Unknown(_)), "{broken}");
    }
}

#[test]
fn what_a_failed_cancellation_means_the_status_decides() {
    assert_eq!(cancelled(reply(0, "")), Ok(Outcome::Done(())));
    for error_no in [-6506, -6513, -6517, -6520, -6531, -6699] {
        assert_eq!(cancelled(reply(error_no, "")), Err(error_no));
    }
    for error_no in [-9999, -2002, -6105] {
        assert!(matches!(cancelled(reply(error_no, "")), Ok(Outcome::Unknown(_))), "{error_no}");
    }
    let status = |status: i64| reply(0, &format!("<NSTATUS>{status}</NSTATUS>"));
    assert_eq!(decided(-6517, status(3)), Outcome::Done(()));
    let used = Refusal { kind: RefusalKind::TicketUsed, code: "-6517, status 1".into() };
    assert_eq!(decided(-6517, status(1)), Outcome::Refused(used));
    for undecided in
        [status(0), status(2), status(4), reply(-9999, ""), Err(CallError::NotSent("x".into()))]
    {
        assert!(matches!(decided(-6517, undecided), Outcome::Unknown(_)));
    }
}

#[test]
fn a_handle_gives_its_ticket_back() {
    let key = TicketKey { project_no: 9, pos_no: 3, journal_no: 7, serial_no: 11, unicode_no: 1 };
    assert_eq!(super::key(&booking(key)), Some(key));
    for handle in ["", "9/3/7/11", "9/3/7/11/1/2", "9/3/7/x/1"] {
        assert_eq!(
            super::key(&Booking { ticket_reference: String::new(), handle: handle.into() }),
            None,
            "{handle}"
        );
    }
}

#[test]
fn the_end_of_a_list_of_sales_is_judged_by_what_was_sent_and_nothing_is_believed_of_one_that_cannot_be_read()
 {
    let named = |reference: &str, price: &str| {
        let members = format!(
            "<SZEXTORDERNO>{reference}</SZEXTORDERNO><FTARIFF>{price}</FTARIFF></ACTTICKET>"
        );
        tickets(&[(11, 0)]).replace("</ACTTICKET>", &members)
    };
    let page = |members: &str| {
        super::sold(reply(0, members))
            .told()
            .ok()
            .map(|page| (page.sold.len(), page.unreadable, page.next))
    };
    let ours = named("A0123456789-1", "84.50");
    let foreign = tickets(&[(12, 0)]);
    let full = ours.repeat(wire::MOST_SALES - 1) + &foreign;
    assert_eq!(page(&full), Some((wire::MOST_SALES - 1, 0, Some("7".to_owned()))));
    assert_eq!(page(&(ours.clone() + &foreign)), Some((1, 0, None)));
    assert_eq!(page(&named("A0123456789-1", "much")), Some((1, 1, None)));
    assert_eq!(page(&named("0815", "much")), Some((1, 0, None)));
    assert_eq!(page(&(full + "<ACTTICKET/>")), None);
    assert_eq!(page(&ours.replace("<NSTATUS>0", "<NSTATUS>9")), None);
}
