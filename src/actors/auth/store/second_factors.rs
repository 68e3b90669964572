//! SQL of second factors and their recovery codes.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use starjack_entity::{recovery_code, second_factor};
use uuid::Uuid;

use super::super::error::Error;
use super::security_keys::remove_security_keys;

/// A row of `second_factor`.
pub(in crate::actors::auth) type FactorRow = second_factor::Model;

pub(in crate::actors::auth) async fn factor(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<Option<FactorRow>, Error> {
    Ok(second_factor::Entity::find_by_id(account_id).one(db).await?)
}

/// Those of these accounts that have a confirmed second factor.
pub(in crate::actors::auth) async fn with_factor(
    db: &impl ConnectionTrait,
    accounts: Vec<Uuid>,
) -> Result<Vec<Uuid>, DbErr> {
    let rows = second_factor::Entity::find()
        .filter(second_factor::Column::AccountId.is_in(accounts))
        .filter(second_factor::Column::ConfirmedAt.is_not_null());
    Ok(rows.all(db).await?.into_iter().map(|row| row.account_id).collect())
}

/// Writes a second factor in the place of the account's earlier one.
pub(in crate::actors::auth) async fn write_factor(
    db: &impl ConnectionTrait,
    row: FactorRow,
) -> Result<(), DbErr> {
    use second_factor::Column::{AccountId, ConfirmedAt, CreatedAt, LastStep, SealedSecret};
    let replace = OnConflict::column(AccountId)
        .update_columns([SealedSecret, CreatedAt, ConfirmedAt, LastStep])
        .to_owned();
    second_factor::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Lets a second factor count that was waiting, in one statement: of two confirmations at once one
/// finds it so.
pub(in crate::actors::auth) async fn confirm_factor(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    (step, now): (i64, DateTime<Utc>),
) -> Result<bool, DbErr> {
    let confirmed = second_factor::Entity::update_many()
        .col_expr(second_factor::Column::ConfirmedAt, Expr::value(now))
        .col_expr(second_factor::Column::LastStep, Expr::value(step))
        .filter(second_factor::Column::AccountId.eq(account_id))
        .filter(second_factor::Column::ConfirmedAt.is_null())
        .exec(db)
        .await?;
    Ok(confirmed.rows_affected == 1)
}

/// Uses a device's half minute up in one statement, and all before it: of two that show one code,
/// one finds it fresh.
pub(in crate::actors::auth) async fn use_step(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    step: i64,
) -> Result<bool, DbErr> {
    let used = second_factor::Entity::update_many()
        .col_expr(second_factor::Column::LastStep, Expr::value(step))
        .filter(second_factor::Column::AccountId.eq(account_id))
        .filter(second_factor::Column::LastStep.lt(step))
        .exec(db)
        .await?;
    Ok(used.rows_affected == 1)
}

/// Uses a recovery code up in one statement.
pub(in crate::actors::auth) async fn use_recovery_code(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    code_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let used = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::UsedAt, Expr::value(now))
        .filter(recovery_code::Column::AccountId.eq(account_id))
        .filter(recovery_code::Column::CodeHash.eq(code_hash))
        .filter(recovery_code::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(used.rows_affected == 1)
}

/// How many recovery codes of an account were not used.
pub(in crate::actors::auth) async fn recovery_codes_left(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<u64, DbErr> {
    recovery_code::Entity::find()
        .filter(recovery_code::Column::AccountId.eq(account_id))
        .filter(recovery_code::Column::UsedAt.is_null())
        .count(db)
        .await
}

/// Writes recovery codes in the place of all earlier ones.
pub(in crate::actors::auth) async fn write_recovery_codes(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    hashes: Vec<String>,
) -> Result<(), DbErr> {
    remove_recovery_codes(db, account_id).await?;
    let rows = hashes.into_iter().map(|hash| recovery_code::ActiveModel {
        account_id: Set(account_id),
        code_hash: Set(hash),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// Removes an account's second factor with its security keys and recovery codes; twice changes
/// nothing.
pub(in crate::actors::auth) async fn remove_factor(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<(), DbErr> {
    remove_security_keys(db, account_id).await?;
    remove_recovery_codes(db, account_id).await?;
    second_factor::Entity::delete_by_id(account_id).exec(db).await?;
    Ok(())
}

async fn remove_recovery_codes(db: &impl ConnectionTrait, account_id: Uuid) -> Result<(), DbErr> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::AccountId.eq(account_id))
        .exec(db)
        .await?;
    Ok(())
}
