//! Sites: the pages of directories.
//!
//! * [`Sites`]: which site a request is for. [`Settings`]: how a site is described, with
//!   [`Pattern`]s of paths; `check`: what in it cannot be meant.
//! * `page`: which file a path leads to; `rules`: what the settings say of a path; `listing`: what
//!   is in a directory.
//! * `negotiation`: in which form a file is sent, of those that `encoding` knows and `compressed`
//!   makes within `budget`.
//! * `representation`: the response with such a form, or with `ranges` of it.

mod budget;
mod check;
mod compressed;
mod encoding;
mod listing;
mod media_type;
mod negotiation;
mod page;
mod pattern;
mod ranges;
mod representation;
mod rules;
mod settings;
mod sites;

pub(crate) use check::Problem;
pub use encoding::Coding;
pub use pattern::Pattern;
pub(crate) use representation::download;
pub use settings::{
    CacheRule, Compress, FieldValue, Fields, HeaderRule, Listing, Redirect, RedirectStatus,
    Rewrite, Settings,
};
pub use sites::{Error, Sites};
