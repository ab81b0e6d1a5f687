use exercises::descriptors::{Error, Table};

#[test]
fn three_numbers_are_taken_from_the_start() {
    let table = Table::new(8);
    for number in 0..3 {
        assert_eq!(table.name(number), Some("terminal"));
    }
    assert_eq!((table.name(3), table.name(8)), (None, None));
}

#[test]
fn the_first_server_gets_the_numbers_of_the_recording() {
    let mut table = Table::new(8);
    assert_eq!(table.open("listener"), Ok(3));
    for _ in 0..3 {
        assert_eq!(table.open("connection"), Ok(4));
        assert_eq!(table.close(4), Ok(Some("connection".into())));
    }
}

#[test]
fn the_lowest_free_number_comes_next() {
    let mut table = Table::new(8);
    for number in 3..7 {
        assert_eq!(table.open("x"), Ok(number));
    }
    table.close(5).unwrap();
    table.close(3).unwrap();
    assert_eq!((table.open("a"), table.open("b"), table.open("c")), (Ok(3), Ok(5), Ok(7)));
    assert_eq!((table.name(3), table.name(5)), (Some("a"), Some("b")));
}

#[test]
fn the_standard_output_can_be_replaced() {
    let mut table = Table::new(8);
    assert_eq!(table.open("file"), Ok(3));
    assert_eq!(table.close(1), Ok(None), "0 and 2 still stand for the terminal");
    assert_eq!(table.dup(3), Ok(1));
    assert_eq!((table.name(1), table.name(0)), (Some("file"), Some("terminal")));
}

#[test]
fn a_thing_is_gone_with_its_last_number() {
    let mut table = Table::new(8);
    assert_eq!(table.open("connection"), Ok(3));
    assert_eq!((table.dup(3), table.dup(4)), (Ok(4), Ok(5)));
    assert_eq!((table.close(3), table.close(5)), (Ok(None), Ok(None)));
    assert_eq!(table.name(4), Some("connection"));
    assert_eq!(table.close(4), Ok(Some("connection".into())));
    assert_eq!((table.close(0), table.close(2)), (Ok(None), Ok(None)));
    assert_eq!(table.close(1), Ok(Some("terminal".into())));
}

#[test]
fn two_things_of_one_name_are_two_things() {
    let mut table = Table::new(8);
    assert_eq!((table.open("log"), table.open("log")), (Ok(3), Ok(4)));
    assert_eq!(table.close(3), Ok(Some("log".into())));
    assert_eq!(table.name(4), Some("log"));
}

#[test]
fn a_number_that_is_not_open_is_bad() {
    let mut table = Table::new(4);
    for number in [3, 4, usize::MAX] {
        assert_eq!(table.close(number), Err(Error::Bad));
        assert_eq!(table.dup(number), Err(Error::Bad));
    }
    table.close(0).unwrap();
    assert_eq!(table.close(0), Err(Error::Bad), "it is closed already");
}

#[test]
fn a_full_table_takes_nothing_more() {
    let mut table = Table::new(4);
    assert_eq!(table.open("last"), Ok(3));
    assert_eq!((table.open("x"), table.dup(0)), (Err(Error::TooMany), Err(Error::TooMany)));
    assert_eq!(table.dup(7), Err(Error::Bad), "the number is looked at first");
    assert_eq!(
        table.close(3),
        Ok(Some("last".into())),
        "and nothing has been kept of the attempts"
    );
    assert_eq!(table.open("x"), Ok(3));
}
