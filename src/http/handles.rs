//! What services give to handlers: one handle each, found by its type.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::Problem;
use super::middleware::problem::Kind;
use crate::actors::supervision::Status;
use crate::language::both;

/// The handles of all services.
#[derive(Default)]
pub struct Handles {
    give: Vec<Give>,
    suppliers: Vec<(&'static str, HowItDoes)>,
}

/// Gives one handle to a worker's application.
type Give = Box<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;
/// How a supplier's actor does.
type HowItDoes = Box<dyn Fn() -> Status + Send + Sync>;

impl Handles {
    /// Has handlers reach `handle` as `web::Data`; a second one of a type takes the first's place.
    pub fn add<T: Send + Sync + 'static>(&mut self, handle: T) {
        let handle = web::Data::new(handle);
        self.give.push(Box::new(move |api| {
            api.app_data(handle.clone());
        }));
    }

    /// Has `/status` tell how a supplier's actor does.
    pub fn add_supplier(
        &mut self,
        name: &'static str,
        status: impl Fn() -> Status + Send + Sync + 'static,
    ) {
        self.suppliers.push((name, Box::new(status)));
    }

    /// The suppliers that `/status` tells of, with how they do.
    pub(super) fn suppliers(&self) -> impl Iterator<Item = (&'static str, Status)> {
        self.suppliers.iter().map(|(name, status)| (*name, status()))
    }

    /// Gives all of them to one worker's application.
    pub(super) fn give_to(&self, api: &mut web::ServiceConfig) {
        for give in &self.give {
            give(api);
        }
    }
}

/// The handle of a service that can be switched off: 404 `not-offered` while it is.
pub struct Offered<T: 'static>(web::Data<T>);

impl<T> Deref for Offered<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: 'static> FromRequest for Offered<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let handle = request.app_data::<web::Data<T>>().cloned();
        ready(handle.map(Self).ok_or_else(|| {
            Problem::new(
                Kind::NotOffered,
                both("This shop does not offer that.", "Das bietet dieser Shop nicht an."),
            )
        }))
    }
}
