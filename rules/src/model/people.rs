//! Who acts in the model's world besides suppliers: payers and their banks, customers, gates, staff
//! here and at the provider's portal, and whoever restores a backup.

use std::collections::BTreeSet;

use super::*;

/// How long after a page's end by our clock its payer may still pay it by another.
const OTHER_CLOCK: TimeDelta = TimeDelta::seconds(60);

impl World {
    pub(super) fn payer(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for row in &self.order.payments {
            let stands = row.url.is_some() || row.is_lost();
            let mut own = self.money.iter().filter(|money| money.page == row.reference.as_str());
            let late = self.now >= row.page_ends_at;
            let in_time =
                !late || (self.budget.late_pays > 0 && self.now < row.page_ends_at + OTHER_CLOCK);
            if self.budget.payments > 0
                && stands
                && in_time
                && own.all(|money| money.failed)
                && !row.sought
            {
                next.extend(self.pays(row.reference.as_str(), late));
            }
        }
        for index in 0..self.money.len() {
            next.extend(self.reported(index, rules));
            if self.is_listed(index) {
                let mut world = self.clone();
                let seen = world.money[index].observed(index, self.now).unwrap();
                world.see(&seen, rules);
                next.push(world);
                next.extend(self.seen_before_the_end(&seen, rules));
            }
            let attempt = self.money[index].failed || self.money[index].suspended;
            if attempt && self.budget.declines < 2 && self.is_unknown(index) {
                let mut world = self.clone();
                let seen = world.money[index].observed(index, self.now).unwrap();
                world.see(&seen, rules);
                next.push(world);
            }
            if self.money[index].suspended {
                let mut world = self.clone();
                (world.money[index].suspended, world.money[index].captured) =
                    (false, self.money[index].amount);
                next.push(world);
            }
        }
        next
    }

    /// Another replica notes it just before the last loading time, and the driver comes to it just
    /// after.
    fn seen_before_the_end(&self, seen: &Observed, rules: &Rules) -> Option<World> {
        let left = self.order.ends_by - self.now;
        if left <= TimeDelta::zero()
            || left > TimeDelta::hours(1)
            || self.order.state != OrderState::Paying
        {
            return None;
        }
        let mut world = self.clone();
        let effects = take_observed(&mut world.order, seen, world.now, rules)?;
        world.apply(&effects);
        world.now = world.order.ends_by;
        world.advance(&[], rules);
        Some(world)
    }

    /// Every way in which one page may be paid now.
    fn pays(&self, page: &str, late: bool) -> Vec<World> {
        let total = self.order.total;
        let billed = Transaction::of(page, total, false);
        let mut ways = vec![Transaction::of(page, total, true), billed.clone()];
        if self.budget.lost_reports > 0 {
            ways.push(Transaction { told_billed: true, ..billed.clone() });
        }
        if late {
            ways = vec![Transaction { told_billed: true, ..billed.clone() }];
        } else {
            ways.push(Transaction::of(page, total + 1, true));
            if self.budget.transfers > 0 {
                ways.push(Transaction { creditable: false, ..billed.clone() });
            }
            if self.budget.lags > 0 {
                ways.push(Transaction { shown_at: self.now + LAG, ..billed });
            }
            if self.budget.declines > 0 {
                ways.extend([
                    Transaction::failed(page, total),
                    Transaction::suspended(page, total),
                ]);
            }
        }
        let paid = |money: Transaction| {
            let mut world = self.clone();
            let budget = &mut world.budget;
            if money.failed {
                budget.declines -= 1;
            } else {
                budget.payments -= 1;
            }
            budget.late_pays -= u8::from(late);
            budget.transfers -= u8::from(!money.creditable);
            budget.lost_reports -= u8::from(!late && money.captured > 0 && money.told_billed);
            budget.lags -= u8::from(money.shown_at > self.now);
            world.money.push(money);
            world
        };
        ways.into_iter().map(paid).collect()
    }

    /// The provider reports once that money was taken, and that a bank took it back.
    fn reported(&self, index: usize, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        let mut claimed = |state: ObservedState| {
            let mut world = self.clone();
            let callback = world.money[index].reported(index, state);
            if state == ObservedState::ChargedBack {
                world.money[index].told_charge_back = true;
            } else {
                world.money[index].told_billed = true;
            }
            claim(&mut world.order, &callback, self.now, rules);
            world.advance(&[], rules);
            next.push(world);
        };
        if !self.money[index].told_billed {
            claimed(ObservedState::Billed);
        }
        if self.money[index].charged_back > 0 && !self.money[index].told_charge_back {
            claimed(ObservedState::ChargedBack);
        }
        next
    }

