//! What must be true of the model's world once nothing goes on any more, and that staff can end
//! whatever it is called for.

use std::collections::BTreeMap;

use super::*;
use crate::limits::MOST_A_DAY;

/// What staff may command of an order.
pub(super) const COMMANDS: [StaffCommand; 3] =
    [StaffCommand::Retry, StaffCommand::Accept, StaffCommand::Undo];
/// More steps than the end of any life needs.
const LONGEST_END: usize = 600;

impl World {
    /// What must be true once nothing goes on any more and the day was compared with the provider's
    /// books.
    pub(super) fn check_end(&self) -> Result<(), String> {
        if !has_ended(self.order.state) {
            return Err(format!("stuck in {:?}", self.order.state));
        }
        self.check_cases()?;
        self.check_no_day_is_left()?;
        let finished = self.order.state == OrderState::Finished;
        let mut price = 0;
        for (line, tickets) in self.order.lines.iter().zip(&self.tickets) {
            let live = live(tickets);
            let wanted = usize::from(finished && line.state == LineState::Issued);
            // a used ticket cannot be voided; where staff let go of it, it stands without its money
            let let_go = line.state == LineState::Voided && tickets.contains(&FoundState::Used);
            if live != wanted && !let_go {
                return Err(format!(
                    "line {} ({:?}) has {live} live tickets in {:?}",
                    line.no, line.state, self.order.state
                ));
            }
            price += line.price * i64::try_from(wanted).unwrap();
        }
        if self.money.iter().any(|money| money.reserved) {
            return Err(format!("money {:?} is still reserved", self.money));
        }
        self.check_money(finished, price)
    }

    /// What is due by hand is what the open cases name, for every payment.
    fn check_cases(&self) -> Result<(), String> {
        for row in &self.order.payments {
            let own =
                |case: &&Case| case.open && case.kind == CaseKind::Owed && case.payment == row.no;
            let named: i64 = self.cases.iter().filter(own).map(|case| case.amount).sum();
            if row.owed > 0 && row.returned + row.owed > row.captured {
                return Err(format!("more is due by hand than is left: {row:?}"));
            }
            if named != row.owed {
                return Err(format!(
                    "{} is due by hand and open cases name {named}: {:?}",
                    row.owed, self.cases
                ));
            }
        }
        Ok(())
    }

    /// What is held and not due by hand is the price of what is on the cards; what is not, an open
    /// case names. What a bank took back is not due once that is known, and changes no order that
    /// has ended.
    fn check_money(&self, finished: bool, price: i64) -> Result<(), String> {
        let mut left = 0;
        let mut taken_back = None;
        for (index, money) in self.money.iter().enumerate() {
            let row = self.order.payments.iter().find(|row| row.tid == Some(index.to_string()));
            let owed = row.map_or(0, |row| row.owed);
            let own = money.captured - money.credited - money.transferred - owed;
            let known = row.is_some_and(|row| row.state == PaymentState::ChargedBack);
            let wanted = finished && row.is_some_and(|row| self.order.wanted == Some(row.no));
            if money.charged_back > 0 {
                if !known {
                    return Err(format!(
                        "a bank took money back and nobody knows: {:?}",
                        self.money
                    ));
                }
                if owed != 0 {
                    return Err("what a bank took back is due by hand".to_owned());
                }
                if wanted {
                    taken_back = Some(own);
                }
            } else {
                left += own;
            }
        }
        let named =
            |kind: CaseKind| self.cases.iter().filter(move |case| case.open && case.kind == kind);
        let unpaid: i64 = named(CaseKind::Unpaid).map(|case| case.amount).sum();
        let unconfirmed = named(CaseKind::Unconfirmed).any(|case| left - price <= case.amount);
        let right = match taken_back {
            None if left > price => unconfirmed,
            // what others took away is named; what we gave away is wrong
            None => left == price || price - left <= unpaid.min(self.taken_away()),
            Some(own) => left == 0 && own <= price + unpaid.max(own - price),
        };
        let owed: Vec<_> = self.order.payments.iter().map(|row| row.owed).collect();
        if right {
            Ok(())
        } else {
            Err(format!(
                "money {:?} held for tickets of {price}, {owed:?} due by hand, {:?}",
                self.money, self.cases
            ))
        }
    }

    /// What went without us: credited at the portal, or a reservation that failed or was released.
    fn taken_away(&self) -> i64 {
        let gone =
            |money: &Transaction| if money.captured == 0 { money.amount } else { money.at_portal };
        self.money.iter().map(gone).sum()
    }

    /// What reconciliation does, once staff has agreed to it: what was credited at the portal is
    /// so, and a ticket that its operator voided or lost is taken out of its finished order.
    pub(super) fn reconcile(&mut self, rules: &Rules) {
        for (at, tickets) in self.tickets.iter().enumerate() {
            let line = &mut self.order.lines[at];
            let rests = line.is_kept()
                && !line.is_sought()
                && line.open.is_none()
                && line.settles_at.is_none();
            if self.order.state == OrderState::Finished
                && rests
                && live(tickets) == 0
                && self.late.is_empty()
            {
                line.enter(LineState::Voided);
                self.days[at] = Day::Free;
                self.order.next_at = Some(self.now);
            }
        }
        if self.order.next_at == Some(self.now) {
            self.advance(&[], rules);
        }
        for index in 0..self.money.len() {
            let tid = index.to_string();
            let Some(no) = self
                .order
                .payments
                .iter()
                .find(|row| row.tid.as_ref() == Some(&tid))
                .map(|row| row.no)
            else {
                continue;
            };
            let credited = self.money[index].credited;
            if let Some(effects) = apply_history(&mut self.order, no, credited, self.now, rules) {
                self.apply(&effects);
                self.advance(&[], rules);
            }
        }
    }

