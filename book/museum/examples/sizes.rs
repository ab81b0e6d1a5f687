//! How many bytes handlers and pointers to them take: `cargo run -p museum --example sizes`.

fn main() {
    print!("{}", museum::dispatch::sizes::table());
}
