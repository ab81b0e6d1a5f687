//! The five levels beside each other: `cargo run -p museum --example errors`. The panics of the
//! first level go to standard error.

fn main() {
    print!("{}", museum::errors::table::table());
}
