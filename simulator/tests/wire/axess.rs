//! Axess: sessions, tickets, gates.

use std::io::ErrorKind;

use serde_json::{Value, json};
use starjack_simulator::sample_wtp_number;

use crate::support::{Reply, World, ask};

const TEAM: &str = "http://teamaxess.com/";
const AX: &str = "http://schemas.datacontract.org/2004/07/AxWebServices";
const CONTRACT: &str = "axess/obertauern";

/// A call with plain members, put into the namespaces.
async fn call(world: &World, operation: &str, members: &str) -> Result<Reply, ErrorKind> {
    let name = format!("{}{}", operation[..1].to_uppercase(), &operation[1..]);
    send(world, operation, &envelope(operation, &name, members)).await
}

fn envelope(operation: &str, parameter: &str, members: &str) -> String {
    let members = members.replace("</", "\u{1}").replace('<', "<a:").replace('\u{1}', "</a:");
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><t:{operation} xmlns:t=\"{TEAM}\">\
         <t:i_ct{parameter}Req xmlns:a=\"{AX}\">{members}</t:i_ct{parameter}Req></t:{operation}></s:Body></s:Envelope>"
    )
}

async fn send(world: &World, operation: &str, envelope: &str) -> Result<Reply, ErrorKind> {
    let action = format!("\"{TEAM}IAxDCI4WTP/{operation}\"");
    let headers = [("content-type", "text/xml; charset=utf-8"), ("soapaction", action.as_str())];
    ask("POST", &world.access(CONTRACT, "url"), &headers, envelope.as_bytes()).await
}

async fn number(world: &World, operation: &str, members: &str) -> String {
    call(world, operation, members).await.unwrap().tag("a:NERRORNO")
}

fn credentials(world: &World) -> String {
    let of = |field| world.access(CONTRACT, field);
    format!(
        "<SZCOUNTRYCODE>AUT</SZCOUNTRYCODE><SZLOGINID>starjack</SZLOGINID><SZLOGINMODE>CUSTOMER</SZLOGINMODE>\
         <SZPASSWORD>{}</SZPASSWORD><SZSOAPPASSWORD>{}</SZSOAPPASSWORD><SZSOAPUSERNAME>{}</SZSOAPUSERNAME>\
         <SZUSERNAME>{}</SZUSERNAME>",
        of("password"),
        of("soap_password"),
        of("soap_user_name"),
        of("user_name")
    )
}

async fn login(world: &World) -> String {
    let reply = call(world, "login", &credentials(world)).await.unwrap();
    assert_eq!(reply.tag("a:NERRORNO"), "0", "{}", reply.text());
    format!("<NSESSIONID>{}</NSESSIONID>", reply.tag("a:NSESSIONID"))
}

fn tickets(session: &str, reference: &str, card: u64) -> String {
    format!(
        "<ACTTICKET><CTPERSON><SZBIRTHDATE>1990-05-01</SZBIRTHDATE><SZFIRSTNAME>Ada</SZFIRSTNAME><SZNAME>Love</SZNAME>\
         </CTPERSON><CTPRODUCT><NPERSONTYPNO>1</NPERSONTYPNO><NPOOLNO>3</NPOOLNO><NPROJNO>701</NPROJNO>\
         <NTICKETTYPENO>1</NTICKETTYPENO><SZVALIDFROM>2099-12-19</SZVALIDFROM></CTPRODUCT><FTARIFF>59.50</FTARIFF>\
         <NBLOCKNO>1</NBLOCKNO><SZWTPNO>{}</SZWTPNO></ACTTICKET>{session}<NWTPPROFILENO>1</NWTPPROFILENO>\
         <SZEXTORDERNO>{reference}</SZEXTORDERNO>",
        sample_wtp_number(card)
    )
}

fn by_journal(session: &str, journal: &str) -> String {
    format!("<NJOURNALNO>{journal}</NJOURNALNO><NPOSNO>21</NPOSNO><NPROJNO>701</NPROJNO>{session}")
}