    pub(super) fn is_to_be_reported(&self, index: usize) -> bool {
        let money = &self.money[index];
        !money.told_billed || money.suspended || (money.charged_back > 0 && !money.told_charge_back)
    }

    /// Whether no row of the order is this transaction's.
    fn is_unknown(&self, index: usize) -> bool {
        let tid = index.to_string();
        let known =
            self.order.payments.iter().any(|row| row.reference.as_str() == self.money[index].page);
        known && self.order.payments.iter().all(|row| row.tid.as_deref() != Some(&*tid))
    }

    /// Whether the provider's list shows a reservation that the order has not taken.
    pub(super) fn is_listed(&self, index: usize) -> bool {
        let money = &self.money[index];
        let tid = index.to_string();
        let mut own = self.order.payments.iter().filter(|row| row.tid.as_deref() == Some(&*tid));
        let unknown = [PaymentState::Opened, PaymentState::Closed, PaymentState::Failed];
        let known = self.order.payments.iter().any(|row| row.reference.as_str() == money.page);
        money.reserved && known && own.all(|row| unknown.contains(&row.state))
    }

    /// What the provider itself says, as the sweep takes it.
    pub(super) fn see(&mut self, seen: &Observed, rules: &Rules) {
        if let Some(effects) = take_observed(&mut self.order, seen, self.now, rules) {
            self.apply(&effects);
        }
        self.advance(&[], rules);
    }

    pub(super) fn accidents(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        if self.budget.cancels > 0 {
            let mut world = self.clone();
            world.budget.cancels -= 1;
            if let Some(effects) = cancel(&mut world.order, world.now, rules) {
                world.apply(&effects);
                world.advance(&[], rules);
                next.push(world);
            }
        }
        if self.budget.commands > 0 {
            for command in COMMANDS {
                let mut world = self.clone();
                world.budget.commands -= 1;
                if world.command(command, rules) {
                    next.push(world);
                }
            }
        }
        next.extend(self.returns(rules));
        next.extend(self.booked_again(rules));
        next.extend(self.uses());
        next.extend(self.sent(rules));
        next.extend(self.given_back(rules));
        next.extend(self.banks());
        next.extend(self.portal());
        next.extend(self.compared(rules));
        next.extend(self.breaks());
        next.extend(self.backups(rules));
        next.extend(self.crashes(rules));
        next
    }

    /// What staff commands; `false` where that changes nothing.
    pub(super) fn command(&mut self, command: StaffCommand, rules: &Rules) -> bool {
        let Ok(Some(effects)) = grant(&mut self.order, command, self.now, rules) else {
            return false;
        };
        self.apply(&effects);
        self.advance(&[], rules);
        true
    }

    /// A ticket that opens gates is used at one.
    fn uses(&self) -> Vec<World> {
        let mut next = vec![];
        for (line, tickets) in self.tickets.iter().enumerate().filter(|_| self.budget.uses > 0) {
            for (id, _) in
                tickets.iter().enumerate().filter(|(_, state)| **state == FoundState::Live)
            {
                let mut world = self.clone();
                world.budget.uses -= 1;
                world.tickets[line][id] = FoundState::Used;
                next.push(world);
            }
        }
        next
    }

    /// Staff sends what a case names by bank transfer; what is given back later can be credited.
    pub(super) fn sent(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for (at, case) in self.cases.iter().enumerate().filter(|_| self.budget.sent > 0) {
            let mut world = self.clone();
            world.budget.sent -= 1;
            if case.open && case.kind == CaseKind::Owed {
                world.send(at, rules);
                next.push(world);
            }
        }
        next
    }

    pub(super) fn send(&mut self, case: usize, rules: &Rules) {
        let Case { payment, amount, .. } = self.cases[case];
        if take_transfer(&mut self.order, payment, amount).is_none() {
            self.slip = Some("a transfer of what a case names cannot be booked");
            return;
        }
        self.cases[case].open = false;
        let tid = self
            .order
            .payments
            .iter()
            .find(|row| row.no == payment)
            .and_then(|row| row.tid.clone());
        let money = &mut self.money[tid.unwrap().parse::<usize>().unwrap()];
        (money.transferred, money.creditable) = (money.transferred + amount, true);
        self.advance(&[], rules);
    }

