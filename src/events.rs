//! The names of events: what notices, dashboards and runbooks refer to.
//!
//! A log line that somebody must see has `event = "name"` with a name of this list. Its fields are
//! order numbers, references and counts, never names or e-mail addresses of people.

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Payments.
    Money,
    /// Tickets at the operators.
    Tickets,
    /// E-mails.
    Mail,
    /// Whoever is asked outside.
    Supplier,
    /// What is stored.
    Data,
    /// Attacks and guesses.
    Security,
    /// The server itself, and what people must do.
    Work,
}

/// A name, what it is about, and what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// As it stands in the log.
    pub name: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// What happened.
    pub what: &'static str,
}

const fn event(name: &'static str, topic: Topic, what: &'static str) -> Event {
    Event { name, topic, what }
}

/// Every event, by its name.
pub const EVENTS: [Event; 31] = [
    event(
        "actor.down",
        Topic::Supplier,
        "An actor crashed too often and refuses everything for a while.",
    ),
    event("actor.up", Topic::Supplier, "An actor answers."),
    event(
        "auth.emails_limited",
        Topic::Security,
        "So many ask for e-mails that a site gets one an hour.",
    ),
    event(
        "auth.guessing",
        Topic::Security,
        "A limit on log-ins is reached: somebody may be guessing.",
    ),
    event("auth.login", Topic::Security, "A log-in, by keyed hashes of address and network."),
    event("case.action_failed", Topic::Work, "What was agreed to in a case cannot be done."),
    event("case.opened", Topic::Work, "Staff must close something; its `kind` says what."),
    event("catalogue.not_changed", Topic::Data, "A new version of the catalogue cannot be taken."),
    event(
        "catalogue.operator_unreadable",
        Topic::Data,
        "An operator of the catalogue is left out.",
    ),
    event(
        "contract.not_changed",
        Topic::Data,
        "The configuration's contracts cannot be read again.",
    ),
    event(
        "contract.unusable",
        Topic::Supplier,
        "An operator is listed as down, for want of a usable contract.",
    ),
    event("database.failed", Topic::Data, "The database failed a request."),
    event("database.failed_over", Topic::Data, "A standby took over that has every commit."),
    event("documents.failed", Topic::Data, "The folder of documents failed a request."),
    event("email.without_invoice", Topic::Mail, "An e-mail leaves without its invoice."),
    event("invoice.unreadable", Topic::Data, "An invoice cannot be shown as it was issued."),
    event("job.dead", Topic::Work, "A job is tried no more until somebody redrives it."),
    event(
        "payment.callback_from_unknown_network",
        Topic::Security,
        "Callbacks come from networks that are not configured.",
    ),
    event(
        "payment.callback_odd",
        Topic::Money,
        "A callback does not fit what is known of its payment.",
    ),
    event(
        "payment.callback_other_amount",
        Topic::Money,
        "A callback names another amount than its order.",
    ),
    event(
        "payment.claim_not_found",
        Topic::Money,
        "What a callback reported is not in the provider's history.",
    ),
    event("payment.list_endless", Topic::Money, "The provider's list of open payments has no end."),
    event(
        "payment.list_unreadable",
        Topic::Money,
        "Entries of the provider's list of open payments cannot be read.",
    ),
    event("payment.state_unknown", Topic::Money, "The provider names a state that is not known."),
    event("server.broken", Topic::Work, "A part of the server ended, and with it the server."),
    event("server.ends", Topic::Work, "A command ended with an error."),
    event("server.fault", Topic::Work, "Something happened that cannot: a fault of this program."),
    event("thread.back", Topic::Work, "A thread that was given up runs again."),
    event("thread.lost", Topic::Work, "A thread does not answer and is given up."),
    event(
        "ticket.booked_twice",
        Topic::Tickets,
        "An operator has several bookings under one reference.",
    ),
    event("ticket.never_final", Topic::Tickets, "An operator's booking never became final."),
];
