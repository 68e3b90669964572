//! A world of the model: one order, the time, and what really happened outside; how it begins and
//! what must be true in it.

use super::*;

pub(super) const PRICE: i64 = 5000;
/// More steps than any life needs: an order that takes longer goes in circles.
pub(super) const LONGEST_LIFE: usize = 400;

/// What a run may cost: how often the outside may misbehave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) faults: u8,
    pub(super) crashes: u8,
    pub(super) cancels: u8,
    pub(super) payments: u8,
    /// Payments that are made up to a minute after their page's end by our clock.
    pub(super) late_pays: u8,
    /// Payments that are billed at once and whose report is lost.
    pub(super) lost_reports: u8,
    /// Reports that are minutes ahead of the provider's own books.
    pub(super) lags: u8,
    /// Attempts that fail, before one that waits for its bank.
    pub(super) declines: u8,
    /// Once: from then on the provider denies every status call.
    pub(super) denials: u8,
    /// Once: the provider cannot be reached, until it can.
    pub(super) away: u8,
    /// Reservations that fail by themselves.
    pub(super) fails: u8,
    /// What somebody does at the provider's portal.
    pub(super) portal: u8,
    /// Cards that are closed: no credit to them is ever accepted.
    pub(super) closed_cards: u8,
    /// Once: from then on no answer to the opening of a page arrives.
    pub(super) dead_pages: u8,
    /// Tickets that are used at a gate.
    pub(super) uses: u8,
    /// Payments that their payer's bank takes back.
    pub(super) charge_backs: u8,
    /// Payments by a method that cannot be credited.
    pub(super) transfers: u8,
    /// Sums that staff sends by bank transfer; the method can be credited all the same after it.
    pub(super) sent: u8,
    /// Lines that are taken out of a finished order.
    pub(super) given_back: u8,
    /// Commands of staff.
    pub(super) commands: u8,
    /// Tickets of a finished order that somebody gives back.
    pub(super) returns: u8,
    /// Tickets that their operator loses, and that staff has booked again.
    pub(super) booked_again: u8,
    /// Backups that are taken of an order that has not ended, and restored later.
    pub(super) backups: u8,
    /// Other orders that are paid for the same card and day.
    pub(super) rivals: u8,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) lines: i32,
    pub(super) dedups: bool,
    pub(super) on_refusal: OnRefusal,
    /// Whether the first line costs nothing.
    pub(super) free: bool,
    /// By how much the last loading time lies ahead when the order is placed.
    pub(super) ends_in: TimeDelta,
    pub(super) budget: Budget,
    pub(super) off: Option<Protection>,
    pub(super) most_states: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) order: Order,
    pub(super) now: Moment,
    /// Bookings of each line.
    pub(super) tickets: Vec<Vec<FoundState>>,
    pub(super) money: Vec<Transaction>,
    /// What staff has to close.
    pub(super) cases: Vec<Case>,
    /// Requests that were given up and still run, and until when they may.
    pub(super) late: Vec<(Subject, Intent, Moment)>,
    /// A driver that was paused, lost its order to another, and still holds its old copy and the
    /// answers that it got.
    pub(super) zombie: Option<(Box<Order>, Vec<Answer>)>,
    /// Whose the days of each line's card are.
    pub(super) days: Vec<Day>,
    /// The order, its cases and its days as a backup has them.
    pub(super) backup: Option<Box<Backup>>,
    pub(super) restores: u8,
    /// Whether the provider denies every status call, and whether its answers to openings are lost.
    pub(super) denies: bool,
    pub(super) loses_pages: bool,
    /// Whether it cannot be reached.
    pub(super) is_away: bool,
    /// A promise that was broken at this very step.
    pub(super) slip: Option<&'static str>,
    pub(super) budget: Budget,
}

/// What a backup has: the order, its cases, and whose the days of its cards are.
pub(super) type Backup = (Order, Vec<Case>, Vec<Day>);

/// A case of an order, and whether it is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Case {
    pub(super) payment: i32,
    pub(super) kind: CaseKind,
    pub(super) amount: i64,
    pub(super) mark: String,
    pub(super) open: bool,
}