fn check(session: &str, card: &str) -> String {
    format!("<NPROJNO>701</NPROJNO>{session}<SZWTPNO>{card}</SZWTPNO>")
}

#[tokio::test]
async fn a_ticket_is_checked_issued_found_and_canceled() {
    let world = World::start().await;
    let session = login(&world).await;
    let checked =
        call(&world, "checkWTPNo", &check(&session, &sample_wtp_number(1))).await.unwrap();
    assert_eq!(
        (checked.tag("a:BACCEPTED").as_str(), checked.tag("a:NFREESEGMENTS").as_str()),
        ("-1", "3")
    );
    assert_eq!(checked.tag("a:SZMEDIAID").len(), 16);
    let issued = call(&world, "issueTicket", &tickets(&session, "A-1", 1)).await.unwrap();
    let journal = issued.tag("a:NJOURNALNO");
    assert_eq!(
        (issued.count("a:ACTTICKET"), issued.tag("a:NSERIALNO").as_str()),
        (1, "1"),
        "{}",
        issued.text()
    );
    let found = format!("{session}<SZEXTORDERNO>A-1</SZEXTORDERNO>");
    let found = call(&world, "getTicketByExtOrder", &found).await.unwrap();
    assert_eq!(
        (found.tag("a:NJOURNALNO"), found.tag("a:NSTATUS").as_str()),
        (journal.clone(), "0")
    );
    let named = by_journal(&session, &journal);
    assert_eq!(
        number(&world, "cancelTicket", &format!("<NBLOCKING>-1</NBLOCKING>{named}")).await,
        "0"
    );
    assert_eq!(
        number(&world, "cancelTicket", &format!("<NBLOCKING>-1</NBLOCKING>{named}")).await,
        "-6514"
    );
    assert_eq!(call(&world, "getTicketStatus", &named).await.unwrap().tag("a:NSTATUS"), "3");
    let ledger = world.ledger("axess").await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(
        (&ledger[0]["status"], &ledger[0]["gate_blocked"]),
        (&json!("canceled"), &json!(true))
    );
    assert_eq!(
        (&ledger[0]["reference"], &ledger[0]["wtp_no"]),
        (&json!("A-1"), &json!(sample_wtp_number(1)))
    );
    assert_eq!(ledger[0]["price_cents"], 5950);
    assert_eq!(number(&world, "logout", &session).await, "0");
    assert_eq!(number(&world, "logout", &session).await, "-2001");
}

#[tokio::test]
async fn sessions_are_needed_and_end_after_an_hour() {
    let world = World::start().await;
    let wrong = credentials(&world).replace("sample-axess", "guess");
    assert_eq!(number(&world, "login", &wrong).await, "-2002");
    let wrong = credentials(&world).replace("soap-starjack", "guess");
    assert_eq!(number(&world, "login", &wrong).await, "-2004");
    assert_eq!(
        number(&world, "issueTicket", &tickets("<NSESSIONID>1</NSESSIONID>", "A-2", 1)).await,
        "-2001"
    );
    let session = login(&world).await;
    world.advance(3_599).await;
    assert_eq!(number(&world, "checkWTPNo", &check(&session, &sample_wtp_number(1))).await, "0");
    world.advance(1).await;
    assert_eq!(number(&world, "issueTicket", &tickets(&session, "A-2", 1)).await, "-2001");
    assert!(world.ledger("axess").await.is_empty());
}

