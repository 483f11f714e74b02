/**
 * A server on Bun in several processes, behind one port, with one store. If one of them dies, the others go on, and
 * another one takes its place.
 *
 * ```sh
 * bun examples/bun_cluster.ts data/cluster 8000 4
 * curl -X POST http://127.0.0.1:8000/visits
 * ```
 *
 * On Linux the kernel spreads connections over the processes (`reusePort`). In a project of your own, import from
 * "@luge/luge".
 *
 * @module
 */

import { open, type SharedStore } from "../mod.ts";
import { float64Codec } from "../src/codecs/mod.ts";

const [path = "data/cluster", port = "8000", processes = "4", role = "main"] = Bun.argv.slice(2);

/** `POST /name` counts, `GET /name` reads. */
async function handle(request: Request, store: SharedStore): Promise<Response> {
  const name = new URL(request.url).pathname.slice(1);
  if (name === "") return new Response("expected a name in the path\n", { status: 400 });
  if (request.method === "POST") return Response.json(await store.increment(`count/${name}`)); // durable, in any process
  return Response.json({ ...(await read(store, name)), pid: process.pid, role: store.role });
}

async function read(store: SharedStore, name: string): Promise<{ count: number }> {
  return { count: (await counters(store).get(name)) ?? 0 };
}

const counters = (store: SharedStore) => store.view({ prefix: "count/", value: float64Codec });

async function serve(): Promise<void> {
  const store = await open({ path, shared: true });
  const server = Bun.serve({
    port: Number(port),
    hostname: "127.0.0.1",
    reusePort: true,
    fetch: (request) => handle(request, store),
  });
  process.once("SIGTERM", async () => {
    await server.stop();
    await store.close();
    process.exit();
  });
  console.log(`ready ${process.pid}`);
}

/** Starts the processes, and another one for each that dies. */
function main(): void {
  let isEnding = false;
  const children = new Set<Bun.Subprocess>();
  const start = () => {
    const child = Bun.spawn([process.execPath, Bun.main, path, port, processes, "server"], {
      stdout: "inherit",
      onExit: () => {
        children.delete(child);
        if (!isEnding) start();
      },
    });
    children.add(child);
  };
  for (let i = 0; i < Number(processes); i++) start();
  process.once("SIGTERM", () => {
    isEnding = true;
    for (const child of children) child.kill();
  });
}

if (role === "main") main();
else await serve();
