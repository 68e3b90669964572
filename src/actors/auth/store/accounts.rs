//! SQL of accounts and registrations.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Select, TryInsertResult,
};
use starjack_entity::{account, registration};
use uuid::Uuid;

use super::super::error::Error;

/// An account that was not deleted.
pub(in crate::actors::auth) async fn account(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<account::Model>, Error> {
    Ok(account::Entity::find_by_id(id).filter(account::Column::ErasedAt.is_null()).one(db).await?)
}

/// The account of an address.
pub(in crate::actors::auth) async fn account_of(
    db: &impl ConnectionTrait,
    email: &str,
) -> Result<Option<account::Model>, Error> {
    let found = account::Entity::find().filter(account::Column::Email.eq(email));
    Ok(found.filter(account::Column::ErasedAt.is_null()).one(db).await?)
}

/// Opens an account; `false` when the address has one.
pub(in crate::actors::auth) async fn open_account(
    db: &impl ConnectionTrait,
    row: account::Model,
) -> Result<bool, Error> {
    let insert = account::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(account::Column::Email).do_nothing().to_owned());
    // a row that is there is "inserted" too, without any row
    Ok(matches!(
        insert.try_insert().exec_without_returning(db).await?,
        TryInsertResult::Inserted(1)
    ))
}

pub(in crate::actors::auth) async fn registration(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<registration::Model>, Error> {
    Ok(registration::Entity::find_by_id(id).one(db).await?)
}

/// Writes a registration in the place of an earlier one with the same address.
pub(in crate::actors::auth) async fn write_registration(
    db: &impl ConnectionTrait,
    row: registration::Model,
) -> Result<(), DbErr> {
    use registration::Column::{
        BirthDate, CodeHash, ExpiresAt, FirstName, Id, Language, LastName, PasswordHash, TriesLeft,
    };
    let replace = OnConflict::column(registration::Column::Email)
        .update_columns([
            Id,
            PasswordHash,
            FirstName,
            LastName,
            BirthDate,
            Language,
            CodeHash,
            TriesLeft,
            ExpiresAt,
        ])
        .to_owned();
    registration::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Forgets the request of an address that has its account now.
pub(in crate::actors::auth) async fn remove_registration(
    db: &impl ConnectionTrait,
    email: &str,
) -> Result<(), DbErr> {
    registration::Entity::delete_many()
        .filter(registration::Column::Email.eq(email))
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets registrations that nobody confirmed in time.
pub(in crate::actors::auth) async fn forget_registrations(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<(), DbErr> {
    registration::Entity::delete_many()
        .filter(registration::Column::ExpiresAt.lt(before))
        .exec(db)
        .await?;
    Ok(())
}

/// An account as it is now, kept from changing until the transaction ends.
pub(in crate::actors::auth) async fn account_now(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find_by_id(id).lock_exclusive().one(db).await
}

/// The password's hash as it is now, kept from changing until the transaction ends.
pub(in crate::actors::auth) async fn password_now(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<String>, DbErr> {
    Ok(account_now(db, id).await?.map(|row| row.password_hash))
}

/// The accounts of admins, in the order in which they were opened.
pub(in crate::actors::auth) async fn admins(
    db: &impl ConnectionTrait,
    role: &str,
) -> Result<Vec<account::Model>, DbErr> {
    of_role(role).all(db).await
}

/// The same, kept from changing until the transaction ends: of two admins who take each other's
/// role one stays.
pub(in crate::actors::auth) async fn admins_now(
    db: &impl ConnectionTrait,
    role: &str,
) -> Result<Vec<account::Model>, DbErr> {
    of_role(role).lock_exclusive().all(db).await
}

/// The accounts of a role that are somebody's still.
fn of_role(role: &str) -> Select<account::Entity> {
    account::Entity::find()
        .filter(account::Column::Role.eq(role))
        .filter(account::Column::ErasedAt.is_null())
        .order_by_asc(account::Column::Id)
}

/// Writes what an admin may change of an account: its role, and since when it is disabled.
pub(in crate::actors::auth) async fn set_standing(
    db: &impl ConnectionTrait,
    row: &account::Model,
) -> Result<(), DbErr> {
    let standing = account::ActiveModel {
        role: Set(row.role.clone()),
        disabled_at: Set(row.disabled_at),
        ..Default::default()
    };
    account::Entity::update_many()
        .set(standing)
        .filter(account::Column::Id.eq(row.id))
        .exec(db)
        .await?;
    Ok(())
}

pub(in crate::actors::auth) async fn set_password(
    db: &impl ConnectionTrait,
    id: Uuid,
    hash: String,
) -> Result<(), DbErr> {
    let row = account::ActiveModel { password_hash: Set(hash), ..Default::default() };
    account::Entity::update_many().set(row).filter(account::Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// Writes what an account may change of itself: names, birth date and language.
pub(in crate::actors::auth) async fn set_person(
    db: &impl ConnectionTrait,
    row: account::Model,
) -> Result<(), DbErr> {
    let person = account::ActiveModel {
        first_name: Set(row.first_name),
        last_name: Set(row.last_name),
        birth_date: Set(row.birth_date),
        language: Set(row.language),
        ..Default::default()
    };
    account::Entity::update_many()
        .set(person)
        .filter(account::Column::Id.eq(row.id))
        .exec(db)
        .await?;
    Ok(())
}

/// Writes where an account's invoices go, as JSON.
pub(in crate::actors::auth) async fn set_billing(
    db: &impl ConnectionTrait,
    id: Uuid,
    billing: Option<String>,
) -> Result<(), DbErr> {
    let row = account::ActiveModel { billing: Set(billing), ..Default::default() };
    account::Entity::update_many().set(row).filter(account::Column::Id.eq(id)).exec(db).await?;
    Ok(())
}
