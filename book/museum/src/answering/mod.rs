//! The chapter *Answering well*: a response that breaks, and what mends it.

pub mod client;
pub mod in_order;
pub mod naive;
pub mod pieces;
pub mod response;