    /// A ticket is cancelled at its operator's desk, and its line is taken out of the finished
    /// order.
    fn given_back(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        let finished = self.order.state == OrderState::Finished && self.budget.given_back > 0;
        for (at, line) in self.order.lines.iter().enumerate().filter(|_| finished) {
            if line.state == LineState::Issued && !self.tickets[at].contains(&FoundState::Used) {
                let mut world = self.clone();
                world.budget.given_back -= 1;
                world.tickets[at].fill(FoundState::Cancelled);
                world.order.lines[at].enter(LineState::Voided);
                world.free(&[line.no]);
                world.advance(&[], rules);
                next.push(world);
            }
        }
        next
    }

    /// A payer's bank takes back what we hold, at once or minutes before the provider's books show
    /// it; a card is closed; a reservation fails.
    fn banks(&self) -> Vec<World> {
        let mut next = vec![];
        for (index, money) in self.money.iter().enumerate() {
            let left = money.captured - money.credited;
            if self.budget.charge_backs > 0 && left > 0 && money.charged_back == 0 {
                for lag in
                    [TimeDelta::zero(), LAG].into_iter().take(1 + usize::from(self.budget.lags))
                {
                    let mut world = self.clone();
                    world.budget.charge_backs -= 1;
                    world.budget.lags -= u8::from(lag > TimeDelta::zero());
                    world.money[index].charged_back = left;
                    world.money[index].shown_at = self.now + lag;
                    next.push(world);
                }
            }
            if self.budget.closed_cards > 0 && !money.closed_card {
                let mut world = self.clone();
                world.budget.closed_cards -= 1;
                world.money[index].closed_card = true;
                next.push(world);
            }
            if self.budget.fails > 0 && money.reserved {
                let mut world = self.clone();
                world.budget.fails -= 1;
                (world.money[index].reserved, world.money[index].failed) = (false, true);
                next.push(world);
            }
        }
        next
    }

    /// Somebody credits the whole or a half at the provider's portal, or releases a reservation
    /// there.
    fn portal(&self) -> Vec<World> {
        let mut next = vec![];
        for (index, money) in self.money.iter().enumerate().filter(|_| self.budget.portal > 0) {
            let left = money.captured - money.credited - money.charged_back;
            let parts: BTreeSet<i64> = [left, left / 2, PRICE / 2, 2 * PRICE].into();
            for part in parts.into_iter().filter(|part| (1..=left).contains(part)) {
                let mut world = self.clone();
                world.budget.portal -= 1;
                world.money[index].credited += part;
                world.money[index].at_portal += part;
                next.push(world);
            }
            if money.reserved {
                let mut world = self.clone();
                world.budget.portal -= 1;
                world.money[index].reserved = false;
                next.push(world);
            }
        }
        next
    }

    /// The day is compared with the provider's books.
    fn compared(&self, rules: &Rules) -> Option<World> {
        let mut world = self.clone();
        world.reconcile(rules);
        (world != *self).then_some(world)
    }

    /// From now on the provider denies status calls, or its answers to openings are lost.
    fn breaks(&self) -> Vec<World> {
        let mut next = vec![];
        if self.budget.denials > 0 {
            let budget = Budget { denials: 0, ..self.budget };
            next.push(World { denies: true, budget, ..self.clone() });
        }
        if self.budget.away > 0 {
            let budget = Budget { away: 0, ..self.budget };
            next.push(World { is_away: true, budget, ..self.clone() });
        }
        if self.is_away {
            next.push(World { is_away: false, ..self.clone() });
        }
        if self.budget.dead_pages > 0 {
            let budget = Budget { dead_pages: 0, ..self.budget };
            next.push(World { loses_pages: true, budget, ..self.clone() });
        }
        next
    }

    /// A backup is taken of an order that has not ended, and restored at whatever moment later.
    fn backups(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        if self.budget.backups > 0 && self.backup.is_none() && !has_ended(self.order.state) {
            let backup =
                Some(Box::new((self.order.clone(), self.cases.clone(), self.days.clone())));
            next.push(World { backup, ..self.clone() });
        }
        if self.backup.is_some() {
            let mut world = self.clone();
            world.restore(rules);
            next.push(world);
        }
        next
    }

    pub(super) fn restore(&mut self, rules: &Rules) {
        let Some(backup) = self.backup.take() else { return };
        (self.order, self.cases, self.days) = *backup;
        self.budget.backups = self.budget.backups.saturating_sub(1);
        self.restores += 1;
        // whoever was asked by the life that is forgotten has acted by now, or never will
        self.late.clear();
        self.zombie = None;
        let settle = TimeDelta::seconds(100);
        after_restore(
            &mut self.order,
            &Times { now: self.now, settle, page_life: rules.page_life },
            2,
        );
        self.hold_what_is_sought();
        let died = abandoned(&self.order);
        self.advance(&died, rules);
    }
}
