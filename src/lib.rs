//! starjack
