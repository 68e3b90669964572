//! The order table at work: when an order leaves its state, and what it takes along. Pure.

use chrono::TimeDelta;

use super::advance::{Event, OrderEmail, Turn};
use super::intent::{Intent, Verb};
use super::lifecycle::{LineState, OrderState, PaymentState, line_is_undone, row};
use super::limits::Rules;
use super::line::LineCase;
use super::payment_observed::acceptable;
use super::payment_pages::may_open_page;
use super::protection::Protection;
use super::record::{Line, Moment, OnRefusal, Payment};
use crate::port::{Refusal, RefusalKind};

impl Turn<'_> {
    pub(crate) fn transition(&mut self) {
        if matches!(self.order.state, OrderState::Placed | OrderState::Paying)
            && self.restored_decides()
        {
            return;
        }
        match self.order.state {
            OrderState::Placed => self.leave_placed(),
            OrderState::Paying => self.leave_paying(),
            OrderState::Authorised => self.leave_authorised(),
            OrderState::Issued => self.leave_issued(),
            OrderState::Captured => self.finish(),
            OrderState::Undoing => self.leave_undoing(),
            OrderState::Finished | OrderState::Rejected | OrderState::Undone => {}
        }
    }

    fn leave_placed(&mut self) {
        let refused = self.order.lines.iter().find(|line| line.state == LineState::Refused);
        let asked_ms = self.order.lines.iter().map(|line| line.asked_ms).max().unwrap_or(0);
        if let Some(line) = refused {
            let reason = line.refusal.as_ref().map(|refusal| refusal.kind.slug().to_owned());
            self.end_without_ticket(OrderState::Rejected, reason);
        } else if self.order.lines.iter().all(|line| line.checked) {
            self.order.lines.iter_mut().for_each(|line| line.asked_ms = 0);
            if self.order.total == 0 {
                self.authorise();
            } else {
                self.enter(OrderState::Paying, None);
                // after a restore there are pages to be looked for first: one of them may be paid
                if self.order.payments.is_empty() && may_open_page(self.order, self.rules) {
                    self.add_page();
                }
            }
        } else if TimeDelta::milliseconds(asked_ms) >= self.rules.check_patience
            || self.now >= self.order.entered_at + self.rules.placed_limit
        {
            self.end_without_ticket(
                OrderState::Rejected,
                Some("card_check_unavailable".to_owned()),
            );
        }
    }

    fn leave_paying(&mut self) {
        if let Some(wanted) = acceptable(self.order, self.rules) {
            let latest =
                wanted.reserved_at.map(|at| at + self.rules.reservation_life - TimeDelta::days(1));
            self.order.wanted = Some(wanted.no);
            self.order.ends_by =
                latest.map_or(self.order.ends_by, |latest| latest.min(self.order.ends_by));
            self.authorise();
        } else if self.now >= self.paying_until() {
            if !self.is_paid_perhaps() || self.now >= self.paying_until() + self.rules.page_grace {
                self.end_without_ticket(OrderState::Rejected, Some("not_paid".to_owned()));
            }
        } else if self.order.payments.iter().all(Payment::is_lost) {
            if self.now >= self.next_page_at() && may_open_page(self.order, self.rules) {
                self.add_page();
            }
        } else if self
            .order
            .payments
            .iter()
            .all(|row| row.is_lost() || row.state == PaymentState::Closed)
            && self.order.payments.iter().any(|row| row.state == PaymentState::Closed)
            && self.order.payments.iter().all(|row| row.url.is_none())
        {
            self.end_without_ticket(OrderState::Rejected, Some("payment_page_refused".to_owned()));
        }
    }

    /// Whether a look is due that may find the money of a page at its very end.
    fn is_paid_perhaps(&self) -> bool {
        self.order.payments.iter().any(|row| {
            let asking = row.open.as_ref().is_some_and(|open| {
                matches!(open.verb, Verb::Latest | Verb::Status | Verb::History)
            });
            let due =
                row.state == PaymentState::Closed && row.ask_at.is_some_and(|at| at <= self.now);
            asking || due || (row.claim.is_some() && row.tid.is_some())
        })
    }

    fn leave_authorised(&mut self) {
        // what is asked for already is settled by the undo
        if self.order.total > 0 && self.wanted().is_some_and(Payment::is_gone) {
            return self.undo("payment_declined");
        }
        let late = self.now >= self.order.ends_by;
        let tired = late || self.any_line(|case| case.is_out_of_patience());
        // a line that was given up is open until it is gone, or was used and so is kept
        let open = self.order.lines.iter().any(|line| {
            let undecided = matches!(line.state, LineState::Asked | LineState::Doubtful);
            undecided || line.is_leaving() || line.is_sought()
        });
        if tired && open {
            match self.order.on_refusal {
                OnRefusal::Undo => return self.undo("patience_over"),
                OnRefusal::Keep => self.give_up(late),
            }
        }
        if open && !self.must_take_now() {
            return;
        }
        let issued = self.order.lines.iter().filter(|line| line.state == LineState::Issued).count();
        let all = issued == self.order.lines.len();
        if issued == 0 || (!all && self.order.on_refusal == OnRefusal::Undo) {
            let reason = self
                .order
                .lines
                .iter()
                .find_map(|line| line.refusal.as_ref())
                .map(|refusal| refusal.kind.slug());
            self.undo(reason.unwrap_or("not_issued"));
        } else {
            self.enter(OrderState::Issued, None);
        }
    }

    /// Where the customer keeps what was issued and the reservation is about to end, it is taken
    /// for that: whatever is in doubt still is voided beside it.
    fn must_take_now(&self) -> bool {
        let reserved = self
            .wanted()
            .filter(|row| row.state == PaymentState::Reserved)
            .and_then(|row| row.reserved_at);
        let ends = reserved.map(|at| at + self.rules.reservation_life - TimeDelta::days(1));
        self.order.on_refusal == OnRefusal::Keep
            && ends.is_some_and(|ends| self.now >= ends)
            && self.order.lines.iter().any(Line::is_kept)
    }

    fn leave_issued(&mut self) {
        // after a restore it is looked up first what was done with ticket and money since the
        // backup
        if self.order.lines.iter().any(Line::is_sought)
            && self.rules.keeps(Protection::RestoredTicketsFirst)
        {
            return;
        }
        let gone = self.wanted().is_some_and(|row| {
            // what went back at the provider's portal went back with somebody's will: the order
            // ends, and a case says so
            row.is_gone() && row.state != PaymentState::Returned && self.order.issued_total() > 0
        });
        if !self.order.lines.iter().any(Line::is_kept) {
            self.undo("not_issued");
        } else if self.take_refused || gone {
            self.take_refused = false;
            self.undo("payment_declined");
        } else if self.wanted_is_settled() {
            self.enter(OrderState::Captured, None);
        }
    }

    fn finish(&mut self) {
        self.tell_of_unpaid();
        self.effects.invoice = self.order.issued_total() > 0;
        self.effects.emails.push(OrderEmail::Finished);
        // what may still be booked keeps its card's day until it is gone
        let without = self
            .order
            .lines
            .iter()
            .filter(|line| line.state != LineState::Issued && !line.is_going());
        self.effects.freed.extend(without.map(|line| line.no));
        self.enter(OrderState::Finished, None);
    }

    fn leave_undoing(&mut self) {
        let decided =
            |line: &Line| line_is_undone(line.state) || (line.is_kept() && !line.is_sought());
        if !self.order.lines.iter().all(decided) {
            return;
        }
        self.refuse_to_capture_twice();
        if !self.wanted_is_settled() {
            return;
        }
        if self.order.lines.iter().any(Line::is_kept) {
            // what could not be voided was kept by staff's word, and is paid
            self.order.refusal = None;
            self.enter(OrderState::Captured, None);
        } else {
            self.end_without_ticket(OrderState::Undone, self.order.refusal.clone());
        }
    }

    /// Where the money of a kept ticket cannot be captured, the reservation is released: a case
    /// names what is missing.
    fn refuse_to_capture_twice(&mut self) {
        if std::mem::take(&mut self.take_refused)
            && let Some(no) = self.order.wanted
            && let Some(row) = self.order.payment_mut(no)
        {
            row.refusals += 1;
        }
    }

    pub(crate) fn authorise(&mut self) {
        self.enter(OrderState::Authorised, None);
        let is_first = !self.refuse_taken_days();
        let undoes = !is_first && self.order.on_refusal == OnRefusal::Undo;
        for line in &mut self.order.lines {
            // where all is undone, whether the other days are taken is told to nobody
            if line.enter(LineState::Asked) && !line.day_taken && !undoes {
                self.effects.held.push(line.no);
            }
        }
        if undoes {
            // nothing is booked that would only be voided again
            self.undo(RefusalKind::CardTaken.slug());
        }
    }

    /// Refuses each ticket on whose card and day another order was paid first; answers whether
    /// there is one.
    fn refuse_taken_days(&mut self) -> bool {
        if !self.rules.keeps(Protection::OneOrderADay) {
            return false;
        }
        let mut any = false;
        for line in self.order.lines.iter_mut().filter(|line| line.day_taken) {
            if line.enter(LineState::Refused) {
                line.refusal = Some(Refusal { kind: RefusalKind::CardTaken, code: String::new() });
                any = true;
            }
        }
        any
    }

    pub(crate) fn undo(&mut self, reason: &str) {
        self.order.refusal.get_or_insert_with(|| reason.to_owned());
        self.enter(OrderState::Undoing, Some(reason.to_owned()));
        self.void_all(|_| true);
    }

    /// Whatever was booked for these lines must go.
    fn void_all(&mut self, these: impl Fn(&Line) -> bool) {
        let now = self.now;
        let rules = self.rules;
        let order = self.order.state;
        let paid = self.paid();
        for line in self.order.lines.iter_mut().filter(|line| these(line)) {
            if line.state == LineState::Wanted && line.is_sought() {
                LineCase { line, order, paid, now, rules }.be_doubtful();
            }
            void(line, now, rules);
        }
    }

    /// Keeps what is issued: only what is still open is voided.
    fn give_up(&mut self, late: bool) {
        self.void_all(|line| {
            let tired = late || TimeDelta::milliseconds(line.asked_ms) >= line.terms.patience;
            tired && !line.voiding && matches!(line.state, LineState::Asked | LineState::Doubtful)
        });
    }

    /// An order of which a ticket may stand is undone instead of rejected.
    pub(crate) fn end_without_ticket(&mut self, state: OrderState, reason: Option<String>) {
        let may_stand = |line: &Line| line.is_sought() || !line_is_undone(line.state);
        if state == OrderState::Rejected
            && self.rules.keeps(Protection::RestoredTicketsFirst)
            && self.order.lines.iter().any(may_stand)
        {
            return self.undo(&reason.unwrap_or_default());
        }
        self.order.refusal = reason.clone();
        self.effects.emails.push(if state == OrderState::Rejected {
            OrderEmail::Rejected
        } else {
            OrderEmail::Undone
        });
        self.effects.freed.extend(self.order.lines.iter().map(|line| line.no));
        self.enter(state, reason);
    }

    pub(crate) fn enter(&mut self, state: OrderState, detail: Option<String>) {
        let from = row(self.order.state);
        // after a restore a ticket may stand of which the backup does not know
        let restored = state == OrderState::Undoing;
        debug_assert!(
            from.done == Some(state)
                || from.refused == Some(state)
                || restored
                || self.order.total == 0
        );
        self.order.state = state;
        self.order.entered_at = self.now;
        self.effects.events.push(Event { state, detail });
    }
}

/// Whatever was booked for the line must go, and only what is seen from now on counts.
fn void(line: &mut Line, now: Moment, rules: &Rules) {
    if !line_is_undone(line.state) {
        // what was not committed never left us
        let never_left =
            line.state == LineState::Asked && line.open.as_ref().is_some_and(Intent::is_new);
        if never_left && rules.keeps(Protection::DecideFirst) {
            line.open = None;
        }
        line.voiding = true;
        line.settles_at = line.settles_at.map(|at| at.max(now));
        if line.state != LineState::Doubtful {
            line.ask_at = None;
        }
    }
}
