//! An order's rows in the database, to and from the record.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    DbErr,
    prelude::DateTimeWithTimeZone,
};
use starjack_entity::{order_line, orders, payment};
use uuid::Uuid;

use crate::actors::order::rules::lifecycle::{LineState, OrderState, PaymentState};
use crate::actors::order::rules::record::{
    Claim, ClaimKind, Line, Mark, MoneyDoubt, OnRefusal, Order, Payment, ReturnTerms, Terms, Ticket,
};
use crate::ids::{OrderNumber, Reference};
use crate::integrations::lift::Booking;
use crate::integrations::{Refusal, RefusalKind};

/// The order of its row, without lines and payments.
pub(in crate::actors::order) fn order_of(row: orders::Model) -> Result<Order, DbErr> {
    Ok(Order {
        id: row.id,
        number: OrderNumber::stored(row.number),
        account_id: row.account_id,
        state: OrderState::of(&row.state).ok_or_else(|| unreadable("orders.state", &row.state))?,
        on_refusal: on_refusal_of(&row.on_refusal),
        total: row.total_cents,
        currency: row.currency,
        wanted: row.wanted_payment,
        version: row.version,
        driver: row.driver,
        next_at: row.next_at.map(|at| at.to_utc()),
        placed_at: row.placed_at.to_utc(),
        entered_at: row.entered_at.to_utc(),
        ends_by: row.ends_by.to_utc(),
        refusal: row.refusal,
        return_url: row.return_url,
        lines: Vec::new(),
        payments: Vec::new(),
    })
}

/// The row of an order.
pub(in crate::actors::order) fn order_row(order: &Order) -> orders::ActiveModel {
    orders::ActiveModel {
        id: Set(order.id),
        number: Set(order.number.to_string()),
        account_id: Set(order.account_id),
        state: Set(order.state.word().to_owned()),
        on_refusal: Set(on_refusal_word(order.on_refusal).to_owned()),
        total_cents: Set(order.total),
        currency: Set(order.currency.clone()),
        wanted_payment: Set(order.wanted),
        version: Set(order.version),
        driver: Set(order.driver),
        next_at: Set(order.next_at.map(Into::into)),
        placed_at: Set(order.placed_at.into()),
        entered_at: Set(order.entered_at.into()),
        ends_by: Set(order.ends_by.into()),
        refusal: Set(order.refusal.clone().map(short)),
        return_url: Set(order.return_url.clone()),
        // kept once, when the order is placed
        billing: NotSet,
    }
}

/// The line of its row; `terms` come from its contract.
pub(in crate::actors::order) fn line_of(
    row: order_line::Model,
    terms: Terms,
) -> Result<Line, DbErr> {
    let booking = row.booking_handle.map(|handle| Booking {
        handle,
        ticket_reference: row.ticket_reference.clone().unwrap_or_default(),
    });
    Ok(Line {
        no: row.no,
        reference: Reference::stored(row.reference),
        state: LineState::stored(&row.state)
            .ok_or_else(|| unreadable("order_line.state", &row.state))?,
        checked: row.checked,
        voiding: row.withdrawing,
        price: row.price_cents,
        terms,
        asked_ms: row.asked_ms,
        attempts: row.attempts,
        ask_at: row.ask_at.map(|at| at.to_utc()),
        settles_at: row.settles_at.map(|at| at.to_utc()),
        doubt_since: row.doubt_since.map(|at| at.to_utc()),
        refusal: row.refusal.as_deref().map(refusal_of),
        booking,
        attention: mark_of(row.person_since, row.person_reason, row.person_accepted),
        open: None,
        day_taken: false,
        returns: ReturnTerms { ends: row.return_ends.map(|at| at.to_utc()), family: row.family },
        ticket: Ticket {
            operator: row.operator,
            product: row.product,
            category: row.category,
            product_code: row.product_code,
            category_code: row.category_code,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            from_time: row.from_time,
            vat_permille: row.vat_permille,
            vat_country: row.vat_country,
            card_id: row.card_id,
            card_number: row.card_number,
            holder_first_name: row.holder_first_name,
            holder_last_name: row.holder_last_name,
            holder_birth_date: row.holder_birth_date,
        },
    })
}