    /// From here on everything answers truthfully and nobody begins anything: goes on until nothing
    /// is left to do.
    pub(super) fn run_out(mut self, rules: &Rules) -> Result<Self, String> {
        self.budget = Budget::default();
        self.zombie = None;
        self.is_away = false;
        self.late.clear();
        for _step in 0..LONGEST_END {
            self.check_always()?;
            if !self.go_on(rules) {
                self.reconcile(rules);
                if self.in_flight().is_empty() && self.order.next_at.is_none() {
                    return Ok(self);
                }
            }
        }
        Err(format!("it goes on for ever: {:#?}", self.order))
    }

    /// The next thing that happens without anybody's doing; `false` where nothing does.
    fn go_on(&mut self, rules: &Rules) -> bool {
        if let Some((subject, intent)) = self.in_flight().into_iter().next() {
            let fate = if intent.verb == Verb::Open && self.loses_pages {
                Fate::Lost
            } else {
                Fate::Answered
            };
            *self = self.answered(subject, &intent, fate, rules);
            return true;
        }
        for index in 0..self.money.len() {
            if self.is_listed(index) {
                let seen = self.money[index].observed(index, self.now).unwrap();
                self.see(&seen, rules);
                return true;
            }
            if self.money[index].suspended {
                (self.money[index].suspended, self.money[index].failed) = (false, true);
            }
        }
        let Some(at) = self.order.next_at else { return false };
        self.now = at.max(self.now);
        self.advance(&[], rules);
        true
    }

    /// Nobody is called where nothing is held and nothing is due.
    pub(super) fn check_staff_is_needed(&self) -> Result<(), String> {
        let held = self.money.iter().any(|money| money.reserved || money.captured > money.credited);
        let due = self.order.issued_total();
        if self.order.state == OrderState::Issued
            && due == 0
            && !held
            && self.in_flight().is_empty()
        {
            return Err("staff is called although nothing is held and nothing is due".to_owned());
        }
        Ok(())
    }

    /// A ticket of an undo that cannot be voided: only staff ends it, and until then the supplier
    /// is asked now and then.
    pub(super) fn waits_for_staff(&self) -> bool {
        let marks = self.order.lines.iter().filter_map(|line| line.attention.as_ref());
        let mut refused = marks.filter(|mark| RefusalKind::of(&mark.reason).is_some());
        self.order.state == OrderState::Undoing
            && self.late.is_empty()
            && refused.any(|mark| !mark.accepted)
    }

    /// Whatever staff is called for, some command of theirs ends it: the order ends, nothing is
    /// wrong, and nobody is called any more but for something else, which another command ends.
    pub(super) fn check_staff_can_end_it(&self, rules: &Rules, calls: u8) -> Result<(), String> {
        let mut why = vec![];
        for command in COMMANDS {
            let mut world = self.clone();
            if !world.command(command, rules) {
                why.push(format!("{command:?}: nothing to do"));
                continue;
            }
            let ended = world.run_out(rules).and_then(|world| {
                let marks: Vec<_> = world
                    .order
                    .marks()
                    .filter(|mark| !mark.accepted)
                    .map(|mark| &*mark.reason)
                    .collect();
                match calls {
                    _ if marks.is_empty() => world.check_end(),
                    0 => Err(format!("{marks:?} is left")),
                    _ => world.check_staff_can_end_it(rules, calls - 1),
                }
            });
            match ended {
                Ok(()) => return Ok(()),
                Err(says) => {
                    why.push(format!("{command:?}: {}", says.lines().next().unwrap_or_default()))
                }
            }
        }
        Err(format!("no command of staff ends it: {why:?}"))
    }

    /// Nobody is asked the same more often than a stated number of times in a day, however long
    /// staff does not come.
    pub(super) fn check_nobody_is_pestered(&self, rules: &Rules) -> Result<(), String> {
        let mut world = self.clone();
        let mut asked: BTreeMap<(Subject, Verb), i32> = BTreeMap::new();
        (world.budget, world.zombie) = (Budget::default(), None);
        world.late.clear();
        let until = self.now + TimeDelta::days(1);
        while world.now < until {
            if let Some((subject, intent)) = world.in_flight().into_iter().next() {
                *asked.entry((subject, intent.verb)).or_default() += 1;
            }
            if let Some((at, many)) = asked.iter().find(|(_, many)| **many > MOST_A_DAY) {
                return Err(format!("{at:?} was asked {many} times in a day"));
            }
            if !world.go_on(rules) {
                break;
            }
        }
        Ok(())
    }
}