#[tokio::test]
async fn a_known_reference_gets_6530_with_the_first_result_unless_the_rule_is_off() {
    let world = World::start().await;
    let session = login(&world).await;
    let first = call(&world, "issueTicket", &tickets(&session, "A-3", 1)).await.unwrap();
    let again = call(&world, "issueTicket", &tickets(&session, "A-3", 1)).await.unwrap();
    assert!(
        again.text().contains("<a:NERRORNO>-6530</a:NERRORNO><a:NTRANSNO>"),
        "{}",
        again.text()
    );
    assert_eq!(again.tag("a:NJOURNALNO"), first.tag("a:NJOURNALNO"));
    assert_eq!(world.ledger("axess").await.len(), 1);
    world.fault(json!({"supplier": "axess", "operation": "issueTicket", "fault": "no_dedup", "times": 1})).await;
    let second = call(&world, "issueTicket", &tickets(&session, "A-3", 1)).await.unwrap();
    assert_ne!(second.tag("a:NJOURNALNO"), first.tag("a:NJOURNALNO"));
    let find = format!("{session}<SZEXTORDERNO>A-3</SZEXTORDERNO>");
    assert_eq!(call(&world, "getTicketByExtOrder", &find).await.unwrap().count("a:ACTTICKET"), 2);
    world.fault(json!({"supplier": "axess", "fault": "find_nothing", "times": 1})).await;
    assert_eq!(call(&world, "getTicketByExtOrder", &find).await.unwrap().count("a:ACTTICKET"), 0);
    assert_eq!(world.ledger("axess").await.len(), 2);
}

#[tokio::test]
async fn cards_have_three_segments_and_checked_numbers() {
    let world = World::start().await;
    let session = login(&world).await;
    for line in 1..=3 {
        assert_eq!(
            number(&world, "issueTicket", &tickets(&session, &format!("A-{line}"), 4)).await,
            "0"
        );
    }
    assert_eq!(number(&world, "issueTicket", &tickets(&session, "A-4", 4)).await, "-3106");
    let full = call(&world, "checkWTPNo", &check(&session, &sample_wtp_number(4))).await.unwrap();
    assert_eq!((full.tag("a:NERRORNO").as_str(), full.tag("a:BACCEPTED").as_str()), ("-3106", "0"));
    assert_eq!(number(&world, "checkWTPNo", &check(&session, "S0000004-000-000")).await, "-3103");
    let acceptance = format!("{}000", &sample_wtp_number(4)[..13]);
    assert_eq!(number(&world, "checkWTPNo", &check(&session, &acceptance)).await, "-3104");
    assert_eq!(number(&world, "checkWTPNo", &check(&session, "short")).await, "-1002");
    assert_eq!(world.ledger("axess").await.len(), 3);
}

#[tokio::test]
async fn members_out_of_order_unknown_or_in_another_namespace_are_faults() {
    let world = World::start().await;
    let session = login(&world).await;
    let good = tickets(&session, "A-5", 5);
    for case in [
        good.replace(
            "<NPERSONTYPNO>1</NPERSONTYPNO><NPOOLNO>3</NPOOLNO>",
            "<NPOOLNO>3</NPOOLNO><NPERSONTYPNO>1</NPERSONTYPNO>",
        ),
        good.replace("NWTPPROFILENO", "NPROFILE"),
        good.replace("<FTARIFF>59.50</FTARIFF>", ""),
        good.replace("<NBLOCKNO>1", "<NBLOCKNO>one"),
        good.clone() + "<X>1</X>",
    ] {
        let reply = call(&world, "issueTicket", &case).await.unwrap();
        assert_eq!((reply.status, reply.tag("faultcode").as_str()), (500, "soap:Client"), "{case}");
    }
    let zero = good.replace("<NPOOLNO>3", "<NPOOLNO>0");
    assert_eq!(number(&world, "issueTicket", &zero).await, "-1002");
    for (from, to) in [
        ("<NTICKETTYPENO>1", "<NTICKETTYPENO>3"),
        ("<NPERSONTYPNO>1", "<NPERSONTYPNO>9"),
        ("<NPROJNO>701", "<NPROJNO>702"),
    ] {
        assert_eq!(number(&world, "issueTicket", &good.replace(from, to)).await, "-6541", "{to}");
    }
    assert_eq!(call(&world, "getRides", &session).await.unwrap().status, 500);
    assert!(world.ledger("axess").await.is_empty());
}