pub(super) fn rules(off: Option<Protection>) -> Rules {
    Rules {
        payment_settle: TimeDelta::seconds(100),
        pause: TimeDelta::seconds(1),
        pause_limit: TimeDelta::seconds(60),
        off,
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

fn wanted(no: i32, number: &OrderNumber, setting: &Setting) -> Line {
    let day = NaiveDate::from_ymd_opt(2026, 12, 20).unwrap();
    Line {
        no,
        reference: number.ticket(no),
        state: LineState::Wanted,
        checked: false,
        voiding: false,
        price: if setting.free && no == 1 { 0 } else { PRICE * i64::from(no) },
        terms: Terms {
            dedups: setting.dedups,
            settle: TimeDelta::seconds(100),
            patience: TimeDelta::seconds(10),
        },
        asked_ms: 0,
        attempts: 0,
        ask_at: None,
        settles_at: None,
        doubt_since: None,
        refusal: None,
        booking: None,
        attention: None,
        open: None,
        returns: ReturnTerms::default(),
        day_taken: false,
        ticket: some_ticket(day),
    }
}

pub(super) fn start(setting: &Setting) -> World {
    let now = Utc.with_ymd_and_hms(2026, 12, 19, 6, 0, 0).unwrap();
    let number = OrderNumber::stored("A0000000000".into());
    let lines: Vec<_> = (1..=setting.lines).map(|no| wanted(no, &number, setting)).collect();
    let lines_in_all = lines.len();
    let tickets = vec![vec![]; lines_in_all];
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
        ends_by: now + setting.ends_in,
        refusal: None,
        return_url: None,
        lines,
        payments: vec![],
    };
    let mut world = World {
        order,
        now,
        tickets,
        money: vec![],
        cases: vec![],
        late: vec![],
        zombie: None,
        days: vec![Day::Free; lines_in_all],
        backup: None,
        restores: 0,
        denies: false,
        loses_pages: false,
        is_away: false,
        slip: None,
        budget: setting.budget,
    };
    world.advance(&[], &rules(setting.off));
    world
}

impl World {
    pub(super) fn advance(&mut self, answers: &[Answered], rules: &Rules) {
        let before = self.order.clone();
        let mut effects = advance(&mut self.order, answers, self.now, rules);
        while let Err(no) = self.hold(&effects) {
            let marked = |line: Line| Line { day_taken: line.day_taken || line.no == no, ..line };
            let lines = before.lines.iter().cloned().zip(&self.order.lines);
            let lines = lines
                .map(|(line, now)| marked(Line { day_taken: now.day_taken, ..line }))
                .collect();
            self.order = Order { lines, ..before.clone() };
            effects = advance(&mut self.order, answers, self.now, rules);
        }
        self.apply(&effects);
        self.commit();
    }

    /// What a commit writes beside the order.
    pub(super) fn apply(&mut self, effects: &Effects) {
        self.free(&effects.freed);
        for (payment, kind, _) in &effects.settled {
            let open =
                self.cases.iter_mut().filter(|case| case.payment == *payment && case.kind == *kind);
            open.for_each(|case| case.open = false);
        }
        for new in &effects.cases {
            let is_known = |case: &Case| {
                (case.payment, case.kind, &case.mark) == (new.payment, new.kind, &new.mark)
            };
            if !self.cases.iter().any(is_known) {
                let NewCase { payment, kind, amount, mark, .. } = new.clone();
                self.cases.push(Case { payment, kind, amount, mark, open: true });
            }
        }
    }

    /// What the driver does before asking: every new intent becomes a row.
    pub(super) fn commit(&mut self) {
        let voided = |line: &Line| line.voiding && line.state == LineState::Asked;
        let books = |line: &Line| {
            line.open.as_ref().is_some_and(|open| open.is_new() && open.verb == Verb::Issue)
        };
        if self.order.lines.iter().any(|line| voided(line) && books(line)) {
            self.slip = Some("a ticket is booked in the turn that voids it");
        }
        let lines = self.order.lines.iter_mut().map(|line| &mut line.open);
        let payments = self.order.payments.iter_mut().map(|row| &mut row.open);
        for intent in lines.chain(payments).flatten() {
            intent.id = Uuid::from_u128(1);
        }
    }

    pub(super) fn in_flight(&self) -> Vec<(Subject, Intent)> {
        let lines = self
            .order
            .lines
            .iter()
            .filter_map(|line| Some((Subject::Line(line.no), line.open.clone()?)));
        let payments = self
            .order
            .payments
            .iter()
            .filter_map(|row| Some((Subject::Payment(row.no), row.open.clone()?)));
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
        next.extend(self.rivals());
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

    /// Whether nothing goes on, and nothing comes unless somebody begins something.
    pub(super) fn is_at_rest(&self) -> bool {
        let comes = (0..self.money.len())
            .any(|index| self.is_listed(index) || self.is_to_be_reported(index));
        self.in_flight().is_empty()
            && self.late.is_empty()
            && self.order.next_at.is_none()
            && !comes
    }

    /// What must be true at every moment.
    pub(super) fn check_always(&self) -> Result<(), String> {
        for (index, tickets) in self.tickets.iter().enumerate() {
            let live = live(tickets);
            if live > 1 {
                return Err(format!("line {} has {live} live tickets", index + 1));
            }
        }
        let opened =
            self.order.payments.iter().filter(|row| !row.never_stood()).map(|row| row.page_no);
        if opened.collect::<HashSet<_>>().len() > MOST_PAGES {
            return Err(format!("more than {MOST_PAGES} pages were opened"));
        }
        self.check_days()?;
        self.slip.map_or(Ok(()), |slip| Err(slip.to_owned()))
    }
}

/// How many bookings open gates, or did.
pub(super) fn live(tickets: &[FoundState]) -> usize {
    tickets.iter().filter(|state| matches!(state, FoundState::Live | FoundState::Used)).count()
}
