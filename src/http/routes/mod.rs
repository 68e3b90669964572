//! Every call. Handlers parse, ask an actor or read the database, and answer; they decide nothing.

pub mod accounts;
pub mod addresses;
pub mod admin;
pub mod areas;
pub mod basket;
mod basket_problems;
pub mod billing;
pub mod cards;
mod companions;
pub mod family_offers;
pub mod health;
mod holder;
pub mod me;
pub mod offers;
pub mod operators;
pub mod order_page;
pub mod order_problems;
pub mod order_view;
pub mod orders;
mod orders_query;
pub mod own_data;
pub mod password_reset;
pub mod payment_callback;
pub mod returns;
pub mod sessions;
pub mod streams;

use utoipa_actix_web::service_config::ServiceConfig;

use super::openapi;

/// Every route: function, call, who may. A test compares the calls with the description.
#[rustfmt::skip]
pub fn all(api: &mut ServiceConfig<'_>) {
    // operations
    api.service(openapi::show);         // GET /api/openapi.json                anyone
    api.service(openapi::show_whole);   // GET /api/v1/admin/openapi.json       admin
    api.service(health::live);          // GET /livez                           anyone
    api.service(health::ready);         // GET /readyz                          anyone
    api.service(health::status);        // GET /status                          anyone
    account_routes(api);
    // ski areas, prices and keycards
    api.service(operators::list);       // GET /api/v1/operators                anyone
    api.service(operators::show);       // GET /api/v1/operators/{key}          anyone
    api.service(offers::list);          // GET /api/v1/operators/{key}/offers   anyone
    api.service(areas::list);           // GET /api/v1/areas                    anyone
    api.service(family_offers::list);   // POST /api/v1/operators/{key}/family-offers      anyone
    api.service(cards::register);       // POST /api/v1/cards                   customer
    api.service(cards::list);           // GET /api/v1/cards                    customer
    api.service(cards::rename);         // PATCH /api/v1/cards/{id}             customer
    api.service(cards::remove);         // DELETE /api/v1/cards/{id}            customer
    // orders
    api.service(orders::place);         // POST /api/v1/orders                  customer
    api.service(orders::list);          // GET /api/v1/orders                   customer
    api.service(orders::show);          // GET /api/v1/orders/{id}              its customer, admin
    api.service(streams::order::watch); // GET /api/v1/orders/{id}/events       its customer, admin
    api.service(orders::cancel);        // POST /api/v1/orders/{id}/cancellation           its customer
    api.service(orders::show_invoice);  // GET /api/v1/orders/{id}/invoices/{number}       its customer, admin
    api.service(returns::ask);          // POST /api/v1/orders/{id}/returns     its customer
    api.service(orders::open_page);     // POST /api/v1/orders/{id}/pages       its customer
    api.service(order_page::show);      // GET /orders/{id}                     who has the address
    // what the payment provider reports
    api.service(payment_callback::take);        // GET /callbacks/mpay24        who has the page's secret
    api.service(payment_callback::take_posted); // POST /callbacks/mpay24       who has the page's secret
    admin_routes(api);
}

