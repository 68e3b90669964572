//! A shop that may die at an armed moment and goes on: started again, or by a second replica that
//! was there all the time.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;

use futures_util::FutureExt as _;
use serde_json::json;

use crate::support::{Database, Person, Server, World};

/// Lines of a log that a case shows in which something was wrong.
const LOG_LINES: usize = 60;
const SIGKILL: i32 = 9;
/// The folder of the failpoints, in the world's own.
const FOLDER: &str = "crash";
/// A job whose worker was killed is soon anybody's again.
const TIMES: [(&str, &str); 6] = [
    ("STARJACK_CRASH_POINTS", FOLDER),
    // who is called is looked for every second: a moment that one run met by chance is met by all
    ("STARJACK_BOOKS__ALARM_AFTER", "15s"),
    ("STARJACK_TIMES__JOB_LEASE", "4s"),
    // deadlines that hold on cores that many worlds share
    ("STARJACK_TIMES__CHECK_DEADLINE", "4s"),
    ("STARJACK_TIMES__ISSUE_DEADLINE", "4s"),
    ("STARJACK_TIMES__PAYMENT_DEADLINE", "4s"),
];
const SETTLE: [(&str, &str); 2] =
    [("STARJACK_TIMES__SETTLE", "4s"), ("STARJACK_TIMES__PAYMENT_SETTLE", "4s")];
const SHORT_PAGES: [(&str, &str); 2] =
    [("STARJACK_TIMES__PAGE_LIFE", "15s"), ("STARJACK_TIMES__PAGE_GRACE", "15s")];

/// Who goes on after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GoesOn {
    /// The same one, started again.
    Itself,
    /// Another replica; the dead one stays away until the end.
    Another,
}

/// What a group of cases shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) goes_on: GoesOn,
    /// Payment pages end while a case waits.
    pub(crate) short_pages: bool,
    /// We take the suppliers for deduplicating ones, which they are not: a control run.
    pub(crate) believes_in_dedup: bool,
}

/// One world with one or two replicas.
pub(crate) struct Harness {
    pub(crate) world: World,
    other: Option<Server>,
    skier: Person,
    serial: u32,
    /// Whether the customers go to the other replica.
    is_away: bool,
}

impl Harness {
    pub(crate) async fn open(setting: Setting) -> Self {
        let mut settings: Vec<(&str, &str)> = TIMES.into_iter().chain(SETTLE).collect();
        if setting.short_pages {
            settings.extend(SHORT_PAGES);
        }
        if setting.believes_in_dedup {
            settings.extend(crate::worker_pool::DEDUPS);
        }
        let redis = std::env::var("STARJACK_TEST_REDIS").unwrap_or_default();
        let prefix = uuid::Uuid::new_v4().to_string();
        if !redis.is_empty() {
            settings
                .extend([("STARJACK_REDIS__URL", &*redis), ("STARJACK_REDIS__PREFIX", &*prefix)]);
        }
        let world = World::with(Database::Postgres, &settings).await;
        std::fs::create_dir_all(world.folder().join(FOLDER)).unwrap();
        let other = match setting.goes_on {
            GoesOn::Itself => None,
            GoesOn::Another => Some(world.another_server().await),
        };
        let skier = world.skier("Anna").await;
        Self { world, other, skier, serial: 0, is_away: false }
    }

    /// Somebody new: a customer may register few cards a minute.
    pub(crate) async fn next_skier(&mut self) {
        self.skier = self.world.skier("Anna").await;
    }

    /// The customer at a replica that lives; dead ones come back where nobody else goes on.
    pub(crate) async fn customer(&mut self) -> Person {
        let dead = self.world.server.died_of();
        self.is_away = dead.is_some();
        assert!(dead.is_none_or(|signal| signal == SIGKILL), "the server died of signal {dead:?}");
        match &mut self.other {
            None if dead.is_some() => self.start_again().await,
            Some(other) if dead.is_some() => {
                assert!(other.died_of().is_none(), "both replicas died");
                return self.skier.at(other.api());
            }
            None | Some(_) => {}
        }
        self.skier.clone()
    }

    /// A start may be cut off too, once.
    async fn start_again(&mut self) {
        if AssertUnwindSafe(self.world.restart()).catch_unwind().await.is_err() {
            assert!(self.sprang(), "it does not start");
            self.world.restart().await;
        }
    }

    /// Every order of this world; an error while nobody answers.
    pub(crate) async fn all_orders(&self) -> Result<Vec<(String, serde_json::Value)>, String> {
        let mut all = Vec::new();
        for skier in self.world.skiers() {
            let here = skier.at(self.base());
            all.extend(here.orders().await?.into_iter().map(|order| (here.email.clone(), order)));
        }
        Ok(all)
    }

    /// Where the customers are served now.
    pub(crate) fn base(&self) -> &str {
        match &self.other {
            Some(other) if self.is_away => other.api(),
            Some(_) | None => self.world.server.api(),
        }
    }

    /// Everybody lives again.
    pub(crate) async fn revive(&mut self) {
        if self.world.server.died_of().is_some() {
            self.start_again().await;
        }
        self.is_away = false;
        if let Some(other) = &mut self.other
            && other.died_of().is_some()
        {
            *other = self.world.another_server().await;
        }
    }

    /// Faults of a case: the suppliers book a known reference again, so that every question too
    /// many is a ticket too many.
    pub(crate) async fn order_faults(&self, faults: &[serde_json::Value]) {
        self.world.clear_faults().await;
        for supplier in ["dta", "axess"] {
            self.world.fault(json!({ "supplier": supplier, "fault": "no_dedup" })).await;
        }
        for fault in faults {
            self.world.fault(fault.clone()).await;
        }
    }

    /// From now on what is reached is written down, and the `nth` time that `point` comes is the
    /// last.
    pub(crate) fn arm(&mut self, point: Option<(&str, u32)>) {
        self.serial += 1;
        drop(std::fs::remove_file(self.file("armed")));
        drop(std::fs::remove_file(self.file("reached")));
        if let Some((name, nth)) = point {
            let draft = self.file("draft");
            std::fs::write(&draft, format!("{}\n{nth}\n{name}\n", self.serial)).unwrap();
            std::fs::rename(draft, self.file("armed")).unwrap();
        }
    }

    /// Whether the armed moment came.
    pub(crate) fn sprang(&self) -> bool {
        self.file(&format!("sprung-{}", self.serial)).exists()
    }

    /// Every moment since it was armed.
    pub(crate) fn reached(&self) -> BTreeSet<String> {
        let text = std::fs::read_to_string(self.file("reached")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What the server logged last, without the looks that a case itself takes.
    pub(crate) fn show_log(&self) {
        let log = self.world.server.log();
        let told: Vec<&str> =
            log.lines().filter(|line| !line.contains(r#""status":200"#)).collect();
        eprintln!("{}", told[told.len().saturating_sub(LOG_LINES)..].join("\n"));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.world.folder().join(FOLDER).join(name)
    }
}
