//! What is made of the results: the [`table`] for a terminal, and the [`page`], one file that needs
//! no network, and computes whatever it shows from the raw figures.

mod data;
mod figures;
mod page;
mod table;

pub use data::{Embedded, decode, embedded};
pub use figures::{
    EntryFigures, Figure, Figures, Judged, PERCENTILES, Percentile, Resolution, ScenarioFigures,
    ratio,
};
pub use page::{LIMIT, page};
pub use table::table;
