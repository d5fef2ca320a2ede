// Counts, exports and downloads, by types that openapi-typescript has made of /api.openapi.json.
// node client.js URL KEY PATH…: counts one pageview of each path, and prints the export with its file's text.
import { gunzipSync } from "node:zlib";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Export = components["schemas"]["Export"];
type Batch = paths["/api/v0/count"]["post"]["requestBody"]["content"]["application/json"];

const [baseUrl = "", key = "", ...pages] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

async function count(): Promise<void> {
  const hits = pages.map((path) => ({ path, title: `Title of ${path}` }));
  const body: Batch = { no_sessions: true, hits };
  const { data, error } = await client.POST("/api/v0/count", { body });
  if (data?.status !== "ok") throw new Error(JSON.stringify(error));
}

async function createExport(): Promise<Export> {
  const { data, error } = await client.POST("/api/v0/export", { body: { format: "csv" } });
  if (!data) throw new Error(JSON.stringify(error));
  return data;
}

async function finished(id: number): Promise<Export> {
  for (;;) {
    const { data, error } = await client.GET("/api/v0/export/{id}", { params: { path: { id } } });
    if (!data) throw new Error(JSON.stringify(error));
    if (data.finished_at) return data;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function download(id: number): Promise<string> {
  const { data, error } = await client.GET("/api/v0/export/{id}/download", {
    params: { path: { id } },
    parseAs: "arrayBuffer",
  });
  if (!data) throw new Error(JSON.stringify(error));
  return gunzipSync(data).toString();
}

async function refusal(): Promise<number> {
  const { error, response } = await client.GET("/api/v0/export/{id}", { params: { path: { id: 0 } } });
  if (!error || ("error" in error && typeof error.error !== "string")) throw new Error("no refusal");
  return response.status;
}

// What a compiler has to refuse: it fails on a line below that would be accepted.
export async function mistakes(known: Export): Promise<void> {
  // @ts-expect-error  a field of a hit that there is not
  const unknown: Batch = { hits: [{ path: "/", titel: "x" }] };
  await client.POST("/api/v0/count", { body: unknown });
  // @ts-expect-error  a field of another type
  await client.POST("/api/v0/count", { body: { hits: [{ path: 1 }] } });
  // @ts-expect-error  no hits
  await client.POST("/api/v0/count", { body: { no_sessions: true } });
  // @ts-expect-error  no body
  await client.POST("/api/v0/count", {});
  // @ts-expect-error  a format that there is not
  await client.POST("/api/v0/export", { body: { format: "xml" } });
  // @ts-expect-error  a method that there is not
  await client.DELETE("/api/v0/me", {});
  // @ts-expect-error  no id
  await client.GET("/api/v0/export/{id}", {});
  // @ts-expect-error  an id that is none
  await client.GET("/api/v0/export/{id}", { params: { path: { id: "x" } } });
  // @ts-expect-error  a parameter that there is not
  await client.GET("/api/v0/export", { params: { query: { page: 2 } } });
  // @ts-expect-error  a field of an answer that there is not
  known.num_row;
  // @ts-expect-error  null while the export is built
  known.num_rows.toFixed();
}

await count();
const made = await finished((await createExport()).id);
console.log(JSON.stringify({ export: made, csv: await download(made.id), refused: await refusal() }));
