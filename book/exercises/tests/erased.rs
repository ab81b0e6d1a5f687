use exercises::erased::{AnyEncoder, Encoder, Registry};

/// Two digits for each byte.
#[derive(Clone)]
struct Hex;

impl Encoder for Hex {
    const NAME: &'static str = "hex";

    fn encode(&mut self, bytes: impl IntoIterator<Item = u8>) -> String {
        bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn finish(self) -> String {
        String::new()
    }
}

/// A number for each pair of bytes: what is left over waits for another one.
#[derive(Clone, Default)]
struct Pairs {
    first: Option<u8>,
}

impl Encoder for Pairs {
    const NAME: &'static str = "pairs";

    fn encode(&mut self, bytes: impl IntoIterator<Item = u8>) -> String {
        let mut text = String::new();
        for byte in bytes {
            match self.first.take() {
                Some(first) => text += &format!("{} ", u16::from_be_bytes([first, byte])),
                None => self.first = Some(byte),
            }
        }
        text
    }

    fn finish(self) -> String {
        self.first.map_or("even".into(), |first| format!("odd {first}"))
    }
}

/// Another encoder with a name that is taken.
#[derive(Clone)]
struct Upper;

impl Encoder for Upper {
    const NAME: &'static str = "hex";

    fn encode(&mut self, bytes: impl IntoIterator<Item = u8>) -> String {
        bytes.into_iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn finish(self) -> String {
        "upper".into()
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(Hex);
    registry.add(Pairs::default());
    registry
}

fn encode(encoder: &mut Box<dyn AnyEncoder>, bytes: &[u8]) -> String {
    encoder.encode(&mut bytes.iter().copied())
}

#[test]
fn encoders_of_several_types_stand_in_one_list() {
    let mut encoders: Vec<Box<dyn AnyEncoder>> = vec![Box::new(Hex), Box::new(Pairs::default())];
    let texts: Vec<String> = encoders.iter_mut().map(|it| encode(it, &[1, 2, 255, 16])).collect();
    assert_eq!(texts, ["0102ff10", "258 65296 "]);
    let names: Vec<&str> = encoders.iter().map(|encoder| encoder.name()).collect();
    assert_eq!(names, ["hex", "pairs"]);
}

#[test]
fn state_is_kept_between_calls_and_given_up_at_the_end() {
    let mut pairs: Box<dyn AnyEncoder> = Box::new(Pairs::default());
    assert_eq!(encode(&mut pairs, &[1]), "");
    assert_eq!(encode(&mut pairs, &[2, 3]), "258 ");
    assert_eq!(pairs.finish(), "odd 3");
    let even: Box<dyn AnyEncoder> = Box::new(Pairs::default());
    assert_eq!(even.finish(), "even");
}

#[test]
fn the_caller_keeps_what_it_does_not_give() {
    let mut hex: Box<dyn AnyEncoder> = Box::new(Hex);
    let mut bytes = [1, 2, 3].into_iter();
    assert_eq!(hex.encode(&mut bytes.by_ref().take(2)), "0102");
    assert_eq!(bytes.next(), Some(3));
}

#[test]
fn a_clone_has_the_state_and_then_one_of_its_own() {
    let mut first: Box<dyn AnyEncoder> = Box::new(Pairs::default());
    encode(&mut first, &[1]);
    let mut second = first.clone();
    assert_eq!(encode(&mut second, &[2]), "258 ");
    assert_eq!((first.finish(), second.finish()), ("odd 1".to_owned(), "even".to_owned()));
}

#[test]
fn an_encoder_is_found_by_its_name() {
    let registry = registry();
    assert_eq!(registry.names(), ["hex", "pairs"]);
    assert_eq!(encode(&mut registry.find("hex").unwrap(), &[171]), "ab");
    for name in ["", "he", "hexx", "HEX", "none"] {
        assert!(registry.find(name).is_none(), "{name:?}");
    }
}

#[test]
fn what_is_found_is_a_copy() {
    let mut registry = registry();
    let mut odd = Pairs::default();
    Encoder::encode(&mut odd, [9]);
    registry.add(odd);
    for _ in 0..2 {
        let mut found = registry.find("pairs").unwrap();
        assert_eq!(encode(&mut found, &[0]), "2304 ");
    }
    let copy = registry.clone();
    registry.add(Hex);
    assert_eq!((copy.names(), registry.names()), (vec!["hex", "pairs"], vec!["pairs", "hex"]));
}

#[test]
fn the_last_of_a_name_stays() {
    let mut registry = registry();
    registry.add(Upper);
    assert_eq!(registry.names(), ["pairs", "hex"]);
    assert_eq!(encode(&mut registry.find("hex").unwrap(), &[171]), "AB");
    assert_eq!(registry.find("hex").unwrap().finish(), "upper");
}