/// The routes of whoever runs the shop.
#[rustfmt::skip]
fn admin_routes(api: &mut ServiceConfig<'_>) {
    api.service(admin::actors::list);   // GET /api/v1/admin/actors             admin
    api.service(streams::actors::watch); // GET /api/v1/admin/actors/events     admin
    api.service(admin::tasks::list);    // GET /api/v1/admin/tasks              admin
    api.service(admin::actors::act);   // POST /api/v1/admin/actors/{name}/{command}         admin
    api.service(admin::keys::rotate);   // POST /api/v1/admin/keys              admin
    api.service(admin::orders::list);   // GET /api/v1/admin/orders             admin
    api.service(admin::orders::search); // POST /api/v1/admin/order-search      admin
    api.service(admin::cases::list);    // GET /api/v1/admin/cases              admin
    api.service(admin::cases::close);   // POST /api/v1/admin/cases/{id}/close  admin
    api.service(admin::reconciliations::agree); // POST /api/v1/admin/cases/{id}/agree     admin
    api.service(admin::reconciliations::request); // POST /api/v1/admin/reconciliations       admin
    api.service(admin::reconciliations::list); // GET /api/v1/admin/reconciliations        admin
    api.service(admin::owed::list);     // GET /api/v1/admin/owed               admin
    api.service(admin::owed::export);   // GET /api/v1/admin/owed.csv           admin
    api.service(admin::owed::paid);     // POST /api/v1/admin/owed/{id}/paid    admin
    api.service(admin::order::show);    // GET /api/v1/admin/orders/{id}        admin
    api.service(admin::returns::ask);   // POST /api/v1/admin/orders/{id}/returns           admin
    api.service(admin::order::act);    // POST /api/v1/admin/orders/{id}/{command}           admin
    api.service(admin::jobs::list);     // GET /api/v1/admin/jobs               admin
    api.service(admin::jobs::redrive);  // POST /api/v1/admin/jobs/{id}/redrive            admin
    api.service(admin::differences::show); // GET /api/v1/admin/operators/{key}/catalogue-differences    admin
    api.service(admin::differences::accept); // POST /api/v1/admin/operators/{key}/catalogue-differences  admin
    api.service(admin::audit::list);    // GET /api/v1/admin/audit              admin
    api.service(admin::accounts::list); // GET /api/v1/admin/accounts           admin
    api.service(admin::accounts::search); // POST /api/v1/admin/account-search  admin
    api.service(admin::accounts::sessions); // GET /api/v1/admin/accounts/{id}/sessions    admin
    api.service(admin::accounts::end_session); // POST /api/v1/admin/accounts/{id}/sessions/{session}/end admin
    api.service(admin::accounts::change_standing); // POST /api/v1/admin/accounts/{id}/standing/{change}       admin
    // an admin's own second factor
    api.service(admin::second_factor::show);    // GET /api/v1/admin/me/second-factor                  any admin
    api.service(admin::second_factor::enrol);   // POST /api/v1/admin/me/second-factor                 any admin
    api.service(admin::second_factor::confirm); // POST /api/v1/admin/me/second-factor/confirmation    any admin
    api.service(admin::second_factor::prove);   // POST /api/v1/admin/me/second-factor/proof           any admin
    api.service(admin::security_keys::ask_for_one); // POST /api/v1/admin/me/second-factor/proof/options  admin
    api.service(admin::security_keys::list);        // GET /api/v1/admin/me/second-factor/security-keys   admin
    api.service(admin::security_keys::ask_for_new); // POST /api/v1/admin/me/second-factor/security-key-options  admin
    api.service(admin::security_keys::add);         // POST /api/v1/admin/me/second-factor/security-keys  admin
    api.service(admin::security_keys::remove);      // DELETE /api/v1/admin/me/second-factor/security-keys/{id}  admin
    api.service(admin::second_factor::renew);   // POST /api/v1/admin/me/second-factor/recovery-codes  admin
}

/// Accounts and sessions.
#[rustfmt::skip]
fn account_routes(api: &mut ServiceConfig<'_>) {
    api.service(accounts::open);        // POST /api/v1/accounts                anyone
    api.service(accounts::confirm);     // POST /api/v1/accounts/confirmation   who has the code
    api.service(password_reset::ask);     // POST /api/v1/accounts/password-reset               anyone
    api.service(password_reset::confirm); // POST /api/v1/accounts/password-reset/confirmation  who has the code
    api.service(me::show);              // GET /api/v1/accounts/me              customer
    api.service(me::change);            // PATCH /api/v1/accounts/me            customer
    api.service(me::change_password);   // PUT /api/v1/accounts/me/password     customer
    api.service(own_data::export);      // GET /api/v1/accounts/me/export       customer
    api.service(own_data::delete);      // DELETE /api/v1/accounts/me           customer who types the password
    api.service(billing::set);          // PUT /api/v1/accounts/me/billing      customer
    api.service(billing::remove);       // DELETE /api/v1/accounts/me/billing   customer
    api.service(addresses::ask);        // POST /api/v1/accounts/me/email       customer
    api.service(addresses::confirm);    // POST /api/v1/accounts/me/email/confirmation         customer who has the code
    api.service(sessions::list);        // GET /api/v1/accounts/me/sessions     customer
    api.service(sessions::end);         // DELETE /api/v1/accounts/me/sessions/{id}            its customer
    api.service(sessions::log_in);      // POST /api/v1/sessions                who has the password
    api.service(sessions::refresh);     // POST /api/v1/sessions/refresh        who has a refresh token
    api.service(sessions::log_out);     // DELETE /api/v1/sessions              customer
    api.service(sessions::log_out_everywhere); // DELETE /api/v1/sessions/all   customer
    api.service(sessions::show_keys);   // GET /.well-known/jwks.json           anyone
}

/// The routes that only a server with `environment = "test"` has, where its program has them at
/// all; before the others, whose patterns are wider.
#[cfg(feature = "demonstration")]
#[rustfmt::skip]
pub fn for_tests(api: &mut ServiceConfig<'_>) {
    api.service(admin::faults::inject); // POST /api/v1/admin/actors/{name}/faults         admin
    api.service(admin::faults::clear);  // DELETE /api/v1/admin/actors/{name}/faults       admin
}

/// The program that production runs injects no faults.
#[cfg(not(feature = "demonstration"))]
pub fn for_tests(_api: &mut ServiceConfig<'_>) {}
