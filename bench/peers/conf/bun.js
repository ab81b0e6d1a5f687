const headers = { "Server": "lab", "Content-Type": "text/plain; charset=utf-8" };
const tls = { key: Bun.file("{certificate}"), cert: Bun.file("{certificate}") };
const answers = {
  hostname: "127.0.0.1",
  idleTimeout: 120,
  routes: { "/text": new Response("Hello, world!", { headers }) },
  fetch: () => new Response("", { status: 404, headers }),
};
Bun.serve({ ...answers, port: {port} });
Bun.serve({ ...answers, port: {tls_port}, tls });
