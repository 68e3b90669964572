//! A world of the model: one order, the time, and what really happened outside; how it begins and what must be true in it.

use super::*;

pub(super) const PRICE: i64 = 5000;
/// More steps than any life needs: an order that takes longer goes in circles.
pub(super) const LONGEST_LIFE: usize = 200;

/// What a run may cost: how often the outside may misbehave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) faults: u8,
    pub(super) crashes: u8,
    pub(super) cancels: u8,
    pub(super) payments: u8,
    /// Tickets that are used at a gate.
    pub(super) uses: u8,
    /// Payments that their payer's bank takes back.
    pub(super) charge_backs: u8,
    /// Payments by a method that cannot be credited.
    pub(super) transfers: u8,
    /// Sums that a person sends by bank transfer; the method can be credited all the same after it.
    pub(super) sent: u8,
    /// Lines that are taken out of a finished order.
    pub(super) given_back: u8,
    /// What a person at the desk does.
    pub(super) wishes: u8,
    /// Tickets of a finished order that somebody gives back.
    pub(super) returns: u8,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) lines: i32,
    pub(super) dedups: bool,
    pub(super) on_refusal: OnRefusal,
    pub(super) budget: Budget,
    pub(super) controls: Controls,
    pub(super) most_states: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) order: Order,
    pub(super) now: Moment,
    /// Bookings of each line.
    pub(super) tickets: Vec<Vec<FoundState>>,
    pub(super) money: Vec<Transaction>,
    /// Requests that were given up and still run, and until when they may.
    pub(super) late: Vec<(Subject, Intent, Moment)>,
    /// A driver that was paused, lost its order to another, and still holds its old copy and the answers that it got.
    pub(super) zombie: Option<(Box<Order>, Vec<Answer>)>,
    pub(super) budget: Budget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transaction {
    pub(super) page: String,
    pub(super) reserved: bool,
    pub(super) amount: i64,
    pub(super) captured: i64,
    pub(super) credited: i64,
    pub(super) creditable: bool,
    /// What went back by bank transfer: the provider knows nothing of it.
    pub(super) transferred: i64,
    /// What the payer's bank took back.
    pub(super) charged_back: i64,
    /// Whether the provider has told so.
    pub(super) told: bool,
}

pub(super) fn rules(controls: Controls) -> Rules {
    Rules {
        payment_settle: TimeDelta::seconds(100),
        pause: TimeDelta::seconds(1),
        pause_limit: TimeDelta::seconds(60),
        controls,
        ..Rules::default()
    }
}

pub(super) fn some_ticket(day: NaiveDate) -> Ticket {
    Ticket {
        operator: String::new(),
        product: String::new(),
        category: String::new(),
        product_code: String::new(),
        category_code: String::new(),
        valid_from: day,
        valid_to: day,
        from_time: None,
        vat_permille: 100,
        vat_country: "AT".into(),
        card_id: Uuid::nil(),
        card_number: String::new(),
        holder_first_name: String::new(),
        holder_last_name: String::new(),
        holder_birth_date: day,
    }
}

pub(super) fn start(setting: &Setting) -> World {
    let now = Utc.with_ymd_and_hms(2026, 12, 19, 6, 0, 0).unwrap();
    let number = OrderNumber::stored("A0000000000".into());
    let day = NaiveDate::from_ymd_opt(2026, 12, 20).unwrap();
    let lines = (1..=setting.lines).map(|no| Line {
        no,
        reference: number.ticket(no),
        state: LineState::Wanted,
        checked: false,
        withdrawing: false,
        price: PRICE * i64::from(no),
        terms: Terms { dedups: setting.dedups, settle: TimeDelta::seconds(100), patience: TimeDelta::seconds(10) },
        asked_ms: 0,
        attempts: 0,
        ask_at: None,
        settles_at: None,
        doubt_since: None,
        refusal: None,
        booking: None,
        person: None,
        open: None,
        returns: ReturnTerms::default(),
        ticket: some_ticket(day),
    });
    let lines: Vec<_> = lines.collect();
    let order = Order {
        id: Uuid::nil(),
        number,
        account_id: Uuid::nil(),
        state: OrderState::Placed,
        on_refusal: setting.on_refusal,
        total: lines.iter().map(|line| line.price).sum(),
        currency: "EUR".into(),
        wanted: None,
        version: 1,
        driver: Uuid::nil(),
        next_at: None,
        placed_at: now,
        entered_at: now,
        ends_by: now + TimeDelta::days(1),
        refusal: None,
        return_url: None,
        lines,
        payments: vec![],
    };
    let tickets = vec![vec![]; usize::try_from(setting.lines).unwrap()];
    let mut world = World { order, now, tickets, money: vec![], late: vec![], zombie: None, budget: setting.budget };
    world.advance(&[], &rules(setting.controls));
    world
}

impl World {
    pub(super) fn advance(&mut self, answers: &[Answered], rules: &Rules) {
        advance(&mut self.order, answers, self.now, rules);
        self.commit();
    }