#[tokio::test]
async fn a_used_ticket_cannot_be_canceled_and_tickets_have_three_names() {
    let world = World::start().await;
    let session = login(&world).await;
    let issued = call(&world, "issueTicket", &tickets(&session, "A-6", 6)).await.unwrap();
    let gate = format!("axess/obertauern/tickets/{}/use", issued.tag("a:NJOURNALNO"));
    assert_eq!(world.control("POST", &gate, Value::Null).await.status, 200);
    let named = by_journal(&session, &issued.tag("a:NJOURNALNO"));
    assert_eq!(
        number(&world, "cancelTicket", &format!("<NBLOCKING>0</NBLOCKING>{named}")).await,
        "-6515"
    );
    assert_eq!(call(&world, "getTicketStatus", &named).await.unwrap().tag("a:NSTATUS"), "1");
    call(&world, "issueTicket", &tickets(&session, "A-7", 6)).await.unwrap();
    let of = |rest: &str| {
        format!("<NBLOCKING>0</NBLOCKING><NPOSNO>21</NPOSNO><NPROJNO>701</NPROJNO>{rest}")
    };
    let serial = |tail: &str| of(&format!("<NSERIALNO>2</NSERIALNO>{session}{tail}"));
    assert_eq!(number(&world, "cancelTicket", &serial("")).await, "-1002");
    assert_eq!(
        number(&world, "cancelTicket", &serial("<NUNICODENO>9</NUNICODENO>")).await,
        "-6513"
    );
    assert_eq!(
        number(&world, "cancelTicket", &serial("<SZVALIDTILL>2099-12-19</SZVALIDTILL>")).await,
        "0"
    );
    let statuses: Vec<Value> =
        world.ledger("axess").await.iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(statuses, [json!("used"), json!("canceled")]);
}

