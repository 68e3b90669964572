//! The one commit of a turn: order, lines, payments, intents, events, jobs and the invoice, under
//! one version.

use crate::actors::order::rules::record::open_intents;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, SqlErr,
};
use starjack_entity::{order_event, order_line, order_step, orders, payment, ticket_day};
use uuid::Uuid;

use super::card_days;
use super::cases;
use super::commit_points::CommitPoints;
use super::customer::buyer_of;
use super::rows::{line_row, order_row, payment_row, short};
use super::step_rows::{outcome_words, step_row};
use super::{Saved, Store};
use crate::actors::fleet::Fence;
use crate::actors::invoice::{self, NewInvoice};
use crate::actors::jobs;
use crate::actors::mail;
use crate::actors::order::rules::advance::Effects;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::record::Order;
use crate::clock;
use crate::io::IoError;

impl Store {
    /// Writes a new order in the caller's transaction. Its intents must carry their ids.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(
        &self,
        tx: &DatabaseTransaction,
        order: &Order,
        effects: &Effects,
    ) -> Result<(), DbErr> {
        orders::Entity::insert(order_row(order)).exec_without_returning(tx).await?;
        let lines = order.lines.iter().map(|line| line_row(order.id, line));
        order_line::Entity::insert_many(lines).exec_without_returning(tx).await?;
        // whose cards need no check has its payment page at once
        for row in &order.payments {
            payment::Entity::insert(payment_row(order.id, row)).exec_without_returning(tx).await?;
        }
        self.write_intents(tx, None, order).await?;
        self.write_effects(tx, order, effects).await
    }

    /// Saves what changed between `before` and `after`, with its effects, in one commit that raises
    /// the version. The version is the fence: whoever loaded an older one loses.
    ///
    /// # Errors
    /// The database's; after `Late` the commit may have happened, so the order must be loaded
    /// again.
    pub async fn save(
        &self,
        before: &Order,
        after: &mut Order,
        effects: &Effects,
    ) -> Result<Saved, IoError> {
        self.save_under(before, after, effects, None).await
    }

    /// The same for a singleton task, whose fence is looked at in the same transaction.
    ///
    /// # Errors
    /// As [`Store::save`]; `Fenced` when another replica has the singleton task now.
    pub async fn save_under(
        &self,
        before: &Order,
        after: &mut Order,
        effects: &Effects,
        fence: Option<Fence>,
    ) -> Result<Saved, IoError> {
        after.version = before.version + 1;
        let id = after.id;
        let version = after.version;
        let moves = !effects.events.is_empty();
        let writes_jobs = effects.invoice || !effects.emails.is_empty();
        let points = CommitPoints::of(Some(before), after, effects);
        let store = self.clone();
        let before = before.clone();
        let order = after.clone();
        let effects = effects.clone();
        let soon = points.clone();
        let saved: Result<Saved, Unsaved> = self
            .io()
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(fence) = fence {
                        fence.check(tx).await?;
                    }
                    let saved = store.save_in(tx, &before, &order, &effects).await?;
                    soon.before_commit(saved);
                    Ok(saved)
                }) as BoxFuture<'_, _>
            })
            .await;
        let saved = match saved {
            Ok(saved) => saved,
            Err(Unsaved::DayTaken(line)) => return Ok(Saved::DayTaken(line)),
            Err(Unsaved::Io(IoError::Database(error))) if is_tid_taken(&error) => {
                return Ok(Saved::Taken);
            }
            Err(Unsaved::Io(error)) => return Err(error),
        };
        points.after_commit(saved);
        if moves && saved == Saved::Done {
            self.notifications.ring(id, version);
        }
        if writes_jobs && saved == Saved::Done {
            self.jobs.wake();
        }
        Ok(saved)
    }

    async fn save_in(
        &self,
        tx: &DatabaseTransaction,
        before: &Order,
        after: &Order,
        effects: &Effects,
    ) -> Result<Saved, Unsaved> {
        let mut row = order_row(after);
        row.id = sea_orm::ActiveValue::NotSet;
        let updated = orders::Entity::update_many()
            .set(row)
            .filter(orders::Column::Id.eq(after.id))
            .filter(orders::Column::Version.eq(before.version))
            .exec(tx)
            .await?;
        if updated.rows_affected == 0 {
            return Ok(Saved::Lost);
        }
        if let Some(line) = card_days::hold(tx, after, &effects.held).await? {
            return Err(Unsaved::DayTaken(line));
        }
        for line in &after.lines {
            if !before.lines.contains(line) {
                order_line::Entity::update(line_row(after.id, line))
                    .exec_without_returning(tx)
                    .await?;
            }
        }
        for row in &after.payments {
            if !before.payments.iter().any(|old| old.no == row.no) {
                payment::Entity::insert(payment_row(after.id, row))
                    .exec_without_returning(tx)
                    .await?;
            } else if !before.payments.contains(row) {
                payment::Entity::update(payment_row(after.id, row))
                    .exec_without_returning(tx)
                    .await?;
            }
        }
        self.write_intents(tx, Some(before), after).await?;
        self.write_effects(tx, after, effects).await?;
        Ok(Saved::Done)
    }

    /// Every intent of `after` that `before` had not is a row before it is asked.
    async fn write_intents(
        &self,
        tx: &DatabaseTransaction,
        before: Option<&Order>,
        after: &Order,
    ) -> Result<(), DbErr> {
        let known: Vec<Uuid> =
            before.map(open_intents).unwrap_or_default().iter().map(|(_, open)| open.id).collect();
        let new = open_intents(after).into_iter().filter(|(_, intent)| !known.contains(&intent.id));
        let rows: Vec<_> = new.map(|(subject, intent)| step_row(after, subject, &intent)).collect();
        if !rows.is_empty() {
            order_step::Entity::insert_many(rows).exec_without_returning(tx).await?;
        }
        Ok(())
    }

    async fn write_effects(
        &self,
        tx: &DatabaseTransaction,
        order: &Order,
        effects: &Effects,
    ) -> Result<(), DbErr> {
        for (id, answered) in &effects.answered {
            let (outcome, detail) = outcome_words(answered);
            order_step::Entity::update_many()
                .col_expr(order_step::Column::Outcome, Expr::value(outcome))
                .col_expr(order_step::Column::Detail, Expr::value(detail.map(short)))
                .col_expr(order_step::Column::AnsweredAt, Expr::value(clock::now().fixed_offset()))
                .filter(order_step::Column::Id.eq(*id))
                .exec(tx)
                .await?;
        }
        let events = effects.events.iter().zip(1..).map(|(event, no)| order_event::ActiveModel {
            order_id: Set(order.id),
            version: Set(order.version),
            no: Set(no),
            at: Set(if event.state == OrderState::Placed { order.placed_at } else { clock::now() }
                .into()),
            state: Set(event.state.word().to_owned()),
            detail: Set(event.detail.clone().map(short)),
        });
        let events: Vec<_> = events.collect();
        if !events.is_empty() {
            order_event::Entity::insert_many(events).exec_without_returning(tx).await?;
        }
        if !effects.freed.is_empty() {
            ticket_day::Entity::delete_many()
                .filter(ticket_day::Column::OrderId.eq(order.id))
                .filter(ticket_day::Column::LineNo.is_in(effects.freed.clone()))
                .exec(tx)
                .await?;
        }
        for email in &effects.emails {
            jobs::enqueue(tx, mail::order_email(*email, order.id, order.version)?).await?;
        }
        cases::write(tx, order, effects).await?;
        if effects.invoice {
            self.write_invoice(tx, order).await?;
        }
        Ok(())
    }

    /// The last statements of the commit: the series' row is locked for as short as can be.
    async fn write_invoice(&self, tx: &DatabaseTransaction, order: &Order) -> Result<(), DbErr> {
        let (buyer, language) = buyer_of(tx, order.id).await?;
        // a ticket that was given up may stand for a moment; nothing is returned yet in this commit
        let sold: Vec<_> = order.lines.iter().filter(|line| line.is_kept()).collect();
        let new = NewInvoice {
            order_id: order.id,
            order_number: order.number.clone(),
            account_id: order.account_id,
            issued_at: clock::now(),
            seller: self.paper.seller.clone(),
            buyer,
            lines: sold
                .iter()
                .map(|line| invoice::Line {
                    description: (self.paper.describe)(&line.ticket, language),
                    quantity: 1,
                    from: line.ticket.valid_from,
                    to: line.ticket.valid_to,
                    gross_cents: line.price,
                    vat_permille: line.ticket.vat_permille,
                    vat_country: line.ticket.vat_country.clone(),
                })
                .collect(),
            total_cents: sold.iter().map(|line| line.price).sum(),
            currency: order.currency.clone(),
            language,
            simulated: self.paper.simulated,
        };
        let number = invoice::issue(tx, new).await?;
        jobs::enqueue(tx, invoice::document_job(&number)).await
    }
}

/// Why a commit was rolled back.
enum Unsaved {
    DayTaken(i32),
    Io(IoError),
}

impl From<IoError> for Unsaved {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

impl From<DbErr> for Unsaved {
    fn from(error: DbErr) -> Self {
        Self::Io(error.into())
    }
}

/// Whether a commit failed because a transaction of the provider belongs to another order already.
fn is_tid_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(what)) if what.contains("payment") && what.contains("tid"))
}
