//! The order table at work: when an order leaves its state, and what it takes along. Pure.

use chrono::TimeDelta;

use super::advance::{Event, Letter, Turn};
use super::lifecycle::{LineState, OrderState, PaymentState, line_is_undone, row};
use super::observe::acceptable;
use super::record::{Line, Moment, OnRefusal, Payment};

impl Turn<'_> {
    pub(super) fn transition(&mut self) {
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
                if self.order.payments.is_empty() {
                    self.add_page();
                }
            }
        } else if TimeDelta::milliseconds(asked_ms) >= self.rules.check_patience
            || self.now >= self.order.entered_at + self.rules.placed_limit
        {
            self.end_without_ticket(OrderState::Rejected, Some("card_check_unavailable".to_owned()));
        }
    }

    fn leave_paying(&mut self) {
        if let Some(wanted) = acceptable(self.order, self.rules) {
            let latest = wanted.reserved_at.map(|at| at + self.rules.reservation_life - TimeDelta::days(1));
            self.order.wanted = Some(wanted.no);
            self.order.ends_by = latest.map_or(self.order.ends_by, |latest| latest.min(self.order.ends_by));
            self.authorise();
        } else if self.now >= self.paying_until() {
            self.end_without_ticket(OrderState::Rejected, Some("not_paid".to_owned()));
        } else if self.order.payments.iter().all(Payment::is_lost) {
            if self.now >= self.next_page_at() {
                self.add_page();
            }
        } else if self.order.payments.iter().all(|row| row.is_lost() || row.state == PaymentState::Closed)
            && self.order.payments.iter().any(|row| row.state == PaymentState::Closed)
            && self.order.payments.iter().all(|row| row.url.is_none())
        {
            self.end_without_ticket(OrderState::Rejected, Some("payment_page_refused".to_owned()));
        }
    }

    fn leave_authorised(&mut self) {
        let late = self.now >= self.order.ends_by;
        let tired = late || self.any_line(|case| case.is_out_of_patience());
        // a line that was given up is open until it is gone, or was used and so is kept
        let open = self.order.lines.iter().any(|line| {
            let undecided = matches!(line.state, LineState::Asked | LineState::Doubtful);
            undecided || (line.state == LineState::Issued && line.withdrawing)
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
            let reason =
                self.order.lines.iter().find_map(|line| line.refusal.as_ref()).map(|refusal| refusal.kind.slug());
            self.undo(reason.unwrap_or("not_issued"));
        } else {
            self.enter(OrderState::Issued, None);
        }
    }

    /// Where the customer keeps what was issued and the reservation is about to end, it is taken for that: whatever is in doubt
    /// still is withdrawn beside it.
    fn must_take_now(&self) -> bool {
        let reserved = self.wanted().filter(|row| row.state == PaymentState::Reserved).and_then(|row| row.reserved_at);
        let ends = reserved.map(|at| at + self.rules.reservation_life - TimeDelta::days(1));
        let is_kept = |line: &Line| line.state == LineState::Issued && !line.withdrawing;
        self.order.on_refusal == OnRefusal::Keep
            && ends.is_some_and(|ends| self.now >= ends)
            && self.order.lines.iter().any(is_kept)
    }

    fn leave_issued(&mut self) {
        let gone = self.wanted().is_some_and(|row| {
            let dead = [
                PaymentState::Failed,
                PaymentState::Lapsed,
                PaymentState::Reversed,
                PaymentState::Closed,
                PaymentState::ChargedBack,
            ];
            dead.contains(&row.state) && self.order.issued_total() > 0
        });
        if self.take_refused || gone {
            self.take_refused = false;
            self.undo("payment_declined");
        } else if self.wanted_is_settled() {
            self.enter(OrderState::Captured, None);
        }
    }

    fn finish(&mut self) {
        self.effects.invoice = self.order.issued_total() > 0;
        self.effects.letters.push(Letter::Finished);
        // what may still be booked keeps its card's day until it is gone
        let without = self.order.lines.iter().filter(|line| line.state != LineState::Issued && !line.is_going());
        self.effects.freed.extend(without.map(|line| line.no));
        self.enter(OrderState::Finished, None);
    }

    fn leave_undoing(&mut self) {
        if self.order.lines.iter().all(|line| line_is_undone(line.state)) && self.wanted_is_settled() {
            self.end_without_ticket(OrderState::Undone, self.order.refusal.clone());
        }
    }

    fn authorise(&mut self) {
        self.enter(OrderState::Authorised, None);
        let now = self.now;
        for line in &mut self.order.lines {
            let settles_at = line.settles_at;
            line.enter(LineState::Asked);
            // only a restored backup says so of a line that was never asked: it may have been booked after the backup
            if settles_at.is_some() && line.enter(LineState::Doubtful) {
                (line.settles_at, line.doubt_since) = (settles_at, Some(now));
            }
        }
    }

    pub(super) fn undo(&mut self, reason: &str) {
        self.order.refusal.get_or_insert_with(|| reason.to_owned());
        self.enter(OrderState::Undoing, Some(reason.to_owned()));
        let now = self.now;
        self.order.lines.iter_mut().for_each(|line| withdraw(line, now));
    }

    /// Keeps what is issued: only what is still open is withdrawn.
    fn give_up(&mut self, late: bool) {
        let now = self.now;
        for line in &mut self.order.lines {
            let tired = late || TimeDelta::milliseconds(line.asked_ms) >= line.terms.patience;
            if tired && !line.withdrawing && matches!(line.state, LineState::Asked | LineState::Doubtful) {
                withdraw(line, now);
            }
        }
    }

    pub(super) fn end_without_ticket(&mut self, state: OrderState, reason: Option<String>) {
        self.order.refusal = reason.clone();
        self.effects.letters.push(if state == OrderState::Rejected { Letter::Rejected } else { Letter::Undone });
        self.effects.freed.extend(self.order.lines.iter().map(|line| line.no));
        self.enter(state, reason);
    }

    fn enter(&mut self, state: OrderState, detail: Option<String>) {
        let from = row(self.order.state);
        debug_assert!(from.done == Some(state) || from.refused == Some(state) || self.order.total == 0);
        self.order.state = state;
        self.order.entered_at = self.now;
        self.effects.events.push(Event { state, detail });
    }

    pub(super) fn add_page(&mut self) {
        let page_no = self.order.payments.iter().map(|row| row.page_no).max().unwrap_or(0) + 1;
        let no = self.order.payments.iter().map(|row| row.no).max().unwrap_or(0) + 1;
        let page = Payment::page(self.order, (no, page_no), self.now, self.now + self.rules.page_life);
        self.order.payments.push(page);
    }

    /// A page whose address was lost is followed by another, after a pause that grows with each.
    pub(super) fn next_page_at(&self) -> Moment {
        let last = self.order.payments.iter().max_by_key(|row| row.page_no);
        last.map_or(self.now, |row| row.opened_at + self.rules.pause_after(row.page_no))
    }

    pub(super) fn paying_until(&self) -> Moment {
        if self.order.payments.iter().any(|row| row.state == PaymentState::Suspended) {
            return self.order.ends_by;
        }
        let opening =
            |row: &&Payment| row.state == PaymentState::Opened && !row.is_lost() && self.now < row.page_ends_at;
        let pages = self.order.payments.iter().filter(|row| row.url.is_some() || opening(row));
        let last_page = pages.map(|row| row.page_ends_at).max();
        let page_ends = last_page.unwrap_or(self.order.entered_at + self.rules.page_life);
        (page_ends + self.rules.page_grace).min(self.order.ends_by)
    }
}

/// Whatever was booked for the line must go, and only what is seen from now on counts.
fn withdraw(line: &mut Line, now: Moment) {
    if !line_is_undone(line.state) {
        line.withdrawing = true;
        line.settles_at = line.settles_at.map(|at| at.max(now));
        if line.state != LineState::Doubtful {
            line.ask_at = None;
        }
    }
}
