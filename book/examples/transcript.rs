//! Prints the transcript of a connection: `cargo run -p book --example transcript`.

fn main() {
    print!("{}", book::transcript::transcript());
}