/// The row of a line.
pub(in crate::actors::order) fn line_row(order_id: Uuid, line: &Line) -> order_line::ActiveModel {
    let ticket = &line.ticket;
    order_line::ActiveModel {
        order_id: Set(order_id),
        no: Set(line.no),
        reference: Set(line.reference.to_string()),
        state: Set(line.state.stored_word().to_owned()),
        checked: Set(line.checked),
        withdrawing: Set(line.voiding),
        operator: Set(ticket.operator.clone()),
        product: Set(ticket.product.clone()),
        category: Set(ticket.category.clone()),
        product_code: Set(ticket.product_code.clone()),
        category_code: Set(ticket.category_code.clone()),
        valid_from: Set(ticket.valid_from),
        valid_to: Set(ticket.valid_to),
        from_time: Set(ticket.from_time),
        price_cents: Set(line.price),
        vat_permille: Set(ticket.vat_permille),
        vat_country: Set(ticket.vat_country.clone()),
        card_id: Set(ticket.card_id),
        card_number: Set(ticket.card_number.clone()),
        holder_first_name: Set(ticket.holder_first_name.clone()),
        holder_last_name: Set(ticket.holder_last_name.clone()),
        holder_birth_date: Set(ticket.holder_birth_date),
        asked_ms: Set(line.asked_ms),
        attempts: Set(line.attempts),
        ask_at: Set(line.ask_at.map(Into::into)),
        settles_at: Set(line.settles_at.map(Into::into)),
        doubt_since: Set(line.doubt_since.map(Into::into)),
        refusal: Set(line.refusal.as_ref().map(refusal_text)),
        ticket_reference: Set(line
            .booking
            .as_ref()
            .map(|booking| booking.ticket_reference.clone())),
        booking_handle: Set(line.booking.as_ref().map(|booking| booking.handle.clone())),
        person_since: Set(line.attention.as_ref().map(|mark| mark.since.into())),
        person_reason: Set(line.attention.as_ref().map(|mark| short(mark.reason.clone()))),
        person_accepted: Set(line.attention.as_ref().is_some_and(|mark| mark.accepted)),
        return_ends: Set(line.returns.ends.map(Into::into)),
        family: Set(line.returns.family.clone()),
    }
}

/// The payment of its row.
pub(in crate::actors::order) fn payment_of(row: payment::Model) -> Result<Payment, DbErr> {
    let doubt = match (row.doubt, row.doubt_cents) {
        (Some(text), Some(amount)) => {
            Some(MoneyDoubt::of(&text, amount).ok_or_else(|| unreadable("payment.doubt", &text))?)
        }
        (Some(_), None) | (None, _) => None,
    };
    Ok(Payment {
        no: row.no,
        page_no: row.page_no,
        reference: Reference::stored(row.reference),
        secret: row.secret,
        url: row.url,
        tid: row.tid,
        state: PaymentState::of(&row.state)
            .ok_or_else(|| unreadable("payment.state", &row.state))?,
        amount: row.amount_cents,
        currency: row.currency,
        captured: row.captured_cents,
        returned: row.returned_cents,
        transferred: row.transferred_cents,
        owed: row.owed_cents,
        opened_at: row.opened_at.to_utc(),
        page_ends_at: row.page_ends_at.to_utc(),
        back_since: row.back_since.map(|at| at.to_utc()),
        reserved_at: row.reserved_at.map(|at| at.to_utc()),
        status_calls: row.status_calls,
        claim: row.pull.then(|| Claim {
            kind: row.claim.as_deref().map_or(ClaimKind::Look, ClaimKind::of),
            since: row.claimed_at.map_or_else(|| row.opened_at.to_utc(), |at| at.to_utc()),
        }),
        sought: row.sought,
        attempts: row.attempts,
        refusals: row.refusals,
        ask_at: row.ask_at.map(|at| at.to_utc()),
        settles_at: row.settles_at.map(|at| at.to_utc()),
        doubt_since: row.doubt_since.map(|at| at.to_utc()),
        doubt,
        attention: mark_of(row.person_since, row.person_reason, row.person_accepted),
        open: None,
    })
}