#[tokio::test]
async fn refusals_and_resets_of_axess_are_seen_in_the_ledger() {
    let world = World::start().await;
    let session = login(&world).await;
    world.fault(json!({"supplier": "axess", "operation": "issueTicket", "fault": "business_error", "times": 1})).await;
    assert_eq!(number(&world, "issueTicket", &tickets(&session, "A-8", 8)).await, "-3106");
    world.fault(json!({"supplier": "axess", "operation": "issueTicket", "fault": "business_error", "value": -9999, "times": 1})).await;
    assert_eq!(number(&world, "issueTicket", &tickets(&session, "A-8", 8)).await, "-9999");
    assert!(world.ledger("axess").await.is_empty());
    world
        .fault(json!({"supplier": "axess", "operator": "saalbach", "fault": "reset_before"}))
        .await;
    world.fault(json!({"supplier": "axess", "operator": "obertauern", "fault": "reset_after", "times": 1})).await;
    assert_eq!(
        call(&world, "issueTicket", &tickets(&session, "A-8", 8)).await.unwrap_err(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(world.ledger("axess").await.len(), 1);
}

#[tokio::test]
async fn each_product_is_valid_as_its_operator_says() {
    let world = World::start().await;
    let session = login(&world).await;
    for (ticket_type, first, last) in [
        (1, "2026-12-29", "2026-12-29"),
        (2, "2026-12-29", "2026-12-29"),
        (6, "2026-12-29", "2027-01-03"),
        (9, "2026-12-29", "2027-01-04"),
        (20, "2026-12-29", "2027-05-01"),
        (20, "2027-05-01", "2027-05-01"),
    ] {
        let reference = format!("A-{ticket_type}-{first}");
        let good = tickets(&session, &reference, 20 + ticket_type).replace("2099-12-19", first);
        let good = good.replace("<NTICKETTYPENO>1", &format!("<NTICKETTYPENO>{ticket_type}"));
        let issued = call(&world, "issueTicket", &good).await.unwrap();
        assert_eq!(issued.tag("a:SZVALIDTILL"), last, "{ticket_type}");
        let ledger = world.ledger("axess").await;
        let entry = ledger.iter().find(|entry| entry["reference"] == *reference).unwrap();
        assert_eq!((&entry["valid_from"], &entry["valid_to"]), (&json!(first), &json!(last)));
        assert_eq!(
            (&entry["product"], &entry["category"]),
            (&json!(format!("3/{ticket_type}")), &json!("1"))
        );
    }
    let late = tickets(&session, "A-late", 9).replace("2099-12-19", "2027-05-02");
    let late = late.replace("<NTICKETTYPENO>1", "<NTICKETTYPENO>20");
    assert_eq!(
        number(&world, "issueTicket", &late).await,
        "-6541",
        "a season pass after its season"
    );
}

#[tokio::test]
async fn the_lists_say_what_is_sold_and_until_when_it_costs_that() {
    let world = World::start().await;
    let session = login(&world).await;
    let read = async |operation: &str, name: &str, members: String| {
        let envelope = envelope(operation, name, &members);
        send(&world, operation, &envelope).await.unwrap()
    };
    let profile = format!("{session}<NWTPPROFILENO>1</NWTPPROFILENO>");
    let pools =
        read("getpools", "Pool", format!("{profile}<SZCOUNTRYCODE>AUT</SZCOUNTRYCODE>")).await;
    assert_eq!(
        (pools.count("a:ACTPOOL"), pools.tag("a:NPOOLNO").as_str()),
        (1, "3"),
        "{}",
        pools.text()
    );
    let types = async || {
        read("gettickettypes", "TicketType", format!("<NPOOLNO>3</NPOOLNO>{profile}")).await
    };
    assert_eq!(types().await.count("a:ACTTICKETTYPE"), 5);
    assert_eq!(
        read("getpersontypes", "PersonType", profile.clone()).await.count("a:ACTPERSTYPE"),
        5
    );
    let tariff = async |person: u32, day: &str| {
        let product = format!(
            "<CTPRODUCT><NARTICLENO>0</NARTICLENO><NPERSONTYPNO>{person}</NPERSONTYPNO><NPOOLNO>3</NPOOLNO>\
             <NPROJNO>701</NPROJNO><NTICKETTYPENO>1</NTICKETTYPENO><SZVALIDFROM>{day}</SZVALIDFROM></CTPRODUCT>{profile}"
        );
        read("gettariff", "Tariff", product).await
    };
    let dear = tariff(1, "2026-12-25").await;
    assert_eq!(
        (dear.tag("a:FTARIFF").as_str(), dear.tag("a:SZCURRENCY").as_str()),
        ("72.00", "EUR"),
        "{}",
        dear.text()
    );
    for (person, day) in [(1, "2027-08-01"), (9, "2026-12-25")] {
        assert_eq!(tariff(person, day).await.tag("a:NERRORNO"), "-6541", "{person} {day}");
    }
    assert_eq!(read("getpools", "Pool", profile.clone()).await.status, 500, "a member is missing");
    let forgotten = profile.replace(&session, "<NSESSIONID>1</NSESSIONID>");
    assert_eq!(read("getpersontypes", "PersonType", forgotten).await.tag("a:NERRORNO"), "-2001");

    let other = json!({ "withdrawn": ["3/1"], "added": ["8/8"], "closed_categories": ["2"] });
    assert_eq!(world.control("PUT", "goods/obertauern", other).await.status, 200);
    assert_eq!(
        (types().await.count("a:ACTTICKETTYPE"), tariff(1, "2026-12-25").await.tag("a:NERRORNO")),
        (4, "-6541".into())
    );
    assert_eq!(
        number(&world, "issueTicket", &tickets(&session, "A-9", 9)).await,
        "-6541",
        "what is not listed is not sold"
    );
    let soon = json!({ "prices": [{ "product": "3/1", "category": "1", "from": "2026-12-26", "to": "2026-12-26", "cents": 9900 }] });
    assert_eq!(world.control("PUT", "goods/obertauern", soon).await.status, 200);
    assert_eq!(tariff(1, "2026-12-25").await.tag("a:SZVALIDTILL"), "2026-12-25");
    assert_eq!(tariff(1, "2026-12-26").await.tag("a:FTARIFF"), "99.00");
    assert_eq!(world.control("PUT", "goods/obertauern", json!({})).await.status, 200);
    assert_eq!(tariff(1, "2026-12-25").await.text(), dear.text());
    for (path, body) in [("goods/nowhere", json!({})), ("goods/obertauern", json!({ "price": [] }))]
    {
        assert!(world.control("PUT", path, body).await.status >= 400, "{path}");
    }
}
