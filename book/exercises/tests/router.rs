use std::sync::Arc;
use std::thread;

use exercises::router::{Counted, Handler, Router};

/// A handler that says its name and the path that it got.
fn named(name: &'static str) -> impl Handler + 'static {
    move |path: &str| format!("{name} {path}")
}

#[test]
fn a_route_gets_what_is_below_it() {
    let router = Router::new(named("none")).route("/files", named("files"));
    assert_eq!(router.handle("/files/a/b"), "files /a/b");
    assert_eq!(router.handle("/files/"), "files /");
    assert_eq!(router.handle("/files"), "files /");
}

#[test]
fn what_fits_no_route_keeps_its_path() {
    let router = Router::new(named("none")).route("/files", named("files"));
    for path in ["/", "/file", "/other/files", "/filestore", "/FILES"] {
        assert_eq!(router.handle(path), format!("none {path}"));
    }
}

#[test]
fn the_longest_prefix_wins_in_any_order() {
    let routes = [("/a", "one"), ("/a/b", "two"), ("/a/b/c", "three")];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let router = order.into_iter().fold(Router::new(named("none")), |router, at| {
            let (prefix, name) = routes[at];
            router.route(prefix, named(name))
        });
        assert_eq!(router.handle("/a/x"), "one /x", "{order:?}");
        assert_eq!(router.handle("/a/b"), "two /", "{order:?}");
        assert_eq!(router.handle("/a/b/cc"), "two /cc", "{order:?}");
        assert_eq!(router.handle("/a/b/c/d"), "three /d", "{order:?}");
    }
}

#[test]
fn a_route_can_be_replaced() {
    let router = Router::new(named("none"))
        .route("/a", named("old"))
        .route("/b", named("b"))
        .route("/a", named("new"));
    assert_eq!((router.handle("/a/x"), router.handle("/b")), ("new /x".into(), "b /".into()));

    // The old handler is gone, not only hidden.
    let old: Arc<dyn Handler> = Arc::new(named("old"));
    let router = Router::new(named("none")).share("/a", old.clone()).route("/a", named("new"));
    assert_eq!((router.handle("/a"), Arc::strong_count(&old)), ("new /".into(), 1));
}

#[test]
fn routers_nest() {
    let inner = Router::new(named("inner")).route("/deep", named("deep"));
    let router = Router::new(named("outer")).route("/in", inner);
    assert_eq!(router.handle("/in/deep/er"), "deep /er");
    assert_eq!(router.handle("/in/deep"), "deep /");
    assert_eq!(router.handle("/in"), "inner /");
    assert_eq!(router.handle("/deep"), "outer /deep");
}

#[test]
fn a_shared_handler_is_one_handler() {
    let counted = Arc::new(Counted::new(named("x")));
    let router = Router::new(named("none"));
    let router = router.share("/a", counted.clone()).share("/b", counted.clone());
    assert_eq!(counted.count(), 0);
    assert_eq!(router.handle("/a/1"), "x /1");
    assert_eq!(router.handle("/b/2"), "x /2");
    assert_eq!(router.handle("/c"), "none /c");
    assert_eq!(counted.count(), 2);
}

#[test]
fn many_threads_are_counted() {
    const EACH: u64 = 20_000;
    let counted = Arc::new(Counted::new(|_: &str| String::new()));
    let router = Router::new(named("none")).share("/a", counted.clone());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..EACH).for_each(|_| drop(router.handle("/a"))));
        }
    });
    assert_eq!(counted.count(), 4 * EACH);
}
