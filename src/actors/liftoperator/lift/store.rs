//! All SQL of keycards. Every statement names the account: there is no way to read another's card.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use starjack_entity::card;
use uuid::Uuid;

use super::card::{Card, Registered};
use crate::clock;
use crate::ids;
use crate::integrations::lift::CardNumber;

/// Writes the card unless the account has the number already. Twice, also at once, keeps one.
pub(in crate::actors::liftoperator) async fn keep(
    db: &impl ConnectionTrait,
    account: Uuid,
    number: CardNumber,
    nickname: String,
) -> Result<Registered, DbErr> {
    let id = ids::new_id();
    let row = card::ActiveModel {
        id: Set(id),
        account_id: Set(account),
        vendor: Set(number.vendor),
        number: Set(number.number.clone()),
        nickname: Set(nickname),
        state: Set("active".to_owned()),
        created_at: Set(clock::now().into()),
    };
    card::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([card::Column::AccountId, card::Column::Number])
                .do_nothing()
                .to_owned(),
        )
        .try_insert()
        .exec_without_returning(db)
        .await?;
    let kept = card::Entity::find()
        .filter(card::Column::AccountId.eq(account))
        .filter(card::Column::Number.eq(number.number))
        .one(db)
        .await?
        .map(Card::from)
        .ok_or_else(|| DbErr::RecordNotFound("the card just kept".to_owned()))?;
    Ok(if kept.id == id { Registered::New(kept) } else { Registered::Known(kept) })
}

