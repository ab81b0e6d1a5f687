//! The chapter *Static or dynamic*: the same handlers behind an enum, a type parameter and a
//! pointer.

pub mod any;
pub mod calls;
pub mod connection;
pub mod handlers;
pub mod site;
pub mod sizes;