    /// What the driver does before asking: every new intent becomes a row.
    pub(super) fn commit(&mut self) {
        let lines = self.order.lines.iter_mut().map(|line| &mut line.open);
        let payments = self.order.payments.iter_mut().map(|row| &mut row.open);
        for intent in lines.chain(payments).flatten() {
            intent.id = Uuid::from_u128(1);
        }
    }

    pub(super) fn in_flight(&self) -> Vec<(Subject, Intent)> {
        let lines = self.order.lines.iter().filter_map(|line| Some((Subject::Line(line.no), line.open.clone()?)));
        let payments = self.order.payments.iter().filter_map(|row| Some((Subject::Payment(row.no), row.open.clone()?)));
        lines.chain(payments).collect()
    }

    /// Every world that may come next.
    pub(super) fn next(&self, rules: &Rules) -> Vec<World> {
        let mut next = vec![];
        for (subject, intent) in self.in_flight() {
            for fate in self.fates(subject, &intent) {
                next.push(self.answered(subject, &intent, fate, rules));
            }
        }
        for index in 0..self.late.len() {
            let mut world = self.clone();
            let (subject, intent, _) = world.late.remove(index);
            world.execute(subject, &intent);
            next.push(world);
            let mut lost = self.clone();
            lost.late.remove(index);
            next.push(lost);
        }
        next.extend(self.payer(rules));
        next.extend(self.zombie_wakes(rules));
        next.extend(self.accidents(rules));
        if let Some(at) = self.order.next_at.filter(|at| *at > self.now)
            && self.in_flight().is_empty()
            && self.late.iter().all(|(_, _, until)| *until > at)
        {
            let mut world = self.clone();
            world.now = at;
            world.advance(&[], rules);
            next.push(world);
        }
        next
    }

    /// What must be true at every moment.
    pub(super) fn check_always(&self) -> Result<(), String> {
        for (index, tickets) in self.tickets.iter().enumerate() {
            let live = live(tickets);
            if live > 1 {
                return Err(format!("line {} has {live} live tickets", index + 1));
            }
        }
        Ok(())
    }

    /// A partial credit whose asker died and that the history does not show, and a used ticket of an order that is being
    /// undone, are the ends that only a person can make.
    pub(super) fn waits_for_a_person(&self) -> bool {
        let partial = self.order.payments.iter().filter_map(|row| row.person.as_ref());
        let used = self.order.lines.iter().filter_map(|line| line.person.as_ref());
        let used = used.filter(|_| self.order.state == OrderState::Undoing);
        self.late.is_empty()
            && (partial.into_iter().any(|mark| mark.reason == "partial_credit_in_doubt")
                || used.into_iter().any(|mark| mark.reason == "ticket_used"))
    }

    /// What must be true once nothing can happen any more.
    pub(super) fn check_end(&self) -> Result<(), String> {
        if !has_ended(self.order.state) {
            return Err(format!("stuck in {:?}", self.order.state));
        }
        let finished = self.order.state == OrderState::Finished;
        let mut price = 0;
        for (line, tickets) in self.order.lines.iter().zip(&self.tickets) {
            let live = live(tickets);
            let wanted = usize::from(finished && line.state == LineState::Issued);
            if live != wanted {
                return Err(format!(
                    "line {} ({:?}) has {live} live tickets in {:?}",
                    line.no, line.state, self.order.state
                ));
            }
            price += line.price * i64::try_from(live).unwrap();
        }
        if self.money.iter().any(|money| money.reserved) {
            return Err(format!("money {:?} is still reserved", self.money));
        }
        if !self.money_is_right(finished, price) {
            let owed: Vec<_> = self.order.payments.iter().map(|row| row.owed).collect();
            return Err(format!("money {:?} held for tickets of {price}, {owed:?} owed", self.money));
        }
        Ok(())
    }

    /// What is held and not owed is the price of what is on the cards. What a bank took back is not owed once that is known,
    /// and changes no order that has ended.
    fn money_is_right(&self, finished: bool, price: i64) -> bool {
        let (mut left, mut taken_back) = (0, None);
        for (index, money) in self.money.iter().enumerate() {
            let row = self.order.payments.iter().find(|row| row.tid == Some(index.to_string()));
            let owed = row.map_or(0, |row| row.owed);
            let own = money.captured - money.credited - money.transferred - owed;
            let known = row.is_some_and(|row| row.state == PaymentState::ChargedBack);
            let wanted = finished && row.is_some_and(|row| self.order.wanted == Some(row.no));
            match money.charged_back {
                0 => left += own,
                _ if known && owed != 0 => return false,
                _ if wanted => taken_back = Some((own, known)),
                _ => {}
            }
        }
        match taken_back {
            None => left == price,
            Some((own, known)) => left == 0 && (own == price || (known && own >= price)),
        }
    }
}

/// How many bookings open gates, or did.
fn live(tickets: &[FoundState]) -> usize {
    tickets.iter().filter(|state| matches!(state, FoundState::Live | FoundState::Used)).count()
}
