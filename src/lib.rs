//! starjack sells lift tickets of many ski areas and loads each one onto the skier's own keycard.
//!
//! Arrows only go down: `http` asks `actors`, `actors` ask `integrations`, and nobody asks upwards.
//! `ARCHITECTURE.md` is the map; `actors::order` is the heart.

#[cfg(panic = "abort")]
compile_error!(
    "starjack needs panic = \"unwind\": an actor's panic must end one message, not the process"
);

pub mod actors;
pub mod app;
pub mod clock;
pub mod command;
pub mod config;
#[cfg(feature = "demonstration")]
pub mod demo;
pub mod epoch;
pub mod events;
#[cfg_attr(not(feature = "demonstration"), path = "no_failpoints.rs")]
pub mod failpoints;
pub mod fonts;
pub mod http;
pub mod import;
pub mod integrations;
pub mod io;
pub mod language;
pub mod money;
pub mod network;
pub mod process;
pub mod redis;
pub mod telemetry;
pub mod timeline;
pub mod typed;

pub use starjack_rules::ids;