/// The row of a payment.
pub(in crate::actors::order) fn payment_row(
    order_id: Uuid,
    payment: &Payment,
) -> payment::ActiveModel {
    payment::ActiveModel {
        order_id: Set(order_id),
        no: Set(payment.no),
        page_no: Set(payment.page_no),
        reference: Set(payment.reference.to_string()),
        secret: Set(payment.secret.clone()),
        url: Set(payment.url.clone()),
        tid: Set(payment.tid.clone()),
        state: Set(payment.state.word().to_owned()),
        amount_cents: Set(payment.amount),
        currency: Set(payment.currency.clone()),
        captured_cents: Set(payment.captured),
        returned_cents: Set(payment.returned),
        transferred_cents: Set(payment.transferred),
        owed_cents: Set(payment.owed),
        opened_at: Set(payment.opened_at.into()),
        page_ends_at: Set(payment.page_ends_at.into()),
        back_since: Set(payment.back_since.map(Into::into)),
        reserved_at: Set(payment.reserved_at.map(Into::into)),
        status_calls: Set(payment.status_calls),
        pull: Set(payment.claim.is_some()),
        claim: Set(payment.claim.map(|claim| claim.kind.word().to_owned())),
        claimed_at: Set(payment.claim.map(|claim| claim.since.into())),
        sought: Set(payment.sought),
        attempts: Set(payment.attempts),
        refusals: Set(payment.refusals),
        ask_at: Set(payment.ask_at.map(Into::into)),
        settles_at: Set(payment.settles_at.map(Into::into)),
        doubt_since: Set(payment.doubt_since.map(Into::into)),
        doubt: Set(payment.doubt.as_ref().map(MoneyDoubt::words)),
        doubt_cents: Set(payment.doubt.map(|doubt| doubt.amount)),
        person_since: Set(payment.attention.as_ref().map(|mark| mark.since.into())),
        person_reason: Set(payment.attention.as_ref().map(|mark| short(mark.reason.clone()))),
        person_accepted: Set(payment.attention.as_ref().is_some_and(|mark| mark.accepted)),
    }
}

/// Cuts a text to what its column holds.
pub(in crate::actors::order) fn short(text: String) -> String {
    if text.len() <= 160 { text } else { text.chars().take(150).collect() }
}

fn on_refusal_word(on_refusal: OnRefusal) -> &'static str {
    match on_refusal {
        OnRefusal::Undo => "undo",
        OnRefusal::Keep => "keep",
    }
}

fn on_refusal_of(word: &str) -> OnRefusal {
    if word == "keep" { OnRefusal::Keep } else { OnRefusal::Undo }
}

fn refusal_text(refusal: &Refusal) -> String {
    short(format!("{}:{}", refusal.kind.slug(), refusal.code))
}

fn refusal_of(text: &str) -> Refusal {
    let (kind, code) = text.split_once(':').unwrap_or((text, ""));
    Refusal {
        kind: RefusalKind::of(kind).unwrap_or(RefusalKind::ProductUnavailable),
        code: code.to_owned(),
    }
}

fn mark_of(
    since: Option<DateTimeWithTimeZone>,
    reason: Option<String>,
    accepted: bool,
) -> Option<Mark> {
    since.map(|since| Mark { since: since.to_utc(), reason: reason.unwrap_or_default(), accepted })
}

pub(in crate::actors::order) fn unreadable(column: &str, value: &str) -> DbErr {
    DbErr::Custom(format!("{column} holds {value}, which this version does not know"))
}
