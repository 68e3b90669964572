//! All that is stored about an account, as its owner may take it along.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};
use serde_json::{Value, json};
use starjack_entity::{
    account, address_change, card, case_file, invoice, job, known_network, order_event, order_line,
    orders, payment, security_key, session,
};
use uuid::Uuid;

use crate::actors::auth;
use crate::actors::order::rules::lifecycle::LineState;
use crate::io::{Io, IoError};

/// Orders that one question to the database is about.
const AT_ONCE: usize = 200;

/// Everything about an account but for secrets: hashes, codes, tokens, and the provider's own ids.
/// `None` when there is no such account.
///
/// # Errors
/// The database's.
pub async fn export(io: &Io, account_id: Uuid) -> Result<Option<Value>, IoError> {
    io.read(move |db| Box::pin(async move { Ok::<_, IoError>(read(db, account_id).await?) })).await
}

async fn read(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Value>, DbErr> {
    let found =
        account::Entity::find_by_id(id).filter(account::Column::ErasedAt.is_null()).one(db).await?;
    let Some(account) = found else { return Ok(None) };
    let placed = orders::Entity::find()
        .filter(orders::Column::AccountId.eq(id))
        .order_by_asc(orders::Column::PlacedAt)
        .all(db)
        .await?;
    let mut orders = Vec::new();
    for some in placed.chunks(AT_ONCE) {
        orders.extend(orders_of(db, some).await?);
    }
    let changes = address_change::Entity::find()
        .filter(address_change::Column::AccountId.eq(id))
        .all(db)
        .await?;
    // of a request that was not confirmed, whether a code or a hint went out would tell whether
    // others have the address
    let changed =
        changes.iter().filter(|change| change.changed_at.is_some()).map(|change| change.id);
    let about = placed.iter().map(|order| order.id).chain(changed).chain([id]);
    let emails = emails_of(db, &about.collect::<Vec<_>>()).await?;
    Ok(Some(json!({
        "account": account_of(&account),
        "address_changes": changes.into_iter().map(change_of).collect::<Vec<_>>(),
        "cards": cards_of(db, id).await?,
        "orders": orders,
        "invoices": invoices_of(db, id).await?,
        "sessions": sessions_of(db, id).await?,
        "networks": networks_of(db, id).await?,
        "security_keys": security_keys_of(db, id).await?,
        "emails": emails,
    })))
}

fn account_of(row: &account::Model) -> Value {
    json!({
        "id": row.id, "email": row.email, "first_name": row.first_name, "last_name": row.last_name,
        "birth_date": row.birth_date, "language": row.language, "role": row.role, "created_at": row.created_at.to_utc(),
        "billing": kept_json(row.billing.as_deref()),
    })
}

fn change_of(row: address_change::Model) -> Value {
    json!({ "from": row.old_email, "to": row.new_email, "changed_at": row.changed_at.map(|at| at.to_utc()),
        "kept_until": row.expires_at.to_utc() })
}

async fn cards_of(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Value>, DbErr> {
    let rows = card::Entity::find()
        .filter(card::Column::AccountId.eq(id))
        .order_by_asc(card::Column::Id)
        .all(db)
        .await?;
    let card = |row: card::Model| {
        json!({ "id": row.id, "number": row.number, "nickname": row.nickname, "state": row.state,
            "created_at": row.created_at.to_utc() })
    };
    Ok(rows.into_iter().map(card).collect())
}

/// These orders with all that belongs to each.
async fn orders_of(db: &impl ConnectionTrait, rows: &[orders::Model]) -> Result<Vec<Value>, DbErr> {
    let ids = || rows.iter().map(|row| row.id);
    let lines = order_line::Entity::find().filter(order_line::Column::OrderId.is_in(ids()));
    let lines = lines.order_by_asc(order_line::Column::No).all(db).await?;
    let payments = payment::Entity::find().filter(payment::Column::OrderId.is_in(ids()));
    let payments = payments.order_by_asc(payment::Column::No).all(db).await?;
    let events = order_event::Entity::find().filter(order_event::Column::OrderId.is_in(ids()));
    let events = events
        .order_by_asc(order_event::Column::Version)
        .order_by_asc(order_event::Column::No)
        .all(db)
        .await?;
    let cases =
        case_file::Entity::find().filter(case_file::Column::OrderId.is_in(ids())).all(db).await?;
    let order = |row: &orders::Model| {
        let lines = lines.iter().filter(|line| line.order_id == row.id).map(line_of);
        let payments = payments.iter().filter(|payment| payment.order_id == row.id).map(payment_of);
        let events = events.iter().filter(|event| event.order_id == row.id).map(event_of);
        let cases = cases.iter().filter(|case| case.order_id == Some(row.id)).map(case_of);
        json!({
            "id": row.id, "number": row.number, "state": row.state, "on_refusal": row.on_refusal,
            "total": { "amount": row.total_cents, "currency": row.currency }, "reason": row.refusal,
            "placed_at": row.placed_at.to_utc(), "return_url": row.return_url,
            "billing": kept_json(row.billing.as_deref()), "lines": lines.collect::<Vec<_>>(),
            "payments": payments.collect::<Vec<_>>(), "history": events.collect::<Vec<_>>(),
            "cases": cases.collect::<Vec<_>>(),
        })
    };
    Ok(rows.iter().map(order).collect())
}

fn line_of(row: &order_line::Model) -> Value {
    // as the API says it, which is not always as it is stored
    let state = LineState::stored(&row.state).map(LineState::word);
    json!({
        "no": row.no, "state": state, "operator": row.operator, "product": row.product, "category": row.category,
        "valid_from": row.valid_from, "valid_to": row.valid_to, "from_time": row.from_time,
        "price_cents": row.price_cents, "vat_permille": row.vat_permille, "vat_country": row.vat_country,
        "card_number": row.card_number, "ticket_reference": row.ticket_reference, "reason": row.refusal,
        "return_until": row.return_ends.map(|at| at.to_utc()),
        "holder": { "first_name": row.holder_first_name, "last_name": row.holder_last_name,
            "birth_date": row.holder_birth_date },
    })
}

fn payment_of(row: &payment::Model) -> Value {
    json!({
        "no": row.no, "state": row.state, "amount_cents": row.amount_cents, "currency": row.currency,
        "captured_cents": row.captured_cents, "returned_cents": row.returned_cents, "owed_cents": row.owed_cents,
        "transferred_cents": row.transferred_cents, "opened_at": row.opened_at.to_utc(),
        "reserved_at": row.reserved_at.map(|at| at.to_utc()),
    })
}

fn event_of(row: &order_event::Model) -> Value {
    json!({ "at": row.at.to_utc(), "state": row.state, "detail": row.detail })
}

fn case_of(row: &case_file::Model) -> Value {
    json!({ "kind": row.kind, "opened_at": row.opened_at.to_utc(), "closed_at": row.closed_at.map(|at| at.to_utc()) })
}

async fn invoices_of(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Value>, DbErr> {
    let rows = invoice::Entity::find().filter(invoice::Column::AccountId.eq(id));
    let rows = rows.order_by_asc(invoice::Column::IssuedAt).all(db).await?;
    let invoice = |row: invoice::Model| {
        json!({
            "number": row.number, "order_id": row.order_id, "issued_on": row.issued_on,
            "total": { "amount": row.total_cents, "currency": row.currency }, "buyer": kept_json(Some(&row.buyer)),
            "lines": kept_json(Some(&row.lines)),
            "url": format!("/api/v1/orders/{}/invoices/{}", row.order_id, row.number),
        })
    };
    Ok(rows.into_iter().map(invoice).collect())
}

async fn sessions_of(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Value>, DbErr> {
    let rows = session::Entity::find().filter(session::Column::AccountId.eq(id));
    let rows = rows.order_by_asc(session::Column::CreatedAt).all(db).await?;
    let session = |row: session::Model| json!({ "id": row.id, "opened_at": row.created_at.to_utc(), "ended_at": row.revoked_at.map(|at| at.to_utc()) });
    Ok(rows.into_iter().map(session).collect())
}

/// Networks from which somebody logged in: a keyed hash of each is kept, of which only the time
/// says anything.
async fn networks_of(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Value>, DbErr> {
    let rows = known_network::Entity::find()
        .filter(known_network::Column::AccountId.eq(id))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| json!({ "seen_at": row.seen_at.to_utc() })).collect())
}

async fn security_keys_of(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Value>, DbErr> {
    let rows =
        security_key::Entity::find().filter(security_key::Column::AccountId.eq(id)).all(db).await?;
    let key = |row: security_key::Model| json!({ "nickname": row.nickname, "added_at": row.created_at.to_utc(), "used_at": row.used_at.map(|at| at.to_utc()) });
    Ok(rows.into_iter().map(key).collect())
}

/// The e-mails that were asked for, as long as their jobs are kept: jobs name what they are about
/// by its id alone.
async fn emails_of(db: &impl ConnectionTrait, about: &[Uuid]) -> Result<Vec<Value>, DbErr> {
    let mut found = Vec::new();
    for some in about.chunks(AT_ONCE) {
        let named = some.iter().fold(Condition::any(), |any, id| {
            any.add(job::Column::Payload.contains(id.to_string()))
        });
        let rows = job::Entity::find()
            .filter(job::Column::Kind.is_in([auth::EMAIL_JOB, auth::NOTICE_JOB]))
            .filter(named)
            .all(db);
        found.extend(rows.await?);
    }
    found.sort_by_key(|row| row.id);
    let email = |row: job::Model| {
        let payload = kept_json(Some(&row.payload));
        json!({ "email": payload["letter"], "order_id": payload["order_id"], "state": row.state,
            "asked_at": row.created_at.to_utc(), "sent_at": row.done_at.map(|at| at.to_utc()) })
    };
    Ok(found.into_iter().map(email).collect())
}

/// JSON that a column holds; `null` for none.
fn kept_json(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
