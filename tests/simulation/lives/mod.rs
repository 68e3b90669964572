//! Whole lives of orders, drawn from a seed: the real product on a machine that crashes, freezes
//! and forgets its clock, between people who change their minds and suppliers that lose, delay and
//! double.
//!
//! One thread, one time that passes only when nobody has anything left to do, one stream of random
//! numbers a life: the same seed lives the same life. Redis is away in all of them: no process is
//! told anything by another, and what one does for all is done by both where two are up. `life` is
//! one of them, `abilities` says what its world can do besides, `run` lives many and counts,
//! `controls` switches off one rule at a time.

mod abilities;
mod accidents;
mod backup;
mod basket;
mod behind;
mod controls;
mod database;
mod drawn;
mod gate;
mod life;
mod network;
mod payers;
mod prng;
mod process;
mod reconciliation;
mod replica;
mod run;
mod staff;
mod time;
mod trace;
mod workload;
