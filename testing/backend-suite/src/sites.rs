//! Sites: forms of files, pages that are not there, rules, hosts.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::io::Read;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, SystemTime};

use app::App;
use app::site::{Settings, Sites};
use backend_common::{Backend, Handle};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, Response};
use crate::fixtures::{end, server};

/// A directory with these files.
fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

/// Settings of a site in this directory.
fn settings(dir: &TempDir, mut settings: Value) -> Settings {
    settings["root"] = json!(dir.path());
    serde_json::from_value(settings).unwrap()
}

fn serve<B: Backend>(model: B, sites: Vec<Settings>) -> Handle {
    server(model).spawn(App::of_site(Sites::open(sites).unwrap())).unwrap()
}

fn serve_one<B: Backend>(model: B, dir: &TempDir, with: Value) -> Handle {
    serve(model, vec![settings(dir, with)])
}

/// Asks with further lines of fields.
fn get_with(client: &mut Client, path: &str, fields: &str) -> Response {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
    client.response()
}

/// The head of the response to HEAD.
fn head(address: SocketAddr, path: &str, fields: &str) -> String {
    let mut client = Client::connect(address);
    let close = "Connection: close\r\n";
    client.send(format!("HEAD {path} HTTP/1.1\r\nHost: test\r\n{close}{fields}\r\n"));
    let mut head = String::new();
    client.stream.read_to_string(&mut head).unwrap();
    head
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// What a form has to say of itself, as GET and HEAD say it.
fn check_form(address: SocketAddr, path: &str, fields: &str) -> Response {
    let mut client = Client::connect(address);
    let response = get_with(&mut client, path, fields);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(field(&response.head, "vary"), Some("accept-encoding"), "{response:?}");
    let head = head(address, path, fields);
    for name in ["content-length", "content-encoding", "content-type", "etag", "cache-control"] {
        assert_eq!(field(&head, name), field(&response.head, name), "{name} of {fields}");
    }
    let tag = field(&response.head, "etag").unwrap();
    let same = get_with(&mut client, path, &format!("{fields}If-None-Match: {tag}\r\n"));
    assert_eq!(same.status, 304);
    for name in ["etag", "vary", "cache-control"] {
        assert_eq!(field(&same.head, name), field(&response.head, name), "{name} of {fields}");
    }
    // A part is one of the file as it is: who has the beginning of another form gets the whole.
    let is_coded = field(&response.head, "content-encoding").is_some();
    let rest = format!("{fields}Range: bytes=4-9\r\nIf-Range: {tag}\r\n");
    let rest = get_with(&mut client, path, &rest);
    assert_eq!(rest.status, if is_coded { 200 } else { 206 }, "{rest:?}");
    assert_eq!(field(&rest.head, "content-encoding"), None, "{rest:?}");
    assert_eq!(field(&rest.head, "etag") == Some(tag), !is_coded, "{rest:?}");
    response
}

pub fn a_compressed_file_beside_another_is_sent_in_its_place<B: Backend>(model: B) {
    let dir = directory(&[
        ("app.js", b"the script itself"),
        ("app.js.br", b"by brotli"),
        ("app.js.zst", b"by zstd"),
        ("app.js.gz", b"by gzip"),
        ("only.css", b"the style itself"),
        ("only.css.gz", b"by gzip"),
        ("old.css", b"the style itself"),
        ("old.css.gz", b"of another version"),
        ("photo.png", b"a photo"),
        ("photo.png.gz", b"by gzip"),
    ]);
    let long_ago = SystemTime::now() - Duration::from_secs(60);
    fs::File::open(dir.path().join("old.css.gz")).unwrap().set_modified(long_ago).unwrap();
    let server = serve_one(model, &dir, json!({}));
    let mut tags = Vec::new();
    for (accepted, coding, body) in [
        ("", None, "the script itself"),
        ("Accept-Encoding: gzip, deflate, br, zstd\r\n", Some("br"), "by brotli"),
        ("Accept-Encoding: gzip, zstd\r\n", Some("zstd"), "by zstd"),
        ("Accept-Encoding: gzip\r\nAccept-Encoding: br;q=0.5\r\n", Some("gzip"), "by gzip"),
    ] {
        let response = check_form(server.address(), "/app.js", accepted);
        assert_eq!(field(&response.head, "content-encoding"), coding, "{accepted}");
        assert_eq!(response.text(), body);
        assert!(field(&response.head, "content-type").unwrap().starts_with("text/javascript"));
        tags.push(field(&response.head, "etag").unwrap().to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "each form has its own: {tags:?}");
    let mut client = Client::connect(server.address());
    for (path, accepted, body) in [
        ("/app.js", "*;q=0, identity;q=0.1", "the script itself"),
        ("/app.js", "gzip;q=0.5, identity", "the script itself"),
        ("/only.css", "br, gzip;q=0.1", "by gzip"),
        ("/only.css", "br", "the style itself"),
        ("/old.css", "gzip", "the style itself"),
        ("/photo.png", "gzip", "a photo"),
    ] {
        let fields = format!("Accept-Encoding: {accepted}\r\n");
        assert_eq!(get_with(&mut client, path, &fields).text(), body, "{path} {accepted}");
    }
    let refused = get_with(&mut client, "/only.css", "Accept-Encoding: br, identity;q=0\r\n");
    assert_eq!(refused.status, 406);
    assert_eq!(field(&refused.head, "vary"), Some("accept-encoding"));
    // Ranges are those of the file as it is.
    let range = get_with(&mut client, "/app.js", "Accept-Encoding: br\r\nRange: bytes=4-9\r\n");
    assert_eq!((range.status, range.text()), (206, "script"));
    assert_eq!(field(&range.head, "content-encoding"), None);
    end(server);
}

pub fn text_is_compressed_for_a_client_that_takes_it<B: Backend>(model: B) {
    let text = "To be or not to be, that is the question. ".repeat(100);
    let noise: Vec<u8> = (0..3_000u64).map(|it| hash(&it.to_le_bytes()).to_le_bytes()[0]).collect();
    let dir = directory(&[
        ("hamlet.txt", text.as_bytes()),
        ("small.txt", b"To be or not to be"),
        ("large.txt", &vec![b'x'; 20_000]),
        ("noise.txt", &noise),
        ("hamlet.png", text.as_bytes()),
    ]);
    let server = serve_one(model, &dir, json!({ "compress": { "max-size": 10_000 } }));
    let mut forms = vec![text.clone().into_bytes()];
    for coding in ["br", "zstd", "gzip"] {
        let fields = format!("Accept-Encoding: {coding}\r\n");
        for _ in 0..2 {
            let response = check_form(server.address(), "/hamlet.txt", &fields);
            assert_eq!(field(&response.head, "content-encoding"), Some(coding));
            assert!(response.body.len() < text.len() / 10, "{coding}: {response:?}");
            forms.push(response.body);
        }
    }
    let mut back = String::new();
    flate2::read::GzDecoder::new(&forms[6][..]).read_to_string(&mut back).unwrap();
    assert!(back == text);
    forms.dedup();
    assert_eq!(forms.len(), 4, "each form is the same each time");
    let mut client = Client::connect(server.address());
    for path in ["/small.txt", "/large.txt", "/noise.txt", "/hamlet.png"] {
        let response = get_with(&mut client, path, "Accept-Encoding: gzip, br\r\n");
        assert_eq!(field(&response.head, "content-encoding"), None, "{path}");
        assert_eq!(field(&response.head, "accept-ranges"), Some("bytes"), "{path}");
    }
    // A new version is another content, with another tag.
    let before = get_with(&mut client, "/hamlet.txt", "Accept-Encoding: gzip\r\n");
    fs::write(dir.path().join("hamlet.txt"), "Words, words, words. ".repeat(100)).unwrap();
    let after = get_with(&mut client, "/hamlet.txt", "Accept-Encoding: gzip\r\n");
    assert_ne!(field(&before.head, "etag"), field(&after.head, "etag"));
    assert!(before.body != after.body);
    end(server);
}

pub fn compression_that_is_off_leaves_files_as_they_are<B: Backend>(model: B) {
    let text = "x".repeat(2_000);
    let dir = directory(&[("a.txt", text.as_bytes()), ("a.txt.gz", b"by gzip")]);
    let off = json!({ "precompressed": false, "compress": { "algorithms": [] } });
    let server = serve_one(model, &dir, off);
    let mut client = Client::connect(server.address());
    let response = get_with(&mut client, "/a.txt", "Accept-Encoding: gzip, br\r\n");
    assert!(response.text() == text);
    assert_eq!(field(&response.head, "vary"), None, "there is one form");
    end(server);
}

pub fn several_ranges_are_sent_as_parts<B: Backend>(model: B) {
    let content: Vec<u8> = (0..2_000_000u32).flat_map(|it| [it.to_le_bytes()[0]]).collect();
    let dir = directory(&[("a.bin", &content)]);
    let server = serve_one(model, &dir, json!({}));
    let mut client = Client::connect(server.address());
    let mut range = |range: &str| get_with(&mut client, "/a.bin", &format!("Range: {range}\r\n"));
    let parts = range("bytes=0-1,100000-100003,-2");
    assert_eq!(parts.status, 206);
    assert_eq!(field(&parts.head, "content-range"), None);
    let media_type = field(&parts.head, "content-type").unwrap();
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |place: &str, content: &[u8]| {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {place}/2000000\r\n\r\n"
        );
        [head.as_bytes(), content].concat()
    };
    let expected = [
        part("0-1", &content[..2]),
        part("100000-100003", &content[100_000..100_004]),
        part("1999998-1999999", &content[1_999_998..]),
        format!("\r\n--{boundary}--\r\n").into_bytes(),
    ];
    assert_eq!(parts.body, expected.concat());
    // Those that overlap are one, and need no parts.
    let one = range("bytes=0-9,5-19");
    assert_eq!((one.status, field(&one.head, "content-range")), (206, Some("bytes 0-19/2000000")));
    assert!(one.body == content[..20]);
    // Too many, or too much to be put together in memory, is the whole.
    let many: Vec<_> = (0..17).map(|it| format!("{0}-{0}", it * 1_000)).collect();
    assert_eq!(range(&format!("bytes={}", many.join(","))).status, 200);
    assert_eq!(range("bytes=0-1500000,1600000-").status, 200);
    assert_eq!(range("bytes=2000000-,3000000-").status, 416);
    end(server);
}

pub fn a_file_that_is_replaced_while_it_is_sent_is_of_one_version<B: Backend>(model: B) {
    // More than all buffers of the kernel's take, so that most of it is sent later.
    const LENGTH: u64 = 16 << 20;
    let dir = directory(&[]);
    let at = |name: &str| dir.path().join(name);
    let server = serve_one(model, &dir, json!({}));
    for (range, length, status) in
        [("", LENGTH, 200), ("Range: bytes=1000-\r\n", LENGTH - 1000, 206)]
    {
        fs::File::create(at("large.bin")).unwrap().set_len(LENGTH).unwrap();
        fs::write(at("next"), "next").unwrap();
        let mut client = Client::connect(server.address());
        client.send(format!("GET /large.bin HTTP/1.1\r\nHost: test\r\n{range}\r\n"));
        client.stream.peek(&mut [0]).unwrap();
        fs::rename(at("next"), at("large.bin")).unwrap();
        let response = client.response();
        assert_eq!(response.status, status);
        assert!(response.body == vec![0; usize::try_from(length).unwrap()], "{response:?}");
        assert_eq!(client.get("/large.bin").text(), "next");
    }
    end(server);
}

pub fn pages_are_revalidated_and_files_with_a_hash_are_kept<B: Backend>(model: B) {
    let dir = directory(&[
        ("index.html", b"home"),
        ("assets/index-BfX3kz9Q.js", b"script"),
        ("assets/logo.svg", b"logo"),
        ("images/a.png", b"image"),
    ]);
    let rules = json!({ "cache": [{ "match": "/images/**", "control": "max-age=60" }] });
    let server = serve_one(model, &dir, rules);
    let mut client = Client::connect(server.address());
    for (path, control) in [
        ("/", "no-cache"),
        ("/assets/index-BfX3kz9Q.js", "public, max-age=31536000, immutable"),
        ("/assets/logo.svg", "no-cache"),
        ("/images/a.png", "max-age=60"),
    ] {
        let response = client.get(path);
        assert_eq!(field(&response.head, "cache-control"), Some(control), "{path}");
    }
    end(server);
}

pub fn a_directory_is_listed_on_request<B: Backend>(model: B) {
    let dir = directory(&[
        ("b.txt", b"12345"),
        ("a <b>.txt", b"1"),
        (".hidden", b"secret"),
        ("sub/deep/c.txt", b"c"),
        ("with/index.html", b"its page"),
    ]);
    let server = serve_one(model, &dir, json!({ "listing": true }));
    let mut client = Client::connect(server.address());
    let page = client.get("/");
    assert_eq!(page.status, 200);
    assert!(field(&page.head, "content-type").unwrap().starts_with("text/html"));
    assert!(page.text().contains("<a href=\"a%20%3Cb%3E.txt\">a &lt;b&gt;.txt</a>"));
    assert!(page.text().contains("<a href=\"sub/\">sub/</a>"));
    assert!(!page.text().contains(".hidden"));
    let place = |page: &Response, name: &str| page.text().find(name).unwrap();
    assert!(place(&page, "\"sub/\"") < place(&page, "\"b.txt\""));
    let sorted = client.get("/?sort=size&order=desc");
    assert!(place(&sorted, "\"b.txt\"") < place(&sorted, "\"a%20"));
    let data = get_with(&mut client, "/", "Accept: application/json\r\n");
    assert_eq!(field(&data.head, "vary"), Some("accept"));
    let data: Value = serde_json::from_slice(&data.body).unwrap();
    let names: Vec<_> = data.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["sub", "with", "a <b>.txt", "b.txt"]);
    assert_eq!((&data[3]["type"], &data[3]["size"]), (&json!("file"), &json!(5)));
    assert_eq!(client.get("/sub").status, 308);
    assert!(client.get("/sub/").text().contains("deep/"));
    assert_eq!(client.get("/with/").text(), "its page");
    for path in ["/.hidden/", "/nothing/", "/b.txt/"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    let (page, head) = (client.get("/sub/"), head(server.address(), "/sub/", ""));
    assert_eq!(field(&head, "content-length"), field(&page.head, "content-length"));
    end(server);
    // Only where the settings say so.
    for (listing, [root, folder, below]) in
        [(json!(false), [404, 404, 404]), (json!(["/sub/**"]), [404, 200, 200])]
    {
        let server = serve_one(model, &dir, json!({ "listing": listing }));
        let mut client = Client::connect(server.address());
        let status = ["/", "/sub/", "/sub//deep/"].map(|path| client.get(path).status);
        assert_eq!(status, [root, folder, below], "{listing}");
        end(server);
    }
}

/// Whatever is in a directory: links that are shown lead to what they name.
pub fn every_link_of_a_listing_can_be_followed<B: Backend>(model: B) {
    let dir = directory(&[("sub/a.txt", b"a"), ("100% {{rows}}.txt", b"a"), ("ü.txt", b"a")]);
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;
        for name in
            [&b"two\nlines.txt"[..], b"'\"<&>\".txt", b"?a=b#c.txt", b"a\\b.txt", b"\xff.txt"]
        {
            fs::write(dir.path().join(OsStr::from_bytes(name)), "a").unwrap();
        }
        symlink("/etc", dir.path().join("away")).unwrap();
        symlink("nowhere", dir.path().join("nothing")).unwrap();
        symlink("sub", dir.path().join("inside")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status();
        assert!(pipe.unwrap().success());
    }
    let server = serve_one(model, &dir, json!({ "listing": true }));
    let mut client = Client::connect(server.address());
    let page = client.get("/");
    let (_, rows) = page.text().split_once("<tbody>").unwrap();
    let links: Vec<_> =
        rows.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap()).collect();
    for link in &links {
        assert_eq!(client.get(&format!("/{link}")).status, 200, "{link}");
    }
    let data = get_with(&mut client, "/", "Accept: application/json\r\n");
    let data: Value = serde_json::from_slice(&data.body).unwrap();
    let names: Vec<_> =
        data.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let expected = if cfg!(unix) {
        &[
            "inside",
            "sub",
            "'\"<&>\".txt",
            "100% {{rows}}.txt",
            "?a=b#c.txt",
            "two\nlines.txt",
            "ü.txt",
        ][..]
    } else {
        &["sub", "100% {{rows}}.txt", "ü.txt"]
    };
    assert_eq!((names, links.len()), (expected.to_vec(), expected.len()));
    // What is not listed is not sent either, under whatever name it is asked for.
    for path in ["/away/hostname", "/nothing", "/pipe", "/a%5Cb.txt", "/%FF.txt", "/..%5csub/a.txt"]
    {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    for path in ["/sub%00/a.txt", "/sub/a.txt%00", "/%2e%2e/etc/hostname", "/..%2fetc/hostname"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    end(server);
}

pub fn a_page_that_is_not_there_is_the_page_for_that<B: Backend>(model: B) {
    let dir =
        directory(&[("index.html", b"home"), ("404.html", b"lost?"), ("lost.html", b"lost!")]);
    let server = serve_one(model, &dir, json!({}));
    let mut client = Client::connect(server.address());
    for path in ["/nothing", "/a/b/", "/.env", "/%ff"] {
        let response = client.get(path);
        assert_eq!((response.status, response.text()), (404, "lost?"), "{path}");
    }
    let response = get_with(&mut client, "/nothing", "If-None-Match: *\r\nRange: bytes=0-1\r\n");
    assert_eq!((response.status, response.text()), (404, "lost?"));
    assert_eq!(field(&response.head, "cache-control"), Some("no-cache"));
    assert!(field(&response.head, "content-type").unwrap().starts_with("text/html"));
    end(server);
    let server = serve_one(model, &dir, json!({ "not-found": "lost.html" }));
    assert_eq!(Client::connect(server.address()).get("/nothing").text(), "lost!");
    end(server);
}

pub fn a_route_of_a_single_page_application_is_its_page<B: Backend>(model: B) {
    let dir = directory(&[("index.html", b"the application"), ("app.js", b"script")]);
    let server = serve_one(model, &dir, json!({ "fallback": "index.html" }));
    let mut client = Client::connect(server.address());
    for path in ["/", "/users/7", "/users/"] {
        let response = client.get(path);
        assert_eq!((response.status, response.text()), (200, "the application"), "{path}");
    }
    assert_eq!(client.get("/app.js").text(), "script");
    // What browsers send with an address that is opened, a script, an image, and with data.
    let page = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let image = "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8";
    for (path, accept, status) in [
        ("/users/jane.doe", page, 200),
        ("/users/jane.doe", "*/*", 404),
        ("/missing.js", "*/*", 404),
        ("/missing.png", image, 404),
        ("/users/7", page, 200),
        ("/users/7", "*/*", 200),
        ("/users/7", "Text/*", 200),
        ("/users/7", "application/json", 404),
    ] {
        let response = get_with(&mut client, path, &format!("Accept: {accept}\r\n"));
        assert_eq!(response.status, status, "{path} for {accept}");
        if status == 200 {
            assert_eq!(response.text(), "the application");
        }
        let vary = if status == 200 { "accept, accept-encoding" } else { "accept" };
        assert_eq!(field(&response.head, "vary"), Some(vary), "{path} for {accept}");
    }
    end(server);
}

pub fn pages_are_found_without_their_ending<B: Backend>(model: B) {
    let files: [(&str, &[u8]); 6] = [
        ("index.html", b"home"),
        ("about.html", b"about"),
        ("myindex.html", b"no index"),
        ("docs/index.html", b"docs"),
        ("both.html", b"page"),
        ("both/index.html", b"directory"),
    ];
    let dir = directory(&files);
    let server = serve_one(model, &dir, json!({}));
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/about").text(), "about");
    assert_eq!(client.get("/about.html").text(), "about");
    assert_eq!(client.get("/about/").status, 404);
    end(server);
    let server = serve_one(model, &dir, json!({ "clean-urls": true }));
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/about").text(), "about");
    for (path, location) in [
        ("/about.html?q=1", "/about?q=1"),
        ("/index.html", "/"),
        ("/myindex.html", "/myindex"),
        ("/docs/index.html", "/docs/"),
        ("/docs", "/docs/"),
    ] {
        let response = client.get(path);
        assert_eq!(response.status, 308, "{path}");
        assert_eq!(field(&response.head, "location"), Some(location), "{path}");
    }
    assert_eq!(client.get("/both.html").text(), "page", "nothing else leads to it");
    end(server);
}

pub fn redirects_rewrites_and_fields_follow_their_rules<B: Backend>(model: B) {
    let dir = directory(&[
        ("index.html", b"home"),
        ("news/a.html", b"news"),
        ("release/index.html", b"release"),
        (".env", b"secret"),
    ]);
    let server = serve_one(
        model,
        &dir,
        json!({
            "headers": [
                { "match": "/**", "set": { "X-Frame-Options": "DENY" } },
                { "match": "*.html", "set": { "Cache-Control": "max-age=5" } },
            ],
            "redirects": [
                { "match": "/blog/*", "to": "/news/$1.html", "status": 301 },
                { "match": "/old/**", "to": "/$1" },
            ],
            "rewrites": [
                { "match": "/app/**", "to": "/index.html" },
                { "match": "/raw/**", "to": "/$1" },
                { "match": "/latest/**", "to": "/release" },
                { "match": "/any/**/a", "to": "/news/$1/a.html" },
            ],
        }),
    );
    let mut client = Client::connect(server.address());
    let redirect = client.get("/blog/a%20b?q=1");
    assert_eq!(redirect.status, 301);
    assert_eq!(field(&redirect.head, "location"), Some("/news/a%20b.html?q=1"));
    let redirect = client.get("/old//evil.example/");
    assert_eq!(field(&redirect.head, "location"), Some("/evil.example/"));
    assert_eq!(client.get("/app/any/where").text(), "home");
    assert_eq!(client.get("/raw/news/a.html").text(), "news");
    assert_eq!(client.get("/any/a").text(), "news", "the wildcard has matched nothing");
    assert_eq!(client.get("/latest/").text(), "release", "which a redirect would never reach");
    for path in ["/raw/.env", "/raw/../.env", "/raw/%2e%2e/x", "/raw//etc/passwd"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    // Several slashes are one, so that no rule is evaded by them.
    assert_eq!(client.get("//blog///a").status, 301);
    assert_eq!(client.get("/news%2F/a.html").text(), "news");
    assert_eq!(field(&client.get("//news").head, "location"), Some("/news/"));
    for (path, control) in [("/", Some("max-age=5")), ("/news/a.html", Some("max-age=5"))] {
        let response = client.get(path);
        assert_eq!(field(&response.head, "cache-control"), control, "{path}");
    }
    for path in ["/", "/blog/a", "/nothing"] {
        let response = client.get(path);
        assert_eq!(field(&response.head, "x-frame-options"), Some("DENY"), "{path}");
    }
    end(server);
}

pub fn each_host_has_its_own_site<B: Backend>(model: B) {
    let [first, second] = ["first", "second"].map(|it| directory(&[("index.html", it.as_bytes())]));
    let sites = vec![
        settings(&first, json!({ "hosts": ["first.example", "*.first.example"] })),
        settings(&second, json!({ "hosts": ["second.example"] })),
    ];
    let server = serve(model, sites.clone());
    let mut client = Client::connect(server.address());
    let mut ask = |host: &str| {
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = client.response();
        (response.status, response.text().to_owned())
    };
    for (host, page) in [
        ("first.example", "first"),
        ("www.FIRST.example:8080", "first"),
        ("second.example.", "second"),
    ] {
        assert_eq!(ask(host), (200, page.to_owned()), "{host}");
    }
    let misdirected = ask("third.example:80");
    assert_eq!(misdirected.0, 421);
    assert!(misdirected.1.contains("no site here has \"third.example\""), "{misdirected:?}");
    end(server);
    let for_all = settings(&second, json!({}));
    let server = serve(model, vec![sites[0].clone(), for_all]);
    assert_eq!(Client::connect(server.address()).get("/").text(), "second");
    end(server);
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

pub fn ten_thousand_small_files_come_back_whole<B: Backend>(model: B) {
    const FILES: u64 = 10_000;
    let dir = tempfile::tempdir().unwrap();
    let content = |number: u64| {
        let length = usize::try_from(hash(&number.to_be_bytes()) % 8_192).unwrap();
        let blocks =
            (0..).map(|block| hash(&[number.to_le_bytes(), u64::to_le_bytes(block)].concat()));
        let mut content: Vec<u8> = blocks.take(length / 8 + 1).flat_map(u64::to_le_bytes).collect();
        content.truncate(length);
        content
    };
    let hashes: Vec<u64> = (0..FILES)
        .map(|number| {
            let content = content(number);
            let folder = dir.path().join(format!("{}", number % 100));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("{number}.txt")), &content).unwrap();
            hash(&content)
        })
        .collect();
    let server = serve_one(model, &dir, json!({}));
    let mut order: Vec<u64> = (0..FILES).collect();
    order.sort_by_key(|number| hash(&number.to_le_bytes()));
    thread::scope(|scope| {
        for share in order.chunks(order.len() / 4) {
            let (hashes, address) = (&hashes, server.address());
            scope.spawn(move || {
                let mut client = Client::connect(address);
                for number in share {
                    let response = client.get(&format!("/{}/{number}.txt", number % 100));
                    let expected = hashes[usize::try_from(*number).unwrap()];
                    assert_eq!(hash(&response.body), expected, "{number}");
                }
            });
        }
    });
    end(server);
}