/// The account's cards, oldest first.
pub(in crate::actors::liftoperator) async fn list(
    db: &impl ConnectionTrait,
    account: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Card>, DbErr> {
    let mut query = card::Entity::find().filter(card::Column::AccountId.eq(account));
    if let Some(after) = after {
        query = query.filter(card::Column::Id.gt(after));
    }
    let rows = query.order_by_asc(card::Column::Id).limit(limit).all(db).await?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// One card of the account.
pub(in crate::actors::liftoperator) async fn owned(
    db: &impl ConnectionTrait,
    account: Uuid,
    id: Uuid,
) -> Result<Option<Card>, DbErr> {
    let row = card::Entity::find()
        .filter(card::Column::AccountId.eq(account))
        .filter(card::Column::Id.eq(id))
        .one(db)
        .await?;
    Ok(row.map(Card::from))
}

/// Gives a card of the account another nickname; `None` when it has no such card.
pub(in crate::actors::liftoperator) async fn rename(
    db: &impl ConnectionTrait,
    account: Uuid,
    id: Uuid,
    nickname: String,
) -> Result<Option<Card>, DbErr> {
    card::Entity::update_many()
        .col_expr(card::Column::Nickname, Expr::value(nickname))
        .filter(card::Column::AccountId.eq(account))
        .filter(card::Column::Id.eq(id))
        .exec(db)
        .await?;
    owned(db, account, id).await
}

/// Takes a card out of the account; `false` when it has no such card. Orders keep the number that
/// they were placed with.
pub(in crate::actors::liftoperator) async fn remove(
    db: &impl ConnectionTrait,
    account: Uuid,
    id: Uuid,
) -> Result<bool, DbErr> {
    let removed = card::Entity::delete_many()
        .filter(card::Column::AccountId.eq(account))
        .filter(card::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(removed.rows_affected > 0)
}

impl From<card::Model> for Card {
    fn from(row: card::Model) -> Self {
        Self {
            id: row.id,
            vendor: row.vendor,
            number: row.number,
            nickname: row.nickname,
            state: row.state,
            created_at: row.created_at.to_utc(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::liftoperator::lift::card::for_order;
    use crate::io::{Io, IoError};
    use starjack_entity::account;

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Failure(#[from] IoError);

    impl From<DbErr> for Failure {
        fn from(error: DbErr) -> Self {
            Self(error.into())
        }
    }

    async fn database() -> (tempfile::TempDir, Io) {
        let folder = tempfile::tempdir().unwrap();
        let io =
            Io::start(&format!("sqlite:{}", folder.path().join("db").display()), 4).await.unwrap();
        io.migrate().await.unwrap();
        (folder, io)
    }

    async fn account(io: &Io) -> Uuid {
        let id = ids::new_id();
        io.write::<_, Failure, _>(move |db| {
            Box::pin(async move {
                let row = account::ActiveModel {
                    id: Set(id),
                    email: Set(format!("{id}@example.org")),
                    password_hash: Set(String::new()),
                    first_name: Set("Anna".into()),
                    last_name: Set("Berger".into()),
                    birth_date: Set(None),
                    language: Set("de".into()),
                    role: Set("customer".into()),
                    created_at: Set(clock::now().into()),
                    disabled_at: Set(None),
                    billing: Set(None),
                    erased_at: Set(None),
                };
                account::Entity::insert(row).exec_without_returning(db).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
        id
    }

    async fn kept(io: &Io, account: Uuid, number: &str, nickname: &str) -> Registered {
        let number = CardNumber { vendor: "acme".into(), number: number.into() };
        let nickname = nickname.to_owned();
        io.write::<_, Failure, _>(move |db| {
            Box::pin(async move { Ok(keep(db, account, number, nickname).await?) })
        })
        .await
        .unwrap()
    }

    async fn found(io: &Io, account: Uuid, id: Uuid) -> Option<Card> {
        io.read::<_, Failure, _>(move |db| {
            Box::pin(async move { Ok(for_order(db, account, id).await?) })
        })
        .await
        .unwrap()
    }

    fn card_of(registered: Registered) -> Card {
        match registered {
            Registered::New(card) | Registered::Known(card) => card,
        }
    }

    #[actix_rt::test]
    async fn the_same_number_again_answers_the_card_that_is_there() {
        let (_folder, io) = database().await;
        let anna = account(&io).await;
        let Registered::New(first) = kept(&io, anna, "01-1614-1", "Anna's").await else {
            panic!("not new")
        };
        assert_eq!(kept(&io, anna, "01-1614-1", "renamed").await, Registered::Known(first));
    }

    #[actix_rt::test]
    async fn ten_registrations_at_once_keep_one_card() {
        let (_folder, io) = database().await;
        let anna = account(&io).await;
        let all =
            futures_util::future::join_all((0..10).map(|_| kept(&io, anna, "01-1614-2", "mine")))
                .await;
        assert_eq!(all.iter().filter(|one| matches!(one, Registered::New(_))).count(), 1);
        let ids: std::collections::HashSet<_> =
            all.into_iter().map(|one| card_of(one).id).collect();
        assert_eq!(ids.len(), 1);
    }

    #[actix_rt::test]
    async fn one_number_in_two_accounts_is_two_cards_and_neither_sees_the_other() {
        let (_folder, io) = database().await;
        let anna = account(&io).await;
        let bert = account(&io).await;
        let annas = card_of(kept(&io, anna, "01-1614-3", "Anna's").await);
        let Registered::New(berts) = kept(&io, bert, "01-1614-3", "Bert's").await else {
            panic!("told of Anna's")
        };
        assert_eq!(found(&io, anna, annas.id).await, Some(annas.clone()));
        assert_eq!(found(&io, bert, annas.id).await, None);
        let list = io
            .read::<_, Failure, _>(move |db| {
                Box::pin(async move { Ok(list(db, bert, None, 9).await?) })
            })
            .await;
        assert_eq!(list.unwrap(), [berts]);
    }

    #[actix_rt::test]
    async fn a_list_goes_on_after_its_cursor() {
        let (_folder, io) = database().await;
        let anna = account(&io).await;
        let mut cards = Vec::new();
        for number in ["1", "2", "3", "4", "5"] {
            cards.push(card_of(kept(&io, anna, number, "one of five").await));
        }
        let after = Some(cards[1].id);
        let page = io
            .read::<_, Failure, _>(move |db| {
                Box::pin(async move { Ok(list(db, anna, after, 2).await?) })
            })
            .await;
        assert_eq!(page.unwrap(), cards[2..4]);
    }
}
